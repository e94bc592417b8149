/* Reading MessagePack. The tree that MessagePack-c builds is checked once here, for all that the rest of the program
 * takes for granted: nothing but nil, booleans, integers, clean texts, binaries, lists and maps with distinct text
 * keys. codec_write.c is the other direction. */
#include "protocol/codec.h"

#include "common/text.h"
#include "protocol/scanner.h"

#include <stdlib.h>
#include <string.h>

#define PAIRWISE_PAIRS 16 /* maps of up to as many pairs have their keys compared each with each */
#define ZONE_SPARE     64 /* bytes for what MessagePack-c rounds up */

static const char repeated_key[] = "the key \"%.*s\" is there twice in one map";

/* MessagePack-c points an empty text or binary nowhere; a span that is NULL says that there is none. */
static struct span span_of(const char *data, uint32_t length)
{
	return (struct span){(const uint8_t *)(data ? data : ""), length};
}

static struct span text_of(const msgpack_object *object)
{
	return span_of(object->via.str.ptr, object->via.str.size);
}

/* A text of ours against a key or text of theirs: shorter first, then by bytes. */
static int compare_spans(struct span a, struct span b)
{
	if (a.length != b.length) {
		return a.length < b.length ? -1 : 1;
	}
	return a.length > 0 ? memcmp(a.data, b.data, a.length) : 0;
}

static int compare_keys(const void *a, const void *b)
{
	return compare_spans(*(const struct span *)a, *(const struct span *)b);
}

static enum status refuse_repeated(struct span key, struct error *err)
{
	size_t shown = key.length < 60 ? key.length : 60;

	while (shown > 0 && shown < key.length && (key.data[shown] & 0xc0) == 0x80) {
		shown--;
	}
	return error_set(err, STATUS_INVALID, repeated_key, (int)shown, (const char *)key.data);
}

/* Sorting makes a map of very many pairs as cheap to check as it was to send. */
static enum status check_many_keys(const msgpack_object_map *map, struct error *err)
{
	enum status status = STATUS_OK;
	struct span *keys = calloc(map->size, sizeof(*keys));

	if (!keys) {
		return error_memory(err);
	}
	for (size_t i = 0; i < map->size; i++) {
		keys[i] = text_of(&map->ptr[i].key);
	}
	qsort(keys, map->size, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < map->size; i++) {
		if (compare_spans(keys[i - 1], keys[i]) == 0) {
			status = refuse_repeated(keys[i], err);
			break;
		}
	}
	free(keys);
	return status;
}

static enum status check_few_keys(const msgpack_object_map *map, struct error *err)
{
	for (size_t i = 1; i < map->size; i++) {
		for (size_t j = 0; j < i; j++) {
			if (compare_spans(text_of(&map->ptr[i].key), text_of(&map->ptr[j].key)) == 0) {
				return refuse_repeated(text_of(&map->ptr[i].key), err);
			}
		}
	}
	return STATUS_OK;
}

static enum status check_value(const msgpack_object *object, struct error *err);

static enum status check_map(const msgpack_object_map *map, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < map->size && status == STATUS_OK; i++) {
		if (map->ptr[i].key.type != MSGPACK_OBJECT_STR) {
			return error_set(err, STATUS_INVALID, "a map has a key that is not a text");
		}
		status = check_value(&map->ptr[i].key, err);
		if (status == STATUS_OK) {
			status = check_value(&map->ptr[i].val, err);
		}
	}
	if (status != STATUS_OK) {
		return status;
	}
	return map->size <= PAIRWISE_PAIRS ? check_few_keys(map, err) : check_many_keys(map, err);
}

/* Recursion ends at the scanner's depth. */
static enum status check_value(const msgpack_object *object, struct error *err)
{
	enum status status = STATUS_OK;

