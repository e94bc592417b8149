/* The load: connections by the hundred over real mutual TLS, from one thread.
 *
 * Closed loop: each connection has one request in flight, and the next follows its answer. Open loop: requests are due
 * at a steady rate whether the server keeps up or not, and their time counts from when they were due, so that a server
 * that stalls is not asked less. */
#ifndef SAFER_TESTS_BENCH_GENERATOR_H
#define SAFER_TESTS_BENCH_GENERATOR_H

#include "common/buffer.h"
#include "protocol/scanner.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_RECORDS 32 /* that one connection edits in turn */

enum operation { OPERATION_HELLO, OPERATION_READ, OPERATION_EDIT, OPERATION_LIST, OPERATION_WATCH };

enum shape { SHAPE_REQUESTS, SHAPE_WATCH, SHAPE_HANDSHAKES, SHAPE_IDLE, SHAPE_START };

struct work { /* what one measurement does */
	enum shape shape;
	enum operation operation; /* of SHAPE_REQUESTS */
	int connections;
	int milliseconds; /* measured; SHAPE_WATCH counts rounds instead, one for each 50 */
	double rate;      /* requests a second of an open loop; 0: closed */
};

struct measured {
	double rate;         /* answers or handshakes a second */
	double p50, p99;     /* microseconds; of SHAPE_WATCH from sending the edit to the last notice */
	double answered;     /* microseconds; of SHAPE_WATCH from sending the edit to its answer, median */
	double cpu;          /* microseconds of the server for each */
	double kib;          /* of SHAPE_IDLE, of the server for each connection */
	double milliseconds; /* of SHAPE_START, from the process to its first answer */
	int64_t errors;
};

struct peer;

struct answer {
	bool notice;
	bool good;
	int64_t revision; /* of an answer to OPERATION_READ; 0: not said */
};

struct driver {
	const char *alpn; /* NULL: none */
	/* Appends a request to peer->out. */
	void (*ask)(struct peer *peer, enum operation operation);
	/* How long the first message of peer->in is; 0: not whole yet, or no message at all (then *broken). */
	size_t (*take)(struct peer *peer, struct answer *answer, bool *broken);
};

struct target {
	const char *name;
	const struct driver *driver;
	const char *folder; /* with the devices and the authority */
	uint16_t port;
	pid_t pid;
};

/* The lengths of the server's own messages, which the echo is asked to repeat. */
struct lengths {
	uint32_t request, answer, notice;
};
extern struct lengths echo_lengths[]; /* by operation */
extern const struct driver driver_safer, driver_echo;

enum peer_state { PEER_CONNECTING, PEER_SHAKING, PEER_PREPARING, PEER_READY, PEER_CLOSED };

struct peer {
	int index, fd;
	SSL *ssl;
	enum peer_state state;
	bool wants_write, busy;
	enum operation operation; /* in flight */
	struct buffer in, out;
	size_t sent;
	int64_t asked; /* nanoseconds */
	/* of driver_safer */
	struct scanner scanner;
	size_t scanned;
	uint32_t message;
	size_t list_bytes; /* of a list, once it was read with care */
	/* what it asks for */
	int64_t record; /* number, from 1 */
	int64_t records[PEER_RECORDS], revisions[PEER_RECORDS];
	int record_count, turn, prepared;
};

/* False, with a line on stderr, when it could not be measured. */
bool generate(const struct target *target, const struct work *work, struct measured *out);

/* The first answer of a server that may not listen yet. */
bool generate_first(const struct target *target);

int64_t now_ns(void);
uint64_t draw(void); /* pseudo-random */

#endif
