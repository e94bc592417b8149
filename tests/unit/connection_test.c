/* A connection over real TLS, without the gate: who gets through the handshake, what becomes of bytes, how patient the
 * server is, and how it says goodbye. */
#include "common/clock.h"
#include "server/identity/authority.h"
#include "tests/support/wire.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAY INT64_C(86400000000)

static const uint8_t ping[] = {0x94, 0x00, 0x01, 0xa1, 'p', 0x91, 0x80};

/* ---- handshakes ---- */

struct shake {
	const char *name;
	const char *alpn;
	enum { NOBODY, MEMBER, EXPIRED, NOT_YET, OTHER_AUTHORITY, SERVER_CERTIFICATE, SELF_SIGNED } who;
	int version;
	enum { DOOR_NONE = -1, ENROL = DOOR_ENROL, MEMBERS = DOOR_MEMBER } door;
	const char *reason; /* what the refused peer is told */
};

static const struct shake shakes[] = {
	{"lets a member in by its certificate", ALPN_MEMBER, MEMBER, 0, MEMBERS, NULL},
	{"lets a peer without a certificate enrol", ALPN_ENROL, NOBODY, 0, ENROL, NULL},
	{"asks no certificate of a peer that enrols, though it has one", ALPN_ENROL, MEMBER, 0, ENROL, NULL},
	{"takes the strict door when both are offered", ALPN_ENROL " " ALPN_MEMBER, MEMBER, 0, MEMBERS, NULL},
	{"the strict door stays strict when both are offered", ALPN_ENROL " " ALPN_MEMBER, NOBODY, 0,
	 DOOR_NONE, "certificate required"},
	{"refuses a member without a certificate", ALPN_MEMBER, NOBODY, 0, DOOR_NONE, "certificate required"},
	{"refuses an expired certificate", ALPN_MEMBER, EXPIRED, 0, DOOR_NONE, "certificate expired"},
	{"refuses a certificate of tomorrow", ALPN_MEMBER, NOT_YET, 0, DOOR_NONE, "bad certificate"},
	{"refuses another authority's certificate", ALPN_MEMBER, OTHER_AUTHORITY, 0, DOOR_NONE, "unknown ca"},
	{"refuses a self-signed certificate", ALPN_MEMBER, SELF_SIGNED, 0, DOOR_NONE, "unknown ca"},
	{"refuses a server's certificate", ALPN_MEMBER, SERVER_CERTIFICATE, 0, DOOR_NONE,
	 "unsupported certificate"},
	{"refuses a protocol that it does not speak", "h2", MEMBER, 0, DOOR_NONE, "no application protocol"},
	{"refuses a longer name that begins like its own", ALPN_MEMBER "0", MEMBER, 0, DOOR_NONE,
	 "no application protocol"},
	{"refuses a peer that names no protocol", NULL, MEMBER, 0, DOOR_NONE, "no application protocol"},
	{"refuses TLS 1.2", ALPN_MEMBER, MEMBER, TLS1_2_VERSION, DOOR_NONE, "protocol version"},
};

static X509 *issue(struct wire *wire, struct authority *authority, EVP_PKEY *key, int64_t from, int64_t to,
		   const char *server_names)
{
	struct certificate_wish wish = {
		.key = key,
		.name = "Ann Example",
		.account = 1,
		.from = wire->server->now + from,
		.to = wire->server->now + to,
		.server_names = server_names,
	};
	struct error err = ERROR_INIT;
	X509 *certificate = NULL;

	assert_int_equal(authority_issue(authority, &wish, &certificate, &err), STATUS_OK);
	return certificate;
}

static X509 *self_sign(struct wire *wire, EVP_PKEY *key)
{
	X509 *certificate = issue(wire, wire->server->context.authority, key, -DAY, DAY, NULL);

	assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), 1);
	assert_true(X509_sign(certificate, key, NULL) > 0);
	return certificate;
}

static X509 *certificate_for(struct wire *wire, int who, EVP_PKEY *key)
{
	struct authority *authority = wire->server->context.authority;
	struct server_fixture *other;
	X509 *certificate;

	switch (who) {
	case MEMBER:
		return issue(wire, authority, key, -DAY, DAY, NULL);
	case EXPIRED:
		return issue(wire, authority, key, -2 * DAY, -DAY, NULL);
	case NOT_YET:
		return issue(wire, authority, key, DAY, 2 * DAY, NULL);
	case SERVER_CERTIFICATE:
		return issue(wire, authority, key, -DAY, DAY, "safer.example");
	case SELF_SIGNED:
		return self_sign(wire, key);
	case OTHER_AUTHORITY:
		other = server_fixture_open();
		certificate = issue(wire, other->context.authority, key, -DAY, DAY, NULL);
		server_fixture_close(other);
		return certificate;
	default:
		return NULL;
	}
}

