/* Packs a journal entry into its leaf, and reads a leaf back. */
#include "server/journal/leaf.h"

#include "common/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEAF_KEYS   13
#define CHANGE_KEYS 5

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

bool leaf_commit_text(const uint8_t salt[SALT_BYTES], int64_t number, const char *field, const char *text,
		      struct digest *out)
{
	struct buffer packed;
	char id[24];
	bool good;

	snprintf(id, sizeof(id), "%" PRId64, number);
	buffer_init(&packed, LEAF_BYTES);
	codec_put_text(&packed, text);
	good = !packed.failed;
	if (good) {
		commitment_make(salt, "journal", id, field, buffer_span(&packed), out);
	}
	buffer_release(&packed);
	return good;
}

static void put_digest(struct buffer *out, const struct digest *digest)
{
	codec_put_bin(out, digest->bytes, sizeof(digest->bytes));
}

static void put_commitment(struct buffer *out, int64_t number, const char *field, const char *text,
			   const uint8_t salt[SALT_BYTES])
{
	struct digest commitment;

	codec_put_text(out, field);
	if (!text) {
		codec_put_nil(out);
	} else if (leaf_commit_text(salt, number, field, text, &commitment)) {
		put_digest(out, &commitment);
	} else {
		out->failed = true;
		out->starved = true;
	}
}

static void put_fields(struct buffer *out, const struct journal_change *change, const char *key,
		       const struct journal_field *fields, size_t count)
{
	codec_put_text(out, key);
	codec_put_map(out, count);
	for (size_t i = 0; i < count; i++) {
		struct digest commitment;

		commitment_make(fields[i].salt, change->kind, change->id, fields[i].name, fields[i].value,
				&commitment);
		codec_put_text(out, fields[i].name);
		put_digest(out, &commitment);
	}
}

static void put_change(struct buffer *out, const struct journal_change *change)
{
	codec_put_map(out, CHANGE_KEYS + (change->settled_count > 0 ? 1 : 0));
	codec_pair_text(out, "kind", change->kind);
	codec_pair_text(out, "id", change->id);
	codec_pair_int(out, "revision", change->revision);
	codec_pair_text(out, "verb", change->verb);
	put_fields(out, change, "fields", change->fields, change->field_count);
	if (change->settled_count > 0) {
		put_fields(out, change, "settled", change->settled, change->settled_count);
	}
}

void leaf_put(struct buffer *out, const struct journal_entry *entry, int64_t number,
	      const uint8_t by_salt[SALT_BYTES], const uint8_t reason_salt[SALT_BYTES])
{
	const char *by = or_empty(entry->by);

	codec_put_map(out, LEAF_KEYS);
	codec_pair_int(out, "v", LEAF_VERSION);
	codec_pair_int(out, "number", number);
	codec_pair_int(out, "time", entry->at);
	codec_pair_text(out, "what", or_empty(entry->what));
	codec_pair_text(out, "person", or_empty(entry->person));
	codec_pair_text(out, "post", or_empty(entry->post));
	codec_pair_text(out, "body", or_empty(entry->body));
	codec_pair_int(out, "credential", entry->credential);
	codec_put_text(out, "request");
	codec_put_bin(out, entry->request.data, entry->request.length);
	put_commitment(out, number, "reason", entry->reason, reason_salt);
	put_commitment(out, number, "by", by[0] ? by : NULL, by_salt);
	codec_pair_text(out, "note", or_empty(entry->note));
	codec_put_text(out, "changes");
	codec_put_list(out, entry->change_count);
	for (size_t i = 0; i < entry->change_count; i++) {
		put_change(out, &entry->changes[i]);
	}
}

/* ---- reading ---- */

static bool take_commitment(const msgpack_object *map, const char *key, bool *has, struct digest *out)
{
	const msgpack_object *object = codec_get(map, key);
	struct span bytes;

	if (!object) {
		return false;
	}
	*has = !codec_is_nil(object);
	if (!*has) {
		return true;
	}
	if (!codec_bin(object, &bytes) || bytes.length != sizeof(out->bytes)) {
		return false;
	}
	memcpy(out->bytes, bytes.data, sizeof(out->bytes));
	return true;
}

static bool take_change(struct arena *arena, const msgpack_object *map, struct leaf_change *out)
{
	out->kind = codec_get_string(arena, map, "kind");
	out->id = codec_get_string(arena, map, "id");
	out->verb = codec_get_string(arena, map, "verb");
	out->fields = codec_get(map, "fields");
	out->settled = codec_get(map, "settled");
	if (out->settled && (out->settled->type != MSGPACK_OBJECT_MAP || codec_count(out->settled) == 0)) {
		return false;
	}
	return codec_count(map) == CHANGE_KEYS + (out->settled ? 1 : 0) && out->kind && out->id &&
	       out->verb && codec_int(codec_get(map, "revision"), &out->revision) && out->fields &&
	       out->fields->type == MSGPACK_OBJECT_MAP;
}

static bool take_changes(struct arena *arena, const msgpack_object *list, struct leaf *out)
{
	if (!list || list->type != MSGPACK_OBJECT_ARRAY) {
		return false;
	}
	out->change_count = codec_count(list);
	out->changes = arena_array(arena, out->change_count ? out->change_count : 1, sizeof(*out->changes));
	if (!out->changes) {
		return false;
	}
	for (size_t i = 0; i < out->change_count; i++) {
		if (!take_change(arena, &list->via.array.ptr[i], &out->changes[i])) {
			return false;
		}
	}
	return true;
}

enum status leaf_decode(struct arena *arena, struct span bytes, struct leaf *out, struct error *err)
{
	const msgpack_object *map = NULL;
	struct leaf leaf = {.number = -1};
	size_t refused = arena_refused(arena);
	enum status status = codec_decode(arena, bytes, &map, err);

	if (status != STATUS_OK) {
		return status;
	}
	leaf.what = codec_get_string(arena, map, "what");
	leaf.person = codec_get_string(arena, map, "person");
	leaf.post = codec_get_string(arena, map, "post");
	leaf.body = codec_get_string(arena, map, "body");
	leaf.note = codec_get_string(arena, map, "note");
	if (codec_count(map) != LEAF_KEYS || codec_get_int(map, "v", 0) != LEAF_VERSION ||
	    !codec_int(codec_get(map, "number"), &leaf.number) ||
	    !codec_int(codec_get(map, "time"), &leaf.time) || !leaf.what || !leaf.person || !leaf.post ||
	    !leaf.body || !leaf.note || !codec_int(codec_get(map, "credential"), &leaf.credential) ||
	    !codec_bin(codec_get(map, "request"), &leaf.request) ||
	    !take_commitment(map, "reason", &leaf.has_reason, &leaf.reason) ||
	    !take_commitment(map, "by", &leaf.has_by, &leaf.by) ||
	    !take_changes(arena, codec_get(map, "changes"), &leaf)) {
		if (arena_refused(arena) != refused) {
			return error_memory(err);
		}
		return error_set(err, STATUS_INVALID, "the bytes are not a journal leaf of form %d",
				 LEAF_VERSION);
	}
	*out = leaf;
	return STATUS_OK;
}

int64_t leaf_person(const char *id)
{
	struct id parsed;

	return id_parse(id, strlen(id), &parsed) ? parsed.number : 0;
}
