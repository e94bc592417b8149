/* Fills struct error, and answers what a status is called and means from the rows of statuses.def. */
#include "common/status.h"

#include "common/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_code;
	bool retry;
	const char *meaning;
} rows[STATUS_COUNT] = {
#define STATUS(symbol, name, exit_code, retry, meaning) {name, exit_code, retry, meaning},
#include "common/statuses.def"
#undef STATUS
};

/* Takes away the beginning of a character at the end of a text that was cut. */
static void drop_half_character(char *text)
{
	size_t length = strlen(text);
	size_t start = length;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
		start--;
	}
	if (start > 0 && ((unsigned char)text[start - 1] & 0x80) != 0) {
		unsigned char lead = (unsigned char)text[start - 1];
		size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

		if (length - (start - 1) < wanted) {
			text[start - 1] = '\0';
		}
	}
}

__attribute__((format(printf, 3, 0))) static void write_text(char *out, size_t bytes, const char *format,
							     va_list arguments)
{
	char text[sizeof(((struct error *)0)->message)];
	int length;

	length = vsnprintf(text, bytes, format, arguments); /* aside, as an argument may be `out` itself */
	if (length < 0) {
		text[0] = '\0';
	} else if ((size_t)length >= bytes) {
		drop_half_character(text);
	}
	memcpy(out, text, strlen(text) + 1);
}

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
	va_list arguments;

	if (!err) {
		return status;
	}
	va_start(arguments, format);
	write_text(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	err->status = status;
	err->hint[0] = '\0';
	err->rule[0] = '\0';
	return status;
}

enum status error_hint(struct error *err, const char *format, ...)
{
	va_list arguments;

	if (!err) {
		return STATUS_FAILED;
	}
	va_start(arguments, format);
	write_text(err->hint, sizeof(err->hint), format, arguments);
	va_end(arguments);
	return err->status;
}

enum status error_rule(struct error *err, const char *rule)
{
	if (!err) {
		return STATUS_FAILED;
	}
	snprintf(err->rule, sizeof(err->rule), "%s", rule);
	return err->status;
}

enum status error_memory(struct error *err)
{
	return error_set(err, STATUS_FAILED, "there is not enough memory");
}

const char *status_name(enum status status)
{
	return rows[status].name;
}

const char *status_meaning(enum status status)
{
	return rows[status].meaning;
}

int status_exit_code(enum status status)
{
	return rows[status].exit_code;
}

bool status_retry(enum status status)
{
	return rows[status].retry;
}

enum status status_from_name(const char *name, size_t length)
{
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		if (text_equal(name, length, rows[i].name)) {
			return (enum status)i;
		}
	}
	return STATUS_FAILED;
}
