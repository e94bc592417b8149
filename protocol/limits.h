/* The one table of limits. limits.def has the rows. */
#ifndef SAFER_PROTOCOL_LIMITS_H
#define SAFER_PROTOCOL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct limits {
#define LIMIT(symbol, value, unit, help) int64_t symbol;
#include "protocol/limits.def"
#undef LIMIT
};

struct limit_row {
	const char *name;
	int64_t value; /* the default */
	const char *unit;
	const char *help;
	size_t offset; /* of the int64_t in struct limits */
};

extern const struct limit_row limit_rows[];
extern const size_t limit_row_count;

void limits_default(struct limits *limits);

#endif
