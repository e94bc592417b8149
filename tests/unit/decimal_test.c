/* Numbers with a fixed number of places, in and out of text. */
#include "protocol/decimal.h"

#include "rows.h"

struct row {
	const char *name; /* what is typed */
	int places;
	enum decimal_read read;
	int64_t value;
	const char *printed; /* NULL: as typed */
};

static const struct row rows[] = {
	{"0", 0, DECIMAL_GOOD, 0, NULL},
	{"7", 0, DECIMAL_GOOD, 7, NULL},
	{"-7", 0, DECIMAL_GOOD, -7, NULL},
	{"+7", 0, DECIMAL_GOOD, 7, "7"},
	{"007", 0, DECIMAL_GOOD, 7, "7"},
	{"1,234", 0, DECIMAL_GOOD, 1234, "1234"},
	{"1,234,567", 0, DECIMAL_GOOD, 1234567, "1234567"},
	{"9223372036854775807", 0, DECIMAL_GOOD, INT64_MAX, NULL},
	{"-9223372036854775808", 0, DECIMAL_GOOD, INT64_MIN, NULL},
	{"9223372036854775808", 0, DECIMAL_TOO_LARGE, 0, NULL},
	{"-9223372036854775809", 0, DECIMAL_TOO_LARGE, 0, NULL},
	{"99999999999999999999999999", 0, DECIMAL_TOO_LARGE, 0, NULL},
	{"1.50", 2, DECIMAL_GOOD, 150, NULL},
	{"1.5", 2, DECIMAL_GOOD, 150, "1.50"},
	{"1", 2, DECIMAL_GOOD, 100, "1.00"},
	{"1,234.50", 2, DECIMAL_GOOD, 123450, "1234.50"},
	{"0.01", 2, DECIMAL_GOOD, 1, NULL},
	{"-0.01", 2, DECIMAL_GOOD, -1, NULL},
	{"-0", 2, DECIMAL_GOOD, 0, "0.00"},
	{"0.000000001", 9, DECIMAL_GOOD, 1, NULL},
	{"92233720368547758.07", 2, DECIMAL_GOOD, INT64_MAX, NULL},
	{"-92233720368547758.08", 2, DECIMAL_GOOD, INT64_MIN, NULL},
	{"92233720368547758.08", 2, DECIMAL_TOO_LARGE, 0, NULL},
	{"92233720368547759", 2, DECIMAL_TOO_LARGE, 0, NULL},
	{"1.505", 2, DECIMAL_TOO_PRECISE, 0, NULL},
	{"1.0", 0, DECIMAL_TOO_PRECISE, 0, NULL},
	{"", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"-", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"--1", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{".5", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"5.", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1.2.3", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1e3", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1 000", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{" 1", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"0x10", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"nan", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{",123", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1,23", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1,2345", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1234,567", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1,234,", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1,234567", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1,234,56.00", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
	{"1.234,50", 2, DECIMAL_NOT_A_NUMBER, 0, NULL},
};

static void reads_and_prints(void **state)
{
	const struct row *row = *state;
	int64_t value = 77;
	char text[DECIMAL_TEXT];

	assert_int_equal(decimal_parse(row->name, strlen(row->name), row->places, &value), row->read);
	if (row->read != DECIMAL_GOOD) {
		assert_true(value == 77);
		return;
	}
	assert_true(value == row->value);
	decimal_format(value, row->places, text);
	assert_string_equal(text, row->printed ? row->printed : row->name);
}

static void what_is_printed_is_read_again(void **state)
{
	static const int64_t values[] = {0, 1, -1, 9, 10, -99, 100, 101, 123456789, INT64_MAX, INT64_MIN};

	(void)state;
	for (int places = 0; places <= DECIMAL_PLACES; places++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			char text[DECIMAL_TEXT];
			int64_t back = 77;

			decimal_format(values[i], places, text);
			assert_int_equal(decimal_parse(text, strlen(text), places, &back), DECIMAL_GOOD);
			assert_true(back == values[i]);
		}
	}
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, rows, reads_and_prints);
	rows_add(&tests, "what is printed is read again, with any number of places",
		 what_is_printed_is_read_again, NULL);
	return rows_run(&tests, "decimal");
}
