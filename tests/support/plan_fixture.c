/* Founds a small partnership in one change-set and speaks for its people. */
#include "tests/support/plan_fixture_inside.h"

#include "server/records/engine.h"
#include "server/records/views.h"
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
	plan->views = views_new(VIEWS_BYTES);
	assert_non_null(plan->views);
	buffer_init(&plan->changes, CHANGES_BYTES);
	fixture_records(plan->server, plan->server->partnership, seeds, sizeof(seeds) / sizeof(seeds[0]));
	*state = plan;
	return 0;
}

int plan_teardown(void **state)
{
	struct plan *plan = *state;

	buffer_release(&plan->changes);
	views_free(plan->views);
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
		plan_put_value(plan, kind != NULL ? kind_field(kind, name, name_length) : NULL, value);
		count++;
		fields += length + (fields[length] == '|' ? 1 : 0);
	}
	codec_map_end(&plan->changes, header, count);
}

/* ---- change-sets ---- */

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
	put_fields(plan, plan_kind_of(id), fields);
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
	{"comment", POLICE, "about=A1|text=The vans came.|owner=B4", "action", {{0}}},
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
