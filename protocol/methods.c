/* The rows of methods.def as tables, and the check of a request's params against them. dispatch asks here before any
 * handler runs, so a handler finds what it requires, of the right type and within bounds. */
#include "protocol/methods.h"

#include "common/text.h"

#include <assert.h>
#include <string.h>

const struct method_row method_rows[METHOD_COUNT] = {
#define METHOD(symbol, name, door, who, lane, help) \
	[METHOD_##symbol] = {(name), (door), (who), (lane), (help)},
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT
};

/* All params one after another, then whose each is: the rows of a method stand together. */
static const struct param_row params[] = {
#define METHOD(symbol, name, door, who, lane, help)
#define PARAM(method, name, type, required, max, help) {(name), (type), (required), (max), (help)},
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef PARAM
};
static const uint8_t param_owners[] = {
#define PARAM(method, name, type, required, max, help) METHOD_##method,
#include "protocol/methods.def"
#undef PARAM
#undef RESULT
};

static const struct param_row results[] = {
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help) {(name), (type), true, INT64_MAX, (help)},
#include "protocol/methods.def"
#undef RESULT
};
static const uint8_t result_owners[] = {
#define RESULT(method, name, type, help) METHOD_##method,
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT
};

static_assert(METHOD_COUNT <= UINT8_MAX, "an owner is a byte");

/* Points at the rows of one owner and answers how many they are. */
static size_t rows_of(enum method method, const uint8_t *owners, size_t count, const struct param_row *all,
		      const struct param_row **rows)
{
	const uint8_t *first = memchr(owners, method, count);
	size_t start;
	size_t end;

	*rows = all;
	if (!first) {
		return 0;
	}
	start = (size_t)(first - owners);
	end = start;
	while (end < count && owners[end] == method) {
		end++;
	}
	*rows = all + start;
	return end - start;
}

size_t method_params(enum method method, const struct param_row **rows)
{
	return rows_of(method, param_owners, sizeof(param_owners), params, rows);
}

size_t method_results(enum method method, const struct param_row **rows)
{
	return rows_of(method, result_owners, sizeof(result_owners), results, rows);
}

enum method method_find(const char *name, size_t length)
{
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (text_equal(name, length, method_rows[i].name)) {
			return (enum method)i;
		}
	}
	return METHOD_COUNT;
}

const char *method_nearest(const char *name)
{
	const char *names[METHOD_COUNT + 1] = {NULL};

	for (size_t i = 0; i < METHOD_COUNT; i++) {
		names[i] = method_rows[i].name;
	}
	return text_nearest(name, names);
}

static const struct {
	const char *name;
	const char *expected; /* "is not ..." */
	const char *bound;    /* "holds more than <max> ..." */
} types[] = {
	[PARAM_TEXT] = {"text", "a text", "bytes"},   [PARAM_INT] = {"integer", "a whole number", ""},
	[PARAM_FLAG] = {"flag", "true or false", ""}, [PARAM_BIN] = {"binary", "a binary", "bytes"},
	[PARAM_MAP] = {"map", "a map", "entries"},    [PARAM_LIST] = {"list", "a list", "entries"},
	[PARAM_ANY] = {"any", "a value", ""},
};

/* Whether a value is of a type; `size` is what its bound counts. */
static bool type_matches(enum param_type type, const msgpack_object *value, int64_t *size)
{
	struct span bytes;
	bool flag;

	*size = 0;
	switch (type) {
	case PARAM_TEXT:
		if (!codec_text(value, &bytes)) {
			return false;
		}
		*size = (int64_t)bytes.length;
		return true;
	case PARAM_BIN:
		if (!codec_bin(value, &bytes)) {
			return false;
		}
		*size = (int64_t)bytes.length;
		return true;
	case PARAM_INT:
		return codec_int(value, size);
	case PARAM_FLAG:
		return codec_flag(value, &flag);
	case PARAM_MAP:
	case PARAM_LIST:
		*size = (int64_t)codec_count(value);
		return value->type == (type == PARAM_MAP ? MSGPACK_OBJECT_MAP : MSGPACK_OBJECT_ARRAY);
	case PARAM_ANY:
		return true;
	}
	return false;
}

