/* Commands that read records: list, show, history. */
#include "client/commands.h"
#include "client/comments.h"
#include "client/fetch.h"
#include "client/json.h"
#include "client/listing.h"
#include "client/presence.h"
#include "client/print.h"
#include "client/record.h"
#include "client/reference.h"

#include <string.h>

#define PAGE_MAX 1000

/* ---- list ---- */

/* With --columns, JSON shows these and no others; "id" is always there. */
static json_t *narrow(const struct listing *listing, json_t *record)
{
	json_t *fields = record ? json_object_get(record, "fields") : NULL;
	json_t *kept = json_object();

	for (size_t i = 0; fields && kept && i < listing->column_count; i++) {
		json_t *value = listing->fields[i] ? json_object_get(fields, listing->fields[i]->name) : NULL;

		if (value) {
			(void)json_object_set(kept, listing->fields[i]->name, value);
		}
	}
	if (!fields || !kept || json_object_set(record, "fields", kept) != 0) {
		json_decref(record);
		record = NULL;
	}
	json_decref(kept);
	return record;
}

static enum status put_conditions(struct client *client, struct buffer *params, struct error *err)
{
	const struct arguments *arguments = client->arguments;
	enum status status = STATUS_OK;

	codec_put_text(params, "where");
	codec_put_list(params, arguments->pair_count);
	for (size_t i = 0; i < arguments->pair_count && status == STATUS_OK; i++) {
		const struct argument_pair *pair = &arguments->pairs[i];
		const msgpack_object *value = NULL;
		const struct field *field = NULL;
		const char *relation = pair->relation;

		status = record_field(client->kind, pair->field, &field, err);
		if (status != STATUS_OK) {
			return status;
		}
		if (strcmp(pair->value, "?") == 0 &&
		    (strcmp(relation, "is") == 0 || strcmp(relation, "not") == 0)) {
			relation = strcmp(relation, "is") == 0 ? "unknown" : "known";
		} else if (strcmp(relation, "contains") == 0 || pair->value[0] == 0) {
			/* Part of a text, or nothing: neither has to be a whole value. */
			value = pair->value[0]
					? codec_make_text(client->arena, pair->value, strlen(pair->value))
					: codec_make_nil();
			status = value ? STATUS_OK : error_memory(err);
		} else if (field->type == FIELD_REF || field->type == FIELD_REFS) {
			const char *id = NULL;

			status = reference_find(client, field->name, field->kind, pair->value, &id, err);
			value = status == STATUS_OK ? codec_make_text(client->arena, id, strlen(id)) : NULL;
			status = status == STATUS_OK && !value ? error_memory(err) : status;
		} else {
			status = field_parse(client->arena, client->schema, field, pair->value, &value, err);
		}
		codec_put_map(params, value ? 3 : 2);
		codec_pair_text(params, "field", field->name);
		codec_pair_text(params, "is", relation);
		if (value) {
			codec_pair_object(params, "value", value);
		}
	}
	return status;
}

/* One page. Pages after the first ask for the journal number of the first, so that all show the same moment. */
static enum status list_page(struct client *client, int64_t limit, int64_t offset, const char *as_of,
			     const msgpack_object **result, struct error *err)
{
	const char *sort = client->arguments->flags[FLAG_SORT];
	struct buffer *params = client_buffer(client);
	const struct field *field = NULL;
	enum status status = STATUS_OK;
	size_t header = 0;
	size_t count = 4;

	if (!params) {
		return error_memory(err);
	}
	header = codec_map_begin(params);
	codec_pair_text(params, "kind", client->kind->name);
	codec_pair_int(params, "limit", limit);
	codec_pair_int(params, "offset", offset);
	status = put_conditions(client, params, err);
	if (status == STATUS_OK && sort) {
		status = record_field(client->kind, sort + (sort[0] == '-'), &field, err);
		codec_pair_text(params, "sort", sort);
		count++;
	}
	if (as_of) {
		codec_pair_text(params, "as_of", as_of);
		count++;
	}
	codec_map_end(params, header, count);
	return status == STATUS_OK ? client_call(client, METHOD_list, params, result, err) : status;
}

/* Adds the records of a page to the grid or, for JSON, to the array. */
static enum status take_page(struct client *client, const struct listing *listing,
			     const msgpack_object *result, struct grid *grid, json_t *array,
			     struct error *err)
{
	const msgpack_object *records = codec_get(result, "records");
	const msgpack_object *titles = codec_get(result, "titles");
	enum status status = STATUS_OK;

