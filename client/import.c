/* safer import: CSV files as one change-set. All of it is taken, or nothing. */
#include "client/import.h"

#include "client/commands.h"
#include "client/fetch.h"
#include "client/files.h"
#include "client/json.h"
#include "client/kept_settle.h"
#include "client/print.h"
#include "protocol/limits.h"

#include <string.h>

#define FILE_BYTES     (64 * 1024 * 1024)
#define STANDARD_INPUT "/dev/stdin"
#define COLLIDES_HINT  "in the row of each record, put what shall stand, and the present revision"

/* The rows of all files; what becomes of each is found out on the way. */
struct import {
	struct import_row *rows;
	size_t count;
	int64_t *revisions; /* of each row's record as it was found; 0 for a new one */
	size_t *items;      /* rows that are in the change-set, in its order */
	size_t item_count;
	struct fetched *fetched; /* for each kind of the schema; as_of NULL: not asked for yet */
	struct changeset set;
	const msgpack_object *result; /* NULL: nothing had to be sent */
	bool told; /* the outcome was told already: it went into the set in hand, or was settled */
};

/* ---- reading files ---- */

/* "data/actions.csv" holds actions; --kind says so for any other name. */
static enum status kind_of_file(struct client *client, const char *path, const struct kind **out,
				struct error *err)
{
	const char *wanted = client->arguments->flags[FLAG_KIND];
	const char *slash = strrchr(path, '/');
	const char *name = wanted ? wanted : slash ? slash + 1 : path;
	size_t length = wanted ? strlen(wanted) : strcspn(name, ".");

	*out = schema_kind(client->schema, name, length);
	if (*out) {
		return STATUS_OK;
	}
	if (!wanted && strcmp(path, "-") == 0) {
		error_set(err, STATUS_INVALID,
			  "what comes from standard input has no name to tell its kind by");
		return error_hint(err, "add --kind with the kind of the records");
	}
	error_set(err, STATUS_INVALID, "there is no kind of record called \"%.*s\"%s%s", (int)length, name,
		  wanted ? "" : ", after which a file could be called ", wanted ? "" : path);
	return error_hint(err,
			  "\"safer schema\" lists the kinds; --kind says what a file of another name holds");
}

static enum status add_rows(struct client *client, struct import *import, struct import_row *rows,
			    size_t count, struct error *err)
{
	struct import_row *all = arena_array(client->arena, import->count + count + 1, sizeof(*all));

	if (!all) {
		return error_memory(err);
	}
	if (import->count > 0) {
		memcpy(all, import->rows, import->count * sizeof(*all));
	}
	if (count > 0) {
		memcpy(all + import->count, rows, count * sizeof(*all));
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < import->count && rows[i].id[0]; k++) {
			if (strcmp(import->rows[k].id, rows[i].id) == 0) {
				return error_set(err, STATUS_INVALID,
						 "%s line %zu: %s is in %s line %zu already", rows[i].file,
						 rows[i].line, rows[i].id, import->rows[k].file,
						 import->rows[k].line);
			}
		}
	}
	import->rows = all;
	import->count += count;
	return STATUS_OK;
}

static enum status read_file(struct client *client, const char *path, struct import *import,
			     struct error *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct buffer *bytes = client_buffer(client);
	const struct kind *kind = NULL;
	struct import_row *rows = NULL;
	struct sheet sheet;
	size_t count = 0;
	enum status status = bytes ? kind_of_file(client, path, &kind, err) : error_memory(err);

	if (status == STATUS_OK) {
		bytes->limit = FILE_BYTES;
		status = file_read(standard ? STANDARD_INPUT : path, bytes, err);
	}
	if (status == STATUS_OK) {
		status = sheet_read(client->arena, standard ? "standard input" : path, buffer_span(bytes),
				    &sheet, err);
	}
	if (status == STATUS_OK) {
		status = import_read(client->arena, client->schema, kind, &sheet, &rows, &count, err);
	}
	return status == STATUS_OK ? add_rows(client, import, rows, count, err) : status;
}

/* ---- what there is ---- */

static enum status find_present(struct client *client, struct import *import, const struct import_row *row,
				const msgpack_object **record, struct error *err)
{
	struct fetched *fetched = &import->fetched[row->kind - client->schema->kinds];
	enum status status = STATUS_OK;

	if (!fetched->as_of) {
		status = fetch_all(client, row->kind, NULL, fetched, err);
	}
	if (status == STATUS_OK) {
		*record = fetch_find(fetched, row->id);
		if (!*record) {
			error_set(err, STATUS_NOT_FOUND,
				  "%s line %zu, column id: there is no %s that you may see", row->file,
				  row->line, row->id);
			status = error_hint(err, "an empty id makes a new record");
		}
	}
	return status;
}

