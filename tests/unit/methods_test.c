/* The table of methods, walked row by row: what each method requires, what it takes at most, what it refuses. */
#include "protocol/methods.h"

#include "rows.h"

#include <stdlib.h>

#define NOT_THERE SIZE_MAX

/* What becomes of one param in a map that is otherwise right. */
enum twist { RIGHT, MISSING, NIL, WRONG_TYPE, AT_MOST, OVER, NEGATIVE };

static void put_bytes(struct buffer *out, int64_t length, bool text)
{
	uint8_t *bytes = calloc(1, (size_t)length + 1);

	assert_non_null(bytes);
	memset(bytes, 'x', (size_t)length);
	if (text) {
		codec_put_span(out, (struct span){bytes, (size_t)length});
	} else {
		codec_put_bin(out, bytes, (size_t)length);
	}
	free(bytes);
}

static void put_entries(struct buffer *out, int64_t count, bool map)
{
	if (map) {
		codec_put_map(out, (size_t)count);
	} else {
		codec_put_list(out, (size_t)count);
	}
	for (int64_t i = 0; i < count; i++) {
		char key[3] = {(char)('a' + i % 26), (char)('a' + i / 26 % 26), '\0'};

		if (map) {
			codec_put_text(out, key);
		}
		codec_put_nil(out);
	}
}

static void put_sized(struct buffer *out, enum param_type type, int64_t size)
{
	switch (type) {
	case PARAM_TEXT:
		put_bytes(out, size, true);
		break;
	case PARAM_BIN:
		put_bytes(out, size, false);
		break;
	case PARAM_INT:
		codec_put_int(out, size);
		break;
	case PARAM_FLAG:
	case PARAM_ANY:
		codec_put_flag(out, true);
		break;
	case PARAM_MAP:
		put_entries(out, size, true);
		break;
	case PARAM_LIST:
		put_entries(out, size, false);
		break;
	}
}

static void put_twisted(struct buffer *out, const struct param_row *row, enum twist twist)
{
	switch (twist) {
	case RIGHT:
		put_sized(out, row->type, 1);
		break;
	case NIL:
		codec_put_nil(out);
		break;
	case WRONG_TYPE:
		put_sized(out, row->type == PARAM_INT ? PARAM_TEXT : PARAM_INT, 1);
		break;
	case AT_MOST:
		put_sized(out, row->type, row->max);
		break;
	case OVER:
		put_sized(out, row->type, row->max + 1);
		break;
	case NEGATIVE:
		codec_put_int(out, -1);
		break;
	case MISSING:
		break;
	}
}

/* Checks the params of a method, all right but one; answers the verdict. */
static enum status check(enum method method, size_t twisted, enum twist twist, const char *extra,
			 struct error *err)
{
	struct arena *arena = arena_new();
	const struct param_row *rows;
	size_t count = method_params(method, &rows);
	const msgpack_object *params = NULL;
	enum status status;
	struct buffer out;
	size_t header;
	size_t pairs = 0;

	assert_non_null(arena);
	buffer_init(&out, 1 << 24);
	header = codec_map_begin(&out);
	for (size_t i = 0; i < count; i++) {
		if (i == twisted && twist == MISSING) {
			continue;
		}
		codec_put_text(&out, rows[i].name);
		put_twisted(&out, &rows[i], i == twisted ? twist : RIGHT);
		pairs++;
	}
	if (extra) {
		codec_pair_int(&out, extra, 1);
		pairs++;
	}
	codec_map_end(&out, header, pairs);
	assert_int_equal(codec_decode(arena, buffer_span(&out), &params, err), STATUS_OK);
	status = method_check(method, params, err);
	buffer_release(&out);
	arena_free(arena);
	return status;
}

/* Calls `expect` for each param of each method. */
static void for_each_param(void (*expect)(enum method method, size_t index, const struct param_row *row))
{
	size_t seen = 0;

	for (int method = 0; method < METHOD_COUNT; method++) {
		const struct param_row *rows;
		size_t count = method_params((enum method)method, &rows);

		for (size_t i = 0; i < count; i++) {
			expect((enum method)method, i, &rows[i]);
			seen++;
		}
	}
	assert_true(seen > 20);
}

static void assert_refused(enum method method, const struct param_row *row, enum status status,
			   const struct error *err)
{
	if (status != STATUS_INVALID) {
		fail_msg("%s %s was not refused", method_rows[method].name, row->name);
	}
	assert_non_null(strstr(err->message, method_rows[method].name));
	assert_non_null(strstr(err->message, row->name));
	assert_non_null(strstr(err->hint, row->help));
}

static void expect_missing(enum method method, size_t index, const struct param_row *row)
{
	static const enum twist twists[] = {MISSING, NIL};

	for (size_t i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		enum status status = check(method, index, twists[i], NULL, &err);

		if (row->required) {
			assert_refused(method, row, status, &err);
			assert_non_null(strstr(err.message, "missing"));
		} else {
			assert_int_equal(status, STATUS_OK);
		}
	}
}

static void what_is_required_must_be_there(void **state)
{
	(void)state;
	for_each_param(expect_missing);
}

static void expect_type(enum method method, size_t index, const struct param_row *row)
{
	struct error err = ERROR_INIT;
	enum status status = check(method, index, WRONG_TYPE, NULL, &err);

	if (row->type != PARAM_ANY) {
		assert_refused(method, row, status, &err);
	}
}

static void what_has_a_type_must_be_of_it(void **state)
{
	(void)state;
	for_each_param(expect_type);
}

