/* Data folders that former programs left, in tests/fixtures: today's saferd opens each, and nothing in it is lost. And
 * the machinery is tried with a saferd of tomorrow, which has two more steps (tomorrow.h; this program has them too): it
 * keeps the old store, the journal and its head, today's saferd refuses what it
 * left, and it may be killed at any moment of its migration. */
#include "server/store/sql.h"
#include "tests/support/installation.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FORMER   1 /* the format of the fixture that most tests take */
#define TODAY    2 /* the one that today's programs write */
#define TOMORROW 4

static struct {
	char root[64];
	char folder[128]; /* the copy of a fixture */
	char store[160];
	char head[1024]; /* of its journal, before anybody touched it */
	struct outcome last;
} scene;

static const char *const environment[] = {
	"PATH=/usr/bin:/bin", "ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:verify_asan_link_order=0", NULL};

static int runs(const char *program, const char *first, const char *second, const char *third)
{
	const char *const arguments[] = {program, first, second, third, NULL};

	outcome_release(&scene.last);
	program_run(arguments, environment, NULL, &scene.last);
	return scene.last.exit_code;
}

static int saferd(const char *name, const char *command, const char *argument)
{
	char path[PROGRAM_PATH];

	program_path(name, path);
	return runs(path, command, scene.folder, argument);
}

static void run_well(const char *program, const char *first, const char *second, const char *third)
{
	if (runs(program, first, second, third) != 0) {
		fail_msg("%s: %s%s", program, scene.last.out, scene.last.err);
	}
}

/* ---- what a store says, past all code of ours ---- */

static int64_t number_in(const char *path, const char *text)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *prepared = NULL;
	int64_t answer = -1;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, text, -1, &prepared, NULL) == SQLITE_OK &&
	    sqlite3_step(prepared) == SQLITE_ROW) {
		answer = sqlite3_column_int64(prepared, 0);
	}
	sqlite3_finalize(prepared);
	sqlite3_close(db);
	return answer;
}

static void head_in(const char *path, char out[1024])
{
	sqlite3 *db = NULL;
	sqlite3_stmt *prepared = NULL;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT note FROM head", -1, &prepared, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(prepared), SQLITE_ROW);
	snprintf(out, 1024, "%s", (const char *)sqlite3_column_text(prepared, 0));
	sqlite3_finalize(prepared);
	sqlite3_close(db);
}

/* ---- a copy of a fixture ---- */

/* Git keeps no modes: a checkout may leave keys that everybody can read, which saferd refuses. */
static void close_to_others(const char *folder)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;

	assert_non_null(listing);
	assert_int_equal(chmod(folder, 0700), 0);
	while ((entry = readdir(listing)) != NULL) {
		char path[PROGRAM_PATH];

		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			assert_int_equal(chmod(path, 0600), 0);
		}
	}
	closedir(listing);
}

static void take(const char *fixture)
{
	char from[PROGRAM_PATH];

	snprintf(from, sizeof(from), "%s/%s", SAFER_FIXTURES, fixture);
	run_well("/bin/rm", "-rf", scene.folder, NULL);
	run_well("/bin/cp", "-r", from, scene.folder);
	close_to_others(scene.folder);
	head_in(scene.store, scene.head);
}

static int setup(void **state)
{
	(void)state;
	snprintf(scene.root, sizeof(scene.root), "/tmp/safer-migration-XXXXXX");
	assert_non_null(mkdtemp(scene.root));
	snprintf(scene.folder, sizeof(scene.folder), "%s/data", scene.root);
	snprintf(scene.store, sizeof(scene.store), "%s/safer.db", scene.folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run_well("/bin/rm", "-rf", scene.root, NULL);
	outcome_release(&scene.last);
	return 0;
}

static void serve_once(const char *name)
{
	char path[PROGRAM_PATH];
	const char *const arguments[] = {path, "run", scene.folder, NULL};
	struct running server;

	program_path(name, path);
	running_start(&server, arguments, environment);
	running_until(&server, "listening on");
	assert_int_equal(running_end(&server, SIGTERM), 0);
}

static void assert_checks_out(const char *name)
{
	if (saferd(name, "check", NULL) != 0) {
		fail_msg("%s%s", scene.last.out, scene.last.err);
	}
	assert_says(scene.last.out, "10 entries");
	assert_says(scene.last.out, "9 versions");
	assert_says(scene.last.out, "Result:   good");
}

/* A start is an entry of its own only where the journal says so; what was there before is there, under the same head. */
static void assert_nothing_is_lost(void)
{
	char head[1024];

	head_in(scene.store, head);
	assert_string_equal(head, scene.head);
}

/* ---- former formats ---- */

static void todays_saferd_opens_the_folder_of_a_former_one(void **state)
{
	char path[PROGRAM_PATH];

	take(*state);
	serve_once("saferd");
	assert_checks_out("saferd");
	assert_nothing_is_lost();
	assert_int_equal(number_in(scene.store, "PRAGMA user_version"), TODAY);
	/* It can still be written to. The fixtures take any port, but an invitation names one. */
	snprintf(path, sizeof(path), "%s/saferd.conf", scene.folder);
	run_well("/bin/sed", "-i", "s/^port = 0/port = 7443/", path);
	assert_int_equal(saferd("saferd", "invite", "PE1"), 0);
	assert_int_equal(saferd("saferd", "check", NULL), 0);
	assert_says(scene.last.out, "Result:   good");
}

/* ---- tomorrow's ---- */

static void keeps_the_store_as_it_was(void)
{
	char copy[PROGRAM_PATH];
	char head[1024];

	snprintf(copy, sizeof(copy), "%s.schema-%d", scene.store, FORMER);
	assert_int_equal(number_in(copy, "PRAGMA user_version"), FORMER);
	assert_int_equal(number_in(copy, "SELECT count(*) FROM version"), 9);
	head_in(copy, head);
	assert_string_equal(head, scene.head);
	snprintf(copy, sizeof(copy), "%s.schema-%d.new", scene.store, FORMER);
	assert_int_not_equal(access(copy, F_OK), 0);
}

static void assert_migrated(void)
{
	assert_int_equal(number_in(scene.store, "PRAGMA user_version"), TOMORROW);
	assert_int_equal(number_in(scene.store, "SELECT count(*) FROM tomorrow WHERE colour = 'blue'"), 9);
	assert_checks_out("saferd_tomorrow");
	assert_nothing_is_lost();
	keeps_the_store_as_it_was();
}

static void a_server_that_starts_migrates(void **state)
{
	(void)state;
	take("store-1");
	serve_once("saferd_tomorrow");
	assert_migrated();
	serve_once("saferd_tomorrow"); /* once and for all */
	assert_migrated();
}

static void what_only_reads_leaves_an_older_store_alone(void **state)
{
	(void)state;
	take("store-1");
	assert_int_equal(saferd("saferd_tomorrow", "check", NULL), 7);
	assert_says(scene.last.err, "has the older schema 1; the writer has to open it first");
	assert_int_equal(number_in(scene.store, "PRAGMA user_version"), FORMER);
}

static void an_older_server_refuses_a_newer_store(void **state)
{
	static const char *const commands[] = {"run", "check"};

	(void)state;
	take("store-1");
	serve_once("saferd_tomorrow");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(saferd("saferd", commands[i], NULL), 7);
		assert_says(scene.last.err, "has schema 4, this program knows up to 2");
		assert_says(scene.last.err, "Start the newer saferd that wrote it.");
	}
	assert_migrated(); /* and did nothing to it */
}

