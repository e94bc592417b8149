/* Saying what one edits, and asking who edits what. The loop keeps it (live/presences.h); here it is decided who may say
 * it, and what may be seen of it. */
#include "server/request.h"

#include "server/live/presence_view.h"
#include "server/policy/policy.h"
#include "server/records/query.h"

#include <string.h>

/* Only whoever may edit a record is announced as editing it. A record that is hidden is one that is not there. */
static enum status take_item(struct request *request, struct visibility *visibility, struct span id,
			     struct editing_item *out, struct error *err)
{
	struct record record;
	struct standing standing;
	struct verdict verdict;
	const struct post *post;

	if (record_load_visible(visibility, (const char *)id.data, id.length, &record, err) != STATUS_OK) {
		return err->status;
	}
	standing = record_standing(request->arena, &record);
	policy_verb(request->session, record.kind, &standing, "edit", strlen("edit"), &verdict);
	if (!verdict.allowed) {
		error_set(err, STATUS_NOT_PERMITTED, "%s: %s", record.id, verdict.why);
		error_rule(err, verdict.rule);
		return error_hint(err, "It could be done by: %s.", verdict.who);
	}
	post = session_post(request->session, verdict.roles);
	memcpy(out->id, record.id, sizeof(out->id));
	out->organisation = !post                        ? ""
			    : post->organisation_name[0] ? post->organisation_name
							 : post->body_name;
	out->by = session_describe(request->arena, request->session, post);
	return out->by ? STATUS_OK : error_memory(err);
}

static bool is_among(const struct editing *editing, const char *id)
{
	for (size_t i = 0; i < editing->count; i++) {
		if (strcmp(editing->items[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

/* Those whom the answer tells of: others at the same records. */
static enum status put_others(struct request *request, struct error *err)
{
	struct presence_question question = {.but = request->connection};
	const struct presence_list *all = request->presences;
	struct presence_list *list = NULL;
	size_t count = all ? all->count : 0;

	list = arena_alloc(request->arena, sizeof(*list) + count * sizeof(struct presence *));
	if (!list) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_among(&request->editing, all->presences[i]->id)) {
			list->presences[list->count++] = all->presences[i];
		}
	}
	codec_put_map(&request->reply, 2);
	return presence_put(request->context, request->arena, request->session, list, &question,
			    &request->reply, &count, err);
}

enum status handle_editing(struct request *request, struct error *err)
{
	const msgpack_object *ids = codec_get(request->params, "ids");
	struct editing *editing = &request->editing;
	size_t count = codec_count(ids);
	struct visibility visibility;

	visibility_init(&visibility, request->context, request->arena, request->session);
	*editing = (struct editing){.items = arena_array(request->arena, count + 1, sizeof(*editing->items))};
	if (!editing->items) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		struct editing_item *item = &editing->items[editing->count];
		struct span id = {NULL, 0};

		if (!codec_text(&ids->via.array.ptr[i], &id)) {
			return error_set(err, STATUS_INVALID, "ids: number %zu is no text", i + 1);
		}
		if (take_item(request, &visibility, id, item, err) != STATUS_OK) {
			return err->status;
		}
		if (!is_among(editing, item->id)) {
			editing->count++;
		}
	}
	return put_others(request, err);
}

enum status handle_presence(struct request *request, struct error *err)
{
	struct span kind_name = codec_get_text(request->params, "kind");
	struct span id = codec_get_text(request->params, "id");
	struct presence_question question = {.kind = NULL};
	struct visibility visibility;
	struct record record;
	size_t count = 0;

	if (kind_name.data != NULL) {
		const struct kind *kind =
			schema_kind(request->context->schema, (const char *)kind_name.data, kind_name.length);

		if (kind == NULL) {
			return error_set(err, STATUS_INVALID, "There is no kind \"%.*s\".",
					 (int)kind_name.length, (const char *)kind_name.data);
		}
		question.kind = kind->name;
	}
	if (id.data != NULL) {
		visibility_init(&visibility, request->context, request->arena, request->session);
		if (record_load_visible(&visibility, (const char *)id.data, id.length, &record, err) !=
		    STATUS_OK) {
			return err->status;
		}
		question.id = record.id;
	}
	codec_put_map(&request->reply, 2);
	return presence_put(request->context, request->arena, request->session, request->presences, &question,
			    &request->reply, &count, err);
}
