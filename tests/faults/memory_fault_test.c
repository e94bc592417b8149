/* Every allocation of every flow through the server is refused once: the handshake, each method from the bytes of its
 * request to the bytes of its answer, the notices to a watcher. Nothing may crash, hang or leak; what is answered with
 * an error did not happen, what is answered well did, and the same request afterwards, under the same request id, is
 * answered as if nothing had been.
 *
 * SAFER_STRIDE refuses only each so manieth allocation, 1 all of them; SAFER_FLOW plays one flow only, by its place. */
#include "tests/faults/memory.h"
#include "tests/faults/scene.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#define STRIDE     67 /* in the short version */
#define BYTES_MOST (1 << 20)
#define CHECKS     100 /* faults between two checks of the whole journal */

struct flow {
	const char *method;
	enum actor actor;
	const char *pairs; /* of the params; NULL: `put` makes them */
	void (*put)(struct scene *scene, struct buffer *params);
	void (*prepare)(struct scene *scene, int64_t n); /* before each time; NULL: nothing to do */
	enum status status;                              /* that it ends with when there is memory */
	int entries;                                     /* of the journal that it adds then */
	bool once;                                       /* a repetition adds none: it is the same request */
	bool fresh;                                      /* each time on a new connection */
	bool may_vary;                                   /* a repetition may be answered otherwise */
};

struct tally {
	int64_t flows, faults, answered, refused, dropped;
};

static struct tally tally;

/* ---- what is asked ---- */

static void put_edit(struct scene *scene, struct buffer *params)
{
	char fields[40];

	snprintf(fields, sizeof(fields), "progress=#%d", (int)(scene->drawn % 101));
	scene_put_change(scene, params, "edit", "A1", scene_revision(scene, "action", 1), fields);
}

static void put_note(struct scene *scene, struct buffer *params)
{
	char fields[100];

	snprintf(fields, sizeof(fields), "title=Visit %d|action=A1|date=2014-04-30|owner=B3",
		 (int)scene->drawn);
	scene_put_change(scene, params, "create", "note", -1, fields);
}

static void put_comment(struct scene *scene, struct buffer *params)
{
	char fields[100];

	snprintf(fields, sizeof(fields), "about=A1|text=Visit %d, see @B2", (int)scene->drawn);
	scene_put_change(scene, params, "create", "comment", -1, fields);
}

static void prepare_priority(struct scene *scene, int64_t n)
{
	char fields[100];

	snprintf(fields, sizeof(fields),
		 "title=Priority %d of %d|standing=priority|year=2014/15|lead=@O1|owner=B2", (int)n,
		 (int)scene->drawn);
	scene_make(scene, "priority", fields);
}

static void put_step(struct scene *scene, struct buffer *params)
{
	scene_put_change(scene, params, "submit", scene->target, 1, "");
}

static void prepare_milestone(struct scene *scene, int64_t n)
{
	(void)n;
	scene_make(scene, "milestone", "title=Gone soon|action=A1|due=2014-06-30|owner=B3");
}

static void put_remove(struct scene *scene, struct buffer *params)
{
	scene_put_change(scene, params, "remove", scene->target, 1, "");
}

/* Somebody else has given it another title since. */
static void prepare_conflict(struct scene *scene, int64_t n)
{
	struct buffer params;
	char fields[40];

	snprintf(fields, sizeof(fields), "title=Patrols %d", (int)n);
	buffer_init(&params, BYTES_MOST);
	scene->number = scene_revision(scene, "action", 1);
	scene_put_change(scene, &params, "edit", "A1", scene->number, fields);
	assert_int_equal(scene_ask(scene, OFFICER, "change", &params)->status, STATUS_OK);
	buffer_release(&params);
}

static void put_conflict(struct scene *scene, struct buffer *params)
{
	scene_put_change(scene, params, "edit", "A1", scene->number, "title=Foot patrols");
}

