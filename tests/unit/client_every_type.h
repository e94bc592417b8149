/* A schema with a field of every type, for tests of what the client writes into files and reads back; and records of
 * it written as text: "title=Patrols|due=2014-05-01". */
#ifndef SAFER_TESTS_UNIT_CLIENT_EVERY_TYPE_H
#define SAFER_TESTS_UNIT_CLIENT_EVERY_TYPE_H

#include "client/value.h"
#include "tests/unit/rows.h"

#include <stdio.h>

#define EVERY(n, t, ...)                                                                                   \
	{                                                                                                  \
		.name = (n), .type = (t), .see = "members", .edit = "members", .help = "a " n, __VA_ARGS__ \
	}

static const struct field every_fields[] = {
	EVERY("title", FIELD_TEXT, .min = 1, .max = 60, .required = true),
	EVERY("text", FIELD_LONG_TEXT, .min = 1, .max = 400),
	EVERY("progress", FIELD_INTEGER, .max = 100, .unit = "%"),
	EVERY("cost", FIELD_DECIMAL, .places = 2, .max = 100000000, .unit = "GBP", .unknown = true),
	EVERY("start", FIELD_DATE, .group = "dates"),
	EVERY("due", FIELD_DATE, .group = "dates"),
	EVERY("year", FIELD_PERIOD),
	EVERY("status", FIELD_CHOICE, .choices = "on-track off-track"),
	EVERY("urgent", FIELD_FLAG),
	EVERY("lead", FIELD_REF, .kind = "body"),
	EVERY("partners", FIELD_REFS, .kind = "body", .max = 9),
	{.name = "score",
	 .type = FIELD_INTEGER,
	 .max = 9,
	 .see = "members",
	 .edit = "nobody",
	 .help = "a score"},
	{.name = "state",
	 .type = FIELD_TEXT,
	 .min = 1,
	 .max = 20,
	 .see = "members",
	 .edit = "nobody",
	 .help = "a state"},
};
#define EVERY_COUNT (sizeof(every_fields) / sizeof(every_fields[0]))

static const struct transition every_transitions[] = {{"close", "open", "closed", true, "it is done"}};
static const struct field every_body_fields[] = {
	EVERY("name", FIELD_TEXT, .min = 1, .max = 60, .required = true)};
static const struct kind every_kinds[] = {
	{.name = "action",
	 .plural = "actions",
	 .prefix = "A",
	 .chapter = "plan",
	 .title = "title",
	 .help = "a step",
	 .fields = every_fields,
	 .field_count = EVERY_COUNT,
	 .states = "open closed",
	 .transitions = every_transitions,
	 .transition_count = 1},
	{.name = "body",
	 .plural = "bodies",
	 .prefix = "B",
	 .chapter = "governance",
	 .title = "name",
	 .help = "a board",
	 .fields = every_body_fields,
	 .field_count = 1,
	 .states = ""},
};
static const struct schema every_schema = {.kinds = every_kinds, .kind_count = 2};
static const struct kind *const every_action = &every_kinds[0];

/* Values of an action: for each field, NULL where the text does not name it. */
static inline const msgpack_object **every_values(struct arena *arena, const char *text)
{
	const msgpack_object **values = arena_array(arena, EVERY_COUNT, sizeof(*values));

	assert_non_null(values);
	while (*text) {
		size_t length = strcspn(text, "|");
		size_t name = strcspn(text, "=");
		const struct field *field = kind_field(every_action, text, name);
		char *typed = arena_text(arena, text + name + 1, length - name - 1);

		assert_non_null(field);
		assert_non_null(typed);
		assert_int_equal(
			value_read(arena, &every_schema, field, typed, &values[field - every_fields], NULL),
			STATUS_OK);
		text += length + (text[length] == '|');
	}
	return values;
}

/* The same as a map, as records have it. */
static inline const msgpack_object *every_record(struct arena *arena, const char *text)
{
	const msgpack_object **values = every_values(arena, text);
	const msgpack_object *map = NULL;
	struct buffer packed;
	size_t header, count = 0;
	void *copy;

	buffer_init(&packed, 65536);
	header = codec_map_begin(&packed);
	for (size_t i = 0; i < EVERY_COUNT; i++) {
		if (values[i] && !codec_is_nil(values[i])) {
			codec_pair_object(&packed, every_fields[i].name, values[i]);
			count++;
		}
	}
	codec_map_end(&packed, header, count);
	copy = arena_copy(arena, packed.data, packed.length);
	assert_non_null(copy);
	assert_int_equal(codec_decode(arena, (struct span){copy, packed.length}, &map, NULL), STATUS_OK);
	buffer_release(&packed);
	return map;
}

/* "lead=B1|due=" for a set of values; NULL: not among them. */
static inline const char *every_text(struct arena *arena, const msgpack_object *const *values)
{
	const char *text = "";

	for (size_t i = 0; i < EVERY_COUNT; i++) {
		if (values[i]) {
			text = arena_printf(arena, "%s%s%s=%s", text, *text ? "|" : "", every_fields[i].name,
					    value_write(arena, &every_fields[i], values[i]));
			assert_non_null(text);
		}
	}
	return text;
}

#endif
