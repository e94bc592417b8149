/* Every limit of limits.def, reached and gone over by one. The table below is walked beside limits.def, so that a limit
 * without a test is a failing test. Whatever is a matter of time is told, never waited for. */
#include "common/log_quota.h"
#include "server/connection_internal.h"
#include "tests/unit/gate.h"
#include "tests/unit/rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLERS_MOST 8

static struct {
	int callers[CALLERS_MOST]; /* sockets of our own that talk to the listener */
	size_t caller_count;
	size_t messages; /* that came to take() */
	uint32_t begun;
} bounds;

static struct limits *limits(void)
{
	return &gate.wire->server->settings.limits;
}

static struct connections *all(void)
{
	return gate.wire->connections;
}

/* ---- peers ---- */

/* Keeps every message as a request that is not answered. */
static void take(struct wire *wire, struct connection *connection, struct span bytes)
{
	(void)wire;
	(void)bytes;
	bounds.messages++;
	assert_true(connection_begin(connection, bounds.begun++));
}

static struct wire_peer *stranger(void)
{
	return wire_connect(gate.wire, (struct wire_offer){.alpn = ALPN_ENROL});
}

static void open_listener(void)
{
	struct error err = ERROR_INIT;

	assert_int_equal(listener_new(gate.wire->base, all(), gate.wire->tls, limits(), "127.0.0.1", 0,
				      &gate.wire->listener, &err),
			 STATUS_OK);
	listener_open(gate.wire->listener);
}

static size_t call(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bounds.caller_count < CALLERS_MOST);
	address.sin_port = htons(listener_port(gate.wire->listener));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	bounds.callers[bounds.caller_count] = fd;
	return bounds.caller_count++;
}