static bool is_bounded(const struct param_row *row)
{
	return row->type != PARAM_FLAG && row->type != PARAM_ANY;
}

static void expect_bound(enum method method, size_t index, const struct param_row *row)
{
	struct error err = ERROR_INIT;

	if (!is_bounded(row)) {
		return;
	}
	assert_true(row->max > 0);
	assert_int_equal(check(method, index, AT_MOST, NULL, &err), STATUS_OK);
	if (row->max < INT64_MAX) {
		assert_refused(method, row, check(method, index, OVER, NULL, &err), &err);
	}
}

static void what_has_a_bound_may_reach_it_and_no_more(void **state)
{
	(void)state;
	for_each_param(expect_bound);
}

static void expect_natural(enum method method, size_t index, const struct param_row *row)
{
	struct error err = ERROR_INIT;

	if (row->type == PARAM_INT) {
		assert_refused(method, row, check(method, index, NEGATIVE, NULL, &err), &err);
	}
}

static void numbers_are_never_negative(void **state)
{
	(void)state;
	for_each_param(expect_natural);
}

static void a_key_without_a_row_is_refused_by_every_method(void **state)
{
	(void)state;
	for (int method = 0; method < METHOD_COUNT; method++) {
		struct error err = ERROR_INIT;

		assert_int_equal(check((enum method)method, NOT_THERE, RIGHT, NULL, &err), STATUS_OK);
		assert_int_equal(check((enum method)method, NOT_THERE, RIGHT, "xylophone", &err),
				 STATUS_INVALID);
		assert_non_null(strstr(err.message, "xylophone"));
	}
}

static void a_mistyped_key_is_met_with_a_suggestion(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check(METHOD_read, NOT_THERE, RIGHT, "as_off", &err), STATUS_INVALID);
	assert_string_equal(err.hint, "did you mean \"as_of\"?");
}

static void a_very_long_key_is_not_repeated(void **state)
{
	static char key[5000];
	struct error err = ERROR_INIT;

	(void)state;
	memset(key, 'x', sizeof(key) - 1);
	assert_int_equal(check(METHOD_read, NOT_THERE, RIGHT, key, &err), STATUS_INVALID);
	assert_null(strstr(err.message, "xxx"));
}

static void params_must_be_a_map(void **state)
{
	const msgpack_object list = {.type = MSGPACK_OBJECT_ARRAY};

	(void)state;
	assert_int_equal(method_check(METHOD_status, &list, NULL), STATUS_INVALID);
	assert_int_equal(method_check(METHOD_status, NULL, NULL), STATUS_OK);
	assert_int_equal(method_check(METHOD_read, NULL, NULL), STATUS_INVALID);
}

static void every_row_is_complete(void **state)
{
	(void)state;
	for (int method = 0; method < METHOD_COUNT; method++) {
		const struct method_row *row = &method_rows[method];
		const struct param_row *rows;

		assert_true(strlen(row->name) > 0 && strlen(row->help) > 0);
		assert_int_equal(row->door == DOOR_ENROL, row->who == WHO_ANYONE);
		assert_non_null(method_door_name(row->door));
		assert_non_null(method_who_name(row->who));
		assert_non_null(method_lane_name(row->lane));
		for (size_t i = 0; i < method_results((enum method)method, &rows); i++) {
			assert_true(strlen(rows[i].name) > 0 && strlen(rows[i].help) > 0);
			assert_non_null(param_type_name(rows[i].type));
		}
		for (size_t i = 0; i < method_params((enum method)method, &rows); i++) {
			assert_true(strlen(rows[i].help) > 0);
		}
	}
}

static void methods_are_found_by_their_whole_name(void **state)
{
	(void)state;
	for (int method = 0; method < METHOD_COUNT; method++) {
		const char *name = method_rows[method].name;

		assert_int_equal(method_find(name, strlen(name)), method);
		assert_true(method_find(name, strlen(name) - 1) != (enum method)method);
	}
	assert_int_equal(method_find("", 0), METHOD_COUNT);
	assert_int_equal(method_find("reada", 4), METHOD_read);
	assert_int_equal(method_find("READ", 4), METHOD_COUNT);
}

static void a_mistyped_method_has_a_nearest(void **state)
{
	(void)state;
	assert_string_equal(method_nearest("histori"), "history");
	assert_null(method_nearest("xylophone"));
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "what is required must be there", what_is_required_must_be_there, NULL);
	rows_add(&tests, "what has a type must be of it", what_has_a_type_must_be_of_it, NULL);
	rows_add(&tests, "what has a bound may reach it and no more",
		 what_has_a_bound_may_reach_it_and_no_more, NULL);
	rows_add(&tests, "numbers are never negative", numbers_are_never_negative, NULL);
	rows_add(&tests, "a key without a row is refused by every method",
		 a_key_without_a_row_is_refused_by_every_method, NULL);
	rows_add(&tests, "a mistyped key is met with a suggestion", a_mistyped_key_is_met_with_a_suggestion,
		 NULL);
	rows_add(&tests, "a very long key is not repeated", a_very_long_key_is_not_repeated, NULL);
	rows_add(&tests, "params must be a map", params_must_be_a_map, NULL);
	rows_add(&tests, "every row is complete", every_row_is_complete, NULL);
	rows_add(&tests, "methods are found by their whole name", methods_are_found_by_their_whole_name,
		 NULL);
	rows_add(&tests, "a mistyped method has a nearest", a_mistyped_method_has_a_nearest, NULL);
	return rows_run(&tests, "methods");
}
