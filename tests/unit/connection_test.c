/* A connection over real TLS, without the gate: what becomes of bytes, and how it ends. */
#include "server/identity/authority.h"
#include "tests/unit/ready.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_message_may_come_a_byte_at_a_time(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
	for (size_t i = 0; i < sizeof(ping); i++) {
		assert_int_equal(ready->messages, 0);
		wire_send(ready->peer, &ping[i], 1);
		wire_turns(ready->wire, 3);
	}
	wire_until(ready->wire, ready->messages == 1);
	assert_int_equal(ready->bytes, sizeof(ping));
}

static void many_messages_may_come_at_once(void **state)
{
	struct ready *ready = *state;
	uint8_t many[200 * sizeof(ping)];

	for (size_t i = 0; i < 200; i++) {
		memcpy(many + i * sizeof(ping), ping, sizeof(ping));
	}
	ready->answers = true;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, many, sizeof(many));
	wire_until(ready->wire, ready->peer->in.length == sizeof(many));
	assert_int_equal(ready->messages, 200);
	assert_memory_equal(ready->peer->in.data, many, sizeof(many));
}

static void a_large_message_arrives_whole(void **state)
{
	struct ready *ready = *state;
	size_t length = 1000000;
	uint8_t *large = calloc(1, length + 5);

	assert_non_null(large);
	large[0] = 0xc6; /* bin32 */
	large[1] = (uint8_t)(length >> 24);
	large[2] = (uint8_t)(length >> 16);
	large[3] = (uint8_t)(length >> 8);
	large[4] = (uint8_t)length;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, large, length + 5);
	wire_until(ready->wire, ready->messages == 1);
	assert_int_equal(ready->bytes, length + 5);
	free(large);
}

struct malformed {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	const char *reason;
};

static const struct malformed malformed[] = {
	{"names a float", BYTES("\x94\x00\x01\xca\x00\x00\x00\x00"), "float"},
	{"names too many levels",
	 BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"), "deep"},
	{"names too many elements", BYTES("\xdd\xff\xff\xff\xff"), "values"},
	{"names a message that is too long", BYTES("\xc6\xff\xff\xff\xff"), "bytes"},
};

static void refuses_bytes(void **state)
{
	const struct malformed *row = *state;
	void *place = NULL;
	struct ready *ready;

	assert_int_equal(ready_setup(&place), 0);
	ready = place;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, row->bytes, row->length);
	assert_int_equal(wire_reply(ready->peer, 0)->status, STATUS_INVALID);
	if (!strstr(wire_reply(ready->peer, 0)->error.message, row->reason)) {
		fail_msg("\"%s\" does not say \"%s\"", wire_reply(ready->peer, 0)->error.message,
			 row->reason);
	}
	wire_until(ready->wire, wire_ended(ready->peer));
	assert_true(ready->peer->goodbye);
	assert_int_equal(ready->messages, 0);
	ready_teardown(&place);
}

static void the_enrolling_door_takes_short_messages_only(void **state)
{
	struct ready *ready = *state;
	static const uint8_t header[] = {0xc5, 0x10, 0x00}; /* 4096 bytes, and three of header */

	ready->peer = wire_connect(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	wire_send(ready->peer, header, sizeof(header));
	assert_int_equal(wire_reply(ready->peer, 0)->status, STATUS_INVALID);
	wire_until(ready->wire, ready->peer->goodbye);
}

static void reads_no_further_while_enough_requests_are_in_flight(void **state)
{
	struct ready *ready = *state;
	uint8_t many[40 * sizeof(ping)];

	for (size_t i = 0; i < 40; i++) {
		memcpy(many + i * sizeof(ping), ping, sizeof(ping));
	}
	ready->begins = true;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, many, sizeof(many));
	wire_until(ready->wire, ready->messages == 16);
	wire_turns(ready->wire, 20);
	assert_int_equal(ready->messages, 16);
	connection_end(wire_connection(ready->peer), 3);
	wire_until(ready->wire, ready->messages == 17);
	wire_turns(ready->wire, 20);
	assert_int_equal(ready->messages, 17);
}

static void an_id_cannot_be_in_flight_twice(void **state)
{
	struct ready *ready = *state;
	struct connection *connection;

	ready->peer = wire_join(ready->wire, 0);
	connection = wire_connection(ready->peer);
	assert_true(connection_begin(connection, 7));
	assert_true(connection_begin(connection, 8));
	assert_false(connection_begin(connection, 7));
	connection_end(connection, 7);
	assert_true(connection_begin(connection, 7));
}

