/* Change-sets put together by hand: nothing is sent before it is meant to be, all of it is taken or nothing, and what was
 * put together is there until the server has taken it, whatever goes wrong on the way. */
#include "tests/support/partnership.h"
#include "tests/support/relay.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ALONE "A1" /* an action of the police */

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;  /* of the police */
	struct person *colin; /* of the council */
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = partnership_of_two(&scene.ann, &scene.paul, &scene.colin);
	partnership_share_action(scene.paul);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

static const char *hand_of(const struct person *person, char out[PROGRAM_PATH])
{
	snprintf(out, PROGRAM_PATH, "%s/.local/state/safer/default/change", person->home);
	return out;
}

static bool has_hand(const struct person *person)
{
	char path[PROGRAM_PATH];

	return access(hand_of(person, path), F_OK) == 0;
}

/* Each test begins and ends with nothing in hand. */
static int empty_hands(void **state)
{
	char path[PROGRAM_PATH];

	(void)state;
	(void)unlink(hand_of(scene.paul, path));
	(void)unlink(hand_of(scene.colin, path));
	return 0;
}

static int64_t revision(const char *id)
{
	const char *at = NULL;

	person_gets(scene.paul, 0, "action", "show", id, "--json");
	at = strstr(scene.paul->out, "\"revision\": ");
	assert_non_null(at);
	return strtoll(at + strlen("\"revision\": "), NULL, 10);
}

/* Changes of records in the journal, as the police may see them. */
static int64_t changes_made(void)
{
	int64_t count = 0;

	person_gets(scene.paul, 0, "journal", "list", "--limit", "1000", "--json");
	for (const char *at = scene.paul->out; (at = strstr(at, "\"what\": \"change\"")) != NULL; at++) {
		count++;
	}
	return count;
}

/* ---- putting it together ---- */

static void nothing_is_sent_before_it_is_committed(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=21");
	assert_says(scene.paul->out, "Added to the change-set: edit " SHARED ": progress");
	assert_says(scene.paul->out, "Nothing is sent yet: 1 record in hand");
	person_gets(scene.paul, 0, "action", "set", SHARED, "lead=O1");
	assert_says(scene.paul->out, "1 record in hand");
	person_gets(scene.paul, 0, "milestone", "add", "title=Poles ordered", "action=" SHARED,
		    "due=2014-06-30", "owner=B3");
	assert_says(scene.paul->out, "create milestone @1");
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.colin, 0, "milestone", "list");
	assert_false(says(scene.colin->out, "Poles ordered"));
	person_gets(scene.paul, 0, "change", "commit");
	assert_says(scene.paul->out, SHARED " is at revision");
	assert_says(scene.paul->out, "(@1) is at revision 1");
	assert_int_equal(revision(SHARED), before + 1); /* both edits are one change of the record */
	person_gets(scene.colin, 0, "milestone", "list");
	assert_says(scene.colin->out, "Poles ordered");
	assert_false(has_hand(scene.paul));
	person_gets(scene.paul, 3, "change", "commit");
	assert_says(scene.paul->err, "safer change begin");
}

static void one_commit_is_one_entry_of_the_journal_with_its_reason(void **state)
{
	int64_t before = changes_made();

	(void)state;
	person_gets(scene.paul, 0, "change", "begin", "--reason", "after the June meeting");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=22", "--reason", "two poles more");
	person_gets(scene.paul, 0, "action", "set", ALONE, "progress=22");
	person_gets(scene.paul, 0, "change", "commit");
	assert_int_equal(changes_made(), before + 1);
	person_gets(scene.paul, 0, "action", "history", SHARED);
	assert_says(scene.paul->out, "after the June meeting; two poles more");
	person_gets(scene.paul, 0, "action", "history", ALONE);
	assert_says(scene.paul->out, "after the June meeting; two poles more");
}

