/* The power goes while groups are being committed. A crowd works on a disk that keeps a platter; at chance moments an
 * image is made of what a real disk would have kept, and each image is opened with SQLite's own file system, as saferd
 * does after a power cut. Now and then an image takes the place of the store, and the writers, who know only what was
 * answered before that cut, go on from there with the same request ids.
 *
 * The control shows that the test can fail: with synchronous=NORMAL answered changes are lost.
 *
 * SAFER_CUTS sets how many cuts are made, SAFER_SEED where chance begins. */
#include "tests/faults/crowd.h"
#include "tests/faults/disk.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CUTS         200 /* in the short version */
#define CONTROL_CUTS 40
#define ROUND_CUTS   8   /* images of one run */
#define FRESH_ROUNDS 6   /* after so many the store begins anew, so that checking stays quick */
#define CALLS_MOST   160 /* between two cuts */

struct cut {
	struct image image;
	struct errands errands; /* answered by then */
	size_t unsynced;
};

struct run { /* of the crowd, with the cuts that were made meanwhile */
	struct crowd crowd;
	struct cut cuts[ROUND_CUTS];
	size_t count;
	uint64_t wait; /* calls until the next one */
	uint64_t seed;
};

struct tally {
	int64_t cuts, dirty, answered, lost, doubled, strange, problems, bad_images;
};

static struct crowd_base base;

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

/* On the thread that writes, in the middle of what it does. */
static void on_call(void *payload)
{
	struct run *run = payload;
	struct cut *cut = &run->cuts[run->count];

	if (run->count == ROUND_CUTS || --run->wait > 0) {
		return;
	}
	crowd_standing(&run->crowd, &cut->errands);
	cut->unsynced = platter_unsynced();
	platter_cut(&run->seed, &cut->image);
	run->count++;
	run->wait = 1 + draw(&run->seed, CALLS_MOST);
	if (run->count == ROUND_CUTS) {
		crowd_stop(&run->crowd);
	}
}

static void work(struct run *run, const struct errands *errands, const char *script)
{
	struct error err = ERROR_INIT;
	platter_forget();
	disk_install();
	run->count = 0;
	run->wait = 1 + draw(&run->seed, CALLS_MOST);
	if (crowd_open(&run->crowd, base.folder, &base.fingerprint, errands, script,
		       (int)(10 + draw(&run->seed, 300)), &err) != STATUS_OK) {
		fail_msg("the store could not be opened: %s", err.message);
	}
	disk_tell(on_call, run);
	crowd_work(&run->crowd, UINT64_MAX / 2);
	disk_tell(NULL, NULL);
	crowd_close(&run->crowd);
	disk_uninstall();
	if (run->crowd.wrong[0] != '\0' || run->crowd.failures > 0) {
		fail_msg("%s%s", run->crowd.wrong, run->crowd.last.message);
	}
	assert_int_equal(run->count, ROUND_CUTS);
}

static void judge(const struct cut *cut, struct tally *tally, bool complain)
{
	struct errand_report report;
	struct error err = ERROR_INIT;

	tally->cuts++;
	tally->dirty += cut->unsynced > 0;
	if (!image_put(&cut->image, base.folder)) {
		fail_msg("the image could not be written");
	}
	if (crowd_check(base.folder, &cut->errands, &report, &err) != STATUS_OK) {
		tally->bad_images++;
		print_error("an image could not be read: %s\n", err.message);
		return;
	}
	tally->lost += report.lost;
	tally->doubled += report.doubled;
	tally->strange += report.strange;
	tally->problems += report.problems;
	if (complain && !errands_good(&report)) {
		print_error("after a cut: %s\n", report.first);
	}
}

static uint64_t answered(const struct errands *errands)
{
	uint64_t count = 0;

	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		count += errands->writers[i].answered;
	}
	return count;
}

static void forget_cuts(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		image_release(&run->cuts[i].image);
	}
}

/* A run, and a look at each of its images; the last one is what stands in the folder afterwards. */
static void play(struct run *run, struct errands *errands, const char *script, bool complain,
		 struct tally *tally)
{
	uint64_t before = answered(errands);

	work(run, errands, script);
	for (size_t i = 0; i < run->count; i++) {
		judge(&run->cuts[i], tally, complain);
		tally->answered += (int64_t)(answered(&run->cuts[i].errands) - before);
	}
	*errands = run->cuts[run->count - 1].errands;
	if (!image_put(&run->cuts[run->count - 1].image, base.folder)) {
		fail_msg("the image could not be written");
	}
	forget_cuts(run);
}

static void print_tally(const char *name, const struct tally *tally)
{
	print_message(
		"%s: %lld cuts, %lld of them in the middle of writing; %lld answers of theirs looked for, "
		"lost %lld, "
		"doubled %lld, out of order %lld, problems of the journal %lld, images beyond reading %lld\n",
		name, (long long)tally->cuts, (long long)tally->dirty, (long long)tally->answered,
		(long long)tally->lost, (long long)tally->doubled, (long long)tally->strange,
		(long long)tally->problems, (long long)tally->bad_images);
}

static void no_answered_change_is_lost_to_a_power_cut(void **state)
{
	int64_t cuts = (int64_t)number_of("SAFER_CUTS", CUTS);
	static struct run run;
	struct errands errands;
	struct tally tally = {0};

	(void)state;
	run.seed = number_of("SAFER_SEED", 20140501);
	for (int round = 0; tally.cuts < cuts; round++) {
		if (round % FRESH_ROUNDS == 0) {
			crowd_fresh(&base);
			errands = base.errands;
		}
		play(&run, &errands, "", true, &tally);
	}
	print_tally("synchronous=FULL", &tally);
	assert_int_equal(tally.lost, 0);
	assert_int_equal(tally.doubled, 0);
	assert_int_equal(tally.strange, 0);
	assert_int_equal(tally.problems, 0);
	assert_int_equal(tally.bad_images, 0);
	assert_true(tally.dirty > tally.cuts / 4);
}

static void without_a_sync_at_commit_answered_changes_are_lost(void **state)
{
	int64_t cuts = (int64_t)number_of("SAFER_CUTS", CUTS) * CONTROL_CUTS / CUTS;
	static struct run run;
	struct errands errands;
	struct tally tally = {0};

	(void)state;
	run.seed = number_of("SAFER_SEED", 20140501);
	while (tally.cuts < cuts) {
		crowd_fresh(&base);
		errands = base.errands;
		play(&run, &errands, "PRAGMA synchronous = NORMAL;", false, &tally);
	}
	print_tally("control, synchronous=NORMAL", &tally);
	assert_true(tally.lost > 0);
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
	platter_forget();
	crowd_base_release(&base);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_answered_change_is_lost_to_a_power_cut),
		cmocka_unit_test(without_a_sync_at_commit_answered_changes_are_lost),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
