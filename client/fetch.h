/* Records from the server: all of a kind, page after page, as of one moment; and how one was before. */
#ifndef SAFER_CLIENT_FETCH_H
#define SAFER_CLIENT_FETCH_H

#include "client/client.h"

struct fetched {
	const msgpack_object **records; /* by number */
	size_t count;
	const char *as_of; /* the journal number that they show */
};

/* `as_of` may be NULL: as they are now. In the arena. */
enum status fetch_all(struct client *client, const struct kind *kind, const char *as_of, struct fetched *out,
		      struct error *err);

/* NULL when it is not among them. */
const msgpack_object *fetch_find(const struct fetched *fetched, const char *id);

/* What the server tells of a record's revisions: a map of changes and titles. */
enum status fetch_history(struct client *client, const char *id, const msgpack_object **out,
			  struct error *err);

/* The fields of a record as they were at an earlier revision. */
enum status fetch_revision(struct client *client, const char *id, int64_t revision,
			   const msgpack_object **fields, struct error *err);

#endif
