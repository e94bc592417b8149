/* Founds a small partnership in one change-set and speaks for its people. */
#include "tests/support/plan_fixture.h"

#include "common/text.h"
#include "protocol/scanner.h"
#include "server/live/feed.h"
#include "server/records/engine.h"

#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CHANGES_BYTES (4 << 20)

/* ---- who there is ---- */

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ORGANISATION(name, type)                                                                       \
	{                                                                                              \
		"organisation",                                                                        \
			FIELDS("name", name, "type", type, "status", "responsible-authority", "owner", \
			       "B1"),                                                                  \
			NULL                                                                           \
	}
#define BODY(name, type)                                                        \
	{                                                                       \
		"body", FIELDS("name", name, "type", type, "owner", "B1"), NULL \
	}
#define AUTHORITY(name, org)                                                                                \
	{                                                                                                   \
		"body", FIELDS("name", name, "type", "authority", "organisation", org, "owner", "B1"), NULL \
	}
#define PERSON(name)                                                \
	{                                                           \
		"person", FIELDS("name", name, "owner", "B1"), NULL \
	}
#define POST(person, body, post)                                                                            \
	{                                                                                                   \
		"appointment",                                                                              \
			FIELDS("person", person, "body", body, "post", post, "from", "2014-04-01", "owner", \
			       "B1"),                                                                       \
			"confirmed"                                                                         \
	}
#define POST_FOR(person, body, post, org)                                                                 \
	{                                                                                                 \
		"appointment",                                                                            \
			FIELDS("person", person, "body", body, "post", post, "organisation", org, "from", \
			       "2014-04-01", "owner", "B1"),                                              \
			"confirmed"                                                                       \
	}

/* B1, PE1 and AP1 are the founding's: the administration and its administrator. */
static const struct record_seed seeds[] = {
	ORGANISATION("Warwickshire Police", "police"),
	ORGANISATION("Warwickshire Probation Trust", "probation"),
	ORGANISATION("Stratford-on-Avon District Council", "district-council"),
	BODY("Strategic Board", "board"),
	BODY("Operational Group", "operational-group"),
	AUTHORITY("Police authority", "O1"),
	AUTHORITY("Probation authority", "O2"),
	AUTHORITY("Council authority", "O3"),
	BODY("Scrutiny Committee", "scrutiny-committee"),
	BODY("Analysis Unit", "analysis-unit"),
	BODY("Audit", "audit"),
	PERSON("Clara Chair"),
	PERSON("Sam Secretary"),
	PERSON("Mary Member"),
	PERSON("Paul Police"),
	PERSON("Petra Probation"),
	PERSON("Colin Council"),
	PERSON("Rita Representative"),
	PERSON("Anna Analyst"),
	PERSON("Sue Scrutiny"),
	PERSON("Arthur Auditor"),
	PERSON("Olive Outsider"),
	PERSON("Adam Administrator"),
	POST("PE2", "B2", "chair"),
	POST("PE3", "B2", "secretary"),
	POST_FOR("PE4", "B2", "member", "O1"),
	POST_FOR("PE5", "B3", "member", "O1"),
	POST_FOR("PE6", "B3", "member", "O2"),
	POST_FOR("PE7", "B3", "member", "O3"),
	POST_FOR("PE8", "B4", "representative", "O1"),
	POST("PE9", "B8", "analyst"),
	POST_FOR("PE10", "B7", "member", "O3"),
	POST("PE11", "B9", "auditor"),
	POST("PE13", "B1", "administrator"),
};

int plan_setup(void **state)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	assert_non_null(plan);
	plan->row = *state;
	plan->server = server_fixture_open();
	buffer_init(&plan->changes, CHANGES_BYTES);
	fixture_records(plan->server, plan->server->partnership, seeds, sizeof(seeds) / sizeof(seeds[0]));
	*state = plan;
	return 0;
}

int plan_teardown(void **state)
{
	struct plan *plan = *state;

	buffer_release(&plan->changes);
	server_fixture_close(plan->server);
	free(plan);
	return 0;
}

