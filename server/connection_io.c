/* The bytes of a connection: OpenSSL straight on the socket, woken by libevent.
 *
 * What is easy to get wrong here: OpenSSL may hold bytes that no event will tell of, so reading goes on until it asks
 * for more or a later turn is booked. The error queue is emptied before each call, since one old entry makes OpenSSL
 * report a failure that is another peer's. After a fatal error nothing more is said by TLS. And a socket closed with
 * unread bytes in it sends a reset, which can overtake our last answer: hence the lingering at the end. */
#include "server/connection_internal.h"

#include "common/clock.h"
#include "common/log_quota.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_TURN    65536  /* bytes of one peer in one turn, so that the others get theirs */
#define MESSAGE_TURN 16     /* messages of one peer in one turn */
#define WRITE_TURN   262144 /* bytes to one peer in one turn */
#define LINGER_MOST  65536  /* bytes thrown away while waiting for the peer to close */
#define COMPACT_AT   262144 /* sent bytes at the front of `out` that are worth a move */

enum io { IO_DONE, IO_AGAIN, IO_GOODBYE, IO_LOST };

/* A handshake is the dearest thing that a stranger can ask for. It waits for its turn, of which connections.c gives only
 * so many at a time, so that a storm of them does not hold up who is already in. */
static void on_event(evutil_socket_t fd, short what, void *payload)
{
	struct connection *connection = payload;

	(void)fd;
	(void)what;
	connection->input_told = true;
	if (connection->state != CONNECTION_HANDSHAKE) {
		connection_go_on(connection);
		return;
	}
	event_del(&connection->readable);
	event_del(&connection->writable);
	connections_turn(connection);
}

void connection_assign(struct connection *connection, struct event_base *base)
{
	event_assign(&connection->readable, base, connection->fd, EV_READ | EV_PERSIST, on_event, connection);
	event_assign(&connection->writable, base, connection->fd, EV_WRITE | EV_PERSIST, on_event,
		     connection);
}

/* What a call of OpenSSL came to. `wants_other` is set when it waits for the direction that is not its own. */
static enum io judge(const struct connection *connection, int result, int other, bool *wants_other)
{
	int error = SSL_get_error(connection->ssl, result);

	*wants_other = error == other;
	switch (error) {
	case SSL_ERROR_NONE:
		return IO_DONE;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return IO_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return IO_GOODBYE;
	default:
		return IO_LOST;
	}
}

static void lose(struct connection *connection, const char *reason)
{
	unsigned long error = ERR_peek_last_error();
	bool silent = error == 0 || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
	bool cut = connection->in.length > 0;

	log_about(connection->about, cut || !silent ? LOG_INFO : LOG_DEBUG, "connection-lost",
		  log_number("conn", (int64_t)connection->number), log_text("address", connection->address),
		  log_text("cause", silent ? "the peer went away" : tls_reason()),
		  log_number("unread", (int64_t)connection->in.length));
	ERR_clear_error();
	connection_fail(connection, reason);
}

/* ---- messages out of bytes ---- */

static void refuse_bytes(struct connection *connection, enum scan scan)
{
	struct error err = ERROR_INIT;

	error_set(&err, STATUS_INVALID, "the message was refused: %s", scan_reason(scan));
	log_about(connection->about, LOG_INFO, "message-refused",
		  log_number("conn", (int64_t)connection->number), log_text("address", connection->address),
		  log_text("reason", scan_reason(scan)));
	connection_refuse(connection, 0, &err);
}

/* Hands out the whole messages in `in`, as many as may be in flight and as a turn allows. */
static void take_messages(struct connection *connection)
{
	const struct connection_hooks *hooks = connections_hooks(connection->all);
	size_t start = 0; /* of the present message */
	int left = MESSAGE_TURN;

	while (connection_wants_input(connection) && start + connection->scanned < connection->in.length) {
		const uint8_t *fresh = connection->in.data + start + connection->scanned;
		size_t used = 0;
		enum scan scan;

		if (left-- == 0) {
			connection->input_pending = true;
			break;
		}
		scan = scanner_feed(&connection->scanner, fresh,
				    connection->in.length - start - connection->scanned, &used);
		connection->scanned += used;
		if (scan == SCAN_MORE) {
			break;
		}
		if (scan != SCAN_COMPLETE) {
			refuse_bytes(connection, scan);
			break;
		}
		connection->taken++;
		tls_allow_key_updates(connection->ssl, connections_limits(connection->all)->key_updates);
		hooks->message(hooks->payload, connection,
			       (struct span){connection->in.data + start, connection->scanned});
		start += connection->scanned;
		connection->scanned = 0;
		connection->begun = clock_monotonic_ms();
		scanner_next(&connection->scanner);
	}
	buffer_consume(&connection->in, start);
	if (connection->in.length == 0) {
		buffer_release(&connection->in); /* an idle connection keeps no buffer */
	}
}

/* ---- reading ---- */

