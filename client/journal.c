/* Reading the journal: list, show, head. Checking it is journal_check.c. */
#include "client/journal.h"

#include "client/commands.h"
#include "client/json.h"
#include "client/pin.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>

#define PAGE_MAX     1000
#define LIST_DEFAULT 50

static const struct grid_column list_columns[] = {
	{.name = "entry", .right = true},
	{.name = "at"},
	{.name = "what"},
	{.name = "by", .elastic = true},
	{.name = "changes", .elastic = true},
	{.name = "reason", .elastic = true},
};
#define LIST_COLUMNS (sizeof(list_columns) / sizeof(list_columns[0]))

/* "edit A12, create A13", and how much of it is not shown. */
static const char *changes_text(struct client *client, const msgpack_object *entry)
{
	const msgpack_object *changes = codec_get(entry, "changes");
	int64_t hidden = codec_get_int(entry, "hidden", 0);
	const char *text = codec_get_string(client->arena, entry, "note");

	text = text ? text : "";
	for (size_t i = 0; i < list_size(changes) && text; i++) {
		struct span verb = codec_get_text(list_item(changes, i), "verb");
		struct span id = codec_get_text(list_item(changes, i), "id");

		text = arena_printf(client->arena, "%s%s%.*s %.*s", text, *text ? ", " : "", (int)verb.length,
				    verb.data ? (const char *)verb.data : "", (int)id.length,
				    id.data ? (const char *)id.data : "");
	}
	if (text && hidden > 0) {
		text = arena_printf(client->arena, "%s%s%lld not shown to you", text, *text ? ", " : "",
				    (long long)hidden);
	}
	return text;
}

static enum status add_entry(struct client *client, struct grid *grid, const msgpack_object *entry,
			     struct error *err)
{
	const char *cells[LIST_COLUMNS] = {
		arena_printf(client->arena, "%lld", (long long)codec_get_int(entry, "entry", 0)),
		record_when(client, entry, client->output.mode == OUTPUT_TABLE),
		codec_get_string(client->arena, entry, "what"),
		codec_get_string(client->arena, entry, "by"),
		changes_text(client, entry),
		codec_get_string(client->arena, entry, "reason"),
	};

	return grid_add(grid, cells, err);
}

static enum status list_page(struct client *client, int64_t before, int64_t limit,
			     const msgpack_object **entries, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, before >= 0 ? 2 : 1);
	codec_pair_int(params, "limit", limit);
	if (before >= 0) {
		codec_pair_int(params, "before", before);
	}
	status = client_call(client, METHOD_journal_list, params, &result, err);
	if (status == STATUS_OK) {
		*entries = codec_get(result, "entries");
	}
	return status;
}

enum status command_journal_list(struct client *client, struct error *err)
{
	struct grid *grid = grid_new(client->arena, list_columns, LIST_COLUMNS);
	json_t *array = client->output.mode == OUTPUT_JSON ? json_array() : NULL;
	int64_t limit = 0, have = 0, before = -1;
	size_t got = 0;
	enum status status;

	status = arguments_number(client->arguments, FLAG_LIMIT, 1, INT32_MAX, LIST_DEFAULT, &limit, err);
	if (status == STATUS_OK && (!grid || (client->output.mode == OUTPUT_JSON && !array))) {
		status = error_memory(err);
	}
	do {
		const msgpack_object *entries = NULL;
		int64_t page = limit - have > PAGE_MAX ? PAGE_MAX : limit - have;

		if (status == STATUS_OK) {
			status = list_page(client, before, page, &entries, err);
		}
		got = status == STATUS_OK ? list_size(entries) : 0;
		for (size_t i = 0; i < got && status == STATUS_OK; i++) {
			const msgpack_object *entry = list_item(entries, i);

			before = codec_get_int(entry, "entry", 0);
			if (!array) {
				status = add_entry(client, grid, entry, err);
			} else if (json_array_append_new(array, json_of_object(entry)) != 0) {
				status = error_memory(err);
			}
		}
		have += (int64_t)got;
	} while (status == STATUS_OK && got > 0 && have < limit && before > 0);
	if (status != STATUS_OK) {
		json_decref(array);
		return status;
	}
	output_page(&client->output);
	return array ? json_print(array, &client->output, err) : grid_print(grid, &client->output, err);
}

/* ---- show ---- */

