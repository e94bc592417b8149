/* What is counted at the gate and on the threads, and how it is told: as text, and to administrators. */
#include "server/metrics.h"

#include "tests/support/exposition.h"
#include "tests/unit/gate.h"

#include <string.h>

/* ---- the table ---- */

static void every_row_says_what_it_is(void **state)
{
	(void)state;
	assert_true(metric_row_count > 20);
	for (size_t i = 0; i < metric_row_count; i++) {
		const struct metric_row *row = &metric_rows[i];

		assert_int_equal(strncmp(row->name, "saferd_", 7), 0);
		assert_true(row->help[0] != '\0' && !strpbrk(row->help, "\\\n"));
		if (strcmp(row->type, "histogram") == 0) {
			assert_true(strstr(row->name, "_seconds") || strstr(row->name, "_jobs"));
		}
	}
}

/* limited.def may only name what limits.def has: the names are told as names of limits. */
static void every_limit_that_is_counted_is_a_limit(void **state)
{
	(void)state;
	for (int limit = 0; limit < LIMITED_COUNT; limit++) {
		bool found = false;

		for (size_t i = 0; i < limit_row_count; i++) {
			found = found || strcmp(limit_rows[i].name, limited_names[limit]) == 0;
		}
		assert_true(found);
	}
}

/* ---- as text ---- */

static struct exposition *tell(const struct metrics_sample *sample)
{
	struct exposition *out;
	struct buffer text;

	buffer_init(&text, 1048576);
	metrics_write(sample, &text);
	assert_false(text.failed);
	out = exposition_read((const char *)text.data, text.length);
	buffer_release(&text);
	return out;
}

static void tells_every_row_and_nothing_else(void **state)
{
	static struct metrics_sample sample;
	struct exposition *told = tell(&sample);

	(void)state;
	assert_int_equal(told->families, metric_row_count);
	exposition_free(told);
}

/* Every count there is, as large as it gets. */
static void fits_into_what_the_door_may_send(void **state)
{
	static struct metrics_sample sample;
	struct buffer text;

	(void)state;
	memset(&sample, 0x7f, sizeof(sample));
	buffer_init(&text, 524288);
	metrics_write(&sample, &text);
	assert_false(text.failed);
	buffer_release(&text);
}

static void writes_microseconds_as_seconds(void **state)
{
	static struct metrics_sample sample;
	struct exposition *told;

	(void)state;
	memset(&sample, 0, sizeof(sample));
	metrics_request(&sample.counts, METHOD_read, STATUS_OK, 100);
	metrics_request(&sample.counts, METHOD_read, STATUS_NOT_FOUND, 2400);
	metrics_request(&sample.counts, METHOD_read, STATUS_OK, INT64_C(60) * 1000000);
	told = tell(&sample);
	assert_true(exposition_value(told, "saferd_requests_total{method=\"read\",status=\"ok\"}") == 2);
	assert_true(exposition_value(told, "saferd_requests_total{method=\"read\",status=\"not-found\"}") ==
		    1);
	assert_true(exposition_value(told, "saferd_request_seconds_bucket{method=\"read\",le=\"0.0001\"}") ==
		    1);
	assert_true(exposition_value(told, "saferd_request_seconds_bucket{method=\"read\",le=\"0.001\"}") ==
		    1);
	assert_true(exposition_value(told, "saferd_request_seconds_bucket{method=\"read\",le=\"0.0025\"}") ==
		    2);
	assert_true(exposition_value(told, "saferd_request_seconds_bucket{method=\"read\",le=\"30\"}") == 2);
	assert_true(exposition_value(told, "saferd_request_seconds_bucket{method=\"read\",le=\"+Inf\"}") ==
		    3);
	assert_true(exposition_value(told, "saferd_request_seconds_sum{method=\"read\"}") == 60.0025);
	assert_true(exposition_value(told, "saferd_request_seconds_count{method=\"list\"}") == 0);
	exposition_free(told);
}

/* ---- what the gate counts ---- */

static struct exposition *tell_gate(void)
{
	const struct metrics_sources sources = dispatch_sources(&gate.wire->dispatch);
	static struct metrics_sample sample;

	metrics_sample(&sources, &sample);
	return tell(&sample);
}

