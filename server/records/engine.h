/* The records engine: the only way anything changes.
 *
 * A change-set is a list of items, each on one record; all of it is applied, or nothing. Each item passes, in this
 * order: idempotency (the client's request id), references, base revision and conflict groups, schema, rights, the
 * rules of its kind; then new revisions and one journal entry are written in the writer's transaction. */
#ifndef SAFER_SERVER_RECORDS_ENGINE_H
#define SAFER_SERVER_RECORDS_ENGINE_H

#include "server/request.h"
#include "server/session.h"

struct standing;

/* The present or an old state of a record, decoded. */
struct record {
	const struct kind *kind;
	struct record_row row;
	char id[ID_TEXT];
	const msgpack_object *fields; /* the body's map; an empty map for a record that is not there yet */

	/* What a reader's table has worked out already; NULL: nobody has. */
	const struct standing *standing;
	const char *parent; /* the id of its parent, or "" */
};

/* The value of a field; NULL when it has none. */
const msgpack_object *record_field(const struct record *record, const char *name);
/* A text field as a string in the arena; "" when it has none. */
const char *record_text(struct arena *arena, const struct record *record, const char *name);

/* Decodes a row. The row's spans must live as long as the record. */
enum status record_decode(struct arena *arena, const struct kind *kind, const struct record_row *row,
			  struct record *out, struct error *err);

/* Reads the present revision by id. STATUS_NOT_FOUND (worded without saying whether it exists) when there is none,
 * it was removed, or the id is of no kind. Rights are not looked at here. */
enum status record_load(struct context *context, struct arena *arena, int64_t partnership, const char *id,
			size_t id_length, struct record *out, struct error *err);

/* The same, but what was removed is found too, as it last stood: the rights on what it was are judged by that. */
enum status record_load_last(struct context *context, struct arena *arena, int64_t partnership,
			     const char *id, size_t id_length, struct record *out, struct error *err);

/* The one sentence for what is missing and for what is hidden. */
enum status record_not_found(const char *id, size_t id_length, struct error *err);

/* Whether the session may be the second person of a step on a record that is there: somebody who neither made it, nor
 * last moved it on, nor last changed what is to be approved, nor is the person whom it is about. *why is the refusal. */
enum status record_second_person(struct context *context, struct arena *arena, const struct session *session,
				 const struct record *record, const char *verb, bool *out, struct error *why,
				 struct error *err);

/* Applies the change-set of a `change` request and puts the result map. */
enum status engine_change(struct request *request, struct error *err);

/* The founding of a partnership: its first records, written by the server itself, before anybody has a right. */
struct record_seed {
	const char *kind;
	const char *const
		*fields;   /* name and typed text in turn (as for field_parse), NULL-ended; "@1" refers to the
	                              first seed's record */
	const char *state; /* NULL: the kind's first state */
};
enum status records_found(struct context *context, struct arena *arena, int64_t partnership, const char *by,
			  const struct record_seed *seeds, size_t count, struct error *err);

#endif
