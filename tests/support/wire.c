/* Peers, turns and answers. */
#include "tests/support/wire.h"

#include "common/clock.h"
#include "common/log.h"
#include "protocol/scanner.h"
#include "server/identity/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MOST (80 * 1024 * 1024)

/* ---- hooks ---- */

static void on_message(void *payload, struct connection *connection, struct span bytes)
{
	struct wire *wire = payload;

	if (wire->take) {
		wire->take(wire, connection, bytes);
	} else {
		dispatch_message(&wire->dispatch, connection, bytes);
	}
}

static void on_drained(void *payload, struct connection *connection)
{
	struct wire *wire = payload;

	wire->drained++;
	if (wire->dispatch.watchers) {
		watchers_drained(wire->dispatch.watchers, connection);
	}
}

static void on_settled(void *payload, struct connection *connection)
{
	struct wire *wire = payload;

	(void)connection;
	wire->settled++;
	if (wire->listener) {
		listener_resume(wire->listener);
	}
}

static void on_closed(void *payload, struct connection *connection)
{
	struct wire *wire = payload;

	wire->closed++;
	wire->left = connections_count(wire->connections);
	if (wire->dispatch.watchers) {
		watchers_gone(wire->dispatch.watchers, connection);
		presences_gone(wire->dispatch.presences, connection);
	}
}

/* ---- life ---- */

int wire_setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	const struct connection_hooks hooks = {wire, on_message, on_drained, on_settled, on_closed};
	struct error err = ERROR_INIT;
	void *server = NULL;

	if (!wire || server_fixture_setup(&server) != 0) {
		free(wire);
		return -1;
	}
	log_set_level(LOG_ERROR);
	signal(SIGPIPE, SIG_IGN); /* as the server does */
	wire->server = server;
	wire->arena = arena_new();
	wire->base = event_base_new();
	assert_non_null(wire->arena);
	assert_non_null(wire->base);
	assert_int_equal(authority_server_certificate(wire->server->context.authority, wire->server->folder,
						      "localhost 127.0.0.1", &err),
			 STATUS_OK);
	assert_int_equal(tls_new(wire->server->folder, &wire->tls, &err), STATUS_OK);
	assert_int_equal(
		connections_new(wire->base, &wire->server->settings.limits, &hooks, &wire->connections, &err),
		STATUS_OK);
	*state = wire;
	return 0;
}

/* The fixture's own reader stays with the test's thread. */
static struct store *open_reader(struct wire *wire)
{
	char path[128];
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s/%s", wire->server->folder, STORE_FILE);
	assert_int_equal(store_open(path, STORE_READER, &wire->reader, &err), STATUS_OK);
	return wire->reader;
}

void wire_start_workers(struct wire *wire)
{
	struct context context = wire->server->context;
	struct dispatch *dispatch = &wire->dispatch;
	const struct settings *settings = &wire->server->settings;
	struct error err = ERROR_INIT;

	assert_int_equal(worker_start(wire->base, STORE_WRITER, &context, settings, &dispatch->writer, &err),
			 STATUS_OK);
	context.store = open_reader(wire);
	context.journal = NULL;
	assert_int_equal(worker_start(wire->base, STORE_READER, &context, settings, &dispatch->reader, &err),
			 STATUS_OK);
	assert_int_equal(presences_new(wire->connections, &settings->limits, &dispatch->presences, &err),
			 STATUS_OK);
	assert_int_equal(watchers_new(wire->base, wire->connections, dispatch->reader, dispatch->presences,
				      &settings->limits, &dispatch->watchers, &err),
			 STATUS_OK);
	dispatch->refusals = refusals_new();
	assert_non_null(dispatch->refusals);
	dispatch->connections = wire->connections;
	dispatch->context = context;
	dispatch->context.store = NULL;
	dispatch->context.watchers = dispatch->watchers;
	dispatch->stopped = false;
}

void wire_stop_workers(struct wire *wire)
{
	struct dispatch *dispatch = &wire->dispatch;

	if (!dispatch->writer) {
		return;
	}
	worker_stop(dispatch->reader); /* what it finishes may give the writer work */
	dispatch->stopped = true;
	worker_stop(dispatch->writer);
	watchers_stop(dispatch->watchers);
	watchers_free(dispatch->watchers);
	presences_free(dispatch->presences);
	refusals_free(dispatch->refusals);
	store_close(wire->reader);
	memset(dispatch, 0, sizeof(*dispatch));
}

static void peer_free(struct wire_peer *peer)
{
	SSL_free(peer->ssl);
	close(peer->fd);
	buffer_release(&peer->in);
	free(peer->messages);
	free(peer);
}

