/* Who may say that they are editing a record, and who is told of it: every role, and not a word about what is hidden. */
#include "tests/support/plan_fixture.h"

#include "server/live/presence_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

#define EXEMPT         "marking=exempt|marking_reason=individual|marking_review=2015-05-01"
#define MOST           8

/* ---- helpers ---- */

static enum status say(struct plan *plan, enum who who, const char *id)
{
	struct fixture_device *device = plan_device(plan, who);
	struct buffer ids;

	buffer_init(&ids, 1000);
	codec_put_list(&ids, id[0] != '\0');
	if (id[0] != '\0') {
		codec_put_text(&ids, id);
	}
	fixture_ask(plan->server);
	fixture_raw(plan->server, "ids", buffer_span(&ids));
	buffer_release(&ids);
	return fixture_call(plan->server, device, METHOD_editing, handle_editing);
}

/* The device of the first who may edit a record, so that they may be at it. */
static struct digest editor_of(struct plan *plan, const char *id)
{
	for (enum who who = CHAIR; who < WHO_COUNT; who++) {
		if (say(plan, who, id) == STATUS_OK) {
			return plan_device(plan, who)->fingerprint;
		}
	}
	if (say(plan, ADMINISTRATOR, id) != STATUS_OK) {
		fail_msg("nobody may edit %s", id);
	}
	return plan_device(plan, ADMINISTRATOR)->fingerprint;
}

/* Somebody is at each of these records: "A1 P1". The list goes with the calls that follow. */
static void somebody_is_at(struct plan *plan, const char *ids)
{
	struct arena *arena = fixture_arena(plan->server);
	static uint64_t version;
	struct presence_list *list = arena_alloc(arena, sizeof(*list) + MOST * sizeof(struct presence *));
	size_t length = 0;

	assert_non_null(list);
	list->version = ++version;
	for (const char *id = ids; id[0] != '\0'; id += length + (id[length] == ' ')) {
		struct presence *presence = arena_alloc(arena, sizeof(*presence));

		assert_non_null(presence);
		length = strcspn(id, " ");
		*presence = (struct presence){.connection = 70 + list->count,
					      .partnership = plan->server->partnership,
					      .since = plan->server->now,
					      .person = "PE5",
					      .name = "Paul Police",
					      .organisation = "Warwickshire Police",
					      .by = "Paul Police, member of Operational Group"};
		snprintf(presence->id, sizeof(presence->id), "%.*s", (int)length, id);
		presence->fingerprint = editor_of(plan, presence->id);
		assert_true(list->count < MOST);
		list->presences[list->count++] = presence;
	}
	plan->server->presences = list;
}

static enum status look(struct plan *plan, enum who who, const char *id)
{
	return plan_ask(plan, who, METHOD_presence, handle_presence, "id", id, NULL);
}

/* The ids that the last answer tells of, "A1 P1". */
static const char *told(struct plan *plan)
{
	struct arena *arena = fixture_arena(plan->server);
	const msgpack_object *presences = codec_get(plan->server->result, "presences");
	const char *text = "";

	for (size_t i = 0; i < codec_count(presences); i++) {
		text = arena_printf(arena, "%s%s%s", text, i > 0 ? " " : "",
				    codec_get_string(arena, &presences->via.array.ptr[i], "id"));
		assert_non_null(text);
	}
	return text;
}

static struct span notice(struct plan *plan, enum who who, const struct watch_wish *wish, struct digest *was)
{
	struct arena *arena = fixture_arena(plan->server);
	struct fixture_device *device = plan_device(plan, who);
	struct context context = plan->server->context;
	struct session *session = NULL;
	struct buffer out;
	struct span bytes;
	struct error err = ERROR_INIT;

	context.store = plan->server->reader;
	context.views = plan->views;
	buffer_init(&out, 1 << 20);
	assert_int_equal(store_begin(context.store, &err), STATUS_OK);
	assert_int_equal(session_load(context.store, arena, &device->fingerprint, &session, &err), STATUS_OK);
	assert_int_equal(
		presence_notice(&context, arena, session, plan->server->presences, wish, was, &out, &err),
		STATUS_OK);
	store_rollback(context.store);
	bytes = (struct span){arena_copy(arena, out.data, out.length), out.length};
	buffer_release(&out);
	return bytes;
}

