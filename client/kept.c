/* The change-set in hand: its file, and how edits join in it. */
#include "client/kept.h"

#include "client/files.h"

#include <string.h>
#include <unistd.h>

#define KEPT_BYTES (32 * 1024 * 1024)

/* ---- on disk ---- */

static enum status place(struct client *client, const char *file, const char **out, struct error *err)
{
	enum status status = client_profile(client, err);

	if (status == STATUS_OK) {
		*out = profile_path(client->arena, client->profile.state, file);
		status = *out ? STATUS_OK : error_memory(err);
	}
	return status;
}

enum status kept_new(struct client *client, struct kept *out, struct error *err)
{
	enum status status;

	*out = (struct kept){.next = 1};
	status = place(client, "change", &out->path, err);
	if (status != STATUS_OK) {
		return status;
	}
	out->at = client_now(client);
	return out->at ? STATUS_OK : error_memory(err);
}

bool kept_begun(struct client *client)
{
	const char *path = NULL;

	return place(client, "change", &path, NULL) == STATUS_OK && file_exists(path);
}

enum status kept_lock(struct client *client, int *fd, struct error *err)
{
	const char *path = NULL;
	enum status status = place(client, "change.lock", &path, err);

	if (status == STATUS_OK) {
		status = folder_make(client->profile.state, err);
	}
	if (status == STATUS_OK) {
		status = file_lock(path, false, fd, err);
	}
	if (status == STATUS_OK && *fd < 0) {
		(void)fputs("safer: another safer of yours is at work on a change-set; waiting until it is "
			    "done\n",
			    stderr);
		status = file_lock(path, true, fd, err);
	}
	return status;
}

static void put_item(struct buffer *out, const struct kept_item *item)
{
	codec_put_map(out, 8);
	codec_pair_text(out, "do", item->verb);
	codec_pair_text(out, "kind", item->kind);
	codec_pair_text(out, "id", item->id);
	codec_pair_text(out, "ref", item->ref);
	codec_pair_int(out, "base", item->base);
	codec_pair_object(out, "fields", item->fields);
	codec_pair_object(out, "settled", item->settled);
	codec_pair_text(out, "why", item->why);
}

enum status kept_save(struct client *client, const struct kept *kept, struct error *err)
{
	struct buffer *out = client_buffer(client);

	if (!out) {
		return error_memory(err);
	}
	out->limit = KEPT_BYTES;
	codec_put_map(out, 7);
	codec_pair_text(out, "at", kept->at);
	codec_pair_text(out, "reason", kept->reason);
	codec_pair_flag(out, "sent", kept->sent);
	codec_put_text(out, "request");
	codec_put_bin(out, kept->request, sizeof(kept->request));
	codec_pair_object(out, "collides", kept->collides);
	codec_pair_int(out, "next", kept->next);
	codec_put_text(out, "items");
	codec_put_list(out, kept->count);
	for (size_t i = 0; i < kept->count; i++) {
		put_item(out, &kept->items[i]);
	}
	if (out->failed || arena_refused(client->arena) > 0) {
		return error_memory(err);
	}
	return file_write(kept->path, out->data, out->length, 0600, err);
}

static bool read_item(struct arena *arena, const msgpack_object *map, struct kept_item *out)
{
	*out = (struct kept_item){
		.verb = codec_get_string(arena, map, "do"),
		.kind = codec_get_string(arena, map, "kind"),
		.id = codec_get_string(arena, map, "id"),
		.ref = codec_get_string(arena, map, "ref"),
		.base = codec_get_int(map, "base", 0),
		.fields = codec_get(map, "fields"),
		.settled = codec_get(map, "settled"),
		.why = codec_get_string(arena, map, "why"),
	};
	if (codec_is_nil(out->fields)) {
		out->fields = NULL;
	}
	if (codec_is_nil(out->settled)) {
		out->settled = NULL;
	}
	return out->verb && out->kind && (out->id || out->ref);
}