int wire_teardown(void **state)
{
	struct wire *wire = *state;
	void *server = wire->server;

	if (wire->dispatch.watchers) {
		wire->dispatch.stopped = true;
		watchers_stop(wire->dispatch.watchers);
	}
	wire_stop_workers(wire);
	listener_free(wire->listener);
	wire->listener = NULL;
	connections_free(wire->connections);
	for (size_t i = 0; i < wire->peer_count; i++) {
		peer_free(wire->peers[i]);
	}
	tls_free(wire->tls);
	event_base_free(wire->base);
	arena_free(wire->arena);
	free(wire);
	ERR_clear_error();
	return server_fixture_teardown(&server);
}

/* ---- connecting ---- */

struct wire_offer wire_member(struct wire *wire, const struct fixture_device *device)
{
	(void)wire;
	return (struct wire_offer){
		.alpn = ALPN_MEMBER, .key = device->key, .certificate = device->certificate};
}

/* RFC 7301: each name after one byte of its length. */
static unsigned pack_alpn(const char *names, unsigned char *out)
{
	unsigned length = 0;

	while (*names) {
		size_t name = strcspn(names, " ");

		out[length++] = (unsigned char)name;
		memcpy(out + length, names, name);
		length += (unsigned)name;
		names += name + (names[name] == ' ' ? 1 : 0);
	}
	return length;
}

static SSL *make_client(const struct wire_offer *offer, int fd)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	unsigned char alpn[100];
	SSL *ssl;

	assert_non_null(context);
	SSL_CTX_set_max_proto_version(context, offer->version ? offer->version : TLS1_3_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (offer->key) {
		assert_int_equal(SSL_CTX_use_certificate(context, offer->certificate), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(context, offer->key), 1);
	}
	if (offer->alpn) {
		assert_int_equal(SSL_CTX_set_alpn_protos(context, alpn, pack_alpn(offer->alpn, alpn)), 0);
	}
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	SSL_set_connect_state(ssl);
	return ssl;
}

struct wire_peer *wire_begin(struct wire *wire, struct wire_offer offer)
{
	const struct sockaddr_storage local = {.ss_family = AF_UNIX};
	struct wire_peer *peer = calloc(1, sizeof(*peer));
	struct connection *connection = NULL;
	struct error err = ERROR_INIT;
	int ends[2];

	assert_non_null(peer);
	assert_true(wire->peer_count < WIRE_PEERS);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	if (offer.buffer_bytes) {
		for (int i = 0; i < 2; i++) {
			setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &offer.buffer_bytes, sizeof(int));
		}
	}
	peer->wire = wire;
	peer->fd = ends[1];
	peer->ssl = make_client(&offer, ends[1]);
	buffer_init(&peer->in, IN_MOST);
	peer->messages = calloc(WIRE_MESSAGES, sizeof(*peer->messages));
	assert_non_null(peer->messages);
	assert_int_equal(connections_add(wire->connections, ends[0], tls_accept(wire->tls, ends[0]), &local,
					 &connection, &err),
			 STATUS_OK);
	peer->number = connection_number(connection);
	wire->peers[wire->peer_count++] = peer;
	return peer;
}

struct wire_peer *wire_connect(struct wire *wire, struct wire_offer offer)
{
	struct wire_peer *peer = wire_begin(wire, offer);

	wire_until(wire, wire_ended(peer) || (peer->connected && (!wire_connection(peer) ||
								  connection_state(wire_connection(peer)) !=
									  CONNECTION_HANDSHAKE)));
	return peer;
}

X509 *wire_issue(struct wire *wire, struct authority *authority, EVP_PKEY *key, int64_t from, int64_t to,
		 const char *server_names)
{
	struct certificate_wish wish = {
		.key = key,
		.name = "Ann Example",
		.account = 1,
		.from = wire->server->now + from,
		.to = wire->server->now + to,
		.server_names = server_names,
	};
	struct error err = ERROR_INIT;
	X509 *certificate = NULL;

	assert_int_equal(authority_issue(authority, &wish, &certificate, &err), STATUS_OK);
	return certificate;
}

struct wire_peer *wire_join(struct wire *wire, int buffer_bytes)
{
	struct wire_offer offer = {.alpn = ALPN_MEMBER, .buffer_bytes = buffer_bytes};
	struct wire_peer *peer;

	offer.key = fixture_key(wire->server);
	offer.certificate =
		wire_issue(wire, wire->server->context.authority, offer.key, -FIXTURE_DAY, FIXTURE_DAY, NULL);
	peer = wire_connect(wire, offer);
	X509_free(offer.certificate);
	assert_non_null(wire_connection(peer));
	return peer;
}

struct connection *wire_connection(const struct wire_peer *peer)
{
	return connections_find(peer->wire->connections, peer->number);
}

bool wire_ended(const struct wire_peer *peer)
{
	return peer->goodbye || peer->lost;
}

/* ---- turning ---- */

