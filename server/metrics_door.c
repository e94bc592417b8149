/* Callers have a fixed number of places. One is read until its request is whole, then waits for the next look at the
 * numbers, is answered, and is read until it closes, because closing on unread bytes would take the answer from it.
 *
 * A look is a job on the reader, which alone may ask the store; everyone who waits when it is done gets the same text.
 * When the reader does not come back soon, what it last said about the store is told with the newest counts: numbers
 * are needed most when something hangs. */
#include "server/metrics_door.h"

#include "common/clock.h"
#include "common/log_quota.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CALLERS       16
#define ACCEPT_TURN   4    /* in one turn of the loop */
#define REQUEST_BYTES 4096 /* of the longest request; Prometheus sends some 300 */
#define ANSWER_BYTES  1048576
#define WASTE_BYTES   65536 /* that a caller may send after its request */
#define BACKLOG       16
#define PATIENCE_MS   5000 /* with a caller, from door to door */
#define LOOK_MS       100  /* between two looks at the numbers */
#define READER_MS     2000 /* patience with the reader */

enum caller_state { CALLER_AWAY, CALLER_ASKS, CALLER_WAITS, CALLER_TAKES, CALLER_LEAVES };

struct caller {
	struct metrics_door *door;
	int fd;
	enum caller_state state;
	int64_t came;  /* milliseconds, monotonic */
	int64_t asked; /* when its request was whole */
	struct event *readable;
	struct event *writable;
	struct buffer in;
	struct buffer out;
	size_t sent;
	size_t wasted;
};

struct entrance {
	struct metrics_door *door;
	int fd; /* -1: none */
	struct event *readable;
};

enum { ENTRANCE_SOCKET, ENTRANCE_PORT, ENTRANCES };

struct metrics_door {
	struct job look; /* first, so that the one is the other */
	struct event_base *base;
	struct dispatch *dispatch; /* borrowed */
	struct entrance entrances[ENTRANCES];
	struct caller callers[CALLERS];
	bool looking;            /* the job is with the reader */
	int64_t looked;          /* when it was given there, milliseconds */
	struct store_size seen;  /* by the last look that came back */
	struct store_size fresh; /* the reader's while the job is there */
	bool stopped;
	char path[sizeof(
		((struct sockaddr_un *)0)->sun_path)]; /* of the socket that is ours to remove; "" none */
	struct stat made;
};

/* ---- callers ---- */

static void caller_leave(struct caller *caller)
{
	if (caller->state == CALLER_AWAY) {
		return;
	}
	if (caller->readable) {
		event_free(caller->readable);
	}
	if (caller->writable) {
		event_free(caller->writable);
	}
	close(caller->fd);
	buffer_release(&caller->in);
	buffer_release(&caller->out);
	*caller = (struct caller){.door = caller->door, .fd = -1};
}

static void caller_write(struct caller *caller)
{
	while (caller->sent < caller->out.length) {
		ssize_t sent = send(caller->fd, caller->out.data + caller->sent,
				    caller->out.length - caller->sent, MSG_NOSIGNAL);

		if (sent > 0) {
			caller->sent += (size_t)sent;
		} else if (errno == EAGAIN) {
			if (event_add(caller->writable, NULL) != 0) {
				caller_leave(caller);
			}
			return;
		} else if (errno != EINTR) {
			caller_leave(caller);
			return;
		}
	}
	shutdown(caller->fd, SHUT_WR);
	caller->state = CALLER_LEAVES;
	if (!event_pending(caller->readable, EV_READ, NULL)) {
		caller_leave(caller); /* it has closed its side already */
	}
}

static void caller_answer(struct caller *caller, const char *status, struct span body)
{
	buffer_printf(&caller->out,
		      "HTTP/1.0 %s\r\n"
		      "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		      "Content-Length: %zu\r\n"
		      "Connection: close\r\n"
		      "\r\n",
		      status, body.length);
	buffer_append(&caller->out, body.data, body.length);
	if (caller->out.failed) {
		caller_leave(caller);
		return;
	}
	caller->state = CALLER_TAKES;
	caller_write(caller);
}

