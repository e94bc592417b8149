/* What administrators do with accounts and invitations, and everybody with their own devices. */
#include "tests/support/server_fixture.h"

#include "common/clock.h"
#include "server/identity/credentials.h"
#include "server/identity/invitations.h"
#include "server/records/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* ---- helpers ---- */

static enum status invite(struct server_fixture *server, const struct fixture_device *by, const char *person)
{
	fixture_ask(server);
	fixture_text(server, "person", person);
	return fixture_call(server, by, METHOD_invite, handle_invite);
}

static enum status withdraw(struct server_fixture *server, const struct fixture_device *by, const char *id)
{
	fixture_ask(server);
	fixture_text(server, "invitation", id);
	return fixture_call(server, by, METHOD_invitation_withdraw, handle_invitation_withdraw);
}

static enum status revoke(struct server_fixture *server, const struct fixture_device *by, int64_t credential,
			  const char *reason)
{
	fixture_ask(server);
	fixture_int(server, "credential", credential);
	if (reason != NULL) {
		fixture_text(server, "reason", reason);
	}
	return fixture_call(server, by, METHOD_credential_revoke, handle_credential_revoke);
}

static enum status renew(struct server_fixture *server, const struct fixture_device *device, EVP_PKEY *key)
{
	struct span request = fixture_certificate_request(server, key);

	fixture_ask(server);
	fixture_bin(server, "request", request.data, request.length);
	return fixture_call(server, device, METHOD_credential_renew, handle_credential_renew);
}

static const msgpack_object *list_accounts(struct server_fixture *server, const struct fixture_device *by)
{
	fixture_ask(server);
	fixture_call(server, by, METHOD_account_list, handle_account_list);
	assert_status(server, STATUS_OK);
	return server->result;
}

static const msgpack_object *entry_of(const msgpack_object *map, const char *key, size_t index)
{
	const msgpack_object *list = codec_get(map, key);

	assert_non_null(list);
	assert_true(index < codec_count(list));
	return &list->via.array.ptr[index];
}

static const char *text_of(struct server_fixture *server, const msgpack_object *map, const char *key)
{
	const char *text = codec_get_string(fixture_arena(server), map, key);

	return text != NULL ? text : "";
}

static enum status sign_in(struct server_fixture *server, const struct digest *fingerprint)
{
	struct session *session = NULL;
	struct error err = ERROR_INIT;

	return session_load(server->reader, fixture_arena(server), fingerprint, &session, &err);
}

static struct credential_row stored(struct server_fixture *server, int64_t number)
{
	struct credential_row row;
	struct error err = ERROR_INIT;

	assert_int_equal(store_credential_get(server->reader, fixture_arena(server), number, &row, &err),
			 STATUS_OK);
	return row;
}

static struct digest renewed_fingerprint(struct server_fixture *server)
{
	struct digest digest;
	struct span der = {NULL, 0};

	assert_true(codec_bin(codec_get(server->result, "certificate"), &der));
	digest_bytes(der.data, der.length, &digest);
	return digest;
}

/* What the server does when a certificate is used for the first time. */
static int64_t use(struct server_fixture *server, const struct digest *fingerprint)
{
	struct credential_row row;
	struct error err = ERROR_INIT;
	int64_t ended = -1;

	fixture_begin(server);
	assert_int_equal(
		store_credential_find(server->context.store, fixture_arena(server), fingerprint, &row, &err),
		STATUS_OK);
	assert_int_equal(credential_first_use(server->context.store, fixture_arena(server), &row, server->now,
					      &ended, &err),
			 STATUS_OK);
	fixture_commit(server);
	return ended;
}

static void remove_person(struct server_fixture *server, int64_t number)
{
	struct record_row row;
	struct error err = ERROR_INIT;

	fixture_begin(server);
	assert_int_equal(store_record_get(server->context.store, fixture_arena(server), server->partnership,
					  "person", number, &row, &err),
			 STATUS_OK);
	row.revision++;
	row.place = 99; /* of the same entry, after the others */
	row.verb = "remove";
	row.removed = true;
	assert_int_equal(store_record_put(server->context.store, server->partnership, &row, &err), STATUS_OK);
	fixture_commit(server);
}

