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

/* Whether somebody who looks may know of a person. */
static enum status shown(struct visibility *sight, const struct record_row *row, bool *out, struct error *err)
{
	struct record record;

	if (record_decode(sight->arena, person_kind(sight->context), row, &record, err) != STATUS_OK) {
		return err->status;
	}
	return record_visible(sight, &record, out, err);
}

static enum status find_by_number(struct visibility *sight, int64_t partnership, struct span text,
				  int64_t number, struct person *out, struct error *err)
{
	struct record_row row;
	bool visible = false;
	enum status status = store_record_get(sight->context->store, sight->arena, partnership,
					      person_kind(sight->context)->name, number, &row, err);

	if (status == STATUS_NOT_FOUND) {
		return nobody(text, err);
	}
	if (status == STATUS_OK && !row.removed) {
		status = shown(sight, &row, &visible, err);
	}
	if (status == STATUS_OK && !visible) {
		return nobody(text, err);
	}
	return status == STATUS_OK ? person_load(sight->context, sight->arena, partnership, number, out, err)
				   : status;
}

struct namesakes {
	struct visibility *sight;
	const char *title; /* folded */
	struct buffer ids; /* "PE3, PE7" */
	int count;
	int64_t number; /* of the last one */
};

static enum status visit_namesake(void *payload, const struct record_row *row, struct error *err)
{
	struct namesakes *namesakes = payload;
	char id[ID_TEXT];
	bool visible = false;

	if (strcmp(row->title, namesakes->title) != 0) {
		return STATUS_OK;
	}
	if (shown(namesakes->sight, row, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible) {
		return STATUS_OK;
	}
	if (namesakes->count == NAMESAKES_MAX) {
		buffer_append_text(&namesakes->ids, " and others");
		return STATUS_INTERRUPTED;
	}
	id_format(person_kind(namesakes->sight->context)->prefix, row->number, id);
	buffer_printf(&namesakes->ids, "%s%s", namesakes->count > 0 ? ", " : "", id);
	namesakes->count++;
	namesakes->number = row->number;
	return STATUS_OK;
}

static enum status find_by_name(struct visibility *sight, int64_t partnership, struct span text,
				const char *title, struct person *out, struct error *err)
{
	struct namesakes namesakes = {.sight = sight, .title = title};
	enum status status = STATUS_OK;

	buffer_init(&namesakes.ids, 400);
	status = store_record_each(sight->context->store, partnership, person_kind(sight->context)->name, 0,
				   visit_namesake, &namesakes, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (namesakes.count == 0) {
		status = nobody(text, err);
	} else if (namesakes.count == 1) {
		status = person_load(sight->context, sight->arena, partnership, namesakes.number, out, err);
	} else if (buffer_text(&namesakes.ids) == NULL) {
		status = error_memory(err);
	} else {
		error_set(err, STATUS_INVALID, "Several people are called \"%.*s\": %s.", (int)text.length,
			  (const char *)text.data, buffer_text(&namesakes.ids));
		status = error_hint(err, "Use the id of the one that is meant.");
	}
out:
	buffer_release(&namesakes.ids);
	return status;
}

enum status person_find(struct visibility *sight, int64_t partnership, struct span text, struct person *out,
			struct error *err)
{
	struct id id;
	const char *title = NULL;

	if (id_parse((const char *)text.data, text.length, &id) &&
	    strcmp(id.prefix, person_kind(sight->context)->prefix) == 0) {
		return find_by_number(sight, partnership, text, id.number, out, err);
	}
	title = text_fold(sight->arena, (const char *)text.data, text.length);
	if (title == NULL) {
		return error_memory(err);
	}
	if (title[0] == '\0') {
		return error_set(err, STATUS_INVALID, "No person was named.");
	}
	return find_by_name(sight, partnership, text, title, out, err);
}
