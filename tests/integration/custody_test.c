/* Nobody can alter, cut or exchange what was recorded without being noticed: by the server's own check, and by the
 * clients of people who saw the journal before. Backups are whole, and say so. */
#include "tests/support/partnership.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;
	struct person *colin;
	unsigned copies;
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = partnership_of_two(&scene.ann, &scene.paul, &scene.colin);
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=10", "--reason",
		    "the first patrol went out");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

static void run(const char *program, const char *first, const char *second, const char *third)
{
	const char *const arguments[] = {program, first, second, third, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	struct outcome outcome;

	program_run(arguments, environment, NULL, &outcome);
	assert_int_equal(outcome.exit_code, 0);
	outcome_release(&outcome);
}

/* A copy of the data folder that is served instead from now on; the server is stopped. Answers the one from before. */
static void move_to_copy(char before[96])
{
	char copy[PROGRAM_PATH];
	char name[32];

	installation_stop(scene.it);
	snprintf(name, sizeof(name), "copy-%u", ++scene.copies);
	installation_path(scene.it, name, copy);
	run("/bin/cp", "-a", scene.it->folder, copy);
	snprintf(before, 96, "%s", scene.it->folder);
	snprintf(scene.it->folder, sizeof(scene.it->folder), "%s", copy);
}

static void move_back(const char *folder)
{
	if (scene.it->server != 0) {
		installation_stop(scene.it);
	}
	snprintf(scene.it->folder, sizeof(scene.it->folder), "%s", folder);
	installation_start(scene.it);
}

/* ---- when all is well ---- */

static void a_person_can_check_the_journal(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "journal", "check", "--all");
	assert_says(scene.paul->out, "The journal checks out");
	assert_says(scene.paul->out, "nothing was cut or rewritten");
	person_gets(scene.colin, 0, "journal", "check", "--all", "--json");
	assert_says(scene.colin->out, "\"good\": true");
}

static void the_head_is_signed_by_the_key_that_was_printed_at_the_beginning(void **state)
{
	char path[PROGRAM_PATH];
	char *key = NULL;

	(void)state;
	key = file_text(person_file(scene.paul, "journal.pub", path));
	assert_says(key, scene.it->key);
	free(key);
	person_gets(scene.paul, 0, "journal", "head");
	assert_says(scene.paul->out, "localhost/test-partnership-");
	assert_says(scene.paul->out, "\u2014 localhost/test-partnership-");
}

static void a_running_server_can_be_checked(void **state)
{
	(void)state;
	installation_gets(scene.it, 0, "check", scene.it->folder);
	assert_says(scene.it->last.out, "a server is using it");
	assert_says(scene.it->last.out, "Result:   good");
	installation_gets(scene.it, 0, "check", scene.it->folder, "--quick");
}

static void a_backup_of_a_running_server_is_whole(void **state)
{
	char backup[PROGRAM_PATH];
	struct stat about;

	(void)state;
	installation_path(scene.it, "backup-of-running", backup);
	installation_gets(scene.it, 0, "backup", scene.it->folder, backup);
	assert_says(scene.it->last.out, "Result:   good");
	assert_says(scene.it->last.out, "localhost/test-partnership-"); /* the head */
	installation_gets(scene.it, 0, "check", backup);
	assert_int_equal(stat(backup, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);
	person_gets(scene.paul, 0, "whoami");
}

/* Paul moves a figure, Colin adds actions, until they are killed; nobody looks at what they print. */
static void write_without_end(struct person *person)
{
	for (int i = 0;; i++) {
		char field[40];
		int code;

		if (person == scene.paul) {
			(void)snprintf(field, sizeof(field), "progress=%d", i % 100);
			code = person_runs(person, "action", "set", "A1", field, NULL);
		} else {
			(void)snprintf(field, sizeof(field), "title=Busy %d", i);
			code = person_runs(person, "action", "add", field, "priority=P1", "status=on-track",
					   "owner=B3", NULL);
		}
		if (code != 0) {
			_exit(1);
		}
	}
}

static pid_t start_writing(struct person *person)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		write_without_end(person);
	}
	return pid;
}

/* The number of entries that a backup or a check printed. */
static long entries_told(const char *text)
{
	const char *at = strstr(text, " entries");

	assert_non_null(at);
	while (at > text && at[-1] >= '0' && at[-1] <= '9') {
		at--;
	}
	return strtol(at, NULL, 10);
}

