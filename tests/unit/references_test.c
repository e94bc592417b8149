/* References and titles: how a record is named, what may point to it, and what keeps it from being removed. */
#include "tests/support/plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- references ---- */

struct reference_row {
	const char *name;
	const char *fields; /* of an edit of A1 by POLICE */
	enum status status;
	const char *says; /* NULL: then P1 or what `value` says is what it refers to */
	const char *field, *value;
};
static const struct reference_row references[] = {
	{"an id refers to a record", "priority=P1", STATUS_OK, NULL, "priority", "P1"},
	{"an id in small letters does, too", "priority=p2", STATUS_OK, NULL, "priority", "P2"},
	{"an exact title refers to a record", "priority=Drugs", STATUS_OK, NULL, "priority", "P2"},
	{"a title is found whatever its case", "priority=dRUGS", STATUS_OK, NULL, "priority", "P2"},
	{"a list takes ids and titles", "partners=O1; warwickshire probation trust", STATUS_OK, NULL,
	 "partners", "O1, O2"},
	{"a record that is not there is not referred to", "priority=P9", STATUS_INVALID, "no P9", NULL, NULL},
	{"a title that nothing bears is not found", "priority=Piracy", STATUS_INVALID,
	 "no priority \"Piracy\"", NULL, NULL},
	{"a title that several bear is ambiguous", "priority=Twins", STATUS_INVALID,
	 "2 priorities are called \"Twins\"", NULL, NULL},
	{"a record of another kind is refused", "priority=A1", STATUS_INVALID, "must be a priority", NULL,
	 NULL},
	{"a removed record is not referred to", "priority=P5", STATUS_INVALID, "no P5", NULL, NULL},
	{"a name that the change-set does not give is refused", "priority=@new", STATUS_INVALID,
	 "creates no record called @new", NULL, NULL},
	{"a list names nothing twice", "partners=O1; Warwickshire Police", STATUS_INVALID, "there twice",
	 NULL, NULL},
};

static void references_are_found(void **state)
{
	struct plan *plan = *state;
	const struct reference_row *row = plan->row;
	static const char fields[] = "title=%s|standing=priority|year=2014/15|owner=B3";
	static const char *const titles[] = {"Drugs", "Twins", "twins", "Gone"};

	plan_action(plan, "");
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		char all[120];

		snprintf(all, sizeof(all), "title=%s%s", titles[i], fields + strlen("title=%s"));
		plan_make(plan, POLICE, "priority", all);
	}
	plan_must(plan, POLICE, "remove", "P5", NULL);
	plan_change(plan, POLICE, "edit", "A1", row->fields);
	plan_expect(plan, row->status, NULL);
	if (row->says != NULL && strstr(plan->server->err.message, row->says) == NULL) {
		fail_msg("\"%s\" does not say %s", plan->server->err.message, row->says);
	}
	if (row->field != NULL) {
		assert_string_equal(plan_value(plan, POLICE, "A1", row->field), row->value);
	}
}

static void a_hidden_record_is_referred_to_no_more_than_a_missing_one(void **state)
{
	struct plan *plan = *state;
	char missing[600];

	plan_action(plan, "");
	plan_make(plan, PROBATION, "action",
		  "title=Hidden|priority=P1|status=not-started|owner=B5|marking=exempt|"
		  "marking_reason=individual|marking_review=2015-05-01");
	assert_string_equal(plan_value(plan, POLICE, "A2", "title"), "(hidden)");
	plan_create(plan, "referral", NULL, "title=x|to=B2|about=A7|ground=other|text=y|owner=B4");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	snprintf(missing, sizeof(missing), "%s", plan->server->err.message);
	plan_create(plan, "referral", NULL, "title=x|to=B2|about=A2|ground=other|text=y|owner=B4");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	strstr(missing, "A7")[1] = '2';
	assert_string_equal(plan->server->err.message, missing);
}

static void hidden_namesakes_make_no_title_ambiguous(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	plan_make(plan, PROBATION, "action",
		  "title=Twins|priority=P1|status=not-started|owner=B5|marking=exempt|"
		  "marking_reason=individual|marking_review=2015-05-01");
	plan_make(plan, POLICE, "action", "title=Twins|priority=P1|status=not-started|owner=B4");
	plan_make(plan, POLICE, "milestone", "title=x|action=Twins|due=2014-06-30|owner=B4");
	assert_string_equal(plan_value(plan, POLICE, "MS1", "action"), "A2");
	plan_change(plan, CHAIR, "edit", "MS1", "action=Twins");
	assert_int_equal(plan->server->status, STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "2 actions"));
}

static void a_hidden_title_is_not_found(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	plan_make(plan, PROBATION, "action",
		  "title=Alone|priority=P1|status=not-started|owner=B5|marking=exempt|"
		  "marking_reason=individual|marking_review=2015-05-01");
	plan_create(plan, "milestone", NULL, "title=x|action=Alone|due=2014-06-30|owner=B4");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "no action \"Alone\""));
}

static void new_records_refer_to_each_other_in_any_order(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "milestone", NULL, "title=First|action=@a|due=2014-06-30|owner=B4");
	plan_create(plan, "action", "@a", "title=Patrols|priority=@p|status=not-started|owner=B4");
	plan_create(plan, "priority", "@p", "title=Burglary|standing=priority|year=2014/15|owner=B3");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_value(plan, POLICE, "MS1", "action"), "A1");
	assert_string_equal(plan_value(plan, POLICE, "A1", "priority"), "P1");
}

static void a_record_may_refer_to_one_that_the_same_change_set_gives_a_new_parent(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_create(plan, "priority", "@p", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	plan_edit(plan, "A1", NOW, "priority=@p");
	plan_create(plan, "milestone", NULL, "title=First|action=A1|due=2014-06-30|owner=B4");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_value(plan, POLICE, "A1", "priority"), "P2");
}

