/* The documents are read by people who type what they say. Every command line in them must be one that the programs
 * have: its words, its flags, and the fields of its kind; every link must lead somewhere; and the operator's table of
 * events must be the events. What is written out from tables is scripts/generate's to check. */
#include "server/command.h"
#include "server/schema/schema.h"

#include "rows.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LINE_BYTES 4096
#define WORDS_MAX  64

static const char *const client_commands[] = {
#define COMMAND(symbol, words, takes, flags, section, help, example) words,
#include "client/commands.def"
#undef COMMAND
};
#define CLIENT_COMMANDS (sizeof(client_commands) / sizeof(client_commands[0]))

static const char *const client_flags[] = {
#define FLAG(symbol, name, value, help) name,
#include "client/flags.def"
#undef FLAG
};

/* ---- a command line as a shell would part it ---- */

struct words {
	char text[LINE_BYTES];
	const char *list[WORDS_MAX];
	size_t count;
};

/* Ends at what parts commands, and at a run of spaces, which in the documents begins a remark. */
static void words_part(const char *line, struct words *out)
{
	char *to = out->text;

	out->count = 0;
	while (*line != '\0' && out->count < WORDS_MAX) {
		char quote = '\0';

		if (strncmp(line, "   ", 3) == 0 || strchr("|>&;#", *line) || strncmp(line, "2>", 2) == 0) {
			break;
		}
		if (*line == ' ') {
			line++;
			continue;
		}
		out->list[out->count++] = to;
		for (; *line != '\0' && (quote != '\0' || *line != ' '); line++) {
			if (quote != '\0' ? *line == quote : *line == '"' || *line == '\'') {
				quote = quote != '\0' ? '\0' : *line;
			} else {
				*to++ = *line;
			}
		}
		*to++ = '\0';
	}
}

/* ---- judging a command line: NULL when it is good, else what is wrong with it ---- */

static bool is_placeholder(const char *word)
{
	return word[0] == '<' || word[0] == '[' || isupper((unsigned char)word[0]) ||
	       strcmp(word, "...") == 0;
}

/* How many words of a row the line begins with; 0 unless all of them. */
static size_t row_matches(const char *row, const struct words *words)
{
	size_t length = 0;
	size_t matched = 0;

	for (const char *word = words_next(row, &length); word; word = words_next(word + length, &length)) {
		if (matched + 1 >= words->count || strlen(words->list[matched + 1]) != length ||
		    memcmp(words->list[matched + 1], word, length) != 0) {
			return 0;
		}
		matched++;
	}
	return matched;
}

static bool kind_has_verb(const struct kind *kind, const char *verb)
{
	for (size_t i = 0; i < CLIENT_COMMANDS; i++) {
		if (strncmp(client_commands[i], "KIND ", 5) == 0 &&
		    strcmp(client_commands[i] + 5, verb) == 0) {
			return true;
		}
	}
	return kind_transition(kind, verb, strlen(verb)) != NULL;
}

/* "baseline-period=2013/14" names a field of the kind. */
static const char *judge_fields(const struct kind *kind, const struct words *words)
{
	for (size_t i = 2; i < words->count; i++) {
		char name[80];
		size_t length = strcspn(words->list[i], "=!<>~");

		if (words->list[i][0] == '-' || words->list[i][length] == '\0' || length == 0 ||
		    length >= sizeof(name) || is_placeholder(words->list[i])) {
			continue;
		}
		for (size_t k = 0; k < length; k++) {
			name[k] = words->list[i][k] == '-' ? '_' : words->list[i][k];
		}
		if (!kind_field(kind, name, length) && memcmp(name, "field", length) != 0) {
			return "the kind has no such field";
		}
	}
	return NULL;
}

static const char *judge_words(const struct words *words)
{
	const struct kind *kind;

	if (words->count < 2 || words->list[1][0] == '-' || is_placeholder(words->list[1])) {
		return NULL;
	}
	for (size_t i = 0; i < CLIENT_COMMANDS; i++) {
		if (row_matches(client_commands[i], words) > 0) {
			return NULL;
		}
	}
	kind = schema_kind(schema_server(), words->list[1], strlen(words->list[1]));
	if (!kind) {
		return "safer has no such command, and there is no such kind of record";
	}
	if (words->count > 2 && !is_placeholder(words->list[2]) && !kind_has_verb(kind, words->list[2])) {
		return "the kind has no such verb";
	}
	return judge_fields(kind, words);
}

