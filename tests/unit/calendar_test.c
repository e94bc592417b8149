/* Dates, times and periods: what is read, what is refused, and the year that starts on 1 April. */
#include "common/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void every_day_is_written_and_read_back(void **state)
{
	char text[DATE_TEXT];
	char last[DATE_TEXT] = "1899-12-31";
	day_t end = day_from(2199, 12, 31);
	day_t read;

	(void)state;
	for (day_t day = day_from(1900, 1, 1); day <= end; day++) {
		date_format(day, text);
		assert_true(strcmp(last, text) < 0);
		assert_true(date_parse(text, strlen(text), &read));
		assert_int_equal(read, day);
		memcpy(last, text, sizeof(last));
	}
	assert_string_equal(last, "2199-12-31");
}

static void known_days_have_known_numbers(void **state)
{
	(void)state;
	assert_int_equal(day_from(1970, 1, 1), 0);
	assert_int_equal(day_from(1969, 12, 31), -1);
	assert_int_equal(day_from(2000, 2, 29), 11016);
	assert_int_equal(day_from(2014, 4, 1), 16161);
	assert_int_equal(day_from(1900, 1, 1), -25567);
}

static void is_refused_as_a_date(void **state)
{
	const char *text = *state;
	day_t day = 77;

	assert_false(date_parse(text, strlen(text), &day));
	assert_int_equal(day, 77);
}

static void is_refused_as_a_time(void **state)
{
	const char *text = *state;
	int64_t time = 77;

	assert_false(time_parse(text, strlen(text), &time));
	assert_int_equal(time, 77);
}

static void is_refused_as_a_period(void **state)
{
	const char *text = *state;
	struct period period = {.first = 77};

	assert_false(period_parse(text, strlen(text), &period));
	assert_int_equal(period.first, 77);
}

static const struct {
	const char *text;
	const char *written; /* the canonical form */
} times[] = {
	{"2014-05-01T09:30Z", "2014-05-01T09:30:00.000000Z"},
	{"2014-05-01T09:30:15Z", "2014-05-01T09:30:15.000000Z"},
	{"2014-05-01T09:30:15.5Z", "2014-05-01T09:30:15.500000Z"},
	{"2014-05-01T09:30:15.123456Z", "2014-05-01T09:30:15.123456Z"},
	{"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
	{"1970-01-01T00:00Z", "1970-01-01T00:00:00.000000Z"},
	{"2199-12-31T23:59:59Z", "2199-12-31T23:59:59.000000Z"},
};

static void times_are_read_with_or_without_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[TIME_TEXT];
		int64_t time;

		assert_true(time_parse(times[i].text, strlen(times[i].text), &time));
		time_format(time, text);
		assert_string_equal(text, times[i].written);
	}
}

static void a_moment_belongs_to_its_day(void **state)
{
	(void)state;
	assert_int_equal(day_of_time(0), 0);
	assert_int_equal(day_of_time(-1), -1);
	assert_int_equal(day_of_time(time_of_day(16161) - 1), 16160);
	assert_int_equal(day_of_time(time_of_day(-3)), -3);
}

static void moments_beyond_four_digits_of_a_year_are_still_written_safely(void **state)
{
	char text[TIME_TEXT];

	(void)state;
	time_format(INT64_MAX, text);
	assert_int_equal(strlen(text), TIME_TEXT - 1);
	assert_memory_equal(text, "9999-12-31", 10);
	time_format(INT64_MIN, text);
	assert_memory_equal(text, "0000-01-01", 10);
}

static const struct {
	const char *text;
	enum period_kind kind;
	const char *first;
	const char *last;
} periods[] = {
	{"2014/15", PERIOD_YEAR, "2014-04-01", "2015-03-31"},
	{"1999/00", PERIOD_YEAR, "1999-04-01", "2000-03-31"},
	{"1900/01", PERIOD_YEAR, "1900-04-01", "1901-03-31"},
	{"2198/99", PERIOD_YEAR, "2198-04-01", "2199-03-31"},
	{"2014/15 Q1", PERIOD_QUARTER, "2014-04-01", "2014-06-30"},
	{"2014/15 Q2", PERIOD_QUARTER, "2014-07-01", "2014-09-30"},
	{"2014/15 Q3", PERIOD_QUARTER, "2014-10-01", "2014-12-31"},
	{"2014/15 Q4", PERIOD_QUARTER, "2015-01-01", "2015-03-31"},
	{"2014-05", PERIOD_MONTH, "2014-05-01", "2014-05-31"},
	{"2014-12", PERIOD_MONTH, "2014-12-01", "2014-12-31"},
	{"2016-02", PERIOD_MONTH, "2016-02-01", "2016-02-29"},
	{"2100-02", PERIOD_MONTH, "2100-02-01", "2100-02-28"},
};

