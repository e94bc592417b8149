/* Grids on paper: aligned by the width of what is printed, cut to the terminal, quoted for CSV, one line a row in
 * plain output. */
#include "tests/unit/rows.h"

#include "client/print.h"
#include "common/text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define CELLS_MAX 3

struct paper {
	struct arena *arena;
	struct output output;
	char *text;
	size_t length;
};

static int setup(void **state)
{
	struct paper *paper = calloc(1, sizeof(*paper));

	assert_non_null(paper);
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	paper->arena = arena_new();
	paper->output = (struct output){.utf8 = true};
	paper->output.file = open_memstream(&paper->text, &paper->length);
	assert_non_null(paper->arena);
	assert_non_null(paper->output.file);
	*state = paper;
	return 0;
}

static int teardown(void **state)
{
	struct paper *paper = *state;

	(void)fclose(paper->output.file);
	free(paper->text);
	arena_free(paper->arena);
	free(paper);
	return 0;
}

static const struct grid_column columns[] = {
	{.name = "id"}, {.name = "lead_officer", .elastic = true}, {.name = "n", .right = true}};

static void print_rows(struct paper *paper, const char *const rows[][CELLS_MAX], size_t count)
{
	struct grid *grid = grid_new(paper->arena, columns, CELLS_MAX);

	assert_non_null(grid);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(grid_add(grid, rows[i], NULL), STATUS_OK);
	}
	assert_int_equal(grid_rows(grid), count);
	assert_int_equal(grid_print(grid, &paper->output, NULL), STATUS_OK);
	assert_int_equal(fflush(paper->output.file), 0);
}

static const char *const people[][CELLS_MAX] = {
	{"A1", "Si\xc3\xa2n", "5"},                   /* one column a letter, two bytes for one of them */
	{"A12", "\xe8\xad\xa6\xe5\xaf\x9f", "12.50"}, /* two columns a letter */
	{"A3", NULL, ""},
};

static void columns_are_aligned_by_what_a_terminal_shows(void **state)
{
	struct paper *paper = *state;

	print_rows(paper, people, 3);
	assert_string_equal(paper->text, "ID   LEAD OFFICER      N\n"
					 "A1   Si\xc3\xa2n              5\n"
					 "A12  \xe8\xad\xa6\xe5\xaf\x9f          12.50\n"
					 "A3\n");
}

static const char *const wordy[][CELLS_MAX] = {
	{"A1", "a title that is far too long for a narrow terminal", "1"},
	{"A2",
	 "\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f"
	 "\xe8\xad\xa6\xe5\xaf\x9f"
	 "\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f",
	 "2"},
};

static void a_narrow_terminal_gets_no_line_that_is_wider(void **state)
{
	struct paper *paper = *state;
	size_t lines = 0;

	paper->output.columns = 30;
	print_rows(paper, wordy, 2);
	for (const char *line = paper->text; *line; line += strcspn(line, "\n") + 1) {
		assert_true(text_columns(line, strcspn(line, "\n")) <= 30);
		lines++;
	}
	assert_int_equal(lines, 3);
}

static void a_cut_shows(void **state)
{
	struct paper *paper = *state;

	paper->output.columns = 30;
	print_rows(paper, wordy, 1);
	assert_non_null(strstr(paper->text, "a title that is far to\xe2\x80\xa6"));
}

static void a_cut_shows_in_ascii_where_the_terminal_knows_no_more(void **state)
{
	struct paper *paper = *state;

	paper->output.columns = 30;
	paper->output.utf8 = false;
	print_rows(paper, wordy, 1);
	assert_null(strstr(paper->text, "\xe2\x80\xa6"));
	assert_non_null(strstr(paper->text, "..."));
}

static void nothing_is_cut_where_there_is_no_terminal(void **state)
{
	struct paper *paper = *state;

	print_rows(paper, wordy, 1);
	assert_non_null(strstr(paper->text, "for a narrow terminal"));
}

static void a_table_keeps_each_row_on_its_line(void **state)
{
	struct paper *paper = *state;
	static const char *const rows[][CELLS_MAX] = {{"A1", "one\ntwo\tthree", "1"}};

	print_rows(paper, rows, 1);
	assert_non_null(strstr(paper->text, "one two three"));
}

static void a_table_without_rows_prints_nothing(void **state)
{
	struct paper *paper = *state;

	print_rows(paper, NULL, 0);
	assert_int_equal(paper->length, 0);
}

