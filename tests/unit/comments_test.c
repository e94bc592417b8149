/* Comments: who may say something and who reads it, whom an @ calls upon, and that a comment is seen by nobody who does not
 * see what it is about, by any path. The clock stands at 2014-05-01. */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

static enum status say(struct plan *plan, enum who who, const char *about, const char *text)
{
	const char *fields = arena_printf(fixture_arena(plan->server), "about=%s|text=%s", about, text);

	assert_non_null(fields);
	plan_create(plan, "comment", NULL, fields);
	return plan_send(plan, who);
}

/* ---- whom an @ calls upon ---- */

struct mention_case {
	const char *name;
	const char *text;     /* by POLICE, about A1 */
	const char *mentions; /* NULL: refused */
	const char *says;     /* in the refusal */
};
static const struct mention_case mentions[] = {
	{"an agency is called upon by its name", "@\"Warwickshire Police\", please", "O1", NULL},
	{"dashes stand for spaces", "See @warwickshire-police.", "O1", NULL},
	{"an agency is called upon by its type, when there is one of it", "@probation?", "O2", NULL},
	{"an agency is called upon by its short name", "@swp", "O1", NULL},
	{"an agency is called upon by its id", "(@o2)", "O2", NULL},
	{"a body is called upon by its name", "@Strategic-Board and @\"the strategic board\"", "B2", NULL},
	{"a post is called upon with its body", "@chair-of-strategic-board", "AP2", NULL},
	{"a post of a body by its id", "@\"chair of B2\"", "AP2", NULL},
	{"a post that one body has needs no body", "@analyst: figures?", "AP9", NULL},
	{"everybody in a post is called upon", "@\"member of the Operational Group\"", "AP5, AP6, AP7", NULL},
	{"two are called upon in the order of the text", "@probation then @B2", "O2, B2", NULL},
	{"an e-mail address calls upon nobody", "write to desk@police.example", "-", NULL},
	{"two signs are a plain one", "meet @@ noon", "-", NULL},
	{"a sign alone is a sign", "5 @ 3", "-", NULL},
	{"a name that nobody bears is refused", "@polise", NULL, "no agency, body or post is called so"},
	{"a name that several bear is refused with those", "@member", NULL,
	 "member of Operational Group (@\"member of B3\")"},
	{"a post that nobody holds is refused", "@vice-chair-of-strategic-board", NULL,
	 "nobody is vice-chair of Strategic Board today"},
	{"a body that nobody sits in is refused", "@\"Empty Group\"", NULL, "nobody holds a post there"},
	{"a person is called upon by the post", "@\"Clara Chair\"", NULL, "\"chair of B2\""},
	{"an administrator is not called upon about the plan", "@administration", NULL,
	 "nobody there may see this comment"},
	{"a quotation mark is closed", "@\"Strategic Board", NULL, "a quotation mark is missing"},
};

static void an_at_sign_calls_upon_somebody(void **state)
{
	struct plan *plan = *state;
	const struct mention_case *row = plan->row;

	plan_must(plan, ADMINISTRATOR, "edit", "O1", "short_name=SWP");
	plan_make(plan, ADMINISTRATOR, "body", "name=Empty Group|type=sub-group|owner=B1");
	plan_action(plan, "");
	say(plan, POLICE, "A1", row->text);
	if (row->mentions != NULL) {
		plan_expect(plan, STATUS_OK, NULL);
		assert_string_equal(plan_value(plan, CHAIR, "C1", "mentions"), row->mentions);
		return;
	}
	plan_expect(plan, STATUS_REFUSED, "comment.mention");
	if (!plan_sent_has(plan, row->says)) {
		fail_msg("\"%s\" is not said", row->says);
	}
}

