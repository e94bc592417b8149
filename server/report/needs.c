/* What needs a person now. Steps that wait come from the schema's transitions and the rights; late work from the
 * dates of the kinds that have them. */
#include "server/report/needs.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/query.h"

#include <stdlib.h>
#include <string.h>

#define SOON_DAYS 30 /* dates this near are mentioned */
#define NEEDS_MAX 50 /* the most that is listed; nobody reads more */

/* Kinds with a date by which their owner has something to do. */
static const struct {
	const char *kind;
	const char *date;
	const char *done_field; /* no longer due when this field ... */
	const char *done_value; /* ... is this; NULL: has any value */
	const char *what;
	const char *part_of; /* the field that refers to what it is a part of, and ends with; NULL */
} due_rows[] = {
	{"action", "due", "status", "complete", "is due", NULL},
	{"milestone", "due", "reached", NULL, "is to be reached", "action"},
};

struct need {
	const char *id, *title, *what, *by;
	size_t place; /* in which it was found: by kind and number */
};

struct needs {
	struct request *request;
	struct visibility visibility;
	struct need *list;
	size_t count, capacity;
};

static enum status grow(struct needs *needs, struct error *err)
{
	size_t capacity = needs->capacity > 0 ? needs->capacity * 2 : NEEDS_MAX;
	struct need *grown = arena_array(needs->request->arena, capacity, sizeof(*grown));

	if (grown == NULL) {
		return error_memory(err);
	}
	if (needs->count > 0) {
		memcpy(grown, needs->list, needs->count * sizeof(*grown));
	}
	needs->list = grown;
	needs->capacity = capacity;
	return STATUS_OK;
}

static enum status add(struct needs *needs, const struct record *record, const char *what, const char *by,
		       struct error *err)
{
	struct arena *arena = needs->request->arena;

	if (what == NULL) {
		return error_memory(err);
	}
	if (needs->count == needs->capacity && grow(needs, err) != STATUS_OK) {
		return err->status;
	}
	needs->list[needs->count++] = (struct need){
		.id = arena_text(arena, record->id, strlen(record->id)),
		.title = record_text(arena, record, record->kind->title),
		.what = what,
		.by = by,
		.place = needs->count,
	};
	return needs->list[needs->count - 1].id != NULL ? STATUS_OK : error_memory(err);
}

/* A record waits for somebody when it stands in a state from which only a second person moves it on. */
static enum status look_for_step(struct needs *needs, const struct record *record, struct error *err)
{
	struct arena *arena = needs->request->arena;
	struct standing standing = record_standing(arena, record);

