/* Every call of the store to its disk fails once. For each: a server's inside, in a process of its own, opens the data
 * folder and serves eight writers; the nth call fails, as an I/O error, a full disk, or half a read or write. It may answer that
 * it cannot, go on, refuse to open, or end itself with 75 when nobody can know what is on the disk. Whatever it does,
 * afterwards everything that was answered is there once, the journal is good, and a server that is started again takes
 * the unanswered requests once more and goes on.
 *
 * SAFER_STRIDE tries only each so manieth call, 1 all of them. */
#include "tests/faults/crowd.h"
#include "tests/faults/disk.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STRIDE       41 /* in the short version: about so many milliseconds a fault */
#define WORK         32 /* answers before the end of a process */
#define EXIT_REFUSED 71 /* the folder could not be opened */
#define EXIT_WRONG   70 /* an answer said what it must not */
#define EXIT_AGAIN   75

struct shared {                 /* with the child */
	struct errands errands; /* what was answered */
	int64_t calls;          /* to the disk */
	bool failed;            /* whether it came to the call that fails */
	uint64_t failures;      /* answers that said no */
	char words[600];
};

struct tally {
	int64_t faults, answered, refused_to_open, ended_itself, unnoticed;
	int64_t crashes, lost, doubled, strange, problems;
};

static struct crowd_base base;
static struct shared *shared;

/* Keeps what was answered where it outlives the process. */
static void keep_answers(struct crowd *crowd)
{
	crowd_standing(crowd, &shared->errands);
	shared->failures = crowd->failures + crowd->looks_failed;
	shared->calls = disk_calls();
	shared->failed = disk_failed();
}

static void serve(int64_t nth, enum disk_fault fault)
{
	struct crowd crowd;
	struct error err = ERROR_INIT;

	log_set_level(LOG_ERROR);
	if (!freopen("/dev/null", "w", stderr)) {
		_exit(EXIT_FAILURE);
	}
	disk_install();
	disk_fail(nth, fault, false);
	if (crowd_open(&crowd, base.folder, &base.fingerprint, &shared->errands, NULL, 20, &err) !=
	    STATUS_OK) {
		snprintf(shared->words, sizeof(shared->words), "%s", err.message);
		shared->failed = disk_failed();
		_exit(EXIT_REFUSED);
	}
	crowd.answered = keep_answers;
	crowd_work(&crowd, WORK);
	keep_answers(&crowd);
	snprintf(shared->words, sizeof(shared->words), "%s", crowd.wrong);
	crowd_close(&crowd);
	shared->calls = disk_calls();
	shared->failed = disk_failed();
	_exit(crowd.wrong[0] != '\0' ? EXIT_WRONG : 0);
}

/* The exit code of a process that serves; 128 and the signal's number when one ended it. */
static int run_child(int64_t nth, enum disk_fault fault)
{
	pid_t child = fork();
	int status = 0;

	assert_int_not_equal(child, -1);
	if (child == 0) {
		alarm(60);
		serve(nth, fault);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void judge(int64_t nth, enum disk_fault fault, struct tally *tally)
{
	struct errand_report report = {0};
	struct error err = ERROR_INIT;

	if (crowd_check(base.folder, &shared->errands, &report, &err) != STATUS_OK) {
		print_error("call %lld, %s: the store is beyond reading: %s\n", (long long)nth,
			    disk_fault_names[fault], err.message);
		tally->problems++;
		return;
	}
	tally->lost += report.lost;
	tally->doubled += report.doubled;
	tally->strange += report.strange;
	tally->problems += report.problems;
	if (!errands_good(&report)) {
		print_error("call %lld, %s: %s\n", (long long)nth, disk_fault_names[fault], report.first);
	}
}

static void count_end(int64_t nth, enum disk_fault fault, int code, struct tally *tally)
{
	switch (code) {
	case 0:
		tally->answered += shared->failures > 0;
		tally->unnoticed += shared->failures == 0;
		break;
	case EXIT_REFUSED:
		tally->refused_to_open++;
		break;
	case EXIT_AGAIN:
		tally->ended_itself++;
		break;
	default:
		tally->crashes++;
		print_error("call %lld, %s: ended with %d: %s\n", (long long)nth, disk_fault_names[fault],
			    code, shared->words);
	}
}

/* False: there is no such call any more. */
static bool fail_one(int64_t nth, enum disk_fault fault, struct tally *tally)
{
	int code;

	crowd_fresh(&base);
	memset(shared, 0, sizeof(*shared));
	shared->errands = base.errands;
	code = run_child(nth, fault);
	if (code == 0 && !shared->failed) {
		return false;
	}
	tally->faults++;
	count_end(nth, fault, code, tally);
	judge(nth, fault, tally);
	if (run_child(0, fault) != 0) { /* a restart, and the same requests again */
		tally->crashes++;
		print_error("after call %lld, %s: the next start did not go well: %s\n", (long long)nth,
			    disk_fault_names[fault], shared->words);
	}
	judge(nth, fault, tally);
	return true;
}

static void every_call_fails_once(enum disk_fault fault)
{
	const char *text = getenv("SAFER_STRIDE");
	int64_t stride = text != NULL ? strtoll(text, NULL, 10) : STRIDE;
	struct tally tally = {0};

	for (int64_t nth = 1; fail_one(nth, fault, &tally); nth += stride) {
	}
	print_message(
		"%s: %lld calls failed; answered that it could not %lld, refused to open %lld, ended "
		"itself with 75 %lld, made good unseen %lld; crashes %lld, lost %lld, doubled %lld, half "
		"applied or out of order %lld, problems of the journal %lld\n",
		disk_fault_names[fault], (long long)tally.faults, (long long)tally.answered,
		(long long)tally.refused_to_open, (long long)tally.ended_itself, (long long)tally.unnoticed,
		(long long)tally.crashes, (long long)tally.lost, (long long)tally.doubled,
		(long long)tally.strange, (long long)tally.problems);
	assert_true(tally.faults > 0);
	assert_int_equal(tally.crashes, 0);
	assert_int_equal(tally.lost, 0);
	assert_int_equal(tally.doubled, 0);
	assert_int_equal(tally.strange, 0);
	assert_int_equal(tally.problems, 0);
}

static void an_io_error_loses_nothing_and_halves_nothing(void **state)
{
	(void)state;
	every_call_fails_once(DISK_IOERR);
}

static void a_full_disk_loses_nothing_and_halves_nothing(void **state)
{
	(void)state;
	every_call_fails_once(DISK_FULL);
}

static void half_a_read_or_write_loses_nothing_and_halves_nothing(void **state)
{
	(void)state;
	every_call_fails_once(DISK_SHORT);
}

static int group_setup(void **state)
{
	(void)state;
	crowd_base_make(&base);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

static int group_teardown(void **state)
{
	(void)state;
	munmap(shared, sizeof(*shared));
	crowd_base_release(&base);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_io_error_loses_nothing_and_halves_nothing),
		cmocka_unit_test(a_full_disk_loses_nothing_and_halves_nothing),
		cmocka_unit_test(half_a_read_or_write_loses_nothing_and_halves_nothing),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
