/* A real server under attack, while honest people work on it.
 *
 * Under ctest an attack lasts a moment, and what is asked is service and memory: every honest request is answered well,
 * the server stays within its budget, its log does not run away, and a newcomer is let in. With SAFER_HOSTILE_SECONDS set
 * (scripts/hostile) each attack lasts that long, and honest requests must also take less than twice the quiet time of the
 * whole run at the 99th percentile. */
#include "common/clock.h"
#include "protocol/limits.h"
#include "tests/hostile/score.h"
#include "tests/hostile/siege.h"
#include "tests/support/partnership.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_AT_ONCE "all at once"
#define SHORT_MS    1200
#define LOG_BYTES   262144 /* a second of attack may add as much to the log */
#define FLOOR_MS    1.0    /* honest requests that take less than this are not slow, whatever the ratio */
#define DESCRIPTORS 12     /* that the server has left when they run out */

/* What docs/SECURITY.md promises of resident memory: the server itself, what it holds for peers, and each connection. */
#define BASE_KIB       65536
#define CONNECTION_KIB 48
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER 4 /* shadow, red zones and what is kept after it was freed */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZER 4
#endif
#endif
#ifndef SANITIZER
#define SANITIZER 1
#endif

static struct {
	struct installation *it;
	struct person *administrator;
	struct person *officer;
	struct person *mallory;
	struct honest honest;
	struct siege siege;
	struct score score;
	int64_t measured_ms; /* 0: the short version */
} scene;

static int64_t budget_kib(void)
{
	struct limits limits;

	limits_default(&limits);
	return (BASE_KIB + limits.buffers_bytes / 1024 + limits.connections * CONNECTION_KIB) * SANITIZER;
}

/* ---- the scene ---- */

/* Real attackers have machines of their own. Ours are idle tasks, and even those would get a tick of four milliseconds
 * now and then from a server of ordinary rank. */
static void go_before_attackers(void)
{
	if (setpriority(PRIO_PROCESS, 0, -20) != 0) {
		print_message("attackers take moments of the processors: only root may go before them\n");
	}
}

/* Records that are worth asking for and not taking. */
static void make_records(const struct person *person)
{
	struct raw_peer *peer = raw_connect_as(person);
	char text[4000];
	char fields[4200];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (uint32_t i = 0; i < 40; i++) {
		snprintf(fields, sizeof(fields),
			 "title=Patrol %u|priority=P1|status=on-track|owner=B4|description=%s", (unsigned)i,
			 text);
		change_one(peer, i + 1, "create", "action", 0, fields);
	}
	raw_close(peer);
}

static int setup(void **state)
{
	const char *seconds = getenv("SAFER_HOSTILE_SECONDS");
	struct rlimit files;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	scene.measured_ms = seconds ? strtoll(seconds, NULL, 10) * 1000 : 0;
	if (scene.measured_ms > 0) {
		go_before_attackers();
	}
	scene.it = installation_open(NULL);
	scene.administrator = person_new(scene.it, "ann");
	scene.officer = person_new(scene.it, "paul");
	scene.mallory = person_new(scene.it, "mallory");
	person_enrol(scene.administrator, scene.it->invitation);
	partnership_make(scene.administrator, scene.officer);
	person_joins(scene.administrator, scene.mallory, COUNCIL);
	make_records(scene.officer);
	honest_begin(&scene.honest, scene.officer);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	honest_end(&scene.honest);
	score_release(&scene.score);
	installation_close(scene.it);
	return 0;
}

/* ---- an attack ---- */

static void quiet(void **state)
{
	struct samples samples = {0};

	(void)state;
	honest_work(&scene.honest, scene.measured_ms > 0 ? scene.measured_ms : SHORT_MS, &samples);
	score_quiet(&scene.score, &samples);
	samples_release(&samples);
}

/* Of honest work beside some attacks. How long the whole of it lasted is known in the end: who is at the door may have
 * to wait. */
static int64_t work_beside(const struct attack *const *list, size_t count, int64_t ms,
			   struct samples *samples, struct score_row *row)
{
	int64_t begin = clock_monotonic_ms();
	struct deeds deeds = {0};
	int64_t at_work;
	double cpu;

	siege_begin(&scene.siege, list, count, scene.it->port, scene.mallory);
	cpu = server_cpu_seconds(scene.it->server);
	at_work = clock_monotonic_ms();
	honest_work(&scene.honest, ms, samples);
	cpu = server_cpu_seconds(scene.it->server) - cpu;
	row->cpu = cpu * 100000 / (double)(clock_monotonic_ms() - at_work);
	siege_end(&scene.siege, &deeds);
	row->newcomer = scene.honest.newcomer;
	row->tried = deeds.tried;
	row->entered = deeds.entered;
	return clock_monotonic_ms() - begin;
}

/* What must hold under attack. When it is measured, half of the quiet time is before it and half after, since a disk has
 * its own moods. */
