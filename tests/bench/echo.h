/* The messages of safer-bench-echo. Each begins with its whole length (4 bytes, the highest first); a request goes on
 * with a kind and with the length of the answer that is wanted (4 bytes), the rest is filling. */
#ifndef SAFER_TESTS_BENCH_ECHO_H
#define SAFER_TESTS_BENCH_ECHO_H

#include <stdint.h>
#include <string.h>

#define ECHO_REQUEST_LEAST 9
#define ECHO_ANSWER_LEAST  5
#define ECHO_MOST          (4 << 20)

enum echo_kind {
	ECHO_ANSWER,  /* an answer of that length */
	ECHO_WATCH,   /* the same, and a notice with each ECHO_PUBLISH from then on */
	ECHO_PUBLISH, /* a short answer at once, then a notice of that length to every watcher */
	ECHO_NOTICE,  /* the kind of a notice; of answers it is ECHO_ANSWER */
};

static inline void echo_put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static inline uint32_t echo_get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif
