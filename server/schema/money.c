/* Money: what the partnership is given, by whom, for what. An amount that nobody knows is unknown, never nil. */
#include "server/schema/rows.h"

#define PENCE_MAX 100000000000LL /* a thousand million pounds */

static const struct field grant_fields[] = {
	LINE("title", 160, "members", "clerks", "what the money is called", .required = true, .column = true),
	REF("funder", "organisation", "members", "clerks", "who gives it", .required = true, .column = true),
	REF("recipient", "organisation", "members", "clerks", "who gets it, or administers it",
	    .column = true),
	PERIOD("year", "members", "clerks", "the year that it is for", .required = true, .group = "award",
	       .column = true),
	DECIMAL("amount", 2, 0, PENCE_MAX, "members", "clerks", "how much", .unit = "GBP", .required = true,
		.unknown = true, .group = "award", .column = true),
	FLAG("approximate", "members", "clerks", "the amount is known only roughly", .group = "award"),
	LINES("purpose", 4000, "members", "clerks", "what it is for"),
	LINES("conditions", 4000, "partners", "clerks", "what was agreed with the funder"),
	COMMON_ROWS("members", "clerks"),
};

CHAPTER(money, {.name = "grant",
		.plural = "grants",
		.prefix = "G",
		.chapter = "money",
		.title = "title",
		.help = "money that somebody gives the partnership, or one of its authorities, for a year",
		.states = "",
		KIND_FIELDS(grant_fields)})