static enum status read_items(struct client *client, const msgpack_object *list, struct kept *out,
			      struct error *err)
{
	out->items = arena_array(client->arena, list_size(list) + 1, sizeof(*out->items));
	if (!out->items) {
		return error_memory(err);
	}
	for (size_t i = 0; i < list_size(list); i++) {
		if (!read_item(client->arena, list_item(list, i), &out->items[i])) {
			return arena_refused(client->arena) > 0
				       ? error_memory(err)
				       : error_set(err, STATUS_FAILED,
						   "item %zu of %s is not one of a change-set", i + 1,
						   out->path);
		}
	}
	out->count = list_size(list);
	return STATUS_OK;
}

enum status kept_load(struct client *client, struct kept *out, struct error *err)
{
	struct buffer *bytes = client_buffer(client);
	const msgpack_object *map = NULL;
	struct span request = {NULL, 0};
	enum status status = bytes ? kept_new(client, out, err) : error_memory(err);

	if (status == STATUS_OK && !file_exists(out->path)) {
		error_set(err, STATUS_NOT_FOUND, "no change-set is begun on this device");
		return error_hint(err, "\"safer change begin\" begins one");
	}
	if (status == STATUS_OK) {
		bytes->limit = KEPT_BYTES;
		status = file_read(out->path, bytes, err);
	}
	if (status == STATUS_OK && codec_decode(client->arena, buffer_span(bytes), &map, err) != STATUS_OK) {
		status = arena_refused(client->arena) > 0
				 ? error_memory(err)
				 : error_set(err, STATUS_FAILED, "%s is not a change-set's file", out->path);
	}
	if (status != STATUS_OK) {
		return status;
	}
	out->at = codec_get_string(client->arena, map, "at");
	out->reason = codec_get_string(client->arena, map, "reason");
	out->sent = codec_get_flag(map, "sent", false);
	out->next = codec_get_int(map, "next", 1);
	out->collides = codec_get(map, "collides");
	if (codec_is_nil(out->collides)) {
		out->collides = NULL;
	}
	if (codec_bin(codec_get(map, "request"), &request) && request.length == sizeof(out->request)) {
		memcpy(out->request, request.data, request.length);
	}
	if (arena_refused(client->arena) > 0) {
		return error_memory(err); /* a text that could not be had is not one that is not there */
	}
	if (!out->at || request.length != sizeof(out->request)) {
		return error_set(err, STATUS_FAILED, "%s is not a change-set's file", out->path);
	}
	return read_items(client, codec_get(map, "items"), out, err);
}

void kept_remove(const struct kept *kept)
{
	(void)unlink(kept->path);
}

/* ---- fields ---- */

static bool is_field(const msgpack_object_kv *pair, const char *name)
{
	return codec_text_is(&pair->key, name);
}

static const msgpack_object_kv *pairs_of(const msgpack_object *fields)
{
	return codec_count(fields) > 0 ? fields->via.map.ptr : NULL;
}

/* Both maps in one; where both name a field the second's value stands. NULL without memory. */
static const msgpack_object *join_fields(struct arena *arena, const msgpack_object *first,
					 const msgpack_object *second)
{
	size_t room = codec_count(first) + codec_count(second);
	msgpack_object *map = arena_alloc(arena, sizeof(*map));
	msgpack_object_kv *pairs = arena_array(arena, room + 1, sizeof(*pairs));
	size_t count = 0;

	if (!map || !pairs) {
		return NULL;
	}
	for (size_t i = 0; i < codec_count(first); i++) {
		pairs[count++] = pairs_of(first)[i];
	}
	for (size_t i = 0; i < codec_count(second); i++) {
		const msgpack_object_kv *pair = &pairs_of(second)[i];
		size_t at = 0;

		while (at < count && !codec_same(&pairs[at].key, &pair->key)) {
			at++;
		}
		pairs[at] = *pair;
		count += at == count ? 1 : 0;
	}
	map->type = MSGPACK_OBJECT_MAP;
	map->via.map.ptr = pairs;
	map->via.map.size = (uint32_t)count;
	return map;
}