static void a_name_for_a_record_of_another_kind_is_refused(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "action", NULL, "title=Patrols|priority=@p|status=not-started|owner=B4");
	plan_create(plan, "indicator", "@p",
		    "name=x|unit=y|direction=keep-below|frequency=year|baseline_period=2013/14|baseline=1|"
		    "owner=B3");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "must be a priority"));
}

static void a_new_record_does_not_refer_to_one_that_goes(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_remove(plan, "A1", NOW);
	plan_create(plan, "milestone", NULL, "title=First|action=A1|due=2014-06-30|owner=B4");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_int_equal(plan_revision(plan, "A1"), 1);
}

/* ---- removal ---- */

static void what_others_refer_to_is_not_removed(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "milestone", "");
	plan_change(plan, POLICE, "remove", "A1", NULL);
	plan_expect(plan, STATUS_REFUSED, "referenced");
	assert_null(strstr(plan->server->err.message, "MS1"));
	assert_int_equal(plan_read(plan, POLICE, "A1", NULL), STATUS_OK);
}

static void what_others_refer_to_in_a_list_is_not_removed(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "partners=O1; O2");
	plan_make(plan, ADMINISTRATOR, "organisation", "name=Fire Service|type=fire|status=invited|owner=B1");
	plan_must(plan, POLICE, "edit", "A1", "partners=O1; O4");
	plan_change(plan, ADMINISTRATOR, "remove", "O4", NULL);
	plan_expect(plan, STATUS_REFUSED, "referenced");
	assert_null(strstr(plan->server->err.message, "A1"));
	plan_must(plan, POLICE, "edit", "A1", "partners=O1");
	plan_must(plan, ADMINISTRATOR, "remove", "O4", NULL);
}

static void what_goes_together_is_removed_together(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "milestone", "");
	plan_remove(plan, "A1", NOW);
	plan_remove(plan, "MS1", NOW);
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(plan_read(plan, POLICE, "A1", NULL), STATUS_NOT_FOUND);
	assert_int_equal(plan_read(plan, POLICE, "MS1", NULL), STATUS_NOT_FOUND);
}

static void what_the_change_set_turns_away_from_is_removed(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "milestone", "");
	plan_action(plan, "");
	plan_edit(plan, "MS1", NOW, "action=A2");
	plan_remove(plan, "A1", NOW);
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_value(plan, POLICE, "MS1", "action"), "A2");
}

/* ---- unique titles ---- */

static void two_indicators_are_not_called_the_same_whatever_the_case(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "Burglaries");
	plan_create(plan, "indicator", NULL,
		    "name= burglaries |unit=y|direction=keep-below|frequency=year|baseline_period=2013/14|"
		    "baseline=1|owner=B8");
	plan_send(plan, ANALYST);
	plan_expect(plan, STATUS_REFUSED, "unique");
}

static void two_new_records_of_one_change_set_are_not_called_the_same(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "organisation", NULL, "name=Fire|type=fire|status=invited|owner=B1");
	plan_create(plan, "organisation", NULL, "name=FIRE|type=fire|status=invited|owner=B1");
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_REFUSED, "unique");
}

static void two_records_swap_their_titles_in_one_change_set(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "One");
	plan_indicator(plan, "Two");
	plan_edit(plan, "I1", NOW, "name=Two");
	plan_edit(plan, "I2", NOW, "name=One");
	plan_send(plan, ANALYST);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_value(plan, ANALYST, "I1", "name"), "Two");
}

static void a_record_keeps_its_own_title_and_may_change_its_case(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "burglaries");
	plan_must(plan, ANALYST, "edit", "I1", "name=Burglaries");
	plan_must(plan, ANALYST, "edit", "I1", "definition=All of them");
}

static void the_title_of_a_removed_record_is_free_again(void **state)
{
	struct plan *plan = *state;

	plan_indicator(plan, "Burglaries");
	plan_must(plan, ANALYST, "remove", "I1", NULL);
	assert_string_equal(plan_indicator(plan, "Burglaries"), "I2");
}

static void people_may_have_the_same_name(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, ADMINISTRATOR, "person", "name=John Smith|owner=B1");
	plan_make(plan, ADMINISTRATOR, "person", "name=John Smith|owner=B1");
}

static const struct CMUnitTest tests[] = {
	test(a_hidden_record_is_referred_to_no_more_than_a_missing_one),
	test(hidden_namesakes_make_no_title_ambiguous),
	test(a_hidden_title_is_not_found),
	test(new_records_refer_to_each_other_in_any_order),
	test(a_record_may_refer_to_one_that_the_same_change_set_gives_a_new_parent),
	test(a_name_for_a_record_of_another_kind_is_refused),
	test(a_new_record_does_not_refer_to_one_that_goes),
	test(what_others_refer_to_is_not_removed),
	test(what_others_refer_to_in_a_list_is_not_removed),
	test(what_goes_together_is_removed_together),
	test(what_the_change_set_turns_away_from_is_removed),
	test(two_indicators_are_not_called_the_same_whatever_the_case),
	test(two_new_records_of_one_change_set_are_not_called_the_same),
	test(two_records_swap_their_titles_in_one_change_set),
	test(a_record_keeps_its_own_title_and_may_change_its_case),
	test(the_title_of_a_removed_record_is_free_again),
	test(people_may_have_the_same_name),
};

int main(void)
{
	struct plan_rows rows = {.count = 0};

	plan_rows_table(&rows, references, references_are_found);
	return plan_rows_run(&rows, "references", tests, sizeof(tests) / sizeof(tests[0]));
}
