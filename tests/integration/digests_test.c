/* The daily digests of a real server, with a mail program that a test wrote: sent once a day, also over restarts; tried again
 * when it fails; and a program that hangs holds nobody up. The days are those of a partnership for training, and are moved
 * on behind the server's back. */
#include "tests/support/partnership.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;
	char post[PROGRAM_PATH]; /* the folder that mail arrives in */
} scene;

/* ---- the mail program ---- */

/* A script whose $1 is the address. It has no environment that it could find the folder by. */
static void mail_program(const char *what)
{
	char path[PROGRAM_PATH];
	char text[2 * PROGRAM_PATH];

	installation_path(scene.it, "send", path);
	snprintf(text, sizeof(text), "#!/bin/sh\npost=%s\n%s\n", scene.post, what);
	file_make(path, text);
	assert_int_equal(chmod(path, 0700), 0);
}

#define PATIENCE "60" /* seconds: long enough for a script on a busy machine */
#define TAKES    "cat > $post/$(date +%s%N).$1"

static size_t letters(void)
{
	DIR *folder = opendir(scene.post);
	size_t count = 0;

	assert_non_null(folder);
	for (const struct dirent *file; (file = readdir(folder)) != NULL;) {
		count += file->d_name[0] != '.' ? 1 : 0;
	}
	closedir(folder);
	return count;
}

/* The text of any letter. */
static char *letter(void)
{
	DIR *folder = opendir(scene.post);
	char *text = NULL;

	assert_non_null(folder);
	for (const struct dirent *file; text == NULL && (file = readdir(folder)) != NULL;) {
		char path[2 * PROGRAM_PATH];

		if (file->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", scene.post, file->d_name);
			text = file_text(path);
		}
	}
	closedir(folder);
	assert_non_null(text);
	return text;
}

/* ---- days ---- */

static void restart(void)
{
	installation_stop(scene.it);
	installation_start(scene.it);
}

/* The server's next start is on the next day. */
static void next_day(void)
{
	installation_stop(scene.it);
	installation_sql(scene.it,
			 "UPDATE fact SET value = CAST(CAST(value AS INTEGER) + 86400000000 AS TEXT) "
			 "WHERE name = 'training_offset'");
}

static int setup(void **state)
{
	char program[PROGRAM_PATH];
	char command[PROGRAM_PATH + 10];

	(void)state;
	scene.it = installation_open("--training", "2014-07-01", NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	person_gets(scene.ann, 0, "person", "set", "PE3", "email=paul@police.example");
	installation_path(scene.it, "post", scene.post);
	assert_int_equal(mkdir(scene.post, 0700), 0);
	snprintf(command, sizeof(command), "%s {to}", installation_path(scene.it, "send", program));
	installation_set(scene.it, "digest_command", command);
	installation_set(scene.it, "digest_from", "safer@example.org");
	installation_set(scene.it, "digest_time", "00:00");
	installation_set(scene.it, "digest_seconds", PATIENCE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

/* ---- tests; each begins a day of its own ---- */

static void a_digest_is_sent_once_a_day(void **state)
{
	long from = installation_log_end(scene.it);
	char *text = NULL;

	(void)state;
	mail_program(TAKES);
	installation_reload(scene.it);
	installation_until_logged(scene.it, from, "event=digests sent=1 failed=0");
	assert_int_equal(letters(), 1);
	text = letter();
	assert_says(text, "To: paul@police.example\n");
	assert_says(text, "The partnership plan of 2014/15");
	free(text);
	from = installation_log_end(scene.it);
	restart();
	installation_until_logged(scene.it, from, "event=digests sent=0 failed=0");
	assert_int_equal(letters(), 1);
	next_day();
	from = installation_log_end(scene.it);
	installation_start(scene.it);
	installation_until_logged(scene.it, from, "event=digests sent=1 failed=0");
	assert_int_equal(letters(), 2);
}

static void what_failed_is_tried_again_and_not_for_ever(void **state)
{
	static const char *const rounds[] = {"exit status 75", "exit status 75", "exit status 75"};
	long from = 0;

	(void)state;
	mail_program("exit 75");
	next_day();
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		char said[60];

		from = installation_log_end(scene.it);
		installation_start(scene.it);
		installation_until_logged(scene.it, from, "event=digests sent=0 failed=1");
		assert_true(installation_logged(scene.it, from, rounds[i]));
		snprintf(said, sizeof(said), "try=%zu", i + 1);
		assert_true(installation_logged(scene.it, from, said));
		installation_stop(scene.it);
	}
	from = installation_log_end(scene.it);
	installation_start(scene.it);
	installation_until_logged(scene.it, from, "event=digests sent=0 failed=0");
}

static void a_program_that_hangs_is_killed_and_holds_nobody_up(void **state)
{
	long from = 0;

	(void)state;
	mail_program("sleep 600");
	next_day();
	installation_set(scene.it, "digest_seconds", "1");
	from = installation_log_end(scene.it);
	installation_start(scene.it);
	person_gets(scene.paul, 0, "inbox");
	assert_says(scene.paul->out, "The partnership plan of 2014/15");
	installation_until_logged(scene.it, from, "the mail program took too long and was killed");
	installation_until_logged(scene.it, from, "event=digests sent=0 failed=1");
	installation_set(scene.it, "digest_seconds", PATIENCE);
}

static void what_the_server_does_not_know_the_end_of_is_not_sent_twice(void **state)
{
	size_t before = letters();
	long from = 0;

	(void)state;
	mail_program(TAKES "; sleep 600");
	next_day();
	installation_set(scene.it, "digest_seconds", "600");
	installation_start(scene.it);
	for (int tries = 0; letters() == before; tries++) {
		assert_true(tries < PROGRAM_SECONDS * 10);
		person_gets(scene.paul, 0, "whoami");
	}
	installation_kill(scene.it);
	from = installation_log_end(scene.it);
	installation_start(scene.it);
	installation_until_logged(scene.it, from, "event=digests sent=0 failed=0");
	assert_int_equal(letters(), before + 1);
	installation_set(scene.it, "digest_seconds", PATIENCE);
}

static void without_a_command_there_are_none(void **state)
{
	size_t before = letters();
	long from = 0;

	(void)state;
	mail_program(TAKES);
	next_day();
	installation_set(scene.it, "digest_command", "");
	from = installation_log_end(scene.it);
	installation_start(scene.it);
	person_gets(scene.paul, 0, "whoami");
	restart();
	assert_false(installation_logged(scene.it, from, "event=digests"));
	assert_int_equal(letters(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_digest_is_sent_once_a_day),
		cmocka_unit_test(what_failed_is_tried_again_and_not_for_ever),
		cmocka_unit_test(a_program_that_hangs_is_killed_and_holds_nobody_up),
		cmocka_unit_test(what_the_server_does_not_know_the_end_of_is_not_sent_twice),
		cmocka_unit_test(without_a_command_there_are_none),
	};

	return cmocka_run_group_tests_name("digests", tests, setup, teardown);
}
