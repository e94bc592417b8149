/* Honest people at work, and a look at the server while they are: what their requests take, how much memory and time
 * the server uses. */
#ifndef SAFER_TESTS_HOSTILE_HONEST_H
#define SAFER_TESTS_HOSTILE_HONEST_H

#include "tests/support/raw_peer.h"

#define HONEST_PEERS 3

/* What requests took: milliseconds from when each was due. */
struct samples {
	double *took; /* owned */
	size_t count;
	size_t room;
};

struct honest {
	const struct person *person;
	struct raw_peer *peers[HONEST_PEERS];
	uint32_t id;
	int64_t revision; /* of A1, which they edit */
	double newcomer;  /* the slowest to be let in when the work began, milliseconds */
};

void honest_begin(struct honest *honest, const struct person *person);
void honest_end(struct honest *honest);

/* A request each seven milliseconds for so long, a quarter of them edits. Every answer must be a good one. What they took
 * is added to the samples. */
void honest_work(struct honest *honest, int64_t ms, struct samples *samples);
void samples_add(struct samples *samples, double took);
double samples_percentile(struct samples *samples, double part);
void samples_release(struct samples *samples);

/* Of the server's process. */
int64_t server_peak_kib(pid_t server);
void server_forget_peak(pid_t server); /* where the system lets us */
double server_cpu_seconds(pid_t server);
int server_descriptors(pid_t server); /* how many are open; -1: not told */

#endif
