/* The journal entries of identity: invitations, enrolments, revocations. They change no record; their notes hold ids
 * and numbers only. */
#ifndef SAFER_SERVER_IDENTITY_ACTS_H
#define SAFER_SERVER_IDENTITY_ACTS_H

#include "server/request.h"

struct act {
	int64_t partnership;
	const char *what;              /* as in struct journal_entry */
	const char *note;              /* ids and numbers only */
	const char *reason;            /* NULL none */
	const struct session *session; /* who acts; NULL: `person` and `credential` say */
	unsigned roles;                /* with a session: the roles that allowed it; 0: none was needed */
	const char *person;            /* without a session: id of the person, or "" for the server itself */
	int64_t credential;            /* without a session: the credential, or 0 */
};

/* Appends the entry. Runs in the writer's transaction. */
enum status act_journal(struct context *context, struct arena *arena, const struct act *act,
			struct error *err);

#endif
