/* Values given up: read, judged, and shown to whom the field is shown. */
#include "server/records/settled.h"

#include <string.h>

/* ---- reading ---- */

static bool is_side(const msgpack_object *key)
{
	return codec_text_is(key, "mine") || codec_text_is(key, "theirs");
}

static enum status read_one(struct change_set *set, struct item *item, const msgpack_object_kv *pair,
			    struct error *err)
{
	const struct field *field = NULL;
	struct span name = {NULL, 0};

	(void)codec_text(&pair->key, &name);
	field = kind_field(item->kind, (const char *)name.data, name.length);
	if (field == NULL) {
		return error_set(err, STATUS_INVALID, "%s: settled: there is no field \"%.*s\" in %s.",
				 item->id, (int)name.length, (const char *)name.data, item->kind->plural);
	}
	if (pair->val.type != MSGPACK_OBJECT_MAP || codec_count(&pair->val) == 0) {
		return error_set(err, STATUS_INVALID,
				 "%s: settled: %s must be a map of mine, theirs, or both.", item->id,
				 field->name);
	}
	for (uint32_t i = 0; i < pair->val.via.map.size; i++) {
		const msgpack_object_kv *side = &pair->val.via.map.ptr[i];

		if (!is_side(&side->key)) {
			return error_set(err, STATUS_INVALID,
					 "%s: settled: %s has something beside mine and theirs.", item->id,
					 field->name);
		}
		if (field_check(set->context->schema, field, &side->val, false, err) != STATUS_OK) {
			return err->status;
		}
	}
	item->gave_up |= UINT64_C(1) << (field - item->kind->fields);
	return STATUS_OK;
}

enum status settled_read(struct change_set *set, struct item *item, const msgpack_object *map,
			 struct error *err)
{
	if (codec_is_nil(map)) {
		return STATUS_OK;
	}
	if (item->creates || item->removes) {
		return error_set(err, STATUS_INVALID, "%s: nothing is settled by a %s.", item->id,
				 item->creates ? "new record" : "removal");
	}
	if (map->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_INVALID, "%s: settled must be a map of field names.", item->id);
	}
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		if (read_one(set, item, &map->via.map.ptr[i], err) != STATUS_OK) {
			return err->status;
		}
	}
	item->settled = map;
	return STATUS_OK;
}

/* ---- judging ---- */

/* {mine, theirs, revision}, in this order and those that there are: what the leaf commits to. */
static enum status pack_value(struct change_set *set, const msgpack_object *sides, int64_t revision,
			      struct span *out, struct error *err)
{
	const msgpack_object *mine = codec_get(sides, "mine");
	const msgpack_object *theirs = codec_get(sides, "theirs");
	struct buffer packed;
	const void *copy = NULL;

	buffer_init(&packed, 1 << 24);
	codec_put_map(&packed, (mine != NULL ? 1 : 0) + (theirs != NULL ? 2 : 0));
	if (mine != NULL) {
		codec_pair_object(&packed, "mine", mine);
	}
	if (theirs != NULL) {
		codec_pair_object(&packed, "theirs", theirs);
		codec_pair_int(&packed, "revision", revision);
	}
	copy = packed.failed ? NULL : arena_copy(set->arena, packed.data, packed.length);
	*out = (struct span){copy, packed.length};
	buffer_release(&packed);
	return copy != NULL ? STATUS_OK : error_memory(err);
}

enum status settled_judge(struct change_set *set, struct item *item, struct error *err)
{
	const msgpack_object *groups = NULL;
	struct record_row row;
	struct record base;