static void reads_no_further_while_the_peer_does_not_take_its_answers(void **state)
{
	struct ready *ready = *state;
	struct connection *connection;

	ready->peer = wire_join(ready->wire, 8192);
	ready->peer->deaf = true;
	connection = wire_connection(ready->peer);
	send_bin(connection, 900000);
	assert_true(connection_crowded(connection));
	wire_send(ready->peer, ping, sizeof(ping));
	wire_turns(ready->wire, 50);
	assert_int_equal(ready->messages, 0);
	assert_int_equal(ready->wire->drained, 0);
	ready->peer->deaf = false;
	ready->peer->parsed = 900000; /* they are no reply: not to be decoded */
	wire_until(ready->wire, ready->messages == 1);
	wire_until(ready->wire, ready->peer->in.length == 900000);
	assert_int_equal(ready->wire->drained, 1);
	assert_false(connection_crowded(connection));
}

static void disconnects_a_peer_with_too_much_unsent_output(void **state)
{
	struct ready *ready = *state;

	limits_of(ready)->output_bytes = 1000000;
	ready->peer = wire_join(ready->wire, 8192);
	ready->peer->deaf = true;
	send_bin(wire_connection(ready->peer), 900000);
	assert_non_null(wire_connection(ready->peer));
	send_bin(wire_connection(ready->peer), 200000);
	assert_null(wire_connection(ready->peer));
	wire_turns(ready->wire, 3);
	assert_int_equal(connections_count(ready->wire->connections), 0);
	assert_int_equal(ready->wire->closed, 1);
}

static void answers_what_is_in_flight_before_it_says_goodbye(void **state)
{
	struct ready *ready = *state;

	ready->begins = true;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	connections_drain_all(ready->wire->connections, "a test");
	wire_send(ready->peer, ping, sizeof(ping));
	wire_turns(ready->wire, 20);
	assert_false(wire_ended(ready->peer));
	assert_int_equal(ready->messages, 1);
	connection_send(wire_connection(ready->peer), (struct span){ping, sizeof(ping)});
	connection_end(wire_connection(ready->peer), 0);
	wire_until(ready->wire, ready->peer->goodbye);
	assert_int_equal(ready->peer->in.length, sizeof(ping));
}

static void a_peer_that_says_goodbye_gets_its_answers_first(void **state)
{
	struct ready *ready = *state;

	ready->begins = true;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	SSL_shutdown(ready->peer->ssl);
	wire_until(ready->wire, ready->messages == 1 && connection_state(wire_connection(ready->peer)) ==
								CONNECTION_DRAINING);
	connection_send(wire_connection(ready->peer), (struct span){ping, sizeof(ping)});
	connection_end(wire_connection(ready->peer), 0);
	wire_until(ready->wire, ready->peer->goodbye);
	assert_int_equal(ready->peer->in.length, sizeof(ping));
}

static void a_peer_that_vanishes_is_forgotten(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
	ready->wire->left = 77;
	wire_send(ready->peer, ping, 3);
	wire_turns(ready->wire, 5);
	shutdown(ready->peer->fd, SHUT_RDWR);
	wire_until(ready->wire, connections_count(ready->wire->connections) == 0);
	assert_int_equal(ready->wire->closed, 1);
	assert_int_equal(ready->wire->left, 0); /* who asks how many are left is not told of the dead */
	assert_int_equal(ready->messages, 0);
}

static void a_lost_peer_does_not_trouble_its_neighbour(void **state)
{
	struct ready *ready = *state;
	struct wire_peer *neighbour = wire_join(ready->wire, 0);

	ready->answers = true;
	ready->peer = wire_join(ready->wire, 0);
	shutdown(ready->peer->fd, SHUT_RDWR);
	wire_send(neighbour, ping, sizeof(ping));
	wire_until(ready->wire, neighbour->in.length == sizeof(ping));
	assert_false(wire_ended(neighbour));
}

static void closes_a_peer_that_changes_keys_without_end(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
	for (int i = 0; i < 200 && !wire_ended(ready->peer) && wire_connection(ready->peer); i++) {
		assert_int_equal(SSL_key_update(ready->peer->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		SSL_do_handshake(ready->peer->ssl);
		wire_turn(ready->wire);
	}
	assert_null(wire_connection(ready->peer));
}

static void a_peer_may_change_keys_now_and_then(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(SSL_key_update(ready->peer->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		wire_send(ready->peer, ping, sizeof(ping));
		wire_until(ready->wire, ready->messages == i + 1);
	}
	assert_non_null(wire_connection(ready->peer));
}

static void gives_out_no_session_to_resume(void **state)
{
	struct ready *ready = *state;

	ready->answers = true;
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->peer->in.length == sizeof(ping));
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(ready->peer->ssl)));
}

