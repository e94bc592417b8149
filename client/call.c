/* One connection to the server. The socket never blocks; every wait is a console_poll with a deadline. */
#include "client/call.h"

#include "client/arguments.h"
#include "client/console.h"
#include "client/lookup.h"
#include "client/tls.h"
#include "common/clock.h"
#include "protocol/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES     16384
#define MESSAGE_DEPTH  16
#define MESSAGE_VALUES 4000000
#define NOTICES_BYTES  (16 * 1024 * 1024) /* kept while a call waits for its answer */
#define NO_DEADLINE    INT64_MAX

/* A notice that came while something else was awaited. */
struct kept {
	struct kept *next;
	size_t length;
	uint8_t bytes[];
};

struct call {
	int fd;
	SSL *ssl;
	bool alive;
	uint32_t next_id;
	struct buffer input;
	size_t fed; /* bytes of input that the scanner has seen */
	struct scanner scanner;
	struct kept *first, *last;
	size_t kept_bytes;
};

bool call_alive(const struct call *call)
{
	return call && call->alive;
}

int call_fd(const struct call *call)
{
	return call->fd;
}

SSL *call_ssl(struct call *call)
{
	return call->ssl;
}

static int64_t deadline_in(int64_t seconds)
{
	return clock_monotonic_ms() + seconds * 1000;
}

static int64_t answer_seconds(void)
{
	const char *said = getenv("SAFER_TIMEOUT");
	int64_t seconds = CALL_ANSWER_SECONDS;

	if (said) {
		(void)number_parse(said, 1, 86400, &seconds);
	}
	return seconds;
}

/* STATUS_OK when the descriptor is ready; *late (when given) instead of an error when the time is up. */
static enum status wait_ready(int fd, short events, int64_t deadline, bool *late, struct error *err)
{
	int ready;

	do { /* again after a signal or a key that ends nothing */
		int64_t left = deadline == NO_DEADLINE ? -1 : deadline - clock_monotonic_ms();

		left = deadline != NO_DEADLINE && left < 0 ? 0 : left;
		ready = console_poll(fd, events, left > INT32_MAX ? INT32_MAX : (int)left);
	} while (ready < 0 && errno == EINTR && !console_interrupted());
	if (ready > 0) {
		return STATUS_OK;
	}
	if (ready < 0 && errno == EINTR) {
		return error_set(err, STATUS_INTERRUPTED, "stopped");
	}
	if (ready < 0) {
		return error_set(err, STATUS_FAILED, "waiting for the network failed: %s", strerror(errno));
	}
	if (late) {
		*late = true;
		return STATUS_OK;
	}
	error_set(err, STATUS_UNREACHABLE, "the server did not answer in time");
	return error_hint(err, "try again; SAFER_TIMEOUT in the environment sets the patience in seconds");
}

/* ---- connecting ---- */

