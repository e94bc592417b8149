/* The command line of saferd: what it takes, and what its commands do to a data folder. */
#include "server/command.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/log.h"
#include "server/folder.h"
#include "server/identity/authority.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MOST 16
#define SAID_MOST  65536

static char home[64];        /* holds all folders of a test */
static char said[SAID_MOST]; /* what the last command printed, both streams */
static char out[SAID_MOST];  /* standard output alone */

static void read_into(int fd, char *text)
{
	ssize_t got = pread(fd, text, SAID_MOST - 1, 0);

	assert_true(got >= 0);
	text[got] = '\0';
}

/* Runs "saferd ..." with its arguments; "@" at the beginning of one stands for the home of the test. */
static int saferd(const char *first, ...)
{
	char words[WORDS_MOST][256];
	char *argv[WORDS_MOST + 1] = {words[0]};
	const char *word = first;
	va_list list;
	int argc = 1;
	int streams[2];
	FILE *files[2] = {tmpfile(), tmpfile()};
	int code;

	assert_true(files[0] && files[1]);
	snprintf(words[0], sizeof(words[0]), "saferd");
	va_start(list, first);
	for (; word; word = va_arg(list, const char *)) {
		snprintf(words[argc], sizeof(words[argc]), "%s%s", word[0] == '@' ? home : "",
			 word[0] == '@' ? word + 1 : word);
		argv[argc] = words[argc];
		argc++;
	}
	va_end(list);
	argv[argc] = NULL;
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		streams[i] = dup(i + 1);
		dup2(fileno(files[i]), i + 1);
	}
	code = command_main(argc, argv);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(streams[i], i + 1);
		close(streams[i]);
	}
	read_into(fileno(files[0]), out);
	read_into(fileno(files[1]), said);
	snprintf(said + strlen(said), SAID_MOST - strlen(said), "%s", out);
	fclose(files[0]);
	fclose(files[1]);
	return code;
}

#define assert_said(text)                                                       \
	do {                                                                    \
		if (!strstr(said, text)) {                                      \
			fail_msg("it did not say \"%s\" but:\n%s", text, said); \
		}                                                               \
	} while (0)

static int init(const char *folder)
{
	return saferd("init", folder, "--partnership", "South Area CSP", "--administrator=Ann Example",
		      "--port", "0", NULL);
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry = NULL;

	while (folder && (entry = readdir(folder)) != NULL) {
		char name[512];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) != 0) {
			remove_folder(name);
		}
	}
	if (folder) {
		closedir(folder);
	}
	rmdir(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/command_test_XXXXXX");
	log_set_level(LOG_ERROR);
	return mkdtemp(home) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	clock_set_offset(0);
	schema_release();
	remove_folder(home);
	return 0;
}

static void path_of(const char *rest, char path[256])
{
	snprintf(path, 256, "%s/%s", home, rest);
}

static bool exists(const char *rest)
{
	char path[256];

	path_of(rest, path);
	return access(path, F_OK) == 0;
}

/* ---- the command line ---- */

struct line {
	const char *name;
	const char *words[8];
	int code;
	const char *says;
};

static const struct line lines[] = {
	{"shows its commands when it is given none", {NULL}, 2, "saferd backup"},
	{"shows its commands when asked", {"help"}, 0, "saferd restore"},
	{"shows the help of a command", {"init", "--help"}, 0, "--administrator NAME"},
	{"shows its version", {"version"}, 0, "protocol 1"},
	{"shows its version by the usual option too", {"--version"}, 0, "protocol 1"},
	{"suggests a command", {"rum"}, 2, "did you mean saferd run?"},
	{"names an option that there is not", {"run", "@/x", "--prot", "1"}, 2, "no option --prot"},
	{"names a word too many", {"check", "@/x", "@/y"}, 2, "one argument too many"},
	{"names a word that is missing", {"backup", "@/x"}, 2, "needs TO"},
	{"names an option that is missing", {"init", "@/x"}, 2, "needs --partnership"},
	{"refuses an option twice", {"check", "@/x", "--quick", "--quick"}, 2, "there twice"},
	{"refuses a value for an option that takes none", {"check", "@/x", "--quick=1"}, 2, "takes no value"},
	{"refuses an option without its value", {"invite", "@/x", "PE1", "--hours"}, 2, "needs a value"},
	{"takes what follows two hyphens as it is", {"run", "--", "--no-such-folder"}, 3, "--no-such-folder"},
	{"names a folder that is not there", {"run", "@/x"}, 3, "there is no folder"},
	{"names an id that is none", {"invite", "@/x", "Ann"}, 2, "PE1"},
	{"names an id of another kind", {"invite", "@/x", "A1"}, 2, "PE1"},
};