struct fixture_device *plan_device(struct plan *plan, enum who who)
{
	if (plan->devices[who] == NULL) {
		plan->devices[who] = who == ADMINISTRATOR ? fixture_administrator(plan->server)
							  : fixture_device(plan->server, (int64_t)who);
	}
	return plan->devices[who];
}

/* ---- fields as text ---- */

static void put_value(struct plan *plan, const struct field *field, const char *text)
{
	const msgpack_object *value = NULL;
	struct error err = ERROR_INIT;

	if (text[0] == '\0') {
		codec_put_nil(&plan->changes);
	} else if (field != NULL && field_parse(fixture_arena(plan->server), schema_server(), field, text,
						&value, &err) == STATUS_OK) {
		codec_put_object(&plan->changes, value);
	} else {
		codec_put_text(&plan->changes, text);
	}
}

static void put_fields(struct plan *plan, const struct kind *kind, const char *fields)
{
	struct arena *arena = fixture_arena(plan->server);
	size_t count = 0;
	size_t header = codec_map_begin(&plan->changes);

	while (fields != NULL && fields[0] != '\0') {
		size_t length = strcspn(fields, "|");
		size_t name_length = strcspn(fields, "=");
		const char *name = NULL;
		const char *value = NULL;

		assert_true(name_length < length);
		name = arena_text(arena, fields, name_length);
		value = arena_text(arena, fields + name_length + 1, length - name_length - 1);
		assert_non_null(name);
		assert_non_null(value);
		codec_put_text(&plan->changes, name);
		put_value(plan, kind != NULL ? kind_field(kind, name, name_length) : NULL, value);
		count++;
		fields += length + (fields[length] == '|' ? 1 : 0);
	}
	codec_map_end(&plan->changes, header, count);
}

/* ---- change-sets ---- */

static const struct kind *kind_of(const char *id)
{
	struct id parsed;

	return id_parse(id, strlen(id), &parsed) ? schema_kind_of_prefix(schema_server(), parsed.prefix)
						 : NULL;
}

static void begin_item(struct plan *plan)
{
	if (plan->change_count++ == 0) {
		buffer_clear(&plan->changes);
		plan->changes_header = codec_list_begin(&plan->changes);
	}
}

void plan_item(struct plan *plan, struct span packed)
{
	begin_item(plan);
	codec_put_raw(&plan->changes, packed);
}

void plan_create(struct plan *plan, const char *kind, const char *ref, const char *fields)
{
	begin_item(plan);
	codec_put_map(&plan->changes, ref != NULL ? 4 : 3);
	codec_pair_text(&plan->changes, "do", "create");
	codec_pair_text(&plan->changes, "kind", kind);
	if (ref != NULL) {
		codec_pair_text(&plan->changes, "ref", ref);
	}
	codec_put_text(&plan->changes, "fields");
	put_fields(plan, schema_kind(schema_server(), kind, strlen(kind)), fields);
}

int64_t plan_revision(struct plan *plan, const char *id)
{
	struct id parsed;
	const struct kind *kind = kind_of(id);
	struct record_row row;
	struct error err = ERROR_INIT;

	if (kind == NULL || !id_parse(id, strlen(id), &parsed) ||
	    store_record_get(plan->server->reader, fixture_arena(plan->server), plan->server->partnership,
			     kind->name, parsed.number, &row, &err) != STATUS_OK) {
		return 0;
	}
	return row.revision;
}

/* What a person who has just read it would say; 1 for what is not there. */
static int64_t present(struct plan *plan, const char *id)
{
	int64_t revision = plan_revision(plan, id);

	return revision > 0 ? revision : 1;
}

void plan_do(struct plan *plan, const char *verb, const char *id, int64_t base, const char *fields)
{
	begin_item(plan);
	codec_put_map(&plan->changes, base == NO_BASE ? 3 : 4);
	codec_pair_text(&plan->changes, "do", verb);
	codec_pair_text(&plan->changes, "id", id);
	if (base != NO_BASE) {
		codec_pair_int(&plan->changes, "base", base == NOW ? present(plan, id) : base);
	}
	codec_put_text(&plan->changes, "fields");
	put_fields(plan, kind_of(id), fields);
}

