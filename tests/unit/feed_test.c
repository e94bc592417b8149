/* What a watcher is told: the changes that it may see, what it lost, and where to go on. */
#include "tests/support/plan_fixture.h"

#include "server/live/feed.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

#define EXEMPT         "marking=exempt|marking_reason=individual|marking_review=2015-05-01"

/* ---- helpers ---- */

/* What is told since an entry; %N in `expected` stands for that entry plus N. */
static void expect_told(struct plan *plan, enum who who, struct plan_watch watch, const char *expected)
{
	struct arena *arena = fixture_arena(plan->server);
	const char *text = "";

	for (const char *at = expected; at[0] != '\0'; at++) {
		if (at[0] == '%') {
			at++;
			text = arena_printf(arena, "%s%lld", text, (long long)watch.since + (at[0] - '0'));
		} else {
			text = arena_printf(arena, "%s%c", text, at[0]);
		}
		assert_non_null(text);
	}
	assert_string_equal(plan_feed(plan, who, &watch, NULL, NULL, NULL), text);
}

/* The entry after which a test begins to watch. Those who watch have enrolled before, so that it makes no entry. */
static struct plan_watch from_now(struct plan *plan)
{
	static const enum who watchers[] = {CHAIR,         POLICE,  PROBATION,      SCRUTINY,  OUTSIDER,
					    ADMINISTRATOR, COUNCIL, REPRESENTATIVE, SECRETARY, AUDITOR};

	for (size_t i = 0; i < sizeof(watchers) / sizeof(watchers[0]); i++) {
		plan_device(plan, watchers[i]);
	}
	return (struct plan_watch){.since = plan_newest(plan)};
}

/* ---- what is told ---- */

static void a_watcher_is_told_of_new_and_changed_records_with_what_changed(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "adopted");
	watch = from_now(plan);
	plan_action(plan, "progress=10");
	plan_must(plan, POLICE, "edit", "A1", "progress=20|due=2014-09-30");
	plan_must(plan, CHAIR, "close", "A1", NULL);
	expect_told(plan, PROBATION, watch,
		    "%1 A1 create title priority status progress state owner; %2 A1 edit due progress; "
		    "%3 A1 close state");
}

static void a_notice_has_values_title_who_and_when(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;
	struct span raw;

	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "description=New words here");
	plan_feed(plan, CHAIR, &watch, &raw, NULL, NULL);
	assert_non_null(memmem(raw.data, raw.length, "New words here", 14));
	assert_non_null(memmem(raw.data, raw.length, "Patrols", 7));
	assert_non_null(memmem(raw.data, raw.length, "Paul Police", 11));
	assert_non_null(memmem(raw.data, raw.length, "2014-05-01T09:00:00.000000Z", 27));
}

static void a_cleared_field_is_told_as_nothing(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "progress=10");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "progress=");
	expect_told(plan, CHAIR, watch, "%1 A1 edit progress");
}

static void one_change_set_is_told_record_by_record(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "");
	plan_action(plan, "");
	watch = from_now(plan);
	plan_edit(plan, "A2", NOW, "progress=1");
	plan_edit(plan, "A1", NOW, "progress=2");
	plan_send(plan, POLICE);
	expect_told(plan, CHAIR, watch, "%1 A2 edit progress; %1 A1 edit progress");
}

static void nothing_is_told_when_nothing_happened(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);
	int64_t reached = 0;
	bool more = true;

	assert_string_equal(plan_feed(plan, CHAIR, &watch, NULL, &reached, &more), "");
	assert_int_equal(reached, watch.since);
	assert_false(more);
}

/* ---- what is not told ---- */

static void the_names_of_hidden_fields_are_not_told(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "risks=Rain|progress=10");
	expect_told(plan, SCRUTINY, watch, "%1 A1 edit progress");
	expect_told(plan, CHAIR, watch, "%1 A1 edit progress risks");
}

