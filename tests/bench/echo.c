/* safer-bench-echo FOLDER PORT [FILE]: the physical limit. The same certificates, suites and socket as saferd, one thread, and
 * nothing behind it: what a server could do at most that speaks mutual TLS 1.3 by OpenSSL on one core. With a FILE a
 * published message is written to the file and made durable first, once for all that came in one turn. */
#include "tests/bench/echo.h"

#include "common/buffer.h"
#include "protocol/version.h"
#include "server/identity/authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS      256
#define INPUT_BYTES 65536
#define LOG_BYTES   (INT64_C(64) << 20)
#define LOG_RECORD  1024 /* bytes written for one published message */
#define TURN_MOST   4096 /* published messages of one turn */

struct client {
	int fd;
	SSL *ssl;
	bool settled, watches, wants_write;
	struct buffer in, out;
	size_t sent;
	struct client *next, **link; /* among all */
};

static struct {
	int epoll, listener, log;
	off_t log_at;
	SSL_CTX *tls;
	struct client *clients;
	uint32_t publishers[TURN_MOST]; /* lengths of the notices of this turn */
	struct client *waiting[TURN_MOST];
	size_t published;
} echo;

static uint8_t record[LOG_RECORD * 64];

static void close_client(struct client *client)
{
	for (size_t i = 0; i < echo.published; i++) {
		if (echo.waiting[i] == client) {
			echo.waiting[i] = NULL;
		}
	}
	*client->link = client->next;
	if (client->next) {
		client->next->link = client->link;
	}
	SSL_free(client->ssl);
	close(client->fd);
	buffer_release(&client->in);
	buffer_release(&client->out);
	free(client);
}

static void wait_write(struct client *client, bool write)
{
	struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = client};

	if (client->wants_write != write) {
		epoll_ctl(echo.epoll, EPOLL_CTL_MOD, client->fd, &event);
		client->wants_write = write;
	}
}

static bool flush_client(struct client *client)
{
	while (client->sent < client->out.length) {
		int put = SSL_write(client->ssl, client->out.data + client->sent,
				    (int)(client->out.length - client->sent));

		if (put <= 0) {
			bool blocked = SSL_get_error(client->ssl, put) == SSL_ERROR_WANT_WRITE;

			wait_write(client, blocked);
			return blocked;
		}
		client->sent += (size_t)put;
	}
	client->sent = 0;
	buffer_release(&client->out);
	wait_write(client, false);
	return true;
}

static bool put_message(struct client *client, enum echo_kind kind, uint32_t length)
{
	uint8_t *room = buffer_reserve(&client->out, length);

	if (!room || length < ECHO_ANSWER_LEAST) {
		return false;
	}
	memset(room, 'x', length);
	echo_put32(room, length);
	room[4] = (uint8_t)kind;
	client->out.length += length;
	return true;
}

/* Answers the publishers of this turn, then tells the watchers. */
static void publish(void)
{
	size_t count = echo.published;

	for (size_t i = 0; echo.log >= 0 && i < count; i += 64) {
		size_t bytes = LOG_RECORD * (count - i < 64 ? count - i : 64);

		if (pwrite(echo.log, record, bytes, echo.log_at) != (ssize_t)bytes) {
			exit(1);
		}
		echo.log_at = echo.log_at + (off_t)bytes > LOG_BYTES ? 0 : echo.log_at + (off_t)bytes;
	}
	if (echo.log >= 0 && count > 0 && fdatasync(echo.log) != 0) {
		exit(1);
	}
	for (size_t i = 0; i < count; i++) {
		if (echo.waiting[i] && put_message(echo.waiting[i], ECHO_ANSWER, 64)) {
			flush_client(echo.waiting[i]);
		}
	}
	echo.published = 0;
	for (size_t i = 0; i < count; i++) {
		for (struct client *client = echo.clients; client; client = client->next) {
			if (client->watches && put_message(client, ECHO_NOTICE, echo.publishers[i])) {
				flush_client(client);
			}
		}
	}
}

static bool take_request(struct client *client, const uint8_t *at)
{
	uint32_t wanted = echo_get32(at + 5);

	if (wanted > ECHO_MOST) {
		return false;
	}
	if (at[4] == ECHO_PUBLISH && echo.published < TURN_MOST) {
		echo.waiting[echo.published] = client;
		echo.publishers[echo.published++] = wanted;
		return true;
	}
	client->watches = client->watches || at[4] == ECHO_WATCH;
	return put_message(client, ECHO_ANSWER, wanted);
}

