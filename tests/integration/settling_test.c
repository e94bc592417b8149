/* Conflicts are put to the person at the terminal, whatever command ran into them: three values, who and when, and which
 * shall stand; and told whole to a script. Nothing that was typed is lost on the way. */
#include "tests/support/partnership.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define QUESTION "[q]uit and keep what you typed?"

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

static bool has_hand(const struct person *person)
{
	char path[PROGRAM_PATH];

	snprintf(path, sizeof(path), "%s/.local/state/safer/default/change", person->home);
	return access(path, F_OK) == 0;
}

static int64_t revision_of(const char *id)
{
	const char *at = NULL;

	person_gets(scene.paul, 0, "action", "show", id, "--json");
	at = strstr(scene.paul->out, "\"revision\": ");
	assert_non_null(at);
	return strtoll(at + strlen("\"revision\": "), NULL, 10);
}

/* The base that a command is given to have been made before somebody else's change. */
static const char *base(char out[24])
{
	snprintf(out, 24, "%lld", (long long)revision_of(SHARED));
	return out;
}

static void assert_shared(const char *text)
{
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, text);
}

/* ---- one command ---- */

/* Colin sets progress to `mine` on what was there before Paul set it to `theirs`, and is asked. */
static void collide(struct running *colin, const char *theirs, const char *mine)
{
	char before[24];
	char pair[40];

	base(before);
	snprintf(pair, sizeof(pair), "progress=%s", theirs);
	person_gets(scene.paul, 0, "action", "set", SHARED, pair);
	snprintf(pair, sizeof(pair), "progress=%s", mine);
	person_starts_on_terminal(scene.colin, colin, "action", "set", SHARED, pair, "--base", before, NULL);
	running_until(colin, QUESTION);
}

static void a_command_that_collides_shows_the_three_and_asks(void **state)
{
	struct running colin;

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=10");
	collide(&colin, "20", "30");
	assert_says(colin.text, "you saw  10%");
	assert_says(colin.text, "theirs   20%");
	assert_says(colin.text, "yours    30%");
	assert_says(colin.text, POLICE);
	assert_says(colin.text, "for Warwickshire Police");
	assert_says(colin.text, "journal entry");
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("30%");
	assert_false(has_hand(scene.colin));
}

static void theirs_may_stand(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "21", "31");
	running_type(&colin, "t\n");
	running_until(&colin, "Theirs stands");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("21%");
	assert_false(has_hand(scene.colin));
}

static void a_third_value_may_be_typed_and_a_wrong_one_is_asked_again(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "22", "32");
	running_type(&colin, "e\n");
	running_until(&colin, "progress shall be (");
	running_type(&colin, "many\n");
	running_until(&colin, "progress shall be (");
	assert_says(colin.text, "safer: ");
	running_type(&colin, "27\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("27%");
}

static void who_quits_finds_what_they_typed_in_hand(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "23", "33");
	running_type(&colin, "q\n");
	running_until(&colin, "kept as the change-set in hand");
	assert_int_equal(running_end(&colin, 0), 6);
	assert_shared("23%");
	assert_true(has_hand(scene.colin));
	person_gets(scene.colin, 0, "change", "show");
	assert_says(scene.colin->out, "33%");
	person_starts_on_terminal(scene.colin, &colin, "change", "commit", NULL);
	running_until(&colin, QUESTION);
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("33%");
	assert_false(has_hand(scene.colin));
}

static void control_c_at_the_question_loses_nothing(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "24", "34");
	assert_int_equal(running_end(&colin, SIGINT), 130);
	assert_true(has_hand(scene.colin));
	person_gets(scene.colin, 0, "change", "show");
	assert_says(scene.colin->out, "34%");
	person_gets(scene.colin, 0, "change", "drop", "--yes");
}

static void whoever_is_faster_again_is_asked_about_again(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "25", "35");
	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=Vandals");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=26");
	running_type(&colin, "m\n"); /* what was shown is 25 */
	running_until(&colin, QUESTION);
	assert_says(colin.text, "theirs   26%");
	assert_false(says(colin.text, "Vandals")); /* does not collide with anything of Colin's */
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("35%");
	assert_shared("Vandals");
}

