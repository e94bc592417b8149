/* Presences, redacted. Those of one record stand or fall together, with whether the record may be seen. */
#include "server/live/presence_view.h"

#include "common/calendar.h"
#include "server/live/feed.h"
#include "server/policy/policy.h"
#include "server/records/query.h"
#include "server/records/recent.h"
#include "server/records/under.h"
#include "server/records/views.h"
#include "server/sessions.h"

#include <string.h>

static bool says(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool is_asked_for(const struct presence_question *question, const struct session *session,
			 const struct presence *presence)
{
	return presence->partnership == session->partnership &&
	       (question->but == 0 || presence->connection != question->but) &&
	       (!says(question->id) || strcmp(question->id, presence->id) == 0);
}

/* Whether the same person was put already, at the same record: another window, or another device. */
static bool is_repeated(const struct presence_list *list, const struct presence_question *question, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const struct presence *earlier = list->presences[i];

		if (strcmp(earlier->id, list->presences[at]->id) == 0 &&
		    strcmp(earlier->person, list->presences[at]->person) == 0 &&
		    earlier->partnership == list->presences[at]->partnership &&
		    earlier->connection != question->but) {
			return true;
		}
	}
	return false;
}

/* Of a record that the session sees: whether it is of those that are asked for. */
static enum status is_wanted(struct visibility *visibility, const struct presence_question *question,
			     const struct record *record, bool *out, struct error *err)
{
	const struct field *owner = kind_field(record->kind, "owner", strlen("owner"));

	*out = !says(question->kind) || strcmp(question->kind, record->kind->name) == 0;
	if (says(question->owner)) {
		*out = *out && owner != NULL &&
		       (record_fields_seen(visibility, record) >> (owner - record->kind->fields) & 1) != 0 &&
		       strcmp(record_text(visibility->arena, record, "owner"), question->owner) == 0;
	}
	return *out && says(question->under) ? record_under(visibility, record, -1, question->under, out, err)
					     : STATUS_OK;
}

/* Whether whoever announced it could announce it now: their post may have ended since, or the record have moved on. */
static enum status still_may_edit(struct context *context, struct arena *arena,
				  const struct presence *presence, bool *out, struct error *err)
{
	struct error gone = ERROR_INIT;
	struct session *session = NULL;
	struct visibility theirs;
	struct record record;
	enum status status = sessions_get(context->sessions, context->store, arena, &presence->fingerprint,
					  &session, &gone);

	*out = false;
	if (status == STATUS_OK) {
		visibility_init(&theirs, context, arena, session);
		status = record_load_visible(&theirs, presence->id, strlen(presence->id), &record, &gone);
	}
	if (status == STATUS_OK) {
		struct standing standing = record_standing(arena, &record);
		struct verdict verdict;

		policy_verb(session, record.kind, &standing, "edit", strlen("edit"), &verdict);
		*out = verdict.allowed;
		return STATUS_OK;
	}
	if (status == STATUS_SIGNED_OUT || status == STATUS_NOT_FOUND) {
		return STATUS_OK;
	}
	*err = gone;
	return status;
}

static void put_one(const struct presence *presence, const struct record *record, struct buffer *out)
{
	char since[TIME_TEXT];

	time_format(presence->since, since);
	codec_put_map(out, 7);
	codec_pair_text(out, "id", presence->id);
	codec_pair_text(out, "kind", record->kind->name);
	codec_pair_text(out, "person", presence->person);
	codec_pair_text(out, "name", presence->name);
	codec_pair_text(out, "organisation", presence->organisation);
	codec_pair_text(out, "by", presence->by);
	codec_pair_text(out, "since", since);
}

enum status presence_put(struct context *context, struct arena *arena, const struct session *session,
			 const struct presence_list *list, const struct presence_question *question,
			 struct buffer *out, size_t *count, struct error *err)
{
	struct visibility visibility;
	struct titles titles;
	struct record record;
	bool wanted = false;
	size_t header = 0;

