/* Writing what was judged: one journal entry for the whole change-set, one new revision for each record. */
#include "server/records/settled.h"

#include "common/text.h"

#include <string.h>

static bool is_idle(const struct item *item)
{
	return !item->creates && !item->removes && item->changed == 0 && item->settlement_count == 0;
}

/* The fields of one item for the journal: those that changed; for a removal, none. */
static enum status fill_change(struct change_set *set, const struct item *item, struct journal_change *out,
			       struct error *err)
{
	struct buffer packed;
	enum status status = STATUS_OK;

	*out = (struct journal_change){
		.kind = item->kind->name,
		.id = item->id,
		.revision = item->before.row.revision + 1,
		.verb = item->verb,
		.settled = item->settlements,
		.settled_count = item->settlement_count,
		.fields = arena_array(set->arena, item->kind->field_count, sizeof(struct journal_field)),
	};
	if (out->fields == NULL) {
		return error_memory(err);
	}
	buffer_init(&packed, 1 << 24);
	for (size_t i = 0; !item->removes && i < item->kind->field_count; i++) {
		struct journal_field *field = &out->fields[out->field_count];
		const void *copy = NULL;

		if ((item->changed >> i & 1) == 0) {
			continue;
		}
		buffer_clear(&packed);
		codec_put_object(&packed, item->values[i]);
		copy = packed.failed ? NULL : arena_copy(set->arena, packed.data, packed.length);
		if (copy == NULL) {
			status = error_memory(err);
			goto out;
		}
		field->name = item->kind->fields[i].name;
		field->value = (struct span){copy, packed.length};
		out->field_count++;
	}
out:
	buffer_release(&packed);
	return status;
}

/* The revision at which each group last changed: the old map with this item's groups at the new revision. */
static void put_groups(const struct item *item, const msgpack_object *old, int64_t revision,
		       struct buffer *out)
{
	size_t count = 0;
	size_t header = codec_map_begin(out);

	for (size_t i = 0; i < item->kind->field_count; i++) {
		const char *group = field_group(&item->kind->fields[i]);
		int64_t last = codec_get_int(old, group, 0);
		bool first_of_group = true;

		for (size_t k = 0; k < item->kind->field_count; k++) {
			if (strcmp(field_group(&item->kind->fields[k]), group) != 0) {
				continue;
			}
			first_of_group = first_of_group && k >= i;
			if ((item->changed >> k & 1) != 0) {
				last = revision;
			}
		}
		if (first_of_group && last > 0) {
			codec_pair_int(out, group, last);
			count++;
		}
	}
	codec_map_end(out, header, count);
}

static void put_salts(const struct journal_change *change, struct buffer *out)
{
	codec_put_map(out, change->field_count + (change->settled_count > 0 ? 1 : 0));
	for (size_t i = 0; i < change->field_count; i++) {
		codec_put_text(out, change->fields[i].name);
		codec_put_bin(out, change->fields[i].salt, sizeof(change->fields[i].salt));
	}
	if (change->settled_count == 0) {
		return;
	}
	codec_put_text(out, SETTLED_KEY);
	codec_put_map(out, change->settled_count);
	for (size_t i = 0; i < change->settled_count; i++) {
		const struct journal_field *settled = &change->settled[i];

		codec_put_text(out, settled->name);
		codec_put_map(out, 2);
		codec_put_text(out, "salt");
		codec_put_bin(out, settled->salt, sizeof(settled->salt));
		codec_put_text(out, "value");
		codec_put_raw(out, settled->value);
	}
}

/* The folded title, for the store's index of titles; NULL without memory. */
static const char *folded_title(struct change_set *set, const struct item *item)
{
	const char *title = item_text(set, item, item->kind->title);

	if (item->removes) {
		return "";
	}
	if (!item->creates && !item_changed(item, item->kind->title)) {
		return item->before.row.title;
	}
	return text_fold(set->arena, title, strlen(title));
}

static enum status write_item(struct change_set *set, const struct item *item,
			      const struct journal_change *change, const struct record_row *act,
			      struct error *err)
{
	struct record_row row = *act;
	const msgpack_object *groups = NULL;
	struct buffer body;
	struct buffer packed_groups;
	struct buffer salts;
	enum status status = STATUS_OK;

	buffer_init(&body, 1 << 24);
	buffer_init(&packed_groups, 1 << 16);
	buffer_init(&salts, 1 << 24); /* values given up lie in it too */
	if (!item->creates && codec_decode(set->arena, item->before.row.groups, &groups, err) != STATUS_OK) {
		status = err->status;
		goto out;
	}
	item_put_body(item, &body);
	put_groups(item, groups, change->revision, &packed_groups);
	put_salts(change, &salts);
	row.kind = item->kind->name;
	row.number = item->number;
	row.revision = change->revision;
	row.verb = item->verb;
	row.created_entry = item->creates ? row.entry : item->before.row.created_entry;
	row.created_at = item->creates ? row.at : item->before.row.created_at;
	row.created_person = item->creates ? row.person : item->before.row.created_person;
	row.created_by = item->creates ? row.by : item->before.row.created_by;
	row.owner = item->removes ? "" : item_text(set, item, "owner");
	row.state = item->removes ? "" : item_text(set, item, "state");
	row.title = folded_title(set, item);
	row.removed = item->removes;
	row.body = buffer_span(&body);
	row.groups = buffer_span(&packed_groups);
	row.salts = buffer_span(&salts);
	if (body.failed || packed_groups.failed || salts.failed || row.title == NULL) {
		status = error_memory(err);
		goto out;
	}
	status = store_record_put(set->context->store, set->partnership, &row, err);
	if (status == STATUS_OK && item->kind->directory) {
		status = store_directory_changed(set->context->store, err);
	}
out:
	buffer_release(&body);
	buffer_release(&packed_groups);
	buffer_release(&salts);
	return status;
}

