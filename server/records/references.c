/* References: what a person typed (an id, an exact title, or the @name of a new record) becomes an id, and what it
 * points to must be there and be visible to whoever points. */
#include "server/records/changeset.h"

#include "common/text.h"

#include <string.h>

static const char *article(const char *noun)
{
	return strchr("aeiou", noun[0]) ? "an" : "a";
}

static enum status by_ref_name(struct change_set *set, const struct field *field, const char *text,
			       char out[ID_TEXT], struct error *err)
{
	for (size_t i = 0; i < set->item_count; i++) {
		const struct item *item = &set->items[i];

		if (item->ref == NULL || strcmp(item->ref, text) != 0) {
			continue;
		}
		if (field->kind != NULL && strcmp(field->kind, item->kind->name) != 0) {
			return error_set(err, STATUS_INVALID, "%s: %s is a new %s, and must be %s %s.",
					 field->name, text, item->kind->name, article(field->kind),
					 field->kind);
		}
		memcpy(out, item->id, ID_TEXT);
		return STATUS_OK;
	}
	return error_set(err, STATUS_INVALID, "%s: the change-set creates no record called %s.", field->name,
			 text);
}

/* The records of a kind that bear a title, as far as the person sees them: a hidden one does not count. */
struct namesakes {
	struct change_set *set;
	const struct kind *kind;
	const char *folded;
	int64_t count;
	char id[ID_TEXT]; /* of the first */
};

static enum status visit_namesake(void *payload, const struct record_row *row, struct error *err)
{
	struct namesakes *namesakes = payload;
	struct record record;
	bool visible = false;

