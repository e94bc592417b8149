/* Threads, and blocking TLS by hand. No assertion here: cmocka's belong to the thread of the test. */
#include "tests/faults/swarm.h"

#include "protocol/message.h"
#include "protocol/scanner.h"
#include "protocol/version.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_SECONDS 30
#define BYTES_MOST       (1 << 20)

struct writer {
	struct swarm *swarm;
	size_t number;
	pthread_t thread;
	uint64_t sent; /* errands that were sent at least once */

	/* Of its connection: */
	int fd;
	SSL *ssl;
	uint32_t id; /* of the last message */
	struct buffer in;
};

struct swarm {
	uint16_t port;
	SSL_CTX *tls;
	struct writer writers[ERRAND_WRITERS];
	size_t threads;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct errands errands;
	struct swarm_figures figures;
	uint64_t messages;
	size_t resting;
	bool open;
	bool ending;
};

static void complain(struct swarm *swarm, size_t number, const char *what)
{
	pthread_mutex_lock(&swarm->lock);
	if (swarm->figures.wrong[0] == '\0') {
		snprintf(swarm->figures.wrong, sizeof(swarm->figures.wrong), "writer %zu: %s", number, what);
	}
	pthread_cond_broadcast(&swarm->changed);
	pthread_mutex_unlock(&swarm->lock);
}

static void count_message(struct swarm *swarm)
{
	pthread_mutex_lock(&swarm->lock);
	swarm->messages++;
	pthread_cond_broadcast(&swarm->changed);
	pthread_mutex_unlock(&swarm->lock);
}

/* ---- a connection ---- */

static bool open_connection(struct writer *writer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(writer->swarm->port),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

	writer->ssl = NULL;
	writer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (writer->fd < 0) {
		return false;
	}
	setsockopt(writer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(writer->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(writer->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		return false;
	}
	writer->ssl = SSL_new(writer->swarm->tls);
	return writer->ssl && SSL_set_fd(writer->ssl, writer->fd) == 1 && SSL_connect(writer->ssl) == 1;
}

static void close_connection(struct writer *writer)
{
	SSL_free(writer->ssl);
	if (writer->fd >= 0) {
		close(writer->fd);
	}
	buffer_clear(&writer->in);
	ERR_clear_error();
}

/* False: the connection is gone. */
static bool send_errand(struct writer *writer, uint64_t k)
{
	struct buffer out;
	bool good;

	buffer_init(&out, BYTES_MOST);
	message_put_request(&out, ++writer->id, "change");
	errand_put(&out, &writer->swarm->errands, writer->number, k); /* reads what never changes */
	good = !out.failed && SSL_write(writer->ssl, out.data, (int)out.length) == (int)out.length;
	buffer_release(&out);
	return good;
}

/* Reads one whole message; *used bytes of the buffer. */
static bool read_message(struct writer *writer, size_t *used)
{
	struct scanner scanner;

	for (;;) {
		uint8_t *room = buffer_reserve(&writer->in, 16384);
		int got;

		scanner_init(&scanner, BYTES_MOST, SCANNER_DEPTH, UINT64_MAX);
		if (writer->in.length > 0 &&
		    scanner_feed(&scanner, writer->in.data, writer->in.length, used) == SCAN_COMPLETE) {
			return true;
		}
		got = room ? SSL_read(writer->ssl, room, 16384) : -1;
		if (got <= 0) {
			return false;
		}
		writer->in.length += (size_t)got;
	}
}

static void take_result(struct writer *writer, const msgpack_object *result)
{
	struct swarm *swarm = writer->swarm;
	char why[200] = "";

	pthread_mutex_lock(&swarm->lock);
	if (errand_answered(&swarm->errands, writer->number, result, why)) {
		swarm->figures.answers++;
	}
	pthread_mutex_unlock(&swarm->lock);
	if (why[0] != '\0') {
		complain(swarm, writer->number, why);
	}
}

static void take_error(struct writer *writer, const msgpack_object *error)
{
	struct error err = ERROR_INIT;

	message_read_error(error, &err);
	if (err.status != STATUS_UNREACHABLE) {
		complain(writer->swarm, writer->number, err.message);
		return;
	}
	pthread_mutex_lock(&writer->swarm->lock);
	writer->swarm->figures.busy++;
	pthread_mutex_unlock(&writer->swarm->lock);
}

/* False: it cannot be read. */
static bool take_answer(struct writer *writer, size_t used)
{
	struct arena *arena = arena_new();
	struct message message = {.id = 0};
	struct error err = ERROR_INIT;
	bool good = arena &&
		    message_decode(arena, (struct span){writer->in.data, used}, &message, &err) == STATUS_OK;

	if (good && message.type == MESSAGE_REPLY) {
		if (message.error) {
			take_error(writer, message.error);
		} else {
			take_result(writer, message.result);
		}
	}
	arena_free(arena);
	buffer_consume(&writer->in, used);
	return good;
}

/* Only this thread changes it. */
static uint64_t errand_of(const struct writer *writer)
{
	return writer->swarm->errands.writers[writer->number].answered;
}

static bool all_well(struct swarm *swarm)
{
	bool well;

	pthread_mutex_lock(&swarm->lock);
	well = swarm->figures.wrong[0] == '\0';
	pthread_mutex_unlock(&swarm->lock);
	return well;
}

static void count_repeat(struct writer *writer, uint64_t k)
{
	if (k < writer->sent) {
		pthread_mutex_lock(&writer->swarm->lock);
		writer->swarm->figures.repeats++;
		pthread_mutex_unlock(&writer->swarm->lock);
	}
	writer->sent = k + 1;
}

static void work(struct writer *writer)
{
	size_t used = 0;

	while (all_well(writer->swarm)) {
		uint64_t k = errand_of(writer);

		count_repeat(writer, k);
		if (!send_errand(writer, k)) {
			return;
		}
		count_message(writer->swarm);
		if (!read_message(writer, &used)) {
			return;
		}
		if (!take_answer(writer, used)) {
			complain(writer->swarm, writer->number, "an answer is no message");
		}
		count_message(writer->swarm);
	}
}

/* ---- threads ---- */

/* False: it is over. */
static bool wait_for_server(struct swarm *swarm)
{
	bool go;

	pthread_mutex_lock(&swarm->lock);
	swarm->resting++;
	pthread_cond_broadcast(&swarm->changed);
	while (!swarm->ending && (!swarm->open || swarm->figures.wrong[0] != '\0')) {
		pthread_cond_wait(&swarm->changed, &swarm->lock);
	}
	go = !swarm->ending;
	swarm->resting -= go;
	pthread_mutex_unlock(&swarm->lock);
	return go;
}

static void *thread_main(void *payload)
{
	struct writer *writer = payload;

	while (wait_for_server(writer->swarm)) {
		if (open_connection(writer)) {
			work(writer);
		}
		close_connection(writer);
	}
	buffer_release(&writer->in);
	return NULL;
}

static SSL_CTX *new_tls(X509 *certificate, EVP_PKEY *key)
{
	static const unsigned char alpn[] = {sizeof(ALPN_MEMBER) - 1, 's', 'a', 'f', 'e', 'r', '/', '1'};
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls && SSL_CTX_use_certificate(tls, certificate) == 1 && SSL_CTX_use_PrivateKey(tls, key) == 1 &&
	    SSL_CTX_set_alpn_protos(tls, alpn, sizeof(alpn)) == 0) {
		return tls;
	}
	SSL_CTX_free(tls);
	return NULL;
}

struct swarm *swarm_new(uint16_t port, X509 *certificate, EVP_PKEY *key, const struct errands *errands)
{
	struct swarm *swarm = calloc(1, sizeof(*swarm));

	if (!swarm) {
		return NULL;
	}
	swarm->port = port;
	swarm->errands = *errands;
	pthread_mutex_init(&swarm->lock, NULL);
	pthread_cond_init(&swarm->changed, NULL);
	swarm->tls = new_tls(certificate, key);
	if (!swarm->tls) {
		swarm_free(swarm);
		return NULL;
	}
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		struct writer *writer = &swarm->writers[i];

		writer->swarm = swarm;
		writer->number = i;
		buffer_init(&writer->in, BYTES_MOST);
		if (pthread_create(&writer->thread, NULL, thread_main, writer) != 0) {
			swarm_free(swarm);
			return NULL;
		}
		swarm->threads++;
	}
	return swarm;
}

