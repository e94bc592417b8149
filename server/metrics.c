/* Counting, and taking a sample of what others count. */
#include "server/metrics.h"

#include <string.h>

const char *const thread_names[THREAD_COUNT] = {
	[THREAD_READER] = "reader",
	[THREAD_WRITER] = "writer",
};

void metrics_request(struct metrics *metrics, enum method method, enum status status, int64_t micros)
{
	metrics->requests[method][status]++;
	histogram_add(&metrics->request_times[method], &histogram_times, micros);
}

void metrics_sample(const struct metrics_sources *sources, struct metrics_sample *out)
{
	const struct connections *connections = sources->connections;
	size_t behind = 0;
	size_t watches = watchers_count(sources->watchers, &behind);

	memset(out, 0, sizeof(*out));
	out->counts = *sources->metrics;
	for (int limit = 0; limit < LIMITED_COUNT; limit++) {
		out->limited[limit] = connections_limited(connections, (enum limited)limit);
	}
	for (int thread = 0; thread < THREAD_COUNT; thread++) {
		out->threads[thread] = *worker_tally(sources->workers[thread]);
	}
	out->figures = (struct figures){
		.start_time = out->counts.started / 1000000,
		.connections = (int64_t)connections_count(connections),
		.connections_peak = (int64_t)connections_peak(connections),
		.connections_limit = sources->limits->connections,
		.connections_taken = (int64_t)connections_taken(connections),
		.connections_refused = connections_refused(connections),
		.handshakes = (int64_t)connections_handshakes(connections),
		.handshakes_failed = connections_handshakes_failed(connections),
		.held_bytes = connections_held(connections),
		.jobs_lost = out->threads[THREAD_WRITER].jobs_lost,
		.watches = (int64_t)watches,
		.watches_behind = (int64_t)behind,
	};
}

void metrics_sample_store(struct metrics_sample *sample, const struct store_size *size)
{
	sample->figures.journal_entries = size->entries;
	sample->figures.store_bytes = size->bytes;
	sample->figures.wal_bytes = size->log_bytes;
}
