/* From the journal to notices. A watcher is a cursor: what it has not been told yet is read from the store when it
 * can take it, so a slow one costs no memory. */
#include "server/live/feed.h"

#include "common/calendar.h"
#include "server/records/recent.h"
#include "server/records/under.h"
#include "server/records/views.h"
#include "server/records/visible.h"

#include <string.h>

struct feed {
	struct context *context;
	struct arena *arena;
	const struct session *session;
	const struct watch_wish *wish;
	struct visibility visibility;
	struct buffer *out;
	bool personal;  /* an appointment changed: what is told hangs on the person, not on rights alone */
	bool own_posts; /* an appointment of the session's person changed in this entry */
	bool unveiled;  /* so did the sight of a record that others stand or fall with */
	bool moved; /* one that others stand under came into the watch, or left it, without them being touched */
};

/* How a revision stands to the watch. */
struct sight {
	bool visible;  /* to the session */
	bool chosen;   /* and what the watch is for: by owner, by what it stands under */
	uint64_t seen; /* the fields that are shown */
};

/* TALE_WHOLE: the record comes into the watch with this revision, new or not, or other fields of it are shown than before. */
enum tale { TALE_WHOLE, TALE_CHANGED, TALE_REMOVED, TALE_LEFT, TALE_LOST };

struct family {
	struct feed *feed;
	const struct record *parent;
	const struct kind *kind; /* of the children looked for */
	bool found;
};

/* Of a kind or id that is asked for: what anybody may know of any record. */
static bool wanted(const struct feed *feed, const struct record *record)
{
	return (feed->wish->kind[0] == '\0' || strcmp(feed->wish->kind, record->kind->name) == 0) &&
	       (feed->wish->id[0] == '\0' || strcmp(feed->wish->id, record->id) == 0);
}

/* Whether a revision that the session may see is what the watch is for, as it stood at an entry. Only what is seen of it
 * is looked at, so nobody can find out by a watch what is hidden from him. */
static enum status chosen(struct feed *feed, const struct record *record, int64_t entry, bool *out,
			  struct error *err)
{
	const struct watch_wish *wish = feed->wish;

	*out = true;
	if (wish->owner[0] != '\0') {
		const struct field *owner = kind_field(record->kind, "owner", strlen("owner"));

		*out = owner != NULL &&
		       (record_fields_seen(&feed->visibility, record) >> (owner - record->kind->fields) &
			1) != 0 &&
		       strcmp(record_text(feed->arena, record, "owner"), wish->owner) == 0;
	}
	return *out && wish->under[0] != '\0'
		       ? record_under(&feed->visibility, record, entry, wish->under, out, err)
		       : STATUS_OK;
}

static enum status look(struct feed *feed, const struct record *record, int64_t entry, struct sight *out,
			struct error *err)
{
	*out = (struct sight){0};
	if (record->row.removed) {
		return STATUS_OK;
	}
	if (record_visible(&feed->visibility, record, &out->visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!out->visible) {
		return STATUS_OK;
	}
	out->seen = record_fields_seen(&feed->visibility, record);
	return chosen(feed, record, entry, &out->chosen, err);
}

/* How the record stood before this revision. */
static enum status look_before(struct feed *feed, const struct record *record, struct sight *out,
			       struct error *err)
{
	struct record_row row;
	struct record before;

	*out = (struct sight){0};
	if (record->row.revision == 1) {
		return STATUS_OK;
	}
	if (store_version_get(feed->context->store, feed->arena, feed->session->partnership,
			      record->kind->name, record->row.number, record->row.revision - 1, &row,
			      err) != STATUS_OK ||
	    record_decode(feed->arena, record->kind, &row, &before, err) != STATUS_OK) {
		return err->status;
	}
	return look(feed, &before, record->row.entry - 1, out, err);
}

/* Whether records that are there refer to this one as their parent. */
static enum status visit_child(void *payload, const struct record_row *row, struct error *err)
{
	struct family *family = payload;
	struct record child;

	if (record_decode(family->feed->arena, family->kind, row, &child, err) != STATUS_OK) {
		return err->status;
	}
	if (strcmp(record_text(family->feed->arena, &child, policy_parent(family->kind)->name),
		   family->parent->id) == 0) {
		family->found = true;
		return STATUS_INTERRUPTED;
	}
	return STATUS_OK;
}

static enum status has_children(struct feed *feed, const struct record *parent, bool *out, struct error *err)
{
	const struct schema *schema = feed->context->schema;
	struct family family = {.feed = feed, .parent = parent};

