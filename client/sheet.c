/* CSV in and out, by libcsv. The file is fed to it line by line, since it does not count lines itself. */
#include "client/sheet.h"

#include "common/text.h"

#include <ctype.h>
#include <csv.h>
#include <string.h>

#define COLUMNS_MAX 1000

struct reading {
	struct arena *arena;
	struct sheet *sheet;
	struct error *err;
	size_t line;      /* being fed */
	size_t cell_line; /* on which the cell began that is being read */
	size_t row_line;  /* and its row */
	struct sheet_cell *cells;
	size_t cell_count, cell_room;
	size_t row_room;
	enum status status;
};

static void refuse_bytes(struct reading *reading)
{
	reading->status =
		error_set(reading->err, STATUS_INVALID,
			  "%s line %zu: there are bytes that are not UTF-8 text, or control characters",
			  reading->sheet->name, reading->cell_line);
	(void)error_hint(reading->err, "save the file as \"CSV UTF-8\"");
}

/* Text without the carriage returns of Windows' line ends. */
static char *copy_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_text(arena, text, length);
	size_t kept = 0;

	for (size_t i = 0; copy && i < length; i++) {
		if (copy[i] != '\r' || i + 1 == length || copy[i + 1] != '\n') {
			copy[kept++] = copy[i];
		}
	}
	if (copy) {
		copy[kept] = 0;
	}
	return copy;
}

static void on_cell(void *text, size_t length, void *payload)
{
	struct reading *reading = payload;
	struct sheet_cell *cell;
	char *copy;

	if (reading->status != STATUS_OK) {
		return;
	}
	if (reading->cell_count == reading->cell_room) {
		size_t room = reading->cell_room ? reading->cell_room * 2 : 32;
		struct sheet_cell *grown = arena_array(reading->arena, room, sizeof(*grown));

		if (!grown) {
			reading->status = error_memory(reading->err);
			return;
		}
		if (reading->cell_count > 0) {
			memcpy(grown, reading->cells, reading->cell_count * sizeof(*grown));
		}
		reading->cells = grown;
		reading->cell_room = room;
	}
	copy = copy_text(reading->arena, text ? text : "", length);
	if (!copy) {
		reading->status = error_memory(reading->err);
		return;
	}
	if ((length > 0 && memchr(text, 0, length)) || !text_is_clean(copy, strlen(copy), true)) {
		refuse_bytes(reading);
		return;
	}
	cell = &reading->cells[reading->cell_count++];
	*cell = (struct sheet_cell){copy, reading->cell_line};
	reading->cell_line = reading->line; /* the next one begins after the comma, on the line being fed */
}

/* "Lead officer" is the column lead_officer. */
static const char *column_name(struct arena *arena, const char *text)
{
	char *name = arena_text(arena, text, strlen(text));
	size_t length = name ? strlen(name) : 0;

	while (length > 0 && name[length - 1] == ' ') {
		name[--length] = 0;
	}
	while (name && *name == ' ') {
		name++;
	}
	for (char *letter = name; letter && *letter; letter++) {
		*letter = *letter == ' ' || *letter == '-' ? '_' : (char)tolower((unsigned char)*letter);
	}
	return name;
}

static void take_heading(struct reading *reading)
{
	struct sheet *sheet = reading->sheet;

	sheet->columns = arena_array(reading->arena, reading->cell_count, sizeof(*sheet->columns));
	if (!sheet->columns) {
		reading->status = error_memory(reading->err);
		return;
	}
	if (reading->cell_count > COLUMNS_MAX) {
		reading->status =
			error_set(reading->err, STATUS_INVALID, "%s has %zu columns, more than any kind has",
				  sheet->name, reading->cell_count);
		return;
	}
	for (size_t i = 0; i < reading->cell_count; i++) {
		const char *name = column_name(reading->arena, reading->cells[i].text);

		if (!name) {
			reading->status = error_memory(reading->err);
			return;
		}
		if (!*name) {
			reading->status =
				error_set(reading->err, STATUS_INVALID, "%s line %zu: column %zu has no name",
					  sheet->name, reading->row_line, i + 1);
			(void)error_hint(reading->err, "the first line of the file names the columns");
			return;
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(sheet->columns[k], name) == 0) {
				reading->status = error_set(reading->err, STATUS_INVALID,
							    "%s line %zu: the column %s is there twice",
							    sheet->name, reading->row_line, name);
				return;
			}
		}
		sheet->columns[i] = name;
	}
	sheet->column_count = reading->cell_count;
	if (sheet->column_count == 1 && sheet->columns[0][strcspn(sheet->columns[0], ";\t")]) {
		reading->status = error_set(reading->err, STATUS_INVALID,
					    "%s line %zu: the columns are not parted by commas", sheet->name,
					    reading->row_line);
		(void)error_hint(reading->err, "save the file with commas between the cells");
	}
}

