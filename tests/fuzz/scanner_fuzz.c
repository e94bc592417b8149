/* The scanner against itself and against msgpack-c: bytes fed at once, one at a time and in pieces come to the same
 * end, and what it calls a whole message is one to the library, of the same length. */
#include "protocol/scanner.h"
#include "tests/fuzz/fuzz.h"

#include <msgpack.h>

#define DEPTH 16

struct outcome {
	enum scan scan;
	size_t bytes; /* looked at */
};

static struct outcome feed(const uint8_t *data, size_t size, size_t piece, size_t limit, uint64_t elements)
{
	struct scanner scanner;
	struct outcome outcome = {SCAN_MORE, 0};

	scanner_init(&scanner, limit, DEPTH, elements);
	while (outcome.scan == SCAN_MORE && outcome.bytes < size) {
		size_t length = piece < size - outcome.bytes ? piece : size - outcome.bytes;
		size_t used = 0;

		outcome.scan = scanner_feed(&scanner, data + outcome.bytes, length, &used);
		fuzz_require(used <= length);
		fuzz_require(outcome.scan != SCAN_MORE || used == length);
		outcome.bytes += used;
		fuzz_require(scanner.message_bytes == outcome.bytes);
		fuzz_require(outcome.bytes <= limit);
		fuzz_require(scanner.depth <= DEPTH && scanner.elements <= elements);
	}
	return outcome;
}

/* Only what the scanner lets through may be shown to the library, which believes what a header claims. */
static void compare(const uint8_t *data, size_t size, struct outcome outcome)
{
	msgpack_zone zone;
	msgpack_object object;
	size_t used = 0;
	msgpack_unpack_return judged;

	if ((outcome.scan != SCAN_COMPLETE && outcome.scan != SCAN_MORE) || !msgpack_zone_init(&zone, 1024)) {
		return;
	}
	judged = msgpack_unpack((const char *)data, outcome.scan == SCAN_MORE ? size : outcome.bytes, &used,
				&zone, &object);
	if (outcome.scan == SCAN_COMPLETE) {
		fuzz_require(judged == MSGPACK_UNPACK_SUCCESS);
		fuzz_require(used == outcome.bytes);
	} else {
		fuzz_require(judged == MSGPACK_UNPACK_CONTINUE);
	}
	msgpack_zone_destroy(&zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t piece = (size_t)fuzz_byte(&input) + 1;
	size_t limit = (size_t)fuzz_byte(&input) * 64;
	uint64_t elements = (uint64_t)fuzz_byte(&input) * 16 + 1;
	struct outcome whole = feed(input.data, input.size, SIZE_MAX, limit, elements);
	struct outcome single = feed(input.data, input.size, 1, limit, elements);
	struct outcome pieces = feed(input.data, input.size, piece, limit, elements);

	fuzz_require(whole.scan == single.scan && whole.bytes == single.bytes);
	fuzz_require(whole.scan == pieces.scan && whole.bytes == pieces.bytes);
	compare(input.data, input.size, whole);
	return 0;
}