static void takes_a_line(void **state)
{
	const struct line *line = *state;
	int code = saferd(line->words[0], line->words[1], line->words[2], line->words[3], line->words[4],
			  line->words[5], NULL);

	assert_said(line->says);
	assert_int_equal(code, line->code);
}

struct wrong {
	const char *name;
	const char *option;
	const char *value;
	const char *says;
};

static const struct wrong wrongs[] = {
	{"refuses a port that is no number", "--port", "many", "whole number"},
	{"refuses a port above all ports", "--port", "65536", "whole number"},
	{"refuses a day that is none", "--training", "2014-02-30", "a date such as"},
	{"refuses names that are none", "--names", "two..dots", "two..dots"},
	{"refuses an address that is none", "--listen", "localhost", "an address such as"},
	{"refuses no names at all", "--names", " ", "first name"},
};

static void init_leaves_nothing_behind_when_it_fails(void **state)
{
	const struct wrong *wrong = *state;
	int code = saferd("init", "@/d", "--partnership", "X", "--administrator", "Y", wrong->option,
			  wrong->value, NULL);

	assert_said(wrong->says);
	assert_int_equal(code, 2);
	assert_false(exists("d"));
}

/* ---- a folder's life ---- */

static void init_makes_a_folder_that_only_its_owner_may_enter(void **state)
{
	struct stat about;
	char path[256];
	static const char *const names[] = {SETTINGS_FILE, AUTHORITY_KEY, SERVER_KEY, JOURNAL_KEY,
					    STORE_FILE};

	(void)state;
	umask(0);
	assert_int_equal(init("@/d"), 0);
	path_of("d", path);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0700);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char file[512];

		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		assert_int_equal(stat(file, &about), 0);
		assert_int_equal(about.st_mode & 07777, 0600);
	}
}

static void init_prints_nothing_but_the_invitation_on_standard_output(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(strncmp(out, "SAFER1-", 7), 0);
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
	assert_said("/south-area-csp-");
}

static void init_touches_no_folder_that_holds_something(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(init("@/d"), 7);
	assert_said("is not empty");
	assert_int_equal(saferd("check", "@/d", NULL), 0);
}

static void a_new_folder_checks_out(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(saferd("check", "@/d", NULL), 0);
	assert_said("1 partnerships");
	assert_said("Result:   good");
	assert_int_equal(saferd("check", "@/d", "--quick", NULL), 0);
}

static void a_training_folder_lives_on_its_day(void **state)
{
	struct folder folder;
	struct error err = ERROR_INIT;
	char path[256];

	(void)state;
	assert_int_equal(saferd("init", "@/d", "--partnership", "X", "--administrator", "Y", "--training",
				"2014-06-02", NULL),
			 0);
	assert_said("2014-06-02");
	clock_set_offset(0);
	path_of("d", path);
	assert_int_equal(folder_open(path, FOLDER_READ, &folder, &err), STATUS_OK);
	assert_int_equal(day_of_time(clock_now()), day_from(2014, 6, 2));
	folder_close(&folder);
}

static void a_folder_open_to_others_is_refused(void **state)
{
	char path[256];

	(void)state;
	assert_int_equal(init("@/d"), 0);
	path_of("d", path);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(saferd("check", "@/d", NULL), 7);
	assert_said("chmod 700");
}

