/* What a watcher hears over the wire, from whom, and how slow it may be. */
#include "common/text.h"
#include "tests/unit/gate.h"

#include <stdio.h>
#include <sys/socket.h>

/* A change-set that creates a person of that name. */
static const struct wire_message *create_person(struct wire_peer *peer, uint32_t id, const char *name)
{
	struct params params = begin();
	uint8_t request[16] = {(uint8_t)id, (uint8_t)(id >> 8), 1};

	codec_put_text(&params.bytes, "request");
	codec_put_bin(&params.bytes, request, sizeof(request));
	codec_put_text(&params.bytes, "changes");
	codec_put_list(&params.bytes, 1);
	codec_put_map(&params.bytes, 3);
	codec_pair_text(&params.bytes, "do", "create");
	codec_pair_text(&params.bytes, "kind", "person");
	codec_put_text(&params.bytes, "fields");
	codec_put_map(&params.bytes, 2);
	codec_pair_text(&params.bytes, "name", name);
	codec_pair_text(&params.bytes, "owner", "B1");
	params.count += 2;
	ask(peer, id, "change", params);
	if (wire_reply(peer, id)->status != STATUS_OK) {
		fail_msg("%s was not created: %s", name, wire_reply(peer, id)->error.message);
	}
	return wire_reply(peer, id);
}

static int64_t int_of(const struct wire_message *message, const char *name)
{
	return codec_get_int(message->message.params, name, -1);
}

static void a_watcher_hears_what_another_changes(void **state)
{
	struct wire_peer *watcher = enter(gate.administrator);
	struct wire_peer *writer = enter(gate.administrator);
	int64_t number;

	(void)state;
	wire_ask(watcher, 1, "watch");
	assert_int_equal(wire_reply(watcher, 1)->status, STATUS_OK);
	number = codec_get_int(wire_reply(watcher, 1)->message.result, "watch", 0);
	assert_int_equal(create_person(writer, 1, "Olive Oakley")->status, STATUS_OK);
	assert_true(codec_text_is(codec_get(wire_notice(watcher, 0)->message.params, "kind"), "person"));
	assert_int_equal(int_of(wire_notice(watcher, 0), "watch"), number);
	assert_int_equal(int_of(wire_notice(watcher, 0), "entry"),
			 codec_get_int(wire_reply(writer, 1)->message.result, "entry", -2));
	assert_int_equal(create_person(writer, 2, "Peter Poole")->status, STATUS_OK);
	assert_true(int_of(wire_notice(watcher, 1), "entry") > int_of(wire_notice(watcher, 0), "entry"));
}

static void a_watch_resumes_from_a_journal_number(void **state)
{
	struct wire_peer *watcher = enter(gate.administrator);
	struct wire_peer *writer = enter(gate.administrator);
	struct params params = begin();

	(void)state;
	create_person(writer, 1, "Olive Oakley");
	create_person(writer, 2, "Peter Poole");
	with_int(&params, "since", codec_get_int(wire_reply(writer, 1)->message.result, "entry", -1));
	assert_int_equal(ask(watcher, 1, "watch", params)->status, STATUS_OK);
	assert_int_equal(int_of(wire_notice(watcher, 0), "entry"),
			 codec_get_int(wire_reply(writer, 2)->message.result, "entry", -2));
}

static void an_ended_watch_is_silent(void **state)
{
	struct wire_peer *watcher = enter(gate.administrator);
	struct wire_peer *writer = enter(gate.administrator);
	struct params params = begin();

	(void)state;
	wire_ask(watcher, 1, "watch");
	with_int(&params, "watch", codec_get_int(wire_reply(watcher, 1)->message.result, "watch", 0));
	assert_int_equal(ask(watcher, 2, "unwatch", params)->status, STATUS_OK);
	create_person(writer, 1, "Olive Oakley");
	entries("change");
	wire_turns(gate.wire, 20);
	assert_int_equal(watcher->message_count, 2);
	params = begin();
	with_int(&params, "watch", 77);
	assert_int_equal(ask(watcher, 3, "unwatch", params)->status, STATUS_NOT_FOUND);
}

