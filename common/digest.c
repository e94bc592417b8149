/* SHA-256 by OpenSSL, random bytes by the kernel, and the three ways in which bytes are written for people and
 * files. Reading takes one canonical form only, so that the same bytes never have two spellings. */
#define OPENSSL_SUPPRESS_DEPRECATED /* see digest_spans */

#include "common/digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <errno.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_LENGTH, "a digest is a SHA-256");

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* OpenSSL's general interface takes memory for every digest, and a caller could do nothing sensible without one: a
 * journal whose transaction is half sealed, a client that cannot check. These three need none, cannot fail, and are
 * quicker. */
void digest_spans(const struct span *spans, size_t count, struct digest *out)
{
	SHA256_CTX context;

	SHA256_Init(&context);
	for (size_t i = 0; i < count; i++) {
		if (spans[i].length > 0) {
			SHA256_Update(&context, spans[i].data, spans[i].length);
		}
	}
	SHA256_Final(out->bytes, &context);
}

void digest_bytes(const void *data, size_t length, struct digest *out)
{
	digest_spans(&(struct span){data, length}, 1, out);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

bool random_bytes(void *out, size_t length)
{
	uint8_t *next = out;

	while (length > 0) {
		ssize_t got = getrandom(next, length, 0);

		if (got < 0 && errno != EINTR) {
			return false;
		}
		if (got > 0) {
			next += got;
			length -= (size_t)got;
		}
	}
	return true;
}

/* The place of a character in an alphabet, or -1. */
static int digit_value(const char *alphabet, char character)
{
	const char *found = character != '\0' ? strchr(alphabet, character) : NULL;

	return found ? (int)(found - alphabet) : -1;
}

void hex_format(const void *data, size_t length, char *out)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++) {
		*out++ = hex_digits[bytes[i] >> 4];
		*out++ = hex_digits[bytes[i] & 15];
	}
	*out = '\0';
}

bool hex_parse(const char *text, size_t text_length, void *out, size_t bytes)
{
	uint8_t *next = out;

	if (text_length % 2 != 0 || text_length / 2 != bytes) {
		return false;
	}
	for (size_t i = 0; i < text_length; i++) {
		if (digit_value(hex_digits, text[i]) < 0) {
			return false;
		}
	}
	for (size_t i = 0; i < text_length; i += 2) {
		int high = digit_value(hex_digits, text[i]);
		int low = digit_value(hex_digits, text[i + 1]);

		*next++ = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool base64_append(struct buffer *out, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);
		char digits[4] = {
			base64_digits[group >> 18],
			base64_digits[group >> 12 & 63],
			left > 1 ? base64_digits[group >> 6 & 63] : '=',
			left > 2 ? base64_digits[group & 63] : '=',
		};

		buffer_append(out, digits, sizeof(digits));
	}
	return !out->failed;
}

/* Bits that come in groups of `width` and leave as bytes. */
struct bits {
	uint32_t held;  /* the lowest `count` bits have not left yet */
	unsigned count; /* always less than 8 between digits */
};

static void bits_add(struct bits *bits, int value, unsigned width, uint8_t **out)
{
	bits->held = (bits->held << width | (uint32_t)value) & 0xffff;
	bits->count += width;
	if (bits->count >= 8) {
		bits->count -= 8;
		*(*out)++ = (uint8_t)(bits->held >> bits->count);
	}
}

/* Whether `count` digits of `width` bits, the last being `last`, are what some bytes are written as: no digit too
 * many, and nothing in the bits that do not fill a byte. */
static bool digits_canonical(size_t count, unsigned width, int last)
{
	size_t spare = count % 8 * width % 8;

	return spare < width && ((unsigned)last & ((1U << spare) - 1)) == 0;
}

bool base64_parse(const char *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length)
{
	size_t digits = text_length;
	struct bits bits = {0};
	int value = 0;

	if (text_length % 4 != 0) {
		return false;
	}
	while (digits > 0 && text_length - digits < 2 && text[digits - 1] == '=') {
		digits--;
	}
	for (size_t i = 0; i < digits; i++) {
		value = digit_value(base64_digits, text[i]);
		if (value < 0) {
			return false;
		}
	}
	if (!digits_canonical(digits, 6, value) || digits / 4 * 3 + digits % 4 * 3 / 4 > capacity) {
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		bits_add(&bits, digit_value(base64_digits, text[i]), 6, &out);
	}
	*length = digits / 4 * 3 + digits % 4 * 3 / 4;
	return true;
}

bool base32_append(struct buffer *out, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t held = 0;
	unsigned count = 0;

	for (size_t i = 0; i < length; i++) {
		held = (held << 8 | bytes[i]) & 0xffff;
		count += 8;
		while (count >= 5) {
			count -= 5;
			buffer_append(out, &base32_digits[held >> count & 31], 1);
		}
	}
	if (count > 0) {
		buffer_append(out, &base32_digits[held << (5 - count) & 31], 1);
	}
	return !out->failed;
}

/* A digit of base32 as people write it down, or -1. */
static int base32_value(char character)
{
	if (character >= 'a' && character <= 'z') {
		character = (char)(character - 'a' + 'A');
	}
	if (character == 'I' || character == 'L') {
		character = '1';
	} else if (character == 'O') {
		character = '0';
	}
	return digit_value(base32_digits, character);
}

bool base32_parse(const char *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length)
{
	struct bits bits = {0};
	size_t digits = 0;
	int last = 0;

	for (size_t i = 0; i < text_length; i++) {
		if (text[i] == '-') {
			continue;
		}
		last = base32_value(text[i]);
		if (last < 0) {
			return false;
		}
		digits++;
	}
	if (!digits_canonical(digits, 5, last) || digits / 8 * 5 + digits % 8 * 5 / 8 > capacity) {
		return false;
	}
	for (size_t i = 0; i < text_length; i++) {
		if (text[i] != '-') {
			bits_add(&bits, base32_value(text[i]), 5, &out);
		}
	}
	*length = digits / 8 * 5 + digits % 8 * 5 / 8;
	return true;
}
