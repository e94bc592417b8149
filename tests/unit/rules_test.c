/* What a record of each kind must obey beyond its fields: a passing and a refusing case of every rule, under its name.
 *
 * A row makes a record to stand on, then tries one thing. The clock stands at 2014-05-01. */
#include "tests/support/plan_fixture.h"

#include "server/rules/rules.h"
#include "server/schema/schema.h"

#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

struct rule_case {
	const char *name;
	const char *kind, *state; /* to stand on; NULL: nothing, and what it needs is not made either */
	const char *first;        /* an edit of it, by who made it; NULL none */
	enum who who;
	const char *verb, *target; /* a kind to create, or an id */
	const char *fields;
	const char *reason;
	const char *rule; /* NULL: it is allowed */
};

#define ACTION   "title=x|priority=P1|status=not-started|owner=B4"
#define DECISION "title=x|body=B2|date=2014-04-30|text=t|reasons=r|owner=B2"
#define MEETING  "title=x|body=B2|owner=B2"
#define PLAN     "title=x|year=2014/15|level=partnership|owner=B3"
#define MEASURE  "name=x|unit=u|direction=keep-below|frequency=year|baseline=1|owner=B8"

static const struct rule_case cases[] = {
	{"an action may begin on the day that it is due", "priority", "adopted", NULL, POLICE, "create",
	 "action", ACTION "|start=2014-06-01|due=2014-06-01", NULL, NULL},
	{"an action is not due before it begins", "priority", "adopted", NULL, POLICE, "create", "action",
	 ACTION "|start=2014-06-02|due=2014-06-01", NULL, "action.dates"},
	{"an action that is at risk says why", "action", "open", NULL, POLICE, "edit", "A1", "status=at-risk",
	 NULL, "action.status-reason"},
	{"an action that is off track says why", "action", "open", NULL, POLICE, "edit", "A1",
	 "status=off-track", NULL, "action.status-reason"},
	{"an action may be off track for a reason", "action", "open", NULL, POLICE, "edit", "A1",
	 "status=off-track|status_reason=No vans", NULL, NULL},
	{"the reason of an action at risk is not taken away", "action", "open",
	 "status=at-risk|status_reason=No vans", POLICE, "edit", "A1", "status_reason=", NULL,
	 "action.status-reason"},
	{"a complete action is done to the full", "action", "open", "progress=60", POLICE, "edit", "A1",
	 "status=complete", NULL, "action.complete"},
	{"a complete action at one hundred per cent is fine", "action", "open", "progress=60", POLICE, "edit",
	 "A1", "status=complete|progress=100", NULL, NULL},
	{"a complete action may say nothing of progress", "action", "open", NULL, POLICE, "edit", "A1",
	 "status=complete", NULL, NULL},
	{"a date is set for the first time without a reason", "action", "open", NULL, POLICE, "edit", "A1",
	 "due=2014-09-30", NULL, NULL},
	{"a date is not moved without a reason", "action", "open", "due=2014-09-30", POLICE, "edit", "A1",
	 "due=2014-10-31", NULL, "action.new-date"},
	{"a date is not taken away without a reason", "action", "open", "due=2014-09-30", POLICE, "edit",
	 "A1", "due=", NULL, "action.new-date"},
	{"blanks are no reason", "action", "open", "due=2014-09-30", POLICE, "edit", "A1", "due=2014-10-31",
	 "  ", "action.new-date"},
	{"a date is moved for a reason", "action", "open", "due=2014-09-30", POLICE, "edit", "A1",
	 "due=2014-10-31", "the vans are late", NULL},

	{"a post is one that the type of body has", NULL, "", NULL, SECRETARY, "create", "appointment",
	 "person=PE12|body=B2|post=auditor|from=2014-05-01|owner=B2", NULL, "appointment.post"},
	{"an appointment does not end before it begins", NULL, "", NULL, SECRETARY, "create", "appointment",
	 "person=PE12|body=B2|post=member|from=2014-05-02|to=2014-05-01|owner=B2", NULL, "appointment.dates"},
	{"an appointment may last a day", NULL, "", NULL, SECRETARY, "create", "appointment",
	 "person=PE12|body=B2|post=member|from=2014-05-01|to=2014-05-01|owner=B2", NULL, NULL},
	{"an administrator holds no other post", NULL, "", NULL, SECRETARY, "create", "appointment",
	 "person=PE13|body=B9|post=auditor|from=2014-05-01|owner=B2", NULL, "appointment.administrator"},

	{"an authority is of an organisation", NULL, "", NULL, ADMINISTRATOR, "create", "body",
	 "name=x|type=authority|owner=B1", NULL, "body.organisation"},
	{"an authority with its organisation is fine", NULL, "", NULL, ADMINISTRATOR, "create", "body",
	 "name=x|type=authority|organisation=O1|owner=B1", NULL, NULL},
	{"an authority does not change hands", NULL, "", NULL, ADMINISTRATOR, "edit", "B4", "organisation=O2",
	 NULL, "body.organisation"},
	{"the type of a body does not change", NULL, "", NULL, ADMINISTRATOR, "edit", "B3", "type=board",
	 NULL, "body.type"},
	{"a body may be renamed", NULL, "", NULL, ADMINISTRATOR, "edit", "B3", "name=Another name", NULL,
	 NULL},
	{"a body does not answer to itself", NULL, "", NULL, ADMINISTRATOR, "edit", "B3", "parent=B3", NULL,
	 "body.parent"},
	{"a body answers to another", NULL, "", NULL, ADMINISTRATOR, "edit", "B3", "parent=B2", NULL, NULL},

	{"a decision is made at a meeting of the body that decides", "meeting", "held", NULL, SECRETARY,
	 "create", "decision", DECISION "|meeting=M1", NULL, NULL},
	{"a decision is not made at another body's meeting", "meeting", "held", NULL, SECRETARY, "create",
	 "decision", "title=x|body=B3|date=2014-04-30|text=t|reasons=r|owner=B2|meeting=M1", NULL,
	 "decision.meeting"},
	{"a decision is drafted for a day to come", NULL, "", NULL, SECRETARY, "create", "decision",
	 "title=x|body=B2|date=2014-05-02|text=t|reasons=r|owner=B2", NULL, NULL},

	{"a finding belongs to an assessment that is being written", "assessment", "draft", NULL, ANALYST,
	 "create", "finding", "title=x|assessment=SA1|type=change|topic=drugs|owner=B8", NULL, NULL},
	{"no finding is added to an assessment that the board has", "assessment", "submitted", NULL, ANALYST,
	 "create", "finding", "title=x|assessment=SA1|type=change|topic=drugs|owner=B8", NULL,
	 "finding.assessment-draft"},

	{"nobody funds themselves", NULL, "", NULL, SECRETARY, "create", "grant",
	 "title=x|funder=O1|recipient=O1|year=2014/15|amount=1|owner=B2", NULL, "grant.parties"},
	{"one organisation funds another", NULL, "", NULL, SECRETARY, "create", "grant",
	 "title=x|funder=O1|recipient=O2|year=2014/15|amount=1|owner=B2", NULL, NULL},

	{"a target has its period", NULL, "", NULL, ANALYST, "create", "indicator",
	 MEASURE "|baseline_period=2013/14|target=2", NULL, "indicator.target"},
	{"an unknown target has its period, too", NULL, "", NULL, ANALYST, "create", "indicator",
	 MEASURE "|baseline_period=2013/14|target=?", NULL, "indicator.target"},
	{"a target with its period is fine", NULL, "", NULL, ANALYST, "create", "indicator",
	 MEASURE "|baseline_period=2013/14|target=2|target_period=2014/15", NULL, NULL},
	{"a target is not for a time before the baseline", NULL, "", NULL, ANALYST, "create", "indicator",
	 MEASURE "|baseline_period=2014/15|target=2|target_period=2013/14", NULL, "indicator.periods"},

	{"a meeting is held on its day", "meeting", "planned", "date=2014-05-01", SECRETARY, "hold", "M1",
	 NULL, NULL, NULL},
	{"a meeting is not held before its day", "meeting", "planned", "date=2014-05-02", SECRETARY, "hold",
	 "M1", NULL, NULL, "meeting.date"},

	{"a milestone is a step of an open action", "action", "closed", NULL, POLICE, "create", "milestone",
	 "title=x|action=A1|due=2014-06-30|owner=B4", NULL, "milestone.action-open"},
	{"a milestone is reached today", "milestone", "", NULL, POLICE, "edit", "MS1", "reached=2014-05-01",
	 NULL, NULL},
	{"a milestone is not reached tomorrow", "milestone", "", NULL, POLICE, "edit", "MS1",
	 "reached=2014-05-02", NULL, "milestone.reached"},

	{"a comment is about a record", "action", "open", NULL, POLICE, "create", "comment",
	 "about=A1|text=Well done.", NULL, NULL},
	{"a comment is not about another", "comment", "", NULL, POLICE, "create", "comment",
	 "about=C1|text=Quite so.", NULL, "comment.about"},
	{"a comment calls upon who is there", "action", "open", NULL, POLICE, "create", "comment",
	 "about=A1|text=@somebody do it", NULL, "comment.mention"},
	{"a note is about an open action", "action", "closed", NULL, POLICE, "create", "note",
	 "title=x|action=A1|date=2014-04-30|owner=B4", NULL, "note.action-open"},
	{"a note tells of today", "action", "open", NULL, POLICE, "create", "note",
	 "title=x|action=A1|date=2014-05-01|owner=B4", NULL, NULL},
	{"a note does not tell of tomorrow", "action", "open", NULL, POLICE, "create", "note",
	 "title=x|action=A1|date=2014-05-02|owner=B4", NULL, "note.date"},

	{"an indicator by the year is observed for a year", "indicator", "", NULL, ANALYST, "create",
	 "observation", "indicator=I1|period=2014/15|value=1|owner=B8", NULL, NULL},
	{"an indicator by the year is not observed for a month", "indicator", "", NULL, ANALYST, "create",
	 "observation", "indicator=I1|period=2014-04|value=1|owner=B8", NULL, "observation.period"},
	{"an indicator by the year is not observed for a quarter", "indicator", "", NULL, ANALYST, "create",
	 "observation", "indicator=I1|period=2014/15 Q1|value=1|owner=B8", NULL, "observation.period"},
	{"a period is observed once", "observation", "", NULL, ANALYST, "create", "observation",
	 "indicator=I1|period=2013/14|value=1|owner=B8", NULL, "unique"},

	{"a standing does not end before it begins", NULL, "", NULL, ADMINISTRATOR, "edit", "O1",
	 "status_from=2014-05-02|status_to=2014-05-01", NULL, "organisation.status-dates"},
	{"a standing begins and ends", NULL, "", NULL, ADMINISTRATOR, "edit", "O1",
	 "status_from=2014-05-01|status_to=2014-05-02", NULL, NULL},

	{"a plan covers the year that it is revised for", NULL, "", NULL, POLICE, "create", "plan",
	 PLAN "|first_year=2013/14|last_year=2016/17", NULL, NULL},
	{"a plan does not begin after its year", NULL, "", NULL, POLICE, "create", "plan",
	 PLAN "|first_year=2015/16", NULL, "plan.years"},
	{"a plan does not end before its year", NULL, "", NULL, POLICE, "create", "plan",
	 PLAN "|last_year=2013/14", NULL, "plan.years"},

	{"a priority goes to the board with its lead agency", "priority", "draft", "lead=", COUNCIL, "submit",
	 "P1", NULL, NULL, "priority.lead"},
	{"a key theme goes to the board without one", "priority", "draft", "lead=|standing=key-theme",
	 COUNCIL, "submit", "P1", NULL, NULL, NULL},
	{"a priority is not measured against a later year", "priority", "draft", NULL, POLICE, "edit", "P1",
	 "baseline_year=2015/16", NULL, "priority.baseline"},
	{"a priority is measured against an earlier year", "priority", "draft", NULL, POLICE, "edit", "P1",
	 "baseline_year=2013/14", NULL, NULL},

	{"an answer has words or a decision", "referral", "submitted", NULL, CHAIR, "answer", "F1", NULL,
	 NULL, "referral.answer"},
	{"an answer in words is fine", "referral", "submitted", NULL, CHAIR, "answer", "F1", "answer=Yes",
	 NULL, NULL},
};

