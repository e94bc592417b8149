/* How many refusals an account may write into the journal. */
#include "server/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1400000000) * SECOND)

static int setup(void **state)
{
	*state = refusals_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	refusals_free(*state);
	return 0;
}

static int take(struct refusals *refusals, int64_t account, int64_t now, int times)
{
	int64_t skipped = 0;
	int taken = 0;

	for (int i = 0; i < times; i++) {
		taken += refusals_take(refusals, account, 60, now, &skipped);
	}
	return taken;
}

static void takes_an_hours_worth_at_once_and_no_more(void **state)
{
	assert_int_equal(take(*state, 1, START, 100), 60);
}

static void fills_evenly(void **state)
{
	take(*state, 1, START, 100);
	assert_int_equal(take(*state, 1, START + 59 * SECOND, 5), 0);
	assert_int_equal(take(*state, 1, START + 60 * SECOND, 5), 1);
	assert_int_equal(take(*state, 1, START + 600 * SECOND, 50), 9);
}

static void never_holds_more_than_an_hours_worth(void **state)
{
	take(*state, 1, START, 100);
	assert_int_equal(take(*state, 1, START + 86400 * SECOND, 100), 60);
}

static void counts_each_account_apart(void **state)
{
	take(*state, 1, START, 100);
	assert_int_equal(take(*state, 2, START, 100), 60);
}

static void says_how_many_were_skipped(void **state)
{
	int64_t skipped = 0;

	take(*state, 1, START, 63);
	assert_true(refusals_take(*state, 1, 60, START + 60 * SECOND, &skipped));
	assert_int_equal(skipped, 3);
	take(*state, 1, START + 60 * SECOND, 1);
	assert_true(refusals_take(*state, 1, 60, START + 3600 * SECOND, &skipped));
	assert_int_equal(skipped, 1);
}

static void stays_shut_when_the_clock_goes_back(void **state)
{
	take(*state, 1, START, 100);
	assert_int_equal(take(*state, 1, START - 3600 * SECOND, 5), 0);
}

static void a_setting_of_nothing_takes_nothing(void **state)
{
	int64_t skipped = 0;

	assert_false(refusals_take(*state, 1, 0, START, &skipped));
	assert_false(refusals_take(*state, 1, 0, START + 86400 * SECOND, &skipped));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_an_hours_worth_at_once_and_no_more),
		TEST(fills_evenly),
		TEST(never_holds_more_than_an_hours_worth),
		TEST(counts_each_account_apart),
		TEST(says_how_many_were_skipped),
		TEST(stays_shut_when_the_clock_goes_back),
		TEST(a_setting_of_nothing_takes_nothing),
	};

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
