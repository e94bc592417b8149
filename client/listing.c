/* Records as rows of a list: which columns, and what stands in them. */
#include "client/listing.h"

#include "client/record.h"

#include <string.h>

/* What a list shows of each record, besides the fields of its kind. */
static const char *const meta_columns[] = {"id", "revision", "entry", "created", "changed", NULL};

static void add_column(struct listing *listing, const struct field *field, const char *name)
{
	bool text = field && (field->type == FIELD_TEXT || field->type == FIELD_LONG_TEXT ||
			      field->type == FIELD_REF || field->type == FIELD_REFS);

	if (listing->column_count == LISTING_COLUMNS) {
		return;
	}
	listing->fields[listing->column_count] = field;
	listing->columns[listing->column_count++] = (struct grid_column){
		.name = name,
		.elastic = text,
		.right = field && (field->type == FIELD_INTEGER || field->type == FIELD_DECIMAL),
	};
}

void listing_default(const struct kind *kind, struct listing *listing)
{
	const struct field *title = kind_field(kind, kind->title, strlen(kind->title));
	const struct field *state = kind->states[0] ? kind_field(kind, "state", 5) : NULL;

	add_column(listing, NULL, "id");
	if (title) {
		add_column(listing, title, title->name);
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];

		if (field->column && field != title && field != state) {
			add_column(listing, field, field->name);
		}
	}
	if (state) {
		add_column(listing, state, state->name);
	}
}

enum status listing_choose(struct client *client, const char *text, struct listing *listing,
			   struct error *err)
{
	enum status status = STATUS_OK;

	while (*text && status == STATUS_OK) {
		size_t length = strcspn(text, ",");
		const char *name = arena_text(client->arena, text, length);
		const struct field *field = NULL;
		bool meta = false;

		if (!name) {
			return error_memory(err);
		}
		for (size_t i = 0; meta_columns[i] && !meta; i++) {
			meta = strcmp(name, meta_columns[i]) == 0;
		}
		if (!meta) {
			status = record_field(client->kind, name, &field, err);
		}
		if (status == STATUS_OK) {
			add_column(listing, field, field ? field->name : name);
		}
		text += length + (text[length] == ',');
	}
	if (status == STATUS_OK && listing->column_count == 0) {
		status = error_set(err, STATUS_INVALID, "--columns names no column");
	}
	return status;
}

static const char *meta_cell(struct client *client, const char *name, const msgpack_object *record)
{
	const msgpack_object *value = codec_get(record, name);
	struct span at = codec_get_text(value, "at");
	int64_t number = 0;

	if (at.length > 0) {
		return arena_text(client->arena, (const char *)at.data, at.length);
	}
	if (codec_int(value, &number)) {
		return arena_printf(client->arena, "%lld", (long long)number);
	}
	return codec_get_string(client->arena, record, name);
}

enum status listing_add(struct client *client, const struct listing *listing, const msgpack_object *record,
			const msgpack_object *titles, struct grid *grid, struct error *err)
{
	const msgpack_object *fields = codec_get(record, "fields");
	const char *cells[LISTING_COLUMNS];

	for (size_t i = 0; i < listing->column_count; i++) {
		const struct field *field = listing->fields[i];

		cells[i] = field ? record_value(client, field, codec_get(fields, field->name), titles,
						client->output.mode == OUTPUT_TABLE)
				 : meta_cell(client, listing->columns[i].name, record);
	}
	return grid_add(grid, cells, err);
}
