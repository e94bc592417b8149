/* safer export: a CSV file for each kind, with everything that the person may see, as of one moment. */
#include "client/commands.h"
#include "client/fetch.h"
#include "client/files.h"
#include "client/json.h"
#include "client/print.h"
#include "client/sheet.h"
#include "client/value.h"

#include <dirent.h>
#include <string.h>

#define EXPORT_BYTES (512 * 1024 * 1024)

static bool folder_has_files(const char *path)
{
	DIR *directory = opendir(path);
	bool any = false;

	for (const struct dirent *file; directory && (file = readdir(directory));) {
		any = any || (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0);
	}
	if (directory) {
		(void)closedir(directory);
	}
	return any;
}

/* Whether a field is to be a column. One that no record shows is left out when the person may not see it at all. */
static enum status is_shown(struct client *client, const struct kind *kind, const struct field *field,
			    const struct fetched *fetched, bool *out, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	for (size_t i = 0; i < fetched->count; i++) {
		if (!codec_is_nil(codec_get(codec_get(fetched->records[i], "fields"), field->name))) {
			*out = true;
			return STATUS_OK;
		}
	}
	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 3);
	codec_pair_text(params, "verb", "see");
	codec_pair_text(params, "target", kind->name);
	codec_pair_text(params, "field", field->name);
	status = client_call(client, METHOD_can, params, &result, err);
	*out = codec_get_flag(result, "allowed", false);
	return status;
}

/* The columns of a kind: id, revision, and its fields in the schema's order. Fields of one mode get one answer. */
static enum status choose_columns(struct client *client, const struct kind *kind,
				  const struct fetched *fetched, const struct field **columns, size_t *count,
				  struct error *err)
{
	enum status status = STATUS_OK;

	*count = 0;
	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &kind->fields[i];
		bool shown = false;

		for (size_t k = 0; k < *count && !shown; k++) {
			shown = strcmp(columns[k]->see, field->see) == 0;
		}
		if (!shown) {
			status = is_shown(client, kind, field, fetched, &shown, err);
		}
		if (shown) {
			columns[(*count)++] = field;
		}
	}
	return status;
}

static enum status put_records(struct client *client, const struct kind *kind, const struct fetched *fetched,
			       struct buffer *out, struct error *err)
{
	const struct field **columns = arena_array(client->arena, kind->field_count + 1, sizeof(*columns));
	const char **cells = arena_array(client->arena, kind->field_count + 2, sizeof(*cells));
	size_t count = 0;
	enum status status = columns && cells ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK) {
		status = choose_columns(client, kind, fetched, columns, &count, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	cells[0] = "id";
	cells[1] = "revision";
	for (size_t c = 0; c < count; c++) {
		cells[c + 2] = columns[c]->name;
	}
	sheet_put_row(out, cells, count + 2);
	for (size_t i = 0; i < fetched->count; i++) {
		const msgpack_object *record = fetched->records[i];
		const msgpack_object *fields = codec_get(record, "fields");

		cells[0] = codec_get_string(client->arena, record, "id");
		cells[1] =
			arena_printf(client->arena, "%lld", (long long)codec_get_int(record, "revision", 0));
		for (size_t c = 0; c < count; c++) {
			cells[c + 2] =
				value_write(client->arena, columns[c], codec_get(fields, columns[c]->name));
			if (!cells[c + 2]) {
				return error_memory(err);
			}
		}
		sheet_put_row(out, cells, count + 2);
	}
	return out->failed
		       ? error_set(err, STATUS_FAILED, "there are more %s than fit into memory", kind->plural)
		       : STATUS_OK;
}

static enum status export_kind(struct client *client, const char *folder, const struct kind *kind,
			       const struct fetched *fetched, struct error *err)
{
	const char *name = arena_printf(client->arena, "%s.csv", kind->name);
	const char *path = name ? profile_path(client->arena, folder, name) : NULL;
	struct buffer out;
	enum status status = path ? STATUS_OK : error_memory(err);

	buffer_init(&out, EXPORT_BYTES);
	if (status == STATUS_OK) {
		status = put_records(client, kind, fetched, &out, err);
	}
	if (status == STATUS_OK) {
		status = file_write(path, out.data, out.length, 0600, err);
	}
	buffer_release(&out);
	return status;
}

/* Finds the kinds that were named; none are all. wanted[i] is for the schema's i-th kind. */
static enum status choose_kinds(struct client *client, bool *wanted, struct error *err)
{
	for (size_t i = 1; i < client->name_count; i++) {
		const struct kind *kind =
			schema_kind(client->schema, client->names[i], strlen(client->names[i]));

		if (!kind) {
			error_set(err, STATUS_INVALID, "there is no kind of record called \"%s\"",
				  client->names[i]);
			return error_hint(err, "\"safer schema\" lists the kinds");
		}
		wanted[kind - client->schema->kinds] = true;
	}
	return STATUS_OK;
}

static enum status check_folder(struct client *client, const char *folder, struct error *err)
{
	if (folder_has_files(folder) && !arguments_have(client->arguments, FLAG_YES)) {
		error_set(err, STATUS_INVALID, "the folder %s is not empty", folder);
		return error_hint(err,
				  "name a new folder, or add --yes to overwrite files of the same names");
	}
	return folder_make(folder, err);
}

enum status command_export(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "kind"}, {.name = "records", .right = true}, {.name = "file"}};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	const char *folder = client->names[0];
	struct fetched fetched = {.as_of = client->arguments->flags[FLAG_AS_OF]};
	json_t *array = client->output.mode == OUTPUT_JSON ? json_array() : NULL;
	bool *wanted = NULL;
	enum status status = grid ? client_schema(client, err) : error_memory(err);

	if (status == STATUS_OK) {
		wanted = arena_array(client->arena, client->schema->kind_count + 1, sizeof(*wanted));
		status = wanted ? choose_kinds(client, wanted, err) : error_memory(err);
	}
	if (status == STATUS_OK) {
		status = check_folder(client, folder, err);
	}
	for (size_t i = 0; status == STATUS_OK && i < client->schema->kind_count; i++) {
		const struct kind *kind = &client->schema->kinds[i];
		const char *file;
		const char *number;

		if (client->name_count > 1 && !wanted[i]) {
			continue;
		}
		status = fetch_all(client, kind, fetched.as_of, &fetched, err);
		if (status != STATUS_OK || (fetched.count == 0 && !wanted[i])) {
			continue;
		}
		status = export_kind(client, folder, kind, &fetched, err);
		file = arena_printf(client->arena, "%s/%s.csv", folder, kind->name);
		number = arena_printf(client->arena, "%zu", fetched.count);
		if (status == STATUS_OK && array) {
			(void)json_array_append_new(array, json_pack("{s:s, s:I, s:s}", "kind", kind->name,
								     "records", (json_int_t)fetched.count,
								     "file", file ? file : ""));
		} else if (status == STATUS_OK) {
			status = grid_add(grid, (const char *[]){kind->name, number, file}, err);
		}
	}
	if (status != STATUS_OK) {
		json_decref(array);
		return status;
	}
	return array ? json_print(array, &client->output, err) : grid_print(grid, &client->output, err);
}