static void a_backup_made_while_people_write_is_whole_and_can_be_restored(void **state)
{
	struct person *writers[] = {scene.paul, scene.colin};
	pid_t pids[2];
	char backup[PROGRAM_PATH];
	char restored[PROGRAM_PATH];
	long told[4] = {0};
	long from = installation_log_end(scene.it);

	(void)state;
	for (int i = 0; i < 2; i++) {
		pids[i] = start_writing(writers[i]);
	}
	for (int i = 0; i < 4; i++) {
		char name[32];

		installation_until_logged(scene.it, from, "method=change status=ok"); /* since the last one */
		snprintf(name, sizeof(name), "busy-%d", i);
		installation_path(scene.it, name, backup);
		installation_gets(scene.it, 0, "backup", scene.it->folder, backup);
		assert_says(scene.it->last.out, "Result:   good");
		from = installation_log_end(scene.it);
		told[i] = entries_told(scene.it->last.out);
		assert_true(i == 0 || told[i] >= told[i - 1]);
		for (int j = 0; j < 2; j++) { /* they go on meanwhile */
			assert_int_equal(waitpid(pids[j], NULL, WNOHANG), 0);
		}
	}
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	assert_true(told[3] > told[0]);
	installation_path(scene.it, "busy-restored", restored);
	installation_gets(scene.it, 0, "restore", backup, restored);
	assert_int_equal(entries_told(scene.it->last.out), told[3]);
	installation_gets(scene.it, 0, "check", restored);
	assert_says(scene.it->last.out, "Result:   good");
	assert_int_equal(entries_told(scene.it->last.out), told[3]);
	person_gets(scene.paul, 0, "journal", "check", "--all");
}

static void a_backup_overwrites_nothing(void **state)
{
	char backup[PROGRAM_PATH];

	(void)state;
	installation_path(scene.it, "backup-twice", backup);
	installation_gets(scene.it, 0, "backup", scene.it->folder, backup);
	installation_gets(scene.it, 7, "backup", scene.it->folder, backup);
	assert_says(scene.it->last.err, "is not empty");
	installation_gets(scene.it, 7, "restore", backup, scene.it->folder);
	assert_says(scene.it->last.err, "is not empty");
	installation_gets(scene.it, 0, "check", backup);
	installation_gets(scene.it, 3, "restore", "/no/such/backup", backup);
}

/* ---- an old backup is served as if nothing had been ---- */

static void a_server_that_forgets_is_caught_by_whoever_remembers(void **state)
{
	char backup[PROGRAM_PATH];
	char restored[PROGRAM_PATH];
	char before[96];

	(void)state;
	person_gets(scene.colin, 0, "whoami");
	installation_path(scene.it, "yesterday", backup);
	installation_path(scene.it, "restored", restored);
	installation_gets(scene.it, 0, "backup", scene.it->folder, backup);
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=20");
	person_gets(scene.paul, 0, "whoami"); /* has seen today's head */
	installation_stop(scene.it);
	installation_gets(scene.it, 0, "restore", backup, restored);
	assert_says(scene.it->last.out, "Compare the heads above");
	assert_says(scene.it->last.out, "localhost/test-partnership-");
	snprintf(before, sizeof(before), "%s", scene.it->folder);
	snprintf(scene.it->folder, sizeof(scene.it->folder), "%s", restored);
	installation_start(scene.it);

	person_gets(scene.paul, 9, "whoami");
	assert_says(scene.paul->err, "history was cut off, or an old backup is being served");
	assert_says(scene.paul->err, "tell the partnership's scrutiny committee");
	person_gets(scene.paul, 9, "action", "set", "A1", "progress=30");
	person_gets(scene.colin, 0, "whoami"); /* who was away since the backup has nothing to object to */

	for (int i = 0; i < 4; i++) { /* the journal grows past what was seen, by other entries */
		char field[32];

		snprintf(field, sizeof(field), "title=Another %d", i);
		person_gets(scene.colin, 0, "action", "add", field, "priority=P1", "status=on-track",
			    "owner=B3");
	}
	person_gets(scene.paul, 9, "whoami");
	assert_says(scene.paul->err, "history was rewritten");
	move_back(before);
	person_gets(scene.paul, 0, "whoami");
}

/* ---- a byte is altered while nobody looks ---- */

static const struct altered {
	const char *name;
	const char *sql;
} alterations[] = {
	{"a byte of an entry",
	 "UPDATE leaf SET leaf = CAST(substr(leaf, 1, 20) || CASE substr(leaf, 21, 1) WHEN x'00' THEN x'01' "
	 "ELSE x'00' END || substr(leaf, 22) AS BLOB) WHERE number = 5"},
	{"the time of an entry", "UPDATE leaf SET at = at + 1 WHERE number = 6"},
	{"who made an entry",
	 "UPDATE leaf SET by_name = 'Somebody Else' WHERE by_name IS NOT NULL AND number > 6"},
	{"the reason of an entry",
	 "UPDATE leaf SET reason = 'another' WHERE reason LIKE 'the first patrol%'"},
	{"an entry that is gone", "DELETE FROM leaf WHERE number = 5"},
	{"the last entry that is gone", "DELETE FROM leaf WHERE number = (SELECT max(number) FROM leaf)"},
	{"a value of a record as it is",
	 "UPDATE record SET body = (SELECT body FROM version WHERE kind = 'action'"
	 " AND number = 1 AND revision = 1) WHERE kind = 'action' AND number = 1"},
	{"a version that is gone", "DELETE FROM version WHERE kind = 'action' AND revision = 1"},
	{"a hash of the tree", "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND place = 0"},
	{"the signed head",
	 "UPDATE head SET note = substr(note, 1, length(note) - 4) || CASE substr(note, length(note) - 3, 1) "
	 "WHEN 'x' THEN 'y' ELSE 'x' END || substr(note, length(note) - 2)"},
	{"the size of the head", "UPDATE head SET size = size - 1"},
};

