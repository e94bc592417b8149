/* How the server is: counts since it started, and how things stand now. metrics.def has a row for each.
 *
 * The gate counts, on the loop's thread; jobs bring back what other threads measured (server/worker.h). So nothing here
 * needs a lock. A sample is a copy of everything at one moment: the door for Prometheus writes it as text, and
 * admin.status sends it to administrators. */
#ifndef SAFER_SERVER_METRICS_H
#define SAFER_SERVER_METRICS_H

#include "server/connections.h"
#include "server/live/watchers.h"
#include "server/store/store.h"
#include "server/worker.h"

/* What the gate counts. The loop's thread only; all zero at first. */
struct metrics {
	int64_t started; /* microseconds, by the machine's clock */
	uint64_t requests[METHOD_COUNT][STATUS_COUNT];
	struct histogram request_times[METHOD_COUNT]; /* microseconds */
	uint64_t requests_refused[STATUS_COUNT];
};

void metrics_request(struct metrics *metrics, enum method method, enum status status, int64_t micros);

/* What there is once only: a field for each FIGURE. */
struct figures {
#define FIGURE(symbol, name, type, help) int64_t symbol;
#define FAMILY(symbol, name, type, label, help)
#include "server/metrics.def"
#undef FIGURE
#undef FAMILY
};

enum thread { THREAD_READER, THREAD_WRITER, THREAD_COUNT };
extern const char *const thread_names[THREAD_COUNT];

struct metrics_sample {
	struct figures figures;
	struct metrics counts;
	int64_t limited[LIMITED_COUNT];
	struct worker_tally threads[THREAD_COUNT];
};

struct metrics_sources { /* all borrowed */
	const struct metrics *metrics;
	const struct connections *connections;
	const struct watchers *watchers;
	const struct worker *workers[THREAD_COUNT];
	const struct limits *limits;
};

/* On the loop. What the store alone knows is added by whoever has it. */
void metrics_sample(const struct metrics_sources *sources, struct metrics_sample *out);
void metrics_sample_store(struct metrics_sample *sample, const struct store_size *size);

/* ---- the table ---- */

struct metric_row {
	const char *name;
	const char *type;
	const char *label; /* "" none */
	const char *help;
};
extern const struct metric_row metric_rows[];
extern const size_t metric_row_count;

/* The text format of Prometheus, version 0.0.4: every row of the table, in its order. */
void metrics_write(const struct metrics_sample *sample, struct buffer *out);

#endif
