/* Help: for everything, for a command, for a kind of record, for a subject. All of it comes from the tables: commands,
 * flags, statuses, and the schema. */
#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"
#include "common/text.h"

#include <string.h>

/* ---- subjects ---- */

static enum status help_exit_codes(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "code", .right = true}, {.name = "name"}, {.name = "meaning", .elastic = true}};
	struct grid *grid = grid_new(client->arena, columns, 3);
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (int i = 0; i < STATUS_COUNT && status == STATUS_OK; i++) {
		const char *code = arena_printf(client->arena, "%d", status_exit_code((enum status)i));

		status = grid_add(
			grid,
			(const char *[]){code, status_name((enum status)i), status_meaning((enum status)i)},
			err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

static enum status help_environment(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {{.name = "variable"},
						     {.name = "meaning", .elastic = true}};
	static const char *const rows[][2] = {
#define ENVIRONMENT(variables, meaning) {variables, meaning},
#include "client/environment.def"
#undef ENVIRONMENT
	};
	struct grid *grid = grid_new(client->arena, columns, 2);
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && status == STATUS_OK; i++) {
		status = grid_add(grid, rows[i], err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

static const char formats_text[] =
	"Output goes to standard output, messages to standard error.\n"
	"\n"
	"  (nothing)  for people: tables as wide as the terminal, ids with titles; it may change between "
	"versions\n"
	"  --json     for programs; its shape does not change. Lists are arrays, also when empty. A decimal "
	"is a\n"
	"             string with all its places (\"12.50\"), because programs read JSON numbers as binary "
	"floating\n"
	"             point; an unknown value is {\"unknown\": true}; binary data is hexadecimal. A failure "
	"is one\n"
	"             line on standard error: {\"error\": {name, message, hint, rule, retry, details}}\n"
	"  --csv      a heading line, then a line a record, values as they can be typed; quoted where "
	"needed. Values\n"
	"             stand as they are: import text columns as text into a spreadsheet, not as formulas\n"
	"  --plain    a line a record, values parted by tabs, no heading; line feeds, tabs and backslashes "
	"inside\n"
	"             are written \\n, \\t and \\\\\n"
	"\n"
	"Values, as they are typed and printed:\n"
	"\n"
	"  text       as it is; a long text may be read from a file with FIELD=@FILE or standard input with "
	"FIELD=@-\n"
	"  number     60, 1,234.50 or -3\n"
	"  date       2014-05-01\n"
	"  period     2014/15 (from 1 April), 2014/15 Q1 or 2014-05\n"
	"  flag       yes or no\n"
	"  reference  an id such as B3, in any case, or the exact title\n"
	"  list       A1, A2\n"
	"  nothing    FIELD= empties a field\n"
	"  unknown    FIELD=? for fields that may be: it is not zero, and not nothing\n"
	"\n"
	"Conditions of lists: = != < > <= >= and ~ for \"contains\". Put those with < or > between quotes, "
	"or the\n"
	"shell takes them for files: 'due<2015-04-01'. FIELD=? finds what is unknown, FIELD!=? what is "
	"known.\n";

static enum status help_formats(struct client *client, struct error *err)
{
	(void)err;
	(void)fputs(formats_text, client->output.file);
	return STATUS_OK;
}

static const struct {
	const char *name;
	const char *help;
	enum status (*show)(struct client *client, struct error *err);
} subjects[] = {
	{"exit-codes", "what the exit codes mean", help_exit_codes},
	{"environment", "the environment variables that are looked at", help_environment},
	{"formats", "output for people and for programs, and how values are typed", help_formats},
};
#define SUBJECT_COUNT (sizeof(subjects) / sizeof(subjects[0]))

/* ---- commands ---- */

static void print_flags(struct client *client, uint64_t flags)
{
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		if (flags & UINT64_C(1) << i) {
			const char *name = arena_printf(client->arena, "--%s%s%s", flag_rows[i].name,
							flag_rows[i].value ? " " : "",
							flag_rows[i].value ? flag_rows[i].value : "");

			(void)fprintf(client->output.file, "  %-18s  %s\n", name ? name : "",
				      flag_rows[i].help);
		}
	}
}

enum status command_help_row(struct client *client, const struct command_row *row, struct error *err)
{
	FILE *file = client->output.file;

	(void)err;
	if (row == &command_rows[COMMAND_record_help]) {
		return command_record_help(client, err);
	}
	if (client->transition) {
		(void)fprintf(file, "safer %s %s %s\n  %s\n", client->kind->name, client->transition->verb,
			      row->takes, client->transition->help);
		(void)fprintf(file, "  from %s to %s%s\n",
			      client->transition->from[0] ? client->transition->from : "any state",
			      client->transition->to,
			      client->transition->second_person ? ", by a second person" : "");
	} else {
		(void)fprintf(file, "safer %s%s%s\n  %s\n", row->words, row->takes[0] ? " " : "", row->takes,
			      row->help);
		(void)fprintf(file, "\nExample:\n  %s\n", row->example);
	}
	if (row->flags & ~FLAGS_ALWAYS) {
		(void)fputs("\nFlags:\n", file);
		print_flags(client, row->flags & ~FLAGS_ALWAYS);
	}
	(void)fputs("\nFlags of every command:\n", file);
	print_flags(client, FLAGS_ALWAYS);
	return STATUS_OK;
}

static void print_overview(struct client *client)
{
	FILE *file = client->output.file;
	const char *section = "";

	(void)fputs("safer: the plan, the performance and the decisions of a Community Safety Partnership\n\n"
		    "  safer                                 what needs you now\n"
		    "  safer action list status=off-track    records that fit\n"
		    "  safer action set A12 progress=60      a change\n"
		    "  safer action help                     what can be said of an action\n",
		    file);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = &command_rows[i];
		const char *usage = arena_printf(client->arena, "%s %s", row->words, row->takes);

		if (strcmp(section, row->section) != 0) {
			section = row->section;
			(void)fprintf(file, "\n%s%s%s\n", output_bold(&client->output), section,
				      output_plain(&client->output));
		}
		(void)fprintf(file, "  %-32s  %s\n", usage ? usage : row->words, row->help);
	}
	if (client->schema) {
		const char *before = "\nKIND is one of ";

		for (size_t i = 0; i < client->schema->kind_count; i++) {
			(void)fprintf(file, "%s%s", before, client->schema->kinds[i].name);
			before = ", ";
		}
		(void)fputs(".\n", file);
	} else {
		(void)fputs("\n\"safer schema\" lists the kinds.\n", file);
	}
	(void)fputs("\nSubjects\n", file);
	for (size_t i = 0; i < SUBJECT_COUNT; i++) {
		(void)fprintf(file, "  help %-27s  %s\n", subjects[i].name, subjects[i].help);
	}
	(void)fputs("\n\"safer help WORDS\" or --help anywhere shows more about one of them.\n", file);
}

/* Whether all of the words given are the first words of a row. */
static bool row_begins(const struct command_row *row, const char *const *words, size_t count)
{
	size_t length = 0;
	size_t i = 0;

	for (const char *word = words_next(row->words, &length); word && i < count;
	     word = words_next(word + length, &length)) {
		if (!text_equal(word, length, words[i])) {
			return false;
		}
		i++;
	}
	return i == count;
}

static enum status help_words(struct client *client, const char *const *words, size_t count,
			      struct error *err)
{
	struct arguments asked = *client->arguments;
	struct client view = *client;
	const struct command_row *row = NULL;
	size_t begun = 0;
	enum status status;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!command_is_of_kind(&command_rows[i]) && row_begins(&command_rows[i], words, count)) {
			if (begun++ > 0) {
				(void)fputc('\n', client->output.file);
			}
			(void)fprintf(client->output.file, "safer %s %s\n  %s\n  example: %s\n",
				      command_rows[i].words, command_rows[i].takes, command_rows[i].help,
				      command_rows[i].example);
			row = &command_rows[i];
		}
	}
	if (begun == 1) {
		(void)fputs("\nFlags:\n", client->output.file);
		print_flags(client, row->flags);
	}
	if (begun > 0) {
		return STATUS_OK;
	}
	/* Words of a kind: found as if they had been typed with --help. */
	asked.words = arena_array(client->arena, count, sizeof(*asked.words));
	if (!asked.words) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		asked.words[i] = words[i];
	}
	asked.word_count = count;
	asked.flags[FLAG_HELP] = "";
	asked.given |= FLAG_BIT(HELP);
	view.arguments = &asked;
	status = command_find(&view, &row, err);
	if (status == STATUS_OK) {
		status = command_help_row(&view, row, err);
	}
	client->call = view.call;
	client->details = view.details;
	return status;
}