/* The record that a row edits, and what the row was made from. */
static enum status find_base(struct client *client, struct import *import, size_t index,
			     const msgpack_object **base, const msgpack_object **present, struct error *err)
{
	const struct import_row *row = &import->rows[index];
	const msgpack_object *record = NULL;
	struct error wrong = ERROR_INIT;
	int64_t revision;
	enum status status = find_present(client, import, row, &record, err);

	if (status != STATUS_OK) {
		return status;
	}
	revision = codec_get_int(record, "revision", 0);
	import->revisions[index] = revision;
	*base = *present = codec_get(record, "fields");
	if (row->revision > revision) {
		return error_set(err, STATUS_INVALID,
				 "%s line %zu, column revision: %s is at revision %lld, not %lld yet",
				 row->file, row->line, row->id, (long long)revision,
				 (long long)row->revision);
	}
	if (row->revision > 0 && row->revision < revision) {
		status = fetch_revision(client, row->id, row->revision, base, &wrong);
		if (status != STATUS_OK) {
			error_set(err, status, "%s line %zu, column revision: %s", row->file, row->line,
				  wrong.message);
			(void)error_hint(err, "%s", wrong.hint);
		}
	}
	return status;
}

/* ---- the change-set ---- */

static enum status add_item(struct client *client, struct import *import, size_t index, struct error *err)
{
	const struct import_row *row = &import->rows[index];
	const msgpack_object *base = NULL;
	const msgpack_object *present = NULL;
	struct changeset_field *fields = NULL;
	size_t count = 0;
	enum status status = STATUS_OK;

	if (row->id[0]) {
		status = find_base(client, import, index, &base, &present, err);
	}
	if (status == STATUS_OK) {
		status = import_compare(client->arena, row, base, present, &fields, &count, err);
	}
	if (status != STATUS_OK || (row->id[0] && count == 0)) {
		return status;
	}
	if (row->id[0]) {
		changeset_edit(&import->set, row->id,
			       row->revision > 0 ? row->revision : import->revisions[index], fields, count);
	} else {
		changeset_create(&import->set, row->kind, NULL, fields, count);
	}
	import->items[import->item_count++] = index;
	return STATUS_OK;
}

/* The row that the server refused, when it says which; and what may be wrong with a large request. */
static enum status explain(const struct import *import, const struct client *client, struct error *err)
{
	struct limits usual;
	int64_t item = codec_get_int(client->details, "item", import->item_count == 1 ? 0 : -1);
	struct error why = *err;

	limits_default(&usual);
	if (item >= 0 && (uint64_t)item < import->item_count && !status_retry(why.status) &&
	    why.status != STATUS_CONFLICT && why.status != STATUS_INTERRUPTED) {
		const struct import_row *row = &import->rows[import->items[item]];

		error_set(err, why.status, "%s line %zu: %s", row->file, row->line, why.message);
		if (why.rule[0]) {
			(void)error_rule(err, why.rule);
		}
		if (why.hint[0]) {
			(void)error_hint(err, "%s", why.hint);
		}
	} else if (!call_alive(client->call) &&
		   (int64_t)import->set.changes.length > usual.message_bytes / 2) {
		(void)error_hint(err, "%zu records in %zu kB are too much for one request; divide the files",
				 import->item_count, import->set.changes.length / 1024);
	} else if (why.status == STATUS_CONFLICT) {
		(void)error_hint(err, COLLIDES_HINT);
	}
	return why.status;
}

/* A dry run looks for everything that would be refused, as that of a change-set in hand does. */
static enum status try_all(struct client *client, struct import *import, struct error *err)
{
	struct kept kept;
	size_t refused = 0;
	enum status status = kept_of(client, &import->set, &kept, err);

	if (status != STATUS_OK) {
		return status;
	}
	for (size_t i = 0; i < import->item_count;
	     i++) { /* no row joins another: an id is in the files once */
		const struct import_row *row = &import->rows[import->items[i]];

		kept.items[i].where = arena_printf(client->arena, "%s line %zu", row->file, row->line);
	}
	status = kept_try_rows(client, &kept, &refused, &import->result, err);
	if (status != STATUS_OK && refused == 0) {
		return explain(import, client, err);
	}
	import->told = refused > 0;
	if (status == STATUS_CONFLICT && err->hint[0] == '\0') {
		(void)error_hint(err, COLLIDES_HINT);
	}
	return status;
}

/* Sends it, or puts it into the change-set in hand. What collides is put to the person, as after any other command. */
static enum status send_all(struct client *client, struct import *import, struct error *err)
{
	enum status status;

	if ((int64_t)import->item_count > changeset_most()) {
		error_set(err, STATUS_INVALID, "%zu records would change, and one import may change %lld",
			  import->item_count, (long long)changeset_most());
		return error_hint(
			err, "divide the files, and import one after another: first what others refer to");
	}
	if (import->set.dry_run) {
		return try_all(client, import, err);
	}
	if (kept_begun(client)) {
		import->told = true;
		return kept_add(client, &import->set, false, err);
	}
	status = changeset_send(client, &import->set, &import->result, err);
	if (status == STATUS_OK) {
		return STATUS_OK;
	}
	status = explain(import, client, err);
	if (status == STATUS_CONFLICT) {
		import->told = true;
		status = settle_set(client, &import->set, err);
	}
	return status;
}

