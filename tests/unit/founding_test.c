/* What a new partnership consists of, and that what identity writes stands up to the journal's check. */
#include "tests/support/server_fixture.h"

#include "server/records/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void a_new_partnership_has_an_administration_and_one_administrator(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct session *session = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(session_load(server->reader, fixture_arena(server), &administrator->fingerprint,
				      &session, &err),
			 STATUS_OK);
	assert_string_equal(session->partnership_name, FIXTURE_PARTNERSHIP);
	assert_int_equal(session->post_count, 1);
	assert_string_equal(session->posts[0].post, "administrator");
	assert_string_equal(session->posts[0].body_name, "Administration");
	assert_string_equal(session->posts[0].from, "2014-05-01");
	assert_string_equal(session->posts[0].to, "");
	assert_int_equal(session->roles & ROLES_CONTENT, 0);
}

static void partnerships_on_one_server_count_and_sign_apart(void **state)
{
	struct server_fixture *server = *state;
	char invitation[INVITATION_TEXT];
	int64_t second =
		fixture_found(server, "Elsewhere Community Safety Partnership", "Eve Elsewhere", invitation);
	struct fixture_device *device = fixture_enrol(server, invitation);
	struct session *session = NULL;
	struct error err = ERROR_INIT;
	const char *note = NULL;
	int64_t size = 0;

	assert_int_not_equal(second, server->partnership);
	assert_int_equal(
		session_load(server->reader, fixture_arena(server), &device->fingerprint, &session, &err),
		STATUS_OK);
	assert_int_equal(session->partnership, second);
	assert_string_equal(session->person_id, "PE1");
	assert_string_equal(session->name, "Eve Elsewhere");
	assert_int_equal(journal_head(server->reader, fixture_arena(server), second, &note, &size, &err),
			 STATUS_OK);
	assert_int_equal(strncmp(note, "safer.test/p2\n", 14), 0);
	assert_int_equal(size, 3); /* the founding, the invitation, the enrolment */
}

static void an_invitation_of_the_console_names_nobody(void **state)
{
	struct server_fixture *server = *state;
	struct leaf_row leaf;
	struct error err = ERROR_INIT;

	assert_int_equal(fixture_entries(server, server->partnership, "invitation"), 1);
	assert_int_equal(
		store_leaf_get(server->reader, fixture_arena(server), server->partnership, 1, &leaf, &err),
		STATUS_OK);
	assert_string_equal(leaf.what, "invitation");
	assert_int_equal(leaf.person, 0);
}

static void complain(void *payload, const char *problem)
{
	(void)payload;
	print_error("%s\n", problem);
}

static void what_identity_writes_stands_up_to_the_check_of_the_journal(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *member = fixture_member(server, "Debra Tedds", "board", "member");
	struct journal_report report;
	struct error err = ERROR_INIT;
	char invitation[INVITATION_TEXT];

	fixture_found(server, "Elsewhere Community Safety Partnership", "Eve Elsewhere", invitation);
	fixture_ask(server);
	fixture_text(server, "person", "PE2");
	fixture_call(server, administrator, METHOD_invite, handle_invite);
	assert_status(server, STATUS_OK);
	fixture_ask(server);
	fixture_int(server, "credential", member->credential);
	fixture_text(server, "reason", "lost on a train");
	fixture_call(server, administrator, METHOD_credential_revoke, handle_credential_revoke);
	assert_status(server, STATUS_OK);
	assert_int_equal(journal_check(server->reader, server->context.journal_public, server->context.schema,
				       complain, NULL, &report, &err),
			 STATUS_OK);
	assert_int_equal(report.partnerships, 2);
	assert_int_equal(report.problems, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, server_fixture_setup, server_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_partnership_has_an_administration_and_one_administrator),
		CASE(partnerships_on_one_server_count_and_sign_apart),
		CASE(an_invitation_of_the_console_names_nobody),
		CASE(what_identity_writes_stands_up_to_the_check_of_the_journal),
	};

	return cmocka_run_group_tests_name("founding", tests, NULL, NULL);
}
