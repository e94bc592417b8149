/* What a signed-in peer can do to the wire, and what becomes of it: it is answered in words and, where the place in the
 * stream is lost, closed. The server goes on; after each test the same process serves an honest caller. */
#include "tests/support/raw_peer.h"

#include "protocol/version.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PIPELINED 300

static struct {
	struct installation *it;
	struct person *ann;
	pid_t server; /* the process that was started, and must still be there at the end */
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	person_enrol(scene.ann, scene.it->invitation);
	scene.server = scene.it->server;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

/* The teardown of every test. */
static int is_unharmed(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	const struct raw_reply *reply = NULL;
	int status = 0;

	(void)state;
	raw_ask(peer, 1, "whoami");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_OK);
	raw_close(peer);
	assert_int_equal(scene.it->server, scene.server);
	assert_int_equal(waitpid(scene.server, &status, WNOHANG), 0);
	return 0;
}

/* Refused with these words, and closed with a goodbye. */
static void is_refused(struct raw_peer *peer, uint32_t id, const char *words)
{
	const struct raw_reply *reply = raw_reply(peer, id);

	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, words);
	raw_drain(peer);
	assert_true(peer->goodbye);
	raw_close(peer);
}

/* ---- messages that are none ---- */

#define BYTES(text)  (text), sizeof(text) - 1
#define WHOAMI       "\xa6whoami"
#define EIGHT        "\x91\x91\x91\x91\x91\x91\x91\x91"
#define UNKNOWN_ID   0
#define NO_SUCH_TYPE "a floating-point number, an extension or the byte 0xc1"

static const struct malformed {
	const char *name;
	const char *bytes;
	size_t length;
	const char *words;
} malformed[] = {
	{"refuses a number where a message should be", BYTES("\x2a"), "a message is a request"},
	{"refuses a list that is no message", BYTES("\x93\x01\x02\x03"), "a message is a request"},
	{"refuses a request that ends too early", BYTES("\x93\x00\x01" WHOAMI), "a message is a request"},
	{"refuses a type of message that there is none of", BYTES("\x94\x07\x01" WHOAMI "\x90"),
	 "a message is a request"},
	{"refuses a negative id", BYTES("\x94\x00\xff" WHOAMI "\x90"), "id of a request"},
	{"refuses a method that is a number", BYTES("\x94\x00\x01\x05\x90"), "method"},
	{"refuses params that are no list", BYTES("\x94\x00\x01" WHOAMI "\x80"), "params"},
	{"refuses two maps of params", BYTES("\x94\x00\x01" WHOAMI "\x92\x80\x80"), "params"},
	{"refuses a key that is there twice",
	 BYTES("\x94\x00\x01" WHOAMI "\x91\x82\xa1"
	       "a\x01\xa1"
	       "a\x02"),
	 "twice"},
	{"refuses a text that is not UTF-8", BYTES("\x94\x00\x01\xa2\xff\xfe\x90"), "UTF-8"},
	{"refuses an answer to a question that was never asked", BYTES("\x94\x01\x01\xc0\xc0"),
	 "the server asks nothing"},
	{"refuses a floating-point number", BYTES("\x94\x00\x01\xcb\x40\x09\x21\xfb\x54\x44\x2d\x18\x90"),
	 NO_SUCH_TYPE},
	{"refuses an extension type", BYTES("\x94\x00\x01\xd4\x01\x02\x90"), NO_SUCH_TYPE},
	{"refuses the byte that MessagePack never uses", BYTES("\xc1"), NO_SUCH_TYPE},
	{"refuses lists in lists in lists without end", BYTES(EIGHT EIGHT "\x91\x01"),
	 "deeper than is allowed"},
	{"refuses four thousand million values at the first header", BYTES("\xdd\xff\xff\xff\xff"),
	 "the message has more"},
	{"refuses more values than are allowed", BYTES("\xdd\x00\x01\x86\xa1"),
	 "more values than are allowed"},
	{"refuses more bytes than are allowed at the header", BYTES("\xc6\x00\x20\x00\x00"),
	 "more bytes than are allowed"},
};

static void refuses_malformed(void **state)
{
	const struct malformed *row = *state;
	struct raw_peer *peer = raw_connect_as(scene.ann);
	const struct raw_reply *reply = NULL;

	raw_send(peer, row->bytes, row->length);
	raw_drain(peer);
	assert_int_equal(peer->reply_count, 1);
	reply = peer->replies[0];
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, row->words);
	assert_true(peer->goodbye);
	raw_close(peer);
}

