/* The way up, from a record to the one that it stands under. */
#include "server/records/under.h"

#include "server/records/query.h"

#include <string.h>

#define STEPS_MAX 8 /* a way that is longer goes round in a circle */

/* The field that names what a record of the kind stands under: its parent, or else the priority that it serves. */
static const struct field *way_up(const struct kind *kind)
{
	const struct field *parent = policy_parent(kind);

	return parent != NULL ? parent : kind_field(kind, "priority", strlen("priority"));
}

/* The id of the record above; "" when there is none, or the session may not see which. */
static const char *above(struct visibility *v, const struct record *record)
{
	const struct field *field = way_up(record->kind);

	if (field == NULL || (record_fields_seen(v, record) >> (field - record->kind->fields) & 1) == 0) {
		return "";
	}
	return record_text(v->arena, record, field->name);
}

enum status record_under(struct visibility *v, const struct record *record, int64_t entry, const char *top,
			 bool *out, struct error *err)
{
	struct record at = *record;

	*out = strcmp(at.id, top) == 0;
	for (int steps = 0; !*out && steps < STEPS_MAX; steps++) {
		const char *id = above(v, &at);
		enum status status;

		if (id[0] == '\0') {
			return STATUS_OK;
		}
		*out = strcmp(id, top) == 0;
		if (*out) {
			return STATUS_OK;
		}
		status = query_one(v, id, strlen(id), entry, &at, err);
		if (status == STATUS_NOT_FOUND) { /* hidden, or gone */
			*err = (struct error)ERROR_INIT;
			return STATUS_OK;
		}
		if (status != STATUS_OK) {
			return status;
		}
	}
	return STATUS_OK;
}
