/* Bytes that grow up to a limit given at birth.
 *
 * Going over the limit, or running out of memory, sets `failed` and keeps it: a writer of many pieces checks
 * once at the end. The contents of a failed buffer must not be used. */
#ifndef SAFER_COMMON_BUFFER_H
#define SAFER_COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data;   /* owned; NULL while empty */
	size_t length;   /* bytes in use */
	size_t capacity; /* bytes allocated */
	size_t limit;    /* never more than this */
	bool failed;
	bool starved; /* it failed for want of memory, not at its limit */
};

/* Bytes that somebody else owns. */
struct span {
	const uint8_t *data;
	size_t length;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes); /* allocates nothing */
void buffer_release(struct buffer *buffer); /* frees; leaves an empty buffer of the same limit */
void buffer_clear(struct buffer *buffer);   /* keeps the memory; also clears `failed` */

bool buffer_append(struct buffer *buffer, const void *data, size_t bytes); /* false once failed */
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for at least `bytes` more at data + length; the caller adds what it used to length. NULL once failed. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes);

void buffer_consume(struct buffer *buffer, size_t bytes); /* drops bytes from the front */

struct span buffer_span(const struct buffer *buffer);

/* The contents as text: appends a NUL that is not counted. NULL once failed. Valid until the next call. */
const char *buffer_text(struct buffer *buffer);

#endif
