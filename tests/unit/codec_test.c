/* MessagePack in and out: what is let in, what is refused, and that values are written in one form only. */
#include "protocol/codec.h"

#include "common/digest.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

/* A request's memory for as long as one test. */
static struct arena *arena;

static void begin(void)
{
	arena = arena_new();
	assert_non_null(arena);
}

static void end(void)
{
	arena_free(arena);
	arena = NULL;
}

static enum status decode(const uint8_t *data, size_t length, const msgpack_object **out, struct error *err)
{
	return codec_decode(arena, (struct span){data, length}, out, err);
}

static const msgpack_object *decoded(const struct buffer *packed)
{
	const msgpack_object *object = NULL;
	struct error err = ERROR_INIT;

	assert_false(packed->failed);
	if (decode(packed->data, packed->length, &object, &err) != STATUS_OK) {
		fail_msg("%s", err.message);
	}
	return object;
}

/* ---- what is refused ---- */

struct refused {
	const char *name;
	const uint8_t *data;
	size_t length;
	const char *says;
};

static const struct refused refused[] = {
	{"refuses nothing at all", BYTES(""), "cut off"},
	{"refuses half a number", BYTES("\xcd\x01"), "cut off"},
	{"refuses half a text", BYTES("\xa3xy"), "cut off"},
	{"refuses a list without its last entry", BYTES("\x92\x01"), "cut off"},
	{"refuses a list of four thousand million in five bytes", BYTES("\xdd\xff\xff\xff\xff"), "cut off"},
	{"refuses a byte after the value", BYTES("\xc0\xc0"), "1 bytes follow"},
	{"refuses a second message after the first", BYTES("\x91\x01\x91\x01"), "2 bytes follow"},
	{"refuses a float", BYTES("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), "floating-point"},
	{"refuses an extension", BYTES("\xd4\x01\x01"), "extension"},
	{"refuses the reserved byte", BYTES("\xc1"), "0xc1"},
	{"refuses 33 levels",
	 BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
	       "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0"),
	 "deeper"},
	{"refuses a map with a number for a key", BYTES("\x81\x01\x02"), "key that is not a text"},
	{"refuses a map with nil for a key", BYTES("\x81\xc0\x02"), "key that is not a text"},
	{"refuses a map with a binary for a key", BYTES("\x81\xc4\x01k\x02"), "key that is not a text"},
	{"refuses a key that is there twice", BYTES("\x82\xa1k\x01\xa1k\x01"), "\"k\" is there twice"},
	{"refuses a key twice in a map of a map", BYTES("\x81\xa1m\x82\xa1k\x01\xa1k\x02"),
	 "\"k\" is there twice"},
	{"refuses a text that is not UTF-8", BYTES("\xa2\xff\xfe"), "UTF-8"},
	{"refuses a cut character", BYTES("\xa1\xc3"), "UTF-8"},
	{"refuses an overlong form", BYTES("\xa2\xc0\xaf"), "UTF-8"},
	{"refuses a surrogate", BYTES("\xa3\xed\xa0\x80"), "UTF-8"},
	{"refuses a NUL in a text", BYTES("\xa2x\x00"), "control"},
	{"refuses an escape in a text", BYTES("\xa2x\x1b"), "control"},
	{"refuses a bidirectional override", BYTES("\xa3\xe2\x80\xae"), "UTF-8"},
	{"refuses a key that is not UTF-8", BYTES("\x81\xa1\xff\x01"), "UTF-8"},
};

static void is_refused(void **state)
{
	const struct refused *row = *state;
	const msgpack_object *object = NULL;
	struct error err = ERROR_INIT;

	begin();
	assert_int_equal(decode(row->data, row->length, &object, &err), STATUS_INVALID);
	assert_null(object);
	assert_int_equal(err.status, STATUS_INVALID);
	if (!strstr(err.message, row->says)) {
		fail_msg("\"%s\" does not say \"%s\"", err.message, row->says);
	}
	end();
}

static void pack_wide_map(struct buffer *out, size_t pairs, bool repeat)
{
	buffer_init(out, 1 << 22);
	codec_put_map(out, pairs);
	for (size_t i = 0; i < pairs; i++) {
		char key[24];

		snprintf(key, sizeof(key), "key-%zu", repeat && i == pairs - 1 ? (size_t)3 : i);
		codec_pair_int(out, key, (int64_t)i);
	}
}

static void wide_maps_are_searched_for_repeats_too(void **state)
{
	static const size_t sizes[] = {15, 16, 17, 18, 1000, 50000};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const msgpack_object *object = NULL;
		struct buffer packed;

		pack_wide_map(&packed, sizes[i], true);
		assert_int_equal(decode(packed.data, packed.length, &object, NULL), STATUS_INVALID);
		buffer_release(&packed);
		pack_wide_map(&packed, sizes[i], false);
		assert_int_equal(codec_count(decoded(&packed)), sizes[i]);
		buffer_release(&packed);
	}
	end();
}

