/* How the schema travels. The server packs its tables once; a client unpacks them into the same structs and finds
 * its nouns, flags and columns there. Each struct is a list of members below: one walk packs, one unpacks, and a
 * member that is left out on the wire is NULL, 0 or false again. */
#include "protocol/schema.h"

#include "common/ids.h"
#include "common/text.h"
#include "protocol/decimal.h"

#include <string.h>
#include <strings.h>

enum member_type {
	MEMBER_NAME,   /* const char *, never NULL or empty */
	MEMBER_WORDS,  /* const char *, never NULL */
	MEMBER_TEXT,   /* const char *, or NULL */
	MEMBER_NUMBER, /* int64_t */
	MEMBER_PLACES, /* int, 0 to DECIMAL_PLACES */
	MEMBER_FLAG,   /* bool */
	MEMBER_TYPE,   /* enum field_type, by name */
};

struct member {
	const char *key;
	enum member_type type;
	size_t offset;
};

static const struct member field_members[] = {
	{"name", MEMBER_NAME, offsetof(struct field, name)},
	{"type", MEMBER_TYPE, offsetof(struct field, type)},
	{"min", MEMBER_NUMBER, offsetof(struct field, min)},
	{"max", MEMBER_NUMBER, offsetof(struct field, max)},
	{"places", MEMBER_PLACES, offsetof(struct field, places)},
	{"unit", MEMBER_TEXT, offsetof(struct field, unit)},
	{"required", MEMBER_FLAG, offsetof(struct field, required)},
	{"unknown", MEMBER_FLAG, offsetof(struct field, unknown)},
	{"kind", MEMBER_TEXT, offsetof(struct field, kind)},
	{"choices", MEMBER_TEXT, offsetof(struct field, choices)},
	{"group", MEMBER_TEXT, offsetof(struct field, group)},
	{"see", MEMBER_NAME, offsetof(struct field, see)},
	{"edit", MEMBER_NAME, offsetof(struct field, edit)},
	{"help", MEMBER_WORDS, offsetof(struct field, help)},
	{"source", MEMBER_TEXT, offsetof(struct field, source)},
	{"column", MEMBER_FLAG, offsetof(struct field, column)},
};

static const struct member transition_members[] = {
	{"verb", MEMBER_NAME, offsetof(struct transition, verb)},
	{"from", MEMBER_WORDS, offsetof(struct transition, from)},
	{"to", MEMBER_NAME, offsetof(struct transition, to)},
	{"second_person", MEMBER_FLAG, offsetof(struct transition, second_person)},
	{"help", MEMBER_WORDS, offsetof(struct transition, help)},
};

static const struct member kind_members[] = {
	{"name", MEMBER_NAME, offsetof(struct kind, name)},
	{"plural", MEMBER_NAME, offsetof(struct kind, plural)},
	{"prefix", MEMBER_NAME, offsetof(struct kind, prefix)},
	{"chapter", MEMBER_WORDS, offsetof(struct kind, chapter)},
	{"title", MEMBER_WORDS, offsetof(struct kind, title)},
	{"unique_title", MEMBER_FLAG, offsetof(struct kind, unique_title)},
	{"directory", MEMBER_FLAG, offsetof(struct kind, directory)},
	{"help", MEMBER_WORDS, offsetof(struct kind, help)},
	{"states", MEMBER_WORDS, offsetof(struct kind, states)},
};

