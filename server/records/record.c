/* Rows of the store as decoded records. */
#include "server/records/engine.h"

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

static enum status find_row(struct context *context, struct arena *arena, int64_t partnership, const char *id,
			    size_t id_length, const struct kind **kind, struct record_row *row,
			    struct error *err)
{
	struct id parsed;
	enum status status = STATUS_OK;

	if (!id_parse(id, id_length, &parsed)) {
		error_set(err, STATUS_INVALID, "\"%.*s\" is not the id of a record.", (int)id_length, id);
		return error_hint(err, "An id is letters and a number, such as A12.");
	}
	*kind = schema_kind_of_prefix(context->schema, parsed.prefix);
	if (*kind == NULL) {
		error_set(err, STATUS_INVALID, "No kind of record has ids that begin with %s.",
			  parsed.prefix);
		return error_hint(err, "`safer schema` lists the kinds and their ids.");
	}
	status = store_record_get(context->store, arena, partnership, (*kind)->name, parsed.number, row, err);
	return status == STATUS_NOT_FOUND ? record_not_found(id, id_length, err) : status;
}

enum status record_load(struct context *context, struct arena *arena, int64_t partnership, const char *id,
			size_t id_length, struct record *out, struct error *err)
{
	const struct kind *kind = NULL;
	struct record_row row;
	enum status status = find_row(context, arena, partnership, id, id_length, &kind, &row, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (row.removed) {
		return record_not_found(id, id_length, err);
	}
	return record_decode(arena, kind, &row, out, err);
}

enum status record_load_last(struct context *context, struct arena *arena, int64_t partnership,
			     const char *id, size_t id_length, struct record *out, struct error *err)
{
	const struct kind *kind = NULL;
	struct record_row row;
	enum status status = find_row(context, arena, partnership, id, id_length, &kind, &row, err);

	if (status == STATUS_OK && row.removed) {
		status = store_version_get(context->store, arena, partnership, kind->name, row.number,
					   row.revision - 1, &row, err);
	}
	return status == STATUS_OK ? record_decode(arena, kind, &row, out, err) : status;
}