static void shakes_hands(void **state)
{
	const struct shake *shake = *state;
	void *place = NULL;
	struct wire *wire;
	struct wire_offer offer = {.alpn = shake->alpn, .version = shake->version};
	struct wire_peer *peer;

	assert_int_equal(wire_setup(&place), 0);
	wire = place;
	if (shake->who != NOBODY) {
		offer.key = fixture_key(wire->server);
		offer.certificate = certificate_for(wire, shake->who, offer.key);
	}
	peer = wire_connect(wire, offer);
	if (shake->door != DOOR_NONE) {
		assert_int_equal(connection_state(wire_connection(peer)), CONNECTION_READY);
		assert_int_equal(connection_peer(wire_connection(peer))->door, shake->door);
		assert_int_equal(connection_peer(wire_connection(peer))->has_certificate,
				 shake->door == MEMBERS);
	} else {
		wire_until(wire, wire_ended(peer));
		assert_true(peer->lost);
		if (!strstr(peer->reason, shake->reason)) {
			fail_msg("it was told \"%s\", not \"%s\"", peer->reason, shake->reason);
		}
		wire_until(wire, connections_count(wire->connections) == 0 || !wire_connection(peer) ||
					 connection_state(wire_connection(peer)) == CONNECTION_CLOSING);
	}
	assert_int_equal(wire->settled, 1);
	X509_free(offer.certificate);
	wire_teardown(&place);
}

/* ---- a connection that is ready ---- */

struct ready {
	struct wire *wire;
	struct wire_peer *peer;
	size_t messages;
	size_t bytes;
	uint32_t begun; /* requests that were begun and not ended */
	bool begins;    /* counts each message as a request in flight */
	bool answers;   /* with the same bytes */
};

static void take(struct wire *wire, struct connection *connection, struct span bytes)
{
	struct ready *ready = wire->payload;

	ready->messages++;
	ready->bytes += bytes.length;
	if (ready->begins) {
		assert_true(connection_begin(connection, ready->begun++));
	}
	if (ready->answers) {
		connection_send(connection, bytes);
	}
}

static struct wire_peer *join(struct wire *wire, int buffer_bytes)
{
	struct wire_offer offer = {.alpn = ALPN_MEMBER, .buffer_bytes = buffer_bytes};
	struct wire_peer *peer;

	offer.key = fixture_key(wire->server);
	offer.certificate = issue(wire, wire->server->context.authority, offer.key, -DAY, DAY, NULL);
	peer = wire_connect(wire, offer);
	X509_free(offer.certificate);
	assert_non_null(wire_connection(peer));
	return peer;
}

static int ready_setup(void **state)
{
	struct ready *ready = calloc(1, sizeof(*ready));
	void *wire = NULL;

	if (!ready || wire_setup(&wire) != 0) {
		return -1;
	}
	ready->wire = wire;
	ready->wire->payload = ready;
	ready->wire->take = take;
	*state = ready;
	return 0;
}

static int ready_teardown(void **state)
{
	struct ready *ready = *state;
	void *wire = ready->wire;

	free(ready);
	return wire_teardown(&wire);
}

static struct limits *limits_of(struct ready *ready)
{
	return &ready->wire->server->settings.limits;
}

/* Looks at deadlines as if that much time had passed. */
static void after(struct ready *ready, int64_t ms)
{
	connections_check(ready->wire->connections, clock_monotonic_ms() + ms);
}

static void a_message_may_come_a_byte_at_a_time(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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

	ready->peer = join(ready->wire, 0);
	connection = wire_connection(ready->peer);
	assert_true(connection_begin(connection, 7));
	assert_true(connection_begin(connection, 8));
	assert_false(connection_begin(connection, 7));
	connection_end(connection, 7);
	assert_true(connection_begin(connection, 7));
}

/* One message of `length` bytes, to be sent to a peer. */
static void send_bin(struct connection *connection, uint32_t length)
{
	uint8_t *bytes = calloc(1, length);

	assert_non_null(bytes);
	bytes[0] = 0xc6;
	bytes[1] = (uint8_t)((length - 5) >> 24);
	bytes[2] = (uint8_t)((length - 5) >> 16);
	bytes[3] = (uint8_t)((length - 5) >> 8);
	bytes[4] = (uint8_t)(length - 5);
	connection_send(connection, (struct span){bytes, length});
	free(bytes);
}

static void reads_no_further_while_the_peer_does_not_take_its_answers(void **state)
{
	struct ready *ready = *state;
	struct connection *connection;

	ready->peer = join(ready->wire, 8192);
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
	ready->peer = join(ready->wire, 8192);
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
	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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

	ready->peer = join(ready->wire, 0);
	wire_send(ready->peer, ping, 3);
	wire_turns(ready->wire, 5);
	shutdown(ready->peer->fd, SHUT_RDWR);
	wire_until(ready->wire, connections_count(ready->wire->connections) == 0);
	assert_int_equal(ready->wire->closed, 1);
	assert_int_equal(ready->messages, 0);
}

