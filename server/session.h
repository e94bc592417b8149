/* Who is speaking, as of this very request: certificate -> account -> person -> appointments today -> roles.
 * Loaded inside the worker's transaction each time, so a revocation or an ended appointment bites at once. */
#ifndef SAFER_SERVER_SESSION_H
#define SAFER_SERVER_SESSION_H

#include "common/calendar.h"
#include "server/policy/roles.h"
#include "server/store/store.h"

struct post {                    /* one confirmed appointment that holds today */
	const char *appointment; /* id */
	const char *post;        /* "member" */
	const char *body;        /* id */
	const char *body_name;
	const char *organisation; /* id, or "" */
	const char *organisation_name;
	const char *from, *to; /* "" open */
	unsigned roles;        /* what it gives: bits of ROLE_... */
};

struct owned { /* a body that a post speaks for: the post's own, or an authority of the post's organisation */
	const char *body; /* id */
	unsigned roles;   /* of the posts that speak for it */
};

struct session {
	int64_t partnership;
	const char *partnership_name;
	int64_t account;
	struct credential_row credential;
	int64_t person; /* number of the person's record */
	char person_id[ID_TEXT];
	const char *name;
	const struct post *posts;
	size_t post_count;
	unsigned roles; /* all posts together */
	const struct owned
		*owned; /* the bodies whose records are the session's own, and through which roles */
	size_t owned_count;
	struct digest
		rights; /* what may be seen hangs on this, besides the records and the person: the roles, and
	                         the bodies that they are held for */
	day_t today;
	int64_t now; /* one time for everything the request does */
};

/* STATUS_SIGNED_OUT when the certificate is not known, was revoked, replaced or has expired; the message says
 * which and what to do. A person without any post today has a session without roles. */
enum status session_load(struct store *store, struct arena *arena, const struct digest *fingerprint,
			 struct session **out, struct error *err);

/* What a person holds today, asked on their behalf: by who wants to reach them, not by them. There is no device in it.
 * STATUS_NOT_FOUND when they are not in the directory any more. */
enum status session_of_person(struct store *store, struct arena *arena, int64_t partnership, int64_t person,
			      struct session **out, struct error *err);

/* Whether an appointment (whatever its state) covers a day. */
struct record;
bool appointment_covers(struct arena *arena, const struct record *appointment, day_t day);

/* The post to name in the journal for an act that `roles` allowed: the first that gives one of them. */
const struct post *session_post(const struct session *session, unsigned roles);

/* The roles of the posts that speak for a body: what "own" means in the tables of policy. 0: none. */
unsigned session_roles_for(const struct session *session, const char *body_id);

/* Sets `rights` from the rest: once, when it is whole. False without memory. */
bool session_digest_rights(struct session *session);

/* "Debra Tedds, member of Strategic Member Board for Warwickshire Police" */
const char *session_describe(struct arena *arena, const struct session *session, const struct post *post);

#endif
