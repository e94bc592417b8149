/* What the real engine and the real identity code write checks out against the real schema: nothing that they do is
 * taken for an alteration. */
#include "tests/support/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void print_problem(void *payload, const char *problem)
{
	(void)payload;
	print_error("%s\n", problem);
}

static struct journal_report checks_out(struct server_fixture *server)
{
	struct journal_report report;
	struct error err = ERROR_INIT;

	assert_int_equal(store_begin(server->reader, &err), STATUS_OK);
	if (journal_check(server->reader, server->context.journal_public, server->context.schema,
			  print_problem, NULL, &report, &err) != STATUS_OK) {
		fail_msg("%s", err.message);
	}
	store_rollback(server->reader);
	return report;
}

/* One change-set of one item; `fields` are names and values in turn, NULL-ended; a NULL value clears. */
static void change(struct server_fixture *server, const struct fixture_device *device, const char *verb,
		   const char *target, int64_t base, const char *const *fields, size_t pairs)
{
	static uint8_t request[16];
	struct buffer changes;

	request[0]++;
	buffer_init(&changes, 1 << 16);
	codec_put_list(&changes, 1);
	codec_put_map(&changes, 4);
	codec_pair_text(&changes, "do", verb);
	codec_pair_text(&changes, base ? "id" : "kind", target);
	codec_pair_int(&changes, "base", base);
	codec_put_text(&changes, "fields");
	codec_put_map(&changes, pairs);
	for (size_t i = 0; i < pairs; i++) {
		codec_pair_text(&changes, fields[2 * i], fields[2 * i + 1]);
	}
	assert_false(changes.failed);
	fixture_ask(server);
	fixture_bin(server, "request", request, sizeof(request));
	fixture_raw(server, "changes", buffer_span(&changes));
	fixture_text(server, "reason", "for the test");
	fixture_call(server, device, METHOD_change, handle_change);
	buffer_release(&changes);
	assert_status(server, STATUS_OK);
}

static const char *changed_id(struct server_fixture *server)
{
	const msgpack_object *list = codec_get(server->result, "changes");

	assert_int_equal(codec_count(list), 1);
	return codec_get_string(fixture_arena(server), &list->via.array.ptr[0], "id");
}

static void test_a_founded_partnership_checks_out(void **state)
{
	struct server_fixture *server = *state;
	struct journal_report report;

	fixture_member(server, "Debra Tedds", "operational-group", "lead-officer");
	report = checks_out(server);
	assert_true(report.versions >= 4);
	assert_true(report.values > report.versions);
}

static void test_a_record_that_is_made_edited_and_removed_checks_out(void **state)
{
	static const char *const made[] = {
		"name", "Superintendent Mary Smith", "job", "Superintendent", "owner", "B1"};
	static const char *const edited[] = {"job", NULL, "name", "Mary  SMITH"};
	static const char *const again[] = {"job", "Retired", "marking", "restricted"};
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	const char *id;

	change(server, administrator, "create", "person", 0, made, 3);
	id = changed_id(server);
	change(server, administrator, "edit", id, 1, edited, 2);
	change(server, administrator, "edit", id, 2, again, 2);
	checks_out(server);
	change(server, administrator, "remove", id, 3, NULL, 0);
	checks_out(server);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, server_fixture_setup, server_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_founded_partnership_checks_out),
		CASE(test_a_record_that_is_made_edited_and_removed_checks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
