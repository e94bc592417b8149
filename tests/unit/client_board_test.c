/* The board as lines: what it says of the plan without any colour, and that no line is wider than the terminal. */
#include "tests/unit/rows.h"

#include "client/board.h"
#include "common/text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static const struct board_item items[] = {
	{"P1", "Violence in town centres", NULL, "adopted", "", "", "Strategic Board", "2014-06-02 10:00",
	 "Ann"},
	{"P2", "Rural crime", NULL, "draft", "", "", "Strategic Board", "", ""},
	{"A1", "Taxi marshals at the station", "P1", "open", "at-risk", "2014-06-30", "Police authority",
	 "2014-07-01 14:02", "Paul Police, member of Operational Group"},
	{"A2", "Street lighting", "P1", "open", "on-track", "2014-12-31", "Council authority",
	 "2014-06-02 09:00", "Colin Council"},
	{"A3", "Farm watch", "P2", "open", "off-track", "2014-07-01", "Police authority", "", ""},
	{"A4", "Old work", "P2", "closed", "complete", "2014-01-31", "Police authority", "", ""},
	{"A5", "Of a hidden priority", "P9", "open", "not-started", "", "Police authority", "", ""},
};

static const struct board_editor editors[] = {
	{"A2", "Debra Tedds (Warwickshire Police)", "2014-07-01 10:42"},
};

struct wall {
	struct arena *arena;
	struct board_facts facts;
	struct board_look look;
	struct board_lines lines;
};

static int setup(void **state)
{
	struct wall *wall = calloc(1, sizeof(*wall));

	assert_non_null(wall);
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	wall->arena = arena_new();
	assert_non_null(wall->arena);
	wall->facts = (struct board_facts){.partnership = "South Warwickshire Community Safety Partnership",
					   .today = "2014-07-01",
					   .link = "live",
					   .entry = 1042,
					   .items = items,
					   .item_count = sizeof(items) / sizeof(items[0]),
					   .editors = editors,
					   .editor_count = 1};
	wall->look = (struct board_look){.columns = 80, .utf8 = true, .filter = ""};
	*state = wall;
	return 0;
}

static int teardown(void **state)
{
	struct wall *wall = *state;

	arena_free(wall->arena);
	free(wall);
	return 0;
}

static void body(struct wall *wall)
{
	struct error err = ERROR_INIT;

	assert_int_equal(board_body(wall->arena, &wall->facts, &wall->look, &wall->lines, &err), STATUS_OK);
	for (size_t i = 0; i < wall->lines.count; i++) {
		const char *text = wall->lines.lines[i].text;

		assert_true(text_columns(text, strlen(text)) <= wall->look.columns);
	}
}

/* The number of the line that has it; fails the test when none has. */
static size_t line_with(const struct wall *wall, const char *text)
{
	for (size_t i = 0; i < wall->lines.count; i++) {
		if (strstr(wall->lines.lines[i].text, text)) {
			return i;
		}
	}
	fail_msg("no line has \"%s\"", text);
	return 0;
}

static bool shows(const struct wall *wall, const char *text)
{
	for (size_t i = 0; i < wall->lines.count; i++) {
		if (strstr(wall->lines.lines[i].text, text)) {
			return true;
		}
	}
	return false;
}

static const char *text_at(const struct wall *wall, size_t line)
{
	return wall->lines.lines[line].text;
}

static void actions_stand_under_their_priorities(void **state)
{
	struct wall *wall = *state;

	body(wall);
	assert_true(line_with(wall, "P1") < line_with(wall, "Taxi marshals"));
	assert_true(line_with(wall, "Street lighting") < line_with(wall, "P2"));
	assert_true(line_with(wall, "P2") < line_with(wall, "Farm watch"));
	assert_true(line_with(wall, "Of no priority that is shown") <
		    line_with(wall, "Of a hidden priority"));
	assert_string_equal(wall->lines.lines[line_with(wall, "Taxi marshals")].id, "A1");
	assert_true(wall->lines.lines[line_with(wall, "P1")].strong);
}