static void put_foreign(struct scene *scene, struct buffer *params)
{
	scene_put_change(scene, params, "edit", "O1", 1, "name=Another name");
}

static void put_where(struct scene *scene, struct buffer *params)
{
	(void)scene;
	codec_put_map(params, 3);
	codec_pair_text(params, "kind", "action");
	codec_pair_text(params, "sort", "-title");
	codec_put_text(params, "where");
	codec_put_list(params, 1);
	codec_put_map(params, 3);
	codec_pair_text(params, "field", "title");
	codec_pair_text(params, "is", "contains");
	codec_pair_text(params, "value", "patrol");
}

static void put_editing(struct scene *scene, struct buffer *params)
{
	(void)scene;
	codec_put_map(params, 1);
	codec_put_text(params, "ids");
	codec_put_list(params, 1);
	codec_put_text(params, "A1");
}

/* The next day, so that the first hello is a sign-in. */
static void prepare_day(struct scene *scene, int64_t n)
{
	clock_freeze(scene->wire->server->now + (n % 2 + 1) * FIXTURE_DAY);
}

static void prepare_invitation(struct scene *scene, int64_t n)
{
	struct buffer params;
	const struct wire_message *reply = NULL;
	struct span text;

	(void)n;
	buffer_init(&params, BYTES_MOST);
	scene_put(&params, "person=PE3");
	reply = scene_ask(scene, ADMINISTRATOR, "invite", &params);
	assert_int_equal(reply->status, STATUS_OK);
	text = codec_get_text(reply->message.result, "invitation");
	assert_true(text.length > 0 && text.length < sizeof(scene->invitation));
	memcpy(scene->invitation, text.data, text.length);
	scene->invitation[text.length] = '\0';
	if (scene->certificate_request.length == 0) {
		scene->certificate_request =
			fixture_certificate_request(scene->wire->server, fixture_key(scene->wire->server));
	}
	buffer_release(&params);
}

static void put_enrol(struct scene *scene, struct buffer *params)
{
	struct invitation invitation;
	struct error err = ERROR_INIT;

	assert_int_equal(invitation_parse(scene->invitation, &invitation, &err), STATUS_OK);
	codec_put_map(params, 5);
	codec_pair_int(params, "protocol", 1);
	codec_put_text(params, "invitation");
	codec_put_bin(params, invitation.id, sizeof(invitation.id));
	codec_put_text(params, "secret");
	codec_put_bin(params, invitation.secret, sizeof(invitation.secret));
	codec_put_text(params, "request");
	codec_put_bin(params, scene->certificate_request.data, scene->certificate_request.length);
	codec_pair_text(params, "device", "laptop");
}

static void put_renewal(struct scene *scene, struct buffer *params)
{
	if (scene->certificate_request.length == 0) {
		scene->certificate_request =
			fixture_certificate_request(scene->wire->server, fixture_key(scene->wire->server));
	}
	codec_put_map(params, 1);
	codec_put_text(params, "request");
	codec_put_bin(params, scene->certificate_request.data, scene->certificate_request.length);
}

