/* TLS by hand. Reading gives up after a while, so that a server that says nothing fails a test. */
#include "tests/support/raw_peer.h"

#include "common/clock.h"
#include "protocol/scanner.h"
#include "protocol/version.h"
#include "server/identity/authority.h"
#include "server/store/store.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define READ_SECONDS PROGRAM_SECONDS
#define IN_BYTES     (64 << 20)
#define ALPN_BYTES   128

/* ---- who it is ---- */

static FILE *open_file(const struct person *person, const char *name)
{
	char path[PROGRAM_PATH];
	FILE *file = fopen(person_file(person, name, path), "r");

	if (file == NULL) {
		fail_msg("there is no %s", path);
	}
	return file;
}

struct raw_offer raw_person(const struct person *person)
{
	struct raw_offer offer = {.alpn = ALPN_MEMBER};
	FILE *file = open_file(person, "certificate.pem");

	offer.certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	file = open_file(person, "key.pem");
	offer.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(offer.certificate);
	assert_non_null(offer.key);
	return offer;
}

void raw_offer_release(struct raw_offer *offer)
{
	X509_free(offer->certificate);
	EVP_PKEY_free(offer->key);
	*offer = (struct raw_offer){.alpn = NULL};
}

static void must(enum status status, const struct error *err)
{
	if (status != STATUS_OK) {
		fail_msg("%s", err->message);
	}
}

void raw_store_credential(const struct installation *it, X509 *certificate, int64_t account)
{
	struct credential_row row = {.account = account,
				     .device = "made by hand",
				     .issued_at = clock_machine() - RAW_DAY,
				     .expires_at = clock_machine() + RAW_DAY};
	char path[PROGRAM_PATH];
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	int64_t number = 0;

	assert_int_equal(it->server, 0);
	authority_digest_certificate(certificate, &row.fingerprint);
	authority_digest_key(X509_get0_pubkey(certificate), &row.key);
	snprintf(path, sizeof(path), "%s/" STORE_FILE, it->folder);
	must(store_open(path, STORE_WRITER, &store, &err), &err);
	must(store_begin(store, &err), &err);
	must(store_credential_add(store, &row, &number, &err), &err);
	must(store_commit(store, &err), &err);
	store_close(store);
}

/* ---- the connection ---- */

static unsigned pack_alpn(const char *names, unsigned char out[ALPN_BYTES])
{
	unsigned used = 0;

	while (*names != '\0') {
		size_t length = strcspn(names, " ");

		assert_true(used + length + 1 < ALPN_BYTES);
		out[used++] = (unsigned char)length;
		memcpy(out + used, names, length);
		used += (unsigned)length;
		names += length + (names[length] == ' ' ? 1 : 0);
	}
	return used;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct raw_peer *peer = SSL_get_app_data(ssl);

	(void)session;
	peer->sessions++;
	return 0;
}

static int connect_socket(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval patience = {.tv_sec = READ_SECONDS};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		fail_msg("the server on port %u cannot be reached: %s", (unsigned)port, strerror(errno));
	}
	return fd;
}

/* Why the connection is over. */
static void end(struct raw_peer *peer, int result)
{
	int kind = SSL_get_error(peer->ssl, result);
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
		fail_msg("the server said nothing for %d seconds", READ_SECONDS);
	}
	peer->goodbye = kind == SSL_ERROR_ZERO_RETURN;
	peer->lost = !peer->goodbye;
	if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
		peer->alert = reason - SSL_AD_REASON_OFFSET;
	}
	ERR_clear_error();
}

struct raw_peer *raw_connect(const struct installation *it, const struct raw_offer *offer)
{
	struct raw_peer *peer = calloc(1, sizeof(*peer));
	unsigned char alpn[ALPN_BYTES];
	int result;

	assert_non_null(peer);
	peer->arena = arena_new();
	peer->context = SSL_CTX_new(TLS_client_method());
	assert_non_null(peer->arena);
	assert_non_null(peer->context);
	buffer_init(&peer->in, IN_BYTES);
	SSL_CTX_set_max_proto_version(peer->context, offer->version != 0 ? offer->version : TLS1_3_VERSION);
	SSL_CTX_set_session_cache_mode(peer->context, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(peer->context, on_session);
	peer->ssl = SSL_new(peer->context);
	assert_non_null(peer->ssl);
	SSL_set_app_data(peer->ssl, peer);
	if (offer->alpn != NULL) {
		assert_int_equal(SSL_set_alpn_protos(peer->ssl, alpn, pack_alpn(offer->alpn, alpn)), 0);
	}
	if (offer->certificate != NULL) {
		assert_int_equal(SSL_use_certificate(peer->ssl, offer->certificate), 1);
		assert_int_equal(SSL_use_PrivateKey(peer->ssl, offer->key), 1);
	}
	if (offer->session != NULL) {
		assert_int_equal(SSL_set_session(peer->ssl, offer->session), 1);
	}
	peer->fd = connect_socket(it->port);
	assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
	ERR_clear_error();
	result = SSL_connect(peer->ssl);
	peer->connected = result == 1;
	if (!peer->connected) {
		end(peer, result);
	}
	return peer;
}

struct raw_peer *raw_connect_as(const struct person *person)
{
	struct raw_offer offer = raw_person(person);
	struct raw_peer *peer = raw_connect(person->installation, &offer);

