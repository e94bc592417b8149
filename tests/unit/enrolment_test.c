/* Enrolment, seen from outside the door: what an invitation is good for, how often, how long, and for whom. */
#include "tests/support/server_fixture.h"

#include "common/clock.h"
#include "server/identity/authority.h"
#include "server/identity/enrolment.h"
#include "server/identity/invitations.h"
#include "server/records/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct attempt { /* what a client would send; changed by tests before it is sent */
	struct invitation invitation;
	EVP_PKEY *key;
	struct span request;
	const char *device;
	int64_t protocol;
};

static struct attempt attempt_with(struct server_fixture *server, const char *invitation)
{
	struct attempt attempt = {.device = "office laptop", .protocol = 1, .key = fixture_key(server)};
	struct error err = ERROR_INIT;

	assert_int_equal(invitation_parse(invitation, &attempt.invitation, &err), STATUS_OK);
	attempt.request = fixture_certificate_request(server, attempt.key);
	return attempt;
}

static enum status send_attempt(struct server_fixture *server, const struct attempt *attempt)
{
	fixture_ask(server);
	fixture_int(server, "protocol", attempt->protocol);
	fixture_bin(server, "invitation", attempt->invitation.id, sizeof(attempt->invitation.id));
	fixture_bin(server, "secret", attempt->invitation.secret, sizeof(attempt->invitation.secret));
	fixture_bin(server, "request", attempt->request.data, attempt->request.length);
	fixture_text(server, "device", attempt->device);
	return fixture_call(server, NULL, METHOD_enrol, handle_enrol);
}

static struct digest answered_fingerprint(struct server_fixture *server)
{
	struct digest digest;
	struct span der = {NULL, 0};

	assert_true(codec_bin(codec_get(server->result, "certificate"), &der));
	digest_bytes(der.data, der.length, &digest);
	return digest;
}

/* What the session of a certificate says: STATUS_OK while it is good. */
static enum status sign_in(struct server_fixture *server, const struct digest *fingerprint)
{
	struct session *session = NULL;
	struct error err = ERROR_INIT;

	return session_load(server->reader, fixture_arena(server), fingerprint, &session, &err);
}

static void spoil(struct attempt *attempt)
{
	attempt->invitation.secret[3] ^= 1;
}

static struct invitation_row stored(struct server_fixture *server, const struct attempt *attempt)
{
	struct invitation_row row;
	struct error err = ERROR_INIT;

	assert_int_equal(store_invitation_get(server->reader, attempt->invitation.id, &row, &err), STATUS_OK);
	return row;
}

/* The one answer to everything that is not good any more. */
static void assert_not_valid(struct server_fixture *server)
{
	assert_status(server, STATUS_SIGNED_OUT);
	assert_non_null(strstr(server->err.message, "This invitation is not valid here any more"));
	assert_non_null(strstr(server->err.hint, "Ask your administrator for a new one"));
}

/* ---- the good case ---- */

static void the_first_administrator_comes_in_and_is_administrator(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct session *session = NULL;
	struct digest fingerprint;
	struct error err = ERROR_INIT;

	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "partnership"), FIXTURE_PARTNERSHIP);
	assert_string_equal(fixture_result(server, "name"), FIXTURE_ADMINISTRATOR);
	assert_string_equal(fixture_result(server, "person"), "PE1");
	assert_string_equal(fixture_result(server, "expires"), "2014-07-30T09:00:00.000000Z");
	assert_int_equal(strncmp(fixture_result(server, "key"), "safer.test/p1+", 14), 0);
	fingerprint = answered_fingerprint(server);
	assert_int_equal(session_load(server->reader, fixture_arena(server), &fingerprint, &session, &err),
			 STATUS_OK);
	assert_int_equal(session->roles, ROLE_ADMINISTRATOR);
	assert_string_equal(session->credential.device, "office laptop");
}

static void the_answer_lets_a_client_check_the_chain_against_the_invitation(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct span der = {NULL, 0};
	struct digest digest;
	const unsigned char *at = NULL;
	X509 *certificate = NULL;

	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	assert_true(codec_bin(codec_get(server->result, "authority"), &der));
	digest_bytes(der.data, der.length, &digest);
	assert_memory_equal(digest.bytes, attempt.invitation.fingerprint, INVITATION_FINGERPRINT);
	assert_true(codec_bin(codec_get(server->result, "certificate"), &der));
	at = der.data;
	certificate = d2i_X509(NULL, &at, (long)der.length);
	assert_non_null(certificate);
	assert_int_equal(
		X509_verify(certificate, X509_get0_pubkey(authority_certificate(server->context.authority))),
		1);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), attempt.key), 1);
	X509_free(certificate);
}

static void an_enrolment_is_journalled_and_wakes_watchers(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	assert_int_equal(fixture_entries(server, server->partnership, "enrolment"), 0);
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	assert_int_equal(fixture_entries(server, server->partnership, "enrolment"), 1);
	assert_string_equal(fixture_note(server, server->partnership, "enrolment"), "device 1 of PE1");
	assert_int_equal(server->request->moved, server->partnership);
}