static void two_cannot_write_to_one_folder(void **state)
{
	struct folder folder;
	struct error err = ERROR_INIT;
	char path[256];

	(void)state;
	assert_int_equal(init("@/d"), 0);
	path_of("d", path);
	assert_int_equal(folder_open(path, FOLDER_WRITE, &folder, &err), STATUS_OK);
	assert_int_equal(saferd("run", "@/d", NULL), 7);
	assert_said("another saferd is using the folder");
	assert_int_equal(saferd("invite", "@/d", "PE1", NULL), 7);
	assert_said("safer invite");
	assert_int_equal(saferd("check", "@/d", NULL), 0); /* but others may look */
	assert_said("a server is using it");
	assert_int_equal(saferd("backup", "@/d", "@/b", NULL), 0);
	folder_close(&folder);
}

static void the_console_invites(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(saferd("invite", "@/d", "PE1", "--hours", "1", NULL), 0);
	assert_int_equal(strncmp(out, "SAFER1-", 7), 0);
	assert_int_equal(saferd("invite", "@/d", "PE77", NULL), 3);
	assert_int_equal(saferd("check", "@/d", NULL), 0);
	assert_said("3 entries");
}

static void a_backup_can_be_restored(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(saferd("backup", "@/d", "@/b", NULL), 0);
	assert_said("keep it as safe");
	assert_int_equal(saferd("backup", "@/d", "@/b", NULL), 7);
	assert_said("is not empty");
	assert_int_equal(saferd("restore", "@/b", "@/r", NULL), 0);
	assert_said("South Area CSP: 2 entries");
	assert_int_equal(saferd("check", "@/r", NULL), 0);
	assert_int_equal(saferd("invite", "@/r", "PE1", NULL), 0);
}

/* Runs SQL on the store of a folder behind everyone's back. */
static void tamper(const char *file, const char *sql)
{
	char path[256];
	sqlite3 *db = NULL;

	path_of(file, path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void what_was_tampered_with_is_found_and_never_restored(void **state)
{
	(void)state;
	assert_int_equal(init("@/d"), 0);
	assert_int_equal(saferd("backup", "@/d", "@/b", NULL), 0);
	tamper("b/" STORE_FILE, "UPDATE leaf SET at = at + 1 WHERE number = 1");
	assert_int_equal(saferd("check", "@/b", NULL), 9);
	assert_said("PROBLEM");
	assert_said("NOT GOOD");
	assert_int_equal(saferd("restore", "@/b", "@/r", NULL), 9);
	assert_false(exists("r"));
}

static void a_backup_of_half_a_folder_leaves_nothing(void **state)
{
	char path[256];

	(void)state;
	assert_int_equal(init("@/d"), 0);
	path_of("d/" SERVER_CERT, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(saferd("backup", "@/d", "@/b", NULL), 1);
	assert_said(SERVER_CERT);
	assert_false(exists("b"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	struct CMUnitTest rows[sizeof(lines) / sizeof(lines[0]) + sizeof(wrongs) / sizeof(wrongs[0])];
	size_t count = 0;
	const struct CMUnitTest tests[] = {
		TEST(init_makes_a_folder_that_only_its_owner_may_enter),
		TEST(init_prints_nothing_but_the_invitation_on_standard_output),
		TEST(init_touches_no_folder_that_holds_something),
		TEST(a_new_folder_checks_out),
		TEST(a_training_folder_lives_on_its_day),
		TEST(a_folder_open_to_others_is_refused),
		TEST(two_cannot_write_to_one_folder),
		TEST(the_console_invites),
		TEST(a_backup_can_be_restored),
		TEST(what_was_tampered_with_is_found_and_never_restored),
		TEST(a_backup_of_half_a_folder_leaves_nothing),
	};
	int failed;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		rows[count++] =
			(struct CMUnitTest){lines[i].name, takes_a_line, setup, teardown, (void *)&lines[i]};
	}
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		rows[count++] = (struct CMUnitTest){wrongs[i].name, init_leaves_nothing_behind_when_it_fails,
						    setup, teardown, (void *)&wrongs[i]};
	}
	failed = cmocka_run_group_tests_name("saferd: the command line", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("saferd: a folder's life", tests, NULL, NULL);
}
