/* Line by line, with a state for the family that is being read. */
#include "tests/support/exposition.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME 100

struct reader {
	struct exposition *out;
	char family[NAME]; /* the one whose samples are being read */
	char type[NAME];
	bool has_help;
	char seen[100][NAME]; /* families so far */
	double last_bucket;
	char bucket_labels[200]; /* of the histogram's series whose buckets are being read */
};

static void bad(const char *line, const char *what)
{
	fail_msg("%s: %s", what, line);
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == ':') {
		length++;
	}
	return isdigit((unsigned char)text[0]) ? 0 : length;
}

static void read_help(struct reader *reader, const char *line)
{
	const char *name = line + strlen("# HELP ");
	size_t length = name_length(name);

	if (length == 0 || length >= NAME || name[length] != ' ' || name[length + 1] == '\0') {
		bad(line, "a family without a name or a help");
	}
	snprintf(reader->family, sizeof(reader->family), "%.*s", (int)length, name);
	for (size_t i = 0; i < reader->out->families; i++) {
		if (strcmp(reader->seen[i], reader->family) == 0) {
			bad(line, "a family twice");
		}
	}
	assert_true(reader->out->families < 100);
	snprintf(reader->seen[reader->out->families++], NAME, "%s", reader->family);
	reader->type[0] = '\0';
}

static void read_type(struct reader *reader, const char *line)
{
	char name[NAME];
	size_t length;

	if (sscanf(line, "# TYPE %99s %99s", name, reader->type) != 2 || strcmp(name, reader->family) != 0) {
		bad(line, "a type that does not follow its help");
	}
	if (strcmp(reader->type, "gauge") != 0 && strcmp(reader->type, "counter") != 0 &&
	    strcmp(reader->type, "histogram") != 0) {
		bad(line, "no type that we use");
	}
	length = strlen(name);
	if ((strcmp(reader->type, "counter") == 0) !=
	    (length > 6 && strcmp(name + length - 6, "_total") == 0)) {
		bad(line, "a counter, and no other, ends in _total");
	}
}

/* name="value",name="value"; where they end. */
static const char *read_labels(const char *line, const char *at)
{
	if (*at != '{') {
		return at;
	}
	do {
		size_t length = name_length(++at);

		if (length == 0 || at[length] != '=' || at[length + 1] != '"') {
			bad(line, "a label that is none");
		}
		at = strchr(at + length + 2, '"');
		if (!at) {
			bad(line, "a label without an end");
		}
		at++;
	} while (*at == ',');
	if (*at != '}') {
		bad(line, "labels without an end");
	}
	return at + 1;
}

/* Whether a sample's name is of the family. */
static bool is_of_family(const struct reader *reader, const char *name, size_t length)
{
	static const char *const ends[] = {"_bucket", "_sum", "_count"};
	size_t family = strlen(reader->family);

	if (strncmp(name, reader->family, family) != 0) {
		return false;
	}
	if (strcmp(reader->type, "histogram") != 0) {
		return length == family;
	}
	for (size_t i = 0; i < 3; i++) {
		if (length == family + strlen(ends[i]) &&
		    memcmp(name + family, ends[i], length - family) == 0) {
			return true;
		}
	}
	return false;
}

/* Buckets of one series stand together, from the least to +Inf, and its count comes after them. */
static void check_histogram(struct reader *reader, const char *line, double value)
{
	const char *le = strstr(line, "le=\"");
	char labels[200] = "";

	if (strstr(line, "_sum")) {
		return;
	}
	if (!le) {
		if (value != reader->last_bucket) {
			bad(line, "a count that is not its last bucket");
		}
		return;
	}
	snprintf(labels, sizeof(labels), "%.*s", (int)(le - line), line);
	if (strcmp(labels, reader->bucket_labels) == 0 && value < reader->last_bucket) {
		bad(line, "a bucket that falls");
	}
	snprintf(reader->bucket_labels, sizeof(reader->bucket_labels), "%s", labels);
	reader->last_bucket = value;
}

static void read_sample(struct reader *reader, char *line)
{
	struct exposition *out = reader->out;
	size_t length = name_length(line);
	char *end = NULL;
	char *at;

	if (reader->type[0] == '\0' || !is_of_family(reader, line, length)) {
		bad(line, "a sample outside its family");
	}
	at = line + (read_labels(line, line + length) - line);
	if (*at != ' ') {
		bad(line, "a sample without a value");
	}
	*at = '\0';
	assert_true(out->count < EXPOSITION_SERIES);
	for (size_t i = 0; i < out->count; i++) {
		if (strcmp(out->series[i], line) == 0) {
			bad(line, "a series twice");
		}
	}
	out->series[out->count] = line;
	out->values[out->count] = strtod(at + 1, &end);
	if (end == at + 1 || *end != '\0' || out->values[out->count] < 0) {
		bad(line, "a value that is none");
	}
	if (strcmp(reader->type, "histogram") == 0) {
		check_histogram(reader, line, out->values[out->count]);
	}
	out->count++;
}

struct exposition *exposition_read(const char *text, size_t length)
{
	struct exposition *out = calloc(1, sizeof(*out));
	struct reader reader = {.out = out};
	char *line;
	char *next;

	assert_non_null(out);
	assert_true(length > 0 && text[length - 1] == '\n' && !memchr(text, '\0', length));
	out->text = strndup(text, length);
	assert_non_null(out->text);
	for (line = out->text; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		if (strncmp(line, "# HELP ", 7) == 0) {
			read_help(&reader, line);
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			read_type(&reader, line);
		} else {
			read_sample(&reader, line);
		}
	}
	return out;
}

void exposition_free(struct exposition *exposition)
{
	if (exposition) {
		free(exposition->text);
		free(exposition);
	}
}

double exposition_value(const struct exposition *exposition, const char *series)
{
	for (size_t i = 0; i < exposition->count; i++) {
		if (strcmp(exposition->series[i], series) == 0) {
			return exposition->values[i];
		}
	}
	fail_msg("nothing is told of %s", series);
	return 0;
}
