/* Who may change what: markings, owners, fields, and steps that set fields. */
#include "tests/support/plan_fixture.h"

#include "server/journal/journal.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

static void check_journal(struct plan *plan)
{
	struct store *store = plan->server->reader;
	struct journal_report report;
	struct error err = ERROR_INIT;

	assert_int_equal(store_begin(store, &err), STATUS_OK);
	if (journal_check(store, plan->server->context.journal_public, schema_server(), NULL, NULL, &report,
			  &err) != STATUS_OK) {
		fail_msg("%s %s", err.message, report.first_problem);
	}
	store_rollback(store);
}

/* ---- markings ---- */

static void an_exempt_record_needs_its_ground_and_a_date_of_review(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_change(plan, POLICE, "edit", "A1", "marking=exempt|marking_reason=individual");
	plan_expect(plan, STATUS_REFUSED, "marking.ground");
	plan_change(plan, POLICE, "edit", "A1", "marking=exempt|marking_review=2015-05-01");
	plan_expect(plan, STATUS_REFUSED, "marking.ground");
	plan_must(plan, POLICE, "edit", "A1",
		  "marking=exempt|marking_reason=individual|marking_review=2015-05-01");
	plan_change(plan, POLICE, "edit", "A1", "marking_review=");
	plan_expect(plan, STATUS_REFUSED, "marking.ground");
}

static void who_raised_a_marking_does_not_lower_it(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	plan_change(plan, POLICE, "edit", "A1", "marking=open");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_change(plan, POLICE, "edit", "A1", "marking=");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
}

static void who_created_a_record_marked_does_not_lower_the_marking(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=restricted");
	plan_change(plan, POLICE, "edit", "A1", "marking=open");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void a_new_date_of_review_makes_nobody_the_one_who_marked(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=exempt|marking_reason=individual|marking_review=2015-05-01");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking_review=2016-05-01");
	plan_change(plan, POLICE, "edit", "A1", "marking=open");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
}

static void a_marking_lowered_and_raised_anew_belongs_to_who_raised_it_last(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=restricted");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=restricted");
	plan_must(plan, POLICE, "edit", "A1", "marking=open");
}

/* ---- rights ---- */

static void an_outsider_changes_nothing(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "person", NULL, "name=x");
	plan_send(plan, OUTSIDER);
	plan_expect(plan, STATUS_NOT_PERMITTED, "person.create");
	assert_non_null(strstr(plan->server->err.message, "nobody today"));
	assert_non_null(strstr(plan->server->err.hint, "administrator"));
}

static void a_record_is_not_given_away_to_a_body_that_one_does_not_speak_for(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_change(plan, POLICE, "edit", "A1", "owner=B5");
	plan_expect(plan, STATUS_NOT_PERMITTED, "action.edit");
	assert_string_equal(plan_value(plan, POLICE, "A1", "owner"), "B4");
	plan_must(plan, POLICE, "edit", "A1", "owner=B3");
}

static void a_field_that_is_not_ones_to_set_is_refused_by_its_mode(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "submitted");
	plan_change(plan, CHAIR, "edit", "F1", "text=Other words");
	plan_expect(plan, STATUS_NOT_PERMITTED, "mode.doers");
	plan_must(plan, CHAIR, "edit", "F1", "answer=Yes");
}

static void a_step_does_not_change_what_could_not_be_edited(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "submitted");
	plan_change(plan, CHAIR, "make", "D1", "text=Other words.");
	plan_expect(plan, STATUS_NOT_PERMITTED, "decision.edit");
	assert_string_equal(plan_value(plan, CHAIR, "D1", "text"), "That it be so.");
	plan_must(plan, CHAIR, "make", "D1", NULL);
}

static void a_step_sets_the_fields_that_could_be_edited(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "submitted");
	plan_must(plan, CHAIR, "answer", "F1", "answer=Yes, from October.");
	assert_string_equal(plan_value(plan, POLICE, "F1", "answer"), "Yes, from October.");
	check_journal(plan);
}

static void a_refusal_tells_no_title_of_what_is_hidden(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	plan_make(plan, PROBATION, "action",
		  "title=Verysecret|priority=P1|status=not-started|owner=B5|marking=exempt|"
		  "marking_reason=individual|marking_review=2015-05-01");
	assert_int_equal(plan_change(plan, POLICE, "edit", "A1", "progress=1"), STATUS_NOT_FOUND);
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_int_equal(plan_change(plan, POLICE, "remove", "A1", NULL), STATUS_NOT_FOUND);
	assert_false(plan_sent_has(plan, "Verysecret"));
}

static const struct CMUnitTest tests[] = {
	test(an_exempt_record_needs_its_ground_and_a_date_of_review),
	test(who_raised_a_marking_does_not_lower_it),
	test(who_created_a_record_marked_does_not_lower_the_marking),
	test(a_new_date_of_review_makes_nobody_the_one_who_marked),
	test(a_marking_lowered_and_raised_anew_belongs_to_who_raised_it_last),
	test(an_outsider_changes_nothing),
	test(a_record_is_not_given_away_to_a_body_that_one_does_not_speak_for),
	test(a_field_that_is_not_ones_to_set_is_refused_by_its_mode),
	test(a_step_does_not_change_what_could_not_be_edited),
	test(a_step_sets_the_fields_that_could_be_edited),
	test(a_refusal_tells_no_title_of_what_is_hidden),
};

int main(void)
{
	struct plan_rows rows = {.count = 0};

	return plan_rows_run(&rows, "editing rights", tests, sizeof(tests) / sizeof(tests[0]));
}