static void periods_have_a_first_and_a_last_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct period period;
		char first[DATE_TEXT];
		char last[DATE_TEXT];
		char text[PERIOD_TEXT];

		assert_true(period_parse(periods[i].text, strlen(periods[i].text), &period));
		date_format(period.first, first);
		date_format(period.last, last);
		period_format(&period, text);
		assert_int_equal(period.kind, periods[i].kind);
		assert_string_equal(first, periods[i].first);
		assert_string_equal(last, periods[i].last);
		assert_string_equal(text, periods[i].text);
	}
}

static void the_year_turns_on_1_april(void **state)
{
	struct period before = year_of_day(day_from(2015, 3, 31));
	struct period after = year_of_day(day_from(2015, 4, 1));
	char text[PERIOD_TEXT];

	(void)state;
	period_format(&before, text);
	assert_string_equal(text, "2014/15");
	period_format(&after, text);
	assert_string_equal(text, "2015/16");
	assert_int_equal(before.last + 1, after.first);
}

#define NOT_A_DATE(why, text)                                                    \
	{                                                                        \
		"refuses as a date " why, is_refused_as_a_date, NULL, NULL, text \
	}
#define NOT_A_TIME(why, text)                                                    \
	{                                                                        \
		"refuses as a time " why, is_refused_as_a_time, NULL, NULL, text \
	}
#define NOT_A_PERIOD(why, text)                                                      \
	{                                                                            \
		"refuses as a period " why, is_refused_as_a_period, NULL, NULL, text \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_is_written_and_read_back),
		cmocka_unit_test(known_days_have_known_numbers),
		cmocka_unit_test(times_are_read_with_or_without_seconds),
		cmocka_unit_test(a_moment_belongs_to_its_day),
		cmocka_unit_test(moments_beyond_four_digits_of_a_year_are_still_written_safely),
		cmocka_unit_test(periods_have_a_first_and_a_last_day),
		cmocka_unit_test(the_year_turns_on_1_april),
		NOT_A_DATE("nothing", ""),
		NOT_A_DATE("a month without its zero", "2014-5-01"),
		NOT_A_DATE("the thirteenth month", "2014-13-01"),
		NOT_A_DATE("month nought", "2014-00-10"),
		NOT_A_DATE("31 April", "2014-04-31"),
		NOT_A_DATE("day nought", "2014-04-00"),
		NOT_A_DATE("29 February of a common year", "2014-02-29"),
		NOT_A_DATE("29 February of 1900", "1900-02-29"),
		NOT_A_DATE("1899", "1899-12-31"),
		NOT_A_DATE("2200", "2200-01-01"),
		NOT_A_DATE("a space before it", " 2014-05-01"),
		NOT_A_DATE("a space after it", "2014-05-01 "),
		NOT_A_DATE("a sign in a number", "2014-+5-01"),
		NOT_A_DATE("slashes", "2014/05/01"),
		NOT_A_TIME("a date alone", "2014-05-01"),
		NOT_A_TIME("a time without a zone", "2014-05-01T09:30"),
		NOT_A_TIME("another zone", "2014-05-01T09:30+01:00"),
		NOT_A_TIME("24 o'clock", "2014-05-01T24:00Z"),
		NOT_A_TIME("minute 60", "2014-05-01T09:60Z"),
		NOT_A_TIME("a leap second", "2016-12-31T23:59:60Z"),
		NOT_A_TIME("a point without a fraction", "2014-05-01T09:30:15.Z"),
		NOT_A_TIME("seven digits of a fraction", "2014-05-01T09:30:15.1234567Z"),
		NOT_A_TIME("a fraction of a minute", "2014-05-01T09:30.5Z"),
		NOT_A_TIME("a lower-case t", "2014-05-01t09:30Z"),
		NOT_A_TIME("a space for the T", "2014-05-01 09:30Z"),
		NOT_A_PERIOD("a calendar year", "2014"),
		NOT_A_PERIOD("a year that skips one", "2014/16"),
		NOT_A_PERIOD("a year with a hyphen", "2014-15"),
		NOT_A_PERIOD("both years in full", "2014/2015"),
		NOT_A_PERIOD("the fifth quarter", "2014/15 Q5"),
		NOT_A_PERIOD("a lower-case q", "2014/15 q1"),
		NOT_A_PERIOD("a quarter without its space", "2014/15Q1"),
		NOT_A_PERIOD("the year before 1900", "1899/00"),
		NOT_A_PERIOD("the year that ends after 2199", "2199/00"),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
