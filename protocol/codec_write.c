/* Making MessagePack: values for the tree that codec.c reads, and bytes straight into a buffer. What is written is
 * canonical, the shortest form of everything, because values are hashed; the headers of codec_map_begin and
 * codec_list_begin are the exception, and must not stand in a journal leaf. */
#include "protocol/codec.h"

#include <string.h>

/* Values that are the same for everyone. MessagePack-c has no const in its structs. */
static char unknown_word[] = "unknown";
static msgpack_object_kv unknown_pair = {
	.key = {.type = MSGPACK_OBJECT_STR, .via.str = {sizeof(unknown_word) - 1, unknown_word}},
	.val = {.type = MSGPACK_OBJECT_BOOLEAN, .via.boolean = true},
};
static const msgpack_object unknown_value = {.type = MSGPACK_OBJECT_MAP, .via.map = {1, &unknown_pair}};
static const msgpack_object nil_value = {.type = MSGPACK_OBJECT_NIL};
static const msgpack_object flag_values[] = {
	{.type = MSGPACK_OBJECT_BOOLEAN, .via.boolean = false},
	{.type = MSGPACK_OBJECT_BOOLEAN, .via.boolean = true},
};

const msgpack_object *codec_make_nil(void)
{
	return &nil_value;
}

const msgpack_object *codec_make_unknown(void)
{
	return &unknown_value;
}

const msgpack_object *codec_make_flag(bool flag)
{
	return &flag_values[flag];
}

const msgpack_object *codec_make_int(struct arena *arena, int64_t value)
{
	msgpack_object *object = arena_alloc(arena, sizeof(*object));

	if (!object) {
		return NULL;
	}
	if (value < 0) {
		object->type = MSGPACK_OBJECT_NEGATIVE_INTEGER;
		object->via.i64 = value;
	} else {
		object->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
		object->via.u64 = (uint64_t)value;
	}
	return object;
}

const msgpack_object *codec_make_text(struct arena *arena, const char *text, size_t length)
{
	msgpack_object *object = arena_alloc(arena, sizeof(*object));
	const char *copy = length <= UINT32_MAX ? arena_text(arena, text, length) : NULL;

	if (!object || !copy) {
		return NULL;
	}
	object->type = MSGPACK_OBJECT_STR;
	object->via.str.size = (uint32_t)length;
	object->via.str.ptr = copy;
	return object;
}

const msgpack_object *codec_make_list(struct arena *arena, const msgpack_object *const *items, size_t count)
{
	msgpack_object *object = arena_alloc(arena, sizeof(*object));
	msgpack_object *entries = count <= UINT32_MAX ? arena_array(arena, count, sizeof(*entries)) : NULL;

	if (!object || !entries) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		entries[i] = *items[i];
	}
	object->type = MSGPACK_OBJECT_ARRAY;
	object->via.array.size = (uint32_t)count;
	object->via.array.ptr = entries;
	return object;
}

/* A lead byte and the lowest `bytes` bytes of a number, the highest first. */
static void put_head(struct buffer *out, uint8_t lead, uint64_t number, size_t bytes)
{
	uint8_t head[9] = {lead};

	for (size_t i = bytes; i > 0; i--) {
		head[i] = (uint8_t)number;
		number >>= 8;
	}
	buffer_append(out, head, 1 + bytes);
}

/* Lead bytes of one family: the count is in the lead byte itself up to `fixed_most`, or in 1, 2 or 4 bytes after
 * `one`, `two` and `four`; 0 where the family has no such form. */
struct family {
	uint8_t fixed;
	uint8_t fixed_most;
	uint8_t one, two, four;
};

static const struct family family_text = {0xa0, 31, 0xd9, 0xda, 0xdb};
static const struct family family_bin = {0, 0, 0xc4, 0xc5, 0xc6};
static const struct family family_list = {0x90, 15, 0, 0xdc, 0xdd};
static const struct family family_map = {0x80, 15, 0, 0xde, 0xdf};

static void put_count(struct buffer *out, const struct family *family, size_t count)
{
	if (family->fixed != 0 && count <= family->fixed_most) {
		put_head(out, (uint8_t)(family->fixed | count), 0, 0);
	} else if (family->one != 0 && count <= UINT8_MAX) {
		put_head(out, family->one, count, 1);
	} else if (count <= UINT16_MAX) {
		put_head(out, family->two, count, 2);
	} else if (count <= UINT32_MAX) {
		put_head(out, family->four, count, 4);
	} else {
		out->failed = true;
	}
}

void codec_put_nil(struct buffer *out)
{
	put_head(out, 0xc0, 0, 0);
}

void codec_put_flag(struct buffer *out, bool flag)
{
	put_head(out, flag ? 0xc3 : 0xc2, 0, 0);
}

