/* Reading records, their history, and changing them; what may be done with them, and why. */
#include "server/request.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/query.h"
#include "server/records/recent.h"
#include "server/records/settled.h"
#include "server/records/views.h"

#include <stdio.h>
#include <string.h>

enum status handle_change(struct request *request, struct error *err)
{
	return engine_change(request, err);
}

enum status handle_read(struct request *request, struct error *err)
{
	struct span id = codec_get_text(request->params, "id");
	struct visibility visibility;
	struct titles titles;
	struct record record;
	int64_t entry = -1;
	uint64_t seen = 0;

	visibility_init(&visibility, request->context, request->arena, request->session);
	titles_init(&titles, &visibility);
	if (query_as_of(request->context, request->session->partnership, request->params, &entry, err) !=
		    STATUS_OK ||
	    query_one(&visibility, (const char *)id.data, id.length, entry, &record, err) != STATUS_OK) {
		return err->status;
	}
	seen = record_fields_seen(&visibility, &record);
	if (titles_add_record(&titles, &record, seen, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&request->reply, 2);
	codec_put_text(&request->reply, "record");
	record_put(&request->reply, &record, seen);
	codec_put_text(&request->reply, "titles");
	titles_put(&titles, &request->reply);
	return STATUS_OK;
}

static enum status put_page(struct request *request, struct visibility *visibility, const struct found *found,
			    struct titles *titles, struct error *err)
{
	int64_t most = request->context->limits->list_rows;
	int64_t limit = codec_get_int(request->params, "limit", most);
	size_t first = (size_t)codec_get_int(request->params, "offset", 0);
	size_t count = first < found->count ? found->count - first : 0;

