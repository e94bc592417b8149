/* The addresses of a host, found on a thread of its own: getaddrinfo() cannot be given up, and may take a minute where the
 * network is dead, while somebody wants to leave. Whoever asks waits for the descriptor, together with keys and signals. */
#ifndef SAFER_CLIENT_LOOKUP_H
#define SAFER_CLIENT_LOOKUP_H

#include "common/status.h"

#include <netdb.h>
#include <stdint.h>

struct lookup;

enum status lookup_begin(const char *host, uint16_t port, struct lookup **out, struct error *err);

/* Readable once the answer is there. */
int lookup_fd(const struct lookup *lookup);

/* As getaddrinfo(); only when the descriptor is readable, and once. The addresses are the caller's: freeaddrinfo(). */
int lookup_take(struct lookup *lookup, struct addrinfo **out);

/* Lets go of it, whether the answer is there or not: the thread ends by itself. NULL is fine. */
void lookup_end(struct lookup *lookup);

#endif
