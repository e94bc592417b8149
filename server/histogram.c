/* Whole numbers all the way: nothing here rounds differently on another machine. */
#include "server/histogram.h"

#define MS INT64_C(1000)
#define S  INT64_C(1000000)

const struct histogram_scale histogram_times = {
	.count = 17,
	.bounds = {100, 250, 500, 1 * MS, 2500, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS,
		   500 * MS, 1 * S, 2500 * MS, 5 * S, 10 * S, 30 * S},
	.unit = S,
};

const struct histogram_scale histogram_jobs = {
	.count = 10,
	.bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
	.unit = 1,
};

void histogram_add(struct histogram *histogram, const struct histogram_scale *scale, int64_t number)
{
	size_t bucket = 0;

	if (number < 0) {
		number = 0;
	}
	while (bucket < scale->count && number > scale->bounds[bucket]) {
		bucket++;
	}
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum += number;
	if (number > histogram->most) {
		histogram->most = number;
	}
}

/* length * part / whole, without growing out of 64 bits: part is at most whole. */
static int64_t part_of(int64_t length, uint64_t part, uint64_t whole)
{
	while (whole > UINT32_MAX) {
		whole /= 2;
		part /= 2;
	}
	if (length > UINT32_MAX) {
		return length / (int64_t)whole * (int64_t)part;
	}
	return (int64_t)((uint64_t)length * part / whole);
}

int64_t histogram_quantile(const struct histogram *histogram, const struct histogram_scale *scale,
			   unsigned per_mille)
{
	uint64_t wanted = (histogram->count * per_mille + 999) / 1000;
	uint64_t below = 0;
	size_t bucket = 0;
	int64_t low;
	int64_t high;
	int64_t found;

	if (wanted == 0) {
		return 0;
	}
	while (below + histogram->buckets[bucket] < wanted) {
		below += histogram->buckets[bucket];
		bucket++;
	}
	low = bucket == 0 ? 0 : scale->bounds[bucket - 1];
	high = bucket < scale->count ? scale->bounds[bucket] : histogram->most;
	found = low + part_of(high - low, wanted - below, histogram->buckets[bucket]);
	return found < histogram->most ? found : histogram->most;
}
