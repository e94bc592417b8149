/* Presences over the wire: who came and went, with which connection, and how many there may be. */
#include "tests/unit/gate.h"

#include <sys/socket.h>

/* ---- helpers ---- */

/* "PE1 PE2" is said; "" says that nothing is edited any more. */
static const struct wire_message *say(struct wire_peer *peer, uint32_t id, const char *ids)
{
	struct params params = begin();
	size_t header;
	size_t count = 0;
	size_t length = 0;

	codec_put_text(&params.bytes, "ids");
	header = codec_list_begin(&params.bytes);
	for (const char *at = ids; at[0] != '\0'; at += length + (at[length] == ' ')) {
		length = strcspn(at, " ");
		codec_put_span(&params.bytes, (struct span){(const uint8_t *)at, length});
		count++;
	}
	codec_list_end(&params.bytes, header, count);
	params.count++;
	return ask(peer, id, "editing", params);
}

static size_t how_many(const msgpack_object *map)
{
	return codec_count(codec_get(map, "presences"));
}

static size_t look(struct wire_peer *peer, uint32_t id)
{
	wire_ask(peer, id, "presence");
	assert_int_equal(wire_reply(peer, id)->status, STATUS_OK);
	return how_many(wire_reply(peer, id)->message.result);
}

static void watch(struct wire_peer *peer, uint32_t id)
{
	struct params params = begin();

	codec_pair_flag(&params.bytes, "presence", true);
	params.count++;
	assert_int_equal(ask(peer, id, "watch", params)->status, STATUS_OK);
}

static size_t notices(const struct wire_peer *peer)
{
	size_t count = 0;

	for (size_t i = 0; i < peer->message_count; i++) {
		count += peer->messages[i].message.type == MESSAGE_NOTICE;
	}
	return count;
}

static void leave(struct wire_peer *peer)
{
	size_t before = connections_count(gate.wire->connections);

	shutdown(peer->fd, SHUT_RDWR);
	wire_until(gate.wire, connections_count(gate.wire->connections) == before - 1);
}

/* ---- tests ---- */

static void others_are_told_who_is_editing_what(void **state)
{
	struct wire_peer *editor = enter(gate.administrator);
	struct wire_peer *member = enter(gate.member);
	const msgpack_object *presence;

	(void)state;
	assert_int_equal(say(editor, 1, "PE2")->status, STATUS_OK);
	assert_int_equal(look(member, 1), 1);
	presence = &codec_get(wire_reply(member, 1)->message.result, "presences")->via.array.ptr[0];
	assert_true(codec_text_is(codec_get(presence, "id"), "PE2"));
	assert_true(codec_text_is(codec_get(presence, "kind"), "person"));
	assert_true(codec_text_is(codec_get(presence, "name"), FIXTURE_ADMINISTRATOR));
	assert_true(codec_text_is(codec_get(presence, "person"), "PE1"));
}

static void what_is_said_takes_the_place_of_what_was_said_before(void **state)
{
	struct wire_peer *editor = enter(gate.administrator);

	(void)state;
	assert_int_equal(say(editor, 1, "PE1 PE2")->status, STATUS_OK);
	assert_int_equal(look(editor, 2), 2);
	assert_int_equal(say(editor, 3, "PE2")->status, STATUS_OK);
	assert_int_equal(look(editor, 4), 1);
	assert_int_equal(say(editor, 5, "PE2 PE99")->status, STATUS_NOT_FOUND); /* and all is as it was */
	assert_int_equal(look(editor, 6), 1);
	assert_int_equal(say(editor, 7, "")->status, STATUS_OK);
	assert_int_equal(look(editor, 8), 0);
}

static void the_second_to_come_is_told_of_the_first(void **state)
{
	struct wire_peer *first = enter(gate.administrator);
	struct wire_peer *second = enter(gate.administrator);

	(void)state;
	assert_int_equal(how_many(say(first, 1, "PE2")->message.result), 0);
	assert_int_equal(how_many(say(second, 1, "PE2")->message.result), 1);
	assert_int_equal(how_many(say(second, 2, "PE1")->message.result), 0);
}

static void a_presence_goes_with_its_connection(void **state)
{
	struct wire_peer *editor = enter(gate.administrator);
	struct wire_peer *other = enter(gate.administrator);
	struct wire_peer *member = enter(gate.member);

	(void)state;
	say(editor, 1, "PE2");
	say(other, 1, "PE1");
	assert_int_equal(look(member, 1), 2);
	leave(editor);
	assert_int_equal(look(member, 2), 1);
	leave(other);
	assert_int_equal(look(member, 3), 0);
}

static void a_watcher_is_told_that_somebody_came_and_that_the_connection_was_cut(void **state)
{
	struct wire_peer *watcher = enter(gate.member);
	struct wire_peer *editor = enter(gate.administrator);

	(void)state;
	watch(watcher, 1);
	say(editor, 1, "PE2");
	assert_int_equal(how_many(wire_notice(watcher, 0)->message.params), 1);
	leave(editor);
	assert_int_equal(how_many(wire_notice(watcher, 1)->message.params), 0);
	assert_int_equal(codec_get_int(wire_notice(watcher, 1)->message.params, "watch", 0), 1);
}

static void who_begins_to_watch_is_told_who_is_there_already(void **state)
{
	struct wire_peer *watcher = enter(gate.member);
	struct wire_peer *editor = enter(gate.administrator);

	(void)state;
	say(editor, 1, "PE2");
	watch(watcher, 1);
	assert_int_equal(how_many(wire_notice(watcher, 0)->message.params), 1);
}