	for (size_t i = 0; i < schema->kind_count && !family.found; i++) {
		const struct field *field = policy_parent(&schema->kinds[i]);

		family.kind = &schema->kinds[i];
		if (field == NULL || (field->kind != NULL && strcmp(field->kind, parent->kind->name) != 0)) {
			continue;
		}
		if (store_record_each(feed->context->store, feed->session->partnership, family.kind->name, 0,
				      visit_child, &family, err) != STATUS_OK) {
			return err->status;
		}
	}
	*out = family.found;
	return STATUS_OK;
}

/* Those that changed; all that are there when `changed` is NULL. */
static void put_fields(struct feed *feed, const struct record *record, const msgpack_object *changed)
{
	uint64_t seen = record_fields_seen(&feed->visibility, record);
	size_t count = 0;
	size_t header = 0;

	codec_put_text(feed->out, "fields");
	header = codec_map_begin(feed->out);
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const char *name = record->kind->fields[i].name;

		const msgpack_object *value = codec_get(record->fields, name);

		if ((seen >> i & 1) != 0 && (changed != NULL ? codec_get(changed, name) : value) != NULL) {
			codec_pair_object(feed->out, name, value);
			count++;
		}
	}
	codec_map_end(feed->out, header, count);
}

static enum status put_notice(struct feed *feed, const struct record *record, enum tale tale,
			      struct error *err)
{
	static const char *const bare_words[] = {
		[TALE_REMOVED] = "removed", [TALE_LEFT] = "left", [TALE_LOST] = "lost"};
	const msgpack_object *changed = NULL; /* the salts name the fields that this revision changed */
	const struct field *title =
		kind_field(record->kind, record->kind->title, strlen(record->kind->title));
	bool bare = tale != TALE_WHOLE && tale != TALE_CHANGED;
	bool lost = tale == TALE_LOST;
	char at[TIME_TEXT];

	if (codec_decode(feed->arena, record->row.salts, &changed, err) != STATUS_OK) {
		return err->status;
	}
	time_format(record->row.at, at);
	message_put_notice(feed->out, "changed");
	codec_put_map(feed->out, bare ? 9 : 11);
	codec_pair_int(feed->out, "watch", feed->wish->number);
	codec_pair_int(feed->out, "entry", record->row.entry);
	codec_pair_text(feed->out, "at", at);
	codec_pair_text(feed->out, "by", lost ? "" : record->row.by);
	codec_pair_text(feed->out, "verb", lost ? "" : record->row.verb);
	codec_pair_text(feed->out, "id", record->id);
	codec_pair_text(feed->out, "kind", record->kind->name);
	codec_pair_int(feed->out, "revision", record->row.revision);
	if (bare) {
		codec_pair_flag(feed->out, bare_words[tale], true);
		return STATUS_OK;
	}
	codec_put_text(feed->out, "title");
	if ((record_fields_seen(&feed->visibility, record) >> (title - record->kind->fields) & 1) != 0) {
		codec_put_object(feed->out, codec_get(record->fields, title->name));
	} else {
		codec_put_nil(feed->out);
	}
	codec_pair_flag(feed->out, "whole", tale == TALE_WHOLE);
	put_fields(feed, record, tale == TALE_WHOLE ? NULL : changed);
	return STATUS_OK;
}

/* What is lost is told whatever the watch is for: who hears of it only when it belonged to a body, or stood under a
 * record, would learn where it was hidden. */
static enum status tell_of(struct feed *feed, const struct record *record, struct sight before,
			   struct sight then, bool today, struct error *err)
{
	if (then.visible && today && then.chosen) {
		return put_notice(feed, record,
				  before.chosen && before.seen == then.seen ? TALE_CHANGED : TALE_WHOLE, err);
	}
	if (record->row.removed) {
		return before.chosen ? put_notice(feed, record, TALE_REMOVED, err) : STATUS_OK;
	}
	if (before.visible && !then.visible) {
		return put_notice(feed, record, TALE_LOST, err);
	}
	return before.chosen && today ? put_notice(feed, record, TALE_LEFT, err) : STATUS_OK;
}

/* Whether with this revision others came into the watch or left it that were not touched themselves. */
static enum status look_below(struct feed *feed, const struct record *record, struct sight before,
			      struct sight then, bool today, struct error *err)
{
	bool veil = before.visible != then.visible;
	bool way = feed->wish->under[0] != '\0' && before.visible && then.visible && today &&
		   before.chosen != then.chosen;
	bool *below = veil ? &feed->unveiled : &feed->moved;

	if (record->row.revision == 1 || record->row.removed || !(veil || way) || *below) {
		return STATUS_OK;
	}
	return has_children(feed, record, below, err);
}

static enum status visit(void *payload, const struct record_row *row, struct error *err)
{
	struct feed *feed = payload;
	const struct kind *kind = schema_kind(feed->context->schema, row->kind, strlen(row->kind));
	struct record record;
	struct sight before;
	struct sight then;
	bool today = false;

