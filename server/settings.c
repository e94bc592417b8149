/* Reads saferd.conf. One table, made of settings.def and limits.def, says what each setting is; reading, checking,
 * reloading and the default file all walk it. inih takes the lines apart; the line numbers are counted here. */
#include "server/settings.h"

#include "common/log.h"
#include "common/text.h"
#include "protocol/scanner.h"
#include "server/errand.h"
#include "server/mail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <ini.h>

#define LIMIT_PREFIX "limit_"
#define LIMIT_MOST   2147483647
#define LINE_TEXT    140 /* bytes of a text that are written on one line */

enum setting_type { SETTING_IS_TEXT, SETTING_IS_INT, SETTING_IS_FLAG };

struct setting_row {
	const char *name;
	enum setting_type type;
	size_t offset; /* of its value in struct settings */
	const char *text;
	int64_t number; /* default of an integer; 0 or 1 of a flag */
	int64_t least, most;
	const char *unit;
	bool reload; /* may change while the server runs */
	const char *help;
};

static const struct setting_row setting_rows[] = {
#define SETTING_TEXT_ROW(symbol, value, live, words)  \
	{.name = #symbol,                             \
	 .type = SETTING_IS_TEXT,                     \
	 .offset = offsetof(struct settings, symbol), \
	 .text = (value),                             \
	 .reload = (live),                            \
	 .help = (words)},
#define SETTING_INT_ROW(symbol, value, low, high, measure, live, words) \
	{.name = #symbol,                                               \
	 .type = SETTING_IS_INT,                                        \
	 .offset = offsetof(struct settings, symbol),                   \
	 .number = (value),                                             \
	 .least = (low),                                                \
	 .most = (high),                                                \
	 .unit = (measure),                                             \
	 .reload = (live),                                              \
	 .help = (words)},
#define SETTING_FLAG_ROW(symbol, value, live, words)  \
	{.name = #symbol,                             \
	 .type = SETTING_IS_FLAG,                     \
	 .offset = offsetof(struct settings, symbol), \
	 .number = (value),                           \
	 .reload = (live),                            \
	 .help = (words)},
#include "server/settings.def"
#undef SETTING_TEXT_ROW
#undef SETTING_INT_ROW
#undef SETTING_FLAG_ROW
#define LIMIT(symbol, value, measure, words)                 \
	{.name = LIMIT_PREFIX #symbol,                       \
	 .type = SETTING_IS_INT,                             \
	 .offset = offsetof(struct settings, limits.symbol), \
	 .number = (value),                                  \
	 .least = 1,                                         \
	 .most = LIMIT_MOST,                                 \
	 .unit = (measure),                                  \
	 .reload = true,                                     \
	 .help = (words)},
#include "protocol/limits.def"
#undef LIMIT
};

#define ROW_COUNT (sizeof(setting_rows) / sizeof(setting_rows[0]))

/* One file being read. */
struct reading {
	const char *path;
	FILE *file;
	struct settings settings;
	int line;            /* the one that the reader gave out last, from 1 */
	bool continued;      /* it begins with a space, so it goes on with the setting above it */
	int seen[ROW_COUNT]; /* the line that set it; 0 none */
	enum status status;
	struct error *err;
};

/* ---- values ---- */

static const char *text_of(const struct settings *settings, const struct setting_row *row)
{
	return (const char *)settings + row->offset;
}

static int64_t number_of(const struct settings *settings, const struct setting_row *row)
{
	if (row->type == SETTING_IS_FLAG) {
		return *(const bool *)((const char *)settings + row->offset) ? 1 : 0;
	}
	return *(const int64_t *)((const char *)settings + row->offset);
}

static void set_text(struct settings *settings, const struct setting_row *row, const char *text)
{
	snprintf((char *)settings + row->offset, SETTING_TEXT, "%s", text);
}

static void set_number(struct settings *settings, const struct setting_row *row, int64_t number)
{
	if (row->type == SETTING_IS_FLAG) {
		*(bool *)((char *)settings + row->offset) = number != 0;
	} else {
		*(int64_t *)((char *)settings + row->offset) = number;
	}
}

static bool same_value(const struct settings *a, const struct settings *b, const struct setting_row *row)
{
	return row->type == SETTING_IS_TEXT ? strcmp(text_of(a, row), text_of(b, row)) == 0
					    : number_of(a, row) == number_of(b, row);
}

static void copy_value(struct settings *to, const struct settings *from, const struct setting_row *row)
{
	if (row->type == SETTING_IS_TEXT) {
		set_text(to, row, text_of(from, row));
	} else {
		set_number(to, row, number_of(from, row));
	}
}

