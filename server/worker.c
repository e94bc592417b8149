/* The threads and their queues. What is shared between threads is in struct queue, under its lock, and nothing else. */
#include "server/worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "server/records/recent.h"
#include "server/records/views.h"
#include "server/sessions.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LANES        64
#define WRITER_GROUP 512 /* jobs in one transaction */
#define READER_BATCH 64  /* jobs on one snapshot; an old snapshot keeps the store from tidying its log */
#define READER_TURN  4   /* jobs on one snapshot while there are others that need a newer one */

struct queue { /* first in, first out */
	struct job *first;
	struct job **end;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock; /* over all that follows, up to `stopping` */
	pthread_cond_t work;
	struct queue lanes[LANES];
	uint64_t busy;         /* a bit for each lane that has a job */
	unsigned turn;         /* the lane that is next */
	uint64_t submitted;    /* jobs so far */
	struct settings fresh; /* for the jobs that come next, if has_fresh */
	bool has_fresh;
	struct queue finished;
	bool stopping;

	int signal_fd; /* an eventfd: something was finished */
	struct event *finished_event;

	/* The loop's thread only. */
	struct worker_tally tally;
	struct queue said; /* submitted in this turn of the loop */
	struct event *hand_over_event;

	/* The worker's thread only. */
	enum store_role role;
	struct context context;
	struct settings settings;
};

