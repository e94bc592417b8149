/* Change-sets: what they may say, and that all of one is applied or nothing. */
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

/* A number or a text of the answer to the last change-set's item. */
static const msgpack_object *answered(struct plan *plan, size_t item, const char *key)
{
	const msgpack_object *changes = codec_get(plan->server->result, "changes");

	assert_true(item < codec_count(changes));
	return codec_get(&changes->via.array.ptr[item], key);
}

static int64_t answered_int(struct plan *plan, size_t item, const char *key)
{
	int64_t value = 0;

	assert_true(codec_int(answered(plan, item, key), &value));
	return value;
}

static void answered_is(struct plan *plan, size_t item, const char *key, const char *text)
{
	assert_true(codec_text_is(answered(plan, item, key), text));
}

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

/* ---- create, edit, remove ---- */

static void a_new_record_gets_the_next_id_and_its_first_revision(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "priority", NULL, "title=Burglary|standing=priority|year=2014/15|owner=B3");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	answered_is(plan, 0, "id", "P1");
	answered_is(plan, 0, "kind", "priority");
	assert_int_equal(answered_int(plan, 0, "revision"), 1);
	assert_int_equal(codec_get_int(plan->server->result, "entry", -1), plan_newest(plan));
	assert_string_equal(plan_value(plan, POLICE, "P1", "title"), "Burglary");
	assert_string_equal(plan_value(plan, POLICE, "P1", "state"), "draft");
	assert_string_equal(
		plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3"),
		"P2");
}

static void an_edit_makes_the_next_revision_and_keeps_the_other_fields(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-09-30");
	plan_edit(plan, "A1", NOW, "progress=60");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(answered_int(plan, 0, "revision"), 2);
	assert_string_equal(plan_value(plan, POLICE, "A1", "progress"), "60");
	assert_string_equal(plan_value(plan, POLICE, "A1", "due"), "2014-09-30");
}

static void an_empty_value_clears_a_field(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "progress=60");
	plan_must(plan, POLICE, "edit", "A1", "progress=");
	assert_string_equal(plan_value(plan, POLICE, "A1", "progress"), "-");
}

static void an_unknown_amount_is_neither_nothing_nor_zero(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, SECRETARY, "grant", "title=Community fund|funder=O1|year=2014/15|amount=?|owner=B2");
	assert_string_equal(plan_value(plan, CHAIR, "G1", "amount"), "?");
}

static void a_removed_record_is_gone_and_its_number_is_not_given_again(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	assert_int_equal(plan_read(plan, POLICE, "A1", NULL), STATUS_NOT_FOUND);
	assert_string_equal(plan_action(plan, ""), "A2");
	assert_int_equal(plan_change(plan, POLICE, "edit", "A1", "progress=1"), STATUS_NOT_FOUND);
	check_journal(plan);
}

static void the_answer_carries_the_name_that_a_new_record_was_given(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "priority", "@p", "title=Burglary|standing=priority|year=2014/15|owner=B3");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	answered_is(plan, 0, "ref", "@p");
}

static void what_the_engine_writes_checks_out_against_the_journal(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "referral", "answered");
	plan_must(plan, POLICE, "edit", "A1", "progress=10|due=2014-10-01");
	plan_make(plan, POLICE, "milestone", "title=First|action=A1|due=2014-06-30|owner=B4");
	plan_must(plan, POLICE, "remove", "MS1", NULL);
	check_journal(plan);
}

/* ---- what makes no sense ---- */