/* Of a text or a flag. */
static const char *value_text(const struct settings *settings, const struct setting_row *row)
{
	if (row->type == SETTING_IS_FLAG) {
		return number_of(settings, row) ? "yes" : "no";
	}
	return text_of(settings, row);
}

static const struct {
	const char *word;
	int64_t flag;
} flag_words[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {"on", 1}, {"off", 0}};

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (setting_rows[i].type == SETTING_IS_TEXT) {
			set_text(settings, &setting_rows[i], setting_rows[i].text);
		} else {
			set_number(settings, &setting_rows[i], setting_rows[i].number);
		}
	}
}

/* ---- what a row of a type cannot say ---- */

static const char *check_listen(const struct settings *settings)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, settings->listen, &address) == 1 ||
	    inet_pton(AF_INET6, settings->listen, &address) == 1) {
		return NULL;
	}
	return "an address such as 127.0.0.1, 0.0.0.0 or ::";
}

static const char *check_names(const struct settings *settings)
{
	return settings->names[strspn(settings->names, " ")] ? NULL : "at least one name or address";
}

static const char *check_log_level(const struct settings *settings)
{
	enum log_level level;

	return log_level_parse(settings->log_level, &level) ? NULL : "error, warning, info or debug";
}

/* Where it would be if it were relative depends on who starts the server. */
static const char *check_metrics_socket(const struct settings *settings)
{
	const char *path = settings->metrics_socket;

	return path[0] == '\0' ||
			       (path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
		       ? NULL
		       : "nothing, or a whole path that begins with / and has at most 107 bytes";
}

static const char *check_digest_command(const struct settings *settings)
{
	size_t words = 0;

	for (const char *at = settings->digest_command; *at != '\0'; words++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	return settings->digest_command[0] == '\0' ||
			       (settings->digest_command[0] == '/' && words < ERRAND_WORDS)
		       ? NULL
		       : "the whole path of a program, and at most a dozen words after it; or nothing";
}

static const char *check_digest_from(const struct settings *settings)
{
	if (settings->digest_from[0] == '\0') {
		return settings->digest_command[0] == '\0'
			       ? NULL
			       : "an address, such as safer@example.org, when there is a "
				 "digest_command";
	}
	return mail_address_is_plain(settings->digest_from) ? NULL : "an address, such as safer@example.org";
}

bool settings_digest_time(const struct settings *settings, int64_t *seconds)
{
	const char *text = settings->digest_time;
	int hour = 0;
	int minute = 0;

	if (strlen(text) != 5 || strspn(text, "0123456789") != 2 || text[2] != ':' ||
	    strspn(text + 3, "0123456789") != 2) {
		return false;
	}
	hour = (text[0] - '0') * 10 + (text[1] - '0');
	minute = (text[3] - '0') * 10 + (text[4] - '0');
	*seconds = hour * INT64_C(3600) + minute * INT64_C(60);
	return hour < 24 && minute < 60;
}

static const char *check_digest_time(const struct settings *settings)
{
	int64_t seconds = 0;

	return settings_digest_time(settings, &seconds) ? NULL : "a time of day, such as 06:00";
}

static const char *check_depth(const struct settings *settings)
{
	return settings->limits.message_depth <= SCANNER_DEPTH ? NULL : "at most 32 levels";
}

static const char *check_enrol_bytes(const struct settings *settings)
{
	return settings->limits.enrol_message_bytes >= 3072 ? NULL
							    : "at least 3072 bytes, which an enrolment needs";
}

/* Each says what would be right, or NULL when it is. */
static const struct {
	const char *name;
	const char *(*check)(const struct settings *settings);
} checks[] = {
	{"listen", check_listen},
	{"names", check_names},
	{"log_level", check_log_level},
	{"metrics_socket", check_metrics_socket},
	{"digest_command", check_digest_command},
	{"digest_from", check_digest_from},
	{"digest_time", check_digest_time},
	{LIMIT_PREFIX "message_depth", check_depth},
	{LIMIT_PREFIX "enrol_message_bytes", check_enrol_bytes},
};

/* ---- reading ---- */

static enum status reading_fail(struct reading *reading, enum status status)
{
	if (reading->status == STATUS_OK) {
		reading->status = status;
	}
	return status;
}

/* inih takes a longer line apart without a word, so it never gets to see one. */
static char *next_line(char *line, int room, void *payload)
{
	struct reading *reading = payload;
	size_t length;

	if (reading->status != STATUS_OK || !fgets(line, room, reading->file)) {
		return NULL;
	}
	reading->line++;
	length = strlen(line);
	if (length + 1 == (size_t)room && line[length - 1] != '\n') {
		reading_fail(reading, error_set(reading->err, STATUS_INVALID,
						"%s:%d: the line is longer than %d bytes", reading->path,
						reading->line, room - 2));
		error_hint(reading->err, "go on in the next line, beginning it with a space");
		return NULL;
	}
	reading->continued = line[0] == ' ' || line[0] == '\t';
	return line;
}

static const struct setting_row *find_row(const char *name, size_t *index)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(setting_rows[i].name, name) == 0) {
			*index = i;
			return &setting_rows[i];
		}
	}
	return NULL;
}

