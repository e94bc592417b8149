/* Finds people by what an administrator types. */
#include "server/identity/people.h"

#include "common/text.h"
#include "server/records/engine.h"

#include <string.h>

#define NAMESAKES_MAX 8 /* ids listed in an error */

static const struct kind *person_kind(const struct context *context)
{
	return schema_kind(context->schema, "person", strlen("person"));
}

enum status person_load(struct context *context, struct arena *arena, int64_t partnership, int64_t number,
			struct person *out, struct error *err)
{
	const struct kind *kind = person_kind(context);
	struct record_row row;
	struct record record;
	enum status status =
		store_record_get(context->store, arena, partnership, kind->name, number, &row, err);

	if (status == STATUS_OK) {
		status = record_decode(arena, kind, &row, &record, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	*out = (struct person){
		.number = number,
		.name = record_text(arena, &record, "name"),
		.removed = row.removed,
	};
	id_format(kind->prefix, number, out->id);
	return STATUS_OK;
}

static enum status nobody(struct span text, struct error *err)
{
	error_set(err, STATUS_NOT_FOUND, "There is nobody called \"%.*s\" in this partnership's directory.",
		  (int)text.length, (const char *)text.data);
	return error_hint(err, "`safer person list` shows who is there; `safer person add` adds somebody.");
}

static enum status find_by_number(struct context *context, struct arena *arena, int64_t partnership,
				  struct span text, int64_t number, struct person *out, struct error *err)
{
	struct person found;
	enum status status = person_load(context, arena, partnership, number, &found, err);

	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && found.removed)) {
		return nobody(text, err);
	}
	if (status == STATUS_OK) {
		*out = found;
	}
	return status;
}

struct namesakes {
	const char *title; /* folded */
	const char *prefix;
	struct buffer ids; /* "PE3, PE7" */
	int count;
};

static enum status visit_namesake(void *payload, const struct record_row *row, struct error *err)
{
	struct namesakes *namesakes = payload;
	char id[ID_TEXT];

	(void)err;
	if (strcmp(row->title, namesakes->title) != 0) {
		return STATUS_OK;
	}
	if (namesakes->count == NAMESAKES_MAX) {
		buffer_append_text(&namesakes->ids, " and others");
		return STATUS_INTERRUPTED;
	}
	id_format(namesakes->prefix, row->number, id);
	buffer_printf(&namesakes->ids, "%s%s", namesakes->count > 0 ? ", " : "", id);
	namesakes->count++;
	return STATUS_OK;
}

static enum status ambiguous(struct context *context, int64_t partnership, struct span text,
			     const char *title, int64_t count, struct error *err)
{
	const struct kind *kind = person_kind(context);
	struct namesakes namesakes = {.title = title, .prefix = kind->prefix};
	enum status status = STATUS_OK;

	buffer_init(&namesakes.ids, 400);
	status = store_record_each(context->store, partnership, kind->name, 0, visit_namesake, &namesakes,
				   err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (buffer_text(&namesakes.ids) == NULL) {
		status = error_memory(err);
		goto out;
	}
	error_set(err, STATUS_INVALID, "%lld people are called \"%.*s\": %s.", (long long)count,
		  (int)text.length, (const char *)text.data, buffer_text(&namesakes.ids));
	status = error_hint(err, "Use the id of the one that is meant.");
out:
	buffer_release(&namesakes.ids);
	return status;
}

enum status person_find(struct context *context, struct arena *arena, int64_t partnership, struct span text,
			struct person *out, struct error *err)
{
	const struct kind *kind = person_kind(context);
	struct id id;
	int64_t number = 0;
	int64_t count = 0;
	const char *title = NULL;
	enum status status = STATUS_OK;

	if (id_parse((const char *)text.data, text.length, &id) && strcmp(id.prefix, kind->prefix) == 0) {
		return find_by_number(context, arena, partnership, text, id.number, out, err);
	}
	title = text_fold(arena, (const char *)text.data, text.length);
	if (title == NULL) {
		return error_memory(err);
	}
	if (title[0] == '\0') {
		return error_set(err, STATUS_INVALID, "No person was named.");
	}
	status = store_record_find(context->store, partnership, kind->name, title, &number, &count, err);
	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && count == 0)) {
		return nobody(text, err);
	}
	if (status == STATUS_OK && count > 1) {
		return ambiguous(context, partnership, text, title, count, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	return find_by_number(context, arena, partnership, text, number, out, err);
}
