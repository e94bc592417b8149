/* Finding the end of a message: what is whole, what is refused, and that neither depends on how the bytes arrive. */
#include "protocol/scanner.h"

#include "rows.h"

#include <msgpack.h>
#include <stdbool.h>
#include <stdlib.h>

#define BIG 1048576

/* Feeds in pieces of `step` bytes until the scanner has made up its mind or the bytes are spent. */
static enum scan feed(struct scanner *scanner, const uint8_t *data, size_t length, size_t step, size_t *used)
{
	enum scan scan = SCAN_MORE;

	*used = 0;
	while (*used < length && scan == SCAN_MORE) {
		size_t piece = length - *used < step ? length - *used : step;
		size_t taken = 0;

		scan = scanner_feed(scanner, data + *used, piece, &taken);
		assert_true(scan != SCAN_MORE || taken == piece);
		*used += taken;
	}
	return scan;
}

struct row {
	const char *name;
	const uint8_t *data;
	size_t length;
	enum scan scan;
	size_t message_bytes; /* when complete; 0: all of them */
	size_t bytes;         /* limits; 0: plenty */
	uint32_t depth;
	uint64_t elements;
};

static const struct row rows[] = {
	{"takes nil", BYTES("\xc0"), .scan = SCAN_COMPLETE},
	{"takes true", BYTES("\xc3"), .scan = SCAN_COMPLETE},
	{"takes the smallest integer in a byte", BYTES("\xe0"), .scan = SCAN_COMPLETE},
	{"takes a uint8", BYTES("\xcc\xff"), .scan = SCAN_COMPLETE},
	{"takes a uint64", BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), .scan = SCAN_COMPLETE},
	{"takes an int64", BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), .scan = SCAN_COMPLETE},
	{"takes an empty text", BYTES("\xa0"), .scan = SCAN_COMPLETE},
	{"takes a short text", BYTES("\xa3xyz"), .scan = SCAN_COMPLETE},
	{"takes a str8", BYTES("\xd9\x02xy"), .scan = SCAN_COMPLETE},
	{"takes a str16 of nothing", BYTES("\xda\x00\x00"), .scan = SCAN_COMPLETE},
	{"takes a str32", BYTES("\xdb\x00\x00\x00\x01x"), .scan = SCAN_COMPLETE},
	{"takes a bin8", BYTES("\xc4\x02\xc1\xc1"), .scan = SCAN_COMPLETE},
	{"takes a bin16", BYTES("\xc5\x00\x01\x00"), .scan = SCAN_COMPLETE},
	{"takes a bin32", BYTES("\xc6\x00\x00\x00\x00"), .scan = SCAN_COMPLETE},
	{"takes an empty list", BYTES("\x90"), .scan = SCAN_COMPLETE},
	{"takes an empty map", BYTES("\x80"), .scan = SCAN_COMPLETE},
	{"takes an array16", BYTES("\xdc\x00\x02\x01\x02"), .scan = SCAN_COMPLETE},
	{"takes an array32", BYTES("\xdd\x00\x00\x00\x01\xc0"), .scan = SCAN_COMPLETE},
	{"takes a map16", BYTES("\xde\x00\x01\xa1k\x01"), .scan = SCAN_COMPLETE},
	{"takes a map32", BYTES("\xdf\x00\x00\x00\x01\xa1k\x01"), .scan = SCAN_COMPLETE},
	{"takes lists in lists", BYTES("\x92\x92\x90\x90\x91\x90"), .scan = SCAN_COMPLETE},
	{"takes a whole request",
	 BYTES("\x94\x00\x01\xa4read\x91\x81\xa2id\xa3"
	       "A12"),
	 .scan = SCAN_COMPLETE},
	{"stops where the message ends", BYTES("\x91\x01\x91\x02"), .scan = SCAN_COMPLETE,
	 .message_bytes = 2},

	{"waits for the rest of a number", BYTES("\xcd\x01"), .scan = SCAN_MORE},
	{"waits for the rest of a length", BYTES("\xdb\x00\x00\x00"), .scan = SCAN_MORE},
	{"waits for the rest of a text", BYTES("\xa3xy"), .scan = SCAN_MORE},
	{"waits for the value of a key", BYTES("\x81\xa1k"), .scan = SCAN_MORE},
	{"waits for the last entry of a list", BYTES("\x93\x01\x02"), .scan = SCAN_MORE},
	{"waits for the rest of an outer list", BYTES("\x92\x91\x01"), .scan = SCAN_MORE},

	{"refuses the reserved byte", BYTES("\xc1"), .scan = SCAN_BAD_TYPE},
	{"refuses float32", BYTES("\xca"), .scan = SCAN_BAD_TYPE},
	{"refuses float64", BYTES("\xcb\x00"), .scan = SCAN_BAD_TYPE},
	{"refuses ext8", BYTES("\xc7\x00\x01"), .scan = SCAN_BAD_TYPE},
	{"refuses ext16", BYTES("\xc8\x00\x00\x01"), .scan = SCAN_BAD_TYPE},
	{"refuses ext32 of four thousand million bytes", BYTES("\xc9\xff\xff\xff\xff\x01"),
	 .scan = SCAN_BAD_TYPE},
	{"refuses fixext1", BYTES("\xd4\x01\x01"), .scan = SCAN_BAD_TYPE},
	{"refuses fixext16", BYTES("\xd8"), .scan = SCAN_BAD_TYPE},
	{"refuses a float in a list", BYTES("\x92\x01\xcb"), .scan = SCAN_BAD_TYPE},

	{"refuses a list of four thousand million at its header", BYTES("\xdd\xff\xff\xff\xff"),
	 .scan = SCAN_TOO_MANY},
	{"refuses a map of four thousand million at its header", BYTES("\xdf\xff\xff\xff\xff"),
	 .scan = SCAN_TOO_MANY},
	{"refuses a text of four thousand million at its header", BYTES("\xdb\xff\xff\xff\xff"),
	 .scan = SCAN_TOO_LONG},
	{"refuses a binary of four thousand million at its header", BYTES("\xc6\xff\xff\xff\xff"),
	 .scan = SCAN_TOO_LONG},
	{"refuses a list that claims more values than bytes may come", BYTES("\xdc\x00\x10"),
	 .scan = SCAN_TOO_LONG, .bytes = 16},
	{"refuses thirty-two nested claims of many", BYTES("\xdd\x00\x00\xff\xff\xdd\x00\x00\xff\xff"),
	 .scan = SCAN_TOO_MANY},

	{"takes a message of as many bytes as are allowed", BYTES("\xa3xyz"), .scan = SCAN_COMPLETE,
	 .bytes = 4},
	{"refuses a text one byte over", BYTES("\xa3"), .scan = SCAN_TOO_LONG, .bytes = 3},
	{"refuses a header one byte over", BYTES("\xcd"), .scan = SCAN_TOO_LONG, .bytes = 2},
	{"refuses a length one byte over", BYTES("\xdb"), .scan = SCAN_TOO_LONG, .bytes = 4},
	{"refuses a list when its last byte is not its end", BYTES("\x92\x91\x90"), .scan = SCAN_TOO_LONG,
	 .bytes = 3},
	{"takes a list as deep as is allowed", BYTES("\x91\x91\x01"), .scan = SCAN_COMPLETE, .depth = 2},
	{"refuses a list one deeper", BYTES("\x91\x91\x91"), .scan = SCAN_TOO_DEEP, .depth = 2},
	{"refuses an empty list one deeper", BYTES("\x91\x91\x90"), .scan = SCAN_TOO_DEEP, .depth = 2},
	{"refuses a map one deeper", BYTES("\x91\x91\x80"), .scan = SCAN_TOO_DEEP, .depth = 2},
	{"takes as many values as are allowed", BYTES("\x92\x01\x02"), .scan = SCAN_COMPLETE, .elements = 3},
	{"refuses a list of one more", BYTES("\x93"), .scan = SCAN_TOO_MANY, .elements = 3},
	{"counts the keys of a map", BYTES("\x82"), .scan = SCAN_TOO_MANY, .elements = 4},
	{"counts values over all lists", BYTES("\x92\x91\x01\x91"), .scan = SCAN_TOO_MANY, .elements = 4},
};

