/* One peer: its socket, its TLS, the bytes that come and go, and how patient we are with it.
 *
 * A connection is a state machine; the table of its states is in connection.c, and connection_enter() alone changes
 * it. Nothing here knows what a message means: whole messages go to a hook, answers come back by connection_send().
 * A peer that sends more than it takes is not read until it has caught up, so its memory is bounded. Nobody frees a
 * connection while one of its functions may be running: a closed one is swept when the loop has turned. */
#ifndef SAFER_SERVER_CONNECTION_H
#define SAFER_SERVER_CONNECTION_H

#include "common/buffer.h"
#include "common/status.h"
#include "server/tls.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;

enum connection_state {
	CONNECTION_HANDSHAKE, /* TLS is under way */
	CONNECTION_READY,     /* requests are read and answered */
	CONNECTION_DRAINING,  /* no more requests are read; what is in flight is answered and sent */
	CONNECTION_CLOSING,   /* we have said goodbye and wait for the peer to take its last answer */
	CONNECTION_CLOSED,    /* no socket any more; freed when the loop has turned */
	CONNECTION_STATES
};

struct connection_hooks {
	void *payload;
	/* A whole message that the scanner let through. The bytes live only during the call. */
	void (*message)(void *payload, struct connection *connection, struct span bytes);
	/* Its unsent output fell to half the high mark, after it had been above. */
	void (*drained)(void *payload, struct connection *connection);
	/* Its handshake is over, for good or ill. */
	void (*settled)(void *payload, struct connection *connection);
	/* It is closed, and not counted any more: forget it. */
	void (*closed)(void *payload, struct connection *connection);
};

uint64_t connection_number(const struct connection *connection); /* never reused */
const char *connection_address(const struct connection *connection);
/* Who it is for the log's quota: its device once that is known, before that its address without the port. */
const char *connection_about(const struct connection *connection);
const struct tls_peer *connection_peer(const struct connection *connection); /* once the handshake is over */
enum connection_state connection_state(const struct connection *connection);

/* Queues whole messages; they leave when the loop turns. A peer with too much unsent is disconnected. */
void connection_send(struct connection *connection, struct span bytes);
bool connection_crowded(const struct connection *connection); /* unsent output is above the high mark */

/* A request is in flight from begin to end. begin answers false when one of that id is in flight already, when no
 * more requests are taken, and without memory. */
bool connection_begin(struct connection *connection, uint32_t id);
void connection_end(struct connection *connection, uint32_t id);

/* It asks too often: nothing more is read from it for a moment, until the next look at the deadlines at most. */
void connection_rest(struct connection *connection);

/* Sends an error that answers message `id` (0 when it is not known) and closes after it. */
void connection_refuse(struct connection *connection, uint32_t id, const struct error *err);
/* Reads no more requests, answers what is in flight, and closes. */
void connection_drain(struct connection *connection, const char *reason);

/* What the gate learnt of the peer: the number of its credential; 0 until then. */
int64_t connection_credential(const struct connection *connection);
void connection_know(struct connection *connection, int64_t credential);

/* Watches: how many there are decides how long a silent peer may stay. */
int64_t connection_watch_number(struct connection *connection); /* the next one, from 1 */
int64_t connection_watches(const struct connection *connection);
void connection_watches_add(struct connection *connection, int64_t change);

/* The same for who announces what they edit: an editor may be open for long. */
void connection_edits_set(struct connection *connection, bool edits);

#endif