enum status command_help(struct client *client, struct error *err)
{
	client_schema_cached(client);
	if (client->name_count == 0) {
		output_page(&client->output);
		print_overview(client);
		return STATUS_OK;
	}
	for (size_t i = 0; i < SUBJECT_COUNT; i++) {
		if (strcmp(client->names[0], subjects[i].name) == 0) {
			return subjects[i].show(client, err);
		}
	}
	return help_words(client, client->names, client->name_count, err);
}

/* ---- kinds ---- */

/* "decimal, 2 places, GBP", "one of: low, medium, high", "reference to a body" */
static const char *type_text(struct client *client, const struct field *field)
{
	struct arena *arena = client->arena;
	const char *text = field_type_name(field->type);
	size_t length = 0;

	if (field->type == FIELD_CHOICE) {
		text = "";
		for (const char *word = words_next(field->choices, &length); word && text;
		     word = words_next(word + length, &length)) {
			text = arena_printf(arena, "%s%s%.*s", text, *text ? " | " : "", (int)length, word);
		}
	} else if (field->type == FIELD_REF) {
		text = field->kind ? field->kind : "any record";
	} else if (field->type == FIELD_REFS) {
		text = arena_printf(arena, "list of %s", field->kind ? field->kind : "any record");
	} else if (field->unit) {
		text = arena_printf(arena, "%s, %s", text, field->unit);
	}
	if (text && field->unknown) {
		text = arena_printf(arena, "%s, or ?", text);
	}
	return text;
}