	switch (object->type) {
	case MSGPACK_OBJECT_STR:
		if (!text_is_clean((const char *)text_of(object).data, object->via.str.size, true)) {
			status = error_set(err, STATUS_INVALID,
					   "a text is not valid UTF-8, or holds control characters");
		}
		break;
	case MSGPACK_OBJECT_ARRAY:
		for (size_t i = 0; i < object->via.array.size && status == STATUS_OK; i++) {
			status = check_value(&object->via.array.ptr[i], err);
		}
		break;
	case MSGPACK_OBJECT_MAP:
		status = check_map(&object->via.map, err);
		break;
	default:
		break;
	}
	return status;
}

static void release_zone(void *payload)
{
	msgpack_zone_free(payload);
}

enum status codec_decode(struct arena *arena, struct span bytes, const msgpack_object **out,
			 struct error *err)
{
	enum status status;
	struct scanner scanner;
	enum scan scan;
	size_t used = 0;
	msgpack_zone *zone = NULL;
	msgpack_object *object = NULL;

	/* MessagePack-c believes a header and allocates what it claims. Not every caller is a connection whose own
	 * scanner has seen the bytes: files are decoded too. Looking again costs a fraction of the decoding. */
	scanner_init(&scanner, bytes.length, SCANNER_DEPTH, bytes.length);
	scan = scanner_feed(&scanner, bytes.data, bytes.length, &used);
	if (scan == SCAN_BAD_TYPE || scan == SCAN_TOO_DEEP) {
		return error_set(err, STATUS_INVALID, "%s", scan_reason(scan));
	}
	if (scan != SCAN_COMPLETE) {
		return error_set(err, STATUS_INVALID,
				 "the value is cut off: it needs more than its %zu bytes", bytes.length);
	}
	if (used != bytes.length) {
		return error_set(err, STATUS_INVALID, "%zu bytes follow the value", bytes.length - used);
	}

	/* The tree takes one piece of just its size: that of the values which the scanner has counted. */
	object = arena_alloc(arena, sizeof(*object));
	zone = object ? msgpack_zone_new((size_t)scanner.elements * sizeof(*object) + ZONE_SPARE) : NULL;
	if (!zone || arena_on_free(arena, release_zone, zone) != 0) {
		msgpack_zone_free(zone);
		return error_memory(err);
	}
	used = 0;
	switch (msgpack_unpack((const char *)bytes.data, bytes.length, &used, zone, object)) {
	case MSGPACK_UNPACK_SUCCESS:
		break;
	case MSGPACK_UNPACK_NOMEM_ERROR:
		return error_memory(err);
	default:
		return error_set(err, STATUS_INVALID, "the bytes are not MessagePack");
	}
	status = check_value(object, err);
	if (status == STATUS_OK) {
		*out = object;
	}
	return status;
}

const msgpack_object *codec_get(const msgpack_object *map, const char *key)
{
	size_t length = strlen(key);

	if (!map || map->type != MSGPACK_OBJECT_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object *name = &map->via.map.ptr[i].key;

		if (name->type == MSGPACK_OBJECT_STR && name->via.str.size == length &&
		    memcmp(name->via.str.ptr, key, length) == 0) {
			return &map->via.map.ptr[i].val;
		}
	}
	return NULL;
}

bool codec_is_nil(const msgpack_object *object)
{
	return !object || object->type == MSGPACK_OBJECT_NIL;
}

bool codec_int(const msgpack_object *object, int64_t *out)
{
	if (object && object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
		*out = object->via.i64;
		return true;
	}
	if (object && object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= INT64_MAX) {
		*out = (int64_t)object->via.u64;
		return true;
	}
	return false;
}

bool codec_text(const msgpack_object *object, struct span *out)
{
	if (!object || object->type != MSGPACK_OBJECT_STR) {
		return false;
	}
	*out = text_of(object);
	return true;
}

bool codec_bin(const msgpack_object *object, struct span *out)
{
	if (!object || object->type != MSGPACK_OBJECT_BIN) {
		return false;
	}
	*out = span_of(object->via.bin.ptr, object->via.bin.size);
	return true;
}