/* The way back: the copy takes the place of what was made of it. */
static void the_kept_store_can_be_served_again(void **state)
{
	char copy[PROGRAM_PATH];

	(void)state;
	take("store-1");
	serve_once("saferd_tomorrow");
	snprintf(copy, sizeof(copy), "%s.schema-%d", scene.store, FORMER);
	assert_int_equal(rename(copy, scene.store), 0);
	serve_once("saferd");
	assert_checks_out("saferd");
	assert_nothing_is_lost();
}

/* ---- killed in the middle ---- */

static int steps_left;

static int count_down(void *payload)
{
	(void)payload;
	if (--steps_left < 0) {
		raise(SIGKILL);
	}
	return 0;
}

/* Every connection that is opened from now on counts what SQLite does, instruction by instruction. */
static int count_on(sqlite3 *db, const char **message, const struct sqlite3_api_routines *api)
{
	(void)message;
	(void)api;
	sqlite3_progress_handler(db, 1, count_down, NULL);
	return SQLITE_OK;
}

/* Opens the store as a writer, which migrates it, in a process that is killed after so many instructions. False when it
 * came to its end before. */
static bool killed_after(int instructions)
{
	int how = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store = NULL;
		struct error err = ERROR_INIT;

		steps_left = instructions;
		sqlite3_auto_extension((void (*)(void))count_on);
		_exit(store_open(scene.store, STORE_WRITER, &store, &err) == STATUS_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	if (WIFSIGNALED(how)) {
		assert_int_equal(WTERMSIG(how), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(how), 0);
	return false;
}

static void a_migration_that_was_killed_is_taken_up_again(void **state)
{
	int kills = 0;
	bool seen[TOMORROW + 1] = {false};
	bool killed = true;

	(void)state;
	for (int after = 0; killed; after += 1 + after / 12) {
		int64_t version = 0;

		take("store-1");
		killed = killed_after(after);
		kills += killed;
		version = number_in(scene.store, "PRAGMA user_version");
		assert_true(version >= FORMER && version <= TOMORROW);
		seen[version] = true;
		/* A step is there whole, or not at all. */
		assert_int_equal(number_in(scene.store, "SELECT count(*) FROM tomorrow"),
				 version > TODAY ? 9 : -1);
		assert_false(killed_after(1000000000));
		assert_int_equal(number_in(scene.store, "PRAGMA user_version"), TOMORROW);
		assert_int_equal(
			number_in(scene.store, "SELECT count(*) FROM tomorrow WHERE colour = 'blue'"), 9);
		assert_nothing_is_lost();
		if (version == FORMER) {
			keeps_the_store_as_it_was();
		}
	}
	assert_true(kills > 20);
	assert_true(seen[FORMER] && seen[TODAY] && seen[TODAY + 1] && seen[TOMORROW]);
	assert_checks_out("saferd_tomorrow");
}

int main(void)
{
	static char store_1[] = "store-1";
	const struct CMUnitTest tests[] = {
		{.name = "today's saferd opens the folder of a former one: format 1",
		 .test_func = todays_saferd_opens_the_folder_of_a_former_one,
		 .initial_state = store_1},
		cmocka_unit_test(a_server_that_starts_migrates),
		cmocka_unit_test(what_only_reads_leaves_an_older_store_alone),
		cmocka_unit_test(an_older_server_refuses_a_newer_store),
		cmocka_unit_test(the_kept_store_can_be_served_again),
		cmocka_unit_test(a_migration_that_was_killed_is_taken_up_again),
	};

	return cmocka_run_group_tests_name("migration", tests, setup, teardown);
}