	if (!records || records->type != MSGPACK_OBJECT_ARRAY) {
		return error_set(err, STATUS_FAILED, "the server sent no list");
	}
	for (size_t i = 0; i < list_size(records) && status == STATUS_OK; i++) {
		const msgpack_object *record = list_item(records, i);
		json_t *json;

		if (!array) {
			status = listing_add(client, listing, record, titles, grid, err);
			continue;
		}
		json = json_of_record(client->kind, record);
		if (client->arguments->flags[FLAG_COLUMNS]) {
			json = narrow(listing, json);
		}
		if (json_array_append_new(array, json) != 0) {
			status = error_memory(err);
		}
	}
	return status;
}

enum status command_record_list(struct client *client, struct error *err)
{
	struct listing listing = {0};
	const char *chosen = client->arguments->flags[FLAG_COLUMNS];
	const char *as_of = client->arguments->flags[FLAG_AS_OF];
	struct grid *grid = NULL;
	json_t *array = client->output.mode == OUTPUT_JSON ? json_array() : NULL;
	int64_t limit = 0, total = 0, have = 0;
	enum status status;

	status = arguments_number(client->arguments, FLAG_LIMIT, 1, INT32_MAX, INT32_MAX, &limit, err);
	if (status == STATUS_OK && chosen) {
		status = listing_choose(client, chosen, &listing, err);
	} else if (status == STATUS_OK) {
		listing_default(client->kind, &listing);
	}
	grid = grid_new(client->arena, listing.columns, listing.column_count);
	if (status == STATUS_OK && (!grid || (client->output.mode == OUTPUT_JSON && !array))) {
		status = error_memory(err);
	}
	do {
		const msgpack_object *result = NULL;
		int64_t page = limit - have > PAGE_MAX ? PAGE_MAX : limit - have;
		int64_t got = 0;

		if (status == STATUS_OK) {
			status = list_page(client, page, have, as_of, &result, err);
		}
		if (status == STATUS_OK) {
			status = take_page(client, &listing, result, grid, array, err);
			total = codec_get_int(result, "total", 0);
			got = (int64_t)codec_count(codec_get(result, "records"));
		}
		if (status == STATUS_OK && !as_of) {
			as_of = arena_printf(client->arena, "%lld",
					     (long long)codec_get_int(result, "entry", 0));
			status = as_of ? STATUS_OK : error_memory(err);
		}
		have += got;
		if (got == 0) {
			break;
		}
	} while (status == STATUS_OK && have < total && have < limit);
	if (status != STATUS_OK) {
		json_decref(array);
		return status;
	}
	output_page(&client->output);
	status = array ? json_print(array, &client->output, err) : grid_print(grid, &client->output, err);
	if (client->output.mode == OUTPUT_TABLE && have == 0) {
		(void)fprintf(stderr, "no %s %s\n", client->kind->plural,
			      client->arguments->pair_count > 0 ? "that you may see fit"
								: "that you may see");
	} else if (have < total) {
		(void)fprintf(stderr, "%lld of %lld %s; --limit shows more\n", (long long)have,
			      (long long)total, client->kind->plural);
	}
	return status;
}

/* ---- show ---- */

enum status command_record_show(struct client *client, struct error *err)
{
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	const struct kind *kind = NULL;
	char id[ID_TEXT];
	enum status status = client_schema(client, err);

	if (status == STATUS_OK) {
		status = client_id(client, client->names[0], &kind, id, err);
	}
	if (status == STATUS_OK) {
		status = record_read(client, id, client->arguments->flags[FLAG_AS_OF], &record, &titles, err);
	}
	if (status == STATUS_OK) {
		output_page(&client->output);
		status = record_print(client, kind, record, titles, err); /* an id says its kind itself */
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_TABLE) {
		status = comments_print(client, id, client->arguments->flags[FLAG_AS_OF], err);
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_TABLE &&
	    !client->arguments->flags[FLAG_AS_OF]) {
		presence_print(client, id, client->output.file);
	}
	return status;
}

/* ---- history ---- */

