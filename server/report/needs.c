/* What needs a person now. Steps that wait come from the schema's transitions and the rights; late work from the
 * dates of the kinds that have them. */
#include "server/report/needs.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/query.h"

#include <stdlib.h>
#include <string.h>

#define SOON_DAYS 30 /* dates this near are mentioned */

/* Kinds with a date by which their owner has something to do. A kind of NULL is any. */
static const struct due {
	const char *sort;
	const char *kind;
	const char *date;
	const char *done_field; /* no longer due when this field ... */
	const char *done_value; /* ... is this; NULL: has any value */
	const char *what;
	const char *part_of; /* the field that refers to what it is a part of, and ends with; NULL */
	const char *pairs;   /* what to set */
} due_rows[] = {
	{"action", "action", "due", "status", "complete", "is due", NULL, "progress=... status=..."},
	{"milestone", "milestone", "due", "reached", NULL, "is to be reached", "action", "reached=..."},
	{"review", NULL, "marking_review", NULL, NULL, "has a marking to be looked at again", NULL,
	 "marking_review=... marking=..."},
};

/* Verbs that take more than the id. */
static const struct {
	const char *kind, *verb, *pairs;
} verb_rows[] = {{"referral", "answer", " answer=\"...\""}};

static enum status grow(struct needs *needs, struct error *err)
{
	size_t capacity = needs->capacity > 0 ? needs->capacity * 2 : 64;
	struct need *grown = arena_array(needs->arena, capacity, sizeof(*grown));

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

enum status needs_add(struct needs *needs, const struct need *need, struct error *err)
{
	if (need->id == NULL || need->title == NULL || need->what == NULL || need->since == NULL ||
	    need->by == NULL || need->next == NULL) {
		return error_memory(err);
	}
	if (needs->count == needs->capacity && grow(needs, err) != STATUS_OK) {
		return err->status;
	}
	needs->list[needs->count] = *need;
	needs->list[needs->count].id = arena_text(needs->arena, need->id, strlen(need->id));
	needs->list[needs->count].place = needs->count;
	needs->count++;
	return needs->list[needs->count - 1].id != NULL ? STATUS_OK : error_memory(err);
}

const char *needs_date(struct needs *needs, int64_t time)
{
	char date[DATE_TEXT];

	date_format(day_of_time(time), date);
	return arena_text(needs->arena, date, strlen(date));
}

const char *needs_title(struct needs *needs, const struct record *record)
{
	const struct kind *kind = record->kind;
	const struct field *title = kind_field(kind, kind->title, strlen(kind->title));
	uint64_t seen = record_fields_seen(&needs->visibility, record);

	return (seen >> (title - kind->fields) & 1) != 0 ? record_text(needs->arena, record, kind->title)
							 : "";
}

#define DEPTH_MAX 8

enum status needs_guarded(struct needs *needs, const struct record *record, bool *out, struct error *err)
{
	struct record above = *record;

	*out = false;
	for (int depth = 0;; depth++) {
		const struct field *parent = policy_parent(above.kind);
		const char *marking = record_text(needs->arena, &above, "marking");
		const char *id = parent != NULL ? record_text(needs->arena, &above, parent->name) : "";

		if ((marking[0] != '\0' && strcmp(marking, "open") != 0) || depth == DEPTH_MAX) {
			*out = true;
			return STATUS_OK;
		}
		if (id[0] == '\0') {
			return STATUS_OK;
		}
		if (record_load_last(needs->context, needs->arena, needs->session->partnership, id,
				     strlen(id), &above, err) != STATUS_OK) {
			return err->status;
		}
	}
}

/* ---- steps ---- */

/* When the record got into its state. */
static enum status state_since(struct needs *needs, const struct record *record, const char **out,
			       struct error *err)
{
	struct store *store = needs->context->store;
	int64_t partnership = needs->session->partnership;
	const msgpack_object *groups = NULL;
	struct record_row row;

	if (store_record_get(store, needs->arena, partnership, record->kind->name, record->row.number, &row,
			     err) != STATUS_OK ||
	    codec_decode(needs->arena, row.groups, &groups, err) != STATUS_OK ||
	    store_version_get(store, needs->arena, partnership, record->kind->name, record->row.number,
			      codec_get_int(groups, "state", 1), &row, err) != STATUS_OK) {
		return err->status;
	}
	*out = needs_date(needs, row.at);
	return STATUS_OK;
}

static const char *pairs_of(const struct record *record, const char *verb)
{
	for (size_t i = 0; i < sizeof(verb_rows) / sizeof(verb_rows[0]); i++) {
		if (strcmp(verb_rows[i].kind, record->kind->name) == 0 &&
		    strcmp(verb_rows[i].verb, verb) == 0) {
			return verb_rows[i].pairs;
		}
	}
	return "";
}

static enum status add_step(struct needs *needs, const struct record *record, const char *verb,
			    struct error *err)
{
	struct need need = {
		.sort = strcmp(record->kind->name, "referral") == 0 ? "referral" : "approval",
		.id = record->id,
		.title = needs_title(needs, record),
		.what = arena_printf(needs->arena, "waits for you to %s it", verb),
		.by = record_text(needs->arena, record, "answer_by"),
		.next = arena_printf(needs->arena, "safer %s %s %s%s", record->kind->name, verb, record->id,
				     pairs_of(record, verb)),
	};

