/* Reading a change-set: from the list of a request to items on records, before anything is judged. */
#include "server/records/settled.h"

#include "common/text.h"
#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

size_t item_field_index(const struct item *item, const char *name)
{
	const struct field *field = kind_field(item->kind, name, strlen(name));

	if (field == NULL) {
		abort(); /* a rule names a field that its kind does not have: our own mistake */
	}
	return (size_t)(field - item->kind->fields);
}

const msgpack_object *item_value(const struct item *item, const char *name)
{
	const msgpack_object *value = item->values[item_field_index(item, name)];

	return codec_is_nil(value) || codec_is_unknown(value) ? NULL : value;
}

const char *item_text(struct change_set *set, const struct item *item, const char *name)
{
	struct span text;
	const char *copy = NULL;

	if (codec_text(item_value(item, name), &text)) {
		copy = arena_text(set->arena, (const char *)text.data, text.length);
	}
	return copy != NULL ? copy : "";
}

bool item_changed(const struct item *item, const char *name)
{
	return (item->changed >> item_field_index(item, name) & 1) != 0;
}

void item_set_value(struct item *item, const char *name, const msgpack_object *value)
{
	size_t index = item_field_index(item, name);

	item->values[index] = value;
	if (codec_same(value, codec_get(item->before.fields, name))) {
		item->changed &= ~(UINT64_C(1) << index);
	} else {
		item->changed |= UINT64_C(1) << index;
	}
}

enum status item_set_text(struct change_set *set, struct item *item, const char *name, const char *text,
			  struct error *err)
{
	const msgpack_object *value = NULL;

	if (text[0] != '\0') {
		value = codec_make_text(set->arena, text, strlen(text));
		if (value == NULL) {
			return error_memory(err);
		}
	}
	item_set_value(item, name, value);
	return STATUS_OK;
}

const char *item_name(struct change_set *set, const struct item *item)
{
	const char *before = record_text(set->arena, &item->before, item->kind->title);
	const char *title = before[0] != '\0' ? before : item_text(set, item, item->kind->title);
	const char *name = title[0] != '\0' ? arena_printf(set->arena, "%s (%s)", item->id, title) : item->id;

	return name != NULL ? name : item->id;
}

void item_put_body(const struct item *item, struct buffer *out)
{
	size_t count = 0;
	size_t header = codec_map_begin(out);

	for (size_t i = 0; !item->removes && i < item->kind->field_count; i++) {
		if (!codec_is_nil(item->values[i])) {
			codec_pair_object(out, item->kind->fields[i].name, item->values[i]);
			count++;
		}
	}
	codec_map_end(out, header, count);
}

/* A record as an item will leave it. */
static enum status record_of_item(struct change_set *set, const struct item *item, struct record *out,
				  struct error *err)
{
	struct buffer body;
	struct record record = item->before;
	enum status status = STATUS_OK;
	const void *copy = NULL;

	buffer_init(&body, 1 << 24);
	item_put_body(item, &body);
	copy = body.failed ? NULL : arena_copy(set->arena, body.data, body.length);
	if (copy == NULL) {
		status = error_memory(err);
		goto out;
	}
	status = codec_decode(set->arena, (struct span){copy, body.length}, &record.fields, err);
	if (status == STATUS_OK) {
		record.kind = item->kind;
		record.standing = NULL; /* that of before */
		record.parent = NULL;
		memcpy(record.id, item->id, sizeof(record.id));
		*out = record;
	}
out:
	buffer_release(&body);
	return status;
}

enum status set_find(struct change_set *set, const char *id, struct record *out, struct error *err)
{
	for (size_t i = 0; i < set->item_count; i++) {
		if (strcmp(set->items[i].id, id) == 0) {
			if (set->items[i].removes) {
				return record_not_found(id, strlen(id), err);
			}
			return record_of_item(set, &set->items[i], out, err);
		}
	}
	return record_load(set->context, set->arena, set->partnership, id, strlen(id), out, err);
}

/* ---- reading ---- */

static const char *const item_keys[] = {"do", "kind", "ref", "id", "base", "fields", "settled"};

static enum status check_keys(const msgpack_object *map, size_t position, struct error *err)
{
	if (map->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_INVALID, "changes: item %zu is not a map.", position + 1);
	}
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		struct span key;
		bool known = false;

		(void)codec_text(&map->via.map.ptr[i].key, &key);
		for (size_t k = 0; k < sizeof(item_keys) / sizeof(item_keys[0]); k++) {
			known = known || text_equal((const char *)key.data, key.length, item_keys[k]);
		}
		if (!known) {
			return error_set(err, STATUS_INVALID,
					 "changes: item %zu has \"%.*s\", which is none of do, kind, ref, "
					 "id, base, fields, settled.",
					 position + 1, (int)key.length, (const char *)key.data);
		}
	}
	return STATUS_OK;
}

static enum status read_fields(struct change_set *set, struct item *item, const msgpack_object *fields,
			       struct error *err)
{
	for (size_t i = 0; i < item->kind->field_count; i++) {
		item->values[i] = record_field(&item->before, item->kind->fields[i].name);
	}
	if (codec_is_nil(fields)) {
		return STATUS_OK;
	}
	if (fields->type != MSGPACK_OBJECT_MAP) {
		return error_set(err, STATUS_INVALID, "%s: fields must be a map of field names to values.",
				 item->id);
	}
	for (uint32_t i = 0; i < fields->via.map.size; i++) {
		const msgpack_object_kv *pair = &fields->via.map.ptr[i];
		const struct field *field = NULL;
		struct span name;

		(void)codec_text(&pair->key, &name);
		field = kind_field(item->kind, (const char *)name.data, name.length);
		if (field == NULL) {
			error_set(err, STATUS_INVALID, "There is no field \"%.*s\" in %s.", (int)name.length,
				  (const char *)name.data, item->kind->plural);
			return error_hint(err, "`safer %s help` lists its fields.", item->kind->name);
		}
		if (field_check(set->context->schema, field, &pair->val, true, err) != STATUS_OK) {
			return err->status;
		}
		item->values[field - item->kind->fields] = codec_is_nil(&pair->val) ? NULL : &pair->val;
		item->asked |= UINT64_C(1) << (field - item->kind->fields);
	}
	return STATUS_OK;
}

