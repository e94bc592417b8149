/* Two agencies edit one plan: what fits together is merged and told, what collides is refused with all three values,
 * what is not allowed is refused with the rule and who could. And what was acknowledged is there, whatever happens to
 * the server's process. */
#include "tests/support/partnership.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WRITERS 8
#define EDITS   50

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

/* The revision that stands, as text. */
static const char *revision(const char *id, char out[16])
{
	const char *at = NULL;

	person_gets(scene.paul, 0, "action", "show", id, "--json");
	at = strstr(scene.paul->out, "\"revision\": ");
	assert_non_null(at);
	snprintf(out, 16, "%d", (int)strtol(at + strlen("\"revision\": "), NULL, 10));
	return out;
}

/* ---- side by side ---- */

static void changes_of_different_fields_merge_and_are_told(void **state)
{
	char base[16];

	(void)state;
	revision(SHARED, base);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=60");
	person_gets(scene.colin, 0, "action", "set", SHARED, "lead=O2", "--base", base);
	assert_says(scene.colin->out, "since you looked, others changed");
	assert_says(scene.colin->out, "progress=60%");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "60");
	assert_says(scene.paul->out, "O2 Stratford Council");
}

static void changes_of_the_same_field_collide_and_show_all_three_values(void **state)
{
	char base[16];

	(void)state;
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=11");
	revision(SHARED, base);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=22");
	person_gets(scene.colin, 6, "action", "set", SHARED, "progress=33", "--base", base);
	assert_says(scene.colin->err, "YOU SAW");
	assert_says(scene.colin->err, "11%");
	assert_says(scene.colin->err, "THEIRS");
	assert_says(scene.colin->err, "22%");
	assert_says(scene.colin->err, "YOURS");
	assert_says(scene.colin->err, "33%");
	assert_says(scene.colin->err, POLICE);
	assert_says(scene.colin->err, "Nothing was changed");
	assert_says(scene.colin->err, "--base");
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_says(scene.paul->out, "22%");
}

static void fields_that_only_make_sense_together_collide_together(void **state)
{
	char base[16];

	(void)state;
	revision(SHARED, base);
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=at-risk", "status_reason=no lamps");
	person_gets(scene.colin, 6, "action", "set", SHARED, "status_reason=the lamps came", "--base", base);
	assert_says(scene.colin->err, "status_reason");
	person_gets(scene.paul, 0, "action", "set", SHARED, "status=on-track");
}

static void whoever_wants_the_same_value_has_it(void **state)
{
	char base[16];

	(void)state;
	revision(SHARED, base);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=44");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=44", "--base", base);
	assert_says(scene.colin->out, "Nothing had to change");
}

static void a_change_set_is_applied_whole_or_not_at_all(void **state)
{
	struct raw_peer *paul = raw_connect_as(scene.paul);
	struct changes changes;
	const struct raw_reply *reply = NULL;
	char base[16];

	(void)state;
	revision(SHARED, base);
	changes_begin(&changes);
	changes_do(&changes, "edit", SHARED, strtol(base, NULL, 10), "progress=99");
	changes_create(&changes, "action", "title=No priority|status=on-track|owner=B3");
	changes_send(&changes, paul, 1);
	reply = raw_reply(paul, 1);
	assert_non_null(reply);
	assert_int_not_equal(reply->status, STATUS_OK);
	changes_release(&changes);
	raw_close(paul);
	person_gets(scene.paul, 0, "action", "show", SHARED);
	assert_false(says(scene.paul->out, "99%"));
	person_gets(scene.paul, 0, "action", "list");
	assert_false(says(scene.paul->out, "No priority"));
}

static void a_dry_run_changes_nothing(void **state)
{
	char before[16];
	char after[16];

	(void)state;
	revision(SHARED, before);
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=77", "--dry-run");
	assert_says(scene.paul->out, "A dry run: nothing was changed.");
	assert_string_equal(revision(SHARED, after), before);
}