static void a_record_that_is_hidden_is_not_told_of(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);

	plan_standing(plan, "decision", "submitted");
	plan_must(plan, CHAIR, "return", "D1", NULL);
	plan_must(plan, SECRETARY, "remove", "D1", NULL);
	expect_told(plan, SCRUTINY, watch, "");
	expect_told(plan, ADMINISTRATOR, watch, "");
	expect_told(plan, OUTSIDER, watch, "");
	expect_told(plan, AUDITOR, watch,
		    "%1 D1 create title body date text reasons state owner; %2 D1 submit state; %3 D1 return "
		    "state; %4 D1 removed");
}

static void a_record_that_comes_into_sight_is_told_whole(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "decision", "submitted");
	watch = from_now(plan);
	plan_must(plan, CHAIR, "make", "D1", NULL);
	expect_told(plan, SCRUTINY, watch, "%1 D1 make title body date text reasons state owner");
	expect_told(plan, AUDITOR, watch, "%1 D1 make state");
}

static void a_child_of_a_hidden_record_is_not_told_of(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "draft");
	watch = from_now(plan);
	plan_action(plan, "");
	expect_told(plan, SCRUTINY, watch, "");
}

/* ---- losing ---- */

static void a_watcher_that_may_see_a_record_no_longer_is_told_that_it_lost_it(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;
	struct span raw;

	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", EXEMPT "|title=Verysecret");
	expect_told(plan, SCRUTINY, watch, "%1 A1 lost");
	plan_feed(plan, SCRUTINY, &watch, &raw, NULL, NULL);
	assert_null(memmem(raw.data, raw.length, "Verysecret", 10));
	assert_null(memmem(raw.data, raw.length, "Paul", 4));
	expect_told(plan, CHAIR, watch, "%1 A1 edit title marking marking_reason marking_review");
	plan_must(plan, POLICE, "edit", "A1", "progress=10");
	watch.since++;
	expect_told(plan, SCRUTINY, watch, "");
}

static void a_removed_record_is_told_to_who_could_see_it(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "");
	plan_action(plan, EXEMPT);
	watch = from_now(plan);
	plan_must(plan, POLICE, "remove", "A1", NULL);
	plan_must(plan, POLICE, "remove", "A2", NULL);
	expect_told(plan, SCRUTINY, watch, "%1 A1 removed");
	expect_told(plan, CHAIR, watch, "%1 A1 removed; %2 A2 removed");
}

/* ---- the past by the rights of today ---- */

static void what_was_open_and_is_marked_since_is_not_told_from_the_past(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "adopted");
	watch = from_now(plan);
	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "title=Verysecret");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	expect_told(plan, SCRUTINY, watch, "%3 A1 lost");
	expect_told(plan, CHAIR, watch,
		    "%1 A1 create title priority status state owner; %2 A1 edit title; %3 A1 edit marking");
}

static void what_was_marked_and_then_removed_is_not_told_from_the_past(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "adopted");
	watch = from_now(plan);
	plan_action(plan, "");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	expect_told(plan, SCRUTINY, watch, "%2 A1 lost");
}

/* ---- reading again ---- */

static void a_watcher_whose_own_posts_change_is_told_to_read_again(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);

	plan_must(plan, SECRETARY, "end", "AP7", NULL); /* Colin Council's */
	watch.kind = "action";
	expect_told(plan, COUNCIL, watch, "%1 resync");
	expect_told(plan, CHAIR, watch, "");
	watch.kind = NULL;
	expect_told(plan, CHAIR, watch, "%1 AP7 end state");
	expect_told(plan, COUNCIL, watch, "%1 resync");
}

static void a_watcher_without_a_post_is_told_to_read_again_when_it_gets_one(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);

	plan_standing(plan, "appointment", "confirmed");
	expect_told(
		plan, OUTSIDER, watch,
		"%1 AP13 create title person body post from state owner; %1 resync; %2 AP13 confirm state; "
		"%2 resync");
}

