/* Sorts the words of a command line. Knows the flags' names and whether they take a value, and nothing else. */
#include "client/arguments.h"

#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct flag_row flag_rows[FLAG_COUNT] = {
#define FLAG(symbol, name, value, help) [FLAG_##symbol] = {name, value, help},
#include "client/flags.def"
#undef FLAG
};

/* Longer signs stand before those that they begin with. */
static const struct {
	const char *sign;
	const char *relation;
} relations[] = {
	{"!=", "not"}, {"<=", "at-most"}, {">=", "at-least"}, {"=", "is"},
	{"<", "less"}, {">", "more"},     {"~", "contains"},
};

static enum status unknown_flag(const char *name, size_t length, uint64_t allowed, const char *command,
				struct error *err)
{
	const char *candidates[FLAG_COUNT + 1];
	const char *nearest;
	char word[40] = "";
	size_t count = 0;

	for (size_t i = 0; i < FLAG_COUNT; i++) {
		if (allowed & UINT64_C(1) << i) {
			candidates[count++] = flag_rows[i].name;
		}
	}
	candidates[count] = NULL;
	if (length < sizeof(word)) {
		memcpy(word, name, length);
		word[length] = 0;
	}
	if (command) {
		error_set(err, STATUS_INVALID, "\"safer %s\" takes no flag --%.*s", command, (int)length,
			  name);
	} else {
		error_set(err, STATUS_INVALID, "there is no flag --%.*s", (int)length, name);
	}
	nearest = text_nearest(word, candidates);
	if (nearest) {
		error_hint(err, "did you mean --%s?", nearest);
	} else if (command) {
		error_hint(err, "\"safer help %s\" lists its flags", command);
	} else {
		error_hint(err, "\"safer help\" lists the commands; --help after a command lists its flags");
	}
	return STATUS_INVALID;
}

static size_t flag_find(const char *name, size_t length)
{
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		if (text_equal(name, length, flag_rows[i].name)) {
			return i;
		}
	}
	return FLAG_COUNT;
}

/* Reads the flag at argv[*at]; moves *at on when its value is the next word. */
static enum status take_flag(struct arguments *out, int argc, char **argv, int *at, struct error *err)
{
	const char *name = argv[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	size_t flag = flag_find(name, length);

	if (flag == FLAG_COUNT) {
		return unknown_flag(name, length, UINT64_MAX, NULL, err);
	}
	if (out->flags[flag] && flag_rows[flag].value) {
		return error_set(err, STATUS_INVALID, "--%s is there twice", flag_rows[flag].name);
	}
	if (!flag_rows[flag].value) {
		if (equals) {
			return error_set(err, STATUS_INVALID, "--%s takes no value", flag_rows[flag].name);
		}
		out->flags[flag] = "";
	} else if (equals) {
		out->flags[flag] = equals + 1;
	} else if (*at + 1 < argc) {
		out->flags[flag] = argv[++*at];
	} else {
		error_set(err, STATUS_INVALID, "--%s needs a value", flag_rows[flag].name);
		return error_hint(err, "write --%s %s", flag_rows[flag].name, flag_rows[flag].value);
	}
	out->given |= UINT64_C(1) << flag;
	return STATUS_OK;
}

/* A word is a pair when it begins like a field's name and a relation follows. */
static bool is_pair(const char *word, size_t *name_length)
{
	size_t length = 0;

	if (!isalpha((unsigned char)word[0])) {
		return false;
	}
	while (isalnum((unsigned char)word[length]) || word[length] == '_' || word[length] == '-') {
		length++;
	}
	*name_length = length;
	return word[length] && strchr("=!<>~", word[length]) &&
	       (word[length] != '!' || word[length + 1] == '=');
}

static enum status take_pair(struct arena *arena, const char *word, size_t name_length,
			     struct argument_pair *out, struct error *err)
{
	char *field = arena_text(arena, word, name_length);
	const char *rest = word + name_length;

	if (!field) {
		return error_memory(err);
	}
	for (char *letter = field; *letter; letter++) {
		*letter = *letter == '-' ? '_' : (char)tolower((unsigned char)*letter);
	}
	out->field = field;
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		size_t length = strlen(relations[i].sign);

		if (strncmp(rest, relations[i].sign, length) == 0) {
			out->relation = relations[i].relation;
			out->sign = relations[i].sign;
			out->value = rest + length;
			break;
		}
	}
	return STATUS_OK;
}

enum status arguments_parse(struct arena *arena, int argc, char **argv, struct arguments *out,
			    struct error *err)
{
	enum status status = STATUS_OK;
	bool flags_end = false;
	size_t room = argc > 0 ? (size_t)argc : 1;

	*out = (struct arguments){0};
	out->words = arena_array(arena, room, sizeof(*out->words));
	out->pairs = arena_array(arena, room, sizeof(*out->pairs));
	if (!out->words || !out->pairs) {
		return error_memory(err);
	}
	for (int i = 1; i < argc && status == STATUS_OK; i++) {
		const char *word = argv[i];
		size_t name_length = 0;

		if (!text_is_clean(word, strlen(word), true)) {
			error_set(err, STATUS_INVALID, "word %d of the command line is not clean UTF-8 text",
				  i);
			status = error_hint(err,
					    "control characters and bytes that are no UTF-8 are not taken");
		} else if (!flags_end && strcmp(word, "--") == 0) {
			flags_end = true;
		} else if (!flags_end && strcmp(word, "-h") == 0) {
			out->flags[FLAG_HELP] = "";
			out->given |= FLAG_BIT(HELP);
		} else if (!flags_end && strncmp(word, "--", 2) == 0) {
			status = take_flag(out, argc, argv, &i, err);
		} else if (!flags_end && word[0] == '-' && word[1]) {
			error_set(err, STATUS_INVALID, "there is no flag %s", word);
			status =
				error_hint(err, "flags are written out, such as --limit 5; only -h is short");
		} else if (is_pair(word, &name_length)) {
			status = take_pair(arena, word, name_length, &out->pairs[out->pair_count++], err);
		} else {
			out->words[out->word_count++] = word;
		}
	}
	return status;
}

bool arguments_have(const struct arguments *arguments, enum flag flag)
{
	return arguments->given & UINT64_C(1) << flag;
}

enum status arguments_check_flags(const struct arguments *arguments, uint64_t allowed, const char *command,
				  struct error *err)
{
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		if (arguments->given & ~allowed & UINT64_C(1) << i) {
			return unknown_flag(flag_rows[i].name, strlen(flag_rows[i].name), allowed, command,
					    err);
		}
	}
	return STATUS_OK;
}

bool number_parse(const char *text, int64_t least, int64_t most, int64_t *out)
{
	char *end = NULL;
	long long number;

	if (!isdigit((unsigned char)text[0]) && !(text[0] == '-' && isdigit((unsigned char)text[1]))) {
		return false;
	}
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || *end || number < least || number > most) {
		return false;
	}
	*out = number;
	return true;
}

enum status arguments_number(const struct arguments *arguments, enum flag flag, int64_t least, int64_t most,
			     int64_t fallback, int64_t *out, struct error *err)
{
	const char *text = arguments->flags[flag];

	if (!text) {
		*out = fallback;
		return STATUS_OK;
	}
	if (!number_parse(text, least, most, out)) {
		return error_set(err, STATUS_INVALID,
				 "--%s takes a whole number from %lld to %lld, not \"%s\"",
				 flag_rows[flag].name, (long long)least, (long long)most, text);
	}
	return STATUS_OK;
}