	if (needs_guarded(needs, record, &need.guarded, err) != STATUS_OK) {
		return err->status;
	}
	return state_since(needs, record, &need.since, err) == STATUS_OK ? needs_add(needs, &need, err)
									 : err->status;
}

/* A record waits for somebody when it stands in a state from which only a second person moves it on. */
static enum status look_for_step(struct needs *needs, const struct record *record, struct error *err)
{
	struct standing standing = record_standing(needs->arena, record);

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
		policy_verb(needs->session, record->kind, &standing, step->verb, strlen(step->verb),
			    &verdict);
		if (!verdict.allowed) {
			continue;
		}
		if (record_second_person(needs->context, needs->arena, needs->session, record, step->verb,
					 &may, &ignored, err) != STATUS_OK ||
		    (may && add_step(needs, record, step->verb, err) != STATUS_OK)) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* ---- dates ---- */

/* Late work is for who may do it: whose body's it is, and who may edit it, unless what it is a part of is closed. */
static enum status is_theirs(struct needs *needs, const struct record *record, const char *part_of, bool *out,
			     struct error *err)
{
	struct standing standing = record_standing(needs->arena, record);
	const char *id = part_of != NULL ? record_text(needs->arena, record, part_of) : "";
	struct record whole;
	struct verdict verdict;

	policy_verb(needs->session, record->kind, &standing, "edit", strlen("edit"), &verdict);
	*out = verdict.allowed && session_roles_for(needs->session, standing.owner) != 0;
	if (!*out || id[0] == '\0') {
		return STATUS_OK;
	}
	if (record_load(needs->context, needs->arena, needs->session->partnership, id, strlen(id), &whole,
			err) != STATUS_OK) {
		return err->status;
	}
	*out = strcmp(record_text(needs->arena, &whole, "state"), "closed") != 0;
	return STATUS_OK;
}

static bool is_done(struct needs *needs, const struct record *record, const struct due *row)
{
	const char *done = row->done_field != NULL ? record_text(needs->arena, record, row->done_field) : "";

	return row->done_value == NULL ? done[0] != '\0' : strcmp(done, row->done_value) == 0;
}

static enum status look_for_date(struct needs *needs, const struct record *record, const struct due *row,
				 struct error *err)
{
	const char *date = record_text(needs->arena, record, row->date);
	day_t today = needs->session->today;
	bool theirs = false;
	bool guarded = false;
	day_t day = 0;

	if ((row->kind != NULL && strcmp(row->kind, record->kind->name) != 0) ||
	    !date_parse(date, strlen(date), &day) || day > today + SOON_DAYS || is_done(needs, record, row)) {
		return STATUS_OK;
	}
	if (is_theirs(needs, record, row->part_of, &theirs, err) != STATUS_OK) {
		return err->status;
	}
	if (!theirs) {
		return STATUS_OK;
	}
	if (needs_guarded(needs, record, &guarded, err) != STATUS_OK) {
		return err->status;
	}
	return needs_add(needs,
			 &(struct need){
				 .sort = row->sort,
				 .id = record->id,
				 .title = needs_title(needs, record),
				 .what = day < today
						 ? arena_printf(needs->arena, "%s: %d day%s late", row->what,
								today - day, today - day == 1 ? "" : "s")
						 : row->what,
				 .since = "",
				 .by = date,
				 .next = arena_printf(needs->arena, "safer %s set %s %s", record->kind->name,
						      record->id, row->pairs),
				 .guarded = guarded,
			 },
			 err);
}

/* ---- all of it ---- */

static enum status look_through(struct needs *needs, const struct kind *kind, struct error *err)
{
	struct query query = {.kind = kind, .entry = -1};
	struct found found;

	if (query_many(&needs->visibility, &query, &found, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < found.count; i++) {
		for (size_t k = 0; k < sizeof(due_rows) / sizeof(due_rows[0]); k++) {
			if (look_for_date(needs, &found.records[i], &due_rows[k], err) != STATUS_OK) {
				return err->status;
			}
		}
		if (look_for_step(needs, &found.records[i], err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* The oldest day at the top, whether something was needed by it or waits since it; no two have the same place. */
static int by_day(const void *a, const void *b)
{
	const struct need *x = a;
	const struct need *y = b;
	int order = strcmp(x->by[0] != '\0' ? x->by : x->since, y->by[0] != '\0' ? y->by : y->since);

	return order != 0 ? order : x->place > y->place ? 1 : -1;
}

enum status needs_gather(struct context *context, struct arena *arena, const struct session *session,
			 struct needs *out, struct error *err)
{
	struct needs needs = {.context = context, .arena = arena, .session = session};

	visibility_init(&needs.visibility, context, arena, session);
	for (size_t k = 0; k < context->schema->kind_count; k++) {
		if (look_through(&needs, &context->schema->kinds[k], err) != STATUS_OK) {
			return err->status;
		}
	}
	if (needs_find_mentions(&needs, err) != STATUS_OK || needs_find_duties(&needs, err) != STATUS_OK ||
	    needs_find_figures(&needs, err) != STATUS_OK) {
		return err->status;
	}
	if (needs.count > 0) {
		qsort(needs.list, needs.count, sizeof(needs.list[0]), by_day);
	}
	*out = needs;
	return STATUS_OK;
}

void needs_put(const struct needs *needs, size_t most, struct buffer *out)
{
	size_t count = needs->count < most ? needs->count : most;

	codec_put_list(out, count);
	for (size_t i = 0; i < count; i++) {
		const struct need *need = &needs->list[i];

		codec_put_map(out, 7);
		codec_pair_text(out, "id", need->id);
		codec_pair_text(out, "title", need->title);
		codec_pair_text(out, "what", need->what);
		codec_pair_text(out, "by", need->by);
		codec_pair_text(out, "since", need->since);
		codec_pair_text(out, "sort", need->sort);
		codec_pair_text(out, "next", need->next);
	}
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