static void caller_refuse(struct caller *caller, const char *status)
{
	static const char hint[] = "GET /metrics is all that there is here.\n";

	caller_answer(caller, status, (struct span){(const uint8_t *)hint, sizeof(hint) - 1});
}

/* ---- a look at the numbers ---- */

static void answer_all(struct metrics_door *door)
{
	const struct metrics_sources sources = dispatch_sources(door->dispatch);
	struct metrics_sample *sample = malloc(sizeof(*sample));
	struct buffer text;

	buffer_init(&text, ANSWER_BYTES / 2);
	if (sample) {
		metrics_sample(&sources, sample);
		metrics_sample_store(sample, &door->seen);
		metrics_write(sample, &text);
	}
	for (size_t i = 0; i < CALLERS; i++) {
		if (door->callers[i].state != CALLER_WAITS) {
			continue;
		}
		if (!sample || text.failed) {
			caller_leave(&door->callers[i]);
		} else {
			caller_answer(&door->callers[i], "200 OK", buffer_span(&text));
		}
	}
	buffer_release(&text);
	free(sample);
}

static enum status run_look(struct job *job, struct context *context, struct error *err)
{
	struct metrics_door *door = (struct metrics_door *)job;

	return store_size(context->store, &door->fresh, err);
}

static void done_look(struct job *job)
{
	struct metrics_door *door = (struct metrics_door *)job;

	door->looking = false;
	if (job->status == STATUS_OK) {
		door->seen = door->fresh;
	}
	if (!door->stopped) {
		answer_all(door);
	}
}

static void look_soon(struct metrics_door *door, int64_t now_ms)
{
	if (door->looking || door->stopped || now_ms - door->looked < LOOK_MS) {
		return; /* metrics_door_check() comes back to it */
	}
	door->looking = true;
	door->looked = now_ms;
	door->look.run = run_look;
	door->look.done = done_look;
	worker_submit(door->dispatch->reader, &door->look);
}

/* ---- what a caller asks ---- */

static bool begins_with(const struct buffer *in, const char *text)
{
	size_t length = strlen(text);

	return in->length >= length && memcmp(in->data, text, length) == 0;
}

/* The request is whole with an empty line; what its headers say does not matter. */
static bool is_whole(const struct buffer *in)
{
	return memmem(in->data, in->length, "\r\n\r\n", 4) || memmem(in->data, in->length, "\n\n", 2);
}

static void caller_ask(struct caller *caller)
{
	if (memchr(caller->in.data, '\0', caller->in.length)) {
		caller_refuse(caller, "400 Bad Request");
	} else if (!begins_with(&caller->in, "GET ")) {
		caller_refuse(caller, "405 Method Not Allowed");
	} else if (!begins_with(&caller->in, "GET /metrics ") && !begins_with(&caller->in, "GET /metrics?")) {
		caller_refuse(caller, "404 Not Found");
	} else {
		caller->asked = clock_monotonic_ms();
		caller->state = CALLER_WAITS;
		look_soon(caller->door, caller->asked);
	}
}

static void caller_take(struct caller *caller, const uint8_t *bytes, size_t length)
{
	if (caller->state != CALLER_ASKS) {
		caller->wasted += length;
		if (caller->wasted > WASTE_BYTES) {
			caller_leave(caller);
		}
		return;
	}
	if (!buffer_append(&caller->in, bytes, length)) {
		caller_leave(caller); /* too long, or no memory */
	} else if (is_whole(&caller->in)) {
		caller_ask(caller);
	}
}

static void on_caller_readable(evutil_socket_t fd, short what, void *payload)
{
	struct caller *caller = payload;
	uint8_t bytes[1024];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	(void)what;
	if (got > 0) {
		caller_take(caller, bytes, (size_t)got);
	} else if (got == 0 && (caller->state == CALLER_WAITS || caller->state == CALLER_TAKES)) {
		event_del(caller->readable); /* it has said all that it wants to say, and listens */
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		caller_leave(caller);
	}
}