static void nobody_is_called_upon_who_may_not_read_it(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_standing(plan, "plan", "draft");
	say(plan, POLICE, "A1", "@\"Scrutiny Committee\" asked for this");
	plan_expect(plan, STATUS_OK, NULL);
	say(plan, POLICE, "PP1", "@\"Scrutiny Committee\" asked for this");
	plan_expect(plan, STATUS_REFUSED, "comment.mention");
	plan_create(plan, "comment", NULL, "about=A1|marking=restricted|text=@\"Scrutiny Committee\" no");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_REFUSED, "comment.mention");
}

/* ---- who says something ---- */

static void whoever_works_on_the_plan_may_comment_for_their_own_body(void **state)
{
	static const struct {
		enum who who;
		const char *owner; /* NULL: they may not */
	} rows[] = {
		{CHAIR, "B2"},          {SECRETARY, "B2"}, {MEMBER, "B2"},   {POLICE, "B3"},
		{REPRESENTATIVE, "B4"}, {ANALYST, "B8"},   {SCRUTINY, NULL}, {AUDITOR, NULL},
		{ADMINISTRATOR, NULL},  {OUTSIDER, NULL},
	};
	struct plan *plan = *state;

	plan_action(plan, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum status status = say(plan, rows[i].who, "A1", "Noted.");

		if (rows[i].owner == NULL) {
			assert_int_not_equal(status, STATUS_OK);
			continue;
		}
		plan_expect(plan, STATUS_OK, NULL);
		assert_string_equal(plan_value(plan, POLICE,
					       arena_printf(fixture_arena(plan->server), "C%zu", i + 1),
					       "owner"),
				    rows[i].owner);
	}
}

static void a_comment_for_another_agency_is_refused(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_create(plan, "comment", NULL, "about=A1|text=x|owner=B5");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_NOT_PERMITTED, "comment.create");
}

static void a_comment_stands_as_it_was_written(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "comment", "");
	plan_change(plan, POLICE, "edit", "C1", "text=Other");
	plan_expect(plan, STATUS_NOT_PERMITTED, "comment.edit");
	plan_change(plan, POLICE, "remove", "C1", NULL);
	plan_expect(plan, STATUS_NOT_PERMITTED, "comment.remove");
	plan_create(plan, "comment", NULL, "about=A1|text=x|mentions=O1");
	plan_send(plan, POLICE);
	plan_expect(plan, STATUS_NOT_PERMITTED, "mode.nobody");
}

static void what_was_removed_takes_no_comment(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, PROBATION, "A1", "Is it needed?");
	plan_must(plan, POLICE, "remove", "A1", NULL);
	say(plan, PROBATION, "A1", "It is gone.");
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_string_equal(plan_value(plan, PROBATION, "C1", "text"), "Is it needed?");
}

static void a_comment_is_called_by_its_beginning(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	say(plan, POLICE, "A1",
	    "The vans are late again, and the garage says that they cannot be had before the middle of "
	    "June.");
	assert_string_equal(
		plan_value(plan, POLICE, "C1", "title"),
		"The vans are late again, and the garage says that they cannot be had before the ...");
}

/* ---- hidden with what it is about, by every path ---- */

#define SECRET "Zq9secret"

