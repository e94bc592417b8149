/* A server's end of connections whose messages the test itself takes, for the tests of connections. */
#ifndef SAFER_TESTS_UNIT_READY_H
#define SAFER_TESTS_UNIT_READY_H

#include "common/clock.h"
#include "tests/support/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t ping[] = {0x94, 0x00, 0x01, 0xa1, 'p', 0x91, 0x80};

struct ready {
	struct wire *wire;
	struct wire_peer *peer;
	size_t messages;
	size_t bytes;
	uint32_t begun; /* requests that were begun and not ended */
	bool begins;    /* counts each message as a request in flight */
	bool answers;   /* with the same bytes */
};

static inline void take(struct wire *wire, struct connection *connection, struct span bytes)
{
	struct ready *ready = wire->payload;

	ready->messages++;
	ready->bytes += bytes.length;
	if (ready->begins) {
		assert_true(connection_begin(connection, ready->begun++));
	}
	if (ready->answers) {
		connection_send(connection, bytes);
	}
}

static inline int ready_setup(void **state)
{
	struct ready *ready = calloc(1, sizeof(*ready));
	void *wire = NULL;

	if (!ready || wire_setup(&wire) != 0) {
		return -1;
	}
	ready->wire = wire;
	ready->wire->payload = ready;
	ready->wire->take = take;
	*state = ready;
	return 0;
}

static inline int ready_teardown(void **state)
{
	struct ready *ready = *state;
	void *wire = ready->wire;

	free(ready);
	return wire_teardown(&wire);
}

static inline struct limits *limits_of(struct ready *ready)
{
	return &ready->wire->server->settings.limits;
}

/* One message of `length` bytes, to be sent to a peer. */
static inline void send_bin(struct connection *connection, uint32_t length)
{
	uint8_t *bytes = calloc(1, length);

	assert_non_null(bytes);
	bytes[0] = 0xc6;
	bytes[1] = (uint8_t)((length - 5) >> 24);
	bytes[2] = (uint8_t)((length - 5) >> 16);
	bytes[3] = (uint8_t)((length - 5) >> 8);
	bytes[4] = (uint8_t)(length - 5);
	connection_send(connection, (struct span){bytes, length});
	free(bytes);
}

/* Looks at deadlines as if that much time had passed. */
static inline void after(struct ready *ready, int64_t ms)
{
	connections_check(ready->wire->connections, clock_monotonic_ms() + ms);
}

#define READY_TEST(name) cmocka_unit_test_setup_teardown(name, ready_setup, ready_teardown)

#endif