static void on_caller_writable(evutil_socket_t fd, short what, void *payload)
{
	(void)fd;
	(void)what;
	caller_write(payload);
}

/* ---- coming in ---- */

/* A free place; else that of whoever has been here longest. */
static struct caller *make_place(struct metrics_door *door)
{
	struct caller *oldest = &door->callers[0];

	for (size_t i = 0; i < CALLERS; i++) {
		if (door->callers[i].state == CALLER_AWAY) {
			return &door->callers[i];
		}
		if (door->callers[i].came < oldest->came) {
			oldest = &door->callers[i];
		}
	}
	caller_leave(oldest);
	return oldest;
}

static void let_in(struct metrics_door *door, int fd)
{
	struct caller *caller = make_place(door);

	*caller = (struct caller){
		.door = door,
		.fd = fd,
		.state = CALLER_ASKS,
		.came = clock_monotonic_ms(),
		.readable = event_new(door->base, fd, EV_READ | EV_PERSIST, on_caller_readable, caller),
		.writable = event_new(door->base, fd, EV_WRITE, on_caller_writable, caller),
	};
	buffer_init(&caller->in, REQUEST_BYTES);
	buffer_init(&caller->out, ANSWER_BYTES);
	if (!caller->readable || !caller->writable || event_add(caller->readable, NULL) != 0) {
		caller_leave(caller);
	}
}

/* A socket that stays ready while nobody can be let in would wake the loop for ever: it rests until the next check. */
static void on_entrance(evutil_socket_t fd, short what, void *payload)
{
	struct entrance *entrance = payload;

	(void)what;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (caller >= 0) {
			let_in(entrance->door, caller);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			log_about("", LOG_WARNING, "metrics-cannot-accept",
				  log_text("error", strerror(errno)));
			event_del(entrance->readable);
			return;
		}
	}
}

void metrics_door_check(struct metrics_door *door, int64_t now_ms)
{
	bool wait = false;
	bool too_long = false;

	for (size_t i = 0; i < ENTRANCES; i++) {
		if (door->entrances[i].readable && !door->stopped) {
			event_add(door->entrances[i].readable, NULL);
		}
	}
	for (size_t i = 0; i < CALLERS; i++) {
		struct caller *caller = &door->callers[i];

		if (caller->state != CALLER_AWAY && now_ms - caller->came > PATIENCE_MS) {
			caller_leave(caller);
		}
		wait = wait || caller->state == CALLER_WAITS;
		too_long = too_long || (caller->state == CALLER_WAITS && now_ms - caller->asked > READER_MS);
	}
	if (too_long) {
		answer_all(door);
	} else if (wait) {
		look_soon(door, now_ms);
	}
}

/* ---- opening and closing ---- */

static enum status cannot_open(const char *where, struct error *err)
{
	error_set(err, STATUS_FAILED, "saferd cannot tell metrics on %s: %s", where, strerror(errno));
	return error_hint(
		err, "the settings metrics_socket and metrics_port say where, and empty and 0 mean nowhere");
}

static enum status open_entrance(struct metrics_door *door, size_t number, int fd, struct error *err)
{
	struct entrance *entrance = &door->entrances[number];

	entrance->door = door;
	entrance->fd = fd;
	entrance->readable = event_new(door->base, fd, EV_READ | EV_PERSIST, on_entrance, entrance);
	if (!entrance->readable || event_add(entrance->readable, NULL) != 0) {
		return error_memory(err);
	}
	return STATUS_OK;
}

/* Whether a server answers behind the socket that is there. */
static bool is_in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool used = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
				errno != ECONNREFUSED);

	if (fd >= 0) {
		close(fd);
	}
	return used;
}

