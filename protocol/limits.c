/* The rows of limits.def as a table, for the settings, the health report and the manual to walk. Who enforces a
 * limit reads it from a struct limits that the settings have filled. */
#include "protocol/limits.h"

const struct limit_row limit_rows[] = {
#define LIMIT(symbol, value, unit, help) {#symbol, (value), (unit), (help), offsetof(struct limits, symbol)},
#include "protocol/limits.def"
#undef LIMIT
};

const size_t limit_row_count = sizeof(limit_rows) / sizeof(limit_rows[0]);

void limits_default(struct limits *limits)
{
	*limits = (struct limits)
	{
#define LIMIT(symbol, value, unit, help) .symbol = (value),
#include "protocol/limits.def"
#undef LIMIT
	};
}
