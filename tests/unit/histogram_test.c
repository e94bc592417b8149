/* The arithmetic of histograms: which bucket a number falls into, and what the buckets tell of a median. */
#include "server/histogram.h"

#include "rows.h"

static void is_empty_at_first(void **state)
{
	const struct histogram empty = {.count = 0};

	(void)state;
	assert_int_equal(histogram_quantile(&empty, &histogram_times, 500), 0);
	assert_int_equal(histogram_quantile(&empty, &histogram_times, 1000), 0);
}

static void expect_sound(const struct histogram_scale *scale)
{
	assert_true(scale->count > 0 && scale->count < HISTOGRAM_BUCKETS);
	assert_true(scale->bounds[0] > 0 && scale->unit > 0);
	for (size_t i = 1; i < scale->count; i++) {
		assert_true(scale->bounds[i] > scale->bounds[i - 1]);
	}
}

static void has_scales_that_ascend(void **state)
{
	(void)state;
	expect_sound(&histogram_times);
	expect_sound(&histogram_jobs);
}

/* A bound belongs to the bucket below it, as Prometheus's "le" says. */
static void puts_a_bound_into_the_bucket_below_it(void **state)
{
	const struct histogram_scale *scale = &histogram_times;

	(void)state;
	for (size_t i = 0; i < scale->count; i++) {
		struct histogram histogram = {.count = 0};

		histogram_add(&histogram, scale, scale->bounds[i]);
		assert_int_equal(histogram.buckets[i], 1);
		histogram_add(&histogram, scale, scale->bounds[i] + 1);
		assert_int_equal(histogram.buckets[i + 1], 1);
		assert_int_equal(histogram.count, 2);
		assert_int_equal(histogram.sum, 2 * scale->bounds[i] + 1);
		assert_int_equal(histogram.most, scale->bounds[i] + 1);
	}
}

static void counts_what_is_below_0_as_0(void **state)
{
	struct histogram histogram = {.count = 0};

	(void)state;
	histogram_add(&histogram, &histogram_times, -5);
	assert_int_equal(histogram.buckets[0], 1);
	assert_int_equal(histogram.sum, 0);
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 1000), 0);
}

static void knows_a_single_number_exactly_when_it_is_the_largest(void **state)
{
	struct histogram histogram = {.count = 0};

	(void)state;
	histogram_add(&histogram, &histogram_times, 3682);
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 500), 3682);
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 990), 3682);
}

static void spreads_a_bucket_evenly(void **state)
{
	struct histogram histogram = {.count = 0};

	(void)state;
	for (int64_t micros = 1; micros <= 100; micros++) {
		histogram_add(&histogram, &histogram_times, micros);
	}
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 500), 50);
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 990), 99);
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 1000), 100);
}

static void finds_the_few_that_were_slow(void **state)
{
	struct histogram histogram = {.count = 0};

	(void)state;
	for (int i = 0; i < 98; i++) {
		histogram_add(&histogram, &histogram_times, 80);
	}
	histogram_add(&histogram, &histogram_times, 900000);
	histogram_add(&histogram, &histogram_times, 900000);
	assert_true(histogram_quantile(&histogram, &histogram_times, 500) <= 100);
	assert_in_range(histogram_quantile(&histogram, &histogram_times, 990), 500000, 1000000);
}

static void knows_no_more_than_the_largest_above_the_last_bound(void **state)
{
	struct histogram histogram = {.count = 0};

	(void)state;
	for (int i = 0; i < 10; i++) {
		histogram_add(&histogram, &histogram_times, INT64_C(3600) * 1000000);
	}
	assert_int_equal(histogram_quantile(&histogram, &histogram_times, 1000), INT64_C(3600) * 1000000);
	assert_in_range(histogram_quantile(&histogram, &histogram_times, 500), 30 * 1000000,
			INT64_C(3600) * 1000000);
}

static void does_not_overflow_after_very_many(void **state)
{
	struct histogram histogram = {.count = UINT64_C(1) << 52, .most = 100};

	(void)state;
	histogram.buckets[0] = histogram.count;
	assert_in_range(histogram_quantile(&histogram, &histogram_times, 500), 49, 51);
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "is empty at first", is_empty_at_first, NULL);
	rows_add(&tests, "has scales that ascend", has_scales_that_ascend, NULL);
	rows_add(&tests, "puts a bound into the bucket below it", puts_a_bound_into_the_bucket_below_it,
		 NULL);
	rows_add(&tests, "counts what is below 0 as 0", counts_what_is_below_0_as_0, NULL);
	rows_add(&tests, "knows a single number exactly when it is the largest",
		 knows_a_single_number_exactly_when_it_is_the_largest, NULL);
	rows_add(&tests, "spreads a bucket evenly", spreads_a_bucket_evenly, NULL);
	rows_add(&tests, "finds the few that were slow", finds_the_few_that_were_slow, NULL);
	rows_add(&tests, "knows no more than the largest above the last bound",
		 knows_no_more_than_the_largest_above_the_last_bound, NULL);
	rows_add(&tests, "does not overflow after very many", does_not_overflow_after_very_many, NULL);
	return rows_run(&tests, "histogram");
}
