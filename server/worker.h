/* A thread with its own connection to the store. The server has two: the writer, which alone changes anything, and
 * the reader beside it. Work comes in as jobs from the loop's thread and goes back to it; a job is never touched by
 * two threads at a time, so nothing in it needs a lock.
 *
 * The writer takes everything that has queued up while its last commit ran into one transaction, each job in a
 * savepoint of its own, and lets nobody have an answer before the commit is durable. The reader runs a batch on one
 * snapshot, taken after the jobs were: a job sees everything that was answered before it was submitted.
 *
 * Jobs wait in lanes, one for each device, and the lanes take turns: whoever asks a thousand things at once waits for
 * them, and nobody else does. */
#ifndef SAFER_SERVER_WORKER_H
#define SAFER_SERVER_WORKER_H

#include "common/status.h"
#include "server/histogram.h"
#include "server/request.h"
#include "server/settings.h"

#include <stddef.h>

struct event_base;
struct worker;

/* What a job tells of its way. Each thread writes its own part while the job is with it. */
struct job_times {
	int64_t submitted; /* microseconds of the monotonic clock */
	int64_t begun;     /* the same, when the worker's thread came to it */
	size_t group;      /* on the first of a transaction of the writer: how many jobs were in it; else 0 */
	int64_t group_micros; /* and how long it took, until it was durable */
	bool lost;            /* the transaction that it was in was lost under it */
};

/* What a worker has done since it began. */
struct worker_tally {
	size_t waiting; /* jobs that were submitted and are not done */
	size_t waiting_peak;
	struct histogram waits;       /* microseconds from being submitted to being begun */
	struct histogram groups;      /* jobs in one transaction; of the writer */
	struct histogram group_times; /* microseconds */
	int64_t jobs_lost; /* that were in a transaction which was lost, and were tried again alone */
};

struct job {
	struct job *next; /* the worker's while the job is with it */
	uint64_t number;  /* the same: jobs are numbered as they are submitted */
	uint64_t
		on_whose; /* behalf: jobs of one number keep their order, and take turns with those of others */

	/* On the worker's thread, inside a transaction. On the writer anything but STATUS_OK undoes what it did, and
	 * it may be called again from the start, when the group that it was in was lost. */
	enum status (*run)(struct job *job, struct context *context, struct error *err);

	/* On the writer, after a run that failed and was undone: what it does now is kept if it answers STATUS_OK.
	 * NULL: nothing to add. */
	enum status (*aftermath)(struct job *job, struct context *context, struct error *err);

	/* On the loop's thread, once everything is durable. The job is the caller's again. */
	void (*done)(struct job *job);

	bool keep;          /* set by run: what it did stays although it failed */
	bool undo;          /* set by run: nothing of what it did stays although it succeeded */
	enum status status; /* of run, or of the commit */
	struct error error;

	struct job_times times; /* the worker's */
};

/* `context` is copied; the store, journal and keys in it are borrowed until worker_stop(). Its settings and limits are
 * the worker's own copy of `settings`. With STORE_WRITER jobs run in groups, else as a reader's batches. */
enum status worker_start(struct event_base *base, enum store_role role, const struct context *context,
			 const struct settings *settings, struct worker **out, struct error *err);

/* All of the following on the loop's thread only. */
void worker_submit(struct worker *worker, struct job *job);
size_t worker_waiting(const struct worker *worker); /* jobs that were submitted and are not done */
const struct worker_tally *worker_tally(const struct worker *worker);

/* The jobs submitted from here on see these settings; those that wait already may. */
void worker_settings(struct worker *worker, const struct settings *settings);

/* Runs what is queued, ends the thread, calls every `done` that is left, and frees. NULL is fine. */
void worker_stop(struct worker *worker);

#endif