static void a_stranger_may_say_far_less_than_a_member(void **state)
{
	const struct raw_offer offer = {.alpn = ALPN_ENROL};
	struct raw_peer *peer = raw_connect(scene.it, &offer);
	struct buffer params;
	char device[5000];

	(void)state;
	memset(device, 'x', sizeof(device));
	buffer_init(&params, 10000);
	codec_put_map(&params, 1);
	codec_put_text(&params, "device");
	codec_put_span(&params, (struct span){(const uint8_t *)device, sizeof(device)});
	raw_ask_with(peer, 1, "enrol", &params);
	buffer_release(&params);
	is_refused(peer, UNKNOWN_ID, "more bytes than are allowed");
}

/* ---- messages in pieces ---- */

static const char whole[] = "\x94\x00\x05" WHOAMI "\x91\x80";

static void a_message_may_come_byte_by_byte(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	const struct raw_reply *reply = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		raw_send(peer, whole + i, 1);
	}
	reply = raw_reply(peer, 5);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_OK);
	raw_close(peer);
}

static void half_a_message_and_a_goodbye_is_no_request(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	long from = installation_log_end(scene.it);

	(void)state;
	raw_send(peer, whole, sizeof(whole) / 2);
	raw_goodbye(peer);
	raw_drain(peer);
	assert_true(peer->goodbye);
	assert_int_equal(peer->reply_count, 0);
	raw_close(peer);
	installation_until_logged(scene.it, from, "event=message-cut-off");
}

static void half_a_message_and_silence_is_forgotten(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	long from = installation_log_end(scene.it);

	(void)state;
	raw_send(peer, whole, sizeof(whole) / 2);
	raw_close(peer);
	installation_until_logged(scene.it, from, "event=connection-lost");
}

static void a_peer_that_leaves_before_its_answers_harms_nobody(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct raw_peer *peer = raw_connect_as(scene.ann);

		raw_ask(peer, 1, "schema");
		raw_ask(peer, 2, "whoami");
		raw_close(peer);
	}
}

/* ---- requests that make no sense ---- */

static void an_unknown_method_gets_a_suggestion(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	const struct raw_reply *reply = NULL;

	(void)state;
	raw_ask(peer, 1, "whoam");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, "there is no method \"whoam\"");
	assert_says(reply->error.hint, "did you mean whoami?");
	raw_ask(peer, 2, "whoami"); /* the connection goes on */
	assert_int_equal(raw_reply(peer, 2)->status, STATUS_OK);
	raw_close(peer);
}

static const struct wrong {
	const char *name;
	const char *key;
	const char *text; /* NULL: a number */
	const char *words;
	const char *hint;
} wrong_params[] = {
	{"refuses a parameter that is not there", "idd", "A1", "there is no parameter \"idd\"",
	 "did you mean \"id\"?"},
	{"refuses a parameter of another type", "id", NULL, "\"id\" is not", ""},
	{"refuses a parameter that is too long", "id", "A1111111111111111111111111111", "at most 24", ""},
	{"refuses a request without a parameter that it needs", "as_of", "1", "\"id\" is missing", ""},
};

static void refuses_params(void **state)
{
	const struct wrong *row = *state;
	struct raw_peer *peer = raw_connect_as(scene.ann);
	const struct raw_reply *reply = NULL;
	struct buffer params;

	buffer_init(&params, 1000);
	codec_put_map(&params, 1);
	if (row->text != NULL) {
		codec_pair_text(&params, row->key, row->text);
	} else {
		codec_pair_int(&params, row->key, 7);
	}
	raw_ask_with(peer, 1, "read", &params);
	buffer_release(&params);
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, row->words);
	assert_says(reply->error.hint, row->hint);
	raw_ask(peer, 2, "whoami");
	assert_int_equal(raw_reply(peer, 2)->status, STATUS_OK);
	raw_close(peer);
}

static void notices_are_passed_over(void **state)
{
	static const char notices[] = "\x93\x02\xa5hello\x90"
				      "\x93\x02\xc4\x01x\x92\x01\x02"
				      "\x93\x02" WHOAMI "\x91\x80";
	struct raw_peer *peer = raw_connect_as(scene.ann);

	(void)state;
	raw_send(peer, notices, sizeof(notices) - 1);
	raw_ask(peer, 9, "whoami");
	assert_int_equal(raw_reply(peer, 9)->status, STATUS_OK);
	assert_int_equal(peer->reply_count, 0);
	raw_close(peer);
}

