/* One line an event on standard error: time, level, event, then key=value pairs (logfmt). The only global in
 * the tree. Values with spaces, quotes or control characters are quoted and escaped, so a peer's bytes can never
 * forge a line; a line over PIPE_BUF bytes is cut short and says so. Plan data never goes into the log: events
 * carry ids, names of rules and counts. */
#ifndef SAFER_COMMON_LOG_H
#define SAFER_COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* One pair. Build with the three functions below. */
struct log_field {
	const char *key;
	const char *text; /* NULL: use number */
	size_t length;    /* bytes of text */
	int64_t number;
};

struct log_field log_text(const char *key, const char *text); /* NULL text logs as "" */
struct log_field log_span(const char *key, const char *text, size_t length);
struct log_field log_number(const char *key, int64_t number);

/* log_event(LOG_INFO, "signed-in", log_number("conn", 17), log_text("account", "AC3")); */
#define log_event(level, event, ...)                                         \
	log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
		  sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

/* Between the two the lines of this thread below a warning may wait, to leave by one write(2) with others: for who writes one
 * for each of many. Nothing may be told to a peer before the release that a line should tell of. They may nest. */
void log_hold(void);
void log_release(void);

void log_set_level(enum log_level level); /* LOG_INFO at start */
bool log_takes(enum log_level level);     /* whether lines of this level are written */
bool log_level_parse(const char *name, enum log_level *out);

#endif