static void a_watcher_is_told_who_changed_what(void **state)
{
	struct running watch;

	(void)state;
	person_starts(scene.colin, &watch, "action", "watch", SHARED, NULL);
	running_until(&watch, "control-C ends");
	person_gets(scene.paul, 0, "action", "set", SHARED, "progress=51");
	running_until(&watch, "progress=51");
	assert_says(watch.text, POLICE);
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

/* ---- what is refused ---- */

static void what_is_not_permitted_names_the_rule_and_who_could(void **state)
{
	(void)state;
	person_gets(scene.colin, 5, "action", "set", "A1", "progress=50");
	assert_says(scene.colin->err, "rule: action.edit");
	assert_says(scene.colin->err, "the body that owns it");
	person_gets(scene.colin, 5, "can", "edit", "A1");
	assert_says(scene.colin->out, "no");
	person_gets(scene.ann, 0, "journal", "list", "--json");
	assert_says(scene.ann->out, "\"refusal\"");
}

static void what_a_rule_refuses_says_what_the_rule_wants(void **state)
{
	(void)state;
	person_gets(scene.paul, 7, "action", "set", SHARED, "status=off-track", "status_reason=");
	assert_says(scene.paul->err, "rule: action.status-reason");
	assert_says(scene.paul->err, "why, and what is being done about it");
	person_gets(scene.paul, 7, "action", "set", SHARED, "due=2015-03-31");
	assert_says(scene.paul->err, "--reason");
	person_gets(scene.paul, 0, "action", "set", SHARED, "due=2015-03-31", "--reason",
		    "the lamps are late");
}

static void nobody_approves_what_they_made(void **state)
{
	(void)state;
	person_gets(scene.paul, 5, "action", "close", SHARED);
	assert_says(scene.paul->err, "second-person");
}

static const struct refused {
	const char *name;
	const char *words[6];
	int exit_code;
	const char *says;
} refusals[] = {
	{"a reference must point to a record that is there",
	 {"action", "set", SHARED, "priority=P99"},
	 2,
	 "there is no P99"},
	{"a reference must point to a record of the right kind",
	 {"action", "set", SHARED, "priority=O1"},
	 2,
	 "priority"},
	{"a base must be a revision that was there",
	 {"action", "set", SHARED, "progress=1", "--base", "999"},
	 2,
	 "base must be the revision that you saw"},
	{"a field must be there", {"action", "set", SHARED, "progres=1"}, 2, "progress"},
	{"a number must be in its bounds", {"action", "set", SHARED, "progress=101"}, 2, "100"},
	{"a date must be one", {"action", "set", SHARED, "start=2014-02-30"}, 2, "start"},
	{"a choice must be one of those there are", {"action", "set", SHARED, "status=fine"}, 2, "on-track"},
	{"a record that others refer to stays",
	 {"priority", "remove", "P1", "--yes"},
	 7,
	 "other records refer to it"},
	{"what was never made cannot be changed",
	 {"action", "set", "A99", "progress=1"},
	 3,
	 "There is no A99"},
	{"a required field cannot be emptied", {"action", "set", SHARED, "title="}, 2, "title"},
};

static void refuses(void **state)
{
	const struct refused *row = *state;
	char before[16];
	char after[16];

	revision(SHARED, before);
	person_gets(scene.paul, row->exit_code, row->words[0], row->words[1], row->words[2], row->words[3],
		    row->words[4], row->words[5]);
	assert_says(scene.paul->err, row->says);
	assert_string_equal(revision(SHARED, after), before);
}

/* ---- a server that is killed ---- */

static void a_request_repeated_after_a_crash_gets_the_first_answer(void **state)
{
	struct raw_peer *paul = raw_connect_as(scene.paul);
	struct changes good;
	struct changes bad;
	int64_t entry = 0;
	const struct raw_reply *reply = NULL;

	(void)state;
	changes_begin(&good);
	changes_create(&good, "milestone", "title=Lamps ordered|action=" SHARED "|due=2014-06-30|owner=B3");
	changes_begin(&bad);
	changes_create(&bad, "milestone", "title=Lamps ordered|action=A99|due=2014-06-30|owner=B3");
	changes_send(&good, paul, 1);
	changes_send(&bad, paul, 2);
	entry = codec_get_int(raw_reply(paul, 1)->result, "entry", -1);
	assert_true(entry > 0);
	assert_int_not_equal(raw_reply(paul, 2)->status, STATUS_OK);
	raw_close(paul);
	installation_kill(scene.it);
	installation_start(scene.it);
	paul = raw_connect_as(scene.paul);
	changes_send(&good, paul, 1);
	changes_send(&bad, paul, 2);
	reply = raw_reply(paul, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_OK);
	assert_int_equal(codec_get_int(reply->result, "entry", -1), entry);
	reply = raw_reply(paul, 2);
	assert_non_null(reply);
	assert_says(reply->error.message, "A99");
	raw_close(paul);
	changes_release(&good);
	changes_release(&bad);
	person_gets(scene.paul, 0, "milestone", "list", "--plain");
	assert_null(strstr(strstr(scene.paul->out, "Lamps ordered") + 1, "Lamps ordered"));
}

static void a_request_whose_answer_was_lost_happens_once(void **state)
{
	struct raw_peer *paul = raw_connect_as(scene.paul);
	struct changes changes;
	long from = installation_log_end(scene.it);

	(void)state;
	changes_begin(&changes);
	changes_create(&changes, "milestone", "title=Lamps hung|action=" SHARED "|due=2014-06-30|owner=B3");
	changes_send(&changes, paul, 1);
	installation_until_logged(scene.it, from, "method=change");
	raw_close(paul); /* without reading the answer */
	installation_kill(scene.it);
	installation_start(scene.it);
	paul = raw_connect_as(scene.paul);
	changes_send(&changes, paul, 1);
	assert_int_equal(raw_reply(paul, 1)->status, STATUS_OK);
	raw_close(paul);
	changes_release(&changes);
	person_gets(scene.paul, 0, "milestone", "list", "--plain");
	assert_null(strstr(strstr(scene.paul->out, "Lamps hung") + 1, "Lamps hung"));
}

static void a_request_id_cannot_be_used_for_another_change(void **state)
{
	struct raw_peer *paul = raw_connect_as(scene.paul);
	struct changes first;
	struct changes second;
	const struct raw_reply *reply = NULL;

	(void)state;
	changes_begin(&first);
	changes_create(&first, "milestone", "title=Lamps lit|action=" SHARED "|due=2014-06-30|owner=B3");
	changes_begin(&second);
	changes_create(&second, "milestone", "title=Lamps sold|action=" SHARED "|due=2014-06-30|owner=B3");
	memcpy(second.request, first.request, sizeof(second.request));
	changes_send(&first, paul, 1);
	assert_int_equal(raw_reply(paul, 1)->status, STATUS_OK);
	changes_send(&second, paul, 2);
	reply = raw_reply(paul, 2);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, "used before");
	changes_release(&first);
	changes_release(&second);
	raw_close(paul);
}

