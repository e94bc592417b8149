/* What a person gave up when they settled a conflict: of a field, the value that somebody else had put there, or the one
 * that they had typed themselves. An item says it beside its fields; the journal keeps it with them. */
#ifndef SAFER_SERVER_RECORDS_SETTLED_H
#define SAFER_SERVER_RECORDS_SETTLED_H

#include "server/records/changeset.h"

/* The key under which the salts of a version hold what was given up: a map of field to {salt, value}, value being the
 * packed map {mine, theirs, revision} that the leaf commits to. No field of any kind has this name. */
#define SETTLED_KEY "settled"

/* `settled` of an item: a map of field to {mine, theirs}, either or both of them values of the field. */
enum status settled_read(struct change_set *set, struct item *item, const msgpack_object *map,
			 struct error *err);

/* Once nothing collides: "theirs" must be what stood at the base; the revision that made it is added. */
enum status settled_judge(struct change_set *set, struct item *item, struct error *err);

/* What a version says of it, as far as it may be seen: both this revision and the one before it must show the field. */
struct settled_view {
	struct visibility *visibility;
	const struct record *record; /* a version, with its salts */
	uint64_t seen;               /* fields of it that may be seen */
	size_t hidden;               /* given-up values that may not */
	size_t shown;
};

/* Appends a map of field to {mine, theirs, revision, by}: `by` made the value of theirs. */
enum status settled_put(struct settled_view *view, struct buffer *out, struct error *err);

/* Appends {id, field, salt, value} for each that may be seen, value being what the leaf commits to. */
enum status settled_put_openings(struct settled_view *view, struct buffer *out, struct error *err);

#endif