static void a_second_device_belongs_to_the_same_account(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *first = fixture_administrator(server);
	struct fixture_device *second = fixture_device(server, server->administrator);

	assert_int_equal(first->account, second->account);
	assert_int_not_equal(first->credential, second->credential);
	assert_int_equal(sign_in(server, &first->fingerprint), STATUS_OK);
	assert_int_equal(sign_in(server, &second->fingerprint), STATUS_OK);
}

static void a_device_survives_a_restart(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);

	server_fixture_restart(server);
	assert_int_equal(sign_in(server, &device->fingerprint), STATUS_OK);
}

static void the_secret_is_not_in_the_store(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct invitation_row row = stored(server, &attempt);
	struct digest hash;

	digest_bytes(attempt.invitation.secret, INVITATION_SECRET, &hash);
	assert_true(digest_equal(&hash, &row.secret_hash));
}

/* ---- what is not good any more ---- */

static void an_unknown_invitation_is_not_valid(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	attempt.invitation.id[0] ^= 1;
	send_attempt(server, &attempt);
	assert_not_valid(server);
	assert_false(server->request->keep);
}

static void an_expired_invitation_is_not_valid(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	fixture_wait(server, 72 * FIXTURE_HOUR);
	send_attempt(server, &attempt);
	assert_not_valid(server);
	assert_int_equal(stored(server, &attempt).credential, 0);
}

static void an_invitation_is_good_until_its_last_moment(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	fixture_wait(server, 72 * FIXTURE_HOUR - 1);
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
}

static void a_used_invitation_is_not_valid_for_another_key(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct attempt thief = attempt_with(server, server->invitation);
	struct digest fingerprint;

	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	fingerprint = answered_fingerprint(server);
	send_attempt(server, &thief);
	assert_not_valid(server);
	assert_int_equal(sign_in(server, &fingerprint), STATUS_OK);
}

