/* The server is killed (SIGKILL) again and again while eight writers with real connections change records, sometimes
 * while it is only starting. After each start the last answer of every writer must be in the journal where it was said
 * to be; every so often, and at the end, the whole journal and all records are checked.
 *
 * SAFER_CYCLES sets how often, SAFER_SEED where chance begins. */
#include "tests/faults/platter.h"
#include "tests/faults/swarm.h"
#include "tests/support/partnership.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CYCLES        40    /* in the short version */
#define CHECK_CYCLES  20    /* between looks at everything */
#define MESSAGES_MOST 120   /* before a kill */
#define START_MOST    60000 /* microseconds that a server gets that is killed while it starts */

struct tally {
	int64_t cycles, starts_killed, checks;
	struct errand_report last;
};

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

/* An action for each writer; the first is there. */
static void make_actions(struct person *officer, struct errands *errands)
{
	struct raw_peer *peer = raw_connect_as(officer);

	*errands = (struct errands){0};
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		char fields[120];

		snprintf(fields, sizeof(fields), "title=Patrols %zu|priority=P1|status=on-track|owner=B4", i);
		if (i > 0) {
			change_one(peer, (uint32_t)i, "create", "action", 0, fields);
		}
		errands->writers[i] = (struct errand_writer){.action = (int64_t)i + 1, .revision = 1};
	}
	raw_close(peer);
}

/* A server that does not live to say that it listens. */
static void kill_a_start(const struct installation *it, uint64_t *seed)
{
	char path[PROGRAM_PATH];
	const char *arguments[] = {path, "run", it->folder, NULL};
	const char *environment[] = {"PATH=/usr/bin:/bin", NULL};
	struct timespec while_it_starts = {0, (long)(1000 * draw(seed, START_MOST))};
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	assert_true(nowhere >= 0);
	program_path("saferd", path);
	pid = program_spawn(arguments, environment, nowhere, nowhere, nowhere);
	nanosleep(&while_it_starts, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(program_wait(pid), 128 + SIGKILL);
	close(nowhere);
}

static void look(const struct installation *it, const struct errands *errands, bool at_everything,
		 struct tally *tally)
{
	char path[PROGRAM_PATH];
	struct store *store = NULL;
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s/%s", it->folder, STORE_FILE);
	if (store_open(path, STORE_READER, &store, &err) != STATUS_OK ||
	    (at_everything ? errands_check(errands, store, NULL, NULL, &tally->last, &err)
			   : errands_check_last(errands, store, &tally->last, &err)) != STATUS_OK) {
		fail_msg("the store cannot be read: %s", err.message);
	}
	store_close(store);
	if (!errands_good(&tally->last)) {
		fail_msg("cycle %lld: %s (lost %lld, doubled %lld, out of order %lld)",
			 (long long)tally->cycles, tally->last.first, (long long)tally->last.lost,
			 (long long)tally->last.doubled, (long long)tally->last.strange);
	}
}

static void check_all(struct installation *it, const struct errands *errands, struct tally *tally)
{
	look(it, errands, true, tally);
	installation_gets(it, 0, "check", it->folder);
	assert_says(it->last.out, "Result:   good");
	tally->checks++;
}

static void cycle(struct installation *it, struct swarm *swarm, uint64_t *seed, struct tally *tally)
{
	struct errands errands;
	struct swarm_figures figures;

	swarm_go(swarm);
	swarm_until(swarm, 1 + draw(seed, MESSAGES_MOST));
	swarm_halt(swarm);
	installation_kill(it);
	swarm_rest(swarm);
	swarm_standing(swarm, &errands, &figures);
	if (figures.wrong[0] != '\0') {
		fail_msg("cycle %lld: %s", (long long)tally->cycles, figures.wrong);
	}
	if (draw(seed, 10) == 0) {
		kill_a_start(it, seed);
		tally->starts_killed++;
	}
	installation_start(it);
	tally->cycles++;
	look(it, &errands, false, tally);
	if (tally->cycles % CHECK_CYCLES == 0) {
		check_all(it, &errands, tally);
	}
}

/* Lets every writer have an answer to what it asked last. */
static void finish(struct installation *it, struct swarm *swarm, struct tally *tally)
{
	struct errands errands;
	struct swarm_figures figures;

	swarm_go(swarm);
	swarm_until(swarm, 8 * (uint64_t)ERRAND_WRITERS);
	swarm_halt(swarm);
	installation_stop(it);
	swarm_rest(swarm);
	swarm_standing(swarm, &errands, &figures);
	assert_string_equal(figures.wrong, "");
	check_all(it, &errands, tally);
	print_message("%lld cycles of kill -9, %lld more while starting; %llu changes answered, %lld in the "
		      "journal, %llu requests repeated, lost %lld, doubled %lld, out of order %lld; the "
		      "journal was good in %lld checks\n",
		      (long long)tally->cycles, (long long)tally->starts_killed,
		      (unsigned long long)figures.answers, (long long)tally->last.present,
		      (unsigned long long)figures.repeats, (long long)tally->last.lost,
		      (long long)tally->last.doubled, (long long)tally->last.strange,
		      (long long)tally->checks);
	assert_true(figures.answers > (uint64_t)tally->cycles);
	assert_true(figures.repeats > 0);
}

static void every_answered_change_is_there_once_after_the_server_was_killed(void **state)
{
	int64_t cycles = (int64_t)number_of("SAFER_CYCLES", CYCLES);
	uint64_t seed = number_of("SAFER_SEED", 20140501);
	struct installation *it = installation_open(NULL);
	struct person *administrator = person_new(it, "ann");
	struct person *officer = person_new(it, "paul");
	struct tally tally = {0};
	struct errands errands;
	struct raw_offer offer;
	struct swarm *swarm = NULL;

	(void)state;
	person_enrol(administrator, it->invitation);
	partnership_make(administrator, officer);
	make_actions(officer, &errands);
	signal(SIGPIPE, SIG_IGN);
	offer = raw_person(officer);
	swarm = swarm_new(it->port, offer.certificate, offer.key, &errands);
	assert_non_null(swarm);
	while (tally.cycles < cycles) {
		cycle(it, swarm, &seed, &tally);
	}
	finish(it, swarm, &tally);
	swarm_free(swarm);
	raw_offer_release(&offer);
	installation_close(it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answered_change_is_there_once_after_the_server_was_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