static const char *judge_flags(const struct words *words)
{
	for (size_t i = 1; i < words->count; i++) {
		const char *name = words->list[i] + 2;
		bool known = false;

		if (strncmp(words->list[i], "--", 2) != 0) {
			continue;
		}
		for (size_t k = 0; k < sizeof(client_flags) / sizeof(client_flags[0]); k++) {
			known = known || (strncmp(client_flags[k], name, strcspn(name, "=")) == 0 &&
					  strlen(client_flags[k]) == strcspn(name, "="));
		}
		if (!known) {
			return "safer has no such flag";
		}
	}
	return NULL;
}

static const char *judge_server(const struct words *words)
{
	size_t count = 0;
	const struct command *const *commands = command_list(&count);
	const struct command *command = NULL;

	if (words->count < 2 || words->list[1][0] == '-' || is_placeholder(words->list[1])) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		command = strcmp(commands[i]->name, words->list[1]) == 0 ? commands[i] : command;
	}
	if (!command) {
		return "saferd has no such command";
	}
	for (size_t i = 2; i < words->count; i++) {
		bool known = strcmp(words->list[i], "--help") == 0;

		for (const struct option_row *option = command->options; option->name; option++) {
			known = known || (strncmp(words->list[i], "--", 2) == 0 &&
					  strcmp(words->list[i] + 2, option->name) == 0);
		}
		if (strncmp(words->list[i], "--", 2) == 0 && !known) {
			return "the command of saferd has no such option";
		}
	}
	return NULL;
}

static const char *judge(const char *line)
{
	static struct words words;
	const char *wrong = NULL;

	words_part(line, &words);
	if (words.count == 0) {
		return NULL;
	}
	if (strcmp(words.list[0], "saferd") == 0) {
		return judge_server(&words);
	}
	if (strcmp(words.list[0], "safer") == 0) {
		wrong = judge_words(&words);
		return wrong ? wrong : judge_flags(&words);
	}
	return NULL;
}

/* ---- the pages ---- */

struct page {
	char path[LINE_BYTES];
	const char *name; /* below the tree */
	char *text;
	size_t problems;
	size_t commands;
};

static void complain(struct page *page, size_t line, const char *what, const char *wrong)
{
	print_error("%s:%zu: %s: %s\n", page->name, line, what, wrong);
	page->problems++;
}

static const char *source_folder(void)
{
	const char *folder = getenv("SAFER_SOURCE_DIR");

	assert_non_null(folder);
	return folder;
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	struct stat about;
	char *text;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &about), 0);
	text = calloc(1, (size_t)about.st_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)about.st_size, file), about.st_size);
	(void)fclose(file);
	return text;
}

static size_t for_each_file(const char *pattern, struct page *total,
			    void (*visit)(struct page *page, struct page *total))
{
	char path[LINE_BYTES];
	glob_t found = {0};
	size_t count = 0;

	assert_true(snprintf(path, sizeof(path), "%s/%s", source_folder(), pattern) < LINE_BYTES);
	if (glob(path, 0, NULL, &found) == 0) {
		for (; count < found.gl_pathc; count++) {
			static struct page page;

			memset(&page, 0, sizeof(page));
			(void)snprintf(page.path, sizeof(page.path), "%s", found.gl_pathv[count]);
			page.name = page.path + strlen(source_folder()) + 1;
			page.text = read_whole(page.path);
			visit(&page, total);
			total->problems += page.problems;
			total->commands += page.commands;
			free(page.text);
		}
	}
	globfree(&found);
	return count;
}

static const char *const pages[] = {"README.md", "CONTRIBUTING.md", "docs/*.md", "docs/guide/*.md",
				    "docs/decisions/*.md"};

static struct page for_each_page(void (*visit)(struct page *page, struct page *total))
{
	struct page total = {.name = ""};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		count += for_each_file(pages[i], &total, visit);
	}
	assert_true(count > 10);
	return total;
}

/* ---- command lines ---- */

static void look_at_command(struct page *page, size_t number, const char *line)
{
	const char *wrong = judge(line);

	page->commands++;
	if (wrong) {
		complain(page, number, line, wrong);
	}
}

static bool is_command(const char *text)
{
	return strncmp(text, "safer ", 6) == 0 || strncmp(text, "saferd ", 7) == 0;
}