/* ---- queues ---- */

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_add(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* Takes at most `most` jobs off the front. */
static struct job *queue_take(struct queue *queue, size_t most)
{
	struct job *first = queue->first;
	struct job **end = &queue->first;

	while (*end && most > 0) {
		end = &(*end)->next;
		most--;
	}
	queue->first = *end;
	*end = NULL;
	if (!queue->first) {
		queue->end = &queue->first;
	}
	return end == &queue->first ? NULL : first;
}

/* ---- lanes; under the lock ---- */

static void lanes_add(struct worker *worker, struct job *job)
{
	unsigned lane = (unsigned)(job->on_whose % LANES);

	job->number = ++worker->submitted;
	queue_add(&worker->lanes[lane], job);
	worker->busy |= UINT64_C(1) << lane;
}

/* The first busy lane from `from` on, all the way round; there must be one. */
static unsigned next_lane(const struct worker *worker, unsigned from)
{
	while (!(worker->busy & UINT64_C(1) << from % LANES)) {
		from++;
	}
	return from % LANES;
}

static struct job *lane_take(struct worker *worker, unsigned lane)
{
	struct job *job = queue_take(&worker->lanes[lane], 1);

	if (!worker->lanes[lane].first) {
		worker->busy &= ~(UINT64_C(1) << lane);
	}
	worker->turn = (lane + 1) % LANES;
	return job;
}

/* At most `most` jobs, each lane giving one in its turn. */
static struct job *lanes_take(struct worker *worker, size_t most)
{
	struct queue taken;

	queue_init(&taken);
	for (size_t i = 0; i < most && worker->busy; i++) {
		queue_add(&taken, lane_take(worker, next_lane(worker, worker->turn)));
	}
	return taken.first;
}

/* The next job that was submitted by the time of `number`. NULL: there is none, or, unless `patient`, the turn is that of
 * a lane whose jobs came later. */
static struct job *lanes_take_until(struct worker *worker, uint64_t number, bool patient)
{
	unsigned first = worker->turn;

	for (unsigned i = 0; i < LANES; i++) {
		unsigned lane = (first + i) % LANES;
		const struct job *job = worker->lanes[lane].first;

		if (job && job->number <= number) {
			return lane_take(worker, lane);
		}
		if (job && !patient) {
			worker->turn = lane;
			return NULL;
		}
	}
	return NULL;
}

/* ---- the worker's side ---- */

static void deliver(struct worker *worker, struct queue *done)
{
	const uint64_t one = 1;
	bool first;

	if (!done->first) {
		return;
	}
	pthread_mutex_lock(&worker->lock);
	first = worker->finished.first == NULL;
	*worker->finished.end = done->first;
	worker->finished.end = done->end;
	pthread_mutex_unlock(&worker->lock);
	queue_init(done);
	if (first && write(worker->signal_fd, &one, sizeof(one)) < 0) {
		log_event(LOG_ERROR, "worker-signal", log_text("error", strerror(errno)));
	}
}

static void deliver_all(struct worker *worker, struct job *job)
{
	struct queue done;

	queue_init(&done);
	while (job) {
		struct job *next = job->next;

		queue_add(&done, job);
		job = next;
	}
	deliver(worker, &done);
}

static void fail_job(struct job *job, const struct error *err)
{
	job->status = err->status;
	job->error = *err;
}

/* A failing job keeps its own error, and a dry run its answer: they are true whatever became of the group. */
static void fail_group(struct job *first, const struct error *err)
{
	for (struct job *job = first; job; job = job->next) {
		if (job->keep || (job->status == STATUS_OK && !job->undo)) {
			fail_job(job, err);
		}
	}
}

static void start_job(struct job *job)
{
	job->keep = false;
	job->undo = false;
	job->status = STATUS_OK;
	memset(&job->error, 0, sizeof(job->error));
}

/* Undoes to the savepoint. The journal's edges in memory may hold what is being undone. */
static void undo(struct context *context)
{
	store_revert(context->store);
	if (context->journal) {
		journal_forget(context->journal);
	}
}

static void run_aftermath(struct job *job, struct context *context)
{
	struct error err = ERROR_INIT;

	if (store_savepoint(context->store, &err) == STATUS_OK) {
		if (job->aftermath(job, context, &err) != STATUS_OK) {
			if (!store_is_void(context->store)) {
				undo(context);
			}
		} else if (store_release(context->store, &err) == STATUS_OK) {
			return;
		}
	}
	log_event(LOG_ERROR, "aftermath-failed", log_text("error", err.message));
}

/* One job in a savepoint. Leaves a void transaction to the caller. */
static void run_written(struct job *job, struct context *context)
{
	sessions_doubt(context->sessions);
	start_job(job);
	job->status = store_savepoint(context->store, &job->error);
	if (job->status != STATUS_OK) {
		return;
	}
	job->status = job->run(job, context, &job->error);
	if (store_is_void(context->store)) {
		return;
	}
	if (job->status == STATUS_OK && job->undo) {
		undo(context);
		return;
	}
	if (job->status == STATUS_OK || job->keep) {
		struct error err = ERROR_INIT;

		if (store_release(context->store, &err) != STATUS_OK) {
			fail_job(job, &err);
		}
		return;
	}
	undo(context);
	if (job->aftermath) {
		run_aftermath(job, context);
	}
}

static enum status commit_group(struct context *context, struct error *err)
{
	enum status status = STATUS_OK;

	if (context->journal) {
		status = journal_seal(context->journal, context->store, err);
	}
	if (status == STATUS_OK) {
		return store_commit(context->store, err);
	}
	return status;
}

static void abandon_group(struct context *context)
{
	store_rollback(context->store);
	if (context->journal) {
		journal_forget(context->journal);
	}
}

/* Runs jobs in one transaction. False when it was lost under them, so that none of it happened. */
static bool write_group(struct worker *worker, struct job *first)
{
	struct context *context = &worker->context;
	struct error err = ERROR_INIT;

	if (store_begin(context->store, &err) != STATUS_OK) {
		for (struct job *job = first; job; job = job->next) {
			start_job(job);
		}
		fail_group(first, &err);
		return true;
	}
	for (struct job *job = first; job; job = job->next) {
		run_written(job, context);
		if (store_is_void(context->store)) {
			abandon_group(context);
			return false;
		}
	}
	if (commit_group(context, &err) != STATUS_OK) {
		abandon_group(context);
		fail_group(first, &err);
	}
	return true;
}

/* A job whose transaction is lost even when it is alone: that is its answer. */
static void write_alone(struct worker *worker, struct job *job)
{
	struct error err = ERROR_INIT;
	int64_t begun = clock_monotonic_us();

	job->next = NULL;
	job->times.lost = true;
	if (write_group(worker, job)) {
		job->times.group = 1;
		job->times.group_micros = clock_monotonic_us() - begun;
		return;
	}
	if (job->status == STATUS_OK || job->keep) {
		error_set(&err, STATUS_UNREACHABLE,
			  "the store could not take the change; nothing was changed");
		error_hint(&err, "try again later");
		fail_job(job, &err);
	}
	job->keep = false;
}

/* Under the lock, before jobs are taken: they see the newest settings that were given before them. */
static void take_settings(struct worker *worker)
{
	if (worker->has_fresh) {
		worker->settings = worker->fresh;
		worker->has_fresh = false;
	}
}

static void writer_work(struct worker *worker)
{
	struct job *first = NULL;
	int64_t begun;
	size_t group = 0;
	size_t count = 0;

	pthread_mutex_lock(&worker->lock);
	take_settings(worker);
	first = lanes_take(worker, WRITER_GROUP);
	pthread_mutex_unlock(&worker->lock);

	begun = clock_monotonic_us();
	for (struct job *job = first; job; job = job->next) {
		job->times.begun = begun;
		group++;
	}
	if (write_group(worker, first)) {
		first->times.group = group;
		first->times.group_micros = clock_monotonic_us() - begun;
		deliver_all(worker, first);
		store_tidy(worker->context.store);
		return;
	}
	for (struct job *job = first, *next; job; job = next) {
		next = job->next;
		write_alone(worker, job);
		deliver_all(worker, job);
		count++;
	}
	store_tidy(worker->context.store);
	log_event(LOG_WARNING, "group-lost", log_number("jobs", (int64_t)count));
}

/* The next job for a snapshot that was taken at `number`, after `done` others. */
static struct job *reader_take(struct worker *worker, uint64_t number, size_t done)
{
	struct job *job = NULL;

	pthread_mutex_lock(&worker->lock);
	if (done < READER_BATCH) {
		job = lanes_take_until(worker, number, done < READER_TURN);
	}
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void reader_work(struct worker *worker)
{
	struct context *context = &worker->context;
	struct error err = ERROR_INIT;
	enum status begun;
	struct job *job;
	uint64_t number;
	size_t done = 0;
	struct queue ready;
	int64_t delivered = clock_monotonic_ms();
	int64_t now;

	pthread_mutex_lock(&worker->lock);
	take_settings(worker);
	number = worker->submitted;
	pthread_mutex_unlock(&worker->lock);
	begun = store_begin(context->store, &err);
	sessions_doubt(context->sessions);
	recent_turn(context->recent, context->store);
	queue_init(&ready);
	while ((job = reader_take(worker, number, done)) != NULL) {
		start_job(job);
		job->times.begun = clock_monotonic_us();
		if (begun == STATUS_OK) {
			job->status = job->run(job, context, &job->error);
		} else {
			fail_job(job, &err);
		}
		queue_add(&ready, job);
		now = clock_monotonic_ms();
		if (now != delivered) { /* nobody waits long for what others asked */
			deliver(worker, &ready);
			delivered = now;
		}
		done++;
	}
	deliver(worker, &ready);
	if (begun == STATUS_OK) {
		store_rollback(context->store);
	}
}

static void (*const works[])(struct worker *worker) = {
	[STORE_WRITER] = writer_work,
	[STORE_READER] = reader_work,
};

static void *thread_main(void *payload)
{
	struct worker *worker = payload;
	bool over = false;

	while (!over) {
		pthread_mutex_lock(&worker->lock);
		while (!worker->busy && !worker->stopping) {
			pthread_cond_wait(&worker->work, &worker->lock);
		}
		over = !worker->busy;
		pthread_mutex_unlock(&worker->lock);
		if (!over) {
			works[worker->role](worker);
		}
	}
	return NULL;
}

/* ---- the loop's side ---- */

/* Everything that this turn of the loop has submitted, at once: the worker wakes up once, and has a whole group. */
static void hand_over(struct worker *worker)
{
	struct job *job = queue_take(&worker->said, SIZE_MAX);

	pthread_mutex_lock(&worker->lock);
	while (job) {
		struct job *next = job->next;

		lanes_add(worker, job);
		job = next;
	}
	pthread_mutex_unlock(&worker->lock);
	pthread_cond_signal(&worker->work); /* not under the lock: it would wake up only to wait for it */
}

static void on_hand_over(evutil_socket_t fd, short what, void *payload)
{
	(void)fd;
	(void)what;
	hand_over(payload);
}

static void count_job(struct worker_tally *tally, const struct job_times *times)
{
	histogram_add(&tally->waits, &histogram_times, times->begun - times->submitted);
	if (times->group > 0) {
		histogram_add(&tally->groups, &histogram_jobs, (int64_t)times->group);
		histogram_add(&tally->group_times, &histogram_times, times->group_micros);
	}
	tally->jobs_lost += times->lost;
}

static void finish(struct worker *worker)
{
	struct job *job;

	pthread_mutex_lock(&worker->lock);
	job = queue_take(&worker->finished, SIZE_MAX);
	pthread_mutex_unlock(&worker->lock);
	log_hold();
	while (job) {
		struct job *next = job->next;

		worker->tally.waiting--;
		count_job(&worker->tally, &job->times);
		job->done(job);
		job = next;
	}
	log_release();
}

static void on_finished(evutil_socket_t fd, short what, void *payload)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
		log_event(LOG_ERROR, "worker-signal", log_text("error", strerror(errno)));
	}
	finish(payload);
}