static enum status param_check(const char *method, const struct param_row *row, const msgpack_object *value,
			       struct error *err)
{
	enum status status;
	int64_t size = 0;

	if (codec_is_nil(value)) {
		if (!row->required) {
			return STATUS_OK;
		}
		status = error_set(err, STATUS_INVALID, "%s: \"%s\" is missing; it is %s", method, row->name,
				   types[row->type].expected);
	} else if (!type_matches(row->type, value, &size)) {
		status = error_set(err, STATUS_INVALID, "%s: \"%s\" is not %s", method, row->name,
				   types[row->type].expected);
	} else if (row->type == PARAM_INT && (size < 0 || size > row->max)) {
		status = error_set(err, STATUS_INVALID, "%s: \"%s\" is %lld; it is a number from 0 to %lld",
				   method, row->name, (long long)size, (long long)row->max);
	} else if (row->type != PARAM_INT && size > row->max) {
		status = error_set(err, STATUS_INVALID, "%s: \"%s\" has %lld %s; at most %lld are allowed",
				   method, row->name, (long long)size, types[row->type].bound,
				   (long long)row->max);
	} else {
		return STATUS_OK;
	}
	error_hint(err, "\"%s\" is %s", row->name, row->help);
	return status;
}

static bool has_row(const struct param_row *rows, size_t count, const msgpack_object *key)
{
	for (size_t i = 0; i < count; i++) {
		if (codec_text_is(key, rows[i].name)) {
			return true;
		}
	}
	return false;
}

#define NAMES_MAX 32 /* params of one method that are considered for "did you mean" */

static enum status refuse_key(const char *method, const struct param_row *rows, size_t count,
			      const msgpack_object *key, struct error *err)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	char word[64] = "";
	struct span text = {NULL, 0};
	const char *nearest;
	enum status status;

	/* What is too long to be a mistyped name is not repeated to whoever sent it. */
	if (!codec_text(key, &text) || text.length >= sizeof(word)) {
		return error_set(err, STATUS_INVALID, "%s: there is a parameter that it does not take",
				 method);
	}
	memcpy(word, text.data, text.length);
	for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
		names[i] = rows[i].name;
	}
	nearest = text_nearest(word, names);
	status = error_set(err, STATUS_INVALID, "%s: there is no parameter \"%s\"", method, word);
	if (nearest) {
		error_hint(err, "did you mean \"%s\"?", nearest);
	}
	return status;
}

enum status method_check(enum method method, const msgpack_object *given, struct error *err)
{
	const char *name = method_rows[method].name;
	const struct param_row *rows;
	size_t count = method_params(method, &rows);

	if (given && given->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_INVALID, "%s: the params are not a map", name);
	}
	for (size_t i = 0; i < codec_count(given); i++) {
		const msgpack_object *key = &given->via.map.ptr[i].key;

		if (!has_row(rows, count, key)) {
			return refuse_key(name, rows, count, key, err);
		}
	}
	for (size_t i = 0; i < count; i++) {
		enum status status = param_check(name, &rows[i], codec_get(given, rows[i].name), err);

		if (status != STATUS_OK) {
			return status;
		}
	}
	return STATUS_OK;
}

const char *param_type_name(enum param_type type)
{
	return types[type].name;
}

const char *method_door_name(enum method_door door)
{
	static const char *const names[] = {
		[DOOR_ENROL] = "enrol",
		[DOOR_MEMBER] = "member",
	};

	return names[door];
}

const char *method_who_name(enum method_who who)
{
	static const char *const names[] = {
		[WHO_ANYONE] = "anyone",
		[WHO_SIGNED_IN] = "anyone signed in",
		[WHO_CONTENT] = "holders of a content post",
		[WHO_ADMINISTRATOR] = "administrators",
	};

	return names[who];
}

const char *method_lane_name(enum method_lane lane)
{
	static const char *const names[] = {
		[LANE_LOOP] = "loop",
		[LANE_READ] = "read",
		[LANE_WRITE] = "write",
	};

	return names[lane];
}