static void withstand(const char *name, const struct attack *const *list, size_t count)
{
	bool measured = scene.measured_ms > 0;
	int64_t ms = measured ? scene.measured_ms : SHORT_MS;
	struct score_row row = {.name = name};
	struct samples quietly = {0};
	struct samples attacked = {0};
	long log_begin;
	int64_t lasted;

	if (measured) {
		honest_work(&scene.honest, ms / 2, &quietly);
	}
	log_begin = installation_log_end(scene.it);
	server_forget_peak(scene.it->server);
	lasted = work_beside(list, count, ms, &attacked, &row);
	row.peak_kib = server_peak_kib(scene.it->server);
	row.log_bytes = installation_log_end(scene.it) - log_begin;
	if (measured) {
		honest_work(&scene.honest, ms / 2, &quietly);
		row.own_quiet = samples_percentile(&quietly, 0.99);
		score_quiet(&scene.score, &quietly);
	}
	row.requests = attacked.count;
	row.p50 = samples_percentile(&attacked, 0.50);
	row.p99 = samples_percentile(&attacked, 0.99);
	samples_release(&quietly);
	samples_release(&attacked);
	score_row_print(&row);
	score_add(&scene.score, &row);
	assert_true(row.peak_kib < budget_kib());
	assert_true(row.log_bytes < (lasted / 1000 + 1) * LOG_BYTES);
}

static void one_attack(void **state)
{
	const struct attack *attack = *state;

	withstand(attack->name, &attack, 1);
}

static void all_attacks_at_once(void **state)
{
	const struct attack *list[SIEGE_MOST];

	(void)state;
	for (size_t i = 0; i < attack_count; i++) {
		list[i] = &attacks[i];
	}
	withstand(ALL_AT_ONCE, list, attack_count);
}

static int lift_siege(void **state)
{
	(void)state;
	siege_lift(&scene.siege);
	return 0;
}

/* The quiet time of the whole run is known in the end only. */
static void honest_requests_took_less_than_twice_their_quiet_time(void **state)
{
	int slow = 0;

	(void)state;
	score_print(&scene.score, budget_kib());
	for (size_t i = 0; scene.measured_ms > 0 && i < scene.score.count; i++) {
		const struct score_row *row = &scene.score.rows[i];

		if (row->p99 >= FLOOR_MS && score_ratio(&scene.score, row) >= 2) {
			print_error("%s: %.2f ms at p99, %.2f times the quiet\n", row->name, row->p99,
				    score_ratio(&scene.score, row));
			slow++;
		}
	}
	assert_int_equal(slow, 0);
}

/* ---- descriptors ---- */

static int64_t cpu_percent(int64_t ms)
{
	double before = server_cpu_seconds(scene.it->server);

	prey_rest((int)ms);
	return (int64_t)((server_cpu_seconds(scene.it->server) - before) * 100000 / (double)ms);
}

static void without_descriptors_it_serves_who_is_in_and_does_not_spin(void **state)
{
	struct deeds deeds = {0};
	struct prey prey = {.port = scene.it->port, .deeds = &deeds, .on = -1};
	struct rlimit before;
	struct rlimit few;
	int open = server_descriptors(scene.it->server);
	int fds[64];
	int64_t percent;
	struct samples samples = {0};
	struct raw_peer *newcomer;

	(void)state;
	if (open < 0) {
		print_message("not looked at: the system does not say how many descriptors the server has\n");
		skip();
	}
	honest_work(&scene.honest, 200, &samples);
	samples_release(&samples);
	assert_int_equal(prlimit(scene.it->server, RLIMIT_NOFILE, NULL, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)open + DESCRIPTORS;
	assert_int_equal(prlimit(scene.it->server, RLIMIT_NOFILE, &few, NULL), 0);
	for (size_t i = 0; i < 64; i++) {
		fds[i] = prey_connect(&prey, 90);
	}
	installation_until_logged(scene.it, 0, "cannot-accept");
	percent = cpu_percent(1000);
	print_message("without descriptors: %lld %% of a core\n", (long long)percent);
	assert_true(percent < 20);
	raw_ask(scene.honest.peers[0], 70000, "whoami");
	assert_int_equal(raw_reply(scene.honest.peers[0], 70000)->status, STATUS_OK);
	for (size_t i = 0; i < 64; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	assert_int_equal(prlimit(scene.it->server, RLIMIT_NOFILE, &before, NULL), 0);
	newcomer = raw_connect_as(scene.officer);
	raw_ask(newcomer, 1, "whoami");
	assert_int_equal(raw_reply(newcomer, 1)->status, STATUS_OK);
	raw_close(newcomer);
}

/* After all that: a restart finds the journal in order. */
static void what_is_kept_checks_out(void **state)
{
	(void)state;
	installation_stop(scene.it);
	installation_gets(scene.it, 0, "check", scene.it->folder);
	installation_start(scene.it);
}

/* SAFER_ATTACK is a pattern of names of attacks: only those, with what is quiet and what is asked in the end. */
static bool is_wanted(const char *name)
{
	const char *pattern = getenv("SAFER_ATTACK");

	return !pattern || fnmatch(pattern, name, 0) == 0;
}

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction function, const struct attack *attack)
{
	return (struct CMUnitTest){.name = name,
				   .test_func = function,
				   .teardown_func = lift_siege,
				   .initial_state = (void *)attack};
}

int main(void)
{
	struct CMUnitTest tests[24] = {cmocka_unit_test(quiet)};
	size_t count = 1;

	for (size_t i = 0; i < attack_count; i++) {
		if (is_wanted(attacks[i].name)) {
			tests[count++] = test_of(attacks[i].name, one_attack, &attacks[i]);
		}
	}
	if (is_wanted(ALL_AT_ONCE)) {
		tests[count++] = test_of(ALL_AT_ONCE, all_attacks_at_once, NULL);
	}
	tests[count++] =
		(struct CMUnitTest)cmocka_unit_test(honest_requests_took_less_than_twice_their_quiet_time);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(
		without_descriptors_it_serves_who_is_in_and_does_not_spin);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_is_kept_checks_out);
	return _cmocka_run_group_tests("hostile peers", tests, count, setup, teardown);
}