/* ---- what happened ---- */

struct tally {
	size_t created, changed, unchanged;
};

static void count_rows(const struct import *import, const struct kind *kind, struct tally *tally)
{
	const msgpack_object *changes = codec_get(import->result, "changes");
	size_t item = 0;

	for (size_t i = 0; i < import->count; i++) {
		const struct import_row *row = &import->rows[i];
		bool sent = item < import->item_count && import->items[item] == i;
		int64_t revision = import->revisions[i];

		if (sent) {
			if (item < codec_count(changes) && changes->type == MSGPACK_OBJECT_ARRAY) {
				revision = codec_get_int(&changes->via.array.ptr[item], "revision", revision);
			}
			item++;
		}
		if (row->kind != kind) {
			continue;
		}
		if (!row->id[0]) {
			tally->created++;
		} else if (revision > import->revisions[i]) {
			tally->changed++;
		} else {
			tally->unchanged++;
		}
	}
}

static enum status tell_json(struct client *client, const struct import *import, struct error *err)
{
	json_t *whole = json_object();
	json_t *kinds = json_array();
	const msgpack_object *entry = codec_get(import->result, "entry");

	for (size_t i = 0; kinds && i < client->schema->kind_count; i++) {
		const struct kind *kind = &client->schema->kinds[i];
		struct tally tally = {0};

		count_rows(import, kind, &tally);
		if (tally.created + tally.changed + tally.unchanged > 0) {
			(void)json_array_append_new(kinds,
						    json_pack("{s:s, s:I, s:I, s:I}", "kind", kind->name,
							      "created", (json_int_t)tally.created, "changed",
							      (json_int_t)tally.changed, "unchanged",
							      (json_int_t)tally.unchanged));
		}
	}
	if (!whole || !kinds ||
	    json_object_set_new(whole, "dry_run", json_boolean(import->set.dry_run)) != 0 ||
	    json_object_set_new(whole, "entry", json_of_object(entry)) != 0 ||
	    json_object_set(whole, "kinds", kinds) != 0 ||
	    json_object_set_new(whole, "changes",
				import->result ? json_of_object(codec_get(import->result, "changes"))
					       : json_array()) != 0) {
		json_decref(whole);
		whole = NULL;
	}
	json_decref(kinds);
	return json_print(whole, &client->output, err);
}

static enum status tell(struct client *client, const struct import *import, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "kind"},
		{.name = "created", .right = true},
		{.name = "changed", .right = true},
		{.name = "unchanged", .right = true},
	};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	int64_t entry = codec_get_int(import->result, "entry", -1);
	enum status status = grid ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		return tell_json(client, import, err);
	}
	for (size_t i = 0; i < client->schema->kind_count && status == STATUS_OK; i++) {
		struct tally tally = {0};

		count_rows(import, &client->schema->kinds[i], &tally);
		if (tally.created + tally.changed + tally.unchanged > 0) {
			status = grid_add(
				grid,
				(const char *[]){client->schema->kinds[i].name,
						 arena_printf(client->arena, "%zu", tally.created),
						 arena_printf(client->arena, "%zu", tally.changed),
						 arena_printf(client->arena, "%zu", tally.unchanged)},
				err);
		}
	}
	if (status == STATUS_OK) {
		status = grid_print(grid, &client->output, err);
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_TABLE) {
		if (import->set.dry_run) {
			(void)fputs("A dry run: nothing was changed.\n", client->output.file);
		} else if (entry >= 0) {
			(void)fprintf(client->output.file, "Journal entry %lld.\n", (long long)entry);
		} else {
			(void)fputs("Nothing had to change.\n", client->output.file);
		}
	}
	return status;
}

enum status command_import(struct client *client, struct error *err)
{
	struct import import = {0};
	enum status status = client_schema(client, err);

	for (size_t i = 0; i < client->name_count && status == STATUS_OK; i++) {
		status = read_file(client, client->names[i], &import, err);
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &import.set, err);
	}
	if (status == STATUS_OK) {
		import.revisions = arena_array(client->arena, import.count + 1, sizeof(*import.revisions));
		import.items = arena_array(client->arena, import.count + 1, sizeof(*import.items));
		import.fetched =
			arena_array(client->arena, client->schema->kind_count + 1, sizeof(*import.fetched));
		if (!import.revisions || !import.items || !import.fetched) {
			status = error_memory(err);
		}
	}
	for (size_t i = 0; i < import.count && status == STATUS_OK; i++) {
		status = add_item(client, &import, i, err);
	}
	if (status == STATUS_OK && import.item_count > 0) {
		status = send_all(client, &import, err);
	}
	if (status == STATUS_OK && !import.told) {
		status = tell(client, &import, err);
	}
	changeset_release(&import.set);
	return status;
}
