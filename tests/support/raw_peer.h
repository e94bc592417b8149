/* A peer that is no client of ours: OpenSSL and MessagePack by hand, so that a test can say and show what the real
 * client never would. Blocking, on a real connection to an installation's server.
 *
 *	struct raw_peer *peer = raw_connect(it, raw_person(ann));
 *
 *	raw_ask(peer, 1, "whoami");
 *	assert_int_equal(raw_reply(peer, 1)->status, STATUS_OK);
 *	raw_close(peer);
 */
#ifndef SAFER_TESTS_SUPPORT_RAW_PEER_H
#define SAFER_TESTS_SUPPORT_RAW_PEER_H

#include "protocol/message.h"
#include "tests/support/installation.h"

#include <openssl/ssl.h>

#define RAW_REPLIES 128
#define RAW_DAY     (INT64_C(24) * 3600 * 1000000) /* microseconds */

struct raw_offer {
	const char *alpn;     /* names parted by spaces; NULL: no ALPN at all */
	X509 *certificate;    /* borrowed; NULL: none */
	EVP_PKEY *key;        /* borrowed */
	int version;          /* newest TLS version; 0: 1.3 */
	SSL_SESSION *session; /* to be resumed; NULL: none */
};

struct raw_reply {
	uint32_t id;
	bool notice;
	const char *method; /* of a notice */
	enum status status;
	struct error error;
	const msgpack_object *result;  /* NULL when it is an error */
	const msgpack_object *details; /* of an error */
	const msgpack_object *params;  /* of a notice */
};

struct raw_peer {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	bool connected;  /* the handshake is over on its side */
	bool goodbye;    /* got close_notify */
	bool lost;       /* the connection ended otherwise */
	int alert;       /* that the server sent, when lost; 0 none */
	size_t sessions; /* offered by the server for resumption */
	struct arena *arena;
	struct buffer in;
	struct raw_reply *replies[RAW_REPLIES]; /* not asked for yet */
	size_t reply_count;
};

/* What a person's device shows; goes with raw_offer_release. */
struct raw_offer raw_person(const struct person *person);
void raw_offer_release(struct raw_offer *offer);

/* Makes the server's store know a certificate as a good one of this account. The server must be stopped. */
void raw_store_credential(const struct installation *it, X509 *certificate, int64_t account);

/* Connects and shakes hands as far as it goes. */
struct raw_peer *raw_connect(const struct installation *it, const struct raw_offer *offer);
/* The same as a person. */
struct raw_peer *raw_connect_as(const struct person *person);
void raw_close(struct raw_peer *peer);   /* without goodbye; NULL is fine */
void raw_goodbye(struct raw_peer *peer); /* close_notify, and goes on reading */

void raw_send(struct raw_peer *peer, const void *data, size_t length);
/* A request; params is one packed map. */
void raw_ask(struct raw_peer *peer, uint32_t id, const char *method);
void raw_ask_with(struct raw_peer *peer, uint32_t id, const char *method, const struct buffer *params);

/* The reply of an id; NULL when the connection ended without it. Lives as long as the peer. */
const struct raw_reply *raw_reply(struct raw_peer *peer, uint32_t id);
/* The next notice; NULL when the connection ended. */
const struct raw_reply *raw_notice(struct raw_peer *peer);
/* Reads until the connection has ended; what came stays in `replies`. */
void raw_drain(struct raw_peer *peer);

#endif