static bool turned_away(size_t caller)
{
	char byte;
	ssize_t got = read(bounds.callers[caller], &byte, 1);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static const struct wire_message *whoami(struct wire_peer *peer, uint32_t id)
{
	wire_ask(peer, id, "whoami");
	return wire_reply(peer, id);
}

/* A request of that many bytes, whose method is none, with the message id 1. */
static const struct wire_message *say_bytes(struct wire_peer *peer, size_t length)
{
	uint8_t *bytes = calloc(1, length);
	size_t name = length - 8;

	assert_non_null(bytes);
	memcpy(bytes, "\x94\x00\x01\xda", 4);
	bytes[4] = (uint8_t)(name >> 8);
	bytes[5] = (uint8_t)name;
	memset(bytes + 6, 'x', name);
	memcpy(bytes + length - 2, "\x91\x80", 2);
	wire_send(peer, bytes, length);
	free(bytes);
	wire_until(gate.wire, peer->message_count > 0);
	return &peer->messages[0];
}

static void refused_unread(const struct wire_message *message, const struct wire_peer *peer)
{
	assert_int_equal(message->message.id, 0);
	assert_int_equal(message->status, STATUS_INVALID);
	wire_until(gate.wire, peer->goodbye);
}

static void ends_after(struct wire_peer *peer, int64_t seconds)
{
	wire_turns(gate.wire, 5);
	connections_check(all(), clock_monotonic_ms() + seconds * 1000 - 500);
	wire_turns(gate.wire, 5);
	assert_non_null(wire_connection(peer));
	assert_true(connection_state(wire_connection(peer)) <= CONNECTION_DRAINING);
	connections_check(all(), clock_monotonic_ms() + seconds * 1000 + 1);
	wire_until(gate.wire, !wire_connection(peer) || wire_ended(peer));
}

static void send_bytes(struct connection *connection, size_t length)
{
	uint8_t *bytes = calloc(1, length);

	assert_non_null(bytes);
	connection_send(connection, (struct span){bytes, length});
	free(bytes);
}

/* ---- messages ---- */

static void message_bytes(void)
{
	struct wire_peer *peer;

	limits()->message_bytes = 300;
	assert_int_equal(say_bytes(enter(gate.member), 300)->message.id, 1);
	peer = enter(gate.member);
	refused_unread(say_bytes(peer, 301), peer);
}

static void enrol_message_bytes(void)
{
	struct wire_peer *peer;

	limits()->enrol_message_bytes = 300;
	enter(gate.member); /* starts the workers */
	assert_int_equal(say_bytes(stranger(), 300)->message.id, 1);
	peer = stranger();
	refused_unread(say_bytes(peer, 301), peer);
}

/* [0, 1, "x", [{"y": ...}]] with so many lists in one another, so many values in the innermost. */
static const struct wire_message *say_nested(struct wire_peer *peer, size_t lists, size_t values)
{
	uint8_t bytes[64] = {0x94, 0x00, 0x01, 0xa1, 'x', 0x91, 0x81, 0xa1, 'y'};
	size_t length = 9;

	for (size_t i = 1; i < lists; i++) {
		bytes[length++] = 0x91;
	}
	bytes[length++] = (uint8_t)(0x90 | values);
	memset(bytes + length, 0x01, values);
	wire_send(peer, bytes, length + values);
	wire_until(gate.wire, peer->message_count > 0);
	return &peer->messages[0];
}

static void message_depth(void)
{
	struct wire_peer *peer;

	limits()->message_depth = 6; /* the message, its params, their map, and three lists */
	assert_int_equal(say_nested(enter(gate.member), 3, 1)->message.id, 1);
	peer = enter(gate.member);
	refused_unread(say_nested(peer, 4, 1), peer);
}

static void message_elements(void)
{
	struct wire_peer *peer;

	limits()->message_elements = 13; /* eight around them, and five values */
	assert_int_equal(say_nested(enter(gate.member), 1, 5)->message.id, 1);
	peer = enter(gate.member);
	refused_unread(say_nested(peer, 1, 6), peer);
}

static void requests_in_flight(void)
{
	struct wire_peer *peer;

	limits()->requests_in_flight = 2;
	gate.wire->take = take;
	peer = wire_join(gate.wire, 0);
	for (uint32_t id = 0; id < 3; id++) {
		wire_ask(peer, id, "x");
	}
	wire_until(gate.wire, bounds.messages == 2);
	wire_turns(gate.wire, 20);
	assert_int_equal(bounds.messages, 2);
	connection_end(wire_connection(peer), 0);
	wire_until(gate.wire, bounds.messages == 3);
}

/* ---- how often ---- */

static int64_t asks(struct wire_peer *peer, int64_t now_ms)
{
	int64_t count = 0;

	while (connections_may_ask(all(), wire_connection(peer), now_ms)) {
		count++;
	}
	return count;
}

static void requests_per_second(void)
{
	struct wire_peer *peer = enter(gate.member);
	int64_t now = clock_monotonic_ms();

	limits()->requests_per_second = 7;
	asks(peer, now);
	assert_int_equal(asks(peer, now + 1000), 7);
	assert_true(connections_may_ask(all(), wire_connection(enter(gate.administrator)), now + 1000));
}

static void requests_burst(void)
{
	struct wire_peer *peer = enter(gate.member);
	struct wire_peer *again;

	limits()->requests_per_second = 1;
	limits()->requests_burst = 3;
	for (uint32_t id = 1; id <= 3; id++) {
		assert_int_equal(whoami(peer, id)->status, STATUS_OK);
	}
	assert_int_equal(whoami(peer, 4)->status, STATUS_UNREACHABLE);
	assert_true(status_retry(wire_reply(peer, 4)->status));
	assert_non_null(strstr(wire_reply(peer, 4)->error.hint, "try again"));
	assert_false(wire_ended(peer));
	again = enter(gate.member); /* the same certificate, so the same bucket */
	assert_int_equal(whoami(again, 5)->status, STATUS_UNREACHABLE);
	assert_int_equal(connections_too_often(all(), OFTEN_ASK), 2);
	assert_int_equal(whoami(enter(gate.administrator), 1)->status, STATUS_OK);
}

/* All in one record, so that they are taken before the loop hears of the first one's end. */
static void waiting_calls(void)
{
	struct wire_peer *peer = enter(gate.member);
	struct buffer out;

	whoami(peer, 90);
	limits()->waiting_calls = 2;
	buffer_init(&out, 4096);
	for (uint32_t id = 1; id <= 3; id++) {
		message_put_request(&out, id, "whoami");
		codec_put_map(&out, 0);
	}
	wire_send(peer, out.data, out.length);
	buffer_release(&out);
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_OK);
	assert_int_equal(wire_reply(peer, 2)->status, STATUS_OK);
	assert_int_equal(wire_reply(peer, 3)->status, STATUS_UNREACHABLE);
	assert_int_equal(whoami(peer, 4)->status, STATUS_OK);
}

