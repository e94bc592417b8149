/* What is shown to whom: fields, drafts, markings, parents. A word that stands only where it may not be seen is looked
 * for in the very bytes of every answer. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

#define SECRET         "Verysecret"
#define EXEMPT         "marking=exempt|marking_reason=individual|marking_review=2015-05-01"

/* ---- fields that are hidden from scrutiny ---- */

/* One record of each kind with fields for partners only, and the secret in all of these. */
static void plant(struct plan *plan)
{
	plan_standing(plan, "assessment", "draft");
	plan_make(plan, ANALYST, "finding",
		  "title=Burglary rose|assessment=SA1|type=change|topic=burglary|evidence=" SECRET
		  "|owner=B8");
	plan_must(plan, ANALYST, "submit", "SA1", NULL);
	plan_must(plan, CHAIR, "agree", "SA1", NULL);
	plan_action(plan, "resources=" SECRET " r|risks=" SECRET " s|lead_officer=PE12");
	plan_must(plan, POLICE, "edit", "A1", "risks=" SECRET " t|title=Night patrols");
	plan_make(plan, POLICE, "note", "title=News|action=A1|date=2014-04-30|text=" SECRET "|owner=B4");
	plan_indicator(plan, "Burglaries");
	plan_make(plan, ANALYST, "observation",
		  "indicator=I1|period=2014-04|value=20|comment=" SECRET "|owner=B8");
	plan_make(plan, SECRETARY, "grant",
		  "title=Fund|funder=O1|year=2014/15|amount=1000|conditions=" SECRET "|owner=B2");
	plan_make(plan, SECRETARY, "decision",
		  "title=x|body=B2|date=2014-04-30|text=So.|reasons=r|advice=" SECRET "|owner=B2");
	plan_must(plan, SECRETARY, "submit", "D1", NULL);
	plan_must(plan, CHAIR, "make", "D1", NULL);
}

struct path_row {
	const char *name;
	void (*ask)(struct plan *plan, enum who who);
	bool shown_to_partners; /* the same to somebody who may see it has the secret: the test can fail */
	bool directory;         /* people are in the answer, whether they are named in an action or not */
};