	for (size_t i = 0; i < record->kind->transition_count; i++) {
		const struct transition *step = &record->kind->transitions[i];
		struct error ignored = ERROR_INIT;
		struct verdict verdict;
		bool may = false;

		/* closing an open action is a possibility, not a task: only states that say "it is your turn" count */
		if (!step->second_person || !words_have(step->from, standing.state, strlen(standing.state)) ||
		    words_have("open", standing.state, strlen(standing.state))) {
			continue;
		}
		policy_verb(needs->request->session, record->kind, &standing, step->verb, strlen(step->verb),
			    &verdict);
		if (!verdict.allowed) {
			continue;
		}
		if (record_second_person(needs->request->context, arena, needs->request->session, record,
					 step->verb, &may, &ignored, err) != STATUS_OK) {
			return err->status;
		}
		if (may && add(needs, record, arena_printf(arena, "waits for you to %s it", step->verb),
			       record_text(arena, record, "answer_by"), err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* Late work is for who may do it: whose body's it is, and who may edit it, unless what it is a part of is closed. */
static enum status is_theirs(struct needs *needs, const struct record *record, const char *part_of, bool *out,
			     struct error *err)
{
	struct request *request = needs->request;
	struct standing standing = record_standing(request->arena, record);
	const char *id = part_of != NULL ? record_text(request->arena, record, part_of) : "";
	struct record whole;
	struct verdict verdict;

	policy_verb(request->session, record->kind, &standing, "edit", strlen("edit"), &verdict);
	*out = verdict.allowed && session_roles_for(request->session, standing.owner) != 0;
	if (!*out || id[0] == '\0') {
		return STATUS_OK;
	}
	if (record_load(request->context, request->arena, request->session->partnership, id, strlen(id),
			&whole, err) != STATUS_OK) {
		return err->status;
	}
	*out = strcmp(record_text(request->arena, &whole, "state"), "closed") != 0;
	return STATUS_OK;
}

static enum status look_for_date(struct needs *needs, const struct record *record, struct error *err)
{
	struct arena *arena = needs->request->arena;
	const struct session *session = needs->request->session;

	for (size_t i = 0; i < sizeof(due_rows) / sizeof(due_rows[0]); i++) {
		const char *date = record_text(arena, record, due_rows[i].date);
		const char *done = record_text(arena, record, due_rows[i].done_field);
		bool theirs = false;
		day_t day = 0;

		if (strcmp(due_rows[i].kind, record->kind->name) != 0 ||
		    !date_parse(date, strlen(date), &day) || day > session->today + SOON_DAYS ||
		    (due_rows[i].done_value == NULL ? done[0] != '\0'
						    : strcmp(done, due_rows[i].done_value) == 0)) {
			continue;
		}
		if (is_theirs(needs, record, due_rows[i].part_of, &theirs, err) != STATUS_OK ||
		    (theirs && add(needs, record,
				   day < session->today ? arena_printf(arena, "%s: %d days late",
								       due_rows[i].what, session->today - day)
							: due_rows[i].what,
				   date, err) != STATUS_OK)) {
			return err->status;
		}
	}
	return STATUS_OK;
}

static bool looked_through(const struct kind *kind)
{
	for (size_t i = 0; i < sizeof(due_rows) / sizeof(due_rows[0]); i++) {
		if (strcmp(due_rows[i].kind, kind->name) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < kind->transition_count; i++) {
		if (kind->transitions[i].second_person) {
			return true;
		}
	}
	return false;
}

/* Dated needs first, the oldest date at the top; no two have the same place. */
static int by_date(const void *a, const void *b)
{
	const struct need *x = a;
	const struct need *y = b;

	if ((x->by[0] == '\0') != (y->by[0] == '\0')) {
		return x->by[0] == '\0' ? 1 : -1;
	}
	if (strcmp(x->by, y->by) != 0) {
		return strcmp(x->by, y->by);
	}
	return x->place > y->place ? 1 : -1;
}

enum status needs_put(struct request *request, struct buffer *out, struct error *err)
{
	const struct schema *schema = request->context->schema;
	struct needs needs = {.request = request};

	visibility_init(&needs.visibility, request->context, request->arena, request->session);
	for (size_t k = 0; k < schema->kind_count; k++) {
		struct query query = {.kind = &schema->kinds[k], .entry = -1};
		struct found found;

		if (!looked_through(query.kind)) {
			continue;
		}
		if (query_many(&needs.visibility, &query, &found, err) != STATUS_OK) {
			return err->status;
		}
		for (size_t i = 0; i < found.count; i++) {
			if (look_for_date(&needs, &found.records[i], err) != STATUS_OK ||
			    look_for_step(&needs, &found.records[i], err) != STATUS_OK) {
				return err->status;
			}
		}
	}
	if (needs.count > 0) {
		qsort(needs.list, needs.count, sizeof(needs.list[0]), by_date);
	}
	needs.count = needs.count < NEEDS_MAX ? needs.count : NEEDS_MAX;
	codec_put_list(out, needs.count);
	for (size_t i = 0; i < needs.count; i++) {
		codec_put_map(out, 4);
		codec_pair_text(out, "id", needs.list[i].id);
		codec_pair_text(out, "title", needs.list[i].title);
		codec_pair_text(out, "what", needs.list[i].what);
		codec_pair_text(out, "by", needs.list[i].by);
	}
	return STATUS_OK;
}

enum status needs_put_counts(struct request *request, struct buffer *out, struct error *err)
{
	const struct schema *schema = request->context->schema;
	struct visibility visibility;

	visibility_init(&visibility, request->context, request->arena, request->session);
	codec_put_map(out, schema->kind_count);
	for (size_t k = 0; k < schema->kind_count; k++) {
		struct query query = {.kind = &schema->kinds[k], .entry = -1};
		struct found found;

		if (query_many(&visibility, &query, &found, err) != STATUS_OK) {
			return err->status;
		}
		codec_pair_int(out, query.kind->name, (int64_t)found.count);
	}
	return STATUS_OK;
}
