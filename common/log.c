/* Writes the log. A line, or some that waited for each other, leaves by one write(2) and is at most PIPE_BUF bytes, so
 * lines of several threads or processes never mix, not even in a pipe. */
#include "common/log.h"

#include "common/calendar.h"
#include "common/clock.h"

#include <utf8proc.h>

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static const char hex_digits[] = "0123456789abcdef";

static atomic_int level_now = LOG_INFO;

/* How a line ends that had to be cut short, after the quote of a value that is still open. */
static const char cut_short[] = " truncated=true";
#define TAIL_BYTES sizeof("\" truncated=true\n")

struct line {
	char bytes[PIPE_BUF];
	size_t length;
	bool quoted; /* inside the quotes of a value */
	bool full;   /* something did not fit; nothing more is taken */
};

/* Whole lines that wait. */
static _Thread_local struct {
	char bytes[PIPE_BUF];
	size_t length;
	int holds;
} held;

struct log_field log_text(const char *key, const char *text)
{
	return log_span(key, text ? text : "", text ? strlen(text) : 0);
}

struct log_field log_span(const char *key, const char *text, size_t length)
{
	return (struct log_field){.key = key, .text = text ? text : "", .length = text ? length : 0};
}

struct log_field log_number(const char *key, int64_t number)
{
	return (struct log_field){.key = key, .number = number};
}

static void line_add(struct line *line, const char *bytes, size_t length)
{
	if (line->full || length > sizeof(line->bytes) - TAIL_BYTES - line->length) {
		line->full = true;
		return;
	}
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

static void line_add_text(struct line *line, const char *text)
{
	line_add(line, text, strlen(text));
}

/* The length of the character at the start of `text` if it can stand in a log as it is, else 0. What is invalid,
 * invisible, unassigned or turns the direction of writing cannot. */
static size_t printable(const char *text, size_t length)
{
	utf8proc_int32_t character;
	utf8proc_ssize_t bytes =
		utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &character);

	if (bytes <= 0) {
		return 0;
	}
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return 0;
	default:
		return (size_t)bytes;
	}
}

static bool needs_quotes(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '=' || byte == '\\') {
			return true;
		}
	}
	return length == 0;
}

static void line_add_escaped(struct line *line, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t bytes = printable(text + i, length - i);

		if (bytes == 0) {
			unsigned char byte = (unsigned char)text[i];
			char escape[] = {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 15]};

			if (byte == '\n') {
				line_add(line, "\\n", 2);
			} else {
				line_add(line, escape, sizeof(escape));
			}
			bytes = 1;
		} else {
			if (text[i] == '"' || text[i] == '\\') {
				line_add(line, "\\", 1);
			}
			line_add(line, text + i, bytes);
		}
		i += bytes;
	}
}

static void line_add_value(struct line *line, const char *text, size_t length)
{
	if (!needs_quotes(text, length)) {
		line_add(line, text, length);
		return;
	}
	line_add(line, "\"", 1);
	line->quoted = !line->full;
	line_add_escaped(line, text, length);
	line_add(line, "\"", 1);
	line->quoted = line->quoted && line->full;
}

/* Uses the room that line_add left. */
static void line_end(struct line *line)
{
	if (line->quoted) {
		line->bytes[line->length++] = '"';
	}
	if (line->full) {
		memcpy(line->bytes + line->length, cut_short, strlen(cut_short));
		line->length += strlen(cut_short);
	}
	line->bytes[line->length++] = '\n';
}

static void line_add_field(struct line *line, const struct log_field *field)
{
	char number[24];

	line_add_text(line, " ");
	line_add_text(line, field->key);
	line_add_text(line, "=");
	if (field->text) {
		line_add_value(line, field->text, field->length);
	} else {
		snprintf(number, sizeof(number), "%lld", (long long)field->number);
		line_add_text(line, number);
	}
}

/* A log that cannot be written is no reason to fail, nor to change what is being reported. */
static void put(const char *bytes, size_t length)
{
	int saved = errno;
	ssize_t written;

	do {
		written = write(STDERR_FILENO, bytes, length);
	} while (written < 0 && errno == EINTR);
	errno = saved;
}

static void put_held(void)
{
	if (held.length > 0) {
		put(held.bytes, held.length);
		held.length = 0;
	}
}

void log_hold(void)
{
	held.holds++;
}

void log_release(void)
{
	held.holds--;
	if (held.holds == 0) {
		put_held();
	}
}

static void line_leave(const struct line *line, enum log_level level)
{
	if (held.length + line->length > sizeof(held.bytes)) {
		put_held();
	}
	if (held.holds == 0) {
		put(line->bytes, line->length);
		return;
	}
	memcpy(held.bytes + held.length, line->bytes, line->length);
	held.length += line->length;
	if (level <= LOG_WARNING) {
		put_held();
	}
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	struct line line;
	char time[TIME_TEXT];

	if (!log_takes(level)) {
		return;
	}
	line.length = 0;
	line.quoted = false;
	line.full = false;
	time_format(clock_machine(), time);
	line_add_text(&line, "time=");
	line_add_text(&line, time);
	line_add_text(&line, " level=");
	line_add_text(&line, level_names[level]);
	line_add_text(&line, " event=");
	line_add_value(&line, event, strlen(event));
	for (size_t i = 0; i < count; i++) {
		line_add_field(&line, &fields[i]);
	}
	line_end(&line);
	line_leave(&line, level);
}

bool log_takes(enum log_level level)
{
	return (int)level <= level_now;
}

void log_set_level(enum log_level level)
{
	level_now = (int)level;
}

bool log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}