static void read_each(struct plan *plan, enum who who, const char *id)
{
	plan_read(plan, who, id, NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_read_finding(struct plan *plan, enum who who)
{
	read_each(plan, who, "FN1");
}
static void ask_read_action(struct plan *plan, enum who who)
{
	read_each(plan, who, "A1");
}
static void ask_read_note(struct plan *plan, enum who who)
{
	read_each(plan, who, "N1");
}
static void ask_read_observation(struct plan *plan, enum who who)
{
	read_each(plan, who, "OB1");
}
static void ask_read_grant(struct plan *plan, enum who who)
{
	read_each(plan, who, "G1");
}
static void ask_read_decision(struct plan *plan, enum who who)
{
	read_each(plan, who, "D1");
}

static void ask_read_as_of(struct plan *plan, enum who who)
{
	plan_read(plan, who, "A1", "2014-05-01");
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_list(struct plan *plan, enum who who)
{
	plan_list(plan, who, &(struct plan_query){.kind = "action"});
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_list_as_of(struct plan *plan, enum who who)
{
	plan_list(plan, who, &(struct plan_query){.kind = "actions", .as_of = "2014-05-01"});
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_list_sorted(struct plan *plan, enum who who)
{
	plan_list(plan, who, &(struct plan_query){.kind = "note", .sort = "-text"});
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_history(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_history, handle_history, "id", "A1", NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_can(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_can, handle_can, "verb", "edit", "target", "A1", "field", "risks", NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_why(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_why, handle_why, "target", "A1", "field", "risks", NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_status(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_status, handle_status, NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_journal(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_journal_list, handle_journal_list, NULL);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_entry(struct plan *plan, enum who who)
{
	int64_t entry = 0;

	read_each(plan, who, "A1");
	entry = codec_get_int(codec_get(plan->server->result, "record"), "entry", -1);
	plan_ask_entry(plan, who, entry);
	plan_expect(plan, STATUS_OK, NULL);
}

static void ask_edit(struct plan *plan, enum who who)
{
	plan_edit(plan, "A1", 1, "risks=other");
	plan_send(plan, who);
	assert_int_not_equal(plan->server->status, STATUS_OK);
}

static void ask_dry_run(struct plan *plan, enum who who)
{
	plan->dry_run = true;
	plan_edit(plan, "A1", 1, "risks=other");
	plan_send(plan, who);
	assert_int_not_equal(plan->server->status, STATUS_OK);
}

static const struct path_row paths[] = {
	{"scrutiny reads a finding without what it rests on", ask_read_finding, true, false},
	{"scrutiny reads an action without resources, risks and officer", ask_read_action, true, false},
	{"scrutiny reads a note without its text", ask_read_note, true, false},
	{"scrutiny reads an observation without its comment", ask_read_observation, true, false},
	{"scrutiny reads a grant without its conditions", ask_read_grant, true, false},
	{"scrutiny reads a decision without the advice", ask_read_decision, true, false},
	{"scrutiny reads the past without what it may not see", ask_read_as_of, true, false},
	{"scrutiny lists without what it may not see", ask_list, true, false},
	{"scrutiny lists the past without what it may not see", ask_list_as_of, true, false},
	{"scrutiny sorts by a hidden field and sees nothing of it", ask_list_sorted, true, false},
	{"scrutiny reads a history without what it may not see", ask_history, true, false},
	{"scrutiny asks whether it can, and is told no value", ask_can, false, false},
	{"scrutiny asks why, and is told no value", ask_why, false, false},
	{"scrutiny is told its status without what it may not see", ask_status, false, false},
	{"scrutiny lists the journal without what it may not see", ask_journal, true, true},
	{"scrutiny reads an entry without what it may not see", ask_entry, true, false},
	{"scrutiny tries to edit and is told no value", ask_edit, false, false},
	{"scrutiny tries to edit in a dry run and is told no value", ask_dry_run, false, false},
};

static void a_path_shows_nothing_hidden(void **state)
{
	struct plan *plan = *state;
	const struct path_row *row = plan->row;

	plant(plan);
	row->ask(plan, SCRUTINY);
	assert_false(plan_sent_has(plan, SECRET));
	assert_true(row->directory || !plan_sent_has(plan, "Olive"));
	assert_true(row->directory || !plan_sent_has(plan, "\xa4PE12"));
	if (row->shown_to_partners) {
		row->ask(plan, POLICE);
		assert_true(plan_sent_has(plan, SECRET));
	}
}

static void a_watcher_is_told_nothing_hidden(void **state)
{
	struct plan *plan = *state;
	struct span sent;

	plant(plan);
	plan_feed(plan, SCRUTINY, &(struct plan_watch){.since = 0}, &sent, NULL, NULL);
	assert_null(memmem(sent.data, sent.length, SECRET, strlen(SECRET)));
	assert_non_null(memmem(sent.data, sent.length, "Night patrols", strlen("Night patrols")));
	plan_feed(plan, AUDITOR, &(struct plan_watch){.since = 0}, &sent, NULL, NULL);
	assert_non_null(memmem(sent.data, sent.length, SECRET, strlen(SECRET)));
}

/* ---- conditions and order on hidden fields ---- */

struct hidden_row {
	const char *name;
	const char *where;
	const char *scrutiny, *police; /* the ids that each gets */
};
static const struct hidden_row hidden_conditions[] = {
	{"a condition on a hidden field finds nothing", "risks contains " SECRET, "", "A1 A2"},
	{"a hidden field is not known", "risks known", "", "A1 A2"},
	{"a hidden field is not unknown either", "risks unknown", "", ""},
	{"a hidden field is like an absent one", "risks is", "A1 A2 A3", "A3"},
	{"a hidden field differs from any value", "risks not " SECRET " one", "A1 A2 A3", "A2 A3"},
	{"a hidden field is less than nothing", "risks less zzz", "", "A1 A2"},
	{"a hidden field is more than nothing", "risks more A", "", "A1 A2"},
	{"a hidden reference finds nothing", "lead_officer is PE12", "", "A2"},
	{"a seen condition beside a hidden one does not open it",
	 "status is not-started|risks contains " SECRET, "", "A1 A2"},
};

static void a_condition_on_a_hidden_field(void **state)
{
	struct plan *plan = *state;
	const struct hidden_row *row = plan->row;
	struct plan_query query = {.kind = "action", .where = row->where};

	plan_action(plan, "risks=" SECRET " one");
	plan_action(plan, "risks=" SECRET " two|lead_officer=PE12");
	plan_action(plan, "");
	plan_list(plan, POLICE, &query);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_ids(plan), row->police);
	plan_list(plan, SCRUTINY, &query);
	plan_expect(plan, STATUS_OK, NULL);
	assert_string_equal(plan_ids(plan), row->scrutiny);
}

static void an_order_by_a_hidden_field_is_the_order_of_numbers(void **state)
{
	struct plan *plan = *state;
	static const struct plan_query up = {.kind = "action", .sort = "risks"};
	static const struct plan_query down = {.kind = "action", .sort = "-risks"};

	plan_action(plan, "risks=c");
	plan_action(plan, "risks=a");
	plan_action(plan, "risks=b");
	plan_list(plan, POLICE, &up);
	assert_string_equal(plan_ids(plan), "A2 A3 A1");
	plan_list(plan, SCRUTINY, &up);
	assert_string_equal(plan_ids(plan), "A1 A2 A3");
	plan_list(plan, SCRUTINY, &down);
	assert_string_equal(plan_ids(plan), "A1 A2 A3");
}

/* ---- drafts ---- */

struct draft_row {
	const char *name;
	const char *kind, *state;
	bool scrutiny; /* sees it */
};
static const struct draft_row drafts[] = {
	{"scrutiny does not see a draft assessment", "assessment", "draft", false},
	{"scrutiny does not see a submitted assessment", "assessment", "submitted", false},
	{"scrutiny sees an agreed assessment", "assessment", "agreed", true},
	{"scrutiny does not see a draft plan", "plan", "draft", false},
	{"scrutiny does not see a submitted plan", "plan", "submitted", false},
	{"scrutiny sees an adopted plan", "plan", "adopted", true},
	{"scrutiny sees a superseded plan", "plan", "superseded", true},
	{"scrutiny does not see a draft priority", "priority", "draft", false},
	{"scrutiny does not see a submitted priority", "priority", "submitted", false},
	{"scrutiny sees an adopted priority", "priority", "adopted", true},
	{"scrutiny sees a closed priority", "priority", "closed", true},
	{"scrutiny does not see a draft decision", "decision", "draft", false},
	{"scrutiny does not see a submitted decision", "decision", "submitted", false},
	{"scrutiny sees a decision that was made", "decision", "made", true},
	{"scrutiny does not see a draft referral", "referral", "draft", false},
	{"scrutiny sees a submitted referral", "referral", "submitted", true},
	{"scrutiny sees an answered referral", "referral", "answered", true},
	{"scrutiny sees a closed action", "action", "closed", true},
	{"scrutiny sees a planned meeting", "meeting", "planned", true},
};

static void a_draft(void **state)
{
	struct plan *plan = *state;
	const struct draft_row *row = plan->row;
	const char *id = plan_standing(plan, row->kind, row->state);

	assert_int_equal(plan_read(plan, SCRUTINY, id, NULL), row->scrutiny ? STATUS_OK : STATUS_NOT_FOUND);
	assert_int_equal(plan_read(plan, AUDITOR, id, NULL), STATUS_OK);
	assert_int_equal(plan_read(plan, ADMINISTRATOR, id, NULL), STATUS_NOT_FOUND);
	assert_int_equal(plan_read(plan, OUTSIDER, id, NULL), STATUS_NOT_FOUND);
	plan_list(plan, SCRUTINY, &(struct plan_query){.kind = row->kind});
	assert_string_equal(plan_ids(plan), row->scrutiny ? id : "");
	assert_int_equal(codec_get_int(plan->server->result, "total", -1), row->scrutiny ? 1 : 0);
}

/* ---- markings ---- */

struct marking_case {
	const char *name;
	const char *marking;
	enum who who;
	bool sees;
};
static const struct marking_case markings[] = {
	{"a restricted action is shown to the chair", "marking=restricted", CHAIR, true},
	{"a restricted action is shown to another agency's officer", "marking=restricted", PROBATION, true},
	{"a restricted action is shown to an analyst", "marking=restricted", ANALYST, true},
	{"a restricted action is shown to the auditor", "marking=restricted", AUDITOR, true},
	{"a restricted action is hidden from scrutiny", "marking=restricted", SCRUTINY, false},
	{"a restricted action is hidden from an administrator", "marking=restricted", ADMINISTRATOR, false},
	{"an exempt action is shown to the chair", EXEMPT, CHAIR, true},
	{"an exempt action is shown to the secretary", EXEMPT, SECRETARY, true},
	{"an exempt action is shown to a member of the board", EXEMPT, MEMBER, true},
	{"an exempt action is shown to its own officer", EXEMPT, POLICE, true},
	{"an exempt action is shown to its own representative", EXEMPT, REPRESENTATIVE, true},
	{"an exempt action is hidden from another agency's officer", EXEMPT, PROBATION, false},
	{"an exempt action is hidden from an analyst", EXEMPT, ANALYST, false},
	{"an exempt action is hidden from the auditor", EXEMPT, AUDITOR, false},
	{"an exempt action is hidden from scrutiny", EXEMPT, SCRUTINY, false},
	{"an exempt action is hidden from an administrator", EXEMPT, ADMINISTRATOR, false},
};

static void a_marking(void **state)
{
	struct plan *plan = *state;
	const struct marking_case *row = plan->row;

	plan_action(plan, row->marking);
	plan_make(plan, POLICE, "milestone", "title=Step|action=A1|due=2014-06-30|owner=B3");
	assert_string_equal(plan_value(plan, row->who, "A1", "title"), row->sees ? "Patrols" : "(hidden)");
	assert_string_equal(plan_value(plan, row->who, "MS1", "title"), row->sees ? "Step" : "(hidden)");
	plan_list(plan, row->who, &(struct plan_query){.kind = "action"});
	assert_string_equal(plan_ids(plan), row->sees ? "A1" : "");
	plan_list(plan, row->who, &(struct plan_query){.kind = "milestone"});
	assert_string_equal(plan_ids(plan), row->sees ? "MS1" : "");
}

/* ---- parents ---- */

static void what_belongs_to_a_draft_priority_is_hidden_with_it(void **state)
{
	struct plan *plan = *state;
	static const char *const ids[] = {"A1", "MS1", "N1", "F1"};

	plan_priority(plan, "draft");
	plan_action(plan, "");
	plan_make(plan, POLICE, "milestone", "title=Step|action=A1|due=2014-06-30|owner=B4");
	plan_make(plan, POLICE, "note", "title=News|action=A1|date=2014-04-30|owner=B4");
	plan_make(plan, POLICE, "referral", "title=x|to=B2|about=A1|ground=other|text=y|owner=B4");
	plan_must(plan, POLICE, "submit", "F1", NULL);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_string_equal(plan_value(plan, SCRUTINY, ids[i], "title"), "(hidden)");
		assert_string_not_equal(plan_value(plan, AUDITOR, ids[i], "title"), "(hidden)");
	}
	plan_must(plan, COUNCIL, "submit", "P1", NULL);
	plan_must(plan, CHAIR, "adopt", "P1", NULL);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_string_not_equal(plan_value(plan, SCRUTINY, ids[i], "title"), "(hidden)");
	}
}

static void a_finding_is_hidden_with_its_assessment(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "finding", "");
	assert_string_equal(plan_value(plan, SCRUTINY, "FN1", "title"), "(hidden)");
	plan_must(plan, ANALYST, "submit", "SA1", NULL);
	plan_must(plan, CHAIR, "agree", "SA1", NULL);
	assert_string_equal(plan_value(plan, SCRUTINY, "FN1", "title"), "Burglary rose");
}

static void an_observation_is_hidden_with_its_indicator(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "observation", "");
	plan_must(plan, ANALYST, "edit", "I1", EXEMPT);
	assert_string_equal(plan_value(plan, PROBATION, "OB1", "title"), "(hidden)");
	assert_string_equal(plan_value(plan, CHAIR, "OB1", "title"), "Burglaries, 2013/14");
}

static void the_title_of_a_hidden_record_is_not_shown_beside_what_refers_to_it(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "plan", "draft");
	plan_must(plan, POLICE, "edit", "PP1", "title=" SECRET);
	plan_priority(plan, "draft");
	plan_must(plan, POLICE, "edit", "P1", "plan=PP1");
	plan_must(plan, COUNCIL, "submit", "P1", NULL);
	plan_must(plan, CHAIR, "adopt", "P1", NULL);
	read_each(plan, SCRUTINY, "P1");
	assert_true(plan_sent_has(plan, "PP1"));
	assert_false(plan_sent_has(plan, SECRET));
	read_each(plan, AUDITOR, "P1");
	assert_true(plan_sent_has(plan, SECRET));
}

static void titles_stand_beside_what_refers_to_them(void **state)
{
	struct plan *plan = *state;
	const msgpack_object *titles = NULL;

	plan_action(plan, "partners=O2; O3");
	read_each(plan, SCRUTINY, "A1");
	titles = codec_get(plan->server->result, "titles");
	assert_true(codec_text_is(codec_get(titles, "P1"), "Burglary"));
	assert_true(codec_text_is(codec_get(titles, "O3"), "Stratford-on-Avon District Council"));
	assert_true(codec_text_is(codec_get(titles, "B4"), "Police authority"));
	assert_int_equal(codec_count(titles), 4);
}

/* ---- hidden is missing ---- */

struct missing_row {
	const char *name;
	enum method method;
	fixture_handler handler;
	const char *id_name, *other_name, *other;
};
static const struct missing_row missing[] = {
	{"reading what is hidden is like reading what is missing", METHOD_read, handle_read, "id", NULL,
	 NULL},
	{"so it is in the past", METHOD_read, handle_read, "id", "as_of", "2014-05-01"},
	{"so it is for the history", METHOD_history, handle_history, "id", NULL, NULL},
	{"so it is for can", METHOD_can, handle_can, "target", "verb", "edit"},
	{"so it is for can with a verb of the kind", METHOD_can, handle_can, "target", "verb", "close"},
	{"so it is for can with a verb of no kind", METHOD_can, handle_can, "target", "verb", "fly"},
	{"so it is for can on a field of no kind", METHOD_can, handle_can, "target", "field", "colour"},
	{"so it is for why", METHOD_why, handle_why, "target", NULL, NULL},
	{"so it is for a watch", METHOD_watch, handle_watch, "id", NULL, NULL},
};

static void hidden_is_missing(void **state)
{
	struct plan *plan = *state;
	const struct missing_row *row = plan->row;
	const char *verb = row->other_name != NULL && strcmp(row->other_name, "field") == 0 ? "edit" : NULL;
	struct span sent[2];

	plan_action(plan, EXEMPT);
	for (size_t i = 0; i < 2; i++) {
		plan_ask(plan, PROBATION, row->method, row->handler, row->id_name, i == 0 ? "A1" : "A2",
			 row->other_name != NULL ? row->other_name : row->id_name,
			 row->other_name != NULL ? row->other : NULL, "verb", verb, NULL);
		plan_expect(plan, STATUS_NOT_FOUND, NULL);
		sent[i] = plan_sent(plan);
	}
	assert_int_equal(sent[0].length, sent[1].length);
	for (size_t i = 0; i < sent[0].length; i++) {
		if (sent[0].data[i] != sent[1].data[i]) {
			assert_int_equal(sent[0].data[i], '1');
			assert_int_equal(sent[1].data[i], '2');
		}
	}
}

struct hidden_change {
	const char *name;
	const char *verb, *fields;
};
static const struct hidden_change hidden_changes[] = {
	{"editing what is hidden is like editing what is missing", "edit", "progress=1"},
	{"so is removing it", "remove", NULL},
	{"so is moving it on", "close", NULL},
	{"so is a verb that it does not have", "fly", NULL},
	{"so is a field that it does not have", "edit", "colour=red"},
};

static void hidden_is_missing_for_changes(void **state)
{
	struct plan *plan = *state;
	const struct hidden_change *row = plan->row;
	char messages[2][1200];

	plan_action(plan, EXEMPT);
	for (size_t i = 0; i < 2; i++) {
		plan_do(plan, row->verb, i == 0 ? "A1" : "A2", 1, row->fields);
		plan_send(plan, PROBATION);
		plan_expect(plan, STATUS_NOT_FOUND, NULL);
		snprintf(messages[i], sizeof(messages[i]), "%s %s %s", plan->server->err.message,
			 plan->server->err.hint, plan->server->err.rule);
	}
	for (char *at = strstr(messages[0], "A1"); at != NULL; at = strstr(at, "A1")) {
		at[1] = '2';
	}
	assert_string_equal(messages[0], messages[1]);
}

/* ---- the directory ---- */

static void everybody_with_a_post_reads_the_directory(void **state)
{
	struct plan *plan = *state;

	for (int who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		assert_string_equal(plan_value(plan, (enum who)who, "PE5", "name"),
				    who == OUTSIDER ? "(hidden)" : "Paul Police");
	}
}

static void an_administrator_lists_no_plan_data(void **state)
{
	struct plan *plan = *state;
	static const char *const kinds[] = {"meeting",     "assessment", "finding", "plan",  "priority",
					    "action",      "milestone",  "note",    "grant", "indicator",
					    "observation", "decision",   "referral"};

	plant(plan);
	plan_standing(plan, "meeting", "held");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		plan_list(plan, ADMINISTRATOR, &(struct plan_query){.kind = kinds[i]});
		plan_expect(plan, STATUS_OK, NULL);
		assert_int_equal(codec_get_int(plan->server->result, "total", -1), 0);
		assert_string_equal(plan_ids(plan), "");
	}
	plan_ask(plan, ADMINISTRATOR, METHOD_status, handle_status, NULL);
	assert_int_equal(codec_get_int(codec_get(plan->server->result, "counts"), "action", -1), 0);
	assert_int_equal(codec_get_int(codec_get(plan->server->result, "counts"), "person", -1), 13);
}

static void one_partnership_sees_nothing_of_another(void **state)
{
	struct plan *plan = *state;
	char invitation[INVITATION_TEXT];

	plan_action(plan, "");
	fixture_found(plan->server, "Another partnership", "Zoe Zed", invitation);
	plan->devices[OUTSIDER] = fixture_enrol(plan->server, invitation);
	assert_string_equal(plan_value(plan, OUTSIDER, "PE1", "name"), "Zoe Zed");
	assert_int_equal(plan_read(plan, OUTSIDER, "PE5", NULL), STATUS_NOT_FOUND);
	plan_list(plan, OUTSIDER, &(struct plan_query){.kind = "person"});
	assert_string_equal(plan_ids(plan), "PE1");
}

static const struct CMUnitTest tests[] = {
	test(a_watcher_is_told_nothing_hidden),
	test(an_order_by_a_hidden_field_is_the_order_of_numbers),
	test(what_belongs_to_a_draft_priority_is_hidden_with_it),
	test(a_finding_is_hidden_with_its_assessment),
	test(an_observation_is_hidden_with_its_indicator),
	test(the_title_of_a_hidden_record_is_not_shown_beside_what_refers_to_it),
	test(titles_stand_beside_what_refers_to_them),
	test(everybody_with_a_post_reads_the_directory),
	test(an_administrator_lists_no_plan_data),
	test(one_partnership_sees_nothing_of_another),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, paths, a_path_shows_nothing_hidden);
	plan_rows_table(&rows, hidden_conditions, a_condition_on_a_hidden_field);
	plan_rows_table(&rows, drafts, a_draft);
	plan_rows_table(&rows, markings, a_marking);
	plan_rows_table(&rows, missing, hidden_is_missing);
	plan_rows_table(&rows, hidden_changes, hidden_is_missing_for_changes);
	return plan_rows_run(&rows, "reading", tests, sizeof(tests) / sizeof(tests[0]));
}
