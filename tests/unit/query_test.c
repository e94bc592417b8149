/* Lists: conditions on each type of field, order, pages; and all of it as of an earlier moment. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- conditions ---- */

struct where_row {
	const char *name;
	const char *kind, *where;
	const char *ids;
};
static const struct where_row wheres[] = {
	{"no condition lets everything through", "action", NULL, "A1 A2 A3 A4"},
	{"the plural names the kind as well", "actions", NULL, "A1 A2 A3 A4"},
	{"a line is compared whatever its case", "action", "title is NIGHT patrols", "A1"},
	{"a line is not another", "action", "title not Night patrols", "A2 A3 A4"},
	{"a line contains a part", "action", "title contains PAT", "A1 A2"},
	{"a line comes before another", "action", "title less Night patrolz", "A1 A4"},
	{"long text contains a part", "action", "description contains two vans", "A1"},
	{"a number is a number", "action", "progress is 50", "A2"},
	{"a number is more than a smaller one", "action", "progress more 9", "A1 A2"},
	{"a number is at least itself", "action", "progress at-least 50", "A2"},
	{"a number is less than a bigger one", "action", "progress less 50", "A1"},
	{"a number is at most itself", "action", "progress at-most 10", "A1"},
	{"what has no number is not equal to one", "action", "progress not 10", "A2 A3 A4"},
	{"a date is before another", "action", "due less 2014-12-31", "A1"},
	{"a date is at least itself", "action", "due at-least 2014-12-31", "A2"},
	{"a date is more than one of another year", "action", "due more 2013-12-31", "A1 A2"},
	{"a choice is a word", "action", "status is off-track", "A2"},
	{"a choice is not a word", "action", "status not not-started", "A2 A4"},
	{"a reference is an id", "action", "priority is P2", "A3"},
	{"a list has an entry", "action", "partners is O2", "A1 A2"},
	{"a list contains an entry", "action", "partners contains o3", "A1"},
	{"a list without an entry is another", "action", "partners not O3", "A2 A3 A4"},
	{"the owner is a field as any", "action", "owner is B5", "A4"},
	{"the state is a field as any", "action", "state is open", "A1 A2 A3 A4"},
	{"absent is absent", "action", "due is", "A3 A4"},
	{"what is not absent is there", "action", "due not", "A1 A2"},
	{"known is there", "action", "due known", "A1 A2"},
	{"conditions hold together", "action", "due known|status is off-track", "A2"},
	{"conditions that exclude each other find nothing", "action", "progress less 10|progress more 10",
	 ""},
	{"money is compared in pence", "grant", "amount more 1000.00", "G3"},
	{"money is at least itself to the penny", "grant", "amount at-least 1000", "G1 G3"},
	{"an unknown amount is no number", "grant", "amount less 99999999", "G1 G3"},
	{"an unknown amount is unknown", "grant", "amount unknown", "G2"},
	{"an unknown amount is not known", "grant", "amount known", "G1 G3"},
	{"an unknown amount is the unknown amount", "grant", "amount is ?", "G2"},
	{"an unknown amount differs from any", "grant", "amount not 1000", "G2 G3"},
	{"a flag is yes", "grant", "approximate is yes", "G1"},
	{"a flag is no", "grant", "approximate is no", "G2"},
	{"a flag that was never set is neither", "grant", "approximate is", "G3"},
	{"a period is a period", "grant", "year is 2014/15", "G1 G2"},
	{"a period is before another", "grant", "year less 2014/15", "G3"},
	{"a number is no text", "action", "progress contains 5", ""},
	{"a text is no number to compare by size", "action", "title more 5", "A1 A2 A3 A4"},
};

