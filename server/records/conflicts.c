/* Conflicts: what somebody else changed since the base of an item, in a conflict group that the item changes too. All of
 * them are found, with what a person needs to choose: the three values, who made the present one, for whom and when. */
#include "server/records/changeset.h"

#include "common/calendar.h"

#include <string.h>

/* ---- for whom ---- */

struct agency {
	struct change_set *set;
	const struct kind *kind; /* organisation */
	const char *by;          /* a sentence that may end with "for NAME" */
	const char *name;        /* "": none found */
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t tail = strlen(end);

	return tail > 0 && length >= tail && strcmp(text + length - tail, end) == 0;
}

static enum status visit_organisation(void *payload, const struct record_row *row, struct error *err)
{
	struct agency *agency = payload;
	struct arena *arena = agency->set->arena;
	struct record record;
	const char *name = NULL;
	const char *end = NULL;

	if (record_decode(arena, agency->kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	name = record_text(arena, &record, "name");
	end = arena_printf(arena, " for %s", name);
	if (end == NULL) {
		return error_memory(err);
	}
	if (ends_with(agency->by, end) && strlen(name) > strlen(agency->name)) {
		agency->name = name;
	}
	return STATUS_OK;
}

/* The organisation that the post was held for, as the sentence says; or else the one that the person is of. */
static enum status find_agency(struct change_set *set, const struct record_row *row, const char **out,
			       struct error *err)
{
	struct context *context = set->context;
	struct agency agency = {
		.set = set,
		.kind = schema_kind(context->schema, "organisation", strlen("organisation")),
		.by = row->by,
		.name = "",
	};
	const struct kind *person_kind = schema_kind(context->schema, "person", strlen("person"));
	struct record person;
	struct record organisation;
	struct error ignored = ERROR_INIT;
	char id[ID_TEXT];

	if (store_record_each(context->store, set->partnership, "organisation", 0, visit_organisation,
			      &agency, err) != STATUS_OK) {
		return err->status;
	}
	*out = agency.name;
	if (agency.name[0] != '\0' || row->person == 0) {
		return STATUS_OK;
	}
	id_format(person_kind->prefix, row->person, id);
	if (record_load(context, set->arena, set->partnership, id, strlen(id), &person, &ignored) ==
	    STATUS_OK) {
		const char *of = record_text(set->arena, &person, "organisation");

		if (of[0] != '\0' && record_load(context, set->arena, set->partnership, of, strlen(of),
						 &organisation, &ignored) == STATUS_OK) {
			*out = record_text(set->arena, &organisation, "name");
		}
	}
	return STATUS_OK;
}

/* ---- what collides ---- */

/* An item with what was at its base. */
struct collision {
	struct item *item;
	struct record base;
	uint64_t base_seen; /* fields of it that this person may see, as it was then */
};

static int64_t group_revision(const msgpack_object *groups, const struct field *field)
{
	return codec_get_int(groups, field_group(field), 1);
}

static enum status put_conflict(struct change_set *set, const struct collision *collision,
				const struct field *field, int64_t revision, struct error *err)
{
	const struct item *item = collision->item;
	size_t index = (size_t)(field - item->kind->fields);
	bool base_seen = (collision->base_seen >> index & 1) != 0;
	const char *agency = "";
	struct record_row row;
	char at[TIME_TEXT];

	if (store_version_get(set->context->store, set->arena, set->partnership, item->kind->name,
			      item->number, revision, &row, err) != STATUS_OK ||
	    find_agency(set, &row, &agency, err) != STATUS_OK) {
		return err->status;
	}
	time_format(row.at, at);
	codec_put_map(set->details, 10);
	codec_pair_text(set->details, "id", item->id);
	codec_pair_text(set->details, "field", field->name);
	codec_pair_object(set->details, "base",
			  base_seen ? codec_get(collision->base.fields, field->name) : NULL);
	codec_pair_object(set->details, "theirs", codec_get(item->before.fields, field->name));
	codec_pair_object(set->details, "mine", (item->asked >> index & 1) != 0 ? item->values[index] : NULL);
	codec_pair_text(set->details, "by", row.by);
	codec_pair_text(set->details, "agency", agency);
	codec_pair_text(set->details, "at", at);
	codec_pair_int(set->details, "revision", revision);
	codec_pair_int(set->details, "entry", row.entry);
	return STATUS_OK;
}

/* The past is shown to whom it could be shown then: anybody can name any revision as the one that they saw. */
static enum status read_base(struct change_set *set, struct collision *collision, struct error *err)
{
	const struct item *item = collision->item;
	struct record_row row;
	bool visible = false;

	if (store_version_get(set->context->store, set->arena, set->partnership, item->kind->name,
			      item->number, item->base, &row, err) != STATUS_OK ||
	    record_decode(set->arena, item->kind, &row, &collision->base, err) != STATUS_OK ||
	    record_visible(&set->visibility, &collision->base, &visible, err) != STATUS_OK) {
		return err->status;
	}
	collision->base_seen = visible ? record_fields_seen(&set->visibility, &collision->base) : 0;
	return STATUS_OK;
}

/* Which fields of an item somebody else changed since its base, in a way that it collides with. A field that is not
 * this person's to see is never named: it cannot be theirs to edit, and for a decision on the whole record it is
 * only counted. */
static enum status find_conflicts(struct change_set *set, struct item *item, size_t *count, struct error *err)
{
	bool whole = item->removes || item->transition != NULL;
	uint64_t seen = record_fields_seen(&set->visibility, &item->before);
	const msgpack_object *groups = NULL;
	struct collision collision = {.item = item};

	if (item->creates || item->base == item->before.row.revision) {
		return STATUS_OK;
	}
	if (codec_decode(set->arena, item->before.row.groups, &groups, err) != STATUS_OK ||
	    read_base(set, &collision, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < item->kind->field_count; i++) {
		const struct field *field = &item->kind->fields[i];
		int64_t revision = group_revision(groups, field);
		bool moved = revision > item->base;
		bool touched = (item->asked >> i & 1) != 0 && (item->changed >> i & 1) != 0;
		bool differs = !codec_same(codec_get(collision.base.fields, field->name),
					   codec_get(item->before.fields, field->name));

		if (moved && (touched || (whole && differs)) && (seen >> i & 1) != 0) {
			if (put_conflict(set, &collision, field, revision, err) != STATUS_OK) {
				return err->status;
			}
			++*count;
		}
	}
	return STATUS_OK;
}

enum status set_conflicts(struct change_set *set, struct error *err)
{
	size_t count = 0;
	size_t header = codec_list_begin(set->details);
	const char *first = NULL;

	for (size_t i = 0; i < set->item_count; i++) {
		size_t before = count;

		if (find_conflicts(set, &set->items[i], &count, err) != STATUS_OK) {
			return err->status;
		}
		if (first == NULL && count > before) {
			first = item_name(set, &set->items[i]);
		}
	}
	codec_list_end(set->details, header, count);
	if (count == 0) {
		buffer_clear(set->details);
		return STATUS_OK;
	}
	error_set(err, STATUS_CONFLICT,
		  "%s was changed by somebody else since you read it: %zu field%s collide%s. "
		  "Nothing was changed.",
		  first, count, count == 1 ? "" : "s", count == 1 ? "s" : "");
	return error_hint(err, "Look at base, theirs and mine, then send again what shall stand, with the "
			       "present revision.");
}
