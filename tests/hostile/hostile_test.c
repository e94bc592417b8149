/* A real server under attack, while honest people work on it. Each attack is a process of its own that has
 * what the processors leave over, since here both sides share a machine.
 *
 * Under ctest an attack lasts a moment, and what is asked is service and memory: every honest request is answered well,
 * the server stays within its budget, its log does not run away, and a newcomer is let in. With SAFER_HOSTILE_SECONDS set
 * (scripts/hostile) each attack lasts that long, and honest requests must also take less than twice their quiet time at
 * the 99th percentile. */
#include "protocol/limits.h"
#include "tests/hostile/attacks.h"
#include "tests/hostile/honest.h"
#include "tests/support/partnership.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SHORT_MS    1200
#define BEGIN_MS    15000  /* for an attack's first wave */
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
	int64_t measured_ms; /* 0: the short version */
} scene;

static int64_t budget_kib(void)
{
	struct limits limits;

	limits_default(&limits);
	return (BASE_KIB + limits.buffers_bytes / 1024 + limits.connections * CONNECTION_KIB) * SANITIZER;
}

/* ---- the scene ---- */

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
	installation_close(scene.it);
	return 0;
}

/* ---- an attack ---- */

static pid_t begin_attack(const struct attack *attack, int64_t until_ms, int *on)
{
	struct prey prey = {
		.port = scene.it->port, .member = raw_person(scene.mallory), .until_ms = until_ms};
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		prey.on = ends[1];
		assert_int_equal(sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0}), 0);
		attack->carry_out(&prey);
		_exit(0);
	}
	close(ends[1]);
	*on = ends[0];
	raw_offer_release(&prey.member);
	return child;
}

static void until_it_is_on(int on)
{
	struct pollfd ready = {.fd = on, .events = POLLIN};

	assert_int_equal(poll(&ready, 1, BEGIN_MS), 1);
	close(on);
}

static void report(const char *name, struct samples *samples, double quiet_p99, int64_t peak_kib,
		   int64_t log_bytes)
{
	double p99 = samples_percentile(samples, 0.99);

	print_message("%-30s %6zu requests  p50 %5.2f  p99 %6.2f ms", name, samples->count,
		      samples_percentile(samples, 0.50), p99);
	if (quiet_p99 > 0) {
		print_message(" (quiet %6.2f: x%5.2f)", quiet_p99, p99 / quiet_p99);
	}
	print_message("  memory %4lld MiB of %lld  log %5lld KiB\n", (long long)peak_kib / 1024,
		      (long long)budget_kib() / 1024, (long long)log_bytes / 1024);
}

static void quiet(void **state)
{
	struct samples samples = {0};

	(void)state;
	server_forget_peak(scene.it->server);
	honest_work(&scene.honest, SHORT_MS, &samples);
	report("quiet", &samples, 0, server_peak_kib(scene.it->server), 0);
	samples_release(&samples);
}

/* Honest work beside some attacks. */
static void work_beside(const struct attack *const *list, size_t count, int64_t ms, struct samples *samples)
{
	int64_t until = clock_monotonic_ms() + ms + (scene.measured_ms > 0 ? 3000 : 1500);
	pid_t children[16];
	int on[16];

	assert_true(count <= 16);
	for (size_t i = 0; i < count; i++) {
		children[i] = begin_attack(list[i], until, &on[i]);
	}
	for (size_t i = 0; i < count; i++) {
		until_it_is_on(on[i]);
	}
	honest_work(&scene.honest, ms, samples);
	for (size_t i = 0; i < count; i++) {
		int status = 0;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			fail_msg("the attack itself failed");
		}
	}
}

/* What must hold under attack. When it is measured, half of the quiet time is before it and half after, since a disk has
 * its own moods. */
static void withstand(const char *name, const struct attack *const *list, size_t count)
{
	bool measured = scene.measured_ms > 0;
	int64_t ms = measured ? scene.measured_ms : SHORT_MS;
	struct samples quietly = {0};
	struct samples attacked = {0};
	long log_begin;
	int64_t log_bytes;
	int64_t peak;

	if (measured) {
		honest_work(&scene.honest, ms / 2, &quietly);
	}
	log_begin = installation_log_end(scene.it);
	server_forget_peak(scene.it->server);
	work_beside(list, count, ms, &attacked);
	peak = server_peak_kib(scene.it->server);
	log_bytes = installation_log_end(scene.it) - log_begin;
	if (measured) {
		honest_work(&scene.honest, ms / 2, &quietly);
	}
	report(name, &attacked, measured ? samples_percentile(&quietly, 0.99) : 0, peak, log_bytes);
	assert_true(peak < budget_kib());
	assert_true(log_bytes < (ms / 1000 + 3) * LOG_BYTES);
	if (measured) {
		double p99 = samples_percentile(&attacked, 0.99);

		assert_true(p99 < 2 * samples_percentile(&quietly, 0.99) || p99 < FLOOR_MS);
	}
	samples_release(&quietly);
	samples_release(&attacked);
}

static void one_attack(void **state)
{
	const struct attack *attack = *state;

	withstand(attack->name, &attack, 1);
}

static void all_attacks_at_once(void **state)
{
	const struct attack *list[16];

	(void)state;
	for (size_t i = 0; i < attack_count; i++) {
		list[i] = &attacks[i];
	}
	withstand("all at once", list, attack_count);
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
	struct prey prey = {.port = scene.it->port, .until_ms = INT64_MAX, .on = -1};
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

int main(void)
{
	struct CMUnitTest tests[24] = {{.name = "quiet", .test_func = quiet}};
	size_t count = 1;

	for (size_t i = 0; i < attack_count; i++) {
		tests[count++] = (struct CMUnitTest){.name = attacks[i].name,
						     .test_func = one_attack,
						     .initial_state = (void *)&attacks[i]};
	}
	tests[count++] = (struct CMUnitTest){.name = "all at once", .test_func = all_attacks_at_once};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(
		without_descriptors_it_serves_who_is_in_and_does_not_spin);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_is_kept_checks_out);
	cmocka_set_test_filter(getenv("SAFER_ATTACK"));
	return _cmocka_run_group_tests("hostile peers", tests, count, setup, teardown);
}
