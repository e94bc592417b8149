/* Reading one record, or many: visibility, conditions, order. */
#include "server/records/query.h"

#include "common/calendar.h"
#include "common/text.h"
#include "server/records/recent.h"
#include "server/records/under.h"

#include <stdlib.h>
#include <string.h>

/* ---- as of ---- */

static enum status no_moment(struct span text, struct error *err)
{
	return error_set(
		err, STATUS_INVALID,
		"as_of: \"%.*s\" is no date (2014-05-01), time (2014-05-01T09:30Z) or journal number.",
		(int)text.length, (const char *)text.data);
}

/* An entry that is yet to come shows another thing tomorrow than today: no moment of the past. */
static enum status at_entry(struct context *context, int64_t partnership, int64_t number, int64_t *entry,
			    struct error *err)
{
	int64_t entries = 0;

	if (store_leaf_count(context->store, partnership, &entries, err) != STATUS_OK) {
		return err->status;
	}
	if (number >= entries) {
		return error_set(err, STATUS_INVALID, "as_of: the journal ends at entry %lld.",
				 (long long)entries - 1);
	}
	*entry = number;
	return STATUS_OK;
}

enum status query_as_of(struct context *context, int64_t partnership, const msgpack_object *params,
			int64_t *entry, struct error *err)
{
	struct span text = codec_get_text(params, "as_of");
	int64_t time = 0;
	int64_t number = 0;
	day_t day = 0;

	*entry = -1;
	if (text.data == NULL) {
		return STATUS_OK;
	}
	if (date_parse((const char *)text.data, text.length, &day)) {
		time = time_of_day(day + 1) - 1;
	} else if (!time_parse((const char *)text.data, text.length, &time)) {
		for (size_t i = 0; i < text.length; i++) {
			if (text.data[i] < '0' || text.data[i] > '9' || i > 15) {
				return no_moment(text, err);
			}
			number = number * 10 + (text.data[i] - '0');
		}
		if (text.length == 0) {
			return no_moment(text, err);
		}
		return at_entry(context, partnership, number, entry, err);
	}
	if (store_leaf_at(context->store, partnership, time, entry, err) != STATUS_OK) {
		return err->status;
	}
	if (*entry < 0) {
		return error_set(err, STATUS_INVALID, "as_of: the journal begins after %.*s.",
				 (int)text.length, (const char *)text.data);
	}
	return STATUS_OK;
}

enum status query_one(struct visibility *v, const char *id, size_t id_length, int64_t entry,
		      struct record *out, struct error *err)
{
	struct id parsed;
	const struct kind *kind = NULL;
	struct record_row row;
	struct record record;
	bool visible = false;
	enum status status = STATUS_OK;

