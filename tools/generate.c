/* Prints the parts of the documentation that the tables know best, so that they are written down once:
 *
 *     safer_generate SECTION     one section
 *     safer_generate             the names of all
 *
 * scripts/generate puts them where `generated:SECTION` stands in docs/. Markdown for the pages, mdoc for the manual. */
#include "tools/generate.h"

#include "common/status.h"
#include "protocol/limits.h"
#include "protocol/methods.h"
#include "server/command.h"
#include "server/metrics.h"
#include "server/schema/schema.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void generate_cell(const char *text)
{
	for (; *text; text++) {
		if (*text == '|') {
			putchar('\\');
		}
		putchar(*text);
	}
}

/* A full stop or an apostrophe at the beginning of a line would be a request, a backslash an escape. */
void generate_roff(const char *text)
{
	bool first = true;

	for (; *text; text++) {
		if (first && (*text == '.' || *text == '\'')) {
			fputs("\\&", stdout);
		}
		if (*text == '\\') {
			fputs("\\e", stdout);
		} else {
			putchar(*text);
		}
		first = *text == '\n';
		if (text[0] == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z') {
			putchar('\n');
			first = true;
			text++;
		}
	}
}

/* ---- the protocol ---- */

static const struct {
	enum method_door door;
	const char *title;
} doors[] = {
	{DOOR_ENROL, "Behind `safer-enrol/1`"},
	{DOOR_MEMBER, "Behind `safer/1`"},
};

static const char *const who_words[] = {
	[WHO_ANYONE] = "anyone",
	[WHO_SIGNED_IN] = "any known device",
	[WHO_CONTENT] = "anyone who holds a post that works on the plan",
	[WHO_ADMINISTRATOR] = "administrators",
};

static void print_max(const struct param_row *row)
{
	static const struct {
		bool bounded;
		const char *unit;
	} units[] = {
		[PARAM_TEXT] = {true, " bytes"},  [PARAM_INT] = {true, ""},
		[PARAM_FLAG] = {false, ""},       [PARAM_BIN] = {true, " bytes"},
		[PARAM_MAP] = {true, " entries"}, [PARAM_LIST] = {true, " entries"},
		[PARAM_ANY] = {false, ""},
	};

	if (units[row->type].bounded && row->max != INT64_MAX) {
		printf("%" PRId64 "%s", row->max, units[row->type].unit);
	}
}

static void print_params(enum method method)
{
	const struct param_row *rows = NULL;
	size_t count = method_params(method, &rows);

	if (count == 0) {
		printf("No parameters.\n\n");
		return;
	}
	printf("| parameter | type | | at most | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		printf("| `%s` | %s | %s | ", rows[i].name, param_type_name(rows[i].type),
		       rows[i].required ? "required" : "");
		print_max(&rows[i]);
		printf(" | ");
		generate_cell(rows[i].help);
		printf(" |\n");
	}
	printf("\n");
}

static void print_results(enum method method)
{
	const struct param_row *rows = NULL;
	size_t count = method_results(method, &rows);

	if (count == 0) {
		printf("The result is an empty map.\n\n");
		return;
	}
	printf("| result | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		printf("| `%s` | %s | ", rows[i].name, param_type_name(rows[i].type));
		generate_cell(rows[i].help);
		printf(" |\n");
	}
	printf("\n");
}

/* The help of a row begins in lower case and has no full stop. */
static void sentence(const char *help)
{
	putchar(toupper((unsigned char)help[0]));
	generate_cell(help + 1);
	putchar('.');
}

static void methods(void)
{
	for (size_t door = 0; door < sizeof(doors) / sizeof(doors[0]); door++) {
		printf("### %s\n\n", doors[door].title);
		for (int method = 0; method < METHOD_COUNT; method++) {
			if (method_rows[method].door != doors[door].door) {
				continue;
			}
			printf("#### `%s`\n\n", method_rows[method].name);
			sentence(method_rows[method].help);
			printf(" For %s.\n\n", who_words[method_rows[method].who]);
			print_params((enum method)method);
			print_results((enum method)method);
		}
	}
}

static void statuses(void)
{
	printf("| name | code | ask again? | meaning |\n|---|---|---|---|\n");
	for (int i = 0; i < STATUS_COUNT; i++) {
		printf("| `%s` | %d | %s | ", status_name((enum status)i), status_exit_code((enum status)i),
		       status_retry((enum status)i) ? "yes" : "");
		generate_cell(status_meaning((enum status)i));
		printf(" |\n");
	}
}

static void limits(void)
{
	printf("| limit | default | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < limit_row_count; i++) {
		printf("| `%s` | %" PRId64 " %s | ", limit_rows[i].name, limit_rows[i].value,
		       limit_rows[i].unit);
		generate_cell(limit_rows[i].help);
		printf(" |\n");
	}
}

/* ---- the settings ---- */

struct setting {
	const char *name;
	const char *value;
	const char *bounds; /* "" none */
	bool reload;
	const char *help;
};

#define STRING(value) #value
#define FLAG_true     "yes"
#define FLAG_false    "no"