static void counts_requests_by_how_they_were_answered(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct params params = begin();
	struct exposition *told;

	(void)state;
	say_hello(peer, 1);
	for (uint32_t id = 2; id < 12; id++) {
		wire_ask(peer, id, "whoami");
		wire_reply(peer, id);
	}
	with_text(&params, "id", "A999");
	assert_int_equal(ask(peer, 12, "read", params)->status, STATUS_NOT_FOUND);
	wire_ask(peer, 13, "account.list");
	assert_int_equal(wire_reply(peer, 13)->status, STATUS_NOT_PERMITTED);
	wire_ask(peer, 14, "whoamy");
	assert_int_equal(wire_reply(peer, 14)->status, STATUS_INVALID);
	told = tell_gate();
	assert_true(exposition_value(told, "saferd_requests_total{method=\"hello\",status=\"ok\"}") == 1);
	assert_true(exposition_value(told, "saferd_requests_total{method=\"whoami\",status=\"ok\"}") == 10);
	assert_true(exposition_value(told, "saferd_request_seconds_count{method=\"whoami\"}") == 10);
	assert_true(exposition_value(told, "saferd_requests_total{method=\"read\",status=\"not-found\"}") ==
		    1);
	assert_true(exposition_value(told, "saferd_requests_total{method=\"account.list\",status=\"ok\"}") ==
		    0);
	assert_true(exposition_value(
			    told,
			    "saferd_requests_total{method=\"account.list\",status=\"not-permitted\"}") == 1);
	assert_true(exposition_value(told, "saferd_requests_refused_total{status=\"invalid\"}") == 1);
	assert_true(exposition_value(told, "saferd_connections") == 1);
	assert_true(exposition_value(told, "saferd_queue_seconds_count{thread=\"reader\"}") >= 12);
	exposition_free(told);
}

static void counts_what_a_limit_turns_away(void **state)
{
	struct wire_peer *peer;
	struct exposition *told;

	(void)state;
	gate.wire->server->settings.limits.requests_per_second = 1;
	gate.wire->server->settings.limits.requests_burst = 3;
	peer = enter(gate.member);
	for (uint32_t id = 1; id <= 3; id++) {
		wire_ask(peer, id, "whoami");
		assert_int_equal(wire_reply(peer, id)->status, STATUS_OK);
	}
	wire_ask(peer, 4, "whoami");
	assert_int_equal(wire_reply(peer, 4)->status, STATUS_UNREACHABLE);
	told = tell_gate();
	assert_true(exposition_value(told, "saferd_limited_total{limit=\"requests_per_second\"}") == 1);
	assert_true(exposition_value(told, "saferd_requests_refused_total{status=\"unreachable\"}") == 1);
	exposition_free(told);
}

static void counts_watches_and_connections_as_they_come_and_go(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct wire_peer *other = enter(gate.administrator);
	static const uint8_t nonsense[] = {0x05};
	struct exposition *told;

	(void)state;
	wire_ask_with(peer, 1, "watch", (struct span){(const uint8_t *)"\x80", 1});
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_OK);
	wire_send(other, nonsense, sizeof(nonsense));
	wire_until(gate.wire, wire_ended(other));
	told = tell_gate();
	assert_true(exposition_value(told, "saferd_watches") == 1);
	assert_true(exposition_value(told, "saferd_connections_peak") == 2);
	assert_true(exposition_value(told, "saferd_connections_total") == 2);
	assert_true(exposition_value(told, "saferd_connections_refused_total") == 1);
	exposition_free(told);
}

/* ---- to administrators ---- */

static void administrators_are_told_and_nobody_else(void **state)
{
	struct wire_peer *peer = enter(gate.member);
	struct wire_peer *administrator = enter(gate.administrator);
	const msgpack_object *result;
	const msgpack_object *methods;

	(void)state;
	wire_ask(peer, 1, "admin.status");
	assert_int_equal(wire_reply(peer, 1)->status, STATUS_NOT_PERMITTED);
	wire_ask(administrator, 1, "admin.status");
	assert_int_equal(wire_reply(administrator, 1)->status, STATUS_OK);
	result = wire_reply(administrator, 1)->message.result;
	assert_int_equal(codec_get_int(codec_get(result, "figures"), "connections", 0), 2);
	assert_true(codec_get_int(codec_get(result, "figures"), "journal_entries", 0) > 0);
	assert_true(codec_get_int(codec_get(result, "figures"), "store_bytes", 0) > 0);
	methods = codec_get(result, "methods");
	assert_int_equal(methods->via.array.size, 1); /* only what was called, and not this call itself */
	assert_true(codec_text_is(codec_get(&methods->via.array.ptr[0], "method"), "admin.status"));
	assert_int_equal(codec_get_int(&methods->via.array.ptr[0], "not_ok", 0), 1);
	assert_int_equal(codec_get(result, "limits")->via.array.size, LIMITED_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_says_what_it_is),
		cmocka_unit_test(every_limit_that_is_counted_is_a_limit),
		cmocka_unit_test(tells_every_row_and_nothing_else),
		cmocka_unit_test(fits_into_what_the_door_may_send),
		cmocka_unit_test(writes_microseconds_as_seconds),
		GATE_TEST(counts_requests_by_how_they_were_answered),
		GATE_TEST(counts_what_a_limit_turns_away),
		GATE_TEST(counts_watches_and_connections_as_they_come_and_go),
		GATE_TEST(administrators_are_told_and_nobody_else),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
