/* The fields of a connection, for the three files that carry it out: connection.c (states, deadlines),
 * connection_io.c (TLS and bytes) and connections.c (all of them). Nobody else includes this. */
#ifndef SAFER_SERVER_CONNECTION_INTERNAL_H
#define SAFER_SERVER_CONNECTION_INTERNAL_H

#include "protocol/limits.h"
#include "protocol/scanner.h"
#include "server/connection.h"
#include "server/connections.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#define RECORD_BYTES 16384 /* the most that one TLS record carries */

struct connection {
	struct connections *all;
	uint64_t number;
	int fd;   /* owned */
	SSL *ssl; /* owned */
	struct sockaddr_storage network;
	char address[INET6_ADDRSTRLEN + 8]; /* "192.0.2.7:40312", for the log */
	char about[INET6_ADDRSTRLEN + 8];   /* "192.0.2.7" or "device 12" */

	enum connection_state state;
	const char *reason; /* why it is being closed; a constant */
	bool broken;        /* TLS failed: no goodbye can be said */
	bool said_goodbye;
	size_t wasted; /* bytes read and thrown away since */

	struct event readable;
	struct event writable;
	bool read_wants_write; /* what OpenSSL waits for before it can go on */
	bool write_wants_read;
	bool handshake_wants_write;
	bool greeted; /* the hello of its handshake was answered */

	struct tls_peer peer;
	int64_t credential;

	struct buffer in; /* from the start of a message */
	size_t scanned;   /* bytes of `in` that the scanner has seen */
	struct scanner scanner;
	bool rests;         /* nothing is read until it is woken */
	bool input_told;    /* an event told that the socket has bytes, or a handshake may have left some */
	bool input_pending; /* bytes may be waiting inside OpenSSL or in `in`: no event will tell */
	uint64_t taken;     /* messages so far */

	struct buffer out;
	size_t held;  /* bytes of `in` and `out` that are counted into what all hold */
	size_t sent;  /* bytes of `out` that are gone */
	bool crowded; /* was above the high mark, and not yet at half of it */

	uint32_t *in_flight; /* owned; NULL until the first request */
	size_t in_flight_count;
	size_t in_flight_room;
	int64_t watch_last;
	int64_t watches;
	bool edits; /* it announces that somebody edits something */

	/* Milliseconds of the monotonic clock. */
	int64_t entered;      /* the present state */
	int64_t waits;        /* a handshake for its peer: since it came, or was greeted */
	int64_t heard;        /* the last bytes of the peer */
	int64_t begun;        /* the first bytes of an unfinished message */
	int64_t output_moved; /* the last time that the peer took bytes, or that there began to be some */
	int64_t answered;     /* the last time that a request ended */

	bool in_turn; /* in the list of those that go on when the loop turns */
	struct connection *next_turn;
};

/* connection.c */
void connection_enter(struct connection *connection, enum connection_state state);
void connection_fail(struct connection *connection,
		     const char *reason); /* the peer is gone: closed at once */
const char *connection_out_of_patience(const struct connection *connection,
				       int64_t now_ms); /* NULL: not yet */
bool connection_wants_input(const struct connection *connection);
size_t connection_unsent(const struct connection *connection);
void connection_release(struct connection *connection); /* with everything it owns; it must be closed */

/* connection_io.c */
void connection_assign(struct connection *connection, struct event_base *base); /* its events */
void connection_go_on(struct connection *connection); /* does whatever can be done now */
void connection_arm(struct connection *connection);   /* waits for exactly what it needs */

/* connections.c */
const struct limits *connections_limits(const struct connections *connections);
const struct connection_hooks *connections_hooks(const struct connections *connections);
size_t connections_of_fingerprint(const struct connections *connections, const struct digest *fingerprint);
void connections_turn(struct connection *connection);   /* lets it go on when the loop turns */
void connections_rest(struct connections *connections); /* soon wakes those that rest */
void connections_sweep_soon(struct connections *connections);
void connections_handshake_over(struct connections *connections, bool failed);
void connections_refuse(struct connections *connections); /* counts one that ends with an error */
void connections_weigh(struct connection *connection);    /* its buffers have grown or shrunk */
bool connections_may_enrol(struct connections *connections, const struct connection *connection,
			   int64_t now_ms);

#endif