void plan_edit(struct plan *plan, const char *id, int64_t base, const char *fields)
{
	plan_do(plan, "edit", id, base, fields);
}

void plan_remove(struct plan *plan, const char *id, int64_t base)
{
	plan_do(plan, "remove", id, base, NULL);
}

enum status plan_send(struct plan *plan, enum who who)
{
	struct fixture_device *device = plan_device(plan, who);

	if (plan->change_count == 0) {
		buffer_clear(&plan->changes);
		plan->changes_header = codec_list_begin(&plan->changes);
	}
	codec_list_end(&plan->changes, plan->changes_header, plan->change_count);
	assert_false(plan->changes.failed);
	if (plan->request == NULL) {
		plan->requests++;
		memset(plan->last_request, 0, sizeof(plan->last_request));
		memcpy(plan->last_request, &plan->requests, sizeof(plan->requests));
	} else {
		memcpy(plan->last_request, plan->request, sizeof(plan->last_request));
	}
	fixture_ask(plan->server);
	fixture_bin(plan->server, "request", plan->last_request, sizeof(plan->last_request));
	fixture_raw(plan->server, "changes", buffer_span(&plan->changes));
	if (plan->reason != NULL) {
		fixture_text(plan->server, "reason", plan->reason);
	}
	if (plan->dry_run) {
		fixture_flag(plan->server, "dry_run", true);
	}
	plan->change_count = 0;
	plan->reason = NULL;
	plan->dry_run = false;
	plan->request = NULL;
	return fixture_call(plan->server, device, METHOD_change, handle_change);
}

const char *plan_make(struct plan *plan, enum who who, const char *kind, const char *fields)
{
	const msgpack_object *changes = NULL;

	plan_create(plan, kind, NULL, fields);
	plan_send(plan, who);
	plan_expect(plan, STATUS_OK, NULL);
	changes = codec_get(plan->server->result, "changes");
	assert_int_equal(codec_count(changes), 1);
	return codec_get_string(fixture_arena(plan->server), &changes->via.array.ptr[0], "id");
}

enum status plan_change(struct plan *plan, enum who who, const char *verb, const char *id, const char *fields)
{
	plan_do(plan, verb, id, NOW, fields);
	return plan_send(plan, who);
}

void plan_must(struct plan *plan, enum who who, const char *verb, const char *id, const char *fields)
{
	plan_change(plan, who, verb, id, fields);
	plan_expect(plan, STATUS_OK, NULL);
}

void plan_assert(const struct plan *plan, enum status status, const char *rule, const char *file, int line)
{
	fixture_assert_status(plan->server, status, file, line);
	if (rule != NULL && strcmp(plan->server->err.rule, rule) != 0) {
		print_error("wanted the rule %s, got \"%s\": %s\n", rule, plan->server->err.rule,
			    plan->server->err.message);
		_fail(file, line);
	}
}

/* ---- records to stand on ---- */

struct step {
	enum who who;
	const char *verb;
	const char *to;
	const char *fields;
};

/* How a record of each kind begins, and the way through its states. A record in `to` is made by all steps up to it,
 * beginning after the last step of its own first state. */