	raw_offer_release(&offer);
	if (!peer->connected) {
		fail_msg("the server did not let the device in %s in: %s, alert %d", person->home,
			 peer->goodbye ? "it said goodbye" : "the connection was lost", peer->alert);
	}
	return peer;
}

void raw_close(struct raw_peer *peer)
{
	if (peer == NULL) {
		return;
	}
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->context);
	close(peer->fd);
	buffer_release(&peer->in);
	arena_free(peer->arena);
	free(peer);
}

void raw_goodbye(struct raw_peer *peer)
{
	ERR_clear_error();
	(void)SSL_shutdown(peer->ssl);
	ERR_clear_error();
}

/* ---- what it says ---- */

/* A peer that was refused already cannot say anything more: the end is met when reading. */
void raw_send(struct raw_peer *peer, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	while (length > 0 && !peer->lost) {
		int put = SSL_write(peer->ssl, bytes, (int)length);

		if (put <= 0) {
			ERR_clear_error();
			return;
		}
		bytes += put;
		length -= (size_t)put;
	}
}

void raw_ask_with(struct raw_peer *peer, uint32_t id, const char *method, const struct buffer *params)
{
	struct buffer request;

	buffer_init(&request, IN_BYTES);
	message_put_request(&request, id, method);
	codec_put_raw(&request, buffer_span(params));
	assert_false(request.failed || params->failed);
	raw_send(peer, request.data, request.length);
	buffer_release(&request);
}

void raw_ask(struct raw_peer *peer, uint32_t id, const char *method)
{
	struct buffer params;

	buffer_init(&params, IN_BYTES);
	codec_put_map(&params, 0);
	raw_ask_with(peer, id, method, &params);
	buffer_release(&params);
}

/* ---- what it hears ---- */

static struct raw_reply *decode(struct raw_peer *peer, struct span bytes)
{
	struct raw_reply *reply = arena_alloc(peer->arena, sizeof(*reply));
	struct message message;
	struct error err = ERROR_INIT;

	assert_non_null(reply);
	bytes.data = arena_copy(peer->arena, bytes.data, bytes.length);
	assert_non_null(bytes.data);
	if (message_decode(peer->arena, bytes, &message, &err) != STATUS_OK) {
		fail_msg("the server sent what is no message: %s", err.message);
	}
	reply->id = message.id;
	reply->notice = message.type == MESSAGE_NOTICE;
	reply->params = message.params;
	reply->result = message.error == NULL ? message.result : NULL;
	if (reply->notice) {
		reply->method =
			arena_text(peer->arena, (const char *)message.method.data, message.method.length);
	}
	if (message.error != NULL) {
		message_read_error(message.error, &reply->error);
		reply->status = reply->error.status;
		reply->details = codec_get(message.error, "details");
	}
	return reply;
}

/* Takes one message out of what was read. NULL: there is no whole one. */
static struct raw_reply *take(struct raw_peer *peer)
{
	struct scanner scanner;
	struct raw_reply *reply = NULL;
	size_t used = 0;

	scanner_init(&scanner, IN_BYTES, SCANNER_DEPTH, UINT64_MAX);
	if (peer->in.length == 0 ||
	    scanner_feed(&scanner, peer->in.data, peer->in.length, &used) != SCAN_COMPLETE) {
		return NULL;
	}
	reply = decode(peer, (struct span){peer->in.data, used});
	buffer_consume(&peer->in, used);
	return reply;
}

/* The next message; NULL when the connection has ended. */
static struct raw_reply *next(struct raw_peer *peer)
{
	struct raw_reply *reply = take(peer);

	while (reply == NULL && !peer->goodbye && !peer->lost) {
		uint8_t *room = buffer_reserve(&peer->in, 16384);
		int got;

		assert_non_null(room);
		ERR_clear_error();
		got = SSL_read(peer->ssl, room, 16384);
		if (got <= 0) {
			end(peer, got);
			break;
		}
		peer->in.length += (size_t)got;
		reply = take(peer);
	}
	return reply;
}

static void keep(struct raw_peer *peer, struct raw_reply *reply)
{
	assert_true(peer->reply_count < RAW_REPLIES);
	peer->replies[peer->reply_count++] = reply;
}

static const struct raw_reply *wait_for(struct raw_peer *peer, bool notice, uint32_t id)
{
	struct raw_reply *reply = NULL;

	for (size_t i = 0; i < peer->reply_count; i++) {
		reply = peer->replies[i];
		if (reply->notice == notice && (notice || reply->id == id)) {
			memmove(&peer->replies[i], &peer->replies[i + 1],
				(peer->reply_count - i - 1) * sizeof(peer->replies[0]));
			peer->reply_count--;
			return reply;
		}
	}
	while ((reply = next(peer)) != NULL) {
		if (reply->notice == notice && (notice || reply->id == id)) {
			return reply;
		}
		keep(peer, reply);
	}
	return NULL;
}

const struct raw_reply *raw_reply(struct raw_peer *peer, uint32_t id)
{
	return wait_for(peer, false, id);
}

const struct raw_reply *raw_notice(struct raw_peer *peer)
{
	return wait_for(peer, true, 0);
}

void raw_drain(struct raw_peer *peer)
{
	struct raw_reply *reply = NULL;

	while ((reply = next(peer)) != NULL) {
		keep(peer, reply);
	}
}
