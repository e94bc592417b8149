/* Repeats of a request get its first answer, whatever came between; dry runs leave nothing to repeat. */
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

/* The same answer: an error word for word, a result value for value. */
static void assert_same(struct plan *plan, struct span a, struct span b)
{
	const msgpack_object *x = NULL;
	const msgpack_object *y = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(codec_decode(fixture_arena(plan->server), a, &x, &err), STATUS_OK);
	assert_int_equal(codec_decode(fixture_arena(plan->server), b, &y, &err), STATUS_OK);
	assert_true(codec_same(x, y));
}

/* ---- repeats ---- */

static const uint8_t request_id[16] = "0123456789abcde";

static void create_as(struct plan *plan, enum who who, const char *title)
{
	char fields[120];

	snprintf(fields, sizeof(fields), "title=%s|standing=priority|year=2014/15|owner=B3", title);
	plan->request = request_id;
	plan_create(plan, "priority", NULL, fields);
	plan_send(plan, who);
}

static void a_repeated_request_gets_the_first_answer_and_changes_nothing_more(void **state)
{
	struct plan *plan = *state;
	struct span first;
	struct span second;
	int64_t newest = 0;

	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	first = plan_sent(plan);
	newest = plan_newest(plan);
	fixture_wait(plan->server, FIXTURE_HOUR);
	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	second = plan_sent(plan);
	assert_same(plan, first, second);
	assert_int_equal(plan_newest(plan), newest);
}

static void a_repeat_gets_the_first_answer_after_a_restart_too(void **state)
{
	struct plan *plan = *state;
	struct span first;
	struct span second;

	create_as(plan, POLICE, "Burglary");
	first = plan_sent(plan);
	server_fixture_restart(plan->server);
	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	second = plan_sent(plan);
	assert_same(plan, first, second);
	assert_int_equal(plan_read(plan, POLICE, "P2", NULL), STATUS_NOT_FOUND);
}

static void refuse_as(struct plan *plan)
{
	plan->request = request_id;
	plan_edit(plan, "A1", 1, "status=off-track");
	plan_send(plan, POLICE);
}

static void a_refusal_is_repeated_word_for_word_even_when_it_would_now_be_allowed(void **state)
{
	struct plan *plan = *state;
	struct span first;
	struct span second;

	plan_action(plan, "");
	refuse_as(plan);
	plan_expect(plan, STATUS_REFUSED, "action.status-reason");
	first = plan_sent(plan);
	plan_must(plan, POLICE, "edit", "A1", "status_reason=The vans are late");
	server_fixture_restart(plan->server);
	refuse_as(plan);
	plan_expect(plan, STATUS_REFUSED, "action.status-reason");
	second = plan_sent(plan);
	assert_same(plan, first, second);
}

static void conflict_as(struct plan *plan)
{
	plan->request = request_id;
	plan_edit(plan, "A1", 1, "progress=30");
	plan_send(plan, POLICE);
}

static void a_conflict_is_repeated_with_its_details(void **state)
{
	struct plan *plan = *state;
	struct span first;
	struct span second;

	plan_action(plan, "");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=10");
	conflict_as(plan);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	assert_true(plan->server->request->details.length > 0);
	first = plan_sent(plan);
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "progress=30");
	conflict_as(plan);
	plan_expect(plan, STATUS_CONFLICT, NULL);
	second = plan_sent(plan);
	assert_same(plan, first, second);
}

static void a_request_id_is_not_used_for_another_change(void **state)
{
	struct plan *plan = *state;

	create_as(plan, POLICE, "Burglary");
	create_as(plan, POLICE, "Drugs");
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_non_null(strstr(plan->server->err.message, "used before"));
	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
}

static void two_people_may_draw_the_same_request_id(void **state)
{
	struct plan *plan = *state;

	create_as(plan, POLICE, "Burglary");
	create_as(plan, PROBATION, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	answered_is(plan, 0, "id", "P2");
}

static void a_request_id_has_sixteen_bytes(void **state)
{
	struct plan *plan = *state;

	fixture_ask(plan->server);
	fixture_bin(plan->server, "request", "short", 5);
	fixture_raw(plan->server, "changes", (struct span){(const uint8_t *)"\x90", 1});
	assert_int_equal(fixture_call(plan->server, plan_device(plan, POLICE), METHOD_change, handle_change),
			 STATUS_INVALID);
}

/* ---- dry runs ---- */

static void a_dry_run_says_the_ids_and_changes_nothing(void **state)
{
	struct plan *plan = *state;
	int64_t newest = 0;

	plan_action(plan, "");
	newest = plan_newest(plan);
	plan->dry_run = true;
	plan_create(plan, "action", "@a", "title=Second|priority=P1|status=not-started|owner=B4");
	plan_edit(plan, "A1", NOW, "progress=10");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	answered_is(plan, 0, "id", "A2");
	assert_int_equal(answered_int(plan, 1, "revision"), 2);
	assert_null(codec_get(plan->server->result, "entry"));
	assert_int_equal(plan_newest(plan), newest);
	assert_int_equal(plan_revision(plan, "A1"), 1);
	assert_string_equal(plan_action(plan, ""), "A2");
}

static void a_dry_run_refuses_what_the_change_would(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan->dry_run = true;
	plan_edit(plan, "A1", NOW, "status=off-track");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_REFUSED, "action.status-reason");
}

static void a_dry_run_is_not_remembered(void **state)
{
	struct plan *plan = *state;

	plan->dry_run = true;
	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	create_as(plan, POLICE, "Burglary");
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(codec_get_int(plan->server->result, "entry", -1), plan_newest(plan));
}

static const struct CMUnitTest tests[] = {
	test(a_repeated_request_gets_the_first_answer_and_changes_nothing_more),
	test(a_repeat_gets_the_first_answer_after_a_restart_too),
	test(a_refusal_is_repeated_word_for_word_even_when_it_would_now_be_allowed),
	test(a_conflict_is_repeated_with_its_details),
	test(a_request_id_is_not_used_for_another_change),
	test(two_people_may_draw_the_same_request_id),
	test(a_request_id_has_sixteen_bytes),
	test(a_dry_run_says_the_ids_and_changes_nothing),
	test(a_dry_run_refuses_what_the_change_would),
	test(a_dry_run_is_not_remembered),
};

int main(void)
{
	struct plan_rows rows = {.count = 0};

	return plan_rows_run(&rows, "repeat", tests, sizeof(tests) / sizeof(tests[0]));
}
