/* Numbers with a fixed number of decimal places, kept as integers of the smallest unit: with 2 places, 1.50 is 150.
 * No floating point anywhere, so that what people add up adds up. */
#ifndef SAFER_PROTOCOL_DECIMAL_H
#define SAFER_PROTOCOL_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_TEXT   32 /* bytes of the longest with its NUL */
#define DECIMAL_PLACES 9  /* most places */

enum decimal_read {
	DECIMAL_GOOD,
	DECIMAL_NOT_A_NUMBER,
	DECIMAL_TOO_PRECISE, /* more places than there are */
	DECIMAL_TOO_LARGE,   /* does not fit 64 bits */
};

/* Reads digits with an optional sign before them, commas between thousands (all of them, or none), and a point with
 * 1 to `places` digits. Leaves *out alone unless good. */
enum decimal_read decimal_parse(const char *text, size_t length, int places, int64_t *out);

void decimal_format(int64_t value, int places, char out[DECIMAL_TEXT]); /* all places, no commas */

#endif
