/* Finds the row of a command, takes its arguments apart, and says what went wrong. */
#include "server/command.h"

#include "common/log.h"
#include "common/text.h"
#include "protocol/version.h"
#include "server/policy/policy.h"
#include "server/schema/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum status run_help(const struct arguments *arguments, struct error *err);
static enum status run_version(const struct arguments *arguments, struct error *err);

static const struct command command_help = {
	.name = "help",
	.help = "this text; saferd COMMAND --help tells more of one",
	.run = run_help,
};

static const struct command command_version = {
	.name = "version",
	.help = "the version of the program and of the protocol",
	.run = run_version,
};

static const struct command *const commands[] = {
	&command_init,    &command_run,    &command_check, &command_backup,
	&command_restore, &command_invite, &command_help,  &command_version,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *const *command_list(size_t *count)
{
	*count = COMMAND_COUNT;
	return commands;
}

/* ---- help ---- */

static void print_usage(FILE *out, const struct command *command)
{
	fprintf(out, "saferd %s", command->name);
	for (size_t i = 0; i < COMMAND_WORDS && command->words[i]; i++) {
		fprintf(out, " %s", command->words[i]);
	}
	for (const struct option_row *option = command->options; option->name; option++) {
		fprintf(out, " %s--%s%s%s%s", option->required ? "" : "[", option->name,
			option->value ? " " : "", option->value ? option->value : "",
			option->required ? "" : "]");
	}
	fprintf(out, "\n");
}

static void print_help(FILE *out, const struct command *command)
{
	fprintf(out, "usage: ");
	print_usage(out, command);
	fprintf(out, "\n%s\n", command->text ? command->text : command->help);
	for (const struct option_row *option = command->options; option->name; option++) {
		char left[60];

		snprintf(left, sizeof(left), "--%s %s", option->name, option->value ? option->value : "");
		fprintf(out, "%s  %-26s %s\n", option == command->options ? "\n" : "", left, option->help);
	}
}

static void print_all_help(FILE *out)
{
	fprintf(out,
		"saferd serves the plan, the records and the journal of Community Safety Partnerships.\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "  saferd %-10s %s\n", commands[i]->name, commands[i]->help);
	}
	fprintf(out, "\nThe manual pages saferd(8) and saferd.conf(5) tell the rest. Exit codes: 0 done, 1 "
		     "failed,\n"
		     "2 usage, 3 not found, 7 refused, 8 try again, 9 something did not check out.\n");
}

static enum status run_help(const struct arguments *arguments, struct error *err)
{
	(void)arguments;
	(void)err;
	print_all_help(stdout);
	return STATUS_OK;
}

static enum status run_version(const struct arguments *arguments, struct error *err)
{
	(void)arguments;
	(void)err;
	printf("saferd %s, protocol %d\n", SAFER_VERSION, PROTOCOL_VERSION);
	return STATUS_OK;
}

/* ---- arguments ---- */

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

static enum status unknown_command(const char *name, struct error *err)
{
	const char *names[COMMAND_COUNT + 1];
	const char *nearest;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		names[i] = commands[i]->name;
	}
	names[COMMAND_COUNT] = NULL;
	nearest = text_nearest(name, names);
	error_set(err, STATUS_INVALID, "saferd has no command \"%s\"", name);
	if (nearest) {
		return error_hint(err, "did you mean saferd %s?", nearest);
	}
	return error_hint(err, "saferd help lists the commands");
}

static enum status usage_error(const struct command *command, struct error *err)
{
	return error_hint(err, "saferd %s --help shows how it is used", command->name);
}

