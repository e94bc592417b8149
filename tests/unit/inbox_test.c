/* What the inbox has beside steps and dates (needs_test.c): calls upon people in comments, duties of law, figures, and that
 * nothing in it is about what the person may not see. The clock stands at 2014-05-01. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

/* "A1 Clara Chair calls upon you: ... (2014-05-01) > safer ...; ..." of one sort. */
static const char *inbox(struct plan *plan, enum who who, const char *sort)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *list = NULL;
	const char *text = "";

	plan_ask(plan, who, METHOD_inbox, handle_inbox, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	list = codec_get(plan->server->result, "needs");
	for (size_t i = 0; i < codec_count(list); i++) {
		const msgpack_object *need = &list->via.array.ptr[i];
		const char *by = codec_get_string(arena, need, "by");

		if (codec_text_is(codec_get(need, "sort"), sort)) {
			text = arena_printf(arena, "%s%s%s %s (%s) > %s", text, text[0] != '\0' ? "; " : "",
					    codec_get_string(arena, need, "id"),
					    codec_get_string(arena, need, "what"),
					    by[0] != '\0' ? by : codec_get_string(arena, need, "since"),
					    codec_get_string(arena, need, "next"));
			assert_non_null(text);
		}
	}
	return text;
}

static void say(struct plan *plan, enum who who, const char *about, const char *text)
{
	plan_create(plan, "comment", NULL,
		    arena_printf(fixture_arena(plan->server), "about=%s|text=%s", about, text));
	plan_send(plan, who);
	plan_expect(plan, STATUS_OK, NULL);
}

/* ---- calls ---- */

#define CALL "A1 Paul Police, member of Operational Group for Warwickshire Police calls upon you: "

static void a_call_upon_an_agency_reaches_all_who_sit_for_it(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, CHAIR, "A1", "@\"Warwickshire Police\" when?");
	assert_non_null(
		strstr(inbox(plan, POLICE, "mention"), "calls upon you: @\"Warwickshire Police\" when?"));
	assert_non_null(strstr(inbox(plan, REPRESENTATIVE, "mention"), "> safer comment on A1 \"...\""));
	assert_string_not_equal(inbox(plan, MEMBER, "mention"), "");
	assert_string_equal(inbox(plan, PROBATION, "mention"), "");
	assert_string_equal(inbox(plan, CHAIR, "mention"), "");
	assert_string_equal(inbox(plan, ADMINISTRATOR, "mention"), "");
}

static void of_an_agency_one_answer_is_enough(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, CHAIR, "A1", "@\"Warwickshire Police\" when?");
	say(plan, PROBATION, "A1", "I ask myself that as well.");
	assert_string_not_equal(inbox(plan, POLICE, "mention"), "");
	say(plan, POLICE, "A1", "On Monday.");
	assert_string_equal(inbox(plan, POLICE, "mention"), "");
	assert_string_equal(inbox(plan, REPRESENTATIVE, "mention"), "");
	say(plan, CHAIR, "A1", "@\"Warwickshire Police\" which one?");
	assert_string_not_equal(inbox(plan, REPRESENTATIVE, "mention"), "");
}

static void who_called_upon_their_own_body_does_not_answer_for_it(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@\"Operational Group\" any thoughts?");
	say(plan, POLICE, "A1", "By Friday, please.");
	assert_string_equal(
		inbox(plan, PROBATION, "mention"),
		CALL "@\"Operational Group\" any thoughts? (2014-05-01) > safer comment on A1 \"...\"");
	assert_string_equal(inbox(plan, POLICE, "mention"), "");
}

static void a_call_upon_a_post_goes_to_who_holds_it_now(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@chair-of-strategic-board: may we?");
	assert_string_not_equal(inbox(plan, CHAIR, "mention"), "");
	plan_make(plan, SECRETARY, "appointment", "person=PE12|body=B2|post=chair|from=2014-05-01|owner=B2");
	plan_must(plan, CHAIR, "confirm", "AP13", NULL);
	plan_must(plan, SECRETARY, "end", "AP2", NULL);
	assert_string_not_equal(inbox(plan, OUTSIDER, "mention"), "");
	assert_string_equal(inbox(plan, CHAIR, "mention"), "");
}