static void worker_free(struct worker *worker)
{
	sessions_free(worker->context.sessions);
	recent_free(worker->context.recent);
	views_free(worker->context.views);
	if (worker->finished_event) {
		event_free(worker->finished_event);
	}
	if (worker->hand_over_event) {
		event_free(worker->hand_over_event);
	}
	if (worker->signal_fd >= 0) {
		close(worker->signal_fd);
	}
	pthread_cond_destroy(&worker->work);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

enum status worker_start(struct event_base *base, enum store_role role, const struct context *context,
			 const struct settings *settings, struct worker **out, struct error *err)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int failed;

	if (!worker) {
		return error_memory(err);
	}
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->work, NULL);
	for (size_t i = 0; i < LANES; i++) {
		queue_init(&worker->lanes[i]);
	}
	queue_init(&worker->finished);
	queue_init(&worker->said);
	worker->role = role;
	worker->settings = *settings;
	worker->context = *context;
	worker->context.settings = &worker->settings;
	worker->context.limits = &worker->settings.limits;
	worker->context.sessions = sessions_new();
	worker->context.recent = role == STORE_READER ? recent_new(RECENT_BYTES) : NULL;
	worker->context.views = role == STORE_READER ? views_new(VIEWS_BYTES) : NULL;
	worker->signal_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (worker->context.sessions &&
	    ((worker->context.recent && worker->context.views) || role == STORE_WRITER) &&
	    worker->signal_fd >= 0) {
		worker->finished_event =
			event_new(base, worker->signal_fd, EV_READ | EV_PERSIST, on_finished, worker);
		worker->hand_over_event = event_new(base, -1, 0, on_hand_over, worker);
	}
	if (!worker->finished_event || !worker->hand_over_event ||
	    event_add(worker->finished_event, NULL) != 0) {
		worker_free(worker);
		return error_set(err, STATUS_FAILED, "a worker cannot signal the loop: %s", strerror(errno));
	}
	failed = thread_start(&worker->thread, thread_main, worker);
	if (failed != 0) {
		worker_free(worker);
		return error_set(err, STATUS_FAILED, "a worker's thread cannot be started: %s",
				 strerror(failed));
	}
	*out = worker;
	return STATUS_OK;
}

void worker_submit(struct worker *worker, struct job *job)
{
	struct worker_tally *tally = &worker->tally;

	tally->waiting++;
	if (tally->waiting > tally->waiting_peak) {
		tally->waiting_peak = tally->waiting;
	}
	job->times = (struct job_times){.submitted = clock_monotonic_us()};
	if (!worker->said.first) {
		event_active(worker->hand_over_event, EV_TIMEOUT, 0);
	}
	queue_add(&worker->said, job);
}

size_t worker_waiting(const struct worker *worker)
{
	return worker->tally.waiting;
}

const struct worker_tally *worker_tally(const struct worker *worker)
{
	return &worker->tally;
}

void worker_stop(struct worker *worker)
{
	if (!worker) {
		return;
	}
	hand_over(worker);
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_signal(&worker->work);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	finish(worker);
	worker_free(worker);
}

/* ---- settings ---- */

void worker_settings(struct worker *worker, const struct settings *settings)
{
	pthread_mutex_lock(&worker->lock);
	worker->fresh = *settings;
	worker->has_fresh = true;
	pthread_mutex_unlock(&worker->lock);
}
