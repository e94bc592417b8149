/* The gate, over the wire: what reaches a handler, what is refused before it, and what is journalled about it. */
#include "server/policy/roles.h"
#include "tests/unit/gate.h"
#include "tests/unit/rows.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- messages ---- */

static void answers_in_the_words_of_the_methods_row(void **state)
{
	struct wire_peer *peer = enter(gate.member);

	(void)state;
	assert_int_equal(say_hello(peer, 7)->status, STATUS_OK);
	assert_string_equal(
		codec_get_string(gate.wire->arena, wire_reply(peer, 7)->message.result, "partnership"),
		FIXTURE_PARTNERSHIP);
	wire_ask(peer, 8, "whoami");
	assert_string_equal(codec_get_string(gate.wire->arena, wire_reply(peer, 8)->message.result, "name"),
			    "Debra Tedds");
}

static void answers_many_requests_of_one_connection(void **state)
{
	struct wire_peer *peer = enter(gate.member);

	(void)state;
	for (uint32_t id = 0; id < 100; id++) {
		wire_ask(peer, id, "whoami");
	}
	for (uint32_t id = 0; id < 100; id++) {
		assert_int_equal(wire_reply(peer, id)->status, STATUS_OK);
	}
}

static void suggests_a_method_for_one_that_is_not(void **state)
{
	struct wire_peer *peer = enter(gate.member);

	(void)state;
	wire_ask(peer, 1, "whoamy");
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_INVALID);
	assert_non_null(strstr(wire_reply(peer, 1)->error.hint, "whoami"));
	wire_ask(peer, 2, "whoami"); /* and goes on */
	assert_int_equal(wire_reply(peer, 2)->status, STATUS_OK);
}

static void checks_parameters_before_anything_runs(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct params params = begin();

	(void)state;
	with_text(&params, "protocoll", "1");
	assert_int_equal(ask(peer, 1, "hello", params)->status, STATUS_INVALID);
	assert_int_equal(entries("sign-in"), 0);
}

static void keeps_the_doors_apart(void **state)
{
	struct wire_peer *member = enter(gate.member);
	struct wire_peer *stranger = wire_connect(gate.wire, (struct wire_offer){.alpn = ALPN_ENROL});

	(void)state;
	wire_ask(member, 1, "enrol");
	assert_int_equal(wire_reply(member, 1)->status, STATUS_INVALID);
	assert_non_null(strstr(wire_reply(member, 1)->error.message, "shows a certificate"));
	wire_ask(stranger, 1, "whoami");
	assert_int_equal(wire_reply(stranger, 1)->status, STATUS_INVALID);
	assert_non_null(strstr(wire_reply(stranger, 1)->error.message, "shows none"));
}

static void passes_over_notices(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	static const uint8_t notice[] = {0x93, 0x02, 0xa3, 'f', 'o', 'o', 0x91, 0x80};
	static const uint8_t binary[] = {0x93, 0x02, 0xc4, 0x03, 'f', 'o', 'o', 0x91, 0x80};

	(void)state;
	wire_send(peer, notice, sizeof(notice));
	wire_send(peer, binary, sizeof(binary));
	wire_ask(peer, 1, "whoami");
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_OK);
	assert_int_equal(peer->message_count, 1);
}

struct bad_message {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	uint32_t id; /* that the error answers */
};

static const struct bad_message bad_messages[] = {
	{"a message that is a number ends the connection", BYTES("\x05"), 0},
	{"a message of another type ends the connection", BYTES("\x94\x07\x01\xa6whoami\x91\x80"), 0},
	{"a reply ends the connection", BYTES("\x94\x01\x05\xc0\xc0"), 5},
	{"parameters twice over end the connection", BYTES("\x94\x00\x01\xa6whoami\x92\x80\x80"), 0},
	{"a text that is not UTF-8 ends the connection", BYTES("\x94\x00\x01\xa6whoami\x91\x81\xa1\xff\x01"),
	 0},
	{"a key that is there twice ends the connection",
	 BYTES("\x94\x00\x01\xa6whoami\x91\x82\xa1x\x01\xa1x\x01"), 0},
};