static void fields_that_go_together_are_one_question_and_shown_together(void **state)
{
	struct running colin;
	char before[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=on-track", "status_reason=");
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=at-risk", "status_reason=No lamps");
	person_starts_on_terminal(scene.colin, &colin, "action", "set", SHARED,
				  "status_reason=The lamps came", "--base", before, NULL);
	running_until(&colin, QUESTION);
	assert_says(colin.text, "with it they changed status: at-risk, and was on-track");
	assert_says(colin.text, "The lamps came");
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("The lamps came");
	assert_shared("at-risk"); /* Colin said nothing of it */
}

/* ---- long texts ---- */

#define WAS    "Poles first.\nTwelve of them.\nAlong the path.\nLamps later."
#define THEIRS "Poles first.\nFourteen of them.\nAlong the path.\nLamps later."
#define MINE   "Poles first.\nTwelve of them.\nAlong the path.\nLamps in July."
#define OTHERS "Poles first.\nTen of them.\nAlong the path.\nLamps later."

static void collide_texts(struct running *colin, const char *mine)
{
	char before[24];
	char pair[200];

	person_gets(scene.paul, 0, "action", "set", SHARED, "description=" WAS);
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "description=" THEIRS);
	snprintf(pair, sizeof(pair), "description=%s", mine);
	person_starts_on_terminal(scene.colin, colin, "action", "set", SHARED, pair, "--base", before, NULL);
	running_until(colin, QUESTION);
}