static enum status unknown_setting(struct reading *reading, const char *name)
{
	const char *names[ROW_COUNT + 1];
	const char *nearest;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		names[i] = setting_rows[i].name;
	}
	names[ROW_COUNT] = NULL;
	nearest = text_nearest(name, names);
	error_set(reading->err, STATUS_INVALID, "%s:%d: there is no setting \"%s\"", reading->path,
		  reading->line, name);
	if (nearest) {
		return error_hint(reading->err, "did you mean %s?", nearest);
	}
	return error_hint(reading->err, "saferd.conf(5) lists the settings");
}

static enum status take_text(struct reading *reading, const struct setting_row *row, const char *value)
{
	char *place = (char *)&reading->settings + row->offset;
	size_t have = reading->continued ? strlen(place) : 0;
	size_t space = have > 0 ? 1 : 0;
	size_t length = strlen(value);

	if (!text_is_clean(value, length, false)) {
		return error_set(reading->err, STATUS_INVALID, "%s:%d: %s is not clean UTF-8 text",
				 reading->path, reading->line, row->name);
	}
	if (have + space + length >= SETTING_TEXT) {
		return error_set(reading->err, STATUS_INVALID, "%s:%d: %s takes at most %d bytes",
				 reading->path, reading->line, row->name, SETTING_TEXT - 1);
	}
	if (space) {
		place[have] = ' ';
	}
	memcpy(place + have + space, value, length + 1);
	return STATUS_OK;
}

static enum status take_int(struct reading *reading, const struct setting_row *row, const char *value)
{
	char *end = NULL;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || number < row->least || number > row->most) {
		return error_set(reading->err, STATUS_INVALID,
				 "%s:%d: %s = %s: it takes a whole number from %" PRId64 " to %" PRId64
				 "%s%s",
				 reading->path, reading->line, row->name, value, row->least, row->most,
				 row->unit[0] ? " " : "", row->unit);
	}
	set_number(&reading->settings, row, number);
	return STATUS_OK;
}

static enum status take_flag(struct reading *reading, const struct setting_row *row, const char *value)
{
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (strcmp(flag_words[i].word, value) == 0) {
			set_number(&reading->settings, row, flag_words[i].flag);
			return STATUS_OK;
		}
	}
	return error_set(reading->err, STATUS_INVALID, "%s:%d: %s = %s: it takes yes or no", reading->path,
			 reading->line, row->name, value);
}

static enum status (*const takers[])(struct reading *, const struct setting_row *, const char *) = {
	[SETTING_IS_TEXT] = take_text,
	[SETTING_IS_INT] = take_int,
	[SETTING_IS_FLAG] = take_flag,
};

static enum status take_pair(struct reading *reading, const char *section, const char *name,
			     const char *value)
{
	size_t index = 0;
	const struct setting_row *row = find_row(name, &index);

	if (section[0] != '\0') {
		return error_set(reading->err, STATUS_INVALID,
				 "%s:%d: the settings have no sections; remove the line [%s]", reading->path,
				 reading->line, section);
	}
	if (!row) {
		return unknown_setting(reading, name);
	}
	if (reading->continued && (row->type != SETTING_IS_TEXT || reading->seen[index] == 0)) {
		return error_set(reading->err, STATUS_INVALID, "%s:%d: the line begins with a space",
				 reading->path, reading->line);
	}
	if (!reading->continued && reading->seen[index] != 0) {
		return error_set(reading->err, STATUS_INVALID, "%s:%d: %s is already set in line %d",
				 reading->path, reading->line, name, reading->seen[index]);
	}
	if (!reading->continued) {
		reading->seen[index] = reading->line;
	}
	return takers[row->type](reading, row, value);
}

/* inih's handler: 1 is good. It goes on after a bad one; only the first is told. */
static int on_pair(void *payload, const char *section, const char *name, const char *value)
{
	struct reading *reading = payload;

	if (reading->status != STATUS_OK) {
		return 0;
	}
	reading->status = take_pair(reading, section, name, value);
	return reading->status == STATUS_OK;
}