static void ends_the_connection(void **state)
{
	const struct bad_message *bad = *state;
	void *place = NULL;
	struct wire_peer *peer;

	assert_int_equal(setup(&place), 0);
	peer = enter(gate.member);
	wire_send(peer, bad->bytes, bad->length);
	wire_until(gate.wire, wire_ended(peer));
	assert_true(peer->goodbye);
	assert_int_equal(peer->message_count, 1);
	assert_int_equal(peer->messages[0].status, STATUS_INVALID);
	assert_int_equal(peer->messages[0].error.message[0] != '\0', 1);
	if (peer->messages[0].message.id != 0) {
		assert_int_equal(peer->messages[0].message.id, bad->id != 0 ? bad->id : 1);
	}
	teardown(&place);
}

static void two_requests_in_flight_cannot_have_one_id(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	static const uint8_t twice[] = {0x94, 0, 9, 0xa6, 'w', 'h', 'o', 'a', 'm', 'i', 0x91, 0x80,
					0x94, 0, 9, 0xa6, 'w', 'h', 'o', 'a', 'm', 'i', 0x91, 0x80};

	(void)state;
	wire_send(peer, twice, sizeof(twice));
	wire_until(gate.wire, wire_ended(peer));
	assert_true(peer->goodbye);
	assert_int_equal(peer->message_count, 2); /* the error, and the answer to the first */
	assert_int_equal(peer->messages[0].status, STATUS_INVALID);
	assert_non_null(strstr(peer->messages[0].error.message, "already in flight"));
	assert_int_equal(peer->messages[1].status, STATUS_OK);
}

static void says_when_there_is_too_much_to_do(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct params params = begin();

	(void)state;
	gate.wire->server->settings.limits.watches_per_connection = 2;
	for (uint32_t id = 1; id <= 2; id++) {
		wire_ask(peer, id, "watch");
		assert_int_equal(wire_reply(peer, id)->status, STATUS_OK);
	}
	wire_ask(peer, 3, "watch");
	assert_int_equal(wire_reply(peer, 3)->status, STATUS_REFUSED);
	with_int(&params, "watch", 1);
	assert_int_equal(ask(peer, 4, "unwatch", params)->status, STATUS_OK);
	wire_ask(peer, 5, "watch");
	assert_int_equal(wire_reply(peer, 5)->status, STATUS_OK);
}

/* ---- who may call ---- */

static void a_row_of_methods_def_decides_who_may_call(void **state)
{
	struct session session = {.account = 1};

	(void)state;
	for (int method = 0; method < METHOD_COUNT; method++) {
		for (size_t role = 0; role <= ROLE_COUNT; role++) {
			struct error err = ERROR_INIT;
			bool administrator = role < ROLE_COUNT && role_rows[role].role == ROLE_ADMINISTRATOR;
			bool content = role < ROLE_COUNT && !administrator;
			bool may = method_rows[method].who == WHO_SIGNED_IN ||
				   method_rows[method].who == WHO_ANYONE ||
				   (method_rows[method].who == WHO_ADMINISTRATOR && administrator) ||
				   (method_rows[method].who == WHO_CONTENT && content);

			session.roles = role < ROLE_COUNT ? role_rows[role].role : 0;
			assert_int_equal(dispatch_admits((enum method)method, &session, &err),
					 may ? STATUS_OK : STATUS_NOT_PERMITTED);
			if (!may) {
				char rule[80];

				snprintf(rule, sizeof(rule), "method.%s", method_rows[method].name);
				assert_string_equal(err.rule, rule);
				assert_true(err.hint[0] != '\0');
			}
		}
	}
}

/* The loop loads no session, so it could not compare roles. */
static void methods_of_the_loop_ask_for_no_role(void **state)
{
	(void)state;
	for (int method = 0; method < METHOD_COUNT; method++) {
		if (method_rows[method].lane == LANE_LOOP) {
			assert_int_equal(method_rows[method].who, WHO_SIGNED_IN);
		}
	}
}