static int connect_one(const struct addrinfo *address, int64_t deadline, struct error *err)
{
	int yes = 1, idle = 30, interval = 10, probes = 3;
	int why = 0;
	socklen_t length = sizeof(why);
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		error_set(err, STATUS_UNREACHABLE, "no socket could be made: %s", strerror(errno));
		return -1;
	}
	/* A watch may be silent for hours; a dead network must still be noticed. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		why = errno;
		if (why == EINPROGRESS) {
			if (wait_ready(fd, POLLOUT, deadline, NULL, err) != STATUS_OK) {
				goto fail;
			}
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &length) != 0) {
				why = errno;
			}
		}
	}
	if (why != 0) {
		error_set(err, STATUS_UNREACHABLE, "%s", strerror(why));
		goto fail;
	}
	return fd;
fail:
	close(fd);
	return -1;
}

static enum status find_addresses(const char *host, uint16_t port, struct addrinfo **out, struct error *err)
{
	struct lookup *lookup = NULL;
	bool late = false;
	int answer = 0;
	enum status status = lookup_begin(host, port, &lookup, err);

	if (status == STATUS_OK) {
		status = wait_ready(lookup_fd(lookup), POLLIN, deadline_in(CALL_CONNECT_SECONDS), &late, err);
	}
	if (status == STATUS_OK && !late) {
		answer = lookup_take(lookup, out);
	}
	lookup_end(lookup);
	if (status == STATUS_OK && (late || answer != 0)) {
		error_set(err, STATUS_UNREACHABLE, "the server's name %s was not found: %s", host,
			  late ? "no name server answered in time" : gai_strerror(answer));
		return error_hint(err, "check the network, then try again");
	}
	return status;
}

static enum status connect_any(const char *host, uint16_t port, int *out, struct error *err)
{
	struct addrinfo *addresses = NULL;
	struct error last = ERROR_INIT;
	int64_t deadline;
	int fd = -1;

	if (find_addresses(host, port, &addresses, err) != STATUS_OK) {
		return err->status;
	}
	deadline = deadline_in(CALL_CONNECT_SECONDS);
	for (const struct addrinfo *one = addresses; one && fd < 0; one = one->ai_next) {
		fd = connect_one(one, deadline, &last);
		if (last.status == STATUS_INTERRUPTED) {
			break;
		}
	}
	freeaddrinfo(addresses);
	if (fd < 0) {
		if (last.status == STATUS_INTERRUPTED) {
			return error_set(err, STATUS_INTERRUPTED, "%s", last.message);
		}
		error_set(err, STATUS_UNREACHABLE, "the server at %s port %u cannot be reached: %s", host,
			  port, last.message);
		return error_hint(err, "check the network and whether saferd runs there, then try again");
	}
	*out = fd;
	return STATUS_OK;
}

/* After an SSL function that did not succeed: waits when it only wants the socket, so that the caller tries again;
 * otherwise the connection is over and err says why. */
static enum status again(struct call *call, int answer, int64_t deadline, bool *late, struct error *err)
{
	enum status status;

	switch (SSL_get_error(call->ssl, answer)) {
	case SSL_ERROR_WANT_READ:
		status = wait_ready(call->fd, POLLIN, deadline, late, err);
		break;
	case SSL_ERROR_WANT_WRITE:
		status = wait_ready(call->fd, POLLOUT, deadline, late, err);
		break;
	default:
		status = tls_explain(call->ssl, answer, err);
		break;
	}
	if (status != STATUS_OK) {
		call->alive = false;
	}
	return status;
}

/* OpenSSL reports through its queue and errno; leftovers of earlier calls would mislead. */
static void clear_errors(void)
{
	ERR_clear_error();
	errno = 0;
}

static enum status shake_hands(struct call *call, const char *alpn, struct error *err)
{
	int64_t deadline = deadline_in(CALL_CONNECT_SECONDS);
	enum status status = STATUS_OK;
	const unsigned char *chosen = NULL;
	unsigned length = 0;
	int answer;