/* Below a change, for people: what was given up for it in a conflict. */
static enum status given_up_rows(struct client *client, const struct kind *kind, const msgpack_object *change,
				 const msgpack_object *titles, struct grid *grid, struct error *err)
{
	const msgpack_object *settled = codec_get(change, "settled");
	const char *by = codec_get_string(client->arena, change, "by");
	enum status status = STATUS_OK;

	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const msgpack_object *one = codec_get(settled, kind->fields[i].name);
		const char *text = one ? record_given_up(client, &kind->fields[i], one, titles, by) : NULL;

		if (one) {
			status = grid_add(
				grid,
				(const char *[]){"", "", "", "", "", kind->fields[i].name, "", text, ""},
				err);
		}
	}
	return status;
}

static enum status history_rows(struct client *client, const struct kind *kind, const msgpack_object *change,
				const msgpack_object *titles, struct grid *grid, struct error *err)
{
	const msgpack_object *fields = codec_get(change, "fields");
	bool people = client->output.mode == OUTPUT_TABLE;
	const char *cells[9] = {
		arena_printf(client->arena, "%lld", (long long)codec_get_int(change, "entry", 0)),
		arena_printf(client->arena, "%lld", (long long)codec_get_int(change, "revision", 0)),
		record_when(client, change, people),
		codec_get_string(client->arena, change, "by"),
		codec_get_string(client->arena, change, "verb"),
	};
	size_t rows = codec_count(fields);
	enum status status = STATUS_OK;

	cells[8] = codec_get_string(client->arena, change, "reason");
	if (rows == 0 || fields->type != MSGPACK_OBJECT_MAP) {
		status = grid_add(grid, cells, err);
		for (size_t c = 0; c < 5; c++) {
			cells[c] = "";
		}
		cells[8] = "";
	}
	for (size_t i = 0; i < rows && status == STATUS_OK; i++) {
		const msgpack_object_kv *pair = &fields->via.map.ptr[i];
		const struct field *field =
			pair->key.type == MSGPACK_OBJECT_STR
				? kind_field(kind, pair->key.via.str.ptr, pair->key.via.str.size)
				: NULL;

		if (!field) {
			continue;
		}
		cells[5] = field->name;
		cells[6] = record_value(client, field, codec_get(&pair->val, "from"), titles, people);
		cells[7] = record_value(client, field, codec_get(&pair->val, "to"), titles, people);
		status = grid_add(grid, cells, err);
		for (size_t c = 0; people && c < 5; c++) {
			cells[c] = ""; /* people see the change once, and its fields below one another */
		}
		if (people) {
			cells[8] = "";
		}
	}
	return status == STATUS_OK && people ? given_up_rows(client, kind, change, titles, grid, err)
					     : status;
}

static enum status history_json(struct client *client, const struct kind *kind, const msgpack_object *changes,
				struct error *err)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < list_size(changes); i++) {
		const msgpack_object *change = list_item(changes, i);
		json_t *json = json_of_object(change);

		if (!json ||
		    json_object_set_new(json, "fields", json_of_fields(kind, codec_get(change, "fields"))) !=
			    0 ||
		    json_object_set_new(json, "settled",
					json_of_settled(kind, codec_get(change, "settled"))) != 0 ||
		    json_array_append(array, json) != 0) {
			json_decref(array);
			array = NULL;
		}
		json_decref(json);
	}
	return json_print(array, &client->output, err);
}

enum status command_record_history(struct client *client, struct error *err)
{
	static const struct grid_column columns[9] = {
		{.name = "entry", .right = true},
		{.name = "rev", .right = true},
		{.name = "when"},
		{.name = "by", .elastic = true},
		{.name = "verb"},
		{.name = "field"},
		{.name = "from", .elastic = true},
		{.name = "to", .elastic = true},
		{.name = "reason", .elastic = true},
	};
	const msgpack_object *result = NULL;
	const msgpack_object *changes = NULL;
	const struct kind *kind = NULL;
	struct grid *grid = grid_new(client->arena, columns, 9);
	char id[ID_TEXT];
	enum status status = grid ? client_schema(client, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = client_id(client, client->names[0], &kind, id, err);
	}
	if (status == STATUS_OK) {
		status = fetch_history(client, id, &result, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	changes = codec_get(result, "changes");
	if (client->output.mode == OUTPUT_JSON) {
		return history_json(client, kind, changes, err);
	}
	for (size_t i = 0; i < list_size(changes) && status == STATUS_OK; i++) {
		status = history_rows(client, kind, list_item(changes, i), codec_get(result, "titles"), grid,
				      err);
	}
	if (status == STATUS_OK) {
		output_page(&client->output);
		status = grid_print(grid, &client->output, err);
	}
	return status;
}