static const struct setting settings_table[] = {
#define SETTING_TEXT_ROW(symbol, value, live, words) {#symbol, value, "", live, words},
#define SETTING_INT_ROW(symbol, value, least, most, unit, live, words) \
	{#symbol, STRING(value), STRING(least) " to " STRING(most) " " unit, live, words},
#define SETTING_FLAG_ROW(symbol, value, live, words) {#symbol, FLAG_##value, "yes or no", live, words},
#include "server/settings.def"
#undef SETTING_TEXT_ROW
#undef SETTING_INT_ROW
#undef SETTING_FLAG_ROW
};

/* The length without a space at the end, which a setting without a unit has. */
static size_t trimmed(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && text[length - 1] == ' ' ? length - 1 : length;
}

static void settings(void)
{
	printf("| setting | default | | at reload | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < sizeof(settings_table) / sizeof(settings_table[0]); i++) {
		const struct setting *row = &settings_table[i];

		printf(row->value[0] != '\0' ? "| `%s` | `%s` |" : "| `%s` | %s |", row->name, row->value);
		printf(" %.*s | %s | ", (int)trimmed(row->bounds), row->bounds,
		       row->reload ? "yes" : "needs a restart");
		generate_cell(row->help);
		printf(" |\n");
	}
}

static void settings_man(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < sizeof(settings_table) / sizeof(settings_table[0]); i++) {
		const struct setting *row = &settings_table[i];

		printf(".It Ic %s No = Ar value\n", row->name);
		generate_roff(row->help);
		printf(".\n");
		if (row->bounds[0] != '\0') {
			printf("It takes %.*s.\n", (int)trimmed(row->bounds), row->bounds);
		}
		if (row->value[0] != '\0') {
			printf("The default is\n.Ql ");
			generate_roff(row->value);
			printf(" .\n");
		} else {
			printf("By default it is empty.\n");
		}
		printf("%s", row->reload ? "" : "A change needs a restart.\n");
	}
	printf(".El\n");
}

static void limits_man(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < limit_row_count; i++) {
		printf(".It Ic limit_%s No = Ar %s\n", limit_rows[i].name, limit_rows[i].unit);
		generate_roff(limit_rows[i].help);
		printf(".\nThe default is %" PRId64 ".\n", limit_rows[i].value);
	}
	printf(".El\n");
}

/* ---- the metrics ---- */

static void metrics(void)
{
	printf("| metric | type | labels | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < metric_row_count; i++) {
		const struct metric_row *row = &metric_rows[i];

		printf("| `%s` | %s | %s | ", row->name, row->type, row->label);
		generate_cell(row->help);
		printf(" |\n");
	}
}

/* ---- the commands of saferd ---- */

static void print_synopsis(const struct command *command)
{
	printf(".Nm saferd\n.Cm %s\n", command->name);
	for (size_t i = 0; i < COMMAND_WORDS && command->words[i]; i++) {
		printf(".Ar %s\n", command->words[i]);
	}
	for (const struct option_row *option = command->options; option->name; option++) {
		printf("%sFl -%s%s", option->required ? "." : ".Op ", option->name,
		       option->value ? " Ar " : "");
		if (option->value) {
			generate_roff(option->value[0] == '"' ? "\"names\"" : option->value);
		}
		printf("\n");
	}
}

static void synopsis_man(void)
{
	size_t count = 0;
	const struct command *const *commands = command_list(&count);

	for (size_t i = 0; i < count; i++) {
		print_synopsis(commands[i]);
	}
}

static void commands_man(void)
{
	size_t count = 0;
	const struct command *const *commands = command_list(&count);

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < count; i++) {
		printf(".It Cm %s", commands[i]->name);
		for (size_t word = 0; word < COMMAND_WORDS && commands[i]->words[word]; word++) {
			printf(" Ar %s", commands[i]->words[word]);
		}
		printf("\n");
		generate_roff(commands[i]->text ? commands[i]->text : commands[i]->help);
		printf("%s\n", commands[i]->text ? "" : ".");
		if (commands[i]->options[0].name) {
			printf(".Bl -tag -width Ds\n");
		}
		for (const struct option_row *option = commands[i]->options; option->name; option++) {
			printf(".It Fl -%s%s%s\n", option->name, option->value ? " Ar " : "",
			       !option->value            ? ""
			       : option->value[0] == '"' ? "names"
							 : option->value);
			generate_roff(option->help);
			printf(".\n");
		}
		if (commands[i]->options[0].name) {
			printf(".El\n");
		}
	}
	printf(".El\n");
}

static const struct {
	const char *name;
	void (*print)(void);
} sections[] = {
	{"methods", methods},
	{"statuses", statuses},
	{"limits", limits},
	{"settings", settings},
	{"settings-man", settings_man},
	{"limits-man", limits_man},
	{"metrics", metrics},
	{"synopsis-man", synopsis_man},
	{"commands-man", commands_man},
	{"client-commands-man", generate_client_commands},
	{"client-flags-man", generate_client_flags},
	{"client-environment-man", generate_client_environment},
	{"exit-codes-man", generate_exit_codes},
	{"kinds", generate_kinds},
	{"schema", generate_schema},
	{"modes", generate_modes},
	{"roles", generate_roles},
	{"posts", generate_posts},
	{"rights", generate_rights},
	{"rights-of-kinds", generate_rights_of_kinds},
	{"markings", generate_markings},
	{"parents", generate_parents},
	{"example-hello", generate_example_hello},
	{"example-change", generate_example_change},
	{"example-error", generate_example_error},
	{"example-invitation", generate_example_invitation},
	{"example-commitment", generate_example_commitment},
	{"example-leaf", generate_example_leaf},
	{"example-tree", generate_example_tree},
	{"example-head", generate_example_head},
};

static int print_section(const char *name)
{
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(name, sections[i].name) != 0) {
			continue;
		}
		if (schema_build(&err) != STATUS_OK) {
			fprintf(stderr, "safer_generate: %s\n", err.message);
			return 1;
		}
		sections[i].print();
		schema_release();
		return 0;
	}
	fprintf(stderr, "safer_generate: there is no section \"%s\"\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		return print_section(argv[1]);
	}
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		printf("%s\n", sections[i].name);
	}
	return 0;
}