/* The administrator of a second partnership on the same server. */
static struct fixture_device *stranger(struct server_fixture *server)
{
	char invitation[INVITATION_TEXT];

	fixture_found(server, "Elsewhere Community Safety Partnership", "Eve Elsewhere", invitation);
	return fixture_enrol(server, invitation);
}

/* ---- inviting ---- */

static void a_person_is_invited_by_id_or_by_name(void **state)
{
	static const char *const ways[] = {"PE2", "pe2", "Debra Tedds", "  debra   TEDDS "};
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);

	fixture_person(server, "Debra Tedds");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		invite(server, administrator, ways[i]);
		assert_status(server, STATUS_OK);
		assert_string_equal(fixture_result(server, "name"), "Debra Tedds");
	}
}

static void an_invitation_leads_to_this_server_and_lets_the_person_in(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *device = NULL;
	struct invitation invitation;
	struct error err = ERROR_INIT;

	fixture_person(server, "Debra Tedds");
	server->context.port = 4711;
	memcpy(server->settings.names, "safer.example.org 192.0.2.7", sizeof("safer.example.org 192.0.2.7"));
	invite(server, administrator, "Debra Tedds");
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "expires"), "2014-05-04T09:00:00.000000Z");
	assert_int_equal(invitation_parse(fixture_result(server, "invitation"), &invitation, &err),
			 STATUS_OK);
	assert_string_equal(invitation.host, "safer.example.org");
	assert_int_equal(invitation.port, 4711);
	device = fixture_enrol(server, fixture_result(server, "invitation"));
	assert_int_equal(sign_in(server, &device->fingerprint), STATUS_OK);
	assert_int_not_equal(device->account, administrator->account);
}

static void the_administrator_chooses_how_long_an_invitation_lasts(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);

	fixture_ask(server);
	fixture_text(server, "person", "PE1");
	fixture_int(server, "hours", 2);
	fixture_call(server, administrator, METHOD_invite, handle_invite);
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "expires"), "2014-05-01T11:00:00.000000Z");
	fixture_ask(server);
	fixture_text(server, "person", "PE1");
	fixture_int(server, "hours", 0);
	fixture_call(server, administrator, METHOD_invite, handle_invite);
	assert_status(server, STATUS_INVALID);
}

static void inviting_is_journalled_with_the_post_that_allowed_it(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	size_t before = fixture_entries(server, server->partnership, "invitation");
	struct leaf_row leaf;
	const msgpack_object *map = NULL;
	struct error err = ERROR_INIT;
	int64_t count = 0;

	invite(server, administrator, "PE1");
	assert_status(server, STATUS_OK);
	assert_int_equal(server->request->moved, server->partnership);
	assert_int_equal(fixture_entries(server, server->partnership, "invitation"), before + 1);
	assert_non_null(strstr(fixture_note(server, server->partnership, "invitation"), " for PE1"));
	assert_null(strstr(fixture_note(server, server->partnership, "invitation"), "SAFER1"));
	assert_int_equal(store_leaf_count(server->reader, server->partnership, &count, &err), STATUS_OK);
	assert_int_equal(store_leaf_get(server->reader, fixture_arena(server), server->partnership, count - 1,
					&leaf, &err),
			 STATUS_OK);
	assert_int_equal(codec_decode(fixture_arena(server), leaf.leaf, &map, &err), STATUS_OK);
	assert_string_equal(text_of(server, map, "person"), "PE1");
	assert_string_equal(text_of(server, map, "post"), "administrator");
	assert_string_equal(text_of(server, map, "body"), "B1");
	assert_int_equal(codec_get_int(map, "credential", 0), administrator->credential);
}

static void nobody_is_invited_by_a_name_that_several_bear(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);

	fixture_person(server, "John Smith");
	fixture_person(server, "Debra Tedds");
	fixture_person(server, "John  SMITH");
	invite(server, administrator, "john smith");
	assert_status(server, STATUS_INVALID);
	assert_non_null(strstr(server->err.message, "PE2, PE4"));
	invite(server, administrator, "PE4");
	assert_status(server, STATUS_OK);
}