/* Who made what plan_standing() makes. */
static enum who maker(const char *kind)
{
	if (strcmp(kind, "meeting") == 0) {
		return SECRETARY;
	}
	return strcmp(kind, "indicator") == 0 || strcmp(kind, "assessment") == 0 ? ANALYST : POLICE;
}

static void a_rule_decides(void **state)
{
	struct plan *plan = *state;
	const struct rule_case *row = plan->row;

	if (row->kind != NULL) {
		const char *id = plan_standing(plan, row->kind, row->state);

		if (row->first != NULL) {
			plan_must(plan, maker(row->kind), "edit", id, row->first);
		}
	}
	if (strcmp(row->verb, "create") == 0) {
		plan_create(plan, row->target, NULL, row->fields);
	} else {
		plan_do(plan, row->verb, row->target, NOW, row->fields);
	}
	plan->reason = row->reason;
	plan_send(plan, row->who);
	plan_expect(plan, row->rule == NULL ? STATUS_OK : STATUS_REFUSED, row->rule);
}

/* ---- longer stories ---- */

static void a_decision_is_made_when_its_day_has_come(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, SECRETARY, "decision", "title=x|body=B2|date=2014-05-02|text=t|reasons=r|owner=B2");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_change(plan, CHAIR, "make", "D1", NULL);
	plan_expect(plan, STATUS_REFUSED, "decision.date");
	fixture_wait(plan->server, FIXTURE_DAY);
	plan_must(plan, CHAIR, "make", "D1", NULL);
}

