/* Rows of the store as decoded records. */
#include "server/records/engine.h"

#include "server/records/recent.h"
#include "server/schema/schema.h"

#include <string.h>

const msgpack_object *record_field(const struct record *record, const char *name)
{
	const msgpack_object *value = codec_get(record->fields, name);

	return codec_is_nil(value) ? NULL : value;
}

const char *record_text(struct arena *arena, const struct record *record, const char *name)
{
	const char *text = codec_get_string(arena, record->fields, name);

	return text != NULL ? text : "";
}

enum status record_decode(struct arena *arena, const struct kind *kind, const struct record_row *row,
			  struct record *out, struct error *err)
{
	struct record record = {.kind = kind, .row = *row};

	id_format(kind->prefix, row->number, record.id);
	if (codec_decode(arena, row->body, &record.fields, err) != STATUS_OK) {
		return err->status;
	}
	*out = record;
	return STATUS_OK;
}

enum status record_not_found(const char *id, size_t id_length, struct error *err)
{
	error_set(err, STATUS_NOT_FOUND, "There is no %.*s that you may see.", (int)id_length, id);
	return error_hint(
		err, "It may have been removed, or the posts that you hold today do not show it to you.");
}

static enum status find_last(struct context *context, struct arena *arena, int64_t partnership,
			     const char *id, size_t id_length, struct record *out, struct error *err)
{
	struct id parsed;
	const struct kind *kind = NULL;
	const struct record *recent = NULL;
	struct record_row row;
	enum status status = STATUS_OK;

	if (!id_parse(id, id_length, &parsed)) {
		error_set(err, STATUS_INVALID, "\"%.*s\" is not the id of a record.", (int)id_length, id);
		return error_hint(err, "An id is letters and a number, such as A12.");
	}
	kind = schema_kind_of_prefix(context->schema, parsed.prefix);
	if (kind == NULL) {
		error_set(err, STATUS_INVALID, "No kind of record has ids that begin with %s.",
			  parsed.prefix);
		return error_hint(err, "`safer schema` lists the kinds and their ids.");
	}
	if (context->recent != NULL) {
		status = recent_get(context->recent, context, partnership, kind, parsed.number, &recent, err);
	} else {
		status = store_record_get(context->store, arena, partnership, kind->name, parsed.number, &row,
					  err);
	}
	if (status == STATUS_NOT_FOUND) {
		return record_not_found(id, id_length, err);
	}
	if (status == STATUS_OK && recent != NULL) {
		*out = *recent;
	} else if (status == STATUS_OK) {
		status = record_decode(arena, kind, &row, out, err);
	}
	return status;
}

enum status record_load(struct context *context, struct arena *arena, int64_t partnership, const char *id,
			size_t id_length, struct record *out, struct error *err)
{
	struct record record;
	enum status status = find_last(context, arena, partnership, id, id_length, &record, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (record.row.removed) {
		return record_not_found(id, id_length, err);
	}
	*out = record;
	return STATUS_OK;
}

enum status record_load_last(struct context *context, struct arena *arena, int64_t partnership,
			     const char *id, size_t id_length, struct record *out, struct error *err)
{
	struct record record;
	struct record_row row;
	enum status status = find_last(context, arena, partnership, id, id_length, &record, err);

	if (status == STATUS_OK && record.row.removed) {
		status = store_version_get(context->store, arena, partnership, record.kind->name,
					   record.row.number, record.row.revision - 1, &row, err);
		if (status == STATUS_OK) {
			status = record_decode(arena, record.kind, &row, &record, err);
		}
	}
	if (status == STATUS_OK) {
		*out = record;
	}
	return status;
}