static void a_parent_that_comes_into_sight_brings_its_children(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "submitted");
	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, CHAIR, "adopt", "P1", NULL);
	expect_told(plan, SCRUTINY, watch, "%1 P1 adopt title standing year lead state owner; %1 resync");
	expect_told(plan, PROBATION, watch, "%1 P1 adopt state");
	watch.kind = "action";
	expect_told(plan, SCRUTINY, watch, "%1 resync");
	expect_told(plan, ADMINISTRATOR, watch, "");
}

static void a_parent_that_goes_out_of_sight_takes_its_children_along(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "milestone", "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	expect_told(plan, SCRUTINY, watch, "%1 A1 lost; %1 resync");
	expect_told(plan, PROBATION, watch, "%1 A1 edit marking");
}

static void a_record_without_children_changes_no_other_sight(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_priority(plan, "submitted");
	watch = from_now(plan);
	plan_must(plan, CHAIR, "adopt", "P1", NULL);
	expect_told(plan, SCRUTINY, watch, "%1 P1 adopt title standing year lead state owner");
}

/* ---- filters ---- */

static void a_watch_is_for_one_kind_or_one_record(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "milestone", "");
	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "progress=1");
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-07-31");
	plan_must(plan, POLICE, "edit", "A2", "progress=2");
	expect_told(plan, CHAIR, watch, "%1 A1 edit progress; %2 MS1 edit due; %3 A2 edit progress");
	watch.kind = "action";
	expect_told(plan, CHAIR, watch, "%1 A1 edit progress; %3 A2 edit progress");
	watch.id = "A2";
	expect_told(plan, CHAIR, watch, "%3 A2 edit progress");
	watch.kind = NULL;
	expect_told(plan, CHAIR, watch, "%3 A2 edit progress");
}

static void a_watch_of_a_body_is_told_of_what_belongs_to_it(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "");
	plan_make(plan, COUNCIL, "action", "title=Lamps|priority=P1|status=not-started|owner=B6");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "progress=1");
	plan_must(plan, COUNCIL, "edit", "A2", "progress=2");
	plan_must(plan, COUNCIL, "remove", "A2", NULL);
	watch.owner = "B4";
	expect_told(plan, CHAIR, watch, "%1 A1 edit progress");
	watch.owner = "B6";
	expect_told(plan, CHAIR, watch, "%2 A2 edit progress; %3 A2 removed");
	watch.kind = "milestone";
	expect_told(plan, CHAIR, watch, "");
}

static void a_record_that_changes_hands_leaves_one_watch_and_comes_whole_into_another(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_indicator(plan, "Burglary");
	watch = from_now(plan);
	plan_must(plan, ANALYST, "edit", "I1", "owner=B3");
	plan_must(plan, ANALYST, "edit", "I1", "unit=crimes");
	watch.owner = "B8";
	expect_told(plan, CHAIR, watch, "%1 I1 left");
	watch.owner = "B3";
	expect_told(
		plan, CHAIR, watch,
		"%1 I1 edit name unit direction frequency baseline_period baseline owner; %2 I1 edit unit");
}

static void a_notice_says_whether_it_has_all_fields(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);
	struct span raw;

	plan_indicator(plan, "Burglary");
	plan_feed(plan, CHAIR, &watch, &raw, NULL, NULL);
	assert_non_null(memmem(raw.data, raw.length, "\xa5whole\xc3", 7));
	watch.since++;
	plan_must(plan, ANALYST, "edit", "I1", "unit=crimes");
	plan_feed(plan, CHAIR, &watch, &raw, NULL, NULL);
	assert_non_null(memmem(raw.data, raw.length, "\xa5whole\xc2", 7));
	watch.owner = "B3";
	watch.since++;
	plan_must(plan, ANALYST, "edit", "I1", "owner=B3");
	plan_feed(plan, CHAIR, &watch, &raw, NULL, NULL);
	assert_non_null(memmem(raw.data, raw.length, "\xa5whole\xc3", 7));
}