struct nonsense_row {
	const char *name;
	const char *verb, *kind_or_id, *fields;
	enum status status;
	const char *says;
};
static const struct nonsense_row nonsense[] = {
	{"a kind that there is not is refused", "create", "wish", "title=x", STATUS_INVALID,
	 "no kind \"wish\""},
	{"a field that the kind does not have is refused when creating", "create", "priority", "colour=red",
	 STATUS_INVALID, "no field \"colour\""},
	{"a field that the kind does not have is refused when editing", "edit", "A1", "colour=red",
	 STATUS_INVALID, "no field \"colour\""},
	{"a verb that the kind does not have is refused", "adopt", "A1", "", STATUS_INVALID,
	 "no way to adopt"},
	{"create with the id of a record is no edit", "create", "A1", "", STATUS_INVALID, "no kind"},
	{"a record that is not there is not found", "edit", "A77", "progress=1", STATUS_NOT_FOUND,
	 "no A77 that you may see"},
	{"an id of no kind is refused", "edit", "ZZ1", "", STATUS_INVALID, "begin with ZZ"},
	{"what is no id is refused", "edit", "action one", "", STATUS_INVALID, "not the id"},
	{"a number where a date belongs is refused", "edit", "A1", "due=30", STATUS_INVALID, "due"},
	{"a day that no calendar has is refused", "edit", "A1", "due=2014-02-30", STATUS_INVALID, "due"},
	{"a number over the bound is refused", "edit", "A1", "progress=101", STATUS_INVALID, "progress"},
	{"a word that is no choice is refused", "edit", "A1", "status=splendid", STATUS_INVALID, "status"},
	{"nobody sets the state by hand", "edit", "A1", "state=closed", STATUS_NOT_PERMITTED, "state"},
	{"nobody creates a record in a later state", "create", "priority",
	 "title=x|standing=priority|year=2014/15|owner=B3|state=adopted", STATUS_NOT_PERMITTED, "state"},
	{"required fields must be there", "create", "priority", "title=x|owner=B3", STATUS_REFUSED,
	 "standing, year"},
	{"a required field cannot be cleared", "edit", "A1", "title=", STATUS_INVALID,
	 "title: it cannot be left empty"},
	{"a removal sets no fields", "remove", "A1", "progress=3", STATUS_INVALID, "removal"},
};

static void nonsense_is_refused(void **state)
{
	struct plan *plan = *state;
	const struct nonsense_row *row = plan->row;
	int64_t newest = 0;

	plan_action(plan, "");
	newest = plan_newest(plan);
	if (strcmp(row->verb, "create") == 0) {
		plan_create(plan, row->kind_or_id, NULL, row->fields);
	} else {
		plan_do(plan, row->verb, row->kind_or_id, NOW, row->fields);
	}
	plan_send(plan, POLICE);
	plan_expect(plan, row->status, NULL);
	if (strstr(plan->server->err.message, row->says) == NULL) {
		fail_msg("\"%s\" does not say %s", plan->server->err.message, row->says);
	}
	assert_int_equal(plan_newest(plan), newest);
}

static void an_item_with_a_key_of_its_own_making_is_refused(void **state)
{
	struct plan *plan = *state;
	static const uint8_t item[] = "\x82\xa2"
				      "do\xa6"
				      "create\xa5"
				      "force\xc3";

	plan_item(plan, (struct span){item, sizeof(item) - 1});
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "force"));
}

static void an_item_that_is_no_map_is_refused(void **state)
{
	struct plan *plan = *state;

	plan_item(plan, (struct span){(const uint8_t *)"\x07", 1});
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
}

static void an_item_that_does_not_say_what_to_do_is_refused(void **state)
{
	struct plan *plan = *state;

	plan_item(plan, (struct span){(const uint8_t *)"\x80", 1});
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "what to do"));
}

static void fields_that_are_no_map_are_refused(void **state)
{
	struct plan *plan = *state;
	static const uint8_t item[] = "\x83\xa2"
				      "do\xa6"
				      "create\xa4"
				      "kind\xa6"
				      "action\xa6"
				      "fields\x07";

	plan_item(plan, (struct span){item, sizeof(item) - 1});
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
}

static void an_empty_change_set_is_refused(void **state)
{
	struct plan *plan = *state;

	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
}

static void a_change_set_over_the_limit_is_refused_whole(void **state)
{
	struct plan *plan = *state;

	plan->server->settings.limits.changes_per_request = 2;
	plan_create(plan, "person", NULL, "name=One|owner=B1");
	plan_create(plan, "person", NULL, "name=Two|owner=B1");
	plan_create(plan, "person", NULL, "name=Three|owner=B1");
	assert_int_equal(plan_send(plan, ADMINISTRATOR), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "at most 2"));
	plan_create(plan, "person", NULL, "name=One|owner=B1");
	plan_create(plan, "person", NULL, "name=Two|owner=B1");
	assert_int_equal(plan_send(plan, ADMINISTRATOR), STATUS_OK);
}

static void more_items_than_the_protocol_allows_are_refused(void **state)
{
	struct plan *plan = *state;

	for (int i = 0; i < 2001; i++) {
		plan_item(plan, (struct span){(const uint8_t *)"\x80", 1});
	}
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "2000"));
}

static void a_change_set_says_one_thing_about_each_record(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_edit(plan, "a1", 1, "due=2014-09-30");
	assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "A1 is there twice"));
}

static void two_new_records_are_not_called_the_same(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "person", "@x", "name=One|owner=B1");
	plan_create(plan, "person", "@x", "name=Two|owner=B1");
	assert_int_equal(plan_send(plan, ADMINISTRATOR), STATUS_INVALID);
	assert_non_null(strstr(plan->server->err.message, "@x"));
}

