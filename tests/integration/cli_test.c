/* The command line as people and programs meet it: what is mistyped, what is printed for whom, how wide, and help for
 * everything. */
#include "tests/support/partnership.h"

#include "common/text.h"
#include "server/schema/schema.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What tables and formats find hard: wide letters, letters of two code points, a comma, quotes. */
#define HARD_TITLE "Caf\u00e9 \"Zum L\u00f6wen\", \u6771\u4eac \u2014 e\u0301te\u0301"
#define HARD_TEXT  "first line\nsecond\tline, with a \\ and \"quotes\""

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;
	struct person *nobody; /* without a profile */
} scene;

static int setup(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	scene.nobody = person_new(scene.it, "nobody");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	scene.paul->input = HARD_TEXT;
	person_gets(scene.paul, 0, "action", "add", "title=" HARD_TITLE, "priority=P1", "status=on-track",
		    "owner=B4", "description=@-");
	assert_int_equal(schema_build(&err), STATUS_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	schema_release();
	installation_close(scene.it);
	return 0;
}

/* ---- what is mistyped ---- */

static const struct mistake {
	const char *name;
	const char *words[5];
	const char *says;
	const char *advises;
} mistakes[] = {
	{"suggests a kind of record", {"acton", "list"}, "\"acton\"", "did you mean \"safer action\"?"},
	{"suggests a verb", {"action", "lst"}, "there is no \"safer action lst\"", "safer action list"},
	{"suggests a verb of the kind", {"action", "clse", "A1"}, "clse", "safer action close"},
	{"suggests a command", {"whoam"}, "\"whoam\"", "did you mean \"safer whoami\"?"},
	{"suggests a flag", {"action", "list", "--jsn"}, "there is no flag --jsn", "did you mean --json?"},
	{"suggests a field", {"action", "set", "A1", "progrss=5"}, "progrss", "progress"},
	{"suggests a field to sort by", {"action", "list", "--sort", "du"}, "\"du\"", "what to do"},
	{"says which words may follow", {"journal"}, "needs one more word", "list, show, head, check"},
	{"says what is missing", {"action", "show"}, "needs more than that", "safer action show ID"},
	{"says what is too much", {"whoami", "now"}, "does not know what to do with \"now\"", "safer whoami"},
	{"says when a flag is not for the command", {"whoami", "--as-of", "2014-01-01"}, "--as-of", ""},
	{"says when a flag lacks its value", {"action", "list", "--sort"}, "--sort", ""},
	{"says when a flag takes no value", {"whoami", "--json=yes"}, "--json", ""},
	{"says when formats exclude each other", {"whoami", "--json", "--csv"}, "exclude each other", ""},
	{"says when an id is none", {"action", "show", "twelve"}, "\"twelve\"", "A12"},
	{"says when an id is of another kind", {"action", "set", "P1", "progress=5"}, "P1", ""},
	{"says when a date is none", {"action", "list", "--as-of", "yesterday"}, "yesterday", ""},
	{"says when a number is none", {"action", "list", "--limit", "many"}, "many", ""},
	{"says when a field is there twice",
	 {"action", "set", "A1", "progress=1", "progress=2"},
	 "twice",
	 ""},
	{"says when a condition is meant as a value",
	 {"action", "set", "A1", "progress>5"},
	 "cannot be meant",
	 "progress=VALUE"},
	{"says when a profile is not there", {"whoami", "--profile", "work"}, "work", ""},
};

static void refuses(void **state)
{
	const struct mistake *row = *state;
	int expected = strcmp(row->words[0], "whoami") == 0 && row->words[1] != NULL &&
				       strcmp(row->words[1], "--profile") == 0
			       ? 4
			       : 2;

	person_gets(scene.paul, expected, row->words[0], row->words[1], row->words[2], row->words[3],
		    row->words[4]);
	assert_string_equal(scene.paul->out, "");
	assert_says(scene.paul->err, "safer: ");
	assert_says(scene.paul->err, row->says);
	assert_says(scene.paul->err, row->advises);
}

static void somebody_without_a_profile_is_told_how_to_get_one(void **state)
{
	(void)state;
	person_gets(scene.nobody, 4, "whoami");
	assert_says(scene.nobody->err, "safer enrol INVITATION");
	person_runs(scene.nobody, NULL);
	assert_int_equal(scene.nobody->exit_code, 4);
	person_gets(scene.nobody, 0, "help");
	person_gets(scene.nobody, 0, "--version");
	assert_says(scene.nobody->out, "protocol 1");
}

/* ---- output for programs ---- */

static void is_json(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (json == NULL) {
		fail_msg("this is no JSON (line %d: %s): %s", error.line, error.text, text);
	}
	json_decref(json);
}

static const struct shape {
	const char *words[4];
} shapes[] = {
	{{NULL}},
	{{"whoami"}},
	{{"status"}},
	{{"schema"}},
	{{"schema", "action"}},
	{{"profile", "list"}},
	{{"journal", "list"}},
	{{"journal", "show", "0"}},
	{{"journal", "head"}},
	{{"journal", "check"}},
	{{"can", "edit", "A1"}},
	{{"why", "A1"}},
	{{"action", "list"}},
	{{"action", "show", "A2"}},
	{{"action", "history", "A2"}},
	{{"action", "set", "A1", "progress=5"}},
	{{"note", "list"}},
	{{"body", "members", "B3"}},
	{{"draft", "list"}},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static int ask_as(size_t i, const char *flag)
{
	const char *words[5] = {NULL};
	size_t count = 0;

	while (count < 4 && shapes[i].words[count] != NULL) {
		words[count] = shapes[i].words[count];
		count++;
	}
	words[count] = flag;
	return person_runs(scene.paul, words[0], words[1], words[2], words[3], words[4], NULL);
}

static void json_parses_whatever_is_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		if (ask_as(i, "--json") != 0) {
			fail_msg("safer %s --json: %s", shapes[i].words[0], scene.paul->err);
		}
		is_json(scene.paul->out);
	}
}

