/* The list of all connections, in the order of their numbers, so that looking one up halves the list. */
#include "server/connection_internal.h"

#include "common/clock.h"
#include "common/log_quota.h"
#include "server/rates.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVICT_AFTER_MS 1000 /* no honest peer takes so long to end its handshake */
#define SILENT_AFTER_MS \
	200               /* nor to begin it; nor to end it, of an address that has a good part of them all */
#define CROWD_PART      4 /* which is one in so many */
#define EVICT_TURN      8 /* that are dropped at once: some fifteen microseconds each */
#define HANDSHAKES_TURN 1 /* steps of handshakes in one turn of the loop: half a millisecond or more each */
#define REST_MS         25 /* of a peer that asks too often */
#define IPV6_NETWORK    8  /* bytes of the part that one subscriber is given */

struct connections {
	struct event_base *base; /* borrowed */
	const struct limits *limits;
	struct connection_hooks hooks;
	struct connection **list; /* owned; ascending numbers; the closed ones until the next sweep */
	size_t count;
	size_t room;
	size_t open; /* those that are not closed */
	size_t most; /* of them so far */
	size_t handshakes;
	int64_t handshakes_failed;
	int64_t refused;
	int64_t held; /* bytes for all of them, and for requests that wait */
	uint64_t last_number;
	struct event *rested; /* those that ask too often may go on */
	struct event *turn;
	bool turning;               /* its callback runs */
	struct connection *in_turn; /* those that go on when the loop turns, first come first */
	struct connection **in_turn_end;
	bool sweep;
	struct rates *rates[OFTEN_COUNT];
	int64_t limited[LIMITED_COUNT];
};

const char *const limited_names[LIMITED_COUNT] = {
#define LIMITED(symbol) #symbol,
#include "server/limited.def"
#undef LIMITED
};

/* The limits on how often. */
static const enum limited often_limits[OFTEN_COUNT] = {
	[OFTEN_CONNECT] = LIMITED_connections_per_second,
	[OFTEN_ENROL] = LIMITED_enrol_connections_per_minute,
	[OFTEN_ASK] = LIMITED_requests_per_second,
};

const struct limits *connections_limits(const struct connections *connections)
{
	return connections->limits;
}

const struct connection_hooks *connections_hooks(const struct connections *connections)
{
	return &connections->hooks;
}

size_t connections_count(const struct connections *connections)
{
	return connections->open;
}

size_t connections_handshakes(const struct connections *connections)
{
	return connections->handshakes;
}

int64_t connections_handshakes_failed(const struct connections *connections)
{
	return connections->handshakes_failed;
}

void connections_handshake_over(struct connections *connections, bool failed)
{
	connections->handshakes--;
	connections->handshakes_failed += failed;
}

size_t connections_peak(const struct connections *connections)
{
	return connections->most;
}

void connections_refuse(struct connections *connections)
{
	connections->refused++;
}

int64_t connections_refused(const struct connections *connections)
{
	return connections->refused;
}

uint64_t connections_taken(const struct connections *connections)
{
	return connections->last_number;
}

void connections_limit(struct connections *connections, enum limited limit)
{
	connections->limited[limit]++;
}

int64_t connections_limited(const struct connections *connections, enum limited limit)
{
	return connections->limited[limit];
}

/* ---- the turn of the loop ---- */

/* What there is to do waits for the end of this turn, and what comes up then for the next one, after a look at the
 * sockets: otherwise one peer with much to do would keep all others out. */
static void turn_soon(struct connections *connections)
{
	static const struct timeval at_once = {0, 0};

	if (event_pending(connections->turn, EV_TIMEOUT, NULL)) {
		return;
	}
	if (connections->turning) {
		event_add(connections->turn, &at_once);
	} else {
		event_active(connections->turn, EV_TIMEOUT, 0);
	}
}

void connections_turn(struct connection *connection)
{
	struct connections *connections = connection->all;

	if (connection->in_turn || connection->state == CONNECTION_CLOSED) {
		return;
	}
	connection->in_turn = true;
	connection->next_turn = NULL;
	*connections->in_turn_end = connection;
	connections->in_turn_end = &connection->next_turn;
	turn_soon(connections);
}

void connections_sweep_soon(struct connections *connections)
{
	connections->open--;
	connections->sweep = true;
	turn_soon(connections);
}

