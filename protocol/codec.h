/* MessagePack in and out. msgpack_object is the tree that the whole program reads; packing goes straight into a
 * struct buffer. Nothing here trusts its input: keys may be missing, of the wrong type, or there twice. */
#ifndef SAFER_PROTOCOL_CODEC_H
#define SAFER_PROTOCOL_CODEC_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"

#include <msgpack.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- reading ---- */

/* Decodes exactly one value that fills all of `bytes`. It lets a scanner see them first, so a hostile header costs
 * nothing here either; limits on size and depth are the caller's. The tree lives in the arena and points into
 * `bytes`, which must live as long. STATUS_INVALID for anything but one whole value, a float or an extension type, a
 * text that is not clean UTF-8 (lines allowed), a map whose keys are not texts, or a key that is there twice. */
enum status codec_decode(struct arena *arena, struct span bytes, const msgpack_object **out,
			 struct error *err);

/* NULL: not a map, or not there. */
const msgpack_object *codec_get(const msgpack_object *map, const char *key);

bool codec_is_nil(const msgpack_object *object);            /* true for NULL too */
bool codec_int(const msgpack_object *object, int64_t *out); /* false unless an integer that fits */
bool codec_text(const msgpack_object *object, struct span *out);
bool codec_bin(const msgpack_object *object, struct span *out);
bool codec_flag(const msgpack_object *object, bool *out);

/* Straight from a map; what is missing or of another type gives the fallback. */
int64_t codec_get_int(const msgpack_object *map, const char *key, int64_t fallback);
bool codec_get_flag(const msgpack_object *map, const char *key, bool fallback);
struct span codec_get_text(const msgpack_object *map, const char *key); /* {NULL, 0} */
/* A NUL-ended copy, or NULL. */
const char *codec_get_string(struct arena *arena, const msgpack_object *map, const char *key);

bool codec_text_is(const msgpack_object *object, const char *text);
bool codec_same(const msgpack_object *a, const msgpack_object *b); /* deep equality; NULL equals nil */
size_t codec_count(const msgpack_object *object); /* entries of an array or map; 0 for anything else */

/* The value that stands for "unknown": a map with the one pair unknown: true. Not zero, and not absent. */
bool codec_is_unknown(const msgpack_object *object);

/* ---- making values (they live in the arena; NULL without memory) ---- */

const msgpack_object *codec_make_nil(void);
const msgpack_object *codec_make_unknown(void);
const msgpack_object *codec_make_flag(bool flag);
const msgpack_object *codec_make_int(struct arena *arena, int64_t value);
const msgpack_object *codec_make_text(struct arena *arena, const char *text, size_t length); /* copies */
const msgpack_object *codec_make_list(struct arena *arena, const msgpack_object *const *items, size_t count);

/* ---- writing: each appends one value (or the header of a collection); errors stay in buffer->failed ---- */

void codec_put_nil(struct buffer *out);
void codec_put_flag(struct buffer *out, bool flag);
void codec_put_int(struct buffer *out, int64_t value);     /* shortest form */
void codec_put_text(struct buffer *out, const char *text); /* NULL packs nil */
void codec_put_span(struct buffer *out, struct span text); /* as text */
void codec_put_bin(struct buffer *out, const void *data, size_t length);
void codec_put_list(struct buffer *out, size_t count);                   /* then `count` values */
void codec_put_map(struct buffer *out, size_t count);                    /* then `count` pairs */
void codec_put_object(struct buffer *out, const msgpack_object *object); /* NULL packs nil; shortest forms */
void codec_put_raw(struct buffer *out, struct span packed); /* bytes that are MessagePack already */

/* Pairs, the most common need. */
void codec_pair_int(struct buffer *out, const char *key, int64_t value);
void codec_pair_text(struct buffer *out, const char *key, const char *value);
void codec_pair_flag(struct buffer *out, const char *key, bool value);
void codec_pair_object(struct buffer *out, const char *key, const msgpack_object *value);

/* A map whose number of pairs is not known beforehand: begin, put any pairs (counting them), end. Always packs as
 * map16, which any decoder reads. */
size_t codec_map_begin(struct buffer *out); /* returns where the header stands */
void codec_map_end(struct buffer *out, size_t header, size_t count);
size_t codec_list_begin(struct buffer *out); /* array32 */
void codec_list_end(struct buffer *out, size_t header, size_t count);

#endif
