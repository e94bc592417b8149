/* The bounded buffer behind everything whose size a peer or a file decides: messages in, replies out, exports. */
#include "common/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
	*buffer = (struct buffer){.limit = limit_bytes};
}

void buffer_release(struct buffer *buffer)
{
	if (!buffer) {
		return;
	}
	free(buffer->data);
	buffer_init(buffer, buffer->limit);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	buffer->starved = false;
}

/* Makes capacity at least `wanted`: doubling, so that many small pieces cost little, but not past the limit and
 * the NUL of buffer_text. */
static bool grow(struct buffer *buffer, size_t wanted)
{
	size_t most = buffer->limit < SIZE_MAX ? buffer->limit + 1 : SIZE_MAX;
	size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_BYTES;
	uint8_t *data;

	if (wanted <= buffer->capacity) {
		return true;
	}
	while (capacity < wanted) {
		capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : SIZE_MAX;
	}
	if (capacity > most) {
		capacity = most;
	}
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer->starved = true;
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes)
{
	if (buffer->failed || bytes > buffer->limit - buffer->length ||
	    !grow(buffer, buffer->length + (bytes > 0 ? bytes : 1))) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->length;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t bytes)
{
	uint8_t *room = buffer_reserve(buffer, bytes);

	if (!room) {
		return false;
	}
	if (bytes > 0) {
		memcpy(room, data, bytes);
		buffer->length += bytes;
	}
	return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_list again;
	bool good = false;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length < 0 || !buffer_reserve(buffer, (size_t)length) ||
	    !grow(buffer, buffer->length + (size_t)length + 1)) {
		buffer->failed = true;
		goto out;
	}
	vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, again);
	buffer->length += (size_t)length;
	good = true;
out:
	va_end(again);
	va_end(arguments);
	return good;
}

void buffer_consume(struct buffer *buffer, size_t bytes)
{
	assert(bytes <= buffer->length);
	buffer->length -= bytes;
	if (bytes > 0 && buffer->length > 0) {
		memmove(buffer->data, buffer->data + bytes, buffer->length);
	}
}

struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){buffer->data, buffer->length};
}

const char *buffer_text(struct buffer *buffer)
{
	if (buffer->failed || !grow(buffer, buffer->length + 1)) {
		buffer->failed = true;
		return NULL;
	}
	buffer->data[buffer->length] = '\0';
	return (const char *)buffer->data;
}
