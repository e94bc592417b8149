/* What can and why answer is what change does: for everybody, on records of every kind in every state. */
#include "tests/support/plan_fixture.h"

#include "server/schema/schema.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

static bool can(struct plan *plan, enum who who, const char *verb, const char *target, const char *field)
{
	plan_ask(plan, who, METHOD_can, handle_can, "verb", verb, "target", target, "field", field, NULL);
	return plan->server->status == STATUS_OK && codec_get_flag(plan->server->result, "allowed", false);
}

static const char *said(struct plan *plan, const char *name)
{
	return fixture_result(plan->server, name);
}

/* Whether a dry run of the same is neither forbidden nor impossible in its state. What a rule of the kind wants to
 * have filled in first is another matter. */
static bool would(struct plan *plan, enum who who, const char *verb, const char *id, const char *fields)
{
	plan->dry_run = true;
	plan_do(plan, verb, id, NOW, fields);
	plan_send(plan, who);
	return plan->server->status == STATUS_OK ||
	       (plan->server->status == STATUS_REFUSED && strcmp(plan->server->err.rule, "state") != 0);
}

/* ---- can and change agree ---- */

struct place_row {
	char name[100];
	const char *kind;
	char state[40];
};
static struct place_row places[PLAN_ROWS_MAX];
static size_t place_count;

static void add_place(const char *kind, const char *state, size_t length)
{
	struct place_row *row = &places[place_count++];

	assert_true(place_count < PLAN_ROWS_MAX);
	row->kind = kind;
	snprintf(row->state, sizeof(row->state), "%.*s", (int)length, state);
	snprintf(row->name, sizeof(row->name), "can tells what change does with a %.*s%s%s", (int)length,
		 state, length > 0 ? " " : "", kind);
}

static void add_places(const struct kind *kind)
{
	size_t length = 0;
	const char *state = words_next(kind->states, &length);

	if (state == NULL) {
		add_place(kind->name, "", 0);
	}
	for (; state != NULL; state = words_next(state + length, &length)) {
		add_place(kind->name, state, length);
	}
}

static void compare(struct plan *plan, enum who who, const char *verb, const char *id, const char *fields)
{
	bool said_so = can(plan, who, verb, id, NULL);

	if (said_so != would(plan, who, verb, id, fields)) {
		fail_msg("%d %s %s: can says %s, change says %s: %s", who, verb, id, said_so ? "yes" : "no",
			 status_name(plan->server->status), plan->server->err.message);
	}
}

static void can_agrees_with_change(void **state)
{
	struct plan *plan = *state;
	const struct place_row *row = plan->row;
	const char *id = plan_standing(plan, row->kind, row->state);
	const struct kind *kind = schema_kind(schema_server(), row->kind, strlen(row->kind));

	for (int who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		compare(plan, (enum who)who, "remove", id, NULL);
		compare(plan, (enum who)who, "edit", id, NULL);
		for (size_t i = 0; i < kind->transition_count; i++) {
			compare(plan, (enum who)who, kind->transitions[i].verb, id, NULL);
		}
	}
}

/* ---- kinds ---- */

static void can_create_is_asked_of_every_body_that_one_speaks_for(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "adopted");
	fixture_appoint(plan->server, REPRESENTATIVE, 2, "member"); /* of the board, whose number is lower */
	assert_true(can(plan, REPRESENTATIVE, "create", "action", NULL));
	assert_string_equal(said(plan, "rule"), "action.do");
	plan_make(plan, REPRESENTATIVE, "action", "title=x|priority=P1|status=not-started|owner=B4");
}

static void can_create_tells_which_fields_may_be_filled_in(void **state)
{
	struct plan *plan = *state;

	assert_true(can(plan, POLICE, "create", "action", "title"));
	assert_false(can(plan, POLICE, "create", "action", "state"));
	assert_string_equal(said(plan, "rule"), "mode.nobody");
	assert_false(can(plan, CHAIR, "create", "action", "title"));
	assert_string_equal(said(plan, "rule"), "action.create");
	assert_false(can(plan, OUTSIDER, "create", "action", NULL));
}

