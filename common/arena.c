/* Memory of one request, in chunks that are freed together. Everything between the bytes that came in and the
 * reply that goes out lies in one, so no handler frees anything by hand.
 *
 * Under the address sanitizer every allocation is a chunk of its own, so that it sees an overrun of one. */
#include "common/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define CHUNK_BYTES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHUNK_BYTES 0
#endif
#endif
#ifndef CHUNK_BYTES
#define CHUNK_BYTES 8192
#endif

/* Allocations of more than this part of a chunk do not end the chunk that small ones are cut from. */
#define LARGE_PART 4

struct chunk {
	struct chunk *next; /* made before this one */
	size_t used;        /* bytes of data given out */
	size_t capacity;    /* bytes of data */
	alignas(max_align_t) unsigned char data[];
};

struct hook {
	struct hook *next; /* registered before this one; lies in the arena itself */
	void (*call)(void *payload);
	void *payload;
};

struct arena {
	size_t chunk_bytes;   /* of the chunks that small allocations are cut from */
	struct chunk *chunks; /* owned; small allocations are cut from the first */
	struct hook *hooks;   /* the newest first */
	size_t refused;       /* allocations */
};

static struct arena *arena_of(size_t chunk_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena) {
		arena->chunk_bytes = chunk_bytes;
	}
	return arena;
}

struct arena *arena_new(void)
{
	return arena_of(CHUNK_BYTES);
}

struct arena *arena_new_small(void)
{
	return arena_of(CHUNK_BYTES / 8);
}

void arena_free(struct arena *arena)
{
	if (!arena) {
		return;
	}
	for (struct hook *hook = arena->hooks; hook; hook = hook->next) {
		hook->call(hook->payload);
	}
	while (arena->chunks) {
		struct chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_new(size_t capacity)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk) + capacity);

	if (chunk) {
		chunk->capacity = capacity;
	}
	return chunk;
}

/* The chunk to cut `bytes` from, made if need be. */
static struct chunk *chunk_for(struct arena *arena, size_t bytes)
{
	struct chunk *first = arena->chunks;
	struct chunk *chunk;
	bool large = bytes > arena->chunk_bytes / LARGE_PART;

	if (first && first->capacity - first->used >= bytes) {
		return first;
	}
	chunk = chunk_new(large ? bytes : arena->chunk_bytes);
	if (!chunk) {
		return NULL;
	}
	if (first && large) {
		chunk->next = first->next;
		first->next = chunk;
	} else {
		chunk->next = first;
		arena->chunks = chunk;
	}
	return chunk;
}

size_t arena_refused(const struct arena *arena)
{
	return arena->refused;
}

size_t arena_bytes(const struct arena *arena)
{
	size_t bytes = sizeof(*arena);

	for (const struct chunk *chunk = arena->chunks; chunk; chunk = chunk->next) {
		bytes += sizeof(*chunk) + chunk->capacity;
	}
	return bytes;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	const size_t grain = alignof(max_align_t);
	struct chunk *chunk;
	void *data;

	if (bytes > SIZE_MAX / 2) {
		arena->refused++;
		return NULL;
	}
	if (CHUNK_BYTES > 0) {
		bytes = (bytes + grain - 1) / grain * grain;
	}
	if (bytes == 0) {
		bytes = 1; /* nothing to hold, yet not the NULL that means no memory */
	}
	chunk = chunk_for(arena, bytes);
	if (!chunk) {
		arena->refused++;
		return NULL;
	}
	data = chunk->data + chunk->used;
	chunk->used += bytes;
	return data;
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total)) {
		arena->refused++;
		return NULL;
	}
	return arena_alloc(arena, total);
}

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
	void *copy = arena_alloc(arena, bytes);

	if (copy && bytes > 0) {
		memcpy(copy, data, bytes);
	}
	return copy;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : NULL;

	if (copy && length > 0) {
		memcpy(copy, text, length);
	}
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_list again;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length >= 0) {
		text = arena_alloc(arena, (size_t)length + 1);
	}
	if (text) {
		vsnprintf(text, (size_t)length + 1, format, again);
	}
	va_end(again);
	va_end(arguments);
	return text;
}

int arena_on_free(struct arena *arena, void (*hook)(void *payload), void *payload)
{
	struct hook *entry = arena_alloc(arena, sizeof(*entry));

	if (!entry) {
		return -1;
	}
	entry->call = hook;
	entry->payload = payload;
	entry->next = arena->hooks;
	arena->hooks = entry;
	return 0;
}
