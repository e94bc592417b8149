/* The strategic assessment: what the partnership found out about crime, disorder, substance misuse and
 * re-offending in its area, each year, before it plans (SI 2007/1830, regs 5 to 7). */
#include "server/schema/rows.h"

#define SI_2007 "SI 2007/1830 "

static const struct field assessment_fields[] = {
	LINE("title", 160, "members", "analysts", "what it is called", .required = true, .column = true),
	PERIOD("year", "members", "analysts", "the year (from 1 April) in which it is made", .required = true,
	       .column = true, .source = SI_2007 "reg.5"),
	REF("previous", "assessment", "members", "analysts", "the assessment before it",
	    .source = SI_2007 "reg.7(b)"),
	LINES("summary", 8000, "members", "analysts", "what it says, in short"),
	LINES("changes", 8000, "members", "analysts", "what changed since the one before, and why",
	      .source = SI_2007 "reg.7(b), (c)"),
	LINES("public_views", 8000, "members", "analysts",
	      "what people who live and work here want to be put first", .source = SI_2007 "reg.7(e)"),
	LINES("plan_implementation", 8000, "members", "analysts", "how far last year's plan was carried out",
	      .source = SI_2007 "reg.7(f)"),
	LINES("county_matters", 4000, "members", "analysts", "matters for the county's strategy group",
	      .source = SI_2007 "reg.7(g)"),
	COMMON_ROWS("members", "analysts"),
};
static const struct transition assessment_transitions[] = {
	{"submit", "draft", "submitted", false, "it is ready for the board"},
	{"return", "submitted", "draft", false, "it needs more work"},
	{"agree", "submitted", "agreed", true, "the board agrees it"},
};

static const struct field finding_fields[] = {
	LINE("title", 200, "members", "analysts", "the finding in one line", .required = true,
	     .column = true),
	REF("assessment", "assessment", "members", "analysts", "the assessment that it belongs to",
	    .required = true, .column = true),
	CHOICE("type", "pattern change cause proposed-priority public-view plan-implementation county-matter",
	       "members", "analysts", "what sort of finding", .required = true, .column = true,
	       .source = SI_2007 "reg.7"),
	CHOICE("topic",
	       "crime violence domestic-abuse anti-social-behaviour re-offending drugs alcohol theft "
	       "vehicle-crime "
	       "burglary serious-violence all",
	       "members", "analysts", "what it is about", .required = true, .column = true),
	LINES("text", 8000, "members", "analysts", "the finding in full"),
	LINE("place", 160, "members", "analysts", "where"),
	LINE("people", 160, "members", "analysts", "who is concerned, never by name"),
	LINES("evidence", 4000, "partners", "analysts", "what it rests on"),
	COMMON_ROWS("members", "analysts"),
};

CHAPTER(assessment,
	{.name = "assessment",
	 .plural = "assessments",
	 .prefix = "SA",
	 .chapter = "assessment",
	 .title = "title",
	 .unique_title = true,
	 .help = "a year's strategic assessment",
	 .states = "draft submitted agreed",
	 KIND_FIELDS(assessment_fields),
	 KIND_TRANSITIONS(assessment_transitions)},
	{.name = "finding",
	 .plural = "findings",
	 .prefix = "FN",
	 .chapter = "assessment",
	 .title = "title",
	 .help = "one thing that a strategic assessment found",
	 .states = "",
	 KIND_FIELDS(finding_fields)})