/* ---- reading ---- */

static void values_are_read_from_a_map(void **state)
{
	static const uint8_t bytes[] = "\x86\xa1n\x2a\xa1t\xa5hello\xa1"
				       "b\xc4\x02\x01\x02\xa1y\xc3\xa1z\xc0\xa1l\x92\x01\x02";
	const msgpack_object *map = NULL;
	struct span span = {NULL, 0};
	int64_t number = 7;
	bool flag = false;

	(void)state;
	begin();
	assert_int_equal(decode(bytes, sizeof(bytes) - 1, &map, NULL), STATUS_OK);
	assert_int_equal(codec_get_int(map, "n", -1), 42);
	assert_int_equal(codec_get_int(map, "t", -1), -1);
	assert_int_equal(codec_get_int(map, "absent", -1), -1);
	assert_true(codec_get_flag(map, "y", false));
	assert_true(codec_get_flag(map, "n", true));
	assert_int_equal(codec_get_text(map, "t").length, 5);
	assert_null(codec_get_text(map, "n").data);
	assert_string_equal(codec_get_string(arena, map, "t"), "hello");
	assert_null(codec_get_string(arena, map, "n"));
	assert_true(codec_text_is(codec_get(map, "t"), "hello"));
	assert_false(codec_text_is(codec_get(map, "t"), "hell"));
	assert_false(codec_text_is(codec_get(map, "n"), "hello"));
	assert_false(codec_text_is(NULL, ""));
	assert_true(codec_bin(codec_get(map, "b"), &span));
	assert_int_equal(span.length, 2);
	assert_false(codec_bin(codec_get(map, "t"), &span));
	assert_false(codec_text(codec_get(map, "b"), &span));
	assert_int_equal(span.length, 2);
	assert_false(codec_flag(codec_get(map, "n"), &flag));
	assert_false(codec_int(codec_get(map, "z"), &number));
	assert_int_equal(number, 7);
	assert_true(codec_is_nil(codec_get(map, "z")));
	assert_true(codec_is_nil(codec_get(map, "absent")));
	assert_false(codec_is_nil(codec_get(map, "n")));
	assert_int_equal(codec_count(codec_get(map, "l")), 2);
	assert_int_equal(codec_count(map), 6);
	assert_int_equal(codec_count(codec_get(map, "t")), 0);
	assert_int_equal(codec_count(NULL), 0);
	assert_null(codec_get(codec_get(map, "n"), "n"));
	assert_null(codec_get(NULL, "n"));
	end();
}

static void an_empty_text_is_there_all_the_same(void **state)
{
	const msgpack_object *map = NULL;
	struct span span = {NULL, 0};

	(void)state;
	begin();
	assert_int_equal(decode(BYTES("\x82\xa1t\xa0\xa1"
				      "b\xc4\x00"),
				&map, NULL),
			 STATUS_OK);
	assert_non_null(codec_get_text(map, "t").data);
	assert_null(codec_get_text(map, "u").data);
	assert_true(codec_bin(codec_get(map, "b"), &span));
	assert_non_null(span.data);
	assert_int_equal(span.length, 0);
	assert_true(codec_text_is(codec_get(map, "t"), ""));
	assert_string_equal(codec_get_string(arena, map, "t"), "");
	end();
}

