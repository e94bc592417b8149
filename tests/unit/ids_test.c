/* Ids of records and of requests. */
#include "common/clock.h"
#include "common/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *text;
	const char *prefix;
	int64_t number;
} good[] = {
	{"A12", "A", 12},
	{"a12", "A", 12},
	{"SA3", "SA", 3},
	{"sAx1", "SAX", 1},
	{"P9223372036854775807", "P", INT64_MAX},
};

static void ids_are_read_in_any_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct id id;

		assert_true(id_parse(good[i].text, strlen(good[i].text), &id));
		assert_string_equal(id.prefix, good[i].prefix);
		assert_int_equal(id.number, good[i].number);
	}
}

static void is_refused(void **state)
{
	const char *text = *state;
	struct id id = {.number = 77};

	assert_false(id_parse(text, strlen(text), &id));
	assert_int_equal(id.number, 77);
}

static void only_the_given_bytes_are_read(void **state)
{
	struct id id;

	(void)state;
	assert_true(id_parse("A123", 3, &id));
	assert_int_equal(id.number, 12);
}

static void the_longest_id_fits(void **state)
{
	char text[ID_TEXT];

	(void)state;
	id_format("ABC", INT64_MAX, text);
	assert_string_equal(text, "ABC9223372036854775807");
	id_format("A", 12, text);
	assert_string_equal(text, "A12");
}

#define REFUSED(why, text)                                   \
	{                                                    \
		"refuses " why, is_refused, NULL, NULL, text \
	}

static void ids_of_requests_follow_each_other_in_time(void **state)
{
	static const uint8_t time[] = {0x01, 0x7f, 0x22,
				       0xe2, 0x79, 0xb0}; /* the example of RFC 9562, appendix A.6 */
	uint8_t before[REQUEST_ID];
	uint8_t after[REQUEST_ID];

	(void)state;
	clock_freeze(INT64_C(1645557742000) * 1000);
	assert_true(request_id_new(before));
	assert_memory_equal(before, time, sizeof(time));
	assert_int_equal(before[6] >> 4, 7);
	assert_int_equal(before[8] >> 6, 2);
	assert_true(request_id_new(after));
	assert_memory_not_equal(before, after, REQUEST_ID);
	clock_freeze(INT64_C(1645557742001) * 1000);
	assert_true(request_id_new(after));
	assert_true(memcmp(before, after, REQUEST_ID) < 0);
	clock_freeze(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_read_in_any_case),
		cmocka_unit_test(only_the_given_bytes_are_read),
		cmocka_unit_test(the_longest_id_fits),
		cmocka_unit_test(ids_of_requests_follow_each_other_in_time),
		REFUSED("nothing", ""),
		REFUSED("letters alone", "A"),
		REFUSED("a number alone", "12"),
		REFUSED("four letters", "ABCD1"),
		REFUSED("number nought", "A0"),
		REFUSED("a leading zero", "A012"),
		REFUSED("a sign", "A-1"),
		REFUSED("a space between", "A 1"),
		REFUSED("a space after", "A1 "),
		REFUSED("a letter after", "A1b"),
		REFUSED("a number that does not fit", "A9223372036854775808"),
		REFUSED("a letter that is not ASCII", "\xc3\x84"
						      "1"),
	};

	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
