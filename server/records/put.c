/* Records as they travel, and the titles that go with them. */
#include "server/records/query.h"

#include "common/calendar.h"

#include <string.h>

struct title {
	struct title *next;
	char id[ID_TEXT];
	const char *title;
};

static void put_act(struct buffer *out, const char *key, int64_t at, const char *by, int64_t entry)
{
	char text[TIME_TEXT];

	time_format(at, text);
	codec_put_text(out, key);
	codec_put_map(out, 3);
	codec_pair_text(out, "at", text);
	codec_pair_text(out, "by", by);
	codec_pair_int(out, "entry", entry);
}

static void put_fields(struct buffer *out, const struct record *record, uint64_t seen)
{
	uint64_t all =
		record->kind->field_count == 64 ? UINT64_MAX : (UINT64_C(1) << record->kind->field_count) - 1;
	size_t count = 0;
	size_t header = 0;

	if ((seen & all) == all) {
		codec_put_raw(out, record->row.body); /* stored as it travels */
		return;
	}
	header = codec_map_begin(out);
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const char *name = record->kind->fields[i].name;
		const msgpack_object *value = codec_get(record->fields, name);

		if ((seen >> i & 1) != 0 && !codec_is_nil(value)) {
			codec_pair_object(out, name, value);
			count++;
		}
	}
	codec_map_end(out, header, count);
}

void record_put(struct buffer *out, const struct record *record, uint64_t seen)
{
	const struct record_row *row = &record->row;

	codec_put_map(out, 7);
	codec_pair_text(out, "id", record->id);
	codec_pair_text(out, "kind", record->kind->name);
	codec_pair_int(out, "revision", row->revision);
	codec_pair_int(out, "entry", row->entry);
	put_act(out, "created", row->created_at, row->created_by, row->created_entry);
	put_act(out, "changed", row->at, row->by, row->entry);
	codec_put_text(out, "fields");
	put_fields(out, record, seen);
}

/* ---- titles ---- */

void titles_init(struct titles *titles, struct visibility *visibility)
{
	*titles = (struct titles){.visibility = visibility};
}

/* The title of a record if it may be seen, "" otherwise. */
static enum status title_of(struct visibility *v, const char *id, size_t length, const char **out,
			    struct error *err)
{
	struct record record;
	const struct field *field = NULL;
	enum status status = record_load_visible(v, id, length, &record, err);

	*out = "";
	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		return STATUS_OK;
	}
	if (status != STATUS_OK) {
		return status;
	}
	field = kind_field(record.kind, record.kind->title, strlen(record.kind->title));
	if ((record_fields_seen(v, &record) >> (field - record.kind->fields) & 1) != 0) {
		*out = record_text(v->arena, &record, record.kind->title);
	}
	return STATUS_OK;
}

enum status titles_add_id(struct titles *titles, const char *id, size_t length, struct error *err)
{
	struct title *title = NULL;

	if (length == 0 || length >= ID_TEXT) {
		return STATUS_OK;
	}
	for (title = titles->first; title != NULL; title = title->next) {
		if (strlen(title->id) == length && memcmp(title->id, id, length) == 0) {
			return STATUS_OK;
		}
	}
	title = arena_alloc(titles->visibility->arena, sizeof(*title));
	if (title == NULL) {
		return error_memory(err);
	}
	memcpy(title->id, id, length);
	if (title_of(titles->visibility, id, length, &title->title, err) != STATUS_OK) {
		return err->status;
	}
	title->next = titles->first;
	titles->first = title;
	titles->count += title->title[0] != '\0' ? 1 : 0;
	return STATUS_OK;
}

enum status titles_add_value(struct titles *titles, const struct field *field, const msgpack_object *value,
			     struct error *err)
{
	struct span text;

	if ((field->type != FIELD_REF && field->type != FIELD_REFS) || codec_is_nil(value)) {
		return STATUS_OK;
	}
	if (codec_text(value, &text)) {
		return titles_add_id(titles, (const char *)text.data, text.length, err);
	}
	for (size_t i = 0; value->type == MSGPACK_OBJECT_ARRAY && i < value->via.array.size; i++) {
		if (codec_text(&value->via.array.ptr[i], &text) &&
		    titles_add_id(titles, (const char *)text.data, text.length, err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

enum status titles_add_record(struct titles *titles, const struct record *record, uint64_t seen,
			      struct error *err)
{
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct field *field = &record->kind->fields[i];

		if ((seen >> i & 1) != 0 &&
		    titles_add_value(titles, field, codec_get(record->fields, field->name), err) !=
			    STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

void titles_put(const struct titles *titles, struct buffer *out)
{
	codec_put_map(out, titles->count);
	for (const struct title *title = titles->first; title != NULL; title = title->next) {
		if (title->title[0] != '\0') {
			codec_pair_text(out, title->id, title->title);
		}
	}
}