static const struct flow flows[] = {
	{.method = "hello",
	 .actor = OFFICER,
	 .pairs = "protocol=#1|client=a test|head=#3",
	 .prepare = prepare_day,
	 .entries = 1,
	 .once = true},
	{.method = "whoami", .actor = OFFICER, .pairs = ""},
	{.method = "schema", .actor = OFFICER, .pairs = ""},
	{.method = "read", .actor = OFFICER, .pairs = "id=A1"},
	{.method = "read", .actor = OFFICER, .pairs = "id=A999", .status = STATUS_NOT_FOUND},
	{.method = "list", .actor = OFFICER, .pairs = "kind=action|limit=#10"},
	{.method = "list", .actor = OFFICER, .put = put_where},
	{.method = "history", .actor = OFFICER, .pairs = "id=A1"},
	{.method = "can", .actor = OFFICER, .pairs = "verb=edit|target=A1|field=due"},
	{.method = "why", .actor = OFFICER, .pairs = "target=P1"},
	{.method = "status", .actor = OFFICER, .pairs = ""},
	{.method = "inbox", .actor = OFFICER, .pairs = ""},
	{.method = "members", .actor = OFFICER, .pairs = "body=B2"},
	{.method = "watch", .actor = OFFICER, .pairs = "kind=action|since=#1", .fresh = true},
	{.method = "watch", .actor = OFFICER, .pairs = "under=P1|owner=B3", .fresh = true},
	{.method = "editing", .actor = OFFICER, .put = put_editing, .fresh = true},
	{.method = "presence", .actor = OFFICER, .pairs = "id=A1"},
	{.method = "unwatch", .actor = OFFICER, .pairs = "watch=#1", .status = STATUS_NOT_FOUND},
	{.method = "journal.head", .actor = OFFICER, .pairs = "from=#2"},
	{.method = "journal.list", .actor = OFFICER, .pairs = "limit=#5"},
	{.method = "journal.show", .actor = OFFICER, .pairs = "entry=#2"},
	{.method = "change", .actor = OFFICER, .put = put_edit, .entries = 1, .once = true},
	{.method = "change", .actor = OFFICER, .put = put_note, .entries = 1, .once = true},
	{.method = "change", .actor = OFFICER, .put = put_comment, .entries = 1, .once = true},
	{.method = "change",
	 .actor = OFFICER,
	 .put = put_step,
	 .prepare = prepare_priority,
	 .entries = 1,
	 .once = true},
	{.method = "change",
	 .actor = OFFICER,
	 .put = put_remove,
	 .prepare = prepare_milestone,
	 .entries = 1,
	 .once = true},
	{.method = "change",
	 .actor = OFFICER,
	 .put = put_conflict,
	 .prepare = prepare_conflict,
	 .status = STATUS_CONFLICT,
	 .once = true},
	{.method = "change",
	 .actor = OFFICER,
	 .put = put_foreign,
	 .status = STATUS_NOT_PERMITTED,
	 .entries = 1},
	{.method = "admin.status", .actor = ADMINISTRATOR, .pairs = ""},
	{.method = "account.list", .actor = ADMINISTRATOR, .pairs = ""},
	{.method = "account.list",
	 .actor = OFFICER,
	 .pairs = "",
	 .status = STATUS_NOT_PERMITTED,
	 .entries = 1},
	{.method = "invite", .actor = ADMINISTRATOR, .pairs = "person=PE3", .entries = 1},
	{.method = "invitation.withdraw",
	 .actor = ADMINISTRATOR,
	 .pairs = "invitation=AAAAAAAA",
	 .status = STATUS_NOT_FOUND},
	{.method = "enrol",
	 .actor = NEWCOMER,
	 .put = put_enrol,
	 .prepare = prepare_invitation,
	 .entries = 1,
	 .fresh = true},
	{.method = "credential.renew", .actor = OFFICER, .put = put_renewal, .entries = 1, .may_vary = true},
	{.method = "credential.revoke",
	 .actor = ADMINISTRATOR,
	 .pairs = "credential=#999",
	 .status = STATUS_NOT_FOUND},
	{.method = "no.such.method", .actor = OFFICER, .pairs = "", .status = STATUS_INVALID},
};

/* ---- playing ---- */

static void describe(const struct flow *flow, int64_t n, const char *what)
{
	fail_msg("%s, flow %d, allocation %lld: %s", flow->method, (int)(flow - flows), (long long)n, what);
}

static void put_params(struct scene *scene, const struct flow *flow, struct buffer *params)
{
	if (flow->pairs != NULL) {
		scene_put(params, flow->pairs);
	} else {
		flow->put(scene, params);
	}
	assert_false(params->failed);
}