/* What a server that was killed left behind. */
static enum status clear_path(const struct sockaddr_un *address, struct error *err)
{
	struct stat there;

	if (lstat(address->sun_path, &there) != 0) {
		return STATUS_OK;
	}
	if (!S_ISSOCK(there.st_mode) || is_in_use(address)) {
		error_set(err, STATUS_REFUSED, "saferd cannot tell metrics on %s: %s", address->sun_path,
			  S_ISSOCK(there.st_mode) ? "another server uses it" : "that is no socket");
		return error_hint(err, "choose another path for the setting metrics_socket");
	}
	return unlink(address->sun_path) == 0 ? STATUS_OK : cannot_open(address->sun_path, err);
}

/* Its mode is set before anybody can come in, which is with listen(). */
static enum status open_socket(struct metrics_door *door, const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum status status;
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	status = clear_path(&address, err);
	if (status != STATUS_OK) {
		return status;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		status = cannot_open(path, err);
		goto out;
	}
	snprintf(door->path, sizeof(door->path), "%s", path);
	if (chmod(path, 0660) != 0 || lstat(path, &door->made) != 0 || listen(fd, BACKLOG) != 0) {
		status = cannot_open(path, err);
		goto out;
	}
	status = open_entrance(door, ENTRANCE_SOCKET, fd, err);
	fd = -1;
out:
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

static enum status open_port(struct metrics_door *door, uint16_t port, struct error *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char where[40];
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(where, sizeof(where), "127.0.0.1 port %u", (unsigned)port);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		cannot_open(where, err);
		if (fd >= 0) {
			close(fd);
		}
		return err->status;
	}
	return open_entrance(door, ENTRANCE_PORT, fd, err);
}

enum status metrics_door_new(struct event_base *base, struct dispatch *dispatch,
			     const struct settings *settings, struct metrics_door **out, struct error *err)
{
	bool has_socket = settings->metrics_socket[0] != '\0';
	bool has_port = settings->metrics_port != 0;
	struct metrics_door *door = NULL;
	enum status status = STATUS_OK;

	if (!has_socket && !has_port) {
		return STATUS_OK;
	}
	door = calloc(1, sizeof(*door));
	if (!door) {
		return error_memory(err);
	}
	door->base = base;
	door->dispatch = dispatch;
	door->looked = clock_monotonic_ms() - LOOK_MS;
	for (size_t i = 0; i < ENTRANCES; i++) {
		door->entrances[i].fd = -1;
	}
	if (has_socket) {
		status = open_socket(door, settings->metrics_socket, err);
	}
	if (status == STATUS_OK && has_port) {
		status = open_port(door, (uint16_t)settings->metrics_port, err);
	}
	if (status != STATUS_OK) {
		metrics_door_free(door);
		return status;
	}
	log_event(LOG_INFO, "metrics-told", log_text("socket", settings->metrics_socket),
		  log_number("port", settings->metrics_port));
	*out = door;
	return STATUS_OK;
}

void metrics_door_stop(struct metrics_door *door)
{
	if (!door) {
		return;
	}
	door->stopped = true;
	for (size_t i = 0; i < CALLERS; i++) {
		caller_leave(&door->callers[i]);
	}
	for (size_t i = 0; i < ENTRANCES; i++) {
		if (door->entrances[i].readable) {
			event_free(door->entrances[i].readable);
			door->entrances[i].readable = NULL;
		}
		if (door->entrances[i].fd >= 0) {
			close(door->entrances[i].fd);
			door->entrances[i].fd = -1;
		}
	}
}

/* Removes the socket, unless somebody has put another in its place. */
void metrics_door_free(struct metrics_door *door)
{
	struct stat there;

	if (!door) {
		return;
	}
	metrics_door_stop(door);
	if (door->path[0] != '\0' && lstat(door->path, &there) == 0 && there.st_ino == door->made.st_ino &&
	    there.st_dev == door->made.st_dev) {
		unlink(door->path);
	}
	free(door);
}