static void how_an_action_stands_is_a_letter_and_words(void **state)
{
	struct wall *wall = *state;

	body(wall);
	assert_non_null(strstr(text_at(wall, line_with(wall, "Taxi marshals")), "A at risk"));
	assert_non_null(strstr(text_at(wall, line_with(wall, "Street lighting")), "G on track"));
	assert_non_null(strstr(text_at(wall, line_with(wall, "Farm watch")), "R off track"));
	assert_non_null(strstr(text_at(wall, line_with(wall, "Old work")), "x closed"));
	assert_non_null(strstr(text_at(wall, line_with(wall, "Of a hidden")), "- not started"));
}

static void what_is_late_says_so_and_nothing_that_is_done_or_due_today(void **state)
{
	struct wall *wall = *state;

	body(wall);
	assert_non_null(strstr(text_at(wall, line_with(wall, "Taxi marshals")), "2014-06-30 overdue"));
	assert_null(strstr(text_at(wall, line_with(wall, "Farm watch")), "overdue"));
	assert_null(strstr(text_at(wall, line_with(wall, "Old work")), "overdue"));
	assert_null(strstr(text_at(wall, line_with(wall, "Street lighting")), "overdue"));
}

static void owner_and_last_change_stand_below(void **state)
{
	struct wall *wall = *state;
	size_t line;

	body(wall);
	line = line_with(wall, "Taxi marshals") + 1;
	assert_non_null(strstr(text_at(wall, line), "Police authority; changed 14:02 by Paul Police"));
	assert_null(strstr(text_at(wall, line), "member of"));
	assert_non_null(
		strstr(text_at(wall, line_with(wall, "Street lighting") + 1), "changed 2014-06-02 by Colin"));
	assert_string_equal(wall->lines.lines[line].id, "A1");
	assert_false(wall->lines.lines[line].head);
}

static void who_is_editing_stands_at_the_record(void **state)
{
	struct wall *wall = *state;
	size_t line;

	body(wall);
	line = line_with(wall, "> editing since 10:42: Debra Tedds (Warwickshire Police)");
	assert_int_equal(line, line_with(wall, "Street lighting") + 2);
}

static void a_wide_terminal_has_it_all_on_one_line(void **state)
{
	struct wall *wall = *state;
	size_t line;

	wall->look.columns = 140;
	body(wall);
	line = line_with(wall, "Taxi marshals");
	assert_non_null(strstr(text_at(wall, line), "Police authority"));
	assert_non_null(strstr(text_at(wall, line), "14:02 Paul Police"));
	assert_non_null(strstr(text_at(wall, line + 1), "Street lighting"));
}

static void a_priority_counts_its_lights(void **state)
{
	struct wall *wall = *state;

	body(wall);
	assert_non_null(strstr(text_at(wall, line_with(wall, " P1 ")), "G 1  A 1  R 0  1 overdue"));
	assert_non_null(strstr(text_at(wall, line_with(wall, " P2 ")), "G 0  A 0  R 1"));
}

static void the_header_says_where_when_and_whether_it_is_live(void **state)
{
	struct wall *wall = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(board_header(wall->arena, &wall->facts, &wall->look, &wall->lines, &err), STATUS_OK);
	assert_int_equal(wall->lines.count, 2);
	assert_non_null(strstr(text_at(wall, 0), "South Warwickshire"));
	assert_non_null(strstr(text_at(wall, 0), "2014-07-01  entry 1042  live"));
	assert_string_equal(text_at(wall, 1),
			    " 2 priorities, 5 actions: G 1  A 1  R 1  1 overdue; 1 being edited");
	wall->facts.link = "trying again";
	assert_int_equal(board_header(wall->arena, &wall->facts, &wall->look, &wall->lines, &err), STATUS_OK);
	assert_non_null(strstr(text_at(wall, 0), "trying again"));
	assert_true(text_columns(text_at(wall, 0), strlen(text_at(wall, 0))) <= 80);
}