static void a_watch_of_a_priority_is_told_of_what_stands_under_it(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "milestone", "");
	plan_priority(plan, "adopted");
	plan_make(plan, POLICE, "action", "title=Vans|priority=P2|status=not-started|owner=B4");
	plan_indicator(plan, "Burglary");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-07-31");
	plan_must(plan, POLICE, "edit", "A1", "progress=1");
	plan_must(plan, POLICE, "edit", "A2", "progress=2");
	plan_must(plan, CHAIR, "close", "P1", NULL);
	plan_must(plan, ANALYST, "edit", "I1", "priority=P1");
	plan_make(plan, ANALYST, "observation", "indicator=I1|period=2014-04|value=7|owner=B8");
	watch.under = "P1";
	expect_told(plan, CHAIR, watch,
		    "%1 MS1 edit due; %2 A1 edit progress; %4 P1 close state; %5 I1 edit name unit direction "
		    "frequency priority baseline_period baseline owner; %5 resync; %6 OB1 create title "
		    "indicator period "
		    "value owner");
	watch.under = "P2";
	expect_told(plan, CHAIR, watch, "%3 A2 edit progress");
	watch.under = "A1";
	expect_told(plan, CHAIR, watch, "%1 MS1 edit due; %2 A1 edit progress");
	watch.kind = "milestone";
	expect_told(plan, CHAIR, watch, "%1 MS1 edit due");
}

static void a_record_that_moves_under_another_takes_what_stands_under_it_along(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "milestone", "");
	plan_priority(plan, "adopted");
	plan_action(plan, "");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-07-31");
	plan_must(plan, POLICE, "edit", "A1", "priority=P2");
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-08-31");
	plan_must(plan, POLICE, "edit", "A2", "priority=P2");
	watch.under = "P1";
	expect_told(plan, CHAIR, watch, "%1 MS1 edit due; %2 A1 left; %2 resync; %4 A2 left");
	watch.under = "P2";
	expect_told(
		plan, CHAIR, watch,
		"%2 A1 edit title priority status state owner; %2 resync; %3 MS1 edit due; %4 A2 edit title "
		"priority status state owner");
	watch.kind = "milestone";
	expect_told(plan, CHAIR, watch, "%2 resync; %3 MS1 edit due");
	watch.kind = NULL;
	watch.under = NULL;
	expect_told(plan, CHAIR, watch,
		    "%1 MS1 edit due; %2 A1 edit priority; %3 MS1 edit due; %4 A2 edit priority");
}

static void a_loss_is_told_in_the_same_way_whatever_the_watch_is_for(void **state)
{
	static const struct plan_watch watches[] = {{.since = 0},    {.owner = "B8"}, {.owner = "B3"},
						    {.under = "P1"}, {.under = "P2"}, {.kind = "indicator"}};
	struct plan *plan = *state;
	struct plan_watch from;

	plan_priority(plan, "adopted");
	plan_priority(plan, "adopted");
	plan_indicator(plan, "Burglary");
	plan_must(plan, ANALYST, "edit", "I1", "priority=P1");
	from = from_now(plan);
	plan_must(plan, ANALYST, "edit", "I1", "owner=B3|priority=P2");
	plan_must(plan, ANALYST, "edit", "I1", "marking=restricted");
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		struct plan_watch watch = watches[i];

		watch.since = from.since;
		expect_told(plan, SCRUTINY, watch, "%2 I1 lost");
	}
}

static void where_a_record_hung_while_it_was_hidden_is_not_told(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_standing(plan, "milestone", "");
	plan_priority(plan, "adopted");
	watch = from_now(plan);
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted|priority=P2");
	plan_must(plan, POLICE, "edit", "MS1", "due=2014-07-31");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open|priority=P1");
	watch.under = "P2";
	expect_told(plan, SCRUTINY, watch, "%1 A1 lost; %1 resync; %3 resync");
	expect_told(plan, PROBATION, watch,
		    "%1 A1 edit title priority status state owner marking; %1 resync; %2 MS1 edit due; %3 A1 "
		    "left; %3 resync");
}

