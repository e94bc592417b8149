/* Sockets and TLS for intruders. */
#include "tests/hostile/prey.h"

#include "protocol/version.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REQUEST_BYTES 65536

void prey_is_attacked(struct prey *prey)
{
	if (prey->on >= 0) {
		(void)!write(prey->on, "!", 1);
		close(prey->on);
		prey->on = -1;
	}
}

void prey_rest(int ms)
{
	poll(NULL, 0, ms);
}

int prey_connect(const struct prey *prey, int from)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr = {htonl((INADDR_LOOPBACK & 0xffffff00U) | (uint32_t)from)}};
	struct sockaddr_in there = {
		.sin_family = AF_INET, .sin_port = htons(prey->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	prey->deeds->tried++;
	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool prey_is_out(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static SSL_CTX *make_context(const struct prey *prey, bool member)
{
	static const unsigned char member_alpn[] = "\x07" ALPN_MEMBER;
	static const unsigned char enrol_alpn[] = "\x0d" ALPN_ENROL;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context) {
		return NULL;
	}
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (member) {
		SSL_CTX_use_certificate(context, prey->member.certificate);
		SSL_CTX_use_PrivateKey(context, prey->member.key);
		SSL_CTX_set_alpn_protos(context, member_alpn, sizeof(member_alpn) - 1);
	} else {
		SSL_CTX_set_alpn_protos(context, enrol_alpn, sizeof(enrol_alpn) - 1);
	}
	return context;
}

SSL *prey_enter(const struct prey *prey, int from, bool member)
{
	SSL_CTX *context = make_context(prey, member);
	SSL *ssl = context ? SSL_new(context) : NULL;
	int fd = ssl ? prey_connect(prey, from) : -1;

	SSL_CTX_free(context);
	if (fd < 0 || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	ERR_clear_error();
	if (SSL_connect(ssl) != 1) {
		ERR_clear_error();
		prey_leave(ssl);
		return NULL;
	}
	prey->deeds->entered++;
	return ssl;
}

void prey_leave(SSL *ssl)
{
	if (ssl) {
		int fd = SSL_get_fd(ssl);

		SSL_free(ssl);
		close(fd);
	}
}

bool prey_ask(SSL *ssl, uint32_t id, const char *method, const struct buffer *params)
{
	struct buffer request;
	bool sent;

	buffer_init(&request, REQUEST_BYTES);
	message_put_request(&request, id, method);
	if (params) {
		codec_put_raw(&request, buffer_span(params));
	} else {
		codec_put_map(&request, 0);
	}
	ERR_clear_error();
	sent = !request.failed && SSL_write(ssl, request.data, (int)request.length) == (int)request.length;
	ERR_clear_error();
	buffer_release(&request);
	return sent;
}

bool prey_swallow(SSL *ssl)
{
	char waste[16384];
	int fd = SSL_get_fd(ssl);
	int got;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	do {
		ERR_clear_error();
		got = SSL_read(ssl, waste, sizeof(waste));
	} while (got > 0);
	got = SSL_get_error(ssl, got);
	ERR_clear_error();
	fcntl(fd, F_SETFL, 0);
	return got == SSL_ERROR_WANT_READ || got == SSL_ERROR_WANT_WRITE;
}

SSL *prey_sign_in(const struct prey *prey, int from)
{
	SSL *ssl = prey_enter(prey, from, true);
	char first;

	if (ssl && (!prey_ask(ssl, 1, "whoami", NULL) || SSL_read(ssl, &first, 1) != 1)) {
		prey_leave(ssl);
		ssl = NULL;
	}
	ERR_clear_error();
	return ssl;
}