/* ---- answers that are not taken ---- */

static struct wire_peer *deaf(void)
{
	struct wire_peer *peer = wire_join(gate.wire, 8192);

	peer->deaf = true;
	return peer;
}

static void output_high_bytes(void)
{
	struct wire_peer *peer = deaf();

	limits()->output_high_bytes = 500000;
	send_bytes(wire_connection(peer), 500000);
	assert_false(connection_crowded(wire_connection(peer)));
	send_bytes(wire_connection(peer), 1);
	assert_true(connection_crowded(wire_connection(peer)));
}

static void output_bytes(void)
{
	struct wire_peer *peer = deaf();

	limits()->output_bytes = 500000;
	send_bytes(wire_connection(peer), 500000);
	assert_non_null(wire_connection(peer));
	send_bytes(wire_connection(peer), 1);
	assert_null(wire_connection(peer));
}

static void buffers_bytes(void)
{
	struct wire_peer *known = enter(gate.member);
	struct wire_peer *heavy;
	struct wire_peer *light;

	whoami(known, 1);
	assert_int_equal(connections_held(all()), 0);
	heavy = deaf();
	light = deaf();
	send_bytes(wire_connection(known), 40000);
	send_bytes(wire_connection(heavy), 30000);
	send_bytes(wire_connection(light), 10000);
	limits()->buffers_bytes = connections_held(all());
	send_bytes(wire_connection(light), 1); /* in room that is counted already */
	assert_non_null(wire_connection(heavy));
	send_bytes(wire_connection(light), 20000);
	assert_null(wire_connection(heavy)); /* not known, and heavier than the other */
	assert_non_null(wire_connection(light));
	assert_non_null(wire_connection(known));
}

/* Requests that wait count as well: a new one is told to come again. */
static void buffers_bytes_of_requests(void)
{
	struct wire_peer *peer = enter(gate.member);

	whoami(peer, 1);
	assert_int_equal(connections_held(all()), 0);
	connections_hold(all(), limits()->buffers_bytes / 4 * 3 - 100000);
	assert_int_equal(whoami(peer, 2)->status, STATUS_OK);
	connections_hold(all(), 100000);
	assert_int_equal(whoami(peer, 3)->status, STATUS_UNREACHABLE);
	connections_hold(all(), -limits()->buffers_bytes / 4 * 3);
	assert_int_equal(whoami(peer, 4)->status, STATUS_OK);
	assert_int_equal(connections_held(all()), 0);
}

/* ---- handshakes ---- */

static void handshakes(void)
{
	limits()->handshakes = 2;
	open_listener();
	for (int i = 0; i < 3; i++) {
		call();
	}
	wire_until(gate.wire, connections_handshakes(all()) == 2);
	wire_turns(gate.wire, 20);
	assert_int_equal(connections_handshakes(all()), 2);
	assert_false(turned_away(2)); /* it waits */
}

static void handshake_seconds(void)
{
	struct wire_peer *peer = wire_begin(gate.wire, (struct wire_offer){.alpn = ALPN_ENROL});

	limits()->handshake_seconds = 7;
	connections_check(all(), clock_monotonic_ms() + 6500);
	assert_non_null(wire_connection(peer));
	connections_check(all(), clock_monotonic_ms() + 7001);
	assert_null(wire_connection(peer));
}