static void json_keeps_texts_as_they_are(void **state)
{
	json_t *json = NULL;
	json_t *fields = NULL;

	(void)state;
	person_gets(scene.paul, 0, "action", "show", "A2", "--json");
	json = json_loads(scene.paul->out, 0, NULL);
	assert_non_null(json);
	fields = json_object_get(json, "fields");
	if (fields == NULL) {
		fields = json_object_get(json_object_get(json, "record"), "fields");
	}
	assert_string_equal(json_string_value(json_object_get(fields, "title")), HARD_TITLE);
	assert_string_equal(json_string_value(json_object_get(fields, "description")), HARD_TEXT);
	json_decref(json);
}

static void a_failure_is_json_too(void **state)
{
	json_t *json = NULL;
	json_t *error = NULL;

	(void)state;
	person_gets(scene.paul, 7, "action", "set", "A1", "status=off-track", "--json");
	assert_string_equal(scene.paul->out, "");
	json = json_loads(scene.paul->err, 0, NULL);
	assert_non_null(json);
	error = json_object_get(json, "error");
	assert_string_equal(json_string_value(json_object_get(error, "name")), "refused");
	assert_string_equal(json_string_value(json_object_get(error, "rule")), "action.status-reason");
	assert_true(json_is_false(json_object_get(error, "retry")));
	json_decref(json);
	person_gets(scene.paul, 2, "acton", "--json");
	is_json(scene.paul->err);
}

/* The cells of one CSV record, from *at on; moves *at past it. */
static size_t csv_cells(const char **at)
{
	size_t cells = 1;
	bool quoted = false;

	for (; **at != '\0' && (quoted || **at != '\n'); ++*at) {
		if (**at == '"') {
			quoted = !quoted;
		} else if (**at == ',' && !quoted) {
			cells++;
		}
	}
	assert_false(quoted);
	*at += **at == '\n' ? 1 : 0;
	return cells;
}

