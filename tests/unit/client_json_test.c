/* JSON out: the shape that programs rely on. */
#include "tests/unit/rows.h"

#include "client/json.h"
#include "tests/unit/client_small_schema.h"

#include <stdlib.h>

struct value_row {
	const char *name;
	const char *field; /* of an action; NULL: none */
	const uint8_t *packed;
	size_t length;
	const char *json;
};

static const struct value_row value_rows[] = {
	{"a text is a string", "title", BYTES("\xa5Si\xc3\xa2n"), "\"Si\xc3\xa2n\""},
	{"quotes and line feeds are escaped", "title",
	 BYTES("\xa4"
	       "a\"\nb"),
	 "\"a\\\"\\nb\""},
	{"a whole number is a number", "progress", BYTES("\x3c"), "60"},
	{"a decimal is a string with all its places", "cost", BYTES("\xcd\x04\xe2"), "\"12.50\""},
	{"a decimal below one has its nought", "cost", BYTES("\x05"), "\"0.05\""},
	{"unknown is not nought and not null", "cost", BYTES("\x81\xa7unknown\xc3"), "{\"unknown\":true}"},
	{"nothing is null", "cost", BYTES("\xc0"), "null"},
	{"a flag is true or false", "urgent", BYTES("\xc3"), "true"},
	{"a number that is no field stays a number", NULL, BYTES("\xcd\x04\xe2"), "1250"},
	{"a list keeps its order", NULL,
	 BYTES("\x92\xa2"
	       "B2\xa2"
	       "B1"),
	 "[\"B2\",\"B1\"]"},
	{"an empty list is a list", NULL, BYTES("\x90"), "[]"},
	{"a map keeps its order", NULL,
	 BYTES("\x82\xa1z\x01\xa1"
	       "a\x02"),
	 "{\"z\":1,\"a\":2}"},
	{"bytes are hexadecimal", NULL, BYTES("\xc4\x02\x00\xff"), "\"00ff\""},
	{"the largest number is exact", NULL, BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"),
	 "9223372036854775807"},
};

static const msgpack_object *decode(struct arena *arena, const uint8_t *packed, size_t length)
{
	const msgpack_object *object = NULL;

	assert_int_equal(codec_decode(arena, (struct span){packed, length}, &object, NULL), STATUS_OK);
	return object;
}

static void assert_json(json_t *json, const char *expected)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static void value(void **state)
{
	const struct value_row *row = *state;
	struct arena *arena = arena_new();
	const struct field *field =
		row->field ? kind_field(&small_kinds[0], row->field, strlen(row->field)) : NULL;

	assert_json(json_of_value(field, decode(arena, row->packed, row->length)), row->json);
	arena_free(arena);
}

static void a_record_keeps_its_shape_and_its_decimals(void **state)
{
	struct arena *arena = arena_new();
	static const char packed[] = "\x83\xa2id\xa2"
				     "A1\xa8revision\x02\xa6"
				     "fields\x82\xa4"
				     "cost\x64\xa5title\xa1x";

	(void)state;
	assert_json(
		json_of_record(&small_kinds[0], decode(arena, (const uint8_t *)packed, sizeof(packed) - 1)),
		"{\"id\":\"A1\",\"revision\":2,\"fields\":{\"cost\":\"1.00\",\"title\":\"x\"}}");
	arena_free(arena);
}

static void a_history_has_its_decimals_on_both_sides(void **state)
{
	struct arena *arena = arena_new();
	static const char packed[] = "\x81\xa4"
				     "cost\x82\xa4"
				     "from\xc0\xa2to\x64";

	(void)state;
	assert_json(
		json_of_fields(&small_kinds[0], decode(arena, (const uint8_t *)packed, sizeof(packed) - 1)),
		"{\"cost\":{\"from\":null,\"to\":\"1.00\"}}");
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_keeps_its_shape_and_its_decimals),
		cmocka_unit_test(a_history_has_its_decimals_on_both_sides),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rows_add_table(&rows, value_rows, value);
	return failed + rows_run(&rows, "values");
}
