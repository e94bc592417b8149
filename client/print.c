/* Grids on paper. libsmartcols aligns, libcsv quotes; what is cut short is decided here, so that a cut shows. */
#include "client/print.h"

#include "common/text.h"

#include <csv.h>
#include <ctype.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#define GAP         2 /* columns between two columns */
#define ELASTIC_MIN 10

struct grid {
	struct arena *arena;
	const struct grid_column *columns;
	size_t column_count;
	const char **cells; /* rows one after another */
	size_t row_count;
	size_t room; /* rows */
};

struct grid *grid_new(struct arena *arena, const struct grid_column *columns, size_t count)
{
	struct grid *grid = arena_alloc(arena, sizeof(*grid));

	if (grid) {
		*grid = (struct grid){.arena = arena, .columns = columns, .column_count = count};
	}
	return grid;
}

enum status grid_add(struct grid *grid, const char *const *cells, struct error *err)
{
	const char **row;

	if (grid->row_count == grid->room) {
		size_t room = grid->room ? grid->room * 2 : 16;
		const char **grown = arena_array(grid->arena, room * grid->column_count, sizeof(*grown));

		if (!grown) {
			return error_memory(err);
		}
		if (grid->row_count > 0) {
			memcpy(grown, grid->cells, grid->row_count * grid->column_count * sizeof(*grown));
		}
		grid->cells = grown;
		grid->room = room;
	}
	row = grid->cells + grid->row_count * grid->column_count;
	for (size_t i = 0; i < grid->column_count; i++) {
		row[i] = cells[i] ? cells[i] : "";
	}
	grid->row_count++;
	return STATUS_OK;
}

size_t grid_rows(const struct grid *grid)
{
	return grid->row_count;
}

static size_t character_bytes(const char *text)
{
	size_t length = 1;

	while (((unsigned char)text[length] & 0xc0) == 0x80) {
		length++;
	}
	return length;
}

char *print_cut(struct arena *arena, const struct output *output, const char *text, size_t columns)
{
	const char *sign = output->utf8 ? "\xe2\x80\xa6" : "...";
	size_t sign_columns = output->utf8 ? 1 : 3;
	size_t whole = strlen(text);
	size_t used = 0;
	size_t at = 0;
	char *line = arena_text(arena, text, whole);

	if (!line) {
		return NULL;
	}
	for (char *letter = line; *letter; letter++) {
		if (*letter == '\n' || *letter == '\t') {
			*letter = ' ';
		}
	}
	if (text_columns(line, whole) <= columns) {
		return line;
	}
	if (columns < sign_columns) {
		line[0] = 0;
		return line;
	}
	while (line[at]) {
		size_t bytes = character_bytes(line + at);
		size_t width = text_columns(line + at, bytes);

		if (used + width > columns - sign_columns) {
			break;
		}
		used += width;
		at += bytes;
	}
	while (at > 0 && line[at - 1] == ' ') {
		at--;
	}
	line[at] = 0;
	return arena_printf(arena, "%s%s", line, sign);
}

static char *heading(struct arena *arena, const char *name)
{
	char *text = arena_text(arena, name, strlen(name));

	for (char *letter = text; letter && *letter; letter++) {
		*letter = *letter == '_' ? ' ' : (char)toupper((unsigned char)*letter);
	}
	return text;
}

/* Columns that a cell takes on one line, where each line feed and tab is a blank. */
static size_t cell_columns(const char *cell)
{
	size_t width = text_columns(cell, strlen(cell));

	for (; *cell; cell++) {
		width += *cell == '\n' || *cell == '\t' ? 1 : 0;
	}
	return width;
}

/* How wide each column may be. Elastic columns give way, the widest first, until all fits or none can give more. */
static void fit(const struct grid *grid, const struct output *output, size_t *widths)
{
	size_t total = 0;

	for (size_t c = 0; c < grid->column_count; c++) {
		widths[c] = strlen(grid->columns[c].name);
		for (size_t r = 0; r < grid->row_count; r++) {
			size_t width = cell_columns(grid->cells[r * grid->column_count + c]);

			widths[c] = width > widths[c] ? width : widths[c];
		}
		total += widths[c] + (c > 0 ? GAP : 0);
	}
	while (output->columns > 0 && total > output->columns) {
		size_t widest = grid->column_count;

		for (size_t c = 0; c < grid->column_count; c++) {
			if (grid->columns[c].elastic && widths[c] > ELASTIC_MIN &&
			    widths[c] > strlen(grid->columns[c].name) &&
			    (widest == grid->column_count || widths[c] > widths[widest])) {
				widest = c;
			}
		}
		if (widest == grid->column_count) {
			break;
		}
		widths[widest]--;
		total--;
	}
}

static enum status fill_table(const struct grid *grid, struct output *output, struct libscols_table *table,
			      struct error *err)
{
	size_t *widths = arena_array(grid->arena, grid->column_count, sizeof(*widths));

	if (!widths) {
		return error_memory(err);
	}
	fit(grid, output, widths);
	for (size_t c = 0; c < grid->column_count; c++) {
		char *name = heading(grid->arena, grid->columns[c].name);

		if (!name ||
		    !scols_table_new_column(table, name, 0, grid->columns[c].right ? SCOLS_FL_RIGHT : 0)) {
			return error_memory(err);
		}
	}
	for (size_t r = 0; r < grid->row_count; r++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t c = 0; line && c < grid->column_count; c++) {
			char *cell = print_cut(grid->arena, output, grid->cells[r * grid->column_count + c],
					       widths[c]);

			if (!cell || scols_line_set_data(line, c, cell) != 0) {
				line = NULL;
			}
		}
		if (!line) {
			return error_memory(err);
		}
	}
	return STATUS_OK;
}