static void a_refused_method_is_journalled_and_names_its_rule(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct params params = begin();

	(void)state;
	with_text(&params, "person", "PE1");
	assert_int_equal(ask(peer, 1, "invite", params)->status, STATUS_NOT_PERMITTED); /* on the writer */
	assert_string_equal(wire_reply(peer, 1)->error.rule, "method.invite");
	assert_non_null(strstr(wire_reply(peer, 1)->error.hint, "administrator"));
	assert_int_equal(entries("refusal"), 1);
	assert_string_equal(fixture_note(gate.wire->server, gate.wire->server->partnership, "refusal"),
			    "invite method.invite");
	wire_ask(peer, 2, "account.list"); /* on the reader */
	assert_int_equal(wire_reply(peer, 2)->status, STATUS_NOT_PERMITTED);
	assert_int_equal(entries("refusal"), 2);
	assert_string_equal(fixture_note(gate.wire->server, gate.wire->server->partnership, "refusal"),
			    "account.list method.account.list");
}

static void journals_only_so_many_refusals_in_an_hour(void **state)
{
	struct wire_peer *peer;

	(void)state;
	gate.wire->server->settings.refusals_per_hour = 3;
	peer = enter(gate.member);
	for (uint32_t id = 1; id <= 5; id++) {
		wire_ask(peer, id, "account.list");
		assert_int_equal(wire_reply(peer, id)->status, STATUS_NOT_PERMITTED);
	}
	assert_int_equal(entries("refusal"), 3);
	clock_freeze(gate.wire->server->now + FIXTURE_HOUR / 3);
	wire_ask(peer, 9, "account.list");
	wire_reply(peer, 9);
	assert_int_equal(entries("refusal"), 4);
}

/* ---- signing in and out ---- */

static void a_device_signs_in_once_a_day(void **state)
{
	struct wire_peer *peer = enter(gate.member);

	(void)state;
	for (uint32_t id = 1; id <= 3; id++) {
		say_hello(peer, id);
		assert_int_equal(entries("sign-in"), 1);
	}
	clock_freeze(gate.wire->server->now + FIXTURE_DAY);
	say_hello(peer, 4);
	assert_int_equal(entries("sign-in"), 2);
	say_hello(enter(gate.administrator), 1);
	assert_int_equal(entries("sign-in"), 3);
}

static void a_certificate_that_the_server_does_not_know_is_told_and_closed(void **state)
{
	struct fixture_device *stranger;
	struct server_fixture *server = gate.wire->server;
	struct wire_peer *peer;
	struct error err = ERROR_INIT;

	(void)state;
	stranger = fixture_member(server, "Eve Example", "board", "member");
	fixture_begin(server);
	assert_int_equal(store_credential_revoke(server->context.store, stranger->credential, server->now,
						 "lost", &err),
			 STATUS_OK);
	fixture_commit(server);
	peer = enter(stranger);
	wire_ask(peer, 1, "whoami");
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_SIGNED_OUT);
	wire_until(gate.wire, peer->goodbye);
}

static void even_the_schema_is_for_known_devices_only(void **state)
{
	struct server_fixture *server = gate.wire->server;
	struct wire_peer *known;
	struct wire_peer *revoked;
	struct fixture_device *stranger = fixture_member(server, "Eve Example", "board", "member");
	struct error err = ERROR_INIT;

	(void)state;
	fixture_begin(server);
	assert_int_equal(store_credential_revoke(server->context.store, stranger->credential, server->now,
						 "lost", &err),
			 STATUS_OK);
	fixture_commit(server);
	known = enter(gate.member);
	revoked = enter(stranger);
	for (uint32_t id = 1; id <= 2; id++) {
		wire_ask(known, id, "schema");
		assert_int_equal(wire_reply(known, id)->status, STATUS_OK);
	}
	wire_ask(revoked, 1, "schema");
	assert_int_equal(wire_reply(revoked, 1)->status, STATUS_SIGNED_OUT);
	wire_until(gate.wire, revoked->goodbye);
}

