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
int64_t connections_handshakes_failed(const struct connections *connections); /* so far */
size_t connections_peak(const struct connections *connections);               /* at once, so far */
int64_t connections_refused(const struct connections *connections); /* ended with an error, so far */
uint64_t connections_taken(const struct connections *connections);  /* let in, so far */

/* The limits that turn peers away, and how often each did so far. The name is the limit's in limits.def. */
enum limited {
#define LIMITED(symbol) LIMITED_##symbol,
#include "server/limited.def"
#undef LIMITED
	LIMITED_COUNT
};
extern const char *const limited_names[LIMITED_COUNT];
void connections_limit(struct connections *connections, enum limited limit);
int64_t connections_limited(const struct connections *connections, enum limited limit);

/* Whether a limit on how often lets something be; what it does not let is counted. */
enum often { OFTEN_CONNECT, OFTEN_ENROL, OFTEN_ASK, OFTEN_COUNT };
/* A caller may come in: connections_per_second of its address. */
bool connections_may_connect(struct connections *connections, const struct sockaddr_storage *address,
			     int64_t now_ms);
/* A peer may ask once more: requests_per_second of its certificate. */
bool connections_may_ask(struct connections *connections, const struct connection *connection,
			 int64_t now_ms);
int64_t connections_too_often(const struct connections *connections,
			      enum often often); /* how many were not */

/* "192.0.2.7", or "2001:db8:1:2::/64": who it is for the log's quota. */
void connections_name_address(const struct sockaddr_storage *address, char *out, size_t bytes);

/* What is held for all peers together (buffers_bytes). Requests that wait are told of here by whoever keeps them;
 * when buffers go over the limit, whoever holds most is disconnected, and first of all those who are not known. */
void connections_hold(struct connections *connections, int64_t bytes); /* more; less when negative */
int64_t connections_held(const struct connections *connections);

/* From the same network address; an IPv6 network of 64 bits counts as one. */
size_t connections_of_address(const struct connections *connections, const struct sockaddr_storage *address);

/* Makes room for other handshakes: drops those whose peers keep us waiting. That is for a second; or a fifth of one, of a
 * peer that has not said a word, and of an address that has more than a quarter of all handshakes. Of honest peers the first
 * word comes with the connection. So neither a single address nor thousands that are silent keep the others out. */
bool connections_evict(struct connections *connections, int64_t now_ms);

/* Closes whoever has used up our patience. The loop calls it four times a second with clock_monotonic_ms(). */
void connections_check(struct connections *connections, int64_t now_ms);

void connections_drain_credential(struct connections *connections, int64_t credential, const char *reason);
void connections_drain_all(struct connections *connections, const char *reason);

#endif