static void csv_has_a_heading_and_as_many_cells_in_each_row(void **state)
{
	const char *at = NULL;
	size_t columns = 0;
	size_t rows = 0;

	(void)state;
	person_gets(scene.paul, 0, "action", "list", "--csv", "--columns", "title,description,due");
	at = scene.paul->out;
	assert_int_equal(strncmp(at, "title,description,due\n", 22), 0);
	columns = csv_cells(&at);
	for (; *at != '\0'; rows++) {
		assert_int_equal(csv_cells(&at), columns);
	}
	assert_int_equal(rows, 2);
	assert_says(scene.paul->out, "\"Caf\u00e9 \"\"Zum L\u00f6wen\"\", \u6771\u4eac");
}

static void plain_has_one_line_a_record_and_tabs_between(void **state)
{
	size_t lines = 0;
	size_t tabs = 0;

	(void)state;
	person_gets(scene.paul, 0, "action", "list", "--plain", "--columns", "title,description,due");
	for (const char *at = scene.paul->out; *at != '\0'; at++) {
		lines += *at == '\n';
		tabs += *at == '\t';
	}
	assert_int_equal(lines, 2);
	assert_int_equal(tabs % lines, 0);
	assert_says(scene.paul->out, "first line\\nsecond\\tline, with a \\\\ and \"quotes\"");
}

static void an_empty_list_is_a_list(void **state)
{
	json_t *json = NULL;

	(void)state;
	person_gets(scene.paul, 0, "referral", "list", "--json");
	json = json_loads(scene.paul->out, 0, NULL);
	assert_true(json_is_array(json));
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
	person_gets(scene.paul, 0, "referral", "list", "--plain");
	assert_string_equal(scene.paul->out, "");
	person_gets(scene.paul, 0, "referral", "list", "--csv");
	assert_int_equal(strncmp(scene.paul->out, "id,", 3), 0);
}

static void every_kind_can_be_listed(void **state)
{
	const struct schema *schema = schema_server();

	(void)state;
	for (size_t i = 0; i < schema->kind_count; i++) {
		person_gets(scene.paul, 0, schema->kinds[i].plural, "list", "--json");
		is_json(scene.paul->out);
	}
}