static bool take_requests(struct client *client)
{
	size_t at = 0;

	while (client->in.length - at >= ECHO_REQUEST_LEAST) {
		uint32_t length = echo_get32(client->in.data + at);

		if (length < ECHO_REQUEST_LEAST || length > INPUT_BYTES) {
			return false;
		}
		if (client->in.length - at < length) {
			break;
		}
		if (!take_request(client, client->in.data + at)) {
			return false;
		}
		at += length;
	}
	buffer_consume(&client->in, at);
	if (client->in.length == 0) {
		buffer_release(&client->in);
	}
	return flush_client(client);
}

static bool go_on(struct client *client)
{
	if (!client->settled) {
		int result = SSL_accept(client->ssl);

		if (result != 1) {
			int error = SSL_get_error(client->ssl, result);

			wait_write(client, error == SSL_ERROR_WANT_WRITE);
			return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
		}
		client->settled = true;
	}
	for (;;) {
		uint8_t *room = buffer_reserve(&client->in, INPUT_BYTES);
		int got = room ? SSL_read(client->ssl, room, INPUT_BYTES) : 0;

		if (got <= 0) {
			bool again = room && SSL_get_error(client->ssl, got) == SSL_ERROR_WANT_READ;

			if (client->in.length == 0) {
				buffer_release(&client->in);
			}
			return again;
		}
		client->in.length += (size_t)got;
		if (!take_requests(client)) {
			return false;
		}
		if (!SSL_has_pending(client->ssl)) {
			return true; /* the socket tells of more */
		}
	}
}

static void accept_clients(void)
{
	const int one = 1;

	for (int i = 0; i < 64; i++) {
		int fd = accept4(echo.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct client *client = fd >= 0 ? calloc(1, sizeof(*client)) : NULL;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

		if (!client) {
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		client->fd = fd;
		client->ssl = SSL_new(echo.tls);
		SSL_set_fd(client->ssl, fd);
		buffer_init(&client->in, 2 * INPUT_BYTES);
		buffer_init(&client->out, 4 * (size_t)ECHO_MOST);
		client->next = echo.clients;
		client->link = &echo.clients;
		if (client->next) {
			client->next->link = &client->next;
		}
		echo.clients = client;
		epoll_ctl(echo.epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

static bool set_up_tls(const char *folder)
{
	char path[4096];
	char groups[] = TLS_GROUPS;

	echo.tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_mode(echo.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(echo.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(echo.tls, 0);
	SSL_CTX_set_read_ahead(echo.tls, 1);
	SSL_CTX_set_min_proto_version(echo.tls, TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(echo.tls, TLS_SUITES);
	SSL_CTX_set1_groups_list(echo.tls, groups);
	SSL_CTX_set_verify(echo.tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	snprintf(path, sizeof(path), "%s/" SERVER_CERT, folder);
	if (SSL_CTX_use_certificate_file(echo.tls, path, SSL_FILETYPE_PEM) != 1) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/" SERVER_KEY, folder);
	if (SSL_CTX_use_PrivateKey_file(echo.tls, path, SSL_FILETYPE_PEM) != 1) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/" AUTHORITY_CERT, folder);
	return SSL_CTX_load_verify_locations(echo.tls, path, NULL) == 1;
}

static bool set_up_listener(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct epoll_event event = {.events = EPOLLIN};
	const int one = 1;

	address.sin_port = htons((uint16_t)strtol(port, NULL, 10));
	echo.epoll = epoll_create1(EPOLL_CLOEXEC);
	echo.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(echo.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(echo.listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(echo.listener, 1024) == 0 &&
	       epoll_ctl(echo.epoll, EPOLL_CTL_ADD, echo.listener, &event) == 0;
}

/* A file that is written already: only overwriting it is as cheap as a log can be. */
static bool set_up_log(const char *path)
{
	echo.log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (off_t at = 0; echo.log >= 0 && at < LOG_BYTES + TURN_MOST * LOG_RECORD; at += sizeof(record)) {
		if (pwrite(echo.log, record, sizeof(record), at) != (ssize_t)sizeof(record)) {
			return false;
		}
	}
	return echo.log >= 0 && fsync(echo.log) == 0;
}

int main(int argc, char **argv)
{
	struct rlimit files = {16384, 16384};
	struct epoll_event events[EVENTS];

	echo.log = -1;
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	if ((argc != 3 && argc != 4) || !set_up_tls(argv[1]) || !set_up_listener(argv[2]) ||
	    (argc == 4 && !set_up_log(argv[3]))) {
		fprintf(stderr, "safer-bench-echo FOLDER PORT [FILE]: cannot be set up\n");
		return 1;
	}
	for (;;) {
		int count = epoll_wait(echo.epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct client *client = events[i].data.ptr;

			if (!client) {
				accept_clients();
			} else if (((events[i].events & EPOLLOUT) && client->settled &&
				    !flush_client(client)) ||
				   !go_on(client)) {
				close_client(client);
			}
		}
		publish();
	}
}