/* ---- revisions ---- */

static void an_edit_says_on_which_revision_it_was_made(void **state)
{
	struct plan *plan = *state;
	static const int64_t bases[] = {NO_BASE, 2, 99};

	plan_action(plan, "");
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		plan_edit(plan, "A1", bases[i], "progress=10");
		assert_int_equal(plan_send(plan, POLICE), STATUS_INVALID);
		assert_non_null(strstr(plan->server->err.message, "base"));
	}
	assert_int_equal(plan_revision(plan, "A1"), 1);
}

static void an_edit_that_changes_nothing_leaves_no_trace(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;

	plan_action(plan, "progress=10");
	newest = plan_newest(plan);
	plan_edit(plan, "A1", NOW, "progress=10|title=Patrols");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_null(codec_get(plan->server->result, "entry"));
	assert_int_equal(answered_int(plan, 0, "revision"), 1);
	assert_int_equal(plan_newest(plan), newest);
	assert_int_equal(plan->server->request->moved, 0);
}

static void records_that_do_not_change_stay_at_their_revision_beside_those_that_do(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "progress=10");
	plan_action(plan, "progress=20");
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_edit(plan, "A2", NOW, "progress=30");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(answered_int(plan, 0, "revision"), 1);
	assert_int_equal(answered_int(plan, 1, "revision"), 2);
	assert_int_equal(plan->server->request->moved, plan->server->partnership);
	check_journal(plan);
}

/* ---- all of it or nothing ---- */

static void a_bad_third_item_undoes_the_two_before_it(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;

	plan_action(plan, "");
	newest = plan_newest(plan);
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_create(plan, "action", NULL, "title=Second|priority=P1|status=not-started|owner=B4");
	plan_create(plan, "action", NULL, "title=Third|priority=P1|status=off-track|owner=B4");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_REFUSED, "action.status-reason");
	assert_int_equal(plan_revision(plan, "A1"), 1);
	assert_int_equal(plan_read(plan, POLICE, "A2", NULL), STATUS_NOT_FOUND);
	assert_int_equal(plan_newest(plan), newest);
	assert_string_equal(plan_action(plan, ""), "A2");
}

static void an_item_that_is_not_permitted_undoes_those_that_are(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_make(plan, PROBATION, "action", "title=Theirs|priority=P1|status=not-started|owner=B5");
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_edit(plan, "A2", NOW, "progress=10");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_NOT_PERMITTED, "action.edit");
	assert_int_equal(plan_revision(plan, "A1"), 1);
}

static void one_change_set_is_one_entry(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;

	plan_action(plan, "");
	newest = plan_newest(plan);
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_create(plan, "action", NULL, "title=Second|priority=P1|status=not-started|owner=B4");
	plan->reason = "We go on";
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(plan_newest(plan), newest + 1);
}

static const struct CMUnitTest tests[] = {
	test(a_new_record_gets_the_next_id_and_its_first_revision),
	test(an_edit_makes_the_next_revision_and_keeps_the_other_fields),
	test(an_empty_value_clears_a_field),
	test(an_unknown_amount_is_neither_nothing_nor_zero),
	test(a_removed_record_is_gone_and_its_number_is_not_given_again),
	test(the_answer_carries_the_name_that_a_new_record_was_given),
	test(what_the_engine_writes_checks_out_against_the_journal),
	test(an_item_with_a_key_of_its_own_making_is_refused),
	test(an_item_that_is_no_map_is_refused),
	test(an_item_that_does_not_say_what_to_do_is_refused),
	test(fields_that_are_no_map_are_refused),
	test(an_empty_change_set_is_refused),
	test(a_change_set_over_the_limit_is_refused_whole),
	test(more_items_than_the_protocol_allows_are_refused),
	test(a_change_set_says_one_thing_about_each_record),
	test(two_new_records_are_not_called_the_same),
	test(an_edit_says_on_which_revision_it_was_made),
	test(an_edit_that_changes_nothing_leaves_no_trace),
	test(records_that_do_not_change_stay_at_their_revision_beside_those_that_do),
	test(a_bad_third_item_undoes_the_two_before_it),
	test(an_item_that_is_not_permitted_undoes_those_that_are),
	test(one_change_set_is_one_entry),
};

int main(void)
{
	struct plan_rows rows = {.count = 0};

	plan_rows_table(&rows, nonsense, nonsense_is_refused);
	return plan_rows_run(&rows, "change", tests, sizeof(tests) / sizeof(tests[0]));
}