static const struct wire_message *find_reply(const struct wire_peer *peer, uint32_t id)
{
	for (size_t i = 0; i < peer->message_count; i++) {
		const struct wire_message *message = &peer->messages[i];

		if (message->message.type == MESSAGE_REPLY && message->message.id == id) {
			return message;
		}
	}
	return NULL;
}

/* The server alone goes on, with memory that runs out, until it has nothing more to do. */
static void let_it_work(struct scene *scene)
{
	int quiet = 0;

	while (quiet < 3) {
		memory_enter();
		event_base_loop(scene->wire->base, EVLOOP_NONBLOCK);
		memory_leave();
		quiet = scene_quiet(scene) ? quiet + 1 : 0;
	}
}

/* The request with memory that runs out. The status of the answer; STATUS_COUNT: the connection ended instead. */
static enum status ask_hungry(struct scene *scene, const struct flow *flow, const struct buffer *params,
			      int64_t n)
{
	struct wire_peer *peer = scene_peer(scene, flow->actor);
	const struct wire_message *reply = NULL;

	wire_ask_with(peer, ++scene->id, flow->method, buffer_span(params));
	memory_fail(n);
	let_it_work(scene);
	memory_end();
	wire_until(scene->wire, find_reply(peer, scene->id) || wire_ended(peer));
	scene_settle(scene);
	reply = find_reply(peer, scene->id);
	return reply != NULL ? reply->status : STATUS_COUNT;
}

static int64_t told_until(const struct wire_peer *watcher)
{
	int64_t told = -1;

	for (size_t i = 0; i < watcher->message_count; i++) {
		const struct wire_message *message = &watcher->messages[i];

		if (message->message.type == MESSAGE_NOTICE) {
			told = codec_get_int(message->message.params, "entry", told);
		}
	}
	return told;
}

/* A watcher is told, or its connection ends: it never goes on as if nothing had been. */
static void check_watcher(struct scene *scene, const struct flow *flow)
{
	int64_t newest = scene_entries(scene) - 1;

	if (flow->entries > 0 && flow->status == STATUS_OK && strcmp(flow->method, "change") == 0) {
		wire_until(scene->wire, wire_ended(scene->watcher) || told_until(scene->watcher) >= newest);
	}
}

/* With memory in plenty again. */
static void ask_again(struct scene *scene, const struct flow *flow, const struct buffer *params, int64_t n,
		      int64_t before)
{
	const struct wire_message *reply = NULL;
	int64_t grown;

	if (flow->fresh) {
		scene_drop(scene, flow->actor);
	}
	reply = scene_ask(scene, flow->actor, flow->method, params);
	scene_settle(scene);
	if (reply->status != flow->status && !flow->may_vary) {
		describe(flow, n,
			 reply->status == STATUS_OK ? "the same request is answered well"
						    : reply->error.message);
	}
	grown = scene_entries(scene) - before;
	if (flow->once && grown != flow->entries) {
		describe(flow, n, "the journal did not grow as it must");
	}
	if (!flow->once && grown > 2 * flow->entries) {
		describe(flow, n, "the journal grew too much");
	}
}

/* False: there is no such allocation any more. */
static bool refuse_one(struct scene *scene, const struct flow *flow, int64_t n)
{
	struct buffer params;
	enum status status;
	int64_t before;
	int64_t grown;
	bool refused;

	scene_tidy(scene);
	if (flow->fresh) {
		scene_drop(scene, flow->actor);
	}
	if (flow->prepare != NULL) {
		flow->prepare(scene, n);
	}
	(void)scene_peer(scene, flow->actor);
	scene_watch(scene);
	scene_settle(scene);
	buffer_init(&params, BYTES_MOST);
	put_params(scene, flow, &params);
	before = scene_entries(scene);
	status = ask_hungry(scene, flow, &params, n);
	refused = memory_refused();
	grown = scene_entries(scene) - before;
	tally.faults += refused;
	tally.answered += refused && status == flow->status;
	tally.refused += refused && status != flow->status && status != STATUS_COUNT;
	tally.dropped += refused && status == STATUS_COUNT;
	if (status == STATUS_OK && flow->status == STATUS_OK && flow->once && grown != flow->entries &&
	    strcmp(flow->method, "hello") != 0) {
		describe(flow, n, "it was answered well, and the journal did not grow as it must");
	}
	if (status != STATUS_OK && status != STATUS_COUNT && flow->status == STATUS_OK && grown != 0) {
		describe(flow, n, "it was refused, and the journal grew");
	}
	ask_again(scene, flow, &params, n, before);
	check_watcher(scene, flow);
	buffer_release(&params);
	return refused;
}

