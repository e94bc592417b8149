/* The server's wire in one process: real TLS over socket pairs, the real loop, gate and workers on a real data folder.
 * Peers are driven by the test, on the same thread as the loop, so that nothing sleeps and nothing races.
 *
 *	static void greets_a_member(void **state)
 *	{
 *		struct wire *wire = *state;
 *		struct wire_peer *peer = wire_connect(wire, wire_member(wire, fixture_administrator(wire->server)));
 *
 *		wire_ask(peer, 1, "whoami");
 *		assert_int_equal(wire_reply(peer, 1)->status, STATUS_OK);
 *	}
 */
#ifndef SAFER_TESTS_SUPPORT_WIRE_H
#define SAFER_TESTS_SUPPORT_WIRE_H

#include "common/clock.h"
#include "protocol/message.h"
#include "protocol/version.h"
#include "server/connections.h"
#include "server/dispatch.h"
#include "server/listener.h"
#include "tests/support/server_fixture.h"

#include <event2/event.h>

#define WIRE_PEERS    24
#define WIRE_MESSAGES 4096

struct wire {
	struct server_fixture *server;
	struct event_base *base;
	struct tls *tls;
	struct connections *connections;
	struct dispatch dispatch;
	struct store *reader; /* of the reader's thread */
	struct arena *arena;

	struct listener *listener; /* a test's own; resumed when a handshake ends, as the server does */

	/* What becomes of a message; without it, it goes through the gate. */
	void (*take)(struct wire *wire, struct connection *connection, struct span bytes);
	void *payload;  /* the test's own */
	size_t drained; /* how often each hook was called */
	size_t settled;
	size_t closed;
	size_t left; /* connections, when the last one closed */

	struct wire_peer *peers[WIRE_PEERS];
	size_t peer_count;
};

/* How a peer introduces itself. */
struct wire_offer {
	const char *alpn; /* names parted by spaces; NULL: no ALPN at all */
	EVP_PKEY *key;    /* NULL: no certificate */
	X509 *certificate;
	int version;      /* newest TLS version; 0: 1.3 */
	int buffer_bytes; /* of the sockets; 0: the system's choice */
};

struct wire_message {
	struct message message;
	enum status status; /* of a reply */
	struct error error;
};

struct wire_peer {
	struct wire *wire;
	int fd;
	SSL *ssl;
	uint64_t number;    /* of its connection */
	bool deaf;          /* reads nothing */
	bool connected;     /* the handshake is over on its side */
	bool goodbye;       /* got close_notify */
	bool lost;          /* the connection ended without, or by an alert */
	const char *reason; /* OpenSSL's, when lost */
	struct buffer in;
	size_t parsed; /* bytes of it that are in `messages` */
	struct wire_message *messages;
	size_t message_count;
};

int wire_setup(void **state);
int wire_teardown(void **state);
void wire_start_workers(
	struct wire *wire); /* for the gate; whatever the fixture is used for must come before */
void wire_stop_workers(struct wire *wire); /* so that the fixture may be used again; peers stay connected */

struct wire_offer wire_member(struct wire *wire, const struct fixture_device *device);
struct wire_peer *wire_connect(struct wire *wire,
			       struct wire_offer offer); /* and waits for the end of the handshake */
struct wire_peer *wire_begin(struct wire *wire, struct wire_offer offer); /* without waiting */
/* A certificate of that authority, valid from and to so long from now; for a server when it has names. Yours. */
X509 *wire_issue(struct wire *wire, struct authority *authority, EVP_PKEY *key, int64_t from, int64_t to,
		 const char *server_names);
/* Connects with a new certificate of the right authority, which the store does not know. */
struct wire_peer *wire_join(struct wire *wire, int buffer_bytes);
struct connection *wire_connection(const struct wire_peer *peer); /* NULL: gone */

/* One round: every peer does what it can, then the loop turns. */
void wire_turn(struct wire *wire);
void wire_turns(struct wire *wire, int rounds);

/* Turns until the condition holds; fails the test after ten seconds. */
#define wire_until(wire, condition)                                                                     \
	do {                                                                                            \
		int64_t until_ = clock_monotonic_ms() + 10000;                                          \
		while (!(condition)) {                                                                  \
			if (clock_monotonic_ms() > until_) {                                            \
				fail_msg("%s:%d: never came true: %s", __FILE__, __LINE__, #condition); \
			}                                                                               \
			wire_turn(wire);                                                                \
		}                                                                                       \
	} while (0)

void wire_send(struct wire_peer *peer, const void *data, size_t length);
/* A request: begin, then pairs by codec_pair_..., then send. */
void wire_ask(struct wire_peer *peer, uint32_t id, const char *method); /* without parameters */
void wire_ask_with(struct wire_peer *peer, uint32_t id, const char *method, struct span params);

const struct wire_message *wire_reply(struct wire_peer *peer, uint32_t id); /* waits for it */
const struct wire_message *wire_notice(struct wire_peer *peer, size_t n); /* the n-th from 0; waits for it */
bool wire_ended(const struct wire_peer *peer);                            /* either way */

#endif