bool codec_flag(const msgpack_object *object, bool *out)
{
	if (!object || object->type != MSGPACK_OBJECT_BOOLEAN) {
		return false;
	}
	*out = object->via.boolean;
	return true;
}

int64_t codec_get_int(const msgpack_object *map, const char *key, int64_t fallback)
{
	codec_int(codec_get(map, key), &fallback);
	return fallback;
}

bool codec_get_flag(const msgpack_object *map, const char *key, bool fallback)
{
	codec_flag(codec_get(map, key), &fallback);
	return fallback;
}

struct span codec_get_text(const msgpack_object *map, const char *key)
{
	struct span text = {NULL, 0};

	codec_text(codec_get(map, key), &text);
	return text;
}

const char *codec_get_string(struct arena *arena, const msgpack_object *map, const char *key)
{
	struct span text;

	if (!codec_text(codec_get(map, key), &text)) {
		return NULL;
	}
	return arena_text(arena, (const char *)text.data, text.length);
}

bool codec_text_is(const msgpack_object *object, const char *text)
{
	return object && object->type == MSGPACK_OBJECT_STR &&
	       text_equal(object->via.str.ptr, object->via.str.size, text);
}

static bool lists_same(const msgpack_object_array *a, const msgpack_object_array *b)
{
	if (a->size != b->size) {
		return false;
	}
	for (size_t i = 0; i < a->size; i++) {
		if (!codec_same(&a->ptr[i], &b->ptr[i])) {
			return false;
		}
	}
	return true;
}

/* The pair of `map` with the same key as `pair`; looks first where it stands in the other map. */
static const msgpack_object_kv *pair_find(const msgpack_object_map *map, const msgpack_object_kv *pair,
					  size_t near)
{
	if (codec_same(&map->ptr[near].key, &pair->key)) {
		return &map->ptr[near];
	}
	for (size_t i = 0; i < map->size; i++) {
		if (codec_same(&map->ptr[i].key, &pair->key)) {
			return &map->ptr[i];
		}
	}
	return NULL;
}

static bool maps_same(const msgpack_object_map *a, const msgpack_object_map *b)
{
	if (a->size != b->size) {
		return false;
	}
	for (size_t i = 0; i < a->size; i++) {
		const msgpack_object_kv *pair = pair_find(b, &a->ptr[i], i);

		if (!pair || !codec_same(&a->ptr[i].val, &pair->val)) {
			return false;
		}
	}
	return true;
}

bool codec_same(const msgpack_object *a, const msgpack_object *b)
{
	struct span a_bytes;
	struct span b_bytes;

	if (codec_is_nil(a) || codec_is_nil(b)) {
		return codec_is_nil(a) && codec_is_nil(b);
	}
	if (a->type != b->type) {
		return false;
	}
	switch (a->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		return a->via.boolean == b->via.boolean;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		return a->via.u64 == b->via.u64;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return a->via.i64 == b->via.i64;
	case MSGPACK_OBJECT_STR:
		return compare_spans(text_of(a), text_of(b)) == 0;
	case MSGPACK_OBJECT_BIN:
		return codec_bin(a, &a_bytes) && codec_bin(b, &b_bytes) &&
		       compare_spans(a_bytes, b_bytes) == 0;
	case MSGPACK_OBJECT_ARRAY:
		return lists_same(&a->via.array, &b->via.array);
	case MSGPACK_OBJECT_MAP:
		return maps_same(&a->via.map, &b->via.map);
	default:
		return false;
	}
}

size_t codec_count(const msgpack_object *object)
{
	if (object && object->type == MSGPACK_OBJECT_ARRAY) {
		return object->via.array.size;
	}
	if (object && object->type == MSGPACK_OBJECT_MAP) {
		return object->via.map.size;
	}
	return 0;
}

bool codec_is_unknown(const msgpack_object *object)
{
	return codec_count(object) == 1 && codec_get_flag(object, "unknown", false);
}
