/* Tables of tests: every row becomes a test of its own, under the sentence that its `name` is. */
#ifndef SAFER_TESTS_UNIT_ROWS_H
#define SAFER_TESTS_UNIT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ROWS_MAX 400

struct rows {
	struct CMUnitTest tests[ROWS_MAX];
	size_t count;
};

/* Bytes of a literal and how many, without its NUL. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static inline void rows_add(struct rows *rows, const char *name, CMUnitTestFunction run, const void *row)
{
	assert_true(rows->count < ROWS_MAX);
	rows->tests[rows->count++] =
		(struct CMUnitTest){.name = name, .test_func = run, .initial_state = (void *)row};
}

#define rows_add_table(rows, table, run)                                                   \
	do {                                                                               \
		for (size_t row_ = 0; row_ < sizeof(table) / sizeof((table)[0]); row_++) { \
			rows_add((rows), (table)[row_].name, (run), &(table)[row_]);       \
		}                                                                          \
	} while (0)

static inline int rows_run(struct rows *rows, const char *group)
{
	return _cmocka_run_group_tests(group, rows->tests, rows->count, NULL, NULL);
}

#endif