/* ---- many at once ---- */

/* What each writer was told of each of its edits: the id that it was given; "" for no answer. */
static char acknowledged[WRITERS][EDITS][24];

static void title_of(size_t writer, size_t edit, char out[32])
{
	snprintf(out, 32, "writer %zu edit %zu", writer, edit);
}

static void send_edits(struct raw_peer *peer, size_t writer)
{
	for (size_t edit = 0; edit < EDITS; edit++) {
		struct changes changes;
		char fields[200];
		char title[32];

		title_of(writer, edit, title);
		snprintf(fields, sizeof(fields), "title=%s|action=" SHARED "|due=2014-06-30|owner=B3", title);
		changes_begin(&changes);
		changes_create(&changes, "milestone", fields);
		changes_send(&changes, peer, (uint32_t)edit + 1);
		changes_release(&changes);
	}
}

static size_t note_answer(size_t writer, const struct raw_reply *reply)
{
	const msgpack_object *changes = codec_get(reply->result, "changes");
	struct span id = codec_get_text(&changes->via.array.ptr[0], "id");

	assert_int_equal(reply->status, STATUS_OK);
	snprintf(acknowledged[writer][reply->id - 1], sizeof(acknowledged[0][0]), "%.*s", (int)id.length,
		 (const char *)id.data);
	return 1;
}

/* The title of a record in the answer of a list; empty when it is not there. */
static struct span listed_title(const msgpack_object *records, const char *id)
{
	for (size_t i = 0; i < codec_count(records); i++) {
		const msgpack_object *record = &records->via.array.ptr[i];

		if (codec_text_is(codec_get(record, "id"), id)) {
			return codec_get_text(codec_get(record, "fields"), "title");
		}
	}
	return (struct span){(const uint8_t *)"", 0};
}

