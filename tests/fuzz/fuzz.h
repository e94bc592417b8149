/* What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput, that takes any bytes; libFuzzer and
 * AFL++ make them up, and in every other build replay.c gives it those of corpus/<target>.
 *
 * A target says what must hold with fuzz_require(). It keeps nothing from one input to the next. */
#ifndef SAFER_TESTS_FUZZ_FUZZ_H
#define SAFER_TESTS_FUZZ_FUZZ_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_BYTES (1 << 22) /* enough for whatever a target writes */

static inline void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: this must hold, and does not: %s\n", file, line, what);
	abort();
}

#define fuzz_require(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* Without memory there is nothing to find out. */
static inline struct arena *fuzz_arena(void)
{
	struct arena *arena = arena_new();

	if (!arena) {
		exit(1);
	}
	return arena;
}

/* Bytes off the front, for choices that a target makes; 0 when there are none left. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->size == 0) {
		return 0;
	}
	input->size--;
	return *input->data++;
}

static inline struct span fuzz_take(struct fuzz_input *input, size_t most)
{
	struct span taken = {input->data, most < input->size ? most : input->size};

	input->data += taken.length;
	input->size -= taken.length;
	return taken;
}

/* The rest as a text with a NUL at its end. */
static inline const char *fuzz_text(struct arena *arena, const struct fuzz_input *input)
{
	const char *text = arena_text(arena, (const char *)input->data, input->size);

	if (!text) {
		exit(1);
	}
	return text;
}

#endif
