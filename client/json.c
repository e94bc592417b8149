/* MessagePack values as JSON, by jansson. */
#include "client/json.h"

#include "common/digest.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES (1024 * 1024)

static json_t *of_map(const msgpack_object *map)
{
	json_t *object = json_object();

	for (uint32_t i = 0; object && i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		char key[256];

		if (pair->key.type != MSGPACK_OBJECT_STR || pair->key.via.str.size >= sizeof(key)) {
			continue;
		}
		memcpy(key, pair->key.via.str.ptr, pair->key.via.str.size);
		key[pair->key.via.str.size] = 0;
		if (json_object_set_new(object, key, json_of_object(&pair->val)) != 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static json_t *of_list(const msgpack_object *list)
{
	json_t *array = json_array();

	for (uint32_t i = 0; array && i < list->via.array.size; i++) {
		if (json_array_append_new(array, json_of_object(&list->via.array.ptr[i])) != 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *of_bin(const msgpack_object *bin)
{
	size_t length = bin->via.bin.size;
	char *hex = malloc(2 * length + 1);
	json_t *text = NULL;

	if (hex) {
		hex_format(bin->via.bin.ptr, length, hex);
		text = json_stringn(hex, 2 * length);
	}
	free(hex);
	return text;
}

json_t *json_of_object(const msgpack_object *object)
{
	int64_t number = 0;

	if (codec_is_nil(object)) {
		return json_null();
	}
	switch (object->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		return json_boolean(object->via.boolean);
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return codec_int(object, &number) ? json_integer(number) : json_null();
	case MSGPACK_OBJECT_STR:
		return json_stringn(object->via.str.ptr, object->via.str.size);
	case MSGPACK_OBJECT_BIN:
		return of_bin(object);
	case MSGPACK_OBJECT_ARRAY:
		return of_list(object);
	case MSGPACK_OBJECT_MAP:
		return of_map(object);
	default:
		return json_null(); /* floats and extensions never pass the scanner */
	}
}

static json_t *of_decimal(const struct field *field, const msgpack_object *value)
{
	struct buffer text;
	json_t *json = NULL;

	buffer_init(&text, VALUE_BYTES);
	field_print(&text, field, value);
	if (!text.failed) {
		json = json_stringn((const char *)text.data, text.length);
	}
	buffer_release(&text);
	return json;
}

json_t *json_of_value(const struct field *field, const msgpack_object *value)
{
	int64_t number = 0;

	return field && field->type == FIELD_DECIMAL && codec_int(value, &number) ? of_decimal(field, value)
										  : json_of_object(value);
}

/* What a field was and is, as in a history. */
static json_t *of_step(const struct field *field, const msgpack_object *step)
{
	json_t *json = json_object();

	if (json && (json_object_set_new(json, "from", json_of_value(field, codec_get(step, "from"))) != 0 ||
		     json_object_set_new(json, "to", json_of_value(field, codec_get(step, "to"))) != 0)) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

json_t *json_of_fields(const struct kind *kind, const msgpack_object *fields)
{
	json_t *json = json_of_object(fields);

	for (size_t i = 0; json && kind && json_is_object(json) && i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(fields, field->name);
		bool step = value && (codec_get(value, "from") || codec_get(value, "to"));

		if (value && field->type == FIELD_DECIMAL &&
		    json_object_set_new(json, field->name,
					step ? of_step(field, value) : json_of_value(field, value)) != 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

json_t *json_of_settled(const struct kind *kind, const msgpack_object *settled)
{
	static const char *const sides[] = {"mine", "theirs"};
	json_t *whole = json_of_object(settled);

	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const msgpack_object *one = codec_get(settled, kind->fields[i].name);
		json_t *json = json_object_get(whole, kind->fields[i].name);

		for (size_t k = 0; one && json && k < sizeof(sides) / sizeof(sides[0]); k++) {
			const msgpack_object *value = codec_get(one, sides[k]);

			if (value) {
				(void)json_object_set_new(json, sides[k],
							  json_of_value(&kind->fields[i], value));
			}
		}
	}
	return whole;
}

json_t *json_of_record(const struct kind *kind, const msgpack_object *record)
{
	json_t *json = json_of_object(record);

	if (json &&
	    json_object_set_new(json, "fields", json_of_fields(kind, codec_get(record, "fields"))) != 0) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

static enum status dump(json_t *value, FILE *file, size_t flags, struct error *err)
{
	if (!value) {
		return error_memory(err);
	}
	if (json_dumpf(value, file, flags | JSON_ENCODE_ANY) == 0) {
		(void)fputc('\n', file);
	}
	json_decref(value);
	return STATUS_OK; /* a failed write is noticed once, by output_finish */
}

enum status json_print(json_t *value, struct output *output, struct error *err)
{
	return dump(value, output->file, JSON_INDENT(2), err);
}

enum status json_print_line(json_t *value, FILE *file, struct error *err)
{
	return dump(value, file, JSON_COMPACT, err);
}

enum status json_print_object(const msgpack_object *object, struct output *output, struct error *err)
{
	return json_print(json_of_object(object), output, err);
}