static void long_texts_that_fit_together_are_shown_by_line_and_may_both_stand(void **state)
{
	struct running colin;

	(void)state;
	collide_texts(&colin, MINE);
	assert_says(colin.text, "- Twelve of them.");
	assert_says(colin.text, "+ Fourteen of them.");
	assert_says(colin.text, "+ Lamps in July.");
	assert_says(colin.text, "take [b]oth");
	running_type(&colin, "b\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("Fourteen of them.");
	assert_shared("Lamps in July.");
}

static void long_texts_that_do_not_open_in_the_editor_with_marks(void **state)
{
	struct running colin;
	char script[PROGRAM_PATH];
	char editor[PROGRAM_PATH + 16];

	(void)state;
	installation_path(scene.it, "editor", script);
	/* the first time it leaves the marks; the second it takes them out */
	file_make(script, "grep -q '^<<<<<<< yours$' \"$1\" || exit 1\n"
			  "grep -q '^Ten of them.$' \"$1\" || exit 1\n"
			  "grep -q '^Fourteen of them.$' \"$1\" || exit 1\n"
			  "[ -e \"$1.seen\" ] && sed -i '/^[<|=>]\\{7\\}/d; /^Twelve\\|^Fourteen/d; "
			  "s/Ten/Eleven/' \"$1\"\n"
			  "touch \"$1.seen\"\n");
	snprintf(editor, sizeof(editor), "EDITOR=sh %s", script);
	scene.colin->environment[0] = editor;
	collide_texts(&colin, OTHERS);
	scene.colin->environment[0] = NULL;
	assert_false(says(colin.text, "take [b]oth"));
	running_type(&colin, "e\n");
	running_until(&colin, "there are still marks of the conflict in description");
	running_type(&colin, "\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("Eleven of them.");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_false(says(scene.paul->out, "Fourteen"));
}

/* ---- steps, sets, files, undo ---- */

static void a_step_that_was_decided_on_another_text_is_asked_about_as_a_whole(void **state)
{
	struct running colin;
	char before[24];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=41");
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=42");
	person_starts_on_terminal(scene.colin, &colin, "action", "close", SHARED, "--base", before, NULL);
	running_until(&colin, "or [q]uit?");
	assert_says(colin.text, "you saw  41%");
	assert_says(colin.text, "theirs   42%");
	assert_says(colin.text, "do not close");
	running_type(&colin, "t\n");
	running_until(&colin, "Theirs stands");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("open");
}

static void a_set_in_hand_is_settled_record_by_record_and_sent_as_one(void **state)
{
	struct running colin;
	int64_t entries = 0;

	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=51", "lead=O2");
	person_gets(scene.colin, 0, "milestone", "add", "title=Settled", "action=" SHARED, "due=2014-06-30",
		    "owner=B3");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=52");
	entries = revision_of(SHARED);
	person_starts_on_terminal(scene.colin, &colin, "change", "commit", NULL);
	running_until(&colin, QUESTION);
	running_type(&colin, "t\n");
	running_until(&colin, "(@1) is at revision 1");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_int_equal(revision_of(SHARED), entries + 1);
	assert_shared("52%");
	assert_shared("O2 Stratford Council");
	assert_false(has_hand(scene.colin));
}

static void an_undo_that_collides_asks(void **state)
{
	struct running colin;
	char entry[24];
	const char *at = NULL;

	(void)state;
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=61", "--json");
	at = strstr(scene.colin->out, "\"entry\": ");
	assert_non_null(at);
	snprintf(entry, sizeof(entry), "%lld", strtoll(at + strlen("\"entry\": "), NULL, 10));
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=62");
	person_starts_on_terminal(scene.colin, &colin, "undo", entry, NULL);
	running_until(&colin, "Type undo to go on:");
	running_type(&colin, "undo\n");
	running_until(&colin, QUESTION);
	assert_says(colin.text, "theirs   62%");
	assert_says(colin.text, "yours    52%");
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("52%");
}

/* ---- scripts ---- */

static json_t *document(const char *text)
{
	json_error_t wrong;
	json_t *json = json_loads(text, 0, &wrong);

	if (json == NULL) {
		print_error("%s in: %s\n", wrong.text, text);
	}
	assert_non_null(json);
	return json;
}

static void assert_path(json_t *json, const char *keys, const char *expected)
{
	char copy[200];
	char *rest = NULL;
	char *text = NULL;

	snprintf(copy, sizeof(copy), "%s", keys);
	for (char *key = strtok_r(copy, " ", &rest); key != NULL; key = strtok_r(NULL, " ", &rest)) {
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
					   : json_object_get(json, key);
	}
	assert_non_null(json);
	text = json_dumps(json, JSON_ENCODE_ANY);
	assert_string_equal(text, expected);
	free(text);
}

static void a_script_gets_all_that_collides_and_what_would_settle_it(void **state)
{
	char before[24];
	char command[100];
	char shown[24];
	json_t *json = NULL;

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=70");
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=71");
	base(shown);
	person_gets(scene.colin, 6, "action", "set", SHARED, "progress=72", "--base", before, "--json");
	json = document(scene.colin->out);
	assert_path(json, "conflict records 0 id", "\"" SHARED "\"");
	assert_path(json, "conflict records 0 do", "\"edit\"");
	assert_path(json, "conflict records 0 base", before);
	assert_path(json, "conflict records 0 revision", shown);
	assert_path(json, "conflict records 0 fields 0 field", "\"progress\"");
	assert_path(json, "conflict records 0 fields 0 base", "70");
	assert_path(json, "conflict records 0 fields 0 theirs", "71");
	assert_path(json, "conflict records 0 fields 0 mine", "72");
	assert_path(json, "conflict records 0 fields 0 agency", "\"Warwickshire Police\"");
	assert_path(json, "conflict records 0 fields 0 revision", shown);
	assert_non_null(json_object_get(
		json_array_get(
			json_object_get(
				json_array_get(json_object_get(json_object_get(json, "conflict"), "records"),
					       0),
				"fields"),
			0),
		"entry"));
	snprintf(command, sizeof(command), "\"safer action set " SHARED " progress=72 --base %s\"", shown);
	assert_path(json, "conflict settle mine commands 0", command);
	assert_path(json, "conflict settle theirs commands", "[]");
	assert_path(json, "conflict settle mine changes changes 0 base", shown);
	json_decref(json);
	/* and the line on standard error is that of every other refusal */
	assert_says(scene.colin->err, "\"name\":\"conflict\"");
}

static void what_a_script_is_told_settles_it(void **state)
{
	char path[PROGRAM_PATH];
	json_t *json = NULL;
	json_t *mine = NULL;

	(void)state;
	installation_path(scene.it, "set.json", path);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=80");
	file_make(path, "[{\"do\": \"edit\", \"id\": \"" SHARED
			"\", \"base\": 1, \"fields\": {\"progress\": 81, \"lead\": \"O1\"}}]");
	person_gets(scene.colin, 6, "change", "apply", path, "--json");
	json = document(scene.colin->out);
	mine = json_object_get(
		json_object_get(json_object_get(json_object_get(json, "conflict"), "settle"), "mine"),
		"changes");
	assert_int_equal(json_dump_file(mine, path, 0), 0);
	json_decref(json);
	person_gets(scene.colin, 0, "change", "apply", path);
	assert_shared("81%");
}

static void a_set_in_hand_tells_a_script_its_steps(void **state)
{
	json_t *json = NULL;

	(void)state;
	person_gets(scene.colin, 0, "change", "begin");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=91");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=92");
	person_gets(scene.colin, 6, "change", "commit", "--json");
	json = document(scene.colin->out);
	assert_path(json, "conflict settle mine commands",
		    "[\"safer change keep " SHARED "\", \"safer change commit\"]");
	assert_path(json, "conflict settle theirs commands",
		    "[\"safer change drop " SHARED " progress\", \"safer change commit\"]");
	json_decref(json);
	person_gets(scene.colin, 0, "change", "keep", SHARED);
	person_gets(scene.colin, 0, "change", "commit");
	assert_shared("91%");
}

/* ---- a file of rows ---- */

/* A sheet that was made before Paul changed what it changes. */
static void make_a_late_sheet(char path[PROGRAM_PATH], const char *theirs, const char *mine)
{
	char before[24];
	char text[200];

	installation_path(scene.it, "action.csv", path);
	base(before);
	snprintf(text, sizeof(text), "id,revision,progress\n" SHARED ",%s,%s\n", before, mine);
	file_make(path, text);
	snprintf(text, sizeof(text), "progress=%s", theirs);
	person_gets(scene.paul, 0, "action", "set", SHARED, text);
}

static void an_import_that_collides_asks(void **state)
{
	struct running colin;
	char path[PROGRAM_PATH];

	(void)state;
	make_a_late_sheet(path, "31", "32");
	person_starts_on_terminal(scene.colin, &colin, "import", path, NULL);
	running_until(&colin, QUESTION);
	assert_says(colin.text, "theirs   31%");
	assert_says(colin.text, "yours    32%");
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_shared("32%");
	assert_false(has_hand(scene.colin));
}

static void an_import_that_collides_tells_a_script_all_of_it(void **state)
{
	char path[PROGRAM_PATH];
	char set[PROGRAM_PATH];
	json_t *json = NULL;
	json_t *mine = NULL;

	(void)state;
	make_a_late_sheet(path, "33", "34");
	person_gets(scene.colin, 6, "import", path, "--json");
	json = document(scene.colin->out);
	assert_path(json, "conflict records 0 id", "\"" SHARED "\"");
	assert_path(json, "conflict records 0 fields 0 theirs", "33");
	assert_path(json, "conflict records 0 fields 0 mine", "34");
	mine = json_object_get(
		json_object_get(json_object_get(json_object_get(json, "conflict"), "settle"), "mine"),
		"changes");
	installation_path(scene.it, "set.json", set);
	assert_int_equal(json_dump_file(mine, set, 0), 0);
	json_decref(json);
	assert_shared("33%");
	person_gets(scene.colin, 0, "change", "apply", set);
	assert_shared("34%");
}

/* ---- the journal ---- */

static void assert_newest_entry(struct person *person, const char *text)
{
	char entry[24];
	const char *at = NULL;

	person_gets(person, 0, "action", "history", SHARED, "--json");
	for (const char *next = person->out; (next = strstr(next, "\"entry\": ")) != NULL; next++) {
		at = next;
	}
	assert_non_null(at);
	snprintf(entry, sizeof(entry), "%lld", strtoll(at + strlen("\"entry\": "), NULL, 10));
	person_gets(person, 0, "journal", "show", entry);
	assert_says(person->out, text);
}

static void who_keeps_theirs_out_is_in_the_journal_with_what_they_gave_up(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "43", "44");
	running_type(&colin, "m\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_newest_entry(scene.paul, "progress  gave up 43%, typed by " POLICE);
	person_gets(scene.paul, 0, "action", "history", SHARED, "--json");
	assert_says(scene.paul->out, "\"theirs\": 43");
}

static void so_is_who_takes_theirs_though_nothing_changes(void **state)
{
	struct running colin;
	int64_t before = 0;

	(void)state;
	collide(&colin, "45", "46");
	before = revision_of(SHARED);
	running_type(&colin, "t\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_int_equal(revision_of(SHARED), before + 1);
	assert_newest_entry(scene.colin, "progress  gave up 46%, typed by " COUNCIL);
	person_gets(scene.paul, 0, "action", "history", SHARED);
	assert_says(scene.paul->out, "gave up 46%");
}

static void a_third_value_gives_up_both(void **state)
{
	struct running colin;

	(void)state;
	collide(&colin, "47", "48");
	running_type(&colin, "e\n");
	running_until(&colin, "progress shall be (");
	running_type(&colin, "49\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
	assert_newest_entry(scene.paul, "gave up 47%");
	assert_says(scene.paul->out, "and 48%");
}

static void what_was_given_up_checks_out_on_every_device(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "journal", "check", "--all");
	assert_says(scene.paul->out, "The journal checks out");
	person_gets(scene.colin, 0, "journal", "check", "--all");
}

/* An item with what was given up, by hand. */
static const struct raw_reply *settle_by_hand(struct raw_peer *peer, uint32_t id, const uint8_t request[16],
					      int64_t made_on, const char *side, int64_t value)
{
	struct buffer item;

	buffer_init(&item, 4096);
	codec_put_map(&item, 2);
	codec_put_text(&item, "request");
	codec_put_bin(&item, request, 16);
	codec_put_text(&item, "changes");
	codec_put_list(&item, 1);
	codec_put_map(&item, 4);
	codec_pair_text(&item, "do", "edit");
	codec_pair_text(&item, "id", SHARED);
	codec_pair_int(&item, "base", made_on);
	codec_put_text(&item, "settled");
	codec_put_map(&item, 1);
	codec_put_text(&item, "progress");
	codec_put_map(&item, 1);
	codec_pair_int(&item, side, value);
	assert_false(item.failed);
	raw_ask_with(peer, id, "change", &item);
	buffer_release(&item);
	return raw_reply(peer, id);
}

static void nobody_gives_up_for_others_what_never_stood_there(void **state)
{
	static const uint8_t request[4][16] = {{1}, {2}, {3}, {4}};
	struct raw_peer *colin = raw_connect_as(scene.colin);
	int64_t now = revision_of(SHARED);
	const struct raw_reply *reply = NULL;
	int64_t entry = 0;

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=5");
	reply = settle_by_hand(colin, 1, request[0], now + 1, "theirs", 6);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, "not what stood there");
	reply = settle_by_hand(colin, 2, request[1], now + 1, "mine", 101);
	assert_int_equal(reply->status, STATUS_INVALID);
	reply = settle_by_hand(colin, 3, request[2], now + 1, "ours", 5);
	assert_int_equal(reply->status, STATUS_INVALID);
	reply = settle_by_hand(colin, 4, request[3], now + 1, "theirs", 5);
	assert_int_equal(reply->status, STATUS_OK);
	entry = codec_get_int(reply->result, "entry", -1);
	assert_true(entry > 0);
	/* a repeat is the same answer, and no second entry */
	reply = settle_by_hand(colin, 5, request[3], now + 1, "theirs", 5);
	assert_int_equal(reply->status, STATUS_OK);
	assert_int_equal(codec_get_int(reply->result, "entry", -1), entry);
	assert_int_equal(revision_of(SHARED), now + 2);
	raw_close(colin);
}

static void nobody_is_asked_who_wanted_data(void **state)
{
	struct running colin;
	char before[24];

	(void)state;
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=15");
	person_starts_on_terminal(scene.colin, &colin, "action", "set", SHARED, "progress=16", "--base",
				  before, "--no-input", NULL);
	running_until(&colin, "Three ways out");
	assert_int_equal(running_end(&colin, 0), 6);
}

#define SECRET "Ostriches"

/* Colin gives up a text of his own that stands nowhere else. */
static void give_up_a_secret(void)
{
	struct running colin;
	char before[24];

	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=Rain");
	base(before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "risks=Snow");
	person_starts_on_terminal(scene.colin, &colin, "action", "set", SHARED, "risks=" SECRET, "--base",
				  before, NULL);
	running_until(&colin, QUESTION);
	running_type(&colin, "t\n");
	running_until(&colin, SHARED " is at revision");
	assert_int_equal(running_end(&colin, 0), 0);
}

/* Everything that a device can ask about the action and the journal. */
static bool finds_the_secret(struct person *person)
{
	static const char *const ways[][6] = {
		{"journal", "list", "--limit", "1000", "--json", NULL},
		{"action", "history", SHARED, "--json", NULL},
		{"action", "show", SHARED, "--json", NULL},
		{"action", "list", "--json", NULL},
		{"journal", "check", "--all", NULL},
	};
	char entry[24];
	bool found = false;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		person_runs(person, ways[i][0], ways[i][1], ways[i][2], ways[i][3], ways[i][4], ways[i][5],
			    NULL);
		found = found || says(person->out, SECRET) || says(person->err, SECRET);
	}
	for (int i = 0; i < 300; i++) {
		snprintf(entry, sizeof(entry), "%d", i);
		if (person_runs(person, "journal", "show", entry, "--json", NULL) == 3 && i > 150) {
			break;
		}
		found = found || says(person->out, SECRET);
	}
	return found;
}

