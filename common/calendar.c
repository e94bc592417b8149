/* The proleptic Gregorian calendar as arithmetic on days, and the year of the partnership laid over it. Nothing
 * here knows a time zone or today's date: clock.h is the only reader of time. */
#include "common/calendar.h"

#include <string.h>

#define FIRST_YEAR              1900
#define LAST_YEAR               2199

#define MICROSECONDS_PER_SECOND INT64_C(1000000)

/* 0000-01-01 and 9999-12-31: what four digits of a year can say. */
#define FIRST_WRITABLE_DAY (-719528)
#define LAST_WRITABLE_DAY  2932896

#define APRIL              4

struct date {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

/* Days are counted in years that begin on 1 March, so that the leap day comes last, and in cycles of 400 years,
 * which all have 146097 days. 719468 days lie between 0000-03-01 and 1970-01-01. */
day_t day_from(int year, int month, int day_of_month)
{
	int shifted = month <= 2 ? year - 1 : year;
	int cycle = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int year_of_cycle = shifted - cycle * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day_of_month - 1;
	int day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;

	return cycle * 146097 + day_of_cycle - 719468;
}

static struct date date_of_day(day_t day)
{
	int64_t shifted = (int64_t)day + 719468;
	int64_t cycle = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int day_of_cycle = (int)(shifted - cycle * 146097);
	int year_of_cycle =
		(day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
	int day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
	int month = (5 * day_of_year + 2) / 153; /* 0 is March */
	struct date date;

	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = (int)(year_of_cycle + cycle * 400) + (date.month <= 2 ? 1 : 0);
	return date;
}

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap(year) ? 29 : days[month - 1];
}

/* Reads exactly `count` decimal digits. */
static bool digits_parse(const char *text, size_t count, int *out)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return false;
		}
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return true;
}

