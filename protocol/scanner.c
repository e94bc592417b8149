/* The first code that looks at a peer's bytes. A connection feeds it whatever arrived; only when it says that a
 * message is whole and within its limits are those bytes given to codec.c.
 *
 * `remaining` is a stack of counts: how many values are still to come at each open level, the message itself being
 * the one value of level 0. The payload of a text or a number is skipped without being looked at. */
#include "protocol/scanner.h"

#include <stdbool.h>
#include <string.h>

enum shape {
	SHAPE_PLAIN,   /* `payload` bytes follow the lead byte: nil, booleans, integers, short texts */
	SHAPE_BYTES,   /* a length of `payload` bytes, then as many bytes: texts and binaries */
	SHAPE_LIST,    /* `count` values, or a count of `payload` bytes when it does not fit the lead byte */
	SHAPE_MAP,     /* the same with twice as many values */
	SHAPE_REFUSED, /* nothing that Safer uses */
};

struct lead {
	enum shape shape;
	uint8_t payload;
	uint8_t count;
};

/* What the bytes 0xc0 to 0xdf announce. */
static const struct lead leads[32] = {
	[0x00] = {SHAPE_PLAIN, 0, 0},   /* nil */
	[0x01] = {SHAPE_REFUSED, 0, 0}, /* reserved */
	[0x02] = {SHAPE_PLAIN, 0, 0},   /* false */
	[0x03] = {SHAPE_PLAIN, 0, 0},   /* true */
	[0x04] = {SHAPE_BYTES, 1, 0},   /* bin8 */
	[0x05] = {SHAPE_BYTES, 2, 0},   /* bin16 */
	[0x06] = {SHAPE_BYTES, 4, 0},   /* bin32 */
	[0x07] = {SHAPE_REFUSED, 0, 0}, /* ext8 */
	[0x08] = {SHAPE_REFUSED, 0, 0}, /* ext16 */
	[0x09] = {SHAPE_REFUSED, 0, 0}, /* ext32 */
	[0x0a] = {SHAPE_REFUSED, 0, 0}, /* float32 */
	[0x0b] = {SHAPE_REFUSED, 0, 0}, /* float64 */
	[0x0c] = {SHAPE_PLAIN, 1, 0},   /* uint8 */
	[0x0d] = {SHAPE_PLAIN, 2, 0},   /* uint16 */
	[0x0e] = {SHAPE_PLAIN, 4, 0},   /* uint32 */
	[0x0f] = {SHAPE_PLAIN, 8, 0},   /* uint64 */
	[0x10] = {SHAPE_PLAIN, 1, 0},   /* int8 */
	[0x11] = {SHAPE_PLAIN, 2, 0},   /* int16 */
	[0x12] = {SHAPE_PLAIN, 4, 0},   /* int32 */
	[0x13] = {SHAPE_PLAIN, 8, 0},   /* int64 */
	[0x14] = {SHAPE_REFUSED, 0, 0}, /* fixext1 */
	[0x15] = {SHAPE_REFUSED, 0, 0}, /* fixext2 */
	[0x16] = {SHAPE_REFUSED, 0, 0}, /* fixext4 */
	[0x17] = {SHAPE_REFUSED, 0, 0}, /* fixext8 */
	[0x18] = {SHAPE_REFUSED, 0, 0}, /* fixext16 */
	[0x19] = {SHAPE_BYTES, 1, 0},   /* str8 */
	[0x1a] = {SHAPE_BYTES, 2, 0},   /* str16 */
	[0x1b] = {SHAPE_BYTES, 4, 0},   /* str32 */
	[0x1c] = {SHAPE_LIST, 2, 0},    /* array16 */
	[0x1d] = {SHAPE_LIST, 4, 0},    /* array32 */
	[0x1e] = {SHAPE_MAP, 2, 0},     /* map16 */
	[0x1f] = {SHAPE_MAP, 4, 0},     /* map32 */
};

static struct lead lead_of(uint8_t byte)
{
	if (byte >= 0xc0 && byte <= 0xdf) {
		return leads[byte - 0xc0];
	}
	if (byte >= 0x80 && byte <= 0x8f) {
		return (struct lead){SHAPE_MAP, 0, byte & 0x0f};
	}
	if (byte >= 0x90 && byte <= 0x9f) {
		return (struct lead){SHAPE_LIST, 0, byte & 0x0f};
	}
	if (byte >= 0xa0 && byte <= 0xbf) {
		return (struct lead){SHAPE_PLAIN, byte & 0x1f, 0};
	}
	return (struct lead){SHAPE_PLAIN, 0, 0}; /* an integer in a byte */
}

void scanner_init(struct scanner *scanner, size_t limit_bytes, uint32_t limit_depth, uint64_t limit_elements)
{
	*scanner = (struct scanner){
		.limit_bytes = limit_bytes,
		.limit_depth = limit_depth < SCANNER_DEPTH ? limit_depth : SCANNER_DEPTH,
		.limit_elements = limit_elements,
	};
	scanner_next(scanner);
}