static void an_integer_beyond_64_bits_with_sign_is_none(void **state)
{
	const msgpack_object *object = NULL;
	int64_t number = 7;

	(void)state;
	begin();
	assert_int_equal(decode(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), &object, NULL), STATUS_OK);
	assert_false(codec_int(object, &number));
	assert_int_equal(number, 7);
	assert_int_equal(decode(BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), &object, NULL), STATUS_OK);
	assert_true(codec_int(object, &number));
	assert_true(number == INT64_MAX);
	end();
}

/* ---- writing ---- */

static void integers_take_their_shortest_form(void **state)
{
	static const struct {
		int64_t value;
		const char *hex;
	} rows[] = {
		{0, "00"},
		{127, "7f"},
		{128, "cc80"},
		{255, "ccff"},
		{256, "cd0100"},
		{65535, "cdffff"},
		{65536, "ce00010000"},
		{UINT32_MAX, "ceffffffff"},
		{(int64_t)UINT32_MAX + 1, "cf0000000100000000"},
		{INT64_MAX, "cf7fffffffffffffff"},
		{-1, "ff"},
		{-32, "e0"},
		{-33, "d0df"},
		{-128, "d080"},
		{-129, "d1ff7f"},
		{-32768, "d18000"},
		{-32769, "d2ffff7fff"},
		{INT32_MIN, "d280000000"},
		{(int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
		{INT64_MIN, "d38000000000000000"},
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer out;
		char hex[19];
		int64_t back;

		buffer_init(&out, 100);
		codec_put_int(&out, rows[i].value);
		hex_format(out.data, out.length, hex);
		assert_string_equal(hex, rows[i].hex);
		assert_true(codec_int(decoded(&out), &back));
		assert_true(back == rows[i].value);

		buffer_clear(&out);
		codec_put_object(&out, codec_make_int(arena, rows[i].value));
		hex_format(out.data, out.length, hex);
		assert_string_equal(hex, rows[i].hex);
		buffer_release(&out);
	}
	end();
}

/* Appends a text, binary, list or map of one size and gives the lead byte. */
static uint8_t lead_byte(void (*put)(struct buffer *out, size_t size), size_t size)
{
	struct buffer out;
	uint8_t lead;

	buffer_init(&out, 1 << 20);
	put(&out, size);
	assert_false(out.failed);
	lead = out.data[0];
	buffer_release(&out);
	return lead;
}

static void put_text_of(struct buffer *out, size_t size)
{
	static char text[70000];

	memset(text, 'x', sizeof(text));
	codec_put_span(out, (struct span){(const uint8_t *)text, size});
}

static void put_bin_of(struct buffer *out, size_t size)
{
	static const uint8_t zeros[70000];

	codec_put_bin(out, zeros, size);
}

static void collections_take_their_shortest_form(void **state)
{
	(void)state;
	assert_int_equal(lead_byte(put_text_of, 0), 0xa0);
	assert_int_equal(lead_byte(put_text_of, 31), 0xbf);
	assert_int_equal(lead_byte(put_text_of, 32), 0xd9);
	assert_int_equal(lead_byte(put_text_of, 255), 0xd9);
	assert_int_equal(lead_byte(put_text_of, 256), 0xda);
	assert_int_equal(lead_byte(put_text_of, 65536), 0xdb);
	assert_int_equal(lead_byte(put_bin_of, 0), 0xc4);
	assert_int_equal(lead_byte(put_bin_of, 255), 0xc4);
	assert_int_equal(lead_byte(put_bin_of, 256), 0xc5);
	assert_int_equal(lead_byte(put_bin_of, 65536), 0xc6);
	assert_int_equal(lead_byte(codec_put_list, 15), 0x9f);
	assert_int_equal(lead_byte(codec_put_list, 16), 0xdc);
	assert_int_equal(lead_byte(codec_put_list, 65536), 0xdd);
	assert_int_equal(lead_byte(codec_put_map, 15), 0x8f);
	assert_int_equal(lead_byte(codec_put_map, 16), 0xde);
	assert_int_equal(lead_byte(codec_put_map, 65536), 0xdf);
}

static void a_tree_is_written_in_shortest_forms_again(void **state)
{
	/* {"k": [1, -1, "x", true, nil, bin, {"unknown": true}]}, with the longest headers there are */
	static const uint8_t wide[] =
		"\xdf\x00\x00\x00\x01\xdb\x00\x00\x00\x01k\xdd\x00\x00\x00\x07"
		"\xcf\x00\x00\x00\x00\x00\x00\x00\x01\xd3\xff\xff\xff\xff\xff\xff\xff\xff"
		"\xda\x00\x01x\xc3\xc0\xc6\x00\x00\x00\x01z\xde\x00\x01\xd9\x07unknown\xc3";
	static const uint8_t narrow[] = "\x81\xa1k\x97\x01\xff\xa1x\xc3\xc0\xc4\x01z\x81\xa7unknown\xc3";
	const msgpack_object *object = NULL;
	struct buffer out;

	(void)state;
	begin();
	buffer_init(&out, 1000);
	assert_int_equal(decode(wide, sizeof(wide) - 1, &object, NULL), STATUS_OK);
	codec_put_object(&out, object);
	assert_int_equal(out.length, sizeof(narrow) - 1);
	assert_memory_equal(out.data, narrow, out.length);
	buffer_release(&out);
	end();
}

static void counts_that_were_not_known_are_filled_in(void **state)
{
	struct buffer out;
	size_t map;
	size_t list;

	(void)state;
	begin();
	buffer_init(&out, 1000);
	map = codec_map_begin(&out);
	codec_pair_text(&out, "name", "Anna");
	codec_put_text(&out, "numbers");
	list = codec_list_begin(&out);
	codec_put_int(&out, 1);
	codec_put_int(&out, 2);
	codec_put_int(&out, 3);
	codec_list_end(&out, list, 3);
	codec_pair_text(&out, "nothing", NULL);
	codec_pair_object(&out, "absent", NULL);
	codec_map_end(&out, map, 4);
	assert_int_equal(codec_count(codec_get(decoded(&out), "numbers")), 3);
	assert_int_equal(codec_count(decoded(&out)), 4);
	assert_true(codec_is_nil(codec_get(decoded(&out), "nothing")));

	buffer_clear(&out);
	map = codec_map_begin(&out);
	codec_map_end(&out, map, 65536);
	assert_true(out.failed);
	buffer_release(&out);

	buffer_init(&out, 2);
	map = codec_map_begin(&out);
	assert_true(out.failed);
	codec_map_end(&out, map, 1);
	buffer_release(&out);
	end();
}

/* ---- sameness, unknown, made values ---- */

struct pair {
	const char *name;
	const uint8_t *a;
	size_t a_length;
	const uint8_t *b;
	size_t b_length;
	bool same;
};

static const struct pair pairs[] = {
	{"1 is 1 in a longer form", BYTES("\x01"), BYTES("\xcd\x00\x01"), true},
	{"1 is not -1", BYTES("\x01"), BYTES("\xff"), false},
	{"1 is not \"1\"", BYTES("\x01"),
	 BYTES("\xa1"
	       "1"),
	 false},
	{"a text is not a binary", BYTES("\xa1x"), BYTES("\xc4\x01x"), false},
	{"true is not false", BYTES("\xc3"), BYTES("\xc2"), false},
	{"nil is nil", BYTES("\xc0"), BYTES("\xc0"), true},
	{"nil is not false", BYTES("\xc0"), BYTES("\xc2"), false},
	{"an empty text is not nil", BYTES("\xa0"), BYTES("\xc0"), false},
	{"binaries are the same by their bytes", BYTES("\xc4\x01x"), BYTES("\xc5\x00\x01x"), true},
	{"lists are the same in order", BYTES("\x92\x01\x02"), BYTES("\xdc\x00\x02\x01\x02"), true},
	{"lists in another order are not the same", BYTES("\x92\x01\x02"), BYTES("\x92\x02\x01"), false},
	{"a shorter list is not the same", BYTES("\x91\x01"), BYTES("\x92\x01\x02"), false},
	{"maps are the same in any order", BYTES("\x82\xa1k\x01\xa1l\x02"), BYTES("\x82\xa1l\x02\xa1k\x01"),
	 true},
	{"maps with another value are not the same", BYTES("\x81\xa1k\x01"), BYTES("\x81\xa1k\x02"), false},
	{"maps with another key are not the same", BYTES("\x81\xa1k\x01"), BYTES("\x81\xa1l\x01"), false},
};

static void is_same_or_not(void **state)
{
	const struct pair *row = *state;
	const msgpack_object *a = NULL;
	const msgpack_object *b = NULL;

	begin();
	assert_int_equal(decode(row->a, row->a_length, &a, NULL), STATUS_OK);
	assert_int_equal(decode(row->b, row->b_length, &b, NULL), STATUS_OK);
	assert_int_equal(codec_same(a, b), row->same);
	assert_int_equal(codec_same(b, a), row->same);
	assert_true(codec_same(a, a));
	end();
}

static void nothing_is_the_same_as_nil(void **state)
{
	(void)state;
	begin();
	assert_true(codec_same(NULL, NULL));
	assert_true(codec_same(NULL, codec_make_nil()));
	assert_false(codec_same(NULL, codec_make_flag(false)));
	end();
}

static void unknown_is_a_map_with_one_pair(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t length;
		bool unknown;
	} rows[] = {
		{BYTES("\x81\xa7unknown\xc3"), true},
		{BYTES("\x81\xa7unknown\xc2"), false},
		{BYTES("\x81\xa7unknown\x01"), false},
		{BYTES("\x82\xa7unknown\xc3\xa1x\x01"), false},
		{BYTES("\x81\xa7Unknown\xc3"), false},
		{BYTES("\xa7unknown"), false},
		{BYTES("\x80"), false},
		{BYTES("\x91\xc3"), false},
		{BYTES("\xc0"), false},
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const msgpack_object *object = NULL;

		assert_int_equal(decode(rows[i].data, rows[i].length, &object, NULL), STATUS_OK);
		assert_int_equal(codec_is_unknown(object), rows[i].unknown);
	}
	assert_true(codec_is_unknown(codec_make_unknown()));
	assert_false(codec_is_unknown(NULL));
	end();
}

static void made_values_read_back(void **state)
{
	const msgpack_object *items[3];
	const msgpack_object *list;
	struct buffer out;

	(void)state;
	begin();
	items[0] = codec_make_text(arena, "A12 and more", 3);
	items[1] = codec_make_int(arena, -5);
	items[2] = codec_make_flag(true);
	list = codec_make_list(arena, items, 3);
	assert_non_null(list);
	assert_true(codec_text_is(&list->via.array.ptr[0], "A12"));
	buffer_init(&out, 100);
	codec_put_object(&out, list);
	assert_true(codec_same(decoded(&out), list));
	buffer_release(&out);
	assert_int_equal(codec_count(codec_make_list(arena, NULL, 0)), 0);
	end();
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, refused, is_refused);
	rows_add(&tests, "searches wide maps for repeated keys too", wide_maps_are_searched_for_repeats_too,
		 NULL);
	rows_add(&tests, "reads values from a map", values_are_read_from_a_map, NULL);
	rows_add(&tests, "tells an empty text from none", an_empty_text_is_there_all_the_same, NULL);
	rows_add(&tests, "finds no integer beyond 64 bits with a sign",
		 an_integer_beyond_64_bits_with_sign_is_none, NULL);
	rows_add(&tests, "writes integers in their shortest form", integers_take_their_shortest_form, NULL);
	rows_add(&tests, "writes collections in their shortest form", collections_take_their_shortest_form,
		 NULL);
	rows_add(&tests, "writes a tree in shortest forms again", a_tree_is_written_in_shortest_forms_again,
		 NULL);
	rows_add(&tests, "fills in counts that were not known", counts_that_were_not_known_are_filled_in,
		 NULL);
	rows_add_table(&tests, pairs, is_same_or_not);
	rows_add(&tests, "nothing is the same as nil", nothing_is_the_same_as_nil, NULL);
	rows_add(&tests, "knows unknown by its one pair", unknown_is_a_map_with_one_pair, NULL);
	rows_add(&tests, "reads back what it made", made_values_read_back, NULL);
	return rows_run(&tests, "codec");
}