static void add_records(struct plan *plan)
{
	plan_action(plan, "due=2014-09-30|progress=10|partners=O2; O3|description=With two vans.");
	plan_must(plan, POLICE, "edit", "A1", "title=Night patrols");
	plan_action(plan, "due=2014-12-31|progress=50|partners=O2|status_reason=No vans");
	plan_must(plan, POLICE, "edit", "A2", "status=off-track");
	plan_make(plan, POLICE, "priority", "title=Drugs|standing=priority|year=2014/15|owner=B3");
	plan_make(plan, POLICE, "action", "title=Street work|priority=P2|status=not-started|owner=B4");
	plan_make(plan, PROBATION, "action", "title=Mentors|priority=P1|status=on-track|owner=B5");
	plan_make(plan, SECRETARY, "grant",
		  "title=One|funder=O1|year=2014/15|amount=1000|approximate=yes|owner=B2");
	plan_make(plan, SECRETARY, "grant",
		  "title=Two|funder=O1|year=2014/15|amount=?|approximate=no|owner=B2");
	plan_make(plan, SECRETARY, "grant", "title=Three|funder=O1|year=2013/14|amount=2500.50|owner=B2");
}

static void a_condition(void **state)
{
	struct plan *plan = *state;
	const struct where_row *row = plan->row;

	add_records(plan);
	plan_list(plan, CHAIR, &(struct plan_query){.kind = row->kind, .where = row->where});
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_ids(plan), row->ids);
}

struct bad_row {
	const char *name;
	struct plan_query query;
	const char *says;
};
static const struct bad_row bad_lists[] = {
	{"a kind that there is not is refused", {.kind = "wish"}, "no kind \"wish\""},
	{"a condition on no field of the kind is refused",
	 {.kind = "action", .where = "colour is red"},
	 "no field \"colour\""},
	{"a relation that there is not is refused",
	 {.kind = "action", .where = "title like x"},
	 "\"like\" is none of"},
	{"an order by no field of the kind is refused",
	 {.kind = "action", .sort = "-colour"},
	 "no field \"colour\""},
	{"an order by nothing is refused", {.kind = "action", .sort = "-"}, "no field \"\""},
	{"a day that no calendar has is no moment", {.kind = "action", .as_of = "2014-02-30"}, "as_of"},
	{"a word is no moment", {.kind = "action", .as_of = "yesterday"}, "as_of"},
	{"an empty moment is none", {.kind = "action", .as_of = ""}, "as_of"},
	{"a moment before the journal began is refused",
	 {.kind = "action", .as_of = "2013-01-01"},
	 "begins after"},
	{"an entry behind the end of the journal is refused",
	 {.kind = "action", .as_of = "999999"},
	 "ends at entry"},
	{"a number of forty digits is refused",
	 {.kind = "action", .as_of = "1234567890123456789012345678901234567890"},
	 "as_of"},
};

static void a_bad_list(void **state)
{
	struct plan *plan = *state;
	const struct bad_row *row = plan->row;

	assert_int_equal(plan_list(plan, CHAIR, &row->query), STATUS_INVALID);
	if (strstr(plan->server->err.message, row->says) == NULL) {
		fail_msg("\"%s\" does not say %s", plan->server->err.message, row->says);
	}
}

/* Each packed list of conditions is refused without harm. */
static void conditions_that_are_no_conditions_are_refused(void **state)
{
	struct plan *plan = *state;
	static const struct {
		const char *bytes;
		size_t length;
	} lists[] = {
		{"\x91\x07", 2},
		{"\x91\x80", 2},
		{"\x91\x81\xa5"
		 "field\x07",
		 9},
		{"\x91\x81\xa5"
		 "field\xa5"
		 "title",
		 14},
		{"\x91\x82\xa5"
		 "field\xa5"
		 "title\xa2"
		 "is\xc0",
		 18},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct span packed = {(const uint8_t *)lists[i].bytes, lists[i].length};

		fixture_ask(plan->server);
		fixture_text(plan->server, "kind", "action");
		fixture_raw(plan->server, "where", packed);
		assert_int_equal(
			fixture_call(plan->server, plan_device(plan, CHAIR), METHOD_list, handle_list),
			STATUS_INVALID);
	}
}

/* ---- order ---- */