	if (strcmp(row->title, namesakes->folded) != 0) {
		return STATUS_OK;
	}
	if (record_decode(namesakes->set->arena, namesakes->kind, row, &record, err) != STATUS_OK ||
	    record_visible(&namesakes->set->visibility, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (visible && namesakes->count++ == 0) {
		memcpy(namesakes->id, record.id, sizeof(namesakes->id));
	}
	return STATUS_OK;
}

/* One alone is found by the index; only several have to be looked for. */
static enum status find_namesakes(struct namesakes *namesakes, struct error *err)
{
	struct change_set *set = namesakes->set;
	struct store *store = set->context->store;
	const struct kind *kind = namesakes->kind;
	struct record_row row;
	int64_t number = 0;
	int64_t count = 0;

	if (store_record_find(store, set->partnership, kind->name, namesakes->folded, &number, &count, err) !=
	    STATUS_OK) {
		return err->status;
	}
	if (count > 1) {
		return store_record_each(store, set->partnership, kind->name, 0, visit_namesake, namesakes,
					 err);
	}
	if (count == 0) {
		return STATUS_OK;
	}
	if (store_record_get(store, set->arena, set->partnership, kind->name, number, &row, err) !=
	    STATUS_OK) {
		return err->status;
	}
	return visit_namesake(namesakes, &row, err);
}

static enum status by_title(struct change_set *set, const struct field *field, const char *text,
			    char out[ID_TEXT], struct error *err)
{
	const struct kind *kind =
		field->kind != NULL ? schema_kind(set->context->schema, field->kind, strlen(field->kind))
				    : NULL;
	const char *folded = text_fold(set->arena, text, strlen(text));
	struct namesakes namesakes = {.set = set, .kind = kind, .folded = folded};

	if (kind == NULL) {
		error_set(err, STATUS_INVALID, "%s: \"%s\" is not an id.", field->name, text);
		return error_hint(err, "Give the record's id, such as A12.");
	}
	if (folded == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < set->item_count;
	     i++) { /* a record that this same change-set creates or renames */
		const struct item *item = &set->items[i];
		const char *title =
			item->kind == kind && !item->removes ? item_text(set, item, kind->title) : "";
		const char *item_folded = text_fold(set->arena, title, strlen(title));

		if (title[0] != '\0' && item_folded != NULL && strcmp(item_folded, folded) == 0) {
			memcpy(out, item->id, ID_TEXT);
			return STATUS_OK;
		}
	}
	if (find_namesakes(&namesakes, err) != STATUS_OK) {
		return err->status;
	}
	if (namesakes.count == 0) {
		error_set(err, STATUS_INVALID, "%s: there is no %s \"%s\" that you may see.", field->name,
			  kind->name, text);
		return error_hint(err, "`safer %s list` shows them; give the id or the exact %s.", kind->name,
				  kind->title);
	}
	if (namesakes.count > 1) {
		error_set(err, STATUS_INVALID, "%s: %lld %s are called \"%s\".", field->name,
			  (long long)namesakes.count, kind->plural, text);
		return error_hint(err, "Give the id instead; `safer %s list` shows it.", kind->name);
	}
	memcpy(out, namesakes.id, sizeof(namesakes.id));
	return STATUS_OK;
}

static enum status check_target(struct change_set *set, const struct field *field, const char id[ID_TEXT],
				struct error *err)
{
	struct record target;
	bool visible = false;
	enum status status = set_find(set, id, &target, err);

	for (size_t i = 0; status == STATUS_OK && i < set->item_count; i++) {
		if (set->items[i].creates && strcmp(set->items[i].id, id) == 0) {
			return STATUS_OK; /* the person's own new record */
		}
	}
	if (status == STATUS_OK && record_visible(&set->visibility, &target, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !visible)) {
		error_set(err, STATUS_INVALID, "%s: there is no %s that you may see.", field->name, id);
		return error_hint(err, "A reference must point to a record that is there.");
	}
	return status;
}

static enum status resolve(struct change_set *set, const struct field *field, const msgpack_object *value,
			   const msgpack_object **out, struct error *err)
{
	struct span text;
	struct id parsed;
	char id[ID_TEXT];
	const char *name = NULL;
	const struct kind *kind = NULL;
	enum status status = STATUS_OK;

	(void)codec_text(value, &text);
	name = arena_text(set->arena, (const char *)text.data, text.length);
	if (name == NULL) {
		return error_memory(err);
	}
	kind = id_parse(name, text.length, &parsed)
		       ? schema_kind_of_prefix(set->context->schema, parsed.prefix)
		       : NULL;
	if (name[0] == '@') {
		status = by_ref_name(set, field, name, id, err);
	} else if (kind == NULL) {
		status = by_title(set, field, name, id, err);
	} else if (field->kind != NULL && strcmp(field->kind, kind->name) != 0) {
		return error_set(err, STATUS_INVALID, "%s: %s is %s %s, and must be %s %s.", field->name,
				 name, article(kind->name), kind->name, article(field->kind), field->kind);
	} else {
		id_format(kind->prefix, parsed.number, id);
	}
	if (status != STATUS_OK || check_target(set, field, id, err) != STATUS_OK) {
		return err->status;
	}
	*out = codec_make_text(set->arena, id, strlen(id));
	return *out != NULL ? STATUS_OK : error_memory(err);
}

static enum status resolve_list(struct change_set *set, const struct field *field,
				const msgpack_object *value, const msgpack_object **out, struct error *err)
{
	size_t count = codec_count(value);
	const msgpack_object **items = arena_array(set->arena, count + 1, sizeof(*items));

	if (items == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (resolve(set, field, &value->via.array.ptr[i], &items[i], err) != STATUS_OK) {
			return err->status;
		}
		for (size_t k = 0; k < i; k++) {
			if (codec_same(items[i], items[k])) {
				return error_set(err, STATUS_INVALID, "%s: %.*s is there twice.", field->name,
						 (int)items[i]->via.str.size, items[i]->via.str.ptr);
			}
		}
	}
	*out = codec_make_list(set->arena, items, count);
	return *out != NULL ? STATUS_OK : error_memory(err);
}

enum status set_resolve(struct change_set *set, struct error *err)
{
	for (size_t i = 0; i < set->item_count; i++) {
		struct item *item = &set->items[i];

		set->at = i;
		for (size_t f = 0; f < item->kind->field_count; f++) {
			const struct field *field = &item->kind->fields[f];
			bool refers = field->type == FIELD_REF || field->type == FIELD_REFS;

			if (!refers || (item->asked >> f & 1) == 0 || codec_is_nil(item->values[f]) ||
			    codec_is_unknown(item->values[f])) {
				continue;
			}
			if ((field->type == FIELD_REF ? resolve : resolve_list)(
				    set, field, item->values[f], &item->values[f], err) != STATUS_OK) {
				return err->status;
			}
		}
	}
	return STATUS_OK;
}