static const struct {
	const char *kind;
	enum who who;
	const char *fields;
	const char *
		needs; /* kinds that have to be there first: their number 1, in their first state but for priorities */
	struct step steps[8];
} ways[] = {
	{"meeting",
	 SECRETARY,
	 "title=Board meeting|body=B2|date=2014-04-30|owner=B2",
	 "",
	 {{SECRETARY, "hold", "held", NULL}, {SECRETARY, "cancel", "cancelled", NULL}}},
	{"assessment",
	 ANALYST,
	 "title=Assessment 2014|year=2014/15|owner=B8",
	 "",
	 {{ANALYST, "submit", "submitted", NULL}, {CHAIR, "agree", "agreed", NULL}}},
	{"finding",
	 ANALYST,
	 "title=Burglary rose|assessment=SA1|type=change|topic=burglary|owner=B8",
	 "assessment",
	 {{0}}},
	{"plan",
	 POLICE,
	 "title=Plan 2014|year=2014/15|level=partnership|owner=B3",
	 "",
	 {{COUNCIL, "submit", "submitted", NULL},
	  {CHAIR, "adopt", "adopted", NULL},
	  {CHAIR, "supersede", "superseded", NULL}}},
	{"priority",
	 POLICE,
	 "title=Burglary|standing=priority|year=2014/15|lead=O1|owner=B3",
	 "",
	 {{COUNCIL, "submit", "submitted", NULL},
	  {CHAIR, "adopt", "adopted", NULL},
	  {CHAIR, "close", "closed", NULL}}},
	{"action",
	 POLICE,
	 "title=Patrols|priority=P1|status=not-started|owner=B4",
	 "priority",
	 {{CHAIR, "close", "closed", NULL}}},
	{"milestone", POLICE, "title=First patrol|action=A1|due=2014-06-30|owner=B4", "action", {{0}}},
	{"note", POLICE, "title=Vans came|action=A1|date=2014-04-30|owner=B4", "action", {{0}}},
	{"indicator",
	 ANALYST,
	 "name=Burglaries|unit=offences|direction=lower-is-better|frequency=year|baseline_period=2013/14|"
	 "baseline=250|owner=B8",
	 "",
	 {{0}}},
	{"observation", ANALYST, "indicator=I1|period=2013/14|value=240|owner=B8", "indicator", {{0}}},
	{"grant", SECRETARY, "title=Community fund|funder=O1|year=2014/15|amount=1000|owner=B2", "", {{0}}},
	{"decision",
	 SECRETARY,
	 "title=Set the priorities|body=B2|date=2014-04-30|text=That it be so.|reasons=It is "
	 "needed.|owner=B2",
	 "",
	 {{SECRETARY, "submit", "submitted", NULL}, {CHAIR, "make", "made", NULL}}},
	{"referral",
	 POLICE,
	 "title=More money|to=B2|about=A1|ground=more-resource|text=It costs more.|owner=B4",
	 "action",
	 {{POLICE, "submit", "submitted", NULL},
	  {CHAIR, "answer", "answered", "answer=Yes."},
	  {POLICE, "withdraw", "withdrawn", NULL}}},
	{"appointment",
	 SECRETARY,
	 "person=PE12|body=B2|post=member|from=2014-05-01|owner=B2",
	 "",
	 {{CHAIR, "confirm", "confirmed", NULL}, {CHAIR, "end", "ended", NULL}}},
	{"organisation",
	 ADMINISTRATOR,
	 "name=Fire Service|type=fire|status=responsible-authority|owner=B1",
	 "",
	 {{0}}},
	{"body", ADMINISTRATOR, "name=Night group|type=sub-group|owner=B1", "", {{0}}},
	{"person", ADMINISTRATOR, "name=New Comer|owner=B1", "", {{0}}},
};

/* The steps that lead from the first state to `state`: for a cancelled meeting and a withdrawn referral the short way. */
static bool on_the_way(const struct step *step, const char *kind, const char *state)
{
	if (strcmp(state, "cancelled") == 0 ||
	    (strcmp(kind, "referral") == 0 && strcmp(state, "withdrawn") == 0)) {
		return strcmp(step->to, state) == 0;
	}
	return true;
}

const char *plan_standing(struct plan *plan, const char *kind, const char *state)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *id = NULL;
		char stands[40] = "";
		size_t length = 0;
		const struct kind *row = schema_kind(schema_server(), ways[i].kind, strlen(ways[i].kind));
		const char *first = words_next(row->states, &length);

		if (strcmp(ways[i].kind, kind) != 0) {
			continue;
		}
		if (strcmp(ways[i].needs, "priority") == 0) {
			plan_priority(plan, "adopted");
		} else if (ways[i].needs[0] != '\0') {
			plan_standing(plan, ways[i].needs, "");
		}
		id = plan_make(plan, ways[i].who, kind, ways[i].fields);
		if (first != NULL) {
			snprintf(stands, sizeof(stands), "%.*s", (int)length, first);
		}
		for (const struct step *step = ways[i].steps; state[0] != '\0' && strcmp(stands, state) != 0;
		     step++) {
			if (step->verb == NULL) {
				fail_msg("no way leads a %s to %s", kind, state);
			}
			if (on_the_way(step, kind, state)) {
				plan_must(plan, step->who, step->verb, id, step->fields);
				snprintf(stands, sizeof(stands), "%s", step->to);
			}
		}
		return id;
	}
	fail_msg("no way to make a %s", kind);
	return NULL;
}