struct sort_row {
	const char *name;
	const char *kind, *sort;
	const char *ids;
};
static const struct sort_row sorts[] = {
	{"a list is in the order of numbers", "action", NULL, "A1 A2 A3 A4"},
	{"dates go from early to late, those without last", "action", "due", "A1 A2 A3 A4"},
	{"dates go from late to early, those without still last", "action", "-due", "A2 A1 A3 A4"},
	{"numbers go by size", "action", "-progress", "A2 A1 A3 A4"},
	{"lines go by their letters", "action", "title", "A4 A1 A2 A3"},
	{"lines go backwards", "action", "-title", "A3 A2 A1 A4"},
	{"choices go by their letters, equal ones by number", "action", "status", "A1 A3 A2 A4"},
	{"equal ones go by number backwards too", "action", "-status", "A4 A2 A1 A3"},
	{"money goes by size, unknown last", "grant", "amount", "G1 G3 G2"},
	{"money goes backwards, unknown last", "grant", "-amount", "G3 G1 G2"},
	{"no comes before yes, unset last", "grant", "approximate", "G2 G1 G3"},
	{"periods go by time", "grant", "year", "G3 G1 G2"},
};

static void an_order(void **state)
{
	struct plan *plan = *state;
	const struct sort_row *row = plan->row;

	add_records(plan);
	plan_list(plan, CHAIR, &(struct plan_query){.kind = row->kind, .sort = row->sort});
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_ids(plan), row->ids);
}

/* ---- pages ---- */

static void expect_page(struct plan *plan, const struct plan_query *query, const char *ids, int64_t total)
{
	plan_list(plan, CHAIR, query);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_ids(plan), ids);
	assert_int_equal(codec_get_int(plan->server->result, "total", -1), total);
}

static void a_page_has_as_many_as_were_asked_for_and_tells_the_total(void **state)
{
	struct plan *plan = *state;

	add_records(plan);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 2}, "A1 A2", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 2, .offset = 2}, "A3 A4", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 2, .offset = 3}, "A4", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .offset = 4}, "", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .offset = INT64_MAX}, "", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .sort = "-title", .limit = 1, .offset = 1},
		    "A2", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .where = "owner is B4", .limit = 1}, "A1",
		    3);
}

static void a_page_has_no_more_than_the_server_allows(void **state)
{
	struct plan *plan = *state;

	add_records(plan);
	plan->server->settings.limits.list_rows = 3;
	expect_page(plan, &(struct plan_query){.kind = "action"}, "A1 A2 A3", 4);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 1000}, "A1 A2 A3", 4);
}

static void many_records_come_in_pages_without_gap_or_repeat(void **state)
{
	struct plan *plan = *state;
	int64_t seen = 0;

	for (int i = 0; i < 150; i++) {
		char fields[60];

		snprintf(fields, sizeof(fields), "name=Person %d|owner=B1", 1000 - i);
		plan_create(plan, "person", NULL, fields);
	}
	plan_send(plan, ADMINISTRATOR);
	plan_expect(plan, STATUS_OK, NULL);
	for (int64_t offset = 0; offset < 163; offset += 20) {
		const msgpack_object *records = NULL;

		plan_list(plan, CHAIR,
			  &(struct plan_query){
				  .kind = "person", .sort = "name", .limit = 20, .offset = offset});
		records = codec_get(plan->server->result, "records");
		seen += (int64_t)codec_count(records);
		assert_int_equal(codec_get_int(plan->server->result, "total", -1), 163);
	}
	assert_int_equal(seen, 163);
}

static void pages_by_number_hold_while_records_go(void **state)
{
	struct plan *plan = *state;

	add_records(plan);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 2}, "A1 A2", 4);
	plan_must(plan, POLICE, "remove", "A1", NULL);
	expect_page(plan, &(struct plan_query){.kind = "action", .limit = 2, .after = 2}, "A3 A4", 2);
	expect_page(plan, &(struct plan_query){.kind = "action", .after = 4}, "", 0);
}

/* ---- under ---- */