static void a_call_ends_after_thirty_days(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@chair-of-strategic-board: may we?");
	fixture_wait(plan->server, 30 * FIXTURE_DAY);
	assert_string_not_equal(inbox(plan, CHAIR, "mention"), "");
	fixture_wait(plan->server, FIXTURE_DAY);
	assert_string_equal(inbox(plan, CHAIR, "mention"), "");
}

static void who_may_not_answer_is_shown_the_record(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@scrutiny-committee: it is here");
	assert_string_equal(inbox(plan, SCRUTINY, "mention"),
			    CALL "@scrutiny-committee: it is here (2014-05-01) > safer action show A1");
}

static void a_call_about_what_was_hidden_since_is_not_told(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@\"Scrutiny Committee\" Zq9secret");
	assert_string_not_equal(inbox(plan, SCRUTINY, "mention"), "");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	assert_string_equal(inbox(plan, SCRUTINY, "mention"), "");
	assert_false(plan_sent_has(plan, "Zq9secret"));
	plan_must(plan, CHAIR, "close", "A1", NULL);
	assert_string_equal(inbox(plan, SCRUTINY, "mention"), "");
}

static void a_call_about_what_was_removed_is_over(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1", "@probation: soon");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	assert_string_equal(inbox(plan, PROBATION, "mention"), "");
}

/* ---- what to type ---- */

static void a_step_says_what_to_type(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "submitted");
	assert_string_equal(
		inbox(plan, CHAIR, "referral"),
		"F1 waits for you to answer it (2014-05-01) > safer referral answer F1 answer=\"...\"");
	plan_standing(plan, "decision", "submitted");
	assert_string_equal(inbox(plan, CHAIR, "approval"),
			    "D1 waits for you to make it (2014-05-01) > safer decision make D1");
}

static void a_marking_is_looked_at_again(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=exempt|marking_reason=crime|marking_review=2014-04-30");
	assert_string_equal(inbox(plan, POLICE, "review"),
			    "A1 has a marking to be looked at again: 1 day late (2014-04-30) > "
			    "safer action set A1 marking_review=... marking=...");
	assert_string_equal(inbox(plan, PROBATION, "review"), "");
	assert_string_equal(inbox(plan, SCRUTINY, "review"), "");
}

/* ---- duties ---- */

#define REVISE " is to be revised and adopted before the year begins (SI 2007/1830, reg. 10)"

static void the_plan_of_the_year_is_late(void **state)
{
	struct plan *plan = *state;

	assert_string_equal(inbox(plan, POLICE, "duty"),
			    REVISE ": 31 days late (2014-03-31) > safer plan add year=2014/15 ...");
	plan_standing(plan, "plan", "draft");
	assert_string_equal(inbox(plan, CHAIR, "duty"),
			    "PP1" REVISE ": 31 days late (2014-03-31) > safer plan show PP1");
	plan_must(plan, POLICE, "submit", "PP1", NULL);
	plan_must(plan, CHAIR, "adopt", "PP1", NULL);
	assert_string_equal(inbox(plan, POLICE, "duty"), "");
	assert_string_equal(inbox(plan, CHAIR, "duty"), "");
}

static void a_duty_is_told_to_whoever_may_do_something_about_it(void **state)
{
	static const enum who others[] = {MEMBER, REPRESENTATIVE, SCRUTINY, AUDITOR, ADMINISTRATOR, OUTSIDER};
	struct plan *plan = *state;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_equal(inbox(plan, others[i], "duty"), "");
	}
}