void swarm_go(struct swarm *swarm)
{
	pthread_mutex_lock(&swarm->lock);
	swarm->open = true;
	pthread_cond_broadcast(&swarm->changed);
	pthread_mutex_unlock(&swarm->lock);
}

void swarm_until(struct swarm *swarm, uint64_t messages)
{
	pthread_mutex_lock(&swarm->lock);
	messages += swarm->messages;
	while (swarm->messages < messages && swarm->figures.wrong[0] == '\0') {
		pthread_cond_wait(&swarm->changed, &swarm->lock);
	}
	pthread_mutex_unlock(&swarm->lock);
}

void swarm_halt(struct swarm *swarm)
{
	pthread_mutex_lock(&swarm->lock);
	swarm->open = false;
	pthread_mutex_unlock(&swarm->lock);
}

void swarm_rest(struct swarm *swarm)
{
	pthread_mutex_lock(&swarm->lock);
	while (swarm->resting < swarm->threads) {
		pthread_cond_wait(&swarm->changed, &swarm->lock);
	}
	pthread_mutex_unlock(&swarm->lock);
}

void swarm_standing(struct swarm *swarm, struct errands *errands, struct swarm_figures *figures)
{
	pthread_mutex_lock(&swarm->lock);
	*errands = swarm->errands;
	*figures = swarm->figures;
	pthread_mutex_unlock(&swarm->lock);
}

void swarm_free(struct swarm *swarm)
{
	if (!swarm) {
		return;
	}
	pthread_mutex_lock(&swarm->lock);
	swarm->ending = true;
	pthread_cond_broadcast(&swarm->changed);
	pthread_mutex_unlock(&swarm->lock);
	for (size_t i = 0; i < swarm->threads; i++) {
		pthread_join(swarm->writers[i].thread, NULL);
	}
	pthread_cond_destroy(&swarm->changed);
	pthread_mutex_destroy(&swarm->lock);
	SSL_CTX_free(swarm->tls);
	free(swarm);
}