static int64_t stride(void)
{
	const char *text = getenv("SAFER_STRIDE");

	return text != NULL ? strtoll(text, NULL, 10) : STRIDE;
}

static void a_request_survives_each_allocation_that_is_refused(void **state)
{
	struct scene *scene = *state;
	const char *only = getenv("SAFER_FLOW");

	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		int64_t checked = 0;

		if (only != NULL && strtoull(only, NULL, 10) != i) {
			continue;
		}
		refuse_one(scene, &flows[i], 0); /* what is made once in a process is made now */
		tally.flows++;
		for (int64_t n = 1 + (int64_t)i % stride(); refuse_one(scene, &flows[i], n); n += stride()) {
			if (++checked % CHECKS == 0) {
				scene_check(scene);
			}
		}
		scene_check(scene);
		clock_freeze(scene->wire->server->now);
	}
}

static void a_handshake_survives_each_allocation_that_is_refused(void **state)
{
	struct scene *scene = *state;
	struct wire_offer offer = wire_member(scene->wire, scene->devices[OFFICER]);
	bool refused = true;

	scene_drop(scene, OFFICER);
	(void)scene_peer(scene, OFFICER);
	tally.flows++;
	for (int64_t n = 1; refused; n += stride()) {
		scene_drop(scene, OFFICER);
		scene_tidy(scene);
		scene->peers[OFFICER] = wire_begin(scene->wire, offer);
		memory_fail(n);
		for (int i = 0; i < 4; i++) {
			(void)SSL_do_handshake(scene->peers[OFFICER]->ssl);
			ERR_clear_error();
			let_it_work(scene);
		}
		refused = memory_refused();
		memory_end();
		tally.faults += refused;
		wire_until(scene->wire,
			   wire_ended(scene->peers[OFFICER]) || scene->peers[OFFICER]->connected);
		if (!wire_ended(scene->peers[OFFICER])) {
			tally.answered += refused;
			wire_ask(scene->peers[OFFICER], ++scene->id, "whoami");
			wire_until(scene->wire, find_reply(scene->peers[OFFICER], scene->id) ||
							wire_ended(scene->peers[OFFICER]));
		} else {
			tally.dropped += refused;
		}
	}
	scene_check(scene);
}

static void every_method_is_among_the_flows(void **state)
{
	(void)state;
	for (size_t method = 0; method < METHOD_COUNT; method++) {
		bool there = false;

		for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
			there = there || strcmp(flows[i].method, method_rows[method].name) == 0;
		}
		if (!there) {
			fail_msg("%s is not tried", method_rows[method].name);
		}
	}
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	bool leaked;

	scene_teardown(state);
	(void)scene;
	leaked = memory_leaked();
	print_message(
		"%lld flows, %lld allocations refused: %lld answered as with memory, %lld answered with an "
		"error, %lld connections ended; crashes 0, half-applied 0, leaks %d\n",
		(long long)tally.flows, (long long)tally.faults, (long long)tally.answered,
		(long long)tally.refused, (long long)tally.dropped, leaked);
	tally = (struct tally){0};
	return leaked ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_is_among_the_flows),
		cmocka_unit_test_setup_teardown(a_request_survives_each_allocation_that_is_refused,
						scene_setup, teardown),
		cmocka_unit_test_setup_teardown(a_handshake_survives_each_allocation_that_is_refused,
						scene_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