/* Prints without the blanks that smartcols leaves at the end of lines. */
static void put_trimmed(struct output *output, const char *text)
{
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, "\n");
		size_t end = length;

		while (end > 0 && text[end - 1] == ' ') {
			end--;
		}
		(void)fprintf(output->file, "%s%.*s%s\n", first ? output_bold(output) : "", (int)end, text,
			      first ? output_plain(output) : "");
		first = false;
		text += length + (text[length] == '\n');
	}
}

static enum status print_table(const struct grid *grid, struct output *output, struct error *err)
{
	enum status status = STATUS_OK;
	struct libscols_table *table = NULL;
	char *text = NULL;

	if (grid->row_count == 0) {
		return STATUS_OK;
	}
	table = scols_new_table();
	if (!table || scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER) != 0 ||
	    scols_table_set_column_separator(table, "  ") != 0 ||
	    scols_table_enable_noencoding(table, 1) != 0) {
		status = error_memory(err);
		goto out;
	}
	status = fill_table(grid, output, table, err);
	if (status == STATUS_OK && scols_print_table_to_string(table, &text) != 0) {
		status = error_memory(err);
	}
	if (status == STATUS_OK) {
		put_trimmed(output, text);
	}
out:
	free(text);
	scols_unref_table(table);
	return status;
}

static void print_csv(const struct grid *grid, FILE *file)
{
	for (size_t c = 0; c < grid->column_count; c++) {
		(void)fprintf(file, "%s%s", c > 0 ? "," : "", grid->columns[c].name);
	}
	(void)fputc('\n', file);
	for (size_t r = 0; r < grid->row_count; r++) {
		for (size_t c = 0; c < grid->column_count; c++) {
			const char *cell = grid->cells[r * grid->column_count + c];

			if (c > 0) {
				(void)fputc(',', file);
			}
			/* Quotes where they are needed only: numbers stay numbers for every reader. */
			if (cell[strcspn(cell, ",\"\r\n")] || cell[0] == ' ' ||
			    (cell[0] && cell[strlen(cell) - 1] == ' ')) {
				(void)csv_fwrite(file, cell, strlen(cell));
			} else {
				(void)fputs(cell, file);
			}
		}
		(void)fputc('\n', file);
	}
}

/* One line a row whatever is in it: line feeds, tabs and backslashes are written \n, \t and \\. */
static void print_plain(const struct grid *grid, FILE *file)
{
	for (size_t r = 0; r < grid->row_count; r++) {
		for (size_t c = 0; c < grid->column_count; c++) {
			if (c > 0) {
				(void)fputc('\t', file);
			}
			for (const char *at = grid->cells[r * grid->column_count + c]; *at; at++) {
				const char *escaped = *at == '\n'   ? "\\n"
						      : *at == '\t' ? "\\t"
						      : *at == '\\' ? "\\\\"
								    : NULL;

				if (escaped) {
					(void)fputs(escaped, file);
				} else {
					(void)fputc(*at, file);
				}
			}
		}
		(void)fputc('\n', file);
	}
}

enum status grid_print(const struct grid *grid, struct output *output, struct error *err)
{
	switch (output->mode) {
	case OUTPUT_CSV:
		print_csv(grid, output->file);
		return STATUS_OK;
	case OUTPUT_PLAIN:
		print_plain(grid, output->file);
		return STATUS_OK;
	case OUTPUT_TABLE:
	case OUTPUT_JSON:
		break;
	}
	return print_table(grid, output, err);
}

void print_wrapped(struct output *output, const char *text, size_t indent)
{
	size_t width = output->columns > indent + 20 ? output->columns - indent : 80;

	for (bool first = true; first || *text; first = false) {
		size_t line = strcspn(text, "\n"); /* a line of the text */
		size_t at = 0;                     /* bytes that fit */
		size_t used = 0;
		size_t space = 0; /* the last place to break, 0: none */

		while (at < line && (output->columns == 0 || used < width)) {
			size_t bytes = character_bytes(text + at);

			used += text_columns(text + at, bytes);
			if (output->columns > 0 && used > width) {
				break;
			}
			if (text[at] == ' ') {
				space = at;
			}
			at += bytes;
		}
		if (at < line && text[at] != ' ' && space > 0) {
			at = space;
		}
		(void)fprintf(output->file, "%*s%.*s\n", first ? 0 : (int)indent, "", (int)at, text);
		text += at;
		if (*text == ' ' && at < line) {
			text += strspn(text, " ");
		} else if (*text == '\n') {
			text++;
		}
	}
}

enum status grid_print_list(struct arena *arena, struct output *output, const msgpack_object *list,
			    const struct grid_column *columns, size_t count, struct error *err)
{
	struct grid *grid = grid_new(arena, columns, count);
	const char **cells = arena_array(arena, count, sizeof(*cells));
	size_t rows = list != NULL && list->type == MSGPACK_OBJECT_ARRAY ? list->via.array.size : 0;
	enum status status = grid != NULL && cells != NULL ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < rows && status == STATUS_OK; i++) {
		for (size_t c = 0; c < count; c++) {
			cells[c] = codec_get_string(arena, &list->via.array.ptr[i], columns[c].name);
		}
		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, output, err) : status;
}
