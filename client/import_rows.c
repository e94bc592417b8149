/* From cells to values, and from values to changes. Asks no server. */
#include "client/import.h"

#include "client/record.h"
#include "client/value.h"

#include <string.h>

/* What a column of the sheet is. */
enum column_use { COLUMN_FIELD, COLUMN_ID, COLUMN_REVISION };

struct column {
	enum column_use use;
	const struct field *field;
};

static enum status read_columns(struct arena *arena, const struct kind *kind, const struct sheet *sheet,
				struct column **out, struct error *err)
{
	struct column *columns = arena_array(arena, sheet->column_count, sizeof(*columns));
	struct error wrong = ERROR_INIT;

	if (!columns) {
		return error_memory(err);
	}
	for (size_t i = 0; i < sheet->column_count; i++) {
		const char *name = sheet->columns[i];

		if (strcmp(name, "id") == 0) {
			columns[i].use = COLUMN_ID;
		} else if (strcmp(name, "revision") == 0) {
			columns[i].use = COLUMN_REVISION;
		} else if (record_field(kind, name, &columns[i].field, &wrong) != STATUS_OK) {
			error_set(err, STATUS_INVALID, "%s line 1, column %s: %s", sheet->name, name,
				  wrong.message);
			return error_hint(err, "%s", wrong.hint);
		}
	}
	*out = columns;
	return STATUS_OK;
}

/* "actions.csv line 7, column due: ", then what is wrong. */
static enum status refuse(const struct import_row *row, size_t line, const char *column,
			  const struct error *wrong, struct error *err)
{
	error_set(err, wrong->status, "%s line %zu, column %s: %s", row->file, line, column, wrong->message);
	return wrong->hint[0] ? error_hint(err, "%s", wrong->hint) : wrong->status;
}

static enum status read_id(const struct schema *schema, struct import_row *row, const struct sheet_cell *cell,
			   struct error *err)
{
	struct span text = words_trim(cell->text, strlen(cell->text));
	const struct kind *kind = NULL;
	struct id id;

	if (text.length == 0) {
		return STATUS_OK;
	}
	if (id_parse((const char *)text.data, text.length, &id)) {
		kind = schema_kind_of_prefix(schema, id.prefix);
	}
	if (kind != row->kind) {
		error_set(err, STATUS_INVALID,
			  "%s line %zu, column id: \"%.*s\" is not the id of a record of kind %s", row->file,
			  cell->line, text.length > 40 ? 40 : (int)text.length, (const char *)text.data,
			  row->kind->name);
		return error_hint(err, "an empty id makes a new record; one of this kind looks like %s12",
				  row->kind->prefix);
	}
	id_format(id.prefix, id.number, row->id);
	return STATUS_OK;
}

static enum status read_revision(struct arena *arena, struct import_row *row, const struct sheet_cell *cell,
				 struct error *err)
{
	struct span text = words_trim(cell->text, strlen(cell->text));
	const char *number = arena_text(arena, (const char *)text.data, text.length);

	if (!number) {
		return error_memory(err);
	}
	if (*number && !number_parse(number, 1, INT64_MAX, &row->revision)) {
		return error_set(err, STATUS_INVALID,
				 "%s line %zu, column revision: \"%.40s\" is not a revision", row->file,
				 cell->line, number);
	}
	return STATUS_OK;
}

static enum status read_cell(struct arena *arena, const struct schema *schema, struct import_row *row,
			     const struct field *field, const struct sheet_cell *cell, size_t *lines,
			     struct error *err)
{
	size_t index = (size_t)(field - row->kind->fields);
	struct span text = words_trim(cell->text, strlen(cell->text));
	struct error wrong = ERROR_INIT;

	lines[index] = cell->line;
	if (text.length == 0) {
		/* Whether it may be empty depends on what is there: import_compare, and the server for a new one. */
		row->values[index] = codec_make_nil();
		return STATUS_OK;
	}
	if (value_read(arena, schema, field, cell->text, &row->values[index], &wrong) != STATUS_OK) {
		return refuse(row, cell->line, field->name, &wrong, err);
	}
	return STATUS_OK;
}

static enum status read_row(struct arena *arena, const struct schema *schema, const struct sheet *sheet,
			    const struct column *columns, const struct sheet_row *from,
			    struct import_row *row, struct error *err)
{
	size_t *lines = arena_array(arena, row->kind->field_count + 1, sizeof(*lines));
	enum status status = STATUS_OK;

	row->file = sheet->name;
	row->line = from->line;
	row->lines = lines;
	row->values = arena_array(arena, row->kind->field_count + 1, sizeof(*row->values));
	if (!lines || !row->values) {
		return error_memory(err);
	}
	for (size_t i = 0; i < sheet->column_count && status == STATUS_OK; i++) {
		if (columns[i].use == COLUMN_ID) {
			status = read_id(schema, row, &from->cells[i], err);
		} else if (columns[i].use == COLUMN_REVISION) {
			status = read_revision(arena, row, &from->cells[i], err);
		} else {
			status = read_cell(arena, schema, row, columns[i].field, &from->cells[i], lines, err);
		}
	}
	if (status == STATUS_OK && !row->id[0] && row->revision > 0) {
		error_set(err, STATUS_INVALID, "%s line %zu, column id: there is a revision %lld, but no id",
			  row->file, row->line, (long long)row->revision);
		status = error_hint(err, "give the id of the record, or empty both to make a new one");
	}
	return status;
}

