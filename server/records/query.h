/* Reading records out: redacted for whoever asks, now or as of an earlier moment, one or many.
 *
 * Conditions and order are evaluated on the redacted record: what a session may not see can neither be filtered
 * for nor sorted by, so it cannot be inferred. */
#ifndef SAFER_SERVER_RECORDS_QUERY_H
#define SAFER_SERVER_RECORDS_QUERY_H

#include "server/records/visible.h"

/* Packs a record as it travels: {id, kind, revision, entry, created, changed, fields}, with the fields of `seen`. */
void record_put(struct buffer *out, const struct record *record, uint64_t seen);

/* The titles of the records that a reply refers to, for people to read beside the ids. Only of what is visible. */
struct titles {
	struct visibility *visibility;
	struct title *first;
	size_t count;
};
void titles_init(struct titles *titles, struct visibility *visibility);
enum status titles_add_id(struct titles *titles, const char *id, size_t length, struct error *err);
/* The references among the seen fields of a record. */
enum status titles_add_record(struct titles *titles, const struct record *record, uint64_t seen,
			      struct error *err);
enum status titles_add_value(struct titles *titles, const struct field *field, const msgpack_object *value,
			     struct error *err);
void titles_put(const struct titles *titles, struct buffer *out); /* a map of id to title */

/* What `as_of` means: the number of the last entry that counts. A number, a date (to its end) or a time; absent: -1
 * for the present. STATUS_INVALID for anything else, or a moment before the journal began. */
enum status query_as_of(struct context *context, int64_t partnership, const msgpack_object *params,
			int64_t *entry, struct error *err);

/* One visible record, now (entry -1) or as of an entry; then it must be visible both as it was and as it is. */
enum status query_one(struct visibility *visibility, const char *id, size_t id_length, int64_t entry,
		      struct record *out, struct error *err);

/* The records of a kind that may be seen, in order. `where` is a list of {field, is, value}, or nil. */
struct query {
	const struct kind *kind;
	const msgpack_object *where;
	const char *under; /* the id of a record that they stand under, or are; NULL: any */
	int64_t after;     /* only numbers above this one; 0: all */
	int64_t since;     /* only those created at this time or later; 0: all */
	const char *sort;  /* a field, "-" before it for the reverse; NULL: by number */
	int64_t entry;     /* as of; -1 now */
};
struct found {
	struct record *records;
	size_t count;
};
enum status query_many(struct visibility *visibility, const struct query *query, struct found *out,
		       struct error *err);

#endif