static void a_revocation_closes_every_connection_of_the_device(void **state)
{
	struct wire_peer *first = enter(gate.member);
	struct wire_peer *second = enter(gate.member);
	struct wire_peer *administrator = enter(gate.administrator);
	struct params params = begin();

	(void)state;
	assert_int_equal(say_hello(first, 1)->status, STATUS_OK);
	assert_int_equal(say_hello(second, 1)->status, STATUS_OK);
	with_int(&params, "credential", gate.member->credential);
	assert_int_equal(ask(administrator, 1, "credential.revoke", params)->status, STATUS_OK);
	wire_until(gate.wire, first->goodbye && second->goodbye);
	assert_false(wire_ended(administrator));
}

static void the_first_use_of_a_renewed_certificate_ends_the_old_one(void **state)
{
	struct server_fixture *server = gate.wire->server;
	struct wire_peer *old = enter(gate.member);
	struct wire_peer *renewed;
	EVP_PKEY *key = fixture_key(server);
	struct span request = fixture_certificate_request(server, key);
	struct params params = begin();
	struct fixture_device device = {.key = key};
	struct span der = {NULL, 0};
	const unsigned char *at;

	(void)state;
	codec_put_text(&params.bytes, "request");
	codec_put_bin(&params.bytes, request.data, request.length);
	params.count++;
	say_hello(old, 1);
	assert_int_equal(ask(old, 2, "credential.renew", params)->status, STATUS_OK);
	assert_true(codec_bin(codec_get(wire_reply(old, 2)->message.result, "certificate"), &der));
	at = der.data;
	device.certificate = d2i_X509(NULL, &at, (long)der.length);
	assert_non_null(device.certificate);
	renewed = enter(&device);
	assert_false(wire_ended(old));
	assert_int_equal(say_hello(renewed, 1)->status, STATUS_OK);
	wire_until(gate.wire, old->goodbye);
	assert_false(wire_ended(renewed));
	assert_int_equal(entries("sign-in"), 2);
	X509_free(device.certificate);
}

static void an_answer_for_a_peer_that_left_is_dropped(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct wire_peer *other = enter(gate.member);

	(void)state;
	wire_ask(peer, 1, "whoami");
	SSL_set_shutdown(peer->ssl, SSL_SENT_SHUTDOWN);
	shutdown(peer->fd, SHUT_RDWR);
	wire_ask(other, 1, "whoami");
	assert_int_equal(wire_reply(other, 1)->status, STATUS_OK);
	wire_until(gate.wire, connections_count(gate.wire->connections) == 1);
}

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest messages[] = {
		GATE_TEST(answers_in_the_words_of_the_methods_row),
		GATE_TEST(answers_many_requests_of_one_connection),
		GATE_TEST(suggests_a_method_for_one_that_is_not),
		GATE_TEST(checks_parameters_before_anything_runs),
		GATE_TEST(keeps_the_doors_apart),
		GATE_TEST(passes_over_notices),
		GATE_TEST(two_requests_in_flight_cannot_have_one_id),
		GATE_TEST(says_when_there_is_too_much_to_do),
		GATE_TEST(an_answer_for_a_peer_that_left_is_dropped),
	};
	const struct CMUnitTest rights[] = {
		cmocka_unit_test(a_row_of_methods_def_decides_who_may_call),
		cmocka_unit_test(methods_of_the_loop_ask_for_no_role),
		GATE_TEST(a_refused_method_is_journalled_and_names_its_rule),
		GATE_TEST(journals_only_so_many_refusals_in_an_hour),
		GATE_TEST(a_device_signs_in_once_a_day),
		GATE_TEST(a_certificate_that_the_server_does_not_know_is_told_and_closed),
		GATE_TEST(even_the_schema_is_for_known_devices_only),
		GATE_TEST(a_revocation_closes_every_connection_of_the_device),
		GATE_TEST(the_first_use_of_a_renewed_certificate_ends_the_old_one),
	};
	int failed;

	rows_add_table(&rows, bad_messages, ends_the_connection);
	failed = rows_run(&rows, "gate: messages that end the connection");
	failed += cmocka_run_group_tests_name("gate: messages", messages, NULL, NULL);
	return failed + cmocka_run_group_tests_name("gate: rights", rights, NULL, NULL);
}