static void records_that_are_new_together_refer_to_one_another(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "milestone", "add", "title=Lamps lit", "action=@2", "due=2014-06-30",
		    "owner=B3");
	person_gets(scene.paul, 0, "action", "add", "title=Lamps", "priority=P1", "status=not-started",
		    "owner=B3");
	person_gets(scene.paul, 0, "action", "set", "@2", "title=Lamps in the park", "progress=0");
	assert_says(scene.paul->out, "edit @2: title, progress");
	person_gets(scene.paul, 2, "milestone", "set", "@2", "title=x");
	assert_says(scene.paul->err, "@2 is a new action");
	person_gets(scene.paul, 2, "action", "close", "@2");
	assert_says(scene.paul->err, "commit the change-set first");
	person_gets(scene.paul, 0, "change", "show");
	assert_says(scene.paul->out, "Lamps in the park");
	person_gets(scene.paul, 0, "change", "commit");
	person_gets(scene.paul, 0, "milestone", "list");
	assert_says(scene.paul->out, "Lamps lit");
	assert_says(scene.paul->out, "Lamps in the park");
	person_gets(scene.paul, 2, "action", "set", "@2", "title=x");
	assert_says(scene.paul->err, "no change-set is begun");
}

static void what_is_put_together_is_kept_for_its_person_alone(void **state)
{
	char path[PROGRAM_PATH];
	struct stat info;

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 2, "change", "begin");
	assert_says(scene.paul->err, "begun already");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=23");
	assert_int_equal(stat(hand_of(scene.paul, path), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	person_gets(scene.colin, 3, "change", "show");
	person_gets(scene.paul, 0, "change", "show", "--json");
	assert_says(scene.paul->out, "\"progress\": 23");
	person_gets(scene.paul, 0, "change", "show", "--plain");
	assert_says(scene.paul->out, SHARED "\taction\tedit\t");
}

static void it_is_dropped_whole_by_record_or_by_field(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=24", "lead=O2");
	person_gets(scene.paul, 0, "action", "set", ALONE, "progress=24");
	person_gets(scene.paul, 3, "change", "drop", "A9");
	person_gets(scene.paul, 3, "change", "drop", SHARED, "due");
	person_gets(scene.paul, 0, "change", "drop", "a2", "lead");
	assert_says(scene.paul->out, "The rest of " SHARED " stays");
	person_gets(scene.paul, 0, "change", "drop", ALONE);
	person_gets(scene.paul, 0, "change", "show");
	assert_false(says(scene.paul->out, "lead"));
	assert_false(says(scene.paul->out, ALONE "  edit"));
	assert_says(scene.paul->out, "24%");
	person_gets(scene.paul, 2, "change", "drop");
	assert_says(scene.paul->err, "--yes");
	assert_true(has_hand(scene.paul));
	person_gets(scene.paul, 0, "change", "drop", "--yes");
	assert_false(has_hand(scene.paul));
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=25"); /* is sent at once again */
	assert_int_equal(revision(SHARED), before + 1);
}

static void a_removal_is_asked_about_when_it_is_committed(void **state)
{
	char id[24];

	(void)state;
	person_gets(scene.paul, 0, "milestone", "add", "title=To go", "action=" SHARED, "due=2014-06-30",
		    "owner=B3", "--plain");
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(scene.paul->out, "\t"), scene.paul->out);
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "milestone", "remove", id);
	person_gets(scene.paul, 2, "change", "commit");
	assert_says(scene.paul->err, "will be removed");
	person_gets(scene.paul, 0, "change", "commit", "--yes");
	person_gets(scene.paul, 3, "milestone", "show", id);
}

static void a_dry_run_of_one_edit_is_not_put_in(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=26", "--dry-run");
	assert_says(scene.paul->out, "A dry run");
	person_gets(scene.paul, 0, "change", "show");
	assert_says(scene.paul->out, "0 records");
	person_gets(scene.paul, 2, "change", "commit");
	assert_says(scene.paul->err, "nothing in the change-set");
	assert_true(has_hand(scene.paul));
}

