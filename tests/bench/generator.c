/* Connections on an epoll, their handshakes and bytes, and what they ask for when. */
#include "tests/bench/generator.h"

#include "tests/bench/data.h"
#include "tests/bench/processes.h"

#include "protocol/version.h"
#include "server/identity/authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS         256
#define READ_BYTES     65536
#define OPENING_MOST   32 /* handshakes at once while a measurement is prepared */
#define WARM_NS        (INT64_C(300) * 1000000)
#define PATIENCE_NS    (INT64_C(60) * 1000000000)
#define ROUND_NS       (INT64_C(50) * 1000000)
#define STEPS          64 /* of the histogram in each power of two */
#define ROUNDS_MOST    1000
#define IDLE_BASE      50 /* connections that are there before memory is counted */
#define IDLE_SETTLE_NS (INT64_C(1500) * 1000000)

struct run {
	const struct target *target;
	const struct work *work;
	struct measured *out;
	int epoll;
	struct peer *peers;
	int count, opened, ready;
	int limit; /* of `opened`, for now */
	bool measuring, failed;
	int64_t begun, end; /* nanoseconds */
	int64_t cpu;        /* of the server when the measurement began, microseconds */
	int64_t done, issued;
	uint32_t histogram[STEPS * 64];
	/* SHAPE_WATCH */
	int64_t sent_at, answered_at, last_at;
	int notices, rounds;
	double whole[ROUNDS_MOST], answered[ROUNDS_MOST];
};

int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