static void the_duties_of_the_year_are_told_ninety_days_before_its_end(void **state)
{
	struct plan *plan = *state;
	const char *duties = NULL;

	plan_standing(plan, "plan", "draft");
	plan_must(plan, POLICE, "submit", "PP1", NULL);
	plan_must(plan, CHAIR, "adopt", "PP1", NULL);
	fixture_wait(plan->server, 243 * FIXTURE_DAY); /* 2014-12-30 */
	plan->devices[CHAIR] = NULL;                   /* certificates last ninety days */
	assert_string_equal(inbox(plan, CHAIR, "duty"), "");
	fixture_wait(plan->server, FIXTURE_DAY);
	duties = inbox(plan, CHAIR, "duty");
	assert_non_null(strstr(duties, REVISE " (2015-03-31) > safer plan list"));
	assert_non_null(strstr(
		duties, " is to be made and agreed within the year (SI 2007/1830, reg. 5) (2015-03-31)"));
	assert_non_null(
		strstr(duties, " is to be held within the year (SI 2007/1830, reg. 12) (2015-03-31)"));
	plan_make(plan, CHAIR, "meeting", "title=Open house|body=B2|date=2014-12-01|type=public|owner=B2");
	plan_must(plan, CHAIR, "hold", "M1", NULL);
	assert_null(strstr(inbox(plan, CHAIR, "duty"), "reg. 12"));
}

/* ---- figures ---- */

static void an_indicator_lacks_its_newest_figure(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "Burglaries");
	assert_string_equal(inbox(plan, ANALYST, "figure"),
			    "I1 lacks its figure for 2014-04 (2014-05-01) > "
			    "safer observation add indicator=I1 period=\"2014-04\" value=... owner=B8");
	assert_string_equal(inbox(plan, POLICE, "figure"), "");
	assert_string_equal(inbox(plan, SCRUTINY, "figure"), "");
	plan_make(plan, ANALYST, "observation", "indicator=I1|period=2014-04|value=20|owner=B8");
	assert_string_equal(inbox(plan, ANALYST, "figure"), "");
}

static void an_indicator_is_measured_from_its_baseline_to_its_target(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "Burglaries");
	plan_must(plan, ANALYST, "edit", "I1", "target_period=2013/14|target=200");
	assert_string_equal(inbox(plan, ANALYST, "figure"), "");
	plan_must(plan, ANALYST, "edit", "I1", "target_period=2014/15|target=200");
	assert_string_not_equal(inbox(plan, ANALYST, "figure"), "");
	plan_must(plan, ANALYST, "edit", "I1", "baseline_period=2014-04|baseline=20");
	assert_string_equal(inbox(plan, ANALYST, "figure"), "");
}

/* ---- all of it ---- */

static void the_inbox_counts_what_it_does_not_list(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "Burglaries");
	plan_action(plan, "due=2014-04-30");
	plan_make(plan, POLICE, "milestone", "title=x|action=A1|due=2014-05-02|owner=B4");
	plan_ask(plan, REPRESENTATIVE, METHOD_status, handle_status, NULL);
	assert_int_equal(codec_get_int(plan->server->result, "waiting", 0), 2);
	inbox(plan, REPRESENTATIVE, "");
	assert_int_equal(codec_get_int(plan->server->result, "waiting", 0), 2);
	assert_int_equal(codec_count(codec_get(plan->server->result, "needs")), 2);
}

static const struct CMUnitTest tests[] = {
	test(a_call_upon_an_agency_reaches_all_who_sit_for_it),
	test(of_an_agency_one_answer_is_enough),
	test(who_called_upon_their_own_body_does_not_answer_for_it),
	test(a_call_upon_a_post_goes_to_who_holds_it_now),
	test(a_call_ends_after_thirty_days),
	test(who_may_not_answer_is_shown_the_record),
	test(a_call_about_what_was_hidden_since_is_not_told),
	test(a_call_about_what_was_removed_is_over),
	test(a_step_says_what_to_type),
	test(a_marking_is_looked_at_again),
	test(the_plan_of_the_year_is_late),
	test(a_duty_is_told_to_whoever_may_do_something_about_it),
	test(the_duties_of_the_year_are_told_ninety_days_before_its_end),
	test(an_indicator_lacks_its_newest_figure),
	test(an_indicator_is_measured_from_its_baseline_to_its_target),
	test(the_inbox_counts_what_it_does_not_list),
};

int main(void)
{
	static struct plan_rows rows;

	return plan_rows_run(&rows, "inbox", tests, sizeof(tests) / sizeof(tests[0]));
}