/* ---- items ---- */

const char *kept_name(const struct kept_item *item)
{
	return item->id ? item->id : item->ref;
}

struct kept_item *kept_find(const struct kept *kept, const char *name)
{
	for (size_t i = 0; i < kept->count; i++) {
		if (strcmp(kept_name(&kept->items[i]), name) == 0) {
			return &kept->items[i];
		}
	}
	return NULL;
}

void kept_take_out(struct kept *kept, struct kept_item *item)
{
	size_t at = (size_t)(item - kept->items);

	memmove(item, item + 1, (kept->count - at - 1) * sizeof(*item));
	kept->count--;
}

/* Whether an item changes nothing and gives nothing up. */
static bool is_void(const struct kept_item *item)
{
	return strcmp(item->verb, KEPT_EDIT) == 0 && codec_count(item->fields) == 0 &&
	       codec_count(item->settled) == 0;
}

/* The map without a field, in an array of its own. False when it has no such field. Without memory kept_save refuses: the
 * arena knows. */
static bool without_field(struct arena *arena, const msgpack_object **map, const char *field)
{
	const msgpack_object *fields = *map;
	msgpack_object less = {.type = MSGPACK_OBJECT_MAP};
	size_t at = 0;

	while (at < codec_count(fields) && !is_field(&pairs_of(fields)[at], field)) {
		at++;
	}
	if (at == codec_count(fields)) {
		return false;
	}
	less.via.map.ptr = fields->via.map.ptr;
	less.via.map.size = (uint32_t)at;
	*map = join_fields(arena, &less,
			   &(msgpack_object){.type = MSGPACK_OBJECT_MAP,
					     .via.map = {.ptr = fields->via.map.ptr + at + 1,
							 .size = (uint32_t)(codec_count(fields) - at - 1)}});
	return true;
}

bool kept_take_field(struct arena *arena, struct kept *kept, struct kept_item *item, const char *field)
{
	if (!without_field(arena, &item->fields, field)) {
		return false;
	}
	if (without_field(arena, &item->settled, field) && codec_count(item->settled) == 0) {
		item->settled = NULL;
	}
	if (is_void(item)) {
		kept_take_out(kept, item);
	}
	return true;
}

enum status kept_give_up(struct client *client, struct kept_item *item, const char *field,
			 const msgpack_object *mine, bool gives_mine, const msgpack_object *theirs,
			 bool gives_theirs, struct error *err)
{
	struct buffer *packed = client_buffer(client);
	const msgpack_object *one = NULL;

	if (!packed) {
		return error_memory(err);
	}
	codec_put_map(packed, 1);
	codec_put_text(packed, field);
	codec_put_map(packed, (gives_mine ? 1 : 0) + (gives_theirs ? 1 : 0));
	if (gives_mine) {
		codec_pair_object(packed, "mine", mine);
	}
	if (gives_theirs) {
		codec_pair_object(packed, "theirs", theirs);
	}
	if (packed->failed) {
		return error_memory(err);
	}
	if (codec_decode(client->arena, buffer_span(packed), &one, err) != STATUS_OK) {
		return err->status;
	}
	item->settled = join_fields(client->arena, item->settled, one);
	return item->settled ? STATUS_OK : error_memory(err);
}

static enum status append(struct arena *arena, struct kept *kept, const struct kept_item *item,
			  struct error *err)
{
	struct kept_item *grown = arena_array(arena, kept->count + 1, sizeof(*grown));

	if (!grown) {
		return error_memory(err);
	}
	if (kept->count > 0) {
		memcpy(grown, kept->items, kept->count * sizeof(*grown));
	}
	grown[kept->count] = *item;
	grown[kept->count].why = NULL;
	if (!item->id && !item->ref) {
		const char *ref = NULL;

		do {
			ref = arena_printf(arena, "@%lld", (long long)kept->next++);
		} while (ref && kept_find(kept, ref));
		if (!ref) {
			return error_memory(err);
		}
		grown[kept->count].ref = ref;
	}
	kept->items = grown;
	kept->count++;
	return STATUS_OK;
}

