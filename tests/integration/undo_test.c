/* Undoing journal entries: what they changed is put back by an ordinary change, which has to pass where every other has
 * to, and never puts back what its author may not see. */
#include "tests/support/partnership.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ALONE "A3" /* an action of the police */

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;  /* of the police */
	struct person *colin; /* of the council */
	struct person *clara; /* the chair */
	struct person *sue;   /* of scrutiny */
} scene;

static int setup(void **state)
{
	struct raw_peer *paul = NULL;

	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	scene.colin = person_new(scene.it, "colin");
	scene.clara = person_new(scene.it, "clara");
	scene.sue = person_new(scene.it, "sue");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	person_joins(scene.ann, scene.colin, COUNCIL);
	person_joins(scene.ann, scene.clara, CHAIR);
	person_joins(scene.ann, scene.sue, SCRUTINY);
	partnership_share_action(scene.paul);
	paul = raw_connect_as(scene.paul);
	change_one(paul, 1, "create", "action", 0,
		   "title=Patrols at night|priority=P1|status=on-track|owner=B4");
	raw_close(paul);
	/* from then on scrutiny sees what is done for it */
	person_gets(scene.paul, 0, "priority", "set", "P1", "lead=O1");
	person_gets(scene.paul, 0, "priority", "submit", "P1");
	person_gets(scene.clara, 0, "priority", "adopt", "P1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

/* The entry that the last command of a person made, as text for the next one. */
static const char *made(const struct person *person, char out[24])
{
	const char *at = strstr(person->out, "journal entry ");

	if (!at) {
		fail_msg("no journal entry in: %s", person->out);
		return "";
	}
	at += strlen("journal entry ");
	snprintf(out, 24, "%.*s", (int)strspn(at, "0123456789"), at);
	return out;
}

/* The id of the record that it made first. */
static const char *made_record(const struct person *person, char out[24])
{
	snprintf(out, 24, "%.*s", (int)strcspn(person->out, " "), person->out);
	return out;
}

static void shared_says(const char *text)
{
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, text);
}

/* ---- an edit ---- */

static void an_edit_is_put_back_and_the_journal_says_so(void **state)
{
	char entry[24];
	char reason[64];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=20", "lead=O1");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=30", "lead=O2", "risks=Vandals");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "undo", entry, "--yes", "--reason", "the wrong action");
	assert_says(scene.colin->out, "30%");
	assert_says(scene.colin->out, "20%");
	person_gets(scene.paul, 0, "action", "show", SHARED, "--json");
	assert_says(scene.paul->out, "\"progress\": 20");
	assert_says(scene.paul->out, "\"lead\": \"O1\"");
	assert_false(says(scene.paul->out, "risks")); /* it was not there before */
	snprintf(reason, sizeof(reason), "undoes journal entry %s: the wrong action", entry);
	person_gets(scene.paul, 0, "action", "history", SHARED, "--json");
	assert_says(scene.paul->out, reason);
}

static void it_is_shown_and_asked_about_first(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=41");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=42");
	made(scene.paul, entry);
	person_gets(scene.paul, 2, "undo", entry);
	assert_says(scene.paul->out, "WOULD BE");
	assert_says(scene.paul->out, "41%");
	assert_says(scene.paul->err, "add --yes");
	shared_says("42%");
	person_gets(scene.paul, 0, "undo", entry, "--dry-run");
	assert_says(scene.paul->out, "VERDICT");
	shared_says("42%");
	person_gets(scene.paul, 0, "undo", entry, "--yes", "--json");
	assert_says(scene.paul->out, "\"entry\": ");
	shared_says("41%");
}

static void an_undo_can_be_undone(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=51");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=52");
	person_gets(scene.paul, 0, "undo", made(scene.paul, entry), "--yes");
	shared_says("51%");
	person_gets(scene.paul, 0, "journal", "list", "--limit", "1", "--plain");
	snprintf(entry, sizeof(entry), "%.*s", (int)strcspn(scene.paul->out, "\t"), scene.paul->out);
	person_gets(scene.paul, 0, "undo", entry, "--yes");
	shared_says("52%");
}

