/* Groups of jobs on the writer: what is kept, what is undone, and what happens when a whole group is lost. */
#include "server/worker.h"

#include "common/log.h"
#include "server/store/sql.h"
#include "tests/support/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>

#define JOBS_MOST 8

struct fixture {
	struct server_fixture *server;
	struct event_base *base;
	struct worker *worker;
	pthread_mutex_t gate; /* locked by the test to hold up the first job */
	atomic_bool held;     /* a job has come to the gate */
};

/* Each job puts one fact of its own name; then it does what `act` says. */
enum act { ACT_SUCCEED, ACT_FAIL, ACT_FAIL_AND_KEEP, ACT_DRY_RUN, ACT_LOSE_ONCE, ACT_LOSE_ALWAYS };

struct test_job {
	struct job job;
	struct fixture *fixture;
	char name[16];
	enum act act;
	bool waits;            /* for the gate */
	const char *looks_for; /* a fact that a reader of the store is asked for while this runs */
	bool saw;
	int runs;
	int dones;
};

static bool has_fact(struct store *store, const char *name)
{
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *value = NULL;

	assert_non_null(arena);
	if (store_fact_get(store, arena, name, &value, &err) != STATUS_OK) {
		value = NULL;
	}
	arena_free(arena);
	return value != NULL;
}

static bool committed(struct fixture *fixture, const char *name)
{
	struct error err = ERROR_INIT;
	bool has;

	if (store_begin(fixture->server->reader, &err) != STATUS_OK) {
		return false;
	}
	has = has_fact(fixture->server->reader, name);
	store_rollback(fixture->server->reader);
	return has;
}

static enum status run(struct job *job, struct context *context, struct error *err)
{
	struct test_job *mine = (struct test_job *)job;
	enum status status;

	mine->runs++;
	if (mine->waits) {
		mine->fixture->held = true;
		pthread_mutex_lock(&mine->fixture->gate);
		pthread_mutex_unlock(&mine->fixture->gate);
	}
	status = store_fact_put(context->store, mine->name, "1", err);
	if (status != STATUS_OK) {
		return status;
	}
	if (mine->looks_for) {
		mine->saw = committed(mine->fixture, mine->looks_for);
	}
	job->keep = mine->act == ACT_FAIL_AND_KEEP;
	job->undo = mine->act == ACT_DRY_RUN;
	if (mine->act == ACT_LOSE_ALWAYS || (mine->act == ACT_LOSE_ONCE && mine->runs == 1)) {
		/* What SQLite does by itself when the disk is full. */
		sqlite3_exec(context->store->db, "ROLLBACK", NULL, NULL, NULL);
		return error_set(err, STATUS_UNREACHABLE, "the disk is full");
	}
	if (mine->act == ACT_FAIL || mine->act == ACT_FAIL_AND_KEEP) {
		return error_set(err, STATUS_REFUSED, "%s was refused", mine->name);
	}
	return STATUS_OK;
}

static enum status aftermath(struct job *job, struct context *context, struct error *err)
{
	struct test_job *mine = (struct test_job *)job;
	char name[32];

	snprintf(name, sizeof(name), "%s.refused", mine->name);
	return store_fact_put(context->store, name, "1", err);
}

static void done(struct job *job)
{
	((struct test_job *)job)->dones++;
}

static void start(struct fixture *fixture, enum store_role role)
{
	struct context context = fixture->server->context;
	struct error err = ERROR_INIT;

	if (role == STORE_READER) {
		context.store = fixture->server->reader;
		context.journal = NULL;
	}
	assert_int_equal(worker_start(fixture->base, role, &context, &fixture->server->settings,
				      &fixture->worker, &err),
			 STATUS_OK);
}

static void submit(struct fixture *fixture, struct test_job *job, const char *name, enum act act)
{
	job->fixture = fixture;
	job->job.run = run;
	job->job.done = done;
	snprintf(job->name, sizeof(job->name), "%s", name);
	job->act = act;
	worker_submit(fixture->worker, &job->job);
}

static void wait_for_all(struct fixture *fixture)
{
	while (worker_waiting(fixture->worker) > 0) {
		event_base_loop(fixture->base, EVLOOP_ONCE);
	}
}

