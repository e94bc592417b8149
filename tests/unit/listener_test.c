/* The door on a real socket: whom it lets in, and that it rests when it can let nobody in. */
#include "server/listener.h"

#include "common/clock.h"
#include "tests/support/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLERS_MOST 64

struct door {
	struct wire *wire;
	int callers[CALLERS_MOST]; /* our ends */
	size_t count;
};

static struct door door;

static int setup(void **state)
{
	void *wire = NULL;
	struct error err = ERROR_INIT;

	memset(&door, 0, sizeof(door));
	if (wire_setup(&wire) != 0) {
		return -1;
	}
	door.wire = wire;
	*state = wire;
	assert_int_equal(listener_new(door.wire->base, door.wire->connections, door.wire->tls,
				      &door.wire->server->settings.limits, "127.0.0.1", 0,
				      &door.wire->listener, &err),
			 STATUS_OK);
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < door.count; i++) {
		if (door.callers[i] >= 0) {
			close(door.callers[i]);
		}
	}
	return wire_teardown(state);
}

static struct limits *limits(void)
{
	return &door.wire->server->settings.limits;
}

/* A peer that connects and says nothing. */
static size_t call(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && door.count < CALLERS_MOST);
	address.sin_port = htons(listener_port(door.wire->listener));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	door.callers[door.count] = fd;
	return door.count++;
}

static bool turned_away(size_t caller)
{
	char byte;
	ssize_t got = read(door.callers[caller], &byte, 1);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t inside(void)
{
	return connections_count(door.wire->connections);
}

/* ---- the tests ---- */

static void says_where_it_listens(void **state)
{
	char expected[LISTENER_WHERE];

	(void)state;
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", (unsigned)listener_port(door.wire->listener));
	assert_string_equal(listener_where(door.wire->listener), expected);
	assert_true(listener_port(door.wire->listener) > 0);
}

static void writes_an_address_of_ipv6_in_brackets(void **state)
{
	struct listener *listener = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(listener_new(door.wire->base, door.wire->connections, door.wire->tls, limits(),
				      "::1", 0, &listener, &err),
			 STATUS_OK);
	assert_int_equal(strncmp(listener_where(listener), "[::1]:", 6), 0);
	listener_free(listener);
}

static void says_when_the_port_is_taken(void **state)
{
	struct listener *listener = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(listener_new(door.wire->base, door.wire->connections, door.wire->tls, limits(),
				      "127.0.0.1", listener_port(door.wire->listener), &listener, &err),
			 STATUS_FAILED);
	assert_non_null(strstr(err.message, "cannot listen on 127.0.0.1"));
	assert_non_null(strstr(err.hint, "port"));
}

static void lets_nobody_in_before_it_is_opened(void **state)
{
	(void)state;
	call();
	wire_turns(door.wire, 5);
	assert_int_equal(inside(), 0);
	listener_open(door.wire->listener);
	wire_until(door.wire, inside() == 1);
}

static void turns_away_one_more_than_may_come_from_an_address(void **state)
{
	size_t last;

	(void)state;
	limits()->connections_per_address = 3;
	listener_open(door.wire->listener);
	for (int i = 0; i < 3; i++) {
		call();
	}
	wire_until(door.wire, inside() == 3);
	last = call();
	wire_until(door.wire, turned_away(last));
	assert_int_equal(inside(), 3);
	close(door.callers[0]);
	door.callers[0] = -1;
	wire_until(door.wire, inside() == 2);
	last = call();
	wire_until(door.wire, inside() == 3);
	assert_false(turned_away(last));
}

static void turns_away_one_more_than_there_may_be(void **state)
{
	size_t last;

	(void)state;
	limits()->connections = 2;
	listener_open(door.wire->listener);
	call();
	call();
	wire_until(door.wire, inside() == 2);
	last = call();
	wire_until(door.wire, turned_away(last));
	assert_int_equal(inside(), 2);
}

static void waits_while_enough_handshakes_are_under_way(void **state)
{
	(void)state;
	limits()->handshakes = 2;
	listener_open(door.wire->listener);
	for (int i = 0; i < 3; i++) {
		call();
	}
	wire_until(door.wire, inside() == 2);
	wire_turns(door.wire, 20);
	assert_int_equal(inside(), 2);
	assert_false(turned_away(2)); /* it is not refused: it waits */
	connections_check(door.wire->connections, clock_monotonic_ms() + 6000);
	wire_until(door.wire, turned_away(0) && turned_away(1));
	wire_until(door.wire, inside() == 1);
}

static void takes_only_so_many_in_one_turn(void **state)
{
	(void)state;
	listener_open(door.wire->listener);
	for (int i = 0; i < 20; i++) {
		call();
	}
	event_base_loop(door.wire->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(inside(), 4);
	wire_until(door.wire, inside() == 20);
}

static void rests_when_there_are_no_descriptors_and_comes_back(void **state)
{
	struct rlimit before;
	struct rlimit few;
	size_t caller;
	int rounds = 0;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	listener_open(door.wire->listener);
	caller = call();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)door.callers[caller] + 1; /* nothing above what is open now */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	wire_until(door.wire, turned_away(caller));
	assert_int_equal(inside(), 0);
	/* While it rests, the loop has nothing to do for it: a caller that waits does not wake it. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	caller = call();
	event_base_loop(door.wire->base, EVLOOP_NONBLOCK);
	assert_int_equal(inside(), 0);
	while (inside() == 0 && rounds < 100) {
		event_base_loop(door.wire->base, EVLOOP_ONCE);
		rounds++;
	}
	assert_true(rounds <= 3);
	assert_false(turned_away(caller));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_where_it_listens),
		TEST(writes_an_address_of_ipv6_in_brackets),
		TEST(says_when_the_port_is_taken),
		TEST(lets_nobody_in_before_it_is_opened),
		TEST(turns_away_one_more_than_may_come_from_an_address),
		TEST(turns_away_one_more_than_there_may_be),
		TEST(waits_while_enough_handshakes_are_under_way),
		TEST(takes_only_so_many_in_one_turn),
		TEST(rests_when_there_are_no_descriptors_and_comes_back),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
