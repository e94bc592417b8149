/* Finds where a MessagePack message ends, in bytes that arrive in any pieces.
 *
 * Allocates nothing and keeps its state between feeds, so each byte is looked at once. Enforces bytes, depth and
 * elements, and refuses what Safer never uses (floats, extension types, the reserved byte 0xc1), before any
 * library sees a byte: a header that claims four thousand million elements costs its five bytes and nothing else. */
#ifndef SAFER_PROTOCOL_SCANNER_H
#define SAFER_PROTOCOL_SCANNER_H

#include <stddef.h>
#include <stdint.h>

#define SCANNER_DEPTH 32 /* hard ceiling; limits.message_depth is what counts */

enum scan {
	SCAN_MORE,     /* not a whole message yet */
	SCAN_COMPLETE, /* message_bytes says how long it is */
	SCAN_TOO_LONG,
	SCAN_TOO_DEEP,
	SCAN_TOO_MANY,
	SCAN_BAD_TYPE, /* a float, an extension or 0xc1 */
};

struct scanner {
	size_t limit_bytes;
	uint32_t limit_depth;
	uint64_t limit_elements;

	size_t message_bytes; /* bytes of the present message seen so far; all of it when complete */
	uint64_t elements;    /* values seen and claimed so far */
	uint32_t depth;
	uint64_t remaining[SCANNER_DEPTH + 1]; /* values still to come, per open level */
	uint64_t skip;                         /* payload bytes of a string or binary still to come */
	uint8_t header[5];                     /* a header that was cut off */
	uint8_t header_have;
	enum scan state;
};

void scanner_init(struct scanner *scanner, size_t limit_bytes, uint32_t limit_depth, uint64_t limit_elements);

/* Looks at `length` bytes that follow the bytes already fed. On SCAN_COMPLETE *used says how many of them belong
 * to the message; feed the rest after scanner_next(). On SCAN_MORE all were used. Anything else is final. */
enum scan scanner_feed(struct scanner *scanner, const uint8_t *data, size_t length, size_t *used);

void scanner_next(struct scanner *scanner); /* ready for the next message */

const char *scan_reason(enum scan scan); /* a sentence for the peer */

#endif