static void who_did_not_ask_for_it_is_not_told(void **state)
{
	struct wire_peer *watcher = enter(gate.member);
	struct wire_peer *other = enter(gate.member);
	struct wire_peer *editor = enter(gate.administrator);

	(void)state;
	wire_ask(watcher, 1, "watch");
	assert_int_equal(wire_reply(watcher, 1)->status, STATUS_OK);
	watch(other, 1);
	say(editor, 1, "PE2");
	wire_notice(other, 0);
	wire_turns(gate.wire, 20);
	assert_int_equal(notices(watcher), 0);
}

/* A hundred comings and goings within a second are two notices at most. */
static void a_restless_editor_does_not_make_watchers_restless(void **state)
{
	struct wire_peer *watcher = enter(gate.member);
	struct wire_peer *editor = enter(gate.administrator);
	int64_t begun;

	(void)state;
	watch(watcher, 1);
	say(editor, 1, "PE2");
	wire_notice(watcher, 0);
	begun = clock_monotonic_ms();
	for (uint32_t id = 2; id <= 100; id++) {
		say(editor, id, id % 2 == 0 ? "PE1" : "PE2");
	}
	say(editor, 101, "PE1 PE2");
	wire_until(gate.wire, notices(watcher) >= 2);
	while (how_many(wire_notice(watcher, notices(watcher) - 1)->message.params) != 2) {
		wire_notice(watcher, notices(watcher));
	}
	assert_true(notices(watcher) <= 2 + (size_t)(clock_monotonic_ms() - begun) / 1000);
}

static void while_nobody_edits_nobody_is_woken(void **state)
{
	struct wire_peer *watcher = enter(gate.member);
	struct wire_peer *editor = enter(gate.administrator);
	uint64_t jobs;

	(void)state;
	watch(watcher, 1);
	say(editor, 1, "PE2");
	say(editor, 2, "");
	wire_until(gate.wire, notices(watcher) == 0 || notices(watcher) == 2);
	wire_until(gate.wire, worker_waiting(gate.wire->dispatch.reader) == 0);
	jobs = worker_tally(gate.wire->dispatch.reader)->waits.count;
	say(editor, 3, ""); /* says what stands already */
	wire_turns(gate.wire, 50);
	assert_int_equal(worker_tally(gate.wire->dispatch.reader)->waits.count, jobs + 1);
}

static void one_device_may_announce_only_so_much(void **state)
{
	struct wire_peer *editor;
	struct wire_peer *other;

	(void)state;
	gate.wire->server->settings.limits.presences_per_credential = 2;
	editor = enter(gate.administrator);
	other = enter(gate.administrator);
	assert_int_equal(say(editor, 1, "PE1")->status, STATUS_OK);
	assert_int_equal(say(other, 1, "PE1 PE2")->status, STATUS_REFUSED);
	assert_int_equal(say(other, 2, "PE2")->status, STATUS_OK);
	assert_int_equal(say(editor, 2, "PE2")->status, STATUS_OK); /* in place of the first */
	assert_int_equal(connections_limited(gate.wire->connections, LIMITED_presences_per_credential), 1);
}

static void all_together_may_announce_only_so_much(void **state)
{
	struct wire_peer *editor;
	struct wire_peer *other;

	(void)state;
	gate.wire->server->settings.limits.presences = 1;
	editor = enter(gate.administrator);
	other = enter(gate.administrator);
	assert_int_equal(say(editor, 1, "PE1")->status, STATUS_OK);
	assert_int_equal(say(other, 1, "PE2")->status, STATUS_REFUSED);
	assert_int_equal(look(other, 2), 1);
	leave(editor);
	assert_int_equal(say(other, 3, "PE2")->status, STATUS_OK);
	assert_int_equal(connections_limited(gate.wire->connections, LIMITED_presences), 1);
}

static void an_open_editor_is_not_cut_off_for_its_silence(void **state)
{
	struct wire_peer *editor = enter(gate.administrator);
	struct wire_peer *silent = enter(gate.administrator);
	int64_t later = clock_monotonic_ms() + gate.wire->server->settings.limits.idle_seconds * 1000 + 1000;

	(void)state;
	say(editor, 1, "PE2");
	say(silent, 1, "PE2");
	say(silent, 2, "");
	connections_check(gate.wire->connections, later);
	wire_until(gate.wire, wire_ended(silent));
	assert_false(wire_ended(editor));
	assert_int_equal(look(editor, 2), 1);
}

int main(void)
{
	const struct CMUnitTest presences[] = {
		GATE_TEST(others_are_told_who_is_editing_what),
		GATE_TEST(what_is_said_takes_the_place_of_what_was_said_before),
		GATE_TEST(the_second_to_come_is_told_of_the_first),
		GATE_TEST(a_presence_goes_with_its_connection),
		GATE_TEST(a_watcher_is_told_that_somebody_came_and_that_the_connection_was_cut),
		GATE_TEST(who_begins_to_watch_is_told_who_is_there_already),
		GATE_TEST(who_did_not_ask_for_it_is_not_told),
		GATE_TEST(a_restless_editor_does_not_make_watchers_restless),
		GATE_TEST(while_nobody_edits_nobody_is_woken),
		GATE_TEST(one_device_may_announce_only_so_much),
		GATE_TEST(all_together_may_announce_only_so_much),
		GATE_TEST(an_open_editor_is_not_cut_off_for_its_silence),
	};

	return cmocka_run_group_tests_name("presences", presences, NULL, NULL);
}