/* The form begins with what is in hand, and what is left in it is what is wanted. */
static void an_editor_shows_what_is_in_hand_and_adds_to_it(void **state)
{
	char script[PROGRAM_PATH];
	char editor[PROGRAM_PATH + 16];
	int64_t before = revision(SHARED);

	(void)state;
	installation_path(scene.it, "editor", script);
	file_make(script, "grep -q '^progress: 27$' \"$1\" || exit 1\n"
			  "sed -i 's/^progress: 27$/progress: 28/; s/^lead: .*$/lead: O1/' \"$1\"\n");
	snprintf(editor, sizeof(editor), "EDITOR=sh %s", script);
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=27");
	scene.paul->environment[0] = editor;
	assert_int_equal(person_on_terminal(scene.paul, "action", "edit", SHARED, NULL), 0);
	scene.paul->environment[0] = NULL;
	assert_says(scene.paul->out, "Added to the change-set: edit " SHARED);
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.paul, 0, "change", "show", "--plain");
	assert_says(scene.paul->out, "progress\t28");
	person_gets(scene.paul, 0, "draft", "list", "--json");
	assert_says(scene.paul->out, "[]");
}

/* ---- refusals ---- */

static void what_a_rule_refuses_is_kept_with_what_is_wrong_beside_it(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=31");
	person_gets(scene.paul, 0, "action", "set", ALONE, "status=off-track");
	person_gets(scene.paul, 7, "change", "commit");
	assert_says(scene.paul->err, "action.status-reason");
	assert_says(scene.paul->err, "The change-set is kept");
	assert_int_equal(revision(SHARED), before); /* nor was the good half taken */
	person_gets(scene.paul, 0, "change", "show");
	assert_says(scene.paul->out, "not taken: A1 (Patrols in Stratford): an action that is off-track");
	person_gets(scene.paul, 0, "action", "set", ALONE, "status_reason=Two vans are off the road");
	person_gets(scene.paul, 0, "change", "commit");
	assert_int_equal(revision(SHARED), before + 1);
	person_gets(scene.paul, 0, "action", "set", ALONE, "status=on-track", "status_reason=");
}

static void what_is_not_permitted_refuses_the_whole_and_names_who_could(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=32");
	person_gets(scene.colin, 0, "action", "set", ALONE, "progress=32");
	person_gets(scene.colin, 5, "change", "commit", "--json");
	assert_says(scene.colin->err, "\"rule\":\"action.edit\"");
	assert_says(scene.colin->err, "It could be done by");
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.colin, 0, "change", "drop", ALONE);
	person_gets(scene.colin, 0, "change", "commit");
	assert_int_equal(revision(SHARED), before + 1);
}

/* ---- conflicts ---- */

static void begin_a_conflict(const char *title)
{
	char pair[80];

	snprintf(pair, sizeof(pair), "title=%s", title);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=40");
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=42", "lead=O2");
	person_gets(scene.colin, 0, "milestone", "add", pair, "action=" SHARED, "due=2014-06-30", "owner=B3");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=41");
	person_gets(scene.colin, 6, "change", "commit");
	assert_says(scene.colin->err, "YOU SAW");
	assert_says(scene.colin->err, "41%");
	assert_says(scene.colin->err, "42%");
	assert_says(scene.colin->err, POLICE);
	assert_says(scene.colin->err, "safer change drop " SHARED " progress");
	assert_says(scene.colin->err, "safer change keep " SHARED);
	person_gets(scene.colin, 0, "milestone", "list");
	assert_false(says(scene.colin->out, title));
	person_gets(scene.colin, 0, "change", "show");
	assert_says(scene.colin->out, "it collides with what somebody else changed");
	assert_says(scene.colin->out, "THEIRS");
	assert_says(scene.colin->out, title);
}

static void a_conflict_keeps_the_set_and_theirs_may_be_left(void **state)
{
	(void)state;
	begin_a_conflict("Theirs is left");
	person_gets(scene.colin, 0, "change", "drop", SHARED, "progress");
	person_gets(scene.colin, 0, "change", "commit");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "41%");
	assert_says(scene.paul->out, "O2 Stratford Council");
}

static void every_field_that_collides_is_named_in_the_way_out(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=43", "description=Lamps",
		    "risks=Rain");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=44", "description=Poles");
	person_gets(scene.colin, 6, "change", "commit");
	assert_says(scene.colin->err,
		    "  leave theirs      safer change drop " SHARED " description progress\n");
	person_gets(scene.colin, 0, "change", "drop", SHARED, "description", "progress");
	person_gets(scene.colin, 0, "change", "commit");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "44%");
	assert_says(scene.paul->out, "Poles");
	assert_says(scene.paul->out, "Rain");
}