/* Submits jobs a, b, c ... behind a first one that is held up, so that they make one group. */
static void run_group(struct fixture *fixture, struct test_job *jobs, const enum act *acts, size_t count)
{
	struct test_job first = {.waits = true};
	char name[2] = "a";

	pthread_mutex_lock(&fixture->gate);
	submit(fixture, &first, "first", ACT_SUCCEED);
	while (!fixture->held) {
		event_base_loop(fixture->base, EVLOOP_NONBLOCK); /* hands over what was submitted */
	}
	for (size_t i = 0; i < count; i++) {
		name[0] = (char)('a' + i);
		submit(fixture, &jobs[i], name, acts[i]);
	}
	pthread_mutex_unlock(&fixture->gate);
	wait_for_all(fixture);
	assert_int_equal(first.dones, 1);
	assert_int_equal(first.job.status, STATUS_OK);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	void *server = NULL;

	if (!fixture || server_fixture_setup(&server) != 0) {
		return -1;
	}
	fixture->server = server;
	fixture->base = event_base_new();
	pthread_mutex_init(&fixture->gate, NULL);
	log_set_level(LOG_ERROR);
	*state = fixture;
	return fixture->base ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	void *server = fixture->server;

	worker_stop(fixture->worker);
	event_base_free(fixture->base);
	pthread_mutex_destroy(&fixture->gate);
	free(fixture);
	return server_fixture_teardown(&server);
}

/* ---- the tests ---- */

static void commits_what_has_queued_up_as_one_group(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_SUCCEED};
	struct test_job jobs[2] = {{.looks_for = "first"}, {.looks_for = "a"}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 2);
	assert_true(jobs[0].saw);  /* the group before was durable before this one began */
	assert_false(jobs[1].saw); /* a was in the same transaction, not committed yet */
	assert_true(committed(fixture, "a"));
	assert_true(committed(fixture, "b"));
	assert_int_equal(jobs[0].dones + jobs[1].dones, 2);
}

static void tells_how_large_its_groups_were_and_how_long_jobs_waited(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_FAIL, ACT_SUCCEED};
	struct test_job jobs[3] = {{.runs = 0}};
	const struct worker_tally *tally;

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 3);
	tally = worker_tally(fixture->worker);
	assert_int_equal(tally->groups.count, 2); /* the first job, and the three behind it */
	assert_int_equal(tally->groups.sum, 4);
	assert_int_equal(tally->groups.most, 3);
	assert_int_equal(tally->group_times.count, 2);
	assert_int_equal(tally->waits.count, 4);
	assert_int_equal(tally->waiting_peak, 4);
	assert_int_equal(tally->waiting, 0);
	assert_int_equal(tally->jobs_lost, 0);
}

static void tells_of_jobs_whose_group_was_lost(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_LOSE_ONCE};
	struct test_job jobs[2] = {{.runs = 0}};
	const struct worker_tally *tally;

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 2);
	tally = worker_tally(fixture->worker);
	assert_int_equal(tally->jobs_lost, 2);
	assert_int_equal(tally->groups.sum, 3);
	assert_int_equal(tally->groups.most, 1);
}

static void undoes_a_job_that_fails_and_keeps_its_neighbours(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_FAIL, ACT_SUCCEED};
	struct test_job jobs[3] = {{.runs = 0}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 3);
	assert_int_equal(jobs[0].job.status, STATUS_OK);
	assert_int_equal(jobs[1].job.status, STATUS_REFUSED);
	assert_string_equal(jobs[1].job.error.message, "b was refused");
	assert_true(committed(fixture, "a"));
	assert_false(committed(fixture, "b"));
	assert_true(committed(fixture, "c"));
}

static void keeps_what_a_failing_job_wants_kept(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_FAIL_AND_KEEP};
	struct test_job jobs[1] = {{.runs = 0}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 1);
	assert_int_equal(jobs[0].job.status, STATUS_REFUSED);
	assert_true(committed(fixture, "a"));
}

