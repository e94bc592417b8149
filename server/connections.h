/* All connections of the server: their numbers, their count by address and credential, their deadlines and the
 * sweeping of those that are closed. */
#ifndef SAFER_SERVER_CONNECTIONS_H
#define SAFER_SERVER_CONNECTIONS_H

#include "protocol/limits.h"
#include "server/connection.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct connections;
struct event_base;

/* The limits and whatever the hooks need are borrowed. */
enum status connections_new(struct event_base *base, const struct limits *limits,
			    const struct connection_hooks *hooks, struct connections **out,
			    struct error *err);
void connections_free(
	struct connections *connections); /* closes them all at once, without goodbye; NULL is fine */

/* A connection on an accepted socket. Takes over both; on failure too. */
enum status connections_add(struct connections *connections, int fd, SSL *ssl,
			    const struct sockaddr_storage *address, struct connection **out,
			    struct error *err);

struct connection *connections_find(const struct connections *connections, uint64_t number); /* NULL: gone */

size_t connections_count(const struct connections *connections);
size_t connections_handshakes(const struct connections *connections);
/* From the same network address; an IPv6 network of 64 bits counts as one. */
size_t connections_of_address(const struct connections *connections, const struct sockaddr_storage *address);

/* Drops the oldest handshake if it has lasted a second, to make room. */
bool connections_evict(struct connections *connections, int64_t now_ms);

/* Closes whoever has used up our patience. The loop calls it four times a second with clock_monotonic_ms(). */
void connections_check(struct connections *connections, int64_t now_ms);

void connections_drain_credential(struct connections *connections, int64_t credential, const char *reason);
void connections_drain_all(struct connections *connections, const char *reason);

#endif
