/* A change-set being put together, sent, and its outcome told. The one way by which the client changes records. */
#ifndef SAFER_CLIENT_CHANGESET_H
#define SAFER_CLIENT_CHANGESET_H

#include "common/ids.h"
#include "client/client.h"

struct changeset_field {
	const char *name;
	const msgpack_object *value;
};

struct changeset {
	uint8_t request[REQUEST_ID]; /* drawn at birth; keep it to ask again for the same answer */
	struct buffer changes;       /* packed items */
	size_t count;
	const char *reason; /* NULL: none; borrowed */
	bool dry_run;
};

/* Draws a request id; takes --reason and --dry-run from the arguments. */
enum status changeset_init(struct client *client, struct changeset *set, struct error *err);
void changeset_release(struct changeset *set); /* NULL is fine */

/* Each appends one item; errors stay in set->changes.failed, and changeset_send tells of them. `ref` is "@1" or any
 * other name by which items of the same set may refer to the new record; NULL: none. */
void changeset_create(struct changeset *set, const struct kind *kind, const char *ref,
		      const struct changeset_field *fields, size_t count);
void changeset_edit(struct changeset *set, const char *id, int64_t base, const struct changeset_field *fields,
		    size_t count);
/* The same, with what was given up in a conflict: a map of field to {mine, theirs}; NULL: nothing was. */
void changeset_settle(struct changeset *set, const char *id, int64_t base,
		      const struct changeset_field *fields, size_t count, const msgpack_object *settled);
void changeset_remove(struct changeset *set, const char *id, int64_t base);
void changeset_move(struct changeset *set, const char *verb, const char *id, int64_t base,
		    const struct changeset_field *fields, size_t count);

/* The most items that one request may hold, from the table of the protocol. */
int64_t changeset_most(void);

/* Sends it; a connection that drops is made anew once, with the same request id. On STATUS_CONFLICT client->details
 * has what collides. */
enum status changeset_send(struct client *client, const struct changeset *set, const msgpack_object **result,
			   struct error *err);

/* Tells what happened: ids, revisions, journal entry, what others changed meanwhile, and the next useful command
 * (NULL: none). JSON prints the result itself. */
enum status changeset_tell(struct client *client, const struct changeset *set, const msgpack_object *result,
			   const char *next, struct error *err);

/* The kind of the record that a change in an answer, or a collision, is about; NULL: not known. */
const struct kind *changeset_kind(struct client *client, const msgpack_object *change);

/* A line of what others changed meanwhile, as it is now: a map from fields to values. Nothing when it is empty. */
void changeset_tell_also(struct client *client, const struct kind *kind, const msgpack_object *also);

/* The id that was typed, in canonical form. STATUS_INVALID, with what was meant, when it is of another kind than the
 * command's. While a change-set is in hand (kept.h), "@1" is the id of a new record in it. Asks for the schema. */
enum status changeset_id(struct client *client, const char *name, char out[ID_TEXT], struct error *err);

/* The pairs typed as fields of a kind: only "=" is taken; a long text may be read from a file with @FILE or from
 * standard input with @-. Lies in the arena. */
enum status changeset_pairs(struct client *client, const struct kind *kind, struct changeset_field **out,
			    size_t *count, struct error *err);

#endif