static bool has(struct span bytes, const char *text)
{
	return bytes.length > 0 && memmem(bytes.data, bytes.length, text, strlen(text)) != NULL;
}

/* ---- saying it ---- */

static void who_may_edit_a_record_may_say_so(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	assert_int_equal(say(plan, POLICE, "a1"), STATUS_OK);
	assert_int_equal(plan->server->request->editing.count, 1);
	assert_string_equal(plan->server->request->editing.items[0].id, "A1");
	assert_string_equal(plan->server->request->editing.items[0].organisation, "Warwickshire Police");
	assert_string_equal(plan->server->request->editing.items[0].by,
			    "Paul Police, member of Operational Group for Warwickshire Police");
}

static void who_may_only_see_it_is_refused_by_the_rule_of_editing(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, PROBATION, "A1");
	plan_expect(plan, STATUS_NOT_PERMITTED, "action.edit");
	assert_non_null(strstr(plan->server->err.hint, "It could be done by: "));
}

static void a_hidden_record_is_answered_like_one_that_is_not_there(void **state)
{
	struct plan *plan = *state;
	char hidden[200];

	plan_action(plan, EXEMPT);
	assert_int_equal(say(plan, SCRUTINY, "A1"), STATUS_NOT_FOUND);
	snprintf(hidden, sizeof(hidden), "%s", plan->server->err.message);
	hidden[strcspn(hidden, "1")] = '9';
	assert_int_equal(say(plan, SCRUTINY, "A9"), STATUS_NOT_FOUND);
	assert_string_equal(plan->server->err.message, hidden);
	somebody_is_at(plan, "A1");
	assert_int_equal(look(plan, SCRUTINY, "A1"), STATUS_NOT_FOUND);
	snprintf(hidden, sizeof(hidden), "%s", plan->server->err.message);
	hidden[strcspn(hidden, "1")] = '9';
	assert_int_equal(look(plan, SCRUTINY, "A9"), STATUS_NOT_FOUND);
	assert_string_equal(plan->server->err.message, hidden);
}

static void the_answer_tells_who_else_is_at_the_record_and_nobody_elsewhere(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_make(plan, POLICE, "action", "title=Lights|priority=P1|status=not-started|owner=B4");
	somebody_is_at(plan, "A2 A1");
	assert_int_equal(say(plan, REPRESENTATIVE, "A1"), STATUS_OK);
	assert_string_equal(told(plan), "A1");
	assert_true(plan_sent_has(plan, "Paul Police"));
	assert_true(plan_sent_has(plan, "2014-05-01T09:00:00.000000Z"));
	assert_true(plan_sent_has(plan, "Patrols"));
	assert_int_equal(say(plan, REPRESENTATIVE, ""), STATUS_OK);
	assert_string_equal(told(plan), "");
}

static void what_is_no_text_is_no_id(void **state)
{
	struct plan *plan = *state;
	static const uint8_t numbers[] = {0x91, 7};

	plan_device(plan, POLICE);
	fixture_ask(plan->server);
	fixture_raw(plan->server, "ids", (struct span){numbers, sizeof(numbers)});
	fixture_call(plan->server, plan_device(plan, POLICE), METHOD_editing, handle_editing);
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_string_equal(plan->server->err.message, "ids: number 1 is no text");
}

static void saying_it_leaves_nothing_in_the_journal(void **state)
{
	struct plan *plan = *state;
	int64_t newest;

	plan_action(plan, "");
	newest = plan_newest(plan);
	assert_int_equal(say(plan, POLICE, "A1"), STATUS_OK);
	assert_int_equal(say(plan, POLICE, ""), STATUS_OK);
	assert_int_equal(plan_newest(plan), newest);
}

/* ---- being told ---- */