static void take_row(struct reading *reading)
{
	struct sheet *sheet = reading->sheet;
	bool empty = true;

	for (size_t i = 0; i < reading->cell_count; i++) {
		empty = empty && reading->cells[i].text[0] == 0;
	}
	if (empty) {
		return;
	}
	if (reading->cell_count != sheet->column_count) {
		reading->status = error_set(reading->err, STATUS_INVALID,
					    "%s line %zu: the row has %zu cell%s, the heading has %zu",
					    sheet->name, reading->row_line, reading->cell_count,
					    reading->cell_count == 1 ? "" : "s", sheet->column_count);
		(void)error_hint(reading->err,
				 "a cell with a comma, a quote or a line break in it stands in quotes");
		return;
	}
	if (sheet->row_count == reading->row_room) {
		size_t room = reading->row_room ? reading->row_room * 2 : 64;
		struct sheet_row *grown = arena_array(reading->arena, room, sizeof(*grown));

		if (!grown) {
			reading->status = error_memory(reading->err);
			return;
		}
		if (sheet->row_count > 0) {
			memcpy(grown, sheet->rows, sheet->row_count * sizeof(*grown));
		}
		sheet->rows = grown;
		reading->row_room = room;
	}
	sheet->rows[sheet->row_count++] = (struct sheet_row){reading->row_line, reading->cells};
	reading->cells = NULL;
	reading->cell_room = 0;
}

static void on_row(int end, void *payload)
{
	struct reading *reading = payload;

	(void)end;
	if (reading->status == STATUS_OK && reading->cell_count > 0) {
		(reading->sheet->columns ? take_row : take_heading)(reading);
	}
	reading->cell_count = 0;
	reading->cell_line = reading->row_line = reading->line + 1;
}

static void explain(struct reading *reading, const struct csv_parser *parser, bool at_end)
{
	if (reading->status != STATUS_OK) {
		return;
	}
	if (parser->status != CSV_EPARSE) {
		reading->status = error_memory(reading->err);
	} else if (at_end) {
		reading->status = error_set(reading->err, STATUS_INVALID,
					    "%s line %zu: a quote is opened and never closed",
					    reading->sheet->name, reading->cell_line);
	} else {
		reading->status = error_set(reading->err, STATUS_INVALID,
					    "%s line %zu: there is a quote in the middle of a cell",
					    reading->sheet->name, reading->line);
		(void)error_hint(reading->err,
				 "put the whole cell in quotes, and write each quote in it twice");
	}
}

enum status sheet_read(struct arena *arena, const char *name, struct span bytes, struct sheet *out,
		       struct error *err)
{
	static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
	struct reading reading = {.arena = arena, .sheet = out, .err = err, .cell_line = 1, .row_line = 1};
	struct csv_parser parser;

	*out = (struct sheet){.name = name};
	if (bytes.length >= sizeof(mark) && memcmp(bytes.data, mark, sizeof(mark)) == 0) {
		bytes.data += sizeof(mark);
		bytes.length -= sizeof(mark);
	}
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
		return error_memory(err);
	}
	while (bytes.length > 0 && reading.status == STATUS_OK) {
		const uint8_t *end = memchr(bytes.data, '\n', bytes.length);
		size_t length = end ? (size_t)(end - bytes.data) + 1 : bytes.length;

		reading.line++;
		if (parser.pstate == 0) { /* between rows: a line may be empty */
			reading.row_line = reading.cell_line = reading.line;
		}
		if (csv_parse(&parser, bytes.data, length, on_cell, on_row, &reading) != length) {
			explain(&reading, &parser, false);
		}
		bytes.data += length;
		bytes.length -= length;
	}
	if (reading.status == STATUS_OK && csv_fini(&parser, on_cell, on_row, &reading) != 0) {
		explain(&reading, &parser, true);
	}
	csv_free(&parser);
	if (reading.status == STATUS_OK && !out->columns) {
		reading.status = error_set(err, STATUS_INVALID, "%s is empty", name);
		(void)error_hint(err, "the first line names the columns; \"safer export\" makes such files");
	}
	return reading.status;
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t';
}

void sheet_put_row(struct buffer *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *cell = cells[i] ? cells[i] : "";
		size_t length = strlen(cell);
		uint8_t *room;

		buffer_append_text(out, i > 0 ? "," : "");
		if (!cell[strcspn(cell, ",\"\r\n")] &&
		    (length == 0 || (!is_blank(cell[0]) && !is_blank(cell[length - 1])))) {
			buffer_append(out, cell, length);
			continue;
		}
		room = buffer_reserve(out, 2 * length + 2);
		if (room) {
			out->length += csv_write(room, 2 * length + 2, cell, length);
		}
	}
	buffer_append_text(out, "\n");
}
