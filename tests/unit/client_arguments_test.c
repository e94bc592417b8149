/* The words of a command line, sorted: flags anywhere, pairs, and suggestions for what is mistyped. */
#include "tests/unit/rows.h"

#include "client/arguments.h"

#include <stdlib.h>

#define WORDS_MAX 8

struct fixture {
	struct arena *arena;
	struct arguments arguments;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->arena = arena_new();
	*state = fixture;
	return fixture->arena ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

/* Parses words that end with NULL. */
static enum status parse(struct fixture *fixture, const char *const *words)
{
	char *argv[WORDS_MAX + 2] = {arena_text(fixture->arena, "safer", 5)};
	int argc = 1;

	for (; words[argc - 1]; argc++) {
		assert_true(argc <= WORDS_MAX);
		argv[argc] = arena_text(fixture->arena, words[argc - 1], strlen(words[argc - 1]));
		assert_non_null(argv[argc]);
	}
	fixture->err = (struct error)ERROR_INIT;
	return arguments_parse(fixture->arena, argc, argv, &fixture->arguments, &fixture->err);
}

#define PARSE(fixture, ...) parse((fixture), (const char *const[]){__VA_ARGS__, NULL})

static void flags_may_stand_anywhere(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE(fixture, "--json", "action", "--limit", "5", "list", "--sort=-due"),
			 STATUS_OK);
	assert_int_equal(fixture->arguments.word_count, 2);
	assert_string_equal(fixture->arguments.words[0], "action");
	assert_string_equal(fixture->arguments.words[1], "list");
	assert_true(arguments_have(&fixture->arguments, FLAG_JSON));
	assert_string_equal(fixture->arguments.flags[FLAG_LIMIT], "5");
	assert_string_equal(fixture->arguments.flags[FLAG_SORT], "-due");
	assert_false(arguments_have(&fixture->arguments, FLAG_CSV));
}

static void two_dashes_end_the_flags(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE(fixture, "invite", "--", "--json"), STATUS_OK);
	assert_int_equal(fixture->arguments.word_count, 2);
	assert_string_equal(fixture->arguments.words[1], "--json");
	assert_false(arguments_have(&fixture->arguments, FLAG_JSON));
}

static void a_single_dash_is_a_name(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE(fixture, "enrol", "-"), STATUS_OK);
	assert_string_equal(fixture->arguments.words[1], "-");
}

static void both_spellings_of_colour_are_flags(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE(fixture, "--no-colour", "--no-color"), STATUS_OK);
	assert_true(arguments_have(&fixture->arguments, FLAG_NO_COLOUR));
	assert_true(arguments_have(&fixture->arguments, FLAG_NO_COLOR));
}

struct pair_row {
	const char *name;
	const char *word;
	const char *field; /* NULL: the word is no pair */
	const char *relation;
	const char *value;
};

static const struct pair_row pair_rows[] = {
	{"= sets or compares", "progress=60", "progress", "is", "60"},
	{"!= is read whole", "status!=complete", "status", "not", "complete"},
	{"< means less", "due<2015-04-01", "due", "less", "2015-04-01"},
	{"> means more", "progress>5", "progress", "more", "5"},
	{"<= is not taken for <", "progress<=5", "progress", "at-most", "5"},
	{">= is not taken for >", "progress>=5", "progress", "at-least", "5"},
	{"~ means contains", "title~lights", "title", "contains", "lights"},
	{"a value may hold signs", "text=a=b<c", "text", "is", "a=b<c"},
	{"a value may be empty", "due=", "due", "is", ""},
	{"a field's dashes are read as underlines", "lead-officer=PE2", "lead_officer", "is", "PE2"},
	{"a field may be typed in capitals", "Title=x", "title", "is", "x"},
	{"a value of several lines is kept", "text=one\ntwo", "text", "is", "one\ntwo"},
	{"an id is no pair", "A12", NULL, NULL, NULL},
	{"a sentence is no pair", "Debra Tedds = x", NULL, NULL, NULL},
	{"an exclamation mark alone is no relation", "wow!", NULL, NULL, NULL},
};