static void a_lost_peer_does_not_trouble_its_neighbour(void **state)
{
	struct ready *ready = *state;
	struct wire_peer *neighbour = join(ready->wire, 0);

	ready->answers = true;
	ready->peer = join(ready->wire, 0);
	shutdown(ready->peer->fd, SHUT_RDWR);
	wire_send(neighbour, ping, sizeof(ping));
	wire_until(ready->wire, neighbour->in.length == sizeof(ping));
	assert_false(wire_ended(neighbour));
}

static void closes_a_peer_that_changes_keys_without_end(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
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

	ready->peer = join(ready->wire, 0);
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
	ready->peer = join(ready->wire, 0);
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
	struct wire_peer *before = join(ready->wire, 0);
	struct wire_peer *later;
	struct error err = ERROR_INIT;
	X509 *a;
	X509 *b;

	ready->answers = true;
	assert_int_equal(authority_server_certificate(server->context.authority, server->folder,
						      "other.example", &err),
			 STATUS_OK);
	assert_int_equal(tls_reload(ready->wire->tls, &err), STATUS_OK);
	later = join(ready->wire, 0);
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
	assert_non_null(join(ready->wire, 0));
}

static void limits_the_connections_of_one_certificate(void **state)
{
	struct ready *ready = *state;
	struct wire_offer offer = {.alpn = ALPN_MEMBER};
	struct wire_peer *third;

	limits_of(ready)->connections_per_credential = 2;
	offer.key = fixture_key(ready->wire->server);
	offer.certificate =
		issue(ready->wire, ready->wire->server->context.authority, offer.key, -DAY, DAY, NULL);
	wire_connect(ready->wire, offer);
	wire_connect(ready->wire, offer);
	third = wire_connect(ready->wire, offer);
	assert_int_equal(wire_reply(third, 0)->status, STATUS_UNREACHABLE);
	wire_until(ready->wire, third->goodbye);
	join(ready->wire, 0); /* another certificate is another matter */
	X509_free(offer.certificate);
}

static void counts_connections_by_network(void **state)
{
	struct ready *ready = *state;
	const struct sockaddr_storage unlike = {.ss_family = AF_INET};
	const struct sockaddr_storage like = {.ss_family = AF_UNIX};

	join(ready->wire, 0);
	join(ready->wire, 0);
	assert_int_equal(connections_of_address(ready->wire->connections, &like), 2);
	assert_int_equal(connections_of_address(ready->wire->connections, &unlike), 0);
}

/* ---- patience ---- */

