/* A crowd at the server's inside: a data folder opened as saferd opens it, both of its workers on their threads, and
 * eight writers who have them carry out errands as fast as answers come. No sockets: what is tested is what the store,
 * the journal and the engine make of a disk. */
#ifndef SAFER_TESTS_FAULTS_CROWD_H
#define SAFER_TESTS_FAULTS_CROWD_H

#include "server/folder.h"
#include "server/worker.h"
#include "tests/faults/errands.h"
#include "tests/faults/platter.h"

#include <event2/event.h>
#include <pthread.h>

/* A small partnership with an action for each writer, made once; folders are made from it again and again. */
struct crowd_base {
	char folder[64]; /* a data folder without a store; crowd_fresh() puts it there */
	struct image image;
	struct digest fingerprint; /* of the device that writes */
	struct errands errands;
};

void crowd_base_make(struct crowd_base *base); /* fails the test when it cannot; freezes the clock */
void crowd_base_release(struct crowd_base *base);
void crowd_fresh(const struct crowd_base *base); /* the store as it was made */

struct crowd_job;

struct crowd {
	struct folder folder;
	struct store *reader_store;
	struct event_base *base;
	struct worker *writer;
	struct worker *reader;
	struct digest fingerprint;
	struct crowd_job *jobs[ERRAND_WRITERS];
	pthread_mutex_t lock; /* over the next one */
	struct errands errands;
	uint64_t answers;  /* so far */
	uint64_t until;    /* answers: no further errand is begun then */
	uint64_t failures; /* answers that said that it could not be done */
	uint64_t patience; /* with failures, for each writer; then it gives up */
	uint64_t looks;    /* histories that were read */
	uint64_t looks_failed;
	char wrong[200];   /* the first answer that cannot be; "" none */
	struct error last; /* failure */
	void (*answered)(
		struct crowd *crowd); /* after each answer, on the thread of crowd_work(); NULL: nobody */
};

/* `script` is SQL for the writer's connection before anything else, NULL: none; `long_pages` is for store_tidy_from(), 0: as
 * it is. On failure nothing stays open. */
enum status crowd_open(struct crowd *crowd, const char *folder, const struct digest *fingerprint,
		       const struct errands *errands, const char *script, int long_pages, struct error *err);
/* Has the writers work until there are so many more answers, or all of them gave up. */
void crowd_work(struct crowd *crowd, uint64_t answers);
void crowd_stop(struct crowd *crowd); /* from any thread: no further errand is begun */
void crowd_standing(struct crowd *crowd, struct errands *out); /* from any thread: what was answered so far */
void crowd_close(struct crowd *crowd);

/* Opens a folder's store on the disk that new connections open on, checks the store and the errands, closes it. */
enum status crowd_check(const char *folder, const struct errands *errands, struct errand_report *report,
			struct error *err);

#endif