static void can_tells_of_a_field_by_its_mode(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	assert_true(can(plan, POLICE, "edit", "A1", "risks"));
	assert_false(can(plan, PROBATION, "edit", "A1", "risks"));
	assert_string_equal(said(plan, "rule"), "action.edit");
	assert_false(can(plan, SCRUTINY, "see", "A1", "risks"));
	assert_string_equal(said(plan, "rule"), "mode.partners");
	assert_true(can(plan, SCRUTINY, "see", "A1", "title"));
	assert_false(can(plan, POLICE, "edit", "A1", "state"));
}

static void can_says_who_could_instead(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "submitted");
	assert_false(can(plan, SECRETARY, "make", "D1", NULL));
	assert_string_equal(said(plan, "who"), "chair");
	assert_true(can(plan, CHAIR, "make", "D1", NULL));
	assert_string_equal(said(plan, "who"), "");
	assert_string_equal(said(plan, "rule"), "decision.make");
}

static void can_knows_the_second_person(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "appointment", "proposed");
	assert_false(can(plan, SECRETARY, "confirm", "AP13", NULL));
	assert_string_equal(said(plan, "rule"), "second-person");
	assert_true(can(plan, CHAIR, "confirm", "AP13", NULL));
	plan_must(plan, CHAIR, "edit", "AP13", "post=invitee");
	assert_false(can(plan, CHAIR, "confirm", "AP13", NULL));
}

static void can_knows_that_nobody_confirms_themselves(void **state)
{
	struct plan *plan = *state;

	plan_make(plan, SECRETARY, "appointment", "person=PE2|body=B3|post=member|from=2014-05-01|owner=B2");
	assert_false(can(plan, CHAIR, "confirm", "AP13", NULL));
	assert_non_null(strstr(said(plan, "why"), "of their own"));
}

static void can_refuses_a_verb_that_the_kind_does_not_have(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	assert_false(can(plan, POLICE, "adopt", "A1", NULL));
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_false(can(plan, POLICE, "edit", "A1", "colour"));
	plan_expect(plan, STATUS_INVALID, NULL);
}

/* ---- why ---- */

static const char *rules_asked(struct plan *plan)
{
	const msgpack_object *rules = codec_get(plan->server->result, "rules");
	const char *text = "";

	for (size_t i = 0; i < codec_count(rules); i++) {
		const msgpack_object *map = &rules->via.array.ptr[i];
		struct span question = codec_get_text(map, "question");

		text = arena_printf(fixture_arena(plan->server), "%s%s%.*s:%s", text, i > 0 ? " " : "",
				    (int)question.length, (const char *)question.data,
				    codec_get_flag(map, "allowed", false) ? "yes" : "no");
	}
	return text;
}

static void why_goes_through_every_verb_of_a_record(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "decision", "submitted");
	plan_ask(plan, CHAIR, METHOD_why, handle_why, "target", "D1", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(rules_asked(plan), "see:yes edit:no remove:no submit:no return:yes make:yes");
}

static void why_goes_through_what_can_be_done_with_a_field(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_ask(plan, POLICE, METHOD_why, handle_why, "target", "A1", "field", "state", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(rules_asked(plan), "see:yes edit:no");
}

static void why_tells_of_a_kind_too(void **state)
{
	struct plan *plan = *state;

	plan_ask(plan, SCRUTINY, METHOD_why, handle_why, "target", "decisions", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(rules_asked(plan), "see:no create:no edit:no submit:no return:no make:no");
}

static const struct CMUnitTest tests[] = {
	test(can_create_is_asked_of_every_body_that_one_speaks_for),
	test(can_create_tells_which_fields_may_be_filled_in),
	test(can_tells_of_a_field_by_its_mode),
	test(can_says_who_could_instead),
	test(can_knows_the_second_person),
	test(can_knows_that_nobody_confirms_themselves),
	test(can_refuses_a_verb_that_the_kind_does_not_have),
	test(why_goes_through_every_verb_of_a_record),
	test(why_goes_through_what_can_be_done_with_a_field),
	test(why_tells_of_a_kind_too),
};

int main(void)
{
	static struct plan_rows rows;
	struct error err = ERROR_INIT;

	assert_int_equal(schema_build(&err), STATUS_OK);
	for (size_t i = 0; i < schema_server()->kind_count; i++) {
		add_places(&schema_server()->kinds[i]);
	}
	schema_release();
	for (size_t i = 0; i < place_count; i++) {
		plan_rows_add(&rows, places[i].name, can_agrees_with_change, &places[i]);
	}
	return plan_rows_run(&rows, "can", tests, sizeof(tests) / sizeof(tests[0]));
}