static void everybody_is_told_of_those_records_that_they_may_read(void **state)
{
	struct plan *plan = *state;
	size_t hidden = 0;

	plan_action(plan, "");
	plan_action(plan, EXEMPT);
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	somebody_is_at(plan, "A1 A2 P2 PE5");
	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		static const char *const ids[] = {"A1", "A2", "P2", "PE5"};
		const char *expected = "";

		for (size_t i = 0; i < 4; i++) {
			if (plan_read(plan, who, ids[i], NULL) == STATUS_OK) {
				expected = arena_printf(fixture_arena(plan->server), "%s%s%s", expected,
							expected[0] != '\0' ? " " : "", ids[i]);
			} else {
				hidden++;
			}
			look(plan, who, ids[i]);
			plan_expect(plan, strstr(expected, ids[i]) ? STATUS_OK : STATUS_NOT_FOUND, NULL);
		}
		plan_ask(plan, who, METHOD_presence, handle_presence, NULL);
		plan_expect(plan, STATUS_OK, NULL);
		assert_string_equal(told(plan), expected);
		assert_int_equal(codec_count(codec_get(plan->server->result, "titles")),
				 codec_count(codec_get(plan->server->result, "presences")));
	}
	assert_true(hidden > 8);
}

static void an_administrator_is_told_nothing_of_the_plan(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	somebody_is_at(plan, "A1 P2 PE5");
	plan_ask(plan, ADMINISTRATOR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "PE5");
	assert_false(plan_sent_has(plan, "Patrols"));
}

static void one_may_ask_for_a_kind(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	somebody_is_at(plan, "P2 A1");
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, "kind", "action", NULL);
	assert_string_equal(told(plan), "A1");
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, "kind", "fish", NULL);
	plan_expect(plan, STATUS_INVALID, NULL);
}

static void a_person_with_two_windows_is_told_of_once(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	somebody_is_at(plan, "A1 A1");
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "A1");
}

static void another_partnerships_presences_are_its_own(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	somebody_is_at(plan, "A1");
	plan->server->presences->presences[0]->partnership++;
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "");
}

/* ---- watchers ---- */

static void a_watcher_is_told_when_somebody_comes_and_when_they_go_and_not_twice(void **state)
{
	struct plan *plan = *state;
	const struct watch_wish wish = {.number = 3, .presence = true};
	struct digest was = {.bytes = {0}};

	plan_action(plan, "");
	somebody_is_at(plan, "");
	assert_int_equal(notice(plan, CHAIR, &wish, &was).length, 0);
	somebody_is_at(plan, "A1");
	assert_true(has(notice(plan, CHAIR, &wish, &was), "Paul Police"));
	assert_int_equal(notice(plan, CHAIR, &wish, &was).length, 0);
	somebody_is_at(plan, "A1"); /* another list that says the same */
	assert_int_equal(notice(plan, CHAIR, &wish, &was).length, 0);
	somebody_is_at(plan, "");
	assert_true(has(notice(plan, CHAIR, &wish, &was), "presences"));
	assert_int_equal(notice(plan, CHAIR, &wish, &was).length, 0);
}

/* Not even that there is something to be told. */
static void no_watcher_hears_a_sound_of_who_is_at_a_hidden_record(void **state)
{
	struct plan *plan = *state;
	const struct watch_wish wish = {.number = 3, .presence = true};

	plan_action(plan, "");
	plan_action(plan, EXEMPT);
	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		struct digest was = {.bytes = {0}};
		bool sees = plan_read(plan, who, "A1", NULL) == STATUS_OK;
		bool sees_both = plan_read(plan, who, "A2", NULL) == STATUS_OK;

		somebody_is_at(plan, "A1");
		assert_int_equal(notice(plan, who, &wish, &was).length > 0, sees);
		somebody_is_at(plan, "A1 A2");
		assert_int_equal(notice(plan, who, &wish, &was).length > 0, sees_both);
		somebody_is_at(plan, "A1");
		assert_int_equal(notice(plan, who, &wish, &was).length > 0, sees_both);
	}
}

