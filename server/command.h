/* The command line of saferd: a row for each command, and rows for its options. Parsing, usage and help come from the
 * rows. */
#ifndef SAFER_SERVER_COMMAND_H
#define SAFER_SERVER_COMMAND_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_WORDS   2 /* most words that a command takes */
#define COMMAND_OPTIONS 6

struct option_row {
	const char *name;  /* without the two hyphens; NULL ends the list */
	const char *value; /* what its value is called; NULL: it takes none */
	const char *help;
	bool required;
};

struct command;

struct arguments {
	const struct command *command;
	const char *words[COMMAND_WORDS];
	const char *values
		[COMMAND_OPTIONS]; /* in the order of the rows; "" for one without value that is there */
};

struct command {
	const char *name;
	const char *words[COMMAND_WORDS]; /* what each is called; all must be given */
	struct option_row options[COMMAND_OPTIONS + 1];
	const char *help; /* one line */
	const char *text; /* more lines, for its own help */
	enum status (*run)(const struct arguments *arguments, struct error *err);
};

/* The value of an option, or NULL when it was not given. */
const char *argument(const struct arguments *arguments, const char *option);

/* A whole number; STATUS_INVALID outside the bounds. `fallback` when the option was not given. */
enum status argument_number(const struct arguments *arguments, const char *option, long least, long most,
			    long fallback, long *out, struct error *err);

/* All commands, in the order of the help. */
const struct command *const *command_list(size_t *count);

/* Runs what the command line says; returns the exit code. */
int command_main(int argc, char **argv);

extern const struct command command_init;
extern const struct command command_run;
extern const struct command command_check;
extern const struct command command_backup;
extern const struct command command_restore;
extern const struct command command_invite;

#endif