static void a_withdrawn_invitation_is_not_valid(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct session by = {
		.partnership = server->partnership, .now = server->now, .name = FIXTURE_ADMINISTRATOR};
	struct error err = ERROR_INIT;

	fixture_begin(server);
	assert_int_equal(invitation_withdraw(&server->context, fixture_arena(server), &by,
					     attempt.invitation.id, &err),
			 STATUS_OK);
	fixture_commit(server);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

static void a_person_who_left_the_directory_is_not_let_in(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct record_row row;
	struct error err = ERROR_INIT;

	fixture_begin(server);
	assert_int_equal(store_record_get(server->context.store, fixture_arena(server), server->partnership,
					  "person", server->administrator, &row, &err),
			 STATUS_OK);
	row.revision++;
	row.place = 99; /* of the same entry, after the others */
	row.verb = "remove";
	row.removed = true;
	assert_int_equal(store_record_put(server->context.store, server->partnership, &row, &err), STATUS_OK);
	fixture_commit(server);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

static void a_wrong_secret_gets_the_same_answer(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	spoil(&attempt);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

/* ---- counting ---- */

static void four_wrong_secrets_do_not_end_an_invitation(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	spoil(&attempt);
	for (int i = 0; i < 4; i++) {
		send_attempt(server, &attempt);
		assert_not_valid(server);
	}
	assert_int_equal(stored(server, &attempt).tries, 4);
	spoil(&attempt);
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
}

static void five_wrong_secrets_end_it_for_good(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	spoil(&attempt);
	for (int i = 0; i < 5; i++) {
		send_attempt(server, &attempt);
		assert_not_valid(server);
	}
	spoil(&attempt);
	send_attempt(server, &attempt);
	assert_not_valid(server);
	assert_int_equal(stored(server, &attempt).tries, 5);
	assert_int_not_equal(stored(server, &attempt).ended_at, 0);
}

static void wrong_secrets_are_journalled_without_the_secret_and_only_five(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	char id[INVITATION_ID_TEXT];

	invitation_id_format(attempt.invitation.id, id);
	spoil(&attempt);
	for (int i = 0; i < 8; i++) {
		send_attempt(server, &attempt);
	}
	assert_int_equal(fixture_entries(server, server->partnership, "refusal"), 5);
	assert_non_null(strstr(fixture_note(server, server->partnership, "refusal"), "try 5 of 5"));
	assert_non_null(strstr(fixture_note(server, server->partnership, "refusal"), id));
}

static void a_wrong_secret_counts_whatever_else_is_wrong(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	attempt.request.length = 10;
	spoil(&attempt);
	send_attempt(server, &attempt);
	assert_not_valid(server);
	assert_int_equal(stored(server, &attempt).tries, 1);
}

static void a_bad_request_does_not_use_up_the_invitation(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct span good = attempt.request;

	attempt.request.length = 10;
	send_attempt(server, &attempt);
	assert_status(server, STATUS_INVALID);
	attempt.request = good;
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
}

/* ---- a lost answer ---- */

static void the_same_key_may_ask_again_for_ten_minutes(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct digest first;
	struct digest second;

	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	first = answered_fingerprint(server);
	fixture_wait(server, 10 * FIXTURE_MINUTE);
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	second = answered_fingerprint(server);
	assert_int_equal(sign_in(server, &first), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &second), STATUS_OK);
	assert_string_equal(fixture_note(server, server->partnership, "enrolment"),
			    "device 2 of PE1 in place of device 1");
}

static void asking_again_does_not_make_the_ten_minutes_longer(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	send_attempt(server, &attempt);
	fixture_wait(server, 9 * FIXTURE_MINUTE);
	send_attempt(server, &attempt);
	assert_status(server, STATUS_OK);
	fixture_wait(server, 2 * FIXTURE_MINUTE);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

static void a_certificate_that_was_used_is_not_issued_again(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct error err = ERROR_INIT;

	send_attempt(server, &attempt);
	fixture_begin(server);
	assert_int_equal(store_credential_used(server->context.store, 1, server->now, 16191, &err),
			 STATUS_OK);
	fixture_commit(server);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

static void a_revoked_device_cannot_ask_again(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);
	struct error err = ERROR_INIT;

	send_attempt(server, &attempt);
	fixture_begin(server);
	assert_int_equal(store_credential_revoke(server->context.store, 1, server->now, "stolen", &err),
			 STATUS_OK);
	fixture_commit(server);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

static void the_right_key_with_a_wrong_secret_cannot_ask_again(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	send_attempt(server, &attempt);
	spoil(&attempt);
	send_attempt(server, &attempt);
	assert_not_valid(server);
}

/* ---- words for people ---- */

static void an_older_and_a_newer_client_are_told_which_is_older(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	attempt.protocol = 0;
	send_attempt(server, &attempt);
	assert_status(server, STATUS_INVALID);
	assert_non_null(strstr(server->err.message, "Your client is older than this server"));
	attempt.protocol = 2;
	send_attempt(server, &attempt);
	assert_status(server, STATUS_INVALID);
	assert_non_null(strstr(server->err.message, "Your client is newer than this server"));
	assert_int_equal(stored(server, &attempt).tries, 0);
}

static void a_device_needs_a_name_on_one_line(void **state)
{
	static const char *const wrong[] = {"", "   ", "two\nlines", "tab\there"};
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		attempt.device = wrong[i];
		send_attempt(server, &attempt);
		assert_status(server, STATUS_INVALID);
	}
	assert_int_equal(stored(server, &attempt).tries, 0);
}

static void an_id_or_secret_of_the_wrong_length_is_not_valid(void **state)
{
	struct server_fixture *server = *state;
	struct attempt attempt = attempt_with(server, server->invitation);

	for (size_t length = 0; length < INVITATION_SECRET; length++) {
		fixture_ask(server);
		fixture_int(server, "protocol", 1);
		fixture_bin(server, "invitation", attempt.invitation.id,
			    length < INVITATION_ID ? length : INVITATION_ID);
		fixture_bin(server, "secret", attempt.invitation.secret, length);
		fixture_bin(server, "request", attempt.request.data, attempt.request.length);
		fixture_text(server, "device", "laptop");
		fixture_call(server, NULL, METHOD_enrol, handle_enrol);
		assert_not_valid(server);
	}
	assert_int_equal(stored(server, &attempt).tries, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, server_fixture_setup, server_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_administrator_comes_in_and_is_administrator),
		CASE(the_answer_lets_a_client_check_the_chain_against_the_invitation),
		CASE(an_enrolment_is_journalled_and_wakes_watchers),
		CASE(a_second_device_belongs_to_the_same_account),
		CASE(a_device_survives_a_restart),
		CASE(the_secret_is_not_in_the_store),
		CASE(an_unknown_invitation_is_not_valid),
		CASE(an_expired_invitation_is_not_valid),
		CASE(an_invitation_is_good_until_its_last_moment),
		CASE(a_used_invitation_is_not_valid_for_another_key),
		CASE(a_withdrawn_invitation_is_not_valid),
		CASE(a_person_who_left_the_directory_is_not_let_in),
		CASE(a_wrong_secret_gets_the_same_answer),
		CASE(four_wrong_secrets_do_not_end_an_invitation),
		CASE(five_wrong_secrets_end_it_for_good),
		CASE(wrong_secrets_are_journalled_without_the_secret_and_only_five),
		CASE(a_wrong_secret_counts_whatever_else_is_wrong),
		CASE(a_bad_request_does_not_use_up_the_invitation),
		CASE(the_same_key_may_ask_again_for_ten_minutes),
		CASE(asking_again_does_not_make_the_ten_minutes_longer),
		CASE(a_certificate_that_was_used_is_not_issued_again),
		CASE(a_revoked_device_cannot_ask_again),
		CASE(the_right_key_with_a_wrong_secret_cannot_ask_again),
		CASE(an_older_and_a_newer_client_are_told_which_is_older),
		CASE(a_device_needs_a_name_on_one_line),
		CASE(an_id_or_secret_of_the_wrong_length_is_not_valid),
	};

	return cmocka_run_group_tests_name("enrolment", tests, NULL, NULL);
}