/* It was decided on another text, whatever field that was: there is nothing of it to be kept. */
static void a_step_that_collides_is_left_as_a_whole(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "close", SHARED);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=45");
	person_gets(scene.colin, 6, "change", "commit");
	assert_says(scene.colin->err, "  leave theirs      safer change drop " SHARED "\n");
	person_gets(scene.colin, 6, "change", "commit", "--json");
	assert_says(scene.colin->out, "\"safer change drop " SHARED "\"");
	person_gets(scene.colin, 0, "change", "drop", SHARED);
	person_gets(scene.colin, 0, "change", "drop", "--yes");
}

static void a_conflict_keeps_the_set_and_yours_may_stand(void **state)
{
	(void)state;
	begin_a_conflict("Yours stands");
	person_gets(scene.colin, 2, "change", "keep", "@1");
	person_gets(scene.colin, 0, "change", "keep", SHARED);
	assert_says(scene.colin->out, "Yours stands");
	person_gets(scene.colin, 2, "change", "keep", SHARED);
	assert_says(scene.colin->err, "nothing collides");
	person_gets(scene.colin, 0, "change", "commit");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "42%");
}

/* To let yours stand goes for what was shown, not for what comes after. */
static void what_changes_after_the_conflict_was_shown_collides_again(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=52");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=51");
	person_gets(scene.colin, 6, "change", "commit");
	person_gets(scene.colin, 0, "change", "keep", SHARED);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=53");
	person_gets(scene.colin, 6, "change", "commit", "--json");
	assert_says(scene.colin->err, "\"theirs\":53");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "53%");
}

static void an_edit_counts_as_made_on_what_was_there_when_it_was_added(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=55");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=54");
	/* another field, and the newest revision is read for it: what was set before was made on the older one */
	person_gets(scene.colin, 0, "action", "set", SHARED, "risks=Vandals");
	person_gets(scene.colin, 6, "change", "commit");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "54%");
}

/* ---- dry runs ---- */

static void a_dry_run_tells_of_each_record_what_would_come_of_it(void **state)
{
	int64_t was = revision(SHARED);
	int64_t before = 0;

	(void)state;
	person_gets(scene.paul, 0, "priority", "set", "P1", "lead=O1");
	before = changes_made();
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=61");
	person_gets(scene.colin, 0, "action", "set", ALONE, "progress=61");
	person_gets(scene.colin, 0, "action", "add", "title=No reason", "priority=P1", "status=off-track",
		    "owner=B3");
	person_gets(scene.colin, 0, "milestone", "add", "title=Hangs on it", "action=@1", "due=2014-06-30",
		    "owner=B3");
	person_gets(scene.colin, 0, "priority", "submit", "P1");
	person_gets(scene.colin, 5, "change", "commit", "--dry-run");
	assert_says(scene.colin->out, "VERDICT");
	assert_says(scene.colin->out, "not-permitted");
	assert_says(scene.colin->out, "It could be done by");
	assert_says(scene.colin->out, "action.status-reason");
	assert_says(scene.colin->out, "waits for @1");
	assert_says(scene.colin->out, "P1: to adopt it (");
	assert_says(scene.colin->out, "it could be done by: chair");
	assert_says(scene.colin->out, "A dry run: nothing was changed.");
	assert_says(scene.colin->err, "3 of 5 records would be refused");
	person_gets(scene.colin, 5, "change", "commit", "--dry-run", "--json");
	assert_says(scene.colin->out, "\"refused\": 3");
	assert_says(scene.colin->out, "\"waits\": \"@1\"");
	assert_says(scene.colin->out, "\"verb\": \"adopt\"");
	assert_says(scene.colin->out, "\"who\": \"chair");
	assert_int_equal(revision(SHARED), was);
	assert_true(has_hand(scene.colin));
	assert_int_equal(changes_made(), before);
	person_gets(scene.colin, 0, "change", "drop", ALONE);
	person_gets(scene.colin, 0, "change", "drop", "@1");
	person_gets(scene.colin, 0, "change", "drop", "@2");
	person_gets(scene.colin, 0, "change", "commit", "--dry-run");
	assert_says(scene.colin->out, "ok");
}

