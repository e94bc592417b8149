/* The states of a connection, how long it may stay in them, and what is said about it. */
#include "server/connection_internal.h"

#include "common/clock.h"
#include "common/log_quota.h"
#include "protocol/message.h"

#include <inttypes.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TO(state)   (1U << CONNECTION_##state)
#define ERROR_BYTES 4096 /* an error reply */

static const struct {
	const char *name;
	unsigned to; /* the states that may follow */
} states[CONNECTION_STATES] = {
	[CONNECTION_HANDSHAKE] = {"handshake", TO(READY) | TO(CLOSING) | TO(CLOSED)},
	[CONNECTION_READY] = {"ready", TO(DRAINING) | TO(CLOSING) | TO(CLOSED)},
	[CONNECTION_DRAINING] = {"draining", TO(CLOSING) | TO(CLOSED)},
	[CONNECTION_CLOSING] = {"closing", TO(CLOSED)},
	[CONNECTION_CLOSED] = {"closed", 0},
};

void connection_enter(struct connection *connection, enum connection_state state)
{
	const struct connection_hooks *hooks = connections_hooks(connection->all);
	enum connection_state from = connection->state;

	if (from == state || !(states[from].to & (1U << state))) {
		return;
	}
	connection->state = state;
	connection->entered = clock_monotonic_ms();
	log_event(LOG_DEBUG, "connection", log_number("conn", (int64_t)connection->number),
		  log_text("from", states[from].name), log_text("to", states[state].name),
		  log_text("reason", connection->reason));
	if (from == CONNECTION_HANDSHAKE) {
		connections_handshake_over(connection->all, state != CONNECTION_READY);
		hooks->settled(hooks->payload, connection);
	}
	if (state == CONNECTION_CLOSED) {
		event_del(&connection->readable);
		event_del(&connection->writable);
		connections_weigh(connection);
		connections_sweep_soon(connection->all);
		hooks->closed(hooks->payload, connection);
	}
}

void connection_fail(struct connection *connection, const char *reason)
{
	connection->reason = reason;
	connection->broken = true;
	connection_enter(connection, CONNECTION_CLOSED);
}

void connection_release(struct connection *connection)
{
	SSL_free(connection->ssl);
	ERR_clear_error();
	if (connection->fd >= 0) {
		close(connection->fd);
	}
	buffer_release(&connection->in);
	buffer_release(&connection->out);
	free(connection->in_flight);
	free(connection);
}

/* ---- patience ---- */

static bool always(const struct connection *connection)
{
	(void)connection;
	return true;
}

static bool asked_nothing(const struct connection *connection)
{
	return connection->taken == 0;
}

static bool enrols(const struct connection *connection)
{
	return connection->peer.door == DOOR_ENROL && connection->in_flight_count == 0;
}

static bool in_a_message(const struct connection *connection)
{
	return connection->in.length > 0 && connection_wants_input(connection);
}

static bool takes_no_output(const struct connection *connection)
{
	return connection_unsent(connection) > 0;
}

static bool is_idle(const struct connection *connection)
{
	return connection->in_flight_count == 0 && connection->watches == 0 && !connection->edits;
}

static bool is_answered(const struct connection *connection)
{
	return connection->in_flight_count == 0;
}

#define SINCE(field)   offsetof(struct connection, field)
#define SECONDS(field) offsetof(struct limits, field)

/* A connection that a row applies to is closed when its time since `since` is up. */
static const struct {
	enum connection_state state;
	bool (*applies)(const struct connection *connection);
	size_t since;
	size_t seconds;
	const char *reason;
} patience[] = {
	{CONNECTION_HANDSHAKE, always, SINCE(entered), SECONDS(handshake_seconds),
	 "the handshake took too long"},
	{CONNECTION_READY, asked_nothing, SINCE(entered), SECONDS(hello_seconds), "no request came"},
	{CONNECTION_READY, enrols, SINCE(entered), SECONDS(hello_seconds), "enrolling took too long"},
	{CONNECTION_READY, in_a_message, SINCE(begun), SECONDS(message_seconds),
	 "a message was not finished"},
	{CONNECTION_READY, takes_no_output, SINCE(output_moved), SECONDS(message_seconds),
	 "the peer did not take its answers"},
	{CONNECTION_READY, is_idle, SINCE(heard), SECONDS(idle_seconds), "nothing was asked for too long"},
	{CONNECTION_DRAINING, takes_no_output, SINCE(output_moved), SECONDS(close_seconds),
	 "the peer did not take its last answers"},
	{CONNECTION_DRAINING, is_answered, SINCE(answered), SECONDS(message_seconds),
	 "the peer did not take its last answers"},
	{CONNECTION_CLOSING, always, SINCE(entered), SECONDS(close_seconds), "the peer did not close"},
};

const char *connection_out_of_patience(const struct connection *connection, int64_t now_ms)
{
	const char *limits = (const char *)connections_limits(connection->all);

	for (size_t i = 0; i < sizeof(patience) / sizeof(patience[0]); i++) {
		int64_t since = *(const int64_t *)((const char *)connection + patience[i].since);
		int64_t seconds = *(const int64_t *)(limits + patience[i].seconds);

		if (connection->state == patience[i].state && patience[i].applies(connection) &&
		    now_ms - since >= seconds * 1000) {
			return patience[i].reason;
		}
	}
	return NULL;
}

