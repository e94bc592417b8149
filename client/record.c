/* Records for people. What is shown of a kind, and how, follows from its rows in the schema. */
#include "client/record.h"

#include "client/json.h"
#include "client/print.h"
#include "common/text.h"

#include <string.h>

#define VALUE_BYTES (16 * 1024 * 1024)

const char *record_title(struct client *client, struct span id, const msgpack_object *titles)
{
	const char *key = arena_text(client->arena, (const char *)id.data, id.length);
	struct span title = key ? codec_get_text(titles, key) : (struct span){NULL, 0};

	if (!key || title.length == 0) {
		return key;
	}
	return arena_printf(client->arena, "%s %.*s", key, (int)title.length, (const char *)title.data);
}

const char *record_given_up(struct client *client, const struct field *field, const msgpack_object *one,
			    const msgpack_object *titles, const char *mine_by)
{
	const msgpack_object *mine = codec_get(one, "mine");
	const msgpack_object *theirs = codec_get(one, "theirs");
	const char *by = codec_get_string(client->arena, one, "by");
	const char *own = mine ? record_value(client, field, mine, titles, true) : "";
	const char *other = theirs ? record_value(client, field, theirs, titles, true) : "";
	const char *text = "";

	if (!own || !other) {
		return NULL;
	}
	own = *own ? own : "(empty)";
	other = *other ? other : "(empty)";
	by = by ? by : "somebody else";
	mine_by = mine_by ? mine_by : "them";
	if (field->type == FIELD_LONG_TEXT) { /* whose it was first, and the text below */
		const char *revision = arena_printf(client->arena, " in revision %lld",
						    (long long)codec_get_int(one, "revision", 0));

		return arena_printf(client->arena, "%s%s%s%s%s%s%s%s%s%s",
				    theirs ? "gave up what was typed by " : "", theirs ? by : "",
				    theirs && revision ? revision : "", theirs ? ":\n" : "",
				    theirs ? other : "", theirs && mine ? "\n" : "",
				    mine ? "gave up what was typed by " : "", mine ? mine_by : "",
				    mine ? ":\n" : "", mine ? own : "");
	}
	if (theirs) {
		text = arena_printf(client->arena, "gave up %s, typed by %s in revision %lld", other, by,
				    (long long)codec_get_int(one, "revision", 0));
	}
	if (mine && text) {
		text = arena_printf(client->arena, "%s%s %s, typed by %s", text, *text ? ", and" : "gave up",
				    own, mine_by);
	}
	return text;
}

const char *record_minute(struct arena *arena, const char *at)
{
	char *text = arena_text(arena, at, strlen(at));

	if (text && strlen(text) > 16) {
		text[10] = ' ';
		text[16] = 0;
	}
	return text;
}

const char *record_when(struct client *client, const msgpack_object *map, bool people)
{
	struct span at = codec_get_text(map, "at");
	char *text = at.data ? arena_text(client->arena, (const char *)at.data, at.length) : NULL;

	if (!at.data) {
		return "";
	}
	return text && people ? record_minute(client->arena, text) : text;
}

/* A list of references with their titles, parted by semicolons since titles have commas. */
static const char *list_titles(struct client *client, const msgpack_object *list,
			       const msgpack_object *titles)
{
	const char *text = "";

	for (uint32_t i = 0; text && i < list->via.array.size; i++) {
		struct span id = {NULL, 0};
		const char *one;

		if (!codec_text(&list->via.array.ptr[i], &id)) {
			continue;
		}
		one = record_title(client, id, titles);
		text = one ? arena_printf(client->arena, "%s%s%s", text, *text ? "; " : "", one) : NULL;
	}
	return text;
}

const char *record_value(struct client *client, const struct field *field, const msgpack_object *value,
			 const msgpack_object *titles, bool people)
{
	struct buffer text;
	struct span id = {NULL, 0};
	const char *copy = NULL;

	if (people && codec_is_unknown(value)) {
		return "unknown";
	}
	if (people && field->type == FIELD_REF && codec_text(value, &id)) {
		return record_title(client, id, titles);
	}
	if (people && field->type == FIELD_REFS && value && value->type == MSGPACK_OBJECT_ARRAY) {
		return list_titles(client, value, titles);
	}
	buffer_init(&text, VALUE_BYTES);
	field_print(&text, field, value);
	if (!text.failed && people && field->unit && text.length > 0) {
		(void)buffer_printf(&text, strcmp(field->unit, "%") == 0 ? "%s" : " %s", field->unit);
	}
	if (!text.failed) {
		copy = arena_text(client->arena, (const char *)text.data, text.length);
	}
	buffer_release(&text);
	return copy;
}

enum status record_field(const struct kind *kind, const char *name, const struct field **out,
			 struct error *err)
{
	const char *names[128];
	const char *nearest;
	size_t count = 0;

