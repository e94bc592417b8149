/* Rows as they come, and the table. */
#include "tests/hostile/score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define P99 0.99

void score_quiet(struct score *score, const struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++) {
		samples_add(&score->quiet, samples->took[i]);
	}
}

void score_add(struct score *score, const struct score_row *row)
{
	assert_true(score->count < SCORE_ROWS);
	score->rows[score->count++] = *row;
}

/* As soon as it is known, since a run is long. */
void score_row_print(const struct score_row *row)
{
	print_message("%-29s %5zu requests  p50 %5.2f  p99 %6.2f ms  log %4lld KiB\n", row->name,
		      row->requests, row->p50, row->p99, (long long)row->log_bytes / 1024);
}

double score_ratio(struct score *score, const struct score_row *row)
{
	return row->p99 / samples_percentile(&score->quiet, P99);
}

void score_print(struct score *score, int64_t budget_kib)
{
	double quiet = samples_percentile(&score->quiet, P99);
	int64_t peak = 0;

	print_message("%-29s %8s %9s %8s %6s %9s %4s %7s %7s %7s\n", "p99 in ms", "attacked", "own quiet",
		      "quiet", "ratio", "newcomer", "cpu", "memory", "tried", "entered");
	for (size_t i = 0; i < score->count; i++) {
		const struct score_row *row = &score->rows[i];
		char own[16] = "-";

		if (row->own_quiet > 0) {
			snprintf(own, sizeof(own), "%.2f", row->own_quiet);
		}
		peak = row->peak_kib > peak ? row->peak_kib : peak;
		print_message("%-29s %8.2f %9s %8.2f %6.2f %9.1f %3.0f%% %3lld MiB %7lu %7lu\n", row->name,
			      row->p99, own, quiet, row->p99 / quiet, row->newcomer, row->cpu,
			      (long long)row->peak_kib / 1024, row->tried, row->entered);
	}
	print_message("quiet: %zu requests, p50 %.2f, p99 %.2f ms; memory at most %lld MiB of %lld\n",
		      score->quiet.count, samples_percentile(&score->quiet, 0.50), quiet,
		      (long long)peak / 1024, (long long)budget_kib / 1024);
}

void score_release(struct score *score)
{
	samples_release(&score->quiet);
	*score = (struct score){.count = 0};
}