static void what_is_undone_already_needs_nothing(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=61");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=62");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=61");
	person_gets(scene.paul, 0, "undo", entry, "--yes");
	assert_says(scene.paul->err, "Nothing has to be undone");
}

/* ---- what came since ---- */

static void what_somebody_changed_since_collides(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=71");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=72");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=73");
	person_gets(scene.paul, 6, "undo", entry, "--yes");
	assert_says(scene.paul->err, "YOU SAW");
	assert_says(scene.paul->err, "71%");
	assert_says(scene.paul->err, "73%");
	assert_says(scene.paul->err, COUNCIL);
	assert_says(scene.paul->err, "set it by hand: safer action set " SHARED);
	shared_says("73%");
	person_gets(scene.paul, 6, "undo", entry, "--dry-run");
	person_gets(scene.paul, 3, "change", "show"); /* nothing is left behind */
}

static void what_somebody_changed_beside_it_stays(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=75");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=76");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "action", "set", SHARED, "evaluation=Brighter");
	person_gets(scene.paul, 0, "undo", entry, "--yes");
	shared_says("75%");
	shared_says("Brighter");
}

/* ---- rights and rules ---- */

static void whoever_may_not_change_it_may_not_undo_it(void **state)
{
	char entry[24];
	char first[24];

	(void)state;
	person_gets(scene.clara, 0, "action", "list"); /* sees it, and may not edit it */
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=81");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=82");
	made(scene.paul, entry);
	person_gets(scene.clara, 5, "undo", entry, "--yes");
	assert_says(scene.clara->err, "rule: action.edit");
	person_gets(scene.clara, 5, "undo", entry, "--dry-run");
	assert_says(scene.clara->out, "It could be done by");
	shared_says("82%");
	/* making a plan for another agency does not let anybody take it away again */
	person_gets(scene.paul, 0, "action", "add", "title=For the council", "priority=P1",
		    "status=not-started", "owner=B5");
	person_gets(scene.paul, 5, "undo", made(scene.paul, first), "--yes");
}

static void the_rules_of_the_record_are_asked(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=at-risk", "status_reason=No lamps");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=100", "status=complete",
		    "status_reason=");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "undo", entry, "--yes"); /* one group goes back whole */
	shared_says("No lamps");
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=on-track", "status_reason=");
}

/* ---- making, removing, moving ---- */

static void what_was_made_is_removed(void **state)
{
	char entry[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "milestone", "add", "title=Too much", "action=" SHARED, "due=2014-06-30",
		    "owner=B3");
	made(scene.paul, entry);
	made_record(scene.paul, id);
	person_gets(scene.colin, 0, "undo", entry, "--yes");
	person_gets(scene.paul, 3, "milestone", "show", id);
	person_gets(scene.colin, 3, "undo", entry, "--yes"); /* it is not there any more */
}

static void what_was_made_and_changed_since_stays(void **state)
{
	char entry[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "milestone", "add", "title=Kept", "action=" SHARED, "due=2014-06-30",
		    "owner=B3");
	made(scene.paul, entry);
	made_record(scene.paul, id);
	person_gets(scene.colin, 0, "milestone", "set", id, "due=2014-07-31");
	person_gets(scene.paul, 6, "undo", entry, "--yes");
	assert_says(scene.paul->err, "due");
	person_gets(scene.paul, 0, "milestone", "show", id);
}

static void what_was_removed_comes_back_as_a_new_record(void **state)
{
	char entry[24];
	char old[24];
	char new[24];

	(void)state;
	person_gets(scene.paul, 0, "milestone", "add", "title=Brought back", "action=" SHARED,
		    "due=2014-06-30", "reached=2014-06-28", "owner=B3");
	made_record(scene.paul, old);
	person_gets(scene.paul, 0, "milestone", "remove", old, "--yes");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "undo", entry, "--yes");
	assert_says(scene.colin->err, "comes back as a new milestone");
	person_gets(scene.paul, 0, "milestone", "list", "--plain", "title=Brought back");
	snprintf(new, sizeof(new), "%.*s", (int)strcspn(scene.paul->out, "\t"), scene.paul->out);
	assert_string_not_equal(new, old);
	person_gets(scene.paul, 0, "milestone", "show", new);
	assert_says(scene.paul->out, "2014-06-28");
}