/* A reader that has seen enough is no failure of ours. */
static void a_reader_that_goes_away_is_no_failure(void **state)
{
	char command[PROGRAM_PATH + 100];
	char home[160];
	char program[PROGRAM_PATH];
	const char *const arguments[] = {"/bin/sh", "-c", command, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", home, NULL};
	struct outcome outcome;

	(void)state;
	program_path("safer", program);
	snprintf(command, sizeof(command), "%s schema --json | head -c 10", program);
	snprintf(home, sizeof(home), "HOME=%s", scene.paul->home);
	program_run(arguments, environment, NULL, &outcome);
	assert_int_equal(outcome.exit_code, 0);
	assert_string_equal(outcome.err, "");
	assert_int_equal(strlen(outcome.out), 10);
	outcome_release(&outcome);
}

/* ---- output for people ---- */

static const struct width {
	const char *name;
	const char *columns;
	size_t most;
	const char *fields; /* NULL: those of the kind */
} widths[] = {
	{"a table fits 80 columns", "COLUMNS=80", 80, NULL},
	{"a table of texts fits 40 columns", "COLUMNS=40", 40, "title,priority,due"},
	{"a table of one text fits 24 columns", "COLUMNS=24", 24, "title"},
};

static void fits(void **state)
{
	const struct width *row = *state;
	const char *text = NULL;

	scene.paul->environment[0] = row->columns;
	person_on_terminal(scene.paul, "action", "list", row->fields != NULL ? "--columns" : NULL,
			   row->fields, NULL);
	scene.paul->environment[0] = NULL;
	assert_int_equal(scene.paul->exit_code, 0);
	text = scene.paul->out;
	assert_says(text, "Caf\u00e9");
	while (*text != '\0') {
		size_t length = strcspn(text, "\r\n");

		if (text_columns(text, length) > row->most) {
			fail_msg("%zu columns: %.*s", text_columns(text, length), (int)length, text);
		}
		text += length + strspn(text + length, "\r\n");
	}
}

static void a_table_that_goes_into_a_file_is_not_cut(void **state)
{
	(void)state;
	scene.paul->environment[0] = "COLUMNS=40";
	person_gets(scene.paul, 0, "action", "list");
	scene.paul->environment[0] = NULL;
	assert_says(scene.paul->out, HARD_TITLE);
}

static const struct colour {
	const char *name;
	const char *environment[3];
	const char *flag;
	bool bold;
} colours[] = {
	{"a terminal that can gets bold headings", {"PAGER=cat", "TERM=xterm"}, NULL, true},
	{"a dumb terminal gets none", {"PAGER=cat", "TERM=dumb"}, NULL, false},
	{"NO_COLOR is honoured", {"PAGER=cat", "TERM=xterm", "NO_COLOR=1"}, NULL, false},
	{"--no-colour is honoured", {"PAGER=cat", "TERM=xterm"}, "--no-colour", false},
	{"--no-color is the same", {"PAGER=cat", "TERM=xterm"}, "--no-color", false},
};

static void shows_colour(void **state)
{
	const struct colour *row = *state;

	memcpy(scene.paul->environment, row->environment, sizeof(row->environment));
	person_on_terminal(scene.paul, "action", "list", row->flag, NULL);
	memset(scene.paul->environment, 0, sizeof(scene.paul->environment));
	assert_int_equal(scene.paul->exit_code, 0);
	assert_says(scene.paul->out, "A1");
	assert_int_equal(says(scene.paul->out, "\033["), row->bold);
}

static void nothing_but_a_terminal_gets_escape_sequences(void **state)
{
	(void)state;
	scene.paul->environment[0] = "TERM=xterm";
	for (size_t i = 0; i < SHAPES; i++) {
		assert_int_equal(ask_as(i, NULL), 0);
		assert_false(says(scene.paul->out, "\033"));
		assert_false(says(scene.paul->err, "\033"));
	}
	scene.paul->environment[0] = NULL;
}

static void a_plain_locale_is_good_enough(void **state)
{
	(void)state;
	scene.paul->environment[0] = "LC_ALL=C";
	person_gets(scene.paul, 0, "action", "list");
	assert_says(scene.paul->out, "A2");
	person_gets(scene.paul, 0, "action", "show", "A2", "--json");
	is_json(scene.paul->out);
	scene.paul->environment[0] = NULL;
}

/* ---- help ---- */

static const char *const commands[] = {
#define FLAG_BIT(symbol)                                             0
#define COMMAND(symbol, words, takes, flags, section, help, example) words,
#include "client/commands.def"
#undef COMMAND
#undef FLAG_BIT
};

/* "KIND list" as "action list"; parts it into words. */
static void split(const char *text, char words[4][32])
{
	size_t count = 0;

	memset(words, 0, 4 * 32);
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		bool kind = length == 4 && strncmp(text, "KIND", 4) == 0;
		bool verb = length == 4 && strncmp(text, "VERB", 4) == 0;

		assert_true(count < 4 && length < 32);
		snprintf(words[count++], 32, "%.*s",
			 kind   ? 6
			 : verb ? 5
				: (int)length,
			 kind   ? "action"
			 : verb ? "close"
				: text);
		text += length + strspn(text + length, " ");
	}
}

static void every_command_has_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char words[4][32];

		split(commands[i], words);
		person_gets(scene.paul, 0, words[0], words[1][0] != '\0' ? words[1] : "--help", "--help");
		if (strlen(scene.paul->out) < 40 || !says(scene.paul->out, words[0])) {
			fail_msg("safer %s --help says only: %s", commands[i], scene.paul->out);
		}
		person_gets(scene.paul, 0, "help", words[0], words[1][0] != '\0' ? words[1] : NULL);
		assert_true(strlen(scene.paul->out) > 40);
	}
}

static void every_kind_has_help_that_names_its_fields(void **state)
{
	const struct schema *schema = schema_server();

	(void)state;
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];

		person_gets(scene.paul, 0, kind->name, "help");
		for (size_t j = 0; j < kind->field_count; j++) {
			assert_says(scene.paul->out, kind->fields[j].name);
			assert_says(scene.paul->out, kind->fields[j].help);
		}
		for (size_t j = 0; j < kind->transition_count; j++) {
			assert_says(scene.paul->out, kind->transitions[j].verb);
		}
	}
}