/* "--name", "--name=value" or "--name value"; *at moves past what was taken. */
static enum status take_option(struct arguments *arguments, int argc, char **argv, int *at, struct error *err)
{
	const struct command *command = arguments->command;
	const char *name = argv[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; command->options[i].name; i++) {
		const struct option_row *option = &command->options[i];

		if (strlen(option->name) != length || strncmp(option->name, name, length) != 0) {
			continue;
		}
		if (arguments->values[i]) {
			error_set(err, STATUS_INVALID, "--%s is there twice", option->name);
			return usage_error(command, err);
		}
		if (!option->value && equals) {
			error_set(err, STATUS_INVALID, "--%s takes no value", option->name);
			return usage_error(command, err);
		}
		if (!option->value || equals) {
			arguments->values[i] = equals ? equals + 1 : "";
		} else if (*at + 1 < argc) {
			arguments->values[i] = argv[++*at];
		} else {
			error_set(err, STATUS_INVALID, "--%s needs a value: %s", option->name, option->value);
			return usage_error(command, err);
		}
		return STATUS_OK;
	}
	error_set(err, STATUS_INVALID, "saferd %s has no option --%.*s", command->name, (int)length, name);
	return usage_error(command, err);
}

static enum status take_arguments(struct arguments *arguments, int argc, char **argv, struct error *err)
{
	const struct command *command = arguments->command;
	enum status status = STATUS_OK;
	bool only_words = false;
	size_t words = 0;

	for (int i = 2; status == STATUS_OK && i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
			status = take_option(arguments, argc, argv, &i, err);
		} else if (words < COMMAND_WORDS && command->words[words]) {
			arguments->words[words++] = argv[i];
		} else {
			error_set(err, STATUS_INVALID, "\"%s\" is one argument too many", argv[i]);
			status = usage_error(command, err);
		}
	}
	if (status == STATUS_OK && words < COMMAND_WORDS && command->words[words]) {
		error_set(err, STATUS_INVALID, "saferd %s needs %s", command->name, command->words[words]);
		status = usage_error(command, err);
	}
	for (size_t i = 0; status == STATUS_OK && command->options[i].name; i++) {
		if (command->options[i].required && !arguments->values[i]) {
			error_set(err, STATUS_INVALID, "saferd %s needs --%s", command->name,
				  command->options[i].name);
			status = usage_error(command, err);
		}
	}
	return status;
}

const char *argument(const struct arguments *arguments, const char *option)
{
	for (size_t i = 0; arguments->command->options[i].name; i++) {
		if (strcmp(arguments->command->options[i].name, option) == 0) {
			return arguments->values[i];
		}
	}
	return NULL;
}

enum status argument_number(const struct arguments *arguments, const char *option, long least, long most,
			    long fallback, long *out, struct error *err)
{
	const char *text = argument(arguments, option);
	char *end = NULL;
	long number;

	if (!text) {
		*out = fallback;
		return STATUS_OK;
	}
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < least || number > most) {
		error_set(err, STATUS_INVALID, "--%s %s: it takes a whole number from %ld to %ld", option,
			  text, least, most);
		return usage_error(arguments->command, err);
	}
	*out = number;
	return STATUS_OK;
}

/* ---- running ---- */

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			return true;
		}
	}
	return false;
}

static enum status run_command(int argc, char **argv, struct error *err)
{
	struct arguments arguments = {.command = NULL};
	const char *name = argc > 1 ? argv[1] : NULL;
	enum status status = STATUS_OK;

	if (!name) {
		print_all_help(stderr);
		return STATUS_INVALID;
	}
	if (strcmp(name, "--version") == 0) {
		name = "version";
	}
	arguments.command = find_command(name);
	if (asks_for_help(argc, argv)) {
		if (arguments.command && arguments.command != &command_help) {
			print_help(stdout, arguments.command);
		} else {
			print_all_help(stdout);
		}
		return STATUS_OK;
	}
	if (!arguments.command) {
		return unknown_command(name, err);
	}
	status = take_arguments(&arguments, argc, argv, err);
	return status == STATUS_OK ? arguments.command->run(&arguments, err) : status;
}

int command_main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	enum status status;

	umask(0077);
	status = run_command(argc, argv, &err);
	policy_release(); /* whatever the command opened is closed */
	schema_release();
	if (status != STATUS_OK && err.message[0] != '\0') {
		fprintf(stderr, "saferd: %s\n", err.message);
		if (err.hint[0] != '\0') {
			fprintf(stderr, "        %s\n", err.hint);
		}
	}
	return status_exit_code(status);
}
