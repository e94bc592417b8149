/* What status says waits for a person: steps that they may take, and work of theirs that is due. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

/* "A1 is due: 3 days late (2014-04-28); D1 waits for you to make it ()" */
static const char *needs(struct plan *plan, enum who who)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *list = NULL;
	const char *text = "";

	plan_ask(plan, who, METHOD_status, handle_status, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	list = codec_get(plan->server->result, "needs");
	for (size_t i = 0; i < codec_count(list); i++) {
		const msgpack_object *need = &list->via.array.ptr[i];

		if (codec_text_is(codec_get(need, "sort"), "duty")) {
			continue; /* inbox_test.c */
		}
		text = arena_printf(arena, "%s%s%s %s (%s)", text, text[0] != '\0' ? "; " : "",
				    codec_get_string(arena, need, "id"),
				    codec_get_string(arena, need, "what"),
				    codec_get_string(arena, need, "by"));
		assert_non_null(text);
	}
	return text;
}

static int64_t count_of(struct plan *plan, const char *kind)
{
	return codec_get_int(codec_get(plan->server->result, "counts"), kind, -1);
}

/* ---- steps ---- */

struct step_case {
	const char *name;
	const char *kind, *state;
	enum who who;
	const char *what; /* "": nothing waits for them */
};
static const struct step_case steps[] = {
	{"a submitted decision waits for the chair", "decision", "submitted", CHAIR,
	 "D1 waits for you to make it ()"},
	{"a submitted decision does not wait for the secretary", "decision", "submitted", SECRETARY, ""},
	{"a draft decision waits for nobody", "decision", "draft", CHAIR, ""},
	{"a decision that was made waits for nobody", "decision", "made", CHAIR, ""},
	{"a submitted plan waits for the chair", "plan", "submitted", CHAIR,
	 "PP1 waits for you to adopt it ()"},
	{"a submitted plan waits for the secretary", "plan", "submitted", SECRETARY,
	 "PP1 waits for you to adopt it ()"},
	{"a submitted plan does not wait for a member", "plan", "submitted", MEMBER, ""},
	{"a submitted assessment waits for the chair", "assessment", "submitted", CHAIR,
	 "SA1 waits for you to agree it ()"},
	{"a submitted referral waits for the chair", "referral", "submitted", CHAIR,
	 "F1 waits for you to answer it ()"},
	{"a proposed appointment waits for the chair", "appointment", "proposed", CHAIR,
	 "AP13 waits for you to confirm it ()"},
	{"a proposed appointment does not wait for who proposed it", "appointment", "proposed", SECRETARY,
	 ""},
	{"a proposed appointment waits for an administrator", "appointment", "proposed", ADMINISTRATOR,
	 "AP13 waits for you to confirm it ()"},
	{"an open action waits for nobody to close it", "action", "open", CHAIR, ""},
	{"nothing waits for scrutiny", "decision", "submitted", SCRUTINY, ""},
	{"nothing waits for who has no post", "decision", "submitted", OUTSIDER, ""},
};

static void a_step_waits(void **state)
{
	struct plan *plan = *state;
	const struct step_case *row = plan->row;

	plan_standing(plan, row->kind, row->state);
	assert_string_equal(needs(plan, row->who), row->what);
}

static void an_appointment_does_not_wait_for_who_is_appointed(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, SECRETARY, "appointment", "person=PE2|body=B3|post=member|from=2014-05-01|owner=B2");
	assert_string_equal(needs(plan, CHAIR), "");
}

static void a_decision_does_not_wait_for_a_chair_who_drafted_it(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, CHAIR, "decision", "title=x|body=B2|date=2014-04-30|text=t|reasons=r|owner=B2");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	assert_string_equal(needs(plan, CHAIR), "");
}

static void a_referral_is_needed_by_the_day_that_it_says(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "draft");
	plan_must(plan, POLICE, "edit", "F1", "answer_by=2014-05-20");
	plan_must(plan, POLICE, "submit", "F1", NULL);
	assert_string_equal(needs(plan, CHAIR), "F1 waits for you to answer it (2014-05-20)");
}

/* ---- dates ---- */

struct due_case {
	const char *name;
	const char *fields; /* of the action */
	const char *what;   /* for POLICE; the day is 2014-05-01 */
};
static const struct due_case dues[] = {
	{"an action without a date is not due", "", ""},
	{"an action that is due in thirty days is told", "due=2014-05-31", "A1 is due (2014-05-31)"},
	{"an action that is due in thirty-one days is not told yet", "due=2014-06-01", ""},
	{"an action that is due today is not late", "due=2014-05-01", "A1 is due (2014-05-01)"},
	{"an action that was due yesterday is late", "due=2014-04-30", "A1 is due: 1 day late (2014-04-30)"},
	{"an action that is complete is not due", "due=2014-04-30|status_reason=x|progress=100", ""},
};