static enum status read_new(struct change_set *set, struct item *item, const msgpack_object *map,
			    struct error *err)
{
	static const msgpack_object no_fields = {.type = MSGPACK_OBJECT_MAP};
	struct span kind = codec_get_text(map, "kind");
	size_t length = 0;
	const char *first_state = NULL;

	item->kind = schema_kind(set->context->schema, (const char *)kind.data, kind.length);
	if (item->kind == NULL) {
		error_set(err, STATUS_INVALID, "There is no kind \"%.*s\" to create.", (int)kind.length,
			  (const char *)kind.data);
		return error_hint(err, "`safer schema` lists the kinds.");
	}
	if (store_number_next(set->context->store, set->partnership, item->kind->name, &item->number, err) !=
	    STATUS_OK) {
		return err->status;
	}
	id_format(item->kind->prefix, item->number, item->id);
	item->creates = true;
	item->ref = codec_get_string(set->arena, map, "ref");
	item->before.kind = item->kind;
	item->before.fields = &no_fields;
	memcpy(item->before.id, item->id, sizeof(item->id));
	if (read_fields(set, item, codec_get(map, "fields"), err) != STATUS_OK ||
	    settled_read(set, item, codec_get(map, "settled"), err) != STATUS_OK) {
		return err->status;
	}
	first_state = words_next(item->kind->states, &length);
	if (first_state != NULL) {
		size_t index = item_field_index(item, "state");

		item->values[index] = codec_make_text(set->arena, first_state, length);
		if (item->values[index] == NULL) {
			return error_memory(err);
		}
	}
	return STATUS_OK;
}

static enum status read_existing(struct change_set *set, struct item *item, const msgpack_object *map,
				 struct error *err)
{
	struct span id = codec_get_text(map, "id");

	if (id.data == NULL) {
		return error_set(err, STATUS_INVALID, "changes: to %s, an item needs the record's id.",
				 item->verb);
	}
	if (record_load_visible(&set->visibility, (const char *)id.data, id.length, &item->before, err) !=
	    STATUS_OK) {
		return err->status;
	}
	item->kind = item->before.kind;
	item->number = item->before.row.number;
	memcpy(item->id, item->before.id, sizeof(item->id));
	item->removes = strcmp(item->verb, "remove") == 0;
	item->transition = kind_transition(item->kind, item->verb, strlen(item->verb));
	item->base = codec_get_int(map, "base", 0);
	if (item->transition == NULL && !item->removes && strcmp(item->verb, "edit") != 0) {
		error_set(err, STATUS_INVALID, "There is no way to %s %s.", item->verb, item->kind->plural);
		return error_hint(err, "`safer %s help` lists its verbs.", item->kind->name);
	}
	if (item->base < 1 || item->base > item->before.row.revision) {
		error_set(err, STATUS_INVALID, "%s: base must be the revision that you saw, from 1 to %lld.",
			  item->id, (long long)item->before.row.revision);
		return error_hint(err, "Read the record first; `safer %s show %s` gives its revision.",
				  item->kind->name, item->id);
	}
	if (item->removes && codec_count(codec_get(map, "fields")) > 0) {
		return error_set(err, STATUS_INVALID, "%s: a removal sets no fields.", item->id);
	}
	if (read_fields(set, item, codec_get(map, "fields"), err) != STATUS_OK) {
		return err->status;
	}
	return settled_read(set, item, codec_get(map, "settled"), err);
}

static enum status read_item(struct change_set *set, const msgpack_object *map, struct error *err)
{
	struct item *item = &set->items[set->item_count];

	if (check_keys(map, set->item_count, err) != STATUS_OK) {
		return err->status;
	}
	item->verb = codec_get_string(set->arena, map, "do");
	if (item->verb == NULL) {
		return error_set(err, STATUS_INVALID,
				 "changes: item %zu does not say what to do (create, edit, remove or a verb "
				 "of the kind).",
				 set->item_count + 1);
	}
	if ((strcmp(item->verb, "create") == 0 ? read_new : read_existing)(set, item, map, err) !=
	    STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < set->item_count; i++) {
		if (strcmp(set->items[i].id, item->id) == 0) {
			return error_set(err, STATUS_INVALID,
					 "%s is there twice; a change-set says one thing about each record.",
					 item->id);
		}
		if (item->ref != NULL && set->items[i].ref != NULL &&
		    strcmp(set->items[i].ref, item->ref) == 0) {
			return error_set(err, STATUS_INVALID, "Two new records are called %s.", item->ref);
		}
	}
	set->item_count++;
	return STATUS_OK;
}

enum status set_read(struct change_set *set, const msgpack_object *changes, struct error *err)
{
	size_t count = codec_count(changes);

	if (count == 0) {
		return error_set(err, STATUS_INVALID, "The change-set is empty.");
	}
	set->items = arena_array(set->arena, count, sizeof(*set->items));
	if (set->items == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		set->at = i;
		if (read_item(set, &changes->via.array.ptr[i], err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}
