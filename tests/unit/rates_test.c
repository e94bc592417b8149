/* How often: buckets that hold a burst and fill evenly. Time is told, never waited for. */
#include "server/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int setup(void **state)
{
	*state = rates_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	rates_free(*state);
	return 0;
}

/* How many times in a row. */
static int64_t takes(struct rates *rates, const char *key, struct rate rate, int64_t now_ms)
{
	int64_t count = 0;

	while (count < 100000 && rates_take(rates, key, 1, rate, now_ms)) {
		count++;
	}
	return count;
}

static void holds_a_burst_and_no_more(void **state)
{
	const struct rate rate = {.count = 10, .period_ms = 1000, .burst = 25};

	assert_int_equal(takes(*state, "a", rate, 5000), 25);
	assert_int_equal(takes(*state, "a", rate, 5000), 0);
}

static void fills_evenly(void **state)
{
	const struct rate rate = {.count = 10, .period_ms = 1000, .burst = 25};

	takes(*state, "a", rate, 5000);
	assert_int_equal(takes(*state, "a", rate, 5099), 0);
	assert_int_equal(takes(*state, "a", rate, 5100), 1);
	assert_int_equal(takes(*state, "a", rate, 6100), 10);
	for (int64_t now = 6101; now < 6200; now++) {
		assert_false(rates_take(*state, "a", 1, rate, now));
	}
	assert_true(rates_take(*state, "a", 1, rate, 6200));
}

static void is_full_again_after_a_long_time(void **state)
{
	const struct rate rate = {.count = 1, .period_ms = 60000, .burst = 3};

	assert_int_equal(takes(*state, "a", rate, 1), 3);
	assert_int_equal(takes(*state, "a", rate, 1 + 3 * 60000), 3);
	assert_int_equal(takes(*state, "a", rate, INT64_MAX), 3);
}

static void a_clock_that_stands_gives_nothing(void **state)
{
	const struct rate rate = {.count = 1000, .period_ms = 1, .burst = 2};

	assert_int_equal(takes(*state, "a", rate, 700), 2);
	assert_int_equal(takes(*state, "a", rate, 700), 0);
	assert_int_equal(takes(*state, "a", rate, 600), 0);
}

static void one_key_does_not_use_up_another(void **state)
{
	const struct rate rate = {.count = 1, .period_ms = 1000, .burst = 2};

	assert_int_equal(takes(*state, "a", rate, 1), 2);
	assert_int_equal(takes(*state, "b", rate, 1), 2);
	assert_int_equal(takes(*state, "a", rate, 1), 0);
}

static void the_largest_limits_do_not_overflow(void **state)
{
	const struct rate rate = {.count = INT32_MAX, .period_ms = 60000, .burst = INT32_MAX};

	assert_true(rates_take(*state, "a", 1, rate, INT64_MAX - 1));
	assert_true(rates_take(*state, "a", 1, rate, INT64_MAX));
}

/* Whoever has used up its bucket is not given a new one because strangers came by. */
static void strangers_do_not_push_out_who_is_empty(void **state)
{
	const struct rate rate = {.count = 1, .period_ms = 1000, .burst = 4};
	int pushed_out = 0;

	for (uint8_t guest = 0; guest < 50; guest++) {
		char key[2] = {'g', (char)guest};

		for (int i = 0; i < 4; i++) {
			assert_true(rates_take(*state, key, sizeof(key), rate, 1));
		}
	}
	for (uint32_t stranger = 0; stranger < 2000; stranger++) {
		rates_take(*state, &stranger, sizeof(stranger), rate, 1);
	}
	for (uint8_t guest = 0; guest < 50; guest++) {
		char key[2] = {'g', (char)guest};

		pushed_out += rates_take(*state, key, sizeof(key), rate, 1);
	}
	assert_true(pushed_out <= 5); /* of sets that many strangers fell into */
}

#define RATES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RATES_TEST(holds_a_burst_and_no_more),
		RATES_TEST(fills_evenly),
		RATES_TEST(is_full_again_after_a_long_time),
		RATES_TEST(a_clock_that_stands_gives_nothing),
		RATES_TEST(one_key_does_not_use_up_another),
		RATES_TEST(the_largest_limits_do_not_overflow),
		RATES_TEST(strangers_do_not_push_out_who_is_empty),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
