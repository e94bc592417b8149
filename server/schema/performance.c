/* Performance: indicators, their targets, and what was observed. Figures are decimals with two places; a value, its
 * period and its source move together. */
#include "server/schema/rows.h"

#define FIGURE_MIN (-100000000000LL)
#define FIGURE_MAX 100000000000LL

static const struct field indicator_fields[] = {
	LINE("name", 160, "members", "planners", "what is measured", .required = true, .column = true),
	LINE("unit", 40, "members", "planners", "what is counted, such as offences or %", .required = true,
	     .group = "measure", .column = true),
	CHOICE("direction", "lower-is-better higher-is-better keep-below keep-above", "members", "planners",
	       "which way is good", .required = true, .group = "measure", .column = true),
	CHOICE("frequency", "month quarter year", "members", "planners", "how often it is measured",
	       .required = true, .group = "measure", .column = true),
	LINES("definition", 4000, "members", "planners", "what exactly counts"),
	LINE("data_source", 200, "members", "planners", "where the figures come from"),
	REF("priority", "priority", "members", "planners", "the priority that it measures"),
	PERIOD("baseline_period", "members", "planners", "the period that it is compared with",
	       .required = true, .group = "baseline"),
	DECIMAL("baseline", 2, FIGURE_MIN, FIGURE_MAX, "members", "planners", "its value in that period",
		.required = true, .unknown = true, .group = "baseline"),
	PERIOD("target_period", "members", "planners", "the period that the target is for", .group = "target",
	       .column = true),
	DECIMAL("target", 2, FIGURE_MIN, FIGURE_MAX, "members", "planners",
		"what is to be reached in that period", .unknown = true, .group = "target", .column = true),
	LINE("target_text", 300, "members", "planners", "the target in words", .group = "target"),
	DECIMAL("tolerance", 2, 0, 10000, "members", "planners", "how far off the target is still amber",
		.unit = "%"),
	COMMON_ROWS("members", "planners"),
};

static const struct field observation_fields[] = {
	LINE("title", 200, "members", "nobody", "the observation in words", .column = true),
	REF("indicator", "indicator", "members", "analysts", "what was measured", .required = true,
	    .group = "figure"),
	PERIOD("period", "members", "analysts", "when", .required = true, .group = "figure", .column = true),
	DECIMAL("value", 2, FIGURE_MIN, FIGURE_MAX, "members", "analysts", "the figure", .required = true,
		.unknown = true, .group = "figure", .column = true),
	FLAG("provisional", "members", "analysts", "it may still be revised", .group = "figure",
	     .column = true),
	LINE("data_source", 200, "members", "analysts", "where the figure comes from", .group = "figure"),
	LINES("comment", 4000, "partners", "analysts", "what to know when reading it"),
	COMMON_ROWS("members", "analysts"),
};

CHAPTER(performance,
	{.name = "indicator",
	 .plural = "indicators",
	 .prefix = "I",
	 .chapter = "performance",
	 .title = "name",
	 .unique_title = true,
	 .help = "something measured, with its baseline and target",
	 .states = "",
	 KIND_FIELDS(indicator_fields)},
	{.name = "observation",
	 .plural = "observations",
	 .prefix = "OB",
	 .chapter = "performance",
	 .title = "title",
	 .unique_title = true,
	 .help = "the value of an indicator in a period",
	 .states = "",
	 KIND_FIELDS(observation_fields)})
