/* Which row of commands.def the words on the command line mean, and whether they fit it. */
#include "client/commands.h"

#include "common/text.h"

#include <string.h>

const struct command_row command_rows[COMMAND_COUNT] = {
#define COMMAND(symbol, words, takes, flags, section, help, example) \
	[COMMAND_##symbol] = {words, takes, (flags) | FLAGS_ALWAYS, section, help, example, command_##symbol},
#include "client/commands.def"
#undef COMMAND
};

bool command_is_of_kind(const struct command_row *row)
{
	return strncmp(row->words, "KIND ", 5) == 0;
}

/* How many words of the row the typed words begin with; 0 unless all of them. */
static size_t row_matches(const struct command_row *row, const struct arguments *arguments)
{
	size_t length = 0;
	size_t matched = 0;

	for (const char *word = words_next(row->words, &length); word;
	     word = words_next(word + length, &length)) {
		if (matched == arguments->word_count ||
		    !text_equal(word, length, arguments->words[matched])) {
			return 0;
		}
		matched++;
	}
	return matched;
}

const char *const *command_nouns(struct client *client)
{
	size_t kinds = client->schema ? client->schema->kind_count : 0;
	const char **nouns = arena_array(client->arena, COMMAND_COUNT + kinds + 1, sizeof(*nouns));
	size_t count = 0;

	if (!nouns) {
		return NULL;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		size_t length = strcspn(command_rows[i].words, " ");
		bool known = count > 0 && text_equal(command_rows[i].words, length, nouns[count - 1]);

		if (!command_is_of_kind(&command_rows[i]) && !known) {
			nouns[count] = arena_text(client->arena, command_rows[i].words, length);
			if (!nouns[count++]) {
				return NULL;
			}
		}
	}
	for (size_t i = 0; i < kinds; i++) {
		nouns[count++] = client->schema->kinds[i].name;
	}
	return nouns;
}

/* The first word is known, what should follow is not: names what can. */
static enum status incomplete(const struct arguments *arguments, struct error *err)
{
	const char *first = arguments->words[0];
	const char *candidates[COMMAND_COUNT + 1];
	const char *nearest = NULL;
	char list[200] = "";
	size_t count = 0;
	size_t used = 0;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		size_t length = strlen(first);

		if (strncmp(command_rows[i].words, first, length) == 0 &&
		    command_rows[i].words[length] == ' ') {
			const char *second = command_rows[i].words + length + 1;
			int wrote =
				snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", second);

			used += wrote > 0 && (size_t)wrote < sizeof(list) - used ? (size_t)wrote : 0;
			candidates[count++] = second;
		}
	}
	candidates[count] = NULL;
	if (arguments->word_count > 1) {
		nearest = text_nearest(arguments->words[1], candidates);
		error_set(err, STATUS_INVALID, "there is no command \"safer %s %s\"", first,
			  arguments->words[1]);
	} else {
		error_set(err, STATUS_INVALID, "\"safer %s\" needs one more word: %s", first, list);
	}
	return nearest ? error_hint(err, "did you mean \"safer %s %s\"?", first, nearest)
		       : error_hint(err, "it can be followed by: %s", list);
}

static bool begins_a_command(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!command_is_of_kind(&command_rows[i]) &&
		    strncmp(command_rows[i].words, word, length) == 0 &&
		    command_rows[i].words[length] == ' ') {
			return true;
		}
	}
	return false;
}

/* Some words begin commands of their own and are kinds too, as in "body members" and "body list". The cache knows
 * most of the time; otherwise the server is asked. */
static bool is_kind(struct client *client, const char *word)
{
	client_schema_cached(client);
	if (!client->schema) {
		(void)client_schema(client, NULL);
	}
	return client->schema && schema_kind(client->schema, word, strlen(word));
}

static enum status unknown_verb(struct client *client, const char *verb, struct error *err)
{
	const char **candidates = arena_array(
		client->arena, COMMAND_COUNT + client->kind->transition_count + 1, sizeof(*candidates));
	const char *nearest = NULL;
	size_t count = 0;

	for (size_t i = 0; candidates && i < COMMAND_COUNT; i++) {
		if (command_is_of_kind(&command_rows[i]) && i != COMMAND_record_move) {
			candidates[count++] = command_rows[i].words + 5;
		}
	}
	for (size_t i = 0; candidates && i < client->kind->transition_count; i++) {
		candidates[count++] = client->kind->transitions[i].verb;
	}
	nearest = candidates ? text_nearest(verb, candidates) : NULL;
	error_set(err, STATUS_INVALID, "there is no \"safer %s %s\"", client->kind->name, verb);
	return nearest ? error_hint(err, "did you mean \"safer %s %s\"?", client->kind->name, nearest)
		       : error_hint(err, "\"safer %s help\" lists its verbs", client->kind->name);
}

/* Rows of a kind: the first word is the kind's name, the second a verb. */
static enum status find_of_kind(struct client *client, const struct command_row **out, struct error *err)
{
	const struct arguments *arguments = client->arguments;
	const char *noun = arguments->words[0];
	const char *verb = arguments->word_count > 1 ? arguments->words[1] : "help";
	const char *const *nouns;
	const char *nearest;
	enum status status = STATUS_OK;

