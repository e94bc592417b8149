/* How many lines of one event about one peer the log takes in a second. What is left out is counted, and told in one
 * line (log-suppressed) once the second is over: a peer that knocks all day must not fill the disk, nor hide another
 * peer's line in a million of its own. */
#ifndef SAFER_COMMON_LOG_QUOTA_H
#define SAFER_COMMON_LOG_QUOTA_H

#include "common/log.h"

/* log_event() about a peer: its address or its device, as a text. */
#define log_about(about, level, event, ...)                                                 \
	log_write_about((about), (level), (event), (const struct log_field[]){__VA_ARGS__}, \
			sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

void log_write_about(const char *about, enum log_level level, const char *event,
		     const struct log_field *fields, size_t count);

void log_set_quota(int64_t lines_per_second); /* without end until it is called */

/* Tells what was left out in the seconds that are over by now, of the monotonic clock in milliseconds. */
void log_quota_tell(int64_t now_ms);

#endif