static void undoes_a_dry_run_that_succeeds(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_DRY_RUN, ACT_SUCCEED};
	struct test_job jobs[2] = {{.runs = 0}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 2);
	assert_int_equal(jobs[0].job.status, STATUS_OK);
	assert_false(committed(fixture, "a"));
	assert_true(committed(fixture, "b"));
}

static void writes_what_must_outlive_a_refusal_in_the_same_group(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_FAIL, ACT_SUCCEED};
	struct test_job jobs[2] = {{.job.aftermath = aftermath}, {.looks_for = "a.refused"}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 2);
	assert_false(jobs[1].saw);
	assert_false(committed(fixture, "a"));
	assert_true(committed(fixture, "a.refused"));
}

static void runs_a_lost_group_again_one_by_one(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_LOSE_ONCE, ACT_SUCCEED, ACT_FAIL};
	struct test_job jobs[4] = {{.runs = 0}, {.runs = 0}, {.looks_for = "a"}, {.runs = 0}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 4);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(jobs[i].job.status, STATUS_OK);
		assert_int_equal(jobs[i].dones, 1);
		assert_true(committed(fixture, jobs[i].name));
	}
	assert_int_equal(jobs[0].runs, 2);
	assert_int_equal(jobs[1].runs, 2);
	assert_int_equal(jobs[2].runs, 1);
	assert_true(jobs[2].saw); /* now each has a transaction of its own */
	assert_int_equal(jobs[3].job.status, STATUS_REFUSED);
}

static void tells_a_job_that_loses_its_own_transaction_too(void **state)
{
	struct fixture *fixture = *state;
	static const enum act acts[] = {ACT_SUCCEED, ACT_LOSE_ALWAYS};
	struct test_job jobs[2] = {{.runs = 0}};

	start(fixture, STORE_WRITER);
	run_group(fixture, jobs, acts, 2);
	assert_int_equal(jobs[0].job.status, STATUS_OK);
	assert_true(committed(fixture, "a"));
	assert_int_equal(jobs[1].job.status, STATUS_UNREACHABLE);
	assert_int_equal(jobs[1].dones, 1);
	assert_false(committed(fixture, "b"));
}

static void finishes_what_is_queued_when_it_stops(void **state)
{
	struct fixture *fixture = *state;
	struct test_job jobs[JOBS_MOST] = {{.runs = 0}};
	char name[2] = "a";

	start(fixture, STORE_WRITER);
	for (size_t i = 0; i < JOBS_MOST; i++) {
		name[0] = (char)('a' + i);
		submit(fixture, &jobs[i], name, ACT_SUCCEED);
	}
	worker_stop(fixture->worker);
	fixture->worker = NULL;
	for (size_t i = 0; i < JOBS_MOST; i++) {
		assert_int_equal(jobs[i].dones, 1);
		assert_true(committed(fixture, jobs[i].name));
	}
}

/* ---- the reader ---- */

static enum status run_look(struct job *job, struct context *context, struct error *err)
{
	struct test_job *mine = (struct test_job *)job;

	(void)err;
	mine->saw = has_fact(context->store, mine->looks_for);
	return STATUS_OK;
}

static void a_reader_sees_what_was_durable_when_it_was_asked(void **state)
{
	struct fixture *fixture = *state;
	struct test_job look = {.looks_for = "late"};
	struct error err = ERROR_INIT;

	start(fixture, STORE_READER);
	for (int round = 0; round < 2; round++) {
		look.fixture = fixture;
		look.job.run = run_look;
		look.job.done = done;
		worker_submit(fixture->worker, &look.job);
		wait_for_all(fixture);
		assert_int_equal(look.saw, round == 1);
		fixture_begin(fixture->server);
		assert_int_equal(store_fact_put(fixture->server->context.store, "late", "1", &err),
				 STATUS_OK);
		fixture_commit(fixture->server);
	}
}

/* ---- turns ---- */

#define MANY 200

struct turn_job {
	struct job job; /* first, so that the one is the other */
	struct fixture *fixture;
	bool waits;
	int *runs;  /* of all of them, so far */
	int before; /* how many ran before this one */
};

static enum status run_turn(struct job *job, struct context *context, struct error *err)
{
	struct turn_job *mine = (struct turn_job *)job;