static enum status fields_grid(struct client *client, const struct kind *kind, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "field"},   {.name = "needed"},    {.name = "type"},   {.name = "meaning"},
		{.name = "seen_by"}, {.name = "edited_by"}, {.name = "source"},
	};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &kind->fields[i];
		const char *cells[] = {
			field->name,
			field->required ? "yes" : "",
			type_text(client, field),
			field->help,
			field->see,
			field->edit,
			field->source,
		};

		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

/* For people: nothing is cut, since the words of a choice are what one came for. */
static void print_fields(struct client *client, const struct kind *kind)
{
	FILE *file = client->output.file;
	size_t widest = 0;

	for (size_t i = 0; i < kind->field_count; i++) {
		size_t length = strlen(kind->fields[i].name);

		widest = length > widest ? length : widest;
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const char *type = type_text(client, field);
		const char *text = arena_printf(client->arena, "%s (%s)%s%s%s", field->help, type ? type : "",
						field->required ? ", needed" : "", field->source ? "; " : "",
						field->source ? field->source : "");

		(void)fprintf(file, "  %-*s  ", (int)widest, field->name);
		print_wrapped(&client->output, text ? text : field->help, widest + 4);
	}
}

static void print_modes(struct client *client, const struct kind *kind)
{
	FILE *file = client->output.file;

	for (size_t m = 0; m < client->schema->mode_count; m++) {
		const struct mode *mode = &client->schema->modes[m];
		bool used = false;

		for (size_t i = 0; i < kind->field_count && !used; i++) {
			used = strcmp(kind->fields[i].see, mode->name) == 0 ||
			       strcmp(kind->fields[i].edit, mode->name) == 0;
		}
		if (used) {
			(void)fprintf(file, "  %-12s  %s\n", mode->name, mode->help);
		}
	}
}

static json_t *kind_json(const struct kind *kind)
{
	json_t *fields = json_array();
	json_t *verbs = json_array();

	for (size_t i = 0; i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];

		(void)json_array_append_new(
			fields,
			json_pack("{s:s, s:s, s:b, s:b, s:s?, s:s?, s:s?, s:s, s:s, s:s, s:s?}", "name",
				  field->name, "type", field_type_name(field->type), "required",
				  field->required, "unknown", field->unknown, "unit", field->unit, "kind",
				  field->kind, "choices", field->choices, "see", field->see, "edit",
				  field->edit, "help", field->help, "source", field->source));
	}
	for (size_t i = 0; i < kind->transition_count; i++) {
		const struct transition *transition = &kind->transitions[i];

		(void)json_array_append_new(
			verbs, json_pack("{s:s, s:s, s:s, s:b, s:s}", "verb", transition->verb, "from",
					 transition->from, "to", transition->to, "second_person",
					 transition->second_person, "help", transition->help));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", kind->name, "plural", kind->plural,
			 "prefix", kind->prefix, "help", kind->help, "states", kind->states, "fields", fields,
			 "verbs", verbs);
}

