/* Completion. The words typed so far are walked once: the commands of the table and, for commands of a kind, the
 * cached schema say what may come next. */
#include "client/completion.h"

#include "client/commands.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- candidates ---- */

struct offer {
	const char *typed; /* what candidates must begin with */
	FILE *file;
};

static void offer(const struct offer *to, const char *candidate, size_t length, const char *end,
		  const char *help)
{
	size_t typed = strlen(to->typed);
	size_t whole = length + strlen(end);
	char word[256];

	if (whole >= sizeof(word)) {
		return;
	}
	memcpy(word, candidate, length);
	memcpy(word + length, end, strlen(end) + 1);
	if (strncmp(word, to->typed, typed) == 0) {
		(void)fprintf(to->file, "%s%s%s\n", word, help ? "\t" : "", help ? help : "");
	}
}

static void offer_flags(const struct offer *to, uint64_t allowed)
{
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		char name[64];

		if (allowed & UINT64_C(1) << i) {
			(void)snprintf(name, sizeof(name), "--%s", flag_rows[i].name);
			offer(to, name, strlen(name), "", flag_rows[i].help);
		}
	}
}

/* "field=" for each field, and "field=choice" once the field is typed. */
static void offer_pairs(const struct offer *to, const struct kind *kind)
{
	const char *equals = strchr(to->typed, '=');
	const struct field *field = equals ? kind_field(kind, to->typed, (size_t)(equals - to->typed)) : NULL;
	size_t length = 0;

	if (!equals) {
		for (size_t i = 0; i < kind->field_count; i++) {
			offer(to, kind->fields[i].name, strlen(kind->fields[i].name), "=",
			      kind->fields[i].help);
		}
		return;
	}
	if (!field || (field->type != FIELD_CHOICE && field->type != FIELD_FLAG)) {
		return;
	}
	for (const char *word = words_next(field->type == FIELD_FLAG ? "yes no" : field->choices, &length);
	     word; word = words_next(word + length, &length)) {
		char pair[256];

		(void)snprintf(pair, sizeof(pair), "%s=%.*s", field->name, (int)length, word);
		offer(to, pair, strlen(pair), "", NULL);
	}
}

static void offer_verbs(const struct offer *to, const struct kind *kind)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = &command_rows[i];

		if (command_is_of_kind(row) && i != COMMAND_record_move) {
			offer(to, row->words + 5, strlen(row->words + 5), "", row->help);
		}
	}
	for (size_t i = 0; i < kind->transition_count; i++) {
		offer(to, kind->transitions[i].verb, strlen(kind->transitions[i].verb), "",
		      kind->transitions[i].help);
	}
}

/* The words of rows that come after the words typed. */
static void offer_words(struct client *client, const struct offer *to, const char *const *words, size_t count)
{
	char last[64] = "";

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = &command_rows[i];
		size_t length = 0;
		size_t at = 0;
		const char *word = words_next(row->words, &length);

		while (word && at < count && text_equal(word, length, words[at])) {
			word = words_next(word + length, &length);
			at++;
		}
		if (!word || at < count || command_is_of_kind(row) || length >= sizeof(last) ||
		    text_equal(word, length, last) ||
		    (count == 0 && client->schema && schema_kind(client->schema, word, length))) {
			continue; /* the last: a kind, which comes below */
		}
		memcpy(last, word, length);
		last[length] = 0;
		offer(to, word, length, "", word[length] ? NULL : row->help);
	}
	for (size_t i = 0; count == 0 && client->schema && i < client->schema->kind_count; i++) {
		const struct kind *kind = &client->schema->kinds[i];

		offer(to, kind->name, strlen(kind->name), "", kind->help);
	}
}

/* ---- the words typed so far ---- */

/* What the words before the one being typed come to. */
struct typed {
	const char **words; /* without flags and pairs */
	size_t count;
	size_t value_of; /* a flag that waits for its value; FLAG_COUNT: none */
};

static enum status read_typed(struct client *client, const char *const *words, size_t count,
			      struct typed *out, struct error *err)
{
	out->words = arena_array(client->arena, count + 1, sizeof(*out->words));
	out->count = 0;
	out->value_of = FLAG_COUNT;
	if (!out->words) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (out->value_of != FLAG_COUNT) {
			out->value_of = FLAG_COUNT; /* this word is the value */
			continue;
		}
		if (strncmp(words[i], "--", 2) == 0) {
			for (size_t f = 0; f < FLAG_COUNT; f++) {
				if (strcmp(words[i] + 2, flag_rows[f].name) == 0 && flag_rows[f].value) {
					out->value_of = f;
				}
			}
		} else if (words[i][0] != '-' && !strpbrk(words[i], "=<>~")) {
			out->words[out->count++] = words[i];
		}
	}
	return STATUS_OK;
}

static const struct command_row *find_row(const struct client *client, const struct typed *typed)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = &command_rows[i];
		size_t length = 0;
		size_t at = 0;
		const char *word = words_next(row->words, &length);

		if (command_is_of_kind(row)) {
			if (client->kind && typed->count > 1 &&
			    strcmp(row->words + 5, typed->words[1]) == 0) {
				return row;
			}
			continue;
		}
		while (word && at < typed->count && text_equal(word, length, typed->words[at])) {
			word = words_next(word + length, &length);
			at++;
		}
		if (!word && at > 0) {
			return row;
		}
	}
	return client->kind && typed->count > 1 ? &command_rows[COMMAND_record_move] : NULL;
}