	while (status == STATUS_OK) {
		clear_errors();
		answer = SSL_connect(call->ssl);
		if (answer == 1) {
			break;
		}
		status = again(call, answer, deadline, NULL, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	/* A server that knows no ALPN at all completes the handshake all the same. */
	SSL_get0_alpn_selected(call->ssl, &chosen, &length);
	if (length != strlen(alpn) || memcmp(chosen, alpn, length) != 0) {
		return tls_explain_alert(SSL_AD_NO_APPLICATION_PROTOCOL, err);
	}
	return STATUS_OK;
}

enum status call_open(SSL_CTX *context, const char *host, uint16_t port, const char *alpn, struct call **out,
		      struct error *err)
{
	enum status status;
	struct call *call = calloc(1, sizeof(*call));
	unsigned char protocols[64];
	size_t length = strlen(alpn);

	if (!call || length >= sizeof(protocols)) {
		free(call);
		return error_memory(err);
	}
	call->fd = -1;
	call->next_id = 1;
	buffer_init(&call->input, CALL_MESSAGE_BYTES + READ_BYTES);
	scanner_init(&call->scanner, CALL_MESSAGE_BYTES, MESSAGE_DEPTH, MESSAGE_VALUES);
	protocols[0] = (unsigned char)length;
	memcpy(protocols + 1, alpn, length);

	status = connect_any(host, port, &call->fd, err);
	if (status != STATUS_OK) {
		goto out;
	}
	call->ssl = SSL_new(context);
	if (!call->ssl || !SSL_set_fd(call->ssl, call->fd) ||
	    SSL_set_alpn_protos(call->ssl, protocols, (unsigned)length + 1) != 0) {
		status = error_memory(err);
		goto out;
	}
	status = tls_expect_host(call->ssl, host, err);
	if (status == STATUS_OK) {
		call->alive = true;
		status = shake_hands(call, alpn, err);
	}
out:
	if (status != STATUS_OK) {
		call_close(call);
		return status;
	}
	*out = call;
	return STATUS_OK;
}

void call_close(struct call *call)
{
	if (!call) {
		return;
	}
	if (call->alive) {
		clear_errors();
		(void)SSL_shutdown(call->ssl); /* says goodbye; does not wait for the answer */
		ERR_clear_error();
	}
	SSL_free(call->ssl);
	if (call->fd >= 0) {
		close(call->fd);
	}
	while (call->first) {
		struct kept *next = call->first->next;

		free(call->first);
		call->first = next;
	}
	buffer_release(&call->input);
	free(call);
}

/* ---- bytes ---- */

static enum status send_all(struct call *call, struct span bytes, int64_t deadline, struct error *err)
{
	enum status status = STATUS_OK;

	while (bytes.length > 0 && status == STATUS_OK) {
		size_t wrote = 0;
		int answer;

		clear_errors();
		answer = SSL_write_ex(call->ssl, bytes.data, bytes.length, &wrote);
		if (answer == 1) {
			bytes.data += wrote;
			bytes.length -= wrote;
			continue;
		}
		if (SSL_get_error(call->ssl, answer) == SSL_ERROR_SYSCALL) {
			uint8_t byte;
			size_t got = 0;

			/* The server may have said why before it closed: that is worth more than "broken pipe". */
			clear_errors();
			answer = SSL_read_ex(call->ssl, &byte, 1, &got);
			if (answer == 1) {
				call->alive = false;
				return error_set(err, STATUS_UNREACHABLE, "the server closed the connection");
			}
		}
		status = again(call, answer, deadline, NULL, err);
	}
	return status;
}

/* Waits for one whole message; its bytes are copied into the arena. With `late`, running out of time is no error. */
static enum status receive(struct call *call, struct arena *arena, int64_t deadline, bool *late,
			   struct span *out, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && !(late && *late)) {
		size_t used = 0;
		size_t got = 0;
		uint8_t *room;
		enum scan scan = SCAN_MORE;
		int answer;

		if (call->fed < call->input.length) {
			scan = scanner_feed(&call->scanner, call->input.data + call->fed,
					    call->input.length - call->fed, &used);
			call->fed += used;
		}
		if (scan == SCAN_COMPLETE) {
			out->length = call->scanner.message_bytes;
			out->data = arena_copy(arena, call->input.data, out->length);
			buffer_consume(&call->input, out->length);
			call->fed = 0;
			scanner_next(&call->scanner);
			return out->data ? STATUS_OK : error_memory(err);
		}
		if (scan != SCAN_MORE) {
			call->alive = false;
			return error_set(err, STATUS_FAILED,
					 "the server sent a message that is out of bounds: %s",
					 scan_reason(scan));
		}
		room = buffer_reserve(&call->input, READ_BYTES);
		if (!room) {
			call->alive = false;
			return error_memory(err);
		}
		clear_errors();
		answer = SSL_read_ex(call->ssl, room, READ_BYTES, &got);
		if (answer == 1) {
			call->input.length += got;
		} else {
			status = again(call, answer, deadline, late, err);
		}
	}
	return status;
}

/* ---- messages ---- */

static enum status keep_notice(struct call *call, struct span bytes, struct error *err)
{
	struct kept *kept = NULL;

	if (call->kept_bytes + bytes.length <= NOTICES_BYTES) {
		kept = malloc(sizeof(*kept) + bytes.length);
	}
	if (!kept) {
		call->alive = false;
		return error_set(err, STATUS_UNREACHABLE,
				 "the server sent more notices than can be kept while an answer is awaited");
	}
	kept->next = NULL;
	kept->length = bytes.length;
	memcpy(kept->bytes, bytes.data, bytes.length);
	if (call->last) {
		call->last->next = kept;
	} else {
		call->first = kept;
	}
	call->last = kept;
	call->kept_bytes += bytes.length;
	return STATUS_OK;
}

static enum status decode(struct call *call, struct arena *arena, struct span bytes, struct message *out,
			  struct error *err)
{
	enum status status = message_decode(arena, bytes, out, err);