const char *plan_priority(struct plan *plan, const char *state)
{
	return plan_standing(plan, "priority", state);
}

const char *plan_action(struct plan *plan, const char *fields)
{
	const char *all = arena_printf(fixture_arena(plan->server),
				       "title=Patrols|priority=P1|status=not-started|owner=B4%s%s",
				       fields[0] != '\0' ? "|" : "", fields);

	if (plan_revision(plan, "P1") == 0) {
		plan_priority(plan, "adopted");
	}
	assert_non_null(all);
	return plan_make(plan, POLICE, "action", all);
}

const char *plan_indicator(struct plan *plan, const char *name)
{
	const char *all = arena_printf(
		fixture_arena(plan->server),
		"name=%s|unit=offences|direction=lower-is-better|frequency=month|baseline_period=2013/14|"
		"baseline=250|owner=B8",
		name);

	assert_non_null(all);
	return plan_make(plan, ANALYST, "indicator", all);
}

/* ---- reading ---- */

enum status plan_ask(struct plan *plan, enum who who, enum method method, fixture_handler handler, ...)
{
	struct fixture_device *device = plan_device(plan, who);
	va_list texts;

	fixture_ask(plan->server);
	va_start(texts, handler);
	for (const char *name = va_arg(texts, const char *); name != NULL;
	     name = va_arg(texts, const char *)) {
		const char *value = va_arg(texts, const char *);

		if (value != NULL) {
			fixture_text(plan->server, name, value);
		}
	}
	va_end(texts);
	return fixture_call(plan->server, device, method, handler);
}

enum status plan_ask_entry(struct plan *plan, enum who who, int64_t entry)
{
	struct fixture_device *device = plan_device(plan, who);

	fixture_ask(plan->server);
	fixture_int(plan->server, "entry", entry);
	return fixture_call(plan->server, device, METHOD_journal_show, handle_journal_show);
}

enum status plan_read(struct plan *plan, enum who who, const char *id, const char *as_of)
{
	return plan_ask(plan, who, METHOD_read, handle_read, "id", id, "as_of", as_of, NULL);
}

const char *plan_value_as_of(struct plan *plan, enum who who, const char *id, const char *field,
			     const char *as_of)
{
	const struct kind *kind = kind_of(id);
	const msgpack_object *value = NULL;
	struct buffer text;
	const char *copy = NULL;

	assert_non_null(kind);
	if (plan_read(plan, who, id, as_of) == STATUS_NOT_FOUND) {
		return "(hidden)";
	}
	plan_expect(plan, STATUS_OK, NULL);
	value = codec_get(codec_get(codec_get(plan->server->result, "record"), "fields"), field);
	if (codec_is_nil(value)) {
		return "-";
	}
	buffer_init(&text, CHANGES_BYTES);
	field_print(&text, kind_field(kind, field, strlen(field)), value);
	assert_false(text.failed);
	copy = arena_text(fixture_arena(plan->server), (const char *)text.data, text.length);
	buffer_release(&text);
	assert_non_null(copy);
	return copy;
}

const char *plan_value(struct plan *plan, enum who who, const char *id, const char *field)
{
	return plan_value_as_of(plan, who, id, field, NULL);
}

int64_t plan_newest(struct plan *plan)
{
	struct error err = ERROR_INIT;
	int64_t count = 0;

	assert_int_equal(store_leaf_count(plan->server->reader, plan->server->partnership, &count, &err),
			 STATUS_OK);
	return count - 1;
}

