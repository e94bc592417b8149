/* The states of records: each verb in each state, the second person that a step asks for, and the days on which an
 * appointment gives its rights. */
#include "tests/support/plan_fixture.h"

#include "server/schema/schema.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- every verb in every state ---- */

struct step_row {
	char name[120];
	const char *kind;
	char state[40];
	const struct transition *step;
};
static struct step_row step_rows[PLAN_ROWS_MAX];
static size_t step_count;

static bool leads_from(const struct step_row *row)
{
	return words_have(row->step->from, row->state, strlen(row->state));
}

static void add_steps(const struct kind *kind)
{
	size_t length = 0;

	for (const char *state = words_next(kind->states, &length); state != NULL;
	     state = words_next(state + length, &length)) {
		for (size_t i = 0; i < kind->transition_count; i++) {
			struct step_row *row = &step_rows[step_count++];

			assert_true(step_count < PLAN_ROWS_MAX);
			row->kind = kind->name;
			row->step = &kind->transitions[i];
			snprintf(row->state, sizeof(row->state), "%.*s", (int)length, state);
			snprintf(row->name, sizeof(row->name), "a %s that is %.*s %s the step to %s",
				 kind->name, (int)length, state, leads_from(row) ? "takes" : "does not take",
				 row->step->verb);
		}
	}
}

/* Everybody tries; a step that the state allows is taken by the first who may, any other by nobody. */
static void a_verb_in_a_state(void **state)
{
	struct plan *plan = *state;
	const struct step_row *row = plan->row;
	const char *fields = strcmp(row->step->verb, "answer") == 0 ? "answer=Yes." : NULL;
	const char *id = plan_standing(plan, row->kind, row->state);
	int64_t revision = plan_revision(plan, id);

	for (int who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		if (plan_change(plan, (enum who)who, row->step->verb, id, fields) != STATUS_OK) {
			continue;
		}
		if (!leads_from(row)) {
			fail_msg("%d could %s a %s %s", who, row->step->verb, row->state, row->kind);
		}
		assert_string_equal(plan_value(plan, CHAIR, id, "state"), row->step->to);
		assert_int_equal(plan_revision(plan, id), revision + 1);
		return;
	}
	assert_int_equal(plan_revision(plan, id), revision);
	if (leads_from(row)) {
		fail_msg("nobody could %s a %s %s: %s", row->step->verb, row->state, row->kind,
			 plan->server->err.message);
	}
}

static void a_step_from_the_wrong_state_by_who_may_names_the_states(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "action", "open");
	plan_change(plan, CHAIR, "reopen", "A1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "action.reopen");
	assert_non_null(strstr(plan->server->err.message, "while it is open"));
}

/* ---- the second person ---- */

static void who_made_a_record_does_not_approve_it(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, CHAIR, "decision",
		  "title=x|body=B2|date=2014-04-30|text=So.|reasons=Because.|owner=B2");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_change(plan, CHAIR, "make", "D1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	assert_non_null(strstr(plan->server->err.hint, "another person"));
}

static void who_put_a_record_forward_does_not_approve_it(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "draft");
	plan_must(plan, CHAIR, "submit", "D1", NULL);
	plan_change(plan, CHAIR, "make", "D1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void who_put_it_forward_once_may_approve_it_when_somebody_else_did_so_again(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "draft");
	plan_must(plan, CHAIR, "submit", "D1", NULL);
	plan_must(plan, SECRETARY, "return", "D1", NULL);
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, CHAIR, "make", "D1", NULL);
}