static void init(struct scanner *scanner, const struct row *row)
{
	scanner_init(scanner, row->bytes ? row->bytes : BIG, row->depth ? row->depth : 16,
		     row->elements ? row->elements : 100000);
}

static void scans(void **state)
{
	const struct row *row = *state;

	for (size_t step = 1; step <= row->length; step++) {
		struct scanner scanner;
		size_t used;

		init(&scanner, row);
		assert_int_equal(feed(&scanner, row->data, row->length, step, &used), row->scan);
		if (row->scan == SCAN_COMPLETE) {
			size_t wanted = row->message_bytes ? row->message_bytes : row->length;

			assert_int_equal(used, wanted);
			assert_int_equal(scanner.message_bytes, wanted);
		}
	}
}

static void a_verdict_is_final(void **state)
{
	struct scanner scanner;
	size_t used = 77;

	(void)state;
	scanner_init(&scanner, BIG, 16, 100);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\xca\x01", 2, &used), SCAN_BAD_TYPE);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\x01", 1, &used), SCAN_BAD_TYPE);
	assert_int_equal(used, 0);
}

static void messages_follow_one_another(void **state)
{
	static const uint8_t stream[] = "\x91\x01\xa3xyz\x81\xa1k\x92\x01\x02";
	static const size_t lengths[] = {2, 4, 6};
	const size_t total = sizeof(stream) - 1;

	(void)state;
	for (size_t step = 1; step <= total; step++) {
		struct scanner scanner;
		size_t at = 0;

		scanner_init(&scanner, BIG, 16, 100);
		for (size_t i = 0; i < 3; i++) {
			size_t used;

			assert_int_equal(feed(&scanner, stream + at, total - at, step, &used), SCAN_COMPLETE);
			assert_int_equal(used, lengths[i]);
			at += used;
			scanner_next(&scanner);
		}
		assert_int_equal(at, total);
	}
}

