/* The server's side of TLS 1.3: one SSL_CTX for every connection, and a fresh one on reload.
 *
 * A peer that offers ALPN_MEMBER must show a certificate that our authority signed; one that offers only ALPN_ENROL
 * shows none; one that offers neither is refused in the handshake. Sessions are never resumed, because a resumed one
 * would come up without its certificate being looked at. */
#ifndef SAFER_SERVER_TLS_H
#define SAFER_SERVER_TLS_H

#include "common/digest.h"
#include "common/status.h"
#include "protocol/methods.h"

#include <openssl/ssl.h>

struct tls;

/* Reads SERVER_KEY, SERVER_CERT and AUTHORITY_CERT from the data folder. */
enum status tls_new(const char *folder, struct tls **out, struct error *err);
void tls_free(struct tls *tls);

/* Reads the files again. Connections that are open keep what they have; on failure so do new ones. */
enum status tls_reload(struct tls *tls, struct error *err);

/* The server's end of a connection on a socket, before its handshake; NULL without memory. Certificates are judged by
 * the machine's clock as it is now. */
SSL *tls_accept(struct tls *tls, int fd);

/* What the handshake settled. */
struct tls_peer {
	enum method_door door;
	bool has_certificate;
	struct digest fingerprint;   /* of the peer's certificate */
	int64_t certificate_expires; /* microseconds */
};

/* After a handshake. STATUS_UNVERIFIED unless everything that its door demands is there. */
enum status tls_peer(const SSL *ssl, struct tls_peer *out, struct error *err);

/* A peer may change its key so many times from now on: each costs us work and brings no data. One more, and nothing that
 * it sends is read. */
void tls_allow_key_updates(SSL *ssl, int64_t most);
int64_t tls_key_updates_left(const SSL *ssl); /* -1: it made one more than it might */

/* The newest error of OpenSSL in words, and an empty queue after it. */
const char *tls_reason(void);
/* The same for a handshake that failed: what was wrong with the peer's certificate, if that was it. */
const char *tls_handshake_reason(const SSL *ssl);

#endif