enum status set_apply(struct change_set *set, struct span request, int64_t *entry_number, struct error *err)
{
	const struct session *session = set->session;
	const struct post *post = session != NULL ? session_post(session, set->roles) : NULL;
	struct record_row act = {
		.at = set->now,
		.person = session != NULL ? session->person : 0,
		.by = session != NULL ? session_describe(set->arena, session, post) : "the server",
		.post = post != NULL ? post->post : "",
	};
	struct journal_entry entry = {
		.at = set->now,
		.what = "change",
		.person = session != NULL ? session->person_id : "",
		.by = act.by,
		.post = act.post,
		.body = post != NULL ? post->body : "",
		.credential = session != NULL ? session->credential.number : 0,
		.request = request,
		.reason = set->reason,
		.note = "",
	};

	*entry_number = -1;
	entry.changes = arena_array(set->arena, set->item_count, sizeof(*entry.changes));
	if (entry.changes == NULL || act.by == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < set->item_count; i++) {
		if (!is_idle(&set->items[i]) &&
		    fill_change(set, &set->items[i], &entry.changes[entry.change_count++], err) !=
			    STATUS_OK) {
			return err->status;
		}
	}
	if (entry.change_count == 0) {
		return STATUS_OK;
	}
	if (journal_append(set->context->journal, set->context->store, set->arena, set->partnership, &entry,
			   &act.entry, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < set->item_count; i++) {
		if (!is_idle(&set->items[i])) {
			if (write_item(set, &set->items[i], &entry.changes[act.place], &act, err) !=
			    STATUS_OK) {
				return err->status;
			}
			act.place++;
		}
	}
	*entry_number = act.entry;
	return STATUS_OK;
}

/* What has another value than at the base, and this item did not touch: told, not refused. */
static enum status put_also(struct change_set *set, const struct item *item, struct buffer *out,
			    struct error *err)
{
	uint64_t seen = record_fields_seen(&set->visibility, &item->before);
	struct record base = {.fields = NULL};
	struct record_row row;
	size_t count = 0;
	size_t header = codec_map_begin(out);
	bool moved = !item->creates && item->base < item->before.row.revision;

	if (moved && (store_version_get(set->context->store, set->arena, set->partnership, item->kind->name,
					item->number, item->base, &row, err) != STATUS_OK ||
		      record_decode(set->arena, item->kind, &row, &base, err) != STATUS_OK)) {
		return err->status;
	}
	for (size_t i = 0; moved && i < item->kind->field_count; i++) {
		const char *name = item->kind->fields[i].name;
		const msgpack_object *now = codec_get(item->before.fields, name);

		if ((seen >> i & 1) != 0 && (item->asked >> i & 1) == 0 &&
		    !codec_same(codec_get(base.fields, name), now)) {
			codec_pair_object(out, name, now);
			count++;
		}
	}
	codec_map_end(out, header, count);
	return STATUS_OK;
}

/* Whose agreement the record needs next: the steps by a second person that lead on from where the item leaves it. */
static void put_agreement(const struct item *item, struct buffer *out)
{
	const struct kind *kind = item->kind;
	size_t length = 0;
	const char *state =
		item->transition != NULL ? item->transition->to : words_next(kind->states, &length);
	size_t header = codec_list_begin(out);
	size_t count = 0;
	char from[40];
	char who[300];

	length = item->transition != NULL ? strlen(state) : length;
	snprintf(from, sizeof(from), "%.*s", (int)length, state != NULL ? state : "");
	for (size_t i = 0; (item->creates || item->transition != NULL) && i < kind->transition_count; i++) {
		const struct transition *step = &kind->transitions[i];

		if (step->second_person && words_have(step->from, from, length)) {
			policy_holders(kind, from, step->verb, who, sizeof(who));
			codec_put_map(out, 2);
			codec_pair_text(out, "verb", step->verb);
			codec_pair_text(out, "who", who);
			count++;
		}
	}
	codec_list_end(out, header, count);
}

enum status set_answer(struct change_set *set, int64_t entry, bool dry_run, struct buffer *out,
		       struct error *err)
{
	char at[TIME_TEXT];

	entry = dry_run ? -1 : entry;
	time_format(set->now, at);
	codec_put_map(out, entry >= 0 ? 3 : 2);
	if (entry >= 0) {
		codec_pair_int(out, "entry", entry);
	}
	codec_pair_text(out, "at", at);
	codec_put_text(out, "changes");
	codec_put_list(out, set->item_count);
	for (size_t i = 0; i < set->item_count; i++) {
		const struct item *item = &set->items[i];

		codec_put_map(out, dry_run ? 6 : 5);
		codec_pair_text(out, "id", item->id);
		codec_pair_text(out, "kind", item->kind->name);
		codec_pair_int(out, "revision", item->before.row.revision + (is_idle(item) ? 0 : 1));
		codec_pair_text(out, "ref", item->ref);
		codec_put_text(out, "also");
		if (put_also(set, item, out, err) != STATUS_OK) {
			return err->status;
		}
		if (dry_run) {
			codec_put_text(out, "agreement");
			put_agreement(item, out);
		}
	}
	return STATUS_OK;
}