static void change_key(struct wire_peer *peer)
{
	assert_int_equal(SSL_key_update(peer->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	SSL_do_handshake(peer->ssl);
	wire_turns(gate.wire, 3);
}

static void key_updates(void)
{
	struct wire_peer *peer;

	limits()->key_updates = 3;
	peer = wire_join(gate.wire, 0);
	for (int i = 0; i < 3; i++) {
		change_key(peer);
	}
	assert_non_null(wire_connection(peer));
	change_key(peer);
	assert_null(wire_connection(peer));
}

/* ---- patience ---- */

static void hello_seconds(void)
{
	limits()->hello_seconds = 7;
	ends_after(enter(gate.member), 7);
}

static void message_seconds(void)
{
	struct wire_peer *peer = enter(gate.member);

	limits()->message_seconds = 7;
	whoami(peer, 1);
	wire_send(peer, "\x94\x00", 2);
	ends_after(peer, 7);
}

static void idle_seconds(void)
{
	struct wire_peer *peer = enter(gate.member);

	limits()->idle_seconds = 7;
	whoami(peer, 1);
	ends_after(peer, 7);
}

static void close_seconds(void)
{
	struct wire_peer *peer = deaf();

	limits()->close_seconds = 7;
	send_bytes(wire_connection(peer), 500000);
	connections_drain_all(all(), "a test");
	ends_after(peer, 7);
}

/* ---- connections ---- */

static void counted_at_the_door(int64_t *limit)
{
	*limit = 2;
	open_listener();
	call();
	call();
	wire_until(gate.wire, connections_count(all()) == 2);
	wire_turns(gate.wire, 5);
	assert_false(turned_away(0) || turned_away(1));
	call();
	wire_until(gate.wire, turned_away(2));
	assert_int_equal(connections_count(all()), 2);
}

static void connections_most(void)
{
	counted_at_the_door(&limits()->connections);
}

static void connections_per_address(void)
{
	counted_at_the_door(&limits()->connections_per_address);
}

static void connections_burst(void)
{
	counted_at_the_door(&limits()->connections_burst);
	assert_int_equal(connections_too_often(all(), OFTEN_CONNECT), 1);
}

static void connections_per_credential(void)
{
	struct wire_peer *third;

	limits()->connections_per_credential = 2;
	assert_int_equal(whoami(enter(gate.member), 1)->status, STATUS_OK);
	assert_int_equal(whoami(enter(gate.member), 1)->status, STATUS_OK);
	third = enter(gate.member);
	assert_int_equal(wire_reply(third, 0)->status, STATUS_UNREACHABLE);
	wire_until(gate.wire, third->goodbye);
}

static int64_t connects(const struct sockaddr_storage *address, int64_t now_ms)
{
	int64_t count = 0;

	while (connections_may_connect(all(), address, now_ms)) {
		count++;
	}
	return count;
}

static void connections_per_second(void)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
	struct sockaddr_storage address = {0};
	struct sockaddr_storage other = {0};

	limits()->connections_per_second = 7;
	memcpy(&address, &v4, sizeof(v4));
	v4.sin_addr.s_addr = htonl(0xc0000202);
	memcpy(&other, &v4, sizeof(v4));
	connects(&address, 1);
	assert_int_equal(connects(&address, 1001), 7);
	assert_true(connections_may_connect(all(), &other, 1001));
}

static void enrol_connections_per_minute(void)
{
	struct wire_peer *peer = stranger();
	int64_t now = clock_monotonic_ms();
	int64_t count = 0;

	limits()->enrol_connections_per_minute = 7;
	while (connections_may_enrol(all(), wire_connection(peer), now)) {
	}
	while (connections_may_enrol(all(), wire_connection(peer), now + 60000)) {
		count++;
	}
	assert_int_equal(count, 7);
}

static void enrol_connections_burst(void)
{
	struct wire_peer *third;

	limits()->enrol_connections_burst = 2;
	limits()->enrol_connections_per_minute = 1;
	enter(gate.member); /* a signed-in device does not count here */
	assert_int_equal(say_bytes(stranger(), 100)->message.id, 1);
	assert_int_equal(say_bytes(stranger(), 100)->message.id, 1);
	third = stranger();
	assert_int_equal(wire_reply(third, 0)->status, STATUS_UNREACHABLE);
	assert_non_null(strstr(wire_reply(third, 0)->error.hint, "in a minute"));
	wire_until(gate.wire, third->goodbye);
	assert_int_equal(connections_too_often(all(), OFTEN_ENROL), 1);
	assert_int_equal(whoami(enter(gate.member), 1)->status, STATUS_OK);
}

static void enrol_requests(void)
{
	struct wire_peer *peer;

	limits()->enrol_requests = 3;
	enter(gate.member);
	peer = stranger();
	for (uint32_t id = 1; id <= 3; id++) {
		assert_false(wire_ended(peer));
		wire_ask(peer, id, "enrol");
		assert_int_equal(wire_reply(peer, id)->status, STATUS_INVALID);
	}
	wire_until(gate.wire, peer->goodbye);
}

/* ---- requests ---- */

static void watches_per_connection(void)
{
	struct wire_peer *peer = enter(gate.member);

	limits()->watches_per_connection = 2;
	for (uint32_t id = 1; id <= 3; id++) {
		wire_ask(peer, id, "watch");
		assert_int_equal(wire_reply(peer, id)->status, id <= 2 ? STATUS_OK : STATUS_REFUSED);
	}
}

static enum status edits(struct wire_peer *peer, uint32_t id, const char *record)
{
	struct params params = begin();

	codec_put_text(&params.bytes, "ids");
	codec_put_list(&params.bytes, 1);
	codec_put_text(&params.bytes, record);
	params.count = 1;
	return ask(peer, id, "editing", params)->status;
}

static void presences(void)
{
	struct wire_peer *first = enter(gate.administrator);
	struct wire_peer *second = enter(gate.administrator);

	limits()->presences = 1;
	assert_int_equal(edits(first, 1, "PE1"), STATUS_OK);
	assert_int_equal(edits(first, 2, "PE2"), STATUS_OK);
	assert_int_equal(edits(second, 1, "PE1"), STATUS_REFUSED);
}

static void presences_per_credential(void)
{
	struct wire_peer *first = enter(gate.administrator);
	struct wire_peer *second = enter(gate.administrator);

	limits()->presences_per_credential = 1;
	assert_int_equal(edits(first, 1, "PE1"), STATUS_OK);
	assert_int_equal(edits(second, 1, "PE1"), STATUS_REFUSED);
}

/* A change-set of items that are none; whether it is refused for their number. */
static bool too_many(struct wire_peer *peer, uint32_t id, size_t items)
{
	struct params params = begin();
	uint8_t request[16] = {(uint8_t)id};

	codec_put_text(&params.bytes, "request");
	codec_put_bin(&params.bytes, request, sizeof(request));
	codec_put_text(&params.bytes, "changes");
	codec_put_list(&params.bytes, items);
	for (size_t i = 0; i < items; i++) {
		codec_put_map(&params.bytes, 0);
	}
	params.count = 2;
	assert_int_equal(ask(peer, id, "change", params)->status, STATUS_INVALID);
	return strstr(wire_reply(peer, id)->error.message, "at most 3 are allowed") != NULL;
}

static void changes_per_request(void)
{
	struct wire_peer *peer;

	limits()->changes_per_request = 3;
	peer = enter(gate.member);
	assert_false(too_many(peer, 1, 3));
	assert_true(too_many(peer, 2, 4));
}

static size_t rows_of(struct wire_peer *peer, uint32_t id, int64_t limit)
{
	struct params params = begin();

	with_text(&params, "kind", "person");
	with_int(&params, "limit", limit);
	assert_int_equal(ask(peer, id, "list", params)->status, STATUS_OK);
	return codec_count(codec_get(wire_reply(peer, id)->message.result, "records"));
}

static void list_rows(void)
{
	struct wire_peer *peer;

	for (int i = 0; i < 4; i++) {
		char name[] = {'P', (char)('a' + i), '\0'};

		fixture_person(gate.wire->server, name);
	}
	limits()->list_rows = 3;
	peer = enter(gate.administrator);
	assert_int_equal(rows_of(peer, 1, 2), 2);
	assert_int_equal(rows_of(peer, 2, 3), 3);
	assert_int_equal(rows_of(peer, 3, 4), 3);
}

/* Where one peer's lines end, another's begin: see log_quota_test for the rest. */
static void log_lines_per_second(void)
{
	FILE *file = tmpfile();
	int standard_error = dup(STDERR_FILENO);
	char text[1024];
	size_t got;

	assert_true(file && standard_error >= 0);
	dup2(fileno(file), STDERR_FILENO);
	log_set_quota(2);
	for (int i = 0; i < 3; i++) {
		log_about("192.0.2.9", LOG_ERROR, "knock", log_number("n", i));
	}
	log_set_quota(0);
	log_quota_tell(INT64_MAX);
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	rewind(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	assert_non_null(strstr(text, "n=1"));
	assert_null(strstr(text, "n=2"));
	assert_non_null(strstr(text, "lines=1"));
}

/* ---- the table ---- */

struct bound {
	const char *name; /* of the limit */
	void (*reach)(void);
};

static const struct bound table[] = {
	{"message_bytes", message_bytes},
	{"enrol_message_bytes", enrol_message_bytes},
	{"message_depth", message_depth},
	{"message_elements", message_elements},
	{"requests_in_flight", requests_in_flight},
	{"requests_per_second", requests_per_second},
	{"requests_burst", requests_burst},
	{"waiting_calls", waiting_calls},
	{"output_high_bytes", output_high_bytes},
	{"output_bytes", output_bytes},
	{"buffers_bytes", buffers_bytes},
	{"buffers_bytes", buffers_bytes_of_requests},
	{"handshakes", handshakes},
	{"handshake_seconds", handshake_seconds},
	{"key_updates", key_updates},
	{"hello_seconds", hello_seconds},
	{"message_seconds", message_seconds},
	{"idle_seconds", idle_seconds},
	{"close_seconds", close_seconds},
	{"connections", connections_most},
	{"connections_per_address", connections_per_address},
	{"connections_per_credential", connections_per_credential},
	{"connections_per_second", connections_per_second},
	{"connections_burst", connections_burst},
	{"enrol_connections_per_minute", enrol_connections_per_minute},
	{"enrol_connections_burst", enrol_connections_burst},
	{"enrol_requests", enrol_requests},
	{"watches_per_connection", watches_per_connection},
	{"presences", presences},
	{"presences_per_credential", presences_per_credential},
	{"changes_per_request", changes_per_request},
	{"list_rows", list_rows},
	{"log_lines_per_second", log_lines_per_second},
};

static void is_kept(void **state)
{
	const struct bound *bound = *state;
	void *place = NULL;

	memset(&bounds, 0, sizeof(bounds));
	assert_int_equal(setup(&place), 0);
	bound->reach();
	for (size_t i = 0; i < bounds.caller_count; i++) {
		close(bounds.callers[i]);
	}
	teardown(&place);
}

static void every_limit_has_a_test(void **state)
{
	(void)state;
	for (size_t i = 0; i < limit_row_count; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
			found = found || strcmp(table[k].name, limit_rows[i].name) == 0;
		}
		if (!found) {
			fail_msg("no test reaches the limit %s", limit_rows[i].name);
		}
	}
}

int main(void)
{
	static struct rows rows;

	rows_add(&rows, "every limit has a test", every_limit_has_a_test, NULL);
	rows_add_table(&rows, table, is_kept);
	return rows_run(&rows, "bounds: each limit is reached, and gone over by one");
}