	if (status == STATUS_INVALID) {
		struct error told = *err;

		/* Not the person's mistake: the server's. */
		status = error_set(err, STATUS_FAILED, "the server sent something that is no message: %.500s",
				   told.message);
	}
	if (status != STATUS_OK) {
		call->alive = false;
	}
	return status;
}

static enum status await_reply(struct call *call, struct arena *arena, uint32_t id, int64_t deadline,
			       struct message *out, struct error *err)
{
	for (;;) {
		struct span bytes = {NULL, 0};
		enum status status = receive(call, arena, deadline, NULL, &bytes, err);

		if (status == STATUS_OK) {
			status = decode(call, arena, bytes, out, err);
		}
		if (status == STATUS_OK && out->type == MESSAGE_NOTICE) {
			status = keep_notice(call, bytes, err);
		} else if (status == STATUS_OK && out->type == MESSAGE_REPLY && out->id == id) {
			return STATUS_OK;
		} else if (status == STATUS_OK && out->type == MESSAGE_REPLY && out->id == 0 && out->error) {
			call->alive =
				false; /* refused unread, as too long: the server does not know its id */
			return STATUS_OK;
		} else if (status == STATUS_OK) {
			call->alive = false;
			status = error_set(err, STATUS_FAILED,
					   "the server answered something that was not asked");
		}
		if (status != STATUS_OK) {
			return status;
		}
	}
}

enum status call_method(struct call *call, struct arena *arena, enum method method, struct span params,
			const msgpack_object **result, const msgpack_object **details, struct error *err)
{
	enum status status;
	struct buffer out;
	struct message reply;
	uint32_t id = call->next_id++;
	int64_t deadline = deadline_in(answer_seconds());

	*details = NULL;
	buffer_init(&out, CALL_MESSAGE_BYTES);
	message_put_request(&out, id, method_rows[method].name);
	if (params.length > 0) {
		codec_put_raw(&out, params);
	} else {
		codec_put_map(&out, 0);
	}
	if (out.failed) {
		status = error_memory(err);
		goto out;
	}
	if (!call->alive) {
		status = error_set(err, STATUS_UNREACHABLE, "the connection to the server is closed");
		goto out;
	}
	status = send_all(call, buffer_span(&out), deadline, err);
	if (status == STATUS_OK) {
		status = await_reply(call, arena, id, deadline, &reply, err);
	}
	if (status == STATUS_OK && reply.error) {
		message_read_error(reply.error, err);
		status = err->status;
		*details = codec_get(reply.error, "details");
	} else if (status == STATUS_OK) {
		*result = reply.result;
	}
out:
	buffer_release(&out);
	return status;
}

enum status call_notice(struct call *call, struct arena *arena, int milliseconds, struct message *out,
			struct error *err)
{
	struct span bytes = {NULL, 0};
	enum status status;
	bool late = false;

	*out = (struct message){.type = MESSAGE_NOTICE};
	if (call->first) {
		struct kept *kept = call->first;

		bytes.length = kept->length;
		bytes.data = arena_copy(arena, kept->bytes, kept->length);
		call->first = kept->next;
		call->last = call->first ? call->last : NULL;
		call->kept_bytes -= kept->length;
		free(kept);
		return bytes.data ? decode(call, arena, bytes, out, err) : error_memory(err);
	}
	status = receive(call, arena, milliseconds < 0 ? NO_DEADLINE : clock_monotonic_ms() + milliseconds,
			 &late, &bytes, err);
	if (status == STATUS_OK && !late) {
		status = decode(call, arena, bytes, out, err);
	}
	if (status == STATUS_OK && out->type != MESSAGE_NOTICE) {
		call->alive = false;
		status = error_set(err, STATUS_FAILED, "the server answered something that was not asked");
	}
	return status;
}