static void nothing_fits_a_limit_of_nought(void **state)
{
	struct scanner scanner;
	size_t used;

	(void)state;
	scanner_init(&scanner, 0, 16, 100);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\xc0", 1, &used), SCAN_TOO_LONG);
	scanner_init(&scanner, 10, 16, 0);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\xc0", 1, &used), SCAN_TOO_MANY);
	scanner_init(&scanner, 10, 0, 10);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\xc0", 1, &used), SCAN_COMPLETE);
	scanner_init(&scanner, 10, 0, 10);
	assert_int_equal(scanner_feed(&scanner, (const uint8_t *)"\x90", 1, &used), SCAN_TOO_DEEP);
}

static void a_million_nested_lists_are_refused_at_the_ceiling(void **state)
{
	uint8_t *data = malloc(1000000);
	struct scanner scanner;
	size_t used;

	(void)state;
	assert_non_null(data);
	memset(data, 0x91, 1000000);
	scanner_init(&scanner, 2000000, UINT32_MAX, UINT64_MAX);
	assert_int_equal(scanner_feed(&scanner, data, 1000000, &used), SCAN_TOO_DEEP);
	assert_int_equal(used, SCANNER_DEPTH + 1);
	free(data);
}

static void every_beginning_of_a_message_waits_for_more(void **state)
{
	static const uint8_t message[] = "\x94\x00\xcd\x01\x00\xa6"
					 "change\x91\x83\xa7request\xc4\x04\x01\x02\x03\x04\xa7"
					 "changes\xdc\x00\x01\x82\xa2id\xa3"
					 "A12\xa4"
					 "base\x07\xa6reason\xd9\x05words";
	const size_t length = sizeof(message) - 1;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		struct scanner scanner;
		size_t used;
		enum scan scan;

		scanner_init(&scanner, BIG, 16, 1000);
		scan = scanner_feed(&scanner, message, cut, &used);
		assert_int_equal(scan, cut == length ? SCAN_COMPLETE : SCAN_MORE);
		assert_int_equal(used, cut);
		scan = scanner_feed(&scanner, message + cut, length - cut, &used);
		assert_int_equal(scan, SCAN_COMPLETE);
		assert_int_equal(scanner.message_bytes, length);
	}
}

