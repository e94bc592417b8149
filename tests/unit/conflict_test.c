/* Two people change the same record: what goes together, what collides, and what each is told. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

/* A1 at revision 1, of the police; POLICE and REPRESENTATIVE both edit it. */
static void begin(struct plan *plan)
{
	plan_action(plan, "start=2014-05-01|due=2014-09-30|progress=10");
}

static void both(struct plan *plan, const char *theirs, const char *mine)
{
	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", theirs);
	plan_edit(plan, "A1", 1, mine);
	plan->reason = "the plan moved on";
	plan_send(plan, POLICE);
}

/* What the refusal tells of one collision, in words: "A1 progress: 10, 20, 30 by ... at ... revision 2". */
static const char *detail(struct plan *plan, size_t index)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *list = NULL;
	const msgpack_object *map = NULL;
	const msgpack_object *values[3];
	int64_t numbers[3] = {-1, -1, -1};
	struct error err = ERROR_INIT;

	assert_int_equal(codec_decode(arena, buffer_span(&plan->server->request->details), &list, &err),
			 STATUS_OK);
	if (index >= codec_count(list)) {
		return "none";
	}
	map = &list->via.array.ptr[index];
	values[0] = codec_get(map, "base");
	values[1] = codec_get(map, "theirs");
	values[2] = codec_get(map, "mine");
	for (size_t i = 0; i < 3; i++) {
		(void)codec_int(values[i], &numbers[i]);
	}
	return arena_printf(arena, "%s %s: %lld, %lld, %lld by %s at %s revision %lld",
			    codec_get_string(arena, map, "id"), codec_get_string(arena, map, "field"),
			    (long long)numbers[0], (long long)numbers[1], (long long)numbers[2],
			    codec_get_string(arena, map, "by"), codec_get_string(arena, map, "at"),
			    (long long)codec_get_int(map, "revision", -1));
}

/* The fields that the first item's answer names as moved by others, "due status". */
static const char *also(struct plan *plan)
{
	const msgpack_object *changes = codec_get(plan->server->result, "changes");
	const msgpack_object *map = codec_get(&changes->via.array.ptr[0], "also");
	const char *text = "";

	for (size_t i = 0; i < codec_count(map); i++) {
		struct span name;

		assert_true(codec_text(&map->via.map.ptr[i].key, &name));
		text = arena_printf(fixture_arena(plan->server), "%s%s%.*s", text, i > 0 ? " " : "",
				    (int)name.length, (const char *)name.data);
	}
	return text;
}

/* ---- what goes together ---- */

static void changes_of_different_groups_both_stand_and_the_second_is_told_of_the_first(void **state)
{
	struct plan *plan = *state;

	both(plan, "progress=20", "due=2014-10-31");
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(also(plan), "progress");
	assert_string_equal(plan_value(plan, POLICE, "A1", "progress"), "20");
	assert_string_equal(plan_value(plan, POLICE, "A1", "due"), "2014-10-31");
	assert_int_equal(plan_revision(plan, "A1"), 3);
}

static void the_same_value_in_the_same_field_is_success_without_a_revision(void **state)
{
	struct plan *plan = *state;

	both(plan, "progress=20", "progress=20");
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(plan_revision(plan, "A1"), 2);
	assert_null(codec_get(plan->server->result, "entry"));
}

static void an_edit_on_the_present_revision_never_collides(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_must(plan, POLICE, "edit", "A1", "progress=30");
	assert_string_equal(plan_value(plan, POLICE, "A1", "progress"), "30");
}

static void a_group_that_moved_and_came_back_still_collides(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=10");
	plan_edit(plan, "A1", 1, "progress=30");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
}

static void what_others_changed_long_before_the_base_is_not_told_again(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "title=Night patrols");
	plan_edit(plan, "A1", 2, "status=on-track");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(also(plan), "title");
}

/* ---- what collides ---- */

static void another_value_in_the_same_field_collides_and_the_refusal_tells_all_three(void **state)
{
	struct plan *plan = *state;

	both(plan, "progress=20", "progress=30");
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_string_equal(detail(plan, 0),
			    "A1 progress: 10, 20, 30 by Rita Representative, representative of Police "
			    "authority for Warwickshire Police at 2014-05-01T09:00:00.000000Z revision 2");
	assert_string_equal(detail(plan, 1), "none");
	assert_non_null(strstr(plan->server->err.message, "Nothing was changed"));
	assert_string_equal(plan_value(plan, POLICE, "A1", "progress"), "20");
}

