/* The gate with two devices in front of it, an administrator's and a board member's; for the tests of the gate. */
#ifndef SAFER_TESTS_UNIT_GATE_H
#define SAFER_TESTS_UNIT_GATE_H

#include "common/clock.h"
#include "tests/support/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct params { /* a map being packed */
	struct buffer bytes;
	size_t header;
	size_t count;
};

static inline struct params begin(void)
{
	struct params params = {.count = 0};

	buffer_init(&params.bytes, 65536);
	params.header = codec_map_begin(&params.bytes);
	return params;
}

static inline void with_int(struct params *params, const char *name, int64_t value)
{
	codec_pair_int(&params->bytes, name, value);
	params->count++;
}

static inline void with_text(struct params *params, const char *name, const char *value)
{
	codec_pair_text(&params->bytes, name, value);
	params->count++;
}

static inline const struct wire_message *ask(struct wire_peer *peer, uint32_t id, const char *method,
					     struct params params)
{
	codec_map_end(&params.bytes, params.header, params.count);
	wire_ask_with(peer, id, method, buffer_span(&params.bytes));
	buffer_release(&params.bytes);
	return wire_reply(peer, id);
}

static inline const struct wire_message *say_hello(struct wire_peer *peer, uint32_t id)
{
	struct params params = begin();

	with_int(&params, "protocol", PROTOCOL_VERSION);
	return ask(peer, id, "hello", params);
}

struct gate {
	struct wire *wire;
	struct fixture_device *administrator;
	struct fixture_device *member;
};

static struct gate gate;

static inline int setup(void **state)
{
	void *wire = NULL;

	if (wire_setup(&wire) != 0) {
		return -1;
	}
	gate.wire = wire;
	gate.administrator = fixture_administrator(gate.wire->server);
	gate.member = fixture_member(gate.wire->server, "Debra Tedds", "board", "member");
	*state = wire;
	return 0;
}

static inline int teardown(void **state)
{
	return wire_teardown(state);
}

static inline struct wire_peer *enter(const struct fixture_device *device)
{
	if (!gate.wire->dispatch.writer) {
		wire_start_workers(gate.wire);
	}
	return wire_connect(gate.wire, wire_member(gate.wire, device));
}

/* Waits until the workers have done everything, then looks into the store. */
static inline size_t entries(const char *what)
{
	struct dispatch *dispatch = &gate.wire->dispatch;

	wire_until(gate.wire, worker_waiting(dispatch->reader) == 0 && worker_waiting(dispatch->writer) == 0);
	return fixture_entries(gate.wire->server, gate.wire->server->partnership, what);
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