	if (kind == NULL) {
		return STATUS_OK; /* a kind that this version of the schema has given up */
	}
	if (record_decode(feed->arena, kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	feed->personal = feed->personal || strcmp(kind->name, "appointment") == 0;
	if (strcmp(kind->name, "appointment") == 0 &&
	    strcmp(record_text(feed->arena, &record, "person"), feed->session->person_id) == 0) {
		feed->own_posts = true;
	}
	if (look(feed, &record, row->entry, &then, err) != STATUS_OK ||
	    look_before(feed, &record, &before, err) != STATUS_OK ||
	    record_visible_today(&feed->visibility, &record, &today, err) != STATUS_OK ||
	    look_below(feed, &record, before, then, today, err) != STATUS_OK) {
		return err->status;
	}
	return wanted(feed, &record) ? tell_of(feed, &record, before, then, today, err) : STATUS_OK;
}

void feed_put_resync(struct buffer *out, const struct watch_wish *wish, int64_t entry)
{
	message_put_notice(out, "resync");
	codec_put_map(out, 2);
	codec_pair_int(out, "watch", wish->number);
	codec_pair_int(out, "entry", entry);
}

static enum status collect_entry(struct feed *feed, int64_t entry, struct error *err)
{
	feed->own_posts = false;
	feed->unveiled = false;
	feed->moved = false;
	if (store_version_each_of_entry(feed->context->store, feed->session->partnership, entry, visit, feed,
					err) != STATUS_OK) {
		return err->status;
	}
	if (feed->own_posts || feed->unveiled || feed->moved) {
		feed_put_resync(feed->out, feed->wish, entry);
	}
	return STATUS_OK;
}

void feed_put_scope(struct buffer *out, const struct watch_wish *wish)
{
	codec_put_text(out, wish->kind);
	codec_put_text(out, wish->id);
	codec_put_text(out, wish->owner);
	codec_put_text(out, wish->under);
}

/* Everything that a feed is made from, but the records and the rights: the wish, all of it. */
static bool feed_key(const struct feed *feed, struct digest *out)
{
	const struct watch_wish *wish = feed->wish;
	struct buffer asked;

	buffer_init(&asked, 1000);
	codec_put_text(&asked, "watch");
	codec_put_int(&asked, wish->number);
	codec_put_int(&asked, wish->since);
	feed_put_scope(&asked, wish);
	return views_key(feed->session, &asked, out);
}

/* Whole entries, until there are enough of them or of their bytes: one that is slow may not have more waiting for it than a
 * connection holds. */
static enum status collect(struct feed *feed, int64_t entries, int64_t *reached, struct error *err)
{
	size_t start = feed->out->length;
	int64_t entry = feed->wish->since;

	while (entry + 1 < entries && entry - feed->wish->since < FEED_ENTRIES &&
	       feed->out->length - start < FEED_BYTES) {
		if (collect_entry(feed, entry + 1, err) != STATUS_OK) {
			return err->status;
		}
		entry++;
	}
	*reached = entry;
	return feed->out->failed ? error_memory(err) : STATUS_OK;
}

/* What was told to another, with how far it went in front; or made anew, and kept. */
static enum status tell(struct feed *feed, int64_t entries, int64_t *reached, struct error *err)
{
	struct views *views = feed->context->views;
	size_t start = feed->out->length;
	size_t refused = arena_refused(feed->arena);
	struct digest key;
	struct span view;
	struct buffer kept;

	if (views == NULL || !feed_key(feed, &key)) {
		return collect(feed, entries, reached, err);
	}
	if (views_find(views, &key, entries, &view)) {
		memcpy(reached, view.data, sizeof(*reached));
		buffer_append(feed->out, view.data + sizeof(*reached), view.length - sizeof(*reached));
		return feed->out->failed ? error_memory(err) : STATUS_OK;
	}
	if (collect(feed, entries, reached, err) != STATUS_OK) {
		return err->status;
	}
	if (feed->personal || arena_refused(feed->arena) != refused) {
		return STATUS_OK;
	}
	buffer_init(&kept, sizeof(*reached) + feed->out->length - start);
	buffer_append(&kept, reached, sizeof(*reached));
	if (feed->out->length > start) {
		buffer_append(&kept, feed->out->data + start, feed->out->length - start);
	}
	if (!kept.failed) {
		views_keep(views, &key, entries, buffer_span(&kept));
	}
	buffer_release(&kept);
	return STATUS_OK;
}

enum status feed_collect(struct context *context, struct arena *arena, const struct session *session,
			 const struct watch_wish *wish, struct buffer *out, int64_t *reached, bool *more,
			 struct error *err)
{
	struct feed feed = {.context = context, .arena = arena, .session = session, .wish = wish, .out = out};
	int64_t entries = 0;
	int64_t last = wish->since;

	visibility_init(&feed.visibility, context, arena, session);
	if (recent_entries(context, session->partnership, &entries, err) != STATUS_OK ||
	    tell(&feed, entries, &last, err) != STATUS_OK) {
		return err->status;
	}
	*reached = last;
	*more = last + 1 < entries;
	return STATUS_OK;
}