static void gives_a_handshake_its_time_and_no_more(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_begin(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	after(ready, 4000);
	assert_int_equal(connections_handshakes(ready->wire->connections), 1);
	after(ready, 5001);
	assert_int_equal(connections_handshakes(ready->wire->connections), 0);
	assert_null(wire_connection(ready->peer));
	assert_int_equal(ready->wire->settled, 1);
}

static void an_old_handshake_makes_room_and_a_young_one_does_not(void **state)
{
	struct ready *ready = *state;
	int64_t now = clock_monotonic_ms();

	wire_begin(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	assert_false(connections_evict(ready->wire->connections, now));
	assert_int_equal(connections_handshakes(ready->wire->connections), 1);
	assert_true(connections_evict(ready->wire->connections, now + 2000));
	assert_int_equal(connections_handshakes(ready->wire->connections), 0);
	assert_false(connections_evict(ready->wire->connections, now + 2000));
}

/* Whether a look at the deadlines after so many seconds ends the connection. */
static void ends_only_after(struct ready *ready, int64_t seconds)
{
	after(ready, seconds * 1000 - 500);
	wire_turns(ready->wire, 5);
	assert_false(wire_ended(ready->peer));
	assert_non_null(wire_connection(ready->peer));
	after(ready, seconds * 1000 + 1);
	wire_until(ready->wire, wire_ended(ready->peer));
}

static void waits_for_the_first_request(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
	ends_only_after(ready, 10);
	assert_true(ready->peer->goodbye);
}

static void waits_for_a_silent_peer(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	ends_only_after(ready, 600);
	assert_true(ready->peer->goodbye);
}

static void waits_for_a_watching_peer_for_ever(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	connection_watches_add(wire_connection(ready->peer), 1);
	after(ready, 86400000);
	wire_turns(ready->wire, 5);
	assert_non_null(wire_connection(ready->peer));
	assert_int_equal(connection_state(wire_connection(ready->peer)), CONNECTION_READY);
}

static void waits_for_our_own_answer_for_ever(void **state)
{
	struct ready *ready = *state;

	ready->begins = true;
	ready->peer = join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	after(ready, 86400000);
	assert_int_equal(connection_state(wire_connection(ready->peer)), CONNECTION_READY);
}

static void waits_for_the_rest_of_a_message(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	wire_send(ready->peer, ping, 3);
	wire_turns(ready->wire, 10);
	ends_only_after(ready, 30);
}

static void waits_for_a_peer_that_enrols(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_connect(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	ends_only_after(ready, 10);
}

static void an_enrolling_peer_may_ask_twice(void **state)
{
	struct ready *ready = *state;

	ready->begins = true;
	ready->peer = wire_connect(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	for (uint32_t i = 0; i < 2; i++) {
		assert_false(wire_ended(ready->peer));
		wire_send(ready->peer, ping, sizeof(ping));
		wire_until(ready->wire, ready->messages == i + 1);
		connection_end(wire_connection(ready->peer), i);
	}
	wire_until(ready->wire, ready->peer->goodbye);
}

static void waits_for_a_peer_to_take_its_answers(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 8192);
	ready->peer->deaf = true;
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	send_bin(wire_connection(ready->peer), 500000);
	wire_turns(ready->wire, 20);
	after(ready, 29000);
	assert_non_null(wire_connection(ready->peer));
	after(ready, 30001);
	assert_null(wire_connection(ready->peer));
}

static void waits_for_a_peer_to_take_its_last_answer(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 8192);
	ready->peer->deaf = true;
	send_bin(wire_connection(ready->peer), 500000);
	connections_drain_all(ready->wire->connections, "a test");
	wire_turns(ready->wire, 20);
	after(ready, 1000);
	assert_non_null(wire_connection(ready->peer));
	after(ready, 2001);
	assert_null(wire_connection(ready->peer));
}

static void waits_for_a_peer_to_close(void **state)
{
	struct ready *ready = *state;

	ready->peer = join(ready->wire, 0);
	ready->peer->deaf = true;
	connections_drain_all(ready->wire->connections, "a test");
	wire_until(ready->wire, connection_state(wire_connection(ready->peer)) == CONNECTION_CLOSING);
	after(ready, 1000);
	assert_non_null(wire_connection(ready->peer));
	after(ready, 2001);
	assert_null(wire_connection(ready->peer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ready_setup, ready_teardown)

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest bytes[] = {
		TEST(a_message_may_come_a_byte_at_a_time),
		TEST(many_messages_may_come_at_once),
		TEST(a_large_message_arrives_whole),
		TEST(the_enrolling_door_takes_short_messages_only),
		TEST(reads_no_further_while_enough_requests_are_in_flight),
		TEST(an_id_cannot_be_in_flight_twice),
		TEST(reads_no_further_while_the_peer_does_not_take_its_answers),
		TEST(disconnects_a_peer_with_too_much_unsent_output),
		TEST(answers_what_is_in_flight_before_it_says_goodbye),
		TEST(a_peer_that_says_goodbye_gets_its_answers_first),
		TEST(a_peer_that_vanishes_is_forgotten),
		TEST(a_lost_peer_does_not_trouble_its_neighbour),
		TEST(closes_a_peer_that_changes_keys_without_end),
		TEST(a_peer_may_change_keys_now_and_then),
		TEST(gives_out_no_session_to_resume),
		TEST(shows_its_authority_so_that_an_invitation_can_be_compared),
		TEST(a_reload_serves_new_peers_and_leaves_the_old),
		TEST(a_reload_that_fails_changes_nothing),
		TEST(limits_the_connections_of_one_certificate),
		TEST(counts_connections_by_network),
	};
	const struct CMUnitTest patience[] = {
		TEST(gives_a_handshake_its_time_and_no_more),
		TEST(an_old_handshake_makes_room_and_a_young_one_does_not),
		TEST(waits_for_the_first_request),
		TEST(waits_for_a_silent_peer),
		TEST(waits_for_a_watching_peer_for_ever),
		TEST(waits_for_our_own_answer_for_ever),
		TEST(waits_for_the_rest_of_a_message),
		TEST(waits_for_a_peer_that_enrols),
		TEST(an_enrolling_peer_may_ask_twice),
		TEST(waits_for_a_peer_to_take_its_answers),
		TEST(waits_for_a_peer_to_take_its_last_answer),
		TEST(waits_for_a_peer_to_close),
	};
	int failed;

	rows_add_table(&rows, shakes, shakes_hands);
	rows_add_table(&rows, malformed, refuses_bytes);
	failed = rows_run(&rows, "connection: handshakes and malformed bytes");
	failed += cmocka_run_group_tests_name("connection: bytes", bytes, NULL, NULL);
	return failed + cmocka_run_group_tests_name("connection: patience", patience, NULL, NULL);
}