static void a_referral_is_answered_by_a_decision_that_was_made(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "submitted");
	plan_standing(plan, "decision", "submitted");
	plan_change(plan, CHAIR, "answer", "F1", "decision=D1");
	plan_expect(plan, STATUS_REFUSED, "referral.decision-made");
	plan_must(plan, CHAIR, "make", "D1", NULL);
	plan_must(plan, CHAIR, "answer", "F1", "decision=D1");
}

static void a_finding_stays_in_the_assessment_that_the_board_has(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "finding", "");
	plan_must(plan, ANALYST, "submit", "SA1", NULL);
	plan_change(plan, ANALYST, "edit", "FN1", "title=Other");
	plan_expect(plan, STATUS_REFUSED, "finding.assessment-draft");
	plan_change(plan, ANALYST, "remove", "FN1", NULL);
	plan_expect(plan, STATUS_REFUSED, "finding.assessment-draft");
	plan_make(plan, ANALYST, "assessment", "title=Another|year=2015/16|owner=B8");
	plan_change(plan, ANALYST, "edit", "FN1", "assessment=SA2");
	plan_expect(plan, STATUS_REFUSED, "finding.assessment-draft");
	plan_must(plan, CHAIR, "return", "SA1", NULL);
	plan_must(plan, ANALYST, "edit", "FN1", "assessment=SA2");
	plan_must(plan, ANALYST, "remove", "FN1", NULL);
}