static void an_action_is_due(void **state)
{
	struct plan *plan = *state;
	const struct due_case *row = plan->row;

	plan_action(plan, row->fields);
	if (strstr(row->fields, "progress=100") != NULL) {
		plan_must(plan, POLICE, "edit", "A1", "status=complete");
	}
	assert_string_equal(needs(plan, POLICE), row->what);
	assert_string_equal(needs(plan, REPRESENTATIVE), row->what);
	assert_string_equal(needs(plan, PROBATION), "");
	assert_string_equal(needs(plan, CHAIR), "");
	assert_string_equal(needs(plan, MEMBER), ""); /* of the board, for the police */
}

static void scrutiny_is_not_told_of_the_work_of_the_council_it_sits_for(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	plan_make(plan, COUNCIL, "action", "title=x|priority=P1|status=not-started|due=2014-04-30|owner=B6");
	assert_string_equal(needs(plan, COUNCIL), "A1 is due: 1 day late (2014-04-30)");
	assert_string_equal(needs(plan, SCRUTINY), "");
}

static void a_closed_action_is_not_due_nor_are_its_milestones(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-04-30");
	plan_make(plan, POLICE, "milestone", "title=x|action=A1|due=2014-04-29|owner=B4");
	assert_string_equal(needs(plan, POLICE), "MS1 is to be reached: 2 days late (2014-04-29); "
						 "A1 is due: 1 day late (2014-04-30)");
	plan_must(plan, CHAIR, "close", "A1", NULL);
	assert_string_equal(needs(plan, POLICE), "");
}

static void a_milestone_that_was_reached_is_not_due(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "milestone", "");
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-05-15");
	assert_string_equal(needs(plan, POLICE), "MS1 is to be reached (2014-05-15)");
	plan_must(plan, POLICE, "edit", "MS1", "reached=2014-05-01");
	assert_string_equal(needs(plan, POLICE), "");
}

static void the_day_moves_on(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-06-01");
	assert_string_equal(needs(plan, POLICE), "");
	fixture_wait(plan->server, FIXTURE_DAY);
	assert_string_equal(needs(plan, POLICE), "A1 is due (2014-06-01)");
}

/* ---- order ---- */

static void the_oldest_day_is_at_the_top(void **state)
{
	struct plan *plan = *state;

	fixture_appoint(plan->server, CHAIR, 4, "representative"); /* has actions of the police, too */
	plan_standing(plan, "decision", "submitted");
	plan_action(plan, "due=2014-05-20");
	plan_action(plan, "due=2014-04-20");
	plan_action(plan, "due=2014-04-20");
	assert_string_equal(needs(plan, CHAIR),
			    "A2 is due: 11 days late (2014-04-20); A3 is due: 11 days late (2014-04-20); "
			    "D1 waits for you to make it (); A1 is due (2014-05-20)");
}

static void of_too_many_the_most_urgent_are_listed(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	for (int i = 0; i < 60; i++) {
		plan_create(plan, "action", NULL,
			    i == 59 ? "title=Old|priority=P1|status=not-started|due=2013-01-01|owner=B4"
				    : "title=x|priority=P1|status=not-started|due=2014-05-20|owner=B4");
	}
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_memory_equal(needs(plan, POLICE), "A60 is due: 485 days late", 25);
	assert_int_equal(codec_count(codec_get(plan->server->result, "needs")), 50);
}

/* ---- counts ---- */

static void counts_are_of_what_one_may_see(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_action(plan, "marking=restricted");
	plan_standing(plan, "decision", "draft");
	needs(plan, CHAIR);
	assert_int_equal(count_of(plan, "action"), 2);
	assert_int_equal(count_of(plan, "decision"), 1);
	needs(plan, SCRUTINY);
	assert_int_equal(count_of(plan, "action"), 1);
	assert_int_equal(count_of(plan, "decision"), 0);
	needs(plan, OUTSIDER);
	assert_int_equal(count_of(plan, "action"), 0);
	assert_int_equal(count_of(plan, "person"), 0);
}

static const struct CMUnitTest tests[] = {
	test(an_appointment_does_not_wait_for_who_is_appointed),
	test(a_decision_does_not_wait_for_a_chair_who_drafted_it),
	test(a_referral_is_needed_by_the_day_that_it_says),
	test(scrutiny_is_not_told_of_the_work_of_the_council_it_sits_for),
	test(a_closed_action_is_not_due_nor_are_its_milestones),
	test(a_milestone_that_was_reached_is_not_due),
	test(the_day_moves_on),
	test(the_oldest_day_is_at_the_top),
	test(of_too_many_the_most_urgent_are_listed),
	test(counts_are_of_what_one_may_see),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, steps, a_step_waits);
	plan_rows_table(&rows, dues, an_action_is_due);
	return plan_rows_run(&rows, "needs", tests, sizeof(tests) / sizeof(tests[0]));
}
