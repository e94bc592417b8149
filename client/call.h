/* One TLS connection to the server: calls and their answers, and notices. Blocks, but never past a deadline, and
 * ends at once when the person presses control-C. Failures of TLS are told in plain words (tls.h). */
#ifndef SAFER_CLIENT_CALL_H
#define SAFER_CLIENT_CALL_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"
#include "protocol/message.h"
#include "protocol/methods.h"

#include <openssl/ssl.h>
#include <stdint.h>

struct call;

#define CALL_CONNECT_SECONDS \
	10 /* for the name, again for all addresses of the server together, and again for the handshake */
#define CALL_ANSWER_SECONDS 60 /* unless the environment's SAFER_TIMEOUT says otherwise */
#define CALL_MESSAGE_BYTES  (64 * 1024 * 1024)

/* Connects and shakes hands. `context` decides which certificates are shown and believed (tls.h); `alpn` is the
 * protocol asked for. The server's certificate must be for `host` unless the context does not check it. */
enum status call_open(SSL_CTX *context, const char *host, uint16_t port, const char *alpn, struct call **out,
		      struct error *err);
void call_close(struct call *call); /* NULL is fine */

/* Whether the connection can carry another call. */
bool call_alive(const struct call *call);

SSL *call_ssl(struct call *call); /* borrowed */
int call_fd(const struct call *call);

/* Sends a request and waits for its answer; params is one packed map, empty for none. Notices that come meanwhile
 * are kept for call_notice. Result and details live in the arena. STATUS_UNREACHABLE when the connection failed (it
 * is no longer alive then), or any status that the server answered; *details is NULL when it sent none. */
enum status call_method(struct call *call, struct arena *arena, enum method method, struct span params,
			const msgpack_object **result, const msgpack_object **details, struct error *err);

/* Waits for the next notice, at most so long (negative: for ever). *out has no method when the time was up. It lives in
 * the arena. */
enum status call_notice(struct call *call, struct arena *arena, int milliseconds, struct message *out,
			struct error *err);

#endif
