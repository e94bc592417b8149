/* How patient the server is with a peer. Time is told to connections_check(), never waited for. */
#include "tests/unit/ready.h"

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

/* So many peers say hello, and nothing when that is answered. `flags` are of event_base_loop. */
static void say_hello(struct ready *ready, int count, int flags)
{
	for (int i = 0; i < count; i++) {
		SSL *ssl = wire_begin(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL})->ssl;

		assert_int_equal(SSL_get_error(ssl, SSL_connect(ssl)), SSL_ERROR_WANT_READ);
	}
	event_base_loop(ready->wire->base, EVLOOP_NONBLOCK | flags);
}

static size_t left_after(struct ready *ready, int64_t now)
{
	connections_evict(ready->wire->connections, now);
	return connections_handshakes(ready->wire->connections);
}

static void a_peer_that_says_nothing_soon_makes_room(void **state)
{
	struct ready *ready = *state;
	int64_t now = clock_monotonic_ms();

	wire_begin(ready->wire, (struct wire_offer){.alpn = ALPN_ENROL});
	assert_false(connections_evict(ready->wire->connections, now + 100));
	assert_int_equal(connections_handshakes(ready->wire->connections), 1);
	assert_true(connections_evict(ready->wire->connections, now + 300));
	assert_int_equal(connections_handshakes(ready->wire->connections), 0);
	assert_false(connections_evict(ready->wire->connections, now + 300));
}

static void a_peer_that_said_hello_makes_room_after_a_second(void **state)
{
	struct ready *ready = *state;
	int64_t now = clock_monotonic_ms();

	say_hello(ready, 1, 0);
	assert_int_equal(left_after(ready, now + 900), 1);
	assert_int_equal(left_after(ready, clock_monotonic_ms() + 1000), 0);
}

static void an_address_with_many_handshakes_makes_room_sooner(void **state)
{
	struct ready *ready = *state;

	limits_of(ready)->handshakes = 8;
	say_hello(ready, 3, 0);
	assert_int_equal(left_after(ready, clock_monotonic_ms() + 300), 2); /* two are no crowd */
	assert_int_equal(left_after(ready, clock_monotonic_ms() + 300), 2);
}

static void a_peer_whose_word_was_not_heard_yet_does_not_make_room(void **state)
{
	struct ready *ready = *state;

	say_hello(ready, 2, EVLOOP_ONCE); /* the second has to wait for the next turn */
	assert_int_equal(left_after(ready, clock_monotonic_ms() + 2000), 1);
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

	ready->peer = wire_join(ready->wire, 0);
	ends_only_after(ready, 10);
	assert_true(ready->peer->goodbye);
}

static void waits_for_a_silent_peer(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	ends_only_after(ready, 600);
	assert_true(ready->peer->goodbye);
}

static void waits_for_a_watching_peer_for_ever(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
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
	ready->peer = wire_join(ready->wire, 0);
	wire_send(ready->peer, ping, sizeof(ping));
	wire_until(ready->wire, ready->messages == 1);
	after(ready, 86400000);
	assert_int_equal(connection_state(wire_connection(ready->peer)), CONNECTION_READY);
}

static void waits_for_the_rest_of_a_message(void **state)
{
	struct ready *ready = *state;

	ready->peer = wire_join(ready->wire, 0);
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

	ready->peer = wire_join(ready->wire, 8192);
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

	ready->peer = wire_join(ready->wire, 8192);
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

	ready->peer = wire_join(ready->wire, 0);
	ready->peer->deaf = true;
	connections_drain_all(ready->wire->connections, "a test");
	wire_until(ready->wire, connection_state(wire_connection(ready->peer)) == CONNECTION_CLOSING);
	after(ready, 1000);
	assert_non_null(wire_connection(ready->peer));
	after(ready, 2001);
	assert_null(wire_connection(ready->peer));
}

int main(void)
{
	const struct CMUnitTest patience[] = {
		READY_TEST(gives_a_handshake_its_time_and_no_more),
		READY_TEST(a_peer_that_says_nothing_soon_makes_room),
		READY_TEST(a_peer_that_said_hello_makes_room_after_a_second),
		READY_TEST(an_address_with_many_handshakes_makes_room_sooner),
		READY_TEST(a_peer_whose_word_was_not_heard_yet_does_not_make_room),
		READY_TEST(waits_for_the_first_request),
		READY_TEST(waits_for_a_silent_peer),
		READY_TEST(waits_for_a_watching_peer_for_ever),
		READY_TEST(waits_for_our_own_answer_for_ever),
		READY_TEST(waits_for_the_rest_of_a_message),
		READY_TEST(waits_for_a_peer_that_enrols),
		READY_TEST(an_enrolling_peer_may_ask_twice),
		READY_TEST(waits_for_a_peer_to_take_its_answers),
		READY_TEST(waits_for_a_peer_to_take_its_last_answer),
		READY_TEST(waits_for_a_peer_to_close),
	};

	return cmocka_run_group_tests_name("patience", patience, NULL, NULL);
}