/* ---- against MessagePack-c ---- */

#define FRAMES 200000

static uint32_t seed = 20140501;

static uint32_t random_below(uint32_t bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % bound;
}

/* Bytes that are often headers and rarely large claims, so that many frames are messages. */
static size_t random_frame(uint8_t *out, size_t most)
{
	static const uint8_t heads[] = {0x80, 0x81, 0x82, 0x90, 0x91, 0x93, 0xa0, 0xa1, 0xa5, 0xc0, 0xc2,
					0xc3, 0xc4, 0xc5, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3,
					0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xc6, 0xc1, 0xca, 0xd4};
	size_t length = 1 + random_below((uint32_t)most);

	for (size_t i = 0; i < length; i++) {
		switch (random_below(4)) {
		case 0:
			out[i] = heads[random_below(sizeof(heads))];
			break;
		case 1:
			out[i] = (uint8_t)random_below(256);
			break;
		default:
			out[i] = (uint8_t)random_below(4);
			break;
		}
	}
	return length;
}

static void agrees_with_the_library(void **state)
{
	size_t complete = 0;
	size_t waiting = 0;

	(void)state;
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t frame[48];
		size_t length = random_frame(frame, sizeof(frame));
		size_t step = 1 + random_below(8);
		struct scanner scanner;
		struct scanner other;
		msgpack_unpacked unpacked;
		msgpack_unpack_return result;
		size_t used;
		size_t pieces_used;
		size_t off = 0;
		enum scan scan;

		scanner_init(&scanner, 5000, 16, 1000);
		scanner_init(&other, 5000, 16, 1000);
		scan = scanner_feed(&scanner, frame, length, &used);
		assert_int_equal(feed(&other, frame, length, step, &pieces_used), scan);
		assert_int_equal(pieces_used, used);
		if (scan != SCAN_COMPLETE && scan != SCAN_MORE) {
			continue;
		}
		msgpack_unpacked_init(&unpacked);
		result = msgpack_unpack_next(&unpacked, (const char *)frame, length, &off);
		msgpack_unpacked_destroy(&unpacked);
		if (scan == SCAN_COMPLETE) {
			assert_int_equal(result, MSGPACK_UNPACK_SUCCESS);
			assert_int_equal(off, used);
			complete++;
		} else {
			assert_int_equal(result, MSGPACK_UNPACK_CONTINUE);
			waiting++;
		}
	}
	assert_true(complete > FRAMES / 20);
	assert_true(waiting > FRAMES / 20);
}

static void every_verdict_has_a_sentence(void **state)
{
	(void)state;
	for (int scan = SCAN_MORE; scan <= SCAN_BAD_TYPE; scan++) {
		assert_true(strlen(scan_reason((enum scan)scan)) > 10);
	}
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, rows, scans);
	rows_add(&tests, "a verdict is final", a_verdict_is_final, NULL);
	rows_add(&tests, "messages follow one another, in any pieces", messages_follow_one_another, NULL);
	rows_add(&tests, "nothing fits a limit of nought", nothing_fits_a_limit_of_nought, NULL);
	rows_add(&tests, "refuses a million nested lists at the ceiling",
		 a_million_nested_lists_are_refused_at_the_ceiling, NULL);
	rows_add(&tests, "waits at every beginning of a message", every_beginning_of_a_message_waits_for_more,
		 NULL);
	rows_add(&tests, "agrees with MessagePack-c on 200,000 random frames", agrees_with_the_library, NULL);
	rows_add(&tests, "has a sentence for every verdict", every_verdict_has_a_sentence, NULL);
	return rows_run(&tests, "scanner");
}