static enum status reading_check(struct reading *reading)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *right = checks[i].check(&reading->settings);
		size_t index = 0;

		if (right && find_row(checks[i].name, &index)) {
			return error_set(reading->err, STATUS_INVALID, "%s:%d: %s: it takes %s",
					 reading->path, reading->seen[index], checks[i].name, right);
		}
	}
	return STATUS_OK;
}

enum status settings_read(const char *path, struct settings *out, struct error *err)
{
	struct reading reading = {.path = path, .err = err, .status = STATUS_OK};
	int bad_line;

	settings_default(&reading.settings);
	reading.file = fopen(path, "re");
	if (!reading.file) {
		error_set(err, STATUS_FAILED, "the settings in %s cannot be read: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	bad_line = ini_parse_stream(next_line, &reading, on_pair, &reading);
	if (ferror(reading.file)) {
		reading_fail(&reading, error_set(err, STATUS_FAILED, "%s:%d: reading failed: %s", path,
						 reading.line, strerror(errno)));
	}
	fclose(reading.file);
	if (reading.status == STATUS_OK && bad_line > 0) {
		reading.status = error_set(err, STATUS_INVALID, "%s:%d: the line is not \"setting = value\"",
					   path, bad_line);
	} else if (reading.status == STATUS_OK && bad_line < 0) {
		reading.status = error_memory(err);
	}
	if (reading.status == STATUS_OK) {
		reading.status = reading_check(&reading);
	}
	if (reading.status == STATUS_OK) {
		*out = reading.settings;
	}
	return reading.status;
}

void settings_reload(struct settings *settings, const struct settings *fresh)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];

		if (same_value(settings, fresh, row)) {
			continue;
		}
		if (!row->reload) {
			log_event(LOG_WARNING, "setting-needs-restart", log_text("setting", row->name));
			continue;
		}
		copy_value(settings, fresh, row);
		if (row->type == SETTING_IS_INT) {
			log_event(LOG_INFO, "setting-changed", log_text("setting", row->name),
				  log_number("value", number_of(settings, row)));
		} else {
			log_event(LOG_INFO, "setting-changed", log_text("setting", row->name),
				  log_text("value", value_text(settings, row)));
		}
	}
}

/* ---- the default file ---- */

/* inih takes lines of 199 bytes: a text that needs more is parted at a space. */
static void write_text(struct buffer *out, const char *text)
{
	size_t length = strlen(text);

	while (length > LINE_TEXT) {
		size_t part = LINE_TEXT;

		while (part > 0 && text[part] != ' ') {
			part--;
		}
		if (part == 0) {
			part = strcspn(text, " "); /* a long word has a line of its own */
		}
		if (part == length) {
			break;
		}
		buffer_append(out, text, part);
		buffer_append_text(out, "\n ");
		text += part + 1;
		length -= part + 1;
	}
	buffer_append(out, text, length);
}

static void write_row(struct buffer *out, const struct settings *settings, const struct settings *defaults,
		      const struct setting_row *row)
{
	buffer_printf(out, "\n# %s.", row->help);
	if (row->type == SETTING_IS_INT && row->most == LIMIT_MOST) {
		buffer_printf(out, " In %s.", row->unit);
	} else if (row->type == SETTING_IS_INT) {
		buffer_printf(out, " From %" PRId64 " to %" PRId64 "%s%s.", row->least, row->most,
			      row->unit[0] ? " " : "", row->unit);
	}
	buffer_append_text(out, row->reload ? "\n" : " Needs a restart.\n");
	if (same_value(settings, defaults, row)) {
		buffer_append_text(out, "#");
	}
	if (row->type == SETTING_IS_INT) {
		buffer_printf(out, "%s = %" PRId64 "\n", row->name, number_of(settings, row));
	} else {
		buffer_printf(out, "%s = ", row->name);
		write_text(out, value_text(settings, row));
		buffer_append_text(out, "\n");
	}
}

void settings_write(const struct settings *settings, struct buffer *out)
{
	struct settings defaults;

	settings_default(&defaults);
	buffer_append_text(
		out, "# The settings of saferd; see saferd.conf(5). A line that is commented out shows the\n"
		     "# default. After a change, reload the server, or restart it where it says so.\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		write_row(out, settings, &defaults, &setting_rows[i]);
	}
}

void settings_write_default(struct buffer *out)
{
	struct settings defaults;

	settings_default(&defaults);
	settings_write(&defaults, out);
}