static void nobody_is_invited_who_is_not_in_the_directory(void **state)
{
	static const char *const wrong[] = {"PE99", "Nobody Here", "PE2", "Debra Tedds", "B1"};
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);

	remove_person(server, fixture_person(server, "Debra Tedds"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		invite(server, administrator, wrong[i]);
		assert_status(server, STATUS_NOT_FOUND);
	}
	assert_int_equal(codec_count(codec_get(list_accounts(server, administrator), "invitations")), 0);
}

static void nobody_is_invited_across_partnerships(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *elsewhere = stranger(server);

	fixture_person(server, "Debra Tedds");
	invite(server, elsewhere, "Debra Tedds");
	assert_status(server, STATUS_NOT_FOUND);
	invite(server, elsewhere, "PE2");
	assert_status(server, STATUS_NOT_FOUND);
}

/* ---- withdrawing ---- */

static void a_withdrawn_invitation_is_gone_from_the_list_and_useless(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	const char *id = NULL;

	fixture_person(server, "Debra Tedds");
	invite(server, administrator, "PE2");
	assert_status(server, STATUS_OK);
	id = text_of(server, entry_of(list_accounts(server, administrator), "invitations", 0), "invitation");
	withdraw(server, administrator, id);
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "invitation"), id);
	assert_int_equal(server->request->moved, server->partnership);
	assert_non_null(strstr(fixture_note(server, server->partnership, "invitation"), "withdrawn"));
	assert_int_equal(codec_count(codec_get(list_accounts(server, administrator), "invitations")), 0);
	withdraw(server, administrator, id);
	assert_status(server, STATUS_NOT_FOUND);
}

static void another_partnerships_invitation_cannot_be_withdrawn(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *elsewhere = stranger(server);
	const char *id = NULL;

	invite(server, administrator, "PE1");
	id = text_of(server, entry_of(list_accounts(server, administrator), "invitations", 0), "invitation");
	withdraw(server, elsewhere, id);
	assert_status(server, STATUS_NOT_FOUND);
	assert_int_equal(codec_count(codec_get(list_accounts(server, administrator), "invitations")), 1);
}

static void what_is_no_id_of_an_invitation_is_said_to_be_none(void **state)
{
	static const char *const wrong[] = {"", "UUUUUUUU", "ABC", "0123456789", "PE1"};
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		withdraw(server, administrator, wrong[i]);
		assert_status(server, STATUS_INVALID);
	}
	withdraw(server, administrator, "00000000");
	assert_status(server, STATUS_NOT_FOUND);
}

/* ---- the list ---- */

static void the_list_shows_devices_and_open_invitations(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	const msgpack_object *list = NULL;
	const msgpack_object *row = NULL;

	fixture_person(server, "Debra Tedds");
	invite(server, administrator, "PE2");
	list = list_accounts(server, administrator);
	assert_int_equal(codec_count(codec_get(list, "accounts")), 1);
	row = entry_of(list, "accounts", 0);
	assert_string_equal(text_of(server, row, "person"), "PE1");
	assert_string_equal(text_of(server, row, "name"), FIXTURE_ADMINISTRATOR);
	row = entry_of(row, "devices", 0);
	assert_int_equal(codec_get_int(row, "credential", 0), administrator->credential);
	assert_string_equal(text_of(server, row, "device"), "laptop");
	assert_string_equal(text_of(server, row, "issued"), "2014-05-01T09:00:00.000000Z");
	assert_true(codec_is_nil(codec_get(row, "revoked")));
	assert_int_equal(codec_count(codec_get(list, "invitations")), 1);
	row = entry_of(list, "invitations", 0);
	assert_string_equal(text_of(server, row, "person"), "PE2");
	assert_string_equal(text_of(server, row, "name"), "Debra Tedds");
	assert_string_equal(text_of(server, row, "by"), FIXTURE_ADMINISTRATOR);
	fixture_wait(server, 72 * FIXTURE_HOUR);
	assert_int_equal(codec_count(codec_get(list_accounts(server, administrator), "invitations")), 0);
}

static void the_list_ends_at_the_partnership(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *elsewhere = stranger(server);
	const msgpack_object *list = NULL;

	invite(server, administrator, "PE1");
	list = list_accounts(server, elsewhere);
	assert_int_equal(codec_count(codec_get(list, "accounts")), 1);
	assert_string_equal(text_of(server, entry_of(list, "accounts", 0), "name"), "Eve Elsewhere");
	assert_int_equal(codec_count(codec_get(list, "invitations")), 0);
}