static void a_step_goes_back_by_the_verb_that_leads_back(void **state)
{
	char entry[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "priority", "add", "title=Less noise", "standing=priority", "year=2014/15",
		    "lead=O1", "owner=B3");
	made_record(scene.paul, id);
	person_gets(scene.paul, 0, "priority", "submit", id);
	made(scene.paul, entry);
	person_gets(scene.paul, 5, "undo", entry,
		    "--yes"); /* what lies with the board, the board gives back */
	assert_says(scene.paul->err, "rule: priority.return");
	person_gets(scene.clara, 0, "undo", entry, "--yes");
	assert_says(scene.clara->out, "return");
	person_gets(scene.paul, 0, "priority", "show", id);
	assert_says(scene.paul->out, "draft");
}

static void what_nothing_leads_back_from_stays(void **state)
{
	char entry[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "priority", "add", "title=Less litter", "standing=priority",
		    "year=2014/15", "lead=O1", "owner=B3");
	made_record(scene.paul, id);
	person_gets(scene.paul, 0, "priority", "submit", id);
	person_gets(scene.clara, 0, "priority", "adopt", id);
	person_gets(scene.clara, 7, "undo", made(scene.clara, entry), "--yes");
	assert_says(scene.clara->err, "nothing leads back to submitted");
}

/* ---- several records at once ---- */

static void all_of_an_entry_goes_back_or_nothing(void **state)
{
	char entry[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=85");
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=86");
	person_gets(scene.paul, 0, "action", "add", "title=Made together", "priority=P1", "status=on-track",
		    "owner=B3");
	person_gets(scene.paul, 0, "milestone", "add", "title=Its step", "action=@1", "due=2014-06-30",
		    "owner=B3");
	person_gets(scene.paul, 0, "change", "commit");
	made(scene.paul, entry);
	person_gets(scene.paul, 0, "action", "list", "--plain", "title=Made together");
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(scene.paul->out, "\t"), scene.paul->out);
	person_gets(scene.colin, 0, "action", "set", id, "progress=1");
	person_gets(scene.paul, 6, "undo", entry, "--yes");
	shared_says("86%");
	person_gets(scene.paul, 0, "action", "set", id, "progress=");
	person_gets(scene.paul, 0, "undo", entry, "--yes"); /* it stands as it was made again */
	shared_says("85%");
	person_gets(scene.paul, 3, "action", "show", id);
}

static void with_a_change_set_in_hand_it_is_added_to_that(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=87");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=88");
	made(scene.paul, entry);
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "undo", entry);
	assert_says(scene.paul->out, "Added to the change-set: edit " SHARED ": progress");
	shared_says("88%");
	person_gets(scene.paul, 0, "change", "commit");
	shared_says("87%");
}

/* ---- what may not be seen ---- */

/* An entry that changed two records, one of which is exempt and another body's. */
static void what_is_hidden_stays_and_it_is_said(void **state)
{
	char entry[24];
	char second[24];
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=91");
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=92");
	person_gets(scene.paul, 0, "milestone", "add", "title=The informant is met", "action=" ALONE,
		    "due=2014-06-30", "owner=B4", "marking=exempt", "marking_reason=crime",
		    "marking_review=2015-06-30");
	person_gets(scene.paul, 0, "change", "commit");
	made(scene.paul, entry);
	person_gets(scene.colin, 0, "undo", entry, "--yes");
	assert_says(scene.colin->err, "1 of the records or fields");
	assert_says(scene.colin->err, "cannot put back");
	assert_false(says(scene.colin->out, "informant"));
	assert_false(says(scene.colin->err, "informant"));
	shared_says("91%");
	person_gets(scene.clara, 0, "milestone", "list"); /* the board sees it, and it is still there */
	assert_says(scene.clara->out, "The informant is met");
	/* Who made a record sees that there was an entry, also when the record has become another's secret. */
	person_gets(scene.colin, 0, "milestone", "add", "title=The informant is paid", "action=" ALONE,
		    "due=2014-07-30", "owner=B3");
	made(scene.colin, second);
	made_record(scene.colin, id);
	person_gets(scene.paul, 0, "milestone", "set", id, "owner=B4", "marking=exempt",
		    "marking_reason=crime", "marking_review=2015-06-30");
	person_gets(scene.colin, 5, "undo", second, "--yes");
	assert_says(scene.colin->err, "nobody can put back what they may not see");
	person_gets(scene.sue, 3, "undo", second, "--yes");
}