static void check_acknowledged(void)
{
	struct raw_peer *paul = raw_connect_as(scene.paul);
	const struct raw_reply *reply = NULL;
	struct buffer params;

	buffer_init(&params, 1000);
	codec_put_map(&params, 1);
	codec_pair_text(&params, "kind", "milestone");
	raw_ask_with(paul, 1, "list", &params);
	buffer_release(&params);
	reply = raw_reply(paul, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_OK);
	for (size_t writer = 0; writer < WRITERS; writer++) {
		for (size_t edit = 0; edit < EDITS; edit++) {
			struct span found;
			char title[32];

			if (acknowledged[writer][edit][0] == '\0') {
				continue;
			}
			title_of(writer, edit, title);
			found = listed_title(codec_get(reply->result, "records"), acknowledged[writer][edit]);
			if (found.length != strlen(title) || memcmp(found.data, title, found.length) != 0) {
				fail_msg("%s was acknowledged as %s and is gone", title,
					 acknowledged[writer][edit]);
			}
		}
	}
	raw_close(paul);
}

static void what_was_acknowledged_is_there_after_a_crash(void **state)
{
	struct raw_peer *peers[WRITERS];
	size_t count = 0;

	(void)state;
	for (size_t writer = 0; writer < WRITERS; writer++) {
		peers[writer] = raw_connect_as(writer % 2 == 0 ? scene.paul : scene.colin);
	}
	for (size_t writer = 0; writer < WRITERS; writer++) {
		send_edits(peers[writer], writer);
	}
	for (uint32_t id = 1; id <= EDITS / 2; id++) {
		for (size_t writer = 0; writer < WRITERS; writer++) {
			const struct raw_reply *reply = raw_reply(peers[writer], id);

			assert_non_null(reply);
			count += note_answer(writer, reply);
		}
	}
	installation_kill(scene.it); /* in the middle of the rest */
	for (size_t writer = 0; writer < WRITERS; writer++) {
		raw_drain(peers[writer]);
		for (size_t i = 0; i < peers[writer]->reply_count; i++) {
			count += note_answer(writer, peers[writer]->replies[i]);
		}
		raw_close(peers[writer]);
	}
	assert_true(count >= WRITERS * EDITS / 2);
	installation_start(scene.it);
	check_acknowledged();
	installation_stop(scene.it);
	installation_gets(scene.it, 0, "check", scene.it->folder);
	installation_start(scene.it);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(changes_of_different_fields_merge_and_are_told),
		cmocka_unit_test(changes_of_the_same_field_collide_and_show_all_three_values),
		cmocka_unit_test(fields_that_only_make_sense_together_collide_together),
		cmocka_unit_test(whoever_wants_the_same_value_has_it),
		cmocka_unit_test(a_change_set_is_applied_whole_or_not_at_all),
		cmocka_unit_test(a_dry_run_changes_nothing),
		cmocka_unit_test(a_watcher_is_told_who_changed_what),
		cmocka_unit_test(what_is_not_permitted_names_the_rule_and_who_could),
		cmocka_unit_test(what_a_rule_refuses_says_what_the_rule_wants),
		cmocka_unit_test(nobody_approves_what_they_made),
		cmocka_unit_test(a_request_repeated_after_a_crash_gets_the_first_answer),
		cmocka_unit_test(a_request_whose_answer_was_lost_happens_once),
		cmocka_unit_test(a_request_id_cannot_be_used_for_another_change),
		cmocka_unit_test(what_was_acknowledged_is_there_after_a_crash),
	};
	struct CMUnitTest tests[COUNT(refusals) + COUNT(others)];

	for (size_t i = 0; i < COUNT(refusals); i++) {
		tests[i] = (struct CMUnitTest){.name = refusals[i].name,
					       .test_func = refuses,
					       .initial_state = (void *)(uintptr_t)&refusals[i]};
	}
	memcpy(tests + COUNT(refusals), others, sizeof(others));
	return cmocka_run_group_tests_name("editing", tests, setup, teardown);
}
