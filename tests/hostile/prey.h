/* What an intruder knows of a server, and how it gets at it: sockets from any address of loopback, with TLS as far as it
 * cares to go. Nothing in here fails a test: an intruder that is turned away tries something else. */
#ifndef SAFER_TESTS_HOSTILE_PREY_H
#define SAFER_TESTS_HOSTILE_PREY_H

#include "tests/support/raw_peer.h"

#include <stdatomic.h>

/* What an attack came to so far. */
struct deeds {
	atomic_ulong tried;   /* connections */
	atomic_ulong entered; /* handshakes that came about */
};

struct prey {
	uint16_t port;
	struct raw_offer member; /* a device that may sign in */
	struct deeds *deeds;     /* borrowed */
	int on;                  /* a descriptor that is told when the attack has begun */
};

void prey_is_attacked(struct prey *prey); /* the first wave is in place */

/* A connection from 127.0.0.<from>, which gives up reading and writing after a second. -1: turned away. */
int prey_connect(const struct prey *prey, int from);
bool prey_is_out(int fd); /* whether the server has closed it */

/* The same with a handshake; member: with the certificate. NULL: it did not come to that. */
SSL *prey_enter(const struct prey *prey, int from, bool member);
/* The same, and asks one thing, so that it is known. */
SSL *prey_sign_in(const struct prey *prey, int from);
void prey_leave(SSL *ssl); /* NULL is fine */

/* A request without parameters, or with one packed map. False: it did not get away. */
bool prey_ask(SSL *ssl, uint32_t id, const char *method, const struct buffer *params);
/* Takes whatever is there without waiting. False when the connection has ended. */
bool prey_swallow(SSL *ssl);
void prey_rest(int ms); /* so that an intruder does not use up the machine that it shares */

#endif