static void sweep(struct connections *connections)
{
	size_t kept = 0;

	connections->sweep = false;
	for (size_t i = 0; i < connections->count; i++) {
		struct connection *connection = connections->list[i];

		if (connection->state == CONNECTION_CLOSED && !connection->in_turn) {
			connection_release(connection);
		} else {
			connections->sweep = connections->sweep || connection->state == CONNECTION_CLOSED;
			connections->list[kept++] = connection;
		}
	}
	connections->count = kept;
	if (connections->sweep) {
		turn_soon(connections);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *payload)
{
	struct connections *connections = payload;
	struct connection *connection = connections->in_turn;
	int handshakes = HANDSHAKES_TURN;

	(void)fd;
	(void)what;
	connections->in_turn = NULL;
	connections->in_turn_end = &connections->in_turn;
	connections->turning = true;
	while (connection) {
		struct connection *next = connection->next_turn;

		connection->in_turn = false;
		if (connection->state == CONNECTION_HANDSHAKE && handshakes-- <= 0) {
			connections_turn(connection);
		} else if (connection->state != CONNECTION_CLOSED) {
			connection_go_on(connection);
		}
		connection = next;
	}
	if (connections->sweep) {
		sweep(connections);
	}
	connections->turning = false;
}

/* ---- resting ---- */

static void wake_those_that_rest(struct connections *connections)
{
	for (size_t i = 0; i < connections->count; i++) {
		struct connection *connection = connections->list[i];

		if (connection->rests) {
			connection->rests = false;
			connection->input_pending = true;
			connections_turn(connection);
		}
	}
}

static void on_rested(evutil_socket_t fd, short what, void *payload)
{
	(void)fd;
	(void)what;
	wake_those_that_rest(payload);
}

/* Not for long: a device may have many connections, which together ask for all that was saved up while they rested. What is
 * saved in a quarter of a second keeps everybody else waiting for longer than a disk does. */
void connections_rest(struct connections *connections)
{
	static const struct timeval soon = {0, REST_MS * 1000};

	if (!event_pending(connections->rested, EV_TIMEOUT, NULL)) {
		event_add(connections->rested, &soon);
	}
}

/* ---- coming and going ---- */

enum status connections_new(struct event_base *base, const struct limits *limits,
			    const struct connection_hooks *hooks, struct connections **out, struct error *err)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	bool memory = true;

	if (!connections) {
		return error_memory(err);
	}
	connections->base = base;
	connections->limits = limits;
	connections->hooks = *hooks;
	connections->in_turn_end = &connections->in_turn;
	connections->turn = evtimer_new(base, on_turn, connections);
	connections->rested = evtimer_new(base, on_rested, connections);
	for (size_t i = 0; i < OFTEN_COUNT; i++) {
		connections->rates[i] = rates_new();
		memory = memory && connections->rates[i];
	}
	if (!connections->turn || !connections->rested || !memory) {
		connections_free(connections);
		return error_memory(err);
	}
	*out = connections;
	return STATUS_OK;
}

void connections_free(struct connections *connections)
{
	if (!connections) {
		return;
	}
	for (size_t i = 0; i < connections->count; i++) {
		connection_fail(connections->list[i], "the server stopped");
		connections->list[i]->in_turn = false;
	}
	sweep(connections);
	if (connections->turn) {
		event_free(connections->turn);
	}
	if (connections->rested) {
		event_free(connections->rested);
	}
	for (size_t i = 0; i < OFTEN_COUNT; i++) {
		rates_free(connections->rates[i]);
	}
	free(connections->list);
	free(connections);
}

static bool make_room(struct connections *connections)
{
	size_t room = connections->room > 0 ? connections->room * 2 : 64;
	struct connection **list;

	if (connections->count < connections->room) {
		return true;
	}
	list = realloc(connections->list, room * sizeof(struct connection *));
	if (!list) {
		return false;
	}
	connections->list = list;
	connections->room = room;
	return true;
}

static void format_address(const struct sockaddr_storage *address, char *out, size_t bytes)
{
	char host[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		port = ntohs(v4->sin_port);
		snprintf(out, bytes, "%s:%u", host, port);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		port = ntohs(v6->sin6_port);
		snprintf(out, bytes, "[%s]:%u", host, port);
	} else {
		snprintf(out, bytes, "local");
	}
}

enum status connections_add(struct connections *connections, int fd, SSL *ssl,
			    const struct sockaddr_storage *address, struct connection **out,
			    struct error *err)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection || !make_room(connections)) {
		free(connection);
		SSL_free(ssl);
		close(fd);
		return error_memory(err);
	}
	connection->all = connections;
	connection->number = ++connections->last_number;
	connection->fd = fd;
	connection->ssl = ssl;
	connection->network = *address;
	connection->reason = "";
	connection->state = CONNECTION_HANDSHAKE;
	connection->entered = clock_monotonic_ms();
	connection->waits = connection->entered;
	format_address(address, connection->address, sizeof(connection->address));
	connections_name_address(address, connection->about, sizeof(connection->about));
	connection_assign(connection, connections->base);
	connections->list[connections->count++] = connection;
	connections->open++;
	if (connections->open > connections->most) {
		connections->most = connections->open;
	}
	connections->handshakes++;
	connection_arm(connection);
	if (out) {
		*out = connection;
	}
	return STATUS_OK;
}