static const struct member mode_members[] = {
	{"name", MEMBER_NAME, offsetof(struct mode, name)},
	{"help", MEMBER_WORDS, offsetof(struct mode, help)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_names[FIELD_TYPE_COUNT] = {
	[FIELD_TEXT] = "text",       [FIELD_LONG_TEXT] = "long-text", [FIELD_INTEGER] = "integer",
	[FIELD_DECIMAL] = "decimal", [FIELD_DATE] = "date",           [FIELD_PERIOD] = "period",
	[FIELD_CHOICE] = "choice",   [FIELD_FLAG] = "flag",           [FIELD_REF] = "reference",
	[FIELD_REFS] = "references",
};

/* ---- packing ---- */

static void put_text(struct buffer *out, const char *key, const char *text, size_t *pairs)
{
	if (text && text[0] != '\0') {
		codec_pair_text(out, key, text);
		(*pairs)++;
	}
}

static void put_number(struct buffer *out, const char *key, int64_t number, size_t *pairs)
{
	if (number != 0) {
		codec_pair_int(out, key, number);
		(*pairs)++;
	}
}

/* Appends the pairs of the members that are not empty; answers how many. */
static size_t put_members(struct buffer *out, const struct member *members, size_t count, const void *from)
{
	size_t pairs = 0;

	for (size_t i = 0; i < count; i++) {
		const void *at = (const uint8_t *)from + members[i].offset;

		switch (members[i].type) {
		case MEMBER_NAME:
		case MEMBER_WORDS:
		case MEMBER_TEXT:
			put_text(out, members[i].key, *(const char *const *)at, &pairs);
			break;
		case MEMBER_NUMBER:
			put_number(out, members[i].key, *(const int64_t *)at, &pairs);
			break;
		case MEMBER_PLACES:
			put_number(out, members[i].key, *(const int *)at, &pairs);
			break;
		case MEMBER_FLAG:
			if (*(const bool *)at) {
				codec_pair_flag(out, members[i].key, true);
				pairs++;
			}
			break;
		case MEMBER_TYPE:
			put_text(out, members[i].key, field_type_name(*(const enum field_type *)at), &pairs);
			break;
		}
	}
	return pairs;
}

static void put_kind(struct buffer *out, const struct kind *kind)
{
	size_t header = codec_map_begin(out);
	size_t pairs = put_members(out, kind_members, COUNT(kind_members), kind);

	codec_put_text(out, "fields");
	codec_put_list(out, kind->field_count);
	for (size_t i = 0; i < kind->field_count; i++) {
		size_t field = codec_map_begin(out);

		codec_map_end(out, field,
			      put_members(out, field_members, COUNT(field_members), &kind->fields[i]));
	}
	codec_put_text(out, "transitions");
	codec_put_list(out, kind->transition_count);
	for (size_t i = 0; i < kind->transition_count; i++) {
		size_t transition = codec_map_begin(out);

		codec_map_end(out, transition,
			      put_members(out, transition_members, COUNT(transition_members),
					  &kind->transitions[i]));
	}
	codec_map_end(out, header, pairs + 2);
}

void schema_put(struct buffer *out, const struct schema *schema)
{
	codec_put_map(out, 2);
	codec_put_text(out, "kinds");
	codec_put_list(out, schema->kind_count);
	for (size_t i = 0; i < schema->kind_count; i++) {
		put_kind(out, &schema->kinds[i]);
	}
	codec_put_text(out, "modes");
	codec_put_list(out, schema->mode_count);
	for (size_t i = 0; i < schema->mode_count; i++) {
		size_t mode = codec_map_begin(out);

		codec_map_end(out, mode,
			      put_members(out, mode_members, COUNT(mode_members), &schema->modes[i]));
	}
}

/* ---- unpacking ---- */

static enum status refuse_member(const char *what, const char *key, struct error *err)
{
	return error_set(err, STATUS_INVALID, "the schema has a %s whose \"%s\" is missing or wrong", what,
			 key);
}

static enum status read_text(struct arena *arena, const struct member *member, const msgpack_object *value,
			     const char *what, const char **out, struct error *err)
{
	struct span text = {(const uint8_t *)"", 0};

	if (!codec_is_nil(value) && !codec_text(value, &text)) {
		return refuse_member(what, member->key, err);
	}
	if (member->type == MEMBER_NAME && text.length == 0) {
		return refuse_member(what, member->key, err);
	}
	if (member->type == MEMBER_TEXT && text.length == 0) {
		*out = NULL;
		return STATUS_OK;
	}
	*out = arena_text(arena, (const char *)text.data, text.length);
	return *out ? STATUS_OK : error_memory(err);
}

static enum status read_type(const msgpack_object *value, enum field_type *out, struct error *err)
{
	struct span text;

	if (!codec_text(value, &text)) {
		return refuse_member("field", "type", err);
	}
	for (size_t i = 0; i < FIELD_TYPE_COUNT; i++) {
		if (codec_text_is(value, type_names[i])) {
			*out = (enum field_type)i;
			return STATUS_OK;
		}
	}
	return error_set(
		err, STATUS_INVALID,
		"the server's records have a type of field that this program does not know: \"%.*s\"; a "
		"newer version of the program does",
		text.length < 40 ? (int)text.length : 40, (const char *)text.data);
}

static enum status read_members(struct arena *arena, const struct member *members, size_t count,
				const char *what, const msgpack_object *map, void *to, struct error *err)
{
	enum status status = STATUS_OK;

	if (map->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_INVALID, "the schema has a %s that is not a map", what);
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const msgpack_object *value = codec_get(map, members[i].key);
		void *at = (uint8_t *)to + members[i].offset;
		int64_t number = 0;

		switch (members[i].type) {
		case MEMBER_NAME:
		case MEMBER_WORDS:
		case MEMBER_TEXT:
			status = read_text(arena, &members[i], value, what, at, err);
			break;
		case MEMBER_NUMBER:
			if (!codec_is_nil(value) && !codec_int(value, at)) {
				status = refuse_member(what, members[i].key, err);
			}
			break;
		case MEMBER_PLACES:
			if ((!codec_is_nil(value) && !codec_int(value, &number)) || number < 0 ||
			    number > DECIMAL_PLACES) {
				status = refuse_member(what, members[i].key, err);
			}
			*(int *)at = (int)number;
			break;
		case MEMBER_FLAG:
			if (!codec_is_nil(value) && !codec_flag(value, at)) {
				status = refuse_member(what, members[i].key, err);
			}
			break;
		case MEMBER_TYPE:
			status = read_type(value, at, err);
			break;
		}
	}
	return status;
}

/* The rows of a list of maps, all of one size, in the arena. */
static enum status read_rows(struct arena *arena, const struct member *members, size_t count,
			     const char *what, const msgpack_object *list, size_t row_bytes, void **out,
			     struct error *err)
{
	enum status status = STATUS_OK;
	uint8_t *rows;

	if (!list || list->type != MSGPACK_OBJECT_ARRAY) {
		return error_set(err, STATUS_INVALID, "the schema's list of %ss is missing", what);
	}
	rows = arena_array(arena, codec_count(list), row_bytes);
	if (!rows) {
		return error_memory(err);
	}
	for (size_t i = 0; i < codec_count(list) && status == STATUS_OK; i++) {
		status = read_members(arena, members, count, what, &list->via.array.ptr[i],
				      rows + i * row_bytes, err);
	}
	if (status == STATUS_OK) {
		*out = rows;
	}
	return status;
}

static enum status read_kind(struct arena *arena, const msgpack_object *map, struct kind *kind,
			     struct error *err)
{
	const msgpack_object *fields = codec_get(map, "fields");
	const msgpack_object *transitions = codec_get(map, "transitions");
	enum status status;
	void *rows = NULL;

	if (strlen(kind->prefix) > ID_PREFIX_MAX) {
		return refuse_member("kind", "prefix", err);
	}
	status = read_rows(arena, field_members, COUNT(field_members), "field", fields, sizeof(struct field),
			   &rows, err);
	if (status != STATUS_OK) {
		return status;
	}
	kind->fields = rows;
	kind->field_count = codec_count(fields);
	status = read_rows(arena, transition_members, COUNT(transition_members), "transition", transitions,
			   sizeof(struct transition), &rows, err);
	if (status != STATUS_OK) {
		return status;
	}
	kind->transitions = rows;
	kind->transition_count = codec_count(transitions);
	return STATUS_OK;
}

enum status schema_decode(struct arena *arena, struct span bytes, const struct schema **out,
			  struct error *err)
{
	enum status status;
	const msgpack_object *tree = NULL;
	const msgpack_object *kind_list;
	struct schema *schema = arena_alloc(arena, sizeof(*schema));
	void *kinds = NULL;
	void *modes = NULL;

	if (!schema) {
		return error_memory(err);
	}
	status = codec_decode(arena, bytes, &tree, err);
	if (status != STATUS_OK) {
		return status;
	}
	kind_list = codec_get(tree, "kinds");
	status = read_rows(arena, kind_members, COUNT(kind_members), "kind", kind_list, sizeof(struct kind),
			   &kinds, err);
	for (size_t i = 0; status == STATUS_OK && i < codec_count(kind_list); i++) {
		status = read_kind(arena, &kind_list->via.array.ptr[i], (struct kind *)kinds + i, err);
	}
	if (status == STATUS_OK) {
		status = read_rows(arena, mode_members, COUNT(mode_members), "mode", codec_get(tree, "modes"),
				   sizeof(struct mode), &modes, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	schema->kinds = kinds;
	schema->kind_count = codec_count(kind_list);
	schema->modes = modes;
	schema->mode_count = codec_count(codec_get(tree, "modes"));
	*out = schema;
	return STATUS_OK;
}

/* ---- looking up ---- */

const struct kind *schema_kind(const struct schema *schema, const char *name, size_t length)
{
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];

		if (text_equal(name, length, kind->name) || text_equal(name, length, kind->plural)) {
			return kind;
		}
	}
	return NULL;
}

const struct kind *schema_kind_of_prefix(const struct schema *schema, const char *prefix)
{
	for (size_t i = 0; i < schema->kind_count; i++) {
		if (strcasecmp(schema->kinds[i].prefix, prefix) == 0) {
			return &schema->kinds[i];
		}
	}
	return NULL;
}

const struct field *kind_field(const struct kind *kind, const char *name, size_t length)
{
	for (size_t i = 0; i < kind->field_count; i++) {
		if (text_equal(name, length, kind->fields[i].name)) {
			return &kind->fields[i];
		}
	}
	return NULL;
}

const struct transition *kind_transition(const struct kind *kind, const char *verb, size_t length)
{
	for (size_t i = 0; i < kind->transition_count; i++) {
		if (text_equal(verb, length, kind->transitions[i].verb)) {
			return &kind->transitions[i];
		}
	}
	return NULL;
}

const char *field_type_name(enum field_type type)
{
	return type_names[type];
}

const char *field_group(const struct field *field)
{
	return field->group ? field->group : field->name;
}
