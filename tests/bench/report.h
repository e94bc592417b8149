/* What is made of the measurements: medians, a table with ratios, JSON, and a chart. */
#ifndef SAFER_TESTS_BENCH_REPORT_H
#define SAFER_TESTS_BENCH_REPORT_H

#include "tests/bench/generator.h"

#define ROUNDS_MOST  50
#define SERVERS_MOST 12 /* saferd first, the echo second, then those beside it */

struct cell {                 /* a workload with a number of connections */
	const char *workload; /* also what a server beside is asked for: "edit" */
	const char *title;
	struct work work;
	const char *unit;
	bool less_is_better;
	double (*figure)(const struct measured *measured);
	struct {
		struct measured rounds[ROUNDS_MOST];
		int count;
	} servers[SERVERS_MOST];
};

struct report {
	struct cell *cells;
	size_t cell_count;
	const char *names[SERVERS_MOST];
	size_t server_count;
};

double report_median(const struct cell *cell, size_t server, double (*figure)(const struct measured *));
void report_table(const struct report *report);
bool report_json(const struct report *report, const char *path);
bool report_chart(const struct report *report, const char *path); /* SVG: throughput against connections */

#endif