	if (arguments_have(arguments, FLAG_HELP)) {
		client_schema_cached(client); /* help should not need the network */
	}
	if (!client->schema) {
		status = client_schema(client, err);
	}
	if (status == STATUS_SIGNED_OUT && !client->profile_loaded) {
		/* Without a profile no kinds are known: the word itself is the likelier mistake. */
		nouns = command_nouns(client);
		nearest = nouns ? text_nearest(noun, nouns) : NULL;
		return nearest ? error_hint(
					 err,
					 "if you did not mean a kind of record: did you mean \"safer %s\"?",
					 nearest)
			       : status;
	}
	if (status != STATUS_OK) {
		return status;
	}
	client->kind = schema_kind(client->schema, noun, strlen(noun));
	if (!client->kind) {
		nouns = command_nouns(client);
		nearest = nouns ? text_nearest(noun, nouns) : NULL;
		error_set(err, STATUS_INVALID, "there is no command and no kind of record called \"%s\"",
			  noun);
		return nearest ? error_hint(err, "did you mean \"safer %s\"?", nearest)
			       : error_hint(err,
					    "\"safer help\" lists the commands, \"safer schema\" the kinds");
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (command_is_of_kind(&command_rows[i]) && strcmp(command_rows[i].words + 5, verb) == 0) {
			*out = &command_rows[i];
			return STATUS_OK;
		}
	}
	client->transition = kind_transition(client->kind, verb, strlen(verb));
	if (!client->transition) {
		return unknown_verb(client, verb, err);
	}
	*out = &command_rows[COMMAND_record_move];
	return STATUS_OK;
}

enum status command_find(struct client *client, const struct command_row **out, struct error *err)
{
	const struct arguments *arguments = client->arguments;
	const struct command_row *row = NULL;
	enum status status = STATUS_OK;
	size_t matched = 0;

	if (arguments->word_count == 0) {
		row = &command_rows[COMMAND_status];
	}
	for (size_t i = 0; i < COMMAND_COUNT && arguments->word_count > 0; i++) {
		size_t words =
			command_is_of_kind(&command_rows[i]) ? 0 : row_matches(&command_rows[i], arguments);

		if (words > matched) {
			matched = words;
			row = &command_rows[i];
		}
	}
	if (!row && begins_a_command(arguments->words[0]) && !is_kind(client, arguments->words[0])) {
		return incomplete(arguments, err);
	}
	if (!row) {
		status = find_of_kind(client, &row, err);
		matched = arguments->word_count > 1 ? 2 : 1;
	}
	if (status == STATUS_OK) {
		client->command = row;
		client->names = arguments->words + matched;
		client->name_count = arguments->word_count - matched;
		*out = row;
	}
	return status;
}

/* What a row takes, counted. */
struct takes {
	size_t least, most; /* names; most is SIZE_MAX for any number */
	bool pairs, pairs_needed;
	bool relations; /* other than = */
};

static struct takes count_takes(const struct command_row *row)
{
	struct takes takes = {0};
	size_t length = 0;

	for (const char *word = words_next(row->takes, &length); word;
	     word = words_next(word + length, &length)) {
		bool optional = word[0] == '[';

		if (memmem(word, length, "FIELD=VALUE", 11) || memmem(word, length, "CONDITION", 9)) {
			takes.pairs = true;
			takes.pairs_needed = !optional;
			takes.relations = memmem(word, length, "CONDITION", 9) != NULL;
			continue;
		}
		takes.least += optional ? 0 : 1;
		takes.most = memmem(word, length, "...", 3) ? SIZE_MAX : takes.most + 1;
	}
	return takes;
}

/* "safer action set": the words of a row, with the kind and verb at hand. */
static const char *row_words(const struct client *client, const struct command_row *row)
{
	if (!command_is_of_kind(row) || !client->kind) {
		return row->words;
	}
	return arena_printf(client->arena, "%s %s", client->kind->name,
			    client->transition ? client->transition->verb : row->words + 5);
}

static enum status usage(const struct client *client, const struct command_row *row, struct error *err)
{
	const char *words = row_words(client, row);

	return error_hint(err, "usage: safer %s%s%s", words ? words : row->words, row->takes[0] ? " " : "",
			  row->takes);
}

enum status command_check(const struct client *client, const struct command_row *row, struct error *err)
{
	struct takes takes = count_takes(row);
	const struct arguments *arguments = client->arguments;
	const char *words = row_words(client, row);
	enum status status;

	if (!words) {
		return error_memory(err);
	}
	status = arguments_check_flags(arguments, row->flags, words, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (client->name_count > takes.most) {
		error_set(err, STATUS_INVALID, "\"safer %s\" does not know what to do with \"%s\"", words,
			  client->names[takes.most]);
		return usage(client, row, err);
	}
	if (client->name_count < takes.least || (takes.pairs_needed && arguments->pair_count == 0)) {
		error_set(err, STATUS_INVALID, "\"safer %s\" needs more than that", words);
		return usage(client, row, err);
	}
	if (arguments->pair_count > 0 && !takes.pairs) {
		error_set(err, STATUS_INVALID, "\"safer %s\" takes no field%svalue such as %s", words,
			  arguments->pairs[0].sign, arguments->pairs[0].field);
		return usage(client, row, err);
	}
	for (size_t i = 0; i < arguments->pair_count && !takes.relations; i++) {
		if (strcmp(arguments->pairs[i].relation, "is") != 0) {
			error_set(err, STATUS_INVALID, "\"safer %s\" sets fields, so %s%s%s cannot be meant",
				  words, arguments->pairs[i].field, arguments->pairs[i].sign,
				  arguments->pairs[i].value);
			return error_hint(err, "write %s=VALUE", arguments->pairs[i].field);
		}
	}
	return STATUS_OK;
}