	if (entry < 0) {
		return record_load_visible(v, id, id_length, out, err);
	}
	kind = id_parse(id, id_length, &parsed) ? schema_kind_of_prefix(v->context->schema, parsed.prefix)
						: NULL;
	if (kind == NULL) {
		return error_set(err, STATUS_INVALID, "\"%.*s\" is not the id of a record.", (int)id_length,
				 id);
	}
	status = store_version_at(v->context->store, v->arena, v->session->partnership, kind->name,
				  parsed.number, entry, &row, err);
	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && row.removed)) {
		return record_not_found(id, id_length, err);
	}
	if (status != STATUS_OK || record_decode(v->arena, kind, &row, &record, err) != STATUS_OK ||
	    record_visible(v, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (visible && record_visible_today(v, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible) {
		return record_not_found(id, id_length, err);
	}
	*out = record;
	return STATUS_OK;
}

/* ---- conditions ---- */

enum relation_word { IS, NOT, LESS, MORE, AT_MOST, AT_LEAST, CONTAINS, KNOWN, UNKNOWN, RELATIONS };

static const char *const relation_words[RELATIONS] = {"is",       "not",      "less",  "more",   "at-most",
						      "at-least", "contains", "known", "unknown"};

struct condition {
	const struct field *field;
	size_t index;
	enum relation_word relation;
	const msgpack_object *value;
	const char *folded; /* of a text value */
};

struct search {
	struct visibility *visibility;
	const struct query *query;
	struct condition *conditions;
	size_t condition_count;
	const struct field *sort;
	size_t sort_index;
	bool reverse;
	struct record *records;
	size_t count, capacity;
};

static enum status read_condition(struct search *search, const msgpack_object *map, struct condition *out,
				  struct error *err)
{
	const struct kind *kind = search->query->kind;
	struct span name = codec_get_text(map, "field");
	struct span is = codec_get_text(map, "is");
	struct span text;

	out->field = kind_field(kind, (const char *)name.data, name.length);
	if (out->field == NULL) {
		error_set(err, STATUS_INVALID, "There is no field \"%.*s\" to look for in %s.",
			  (int)name.length, (const char *)name.data, kind->plural);
		return error_hint(err, "`safer %s help` lists its fields.", kind->name);
	}
	out->index = (size_t)(out->field - kind->fields);
	for (out->relation = IS; out->relation < RELATIONS; out->relation++) {
		if (text_equal((const char *)is.data, is.length, relation_words[out->relation])) {
			break;
		}
	}
	if (out->relation == RELATIONS) {
		return error_set(err, STATUS_INVALID,
				 "where: \"%.*s\" is none of is, not, less, more, at-most, at-least, "
				 "contains, known, unknown.",
				 (int)is.length, (const char *)is.data);
	}
	out->value = codec_get(map, "value");
	if (codec_text(out->value, &text)) {
		out->folded = text_fold(search->visibility->arena, (const char *)text.data, text.length);
		if (out->folded == NULL) {
			return error_memory(err);
		}
	}
	return STATUS_OK;
}

static enum status read_conditions(struct search *search, struct error *err)
{
	const msgpack_object *where = search->query->where;
	size_t count = codec_count(where);

	search->conditions = arena_array(search->visibility->arena, count + 1, sizeof(*search->conditions));
	if (search->conditions == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (where->via.array.ptr[i].type != MSGPACK_OBJECT_MAP) {
			return error_set(err, STATUS_INVALID,
					 "where: each condition is a map of field, is and value.");
		}
		if (read_condition(search, &where->via.array.ptr[i], &search->conditions[i], err) !=
		    STATUS_OK) {
			return err->status;
		}
		search->condition_count++;
	}
	return STATUS_OK;
}

static enum status read_sort(struct search *search, struct error *err)
{
	const struct kind *kind = search->query->kind;
	const char *name = search->query->sort;

	if (name == NULL) {
		return STATUS_OK;
	}
	search->reverse = name[0] == '-';
	name += search->reverse ? 1 : 0;
	search->sort = kind_field(kind, name, strlen(name));
	if (search->sort == NULL) {
		return error_set(err, STATUS_INVALID, "There is no field \"%s\" to sort %s by.", name,
				 kind->plural);
	}
	search->sort_index = (size_t)(search->sort - kind->fields);
	return STATUS_OK;
}

/* Whole numbers by size, texts by their bytes (dates and periods so fall in order), flags no before yes. */
static int compare(const msgpack_object *a, const msgpack_object *b)
{
	int64_t x = 0;
	int64_t y = 0;
	struct span s;
	struct span t;
	bool f = false;
	bool g = false;

	if (codec_int(a, &x) && codec_int(b, &y)) {
		return (x > y) - (x < y);
	}
	if (codec_flag(a, &f) && codec_flag(b, &g)) {
		return (int)f - (int)g;
	}
	if (codec_text(a, &s) && codec_text(b, &t)) {
		size_t shorter = s.length < t.length ? s.length : t.length;
		int order = shorter > 0 ? memcmp(s.data, t.data, shorter) : 0;

		return order != 0 ? order : (s.length > t.length) - (s.length < t.length);
	}
	return 0;
}

static bool same_text(struct arena *arena, const msgpack_object *value, const struct condition *condition,
		      bool part)
{
	struct span text;
	const char *folded = NULL;

	if (condition->folded == NULL) {
		return false;
	}
	if (value->type == MSGPACK_OBJECT_ARRAY) {
		for (uint32_t i = 0; i < value->via.array.size; i++) {
			if (same_text(arena, &value->via.array.ptr[i], condition, part)) {
				return true;
			}
		}
		return false;
	}
	if (!codec_text(value, &text)) {
		return false;
	}
	folded = text_fold(arena, (const char *)text.data, text.length);
	if (folded == NULL) {
		return false;
	}
	return part ? strstr(folded, condition->folded) != NULL : strcmp(folded, condition->folded) == 0;
}

static bool holds(struct search *search, const struct condition *condition, const msgpack_object *value)
{
	struct arena *arena = search->visibility->arena;
	bool there = !codec_is_nil(value);
	bool known = there && !codec_is_unknown(value);
	bool same =
		known && (codec_same(value, condition->value) || same_text(arena, value, condition, false));
	bool both_absent = !there && codec_is_nil(condition->value);

	switch (condition->relation) {
	case IS:
		return same || both_absent || (there && codec_same(value, condition->value));
	case NOT:
		return !(same || both_absent || (there && codec_same(value, condition->value)));
	case LESS:
		return known && compare(value, condition->value) < 0;
	case MORE:
		return known && compare(value, condition->value) > 0;
	case AT_MOST:
		return known && (same || compare(value, condition->value) < 0);
	case AT_LEAST:
		return known && (same || compare(value, condition->value) > 0);
	case CONTAINS:
		return known && same_text(arena, value, condition, true);
	case KNOWN:
		return known;
	case UNKNOWN:
		return there && !known;
	default:
		return false;
	}
}

/* The value of a field, as this session sees it: absent when it may not be seen. */
static const msgpack_object *seen_value(const struct record *record, const struct field *field, size_t index,
					uint64_t seen)
{
	return (seen >> index & 1) != 0 ? codec_get(record->fields, field->name) : NULL;
}

static enum status keep(struct search *search, const struct record *record, struct error *err)
{
	struct arena *arena = search->visibility->arena;

	if (search->count == search->capacity) {
		size_t capacity = search->capacity > 0 ? search->capacity * 2 : 64;
		struct record *grown = arena_array(arena, capacity, sizeof(*grown));

		if (grown == NULL) {
			return error_memory(err);
		}
		if (search->count > 0) {
			memcpy(grown, search->records, search->count * sizeof(*grown));
		}
		search->records = grown;
		search->capacity = capacity;
	}
	search->records[search->count++] = *record;
	return STATUS_OK;
}

/* The row lives only during the visit: what is kept is copied. */
static enum status copy_row(struct arena *arena, const struct record_row *row, struct record_row *out,
			    struct error *err)
{
	*out = *row;
	out->body.data = arena_copy(arena, row->body.data, row->body.length);
	out->by = arena_text(arena, row->by, strlen(row->by));
	out->created_by = arena_text(arena, row->created_by, strlen(row->created_by));
	out->verb = arena_text(arena, row->verb, strlen(row->verb));
	out->groups = (struct span){NULL, 0};
	out->salts = (struct span){NULL, 0};
	return out->body.data != NULL && out->by != NULL && out->created_by != NULL && out->verb != NULL
		       ? STATUS_OK
		       : error_memory(err);
}

/* Decoded already, when it is the present one and this is a reader. */
static enum status record_of_row(struct search *search, const struct record_row *row, struct record *out,
				 struct error *err)
{
	struct visibility *v = search->visibility;
	const struct kind *kind = search->query->kind;
	const struct record *recent = NULL;
	struct record_row copy;

	if (v->context->recent != NULL && search->query->entry < 0) {
		enum status status = recent_get(v->context->recent, v->context, v->session->partnership, kind,
						row->number, &recent, err);

		if (status == STATUS_OK) {
			*out = *recent;
		}
		return status;
	}
	if (copy_row(v->arena, row, &copy, err) != STATUS_OK) {
		return err->status;
	}
	return record_decode(v->arena, kind, &copy, out, err);
}

static enum status visit(void *payload, const struct record_row *row, struct error *err)
{
	struct search *search = payload;
	struct visibility *v = search->visibility;
	struct record record;
	bool visible = false;
	uint64_t seen = 0;

	if (row->number <= search->query->after || row->created_at < search->query->since) {
		return STATUS_OK;
	}
	if (record_of_row(search, row, &record, err) != STATUS_OK ||
	    record_visible(v, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (visible && search->query->entry >= 0 &&
	    record_visible_today(v, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible) {
		return STATUS_OK;
	}
	seen = record_fields_seen(v, &record);
	for (size_t i = 0; i < search->condition_count; i++) {
		const struct condition *condition = &search->conditions[i];

		if (!holds(search, condition,
			   seen_value(&record, condition->field, condition->index, seen))) {
			return STATUS_OK;
		}
	}
	if (search->query->under != NULL) {
		if (record_under(v, &record, search->query->entry, search->query->under, &visible, err) !=
		    STATUS_OK) {
			return err->status;
		}
		if (!visible) {
			return STATUS_OK;
		}
	}
	return keep(search, &record, err);
}

/* By the field, records without a value last whichever way round, then by number. */
static int by_field(const void *a, const void *b, void *payload)
{
	const struct search *search = payload;
	const struct record *x = a;
	const struct record *y = b;
	const msgpack_object *p =
		seen_value(x, search->sort, search->sort_index, record_fields_seen(search->visibility, x));
	const msgpack_object *q =
		seen_value(y, search->sort, search->sort_index, record_fields_seen(search->visibility, y));
	bool p_there = !codec_is_nil(p) && !codec_is_unknown(p);
	bool q_there = !codec_is_nil(q) && !codec_is_unknown(q);
	int order = 0;

	if (p_there != q_there) {
		return p_there ? -1 : 1;
	}
	if (p_there) {
		order = compare(p, q);
		order = search->reverse ? -order : order;
	}
	return order != 0 ? order : (x->row.number > y->row.number) - (x->row.number < y->row.number);
}

enum status query_many(struct visibility *v, const struct query *query, struct found *out, struct error *err)
{
	struct search search = {.visibility = v, .query = query};
	struct store *store = v->context->store;
	int64_t partnership = v->session->partnership;

	if (read_conditions(&search, err) != STATUS_OK || read_sort(&search, err) != STATUS_OK) {
		return err->status;
	}
	if ((query->entry < 0 ? store_record_each(store, partnership, query->kind->name, query->after, visit,
						  &search, err)
			      : store_record_each_at(store, partnership, query->kind->name, query->entry,
						     visit, &search, err)) != STATUS_OK) {
		return err->status;
	}
	if (search.sort != NULL && search.count > 1) {
		qsort_r(search.records, search.count, sizeof(*search.records), by_field, &search);
	}
	*out = (struct found){.records = search.records, .count = search.count};
	return STATUS_OK;
}