static void another_device_does_not_make_another_person(void **state)
{
	struct plan *plan = *state;
	struct fixture_device *first = plan_device(plan, CHAIR);

	plan_standing(plan, "decision", "draft");
	plan_must(plan, CHAIR, "submit", "D1", NULL);
	plan->devices[CHAIR] = fixture_device(plan->server, CHAIR);
	assert_int_not_equal(plan->devices[CHAIR]->credential, first->credential);
	plan_change(plan, CHAIR, "make", "D1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void who_reported_an_action_complete_does_not_close_it(void **state)
{
	struct plan *plan = *state;

	fixture_appoint(plan->server, REPRESENTATIVE, 3, "member"); /* of the operational group as well */
	plan_action(plan, "");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "status=complete|progress=100");
	plan_change(plan, REPRESENTATIVE, "close", "A1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_change(plan, POLICE, "close", "A1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_must(plan, COUNCIL, "close", "A1", NULL);
}

static void nobody_reports_and_closes_an_action_in_one_step(void **state)
{
	struct plan *plan = *state;

	fixture_appoint(plan->server, REPRESENTATIVE, 3, "member");
	plan_action(plan, "");
	plan_change(plan, REPRESENTATIVE, "close", "A1", "status=complete|progress=100");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void a_step_that_asks_for_no_second_person_is_taken_by_the_maker(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "meeting", "planned");
	plan_must(plan, SECRETARY, "hold", "M1", NULL);
}

/* ---- appointments ---- */

static const char *propose(struct plan *plan, enum who who, const char *person, const char *body,
			   const char *post, const char *more)
{
	const char *fields = arena_printf(fixture_arena(plan->server),
					  "person=%s|body=%s|post=%s|from=2014-05-01|owner=B1%s", person,
					  body, post, more);

	assert_non_null(fields);
	return plan_make(plan, who, "appointment", fields);
}

static void a_proposed_appointment_gives_no_rights_a_confirmed_one_does(void **state)
{
	struct plan *plan = *state;
	const char *id = NULL;

	plan_action(plan, "");
	id = propose(plan, SECRETARY, "PE12", "B2", "member", "");
	assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"), "(hidden)");
	plan_must(plan, CHAIR, "confirm", id, NULL);
	assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"), "Patrols");
	plan_must(plan, CHAIR, "end", id, NULL);
	assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"), "(hidden)");
}

static void who_proposed_an_appointment_does_not_confirm_it(void **state)
{
	struct plan *plan = *state;
	const char *id = propose(plan, ADMINISTRATOR, "PE12", "B2", "member", "");

	plan_change(plan, ADMINISTRATOR, "confirm", id, NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_must(plan, SECOND_ADMINISTRATOR, "confirm", id, NULL);
}

static void who_rewrote_an_appointment_does_not_confirm_it(void **state)
{
	struct plan *plan = *state;
	const char *id = propose(plan, ADMINISTRATOR, "PE12", "B2", "invitee", "");

	plan_must(plan, SECOND_ADMINISTRATOR, "edit", id, "post=chair");
	plan_change(plan, SECOND_ADMINISTRATOR, "confirm", id, NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	plan_must(plan, CHAIR, "confirm", id, NULL);
}

static void nobody_rewrites_and_confirms_an_appointment_in_one_step(void **state)
{
	struct plan *plan = *state;
	const char *id = propose(plan, ADMINISTRATOR, "PE12", "B2", "invitee", "");

	plan_change(plan, SECOND_ADMINISTRATOR, "confirm", id, "post=chair");
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	assert_string_equal(plan_value(plan, CHAIR, id, "post"), "invitee");
}

static void nobody_confirms_an_appointment_of_their_own(void **state)
{
	struct plan *plan = *state;
	const char *id = propose(plan, SECRETARY, "PE2", "B3", "member", "");

	plan_change(plan, CHAIR, "confirm", id, NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	assert_non_null(strstr(plan->server->err.message, "of their own"));
	plan_must(plan, ADMINISTRATOR, "confirm", id, NULL);
}

static void an_authority_nominates_and_a_keeper_confirms(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, REPRESENTATIVE, "appointment",
		  "person=PE12|body=B4|post=representative|organisation=O1|from=2014-05-01|owner=B4");
	plan_change(plan, REPRESENTATIVE, "confirm", "AP14", NULL);
	assert_int_equal(plan->server->status, STATUS_NOT_FOUND);
	plan_change(plan, REPRESENTATIVE, "confirm", "AP13", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "appointment.confirm");
	plan_must(plan, SECRETARY, "confirm", "AP13", NULL);
}

static void nobody_is_administrator_and_anything_else(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "appointment", NULL,
		    "person=PE5|body=B1|post=administrator|from=2014-05-01|owner=B1");
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_REFUSED, "appointment.administrator");
	plan_create(plan, "appointment", NULL, "person=PE13|body=B2|post=member|from=2014-05-01|owner=B1");
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_REFUSED, "appointment.administrator");
}

static void nobody_becomes_both_through_one_change_set(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "appointment", NULL,
		    "person=PE12|body=B1|post=administrator|from=2014-05-01|owner=B1");
	plan_create(plan, "appointment", NULL, "person=PE12|body=B2|post=member|from=2014-05-01|owner=B1");
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_REFUSED, "appointment.administrator");
}

static void who_was_administrator_once_may_hold_another_post_after(void **state)
{
	struct plan *plan = *state;

	plan_device(plan, SECOND_ADMINISTRATOR);
	plan_must(plan, ADMINISTRATOR, "end", "AP12", NULL);
	propose(plan, SECRETARY, "PE13", "B2", "member", "");
}