static bool is(const char *verb, const char *other)
{
	return strcmp(verb, other) == 0;
}

/* What the set says of the record already, and what comes, cannot both be. */
static enum status cannot_both(const struct kept_item *there, const struct kept_item *item, struct error *err)
{
	if (is(there->verb, KEPT_CREATE)) {
		error_set(err, STATUS_INVALID,
			  "%s is a new %s of the change-set: it can be filled in, and moved on once it is "
			  "made",
			  kept_name(there), there->kind);
		return error_hint(err, "commit the change-set first, then %s it", item->verb);
	}
	error_set(err, STATUS_INVALID,
		  "the change-set says already to %s %s, and says one thing of each record", there->verb,
		  kept_name(there));
	return error_hint(err, "\"safer change drop %s\" takes that out", kept_name(there));
}

static enum status join(struct arena *arena, struct kept *kept, struct kept_item *there,
			const struct kept_item *item, bool rebased, bool replaced, struct error *err)
{
	bool new_record = is(there->verb, KEPT_CREATE);
	const msgpack_object *fields = item->fields;

	if (new_record && is(item->verb, KEPT_REMOVE)) {
		kept_take_out(kept, there);
		return STATUS_OK;
	}
	if (!is(item->verb, KEPT_EDIT) && !is(item->verb, there->verb) &&
	    (new_record || (!is(there->verb, KEPT_EDIT) && !is(item->verb, KEPT_REMOVE)))) {
		return cannot_both(there, item, err);
	}
	if (is(there->verb, KEPT_REMOVE) && !is(item->verb, KEPT_REMOVE)) {
		return cannot_both(there, item, err);
	}
	if (is(item->verb, KEPT_REMOVE)) {
		fields = NULL;
	} else if (!replaced) {
		fields = join_fields(arena, there->fields, item->fields);
		if (!fields) {
			return error_memory(err);
		}
	}
	there->fields = fields;
	there->settled = rebased ? NULL : there->settled;
	if (item->settled) {
		there->settled = join_fields(arena, there->settled, item->settled);
		if (!there->settled) {
			return error_memory(err);
		}
	}
	there->verb = is(item->verb, KEPT_EDIT) ? there->verb : item->verb;
	there->base = rebased && !new_record ? item->base : there->base;
	there->why = NULL;
	if (is(there->verb, KEPT_REMOVE)) {
		there->settled = NULL;
	}
	if (is_void(there)) {
		kept_take_out(kept, there);
	}
	return STATUS_OK;
}

enum status kept_join(struct arena *arena, struct kept *kept, const struct kept_item *item, bool rebased,
		      bool replaced, struct error *err)
{
	const char *name = kept_name(item);
	struct kept_item *there = name ? kept_find(kept, name) : NULL;

	if (there && is(item->verb, KEPT_CREATE)) {
		return error_set(err, STATUS_INVALID, "the change-set has a new record called %s already",
				 name);
	}
	if (!there && item->id && item->id[0] == '@') {
		error_set(err, STATUS_INVALID, "the change-set has no new record called %s", item->id);
		return error_hint(err, "\"safer change show\" shows what it has");
	}
	if (there && there->ref && strcmp(there->kind, item->kind) != 0) {
		error_set(err, STATUS_INVALID, "%s is a new %s, not a new %s", there->ref, there->kind,
			  item->kind);
		return error_hint(err, "\"safer change show\" shows what the change-set has");
	}
	if (!there && is_void(item)) {
		return STATUS_OK;
	}
	return there ? join(arena, kept, there, item, rebased, replaced, err)
		     : append(arena, kept, item, err);
}

/* ---- collisions ---- */

