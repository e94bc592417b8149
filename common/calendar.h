/* Dates, times and the periods that a partnership plans in.
 *
 * The year starts on 1 April (Crime and Disorder (Formulation and Implementation of Strategy) Regulations
 * 2007, SI 2007/1830, reg. 2) and is written 2014/15; its quarters are 2014/15 Q1 (April to June) to Q4;
 * a month is 2014-05. */
#ifndef SAFER_COMMON_CALENDAR_H
#define SAFER_COMMON_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_TEXT            11 /* bytes of "2014-05-01" with its NUL */
#define TIME_TEXT            28 /* bytes of "2014-05-01T09:30:00.123456Z" with its NUL */
#define PERIOD_TEXT          16

#define MICROSECONDS_PER_DAY INT64_C(86400000000)

/* A day as days since 1970-01-01, negative before. Comparing and adding days is plain arithmetic. */
typedef int32_t day_t;

enum period_kind { PERIOD_YEAR, PERIOD_QUARTER, PERIOD_MONTH };

struct period {
	enum period_kind kind;
	day_t first; /* first day */
	day_t last;  /* last day, inclusive */
};

/* Each parser takes exactly `length` bytes, allows nothing else around them, and answers false for anything
 * that is not a real date between 1900-01-01 and 2199-12-31, or not in the canonical form. */
bool date_parse(const char *text, size_t length, day_t *out); /* 2014-05-01 */
bool period_parse(const char *text, size_t length, struct period *out);
/* 2014-05-01T09:30Z, seconds and fractions optional */
bool time_parse(const char *text, size_t length, int64_t *out);

/* What lies outside the years 0000 to 9999 is written as the nearest date inside them. */
void date_format(day_t day, char out[DATE_TEXT]);
void time_format(int64_t microseconds, char out[TIME_TEXT]); /* always with microseconds and Z */
void period_format(const struct period *period, char out[PERIOD_TEXT]);

day_t day_of_time(int64_t microseconds);                       /* the UTC day */
int64_t time_of_day(day_t day);                                /* its first microsecond; years 0000 to 9999 */
struct period period_of_day(enum period_kind kind, day_t day); /* the one that holds the day */
struct period year_of_day(day_t day);                          /* the 1 April year that holds the day */
day_t day_from(int year, int month, int day_of_month);         /* the date must be real */

#endif
