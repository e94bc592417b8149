/* The line that lets a person in for the first time: the administrator's client prints one, the invited person's
 * client reads it. "SAFER1" and groups of eight characters of base32, each five bytes of
 *
 *   fingerprint (16) | id (5) | secret (16) | port (2) | host, NULs to a whole group | CRC-32 (4)
 *
 * A CRC finds for certain what a hash finds only almost always: one wrong character, two swapped neighbours. */
#include "protocol/invitation.h"

#include "common/digest.h"

#include <openssl/crypto.h>
#include <string.h>

#define GROUP_BYTES  5
#define GROUP_DIGITS 8
#define FIXED_BYTES  (INVITATION_FINGERPRINT + INVITATION_ID + INVITATION_SECRET + 2)
#define CHECK_BYTES  4
#define DATA_MOST    110 /* the longest host's, in whole groups */
#define DIGITS_MOST  (DATA_MOST / GROUP_BYTES * GROUP_DIGITS)

static const char mark[] = "SAFER1";

/* CRC-32 with the highest bit first and the polynomial of IEEE 802.3. */
static uint32_t crc32_of(const uint8_t *data, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint32_t)data[i] << 24;
		for (int bit = 0; bit < 8; bit++) {
			crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04c11db7 : crc << 1;
		}
	}
	return ~crc;
}

static void check_format(const uint8_t *data, size_t length, uint8_t out[CHECK_BYTES])
{
	uint32_t crc = crc32_of(data, length);

	for (size_t i = 0; i < CHECK_BYTES; i++) {
		out[i] = (uint8_t)(crc >> (24 - 8 * i));
	}
}

static bool is_letter_or_digit(char character)
{
	return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
	       (character >= 'a' && character <= 'z');
}

/* What can stand in a host name or an address of either kind. */
static bool host_is_good(const char *host, size_t length)
{
	if (length == 0 || length >= INVITATION_HOST) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (!is_letter_or_digit(host[i]) && (host[i] == '\0' || !strchr("-._:%", host[i]))) {
			return false;
		}
	}
	return true;
}

enum status invitation_format(const struct invitation *invitation, char out[INVITATION_TEXT],
			      struct error *err)
{
	const size_t host_bytes = strnlen(invitation->host, INVITATION_HOST);
	const uint8_t port[2] = {(uint8_t)(invitation->port >> 8), (uint8_t)invitation->port};
	enum status status = STATUS_OK;
	uint8_t data[DATA_MOST] = {0};
	size_t length = FIXED_BYTES + host_bytes + CHECK_BYTES;
	struct buffer text;

	if (!host_is_good(invitation->host, host_bytes) || invitation->port == 0) {
		return error_set(
			err, STATUS_INVALID,
			"an invitation needs a host of 1 to %d letters, digits, dots, hyphens and colons, "
			"and a port from 1 to 65535",
			INVITATION_HOST - 1);
	}
	buffer_init(&text, INVITATION_TEXT - 1);
	length += (GROUP_BYTES - length % GROUP_BYTES) % GROUP_BYTES;
	memcpy(data, invitation->fingerprint, INVITATION_FINGERPRINT);
	memcpy(data + INVITATION_FINGERPRINT, invitation->id, INVITATION_ID);
	memcpy(data + INVITATION_FINGERPRINT + INVITATION_ID, invitation->secret, INVITATION_SECRET);
	memcpy(data + FIXED_BYTES - sizeof(port), port, sizeof(port));
	memcpy(data + FIXED_BYTES, invitation->host, host_bytes);
	check_format(data, length - CHECK_BYTES, data + length - CHECK_BYTES);

	buffer_append_text(&text, mark);
	for (size_t i = 0; i < length; i += GROUP_BYTES) {
		buffer_append_text(&text, "-");
		base32_append(&text, data + i, GROUP_BYTES);
	}
	if (text.failed) {
		status = error_memory(err);
	} else {
		memcpy(out, text.data, text.length);
		out[text.length] = '\0';
		OPENSSL_cleanse(text.data, text.length);
	}
	buffer_release(&text);
	OPENSSL_cleanse(data, sizeof(data));
	return status;
}

static enum status refuse(const char *what, struct error *err)
{
	enum status status = error_set(err, STATUS_INVALID, "%s", what);

	error_hint(err, "copy the whole line that begins with %s-, as it was sent to you", mark);
	return status;
}

