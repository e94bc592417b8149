/* The history of a record: every change that one may see, with who, why, and what was before. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

static enum status history(struct plan *plan, enum who who, const char *id)
{
	return plan_ask(plan, who, METHOD_history, handle_history, "id", id, NULL);
}

static const msgpack_object *change_at(struct plan *plan, size_t index)
{
	const msgpack_object *changes = codec_get(plan->server->result, "changes");

	assert_true(index < codec_count(changes));
	return &changes->via.array.ptr[index];
}

/* The names of the fields of each change: "1 create title state; 2 edit progress". */
static const char *outline(struct plan *plan)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *changes = codec_get(plan->server->result, "changes");
	const char *text = "";

	plan_expect(plan, STATUS_OK, NULL);
	for (size_t i = 0; i < codec_count(changes); i++) {
		const msgpack_object *fields = codec_get(change_at(plan, i), "fields");

		text = arena_printf(arena, "%s%s%lld %s", text, i > 0 ? "; " : "",
				    (long long)codec_get_int(change_at(plan, i), "revision", -1),
				    codec_get_string(arena, change_at(plan, i), "verb"));
		for (size_t k = 0; k < codec_count(fields); k++) {
			struct span name;

			assert_true(codec_text(&fields->via.map.ptr[k].key, &name));
			text = arena_printf(arena, "%s %.*s", text, (int)name.length,
					    (const char *)name.data);
		}
	}
	return text;
}

static const msgpack_object *side(struct plan *plan, size_t change, const char *field, const char *which)
{
	return codec_get(codec_get(codec_get(change_at(plan, change), "fields"), field), which);
}

/* ---- tests ---- */

static void a_history_goes_from_the_first_change_to_the_last(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "progress=10");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20|risks=Rain");
	plan_must(plan, CHAIR, "close", "A1", NULL);
	history(plan, CHAIR, "A1");
	assert_string_equal(outline(plan), "1 create title priority status progress state owner; "
					   "2 edit progress risks; 3 close state");
}

static void each_change_tells_what_was_before_and_after(void **state)
{
	struct plan *plan = *state;
	int64_t number = 0;

	plan_action(plan, "progress=10");
	plan_must(plan, POLICE, "edit", "A1", "progress=20");
	plan_must(plan, POLICE, "edit", "A1", "progress=");
	history(plan, CHAIR, "A1");
	assert_true(codec_is_nil(side(plan, 0, "progress", "from")));
	assert_true(codec_int(side(plan, 0, "progress", "to"), &number) && number == 10);
	assert_true(codec_int(side(plan, 1, "progress", "from"), &number) && number == 10);
	assert_true(codec_int(side(plan, 1, "progress", "to"), &number) && number == 20);
	assert_true(codec_int(side(plan, 2, "progress", "from"), &number) && number == 20);
	assert_non_null(side(plan, 2, "progress", "to"));
	assert_true(codec_is_nil(side(plan, 2, "progress", "to")));
}

static void each_change_tells_who_when_why_and_in_which_entry(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "due=2014-09-30");
	fixture_wait(plan->server, FIXTURE_DAY);
	plan_edit(plan, "A1", NOW, "due=2014-10-31");
	plan->reason = "The vans come in October.";
	plan_send(plan, REPRESENTATIVE);
	plan_expect(plan, STATUS_OK, NULL);
	history(plan, CHAIR, "A1");
	assert_true(codec_is_nil(codec_get(change_at(plan, 0), "reason")));
	assert_true(codec_text_is(codec_get(change_at(plan, 1), "reason"), "The vans come in October."));
	assert_true(codec_text_is(codec_get(change_at(plan, 1), "by"),
				  "Rita Representative, representative of Police authority for Warwickshire "
				  "Police"));
	assert_true(codec_text_is(codec_get(change_at(plan, 1), "at"), "2014-05-02T09:00:00.000000Z"));
	assert_int_equal(codec_get_int(change_at(plan, 1), "entry", -1), plan_newest(plan));
}