struct connection *connections_find(const struct connections *connections, uint64_t number)
{
	size_t low = 0;
	size_t high = connections->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (connections->list[middle]->number < number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low < connections->count && connections->list[low]->number == number &&
	    connections->list[low]->state != CONNECTION_CLOSED) {
		return connections->list[low];
	}
	return NULL;
}

/* ---- counting ---- */

/* An IPv4 peer that came over an IPv6 socket counts as what it is. */
static size_t network_of(const struct sockaddr_storage *address, uint8_t out[IPV6_NETWORK])
{
	if (address->ss_family == AF_INET) {
		memcpy(out, &((const struct sockaddr_in *)address)->sin_addr, 4);
		return 4;
	}
	if (address->ss_family == AF_INET6) {
		const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(v6)) {
			memcpy(out, v6->s6_addr + 12, 4);
			return 4;
		}
		memcpy(out, v6->s6_addr, IPV6_NETWORK);
		return IPV6_NETWORK;
	}
	return 0;
}

size_t connections_of_address(const struct connections *connections, const struct sockaddr_storage *address)
{
	uint8_t wanted[IPV6_NETWORK];
	uint8_t present[IPV6_NETWORK];
	size_t length = network_of(address, wanted);
	size_t count = 0;

	for (size_t i = 0; i < connections->count; i++) {
		const struct connection *connection = connections->list[i];

		if (connection->state != CONNECTION_CLOSED &&
		    network_of(&connection->network, present) == length &&
		    memcmp(present, wanted, length) == 0) {
			count++;
		}
	}
	return count;
}

size_t connections_of_fingerprint(const struct connections *connections, const struct digest *fingerprint)
{
	size_t count = 0;

	for (size_t i = 0; i < connections->count; i++) {
		const struct connection *connection = connections->list[i];

		if (connection->state != CONNECTION_CLOSED && connection->peer.has_certificate &&
		    memcmp(&connection->peer.fingerprint, fingerprint, sizeof(*fingerprint)) == 0) {
			count++;
		}
	}
	return count;
}

/* ---- how often ---- */

void connections_name_address(const struct sockaddr_storage *address, char *out, size_t bytes)
{
	char host[INET6_ADDRSTRLEN] = "local";
	struct in6_addr v6 = IN6ADDR_ANY_INIT;
	uint8_t network[IPV6_NETWORK];
	size_t length = network_of(address, network);

	if (length == 4) {
		inet_ntop(AF_INET, network, host, sizeof(host));
	} else if (length > 0) {
		memcpy(v6.s6_addr, network, length);
		inet_ntop(AF_INET6, &v6, host, sizeof(host));
	}
	snprintf(out, bytes, "%s%s", host, length > 4 ? "/64" : "");
}

static bool may(struct connections *connections, enum often often, const void *key, size_t length,
		struct rate rate, int64_t now_ms)
{
	if (rates_take(connections->rates[often], key, length, rate, now_ms)) {
		return true;
	}
	connections_limit(connections, often_limits[often]);
	return false;
}

bool connections_may_connect(struct connections *connections, const struct sockaddr_storage *address,
			     int64_t now_ms)
{
	const struct limits *limits = connections->limits;
	const struct rate rate = {limits->connections_per_second, 1000, limits->connections_burst};
	uint8_t network[IPV6_NETWORK];
	size_t length = network_of(address, network);

	return may(connections, OFTEN_CONNECT, network, length, rate, now_ms);
}

bool connections_may_enrol(struct connections *connections, const struct connection *connection,
			   int64_t now_ms)
{
	const struct limits *limits = connections->limits;
	const struct rate rate = {limits->enrol_connections_per_minute, 60000,
				  limits->enrol_connections_burst};
	uint8_t network[IPV6_NETWORK];
	size_t length = network_of(&connection->network, network);

	return may(connections, OFTEN_ENROL, network, length, rate, now_ms);
}

bool connections_may_ask(struct connections *connections, const struct connection *connection, int64_t now_ms)
{
	const struct limits *limits = connections->limits;
	const struct rate rate = {limits->requests_per_second, 1000, limits->requests_burst};

	return !connection->peer.has_certificate || may(connections, OFTEN_ASK, &connection->peer.fingerprint,
							sizeof(connection->peer.fingerprint), rate, now_ms);
}