/* Drops white space and hyphens: mail programs break lines and word processors lengthen hyphens. Answers how many
 * characters are left, or more than `most` when they do not fit. */
static size_t squeeze(const char *text, char *out, size_t most)
{
	static const char *const dropped[] = {" ",
					      "\t",
					      "\r",
					      "\n",
					      "-",
					      "\xc2\xa0" /* no-break space */,
					      "\xe2\x80\x90" /* hyphen */,
					      "\xe2\x80\x91" /* no-break hyphen */,
					      "\xe2\x80\x93" /* en dash */,
					      "\xe2\x80\x94" /* em dash */};
	size_t length = 0;

	while (*text != '\0' && length <= most) {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]) && skip == 0; i++) {
			if (strncmp(text, dropped[i], strlen(dropped[i])) == 0) {
				skip = strlen(dropped[i]);
			}
		}
		if (skip > 0) {
			text += skip;
		} else if (length < most) {
			out[length++] = *text++;
		} else {
			length++;
		}
	}
	return length;
}

/* The mark in any case. */
static bool is_marked(const char *digits, size_t length)
{
	for (size_t i = 0; i < sizeof(mark) - 1; i++) {
		char character = i < length ? digits[i] : '\0';

		if (character >= 'a' && character <= 'z') {
			character = (char)(character - 'a' + 'A');
		}
		if (character != mark[i]) {
			return false;
		}
	}
	return true;
}

/* Takes the data, whose check was right, apart. Only data that were not made by invitation_format fail here. */
static bool data_parse(const uint8_t *data, size_t length, struct invitation *out)
{
	const uint8_t *at = data;
	size_t room = length - FIXED_BYTES - CHECK_BYTES;
	size_t host_bytes;

	memcpy(out->fingerprint, at, INVITATION_FINGERPRINT);
	at += INVITATION_FINGERPRINT;
	memcpy(out->id, at, INVITATION_ID);
	at += INVITATION_ID;
	memcpy(out->secret, at, INVITATION_SECRET);
	at += INVITATION_SECRET;
	out->port = (uint16_t)(at[0] << 8 | at[1]);
	at += 2;
	host_bytes = strnlen((const char *)at, room);
	if (out->port == 0 || room - host_bytes >= GROUP_BYTES ||
	    !host_is_good((const char *)at, host_bytes)) {
		return false;
	}
	for (size_t i = host_bytes; i < room; i++) {
		if (at[i] != 0) {
			return false;
		}
	}
	memcpy(out->host, at, host_bytes);
	return true;
}

enum status invitation_parse(const char *text, struct invitation *out, struct error *err)
{
	enum status status = STATUS_OK;
	char digits[sizeof(mark) - 1 + DIGITS_MOST];
	uint8_t data[DATA_MOST];
	uint8_t check[CHECK_BYTES];
	struct invitation invitation = {.port = 0};
	const size_t length = squeeze(text, digits, sizeof(digits));
	const size_t digit_count = length - (sizeof(mark) - 1); /* once the mark is seen */
	size_t bytes;

	if (!is_marked(digits, length)) {
		status = refuse("this is not an invitation: an invitation begins with SAFER1-", err);
	} else if (length > sizeof(digits)) {
		status = refuse("the invitation is too long: something else was copied along with it", err);
	} else if (digit_count % GROUP_DIGITS != 0) {
		status = refuse(
			"the invitation is not whole: a character is missing, or there is one too many", err);
	} else if (!base32_parse(digits + sizeof(mark) - 1, digit_count, data, sizeof(data), &bytes)) {
		status = refuse("the invitation holds a character that no invitation has", err);
	} else if (bytes < FIXED_BYTES + CHECK_BYTES) {
		status = refuse("the invitation is not whole: its end is missing", err);
	}
	if (status != STATUS_OK) {
		goto out;
	}
	check_format(data, bytes - CHECK_BYTES, check);
	if (memcmp(check, data + bytes - CHECK_BYTES, CHECK_BYTES) != 0) {
		status = refuse(
			"the invitation has a typing error: its last characters do not match the rest", err);
	} else if (!data_parse(data, bytes, &invitation)) {
		status = refuse("the invitation names no host that one could connect to", err);
	} else {
		*out = invitation;
	}
out:
	OPENSSL_cleanse(digits, sizeof(digits));
	OPENSSL_cleanse(data, sizeof(data));
	OPENSSL_cleanse(&invitation, sizeof(invitation));
	return status;
}