/* ---- going on ---- */

static void a_watch_goes_on_at_any_entry_without_gap_or_repeat(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch = from_now(plan);
	const char *whole = NULL;
	int64_t newest = 0;

	plan_standing(plan, "referral", "answered");
	plan_must(plan, POLICE, "edit", "A1", "progress=1");
	newest = plan_newest(plan);
	whole = plan_feed(plan, CHAIR, &watch, NULL, NULL, NULL);
	assert_true(newest - watch.since > 6);
	for (int64_t split = watch.since; split <= newest; split++) {
		struct plan_watch rest = {.since = split};
		const char *tail = plan_feed(plan, CHAIR, &rest, NULL, NULL, NULL);
		size_t length = strlen(tail);

		assert_true(strlen(whole) >= length);
		assert_string_equal(whole + strlen(whole) - length, tail);
		if (length > 0) {
			char begins[24];

			snprintf(begins, sizeof(begins), "%lld ", (long long)split + 1);
			assert_memory_equal(tail, begins, strlen(begins));
		}
	}
}

static void a_long_way_is_gone_in_parts(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;
	int64_t first = 0;
	int64_t told = 0;
	int64_t reached = 0;
	bool more = true;

	plan_action(plan, "");
	watch = from_now(plan);
	first = watch.since;
	for (int i = 1; i <= FEED_ENTRIES + 10; i++) {
		char fields[24];

		snprintf(fields, sizeof(fields), "progress=%d", i % 100);
		plan_must(plan, POLICE, "edit", "A1", fields);
	}
	while (more) {
		const char *text = plan_feed(plan, CHAIR, &watch, NULL, &reached, &more);

		for (const char *at = strstr(text, "A1 edit"); at != NULL; at = strstr(at + 1, "A1 edit")) {
			told++;
		}
		assert_true(reached > watch.since);
		assert_true(reached - watch.since <= FEED_ENTRIES);
		watch.since = reached;
	}
	assert_int_equal(told, FEED_ENTRIES + 10);
	assert_int_equal(reached, first + FEED_ENTRIES + 10);
}

/* ---- beginning ---- */

static void a_watch_begins_at_the_newest_entry_or_where_it_is_asked_to(void **state)
{
	struct plan *plan = *state;
	struct request *request = NULL;

	plan_ask(plan, CHAIR, METHOD_watch, handle_watch, "kind", "actions", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	request = plan->server->request;
	assert_true(request->watch.begin);
	assert_string_equal(request->watch.kind, "action");
	assert_int_equal(request->watch.since, plan_newest(plan));
	assert_int_equal(codec_get_int(plan->server->result, "entry", -1), plan_newest(plan));
	fixture_ask(plan->server);
	fixture_int(plan->server, "since", 3);
	fixture_call(plan->server, plan_device(plan, CHAIR), METHOD_watch, handle_watch);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(plan->server->request->watch.since, 3);
	assert_int_equal(plan->server->request->watch.partnership, plan->server->partnership);
}

static void a_watch_does_not_begin_behind_the_end_of_the_journal(void **state)
{
	struct plan *plan = *state;
	struct fixture_device *device = plan_device(plan, CHAIR);

	fixture_ask(plan->server);
	fixture_int(plan->server, "since", plan_newest(plan) + 1);
	assert_int_equal(fixture_call(plan->server, device, METHOD_watch, handle_watch), STATUS_INVALID);
	assert_false(plan->server->request->watch.begin);
	plan_ask(plan, CHAIR, METHOD_watch, handle_watch, "kind", "wish", NULL);
	plan_expect(plan, STATUS_INVALID, NULL);
}

static void a_watch_begins_only_on_records_that_may_be_seen(void **state)
{
	static const char *const params[] = {"id", "under"};
	struct plan *plan = *state;

	plan_priority(plan, "draft");
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		plan_ask(plan, SCRUTINY, METHOD_watch, handle_watch, params[i], "P1", NULL);
		plan_expect(plan, STATUS_NOT_FOUND, NULL);
		assert_false(plan->server->request->watch.begin);
		plan_ask(plan, SCRUTINY, METHOD_watch, handle_watch, params[i], "P2", NULL);
		plan_expect(plan, STATUS_NOT_FOUND, NULL);
		plan_ask(plan, CHAIR, METHOD_watch, handle_watch, params[i], "P1", NULL);
		plan_expect(plan, STATUS_OK, NULL);
	}
	assert_string_equal(plan->server->request->watch.under, "P1");
	plan_ask(plan, CHAIR, METHOD_watch, handle_watch, "owner", "P1", NULL);
	plan_expect(plan, STATUS_INVALID, NULL);
	plan_ask(plan, CHAIR, METHOD_watch, handle_watch, "owner", "b4", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan->server->request->watch.owner, "B4");
}