static void pair(void **state)
{
	const struct pair_row *row = *state;
	struct fixture fixture = {.arena = arena_new()};

	assert_int_equal(PARSE(&fixture, row->word), STATUS_OK);
	if (!row->field) {
		assert_int_equal(fixture.arguments.pair_count, 0);
		assert_string_equal(fixture.arguments.words[0], row->word);
	} else {
		assert_int_equal(fixture.arguments.pair_count, 1);
		assert_string_equal(fixture.arguments.pairs[0].field, row->field);
		assert_string_equal(fixture.arguments.pairs[0].relation, row->relation);
		assert_string_equal(fixture.arguments.pairs[0].value, row->value);
	}
	arena_free(fixture.arena);
}

struct wrong_row {
	const char *name;
	const char *word, *next;
	const char *message; /* part of it */
	const char *hint;    /* part of it; NULL: not looked at */
};

static const struct wrong_row wrong_rows[] = {
	{"an unknown flag gets the nearest one suggested", "--jsno", NULL, "no flag --jsno", "--json"},
	{"a flag that resembles none gets no suggestion", "--frobnicate", NULL, "no flag --frobnicate",
	 "help"},
	{"a flag without its value is refused", "--limit", NULL, "--limit needs a value", "--limit N"},
	{"a value for a flag that takes none is refused", "--json=yes", NULL, "--json takes no value", NULL},
	{"a flag with a value may stand only once", "--sort=due", "--sort=title", "--sort is there twice",
	 NULL},
	{"short flags do not exist", "-j", NULL, "no flag -j", "written out"},
	{"control characters are refused", "title=\x1b[2J", NULL, "not clean", NULL},
	{"bytes that are no UTF-8 are refused", "title=\xff", NULL, "not clean", NULL},
};

static void wrong(void **state)
{
	const struct wrong_row *row = *state;
	struct fixture fixture = {.arena = arena_new()};

	assert_int_equal(PARSE(&fixture, row->word, row->next), STATUS_INVALID);
	assert_non_null(strstr(fixture.err.message, row->message));
	if (row->hint) {
		assert_non_null(strstr(fixture.err.hint, row->hint));
	}
	arena_free(fixture.arena);
}

static void a_flag_that_the_command_does_not_take_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE(fixture, "whoami", "--as-of", "2014-05-01"), STATUS_OK);
	assert_int_equal(arguments_check_flags(&fixture->arguments, FLAGS_ALWAYS, "whoami", &fixture->err),
			 STATUS_INVALID);
	assert_non_null(strstr(fixture->err.message, "\"safer whoami\" takes no flag --as-of"));
	assert_int_equal(
		arguments_check_flags(&fixture->arguments, FLAGS_ALWAYS | FLAG_BIT(AS_OF), "x", NULL),
		STATUS_OK);
}

static void a_number_is_whole_and_within_its_bounds(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 0;

	assert_int_equal(PARSE(fixture, "--limit", "12"), STATUS_OK);
	assert_int_equal(arguments_number(&fixture->arguments, FLAG_LIMIT, 1, 20, 5, &number, NULL),
			 STATUS_OK);
	assert_int_equal(number, 12);
	assert_int_equal(arguments_number(&fixture->arguments, FLAG_LIMIT, 1, 11, 5, &number, &fixture->err),
			 STATUS_INVALID);
	assert_non_null(strstr(fixture->err.message, "from 1 to 11"));
	assert_int_equal(arguments_number(&fixture->arguments, FLAG_BASE, 1, 11, 5, &number, NULL),
			 STATUS_OK);
	assert_int_equal(number, 5);
	assert_false(number_parse("1x", 0, 10, &number));
	assert_false(number_parse("", 0, 10, &number));
	assert_false(number_parse(" 1", 0, 10, &number));
	assert_false(number_parse("99999999999999999999", 0, INT64_MAX, &number));
}

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flags_may_stand_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(two_dashes_end_the_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(a_single_dash_is_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(both_spellings_of_colour_are_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flag_that_the_command_does_not_take_is_refused_by_name,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_number_is_whole_and_within_its_bounds, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rows_add_table(&rows, pair_rows, pair);
	rows_add_table(&rows, wrong_rows, wrong);
	return failed + rows_run(&rows, "arguments");
}