/* "field is value": the value as a person would type it. */
static void put_condition(struct plan *plan, const struct kind *kind, const char *text, size_t length)
{
	struct arena *arena = fixture_arena(plan->server);
	size_t field_length = strcspn(text, " ");
	size_t is_at = field_length + 1;
	size_t is_length = 0;
	size_t value_at = 0;
	const char *name = arena_text(arena, text, field_length);
	const char *is = NULL;

	assert_true(is_at < length);
	is_length = strcspn(text + is_at, " |");
	value_at = is_at + is_length + 1;
	is = arena_text(arena, text + is_at, is_length);
	codec_put_map(&plan->changes, value_at < length ? 3 : 2);
	codec_pair_text(&plan->changes, "field", name);
	codec_pair_text(&plan->changes, "is", is);
	if (value_at < length) {
		const char *value = arena_text(arena, text + value_at, length - value_at);

		const struct field *field = kind != NULL ? kind_field(kind, name, field_length) : NULL;
		bool part = strcmp(is, "contains") == 0 || (field != NULL && field->type == FIELD_REFS);

		codec_put_text(&plan->changes, "value");
		put_value(plan, part ? NULL : field, value);
	}
}

enum status plan_list(struct plan *plan, enum who who, const struct plan_query *query)
{
	struct fixture_device *device = plan_device(plan, who);
	const struct kind *kind = schema_kind(schema_server(), query->kind, strlen(query->kind));
	size_t header = 0;
	size_t count = 0;

	fixture_ask(plan->server);
	fixture_text(plan->server, "kind", query->kind);
	if (query->where != NULL) {
		buffer_clear(&plan->changes);
		header = codec_list_begin(&plan->changes);
		for (const char *at = query->where; at[0] != '\0'; count++) {
			size_t length = strcspn(at, "|");

			put_condition(plan, kind, at, length);
			at += length + (at[length] == '|' ? 1 : 0);
		}
		codec_list_end(&plan->changes, header, count);
		fixture_raw(plan->server, "where", buffer_span(&plan->changes));
	}
	if (query->sort != NULL) {
		fixture_text(plan->server, "sort", query->sort);
	}
	if (query->as_of != NULL) {
		fixture_text(plan->server, "as_of", query->as_of);
	}
	if (query->limit != 0) {
		fixture_int(plan->server, "limit", query->limit);
	}
	if (query->offset != 0) {
		fixture_int(plan->server, "offset", query->offset);
	}
	return fixture_call(plan->server, device, METHOD_list, handle_list);
}

const char *plan_ids(struct plan *plan)
{
	const msgpack_object *records = codec_get(plan->server->result, "records");
	const char *ids = "";

	for (size_t i = 0; i < codec_count(records); i++) {
		struct span id = codec_get_text(&records->via.array.ptr[i], "id");

		ids = arena_printf(fixture_arena(plan->server), "%s%s%.*s", ids, i > 0 ? " " : "",
				   (int)id.length, (const char *)id.data);
		assert_non_null(ids);
	}
	return ids;
}

struct span plan_sent(struct plan *plan)
{
	struct server_fixture *server = plan->server;
	struct buffer sent;
	struct span out;

	buffer_init(&sent, CHANGES_BYTES * 16);
	if (server->status == STATUS_OK) {
		buffer_append(&sent, server->request->reply.data, server->request->reply.length);
	} else {
		message_put_error(&sent, 1, &server->err, buffer_span(&server->request->details));
	}
	assert_false(sent.failed);
	out = (struct span){arena_copy(fixture_arena(server), sent.data, sent.length), sent.length};
	buffer_release(&sent);
	return out;
}

bool plan_sent_has(struct plan *plan, const char *text)
{
	struct span sent = plan_sent(plan);

	return memmem(sent.data, sent.length, text, strlen(text)) != NULL;
}

/* ---- watching ---- */