static void an_assessment_goes_with_its_findings_while_it_is_a_draft(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "finding", "");
	plan_remove(plan, "SA1", NOW);
	plan_remove(plan, "FN1", NOW);
	plan_send(plan, ANALYST);
	plan_expect(plan, STATUS_OK, NULL);
}

static void a_milestone_stays_with_a_closed_action(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "milestone", "");
	plan_must(plan, CHAIR, "close", "A1", NULL);
	plan_change(plan, POLICE, "edit", "MS1", "reached=2014-05-01");
	plan_expect(plan, STATUS_REFUSED, "milestone.action-open");
	plan_change(plan, POLICE, "remove", "MS1", NULL);
	plan_expect(plan, STATUS_REFUSED, "milestone.action-open");
	plan_must(plan, CHAIR, "reopen", "A1", NULL);
	plan_must(plan, POLICE, "remove", "MS1", NULL);
}

static void a_note_is_never_changed(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "note", "");
	plan_change(plan, POLICE, "edit", "N1", "title=Other");
	plan_expect(plan, STATUS_NOT_PERMITTED, "note.edit");
	plan_change(plan, POLICE, "remove", "N1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "note.remove");
}

static void bodies_make_no_circle_by_any_way_round(void **state)
{
	struct plan *plan = *state;

	plan_must(plan, ADMINISTRATOR, "edit", "B3", "parent=B2");
	plan_change(plan, ADMINISTRATOR, "edit", "B2", "parent=B3");
	plan_expect(plan, STATUS_REFUSED, "body.parent");
	plan_edit(plan, "B7", NOW, "parent=B9");
	plan_edit(plan, "B9", NOW, "parent=B7");
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_REFUSED, "body.parent");
}

