/* The commands: commands.def has a row for each. The table, the prototypes, `safer help` and completion come from
 * those rows. */
#ifndef SAFER_CLIENT_COMMANDS_H
#define SAFER_CLIENT_COMMANDS_H

#include "client/client.h"

enum command {
#define COMMAND(symbol, words, takes, flags, section, help, example) COMMAND_##symbol,
#include "client/commands.def"
#undef COMMAND
	COMMAND_COUNT
};

struct command_row {
	const char *words;
	const char *takes;
	uint64_t flags; /* FLAGS_ALWAYS included */
	const char *section;
	const char *help;
	const char *example;
	enum status (*run)(struct client *client, struct error *err);
};

extern const struct command_row command_rows[COMMAND_COUNT];

/* Finds the row for the words typed and sets client->command, ->names, and, for rows of a kind, ->kind and ->verb
 * (which asks the server for the schema). No words at all are "status". STATUS_INVALID, with a suggestion, when
 * there is none. */
enum status command_find(struct client *client, const struct command_row **out, struct error *err);

/* Checks names, pairs and flags against the row, and says what is missing. */
enum status command_check(const struct client *client, const struct command_row *row, struct error *err);

/* Steps through the words of a row, as words_next does; here a word ends at a space. */
bool command_is_of_kind(const struct command_row *row); /* its first word is KIND */

/* The first words of all commands, and the names of the kinds that are known here; NULL-ended, in the arena. */
const char *const *command_nouns(struct client *client);

/* Shows help for a row, on standard output. */
enum status command_help_row(struct client *client, const struct command_row *row, struct error *err);

#define COMMAND(symbol, words, takes, flags, section, help, example) \
	enum status command_##symbol(struct client *client, struct error *err);
#include "client/commands.def"
#undef COMMAND

#endif