static int64_t refusals(struct person *person)
{
	int64_t count = 0;

	person_gets(person, 0, "journal", "list", "--limit", "1000", "--json");
	for (const char *at = person->out; (at = strstr(at, "\"what\": \"refusal\"")) != NULL; at++) {
		count++;
	}
	return count;
}

static void to_ask_is_no_attempt_and_its_refusal_is_not_journalled(void **state)
{
	int64_t before = refusals(scene.colin);

	(void)state;
	person_gets(scene.colin, 5, "action", "set", ALONE, "progress=61", "--dry-run");
	assert_says(scene.colin->err, "It could be done by");
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", ALONE, "progress=61");
	person_gets(scene.colin, 5, "change", "commit", "--dry-run");
	person_gets(scene.colin, 0, "change", "drop", "--yes");
	assert_int_equal(refusals(scene.colin), before);
	person_gets(scene.colin, 5, "action", "set", ALONE, "progress=61");
	assert_int_equal(refusals(scene.colin), before + 1);
}

/* The same list, whether a change-set is in hand or not, with the place of each row. */
static void a_dry_run_of_an_import_tells_every_row_that_would_be_refused(void **state)
{
	char path[PROGRAM_PATH];
	char other[PROGRAM_PATH];
	char line[2 * PROGRAM_PATH];
	char *alone = NULL;

	(void)state;
	installation_path(scene.it, "action.csv", path);
	file_make(path, "id,title,priority,status,owner,progress\n"
			",Good,P1,on-track,B3,5\n"
			",No reason,P1,off-track,B3,5\n");
	installation_path(scene.it, "progress.csv", other);
	file_make(other, "id,progress\n" ALONE ",62\n");
	person_gets(scene.colin, 7, "import", path, other, "--kind", "action", "--dry-run");
	assert_says(scene.colin->out, "Would be refused, and the whole with it:");
	snprintf(line, sizeof(line), "  %s line 3: ", path);
	assert_says(scene.colin->out, line);
	assert_says(scene.colin->out, "rule: action.status-reason");
	snprintf(line, sizeof(line), "  %s line 2: ", other);
	assert_says(scene.colin->out, line);
	assert_says(scene.colin->out, "It could be done by");
	assert_says(scene.colin->out, "A dry run: nothing was changed.");
	assert_says(scene.colin->err, "2 of 3 records would be refused");
	alone = strdup(scene.colin->out);
	assert_non_null(alone);
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 7, "import", path, other, "--kind", "action", "--dry-run");
	assert_string_equal(scene.colin->out, alone);
	free(alone);
	person_gets(scene.colin, 7, "import", path, other, "--kind", "action", "--dry-run", "--json");
	assert_says(scene.colin->out, "\"refused\": 2");
	assert_says(scene.colin->out, " line 3\"");
	person_gets(scene.colin, 0, "change", "show");
	assert_says(scene.colin->out, "0 records");
	person_gets(scene.colin, 0, "change", "drop", "--yes");
}