static void headings_are_bold_only_when_allowed(void **state)
{
	struct paper *paper = *state;

	print_rows(paper, people, 1);
	assert_null(strstr(paper->text, "\033"));
	paper->output.bold = true;
	print_rows(paper, people, 1);
	assert_non_null(strstr(paper->text, "\033[1mID"));
}

static void csv_has_a_heading_even_without_rows(void **state)
{
	struct paper *paper = *state;

	paper->output.mode = OUTPUT_CSV;
	print_rows(paper, NULL, 0);
	assert_string_equal(paper->text, "id,lead_officer,n\n");
}

struct cell_row {
	const char *name;
	const char *cell;
	const char *csv;
	const char *plain;
};

static const struct cell_row cell_rows[] = {
	{"a plain text stands as it is", "Debra Tedds", "Debra Tedds", "Debra Tedds"},
	{"a comma is quoted in CSV", "Tedds, Debra", "\"Tedds, Debra\"", "Tedds, Debra"},
	{"a quote is doubled in CSV", "the \"Supt\"", "\"the \"\"Supt\"\"\"", "the \"Supt\""},
	{"a line feed is quoted in CSV and escaped in plain", "one\ntwo", "\"one\ntwo\"", "one\\ntwo"},
	{"a tab is escaped in plain", "one\ttwo", "one\ttwo", "one\\ttwo"},
	{"a backslash is escaped in plain", "a\\n", "a\\n", "a\\\\n"},
	{"blanks at the ends are kept", " x ", "\" x \"", " x "},
	{"nothing stays nothing", "", "", ""},
};

static void cell(void **state)
{
	const struct cell_row *row = *state;
	struct arena *arena = arena_new();
	static const struct grid_column one[] = {{.name = "x"}};

	for (int plain = 0; plain < 2; plain++) {
		struct grid *grid = grid_new(arena, one, 1);
		struct output output = {.mode = plain ? OUTPUT_PLAIN : OUTPUT_CSV};
		char expected[64];
		char *text = NULL;
		size_t length = 0;

		output.file = open_memstream(&text, &length);
		assert_non_null(grid);
		assert_non_null(output.file);
		assert_int_equal(grid_add(grid, &row->cell, NULL), STATUS_OK);
		assert_int_equal(grid_print(grid, &output, NULL), STATUS_OK);
		assert_int_equal(fclose(output.file), 0);
		(void)snprintf(expected, sizeof(expected), plain ? "%s\n" : "x\n%s\n",
			       plain ? row->plain : row->csv);
		assert_string_equal(text, expected);
		free(text);
	}
	arena_free(arena);
}

static void a_long_text_is_broken_at_spaces(void **state)
{
	struct paper *paper = *state;

	paper->output.columns = 34;
	print_wrapped(&paper->output, "more lighting in the streets around the station\nand the park", 4);
	assert_int_equal(fflush(paper->output.file), 0);
	assert_string_equal(paper->text,
			    "more lighting in the streets\n    around the station\n    and the park\n");
}

static void a_word_longer_than_the_line_is_broken_where_it_must(void **state)
{
	struct paper *paper = *state;

	paper->output.columns = 30;
	print_wrapped(&paper->output, "abcdefghijklmnopqrstuvwxyz0123456789", 0);
	assert_int_equal(fflush(paper->output.file), 0);
	assert_string_equal(paper->text, "abcdefghijklmnopqrstuvwxyz0123\n456789\n");
}

#define PAPER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest tests[] = {
		PAPER(columns_are_aligned_by_what_a_terminal_shows),
		PAPER(a_narrow_terminal_gets_no_line_that_is_wider),
		PAPER(a_cut_shows),
		PAPER(a_cut_shows_in_ascii_where_the_terminal_knows_no_more),
		PAPER(nothing_is_cut_where_there_is_no_terminal),
		PAPER(a_table_keeps_each_row_on_its_line),
		PAPER(a_table_without_rows_prints_nothing),
		PAPER(headings_are_bold_only_when_allowed),
		PAPER(csv_has_a_heading_even_without_rows),
		PAPER(a_long_text_is_broken_at_spaces),
		PAPER(a_word_longer_than_the_line_is_broken_where_it_must),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rows_add_table(&rows, cell_rows, cell);
	return failed + rows_run(&rows, "cells");
}