static void print_heading(struct client *client, const msgpack_object *entry)
{
	static const char *const keys[] = {"what", "by", "person", "post", "body", "note", "reason"};
	struct span at = codec_get_text(entry, "at");
	FILE *file = client->output.file;

	(void)fprintf(file, "%sjournal entry %lld%s, %.*s\n", output_bold(&client->output),
		      (long long)codec_get_int(entry, "entry", 0), output_plain(&client->output),
		      (int)at.length, at.data ? (const char *)at.data : "");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = codec_get_string(client->arena, entry, keys[i]);

		if (text && *text) {
			(void)fprintf(file, "  %-6s  ", keys[i]);
			print_wrapped(&client->output, text, 10);
		}
	}
}

static void print_change(struct client *client, const msgpack_object *change, const char *by)
{
	const msgpack_object *settled = codec_get(change, "settled");
	const msgpack_object *fields = codec_get(change, "fields");
	struct span kind_name = codec_get_text(change, "kind");
	struct span verb = codec_get_text(change, "verb");
	struct span id = codec_get_text(change, "id");
	struct span title = codec_get_text(change, "title");
	const struct kind *kind = schema_kind(client->schema, (const char *)kind_name.data, kind_name.length);
	FILE *file = client->output.file;

	(void)fprintf(file, "\n%.*s %.*s %.*s, revision %lld\n", (int)verb.length,
		      verb.data ? (const char *)verb.data : "", (int)id.length,
		      id.data ? (const char *)id.data : "", (int)title.length,
		      title.data ? (const char *)title.data : "",
		      (long long)codec_get_int(change, "revision", 0));
	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const msgpack_object *value = codec_get(fields, kind->fields[i].name);
		const char *text = value ? record_value(client, &kind->fields[i], value, NULL, true) : NULL;

		if (text) {
			(void)fprintf(file, "  %s  ", kind->fields[i].name);
			print_wrapped(&client->output, *text ? text : "(emptied)",
				      strlen(kind->fields[i].name) + 4);
		}
	}
	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const msgpack_object *one = codec_get(settled, kind->fields[i].name);
		const char *text = one ? record_given_up(client, &kind->fields[i], one, NULL, by) : NULL;

		if (text) {
			(void)fprintf(file, "  %s  ", kind->fields[i].name);
			print_wrapped(&client->output, text, strlen(kind->fields[i].name) + 4);
		}
	}
}

enum status journal_read(struct client *client, const char *number, const msgpack_object **result,
			 struct error *err)
{
	struct buffer *params = client_buffer(client);
	int64_t entry = 0;
	enum status status = params ? client_schema(client, err) : error_memory(err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!number_parse(number, 0, INT64_MAX, &entry)) {
		return error_set(err, STATUS_INVALID, "\"%s\" is not the number of a journal entry", number);
	}
	codec_put_map(params, 1);
	codec_pair_int(params, "entry", entry);
	return client_call(client, METHOD_journal_show, params, result, err);
}

enum status command_journal_show(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *entry;
	const msgpack_object *changes;
	enum status status = journal_read(client, client->names[0], &result, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	entry = codec_get(result, "entry");
	changes = codec_get(entry, "changes");
	if (client->output.mode != OUTPUT_TABLE) {
		struct grid *grid = grid_new(client->arena, list_columns, LIST_COLUMNS);

		status = grid ? add_entry(client, grid, entry, err) : error_memory(err);
		return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
	}
	output_page(&client->output);
	print_heading(client, entry);
	for (size_t i = 0; i < list_size(changes); i++) {
		print_change(client, list_item(changes, i), codec_get_string(client->arena, entry, "by"));
	}
	if (codec_get_int(entry, "hidden", 0) > 0) {
		(void)fprintf(client->output.file, "\n%lld changes or fields in it are not shown to you.\n",
			      (long long)codec_get_int(entry, "hidden", 0));
	}
	return STATUS_OK;
}

enum status command_journal_head(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	struct checkpoint head;
	struct span note;
	enum status status = client_call(client, METHOD_journal_head, NULL, &result, err);

	if (status != STATUS_OK) {
		return status;
	}
	note = codec_get_text(result, "head");
	status = checkpoint_open((const char *)note.data, note.length, client->profile.verifier, &head, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	(void)fprintf(client->output.file, "%.*s", (int)note.length, (const char *)note.data);
	if (client->output.mode == OUTPUT_TABLE) {
		(void)fprintf(stderr, "%llu entries; checked with the key %s\n",
			      (unsigned long long)head.size, client->profile.verifier);
	}
	return STATUS_OK;
}