static void a_watch_may_begin_on_a_record_that_is_gone_to_be_told_so(void **state)
{
	struct plan *plan = *state;
	struct plan_watch watch;

	plan_action(plan, "");
	watch = from_now(plan);
	watch.id = "A1";
	plan_must(plan, POLICE, "remove", "A1", NULL);
	plan_ask(plan, CHAIR, METHOD_watch, handle_watch, "id", "A1", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	expect_told(plan, CHAIR, watch, "%1 A1 removed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_watcher_is_told_of_new_and_changed_records_with_what_changed),
		test(a_notice_has_values_title_who_and_when),
		test(a_cleared_field_is_told_as_nothing),
		test(one_change_set_is_told_record_by_record),
		test(nothing_is_told_when_nothing_happened),
		test(the_names_of_hidden_fields_are_not_told),
		test(a_record_that_is_hidden_is_not_told_of),
		test(a_record_that_comes_into_sight_is_told_whole),
		test(a_child_of_a_hidden_record_is_not_told_of),
		test(a_watcher_that_may_see_a_record_no_longer_is_told_that_it_lost_it),
		test(a_removed_record_is_told_to_who_could_see_it),
		test(what_was_open_and_is_marked_since_is_not_told_from_the_past),
		test(what_was_marked_and_then_removed_is_not_told_from_the_past),
		test(a_watcher_whose_own_posts_change_is_told_to_read_again),
		test(a_watcher_without_a_post_is_told_to_read_again_when_it_gets_one),
		test(a_parent_that_comes_into_sight_brings_its_children),
		test(a_parent_that_goes_out_of_sight_takes_its_children_along),
		test(a_record_without_children_changes_no_other_sight),
		test(a_watch_is_for_one_kind_or_one_record),
		test(a_watch_of_a_body_is_told_of_what_belongs_to_it),
		test(a_record_that_changes_hands_leaves_one_watch_and_comes_whole_into_another),
		test(a_notice_says_whether_it_has_all_fields),
		test(a_watch_of_a_priority_is_told_of_what_stands_under_it),
		test(a_record_that_moves_under_another_takes_what_stands_under_it_along),
		test(a_loss_is_told_in_the_same_way_whatever_the_watch_is_for),
		test(where_a_record_hung_while_it_was_hidden_is_not_told),
		test(a_watch_goes_on_at_any_entry_without_gap_or_repeat),
		test(a_long_way_is_gone_in_parts),
		test(a_watch_begins_at_the_newest_entry_or_where_it_is_asked_to),
		test(a_watch_does_not_begin_behind_the_end_of_the_journal),
		test(a_watch_begins_only_on_records_that_may_be_seen),
		test(a_watch_may_begin_on_a_record_that_is_gone_to_be_told_so),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
