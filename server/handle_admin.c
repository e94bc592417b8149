/* How the server is, for administrators: what the metrics count, in few words. */
#include "server/request.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "protocol/version.h"
#include "server/metrics.h"
#include "server/session.h"

static void put_figures(struct buffer *out, const struct figures *figures)
{
	size_t header = codec_map_begin(out);
	size_t count = 0;

#define FIGURE(symbol, name, type, help)               \
	codec_pair_int(out, #symbol, figures->symbol); \
	count++;
#define FAMILY(symbol, name, type, label, help)
#include "server/metrics.def"
#undef FIGURE
#undef FAMILY
	codec_map_end(out, header, count);
}

static void pair_times(struct buffer *out, const struct histogram *times)
{
	codec_pair_int(out, "median", histogram_quantile(times, &histogram_times, 500));
	codec_pair_int(out, "p99", histogram_quantile(times, &histogram_times, 990));
}

static void put_methods(struct buffer *out, const struct metrics *metrics)
{
	size_t header = codec_list_begin(out);
	size_t count = 0;

	for (int method = 0; method < METHOD_COUNT; method++) {
		const struct histogram *times = &metrics->request_times[method];

		if (times->count == 0) {
			continue;
		}
		codec_put_map(out, 6);
		codec_pair_text(out, "method", method_rows[method].name);
		codec_pair_int(out, "requests", (int64_t)times->count);
		codec_pair_int(out, "not_ok", (int64_t)(times->count - metrics->requests[method][STATUS_OK]));
		pair_times(out, times);
		codec_pair_int(out, "most", times->most);
		count++;
	}
	codec_list_end(out, header, count);
}

static void put_threads(struct buffer *out, const struct worker_tally *threads)
{
	codec_put_list(out, THREAD_COUNT);
	for (int thread = 0; thread < THREAD_COUNT; thread++) {
		const struct worker_tally *tally = &threads[thread];

		codec_put_map(out, 6);
		codec_pair_text(out, "thread", thread_names[thread]);
		codec_pair_int(out, "waiting", (int64_t)tally->waiting);
		codec_pair_int(out, "most", (int64_t)tally->waiting_peak);
		codec_pair_int(out, "jobs", (int64_t)tally->waits.count);
		pair_times(out, &tally->waits);
	}
}

static void put_groups(struct buffer *out, const struct worker_tally *writer)
{
	codec_put_map(out, 5);
	codec_pair_int(out, "groups", (int64_t)writer->groups.count);
	codec_pair_int(out, "jobs", writer->groups.sum);
	codec_pair_int(out, "jobs_most", writer->groups.most);
	pair_times(out, &writer->group_times);
}

static int64_t limit_value(const struct limits *limits, enum limited limit)
{
	const int64_t values[LIMITED_COUNT] = {
#define LIMITED(symbol) [LIMITED_##symbol] = limits->symbol,
#include "server/limited.def"
#undef LIMITED
	};

	return values[limit];
}

static void put_limits(struct buffer *out, const struct metrics_sample *sample, const struct limits *limits)
{
	codec_put_list(out, LIMITED_COUNT);
	for (int limit = 0; limit < LIMITED_COUNT; limit++) {
		codec_put_map(out, 3);
		codec_pair_text(out, "limit", limited_names[limit]);
		codec_pair_int(out, "value", limit_value(limits, (enum limited)limit));
		codec_pair_int(out, "times", sample->limited[limit]);
	}
}

enum status handle_admin_status(struct request *request, struct error *err)
{
	struct metrics_sample *sample = request->sample;
	struct store *store = request->context->store;
	struct buffer *out = &request->reply;
	struct store_size size = {0};
	char since[TIME_TEXT];
	char now[TIME_TEXT];

	if (!sample) { /* nobody has counted */
		sample = arena_alloc(request->arena, sizeof(*sample));
	}
	if (!sample) {
		return error_memory(err);
	}
	/* Of several partnerships in one folder, an administrator looks after one. */
	if (store_size(store, &size, err) != STATUS_OK ||
	    store_leaf_count(store, request->session->partnership, &size.entries, err) != STATUS_OK) {
		return err->status;
	}
	metrics_sample_store(sample, &size);
	time_format(sample->counts.started, since);
	time_format(clock_machine(), now);
	codec_put_map(out, 8);
	codec_pair_text(out, "version", SAFER_VERSION);
	codec_pair_text(out, "since", since);
	codec_pair_text(out, "now", now);
	codec_put_text(out, "figures");
	put_figures(out, &sample->figures);
	codec_put_text(out, "methods");
	put_methods(out, &sample->counts);
	codec_put_text(out, "threads");
	put_threads(out, sample->threads);
	codec_put_text(out, "groups");
	put_groups(out, &sample->threads[THREAD_WRITER]);
	codec_put_text(out, "limits");
	put_limits(out, sample, request->context->limits);
	return STATUS_OK;
}
