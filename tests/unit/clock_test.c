/* The two clocks. */
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int teardown(void **state)
{
	(void)state;
	clock_freeze(0);
	clock_set_offset(0);
	return 0;
}

static void a_frozen_clock_stands_still(void **state)
{
	(void)state;
	clock_freeze(1398900000000000);
	assert_int_equal(clock_machine(), 1398900000000000);
	assert_int_equal(clock_now(), 1398900000000000);
}

static void a_clock_that_runs_again_shows_the_present(void **state)
{
	(void)state;
	clock_freeze(1);
	clock_freeze(0);
	assert_true(clock_machine() > 1700000000000000);
	assert_true(clock_machine() <= clock_machine());
}

static void training_moves_the_partnership_and_not_the_machine(void **state)
{
	(void)state;
	clock_freeze(1000);
	clock_set_offset(-400);
	assert_int_equal(clock_machine(), 1000);
	assert_int_equal(clock_now(), 600);
}

static void deadlines_never_go_back(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	clock_freeze(1);
	assert_true(clock_monotonic_ms() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_frozen_clock_stands_still, teardown),
		cmocka_unit_test_teardown(a_clock_that_runs_again_shows_the_present, teardown),
		cmocka_unit_test_teardown(training_moves_the_partnership_and_not_the_machine, teardown),
		cmocka_unit_test_teardown(deadlines_never_go_back, teardown),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