	*count = 0;
	visibility_init(&visibility, context, arena, session);
	titles_init(&titles, &visibility);
	codec_put_text(out, "presences");
	header = codec_list_begin(out);
	for (size_t i = 0; list && i < list->count; i++) {
		const struct presence *presence = list->presences[i];
		struct error hidden = ERROR_INIT;

		if (!is_asked_for(question, session, presence) || is_repeated(list, question, i)) {
			continue;
		}
		if (record_load_visible(&visibility, presence->id, strlen(presence->id), &record, &hidden) !=
		    STATUS_OK) {
			if (hidden.status == STATUS_NOT_FOUND) {
				continue;
			}
			*err = hidden;
			return err->status;
		}
		if (is_wanted(&visibility, question, &record, &wanted, err) != STATUS_OK ||
		    (wanted && still_may_edit(context, arena, presence, &wanted, err) != STATUS_OK)) {
			return err->status;
		}
		if (!wanted) {
			continue;
		}
		put_one(presence, &record, out);
		if (titles_add_id(&titles, record.id, strlen(record.id), err) != STATUS_OK) {
			return err->status;
		}
		(*count)++;
	}
	codec_list_end(out, header, *count);
	codec_put_text(out, "titles");
	titles_put(&titles, out);
	return out->failed ? error_memory(err) : STATUS_OK;
}

/* ---- for watchers ---- */

static const struct digest nobody;

/* What was put for another with the same rights, or put anew and kept. It is a list of two: a digest, all zero when there
 * are none, and the pairs as they travel. */
static bool view_key(const struct session *session, const struct presence_list *list,
		     const struct watch_wish *wish, struct digest *out)
{
	struct buffer asked;

	buffer_init(&asked, 1000);
	codec_put_text(&asked, "presence");
	codec_put_int(&asked, (int64_t)list->version);
	feed_put_scope(&asked, wish);
	return views_key(session, &asked, out);
}

static enum status make_view(struct context *context, struct arena *arena, const struct session *session,
			     const struct presence_list *list, const struct watch_wish *wish,
			     struct buffer *out, struct error *err)
{
	const struct presence_question question = {
		.kind = wish->kind, .id = wish->id, .owner = wish->owner, .under = wish->under};
	struct digest *digest = NULL;
	size_t count = 0;

	(void)buffer_append(out, &nobody, sizeof(nobody));
	if (presence_put(context, arena, session, list, &question, out, &count, err) != STATUS_OK) {
		return err->status;
	}
	digest = (struct digest *)out->data; /* bytes only */
	if (count > 0) {
		digest_bytes(out->data + sizeof(nobody), out->length - sizeof(nobody), digest);
	}
	return STATUS_OK;
}

/* Into `out`, from what is kept or made anew. */
static enum status view(struct context *context, struct arena *arena, const struct session *session,
			const struct presence_list *list, const struct watch_wish *wish, struct buffer *out,
			struct error *err)
{
	struct digest key;
	struct span kept;
	int64_t entries = 0;
	size_t refused = arena_refused(arena);
	bool keeps = context->views && view_key(session, list, wish, &key);

	if (keeps && recent_entries(context, session->partnership, &entries, err) != STATUS_OK) {
		return err->status;
	}
	if (keeps && views_find(context->views, &key, entries, &kept)) {
		return buffer_append(out, kept.data, kept.length) ? STATUS_OK : error_memory(err);
	}
	if (make_view(context, arena, session, list, wish, out, err) != STATUS_OK) {
		return err->status;
	}
	if (arena_refused(arena) != refused) {
		return error_memory(err);
	}
	if (keeps) {
		views_keep(context->views, &key, entries, buffer_span(out));
	}
	return STATUS_OK;
}

enum status presence_notice(struct context *context, struct arena *arena, const struct session *session,
			    const struct presence_list *list, const struct watch_wish *wish,
			    struct digest *told, struct buffer *out, struct error *err)
{
	struct buffer seen;
	enum status status;

	if (list->count == 0 && memcmp(told, &nobody, sizeof(nobody)) == 0) {
		return STATUS_OK;
	}
	buffer_init(&seen, (size_t)context->limits->output_bytes);
	status = view(context, arena, session, list, wish, &seen, err);
	if (status == STATUS_OK && memcmp(told, seen.data, sizeof(*told)) != 0) {
		memcpy(told, seen.data, sizeof(*told));
		message_put_notice(out, "presence");
		codec_put_map(out, 3);
		codec_pair_int(out, "watch", wish->number);
		(void)buffer_append(out, seen.data + sizeof(*told), seen.length - sizeof(*told));
	}
	buffer_release(&seen);
	return status;
}
