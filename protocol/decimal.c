/* The text form of decimals, for what people type and read. Money, percentages and indicator values all pass here. */
#include "protocol/decimal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>

/* A number in the making, negative from its first digit on when there is a sign, so that INT64_MIN fits. */
struct number {
	int64_t value;
	bool negative;
	bool overflow;
};

static void number_add(struct number *number, int digit)
{
	if (__builtin_mul_overflow(number->value, 10, &number->value) ||
	    __builtin_add_overflow(number->value, number->negative ? -digit : digit, &number->value)) {
		number->overflow = true;
	}
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/* Takes the run of digits at `at`; answers how many. */
static size_t digits_read(const char *text, size_t length, size_t at, struct number *number)
{
	size_t start = at;

	while (at < length && is_digit(text[at])) {
		number_add(number, text[at++] - '0');
	}
	return at - start;
}

/* Takes the digits before the point: 1234 or 1,234. Answers how many characters, 0 when they are not so. */
static size_t whole_read(const char *text, size_t length, size_t at, struct number *number)
{
	size_t start = at;
	size_t digits = digits_read(text, length, at, number);

	at += digits;
	if (digits == 0 || (digits > 3 && at < length && text[at] == ',')) {
		return 0;
	}
	while (at < length && text[at] == ',') {
		if (digits_read(text, length, at + 1, number) != 3) {
			return 0;
		}
		at += 4;
	}
	return at - start;
}

enum decimal_read decimal_parse(const char *text, size_t length, int places, int64_t *out)
{
	struct number number = {.value = 0};
	size_t at = 0;
	size_t whole;
	size_t fraction = 0;

	assert(places >= 0 && places <= DECIMAL_PLACES);
	if (length > 0 && (text[0] == '-' || text[0] == '+')) {
		number.negative = text[0] == '-';
		at = 1;
	}
	whole = whole_read(text, length, at, &number);
	if (whole == 0) {
		return DECIMAL_NOT_A_NUMBER;
	}
	at += whole;
	if (at < length && text[at] == '.') {
		fraction = digits_read(text, length, at + 1, &number);
		if (fraction == 0) {
			return DECIMAL_NOT_A_NUMBER;
		}
		at += 1 + fraction;
	}
	if (at != length) {
		return DECIMAL_NOT_A_NUMBER;
	}
	if (fraction > (size_t)places) {
		return DECIMAL_TOO_PRECISE;
	}
	for (; fraction < (size_t)places; fraction++) {
		number_add(&number, 0);
	}
	if (number.overflow) {
		return DECIMAL_TOO_LARGE;
	}
	*out = number.value;
	return DECIMAL_GOOD;
}

void decimal_format(int64_t value, int places, char out[DECIMAL_TEXT])
{
	const char *sign = value < 0 ? "-" : "";
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint64_t unit = 1;

	assert(places >= 0 && places <= DECIMAL_PLACES);
	for (int i = 0; i < places; i++) {
		unit *= 10;
	}
	if (places == 0) {
		snprintf(out, DECIMAL_TEXT, "%s%llu", sign, (unsigned long long)magnitude);
	} else {
		snprintf(out, DECIMAL_TEXT, "%s%llu.%0*llu", sign, (unsigned long long)(magnitude / unit),
			 places, (unsigned long long)(magnitude % unit));
	}
}
