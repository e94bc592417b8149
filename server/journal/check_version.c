/* One revision of a record, against the leaf of its entry and against the revision before: the fields that changed
 * are those of the leaf's commitments, all others are as they were, and the columns follow from them. */
#include "server/journal/check.h"

#include "common/ids.h"
#include "common/text.h"

#include <string.h>

struct revision { /* one row, decoded */
	const struct record_row *row;
	const struct leaf_change *change; /* what the leaf says of it */
	const struct kind *kind;          /* NULL: not known, or no schema given */
	const msgpack_object *body;
	const msgpack_object *groups;
	const msgpack_object *salts;
	const msgpack_object *old_body; /* of the revision before; NULL: this is the first */
	const msgpack_object *old_groups;
};

static void complain_of(struct check *check, const struct record_row *row, const char *problem)
{
	check_problem(check, "revision %lld of %s %lld (entry %lld): %s", (long long)row->revision,
		      row->kind ? row->kind : "", (long long)row->number, (long long)row->entry, problem);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool same_span(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* ---- maps ---- */

/* Whether a map is packed in the one way that we pack: shortest forms inside, a header of 1 or of 3 bytes. Otherwise
 * bytes could be altered without altering what they mean. */
static bool is_our_packing(struct check *check, struct span bytes, const msgpack_object *map)
{
	const msgpack_object_map *pairs = &map->via.map;
	uint8_t wide[3] = {0xde, (uint8_t)(pairs->size >> 8), (uint8_t)pairs->size};
	uint8_t narrow = (uint8_t)(0x80 | pairs->size);
	size_t header;

	buffer_clear(&check->scratch);
	for (size_t i = 0; i < pairs->size; i++) {
		codec_put_object(&check->scratch, &pairs->ptr[i].key);
		codec_put_object(&check->scratch, &pairs->ptr[i].val);
	}
	check->starved = check->starved || check->scratch.starved;
	if (check->scratch.failed || bytes.length < check->scratch.length) {
		return false;
	}
	header = bytes.length - check->scratch.length;
	if (header == 1 ? bytes.data[0] != narrow || pairs->size > 15
			: header != sizeof(wide) || memcmp(bytes.data, wide, sizeof(wide)) != 0) {
		return false;
	}
	return same_span(buffer_span(&check->scratch),
			 (struct span){bytes.data + header, bytes.length - header});
}

static const msgpack_object *decode_map(struct check *check, const struct record_row *row, struct span bytes,
					const char *problem)
{
	struct error why = ERROR_INIT;
	const msgpack_object *map = NULL;

	if (codec_decode(check->arena, bytes, &map, &why) != STATUS_OK || map->type != MSGPACK_OBJECT_MAP ||
	    !is_our_packing(check, bytes, map)) {
		complain_of(check, row, problem);
		return NULL;
	}
	return map;
}

/* ---- fields ---- */

static void check_value(struct check *check, const struct revision *revision, const char *name,
			const msgpack_object *committed, const msgpack_object *value,
			const msgpack_object *value_salt)
{
	struct span want;
	struct span salt;
	struct digest computed;

	check->report->values++;
	buffer_clear(&check->scratch);
	codec_put_object(&check->scratch, value);
	check->starved = check->starved || check->scratch.starved;
	if (check->scratch.failed || !codec_bin(committed, &want) || want.length != DIGEST_BYTES ||
	    !codec_bin(value_salt, &salt) || salt.length != SALT_BYTES) {
		complain_of(check, revision->row, "a field or its salt is missing");
		return;
	}
	commitment_make(salt.data, revision->change->kind, revision->change->id, name,
			buffer_span(&check->scratch), &computed);
	if (memcmp(computed.bytes, want.data, DIGEST_BYTES) != 0) {
		check_problem(check, "entry %lld: %s of %s is not what the leaf commits to",
			      (long long)revision->row->entry, name, revision->change->id);
	}
}

static const char *key_of(struct check *check, const msgpack_object *map, size_t index)
{
	const msgpack_object_str *key = &map->via.map.ptr[index].key.via.str;

	return arena_text(check->arena, key->ptr, key->size);
}

/* Every pair of `from` that the leaf does not speak of must stand in `to` with the same value. */
static enum status check_untouched(struct check *check, const struct revision *revision,
				   const msgpack_object *from, const msgpack_object *to, struct error *err)
{
	for (size_t i = 0; i < codec_count(from); i++) {
		const char *name = key_of(check, from, i);

		if (!name) {
			return error_memory(err);
		}
		if (!codec_get(revision->change->fields, name) &&
		    (!codec_get(to, name) || !codec_same(codec_get(to, name), codec_get(from, name)))) {
			complain_of(
				check, revision->row,
				"a field differs from the revision before, but the leaf has no change of it");
		}
	}
	return STATUS_OK;
}

/* What was given up in a conflict: each commitment has its salt and its value beside the leaf. */
static enum status check_settled(struct check *check, const struct revision *revision, struct error *err)
{
	const msgpack_object *committed = revision->change->settled;
	const msgpack_object *kept = codec_get(revision->salts, "settled");

	if (codec_count(kept) != codec_count(committed)) {
		complain_of(check, revision->row,
			    "it has not what was given up for each field that was settled");
	}
	for (size_t i = 0; i < codec_count(committed); i++) {
		const char *name = key_of(check, committed, i);
		const msgpack_object *one = NULL;

		if (!name) {
			return error_memory(err);
		}
		one = codec_get(kept, name);
		check_value(check, revision, name, &committed->via.map.ptr[i].val, codec_get(one, "value"),
			    codec_get(one, "salt"));
	}
	return STATUS_OK;
}

static enum status check_fields(struct check *check, const struct revision *revision, struct error *err)
{
	const msgpack_object *fields = revision->change->fields;
	enum status status;

	if (codec_count(revision->salts) != codec_count(fields) + (revision->change->settled ? 1 : 0)) {
		complain_of(check, revision->row, "it has not one salt for each field that changed");
	}
	if (check_settled(check, revision, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < codec_count(fields); i++) {
		const char *name = key_of(check, fields, i);

		if (!name) {
			return error_memory(err);
		}
		check_value(check, revision, name, &fields->via.map.ptr[i].val,
			    codec_get(revision->body, name), codec_get(revision->salts, name));
	}
	if (revision->row->removed) { /* a removal leaves nothing, and commits to nothing */
		if (codec_count(revision->body) != 0 || codec_count(fields) != 0) {
			complain_of(check, revision->row, "it is removed, yet has fields");
		}
		return STATUS_OK;
	}
	status = check_untouched(check, revision, revision->body, revision->old_body, err);
	if (status == STATUS_OK) {
		status = check_untouched(check, revision, revision->old_body, revision->body, err);
	}
	return status;
}

/* ---- conflict groups ---- */

static const char *group_of(const struct revision *revision, const char *name)
{
	const struct field *field = kind_field(revision->kind, name, strlen(name));

	return field ? field_group(field) : name;
}

/* Whether the leaf has a change of a field of this group. */
static bool is_touched(struct check *check, const struct revision *revision, const char *group)
{
	for (size_t i = 0; i < codec_count(revision->change->fields); i++) {
		const char *name = key_of(check, revision->change->fields, i);

		if (name && strcmp(group_of(revision, name), group) == 0) {
			return true;
		}
	}
	return false;
}

static enum status check_groups(struct check *check, const struct revision *revision, struct error *err)
{
	const msgpack_object *fields = revision->change->fields;

	for (size_t i = 0; i < codec_count(revision->groups); i++) {
		const char *group = key_of(check, revision->groups, i);
		int64_t want;

		if (!group) {
			return error_memory(err);
		}
		want = is_touched(check, revision, group) ? revision->row->revision
							  : codec_get_int(revision->old_groups, group, 0);
		if (want == 0 || codec_get_int(revision->groups, group, 0) != want) {
			complain_of(check, revision->row, "a conflict group has the wrong revision");
		}
	}
	for (size_t i = 0; i < codec_count(fields); i++) {
		const char *name = key_of(check, fields, i);

		if (!name) {
			return error_memory(err);
		}
		if (!codec_get(revision->groups, group_of(revision, name))) {
			complain_of(check, revision->row, "a conflict group is missing");
		}
	}
	for (size_t i = 0; i < codec_count(revision->old_groups); i++) {
		const char *group = key_of(check, revision->old_groups, i);

		if (!group) {
			return error_memory(err);
		}
		if (!codec_get(revision->groups, group)) {
			complain_of(check, revision->row, "a conflict group is gone");
		}
	}
	return STATUS_OK;
}

/* ---- columns ---- */

static bool is_text_of(const msgpack_object *body, const char *field, const char *column)
{
	const msgpack_object *value = codec_get(body, field);

	return column && (codec_is_nil(value) ? column[0] == '\0' : codec_text_is(value, column));
}

/* The title is kept folded, so that it can be looked for. */
static bool is_title(struct check *check, const struct revision *revision)
{
	const char *column = revision->row->title;
	struct span text = {NULL, 0};
	const char *folded;

	if (!revision->kind->title || !codec_text(codec_get(revision->body, revision->kind->title), &text)) {
		return column && column[0] == '\0';
	}
	folded = text_fold(check->arena, (const char *)text.data, text.length);
	return folded && same_text(folded, column);
}

static void check_row(struct check *check, const struct revision *revision)
{
	const struct record_row *row = revision->row;
	const struct leaf_change *change = revision->change;
	struct id id;

	if (!same_text(row->kind, change->kind) || !id_parse(change->id, strlen(change->id), &id) ||
	    id.number != row->number || row->revision != change->revision ||
	    !same_text(row->verb, change->verb) || row->place != (int64_t)check->place) {
		complain_of(check, row, "its record, revision, verb or place is not what the leaf says");
	}
	if (revision->kind && (!id_parse(change->id, strlen(change->id), &id) ||
			       strcmp(id.prefix, revision->kind->prefix) != 0)) {
		complain_of(check, row, "its id is not of its kind");
	}
	if (row->at != check->leaf->time || row->person != leaf_person(check->leaf->person) ||
	    !same_text(row->post, check->leaf->post) ||
	    !same_text(row->by, check->row->by ? check->row->by : "")) {
		complain_of(check, row, "its time, person, name or post is not what the leaf says");
	}
	if (row->removed != same_text(row->verb, "remove")) {
		complain_of(check, row, "whether it is removed does not follow from its verb");
	}
	if (!is_text_of(revision->body, "owner", row->owner) ||
	    !is_text_of(revision->body, "state", row->state) ||
	    (revision->kind && !is_title(check, revision))) {
		complain_of(check, row, "its owner, state or title is not what its fields say");
	}
}

/* ---- the revision before ---- */

static enum status read_before(struct check *check, struct revision *revision, struct error *err)
{
	const struct record_row *row = revision->row;
	struct record_row before;
	enum status status = store_version_get(check->store, check->arena, check->partnership.number,
					       row->kind, row->number, row->revision - 1, &before, err);

	if (status != STATUS_OK) {
		status = check_goes_on(check, status, err);
		complain_of(check, row, "there is no revision before it");
		return status;
	}
	if (before.entry >= row->entry) {
		complain_of(check, row, "it comes before the revision that it follows");
	}
	revision->old_body = decode_map(check, &before, before.body, "its fields cannot be read");
	revision->old_groups =
		decode_map(check, &before, before.groups, "its conflict groups cannot be read");
	return STATUS_OK;
}

enum status check_version(void *payload, const struct record_row *row, struct error *err)
{
	struct check *check = payload;
	struct revision revision = {.row = row};
	enum status status = STATUS_OK;

	check->versions++;
	check->report->versions++;
	if (row->revision == 1) {
		check->created++;
	}
	if (check->place >= check->leaf->change_count) {
		complain_of(check, row, "the leaf has no such change");
		return STATUS_OK;
	}
	revision.change = &check->leaf->changes[check->place];
	revision.kind = check->schema ? schema_kind(check->schema, revision.change->kind,
						    strlen(revision.change->kind))
				      : NULL;
	revision.body = decode_map(check, row, row->body, "its fields cannot be read");
	revision.groups = decode_map(check, row, row->groups, "its conflict groups cannot be read");
	revision.salts = decode_map(check, row, row->salts, "its salts cannot be read");
	if (row->revision > 1) {
		status = read_before(check, &revision, err);
	}
	if (status == STATUS_OK) {
		check_row(check, &revision);
		status = check_fields(check, &revision, err);
	}
	if (status == STATUS_OK && revision.kind) {
		status = check_groups(check, &revision, err);
	}
	check->place++;
	return status;
}

/* ---- present records ---- */

static bool same_revision(const struct record_row *a, const struct record_row *b)
{
	return a->entry == b->entry && a->at == b->at && a->person == b->person && same_text(a->by, b->by) &&
	       same_text(a->post, b->post) && same_text(a->verb, b->verb) && same_text(a->owner, b->owner) &&
	       same_text(a->state, b->state) && same_text(a->title, b->title) && a->removed == b->removed &&
	       same_span(a->body, b->body) && same_span(a->groups, b->groups);
}

/* The present record is its newest version, created by its first. */
static enum status compare_record(struct check *check, struct arena *arena, const struct record_row *row,
				  struct error *err)
{
	int64_t partnership = check->partnership.number;
	struct record_row version;
	enum status status = store_version_get(check->store, arena, partnership, row->kind, row->number,
					       row->revision, &version, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!same_revision(row, &version)) {
		complain_of(check, row, "the present record is not its newest version");
	}
	status = store_version_get(check->store, arena, partnership, row->kind, row->number,
				   row->revision + 1, &version, err);
	if (status == STATUS_OK) {
		complain_of(check, row, "there is a newer version than the present record");
	} else if (status != STATUS_NOT_FOUND) {
		return status;
	}
	status =
		store_version_get(check->store, arena, partnership, row->kind, row->number, 1, &version, err);
	if (status == STATUS_OK &&
	    (row->created_entry != version.entry || row->created_at != version.at ||
	     row->created_person != version.person || !same_text(row->created_by, version.by))) {
		complain_of(check, row,
			    "who created the record, and when, is not what its first version says");
	}
	return status;
}

enum status check_record(void *payload, const struct record_row *row, struct error *err)
{
	struct check *check = payload;
	struct arena *arena = arena_new();
	enum status status;

	check->records++;
	if (!arena) {
		return error_memory(err);
	}
	status = check_goes_on(check, compare_record(check, arena, row, err), err);
	check->starved = check->starved || arena_refused(arena) > 0;
	arena_free(arena);
	return status;
}
