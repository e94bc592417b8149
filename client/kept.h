/* The change-set in hand: what a person has put together and not sent yet, kept on this device.
 *
 * $XDG_STATE_HOME/safer/PROFILE/:
 *     change       the items, one a record, with the revision that each was made on; what went wrong when it was last
 *                  sent; and the request id of a set of which it is not known whether it was applied
 *     change.lock  held by whoever changes it
 *
 * While it is there, commands that change records add to it. A set that was read from a file, or that undoes an entry, is
 * the same thing, and is kept from the moment it is sent until an answer comes. */
#ifndef SAFER_CLIENT_KEPT_H
#define SAFER_CLIENT_KEPT_H

#include "client/changeset.h"

#define KEPT_CREATE "create"
#define KEPT_EDIT   "edit"
#define KEPT_REMOVE "remove"

struct kept_item {
	const char *verb;             /* as on the wire */
	const char *kind;             /* name */
	const char *id;               /* NULL: a new record */
	const char *ref;              /* "@1", by which others of the set refer to a new record; NULL */
	int64_t base;                 /* revision; 0 for a new record */
	const msgpack_object *fields; /* a map; NULL: none */
	const msgpack_object
		*settled; /* what was given up in a conflict: a map of field to {mine, theirs}; NULL */
	const char *why;  /* it was not taken; NULL */
	const char *
		where; /* the row of a file that it was read from, "action.csv line 7"; NULL; not kept on disk */
};

struct kept {
	const char *path;
	const char *at;     /* when it was begun */
	const char *reason; /* for the journal; NULL: none */
	bool sent;          /* and no answer came: only the very same request may follow */
	uint8_t request[REQUEST_ID];
	const msgpack_object *collides; /* of the last refusal: a list as the server sends it; NULL */
	int64_t next;                   /* number of the next "@" name */
	struct kept_item *items;        /* in the arena */
	size_t count;
};

/* ---- on disk ---- */

/* An empty one, to be saved or sent. */
enum status kept_new(struct client *client, struct kept *out, struct error *err);
/* Whether one is begun. Without a profile none is. */
bool kept_begun(struct client *client);
/* Held until the descriptor is closed. */
enum status kept_lock(struct client *client, int *fd, struct error *err);
/* STATUS_NOT_FOUND, with what to do, when none is begun. */
enum status kept_load(struct client *client, struct kept *out, struct error *err);
enum status kept_save(struct client *client, const struct kept *kept, struct error *err);
void kept_remove(const struct kept *kept);

/* ---- what is in it ---- */

/* Adds an item, or joins it to what the set says of the same record already: a later value of a field stands, the
 * revision stays that of the first unless `rebased`. `replaced`: the fields are all that is wanted, not more of them.
 * An item whose id is a new record's "@" name joins that. STATUS_INVALID when both cannot be: a record goes one way. */
enum status kept_join(struct arena *arena, struct kept *kept, const struct kept_item *item, bool rebased,
		      bool replaced, struct error *err);

/* NULL when there is none. `name` is an id or an "@" name. */
struct kept_item *kept_find(const struct kept *kept, const char *name);
const char *kept_name(const struct kept_item *item); /* "A12" or "@1" */

/* Takes an item out. */
void kept_take_out(struct kept *kept, struct kept_item *item);
/* Takes a field out of an item, and the item when nothing is left of it. False when it sets no such field. */
bool kept_take_field(struct arena *arena, struct kept *kept, struct kept_item *item, const char *field);

/* Forgets collisions of a record, or of one of its fields (NULL: all). Returns the newest revision that they were with, 0
 * when there were none. Without memory it keeps them all. */
int64_t kept_settle(struct arena *arena, struct kept *kept, const char *id, const char *field);

/* What the server said of a field that collides; NULL: it does not. */
const msgpack_object *kept_collision(const struct kept *kept, const char *id, const char *field);

/* Notes with an item what its person gave up of a field: their own value, or theirs, or both. */
enum status kept_give_up(struct client *client, struct kept_item *item, const char *field,
			 const msgpack_object *mine, bool gives_mine, const msgpack_object *theirs,
			 bool gives_theirs, struct error *err);

/* Whether a value names a new record of the set. */
bool kept_refers(const struct kept_item *item, const char *ref);

/* As items of a change-set, in their order; those with a mark in `without` (NULL: none) are left out. */
void kept_put(const struct kept *kept, const bool *without, struct changeset *set);

/* ---- commands ---- */

/* The record as it would be with what the set in hand says of it; `over` tells whether it says anything. */
enum status kept_over(struct client *client, const char *id, const msgpack_object **record, bool *over,
		      struct error *err);

/* A set that would have been sent, as one that is kept. */
enum status kept_of(struct client *client, const struct changeset *set, struct kept *out, struct error *err);

/* Adds the items of a set that would have been sent to the one in hand, and says so. `replaced` as for kept_join. */
enum status kept_add(struct client *client, const struct changeset *set, bool replaced, struct error *err);

/* Sends a set of its own, from a file or to undo something; joins it to the one in hand when one is begun; with --dry-run
 * tells what would come of it. */
enum status kept_propose(struct client *client, struct kept *kept, struct error *err);

/* What would come of it, item by item (trial.c). The status is that of the first refusal. */
enum status kept_try(struct client *client, const struct kept *kept, struct error *err);
/* The same of rows of files: what would be refused is told in the same way, and `refused` is how much that is. When it is
 * nothing, nothing is told, and `result` is the server's, of the whole. */
enum status kept_try_rows(struct client *client, const struct kept *kept, size_t *refused,
			  const msgpack_object **result, struct error *err);

#endif