	if (item->gave_up == 0) {
		return STATUS_OK;
	}
	item->settlements = arena_array(set->arena, item->kind->field_count, sizeof(*item->settlements));
	if (item->settlements == NULL) {
		return error_memory(err);
	}
	if (store_version_get(set->context->store, set->arena, set->partnership, item->kind->name,
			      item->number, item->base, &row, err) != STATUS_OK ||
	    record_decode(set->arena, item->kind, &row, &base, err) != STATUS_OK ||
	    codec_decode(set->arena, row.groups, &groups, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < item->kind->field_count; i++) {
		const struct field *field = &item->kind->fields[i];
		const msgpack_object *sides = codec_get(item->settled, field->name);
		const msgpack_object *theirs = codec_get(sides, "theirs");
		struct journal_field *settlement = &item->settlements[item->settlement_count];

		if ((item->gave_up >> i & 1) == 0) {
			continue;
		}
		if (theirs != NULL && !codec_same(theirs, codec_get(base.fields, field->name))) {
			error_set(err, STATUS_INVALID,
				  "%s: settled: what you gave up of %s is not what stood there at revision "
				  "%lld.",
				  item->id, field->name, (long long)item->base);
			return error_hint(err, "Give the value that the conflict showed as theirs, and the "
					       "revision that it showed.");
		}
		settlement->name = field->name;
		if (pack_value(set, sides, codec_get_int(groups, field_group(field), 1), &settlement->value,
			       err) != STATUS_OK) {
			return err->status;
		}
		item->settlement_count++;
	}
	return STATUS_OK;
}

/* ---- showing ---- */

static const msgpack_object *settled_of(struct settled_view *view, struct error *err)
{
	const msgpack_object *salts = NULL;

	return codec_decode(view->visibility->arena, view->record->row.salts, &salts, err) == STATUS_OK
		       ? codec_get(salts, SETTLED_KEY)
		       : NULL;
}

/* A revision of the record, and whether it is shown. */
static enum status load_revision(struct settled_view *view, int64_t revision, struct record *out,
				 bool *visible, struct error *err)
{
	struct visibility *v = view->visibility;
	const struct record *record = view->record;
	struct record_row row;

	if (store_version_get(v->context->store, v->arena, v->session->partnership, record->kind->name,
			      record->row.number, revision, &row, err) != STATUS_OK ||
	    record_decode(v->arena, record->kind, &row, out, err) != STATUS_OK) {
		return err->status;
	}
	return record_visible(v, out, visible, err);
}

/* The fields that were shown before this revision: a value that stood, or was typed, while the record was not for these
 * eyes stays hidden although the record is shown now. */
static enum status seen_before(struct settled_view *view, uint64_t *out, struct error *err)
{
	struct record before;
	bool visible = false;

	*out = 0;
	if (load_revision(view, view->record->row.revision - 1, &before, &visible, err) != STATUS_OK) {
		return err->status;
	}
	*out = visible ? record_fields_seen(view->visibility, &before) : 0;
	return STATUS_OK;
}

/* Who made a revision of the record; NULL when that revision is not shown. */
static enum status hand_of(struct settled_view *view, int64_t revision, const char **out, struct error *err)
{
	struct record version;
	bool visible = false;

	*out = NULL;
	if (load_revision(view, revision, &version, &visible, err) != STATUS_OK) {
		return err->status;
	}
	*out = visible ? version.row.by : NULL;
	return STATUS_OK;
}

static enum status put_sides(struct settled_view *view, const char *field, const msgpack_object *value,
			     struct buffer *out, struct error *err)
{
	const msgpack_object *mine = codec_get(value, "mine");
	const msgpack_object *theirs = codec_get(value, "theirs");
	int64_t revision = codec_get_int(value, "revision", 0);
	const char *by = NULL;

	if (theirs != NULL && hand_of(view, revision, &by, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_text(out, field);
	codec_put_map(out, (mine != NULL ? 1 : 0) + (theirs != NULL ? 3 : 0));
	if (mine != NULL) {
		codec_pair_object(out, "mine", mine);
	}
	if (theirs != NULL) {
		codec_pair_object(out, "theirs", theirs);
		codec_pair_int(out, "revision", revision);
		codec_pair_text(out, "by", by);
	}
	return STATUS_OK;
}

/* Walks what may be seen, in the schema's order: to `out` as sides, or as openings. */
static enum status put_all(struct settled_view *view, bool openings, struct buffer *out, struct error *err)
{
	const struct kind *kind = view->record->kind;
	const msgpack_object *settled = settled_of(view, err);
	uint64_t seen = view->seen;
	uint64_t before = 0;
	size_t count = 0;
	size_t header = 0;

	view->hidden = 0;
	if (err->status != STATUS_OK || (settled != NULL && seen_before(view, &before, err) != STATUS_OK)) {
		return err->status;
	}
	header = openings ? 0 : codec_map_begin(out);
	for (size_t i = 0; i < kind->field_count && settled != NULL; i++) {
		const char *name = kind->fields[i].name;
		const msgpack_object *one = codec_get(settled, name);
		const msgpack_object *value = codec_get(one, "value");

		if (one == NULL) {
			continue;
		}
		if ((seen & before) >> i & 1) {
			count++;
			if (!openings && put_sides(view, name, value, out, err) != STATUS_OK) {
				return err->status;
			}
			if (openings) {
				codec_put_map(out, 4);
				codec_pair_text(out, "id", view->record->id);
				codec_pair_text(out, "field", name);
				codec_pair_object(out, "salt", codec_get(one, "salt"));
				codec_pair_object(out, "value", value);
			}
		} else {
			view->hidden++;
		}
	}
	if (!openings) {
		codec_map_end(out, header, count);
	}
	view->shown = count;
	return STATUS_OK;
}

enum status settled_put(struct settled_view *view, struct buffer *out, struct error *err)
{
	return put_all(view, false, out, err);
}

enum status settled_put_openings(struct settled_view *view, struct buffer *out, struct error *err)
{
	return put_all(view, true, out, err);
}