static void peer_said_goodbye(struct connection *connection)
{
	if (connection->in.length > 0) {
		log_about(connection->about, LOG_INFO, "message-cut-off",
			  log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address),
			  log_number("bytes", (int64_t)connection->in.length));
	}
	connection_drain(connection, "the peer closed");
}

/* One record at most. False when there is nothing more to get now. */
static bool read_some(struct connection *connection)
{
	uint8_t *room = buffer_reserve(&connection->in, RECORD_BYTES);
	int64_t now = clock_monotonic_ms();
	enum io io;
	int got;

	if (!room) {
		log_about(connection->about, LOG_ERROR, "out-of-memory",
			  log_number("conn", (int64_t)connection->number));
		connection_fail(connection, "there was no memory for its message");
		return false;
	}
	ERR_clear_error();
	got = SSL_read(connection->ssl, room, RECORD_BYTES);
	io = judge(connection, got, SSL_ERROR_WANT_WRITE, &connection->read_wants_write);
	if (io == IO_DONE) {
		if (connection->in.length == 0) {
			connection->begun = now;
		}
		connection->in.length += (size_t)got;
		connection->heard = now;
		return true;
	}
	if (connection->in.length == 0) {
		buffer_release(&connection->in);
	}
	if (tls_key_updates_left(connection->ssl) < 0) {
		log_about(connection->about, LOG_WARNING, "key-update-flood",
			  log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address));
		connections_limit(connection->all, LIMITED_key_updates);
		connection_fail(connection, "it changed keys too often");
	} else if (io == IO_GOODBYE) {
		peer_said_goodbye(connection);
	} else if (io == IO_LOST) {
		lose(connection, "the peer was lost");
	}
	return false;
}

static void read_on(struct connection *connection)
{
	size_t before;
	size_t total = 0;

	if (!connection->input_told && !connection->input_pending) {
		return; /* its turn has come to write: asking the socket in vain costs a tenth of telling a watcher */
	}
	connection->input_told = false;
	if (connection->input_pending) {
		connection->input_pending = false;
		connection->begun = clock_monotonic_ms();
		take_messages(connection);
	}
	while (connection_wants_input(connection) && !connection->input_pending) {
		before = connection->in.length;
		if (!read_some(connection)) {
			return;
		}
		total += connection->in.length - before;
		take_messages(connection);
		if (connection_wants_input(connection) && !connection->input_pending &&
		    !SSL_has_pending(connection->ssl)) {
			return; /* the socket tells of more: asking it again would only be told to come again */
		}
		if (total >= READ_TURN) {
			connection->input_pending = true;
		}
	}
	if (connection->state == CONNECTION_READY) {
		connection->input_pending = true; /* stopped early: more may be there */
	}
}

/* ---- writing ---- */

static void after_write(struct connection *connection)
{
	const struct connection_hooks *hooks = connections_hooks(connection->all);
	size_t mark = (size_t)connections_limits(connection->all)->output_high_bytes;

	if (connection_unsent(connection) == 0) {
		buffer_release(&connection->out);
		connection->sent = 0;
	} else if (connection->sent >= COMPACT_AT) {
		buffer_consume(&connection->out, connection->sent);
		connection->sent = 0;
	}
	if (connection->crowded && connection_unsent(connection) <= mark / 2) {
		connection->crowded = false;
		hooks->drained(hooks->payload, connection);
	}
}

static void write_on(struct connection *connection)
{
	size_t total = 0;
	enum io io = IO_DONE;

	while (io == IO_DONE && connection_unsent(connection) > 0 && total < WRITE_TURN) {
		size_t chunk = connection_unsent(connection);
		int put;

		if (chunk > RECORD_BYTES) {
			chunk = RECORD_BYTES;
		}
		ERR_clear_error();
		put = SSL_write(connection->ssl, connection->out.data + connection->sent, (int)chunk);
		io = judge(connection, put, SSL_ERROR_WANT_READ, &connection->write_wants_read);
		if (io == IO_DONE) {
			connection->sent += (size_t)put;
			connection->output_moved = clock_monotonic_ms();
			total += (size_t)put;
		}
	}
	if (io == IO_LOST || io == IO_GOODBYE) {
		lose(connection, "the peer was lost while it was answered");
		return;
	}
	if (total > 0) {
		after_write(connection);
	}
	if (io == IO_DONE && connection_unsent(connection) > 0) {
		connections_turn(connection);
	}
}

/* ---- beginning and end ---- */

