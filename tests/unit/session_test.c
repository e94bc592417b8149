/* Who is speaking: from a certificate to posts, roles and the bodies that one speaks for; and the calls that tell. */
#include "tests/support/plan_fixture.h"

#include "protocol/version.h"
#include "server/schema/schema.h"

#include <stdio.h>
#include <string.h>

#define test(function) cmocka_unit_test_setup_teardown(function, plan_setup, plan_teardown)

/* ---- helpers ---- */

/* The session of the last call. */
static const struct session *session_of(struct plan *plan, enum who who)
{
	plan_ask(plan, who, METHOD_whoami, handle_whoami, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	return plan->server->request->session;
}

static enum status hello(struct plan *plan, enum who who, int64_t protocol, int64_t head)
{
	struct fixture_device *device = plan_device(plan, who);

	fixture_ask(plan->server);
	fixture_int(plan->server, "protocol", protocol);
	if (head > 0) {
		fixture_int(plan->server, "head", head);
	}
	return fixture_call(plan->server, device, METHOD_hello, handle_hello);
}

/* ---- roles and bodies ---- */

struct role_case {
	const char *name;
	enum who who;
	unsigned roles;
	const char *bodies; /* that the session speaks for, "B2=board" */
};
static const struct role_case roles[] = {
	{"the chair is chair and member of the board", CHAIR, ROLE_CHAIR | ROLE_BOARD, "B2"},
	{"the secretary is secretary", SECRETARY, ROLE_SECRETARY, "B2"},
	{"a member for an organisation speaks for its authority", MEMBER, ROLE_BOARD, "B2 B4"},
	{"an officer for an organisation speaks for group and authority", POLICE, ROLE_OFFICER, "B3 B4"},
	{"a representative speaks for the authority alone", REPRESENTATIVE, ROLE_AUTHORITY, "B4"},
	{"an analyst speaks for the unit", ANALYST, ROLE_ANALYST, "B8"},
	{"a scrutiny member is that and no more", SCRUTINY, ROLE_SCRUTINY, "B6 B7"},
	{"an auditor is an auditor", AUDITOR, ROLE_AUDITOR, "B9"},
	{"an administrator is an administrator", ADMINISTRATOR, ROLE_ADMINISTRATOR, "B1"},
	{"who has no post has no role", OUTSIDER, 0, ""},
};

static void a_post_gives_roles_and_bodies(void **state)
{
	struct plan *plan = *state;
	const struct role_case *row = plan->row;
	const struct session *session = session_of(plan, row->who);
	const char *bodies = "";

	assert_int_equal(session->roles, row->roles);
	for (size_t i = 0; i < session->owned_count; i++) {
		bodies = arena_printf(fixture_arena(plan->server), "%s%s%s", bodies, i > 0 ? " " : "",
				      session->owned[i].body);
		assert_int_equal(session->owned[i].roles, row->roles);
		assert_int_equal(session_roles_for(session, session->owned[i].body), row->roles);
	}
	assert_string_equal(bodies, row->bodies);
	assert_int_equal(session_roles_for(session, "B77"), 0);
	assert_int_equal(session_roles_for(session, ""), 0);
}

static void roles_of_two_posts_stay_with_their_bodies(void **state)
{
	struct plan *plan = *state;
	const struct session *session = NULL;

	fixture_appoint(plan->server, REPRESENTATIVE, 2, "member");
	session = session_of(plan, REPRESENTATIVE);
	assert_int_equal(session->roles, ROLE_AUTHORITY | ROLE_BOARD);
	assert_int_equal(session_roles_for(session, "B2"), ROLE_BOARD);
	assert_int_equal(session_roles_for(session, "B4"), ROLE_AUTHORITY);
	assert_int_equal(session->post_count, 2);
}

static void the_post_that_gave_a_role_is_named_with_the_act(void **state)
{
	struct plan *plan = *state;
	const struct session *session = NULL;

	fixture_appoint(plan->server, REPRESENTATIVE, 2, "member");
	session = session_of(plan, REPRESENTATIVE);
	assert_string_equal(session_post(session, ROLE_BOARD)->body, "B2");
	assert_string_equal(session_post(session, ROLE_AUTHORITY)->body, "B4");
	assert_string_equal(
		session_describe(fixture_arena(plan->server), session, session_post(session, ROLE_BOARD)),
		"Rita Representative, member of Strategic Board");
	assert_null(session_post(session_of(plan, OUTSIDER), ROLE_BOARD));
}

/* ---- certificates ---- */

static void a_device_that_was_revoked_is_signed_out_at_once(void **state)
{
	struct plan *plan = *state;
	struct fixture_device *device = plan_device(plan, POLICE);
	struct error err = ERROR_INIT;

	fixture_begin(plan->server);
	assert_int_equal(store_credential_revoke(plan->server->context.store, device->credential,
						 plan->server->now, "lost", &err),
			 STATUS_OK);
	fixture_commit(plan->server);
	plan_ask(plan, POLICE, METHOD_whoami, handle_whoami, NULL);
	plan_expect(plan, STATUS_SIGNED_OUT, NULL);
	assert_non_null(strstr(plan->server->err.message, "revoked"));
}

static void a_device_whose_certificate_ran_out_is_signed_out(void **state)
{
	struct plan *plan = *state;

	plan_device(plan, POLICE);
	fixture_wait(plan->server, 91 * FIXTURE_DAY);
	plan_ask(plan, POLICE, METHOD_whoami, handle_whoami, NULL);
	plan_expect(plan, STATUS_SIGNED_OUT, NULL);
	assert_non_null(strstr(plan->server->err.message, "expired"));
}

static void a_device_that_nobody_knows_is_signed_out(void **state)
{
	struct plan *plan = *state;
	struct fixture_device stranger = {.credential = 0};

	fixture_ask(plan->server);
	fixture_call(plan->server, &stranger, METHOD_whoami, handle_whoami);
	plan_expect(plan, STATUS_SIGNED_OUT, NULL);
	assert_non_null(strstr(plan->server->err.hint, "invitation"));
}

static void a_person_who_left_the_directory_is_signed_out(void **state)
{
	struct plan *plan = *state;

	plan_device(plan, OUTSIDER);
	plan_must(plan, ADMINISTRATOR, "remove", "PE12", NULL);
	plan_ask(plan, OUTSIDER, METHOD_whoami, handle_whoami, NULL);
	plan_expect(plan, STATUS_SIGNED_OUT, NULL);
}

/* ---- the calls ---- */

static void whoami_tells_posts_roles_and_the_day(void **state)
{
	struct plan *plan = *state;
	const msgpack_object *post = NULL;

	session_of(plan, POLICE);
	assert_string_equal(fixture_result(plan->server, "person"), "PE5");
	assert_string_equal(fixture_result(plan->server, "name"), "Paul Police");
	assert_string_equal(fixture_result(plan->server, "today"), "2014-05-01");
	assert_string_equal(fixture_result(plan->server, "partnership"), FIXTURE_PARTNERSHIP);
	assert_int_equal(codec_count(codec_get(plan->server->result, "roles")), 1);
	post = codec_get(plan->server->result, "posts");
	assert_int_equal(codec_count(post), 1);
	post = &post->via.array.ptr[0];
	assert_true(codec_text_is(codec_get(post, "appointment"), "AP5"));
	assert_true(codec_text_is(codec_get(post, "post"), "member"));
	assert_true(codec_text_is(codec_get(post, "body_name"), "Operational Group"));
	assert_true(codec_text_is(codec_get(post, "organisation_name"), "Warwickshire Police"));
	assert_true(codec_text_is(codec_get(post, "from"), "2014-04-01"));
	assert_true(codec_text_is(codec_get(post, "to"), ""));
}

static void hello_tells_the_versions_the_schema_and_the_head(void **state)
{
	struct plan *plan = *state;
	char digest[2 * DIGEST_BYTES + 1];

	hello(plan, CHAIR, PROTOCOL_VERSION, 0);
	plan_expect(plan, STATUS_OK, NULL);
	hex_format(schema_digest()->bytes, DIGEST_BYTES, digest);
	assert_string_equal(fixture_result(plan->server, "schema"), digest);
	assert_string_equal(fixture_result(plan->server, "server"), SAFER_VERSION);
	assert_non_null(strstr(fixture_result(plan->server, "head"), "safer.test/p1"));
	assert_int_equal(codec_count(codec_get(plan->server->result, "proof")), 0);
}

static void hello_proves_that_the_journal_grew_from_the_head_that_is_known(void **state)
{
	struct plan *plan = *state;
	int64_t known = 0;

	plan_device(plan, CHAIR);
	known = plan_newest(plan) + 1;
	plan_action(plan, "");
	hello(plan, CHAIR, PROTOCOL_VERSION, known);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(codec_count(codec_get(plan->server->result, "proof")) > 0);
}

static void another_protocol_is_refused_with_what_to_do(void **state)
{
	struct plan *plan = *state;

	assert_int_equal(hello(plan, CHAIR, PROTOCOL_VERSION + 1, 0), STATUS_INVALID);
	assert_true(plan->server->err.hint[0] != '\0');
	assert_int_equal(hello(plan, CHAIR, PROTOCOL_VERSION - 1, 0), STATUS_INVALID);
	assert_true(plan->server->err.hint[0] != '\0');
}

static void the_schema_is_given_with_its_digest(void **state)
{
	struct plan *plan = *state;
	struct span packed;
	struct digest digest;
	char text[2 * DIGEST_BYTES + 1];

	plan_ask(plan, OUTSIDER, METHOD_schema, handle_schema, NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_true(codec_bin(codec_get(plan->server->result, "schema"), &packed));
	digest_bytes(packed.data, packed.length, &digest);
	hex_format(digest.bytes, DIGEST_BYTES, text);
	assert_string_equal(fixture_result(plan->server, "digest"), text);
}

static const struct CMUnitTest tests[] = {
	test(roles_of_two_posts_stay_with_their_bodies),
	test(the_post_that_gave_a_role_is_named_with_the_act),
	test(a_device_that_was_revoked_is_signed_out_at_once),
	test(a_device_whose_certificate_ran_out_is_signed_out),
	test(a_device_that_nobody_knows_is_signed_out),
	test(a_person_who_left_the_directory_is_signed_out),
	test(whoami_tells_posts_roles_and_the_day),
	test(hello_tells_the_versions_the_schema_and_the_head),
	test(hello_proves_that_the_journal_grew_from_the_head_that_is_known),
	test(another_protocol_is_refused_with_what_to_do),
	test(the_schema_is_given_with_its_digest),
};

int main(void)
{
	static struct plan_rows rows;

	plan_rows_table(&rows, roles, a_post_gives_roles_and_bodies);
	return plan_rows_run(&rows, "session", tests, sizeof(tests) / sizeof(tests[0]));
}
