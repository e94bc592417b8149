/* Requests of any person, in process: who asks, which method, and parameters of any kind go through the gate's checks
 * to the real handlers, up to eight requests an input, all in one transaction that is then taken back. So every input
 * finds the same partnership, and whatever one of them breaks can be shown again.
 *
 * What must hold: a reply is one map with the method's results; a refusal says why; the journal checks out; and what a
 * person may not see is in no byte that is sent to them. The last is asked of inputs that changed nothing and do not
 * hold the secret themselves.
 *
 * A request in an input: a byte for the person, one for the method, two for the length, then the packed params. */
#include "common/log.h"
#include "server/dispatch.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/plan_fixture.h"

#include <string.h>

#define REQUESTS    8
#define SECRETS     7
#define CHECK_EVERY 32 /* inputs that changed nothing, for each look at the whole journal */

static enum status (*const handlers[METHOD_COUNT])(struct request *request, struct error *err) = {
#define METHOD(symbol, name, door, who, lane, help) [METHOD_##symbol] = handle_##symbol,
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT
};

struct secret {
	const char *token;
	const char *id; /* of the record that holds it */
	bool known_to[WHO_COUNT];
};

static struct {
	struct plan *plan;
	struct secret secrets[SECRETS];
	size_t secret_count;
	uint64_t inputs;
} gate;

/* ---- the partnership ---- */

static void hide(const char *token, const char *id)
{
	gate.secrets[gate.secret_count++] = (struct secret){.token = token, .id = id};
}

/* Who reads the record itself in full is the measure for every other road to it. */
static void ask_who_knows(struct secret *secret)
{
	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		secret->known_to[who] = plan_read(gate.plan, who, secret->id, NULL) == STATUS_OK &&
					plan_sent_has(gate.plan, secret->token);
	}
	fuzz_require(!secret->known_to[ADMINISTRATOR] && !secret->known_to[OUTSIDER]);
	fuzz_require(secret->known_to[CHAIR]);
}

static void found(void)
{
	void *state = NULL;
	struct plan *plan;

	log_set_level(LOG_ERROR);
	fuzz_require(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0);
	fuzz_require(plan_setup(&state) == 0);
	plan = state;
	gate.plan = plan;
	plan_standing(plan, "action", "");
	plan_standing(plan, "decision", "submitted");
	plan_standing(plan, "observation", "");
	hide("Zq1exempt", plan_make(plan, POLICE, "action",
				    "title=Zq1exempt|priority=P1|status=not-started|owner=B4|marking=exempt|"
				    "marking_reason=crime|marking_review=2015-01-01"));
	hide("Zq2draft", plan_make(plan, POLICE, "priority",
				   "title=Zq2draft|standing=priority|year=2014/15|lead=O1|owner=B3"));
	hide("Zq3referral", plan_make(plan, POLICE, "referral",
				      "title=Zq3referral|to=B2|about=A1|ground=more-resource|text=It "
				      "costs.|owner=B4"));
	hide("Zq4restricted",
	     plan_make(plan, POLICE, "action",
		       "title=Zq4restricted|priority=P1|status=not-started|owner=B4|marking=restricted"));
	hide("Zq5decision", plan_make(plan, SECRETARY, "decision",
				      "title=Zq5decision|body=B2|date=2014-04-30|text=So be it.|"
				      "reasons=Need.|owner=B2"));
	hide("Zq6assessment",
	     plan_make(plan, ANALYST, "assessment", "title=Zq6assessment|year=2013/14|owner=B8"));
	hide("Zq7comment", plan_make(plan, POLICE, "comment",
				     "about=A1|text=Zq7comment @probation|marking=restricted|owner=B3"));
	for (enum who who = ADMINISTRATOR; who < WHO_COUNT; who++) {
		plan_device(plan, who);
	}
	for (size_t i = 0; i < gate.secret_count; i++) {
		ask_who_knows(&gate.secrets[i]);
	}
}

/* ---- one request, as the gate and the writer carry it out ---- */

struct asked {
	enum who who;
	enum method method;
	enum status status;
	bool changed;
	struct request request;
	struct error err;
};

static enum status run(struct asked *asked, struct error *err)
{
	struct request *request = &asked->request;
	enum status status = method_check(request->method, request->params, err);

	if (status == STATUS_OK && request->has_certificate) {
		status = session_load(request->context->store, request->arena, &request->fingerprint,
				      &request->session, err);
		if (status == STATUS_OK) {
			status = dispatch_admits(request->method, request->session, err);
		}
	}
	if (status == STATUS_OK) {
		status = handlers[request->method](request, err);
	}
	return status;
}

static void take_back(struct context *context)
{
	store_revert(context->store);
	journal_forget(context->journal);
}

