/* The words of a command line, sorted: commands and names, field=value pairs, flags. Flags may stand anywhere;
 * "--" ends them. What a flag means for a command is the command's business (commands.h). */
#ifndef SAFER_CLIENT_ARGUMENTS_H
#define SAFER_CLIENT_ARGUMENTS_H

#include "common/arena.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag {
#define FLAG(symbol, name, value, help) FLAG_##symbol,
#include "client/flags.def"
#undef FLAG
	FLAG_COUNT
};

#define FLAG_BIT(symbol) (UINT64_C(1) << FLAG_##symbol)

struct flag_row {
	const char *name;
	const char *value; /* what it takes, for help; NULL: nothing */
	const char *help;
};
extern const struct flag_row flag_rows[FLAG_COUNT];

/* What every command takes. */
#define FLAGS_ALWAYS                                                                               \
	(FLAG_BIT(HELP) | FLAG_BIT(VERSION) | FLAG_BIT(PROFILE) | FLAG_BIT(JSON) | FLAG_BIT(CSV) | \
	 FLAG_BIT(PLAIN) | FLAG_BIT(NO_COLOUR) | FLAG_BIT(NO_COLOR) | FLAG_BIT(NO_INPUT))

/* field=value, or another relation: != < > <= >= and ~ for contains. */
struct argument_pair {
	const char *field; /* lower case; - is read as _ */
	const char *
		relation; /* as on the wire: "is", "not", "less", "more", "at-most", "at-least", "contains" */
	const char *sign; /* as typed */
	const char *value; /* may be empty */
};

struct arguments {
	const char **words; /* in the order typed */
	size_t word_count;
	struct argument_pair *pairs;
	size_t pair_count;
	const char *flags[FLAG_COUNT]; /* NULL: not given; "" for a flag without a value */
	uint64_t given;                /* bits of the flags given */
};

/* Sorts argv[1] onwards. Everything lies in the arena or in argv. STATUS_INVALID, with a suggestion, for a flag
 * that there is none of, one without its value, or a value given to a flag that takes none. */
enum status arguments_parse(struct arena *arena, int argc, char **argv, struct arguments *out,
			    struct error *err);

bool arguments_have(const struct arguments *arguments, enum flag flag);

/* STATUS_INVALID when a flag was given that is not among `allowed`; suggests the nearest that is. */
enum status arguments_check_flags(const struct arguments *arguments, uint64_t allowed, const char *command,
				  struct error *err);

/* A flag's whole number between least and most; `fallback` when it was not given. */
enum status arguments_number(const struct arguments *arguments, enum flag flag, int64_t least, int64_t most,
			     int64_t fallback, int64_t *out, struct error *err);

/* A decimal number, nothing around it. */
bool number_parse(const char *text, int64_t least, int64_t most, int64_t *out);

#endif