/* A line of a block of code, without what a prompt puts before the command. */
static const char *after_prompt(const char *line)
{
	const char *at = line + strspn(line, " ");
	const char *prompt = at + strspn(at, "abcdefghijklmnopqrstuvwxyz");

	if (strncmp(prompt, "$ ", 2) == 0) {
		at = prompt + 2;
	}
	return strncmp(at, "sudo ", 5) == 0 ? at + 5 : at;
}

/* `safer ...` in the middle of a sentence. */
static void look_at_spans(struct page *page, size_t number, const char *line)
{
	char span[LINE_BYTES];

	for (const char *at = strchr(line, '`'); at; at = strchr(at, '`')) {
		size_t length = strcspn(++at, "`");

		(void)snprintf(span, sizeof(span), "%.*s", (int)length, at);
		if (is_command(span)) {
			look_at_command(page, number, span);
		}
		at += length;
		at += *at == '`';
	}
}

/* Takes the next line, joined with those that it goes on in. Answers how many lines, 0 at the end. */
static size_t line_next(const char **text, char out[LINE_BYTES])
{
	size_t lines = 0;
	size_t used = 0;

	while (**text != '\0') {
		size_t length = strcspn(*text, "\n");
		bool goes_on = length > 0 && (*text)[length - 1] == '\\';
		size_t taken = goes_on ? length - 1 : length;

		assert_true(used + taken < LINE_BYTES);
		memcpy(out + used, *text, taken);
		used += taken;
		*text += length + ((*text)[length] == '\n');
		lines++;
		if (!goes_on) {
			break;
		}
		*text += strspn(*text, " ");
	}
	out[used] = '\0';
	return lines;
}

static void check_commands(struct page *page, struct page *total)
{
	char line[LINE_BYTES];
	const char *at = page->text;
	size_t number = 1;
	size_t lines;
	bool fenced = false;
	bool shell = false;

	(void)total;
	while ((lines = line_next(&at, line)) > 0) {
		if (strncmp(line, "```", 3) == 0) {
			fenced = !fenced;
			shell = fenced &&
				strcmp(line, "```path") != 0; /* the path of a request is no command */
		} else if (fenced ? shell : strncmp(line, "    ", 4) == 0) {
			if (is_command(after_prompt(line))) {
				look_at_command(page, number, after_prompt(line));
			}
		} else if (!fenced) {
			look_at_spans(page, number, line);
		}
		number += lines;
	}
}

static void documents_hold_real_commands(void **state)
{
	struct page total = for_each_page(check_commands);

	(void)state;
	assert_int_equal(total.problems, 0);
	assert_true(total.commands > 100); /* the check has not gone blind */
}

struct command_row {
	const char *name;
	const char *line;
	const char *wrong; /* part of the complaint; NULL: none */
};

static const struct command_row command_rows[] = {
	{"takes a command of the client", "safer journal check --all", NULL},
	{"takes a command of a kind", "safer action set A12 progress=60 --reason \"asked for\"", NULL},
	{"takes a verb of the kind", "safer decision make D1", NULL},
	{"takes a condition", "safer action list 'due<2014-07-01' --sort due", NULL},
	{"takes a field with a hyphen", "safer action set A1 status-reason=late", NULL},
	{"takes a remark behind the command", "safer action list       frobnicate it", NULL},
	{"takes a command of the server", "saferd init /srv/safer --partnership \"South Area\"", NULL},
	{"finds a command that is not there", "safer frobnicate", "no such command"},
	{"finds half a command", "safer journal", "no such command"},
	{"finds a verb of another kind", "safer action make A1", "no such verb"},
	{"finds a field that is not there", "safer action set A1 colour=red", "no such field"},
	{"finds a flag that is not there", "safer action list --loud", "no such flag"},
	{"finds a command that saferd has not", "saferd frobnicate", "no such command"},
	{"finds an option that saferd has not", "saferd check /srv/safer --loud", "no such option"},
};

static void judges_command(void **state)
{
	const struct command_row *row = *state;
	const char *wrong = judge(row->line);

	if (row->wrong) {
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, row->wrong));
	} else {
		assert_null(wrong);
	}
}

/* ---- links ---- */