static void shows_its_authority_so_that_an_invitation_can_be_compared(void **state)
{
	struct ready *ready = *state;
	STACK_OF(X509) * chain;

	ready->peer = wire_connect(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	chain = SSL_get_peer_cert_chain(ready->peer->ssl);
	assert_int_equal(sk_X509_num(chain), 2);
	assert_int_equal(X509_cmp(sk_X509_value(chain, 1),
				  authority_certificate(ready->wire->server->context.authority)),
			 0);
}

static void a_reload_serves_new_peers_and_leaves_the_old(void **state)
{
	struct ready *ready = *state;
	struct server_fixture *server = ready->wire->server;
	struct wire_peer *before = wire_join(ready->wire, 0);
	struct wire_peer *later;
	struct error err = ERROR_INIT;
	X509 *a;
	X509 *b;

	ready->answers = true;
	assert_int_equal(authority_server_certificate(server->context.authority, server->folder,
						      "other.example", &err),
			 STATUS_OK);
	assert_int_equal(tls_reload(ready->wire->tls, &err), STATUS_OK);
	later = wire_join(ready->wire, 0);
	a = SSL_get0_peer_certificate(before->ssl);
	b = SSL_get0_peer_certificate(later->ssl);
	assert_int_not_equal(X509_cmp(a, b), 0);
	wire_send(before, ping, sizeof(ping));
	wire_until(ready->wire, before->in.length == sizeof(ping));
}

static void a_reload_that_fails_changes_nothing(void **state)
{
	struct ready *ready = *state;
	char path[128];
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s/%s", ready->wire->server->folder, SERVER_CERT);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(tls_reload(ready->wire->tls, &err), STATUS_FAILED);
	assert_non_null(strstr(err.message, SERVER_CERT));
	assert_non_null(wire_join(ready->wire, 0));
}

static void limits_the_connections_of_one_certificate(void **state)
{
	struct ready *ready = *state;
	struct wire_offer offer = {.alpn = ALPN_MEMBER};
	struct wire_peer *third;

	limits_of(ready)->connections_per_credential = 2;
	offer.key = fixture_key(ready->wire->server);
	offer.certificate = wire_issue(ready->wire, ready->wire->server->context.authority, offer.key,
				       -FIXTURE_DAY, FIXTURE_DAY, NULL);
	wire_connect(ready->wire, offer);
	wire_connect(ready->wire, offer);
	third = wire_connect(ready->wire, offer);
	assert_int_equal(wire_reply(third, 0)->status, STATUS_UNREACHABLE);
	wire_until(ready->wire, third->goodbye);
	wire_join(ready->wire, 0); /* another certificate is another matter */
	X509_free(offer.certificate);
}

static void counts_connections_by_network(void **state)
{
	struct ready *ready = *state;
	const struct sockaddr_storage unlike = {.ss_family = AF_INET};
	const struct sockaddr_storage like = {.ss_family = AF_UNIX};

	wire_join(ready->wire, 0);
	wire_join(ready->wire, 0);
	assert_int_equal(connections_of_address(ready->wire->connections, &like), 2);
	assert_int_equal(connections_of_address(ready->wire->connections, &unlike), 0);
}

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest bytes[] = {
		READY_TEST(a_message_may_come_a_byte_at_a_time),
		READY_TEST(many_messages_may_come_at_once),
		READY_TEST(a_large_message_arrives_whole),
		READY_TEST(the_enrolling_door_takes_short_messages_only),
		READY_TEST(reads_no_further_while_enough_requests_are_in_flight),
		READY_TEST(an_id_cannot_be_in_flight_twice),
		READY_TEST(reads_no_further_while_the_peer_does_not_take_its_answers),
		READY_TEST(disconnects_a_peer_with_too_much_unsent_output),
		READY_TEST(answers_what_is_in_flight_before_it_says_goodbye),
		READY_TEST(a_peer_that_says_goodbye_gets_its_answers_first),
		READY_TEST(a_peer_that_vanishes_is_forgotten),
		READY_TEST(a_lost_peer_does_not_trouble_its_neighbour),
		READY_TEST(closes_a_peer_that_changes_keys_without_end),
		READY_TEST(a_peer_may_change_keys_now_and_then),
		READY_TEST(gives_out_no_session_to_resume),
		READY_TEST(shows_its_authority_so_that_an_invitation_can_be_compared),
		READY_TEST(a_reload_serves_new_peers_and_leaves_the_old),
		READY_TEST(a_reload_that_fails_changes_nothing),
		READY_TEST(limits_the_connections_of_one_certificate),
		READY_TEST(counts_connections_by_network),
	};
	int failed;

	rows_add_table(&rows, malformed, refuses_bytes);
	failed = rows_run(&rows, "connection: malformed bytes");
	return failed + cmocka_run_group_tests_name("connection", bytes, NULL, NULL);
}