static void an_invitee_may_be_administrator(void **state)
{
	struct plan *plan = *state;

	propose(plan, SECRETARY, "PE13", "B2", "invitee", "");
}

/* ---- the first appointments ---- */

/* Ends every chair of the fixture's board, so that nobody chairs it. */
static void unchair(struct plan *plan)
{
	plan_must(plan, SECRETARY, "end", "AP2", NULL);
}

static struct plan *bare(void **state)
{
	static struct plan plan;

	plan = (struct plan){.server = *state};
	buffer_init(&plan.changes, 1 << 20);
	return &plan;
}

/* On a partnership that was just founded: B1, PE1 and AP1 are all that there is. */
static void an_administrator_alone_confirms_until_the_board_has_a_chair(void **state)
{
	struct plan *plan = bare(state);

	plan_make(plan, ADMINISTRATOR, "body", "name=Board|type=board|owner=B1");
	plan_make(plan, ADMINISTRATOR, "person", "name=Clara Chair|owner=B1");
	propose(plan, ADMINISTRATOR, "PE2", "B2", "chair", "");
	propose(plan, ADMINISTRATOR, "PE2", "B2", "member", "");
	plan_must(plan, ADMINISTRATOR, "confirm", "AP2", NULL);
	plan_change(plan, ADMINISTRATOR, "confirm", "AP3", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	buffer_release(&plan->changes);
}

static void a_setting_takes_the_exception_away(void **state)
{
	struct plan *plan = bare(state);

	plan->server->settings.setup_without_second_person = false;
	plan_make(plan, ADMINISTRATOR, "body", "name=Board|type=board|owner=B1");
	plan_make(plan, ADMINISTRATOR, "person", "name=Clara Chair|owner=B1");
	propose(plan, ADMINISTRATOR, "PE2", "B2", "chair", "");
	plan_change(plan, ADMINISTRATOR, "confirm", "AP2", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	buffer_release(&plan->changes);
}

static void an_appointment_that_was_declined_was_no_first_chair(void **state)
{
	struct plan *plan = bare(state);

	plan_make(plan, ADMINISTRATOR, "body", "name=Board|type=board|owner=B1");
	plan_make(plan, ADMINISTRATOR, "person", "name=Clara Chair|owner=B1");
	propose(plan, ADMINISTRATOR, "PE2", "B2", "chair", "");
	plan_must(plan, ADMINISTRATOR, "decline", "AP2", NULL);
	propose(plan, ADMINISTRATOR, "PE2", "B2", "chair", "");
	plan_must(plan, ADMINISTRATOR, "confirm", "AP3", NULL);
	buffer_release(&plan->changes);
}

static void a_board_that_lost_its_chair_is_no_new_board(void **state)
{
	struct plan *plan = *state;

	unchair(plan);
	propose(plan, ADMINISTRATOR, "PE12", "B2", "chair", "");
	plan_change(plan, ADMINISTRATOR, "confirm", "AP13", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void ending_the_chair_in_the_same_change_set_opens_no_way_round(void **state)
{
	struct plan *plan = *state;

	propose(plan, ADMINISTRATOR, "PE12", "B2", "chair", "");
	plan_do(plan, "end", "AP2", NOW, NULL);
	plan_do(plan, "confirm", "AP13", NOW, NULL);
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
}

static void the_exception_is_for_administrators_alone(void **state)
{
	struct plan *plan = bare(state);

	plan_make(plan, ADMINISTRATOR, "body", "name=Board|type=board|owner=B1");
	fixture_person(plan->server, "Sam Secretary");
	fixture_appoint(plan->server, 2, 2, "secretary");
	plan->devices[SECRETARY] = fixture_device(plan->server, 2);
	plan_make(plan, ADMINISTRATOR, "person", "name=Clara Chair|owner=B1");
	propose(plan, SECRETARY, "PE3", "B2", "chair", "");
	plan_change(plan, SECRETARY, "confirm", "AP3", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "second-person");
	buffer_release(&plan->changes);
}

/* ---- days ---- */

static void an_appointment_gives_its_rights_from_its_first_day_to_its_last(void **state)
{
	struct plan *plan = *state;
	const char *id = NULL;

	plan_action(plan, "");
	plan_create(plan, "appointment", NULL,
		    "person=PE12|body=B2|post=member|from=2014-05-03|to=2014-05-05|owner=B1");
	plan_send(plan, SECRETARY);
	plan_expect(plan, STATUS_OK, NULL);
	id = "AP13";
	plan_must(plan, CHAIR, "confirm", id, NULL);
	for (int day = 1; day <= 7; day++) {
		bool holds = day >= 3 && day <= 5;

		assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"),
				    holds ? "Patrols" : "(hidden)");
		fixture_wait(plan->server, FIXTURE_DAY);
	}
}

static void the_last_day_lasts_to_its_end(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	propose(plan, SECRETARY, "PE12", "B2", "member", "|to=2014-05-01");
	plan_must(plan, CHAIR, "confirm", "AP13", NULL);
	fixture_wait(plan->server, 15 * FIXTURE_HOUR - 1);
	assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"), "Patrols");
	fixture_wait(plan->server, 1);
	assert_string_equal(plan_value(plan, OUTSIDER, "A1", "title"), "(hidden)");
}

static void an_ended_appointment_bites_on_the_next_request(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "progress=10");
	plan_must(plan, CHAIR, "end", "AP5", NULL);
	plan_change(plan, POLICE, "edit", "A1", "progress=20");
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
	assert_int_equal(plan->server->request->session->roles, 0);
}

static void an_appointment_that_was_confirmed_is_not_rewritten(void **state)
{
	struct plan *plan = *state;

	plan_change(plan, SECRETARY, "edit", "AP4", "post=chair");
	plan_expect(plan, STATUS_NOT_PERMITTED, "appointment.edit");
	plan_change(plan, SECRETARY, "end", "AP4", "post=chair");
	plan_expect(plan, STATUS_NOT_PERMITTED, "appointment.edit");
	plan_change(plan, SECRETARY, "remove", "AP4", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "appointment.remove");
}

static void the_post_that_allowed_it_stands_with_the_change(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_read(plan, CHAIR, "A1", NULL);
	assert_true(plan_sent_has(plan, "Paul Police, member of Operational Group for Warwickshire Police"));
}

static const struct CMUnitTest tests[] = {
	test(a_step_from_the_wrong_state_by_who_may_names_the_states),
	test(who_made_a_record_does_not_approve_it),
	test(who_put_a_record_forward_does_not_approve_it),
	test(who_put_it_forward_once_may_approve_it_when_somebody_else_did_so_again),
	test(another_device_does_not_make_another_person),
	test(who_reported_an_action_complete_does_not_close_it),
	test(nobody_reports_and_closes_an_action_in_one_step),
	test(a_step_that_asks_for_no_second_person_is_taken_by_the_maker),
	test(a_proposed_appointment_gives_no_rights_a_confirmed_one_does),
	test(who_proposed_an_appointment_does_not_confirm_it),
	test(who_rewrote_an_appointment_does_not_confirm_it),
	test(nobody_rewrites_and_confirms_an_appointment_in_one_step),
	test(nobody_confirms_an_appointment_of_their_own),
	test(an_authority_nominates_and_a_keeper_confirms),
	test(nobody_is_administrator_and_anything_else),
	test(nobody_becomes_both_through_one_change_set),
	test(who_was_administrator_once_may_hold_another_post_after),
	test(an_invitee_may_be_administrator),
	cmocka_unit_test_setup_teardown(an_administrator_alone_confirms_until_the_board_has_a_chair,
					server_fixture_setup, server_fixture_teardown),
	cmocka_unit_test_setup_teardown(a_setting_takes_the_exception_away, server_fixture_setup,
					server_fixture_teardown),
	cmocka_unit_test_setup_teardown(an_appointment_that_was_declined_was_no_first_chair,
					server_fixture_setup, server_fixture_teardown),
	test(a_board_that_lost_its_chair_is_no_new_board),
	test(ending_the_chair_in_the_same_change_set_opens_no_way_round),
	cmocka_unit_test_setup_teardown(the_exception_is_for_administrators_alone, server_fixture_setup,
					server_fixture_teardown),
	test(an_appointment_gives_its_rights_from_its_first_day_to_its_last),
	test(the_last_day_lasts_to_its_end),
	test(an_ended_appointment_bites_on_the_next_request),
	test(an_appointment_that_was_confirmed_is_not_rewritten),
	test(the_post_that_allowed_it_stands_with_the_change),
};

int main(void)
{
	static struct plan_rows rows;
	struct error err = ERROR_INIT;

	assert_int_equal(schema_build(&err), STATUS_OK);
	for (size_t i = 0; i < schema_server()->kind_count; i++) {
		add_steps(&schema_server()->kinds[i]);
	}
	for (size_t i = 0; i < step_count; i++) {
		plan_rows_add(&rows, step_rows[i].name, a_verb_in_a_state, &step_rows[i]);
	}
	schema_release();
	return plan_rows_run(&rows, "transition", tests, sizeof(tests) / sizeof(tests[0]));
}