static void settle(struct asked *asked)
{
	struct request *request = &asked->request;
	struct context *context = request->context;
	struct error err = ERROR_INIT;

	if (asked->status == STATUS_OK ? !request->undo : request->keep) {
		fuzz_require(store_release(context->store, &err) == STATUS_OK);
		asked->changed = method_rows[request->method].lane == LANE_WRITE;
		return;
	}
	take_back(context);
	if (asked->status != STATUS_OK && request->afterwards) {
		fuzz_require(store_savepoint(context->store, &err) == STATUS_OK);
		fuzz_require(request->afterwards(request, &asked->err, &err) == STATUS_OK);
		fuzz_require(store_release(context->store, &err) == STATUS_OK);
	}
}

static void check_reply(struct asked *asked, struct arena *arena)
{
	const msgpack_object *result = NULL;
	const struct param_row *rows = NULL;
	size_t count = method_results(asked->method, &rows);
	struct error err = ERROR_INIT;

	if (asked->status != STATUS_OK) {
		fuzz_require(asked->err.message[0] != '\0' && asked->err.status == asked->status);
		fuzz_require(asked->status != STATUS_FAILED);
		return;
	}
	fuzz_require(!asked->request.reply.failed);
	fuzz_require(codec_decode(arena, buffer_span(&asked->request.reply), &result, &err) == STATUS_OK);
	fuzz_require(result->type == MSGPACK_OBJECT_MAP && codec_count(result) <= count);
}

static bool holds(const void *bytes, size_t length, const char *token)
{
	return length > 0 && memmem(bytes, length, token, strlen(token)) != NULL;
}

static bool tells(const struct asked *asked, const char *token)
{
	const struct request *request = &asked->request;
	struct span details = buffer_span(&request->details);

	if (asked->status == STATUS_OK) {
		return holds(request->reply.data, request->reply.length, token);
	}
	return holds(asked->err.message, strlen(asked->err.message), token) ||
	       holds(asked->err.hint, strlen(asked->err.hint), token) ||
	       (details.length > 0 && holds(details.data, details.length, token));
}

static void check_secrets(const struct asked *asked, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < gate.secret_count; i++) {
		const struct secret *secret = &gate.secrets[i];

		if (!secret->known_to[asked->who] && tells(asked, secret->token)) {
			fuzz_require(holds(data, size, secret->token));
		}
	}
}

/* False when the input ends. */
static bool ask(struct fuzz_input *input, struct asked *asked, struct arena *arena)
{
	struct context *context = &gate.plan->server->context;
	struct request *request = &asked->request;
	const struct fixture_device *device;
	size_t length;
	struct error err = ERROR_INIT;

	memset(asked, 0, sizeof(*asked));
	if (input->size < 4) {
		return false;
	}
	asked->who = (enum who)(fuzz_byte(input) % (WHO_COUNT - 1) + 1);
	asked->method = (enum method)(fuzz_byte(input) % METHOD_COUNT);
	length = (size_t)fuzz_byte(input) << 8;
	length |= fuzz_byte(input);
	*request = (struct request){
		.arena = arena,
		.method = asked->method,
		.bytes = fuzz_take(input, length),
		.address = "192.0.2.1",
		.context = context,
	};
	asked->status = codec_decode(arena, request->bytes, &request->params, &asked->err);
	if (asked->status != STATUS_OK || request->params->type != MSGPACK_OBJECT_MAP ||
	    method_rows[asked->method].lane == LANE_LOOP) {
		return true;
	}
	buffer_init(&request->reply, 64 << 20);
	buffer_init(&request->details, 1 << 20);
	if (method_rows[asked->method].door == DOOR_MEMBER) {
		device = plan_device(gate.plan, asked->who);
		request->has_certificate = true;
		request->fingerprint = device->fingerprint;
	}
	fuzz_require(store_savepoint(context->store, &err) == STATUS_OK);
	asked->status = run(asked, &asked->err);
	settle(asked);
	check_reply(asked, arena);
	return true;
}

static void check_journal(void)
{
	struct context *context = &gate.plan->server->context;
	struct journal_report report;
	struct error err = ERROR_INIT;

	fuzz_require(journal_seal(context->journal, context->store, &err) == STATUS_OK);
	if (journal_check(context->store, context->journal_public, context->schema, NULL, NULL, &report,
			  &err) != STATUS_OK) {
		fprintf(stderr, "%s\n", err.message);
		fuzz_require(report.problems == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct context *context;
	struct arena *arena;
	struct asked asked;
	struct error err = ERROR_INIT;
	bool changed = false;

	if (!gate.plan) {
		found();
	}
	context = &gate.plan->server->context;
	arena = fuzz_arena();
	fuzz_require(store_begin(context->store, &err) == STATUS_OK);
	for (int i = 0; i < REQUESTS && ask(&input, &asked, arena); i++) {
		changed = changed || asked.changed;
		if (!changed) {
			check_secrets(&asked, data, size);
		}
		buffer_release(&asked.request.reply);
		buffer_release(&asked.request.details);
	}
	if (changed || gate.inputs++ % CHECK_EVERY == 0) {
		check_journal();
	}
	store_rollback(context->store);
	journal_forget(context->journal);
	arena_free(arena);
	return 0;
}