int64_t connections_too_often(const struct connections *connections, enum often often)
{
	return connections->limited[often_limits[often]];
}

/* ---- how much ---- */

void connections_hold(struct connections *connections, int64_t bytes)
{
	connections->held += bytes;
}

int64_t connections_held(const struct connections *connections)
{
	return connections->held;
}

/* Whom we can do without first: a peer that is not known, then one that holds more. */
static bool goes_before(const struct connection *a, const struct connection *b)
{
	bool a_is_known = a->credential != 0;
	bool b_is_known = b->credential != 0;

	return a_is_known != b_is_known ? b_is_known : a->held > b->held;
}

static struct connection *heaviest(const struct connections *connections)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < connections->count; i++) {
		struct connection *connection = connections->list[i];

		if (connection->held > 0 && (!found || goes_before(connection, found))) {
			found = connection;
		}
	}
	return found;
}

void connections_weigh(struct connection *connection)
{
	struct connections *connections = connection->all;
	size_t held = 0;
	struct connection *found = NULL;

	if (connection->state != CONNECTION_CLOSED) {
		held = connection->in.capacity + connection->out.capacity;
	}
	connections->held += (int64_t)held - (int64_t)connection->held;
	if (held <= connection->held) {
		connection->held = held;
		return;
	}
	connection->held = held;
	while (connections->held > connections->limits->buffers_bytes &&
	       (found = heaviest(connections)) != NULL) {
		log_about(found->about, LOG_WARNING, "buffers-over-limit",
			  log_number("conn", (int64_t)found->number),
			  log_number("bytes", (int64_t)found->held));
		connections_limit(connections, LIMITED_buffers_bytes);
		connection_fail(found, "all peers together held too much memory");
	}
}

/* ---- all of them ---- */

/* Whether many of the handshakes are of its address. */
static bool is_crowd(const struct connections *connections, const struct connection *connection)
{
	size_t most = (size_t)connections->limits->handshakes / CROWD_PART;
	size_t count = 0;

	for (size_t i = 0; i < connections->count && count <= most; i++) {
		const struct connection *other = connections->list[i];

		count += other->state == CONNECTION_HANDSHAKE && strcmp(other->about, connection->about) == 0;
	}
	return count > most;
}

/* A peer keeps us waiting while it is its turn to say something. */
static bool may_go(const struct connections *connections, const struct connection *connection, int64_t now_ms)
{
	int64_t waited = now_ms - connection->waits;

	if (connection->state != CONNECTION_HANDSHAKE || connection->in_turn) {
		return false;
	}
	return waited >= EVICT_AFTER_MS ||
	       (waited >= SILENT_AFTER_MS && (!connection->greeted || is_crowd(connections, connection)));
}

bool connections_evict(struct connections *connections, int64_t now_ms)
{
	int left = EVICT_TURN;

	for (size_t i = 0; i < connections->count && left > 0; i++) {
		struct connection *connection = connections->list[i];

		if (!may_go(connections, connection, now_ms)) {
			continue;
		}
		log_about(connection->about, LOG_INFO, "handshake-evicted",
			  log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address));
		connections_limit(connections, LIMITED_handshakes);
		connection_fail(connection, "it made room for another handshake");
		left--;
	}
	return left < EVICT_TURN;
}

void connections_check(struct connections *connections, int64_t now_ms)
{
	size_t count = connections->count;

	wake_those_that_rest(connections);
	for (size_t i = 0; i < count; i++) {
		struct connection *connection = connections->list[i];
		const char *reason = connection_out_of_patience(connection, now_ms);

		if (!reason) {
			continue;
		}
		log_about(connection->about, connection->state == CONNECTION_CLOSING ? LOG_DEBUG : LOG_INFO,
			  "connection-timeout", log_number("conn", (int64_t)connection->number),
			  log_text("address", connection->address), log_text("reason", reason));
		if (connection->state == CONNECTION_READY && connection_unsent(connection) == 0) {
			connection_drain(connection, reason);
		} else {
			connection_fail(connection, reason);
		}
	}
}

void connections_drain_credential(struct connections *connections, int64_t credential, const char *reason)
{
	for (size_t i = 0; i < connections->count; i++) {
		if (connections->list[i]->credential == credential) {
			connection_drain(connections->list[i], reason);
		}
	}
}

void connections_drain_all(struct connections *connections, const char *reason)
{
	for (size_t i = 0; i < connections->count; i++) {
		connection_drain(connections->list[i], reason);
	}
}