	*out = kind_field(kind, name, strlen(name));
	if (*out) {
		return STATUS_OK;
	}
	for (; count < kind->field_count && count < 127; count++) {
		names[count] = kind->fields[count].name;
	}
	names[count] = NULL;
	nearest = text_nearest(name, names);
	error_set(err, STATUS_INVALID, "%s records have no field \"%s\"", kind->name, name);
	return nearest ? error_hint(err, "did you mean %s?", nearest)
		       : error_hint(err, "\"safer %s help\" lists the fields", kind->name);
}

enum status record_read(struct client *client, const char *id, const char *as_of,
			const msgpack_object **record, const msgpack_object **titles, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, as_of ? 2 : 1);
	codec_pair_text(params, "id", id);
	if (as_of) {
		codec_pair_text(params, "as_of", as_of);
	}
	status = client_call(client, METHOD_read, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	*record = codec_get(result, "record");
	*titles = codec_get(result, "titles");
	if (!*record || (*record)->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_FAILED, "the server sent no record");
	}
	return STATUS_OK;
}

/* "created 2014-05-01 by Debra Tedds, journal entry 12" */
static void print_moment(struct client *client, const char *word, const msgpack_object *moment)
{
	struct span at = codec_get_text(moment, "at");
	struct span by = codec_get_text(moment, "by");

	if (at.length == 0) {
		return;
	}
	(void)fprintf(client->output.file, "%s %.*s", word, at.length > 10 ? 10 : (int)at.length,
		      (const char *)at.data);
	if (by.length > 0) {
		(void)fprintf(client->output.file, " by %.*s", (int)by.length, (const char *)by.data);
	}
	(void)fprintf(client->output.file, ", journal entry %lld\n",
		      (long long)codec_get_int(moment, "entry", 0));
}

static enum status print_for_people(struct client *client, const struct kind *kind,
				    const msgpack_object *record, const msgpack_object *titles,
				    struct error *err)
{
	const msgpack_object *fields = codec_get(record, "fields");
	struct output *output = &client->output;
	struct span id = codec_get_text(record, "id");
	const struct field *title = kind_field(kind, kind->title, strlen(kind->title));
	const char *heading =
		title ? record_value(client, title, codec_get(fields, title->name), titles, true) : "";
	struct span state = codec_get_text(fields, "state");
	size_t widest = 0;

	if (!heading) {
		return error_memory(err);
	}
	(void)fprintf(output->file, "%s%.*s  %s%s\n", output_bold(output), (int)id.length,
		      (const char *)id.data, heading, output_plain(output));
	(void)fprintf(output->file, "%s%s%.*s, revision %lld\n\n", kind->name, state.length ? ", " : "",
		      (int)state.length, state.length ? (const char *)state.data : "",
		      (long long)codec_get_int(record, "revision", 0));
	for (size_t i = 0; i < kind->field_count; i++) {
		size_t length = strlen(kind->fields[i].name);

		if (!codec_is_nil(codec_get(fields, kind->fields[i].name))) {
			widest = length > widest ? length : widest;
		}
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(fields, field->name);
		const char *text;

		if (codec_is_nil(value) || field == title || strcmp(field->name, "state") == 0) {
			continue;
		}
		text = record_value(client, field, value, titles, true);
		if (!text) {
			return error_memory(err);
		}
		(void)fprintf(output->file, "  %-*s  ", (int)widest, field->name);
		print_wrapped(output, text, widest + 4);
	}
	(void)fputc('\n', output->file);
	print_moment(client, "created", codec_get(record, "created"));
	if (codec_get_int(record, "revision", 0) > 1) {
		print_moment(client, "changed", codec_get(record, "changed"));
	}
	return STATUS_OK;
}

enum status record_print(struct client *client, const struct kind *kind, const msgpack_object *record,
			 const msgpack_object *titles, struct error *err)
{
	static const struct grid_column columns[] = {{.name = "field"}, {.name = "value"}};
	const msgpack_object *fields = codec_get(record, "fields");
	struct grid *grid;
	enum status status = STATUS_OK;

	if (client->output.mode == OUTPUT_JSON) {
		return json_print(json_of_record(kind, record), &client->output, err);
	}
	if (client->output.mode == OUTPUT_TABLE) {
		return print_for_people(client, kind, record, titles, err);
	}
	grid = grid_new(client->arena, columns, 2);
	if (!grid) {
		return error_memory(err);
	}
	status = grid_add(grid, (const char *[]){"id", codec_get_string(client->arena, record, "id")}, err);
	if (status == STATUS_OK) {
		const char *revision =
			arena_printf(client->arena, "%lld", (long long)codec_get_int(record, "revision", 0));

		status = grid_add(grid, (const char *[]){"revision", revision}, err);
	}
	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const msgpack_object *value = codec_get(fields, kind->fields[i].name);
		const char *text;

		if (!value) {
			continue; /* not shown to this person, or never filled in */
		}
		text = record_value(client, &kind->fields[i], value, titles, false);
		status = text ? grid_add(grid, (const char *[]){kind->fields[i].name, text}, err)
			      : error_memory(err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}