/* A revision before the entry that was marked: what stood in it is not for this person. */
static void a_past_that_is_hidden_cannot_be_put_back(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "marking=restricted", "description=Secret lamps");
	person_gets(scene.colin, 0, "action", "set", SHARED, "marking=open", "description=Lamps");
	made(scene.colin, entry);
	person_gets(scene.sue, 0, "action", "show", SHARED);
	person_gets(scene.sue, 5, "undo", entry, "--yes");
	assert_says(scene.sue->err, "is not shown to you, and nobody can put back what they may not see");
	assert_false(says(scene.sue->err, "Secret"));
	assert_false(says(scene.sue->out, "Secret"));
	person_gets(scene.sue, 5, "undo", entry, "--dry-run", "--json");
	assert_false(says(scene.sue->out, "Secret"));
}

static void fields_that_are_hidden_are_not_put_back(void **state)
{
	char entry[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=A risk for partners alone", "progress=93");
	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=Another", "progress=94");
	made(scene.paul, entry);
	person_gets(scene.sue, 5, "undo", entry, "--yes");
	assert_says(scene.sue->err, "1 of the records or fields");
	assert_says(scene.sue->out, "93%");
	assert_false(says(scene.sue->out, "risk"));
	assert_says(scene.sue->err, "rule: action.edit");
	shared_says("94%");
}

/* ---- what is no change ---- */

static void only_changes_of_records_can_be_undone(void **state)
{
	const char *at;
	char entry[24];

	(void)state;
	person_gets(scene.paul, 2, "undo", "A12");
	assert_says(scene.paul->err, "not the number of a journal entry");
	person_gets(scene.paul, 3, "undo", "99999", "--yes");
	person_gets(scene.paul, 0, "journal", "list", "--limit", "1000", "--plain");
	at = strstr(scene.paul->out, "\tsign-in\t");
	assert_non_null(at);
	while (at > scene.paul->out && at[-1] != '\n') {
		at--;
	}
	snprintf(entry, sizeof(entry), "%.*s", (int)strcspn(at, "\t"), at);
	person_gets(scene.paul, 2, "undo", entry, "--yes");
	assert_says(scene.paul->err, "is a sign-in and changed no record");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_is_put_back_and_the_journal_says_so),
		cmocka_unit_test(it_is_shown_and_asked_about_first),
		cmocka_unit_test(an_undo_can_be_undone),
		cmocka_unit_test(what_is_undone_already_needs_nothing),
		cmocka_unit_test(what_somebody_changed_since_collides),
		cmocka_unit_test(what_somebody_changed_beside_it_stays),
		cmocka_unit_test(whoever_may_not_change_it_may_not_undo_it),
		cmocka_unit_test(the_rules_of_the_record_are_asked),
		cmocka_unit_test(what_was_made_is_removed),
		cmocka_unit_test(what_was_made_and_changed_since_stays),
		cmocka_unit_test(what_was_removed_comes_back_as_a_new_record),
		cmocka_unit_test(a_step_goes_back_by_the_verb_that_leads_back),
		cmocka_unit_test(what_nothing_leads_back_from_stays),
		cmocka_unit_test(all_of_an_entry_goes_back_or_nothing),
		cmocka_unit_test(with_a_change_set_in_hand_it_is_added_to_that),
		cmocka_unit_test(what_is_hidden_stays_and_it_is_said),
		cmocka_unit_test(a_past_that_is_hidden_cannot_be_put_back),
		cmocka_unit_test(fields_that_are_hidden_are_not_put_back),
		cmocka_unit_test(only_changes_of_records_can_be_undone),
	};

	return cmocka_run_group_tests_name("undo", tests, setup, teardown);
}