/* What may stand for the value of a flag. */
static void offer_value(struct client *client, const struct offer *to, size_t flag)
{
	const char *const *names = NULL;
	size_t count = 0;

	if (flag == FLAG_PROFILE && profile_names(client->arena, &names, &count, NULL) == STATUS_OK) {
		for (size_t i = 0; i < count; i++) {
			offer(to, names[i], strlen(names[i]), "", NULL);
		}
	}
	if ((flag == FLAG_SORT || flag == FLAG_COLUMNS) && client->kind) {
		for (size_t i = 0; i < client->kind->field_count; i++) {
			offer(to, client->kind->fields[i].name, strlen(client->kind->fields[i].name), "",
			      client->kind->fields[i].help);
		}
	}
}

enum status completion_print(struct client *client, const char *const *words, size_t count, FILE *file,
			     struct error *err)
{
	struct offer to = {.typed = count > 0 ? words[count - 1] : "", .file = file};
	const struct command_row *row;
	struct typed typed;
	enum status status = read_typed(client, words, count > 0 ? count - 1 : 0, &typed, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (typed.count > 0 && client->schema) {
		client->kind = schema_kind(client->schema, typed.words[0], strlen(typed.words[0]));
	}
	row = find_row(client, &typed);
	if (typed.value_of != FLAG_COUNT) {
		offer_value(client, &to, typed.value_of);
	} else if (to.typed[0] == '-') {
		offer_flags(&to, row ? row->flags : FLAGS_ALWAYS);
	} else if (row == &command_rows[COMMAND_completion]) {
		for (size_t i = 0; i < 3; i++) {
			static const char *const shells[] = {"bash", "zsh", "fish"};

			offer(&to, shells[i], strlen(shells[i]), "", NULL);
		}
	} else if (client->kind && typed.count == 1) {
		offer_verbs(&to, client->kind);
		offer_words(client, &to, typed.words, 1);
	} else if (client->kind && row && strchr(row->takes, '=')) {
		offer_pairs(&to, client->kind);
	} else if (client->kind && row && strstr(row->takes, "CONDITION")) {
		offer_pairs(&to, client->kind);
	} else if (row == &command_rows[COMMAND_help]) {
		offer_words(client, &to, typed.words + 1, typed.count - 1);
	} else if (!client->kind) {
		offer_words(client, &to, typed.words, typed.count);
	}
	return STATUS_OK;
}

int completion_answer(int count, char **words)
{
	struct client client = {0};
	struct arguments arguments = {0};
	struct error err = ERROR_INIT;
	const char **copy = calloc((size_t)count + 1, sizeof(*copy));
	enum status status = copy ? client_init(&client, &arguments, &err) : STATUS_FAILED;

	if (status == STATUS_OK) {
		for (int i = 0; i < count; i++) {
			copy[i] = words[i];
			if (strcmp(words[i], "--profile") == 0 && i + 1 < count) {
				arguments.flags[FLAG_PROFILE] = words[i + 1];
			}
		}
		client_schema_cached(&client);
		status = completion_print(&client, copy, (size_t)count, stdout, &err);
	}
	client_release(&client);
	free(copy);
	return status_exit_code(status);
}

/* ---- the scripts ---- */

static const struct {
	const char *shell;
	const char *script;
} scripts[] = {
	{"bash", "# safer completion bash: put into ~/.bashrc:  source <(safer completion bash)\n"
		 "_safer() {\n"
		 "    local line=${COMP_LINE:0:COMP_POINT} word cut= words=()\n"
		 "    read -ra words <<<\"$line\"\n"
		 "    [[ $line == *' ' ]] && words+=('')\n"
		 "    local typed=${words[${#words[@]}-1]}\n"
		 "    # bash parts words at =, so only what follows it is to be filled in\n"
		 "    [[ $typed == *=* ]] && cut=${typed%%=*}=\n"
		 "    COMPREPLY=()\n"
		 "    while IFS= read -r line; do\n"
		 "        word=${line%%$'\\t'*}\n"
		 "        COMPREPLY+=(\"${word#\"$cut\"}\")\n"
		 "    done < <(safer __complete \"${words[@]:1}\" 2>/dev/null)\n"
		 "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
		 "    return 0\n"
		 "}\n"
		 "complete -F _safer safer\n"},
	{"zsh", "#compdef safer\n"
		"# safer completion zsh: put into ~/.zshrc:  source <(safer completion zsh)\n"
		"_safer() {\n"
		"    local line word help\n"
		"    local -a plain open\n"
		"    while IFS= read -r line; do\n"
		"        word=${line%%$'\\t'*}\n"
		"        help=${line#*$'\\t'}\n"
		"        [[ $help == $line ]] && help=\n"
		"        if [[ $word == *= ]]; then\n"
		"            open+=(\"${word//:/\\\\:}:$help\")\n"
		"        else\n"
		"            plain+=(\"${word//:/\\\\:}:$help\")\n"
		"        fi\n"
		"    done < <(safer __complete \"${(@)words[2,$CURRENT]}\" 2>/dev/null)\n"
		"    (( ${#plain} )) && _describe safer plain\n"
		"    (( ${#open} )) && _describe field open -S ''\n"
		"}\n"
		"compdef _safer safer\n"},
	{"fish", "# safer completion fish: put into ~/.config/fish/completions/safer.fish\n"
		 "complete -c safer -f -a '(set -l words (commandline -opc) (commandline -ct); "
		 "safer __complete $words[2..-1] 2>/dev/null)'\n"},
};

enum status command_completion(struct client *client, struct error *err)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (strcmp(client->names[0], scripts[i].shell) == 0) {
			(void)fputs(scripts[i].script, client->output.file);
			return STATUS_OK;
		}
	}
	error_set(err, STATUS_INVALID, "there is no completion for \"%s\"", client->names[0]);
	return error_hint(err, "there is one for bash, zsh and fish");
}
