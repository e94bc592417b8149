/* Change-sets: built from fields, sent with a request id, and their outcome told in words. */
#include "client/changeset.h"

#include "client/commands.h"
#include "client/files.h"
#include "client/json.h"
#include "client/print.h"
#include "client/record.h"
#include "common/ids.h"
#include "common/text.h"

#include <string.h>

#define CHANGES_BYTES  (16 * 1024 * 1024)
#define ALSO_COLUMNS   40
#define LONG_BYTES     (1024 * 1024) /* of a text read from a file */
#define STANDARD_INPUT "/dev/stdin"

enum status changeset_init(struct client *client, struct changeset *set, struct error *err)
{
	*set = (struct changeset){
		.reason = client->arguments->flags[FLAG_REASON],
		.dry_run = arguments_have(client->arguments, FLAG_DRY_RUN),
	};
	buffer_init(&set->changes, CHANGES_BYTES);
	if (!request_id_new(set->request)) {
		return error_set(err, STATUS_FAILED, "this machine has no randomness to give");
	}
	return STATUS_OK;
}

void changeset_release(struct changeset *set)
{
	if (set) {
		buffer_release(&set->changes);
	}
}

static void put_fields(struct buffer *out, const struct changeset_field *fields, size_t count)
{
	codec_put_text(out, "fields");
	codec_put_map(out, count);
	for (size_t i = 0; i < count; i++) {
		codec_pair_object(out, fields[i].name, fields[i].value);
	}
}

void changeset_create(struct changeset *set, const struct kind *kind, const char *ref,
		      const struct changeset_field *fields, size_t count)
{
	codec_put_map(&set->changes, ref ? 4 : 3);
	codec_pair_text(&set->changes, "do", "create");
	codec_pair_text(&set->changes, "kind", kind->name);
	if (ref) {
		codec_pair_text(&set->changes, "ref", ref);
	}
	put_fields(&set->changes, fields, count);
	set->count++;
}

/* What edits and transitions have in common. */
static void put_item(struct changeset *set, const char *verb, const char *id, int64_t base,
		     const struct changeset_field *fields, size_t count, const msgpack_object *settled)
{
	codec_put_map(&set->changes, 3 + (count > 0 ? 1 : 0) + (settled ? 1 : 0));
	codec_pair_text(&set->changes, "do", verb);
	codec_pair_text(&set->changes, "id", id);
	codec_pair_int(&set->changes, "base", base);
	if (count > 0) {
		put_fields(&set->changes, fields, count);
	}
	if (settled) {
		codec_pair_object(&set->changes, "settled", settled);
	}
	set->count++;
}

void changeset_settle(struct changeset *set, const char *id, int64_t base,
		      const struct changeset_field *fields, size_t count, const msgpack_object *settled)
{
	put_item(set, "edit", id, base, fields, count, settled);
}

void changeset_edit(struct changeset *set, const char *id, int64_t base, const struct changeset_field *fields,
		    size_t count)
{
	put_item(set, "edit", id, base, fields, count, NULL);
}

void changeset_remove(struct changeset *set, const char *id, int64_t base)
{
	put_item(set, "remove", id, base, NULL, 0, NULL);
}

void changeset_move(struct changeset *set, const char *verb, const char *id, int64_t base,
		    const struct changeset_field *fields, size_t count)
{
	put_item(set, verb, id, base, fields, count, NULL);
}

int64_t changeset_most(void)
{
	const struct param_row *rows = NULL;
	size_t count = method_params(METHOD_change, &rows);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].name, "changes") == 0) {
			return rows[i].max;
		}
	}
	return 0;
}

enum status changeset_send(struct client *client, const struct changeset *set, const msgpack_object **result,
			   struct error *err)
{
	struct buffer *params = client_buffer(client);
	enum status status;

	if (!params || set->changes.failed) {
		return error_memory(err);
	}
	codec_put_map(params, 2 + (set->reason ? 1 : 0) + (set->dry_run ? 1 : 0));
	codec_put_text(params, "request");
	codec_put_bin(params, set->request, sizeof(set->request));
	codec_put_text(params, "changes");
	codec_put_list(params, set->count);
	codec_put_raw(params, buffer_span(&set->changes));
	if (set->reason) {
		codec_pair_text(params, "reason", set->reason);
	}
	if (set->dry_run) {
		codec_pair_flag(params, "dry_run", true);
	}
	status = client_call_change(client, params, result, err);
	buffer_release(params); /* a trial sends many */
	return status;
}

/* ---- what happened ---- */

void changeset_tell_also(struct client *client, const struct kind *kind, const msgpack_object *also)
{
	const char *before = "  since you looked, others changed: ";

	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(also, field->name);
		const char *text = value ? record_value(client, field, value, NULL, true) : NULL;
		const char *cut = text ? print_cut(client->arena, &client->output, text, ALSO_COLUMNS) : NULL;

		if (cut) {
			(void)fprintf(client->output.file, "%s%s=%s", before, field->name, cut);
			before = ", ";
		}
	}
	(void)fputs(before[0] == ',' ? "\n" : "", client->output.file);
}

const struct kind *changeset_kind(struct client *client, const msgpack_object *change)
{
	struct span text = codec_get_text(change, "id");
	struct id id;

	return client->schema && text.length > 0 && id_parse((const char *)text.data, text.length, &id)
		       ? schema_kind_of_prefix(client->schema, id.prefix)
		       : NULL;
}