static void a_record_that_is_hidden_meanwhile_takes_its_presences_along(void **state)
{
	struct plan *plan = *state;
	const struct watch_wish wish = {.number = 3, .presence = true};
	struct digest was = {.bytes = {0}};

	plan_action(plan, "");
	somebody_is_at(plan, "A1");
	assert_true(has(notice(plan, SCRUTINY, &wish, &was), "Paul Police"));
	plan_must(plan, POLICE, "edit", "A1", EXEMPT);
	assert_false(has(notice(plan, SCRUTINY, &wish, &was), "Paul Police"));
	assert_int_equal(notice(plan, SCRUTINY, &wish, &was).length, 0);
}

static void a_presence_ends_with_the_post_that_let_them_edit(void **state)
{
	struct plan *plan = *state;
	const struct watch_wish wish = {.number = 3, .presence = true};
	struct digest was = {.bytes = {0}};

	plan_action(plan, "");
	somebody_is_at(plan, "A1");
	plan->server->presences->presences[0]->fingerprint = plan_device(plan, POLICE)->fingerprint;
	assert_true(has(notice(plan, CHAIR, &wish, &was), "Paul Police"));
	plan_must(plan, SECRETARY, "end", "AP5", NULL); /* Paul Police's */
	assert_true(has(notice(plan, CHAIR, &wish, &was), "presences"));
	assert_int_equal(notice(plan, CHAIR, &wish, &was).length, 0);
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "");
}

static void a_presence_ends_when_the_record_is_closed(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	somebody_is_at(plan, "A1");
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "A1");
	plan_must(plan, CHAIR, "close", "A1", NULL);
	plan_ask(plan, CHAIR, METHOD_presence, handle_presence, NULL);
	assert_string_equal(told(plan), "");
}

static void a_watch_of_one_record_or_kind_is_told_of_no_other(void **state)
{
	struct plan *plan = *state;
	const struct watch_wish record = {.number = 3, .presence = true, .id = "A2"};
	const struct watch_wish other_body = {.number = 3, .presence = true, .owner = "B5"};
	const struct watch_wish under = {.number = 3, .presence = true, .under = "P1"};
	const struct watch_wish kind = {.number = 3, .presence = true, .kind = "priority"};
	struct digest was = {.bytes = {0}};

	plan_action(plan, "");
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	plan_make(plan, POLICE, "action", "title=Lights|priority=P1|status=not-started|owner=B4");
	somebody_is_at(plan, "A1");
	assert_int_equal(notice(plan, CHAIR, &record, &was).length, 0);
	assert_int_equal(notice(plan, CHAIR, &kind, &was).length, 0);
	somebody_is_at(plan, "A1 A2");
	assert_true(has(notice(plan, CHAIR, &record, &was), "Lights"));
	was = (struct digest){.bytes = {0}};
	assert_int_equal(notice(plan, CHAIR, &other_body, &was).length, 0);
	assert_true(has(notice(plan, CHAIR, &under, &was), "Lights"));
	somebody_is_at(plan, "A1 P2");
	was = (struct digest){.bytes = {0}};
	assert_true(has(notice(plan, CHAIR, &kind, &was), "P2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(who_may_edit_a_record_may_say_so),
		test(who_may_only_see_it_is_refused_by_the_rule_of_editing),
		test(a_hidden_record_is_answered_like_one_that_is_not_there),
		test(the_answer_tells_who_else_is_at_the_record_and_nobody_elsewhere),
		test(what_is_no_text_is_no_id),
		test(saying_it_leaves_nothing_in_the_journal),
		test(everybody_is_told_of_those_records_that_they_may_read),
		test(an_administrator_is_told_nothing_of_the_plan),
		test(one_may_ask_for_a_kind),
		test(a_person_with_two_windows_is_told_of_once),
		test(another_partnerships_presences_are_its_own),
		test(a_watcher_is_told_when_somebody_comes_and_when_they_go_and_not_twice),
		test(no_watcher_hears_a_sound_of_who_is_at_a_hidden_record),
		test(a_record_that_is_hidden_meanwhile_takes_its_presences_along),
		test(a_presence_ends_with_the_post_that_let_them_edit),
		test(a_presence_ends_when_the_record_is_closed),
		test(a_watch_of_one_record_or_kind_is_told_of_no_other),
	};

	return cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}