	(void)context;
	(void)err;
	mine->before = (*mine->runs)++;
	if (mine->waits) {
		mine->fixture->held = true;
		pthread_mutex_lock(&mine->fixture->gate);
		pthread_mutex_unlock(&mine->fixture->gate);
	}
	return STATUS_OK;
}

static void done_turn(struct job *job)
{
	(void)job;
}

/* One device asks a great many things, while a job is held up; then another asks one. */
static void ask_little_behind_much(struct fixture *fixture, enum store_role role, struct turn_job *jobs)
{
	int runs = 0;

	start(fixture, role);
	pthread_mutex_lock(&fixture->gate);
	for (int i = 0; i <= MANY; i++) {
		jobs[i] = (struct turn_job){.job = {.run = run_turn, .done = done_turn, .on_whose = 7},
					    .fixture = fixture,
					    .runs = &runs,
					    .waits = i == 0};
		jobs[i].job.on_whose = i == MANY ? 8 : 7;
		worker_submit(fixture->worker, &jobs[i].job);
		while (i == 0 && !fixture->held) {
			event_base_loop(fixture->base, EVLOOP_NONBLOCK);
		}
	}
	pthread_mutex_unlock(&fixture->gate);
	wait_for_all(fixture);
	assert_int_equal(runs, MANY + 1);
	for (int i = 1; i < MANY; i++) {
		assert_true(jobs[i].before > jobs[i - 1].before); /* its own jobs keep their order */
	}
}

static void who_asks_little_does_not_wait_for_who_asks_much(void **state)
{
	struct turn_job *jobs = calloc(MANY + 1, sizeof(*jobs));

	assert_non_null(jobs);
	ask_little_behind_much(*state, STORE_READER, jobs);
	assert_true(jobs[MANY].before <= 5);
	free(jobs);
}

static void the_writer_gives_everybody_a_turn_as_well(void **state)
{
	struct turn_job *jobs = calloc(MANY + 1, sizeof(*jobs));

	assert_non_null(jobs);
	ask_little_behind_much(*state, STORE_WRITER, jobs);
	assert_true(jobs[MANY].before <= 2);
	free(jobs);
}

/* ---- settings ---- */

static enum status run_read_setting(struct job *job, struct context *context, struct error *err)
{
	(void)err;
	((struct test_job *)job)->runs = (int)context->settings->invitation_hours;
	assert_ptr_equal(&context->settings->limits, context->limits);
	return STATUS_OK;
}

static void jobs_see_the_settings_that_were_given_before_them(void **state)
{
	struct fixture *fixture = *state;
	struct settings fresh = fixture->server->settings;
	struct test_job before = {.runs = 0};
	struct test_job after = {.runs = 0};

	start(fixture, STORE_WRITER);
	before.job.run = after.job.run = run_read_setting;
	before.job.done = after.job.done = done;
	fresh.invitation_hours = 5;
	worker_submit(fixture->worker, &before.job);
	wait_for_all(fixture);
	worker_settings(fixture->worker, &fresh);
	worker_submit(fixture->worker, &after.job);
	wait_for_all(fixture);
	assert_int_equal(before.runs, 72);
	assert_int_equal(after.runs, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commits_what_has_queued_up_as_one_group),
		TEST(tells_how_large_its_groups_were_and_how_long_jobs_waited),
		TEST(tells_of_jobs_whose_group_was_lost),
		TEST(undoes_a_job_that_fails_and_keeps_its_neighbours),
		TEST(keeps_what_a_failing_job_wants_kept),
		TEST(undoes_a_dry_run_that_succeeds),
		TEST(writes_what_must_outlive_a_refusal_in_the_same_group),
		TEST(runs_a_lost_group_again_one_by_one),
		TEST(tells_a_job_that_loses_its_own_transaction_too),
		TEST(finishes_what_is_queued_when_it_stops),
		TEST(a_reader_sees_what_was_durable_when_it_was_asked),
		TEST(who_asks_little_does_not_wait_for_who_asks_much),
		TEST(the_writer_gives_everybody_a_turn_as_well),
		TEST(jobs_see_the_settings_that_were_given_before_them),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
