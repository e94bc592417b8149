/* Who sits on a body: today, and as it was. */
#include "tests/support/plan_fixture.h"

#include <string.h>

/* Whether the last answer names a person in a post. */
static bool names(struct plan *plan, const char *person, const char *post)
{
	const msgpack_object *members = codec_get(plan->server->result, "members");

	for (size_t i = 0; i < codec_count(members); i++) {
		const msgpack_object *member = &members->via.array.ptr[i];

		if (codec_text_is(codec_get(member, "person"), person) &&
		    codec_text_is(codec_get(member, "post"), post)) {
			return true;
		}
	}
	return false;
}

static void ask(struct plan *plan, enum who who, const char *as_of)
{
	plan_ask(plan, who, METHOD_members, handle_members, "body", "B2", as_of != NULL ? "as_of" : NULL,
		 as_of, NULL);
}

static void everybody_learns_who_sits_on_the_board_today(void **state)
{
	struct plan *plan = *state;

	ask(plan, SCRUTINY, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(names(plan, "PE2", "chair"));
	assert_true(names(plan, "PE3", "secretary"));
	assert_true(names(plan, "PE4", "member"));
	assert_string_equal(fixture_result(plan->server, "day"), "2014-05-01");
}

static void a_proposed_appointment_is_no_membership(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, SECRETARY, "appointment", "person=PE12|body=B2|post=member|from=2014-04-01|owner=B2");
	ask(plan, CHAIR, NULL);
	assert_false(names(plan, "PE12", "member"));
}

static void an_appointment_that_begins_later_does_not_count_yet(void **state)
{
	struct plan *plan = *state;
	const char *id = plan_make(plan, SECRETARY, "appointment",
				   "person=PE12|body=B2|post=member|from=2014-05-03|owner=B2");

	plan_must(plan, CHAIR, "confirm", id, NULL);
	ask(plan, CHAIR, NULL);
	assert_false(names(plan, "PE12", "member"));
	fixture_wait(plan->server, 2 * FIXTURE_DAY);
	ask(plan, CHAIR, NULL);
	assert_true(names(plan, "PE12", "member"));
}

static void who_left_since_still_sat_there_on_the_day_asked_for(void **state)
{
	struct plan *plan = *state;
	const char *id = plan_make(plan, SECRETARY, "appointment",
				   "person=PE12|body=B2|post=member|from=2014-04-01|owner=B2");

	plan_must(plan, CHAIR, "confirm", id, NULL);
	fixture_wait(plan->server, 2 * FIXTURE_DAY);
	plan_must(plan, CHAIR, "end", id, NULL);
	ask(plan, CHAIR, NULL);
	assert_false(names(plan, "PE12", "member"));
	ask(plan, CHAIR, "2014-05-02");
	assert_true(names(plan, "PE12", "member"));
	assert_string_equal(fixture_result(plan->server, "day"), "2014-05-02");
}

static void what_is_no_body_has_no_members(void **state)
{
	struct plan *plan = *state;

	plan_ask(plan, CHAIR, METHOD_members, handle_members, "body", "B99", NULL);
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
	plan_ask(plan, CHAIR, METHOD_members, handle_members, "body", "PE2", NULL);
	plan_expect(plan, STATUS_INVALID, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_learns_who_sits_on_the_board_today, plan_setup,
						plan_teardown),
		cmocka_unit_test_setup_teardown(a_proposed_appointment_is_no_membership, plan_setup,
						plan_teardown),
		cmocka_unit_test_setup_teardown(an_appointment_that_begins_later_does_not_count_yet,
						plan_setup, plan_teardown),
		cmocka_unit_test_setup_teardown(who_left_since_still_sat_there_on_the_day_asked_for,
						plan_setup, plan_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_body_has_no_members, plan_setup, plan_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