static void every_one_of_many_requests_is_answered(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	struct buffer requests;

	(void)state;
	buffer_init(&requests, 1 << 20);
	for (uint32_t id = 1; id <= PIPELINED; id++) {
		message_put_request(&requests, id, id % 3 == 0 ? "schema" : "whoami");
		codec_put_map(&requests, 0);
	}
	raw_send(peer, requests.data, requests.length);
	buffer_release(&requests);
	for (uint32_t id = 1; id <= PIPELINED; id++) {
		const struct raw_reply *reply = raw_reply(peer, id);

		assert_non_null(reply);
		assert_int_equal(reply->status, STATUS_OK);
	}
	raw_close(peer);
}

static void an_id_that_is_in_flight_cannot_be_used_again(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.ann);
	struct buffer requests;
	size_t refused = 0;

	(void)state;
	buffer_init(&requests, 1000);
	for (int i = 0; i < 2; i++) { /* in one piece, so that the second is read before the first is done */
		message_put_request(&requests, 77, "whoami");
		codec_put_map(&requests, 0);
	}
	raw_send(peer, requests.data, requests.length);
	buffer_release(&requests);
	raw_drain(peer);
	assert_int_equal(peer->reply_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(peer->replies[i]->id, 77);
		if (peer->replies[i]->status != STATUS_OK) {
			assert_says(peer->replies[i]->error.message, "already in flight");
			refused++;
		}
	}
	assert_int_equal(refused, 1);
	assert_true(peer->goodbye);
	raw_close(peer);
}

/* ---- versions ---- */

static const struct version {
	const char *name;
	const char *alpn;
	const char *method;
	int64_t version;
	const char *words;
} versions[] = {
	{"tells an older client so", ALPN_MEMBER, "hello", 0, "Your client is older than this server"},
	{"tells a newer client so", ALPN_MEMBER, "hello", 2, "Your client is newer than this server"},
	{"tells an older client so before it enrols", ALPN_ENROL, "enrol", 0,
	 "Your client is older than this server"},
	{"tells a newer client so before it enrols", ALPN_ENROL, "enrol", 2,
	 "Your client is newer than this server"},
};

static void refuses_version(void **state)
{
	static const uint8_t bytes[16];
	const struct version *row = *state;
	struct raw_offer offer = raw_person(scene.ann);
	struct raw_peer *peer = NULL;
	const struct raw_reply *reply = NULL;
	struct buffer params;
	bool enrols = strcmp(row->alpn, ALPN_ENROL) == 0;

	offer.alpn = row->alpn;
	peer = raw_connect(scene.it, &offer);
	buffer_init(&params, 1000);
	codec_put_map(&params, enrols ? 5 : 1);
	codec_pair_int(&params, "protocol", row->version);
	if (enrols) {
		codec_put_text(&params, "invitation");
		codec_put_bin(&params, bytes, 5);
		codec_put_text(&params, "secret");
		codec_put_bin(&params, bytes, 16);
		codec_put_text(&params, "request");
		codec_put_bin(&params, bytes, 16);
		codec_pair_text(&params, "device", "a laptop");
	}
	raw_ask_with(peer, 1, row->method, &params);
	buffer_release(&params);
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, row->words);
	assert_string_not_equal(reply->error.hint, "");
	raw_close(peer);
	raw_offer_release(&offer);
}

/* ---- all of them ---- */

#define COUNT(rows)    (sizeof(rows) / sizeof((rows)[0]))
#define TEST(function) cmocka_unit_test_teardown(function, is_unharmed)
#define ROWS(rows, function)                                                                            \
	for (size_t i = 0; i < COUNT(rows); i++) {                                                      \
		tests[count++] = (struct CMUnitTest){.name = (rows)[i].name,                            \
						     .test_func = (function),                           \
						     .teardown_func = is_unharmed,                      \
						     .initial_state = (void *)(uintptr_t) & (rows)[i]}; \
	}

int main(void)
{
	const struct CMUnitTest others[] = {
		TEST(a_stranger_may_say_far_less_than_a_member),
		TEST(a_message_may_come_byte_by_byte),
		TEST(half_a_message_and_a_goodbye_is_no_request),
		TEST(half_a_message_and_silence_is_forgotten),
		TEST(a_peer_that_leaves_before_its_answers_harms_nobody),
		TEST(an_unknown_method_gets_a_suggestion),
		TEST(notices_are_passed_over),
		TEST(every_one_of_many_requests_is_answered),
		TEST(an_id_that_is_in_flight_cannot_be_used_again),
	};
	struct CMUnitTest tests[COUNT(malformed) + COUNT(wrong_params) + COUNT(versions) + COUNT(others)];
	size_t count = 0;

	ROWS(malformed, refuses_malformed)
	ROWS(wrong_params, refuses_params)
	ROWS(versions, refuses_version)
	memcpy(tests + count, others, sizeof(others));
	return cmocka_run_group_tests_name("wire", tests, setup, teardown);
}