static void a_list_is_narrowed_to_what_stands_under_a_record(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_standing(plan, "milestone", "");
	plan_priority(plan, "adopted");
	plan_action(plan, "");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_must(plan, POLICE, "edit", "A1", "priority=P2");
	expect_page(plan, &(struct plan_query){.kind = "action", .under = "P1"}, "A2", 1);
	expect_page(plan, &(struct plan_query){.kind = "action", .under = "P2"}, "A1", 1);
	expect_page(plan, &(struct plan_query){.kind = "milestone", .under = "P2"}, "MS1", 1);
	expect_page(plan, &(struct plan_query){.kind = "milestone", .under = "A1"}, "MS1", 1);
	expect_page(plan, &(struct plan_query){.kind = "priority", .under = "P2"}, "P2", 1);
	expect_page(plan, &(struct plan_query){.kind = "milestone", .under = "P1"}, "", 0);
	expect_page(plan, &(struct plan_query){.kind = "action", .under = "P1", .as_of = before}, "A1 A2", 2);
	expect_page(plan, &(struct plan_query){.kind = "milestone", .under = "P1", .as_of = before}, "MS1",
		    1);
	plan_list(plan, CHAIR, &(struct plan_query){.kind = "action", .under = "P9"});
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
	plan_list(plan, ADMINISTRATOR, &(struct plan_query){.kind = "action", .under = "P1"});
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
}

static void where_a_record_hung_while_it_was_hidden_narrows_no_list(void **state)
{
	struct plan *plan = *state;
	char hidden[24];
	struct plan_query query = {.kind = "milestone", .under = "P2", .as_of = hidden};

	plan_standing(plan, "milestone", "");
	plan_priority(plan, "adopted");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted|priority=P2");
	snprintf(hidden, sizeof(hidden), "%lld", (long long)plan_newest(plan));
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open|priority=P1");
	plan_list(plan, SCRUTINY, &query);
	assert_string_equal(plan_ids(plan), "");
	plan_list(plan, PROBATION, &query);
	assert_string_equal(plan_ids(plan), "MS1");
}

/* ---- as of ---- */

static void a_list_says_which_entry_it_shows(void **state)
{
	struct plan *plan = *state;

	add_records(plan);
	plan_list(plan, CHAIR, &(struct plan_query){.kind = "action"});
	assert_int_equal(codec_get_int(plan->server->result, "entry", -1), plan_newest(plan));
	plan_list(plan, CHAIR, &(struct plan_query){.kind = "action", .as_of = "3"});
	assert_int_equal(codec_get_int(plan->server->result, "entry", -1), 3);
	assert_string_equal(plan_ids(plan), "");
}

static void the_past_is_read_by_day_by_time_and_by_number(void **state)
{
	struct plan *plan = *state;
	char entry[24];

	plan_action(plan, "progress=10");
	snprintf(entry, sizeof(entry), "%lld", (long long)plan_newest(plan));
	fixture_wait(plan->server, FIXTURE_HOUR);
	plan_must(plan, POLICE, "edit", "A1", "progress=20");
	fixture_wait(plan->server, FIXTURE_DAY);
	plan_must(plan, POLICE, "edit", "A1", "progress=30");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "progress", entry), "10");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "progress", "2014-05-01T09:59Z"), "10");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "progress", "2014-05-01T10:00:00Z"), "20");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "progress", "2014-05-01"), "20");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "progress", "2014-05-02"), "30");
	assert_string_equal(plan_value(plan, CHAIR, "A1", "progress"), "30");
	plan_list(plan, CHAIR,
		  &(struct plan_query){.kind = "action", .where = "progress is 20", .as_of = "2014-05-01"});
	assert_string_equal(plan_ids(plan), "A1");
	plan_list(plan, CHAIR, &(struct plan_query){.kind = "action", .where = "progress is 20"});
	assert_string_equal(plan_ids(plan), "");
}

static void a_record_was_not_there_before_it_was_made(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_priority(plan, "adopted");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_action(plan, "");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "title", before), "(hidden)");
}

static void a_removed_record_is_there_in_the_past_only(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_action(plan, "");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_must(plan, POLICE, "remove", "A1", NULL);
	assert_string_equal(plan_value(plan, SCRUTINY, "A1", "title"), "(hidden)");
	assert_string_equal(plan_value_as_of(plan, SCRUTINY, "A1", "title", before), "Patrols");
	plan_list(plan, SCRUTINY, &(struct plan_query){.kind = "action", .as_of = before});
	assert_string_equal(plan_ids(plan), "A1");
	plan_list(plan, SCRUTINY, &(struct plan_query){.kind = "action"});
	assert_string_equal(plan_ids(plan), "");
}