void scanner_next(struct scanner *scanner)
{
	scanner->message_bytes = 0;
	scanner->elements = 1;
	scanner->depth = 0;
	scanner->remaining[0] = 1;
	scanner->skip = 0;
	scanner->header_have = 0;
	if (scanner->limit_bytes == 0) {
		scanner->state = SCAN_TOO_LONG;
	} else if (scanner->limit_elements == 0) {
		scanner->state = SCAN_TOO_MANY;
	} else {
		scanner->state = SCAN_MORE;
	}
}

/* Whether as many bytes may still come. */
static bool fits(const struct scanner *scanner, uint64_t bytes)
{
	return bytes <= scanner->limit_bytes - scanner->message_bytes;
}

/* After a value's last byte: leaves the levels that it completed. */
static enum scan value_end(struct scanner *scanner)
{
	while (scanner->depth > 0 && scanner->remaining[scanner->depth] == 0) {
		scanner->depth--;
	}
	if (scanner->remaining[scanner->depth] == 0) {
		return SCAN_COMPLETE;
	}
	return fits(scanner, 1) ? SCAN_MORE : SCAN_TOO_LONG;
}

static enum scan payload_begin(struct scanner *scanner, uint64_t bytes)
{
	if (!fits(scanner, bytes)) {
		return SCAN_TOO_LONG;
	}
	scanner->skip = bytes;
	return bytes > 0 ? SCAN_MORE : value_end(scanner);
}

static enum scan level_begin(struct scanner *scanner, uint64_t values)
{
	if (scanner->depth >= scanner->limit_depth) {
		return SCAN_TOO_DEEP;
	}
	if (values > scanner->limit_elements - scanner->elements) {
		return SCAN_TOO_MANY;
	}
	if (!fits(scanner, values)) { /* each takes a byte at least */
		return SCAN_TOO_LONG;
	}
	scanner->elements += values;
	if (values == 0) {
		return value_end(scanner);
	}
	scanner->depth++;
	scanner->remaining[scanner->depth] = values;
	return SCAN_MORE;
}

/* A header is whole: `number` is the length or count that it gives. */
static enum scan header_end(struct scanner *scanner, struct lead lead, uint64_t number)
{
	scanner->remaining[scanner->depth]--;
	switch (lead.shape) {
	case SHAPE_PLAIN:
		return payload_begin(scanner, lead.payload);
	case SHAPE_BYTES:
		return payload_begin(scanner, number);
	case SHAPE_LIST:
		return level_begin(scanner, number);
	case SHAPE_MAP:
		return level_begin(scanner, number * 2);
	case SHAPE_REFUSED:
		break;
	}
	return SCAN_BAD_TYPE;
}

/* Takes one byte of a header. */
static enum scan header_byte(struct scanner *scanner, uint8_t byte)
{
	struct lead lead;
	size_t length_bytes;
	uint64_t number;

	scanner->header[scanner->header_have++] = byte;
	scanner->message_bytes++;
	lead = lead_of(scanner->header[0]);
	length_bytes = lead.shape == SHAPE_PLAIN ? 0 : lead.payload;
	if (scanner->header_have == 1 && !fits(scanner, length_bytes)) {
		return SCAN_TOO_LONG;
	}
	if (scanner->header_have <= length_bytes) {
		return SCAN_MORE;
	}
	number = lead.count;
	for (size_t i = 1; i <= length_bytes; i++) {
		number = number << 8 | scanner->header[i];
	}
	scanner->header_have = 0;
	return header_end(scanner, lead, number);
}

/* Takes bytes of a payload; answers how many. */
static size_t payload_bytes(struct scanner *scanner, size_t length)
{
	size_t bytes = scanner->skip < length ? (size_t)scanner->skip : length;

	scanner->skip -= bytes;
	scanner->message_bytes += bytes;
	if (scanner->skip == 0) {
		scanner->state = value_end(scanner);
	}
	return bytes;
}

enum scan scanner_feed(struct scanner *scanner, const uint8_t *data, size_t length, size_t *used)
{
	size_t at = 0;

	while (scanner->state == SCAN_MORE && at < length) {
		if (scanner->skip > 0) {
			at += payload_bytes(scanner, length - at);
		} else {
			scanner->state = header_byte(scanner, data[at++]);
		}
	}
	*used = at;
	return scanner->state;
}

const char *scan_reason(enum scan scan)
{
	static const char *const reasons[] = {
		[SCAN_MORE] = "the message is not whole yet",
		[SCAN_COMPLETE] = "the message is whole",
		[SCAN_TOO_LONG] = "the message has more bytes than are allowed here",
		[SCAN_TOO_DEEP] = "the message nests lists and maps deeper than is allowed",
		[SCAN_TOO_MANY] = "the message has more values than are allowed",
		[SCAN_BAD_TYPE] = "the message holds a floating-point number, an extension or the byte 0xc1",
	};

	return reasons[scan];
}