static void the_subjects_of_help_are_there(void **state)
{
	static const char *const subjects[] = {"exit-codes", "environment", "formats"};

	(void)state;
	person_gets(scene.nobody, 0, "help");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_says(scene.nobody->out, commands[i]);
	}
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		person_gets(scene.nobody, 0, "help", subjects[i]);
		assert_true(strlen(scene.nobody->out) > 200);
	}
	person_gets(scene.paul, 2, "help", "nonsense");
}

/* ---- completion ---- */

static const struct shell {
	const char *name;
	const char *shell;
	const char *program;
} shells[] = {
	{"the completion of bash is valid", "bash", "/usr/bin/bash"},
	{"the completion of zsh is valid", "zsh", "/usr/bin/zsh"},
	{"the completion of fish is valid", "fish", "/usr/bin/fish"},
};

static void is_valid_for_its_shell(void **state)
{
	const struct shell *row = *state;
	char path[PROGRAM_PATH];
	const char *const arguments[] = {row->program, "-n", path, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL};
	struct outcome outcome;

	person_gets(scene.nobody, 0, "completion", row->shell);
	assert_true(strlen(scene.nobody->out) > 100);
	file_make(installation_path(scene.it, row->shell, path), scene.nobody->out);
	program_run(arguments, environment, NULL, &outcome);
	assert_string_equal(outcome.err, "");
	assert_int_equal(outcome.exit_code, 0);
	outcome_release(&outcome);
}

static void completion_knows_commands_kinds_and_fields(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "__complete", "acti");
	assert_says(scene.paul->out, "action");
	person_gets(scene.paul, 0, "__complete", "action", "s");
	assert_says(scene.paul->out, "show");
	assert_says(scene.paul->out, "set");
	person_gets(scene.paul, 0, "__complete", "action", "set", "A1", "prog");
	assert_says(scene.paul->out, "progress=");
	person_gets(scene.paul, 0, "__complete", "whoami", "--js");
	assert_says(scene.paul->out, "--json");
	person_gets(scene.nobody, 0, "__complete", "who");
	assert_says(scene.nobody->out, "whoami");
	person_gets(scene.paul, 2, "completion", "csh");
	assert_says(scene.paul->err, "bash");
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROWS(rows, function)                                                                            \
	for (size_t i = 0; i < COUNT(rows); i++) {                                                      \
		tests[count++] = (struct CMUnitTest){.name = (rows)[i].name,                            \
						     .test_func = (function),                           \
						     .initial_state = (void *)(uintptr_t) & (rows)[i]}; \
	}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(somebody_without_a_profile_is_told_how_to_get_one),
		cmocka_unit_test(json_parses_whatever_is_asked),
		cmocka_unit_test(json_keeps_texts_as_they_are),
		cmocka_unit_test(a_failure_is_json_too),
		cmocka_unit_test(csv_has_a_heading_and_as_many_cells_in_each_row),
		cmocka_unit_test(plain_has_one_line_a_record_and_tabs_between),
		cmocka_unit_test(an_empty_list_is_a_list),
		cmocka_unit_test(every_kind_can_be_listed),
		cmocka_unit_test(a_reader_that_goes_away_is_no_failure),
		cmocka_unit_test(a_table_that_goes_into_a_file_is_not_cut),
		cmocka_unit_test(nothing_but_a_terminal_gets_escape_sequences),
		cmocka_unit_test(a_plain_locale_is_good_enough),
		cmocka_unit_test(every_command_has_help),
		cmocka_unit_test(every_kind_has_help_that_names_its_fields),
		cmocka_unit_test(the_subjects_of_help_are_there),
		cmocka_unit_test(completion_knows_commands_kinds_and_fields),
	};
	struct CMUnitTest
		tests[COUNT(mistakes) + COUNT(widths) + COUNT(colours) + COUNT(shells) + COUNT(others)];
	size_t count = 0;

	ROWS(mistakes, refuses)
	ROWS(widths, fits)
	ROWS(colours, shows_colour)
	ROWS(shells, is_valid_for_its_shell)
	memcpy(tests + count, others, sizeof(others));
	return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