static void somebody_who_left_still_stands_in_the_list(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	int64_t person = fixture_person(server, "Debra Tedds");

	fixture_device(server, person);
	remove_person(server, person);
	assert_string_equal(
		text_of(server, entry_of(list_accounts(server, administrator), "accounts", 1), "name"),
		"Debra Tedds");
}

/* ---- renewing ---- */

static void both_certificates_are_good_until_the_new_one_is_used(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);
	struct digest renewed;

	fixture_wait(server, 60 * FIXTURE_DAY);
	renew(server, device, fixture_key(server));
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "expires"), "2014-09-28T09:00:00.000000Z");
	assert_int_equal(server->request->close_credential, 0);
	renewed = renewed_fingerprint(server);
	assert_int_equal(sign_in(server, &device->fingerprint), STATUS_OK);
	assert_int_equal(sign_in(server, &renewed), STATUS_OK);
	assert_int_equal(use(server, &renewed), device->credential);
	assert_int_equal(sign_in(server, &device->fingerprint), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &renewed), STATUS_OK);
}

static void a_renewed_certificate_keeps_device_and_account(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);

	renew(server, device, fixture_key(server));
	assert_status(server, STATUS_OK);
	assert_string_equal(stored(server, 2).device, "laptop");
	assert_int_equal(stored(server, 2).account, device->account);
	assert_int_equal(stored(server, 2).replaces, device->credential);
	assert_string_equal(fixture_note(server, server->partnership, "enrolment"),
			    "device 2 of PE1 in place of device 1");
	assert_int_equal(server->request->moved, server->partnership);
}

static void only_the_newest_renewal_can_take_over(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);
	struct digest lost;
	struct digest newest;

	renew(server, device, fixture_key(server));
	lost = renewed_fingerprint(server);
	renew(server, device, fixture_key(server));
	assert_status(server, STATUS_OK);
	newest = renewed_fingerprint(server);
	assert_int_equal(sign_in(server, &lost), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &newest), STATUS_OK);
	assert_int_equal(sign_in(server, &device->fingerprint), STATUS_OK);
}

static void renewing_needs_a_new_key(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);

	renew(server, device, device->key);
	assert_status(server, STATUS_INVALID);
	assert_int_equal(fixture_entries(server, server->partnership, "enrolment"), 1);
}

static void an_expired_certificate_cannot_renew_itself(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *device = fixture_administrator(server);

	fixture_wait(server, 90 * FIXTURE_DAY);
	renew(server, device, fixture_key(server));
	assert_status(server, STATUS_SIGNED_OUT);
}

/* ---- revoking ---- */

static void one_ends_ones_own_device(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *member = fixture_member(server, "Debra Tedds", "board", "member");
	struct fixture_device *other = fixture_device(server, 2);

	revoke(server, member, other->credential, "lost on a train");
	assert_status(server, STATUS_OK);
	assert_string_equal(fixture_result(server, "device"), "laptop");
	assert_int_equal(server->request->close_credential, other->credential);
	assert_int_equal(server->request->moved, server->partnership);
	assert_int_equal(sign_in(server, &other->fingerprint), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &member->fingerprint), STATUS_OK);
	assert_non_null(strstr(stored(server, other->credential).revoked_why, "lost on a train"));
	assert_string_equal(fixture_note(server, server->partnership, "revocation"), "device 2 of PE2");
}

static void one_cannot_end_a_colleagues_device_or_learn_of_it(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *member = fixture_member(server, "Debra Tedds", "board", "member");
	struct fixture_device *administrator = fixture_administrator(server);
	char there[600];

	revoke(server, member, administrator->credential, NULL);
	assert_status(server, STATUS_NOT_FOUND);
	memcpy(there, server->err.message, sizeof(there));
	revoke(server, member, 99, NULL);
	assert_status(server, STATUS_NOT_FOUND);
	assert_string_equal(there, "You have no device 2.");
	assert_string_equal(server->err.message, "You have no device 99.");
	assert_int_equal(sign_in(server, &administrator->fingerprint), STATUS_OK);
}