	limit = limit < most ? limit : most;
	count = count > (size_t)limit ? (size_t)limit : count;
	codec_put_list(&request->reply, count);
	for (size_t i = first; i < first + count; i++) {
		uint64_t seen = record_fields_seen(visibility, &found->records[i]);

		record_put(&request->reply, &found->records[i], seen);
		if (titles_add_record(titles, &found->records[i], seen, err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* Makes the list anew. */
static enum status put_list(struct request *request, const struct query *query, int64_t entries,
			    struct error *err)
{
	struct visibility visibility;
	struct titles titles;
	struct found found;

	visibility_init(&visibility, request->context, request->arena, request->session);
	titles_init(&titles, &visibility);
	if (query_many(&visibility, query, &found, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&request->reply, 4);
	codec_put_text(&request->reply, "records");
	if (put_page(request, &visibility, &found, &titles, err) != STATUS_OK) {
		return err->status;
	}
	codec_pair_int(&request->reply, "total", (int64_t)found.count);
	codec_put_text(&request->reply, "titles");
	titles_put(&titles, &request->reply);
	codec_pair_int(&request->reply, "entry", query->entry >= 0 ? query->entry : entries - 1);
	return STATUS_OK;
}

/* Everything that a list is made from, but the records and the rights. */
static bool list_key(const struct request *request, struct digest *out)
{
	struct buffer asked;

	buffer_init(&asked, (size_t)request->context->limits->message_bytes + 100);
	codec_put_text(&asked, "list");
	codec_put_int(&asked, request->context->limits->list_rows);
	codec_put_object(&asked, request->params);
	return views_key(request->session, &asked, out);
}

/* The list that was made before for the same rights, or a new one, which is kept when it is whole. */
static enum status put_view(struct request *request, const struct query *query, int64_t entries,
			    struct error *err)
{
	struct views *views = request->context->views;
	size_t refused = arena_refused(request->arena);
	size_t start = request->reply.length;
	struct digest key;
	struct span view;

	if (views == NULL || !list_key(request, &key)) {
		return put_list(request, query, entries, err);
	}
	if (views_find(views, &key, entries, &view)) {
		codec_put_raw(&request->reply, view);
		return STATUS_OK;
	}
	if (put_list(request, query, entries, err) != STATUS_OK) {
		return err->status;
	}
	if (!request->reply.failed && arena_refused(request->arena) == refused) {
		views_keep(views, &key, entries,
			   (struct span){request->reply.data + start, request->reply.length - start});
	}
	return STATUS_OK;
}

/* The record that a list's rows stand under, if it was asked so. It must be one that may be seen; a removed one still tells
 * what stood under it. */
static enum status read_under(struct request *request, struct query *query, struct error *err)
{
	struct span id = codec_get_text(request->params, "under");
	struct visibility visibility;
	struct record *top = arena_alloc(request->arena, sizeof(*top));

	if (id.data == NULL) {
		return STATUS_OK;
	}
	if (top == NULL) {
		return error_memory(err);
	}
	visibility_init(&visibility, request->context, request->arena, request->session);
	if (record_load_visible_last(&visibility, (const char *)id.data, id.length, top, err) != STATUS_OK) {
		return err->status;
	}
	query->under = top->id;
	return STATUS_OK;
}

enum status handle_list(struct request *request, struct error *err)
{
	struct span name = codec_get_text(request->params, "kind");
	struct query query = {
		.kind = schema_kind(request->context->schema, (const char *)name.data, name.length),
		.where = codec_get(request->params, "where"),
		.sort = codec_get_string(request->arena, request->params, "sort"),
		.after = codec_get_int(request->params, "after", 0),
	};
	int64_t entries = 0;

	if (query.kind == NULL) {
		error_set(err, STATUS_INVALID, "There is no kind \"%.*s\".", (int)name.length,
			  (const char *)name.data);
		return error_hint(err, "`safer schema` lists the kinds.");
	}
	if (query_as_of(request->context, request->session->partnership, request->params, &query.entry,
			err) != STATUS_OK ||
	    recent_entries(request->context, request->session->partnership, &entries, err) != STATUS_OK ||
	    read_under(request, &query, err) != STATUS_OK) {
		return err->status;
	}
	return put_view(request, &query, entries, err);
}

/* ---- history ---- */

struct telling {
	struct request *request;
	struct visibility visibility;
	struct titles titles;
	const struct kind *kind;
	uint64_t seen_now;          /* fields that may be seen in the record as it is */
	const msgpack_object *last; /* the fields of the revision told before; NULL: none yet */
	size_t count;
};

static const msgpack_object *seen_field(const msgpack_object *fields, const struct kind *kind, size_t i,
					uint64_t seen)
{
	return (seen >> i & 1) != 0 ? codec_get(fields, kind->fields[i].name) : NULL;
}

static enum status tell_fields(struct telling *telling, const struct record *record, uint64_t seen,
			       struct error *err)
{
	struct buffer *out = &telling->request->reply;
	size_t count = 0;
	size_t header = codec_map_begin(out);

	for (size_t i = 0; i < telling->kind->field_count; i++) {
		const struct field *field = &telling->kind->fields[i];
		const msgpack_object *from = seen_field(telling->last, telling->kind, i, seen);
		const msgpack_object *to = seen_field(record->fields, telling->kind, i, seen);

		if (codec_same(from, to)) {
			continue;
		}
		codec_put_text(out, field->name);
		codec_put_map(out, 2);
		codec_pair_object(out, "from", from);
		codec_pair_object(out, "to", to);
		count++;
		if (titles_add_value(&telling->titles, field, from, err) != STATUS_OK ||
		    titles_add_value(&telling->titles, field, to, err) != STATUS_OK) {
			return err->status;
		}
	}
	codec_map_end(out, header, count);
	return STATUS_OK;
}

static enum status tell(void *payload, const struct record_row *row, struct error *err)
{
	struct telling *telling = payload;
	struct arena *arena = telling->request->arena;
	struct buffer *out = &telling->request->reply;
	struct record_row copy = *row;
	struct record record;
	struct leaf_row leaf;
	char at[TIME_TEXT];
	bool visible = false;
	uint64_t seen = 0;

	copy.body.data =
		arena_copy(arena, row->body.data, row->body.length); /* outlives the visit as `last` */
	if (copy.body.data == NULL) {
		return error_memory(err);
	}
	if (record_decode(arena, telling->kind, &copy, &record, err) != STATUS_OK ||
	    record_visible(&telling->visibility, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible && !row->removed) {
		return STATUS_OK;
	}
	if (store_leaf_get(telling->request->context->store, arena, telling->request->session->partnership,
			   row->entry, &leaf, err) != STATUS_OK) {
		return err->status;
	}
	time_format(row->at, at);
	seen = record_fields_seen(&telling->visibility, &record) & telling->seen_now;
	codec_put_map(out, 8);
	codec_pair_int(out, "entry", row->entry);
	codec_pair_int(out, "revision", row->revision);
	codec_pair_text(out, "at", at);
	codec_pair_text(out, "by", row->by);
	codec_pair_text(out, "verb", row->verb);
	codec_pair_text(out, "reason", leaf.reason);
	codec_put_text(out, "fields");
	if (tell_fields(telling, &record, seen, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_text(out, "settled");
	if (settled_put(&(struct settled_view){.visibility = &telling->visibility,
					       .record = &record,
					       .seen = seen},
			out, err) != STATUS_OK) {
		return err->status;
	}
	telling->last = record.fields;
	telling->count++;
	return STATUS_OK;
}

enum status handle_history(struct request *request, struct error *err)
{
	struct span id = codec_get_text(request->params, "id");
	struct telling telling = {.request = request};
	struct record record;
	size_t header = 0;

	visibility_init(&telling.visibility, request->context, request->arena, request->session);
	titles_init(&telling.titles, &telling.visibility);
	if (record_load_visible(&telling.visibility, (const char *)id.data, id.length, &record, err) !=
	    STATUS_OK) {
		return err->status;
	}
	telling.kind = record.kind;
	telling.seen_now = record_fields_seen(&telling.visibility, &record);
	codec_put_map(&request->reply, 2);
	codec_put_text(&request->reply, "changes");
	header = codec_list_begin(&request->reply);
	if (store_version_each(request->context->store, request->session->partnership, record.kind->name,
			       record.row.number, tell, &telling, err) != STATUS_OK) {
		return err->status;
	}
	codec_list_end(&request->reply, header, telling.count);
	codec_put_text(&request->reply, "titles");
	titles_put(&telling.titles, &request->reply);
	return STATUS_OK;
}

/* ---- can and why ---- */

struct question { /* about a record, or about a new one of a kind, for any body that the session speaks for */
	struct request *request;
	const struct kind *kind;
	const struct field *field; /* NULL: the whole record */
	struct record record;
	bool exists;
	struct standing standing;
};

static enum status read_question(struct request *request, struct question *out, struct error *err)
{
	const struct session *session = request->session;
	struct span target = codec_get_text(request->params, "target");
	struct span field = codec_get_text(request->params, "field");
	struct visibility visibility;
	size_t length = 0;

	*out = (struct question){.request = request};
	out->kind = schema_kind(request->context->schema, (const char *)target.data, target.length);
	if (out->kind == NULL) {
		visibility_init(&visibility, request->context, request->arena, session);
		if (record_load_visible(&visibility, (const char *)target.data, target.length, &out->record,
					err) != STATUS_OK) {
			return err->status;
		}
		out->kind = out->record.kind;
		out->exists = true;
		out->standing = record_standing(request->arena, &out->record);
	} else {
		const char *state = words_next(out->kind->states, &length);

		out->standing = (struct standing){
			.owner = "",
			.state = state != NULL ? arena_text(request->arena, state, length) : "",
			.marking = "",
		};
	}
	if (field.data != NULL) {
		out->field = kind_field(out->kind, (const char *)field.data, field.length);
		if (out->field == NULL) {
			error_set(err, STATUS_INVALID, "A %s has no field \"%.*s\".", out->kind->name,
				  (int)field.length, (const char *)field.data);
			return error_hint(err, "`safer %s help` lists its fields.", out->kind->name);
		}
	}
	return out->standing.state != NULL ? STATUS_OK : error_memory(err);
}

static void refuse(struct verdict *verdict, const char *rule, const char *why, const char *who)
{
	verdict->allowed = false;
	snprintf(verdict->rule, sizeof(verdict->rule), "%s", rule);
	snprintf(verdict->why, sizeof(verdict->why), "%s", why);
	snprintf(verdict->who, sizeof(verdict->who), "%s", who);
}

static enum status answer_transition(const struct question *question, const struct transition *step,
				     struct verdict *verdict, struct error *err)
{
	struct error why = ERROR_INIT;
	char text[200];
	bool may = false;

	if (!words_have(step->from, question->standing.state, strlen(question->standing.state))) {
		snprintf(text, sizeof(text), "It is %s; it can be %s only while it is %s.",
			 question->standing.state, step->to, step->from);
		refuse(verdict, "state", text, "nobody, while it is so");
		return STATUS_OK;
	}
	if (!verdict->allowed || !step->second_person || !question->exists) {
		return STATUS_OK;
	}
	if (record_second_person(question->request->context, question->request->arena,
				 question->request->session, &question->record, step->verb, &may, &why,
				 err) != STATUS_OK) {
		return err->status;
	}
	if (!may) {
		refuse(verdict, why.rule, why.message, "another person with the same post");
	}
	return STATUS_OK;
}

/* What is said of a field once the verb is allowed in the record. */
static void answer_field(const struct question *question, const char *verb, size_t length,
			 struct verdict *verdict)
{
	const struct session *session = question->request->session;
	struct verdict field;

	if (words_have("see", verb, length)) {
		policy_field_seen(session, question->kind, question->field, question->standing.owner,
				  verdict);
	} else if (words_have("create", verb, length)) {
		policy_field_open(session, question->kind, question->field, &question->standing, "create",
				  &field);
		*verdict = field.allowed ? *verdict : field;
	} else if (words_have("edit", verb, length)) {
		policy_field_open(session, question->kind, question->field, &question->standing, "edit",
				  verdict);
	}
}

static enum status answer_for(const struct question *question, const char *verb, size_t length,
			      struct verdict *out, struct error *err)
{
	const struct session *session = question->request->session;
	const struct transition *step = kind_transition(question->kind, verb, length);

	if (step == NULL && !words_have("see create edit remove", verb, length)) {
		error_set(err, STATUS_INVALID, "There is no way to %.*s a %s.", (int)length, verb,
			  question->kind->name);
		return error_hint(err, "`safer %s help` lists its verbs.", question->kind->name);
	}
	policy_verb(session, question->kind, &question->standing, verb, length, out);
	if (step != NULL) {
		return answer_transition(question, step, out, err);
	}
	if (out->allowed && question->field != NULL) {
		answer_field(question, verb, length, out);
	}
	return STATUS_OK;
}

/* For a new record the first body that allows it counts. */
static enum status answer(const struct question *question, const char *verb, size_t length,
			  struct verdict *out, struct error *err)
{
	const struct session *session = question->request->session;
	struct question one = *question;

	for (size_t i = 0; !question->exists && i < session->owned_count; i++) {
		one.standing.owner = session->owned[i].body;
		if (answer_for(&one, verb, length, out, err) != STATUS_OK) {
			return err->status;
		}
		if (out->allowed) {
			return STATUS_OK;
		}
	}
	if (!question->exists && session->owned_count > 0) {
		return STATUS_OK;
	}
	return answer_for(question, verb, length, out, err);
}

static void put_verdict(struct buffer *out, const struct verdict *verdict)
{
	codec_pair_flag(out, "allowed", verdict->allowed);
	codec_pair_text(out, "rule", verdict->rule);
	codec_pair_text(out, "why", verdict->why);
	codec_pair_text(out, "who", verdict->who);
}

enum status handle_can(struct request *request, struct error *err)
{
	struct span verb = codec_get_text(request->params, "verb");
	struct question question;
	struct verdict verdict;

	if (read_question(request, &question, err) != STATUS_OK ||
	    answer(&question, (const char *)verb.data, verb.length, &verdict, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&request->reply, 4);
	put_verdict(&request->reply, &verdict);
	return STATUS_OK;
}

static enum status put_rule(const struct question *question, const char *verb, size_t *count,
			    struct error *err)
{
	struct buffer *out = &question->request->reply;
	struct verdict verdict;

	if (answer(question, verb, strlen(verb), &verdict, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(out, 5);
	codec_pair_text(out, "question", verb);
	put_verdict(out, &verdict);
	++*count;
	return STATUS_OK;
}

enum status handle_why(struct request *request, struct error *err)
{
	static const char *const record_verbs[] = {"see", "edit", "remove"};
	static const char *const kind_verbs[] = {"see", "create", "edit"};
	struct question question;
	size_t header = 0;
	size_t count = 0;

	if (read_question(request, &question, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&request->reply, 1);
	codec_put_text(&request->reply, "rules");
	header = codec_list_begin(&request->reply);
	for (size_t i = 0; i < (question.field != NULL ? 2 : 3); i++) {
		if (put_rule(&question, question.exists ? record_verbs[i] : kind_verbs[i], &count, err) !=
		    STATUS_OK) {
			return err->status;
		}
	}
	for (size_t i = 0; question.field == NULL && i < question.kind->transition_count; i++) {
		if (put_rule(&question, question.kind->transitions[i].verb, &count, err) != STATUS_OK) {
			return err->status;
		}
	}
	codec_list_end(&request->reply, header, count);
	return STATUS_OK;
}
