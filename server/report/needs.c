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
} due_rows[] = {
	{"action", "due", "status", "complete", "is due"},
	{"milestone", "due", "reached", NULL, "is to be reached"},
};

struct need {
	const char *id, *title, *what, *by;
};

struct needs {
	struct request *request;
	struct visibility visibility;
	struct need list[NEEDS_MAX];
	size_t count;
};

static void add(struct needs *needs, const struct record *record, const char *what, const char *by)
{
	struct arena *arena = needs->request->arena;

	if (needs->count == NEEDS_MAX || what == NULL) {
		return;
	}
	needs->list[needs->count++] = (struct need){
		.id = arena_text(arena, record->id, strlen(record->id)),
		.title = record_text(arena, record, record->kind->title),
		.what = what,
		.by = by,
	};
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
		if (may) {
			add(needs, record, arena_printf(arena, "waits for you to %s it", step->verb),
			    record_text(arena, record, "answer_by"));
		}
	}
	return STATUS_OK;
}

static void look_for_date(struct needs *needs, const struct record *record)
{
	struct arena *arena = needs->request->arena;
	const struct session *session = needs->request->session;

	for (size_t i = 0; i < sizeof(due_rows) / sizeof(due_rows[0]); i++) {
		const char *date = NULL;
		const char *done = NULL;
		day_t day = 0;

		if (strcmp(due_rows[i].kind, record->kind->name) != 0 ||
		    session_roles_for(session, record_text(arena, record, "owner")) == 0 ||
		    strcmp(record_text(arena, record, "state"), "closed") == 0) {
			continue;
		}
		date = record_text(arena, record, due_rows[i].date);
		done = record_text(arena, record, due_rows[i].done_field);
		if (!date_parse(date, strlen(date), &day) || day > session->today + SOON_DAYS ||
		    (due_rows[i].done_value == NULL ? done[0] != '\0'
						    : strcmp(done, due_rows[i].done_value) == 0)) {
			continue;
		}
		add(needs, record,
		    day < session->today
			    ? arena_printf(arena, "%s: %d days late", due_rows[i].what, session->today - day)
			    : due_rows[i].what,
		    date);
	}
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

/* Dated needs first, the oldest date at the top. */
static int by_date(const void *a, const void *b)
{
	const struct need *x = a;
	const struct need *y = b;

	if ((x->by[0] == '\0') != (y->by[0] == '\0')) {
		return x->by[0] == '\0' ? 1 : -1;
	}
	return strcmp(x->by, y->by);
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
			look_for_date(&needs, &found.records[i]);
			if (look_for_step(&needs, &found.records[i], err) != STATUS_OK) {
				return err->status;
			}
		}
	}
	qsort(needs.list, needs.count, sizeof(needs.list[0]), by_date);
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