static void digits_format(int64_t value, size_t count, char *out)
{
	while (count > 0) {
		out[--count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Reads "2014-05". */
static bool month_parse(const char *text, int *year, int *month)
{
	return digits_parse(text, 4, year) && text[4] == '-' && digits_parse(text + 5, 2, month) &&
	       *year >= FIRST_YEAR && *year <= LAST_YEAR && *month >= 1 && *month <= 12;
}

bool date_parse(const char *text, size_t length, day_t *out)
{
	struct date date;

	if (length != DATE_TEXT - 1 || !month_parse(text, &date.year, &date.month) || text[7] != '-' ||
	    !digits_parse(text + 8, 2, &date.day)) {
		return false;
	}
	if (date.day < 1 || date.day > days_of_month(date.year, date.month)) {
		return false;
	}
	*out = day_from(date.year, date.month, date.day);
	return true;
}

static struct period period_of_months(enum period_kind kind, int year, int month, int months)
{
	int after = month + months;
	day_t end = day_from(year + (after - 1) / 12, (after - 1) % 12 + 1, 1);

	return (struct period){.kind = kind, .first = day_from(year, month, 1), .last = end - 1};
}

/* Quarter 1 starts in April; quarter 4 lies in the calendar year that follows. */
static struct period period_of_quarter(int year, int quarter)
{
	int month = APRIL + 3 * (quarter - 1);

	return period_of_months(PERIOD_QUARTER, month > 12 ? year + 1 : year, (month - 1) % 12 + 1, 3);
}

/* Reads "2014/15". The last year that may be written is the one that ends in LAST_YEAR. */
static bool year_parse(const char *text, int *year)
{
	int next;

	return digits_parse(text, 4, year) && text[4] == '/' && digits_parse(text + 5, 2, &next) &&
	       *year >= FIRST_YEAR && *year < LAST_YEAR && next == (*year + 1) % 100;
}

bool period_parse(const char *text, size_t length, struct period *out)
{
	int year;
	int month;

	if (length == strlen("2014/15") && year_parse(text, &year)) {
		*out = period_of_months(PERIOD_YEAR, year, APRIL, 12);
		return true;
	}
	if (length == strlen("2014/15 Q1") && year_parse(text, &year) && text[7] == ' ' && text[8] == 'Q' &&
	    text[9] >= '1' && text[9] <= '4') {
		*out = period_of_quarter(year, text[9] - '0');
		return true;
	}
	if (length == strlen("2014-05") && month_parse(text, &year, &month)) {
		*out = period_of_months(PERIOD_MONTH, year, month, 1);
		return true;
	}
	return false;
}

/* Reads what follows the minutes: nothing, ":15" or ":15.5" with up to six digits after the point. */
static bool seconds_parse(const char *text, size_t length, int64_t *microseconds)
{
	int64_t unit = MICROSECONDS_PER_SECOND;
	int value;

	*microseconds = 0;
	if (length == 0) {
		return true;
	}
	if (length < 3 || text[0] != ':' || !digits_parse(text + 1, 2, &value) || value > 59) {
		return false;
	}
	*microseconds = value * unit;
	if (length == 3) {
		return true;
	}
	if (text[3] != '.' || length < 5 || length > 10) {
		return false;
	}
	for (size_t i = 4; i < length; i++) {
		if (!digits_parse(text + i, 1, &value)) {
			return false;
		}
		unit /= 10;
		*microseconds += value * unit;
	}
	return true;
}

bool time_parse(const char *text, size_t length, int64_t *out)
{
	const size_t minutes_end = strlen("2014-05-01T09:30");
	day_t day;
	int hour;
	int minute;
	int64_t rest;

	if (length < minutes_end + 1 || !date_parse(text, DATE_TEXT - 1, &day) || text[10] != 'T' ||
	    !digits_parse(text + 11, 2, &hour) || text[13] != ':' || !digits_parse(text + 14, 2, &minute) ||
	    hour > 23 || minute > 59) {
		return false;
	}
	if (text[length - 1] != 'Z' || !seconds_parse(text + minutes_end, length - minutes_end - 1, &rest)) {
		return false;
	}
	*out = time_of_day(day) + (hour * 60 + minute) * 60 * MICROSECONDS_PER_SECOND + rest;
	return true;
}

void date_format(day_t day, char out[DATE_TEXT])
{
	struct date date;

	if (day < FIRST_WRITABLE_DAY) {
		day = FIRST_WRITABLE_DAY;
	} else if (day > LAST_WRITABLE_DAY) {
		day = LAST_WRITABLE_DAY;
	}
	date = date_of_day(day);
	memcpy(out, "0000-00-00", DATE_TEXT);
	digits_format(date.year, 4, out);
	digits_format(date.month, 2, out + 5);
	digits_format(date.day, 2, out + 8);
}

void time_format(int64_t microseconds, char out[TIME_TEXT])
{
	int64_t rest = microseconds % MICROSECONDS_PER_DAY;
	int64_t second;

	rest += rest < 0 ? MICROSECONDS_PER_DAY : 0;
	second = rest / MICROSECONDS_PER_SECOND;
	date_format(day_of_time(microseconds), out);
	memcpy(out + 10, "T00:00:00.000000Z", TIME_TEXT - 10);
	digits_format(second / 3600, 2, out + 11);
	digits_format(second / 60 % 60, 2, out + 14);
	digits_format(second % 60, 2, out + 17);
	digits_format(rest % MICROSECONDS_PER_SECOND, 6, out + 20);
}

void period_format(const struct period *period, char out[PERIOD_TEXT])
{
	char text[DATE_TEXT];
	struct date date = date_of_day(period->first);
	int year = date.month >= APRIL ? date.year : date.year - 1;

	if (period->kind == PERIOD_MONTH) {
		date_format(period->first, text);
		text[7] = '\0';
		memcpy(out, text, 8);
		return;
	}
	memcpy(out, "0000/00 Q0", 11);
	digits_format(year, 4, out);
	digits_format(year + 1, 2, out + 5);
	if (period->kind == PERIOD_QUARTER) {
		digits_format((date.month + 12 - APRIL) % 12 / 3 + 1, 1, out + 9);
	} else {
		out[7] = '\0';
	}
}

day_t day_of_time(int64_t microseconds)
{
	int64_t day = microseconds / MICROSECONDS_PER_DAY;

	return (day_t)(microseconds % MICROSECONDS_PER_DAY < 0 ? day - 1 : day);
}

int64_t time_of_day(day_t day)
{
	return day * MICROSECONDS_PER_DAY;
}

struct period period_of_day(enum period_kind kind, day_t day)
{
	struct date date = date_of_day(day);
	int year = date.month >= APRIL ? date.year : date.year - 1;

	switch (kind) {
	case PERIOD_MONTH:
		return period_of_months(kind, date.year, date.month, 1);
	case PERIOD_QUARTER:
		return period_of_quarter(year, (date.month + 12 - APRIL) % 12 / 3 + 1);
	default:
		return period_of_months(kind, year, APRIL, 12);
	}
}

struct period year_of_day(day_t day)
{
	return period_of_day(PERIOD_YEAR, day);
}