/* ---- what is asked of it ---- */

uint64_t connection_number(const struct connection *connection)
{
	return connection->number;
}

const char *connection_address(const struct connection *connection)
{
	return connection->address;
}

const char *connection_about(const struct connection *connection)
{
	return connection->about;
}

const struct tls_peer *connection_peer(const struct connection *connection)
{
	return &connection->peer;
}

enum connection_state connection_state(const struct connection *connection)
{
	return connection->state;
}

size_t connection_unsent(const struct connection *connection)
{
	return connection->out.length - connection->sent;
}

bool connection_crowded(const struct connection *connection)
{
	return connection->crowded;
}

bool connection_wants_input(const struct connection *connection)
{
	return connection->state == CONNECTION_READY && !connection->crowded && !connection->rests &&
	       connection->in_flight_count < (size_t)connections_limits(connection->all)->requests_in_flight;
}

int64_t connection_credential(const struct connection *connection)
{
	return connection->credential;
}

void connection_know(struct connection *connection, int64_t credential)
{
	if (connection->credential != credential) {
		snprintf(connection->about, sizeof(connection->about), "device %" PRId64, credential);
	}
	connection->credential = credential;
}

int64_t connection_watch_number(struct connection *connection)
{
	return ++connection->watch_last;
}

int64_t connection_watches(const struct connection *connection)
{
	return connection->watches;
}

void connection_watches_add(struct connection *connection, int64_t change)
{
	connection->watches += change;
	connection->heard = clock_monotonic_ms(); /* patience with silence starts anew */
}

void connection_edits_set(struct connection *connection, bool edits)
{
	connection->edits = edits;
}

/* ---- requests and answers ---- */

static bool is_in_flight(const struct connection *connection, uint32_t id)
{
	for (size_t i = 0; i < connection->in_flight_count; i++) {
		if (connection->in_flight[i] == id) {
			return true;
		}
	}
	return false;
}

static bool make_room(struct connection *connection)
{
	size_t room = connection->in_flight_room > 0 ? connection->in_flight_room * 2 : 4;
	uint32_t *ids;

	if (connection->in_flight_count < connection->in_flight_room) {
		return true;
	}
	ids = realloc(connection->in_flight, room * sizeof(*ids));
	if (!ids) {
		return false;
	}
	connection->in_flight = ids;
	connection->in_flight_room = room;
	return true;
}

bool connection_begin(struct connection *connection, uint32_t id)
{
	if (connection->state != CONNECTION_READY || is_in_flight(connection, id) || !make_room(connection)) {
		return false;
	}
	connection->in_flight[connection->in_flight_count++] = id;
	return true;
}

void connection_end(struct connection *connection, uint32_t id)
{
	for (size_t i = 0; i < connection->in_flight_count; i++) {
		if (connection->in_flight[i] == id) {
			connection->in_flight[i] = connection->in_flight[--connection->in_flight_count];
			break;
		}
	}
	connection->answered = clock_monotonic_ms();
	connection->heard = connection->answered; /* its turn to speak begins now */
	if (connection->peer.door == DOOR_ENROL &&
	    connection->taken >= (uint64_t)connections_limits(connection->all)->enrol_requests) {
		connection_drain(connection, "enrolled or gave up");
	}
	connections_turn(connection);
}

void connection_rest(struct connection *connection)
{
	connection->rests = true;
	connections_rest(connection->all);
}

void connection_send(struct connection *connection, struct span bytes)
{
	const struct limits *limits = connections_limits(connection->all);

	if (connection->state != CONNECTION_READY && connection->state != CONNECTION_DRAINING) {
		return;
	}
	if (connection_unsent(connection) == 0) {
		connection->output_moved = clock_monotonic_ms();
	}
	if (connection_unsent(connection) + bytes.length > (size_t)limits->output_bytes ||
	    !buffer_append(&connection->out, bytes.data, bytes.length)) {
		log_about(connection->about, LOG_WARNING, "output-over-limit",
			  log_number("conn", (int64_t)connection->number),
			  log_number("unsent", (int64_t)connection_unsent(connection)),
			  log_number("bytes", (int64_t)bytes.length));
		connections_limit(connection->all, LIMITED_output_bytes);
		connection_fail(connection, "it had too much unsent output");
		return;
	}
	if (connection_unsent(connection) > (size_t)limits->output_high_bytes) {
		connection->crowded = true;
	}
	connections_weigh(connection);
	connections_turn(connection);
}

void connection_refuse(struct connection *connection, uint32_t id, const struct error *err)
{
	struct buffer reply;

	buffer_init(&reply, ERROR_BYTES);
	message_put_error(&reply, id, err, (struct span){NULL, 0});
	if (!reply.failed) {
		connection_send(connection, buffer_span(&reply));
	}
	buffer_release(&reply);
	connections_refuse(connection->all);
	connection_drain(connection, "its message was refused");
}

void connection_drain(struct connection *connection, const char *reason)
{
	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		connection_fail(connection, reason);
		break;
	case CONNECTION_READY:
		connection->reason = reason;
		connection->answered = clock_monotonic_ms();
		connection_enter(connection, CONNECTION_DRAINING);
		connections_turn(connection);
		break;
	default:
		break;
	}
}
