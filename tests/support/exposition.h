/* The text format of Prometheus, read as strictly as it is defined: for every test of what metrics are told.
 *
 * Each family has its HELP and its TYPE once, before its samples, which stand together; a counter ends in _total; no
 * series comes twice; the buckets of a histogram never fall and the last one is its count. Anything else fails the test
 * with the line. */
#ifndef SAFER_TESTS_SUPPORT_EXPOSITION_H
#define SAFER_TESTS_SUPPORT_EXPOSITION_H

#include <stddef.h>

#define EXPOSITION_SERIES 2000

struct exposition {
	char *text;                            /* taken apart in place; owned */
	const char *series[EXPOSITION_SERIES]; /* "name{labels}" */
	double values[EXPOSITION_SERIES];
	size_t count;
	size_t families;
};

struct exposition *exposition_read(const char *text, size_t length);
void exposition_free(struct exposition *exposition); /* NULL is fine */

/* The value of a series, such as saferd_requests_total{method="whoami",status="ok"}; fails the test without it. */
double exposition_value(const struct exposition *exposition, const char *series);

#endif