/* More than a client looks for, of records that nobody else would see. */
static void a_dry_run_says_how_many_it_did_not_try(void **state)
{
	char path[PROGRAM_PATH];
	FILE *file = NULL;

	(void)state;
	installation_path(scene.it, "many.json", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("[", file);
	for (int i = 0; i < 503; i++) {
		fprintf(file,
			"%s{\"do\": \"create\", \"kind\": \"action\", \"fields\": {\"title\": \"Number %d\", "
			"\"priority\": \"P1\", \"status\": \"off-track\", \"owner\": \"B3\"}}",
			i > 0 ? "," : "", i);
	}
	fputs("]", file);
	assert_int_equal(fclose(file), 0);
	person_gets(scene.paul, 7, "change", "apply", path, "--dry-run");
	assert_says(scene.paul->out, "not tried");
	assert_says(scene.paul->out, "3 more were not tried");
	assert_says(scene.paul->err, "500 of 503 records would be refused");
	person_gets(scene.paul, 7, "change", "apply", path, "--dry-run", "--json");
	assert_says(scene.paul->out, "\"untried\": 3");
	assert_says(scene.paul->out, "\"untried\": true");
}

/* More than a device may ask for one by one. */
static void a_dry_run_of_very_many_records_shows_each_as_it_is(void **state)
{
	char path[PROGRAM_PATH];
	int64_t first = 0;
	FILE *file = NULL;

	(void)state;
	installation_path(scene.it, "action.csv", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("id,title,priority,status,owner,progress\n", file);
	for (int i = 0; i < 2000; i++) {
		fprintf(file, ",Of many %d,P1,on-track,B3,%d\n", i, i % 50);
	}
	assert_int_equal(fclose(file), 0);
	person_gets(scene.paul, 0, "import", path, "--json");
	assert_says(scene.paul->out, "\"id\": \"A");
	first = strtoll(strstr(scene.paul->out, "\"id\": \"A") + strlen("\"id\": \"A"), NULL, 10);
	installation_path(scene.it, "many.json", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("[", file);
	for (int i = 0; i < 2000; i++) {
		fprintf(file,
			"%s{\"do\": \"edit\", \"id\": \"A%lld\", \"base\": 1, \"fields\": {\"progress\": "
			"99}}",
			i > 0 ? "," : "", (long long)first + i);
	}
	fputs("]", file);
	assert_int_equal(fclose(file), 0);
	person_gets(scene.paul, 0, "change", "apply", path, "--dry-run", "--json");
	assert_says(scene.paul->out, "\"refused\": 0");
	assert_says(scene.paul->out, "\"from\": 49");
}

static void a_dry_run_shows_all_that_collides(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=62");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=63");
	person_gets(scene.colin, 6, "change", "commit", "--dry-run");
	assert_says(scene.colin->out, "conflict");
	assert_says(scene.colin->err, "63%");
	assert_true(has_hand(scene.colin));
}

/* ---- from a file ---- */

static void an_import_goes_into_what_is_in_hand(void **state)
{
	char path[PROGRAM_PATH];
	int64_t before = revision(SHARED);

	(void)state;
	installation_path(scene.it, "action.csv", path);
	file_make(path, "id,title,priority,status,owner,progress\n"
			",From a sheet,P1,on-track,B3,5\n");
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=Hail");
	person_gets(scene.paul, 0, "import", path, "--dry-run");
	assert_says(scene.paul->out, "A dry run");
	person_gets(scene.paul, 0, "import", path);
	assert_says(scene.paul->out, "@1");
	file_make(path, "id,progress\n" SHARED ",77\n");
	person_gets(scene.paul, 0, "import", path);
	assert_says(scene.paul->out, SHARED);
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.paul, 0, "change", "commit");
	assert_says(scene.paul->out, "(@1) is at revision 1");
	assert_int_equal(revision(SHARED), before + 1);
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "77%");
	assert_says(scene.paul->out, "Hail");
}

static void a_file_is_one_change_set(void **state)
{
	char path[PROGRAM_PATH];
	int64_t before = revision(SHARED);

	(void)state;
	installation_path(scene.it, "set.json", path);
	file_make(
		path,
		"{\"reason\": \"as agreed\", \"changes\": [\n"
		"  {\"do\": \"edit\", \"id\": \"" SHARED "\", \"fields\": {\"progress\": 71}},\n"
		"  {\"do\": \"create\", \"kind\": \"action\", \"ref\": \"@a\", \"fields\": {\"title\": "
		"\"From a "
		"file\", \"priority\": \"Fewer burglaries\", \"status\": \"on-track\", \"owner\": \"B3\"}},\n"
		"  {\"do\": \"create\", \"kind\": \"milestone\", \"fields\": {\"title\": \"Its step\", "
		"\"action\": \"@a\", \"due\": \"2014-06-30\", \"owner\": \"B3\"}}]}\n");
	person_gets(scene.paul, 0, "change", "apply", path, "--dry-run");
	assert_says(scene.paul->out, "From a file");
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.paul, 0, "change", "apply", path);
	assert_says(scene.paul->out, "(@a) is at revision 1");
	assert_int_equal(revision(SHARED), before + 1);
	assert_false(has_hand(scene.paul));
	person_gets(scene.paul, 0, "action", "history", SHARED);
	assert_says(scene.paul->out, "as agreed");
}