static void the_check_finds(void **state)
{
	const struct altered *row = *state;
	char before[96];

	move_to_copy(before);
	installation_sql(scene.it, row->sql);
	installation_saferd(scene.it, "check", scene.it->folder, NULL);
	move_back(before);
	assert_int_equal(scene.it->last.exit_code, 9);
	assert_says(scene.it->last.out, "PROBLEM: ");
	assert_says(scene.it->last.out, "Result:   NOT GOOD");
}

static void a_person_finds_an_altered_entry(void **state)
{
	char before[96];

	(void)state;
	move_to_copy(before);
	installation_sql(scene.it, alterations[0].sql);
	installation_start(scene.it);
	person_runs(scene.paul, "journal", "check", "--all", NULL);
	move_back(before);
	assert_int_equal(scene.paul->exit_code, 9);
	assert_says(scene.paul->err, "journal entry 5");
}

/* The bytes of the store are exchanged for another value of the same length; the salts and the leaf stay. */
static void a_person_finds_an_altered_value(void **state)
{
	char before[96];

	(void)state;
	move_to_copy(before);
	installation_sql(
		scene.it,
		"UPDATE version SET body = CAST(replace(CAST(body AS TEXT), 'Patrols', 'Parties') AS BLOB)"
		" WHERE kind = 'action' AND number = 1 AND revision = 1");
	installation_start(scene.it);
	person_runs(scene.paul, "journal", "check", "--all", NULL);
	move_back(before);
	assert_int_equal(scene.paul->exit_code, 9);
	assert_says(scene.paul->err, "is not the one that was recorded");
}

static void a_damaged_file_is_noticed_when_the_server_starts(void **state)
{
	char before[96];
	char path[PROGRAM_PATH];
	FILE *file = NULL;

	(void)state;
	move_to_copy(before);
	snprintf(path, sizeof(path), "%s/safer.db", scene.it->folder);
	file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fputs("This is not a database any more.", file) >= 0, 1);
	fclose(file);
	installation_saferd(scene.it, "run", scene.it->folder, NULL);
	assert_int_not_equal(scene.it->last.exit_code, 0);
	assert_says(scene.it->last.err, "is not a database");
	installation_saferd(scene.it, "check", scene.it->folder, NULL);
	assert_int_not_equal(scene.it->last.exit_code, 0);
	move_back(before);
}

/* ---- what a device has pinned ---- */

static void a_pinned_head_that_was_changed_is_not_believed(void **state)
{
	char path[PROGRAM_PATH];
	char *head = NULL;
	char *changed = NULL;

	(void)state;
	person_gets(scene.paul, 0, "whoami");
	snprintf(path, sizeof(path), "%s/.local/state/safer/default/head", scene.paul->home);
	head = file_text(path);
	changed = strdup(head);
	assert_non_null(changed);
	*strchr(changed, '\n') = 'x';
	file_make(path, changed);
	person_runs(scene.paul, "whoami", NULL);
	file_make(path, head);
	free(head);
	free(changed);
	assert_int_equal(scene.paul->exit_code, 9);
	assert_says(scene.paul->err, "the pinned head in");
	person_gets(scene.paul, 0, "whoami");
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	static char names[COUNT(alterations)][80];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_person_can_check_the_journal),
		cmocka_unit_test(the_head_is_signed_by_the_key_that_was_printed_at_the_beginning),
		cmocka_unit_test(a_running_server_can_be_checked),
		cmocka_unit_test(a_backup_of_a_running_server_is_whole),
		cmocka_unit_test(a_backup_made_while_people_write_is_whole_and_can_be_restored),
		cmocka_unit_test(a_backup_overwrites_nothing),
		cmocka_unit_test(a_server_that_forgets_is_caught_by_whoever_remembers),
		cmocka_unit_test(a_person_finds_an_altered_entry),
		cmocka_unit_test(a_person_finds_an_altered_value),
		cmocka_unit_test(a_damaged_file_is_noticed_when_the_server_starts),
		cmocka_unit_test(a_pinned_head_that_was_changed_is_not_believed),
	};
	struct CMUnitTest tests[COUNT(alterations) + COUNT(others)];

	for (size_t i = 0; i < COUNT(alterations); i++) {
		snprintf(names[i], sizeof(names[i]), "the check finds %s", alterations[i].name);
		tests[i] = (struct CMUnitTest){.name = names[i],
					       .test_func = the_check_finds,
					       .initial_state = (void *)(uintptr_t)&alterations[i]};
	}
	memcpy(tests + COUNT(alterations), others, sizeof(others));
	return cmocka_run_group_tests_name("custody", tests, setup, teardown);
}