static void judge(struct wire_peer *peer, int result)
{
	int error = SSL_get_error(peer->ssl, result);

	if (error == SSL_ERROR_ZERO_RETURN) {
		peer->goodbye = true;
	} else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());

		peer->lost = true;
		peer->reason = reason ? reason : "the connection ended";
	}
	ERR_clear_error();
}

static void parse(struct wire_peer *peer)
{
	struct scanner scanner;
	size_t used = 0;

	for (;;) {
		struct wire_message *message = &peer->messages[peer->message_count];
		struct error err = ERROR_INIT;
		void *copy;

		scanner_init(&scanner, IN_MOST, 32, UINT32_MAX);
		if (scanner_feed(&scanner, peer->in.data + peer->parsed, peer->in.length - peer->parsed,
				 &used) != SCAN_COMPLETE) {
			return;
		}
		assert_true(peer->message_count < WIRE_MESSAGES);
		copy = arena_copy(peer->wire->arena, peer->in.data + peer->parsed, used);
		assert_non_null(copy);
		assert_int_equal(
			message_decode(peer->wire->arena, (struct span){copy, used}, &message->message, &err),
			STATUS_OK);
		if (message->message.type == MESSAGE_REPLY && message->message.error) {
			message_read_error(message->message.error, &message->error);
			message->status = message->error.status;
		}
		peer->parsed += used;
		peer->message_count++;
	}
}

static void step(struct wire_peer *peer)
{
	int got;

	if (wire_ended(peer)) {
		return;
	}
	ERR_clear_error();
	if (!peer->connected) {
		got = SSL_connect(peer->ssl);
		if (got != 1) {
			judge(peer, got);
			return;
		}
		peer->connected = true;
	}
	while (!peer->deaf && !wire_ended(peer)) {
		uint8_t *room = buffer_reserve(&peer->in, 16384);

		assert_non_null(room);
		ERR_clear_error();
		got = SSL_read(peer->ssl, room, 16384);
		if (got <= 0) {
			judge(peer, got);
			break;
		}
		peer->in.length += (size_t)got;
	}
	if (peer->in.length > peer->parsed) {
		parse(peer);
	}
}

void wire_turn(struct wire *wire)
{
	for (size_t i = 0; i < wire->peer_count; i++) {
		step(wire->peers[i]);
	}
	event_base_loop(wire->base, EVLOOP_NONBLOCK);
}

void wire_turns(struct wire *wire, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		wire_turn(wire);
	}
}

/* ---- saying and hearing ---- */

void wire_send(struct wire_peer *peer, const void *data, size_t length)
{
	const uint8_t *at = data;

	while (length > 0 && !wire_ended(peer)) {
		int put;

		ERR_clear_error();
		put = SSL_write(peer->ssl, at, length > 16384 ? 16384 : (int)length);
		if (put > 0) {
			at += put;
			length -= (size_t)put;
		} else {
			judge(peer, put);
			wire_turn(peer->wire);
		}
	}
}

void wire_ask_with(struct wire_peer *peer, uint32_t id, const char *method, struct span params)
{
	struct buffer out;

	buffer_init(&out, IN_MOST);
	message_put_request(&out, id, method);
	codec_put_raw(&out, params);
	assert_false(out.failed);
	wire_send(peer, out.data, out.length);
	buffer_release(&out);
}

void wire_ask(struct wire_peer *peer, uint32_t id, const char *method)
{
	static const uint8_t empty[] = {0x80};

	wire_ask_with(peer, id, method, (struct span){empty, sizeof(empty)});
}

static const struct wire_message *find(const struct wire_peer *peer, enum message_type type, uint32_t id,
				       size_t n)
{
	for (size_t i = 0; i < peer->message_count; i++) {
		const struct wire_message *message = &peer->messages[i];

		if (message->message.type != type || (type == MESSAGE_REPLY && message->message.id != id)) {
			continue;
		}
		if (n-- == 0) {
			return message;
		}
	}
	return NULL;
}

const struct wire_message *wire_reply(struct wire_peer *peer, uint32_t id)
{
	wire_until(peer->wire, find(peer, MESSAGE_REPLY, id, 0) || wire_ended(peer));
	if (!find(peer, MESSAGE_REPLY, id, 0)) {
		fail_msg("no reply %u, and the connection has ended: %s", (unsigned)id,
			 peer->reason ? peer->reason : "goodbye");
	}
	return find(peer, MESSAGE_REPLY, id, 0);
}

const struct wire_message *wire_notice(struct wire_peer *peer, size_t n)
{
	wire_until(peer->wire, find(peer, MESSAGE_NOTICE, 0, n) || wire_ended(peer));
	if (!find(peer, MESSAGE_NOTICE, 0, n)) {
		fail_msg("no notice %zu, and the connection has ended", n);
	}
	return find(peer, MESSAGE_NOTICE, 0, n);
}