static void scrutiny_reads_a_decision_from_the_day_that_it_was_made(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "draft");
	plan_must(plan, SECRETARY, "edit", "D1", "text=First words.");
	plan_must(plan, SECRETARY, "edit", "D1", "text=Last words.");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, CHAIR, "make", "D1", NULL);
	history(plan, SCRUTINY, "D1");
	assert_string_equal(outline(plan), "5 make title body date text reasons state owner");
	assert_false(plan_sent_has(plan, "First words"));
	assert_true(codec_is_nil(side(plan, 0, "text", "from")));
	assert_true(codec_text_is(side(plan, 0, "text", "to"), "Last words."));
	history(plan, AUDITOR, "D1");
	assert_string_equal(outline(plan), "1 create title body date text reasons state owner; 2 edit text; "
					   "3 edit text; 4 submit state; 5 make state");
}

static void what_stood_in_a_marked_revision_is_not_told(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted|title=Verysecret");
	plan_must(plan, POLICE, "edit", "A1", "title=Patrols again");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
	history(plan, SCRUTINY, "A1");
	assert_string_equal(outline(plan),
			    "1 create title priority status state owner; 4 edit title marking");
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_true(codec_text_is(side(plan, 1, "title", "from"), "Patrols"));
	history(plan, PROBATION, "A1");
	assert_true(plan_sent_has(plan, "Verysecret"));
}

static void a_change_of_hidden_fields_alone_tells_no_field(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "risks=Verysecret");
	history(plan, SCRUTINY, "A1");
	assert_string_equal(outline(plan), "1 create title priority status state owner; 2 edit");
	assert_false(plan_sent_has(plan, "risks"));
}

static void what_is_marked_today_has_no_history_for_those_outside(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	assert_int_equal(history(plan, SCRUTINY, "A1"), STATUS_NOT_FOUND);
	assert_int_equal(history(plan, AUDITOR, "A1"), STATUS_OK);
}

static void what_was_removed_has_no_history_any_more(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	assert_int_equal(history(plan, POLICE, "A1"), STATUS_NOT_FOUND);
}

static void the_titles_of_old_and_new_references_stand_beside(void **state)
{
	struct plan *plan = *state;
	const msgpack_object *titles = NULL;

	plan_action(plan, "");
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	plan_must(plan, POLICE, "edit", "A1", "priority=P2|partners=O2");
	history(plan, CHAIR, "A1");
	titles = codec_get(plan->server->result, "titles");
	assert_true(codec_text_is(codec_get(titles, "P1"), "Burglary"));
	assert_true(codec_text_is(codec_get(titles, "P2"), "Drugs"));
	assert_true(codec_text_is(codec_get(titles, "O2"), "Warwickshire Probation Trust"));
	history(plan, SCRUTINY, "A1");
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
}

static void an_administrator_reads_the_history_of_the_directory(void **state)
{
	struct plan *plan = *state;

	plan_must(plan, SECRETARY, "edit", "PE5", "job=Superintendent");
	history(plan, ADMINISTRATOR, "PE5");
	assert_string_equal(outline(plan), "1 create name owner; 2 edit job");
	plan_action(plan, "");
	assert_int_equal(history(plan, ADMINISTRATOR, "A1"), STATUS_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_history_goes_from_the_first_change_to_the_last),
		test(each_change_tells_what_was_before_and_after),
		test(each_change_tells_who_when_why_and_in_which_entry),
		test(scrutiny_reads_a_decision_from_the_day_that_it_was_made),
		test(what_stood_in_a_marked_revision_is_not_told),
		test(a_change_of_hidden_fields_alone_tells_no_field),
		test(what_is_marked_today_has_no_history_for_those_outside),
		test(what_was_removed_has_no_history_any_more),
		test(the_titles_of_old_and_new_references_stand_beside),
		test(an_administrator_reads_the_history_of_the_directory),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