static void tell_people(struct client *client, const struct changeset *set, const msgpack_object *result,
			const char *next)
{
	const msgpack_object *changes = codec_get(result, "changes");
	int64_t entry = codec_get_int(result, "entry", -1);
	FILE *file = client->output.file;
	const char *is = set->dry_run ? "would be" : entry < 0 ? "stays" : "is";

	if (set->dry_run) {
		(void)fputs("A dry run: nothing was changed.\n", file);
	} else if (entry < 0) {
		(void)fputs("Nothing had to change.\n", file);
	}
	for (size_t i = 0; i < list_size(changes); i++) {
		const msgpack_object *change = list_item(changes, i);
		struct span id = codec_get_text(change, "id");
		struct span ref = codec_get_text(change, "ref");

		(void)fprintf(file, "%.*s", (int)id.length, id.data ? (const char *)id.data : "");
		if (ref.length > 0) {
			(void)fprintf(file, " (%.*s)", (int)ref.length, (const char *)ref.data);
		}
		(void)fprintf(file, " %s at revision %lld", is,
			      (long long)codec_get_int(change, "revision", 0));
		if (entry >= 0 && !set->dry_run) {
			(void)fprintf(file, ", journal entry %lld", (long long)entry);
		}
		(void)fputs(".\n", file);
		changeset_tell_also(client, changeset_kind(client, change), codec_get(change, "also"));
	}
	if (next && !set->dry_run) {
		(void)fprintf(file, "  next: %s\n", next);
	}
}

static json_t *result_json(struct client *client, const msgpack_object *result)
{
	const msgpack_object *changes = codec_get(result, "changes");
	json_t *json = json_of_object(result);
	json_t *array = json_object_get(json, "changes");

	for (size_t i = 0; i < list_size(changes); i++) {
		const msgpack_object *change = list_item(changes, i);
		const msgpack_object *also = codec_get(change, "also");

		if (also && json_object_set_new(json_array_get(array, i), "also",
						json_of_fields(changeset_kind(client, change), also)) != 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

enum status changeset_tell(struct client *client, const struct changeset *set, const msgpack_object *result,
			   const char *next, struct error *err)
{
	static const struct grid_column columns[] = {{.name = "id"}, {.name = "revision"}, {.name = "entry"}};
	const msgpack_object *changes = codec_get(result, "changes");
	int64_t entry = codec_get_int(result, "entry", -1);
	struct grid *grid;
	enum status status = STATUS_OK;

	if (client->output.mode == OUTPUT_JSON) {
		return json_print(result_json(client, result), &client->output, err);
	}
	if (client->output.mode == OUTPUT_TABLE) {
		tell_people(client, set, result, next);
		return STATUS_OK;
	}
	grid = grid_new(client->arena, columns, 3);
	if (!grid) {
		return error_memory(err);
	}
	for (size_t i = 0; status == STATUS_OK && i < list_size(changes); i++) {
		const msgpack_object *change = list_item(changes, i);
		const char *cells[3] = {
			codec_get_string(client->arena, change, "id"),
			arena_printf(client->arena, "%lld", (long long)codec_get_int(change, "revision", 0)),
			entry < 0 ? "" : arena_printf(client->arena, "%lld", (long long)entry),
		};

		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

/* ---- pairs ---- */

/* "@FILE" and "@-": a long text from elsewhere. One line feed at its end belongs to the file, not to the text. */
static enum status text_from_file(struct client *client, const char *path, const char **out,
				  struct error *err)
{
	struct buffer *text = client_buffer(client);
	enum status status;

	if (!text) {
		return error_memory(err);
	}
	text->limit = LONG_BYTES;
	status = file_read(strcmp(path, "-") == 0 ? STANDARD_INPUT : path, text, err);
	if (status == STATUS_NOT_FOUND) {
		error_set(err, STATUS_INVALID, "there is no file %s to read the text from", path);
		return error_hint(err, "a text that begins with @ is written with @@");
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (text->length > 0 && text->data[text->length - 1] == '\n') {
		text->length--;
	}
	if (!text_is_clean((const char *)text->data, text->length, true)) {
		return error_set(err, STATUS_INVALID, "%s is not clean UTF-8 text", path);
	}
	*out = arena_text(client->arena, (const char *)text->data, text->length);
	return *out ? STATUS_OK : error_memory(err);
}

enum status changeset_pairs(struct client *client, const struct kind *kind, struct changeset_field **out,
			    size_t *count, struct error *err)
{
	const struct arguments *arguments = client->arguments;
	struct changeset_field *fields =
		arena_array(client->arena, arguments->pair_count + 1, sizeof(*fields));
	enum status status = fields ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < arguments->pair_count && status == STATUS_OK; i++) {
		const struct argument_pair *pair = &arguments->pairs[i];
		const struct field *field = NULL;
		const char *text = pair->value;

		status = record_field(kind, pair->field, &field, err);
		for (size_t j = 0; j < i && status == STATUS_OK; j++) {
			if (strcmp(fields[j].name, field->name) == 0) {
				status = error_set(err, STATUS_INVALID, "%s is there twice", field->name);
			}
		}
		if (status == STATUS_OK && field->type == FIELD_LONG_TEXT && text[0] == '@') {
			status = text[1] == '@' ? STATUS_OK : text_from_file(client, text + 1, &text, err);
			text += text == pair->value ? 1 : 0;
		}
		if (status == STATUS_OK) {
			fields[i].name = field->name;
			status = field_parse(client->arena, client->schema, field, text, &fields[i].value,
					     err);
		}
	}
	if (status == STATUS_OK) {
		*out = fields;
		*count = arguments->pair_count;
	}
	return status;
}