static void what_was_given_up_is_shown_to_who_sees_the_field_and_nobody_else(void **state)
{
	struct person *sue = person_new(scene.it, "sue");
	struct person *olive = person_new(scene.it, "olive");

	(void)state;
	person_joins(scene.ann, sue, SCRUTINY);
	person_joins(scene.ann, olive, OUTSIDER);
	give_up_a_secret();
	assert_true(finds_the_secret(scene.paul));
	assert_false(finds_the_secret(scene.ann));
	assert_false(finds_the_secret(sue));
	assert_false(finds_the_secret(olive));
}

/* The last: it alters the store. */
static void an_altered_value_that_was_given_up_is_found(void **state)
{
	(void)state;
	installation_stop(scene.it);
	installation_gets(scene.it, 0, "check", scene.it->folder);
	installation_sql(scene.it,
			 "UPDATE version SET salts = CAST(replace(CAST(salts AS TEXT), '" SECRET
			 "', 'Ostrichez') AS BLOB) WHERE instr(salts, CAST('" SECRET "' AS BLOB)) > 0");
	installation_saferd(scene.it, "check", scene.it->folder, NULL);
	assert_int_equal(scene.it->last.exit_code, 9);
	installation_start(scene.it);
	assert_int_equal(person_runs(scene.paul, "journal", "check", "--all", NULL), 9);
	assert_says(scene.paul->err, "is not the one that was recorded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_that_collides_shows_the_three_and_asks),
		cmocka_unit_test(theirs_may_stand),
		cmocka_unit_test(a_third_value_may_be_typed_and_a_wrong_one_is_asked_again),
		cmocka_unit_test(who_quits_finds_what_they_typed_in_hand),
		cmocka_unit_test(control_c_at_the_question_loses_nothing),
		cmocka_unit_test(whoever_is_faster_again_is_asked_about_again),
		cmocka_unit_test(fields_that_go_together_are_one_question_and_shown_together),
		cmocka_unit_test(long_texts_that_fit_together_are_shown_by_line_and_may_both_stand),
		cmocka_unit_test(long_texts_that_do_not_open_in_the_editor_with_marks),
		cmocka_unit_test(a_step_that_was_decided_on_another_text_is_asked_about_as_a_whole),
		cmocka_unit_test(a_set_in_hand_is_settled_record_by_record_and_sent_as_one),
		cmocka_unit_test(an_undo_that_collides_asks),
		cmocka_unit_test(a_script_gets_all_that_collides_and_what_would_settle_it),
		cmocka_unit_test(what_a_script_is_told_settles_it),
		cmocka_unit_test(a_set_in_hand_tells_a_script_its_steps),
		cmocka_unit_test(nobody_is_asked_who_wanted_data),
		cmocka_unit_test(an_import_that_collides_asks),
		cmocka_unit_test(an_import_that_collides_tells_a_script_all_of_it),
		cmocka_unit_test(who_keeps_theirs_out_is_in_the_journal_with_what_they_gave_up),
		cmocka_unit_test(so_is_who_takes_theirs_though_nothing_changes),
		cmocka_unit_test(a_third_value_gives_up_both),
		cmocka_unit_test(what_was_given_up_checks_out_on_every_device),
		cmocka_unit_test(nobody_gives_up_for_others_what_never_stood_there),
		cmocka_unit_test(what_was_given_up_is_shown_to_who_sees_the_field_and_nobody_else),
		cmocka_unit_test(an_altered_value_that_was_given_up_is_found),
	};

	return cmocka_run_group_tests_name("settling", tests, setup, teardown);
}