const msgpack_object *kept_collision(const struct kept *kept, const char *id, const char *field)
{
	for (size_t i = 0; i < list_size(kept->collides); i++) {
		const msgpack_object *one = list_item(kept->collides, i);

		if (codec_text_is(codec_get(one, "id"), id) &&
		    codec_text_is(codec_get(one, "field"), field)) {
			return one;
		}
	}
	return NULL;
}

int64_t kept_settle(struct arena *arena, struct kept *kept, const char *id, const char *field)
{
	size_t room = list_size(kept->collides);
	const msgpack_object **left = arena_array(arena, room + 1, sizeof(*left));
	const msgpack_object *list = NULL;
	int64_t newest = 0;
	size_t count = 0;

	for (size_t i = 0; left && i < room; i++) {
		const msgpack_object *one = list_item(kept->collides, i);
		int64_t revision = codec_get_int(one, "revision", 0);

		if (!codec_text_is(codec_get(one, "id"), id) ||
		    (field && !codec_text_is(codec_get(one, "field"), field))) {
			left[count++] = one;
		} else if (revision > newest) {
			newest = revision;
		}
	}
	list = left && count > 0 ? codec_make_list(arena, left, count) : NULL;
	if (left && (list || count == 0)) {
		kept->collides = list;
	}
	return newest;
}

/* ---- out ---- */

bool kept_refers(const struct kept_item *item, const char *ref)
{
	for (size_t i = 0; i < codec_count(item->fields); i++) {
		const msgpack_object *value = &pairs_of(item->fields)[i].val;

		if (codec_text_is(value, ref)) {
			return true;
		}
		for (size_t k = 0; k < list_size(value); k++) {
			if (codec_text_is(list_item(value, k), ref)) {
				return true;
			}
		}
	}
	return false;
}

void kept_put(const struct kept *kept, const bool *without, struct changeset *set)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct kept_item *item = &kept->items[i];
		size_t pairs = 1 + (item->id ? 2 : 1) + (item->ref ? 1 : 0) + (item->fields ? 1 : 0) +
			       (item->settled ? 1 : 0);

		if (without && without[i]) {
			continue;
		}
		codec_put_map(&set->changes, pairs);
		codec_pair_text(&set->changes, "do", item->verb);
		if (item->id) {
			codec_pair_text(&set->changes, "id", item->id);
			codec_pair_int(&set->changes, "base", item->base);
		} else {
			codec_pair_text(&set->changes, "kind", item->kind);
		}
		if (item->ref) {
			codec_pair_text(&set->changes, "ref", item->ref);
		}
		if (item->fields) {
			codec_pair_object(&set->changes, "fields", item->fields);
		}
		if (item->settled) {
			codec_pair_object(&set->changes, "settled", item->settled);
		}
		set->count++;
	}
}

enum status kept_over(struct client *client, const char *id, const msgpack_object **record, bool *over,
		      struct error *err)
{
	struct buffer *packed = client_buffer(client);
	const struct kept_item *item = NULL;
	struct kept hand;
	enum status status = packed ? STATUS_OK : error_memory(err);

	*over = false;
	if (status != STATUS_OK || !kept_begun(client)) {
		return status;
	}
	status = kept_load(client, &hand, err);
	item = status == STATUS_OK ? kept_find(&hand, id) : NULL;
	if (status != STATUS_OK || !item) {
		return status;
	}
	if (is(item->verb, KEPT_REMOVE)) {
		return cannot_both(item, &(struct kept_item){.verb = KEPT_EDIT}, err);
	}
	codec_put_map(packed, 2);
	codec_pair_object(packed, "revision", codec_get(*record, "revision"));
	codec_pair_object(packed, "fields",
			  join_fields(client->arena, codec_get(*record, "fields"), item->fields));
	if (packed->failed || arena_refused(client->arena) > 0) {
		return error_memory(err);
	}
	*over = true;
	return codec_decode(client->arena, buffer_span(packed), record, err);
}