static void a_filter_leaves_what_has_the_words_under_its_priority(void **state)
{
	struct wall *wall = *state;

	wall->look.filter = "TAXI";
	body(wall);
	assert_true(shows(wall, "P1"));
	assert_true(shows(wall, "Taxi marshals"));
	assert_false(shows(wall, "Street lighting"));
	assert_false(shows(wall, "P2"));
	wall->look.filter = "debra";
	body(wall);
	assert_true(shows(wall, "Street lighting"));
	assert_false(shows(wall, "Taxi"));
	wall->look.filter = "overdue";
	body(wall);
	assert_true(shows(wall, "Taxi"));
	assert_false(shows(wall, "Farm watch"));
	wall->look.filter = "rural"; /* a priority brings all of its actions */
	body(wall);
	assert_true(shows(wall, "Farm watch"));
	wall->look.filter = "nowhere";
	body(wall);
	assert_true(shows(wall, "Nothing here has that in it."));
}

static void a_plan_without_a_priority_says_so(void **state)
{
	struct wall *wall = *state;

	wall->facts.item_count = 0;
	body(wall);
	assert_true(shows(wall, "There is no priority yet that you may see."));
}

static void wide_letters_are_cut_by_the_columns_they_take(void **state)
{
	struct wall *wall = *state;
	const struct board_item item = items[2];
	struct board_item wide = item;

	wide.title = "\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6"
		     "\xe5\xaf\x9f"
		     "\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6"
		     "\xe5\xaf\x9f"
		     "\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6\xe5\xaf\x9f\xe8\xad\xa6"
		     "\xe5\xaf\x9f";
	wall->facts.items = &wide;
	wall->facts.item_count = 1;
	for (size_t columns = 80; columns < 140; columns++) {
		wall->look.columns = columns;
		body(wall);
		assert_true(shows(wall, "A at risk"));
		assert_true(shows(wall, "overdue"));
	}
}

static void no_control_character_and_no_turned_text_reaches_the_terminal(void **state)
{
	struct wall *wall = *state;

	assert_string_equal(board_clean(wall->arena, &wall->look,
					"a\033[31mb\007c\x7f"
					"d\ne\tf"),
			    "a?[31mb?c?d e f");
	assert_string_equal(board_clean(wall->arena, &wall->look,
					"a\xe2\x80\xae"
					"b\xc2\x9b"
					"c"),
			    "a?b?c");
	assert_string_equal(board_clean(wall->arena, &wall->look,
					"a\xff\xc3"
					"b\xc3"),
			    "a??b?");
	assert_string_equal(board_clean(wall->arena, &wall->look, "caf\xc3\xa9"), "caf\xc3\xa9");
	wall->look.utf8 = false;
	assert_string_equal(board_clean(wall->arena, &wall->look, "caf\xc3\xa9"), "caf?");
}

static void one_record_is_names_and_wrapped_values(void **state)
{
	struct wall *wall = *state;
	struct error err = ERROR_INIT;
	const struct board_pair pairs[] = {
		{"due", "2014-06-30"},
		{"description",
		 "One two three four five six seven eight nine ten eleven twelve thirteen fourteen "
		 "fifteen sixteen seventeen\nand a new line"},
		{"empty", ""},
	};

	assert_int_equal(
		board_detail(wall->arena, " A1  Taxi marshals", pairs, 3, &wall->look, &wall->lines, &err),
		STATUS_OK);
	assert_string_equal(text_at(wall, 0), " A1  Taxi marshals");
	assert_string_equal(text_at(wall, 2), " due           2014-06-30");
	assert_true(shows(wall, "               and a new line"));
	for (size_t i = 0; i < wall->lines.count; i++) {
		assert_true(text_columns(text_at(wall, i), strlen(text_at(wall, i))) <= 80);
	}
}

#define WALL(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WALL(actions_stand_under_their_priorities),
		WALL(how_an_action_stands_is_a_letter_and_words),
		WALL(what_is_late_says_so_and_nothing_that_is_done_or_due_today),
		WALL(owner_and_last_change_stand_below),
		WALL(who_is_editing_stands_at_the_record),
		WALL(a_wide_terminal_has_it_all_on_one_line),
		WALL(a_priority_counts_its_lights),
		WALL(the_header_says_where_when_and_whether_it_is_live),
		WALL(a_filter_leaves_what_has_the_words_under_its_priority),
		WALL(a_plan_without_a_priority_says_so),
		WALL(wide_letters_are_cut_by_the_columns_they_take),
		WALL(no_control_character_and_no_turned_text_reaches_the_terminal),
		WALL(one_record_is_names_and_wrapped_values),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
