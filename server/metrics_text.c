/* The text format of Prometheus. Every line is made of names of our own tables and of whole numbers, so nothing in it
 * needs escaping; seconds are written as decimals of the microseconds that were counted. */
#include "server/metrics.h"

#include "protocol/version.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LABELS 120 /* bytes of `method="journal.list",status="not-permitted"` */
#define NUMBER 40

const struct metric_row metric_rows[] = {
#define FIGURE(symbol, name, type, help)        {name, type, "", help},
#define FAMILY(symbol, name, type, label, help) {name, type, label, help},
#include "server/metrics.def"
#undef FIGURE
#undef FAMILY
};
const size_t metric_row_count = sizeof(metric_rows) / sizeof(metric_rows[0]);

static void write_number(struct buffer *out, const char *name, const char *labels, uint64_t number)
{
	if (labels[0] != '\0') {
		buffer_printf(out, "%s{%s} %" PRIu64 "\n", name, labels, number);
	} else {
		buffer_printf(out, "%s %" PRIu64 "\n", name, number);
	}
}

/* 2500 of a million is "0.0025". */
static const char *format_part(int64_t number, int64_t unit, char out[NUMBER])
{
	size_t length;

	if (unit == 1) {
		snprintf(out, NUMBER, "%" PRId64, number);
		return out;
	}
	length = (size_t)snprintf(out, NUMBER, "%" PRId64 ".%06" PRId64, number / unit, number % unit);
	while (out[length - 1] == '0') {
		length--;
	}
	out[out[length - 1] == '.' ? length - 1 : length] = '\0';
	return out;
}

static void write_histogram(struct buffer *out, const char *name, const char *labels,
			    const struct histogram *histogram, const struct histogram_scale *scale)
{
	const char *open = labels[0] != '\0' ? "{" : "";
	const char *close = labels[0] != '\0' ? "}" : "";
	const char *comma = labels[0] != '\0' ? "," : "";
	uint64_t upto = 0;
	char text[NUMBER];

	for (size_t i = 0; i < scale->count; i++) {
		upto += histogram->buckets[i];
		buffer_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma,
			      format_part(scale->bounds[i], scale->unit, text), upto);
	}
	buffer_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, histogram->count);
	buffer_printf(out, "%s_sum%s%s%s %s\n", name, open, labels, close,
		      format_part(histogram->sum, scale->unit, text));
	buffer_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, histogram->count);
}

/* ---- families ---- */

static void write_version(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	(void)sample;
	write_number(out, name, "version=\"" SAFER_VERSION "\"", 1);
}

static void write_limits(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int i = 0; i < LIMITED_COUNT; i++) {
		snprintf(labels, sizeof(labels), "limit=\"%s\"", limited_names[i]);
		write_number(out, name, labels, (uint64_t)sample->limited[i]);
	}
}

/* How a request was answered is there from the start for good answers, and for others once there was one. */
static void write_requests(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int method = 0; method < METHOD_COUNT; method++) {
		for (int status = 0; status < STATUS_COUNT; status++) {
			uint64_t count = sample->counts.requests[method][status];

			if (count > 0 || status == STATUS_OK) {
				snprintf(labels, sizeof(labels), "method=\"%s\",status=\"%s\"",
					 method_rows[method].name, status_name((enum status)status));
				write_number(out, name, labels, count);
			}
		}
	}
}

static void write_request_times(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int method = 0; method < METHOD_COUNT; method++) {
		snprintf(labels, sizeof(labels), "method=\"%s\"", method_rows[method].name);
		write_histogram(out, name, labels, &sample->counts.request_times[method], &histogram_times);
	}
}

static void write_requests_refused(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int status = 0; status < STATUS_COUNT; status++) {
		if (status != STATUS_OK) {
			snprintf(labels, sizeof(labels), "status=\"%s\"", status_name((enum status)status));
			write_number(out, name, labels, sample->counts.requests_refused[status]);
		}
	}
}

static const char *thread_label(int thread, char out[LABELS])
{
	snprintf(out, LABELS, "thread=\"%s\"", thread_names[thread]);
	return out;
}

static void write_queue(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int thread = 0; thread < THREAD_COUNT; thread++) {
		write_number(out, name, thread_label(thread, labels), sample->threads[thread].waiting);
	}
}

static void write_queue_peak(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int thread = 0; thread < THREAD_COUNT; thread++) {
		write_number(out, name, thread_label(thread, labels), sample->threads[thread].waiting_peak);
	}
}

static void write_queue_times(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	char labels[LABELS];

	for (int thread = 0; thread < THREAD_COUNT; thread++) {
		write_histogram(out, name, thread_label(thread, labels), &sample->threads[thread].waits,
				&histogram_times);
	}
}

static void write_group_jobs(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	write_histogram(out, name, "", &sample->threads[THREAD_WRITER].groups, &histogram_jobs);
}

static void write_group_times(const struct metrics_sample *sample, const char *name, struct buffer *out)
{
	write_histogram(out, name, "", &sample->threads[THREAD_WRITER].group_times, &histogram_times);
}

/* ---- all of them ---- */

/* Of a row: the place of its figure, or what writes its family. */
static const struct {
	size_t figure;
	void (*write)(const struct metrics_sample *sample, const char *name, struct buffer *out);
} writers[] = {
#define FIGURE(symbol, name, type, help)        {offsetof(struct figures, symbol), NULL},
#define FAMILY(symbol, name, type, label, help) {0, write_##symbol},
#include "server/metrics.def"
#undef FIGURE
#undef FAMILY
};

void metrics_write(const struct metrics_sample *sample, struct buffer *out)
{
	for (size_t i = 0; i < metric_row_count; i++) {
		const struct metric_row *row = &metric_rows[i];

		buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
			      row->type);
		if (writers[i].write) {
			writers[i].write(sample, row->name, out);
		} else {
			int64_t number;

			memcpy(&number, (const char *)&sample->figures + writers[i].figure, sizeof(number));
			write_number(out, row->name, "", number > 0 ? (uint64_t)number : 0);
		}
	}
}