static void another_field_of_the_same_group_collides(void **state)
{
	struct plan *plan = *state;

	both(plan, "start=2014-06-01", "due=2014-10-31");
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "A1 due"));
	assert_string_equal(detail(plan, 1), "none");
}

static void a_collision_names_the_revision_that_made_it_not_the_newest(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	fixture_wait(plan->server, FIXTURE_HOUR);
	plan_must(plan, POLICE, "edit", "A1", "title=Night patrols");
	plan_edit(plan, "A1", 1, "progress=30");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "Rita Representative"));
	assert_non_null(strstr(detail(plan, 0), "at 2014-05-01T09:00:00.000000Z revision 2"));
}

static void one_collision_refuses_the_whole_change_set(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	newest = plan_newest(plan);
	plan_create(plan, "action", NULL, "title=Second|priority=P1|status=not-started|owner=B4");
	plan_edit(plan, "A1", 1, "progress=30|title=Night patrols");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_int_equal(plan_newest(plan), newest);
	assert_string_equal(plan_value(plan, POLICE, "A1", "title"), "Patrols");
	assert_int_equal(plan_read(plan, POLICE, "A2", NULL), STATUS_NOT_FOUND);
}

static void every_collision_of_every_record_is_told_at_once(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_action(plan, "progress=1");
	plan_edit(plan, "A1", NOW, "progress=20|title=Other");
	plan_edit(plan, "A2", NOW, "progress=2");
	plan_send(plan, REPRESENTATIVE);
	plan_expect(plan, STATUS_OK, NULL);
	plan_edit(plan, "A1", 1, "progress=30|title=Mine");
	plan_edit(plan, "A2", 1, "progress=3");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "A1 title"));
	assert_non_null(strstr(detail(plan, 1), "A1 progress"));
	assert_non_null(strstr(detail(plan, 2), "A2 progress"));
	assert_string_equal(detail(plan, 3), "none");
	assert_non_null(strstr(plan->server->err.message, "3 fields collide."));
}

static void a_cleared_field_collides_with_a_new_value(void **state)
{
	struct plan *plan = *state;

	both(plan, "progress=", "progress=30");
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "10, -1, 30"));
}

/* ---- whole records ---- */

static void a_removal_of_what_somebody_changed_since_collides(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_remove(plan, "A1", 1);
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "A1 progress: 10, 20, -1"));
	assert_int_equal(plan_read(plan, POLICE, "A1", NULL), STATUS_OK);
}

static void a_step_on_what_somebody_changed_since_collides(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_do(plan, "close", "A1", 1, NULL);
	plan_send(plan, CHAIR);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_string_equal(plan_value(plan, CHAIR, "A1", "state"), "open");
}

static void a_step_on_what_came_back_to_the_base_does_not_collide(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=10");
	plan_do(plan, "close", "A1", 1, NULL);
	plan_send(plan, CHAIR);
	plan_expect(plan, STATUS_OK, NULL);
}

static void the_same_step_by_two_people_is_a_step_once(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "submitted");
	plan_do(plan, "return", "D1", NOW, NULL);
	plan_send(plan, CHAIR);
	plan_expect(plan, STATUS_OK, NULL);
	plan_do(plan, "make", "D1", 2, NULL);
	plan_send(plan, CHAIR);
	assert_int_not_equal(plan->server->status, STATUS_OK);
	assert_string_equal(plan_value(plan, CHAIR, "D1", "state"), "draft");
}

static void an_edit_of_what_somebody_removed_is_not_found(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "remove", "A1", NULL);
	plan_edit(plan, "A1", 1, "progress=30");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
}

static void a_decision_is_never_half_written_by_two(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "draft");
	plan_must(plan, CHAIR, "edit", "D1", "reasons=Other reasons.");
	plan_edit(plan, "D1", 1, "text=Other words.");
	plan_send(plan, SECRETARY);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "D1 text"));
}

/* ---- what nobody is told ---- */

static void a_collision_tells_nothing_of_an_exempt_record(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	plan_make(plan, PROBATION, "action", "title=Secretplan|priority=P1|status=not-started|owner=B5");
	plan_must(plan, PROBATION, "edit", "A1",
		  "title=Verysecret|marking=exempt|marking_reason=individual|marking_review=2015-05-01");
	plan_edit(plan, "A1", 1, "title=Mine");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
	assert_false(plan_sent_has(plan, "Verysecret"));
	assert_int_equal(plan->server->request->details.length, 0);
}

