/* Accepting. A socket that is ready while nothing can be accepted would wake the loop for ever, so each reason not to
 * accept also says when to look again. */
#include "server/listener.h"

#include "common/clock.h"
#include "common/log_quota.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define ACCEPT_TURN     4 /* connections in one turn of the loop: some tenth of a millisecond each */
#define BACKLOG         512
#define REST_FIRST_MS   100
#define REST_LONGEST_MS 1000
#define CROWD_REST_MS   25 /* until handshakes are looked at again */

struct listener {
	struct event_base *base;
	struct connections *connections;
	struct tls *tls;
	const struct limits *limits;
	int fd;
	int reserve; /* a descriptor to give up when there is no other */
	struct event *readable;
	struct event *rest;
	bool open;
	int rest_ms; /* the length of the next rest */
	char where[LISTENER_WHERE];
	uint16_t port;
};

/* Options of an accepted socket, and what they are for. Without them the connection still works. */
static const struct {
	int level, option, value;
} socket_options[] = {
	{IPPROTO_TCP, TCP_NODELAY, 1},
	{SOL_SOCKET, SO_KEEPALIVE, 1},          /* a watcher whose machine is gone is found out */
	{IPPROTO_TCP, TCP_KEEPIDLE, 60},        /* seconds of silence before asking */
	{IPPROTO_TCP, TCP_KEEPINTVL, 15},       /* seconds between questions */
	{IPPROTO_TCP, TCP_KEEPCNT, 4},          /* questions without an answer */
	{IPPROTO_TCP, TCP_USER_TIMEOUT, 30000}, /* milliseconds that sent bytes may stay unconfirmed */
};

static void rest(struct listener *listener, int ms)
{
	struct timeval time = {ms / 1000, (ms % 1000) * 1000};

	event_del(listener->readable);
	event_add(listener->rest, &time);
}

static void on_rested(evutil_socket_t fd, short what, void *payload)
{
	struct listener *listener = payload;

	(void)fd;
	(void)what;
	if (listener->open) {
		event_add(listener->readable, NULL);
	}
}

/* Gives up the reserve to take the caller in and turn it away at once, so that it need not wait for a timeout. */
static void out_of_descriptors(struct listener *listener, int error)
{
	int fd;

	log_about("", LOG_ERROR, "cannot-accept", log_text("error", strerror(error)),
		  log_number("rest_ms", listener->rest_ms));
	if (listener->reserve >= 0) {
		close(listener->reserve);
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			close(fd);
		}
	}
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rest(listener, listener->rest_ms);
	listener->rest_ms = listener->rest_ms * 2 < REST_LONGEST_MS ? listener->rest_ms * 2 : REST_LONGEST_MS;
}

/* Whether a caller may come in; NULL, or why not. */
static const char *turned_away(struct listener *listener, const struct sockaddr_storage *address)
{
	if (connections_count(listener->connections) >= (size_t)listener->limits->connections) {
		connections_limit(listener->connections, LIMITED_connections);
		return "there are too many connections";
	}
	if (connections_of_address(listener->connections, address) >=
	    (size_t)listener->limits->connections_per_address) {
		connections_limit(listener->connections, LIMITED_connections_per_address);
		return "there are too many connections from its address";
	}
	if (!connections_may_connect(listener->connections, address, clock_monotonic_ms())) {
		return "its address connects too often";
	}
	return NULL;
}

static void let_in(struct listener *listener, int fd, const struct sockaddr_storage *address)
{
	const char *refusal = turned_away(listener, address);
	char about[INET6_ADDRSTRLEN + 8];
	struct error err = ERROR_INIT;
	SSL *ssl;

	if (refusal) {
		connections_name_address(address, about, sizeof(about));
		log_about(about, LOG_WARNING, "connection-refused", log_text("address", about),
			  log_text("reason", refusal));
		close(fd);
		return;
	}
	for (size_t i = 0; i < sizeof(socket_options) / sizeof(socket_options[0]); i++) {
		setsockopt(fd, socket_options[i].level, socket_options[i].option, &socket_options[i].value,
			   sizeof(socket_options[i].value));
	}
	ssl = tls_accept(listener->tls, fd);
	if (!ssl) {
		log_event(LOG_ERROR, "out-of-memory", log_text("for", "a connection"));
		close(fd);
		return;
	}
	if (connections_add(listener->connections, fd, ssl, address, NULL, &err) != STATUS_OK) {
		log_event(LOG_ERROR, "out-of-memory", log_text("for", "a connection"));
	}
}