static void check_links(struct page *page, struct page *total)
{
	size_t number = 1;

	(void)total;
	for (const char *at = page->text; *at != '\0'; at++) {
		char target[LINE_BYTES];
		char path[2 * LINE_BYTES];
		const char *slash = strrchr(page->path, '/');
		struct stat about;

		number += *at == '\n';
		if (strncmp(at, "](", 2) != 0) {
			continue;
		}
		(void)snprintf(target, sizeof(target), "%.*s", (int)strcspn(at + 2, ")#"), at + 2);
		if (target[0] == '\0' || strstr(target, "://")) {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - page->path), page->path, target);
		if (stat(path, &about) != 0) {
			complain(page, number, target, "the link leads nowhere");
		}
	}
}

static void links_lead_somewhere(void **state)
{
	struct page total = for_each_page(check_links);

	(void)state;
	assert_int_equal(total.problems, 0);
}

/* ---- events ---- */

static char *operations; /* the table of events in docs/OPERATIONS.md */

static void check_events(struct page *page, struct page *total)
{
	static const char *const calls[] = {"log_event(", "log_write("};

	(void)total;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (const char *at = strstr(page->text, calls[i]); at; at = strstr(at + 1, calls[i])) {
			const char *name = at + strcspn(at, "\";");
			char named[LINE_BYTES];

			if (*name != '"') {
				continue;
			}
			name++;
			(void)snprintf(named, sizeof(named), "`%.*s`", (int)strcspn(name, "\""), name);
			page->commands++;
			if (!strstr(operations, named)) {
				complain(page, 0, named,
					 "the event is not in the table of docs/OPERATIONS.md");
			}
		}
	}
}

static void operators_find_every_event(void **state)
{
	static const char *const sources[] = {"server/*.c", "server/*/*.c"};
	struct page total = {.name = ""};
	char path[LINE_BYTES];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/docs/OPERATIONS.md", source_folder());
	operations = read_whole(path);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		assert_true(for_each_file(sources[i], &total, check_events) > 0);
	}
	free(operations);
	assert_int_equal(total.problems, 0);
	assert_true(total.commands > 20);
}

static char *sources_text; /* of all the server's files */

static void gather_source(struct page *page, struct page *total)
{
	size_t have = sources_text ? strlen(sources_text) : 0;
	char *grown = realloc(sources_text, have + strlen(page->text) + 1);

	(void)total;
	assert_non_null(grown);
	memcpy(grown + have, page->text, strlen(page->text) + 1);
	sources_text = grown;
}

/* The first cell of each row of the table in the section on the log. */
static void check_event_table(struct page *page, struct page *total)
{
	const char *section = strstr(page->text, "\n## The log\n");
	const char *end = section ? strstr(section + 1, "\n## ") : NULL;

	(void)total;
	if (!section) {
		return;
	}
	assert_non_null(end);
	for (const char *row = strstr(section, "\n| `"); row && row < end; row = strstr(row + 1, "\n| `")) {
		const char *cell_end = strstr(row + 2, " |");

		for (const char *at = strchr(row, '`'); at && at < cell_end; at = strchr(at, '`')) {
			size_t length = strcspn(++at, "`");
			char quoted[LINE_BYTES];

			(void)snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)length, at);
			page->commands++;
			if (!strstr(sources_text, quoted)) {
				complain(page, 0, quoted, "the server logs no such event");
			}
			at += length + 1;
		}
	}
}

static void operators_find_no_event_that_is_gone(void **state)
{
	struct page total = {.name = ""};

	(void)state;
	for_each_file("server/*.c", &total, gather_source);
	for_each_file("server/*/*.c", &total, gather_source);
	assert_int_equal(for_each_file("docs/OPERATIONS.md", &total, check_event_table), 1);
	free(sources_text);
	sources_text = NULL;
	assert_int_equal(total.problems, 0);
	assert_true(total.commands > 20);
}

static int set_up(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	return schema_build(&err) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	schema_release();
	return 0;
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, command_rows, judges_command);
	rows_add(&tests, "every command line in the documents is one that the programs take",
		 documents_hold_real_commands, NULL);
	rows_add(&tests, "every link between documents leads somewhere", links_lead_somewhere, NULL);
	rows_add(&tests, "every event of the log is in the operator's table", operators_find_every_event,
		 NULL);
	rows_add(&tests, "the operator's table has no event that is gone",
		 operators_find_no_event_that_is_gone, NULL);
	return _cmocka_run_group_tests("docs", tests.tests, tests.count, set_up, tear_down);
}
