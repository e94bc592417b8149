/* What came of each attack, and the quiet time of the whole run that it is judged by: one table in the end. A phase's own
 * quiet figure stands beside, but is not judged by, since a few hundred requests have too few slow ones among them. */
#ifndef SAFER_TESTS_HOSTILE_SCORE_H
#define SAFER_TESTS_HOSTILE_SCORE_H

#include "tests/hostile/honest.h"

#define SCORE_ROWS 24

struct score_row {
	const char *name;
	size_t requests; /* honest ones beside the attack */
	double p50;
	double p99;
	double own_quiet; /* p99 just before and after it; 0: not measured */
	double newcomer;  /* the slowest to be let in, milliseconds */
	double cpu;       /* that the server used, percent of a core */
	int64_t peak_kib;
	int64_t log_bytes;
	unsigned long tried;   /* connections of the attack */
	unsigned long entered; /* and handshakes that came about */
};

struct score {
	struct score_row rows[SCORE_ROWS];
	size_t count;
	struct samples quiet; /* of the whole run */
};

void score_quiet(struct score *score, const struct samples *samples);
void score_add(struct score *score, const struct score_row *row);
void score_row_print(const struct score_row *row);
void score_print(struct score *score, int64_t budget_kib);
/* Of a row: how many times the quiet p99 its own is. */
double score_ratio(struct score *score, const struct score_row *row);
void score_release(struct score *score);

#endif