static enum status print_kind(struct client *client, const struct kind *kind, struct error *err)
{
	FILE *file;

	if (client->output.mode == OUTPUT_JSON) {
		return json_print(kind_json(kind), &client->output, err);
	}
	if (client->output.mode != OUTPUT_TABLE) {
		return fields_grid(client, kind, err);
	}
	output_page(&client->output);
	file = client->output.file;
	(void)fprintf(file, "%s%s%s: %s\nIds are %s1, %s2, ...\n\n", output_bold(&client->output), kind->name,
		      output_plain(&client->output), kind->help, kind->prefix, kind->prefix);
	print_fields(client, kind);
	(void)fputs("\nCommands:\n", file);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (command_is_of_kind(&command_rows[i]) && i != COMMAND_record_move) {
			(void)fprintf(file, "  safer %s %s %s\n", kind->name, command_rows[i].words + 5,
				      command_rows[i].takes);
		}
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const char *words = command_rows[i].words;
		size_t length = strlen(kind->name);

		if (strncmp(words, kind->name, length) == 0 && words[length] == ' ') {
			(void)fprintf(file, "  safer %s %s\n", words, command_rows[i].takes);
		}
	}
	for (size_t i = 0; i < kind->transition_count; i++) {
		const struct transition *transition = &kind->transitions[i];

		(void)fprintf(file, "  safer %s %s ID    %s -> %s%s: %s\n", kind->name, transition->verb,
			      transition->from[0] ? transition->from : "any state", transition->to,
			      transition->second_person ? " (by a second person)" : "", transition->help);
	}
	(void)fputs("\nWho sees and who edits:\n", file);
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		bool same = i > 0 && strcmp(field[-1].see, field->see) == 0 &&
			    strcmp(field[-1].edit, field->edit) == 0;

		if (same) {
			(void)fprintf(file, ", %s", field->name);
		} else {
			(void)fprintf(file, "%s  seen by %s, edited by %s: %s", i > 0 ? "\n" : "", field->see,
				      field->edit, field->name);
		}
	}
	(void)fputs("\n\nwhere\n", file);
	print_modes(client, kind);
	return STATUS_OK;
}

enum status command_record_help(struct client *client, struct error *err)
{
	return print_kind(client, client->kind, err);
}

enum status command_schema(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "kind"},
		{.name = "ids"},
		{.name = "chapter"},
		{.name = "states", .elastic = true},
		{.name = "meaning", .elastic = true},
	};
	struct grid *grid = grid_new(client->arena, columns, 5);
	json_t *array = NULL;
	enum status status = grid ? client_schema(client, err) : error_memory(err);

	if (status != STATUS_OK) {
		return status;
	}
	if (client->name_count > 0) {
		const struct kind *kind =
			schema_kind(client->schema, client->names[0], strlen(client->names[0]));
		const char *const *nouns = kind ? NULL : command_nouns(client);
		const char *nearest = nouns ? text_nearest(client->names[0], nouns) : NULL;

		if (kind) {
			return print_kind(client, kind, err);
		}
		error_set(err, STATUS_INVALID, "there is no kind of record called \"%s\"", client->names[0]);
		return nearest ? error_hint(err, "did you mean %s?", nearest)
			       : error_hint(err, "\"safer schema\" lists the kinds");
	}
	array = client->output.mode == OUTPUT_JSON ? json_array() : NULL;
	for (size_t i = 0; i < client->schema->kind_count && status == STATUS_OK; i++) {
		const struct kind *kind = &client->schema->kinds[i];

		if (array) {
			(void)json_array_append_new(array, kind_json(kind));
			continue;
		}
		status = grid_add(
			grid,
			(const char *[]){kind->name, kind->prefix, kind->chapter, kind->states, kind->help},
			err);
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print(array, &client->output, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}