static enum status check_twice(const struct import_row *rows, size_t count, struct error *err)
{
	for (size_t i = 0; i < count && rows[count].id[0]; i++) {
		if (strcmp(rows[i].id, rows[count].id) == 0) {
			return error_set(err, STATUS_INVALID,
					 "%s line %zu, column id: %s is in line %zu already",
					 rows[count].file, rows[count].line, rows[count].id, rows[i].line);
		}
	}
	return STATUS_OK;
}

enum status import_read(struct arena *arena, const struct schema *schema, const struct kind *kind,
			const struct sheet *sheet, struct import_row **out, size_t *count, struct error *err)
{
	struct import_row *rows = arena_array(arena, sheet->row_count + 1, sizeof(*rows));
	struct column *columns = NULL;
	enum status status = rows ? read_columns(arena, kind, sheet, &columns, err) : error_memory(err);

	for (size_t i = 0; i < sheet->row_count && status == STATUS_OK; i++) {
		rows[i].kind = kind;
		status = read_row(arena, schema, sheet, columns, &sheet->rows[i], &rows[i], err);
		if (status == STATUS_OK) {
			status = check_twice(rows, i, err);
		}
	}
	*out = rows;
	*count = sheet->row_count;
	return status;
}

/* ---- changes ---- */

/* The verb that moves a record to a state, or NULL. */
static const char *verb_to(const struct kind *kind, const msgpack_object *state)
{
	for (size_t i = 0; i < kind->transition_count; i++) {
		if (codec_text_is(state, kind->transitions[i].to)) {
			return kind->transitions[i].verb;
		}
	}
	return NULL;
}

/* A field that nobody edits has another value than the record. */
static enum status refuse_fixed(struct arena *arena, const struct import_row *row, const struct field *field,
				const msgpack_object *value, const char *is, struct error *err)
{
	size_t line = row->lines[field - row->kind->fields];
	const char *text = value_write(arena, field, value);
	const char *verb = strcmp(field->name, "state") == 0 ? verb_to(row->kind, value) : NULL;

	error_set(err, STATUS_INVALID, "%s line %zu, column %s: \"%.80s\" cannot be imported: %s %s",
		  row->file, line, field->name, text ? text : "", row->id[0] ? row->id : "a new record", is);
	if (verb) {
		return error_hint(err, "a verb moves it: safer %s %s %s", row->kind->name, verb,
				  row->id[0] ? row->id : "ID");
	}
	return error_hint(err, "only the server sets %s; leave the column out", field->name);
}

/* Checks a field of the mode "nobody": it may only say what is so already. */
static enum status check_fixed(struct arena *arena, const struct import_row *row, const struct field *field,
			       const msgpack_object *base, const msgpack_object *present, struct error *err)
{
	const msgpack_object *value = row->values[field - row->kind->fields];
	bool state = strcmp(field->name, "state") == 0;
	const char *text;
	const char *is;
	size_t length = 0;

	if (codec_is_nil(value) || (row->id[0] && (codec_same(value, codec_get(present, field->name)) ||
						   codec_same(value, codec_get(base, field->name))))) {
		return STATUS_OK;
	}
	if (!row->id[0] && state) {
		const char *first = words_next(row->kind->states, &length);
		struct span given;

		if (first && codec_text(value, &given) && given.length == length &&
		    memcmp(given.data, first, length) == 0) {
			return STATUS_OK;
		}
		is = first ? arena_printf(arena, "begins as %.*s", (int)length, first) : "has no state";
	} else if (!row->id[0]) {
		is = arena_printf(arena, "has no %s yet", field->name);
	} else {
		text = value_write(arena, field, codec_get(present, field->name));
		is = text ? arena_printf(arena, "%s \"%.80s\"", state ? "is" : "has", text) : NULL;
	}
	return is ? refuse_fixed(arena, row, field, value, is, err) : error_memory(err);
}

enum status import_compare(struct arena *arena, const struct import_row *row, const msgpack_object *base,
			   const msgpack_object *present, struct changeset_field **out, size_t *count,
			   struct error *err)
{
	struct changeset_field *fields = arena_array(arena, row->kind->field_count + 1, sizeof(*fields));
	enum status status = fields ? STATUS_OK : error_memory(err);
	size_t used = 0;

	for (size_t i = 0; i < row->kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &row->kind->fields[i];
		const msgpack_object *value = row->values[i];

		if (row->lines[i] == 0) {
			continue;
		}
		if (strcmp(field->edit, "nobody") == 0) {
			status = check_fixed(arena, row, field, base, present, err);
			continue;
		}
		if (codec_same(value, codec_get(base, field->name)) ||
		    codec_same(value, codec_get(present, field->name))) {
			continue;
		}
		if (codec_is_nil(value) && field->required) {
			status = error_set(
				err, STATUS_INVALID,
				"%s line %zu, column %s: the cell is empty, and the field cannot be",
				row->file, row->lines[i], field->name);
			continue;
		}
		fields[used++] = (struct changeset_field){field->name, value};
	}
	*out = fields;
	*count = used;
	return status;
}