uint64_t draw(void)
{
	static uint64_t state;

	if (state == 0) {
		state = (uint64_t)now_ns() | 1;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* ---- the histogram ---- */

static void histogram_add(struct run *run, int64_t ns)
{
	uint64_t value = ns > 0 ? (uint64_t)ns : 1;
	int power = value < STEPS ? 0 : 63 - __builtin_clzll(value) - 5;

	run->histogram[power * STEPS + (int)(value >> power)]++;
}

static double histogram_at(const struct run *run, double part)
{
	double wanted = part * (double)run->done;
	double seen = 0;

	for (int i = 0; i < STEPS * 64; i++) {
		seen += run->histogram[i];
		if (seen > wanted) {
			return (double)((uint64_t)(i % STEPS) << (i / STEPS)) / 1000;
		}
	}
	return 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double part_of(double *values, int count, double part)
{
	qsort(values, (size_t)count, sizeof(*values), compare_doubles);
	return count > 0 ? values[(int)(part * (count - 1) + 0.5)] : 0;
}

/* ---- who each connection is ---- */

/* Readers are spread over all partnerships, editors and watchers are people of the first. */
static void choose_device(const struct run *run, const struct peer *peer, int *partnership, int *seat)
{
	bool writer = run->work->shape == SHAPE_WATCH && peer->index == run->count - 1;
	bool edits = run->work->shape == SHAPE_REQUESTS && run->work->operation == OPERATION_EDIT;

	if (writer) {
		*partnership = 0;
		*seat = 0;
	} else if (edits) {
		*partnership = 0;
		*seat = peer->index % DATA_OFFICERS;
	} else if (run->work->shape == SHAPE_WATCH || run->work->shape == SHAPE_IDLE) {
		*partnership = 0;
		*seat = peer->index % (DATA_OFFICERS + DATA_SCRUTINY);
	} else {
		*partnership = peer->index % DATA_PARTNERSHIPS;
		*seat = peer->index % 2 == 0 ? 0 : DATA_OFFICERS;
	}
}

static SSL_CTX *context_for(const struct target *target, int partnership, int seat)
{
	static SSL_CTX *made[DATA_PARTNERSHIPS][DATA_OFFICERS + DATA_SCRUTINY];
	SSL_CTX **context = &made[partnership][seat];
	char groups[] = TLS_GROUPS;
	char path[4096];

	if (*context) {
		return *context;
	}
	*context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(*context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(*context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_min_proto_version(*context, TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(*context, TLS_SUITES);
	SSL_CTX_set1_groups_list(*context, groups);
	SSL_CTX_set_read_ahead(*context, 1);
	SSL_CTX_set_verify(*context, SSL_VERIFY_PEER, NULL);
	snprintf(path, sizeof(path), "%s/" AUTHORITY_CERT, target->folder);
	SSL_CTX_load_verify_locations(*context, path, NULL);
	snprintf(path, sizeof(path), DATA_DEVICE_PATH, target->folder, partnership, seat);
	if (SSL_CTX_use_certificate_file(*context, path, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(*context, path, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "safer-bench: %s cannot be used\n", path);
	}
	return *context;
}

/* Each connection edits records of its own, which belong to its person's authority: every second one does. */
static void choose_records(const struct run *run, struct peer *peer)
{
	bool edits = run->work->operation == OPERATION_EDIT && run->work->shape == SHAPE_REQUESTS;
	int half = edits ? (run->count + 1) / 2 : 1; /* the one that watchers are told of edits alone */
	int most = DATA_ACTIONS / 2 / half;
	int index = edits ? peer->index : 0;

	peer->record_count = most < PEER_RECORDS ? most : PEER_RECORDS;
	for (int i = 0; i < peer->record_count; i++) {
		peer->records[i] = (index / 2 + i * half) * 2 + index % 2 + 1;
		peer->revisions[i] = 0;
	}
}

/* ---- bytes ---- */

static void fail(struct run *run, struct peer *peer, const char *what)
{
	if (!run->failed) {
		fprintf(stderr, "safer-bench: %s, connection %d: %s\n", run->target->name, peer->index, what);
	}
	run->out->errors++;
	run->failed = true;
}

static void close_peer(struct peer *peer)
{
	if (peer->state == PEER_CLOSED) {
		return;
	}
	if (peer->ssl) {
		SSL_shutdown(peer->ssl);
		SSL_free(peer->ssl);
		ERR_clear_error();
	}
	close(peer->fd);
	buffer_release(&peer->in);
	buffer_release(&peer->out);
	*peer = (struct peer){.index = peer->index, .state = PEER_CLOSED, .fd = -1};
}

/* From a different loopback address each time, so that no ports run out. */
static bool open_peer(struct run *run, struct peer *peer)
{
	static uint32_t source;
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = peer};
	const int one = 1;
	int partnership = 0;
	int seat = 0;

	choose_device(run, peer, &partnership, &seat);
	*peer = (struct peer){.index = peer->index, .state = PEER_CONNECTING, .wants_write = true};
	choose_records(run, peer);
	buffer_init(&peer->in, 1 << 26);
	buffer_init(&peer->out, 1 << 20);
	peer->asked = now_ns();
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(peer->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	from.sin_addr.s_addr = htonl(0x7f000002U + source++ % 200);
	to.sin_port = htons(run->target->port);
	if (bind(peer->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    (connect(peer->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)) {
		return false;
	}
	peer->ssl = SSL_new(context_for(run->target, partnership, seat));
	SSL_set_fd(peer->ssl, peer->fd);
	SSL_set_connect_state(peer->ssl);
	if (run->target->driver->alpn) {
		unsigned char offer[32];
		size_t length = strlen(run->target->driver->alpn);

		offer[0] = (unsigned char)length;
		memcpy(offer + 1, run->target->driver->alpn, length);
		SSL_set_alpn_protos(peer->ssl, offer, (unsigned)length + 1);
	}
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, peer->fd, &event) == 0;
}

static void wait_write(struct run *run, struct peer *peer, bool write)
{
	struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = peer};

	if (peer->wants_write != write) {
		epoll_ctl(run->epoll, EPOLL_CTL_MOD, peer->fd, &event);
		peer->wants_write = write;
	}
}

static void flush_peer(struct run *run, struct peer *peer)
{
	while (peer->sent < peer->out.length) {
		int put = SSL_write(peer->ssl, peer->out.data + peer->sent,
				    (int)(peer->out.length - peer->sent));

		if (put <= 0) {
			if (SSL_get_error(peer->ssl, put) != SSL_ERROR_WANT_WRITE) {
				fail(run, peer, "its request could not be sent");
			}
			wait_write(run, peer, true);
			return;
		}
		peer->sent += (size_t)put;
	}
	buffer_clear(&peer->out);
	peer->sent = 0;
	wait_write(run, peer, false);
}

/* ---- what is asked when ---- */

static void ask(struct run *run, struct peer *peer, enum operation operation, int64_t at)
{
	peer->busy = true;
	peer->operation = operation;
	peer->asked = at;
	run->target->driver->ask(peer, operation);
	flush_peer(run, peer);
}

static void ask_next(struct run *run, struct peer *peer, int64_t at)
{
	if (run->work->operation == OPERATION_READ) {
		peer->record = 1 + (int64_t)(draw() % DATA_ACTIONS);
	}
	ask(run, peer, run->work->operation, at);
}

/* What has to be known before a connection can begin: revisions, the length of a list, the watch. */
static void prepare(struct run *run, struct peer *peer)
{
	const struct work *work = run->work;
	bool writer = work->shape == SHAPE_WATCH && peer->index == run->count - 1;
	bool edits = writer || (work->shape == SHAPE_REQUESTS && work->operation == OPERATION_EDIT);
	bool watches = !writer && (work->shape == SHAPE_WATCH || work->shape == SHAPE_IDLE);

	peer->state = PEER_PREPARING;
	if (edits && peer->prepared < peer->record_count) {
		peer->record = peer->records[peer->prepared];
		ask(run, peer, OPERATION_READ, now_ns());
	} else if (work->shape == SHAPE_START && peer->prepared == 0) {
		peer->record = 1 + (int64_t)(draw() % DATA_ACTIONS);
		ask(run, peer, OPERATION_READ, now_ns());
	} else if (watches && peer->prepared == 0) {
		ask(run, peer, OPERATION_WATCH, now_ns());
	} else if (work->shape == SHAPE_REQUESTS && work->operation == OPERATION_LIST &&
		   peer->prepared == 0) {
		ask(run, peer, OPERATION_LIST, now_ns());
	} else {
		peer->state = PEER_READY;
		run->ready++;
	}
}

static void end_round(struct run *run)
{
	if (run->answered_at == 0 || run->notices < run->count - 1) {
		return;
	}
	run->whole[run->rounds] = (double)(run->last_at - run->sent_at) / 1000;
	run->answered[run->rounds] = (double)(run->answered_at - run->sent_at) / 1000;
	run->rounds++;
	run->sent_at = 0;
}

static void take_notice(struct run *run)
{
	if (run->sent_at != 0) {
		run->notices++;
		run->last_at = now_ns();
		end_round(run);
	}
}

static void take_prepared(struct run *run, struct peer *peer, const struct answer *answer)
{
	if (peer->operation == OPERATION_READ) {
		peer->revisions[peer->prepared] = answer->revision;
	}
	if (peer->operation != OPERATION_HELLO) {
		peer->prepared++;
	} else if (run->work->shape == SHAPE_HANDSHAKES) {
		histogram_add(run, now_ns() - peer->asked);
		run->done++;
		close_peer(peer);
		if (!open_peer(run, peer)) {
			fail(run, peer, "cannot connect");
		}
		return;
	}
	prepare(run, peer);
}

static void take_answer(struct run *run, struct peer *peer, const struct answer *answer)
{
	int64_t now = now_ns();

	peer->busy = false;
	if (!answer->good) {
		fail(run, peer, "its request was refused");
		return;
	}
	if (peer->state == PEER_PREPARING) {
		take_prepared(run, peer, answer);
		return;
	}
	if (peer->operation == OPERATION_EDIT) {
		peer->revisions[peer->turn++ % peer->record_count]++;
	}
	if (run->work->shape == SHAPE_WATCH) {
		run->answered_at = now;
		end_round(run);
		return;
	}
	if (run->measuring) {
		histogram_add(run, now - peer->asked);
		run->done++;
	}
	if (run->work->rate == 0 && run->end != 0) {
		ask_next(run, peer, now);
	}
}

static bool take_messages(struct run *run, struct peer *peer)
{
	int fd = peer->fd;
	size_t at = 0;

	while (peer->in.length > 0) {
		struct answer answer = {.notice = false};
		bool broken = false;
		size_t length = run->target->driver->take(peer, &answer, &broken);

		if (broken) {
			fail(run, peer, "it sent what is no message");
		}
		if (length == 0) {
			break;
		}
		at = length;
		buffer_consume(&peer->in, at);
		if (answer.notice) {
			take_notice(run);
		} else {
			take_answer(run, peer, &answer);
		}
		if (peer->fd != fd || peer->state < PEER_PREPARING || peer->state == PEER_CLOSED) {
			return false;
		}
	}
	return true;
}

static void read_peer(struct run *run, struct peer *peer)
{
	for (;;) {
		uint8_t *room = buffer_reserve(&peer->in, READ_BYTES);
		int got = room ? SSL_read(peer->ssl, room, READ_BYTES) : 0;

		if (got <= 0) {
			if (!room || SSL_get_error(peer->ssl, got) != SSL_ERROR_WANT_READ) {
				fail(run, peer, "the server closed it");
			}
			if (run->work->shape != SHAPE_REQUESTS && peer->in.length == 0) {
				buffer_release(&peer->in);
			}
			return;
		}
		peer->in.length += (size_t)got;
		if (!take_messages(run, peer) || run->failed) {
			return;
		}
	}
}

static void shake_hands(struct run *run, struct peer *peer)
{
	int result = SSL_connect(peer->ssl);
	int error = SSL_get_error(peer->ssl, result);

	if (result == 1) {
		int64_t begun = peer->asked;

		wait_write(run, peer, false);
		peer->state = PEER_PREPARING;
		ask(run, peer, OPERATION_HELLO, begun);
	} else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		wait_write(run, peer, error == SSL_ERROR_WANT_WRITE);
	} else {
		fail(run, peer, "its handshake failed");
	}
}

static void on_event(struct run *run, struct peer *peer, uint32_t events)
{
	if (peer->state == PEER_CONNECTING || peer->state == PEER_SHAKING) {
		peer->state = PEER_SHAKING;
		shake_hands(run, peer);
		if (peer->state == PEER_SHAKING) {
			return;
		}
	}
	if (events & EPOLLOUT) {
		flush_peer(run, peer);
	}
	read_peer(run, peer);
}

/* ---- the course of a measurement ---- */

static void open_some(struct run *run)
{
	while (run->opened < run->limit && run->opened - run->ready < OPENING_MOST && !run->failed) {
		if (!open_peer(run, &run->peers[run->opened++])) {
			fail(run, &run->peers[run->opened - 1], "cannot connect");
		}
	}
}

static void turn_epoll(struct run *run, int milliseconds)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(run->epoll, events, EVENTS, milliseconds);

	for (int i = 0; i < count && !run->failed; i++) {
		struct peer *peer = events[i].data.ptr;

		if (peer->state != PEER_CLOSED) {
			on_event(run, peer, events[i].events);
		}
	}
}

static bool get_ready(struct run *run, int limit)
{
	int64_t begun = now_ns();

	run->limit = limit;
	while (run->ready < limit && !run->failed && now_ns() - begun < PATIENCE_NS) {
		open_some(run);
		turn_epoll(run, 100);
	}
	if (run->ready < limit && !run->failed) {
		fail(run, &run->peers[0], "not all connections got ready");
	}
	return !run->failed;
}

static void begin(struct run *run)
{
	run->measuring = true;
	run->done = 0;
	memset(run->histogram, 0, sizeof(run->histogram));
	run->begun = now_ns();
	run->cpu = process_cpu(run->target->pid);
	run->end = run->begun + (int64_t)run->work->milliseconds * 1000000;
}

static void finish(struct run *run)
{
	double seconds = (double)(now_ns() - run->begun) / 1e9;

	run->out->rate = (double)run->done / seconds;
	run->out->p50 = histogram_at(run, 0.5);
	run->out->p99 = histogram_at(run, 0.99);
	run->out->cpu =
		run->done > 0 ? (double)(process_cpu(run->target->pid) - run->cpu) / (double)run->done : 0;
}

/* Those that are due: as many as the rate says by now, each on a connection that is free. */
static void issue_due(struct run *run)
{
	double interval = 1e9 / run->work->rate;
	int at = 0;

	for (;;) {
		int64_t due = run->begun + (int64_t)((double)run->issued * interval);

		while (at < run->count && run->peers[at].busy) {
			at++;
		}
		if (at == run->count || due > now_ns()) {
			return;
		}
		run->issued++;
		ask_next(run, &run->peers[at], due);
	}
}

static void run_requests(struct run *run)
{
	int64_t warm = now_ns() + WARM_NS;

	run->end = INT64_MAX;
	for (int i = 0; run->work->rate == 0 && i < run->count; i++) {
		ask_next(run, &run->peers[i], now_ns());
	}
	while (!run->failed && now_ns() < run->end) {
		if (!run->measuring && (now_ns() >= warm || run->work->rate > 0)) {
			begin(run);
		}
		if (run->work->rate > 0) {
			issue_due(run);
		}
		turn_epoll(run, run->work->rate > 0 ? 0 : 5);
	}
	finish(run);
}

static void run_watch(struct run *run)
{
	struct peer *writer = &run->peers[run->count - 1];
	int rounds = run->work->milliseconds / 50;
	int64_t next = now_ns() + WARM_NS;

	begin(run);
	while (!run->failed && run->rounds < rounds && run->rounds < ROUNDS_MOST) {
		if (run->sent_at == 0 && now_ns() >= next) {
			next = now_ns() + ROUND_NS;
			run->notices = 0;
			run->answered_at = 0;
			run->sent_at = now_ns();
			ask(run, writer, OPERATION_EDIT, run->sent_at);
		} else if (run->sent_at != 0 && now_ns() - run->sent_at > PATIENCE_NS) {
			fail(run, writer, "not all watchers were told");
		}
		turn_epoll(run, 1);
	}
	run->done = (int64_t)run->rounds * (run->count - 1);
	finish(run);
	run->out->p50 = part_of(run->whole, run->rounds, 0.5);
	run->out->p99 = part_of(run->whole, run->rounds, 0.99);
	run->out->answered = part_of(run->answered, run->rounds, 0.5);
}

static void run_handshakes(struct run *run)
{
	int64_t warm = now_ns() + WARM_NS;

	run->end = INT64_MAX;
	for (run->opened = 0; run->opened < run->count; run->opened++) {
		if (!open_peer(run, &run->peers[run->opened])) {
			fail(run, &run->peers[run->opened], "cannot connect");
		}
	}
	while (!run->failed && now_ns() < run->end) {
		if (!run->measuring && now_ns() >= warm) {
			begin(run);
		}
		turn_epoll(run, 5);
	}
	finish(run);
}

static void settle(struct run *run)
{
	int64_t until = now_ns() + IDLE_SETTLE_NS;

	while (!run->failed && now_ns() < until) {
		turn_epoll(run, 50);
	}
}

static void run_idle(struct run *run)
{
	int64_t base;

	if (!get_ready(run, IDLE_BASE)) {
		return;
	}
	settle(run);
	base = process_memory(run->target->pid);
	if (get_ready(run, run->count)) {
		settle(run);
		run->out->kib = (double)(process_memory(run->target->pid) - base) / (run->count - IDLE_BASE);
	}
}

bool generate(const struct target *target, const struct work *work, struct measured *out)
{
	struct run *run = calloc(1, sizeof(*run));
	bool good;

	*out = (struct measured){0};
	if (!run) {
		return false;
	}
	run->target = target;
	run->work = work;
	run->out = out;
	run->count = work->connections + (work->shape == SHAPE_WATCH  ? 1
					  : work->shape == SHAPE_IDLE ? IDLE_BASE
								      : 0);
	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	run->peers = calloc((size_t)run->count, sizeof(*run->peers));
	for (int i = 0; run->peers && i < run->count; i++) {
		run->peers[i] = (struct peer){.index = i, .state = PEER_CLOSED, .fd = -1};
	}
	if (!run->peers || run->epoll < 0) {
		run->failed = true;
	} else if (work->shape == SHAPE_HANDSHAKES) {
		run_handshakes(run);
	} else if (work->shape == SHAPE_IDLE) {
		run_idle(run);
	} else if (get_ready(run, run->count) && work->shape != SHAPE_START) {
		(work->shape == SHAPE_WATCH ? run_watch : run_requests)(run);
	}
	for (int i = 0; run->peers && i < run->count; i++) {
		close_peer(&run->peers[i]);
	}
	close(run->epoll);
	free(run->peers);
	good = !run->failed;
	free(run);
	return good;
}

bool generate_first(const struct target *target)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct work work = {.shape = SHAPE_START, .connections = 1};
	struct measured ignored;
	int64_t begun = now_ns();
	bool open = false;

	to.sin_port = htons(target->port);
	while (!open && now_ns() - begun < PATIENCE_NS) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		open = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
		close(fd);
		if (!open) {
			usleep(1000);
		}
	}
	return open && generate(target, &work, &ignored);
}