/* Nothing that `who` can be told has the words of C1, or says that it is there. */
static void is_hidden(struct plan *plan, enum who who)
{
	struct plan_watch watch = {.since = 0};
	struct span raw = {NULL, 0};
	int64_t newest = plan_newest(plan);

	assert_string_equal(plan_value(plan, who, "C1", "text"), "(hidden)");
	plan_list(plan, who, &(struct plan_query){.kind = "comment"});
	assert_string_equal(plan_ids(plan), "");
	plan_list(plan, who, &(struct plan_query){.kind = "comment", .where = "text contains " SECRET});
	assert_string_equal(plan_ids(plan), "");
	assert_int_equal(codec_get_int(plan->server->result, "total", -1), 0);
	plan_ask(plan, who, METHOD_history, handle_history, "id", "C1", NULL);
	plan_expect(plan, STATUS_NOT_FOUND, NULL);
	plan_ask(plan, who, METHOD_why, handle_why, "target", "C1", NULL);
	assert_false(plan_sent_has(plan, SECRET));
	plan_ask(plan, who, METHOD_status, handle_status, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(codec_get_int(codec_get(plan->server->result, "counts"), "comment", -1), 0);
	assert_false(plan_sent_has(plan, SECRET));
	plan_ask(plan, who, METHOD_journal_list, handle_journal_list, NULL);
	assert_false(plan_sent_has(plan, SECRET));
	assert_false(plan_sent_has(plan, "\xa2"
					 "C1"));
	for (int64_t entry = 0; entry <= newest; entry++) {
		plan_ask_entry(plan, who, entry);
		assert_false(plan_sent_has(plan, SECRET));
	}
	plan_feed(plan, who, &watch, &raw, NULL, NULL);
	assert_null(memmem(raw.data, raw.length, SECRET, strlen(SECRET)));
	assert_null(memmem(raw.data, raw.length,
			   "\xa2"
			   "C1",
			   3));
}

static void a_comment_on_a_draft_plan_is_hidden_from_scrutiny(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "plan", "draft");
	say(plan, POLICE, "PP1", SECRET);
	plan_expect(plan, STATUS_OK, NULL);
	is_hidden(plan, SCRUTINY);
	is_hidden(plan, ADMINISTRATOR);
	is_hidden(plan, OUTSIDER);
	assert_string_equal(plan_value(plan, PROBATION, "C1", "text"), SECRET);
}

static void a_comment_is_shown_once_the_record_is(void **state)
{
	struct plan *plan = *state;

	plan_standing(plan, "plan", "draft");
	say(plan, POLICE, "PP1", SECRET);
	plan_must(plan, POLICE, "submit", "PP1", NULL);
	plan_must(plan, CHAIR, "adopt", "PP1", NULL);
	assert_string_equal(plan_value(plan, SCRUTINY, "C1", "text"), SECRET);
}

static void a_restricted_comment_is_hidden_from_scrutiny(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "");
	plan_create(plan, "comment", NULL, "about=A1|marking=restricted|text=" SECRET);
	plan_send(plan, POLICE);
	is_hidden(plan, SCRUTINY);
	assert_string_equal(plan_value(plan, AUDITOR, "C1", "text"), SECRET);
}

static void a_comment_on_an_exempt_record_is_for_those_who_see_it(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=exempt|marking_reason=crime|marking_review=2015-01-01");
	say(plan, POLICE, "A1", SECRET);
	is_hidden(plan, PROBATION);
	is_hidden(plan, AUDITOR);
	assert_string_equal(plan_value(plan, REPRESENTATIVE, "C1", "text"), SECRET);
}

static void nobody_comments_on_what_they_may_not_see(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "marking=exempt|marking_reason=crime|marking_review=2015-01-01");
	say(plan, PROBATION, "A1", "I guess");
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_true(plan_sent_has(plan, "there is no A1 that you may see"));
	say(plan, PROBATION, "A2", "I guess");
	assert_true(plan_sent_has(plan, "there is no A2 that you may see"));
}

static const struct CMUnitTest tests[] = {
	test(nobody_is_called_upon_who_may_not_read_it),
	test(whoever_works_on_the_plan_may_comment_for_their_own_body),
	test(a_comment_for_another_agency_is_refused),
	test(a_comment_stands_as_it_was_written),
	test(what_was_removed_takes_no_comment),
	test(a_comment_is_called_by_its_beginning),
	test(a_comment_on_a_draft_plan_is_hidden_from_scrutiny),
	test(a_comment_is_shown_once_the_record_is),
	test(a_restricted_comment_is_hidden_from_scrutiny),
	test(a_comment_on_an_exempt_record_is_for_those_who_see_it),
	test(nobody_comments_on_what_they_may_not_see),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, mentions, an_at_sign_calls_upon_somebody);
	return plan_rows_run(&rows, "comments", tests, sizeof(tests) / sizeof(tests[0]));
}