static bool has_room_for_handshake(struct listener *listener)
{
	return connections_handshakes(listener->connections) < (size_t)listener->limits->handshakes ||
	       connections_evict(listener->connections, clock_monotonic_ms());
}

/* False when accepting is over for this turn. */
static bool accept_one(struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd;

	if (!has_room_for_handshake(listener)) {
		rest(listener, CROWD_REST_MS);
		return false;
	}
	memset(&address, 0, sizeof(address));
	fd = accept4(listener->fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		listener->rest_ms = REST_FIRST_MS;
		let_in(listener, fd, &address);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		out_of_descriptors(listener, errno);
		return false;
	default: /* that caller's trouble, such as ECONNABORTED */
		return true;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *payload)
{
	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPT_TURN && accept_one(payload); i++) {
	}
}

/* ---- opening ---- */

static enum status bind_socket(struct listener *listener, const char *address, uint16_t port,
			       struct error *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int on = 1;
	int bound = -1;

	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
		return error_set(err, STATUS_INVALID, "%s is not an address to listen on", address);
	}
	listener->fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd >= 0) {
		setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		bound = is_v4 ? bind(listener->fd, (struct sockaddr *)&v4, sizeof(v4))
			      : bind(listener->fd, (struct sockaddr *)&v6, sizeof(v6));
	}
	if (bound != 0 || listen(listener->fd, BACKLOG) != 0) {
		error_set(err, STATUS_FAILED, "saferd cannot listen on %s port %u: %s", address,
			  (unsigned)port, strerror(errno));
		return error_hint(
			err, "is another server using it? The settings listen and port say where to listen");
	}
	return STATUS_OK;
}

static enum status take_socket(struct listener *listener, const char *address, uint16_t port,
			       struct error *err)
{
	if (sd_listen_fds(1) >= 1) {
		listener->fd = SD_LISTEN_FDS_START;
		if (evutil_make_socket_nonblocking(listener->fd) != 0) {
			return error_set(err, STATUS_FAILED, "the socket that was passed on cannot be used");
		}
		return STATUS_OK;
	}
	return bind_socket(listener, address, port, err);
}

static enum status describe(struct listener *listener, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";

	memset(&address, 0, sizeof(address));
	if (getsockname(listener->fd, (struct sockaddr *)&address, &length) != 0) {
		return error_set(err, STATUS_FAILED, "the listening socket has no name: %s", strerror(errno));
	}
	if (address.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;

		listener->port = ntohs(v4->sin_port);
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(listener->where, sizeof(listener->where), "%s:%u", host, listener->port);
	} else if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;

		listener->port = ntohs(v6->sin6_port);
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(listener->where, sizeof(listener->where), "[%s]:%u", host, listener->port);
	} else {
		return error_set(err, STATUS_FAILED, "the socket that was passed on is not an internet one");
	}
	return STATUS_OK;
}

enum status listener_new(struct event_base *base, struct connections *connections, struct tls *tls,
			 const struct limits *limits, const char *address, uint16_t port,
			 struct listener **out, struct error *err)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	enum status status;

	if (!listener) {
		return error_memory(err);
	}
	listener->base = base;
	listener->connections = connections;
	listener->tls = tls;
	listener->limits = limits;
	listener->fd = -1;
	listener->rest_ms = REST_FIRST_MS;
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	status = take_socket(listener, address, port, err);
	if (status == STATUS_OK) {
		status = describe(listener, err);
	}
	if (status == STATUS_OK) {
		listener->readable =
			event_new(base, listener->fd, EV_READ | EV_PERSIST, on_readable, listener);
		listener->rest = evtimer_new(base, on_rested, listener);
		if (!listener->readable || !listener->rest) {
			status = error_memory(err);
		}
	}
	if (status != STATUS_OK) {
		listener_free(listener);
		return status;
	}
	*out = listener;
	return STATUS_OK;
}

void listener_open(struct listener *listener)
{
	listener->open = true;
	event_add(listener->readable, NULL);
}

void listener_resume(struct listener *listener)
{
	if (listener->open && listener->rest_ms == REST_FIRST_MS &&
	    !event_pending(listener->readable, EV_READ, NULL)) {
		event_del(listener->rest);
		event_add(listener->readable, NULL);
	}
}

void listener_free(struct listener *listener)
{
	if (!listener) {
		return;
	}
	if (listener->readable) {
		event_free(listener->readable);
	}
	if (listener->rest) {
		event_free(listener->rest);
	}
	if (listener->fd >= 0) {
		close(listener->fd);
	}
	if (listener->reserve >= 0) {
		close(listener->reserve);
	}
	free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
	return listener->port;
}

const char *listener_where(const struct listener *listener)
{
	return listener->where;
}