static void a_slow_watcher_is_told_everything_in_order_once_it_listens(void **state)
{
	struct wire_offer offer;
	struct wire_peer *watcher;
	struct wire_peer *writer = enter(gate.administrator);
	char name[40];
	size_t count = 300;

	(void)state;
	gate.wire->server->settings.limits.output_high_bytes = 4096;
	offer = wire_member(gate.wire, gate.administrator);
	offer.buffer_bytes = 4096;
	watcher = wire_connect(gate.wire, offer);
	wire_ask(watcher, 1, "watch");
	assert_int_equal(wire_reply(watcher, 1)->status, STATUS_OK);
	watcher->deaf = true;
	for (uint32_t id = 1; id <= count; id++) {
		snprintf(name, sizeof(name), "Person %u of a long list", (unsigned)id);
		assert_int_equal(create_person(writer, id, name)->status, STATUS_OK);
	}
	entries("change");
	wire_turns(gate.wire, 50);
	assert_true(connection_crowded(wire_connection(watcher)));
	watcher->deaf = false;
	wire_notice(watcher, count - 1);
	for (size_t i = 1; i < count; i++) {
		assert_int_equal(int_of(wire_notice(watcher, i), "entry"),
				 int_of(wire_notice(watcher, i - 1), "entry") + 1);
	}
	assert_true(gate.wire->drained > 0);
}

static void a_watcher_that_leaves_is_forgotten(void **state)
{
	struct wire_peer *watcher = enter(gate.administrator);
	struct wire_peer *writer = enter(gate.administrator);

	(void)state;
	wire_ask(watcher, 1, "watch");
	wire_reply(watcher, 1);
	create_person(writer, 1, "Olive Oakley");
	SSL_shutdown(watcher->ssl);
	create_person(writer, 2, "Peter Poole");
	wire_until(gate.wire, watcher->goodbye);
	shutdown(watcher->fd, SHUT_RDWR);
	wire_until(gate.wire, connections_count(gate.wire->connections) == 1);
	assert_int_equal(create_person(writer, 3, "Quentin Quick")->status, STATUS_OK);
}

static void a_watcher_whose_post_ends_with_the_day_is_told_to_read_again(void **state)
{
	struct server_fixture *server = gate.wire->server;
	int64_t person = fixture_person(server, "Tessa Today");
	struct wire_peer *watcher;
	struct wire_peer *other;
	struct wire_peer *writer;

	(void)state;
	fixture_appoint_today(server, person, fixture_body(server, "A short board", "board"), "member");
	watcher = enter(fixture_device(server, person));
	other = enter(gate.member);
	writer = enter(gate.administrator);
	wire_ask(watcher, 1, "watch");
	wire_ask(other, 1, "watch");
	assert_int_equal(wire_reply(watcher, 1)->status, STATUS_OK);
	create_person(writer, 1, "Olive Oakley");
	assert_true(int_of(wire_notice(watcher, 0), "revision") == 1);
	assert_true(int_of(wire_notice(other, 0), "revision") == 1);
	fixture_wait(server, FIXTURE_DAY);
	create_person(writer, 2, "Peter Poole");
	assert_true(text_equal((const char *)wire_notice(watcher, 1)->message.method.data,
			       wire_notice(watcher, 1)->message.method.length, "resync"));
	assert_int_equal(int_of(wire_notice(watcher, 1), "entry"), int_of(wire_notice(watcher, 0), "entry"));
	assert_true(int_of(wire_notice(other, 1), "revision") == 1); /* whose post goes on */
	create_person(writer, 3, "Quentin Quick");
	assert_true(int_of(wire_notice(other, 2), "revision") == 1);
	wire_turns(gate.wire, 20);
	assert_int_equal(watcher->message_count, 3); /* it sees nothing any more, and is told once */
}

int main(void)
{
	const struct CMUnitTest watching[] = {
		GATE_TEST(a_watcher_hears_what_another_changes),
		GATE_TEST(a_watch_resumes_from_a_journal_number),
		GATE_TEST(an_ended_watch_is_silent),
		GATE_TEST(a_slow_watcher_is_told_everything_in_order_once_it_listens),
		GATE_TEST(a_watcher_that_leaves_is_forgotten),
		GATE_TEST(a_watcher_whose_post_ends_with_the_day_is_told_to_read_again),
	};

	return cmocka_run_group_tests_name("watch", watching, NULL, NULL);
}
