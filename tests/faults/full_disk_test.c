/* A disk that is really full: a data folder on a file system of eight mebibytes (tmpfs), which the writers fill. Changes are
 * then refused with words that say what to do, reading goes on, and once there is room again so does changing, without
 * a restart. Skipped where nobody may mount. */
#include "tests/faults/crowd.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM         "size=8m"
#define BALLAST      1048576 /* bytes, for a log that has to grow before it can be emptied */
#define EXIT_SKIPPED 77
#define ANSWERS_MOST 20000 /* more than fit */

static struct crowd_base base;

/* The child's own: the mount ends with it. */
static void expect(bool so, const char *what, const char *words)
{
	if (!so) {
		fprintf(stderr, "not so: %s: %s\n", what, words);
		_exit(1);
	}
}

static void copy_all(const char *from, const char *to)
{
	static const char *const files[] = {"saferd.conf", "authority.key", "authority.pem", "journal.key"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		expect(folder_copy(from, to, files[i], &err) == STATUS_OK, files[i], err.message);
	}
	expect(image_put(&base.image, to), "the store is there", to);
}

static void fill(const char *folder, char ballast[300])
{
	FILE *file;
	static char block[BALLAST];

	snprintf(ballast, 300, "%s/ballast", folder);
	file = fopen(ballast, "w");
	expect(file != NULL && fwrite(block, 1, sizeof(block), file) == sizeof(block) && fclose(file) == 0,
	       "there is a ballast", ballast);
}

static void live_through_it(const char *folder)
{
	struct crowd crowd;
	struct errand_report report;
	struct errands standing;
	struct error err = ERROR_INIT;
	char ballast[300];
	uint64_t failures;

	copy_all(base.folder, folder);
	fill(folder, ballast);
	expect(crowd_open(&crowd, folder, &base.fingerprint, &base.errands, NULL, 0, &err) == STATUS_OK,
	       "the folder opens", err.message);
	crowd.patience = 3;
	crowd_work(&crowd, ANSWERS_MOST);
	failures = crowd.failures;
	expect(failures > 0, "the disk fills up", "");
	expect(crowd.last.status == STATUS_UNREACHABLE && strstr(crowd.last.hint, "full") != NULL,
	       "the refusal says that the disk is full", crowd.last.message);
	expect(crowd.wrong[0] == '\0', "no answer is wrong", crowd.wrong);
	expect(crowd.looks > 0 && crowd.looks_failed == 0, "reading goes on", "");
	unlink(ballast);
	crowd.patience = UINT64_MAX;
	crowd_work(&crowd, 8);
	expect(crowd.failures == failures, "changing goes on once there is room", crowd.last.message);
	crowd_standing(&crowd, &standing);
	crowd_close(&crowd);
	expect(crowd_check(folder, &standing, &report, &err) == STATUS_OK, "the store reads", err.message);
	expect(errands_good(&report), "everything that was answered is there once", report.first);
}

static void in_a_child(void)
{
	char folder[] = "/tmp/safer-full-XXXXXX";

	alarm(100);
	if (mkdtemp(folder) == NULL ||
	    (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", folder, "tmpfs", 0, ROOM ",mode=0700") != 0) {
		rmdir(folder);
		_exit(EXIT_SKIPPED);
	}
	live_through_it(folder);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	_exit(0);
}

static void a_full_disk_refuses_changes_and_recovers_by_itself(void **state)
{
	pid_t child = fork();
	int status = 0;

	(void)state;
	assert_int_not_equal(child, -1);
	if (child == 0) {
		in_a_child();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == EXIT_SKIPPED) {
		print_message("skipped: nothing may be mounted here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int group_setup(void **state)
{
	(void)state;
	crowd_base_make(&base);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	crowd_base_release(&base);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_refuses_changes_and_recovers_by_itself),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
