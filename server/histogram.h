/* How large many numbers were, without keeping any: a count for each bucket of a scale that never changes. It takes
 * the same memory after a year as after a minute; a median or a 99th percentile is as sharp as its bucket is narrow. */
#ifndef SAFER_SERVER_HISTOGRAM_H
#define SAFER_SERVER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 18 /* of the longest scale, the one without an upper bound included */

struct histogram_scale {
	size_t count;                          /* of bounds; a bucket more for what is above the last */
	int64_t bounds[HISTOGRAM_BUCKETS - 1]; /* ascending; each belongs to the bucket below it */
	int64_t unit;                          /* so many of the numbers make one of what is shown */
};

extern const struct histogram_scale histogram_times; /* microseconds, shown as seconds */
extern const struct histogram_scale histogram_jobs;  /* jobs in a group */

struct histogram { /* all zero at first */
	uint64_t buckets[HISTOGRAM_BUCKETS];
	uint64_t count;
	int64_t sum;
	int64_t most;
};

/* What is below 0, as when a clock was set, counts as 0. */
void histogram_add(struct histogram *histogram, const struct histogram_scale *scale, int64_t number);

/* The number that so many of a thousand do not exceed: 500 is the median. Inside a bucket it is taken to be spread
 * evenly; it never exceeds the largest that was added. 0 while nothing was. */
int64_t histogram_quantile(const struct histogram *histogram, const struct histogram_scale *scale,
			   unsigned per_mille);

#endif