static const char *notice_text(struct arena *arena, const char *before, const struct message *notice)
{
	const msgpack_object *map = notice->params;
	const msgpack_object *fields = codec_get(map, "fields");
	const char *join = before[0] != '\0' ? "; " : "";
	long long entry = (long long)codec_get_int(map, "entry", -1);
	const char *out = NULL;

	if (text_equal((const char *)notice->method.data, notice->method.length, "resync")) {
		return arena_printf(arena, "%s%s%lld resync", before, join, entry);
	}
	out = arena_printf(arena, "%s%s%lld %s %s", before, join, entry, codec_get_string(arena, map, "id"),
			   codec_get_flag(map, "lost", false)      ? "lost"
			   : codec_get_flag(map, "removed", false) ? "removed"
								   : codec_get_string(arena, map, "verb"));
	for (size_t i = 0; out != NULL && i < codec_count(fields); i++) {
		struct span name;

		assert_true(codec_text(&fields->via.map.ptr[i].key, &name));
		out = arena_printf(arena, "%s %.*s", out, (int)name.length, (const char *)name.data);
	}
	return out;
}

static const char *notices_text(struct arena *arena, struct span bytes)
{
	const char *text = "";
	struct scanner scanner;
	size_t at = 0;

	scanner_init(&scanner, CHANGES_BYTES * 16, 32, 1000000);
	while (at < bytes.length) {
		struct message notice;
		struct error err = ERROR_INIT;
		size_t used = 0;

		assert_int_equal(scanner_feed(&scanner, bytes.data + at, bytes.length - at, &used),
				 SCAN_COMPLETE);
		assert_int_equal(message_decode(arena, (struct span){bytes.data + at, used}, &notice, &err),
				 STATUS_OK);
		assert_int_equal(notice.type, MESSAGE_NOTICE);
		text = notice_text(arena, text, &notice);
		assert_non_null(text);
		scanner_next(&scanner);
		at += used;
	}
	return text;
}

const char *plan_feed(struct plan *plan, enum who who, const struct plan_watch *watch, struct span *raw,
		      int64_t *reached, bool *more)
{
	struct arena *arena = fixture_arena(plan->server);
	struct fixture_device *device = plan_device(plan, who);
	struct context context = plan->server->context;
	struct watch_wish wish = {
		.number = 7, .since = watch->since, .partnership = plan->server->partnership};
	struct session *session = NULL;
	struct buffer out;
	struct span bytes;
	struct error err = ERROR_INIT;
	int64_t last = 0;
	bool others = false;

	snprintf(wish.kind, sizeof(wish.kind), "%s", watch->kind != NULL ? watch->kind : "");
	snprintf(wish.id, sizeof(wish.id), "%s", watch->id != NULL ? watch->id : "");
	context.store = plan->server->reader;
	context.journal = NULL;
	buffer_init(&out, CHANGES_BYTES * 16);
	assert_int_equal(store_begin(context.store, &err), STATUS_OK);
	assert_int_equal(session_load(context.store, arena, &device->fingerprint, &session, &err), STATUS_OK);
	if (feed_collect(&context, arena, session, &wish, &out, &last, &others, &err) != STATUS_OK) {
		fail_msg("feed_collect: %s", err.message);
	}
	store_rollback(context.store);
	bytes = (struct span){arena_copy(arena, out.data, out.length), out.length};
	buffer_release(&out);
	if (raw != NULL) {
		*raw = bytes;
	}
	if (reached != NULL) {
		*reached = last;
	}
	if (more != NULL) {
		*more = others;
	}
	return notices_text(arena, bytes);
}

/* ---- tables ---- */

void plan_rows_add(struct plan_rows *rows, const char *name, CMUnitTestFunction run, const void *row)
{
	assert_true(rows->count < PLAN_ROWS_MAX);
	rows->tests[rows->count++] = (struct CMUnitTest){.name = name,
							 .test_func = run,
							 .setup_func = plan_setup,
							 .teardown_func = plan_teardown,
							 .initial_state = (void *)row};
}

int plan_rows_run(struct plan_rows *rows, const char *group, const struct CMUnitTest *others, size_t count)
{
	assert_true(rows->count + count <= PLAN_ROWS_MAX);
	memcpy(rows->tests + rows->count, others, count * sizeof(*others));
	rows->count += count;
	return _cmocka_run_group_tests(group, rows->tests, rows->count, NULL, NULL);
}