/* Edits A1 as it stands, and says to have given up a text of their own. `marking` may be NULL. */
static void give_up(struct plan *plan, enum who who, const char *text, const char *marking)
{
	struct buffer item;

	buffer_init(&item, 4096);
	codec_put_map(&item, marking != NULL ? 5 : 4);
	codec_pair_text(&item, "do", "edit");
	codec_pair_text(&item, "id", "A1");
	codec_pair_int(&item, "base", plan_revision(plan, "A1"));
	if (marking != NULL) {
		codec_put_text(&item, "fields");
		codec_put_map(&item, 1);
		codec_pair_text(&item, "marking", marking);
	}
	codec_put_text(&item, "settled");
	codec_put_map(&item, 1);
	codec_put_text(&item, "risks");
	codec_put_map(&item, 1);
	codec_pair_text(&item, "mine", text);
	plan_item(plan, buffer_span(&item));
	buffer_release(&item);
	plan_send(plan, who);
	plan_expect(plan, STATUS_OK, NULL);
}

/* In the history of A1, or in any entry of the journal. */
static bool is_told(struct plan *plan, enum who who, const char *text)
{
	int64_t newest = plan_newest(plan);
	bool told;

	plan_ask(plan, who, METHOD_history, handle_history, "id", "A1", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	told = plan_sent_has(plan, text);
	for (int64_t entry = 0; entry <= newest; entry++) {
		plan_ask_entry(plan, who, entry);
		told = told || plan_sent_has(plan, text);
	}
	return told;
}

static void what_was_given_up_while_a_record_was_exempt_stays_hidden_when_it_is_opened(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "risks=Rain|marking=exempt|marking_reason=individual|marking_review=2015-05-01");
	give_up(plan, POLICE, "Ostriches", NULL);
	give_up(plan, REPRESENTATIVE, "Pelicans", "open");
	give_up(plan, POLICE, "Herons", NULL);
	assert_string_equal(plan_value(plan, PROBATION, "A1", "risks"), "Rain");
	assert_false(is_told(plan, PROBATION, "Ostriches"));
	assert_false(is_told(plan, PROBATION, "Pelicans"));
	assert_true(is_told(plan, PROBATION, "Herons"));
	assert_true(is_told(plan, REPRESENTATIVE, "Ostriches"));
	assert_true(is_told(plan, POLICE, "Pelicans"));
}

static void a_dry_run_tells_a_collision_as_the_change_would(void **state)
{
	struct plan *plan = *state;

	begin(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=20");
	plan->dry_run = true;
	plan_edit(plan, "A1", 1, "progress=30");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_non_null(strstr(detail(plan, 0), "10, 20, 30"));
}

static void a_successful_answer_carries_no_details(void **state)
{
	struct plan *plan = *state;

	both(plan, "progress=20", "due=2014-10-31");
	assert_int_equal(plan->server->request->details.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(changes_of_different_groups_both_stand_and_the_second_is_told_of_the_first),
		test(the_same_value_in_the_same_field_is_success_without_a_revision),
		test(an_edit_on_the_present_revision_never_collides),
		test(a_group_that_moved_and_came_back_still_collides),
		test(what_others_changed_long_before_the_base_is_not_told_again),
		test(another_value_in_the_same_field_collides_and_the_refusal_tells_all_three),
		test(another_field_of_the_same_group_collides),
		test(a_collision_names_the_revision_that_made_it_not_the_newest),
		test(one_collision_refuses_the_whole_change_set),
		test(every_collision_of_every_record_is_told_at_once),
		test(a_cleared_field_collides_with_a_new_value),
		test(a_removal_of_what_somebody_changed_since_collides),
		test(a_step_on_what_somebody_changed_since_collides),
		test(a_step_on_what_came_back_to_the_base_does_not_collide),
		test(the_same_step_by_two_people_is_a_step_once),
		test(an_edit_of_what_somebody_removed_is_not_found),
		test(a_decision_is_never_half_written_by_two),
		test(a_collision_tells_nothing_of_an_exempt_record),
		test(what_was_given_up_while_a_record_was_exempt_stays_hidden_when_it_is_opened),
		test(a_dry_run_tells_a_collision_as_the_change_would),
		test(a_successful_answer_carries_no_details),
	};

	return cmocka_run_group_tests_name("conflict", tests, NULL, NULL);
}