static void an_administrator_ends_any_device_of_the_partnership(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *member = fixture_member(server, "Debra Tedds", "board", "member");

	revoke(server, administrator, member->credential, "left the council");
	assert_status(server, STATUS_OK);
	assert_int_equal(sign_in(server, &member->fingerprint), STATUS_SIGNED_OUT);
	assert_non_null(strstr(stored(server, member->credential).revoked_why,
			       "Ann Admin, administrator of Administration: left the council"));
	assert_int_equal(fixture_entries(server, server->partnership, "revocation"), 1);
}

static void an_administrator_of_elsewhere_ends_nothing_here(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *elsewhere = stranger(server);

	revoke(server, elsewhere, administrator->credential, NULL);
	assert_status(server, STATUS_NOT_FOUND);
	assert_int_equal(server->request->close_credential, 0);
	assert_int_equal(sign_in(server, &administrator->fingerprint), STATUS_OK);
}

static void ending_a_device_twice_is_no_error_and_no_second_entry(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *other = fixture_device(server, server->administrator);

	revoke(server, administrator, other->credential, NULL);
	assert_status(server, STATUS_OK);
	revoke(server, administrator, other->credential, NULL);
	assert_status(server, STATUS_OK);
	assert_int_equal(fixture_entries(server, server->partnership, "revocation"), 1);
}

static void a_thief_who_renewed_in_secret_goes_with_the_device(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *stolen = fixture_device(server, server->administrator);
	struct digest renewed;

	use(server, &stolen->fingerprint);
	renew(server, stolen, fixture_key(server));
	renewed = renewed_fingerprint(server);
	revoke(server, administrator, stolen->credential, "stolen");
	assert_status(server, STATUS_OK);
	assert_int_equal(sign_in(server, &renewed), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &stolen->fingerprint), STATUS_SIGNED_OUT);
	assert_int_equal(sign_in(server, &administrator->fingerprint), STATUS_OK);
}

static void ending_the_unused_renewal_ends_the_device_in_use(void **state)
{
	struct server_fixture *server = *state;
	struct fixture_device *administrator = fixture_administrator(server);
	struct fixture_device *stolen = fixture_device(server, server->administrator);

	use(server, &stolen->fingerprint);
	renew(server, stolen, fixture_key(server));
	revoke(server, administrator, stolen->credential + 1, "stolen");
	assert_status(server, STATUS_OK);
	assert_int_equal(sign_in(server, &stolen->fingerprint), STATUS_SIGNED_OUT);
	assert_int_equal(server->request->close_credential, stolen->credential);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, server_fixture_setup, server_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_person_is_invited_by_id_or_by_name),
		CASE(an_invitation_leads_to_this_server_and_lets_the_person_in),
		CASE(the_administrator_chooses_how_long_an_invitation_lasts),
		CASE(inviting_is_journalled_with_the_post_that_allowed_it),
		CASE(nobody_is_invited_by_a_name_that_several_bear),
		CASE(nobody_is_invited_who_is_not_in_the_directory),
		CASE(nobody_is_invited_across_partnerships),
		CASE(a_withdrawn_invitation_is_gone_from_the_list_and_useless),
		CASE(another_partnerships_invitation_cannot_be_withdrawn),
		CASE(what_is_no_id_of_an_invitation_is_said_to_be_none),
		CASE(the_list_shows_devices_and_open_invitations),
		CASE(the_list_ends_at_the_partnership),
		CASE(somebody_who_left_still_stands_in_the_list),
		CASE(both_certificates_are_good_until_the_new_one_is_used),
		CASE(a_renewed_certificate_keeps_device_and_account),
		CASE(only_the_newest_renewal_can_take_over),
		CASE(renewing_needs_a_new_key),
		CASE(an_expired_certificate_cannot_renew_itself),
		CASE(one_ends_ones_own_device),
		CASE(one_cannot_end_a_colleagues_device_or_learn_of_it),
		CASE(an_administrator_ends_any_device_of_the_partnership),
		CASE(an_administrator_of_elsewhere_ends_nothing_here),
		CASE(ending_a_device_twice_is_no_error_and_no_second_entry),
		CASE(a_thief_who_renewed_in_secret_goes_with_the_device),
		CASE(ending_the_unused_renewal_ends_the_device_in_use),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