static void standard_input_is_one_and_is_refused_whole(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	scene.colin->input = "[{\"do\": \"edit\", \"id\": \"" SHARED "\", \"fields\": {\"progress\": 72}},"
			     " {\"do\": \"edit\", \"id\": \"" ALONE "\", \"fields\": {\"progress\": 72}}]";
	person_gets(scene.colin, 5, "change", "apply", "-");
	assert_says(scene.colin->err, "action.edit");
	assert_int_equal(revision(SHARED), before);
	assert_false(has_hand(scene.colin)); /* whoever wrote it has it */
	scene.colin->input = "[{\"do\": \"edit\", \"id\": \"" SHARED "\", \"base\": 1, \"fields\": "
			     "{\"progress\": 73}}]";
	person_gets(scene.colin, 6, "change", "apply", "-");
	assert_says(scene.colin->err, "YOU SAW");
	scene.colin->input = "[{\"do\": \"edit\", \"id\": \"" SHARED "\", \"fields\": {\"progres\": 72}}]";
	person_gets(scene.colin, 2, "change", "apply", "-");
	assert_says(scene.colin->err, "standard input, change 1");
	person_gets(scene.colin, 3, "change", "apply", "/nowhere.json");
}

static void what_is_shown_as_json_can_be_applied(void **state)
{
	char *text = NULL;

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=74", "status=at-risk",
		    "status_reason=No \"lamps\"");
	person_gets(scene.paul, 0, "change", "show", "--json");
	text = strdup(scene.paul->out);
	person_gets(scene.paul, 0, "change", "drop", "--yes");
	scene.paul->input = text;
	person_gets(scene.paul, 0, "change", "apply", "-");
	free(text);
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "No \"lamps\"");
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=on-track", "status_reason=");
}

static void a_file_joins_what_is_in_hand(void **state)
{
	int64_t before = revision(SHARED);

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "milestone", "add", "title=First", "action=" SHARED, "due=2014-06-30",
		    "owner=B3");
	scene.paul->input =
		"[{\"do\": \"edit\", \"id\": \"" SHARED "\", \"fields\": {\"progress\": 75}},"
		" {\"do\": \"create\", \"kind\": \"milestone\", \"fields\": {\"title\": \"Second\", "
		"\"action\": \"" SHARED "\", \"due\": \"2014-06-30\", \"owner\": \"B3\"}}]";
	person_gets(scene.paul, 0, "change", "apply", "-");
	assert_says(scene.paul->out, "3 records in hand");
	assert_int_equal(revision(SHARED), before);
	person_gets(scene.paul, 0, "change", "commit");
	assert_int_equal(revision(SHARED), before + 1);
	person_gets(scene.paul, 0, "milestone", "list");
	assert_says(scene.paul->out, "First");
	assert_says(scene.paul->out, "Second");
}

/* ---- an answer that is lost ---- */

static void a_commit_whose_answer_was_lost_is_repeated_and_happens_once(void **state)
{
	char profile[PROGRAM_PATH];
	char hand[PROGRAM_PATH];
	int64_t before = changes_made();
	struct relay relay;

	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "milestone", "add", "title=Only once", "action=" SHARED, "due=2014-06-30",
		    "owner=B3");
	/* from the moment that it counts as sent, no answer comes through any more */
	relay_start(&relay, scene.it->port, hand_of(scene.paul, hand));
	relay_use(&relay, person_file(scene.paul, "profile.ini", profile));
	person_gets(scene.paul, 8, "change", "commit");
	assert_says(scene.paul->err, "happens once, however often");
	relay_end(&relay, profile);
	assert_int_equal(changes_made(), before + 1); /* it had been applied */
	person_gets(scene.paul, 0, "change", "show");
	assert_says(scene.paul->out, "sent, and no answer came");
	person_gets(scene.paul, 2, "action", "set", SHARED, "progress=81");
	assert_says(scene.paul->err, "must stay as it is");
	person_gets(scene.paul, 2, "change", "drop", "@1");
	person_gets(scene.paul, 2, "change", "commit", "--dry-run");
	installation_kill(scene.it);
	installation_start(scene.it);
	person_gets(scene.paul, 0, "change", "commit", "--reason", "another one, which comes too late");
	assert_says(scene.paul->err, "asking again");
	assert_says(scene.paul->out, "(@1) is at revision 1");
	assert_int_equal(changes_made(), before + 1);
	assert_false(has_hand(scene.paul));
	person_gets(scene.paul, 0, "milestone", "list", "--plain");
	assert_null(strstr(strstr(scene.paul->out, "Only once") + 1, "Only once"));
}

