/* Drafts: what a person typed in an editor, kept on this device until the server has taken it or the person drops it.
 *
 * $XDG_STATE_HOME/safer/PROFILE/drafts/, mode 0700:
 *     N.form    the form, as the editor saved it
 *     N.draft   what it is about: the record, the revision that it was begun on with its values, and a change-set of
 *               which it is not known whether it was applied
 *
 * The editor works on N.form itself, so that what it saved survives whatever ends this program. */
#ifndef SAFER_CLIENT_DRAFTS_H
#define SAFER_CLIENT_DRAFTS_H

#include "client/changeset.h"
#include "client/client.h"

struct draft {
	int64_t number;
	const char *form; /* paths */
	const char *about;
	const char *kind;             /* name */
	const char *id;               /* NULL: a new record */
	int64_t base;                 /* revision; 0 for a new record */
	const msgpack_object *fields; /* values of that revision; NULL for a new record */
	const char *reason;           /* for the journal; NULL: none */
	const msgpack_object
		*contested;  /* a map of fields that collided to what the person had typed; NULL: none */
	const char *why;     /* it was not taken; NULL: it was never sent */
	const char *at;      /* when it was begun */
	struct span pending; /* packed items sent without an answer; empty: none */
	size_t pending_count;
	uint8_t request[REQUEST_ID]; /* that they were sent with */
};

/* Gives `draft` a number and saves it with its form; the caller has filled in kind to reason. */
enum status draft_begin(struct client *client, struct draft *draft, const char *form, struct error *err);

/* Saves what it is about, or the form. */
enum status draft_save(struct client *client, const struct draft *draft, struct error *err);
enum status draft_save_form(const struct draft *draft, const char *form, struct error *err);

/* STATUS_NOT_FOUND when there is none of that number. */
enum status draft_load(struct client *client, int64_t number, struct draft *out, struct error *err);
enum status draft_form(struct client *client, const struct draft *draft, const char **out, struct error *err);

/* All that can be read, by number; in the arena. */
enum status draft_all(struct client *client, struct draft **out, size_t *count, struct error *err);

void draft_remove(const struct draft *draft);

/* "A12", or "a new action". In the arena; NULL without memory. */
const char *draft_subject(struct client *client, const struct draft *draft);

/* Opens it in the editor again, and sends it (edit.c). */
enum status draft_resume(struct client *client, struct draft *draft, struct error *err);

#endif
