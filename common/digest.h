/* Hashes, randomness and the text forms of bytes. */
#ifndef SAFER_COMMON_DIGEST_H
#define SAFER_COMMON_DIGEST_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

/* SHA-256 (FIPS 180-4) of the pieces one after another. Needs no memory and cannot fail. */
void digest_spans(const struct span *spans, size_t count, struct digest *out);
void digest_bytes(const void *data, size_t length, struct digest *out);
bool digest_equal(const struct digest *a, const struct digest *b); /* in constant time */

/* Fills with bytes nobody can guess. False only when the machine has none to give. */
bool random_bytes(void *out, size_t length);

/* The parsers below leave their outputs alone when they answer false, and take one spelling only of the same bytes,
 * but for what base32 forgives. */

/* Lower-case hexadecimal. `out` needs 2 * length + 1 bytes. */
void hex_format(const void *data, size_t length, char *out);
bool hex_parse(const char *text, size_t text_length, void *out, size_t bytes); /* exactly 2 * bytes digits */

/* Standard base64 with padding (RFC 4648 section 4), without line breaks. */
bool base64_append(struct buffer *out, const void *data, size_t length);
bool base64_parse(const char *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length);

/* Crockford's base32: no I, L, O or U; reading takes any case, I and L as 1, O as 0, and skips hyphens. */
bool base32_append(struct buffer *out, const void *data, size_t length);
bool base32_parse(const char *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length);

#endif