static void a_file_whose_answer_was_lost_is_kept_until_there_is_one(void **state)
{
	char profile[PROGRAM_PATH];
	char hand[PROGRAM_PATH];
	int64_t before = changes_made();
	struct relay relay;

	(void)state;
	relay_start(&relay, scene.it->port, hand_of(scene.paul, hand));
	relay_use(&relay, person_file(scene.paul, "profile.ini", profile));
	scene.paul->input = "[{\"do\": \"edit\", \"id\": \"" SHARED "\", \"fields\": {\"progress\": 82}}]";
	person_gets(scene.paul, 8, "change", "apply", "-");
	relay_end(&relay, profile);
	assert_true(has_hand(scene.paul));
	person_gets(scene.paul, 0, "change", "commit");
	assert_int_equal(changes_made(), before + 1);
	assert_false(has_hand(scene.paul));
}

static void a_server_that_is_not_there_changes_nothing_in_hand(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "change", "begin");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=83");
	installation_stop(scene.it);
	person_gets(scene.paul, 8, "change", "commit");
	person_gets(scene.paul, 0, "change", "show"); /* needs no server */
	assert_says(scene.paul->out, "not sent");
	assert_says(scene.paul->out, "83%");
	installation_start(scene.it);
	person_gets(scene.paul, 0, "change", "commit");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, empty_hands, empty_hands)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_sent_before_it_is_committed),
		TEST(one_commit_is_one_entry_of_the_journal_with_its_reason),
		TEST(records_that_are_new_together_refer_to_one_another),
		TEST(what_is_put_together_is_kept_for_its_person_alone),
		TEST(it_is_dropped_whole_by_record_or_by_field),
		TEST(a_removal_is_asked_about_when_it_is_committed),
		TEST(a_dry_run_of_one_edit_is_not_put_in),
		TEST(an_editor_shows_what_is_in_hand_and_adds_to_it),
		TEST(what_a_rule_refuses_is_kept_with_what_is_wrong_beside_it),
		TEST(what_is_not_permitted_refuses_the_whole_and_names_who_could),
		TEST(a_conflict_keeps_the_set_and_theirs_may_be_left),
		TEST(every_field_that_collides_is_named_in_the_way_out),
		TEST(a_step_that_collides_is_left_as_a_whole),
		TEST(a_conflict_keeps_the_set_and_yours_may_stand),
		TEST(what_changes_after_the_conflict_was_shown_collides_again),
		TEST(an_edit_counts_as_made_on_what_was_there_when_it_was_added),
		TEST(a_dry_run_tells_of_each_record_what_would_come_of_it),
		TEST(a_dry_run_shows_all_that_collides),
		TEST(to_ask_is_no_attempt_and_its_refusal_is_not_journalled),
		TEST(a_dry_run_of_an_import_tells_every_row_that_would_be_refused),
		TEST(a_dry_run_says_how_many_it_did_not_try),
		TEST(a_dry_run_of_very_many_records_shows_each_as_it_is),
		TEST(an_import_goes_into_what_is_in_hand),
		TEST(a_file_is_one_change_set),
		TEST(standard_input_is_one_and_is_refused_whole),
		TEST(what_is_shown_as_json_can_be_applied),
		TEST(a_file_joins_what_is_in_hand),
		TEST(a_commit_whose_answer_was_lost_is_repeated_and_happens_once),
		TEST(a_file_whose_answer_was_lost_is_kept_until_there_is_one),
		TEST(a_server_that_is_not_there_changes_nothing_in_hand),
	};

	return cmocka_run_group_tests_name("change-sets by hand", tests, setup, teardown);
}
