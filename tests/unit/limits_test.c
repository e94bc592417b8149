/* The one table of limits. */
#include "protocol/limits.h"

#include "rows.h"

static void defaults_fill_every_limit(void **state)
{
	struct limits limits;

	(void)state;
	memset(&limits, 0xff, sizeof(limits));
	limits_default(&limits);
	assert_int_equal(limit_row_count, sizeof(limits) / sizeof(int64_t));
	for (size_t i = 0; i < limit_row_count; i++) {
		int64_t value;

		memcpy(&value, (const uint8_t *)&limits + limit_rows[i].offset, sizeof(value));
		assert_true(value == limit_rows[i].value);
		assert_true(value > 0);
	}
}

static void every_row_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < limit_row_count; i++) {
		assert_true(strlen(limit_rows[i].name) > 0);
		assert_true(strlen(limit_rows[i].unit) > 0);
		assert_true(strlen(limit_rows[i].help) > 0);
	}
	assert_string_equal(limit_rows[0].name, "message_bytes");
	assert_int_equal(limit_rows[0].offset, offsetof(struct limits, message_bytes));
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "defaults fill every limit", defaults_fill_every_limit, NULL);
	rows_add(&tests, "every row is complete", every_row_is_complete, NULL);
	return rows_run(&tests, "limits");
}