static void put_natural(struct buffer *out, uint64_t value)
{
	if (value <= 0x7f) {
		put_head(out, (uint8_t)value, 0, 0);
	} else if (value <= UINT8_MAX) {
		put_head(out, 0xcc, value, 1);
	} else if (value <= UINT16_MAX) {
		put_head(out, 0xcd, value, 2);
	} else if (value <= UINT32_MAX) {
		put_head(out, 0xce, value, 4);
	} else {
		put_head(out, 0xcf, value, 8);
	}
}

void codec_put_int(struct buffer *out, int64_t value)
{
	if (value >= 0) {
		put_natural(out, (uint64_t)value);
	} else if (value >= -32) {
		put_head(out, (uint8_t)value, 0, 0);
	} else if (value >= INT8_MIN) {
		put_head(out, 0xd0, (uint64_t)value, 1);
	} else if (value >= INT16_MIN) {
		put_head(out, 0xd1, (uint64_t)value, 2);
	} else if (value >= INT32_MIN) {
		put_head(out, 0xd2, (uint64_t)value, 4);
	} else {
		put_head(out, 0xd3, (uint64_t)value, 8);
	}
}

void codec_put_span(struct buffer *out, struct span text)
{
	put_count(out, &family_text, text.length);
	buffer_append(out, text.data, text.length);
}

void codec_put_text(struct buffer *out, const char *text)
{
	if (!text) {
		codec_put_nil(out);
		return;
	}
	codec_put_span(out, (struct span){(const uint8_t *)text, strlen(text)});
}

void codec_put_bin(struct buffer *out, const void *data, size_t length)
{
	put_count(out, &family_bin, length);
	buffer_append(out, data, length);
}

void codec_put_list(struct buffer *out, size_t count)
{
	put_count(out, &family_list, count);
}

void codec_put_map(struct buffer *out, size_t count)
{
	put_count(out, &family_map, count);
}

void codec_put_object(struct buffer *out, const msgpack_object *object)
{
	switch (object ? object->type : MSGPACK_OBJECT_NIL) {
	case MSGPACK_OBJECT_NIL:
		codec_put_nil(out);
		break;
	case MSGPACK_OBJECT_BOOLEAN:
		codec_put_flag(out, object->via.boolean);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		put_natural(out, object->via.u64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		codec_put_int(out, object->via.i64);
		break;
	case MSGPACK_OBJECT_STR:
		codec_put_span(out,
			       (struct span){(const uint8_t *)object->via.str.ptr, object->via.str.size});
		break;
	case MSGPACK_OBJECT_BIN:
		codec_put_bin(out, object->via.bin.ptr, object->via.bin.size);
		break;
	case MSGPACK_OBJECT_ARRAY:
		codec_put_list(out, object->via.array.size);
		for (size_t i = 0; i < object->via.array.size; i++) {
			codec_put_object(out, &object->via.array.ptr[i]);
		}
		break;
	case MSGPACK_OBJECT_MAP:
		codec_put_map(out, object->via.map.size);
		for (size_t i = 0; i < object->via.map.size; i++) {
			codec_put_object(out, &object->via.map.ptr[i].key);
			codec_put_object(out, &object->via.map.ptr[i].val);
		}
		break;
	default: /* codec_decode lets no other in */
		out->failed = true;
		break;
	}
}

void codec_put_raw(struct buffer *out, struct span packed)
{
	buffer_append(out, packed.data, packed.length);
}

void codec_pair_int(struct buffer *out, const char *key, int64_t value)
{
	codec_put_text(out, key);
	codec_put_int(out, value);
}

void codec_pair_text(struct buffer *out, const char *key, const char *value)
{
	codec_put_text(out, key);
	codec_put_text(out, value);
}

void codec_pair_flag(struct buffer *out, const char *key, bool value)
{
	codec_put_text(out, key);
	codec_put_flag(out, value);
}

void codec_pair_object(struct buffer *out, const char *key, const msgpack_object *value)
{
	codec_put_text(out, key);
	codec_put_object(out, value);
}

/* Writes the count that was not known into a header of `bytes` bytes that already stands there. */
static void patch_count(struct buffer *out, size_t header, size_t count, size_t bytes)
{
	if (bytes < sizeof(count) && count >> (8 * bytes) != 0) {
		out->failed = true;
	}
	if (out->failed) {
		return;
	}
	for (size_t i = bytes; i > 0; i--) {
		out->data[header + i] = (uint8_t)count;
		count >>= 8;
	}
}

size_t codec_map_begin(struct buffer *out)
{
	size_t header = out->length;

	put_head(out, 0xde, 0, 2);
	return header;
}

void codec_map_end(struct buffer *out, size_t header, size_t count)
{
	patch_count(out, header, count, 2);
}

size_t codec_list_begin(struct buffer *out)
{
	size_t header = out->length;

	put_head(out, 0xdd, 0, 4);
	return header;
}

void codec_list_end(struct buffer *out, size_t header, size_t count)
{
	patch_count(out, header, count, 4);
}
