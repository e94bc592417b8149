/* What safer(1) says of commands, flags, environment and exit codes. The client's tables are read as rows here, not
 * linked: they name its functions. */
#include "tools/generate.h"

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum client_flag {
#define FLAG(symbol, name, value, help) CLIENT_FLAG_##symbol,
#include "client/flags.def"
#undef FLAG
	CLIENT_FLAG_COUNT
};

#define FLAG_BIT(symbol) (UINT64_C(1) << CLIENT_FLAG_##symbol)

static const struct {
	const char *name, *value, *help;
} flags[CLIENT_FLAG_COUNT] = {
#define FLAG(symbol, name, value, help) {name, value, help},
#include "client/flags.def"
#undef FLAG
};

static const struct {
	const char *words, *takes;
	uint64_t flags;
	const char *section, *help, *example;
} commands[] = {
#define COMMAND(symbol, words, takes, flags, section, help, example) \
	{words, takes, flags, section, help, example},
#include "client/commands.def"
#undef COMMAND
};

static const struct {
	const char *variables, *meaning;
} environment[] = {
#define ENVIRONMENT(variables, meaning) {variables, meaning},
#include "client/environment.def"
#undef ENVIRONMENT
};

/* "KIND set" is the argument KIND and the word set; what a command takes may stand in brackets. */
static void print_words(const char *words, bool arguments)
{
	while (*words) {
		size_t length = strcspn(words, " ");
		bool optional = words[0] == '[';
		bool argument = arguments || strncmp(words, "KIND", length) == 0 ||
				strncmp(words, "VERB", length) == 0;

		printf("%s %s %.*s", optional ? " Op" : "", argument ? "Ar" : "Cm",
		       (int)(length - (optional ? 2 : 0)), words + (optional ? 1 : 0));
		words += length + (words[length] == ' ');
	}
}

static void print_flags(uint64_t taken)
{
	bool any = false;

	for (size_t i = 0; i < CLIENT_FLAG_COUNT; i++) {
		if ((taken >> i & 1) == 0) {
			continue;
		}
		printf("%s.Fl -%s%s%s", any ? " ,\n" : "Flags:\n", flags[i].name,
		       flags[i].value ? " Ar " : "", flags[i].value ? flags[i].value : "");
		any = true;
	}
	printf("%s", any ? " .\n" : "");
}

void generate_client_commands(void)
{
	const char *section = "";

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(section, commands[i].section) != 0) {
			printf("%s.Ss %s\n.Bl -tag -width Ds\n", section[0] != '\0' ? ".El\n" : "",
			       commands[i].section);
			section = commands[i].section;
		}
		printf(".It");
		print_words(commands[i].words, false);
		print_words(commands[i].takes, true);
		printf("\n");
		generate_roff(commands[i].help);
		printf(".\n");
		print_flags(commands[i].flags);
		printf(".Dl ");
		generate_roff(commands[i].example);
		printf("\n");
	}
	printf(".El\n");
}

void generate_client_flags(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < CLIENT_FLAG_COUNT; i++) {
		printf(".It Fl -%s%s%s\n", flags[i].name, flags[i].value ? " Ar " : "",
		       flags[i].value ? flags[i].value : "");
		generate_roff(flags[i].help);
		printf(".\n");
	}
	printf(".El\n");
}

void generate_client_environment(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
		const char *names = environment[i].variables;

		printf(".It");
		while (*names) {
			size_t length = strcspn(names, ",");

			printf(" Ev %.*s%s", (int)length, names, names[length] ? " ," : "");
			names += length + (names[length] ? 2 : 0);
		}
		printf("\n");
		generate_roff(environment[i].meaning);
		printf(".\n");
	}
	printf(".El\n");
}

void generate_exit_codes(void)
{
	printf(".Bl -tag -width Ds\n");
	for (int i = 0; i < STATUS_COUNT; i++) {
		printf(".It %d\n", status_exit_code((enum status)i));
		generate_roff(status_meaning((enum status)i));
		printf(".\n");
	}
	printf(".El\n");
}
