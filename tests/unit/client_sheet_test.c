/* CSV files: what is read, on which line each cell begins, and what is refused in which words. */
#include "client/sheet.h"
#include "tests/unit/rows.h"

struct sheet_row_test {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	const char *read;    /* "column,column;LINE:cell,LINE:cell;..." or NULL */
	const char *message; /* of the refusal */
	const char *hint;    /* a part of it; NULL: any */
};

static const struct sheet_row_test sheet_rows[] = {
	{"a heading and a row", BYTES("a,b\n1,2\n"), "a,b;2:1,2:2;", NULL, NULL},
	{"no line feed at the end", BYTES("a,b\n1,2"), "a,b;2:1,2:2;", NULL, NULL},
	{"Windows' line ends", BYTES("a,b\r\n1,2\r\n3,4\r\n"), "a,b;2:1,2:2;3:3,3:4;", NULL, NULL},
	{"a byte order mark",
	 BYTES("\xef\xbb\xbf"
	       "a\n1\n"),
	 "a;2:1;", NULL, NULL},
	{"a heading alone", BYTES("a,b\n"), "a,b;", NULL, NULL},
	{"commas and quotes in quotes", BYTES("a\n\"x, \"\"y\"\"\"\n"), "a;2:x, \"y\";", NULL, NULL},
	{"a cell over several lines, and the line after it", BYTES("a,b\n\"x\ny\",2\n3,4\n"),
	 "a,b;2:x\ny,3:2;4:3,4:4;", NULL, NULL},
	{"Windows' line ends within a cell", BYTES("a\n\"x\r\ny\"\n"), "a;2:x\ny;", NULL, NULL},
	{"empty lines do not count as rows, but as lines", BYTES("a\n\n\n1\n"), "a;4:1;", NULL, NULL},
	{"rows without anything in them are passed over", BYTES("a,b\n,\n1,\n,\"\"\n"), "a,b;3:1,3:;", NULL,
	 NULL},
	{"names of columns in any case, with spaces or hyphens", BYTES("Lead officer , Due-date\n1,2\n"),
	 "lead_officer,due_date;2:1,2:2;", NULL, NULL},
	{"UTF-8",
	 BYTES("a\n\xc2\xa3"
	       "5\n"),
	 "a;2:\xc2\xa3"
	 "5;",
	 NULL, NULL},
	{"nothing at all is refused", BYTES(""), NULL, "f.csv is empty", "names the columns"},
	{"empty lines alone are refused", BYTES("\n\n"), NULL, "f.csv is empty", NULL},
	{"a row that is too long", BYTES("a,b\n1,2\n1,2,3\n"), NULL,
	 "f.csv line 3: the row has 3 cells, the heading has 2", "in quotes"},
	{"a row that is too short", BYTES("a,b\n1\n"), NULL,
	 "f.csv line 2: the row has 1 cell, the heading has 2", NULL},
	{"a column without a name", BYTES("a,,c\n"), NULL, "f.csv line 1: column 2 has no name", NULL},
	{"a column that is there twice", BYTES("a,b,A\n"), NULL, "f.csv line 1: the column a is there twice",
	 NULL},
	{"a quote that is never closed", BYTES("a\n1\n\"2\n3\n"), NULL,
	 "f.csv line 3: a quote is opened and never closed", NULL},
	{"a quote in the middle of a cell", BYTES("a\n1\nx\"y\n"), NULL,
	 "f.csv line 3: there is a quote in the middle of a cell", "twice"},
	{"semicolons in place of commas", BYTES("a;b\n1;2\n"), NULL,
	 "f.csv line 1: the columns are not parted by commas", NULL},
	{"bytes that are not UTF-8", BYTES("a\n1\nx\xff\n"), NULL,
	 "f.csv line 3: there are bytes that are not UTF-8 text, or control characters", "CSV UTF-8"},
	{"UTF-8 that is cut short", BYTES("a\nx\xc3\n"), NULL,
	 "f.csv line 2: there are bytes that are not UTF-8 text, or control characters", NULL},
	{"a NUL", BYTES("a\nx\0y\n"), NULL,
	 "f.csv line 2: there are bytes that are not UTF-8 text, or control characters", NULL},
	{"an escape", BYTES("a\nx\x1b[0m\n"), NULL,
	 "f.csv line 2: there are bytes that are not UTF-8 text, or control characters", NULL},
};

static const char *told(struct arena *arena, const struct sheet *sheet)
{
	const char *text = "";

	for (size_t c = 0; c < sheet->column_count; c++) {
		text = arena_printf(arena, "%s%s%s", text, c > 0 ? "," : "", sheet->columns[c]);
	}
	text = arena_printf(arena, "%s;", text);
	for (size_t r = 0; r < sheet->row_count; r++) {
		for (size_t c = 0; c < sheet->column_count; c++) {
			const struct sheet_cell *cell = &sheet->rows[r].cells[c];

			text = arena_printf(arena, "%s%s%zu:%s", text, c > 0 ? "," : "", cell->line,
					    cell->text);
		}
		text = arena_printf(arena, "%s;", text);
	}
	return text;
}

static void reads(void **state)
{
	const struct sheet_row_test *row = *state;
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct sheet sheet;
	enum status status = sheet_read(arena, "f.csv", (struct span){row->bytes, row->length}, &sheet, &err);

	if (row->read) {
		assert_string_equal(err.message, "");
		assert_int_equal(status, STATUS_OK);
		assert_string_equal(told(arena, &sheet), row->read);
	} else {
		assert_int_equal(status, STATUS_INVALID);
		assert_string_equal(err.message, row->message);
		assert_non_null(strstr(err.hint, row->hint ? row->hint : ""));
	}
	arena_free(arena);
}

static void what_is_written_is_read_back(void **state)
{
	static const char *const cells[] = {"plain",
					    "",
					    "a,b",
					    "say \"yes\"",
					    "two\nlines",
					    " spaces ",
					    "\"",
					    ",",
					    NULL,
					    "\xc2\xa3"
					    "5"};
	const size_t count = sizeof(cells) / sizeof(cells[0]);
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	struct arena *arena = arena_new();
	struct buffer out;
	struct sheet sheet;

	(void)state;
	buffer_init(&out, 65536);
	sheet_put_row(&out, names, count);
	sheet_put_row(&out, cells, count);
	assert_false(out.failed);
	assert_int_equal(sheet_read(arena, "f.csv", buffer_span(&out), &sheet, NULL), STATUS_OK);
	assert_int_equal(sheet.row_count, 1);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(sheet.rows[0].cells[i].text, cells[i] ? cells[i] : "");
	}
	buffer_release(&out);
	arena_free(arena);
}

static void quotes_stand_only_where_they_are_needed(void **state)
{
	static const char *const cells[] = {"1", "a b", "a,b"};
	struct buffer out;

	(void)state;
	buffer_init(&out, 64);
	sheet_put_row(&out, cells, 3);
	assert_string_equal(buffer_text(&out), "1,a b,\"a,b\"\n");
	buffer_release(&out);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, sheet_rows, reads);
	rows_add(&rows, "what is written is read back", what_is_written_is_read_back, NULL);
	rows_add(&rows, "quotes stand only where they are needed", quotes_stand_only_where_they_are_needed,
		 NULL);
	return rows_run(&rows, "sheet");
}
