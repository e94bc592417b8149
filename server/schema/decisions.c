/* Decisions, and the referrals from one body to another that ask for them. The whole of a decision is one conflict
 * group: two people never half-write one each. */
#include "server/schema/rows.h"

static const struct field decision_fields[] = {
	LINE("title", 200, "members", "clerks", "the decision in a line", .required = true,
	     .group = "decision", .column = true),
	REF("body", "body", "members", "clerks", "the body that decides", .required = true,
	    .group = "decision", .column = true),
	REF("meeting", "meeting", "members", "clerks", "at which meeting", .group = "decision"),
	DAY("date", "members", "clerks", "when", .required = true, .group = "decision", .column = true),
	LINES("text", 12000, "members", "clerks", "the exact words that were decided", .required = true,
	      .group = "decision"),
	LINES("reasons", 8000, "members", "clerks", "why", .required = true, .group = "decision",
	      .source = "SI 2012/2089, reg.12"),
	LINES("alternatives", 8000, "members", "clerks", "what else was looked at, and why it was not chosen",
	      .group = "decision", .source = "SI 2012/2089, reg.12"),
	LINES("interests", 4000, "members", "clerks", "interests declared, and by whom", .group = "decision",
	      .source = "SI 2012/2089, reg.12"),
	LINES("advice", 8000, "partners", "clerks", "advice that was taken", .group = "decision"),
	REFS("about", NULL, 100, "members", "clerks", "the records that it settles", .group = "decision"),
	COMMON_ROWS("members", "clerks"),
};
static const struct transition decision_transitions[] = {
	{"submit", "draft", "submitted", false, "it is ready to be decided"},
	{"return", "submitted", "draft", false, "it needs more work"},
	{"make", "submitted", "made", true, "the body decides it; from now on it stands as it is"},
};

static const struct field referral_fields[] = {
	LINE("title", 200, "members", "doers", "what is asked, in a line", .required = true, .column = true),
	REF("to", "body", "members", "doers", "the body that is asked", .required = true, .column = true),
	REF("about", NULL, "members", "doers", "the record that it is about", .required = true,
	    .column = true),
	CHOICE("ground", "more-resource partner-not-contributing cannot-recover needs-decision other",
	       "members", "doers", "why it is referred", .required = true, .column = true),
	LINES("text", 8000, "members", "doers", "what is the matter and what is asked", .required = true),
	DAY("answer_by", "members", "doers", "when an answer is needed", .column = true),
	REF("decision", "decision", "members", "deciders", "the decision that answers it", .group = "answer"),
	LINES("answer", 8000, "members", "deciders", "the answer in short", .group = "answer"),
	COMMON_ROWS("members", "doers"),
};
static const struct transition referral_transitions[] = {
	{"submit", "draft", "submitted", false, "it goes to the body that is asked"},
	{"withdraw", "draft submitted", "withdrawn", false, "it is not asked any more"},
	{"answer", "submitted", "answered", true, "the body that was asked gives its answer"},
};

CHAPTER(decisions,
	{.name = "decision",
	 .plural = "decisions",
	 .prefix = "D",
	 .chapter = "decisions",
	 .title = "title",
	 .help = "what a body decided, in its exact words, and why",
	 .states = "draft submitted made",
	 KIND_FIELDS(decision_fields),
	 KIND_TRANSITIONS(decision_transitions)},
	{.name = "referral",
	 .plural = "referrals",
	 .prefix = "F",
	 .chapter = "decisions",
	 .title = "title",
	 .help = "a matter that one body puts to another, such as an action that cannot be brought back on "
		 "track",
	 .states = "draft submitted answered withdrawn",
	 KIND_FIELDS(referral_fields),
	 KIND_TRANSITIONS(referral_transitions)})