static void settle(struct connection *connection)
{
	const struct limits *limits = connections_limits(connection->all);
	struct error err = ERROR_INIT;
	int64_t bytes;

	if (tls_peer(connection->ssl, &connection->peer, &err) != STATUS_OK) {
		log_about(connection->about, LOG_INFO, "handshake-refused",
			  log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address), log_text("reason", err.message));
		connection->broken = true;
		connection->reason = "the handshake was refused";
		connection_enter(connection, CONNECTION_CLOSING);
		return;
	}
	bytes = connection->peer.door == DOOR_ENROL ? limits->enrol_message_bytes : limits->message_bytes;
	scanner_init(&connection->scanner, (size_t)bytes, (uint32_t)limits->message_depth,
		     (uint64_t)limits->message_elements);
	buffer_init(&connection->in, (size_t)bytes + 2 * RECORD_BYTES);
	buffer_init(&connection->out, (size_t)limits->output_bytes + COMPACT_AT + WRITE_TURN);
	tls_allow_key_updates(connection->ssl, limits->key_updates);
	connection->heard = clock_monotonic_ms();
	connection_enter(connection, CONNECTION_READY);
	if (connection->peer.has_certificate &&
	    connections_of_fingerprint(connection->all, &connection->peer.fingerprint) >
		    (size_t)limits->connections_per_credential) {
		connections_limit(connection->all, LIMITED_connections_per_credential);
		error_set(&err, STATUS_UNREACHABLE, "this device has too many connections open");
		error_hint(&err, "close some of them and try again");
		connection_refuse(connection, 0, &err);
	} else if (connection->peer.door == DOOR_ENROL &&
		   !connections_may_enrol(connection->all, connection, connection->heard)) {
		error_set(&err, STATUS_UNREACHABLE, "too many devices enrol from your network just now");
		error_hint(&err, "try again in a minute");
		connection_refuse(connection, 0, &err);
	}
}

static void shake_hands(struct connection *connection)
{
	int result;

	ERR_clear_error();
	result = SSL_accept(connection->ssl);
	switch (judge(connection, result, SSL_ERROR_WANT_WRITE, &connection->handshake_wants_write)) {
	case IO_DONE:
		settle(connection);
		break;
	case IO_AGAIN:
		if (!connection->greeted && BIO_number_written(SSL_get_wbio(connection->ssl)) > 0) {
			connection->greeted = true;
			connection->waits = clock_monotonic_ms();
		}
		break;
	default:
		log_about(connection->about, LOG_INFO, "handshake-failed",
			  log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address),
			  log_text("reason", tls_handshake_reason(connection->ssl)));
		connection->broken = true;
		connection->reason = "the handshake failed";
		connection_enter(connection, CONNECTION_CLOSING); /* so that our alert arrives */
		break;
	}
}

/* Throws away what the peer still sends, until it closes. */
static void linger(struct connection *connection)
{
	char waste[4096];
	ssize_t got;

	do {
		got = read(connection->fd, waste, sizeof(waste));
		connection->wasted += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && connection->wasted < LINGER_MOST) || (got < 0 && errno == EINTR));
	if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
		connection_enter(connection, CONNECTION_CLOSED);
	}
}

/* False when the socket takes nothing now. */
static bool say_goodbye(struct connection *connection)
{
	int result;
	bool blocked;

	if (connection->broken) {
		return true;
	}
	ERR_clear_error();
	result = SSL_shutdown(connection->ssl);
	blocked = result < 0 && SSL_get_error(connection->ssl, result) == SSL_ERROR_WANT_WRITE;
	ERR_clear_error();
	return !blocked;
}

static void close_on(struct connection *connection)
{
	if (!connection->said_goodbye) {
		if (!say_goodbye(connection)) {
			return;
		}
		connection->said_goodbye = true;
		shutdown(connection->fd, SHUT_WR);
	}
	linger(connection);
}

void connection_go_on(struct connection *connection)
{
	if (connection->state == CONNECTION_HANDSHAKE) {
		shake_hands(connection);
	}
	if (connection->state == CONNECTION_READY) {
		read_on(connection);
	}
	if (connection->state == CONNECTION_READY || connection->state == CONNECTION_DRAINING) {
		write_on(connection);
	}
	if (connection->state == CONNECTION_DRAINING && connection->in_flight_count == 0 &&
	    connection_unsent(connection) == 0) {
		connection_enter(connection, CONNECTION_CLOSING);
	}
	if (connection->state == CONNECTION_CLOSING) {
		close_on(connection);
	}
	connections_weigh(connection);
	connection_arm(connection);
}

static void wait_for(struct event *event, short what, bool wanted)
{
	bool waiting = event_pending(event, what, NULL) != 0;

	if (wanted && !waiting) {
		event_add(event, NULL);
	} else if (!wanted && waiting) {
		event_del(event);
	}
}

void connection_arm(struct connection *connection)
{
	bool read = false;
	bool write = false;

	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		read = !connection->handshake_wants_write;
		write = connection->handshake_wants_write;
		break;
	case CONNECTION_READY:
	case CONNECTION_DRAINING:
		write = (connection_unsent(connection) > 0 && !connection->write_wants_read &&
			 !connection->in_turn) ||
			connection->read_wants_write;
		read = (connection_wants_input(connection) && !connection->read_wants_write) ||
		       (connection_unsent(connection) > 0 && connection->write_wants_read);
		break;
	case CONNECTION_CLOSING:
		read = connection->said_goodbye;
		write = !connection->said_goodbye;
		break;
	default:
		return;
	}
	wait_for(&connection->readable, EV_READ, read);
	wait_for(&connection->writable, EV_WRITE, write);
	if (connection->input_pending && connection_wants_input(connection)) {
		connections_turn(connection);
	}
}