/* What was open then and is hidden today is hidden then as well: SCRUTINY at the moment `before`. */
static void expect_past(struct plan *plan, const char *before, const char *title)
{
	bool hidden = strcmp(title, "(hidden)") == 0;

	assert_string_equal(plan_value_as_of(plan, SCRUTINY, "A1", "title", before), title);
	plan_list(plan, SCRUTINY, &(struct plan_query){.kind = "action", .as_of = before});
	assert_string_equal(plan_ids(plan), hidden ? "" : "A1");
	assert_string_equal(plan_value_as_of(plan, CHAIR, "A1", "title", before), "Patrols");
}

static void the_past_is_shown_by_the_rights_of_today(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_action(plan, "");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	expect_past(plan, before, "Patrols");
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	expect_past(plan, before, "(hidden)");
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
	expect_past(plan, before, "Patrols");
}

static void what_was_marked_and_then_removed_stays_hidden_in_the_past(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_action(plan, "");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_must(plan, POLICE, "edit", "A1", "marking=restricted");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	expect_past(plan, before, "(hidden)");
}

static void what_was_removed_with_a_hidden_parent_stays_hidden_in_the_past(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_priority(plan, "draft");
	plan_action(plan, "");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_remove(plan, "A1", NOW);
	plan_remove(plan, "P1", NOW);
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_OK, NULL);
	expect_past(plan, before, "(hidden)");
}

static void what_was_marked_then_and_is_open_today_is_hidden_then(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_action(plan, "marking=restricted");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_must(plan, REPRESENTATIVE, "edit", "A1", "marking=open");
	assert_string_equal(plan_value(plan, SCRUTINY, "A1", "title"), "Patrols");
	expect_past(plan, before, "(hidden)");
}

static void a_draft_that_was_decided_since_is_no_draft_to_look_back_on(void **state)
{
	struct plan *plan = *state;
	char before[24];

	plan_standing(plan, "decision", "draft");
	snprintf(before, sizeof(before), "%lld", (long long)plan_newest(plan));
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, CHAIR, "make", "D1", NULL);
	assert_string_equal(plan_value(plan, SCRUTINY, "D1", "title"), "Set the priorities");
	assert_string_equal(plan_value_as_of(plan, SCRUTINY, "D1", "title", before), "(hidden)");
	assert_string_equal(plan_value_as_of(plan, AUDITOR, "D1", "title", before), "Set the priorities");
}

static const struct CMUnitTest tests[] = {
	test(conditions_that_are_no_conditions_are_refused),
	test(a_page_has_as_many_as_were_asked_for_and_tells_the_total),
	test(a_page_has_no_more_than_the_server_allows),
	test(many_records_come_in_pages_without_gap_or_repeat),
	test(pages_by_number_hold_while_records_go),
	test(a_list_is_narrowed_to_what_stands_under_a_record),
	test(where_a_record_hung_while_it_was_hidden_narrows_no_list),
	test(a_list_says_which_entry_it_shows),
	test(the_past_is_read_by_day_by_time_and_by_number),
	test(a_record_was_not_there_before_it_was_made),
	test(a_removed_record_is_there_in_the_past_only),
	test(the_past_is_shown_by_the_rights_of_today),
	test(what_was_marked_and_then_removed_stays_hidden_in_the_past),
	test(what_was_removed_with_a_hidden_parent_stays_hidden_in_the_past),
	test(what_was_marked_then_and_is_open_today_is_hidden_then),
	test(a_draft_that_was_decided_since_is_no_draft_to_look_back_on),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, wheres, a_condition);
	plan_rows_table(&rows, bad_lists, a_bad_list);
	plan_rows_table(&rows, sorts, an_order);
	return plan_rows_run(&rows, "query", tests, sizeof(tests) / sizeof(tests[0]));
}