static void an_appointment_is_called_by_person_post_and_body(void **state)
{
	struct plan *plan = *state;

	assert_string_equal(plan_value(plan, CHAIR, "AP5", "title"),
			    "Paul Police, member of Operational Group");
	plan_standing(plan, "appointment", "proposed");
	assert_string_equal(plan_value(plan, CHAIR, "AP13", "title"),
			    "Olive Outsider, member of Strategic Board");
	plan_must(plan, SECRETARY, "edit", "AP13", "post=invitee");
	assert_string_equal(plan_value(plan, CHAIR, "AP13", "title"),
			    "Olive Outsider, invitee of Strategic Board");
}

static void an_observation_is_called_by_indicator_and_period(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "observation", "");
	assert_string_equal(plan_value(plan, CHAIR, "OB1", "title"), "Burglaries, 2013/14");
	plan_must(plan, ANALYST, "edit", "OB1", "period=2012/13");
	assert_string_equal(plan_value(plan, CHAIR, "OB1", "title"), "Burglaries, 2012/13");
}

static void a_rule_looks_at_what_the_change_set_leaves(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "observation", NULL, "indicator=@i|period=2014-04|value=1|owner=B8");
	plan_create(plan, "indicator", "@i", MEASURE "|baseline_period=2013/14");
	plan_send(plan, ANALYST);
	plan_expect(plan, STATUS_REFUSED, "observation.period");
}

static void every_kind_with_rules_has_a_case_here(void **state)
{
	(void)state;
	for (size_t k = 0; k < schema_server()->kind_count; k++) {
		const struct kind *kind = &schema_server()->kinds[k];
		bool refused = false;

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			size_t length = strlen(kind->name);

			refused = refused ||
				  (cases[i].rule != NULL && strncmp(cases[i].rule, kind->name, length) == 0 &&
				   cases[i].rule[length] == '.');
		}
		if (rule_find(kind) != NULL && !refused) {
			fail_msg("no case shows what the rule of a %s refuses", kind->name);
		}
	}
}

static const struct CMUnitTest tests[] = {
	test(a_decision_is_made_when_its_day_has_come),
	test(a_referral_is_answered_by_a_decision_that_was_made),
	test(a_finding_stays_in_the_assessment_that_the_board_has),
	test(an_assessment_goes_with_its_findings_while_it_is_a_draft),
	test(a_milestone_stays_with_a_closed_action),
	test(a_note_is_never_changed),
	test(bodies_make_no_circle_by_any_way_round),
	test(an_appointment_is_called_by_person_post_and_body),
	test(an_observation_is_called_by_indicator_and_period),
	test(a_rule_looks_at_what_the_change_set_leaves),
	test(every_kind_with_rules_has_a_case_here),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, cases, a_rule_decides);
	return plan_rows_run(&rows, "rules", tests, sizeof(tests) / sizeof(tests[0]));
}
