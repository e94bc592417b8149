/* From an invitation to a device that is signed in, and back out again: every way that goes wrong has its sentence and
 * its exit code, and nothing on the person's disk is lost on the way. */
#include "tests/support/partnership.h"

#include "common/clock.h"
#include "protocol/invitation.h"
#include "server/identity/authority.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann; /* the administrator */
	struct person *paul;
	unsigned people; /* how many were made for single tests */
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

static struct person *somebody(void)
{
	char name[32];

	snprintf(name, sizeof(name), "person-%u", ++scene.people);
	return person_new(scene.it, name);
}

/* ---- getting in ---- */

static void an_invitation_makes_a_device_that_is_signed_in(void **state)
{
	struct person *clara = somebody();
	char invitation[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	person_gets(clara, 0, "enrol", invitation, "--device", "Clara's laptop");
	assert_says(clara->out, "You are Clara Chair (PE2) in Test Partnership");
	person_gets(clara, 0, "whoami");
	assert_says(clara->out, "Clara Chair (PE2), account");
	assert_says(clara->out, "\"Clara's laptop\"");
	assert_says(clara->out, "chair");
	assert_says(clara->out, "Strategic Board");
}

static void an_invitation_may_come_from_standard_input(void **state)
{
	struct person *clara = somebody();
	char invitation[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	clara->input = invitation;
	person_gets(clara, 0, "enrol", "-");
	person_gets(clara, 0, "whoami");
}

static void an_invitation_may_be_typed_in_small_letters_and_pieces(void **state)
{
	struct person *clara = somebody();
	char invitation[300];
	char typed[600] = "  ";

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	for (size_t i = 0, at = 2; invitation[i] != '\0'; i++) {
		char letter = invitation[i];

		typed[at++] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 'a' - 'A') : letter;
		typed[at] = '\0';
		if (i % 30 == 29) {
			typed[at++] = '\n';
			typed[at] = '\0';
		}
	}
	clara->input = typed;
	person_gets(clara, 0, "enrol", "-");
}

static void somebody_without_a_post_gets_in_and_sees_no_plan(void **state)
{
	struct person *olive = somebody();

	(void)state;
	person_joins(scene.ann, olive, OUTSIDER);
	person_gets(olive, 0, "whoami");
	assert_says(olive->out, "roles today: none");
	person_gets(olive, 3, "action", "show", "A1");
	person_gets(olive, 5, "account", "list");
	assert_says(olive->err, "administrator");
}

/* ---- invitations that do not let in ---- */

static void a_mistyped_invitation_is_caught_before_anything_is_sent(void **state)
{
	struct person *clara = somebody();
	char invitation[300];
	char mistyped[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	snprintf(mistyped, sizeof(mistyped), "%s", invitation);
	mistyped[20] = mistyped[20] == 'X' ? 'Y' : 'X';
	person_gets(clara, 2, "enrol", mistyped);
	assert_says(clara->err, "copy the whole line");
	person_gets(clara, 0, "enrol", invitation); /* it was not used up */
}

static void what_is_no_invitation_is_refused(void **state)
{
	struct person *clara = somebody();

	(void)state;
	person_gets(clara, 2, "enrol", "hello");
	assert_says(clara->err, "SAFER1-");
	person_gets(clara, 2, "enrol", "SAFER1-");
	clara->input = "";
	person_gets(clara, 2, "enrol", "-");
}

static void an_invitation_that_was_used_lets_nobody_else_in(void **state)
{
	struct person *clara = somebody();
	struct person *thief = somebody();
	char invitation[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	person_enrol(clara, invitation);
	person_gets(thief, 4, "enrol", invitation);
	assert_says(thief->err, "This invitation is not valid here any more");
	assert_says(thief->err, "Ask your administrator for a new one");
	person_gets(thief, 4, "whoami");
	assert_says(thief->err, "safer enrol");
}

static void an_invitation_that_has_expired_lets_nobody_in(void **state)
{
	struct person *clara = somebody();
	char invitation[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	installation_stop(scene.it);
	installation_sql(scene.it, "UPDATE invitation SET expires_at = 1 WHERE ended_at = 0");
	installation_start(scene.it);
	person_gets(clara, 4, "enrol", invitation);
	assert_says(clara->err, "it has expired");
}

static void an_invitation_that_was_withdrawn_lets_nobody_in(void **state)
{
	struct person *clara = somebody();
	char invitation[300];
	char id[16] = "";
	const char *at = NULL;

	(void)state;
	person_invites(scene.ann, COUNCIL, invitation);
	person_gets(scene.ann, 0, "account", "list", "--json");
	at = strstr(scene.ann->out, "\"invitation\": \"");
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.8s", at + strlen("\"invitation\": \""));
	person_gets(scene.ann, 0, "invitation", "withdraw", id);
	person_gets(clara, 4, "enrol", invitation);
	assert_says(clara->err, "withdrawn");
	person_gets(scene.ann, 3, "invitation", "withdraw", id);
}

static void five_wrong_secrets_end_an_invitation(void **state)
{
	struct person *clara = somebody();
	char text[300];
	char wrong[INVITATION_TEXT];
	struct invitation invitation;
	struct error err = ERROR_INIT;

	(void)state;
	person_invites(scene.ann, CHAIR, text);
	assert_int_equal(invitation_parse(text, &invitation, &err), STATUS_OK);
	invitation.secret[0] ^= 1;
	assert_int_equal(invitation_format(&invitation, wrong, &err), STATUS_OK);
	for (int i = 0; i < 5; i++) {
		person_gets(clara, 4, "enrol", wrong);
	}
	person_gets(clara, 4, "enrol", text); /* the right one comes too late */
	person_gets(scene.ann, 0, "journal", "list");
	assert_says(scene.ann->out, "try 5 of 5");
}

static void an_invitation_for_another_server_sends_no_secret(void **state)
{
	struct person *clara = somebody();
	char text[300];
	char other[INVITATION_TEXT];
	struct invitation invitation;
	struct error err = ERROR_INIT;
	long from = installation_log_end(scene.it);

	(void)state;
	person_invites(scene.ann, CHAIR, text);
	assert_int_equal(invitation_parse(text, &invitation, &err), STATUS_OK);
	invitation.fingerprint[3] ^= 1;
	assert_int_equal(invitation_format(&invitation, other, &err), STATUS_OK);
	person_gets(clara, 9, "enrol", other);
	assert_false(installation_logged(scene.it, from, "method=enrol"));
	person_gets(clara, 0, "enrol", text);
}

static void nobody_but_an_administrator_invites(void **state)
{
	(void)state;
	person_gets(scene.paul, 5, "invite", CHAIR);
	assert_says(scene.paul->err, "method.invite");
	assert_says(scene.paul->err, "administrator");
	person_gets(scene.ann, 3, "invite", "Nobody Here");
	assert_says(scene.ann->err, "There is nobody called \"Nobody Here\"");
}

/* ---- devices and profiles ---- */

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static void a_person_may_have_two_devices_with_one_account(void **state)
{
	struct person *laptop = somebody();
	struct person *phone = somebody();
	char invitation[300];

	(void)state;
	person_joins(scene.ann, laptop, SCRUTINY);
	person_invites(scene.ann, SCRUTINY, invitation);
	person_gets(phone, 0, "enrol", invitation, "--device", "Sue's phone");
	person_gets(laptop, 0, "whoami");
	assert_says(laptop->out, "Sue Scrutiny");
	person_gets(phone, 0, "whoami");
	assert_says(phone->out, "Sue's phone");
	person_gets(scene.ann, 0, "account", "list", "--json");
	assert_int_equal(occurrences(scene.ann->out, "\"name\": \"" SCRUTINY "\""), 1);
	assert_int_equal(occurrences(scene.ann->out, "\"device\": \"Sue's phone\""), 1);
}

static void a_person_may_have_several_profiles(void **state)
{
	struct person *both = somebody();
	char invitation[300];

	(void)state;
	person_invites(scene.ann, CHAIR, invitation);
	person_gets(both, 0, "enrol", invitation, "--profile", "chair");
	assert_says(both->out, "next: safer --profile chair");
	person_gets(both, 0, "whoami"); /* the only one needs no name */
	person_invites(scene.ann, SCRUTINY, invitation);
	person_gets(both, 0, "enrol", invitation, "--profile", "scrutiny");
	person_gets(both, 2, "whoami");
	assert_says(both->err, "--profile");
	person_gets(both, 0, "whoami", "--profile", "chair");
	assert_says(both->out, CHAIR);
	both->environment[0] = "SAFER_PROFILE=scrutiny";
	person_gets(both, 0, "whoami");
	assert_says(both->out, SCRUTINY);
	person_gets(both, 0, "profile", "list");
	assert_says(both->out, "chair");
	assert_says(both->out, "scrutiny");
	person_gets(both, 2, "whoami", "--profile", "../chair");
}

static void a_profile_is_never_overwritten(void **state)
{
	struct person *clara = somebody();
	struct person *other = somebody();
	char path[PROGRAM_PATH];
	char invitation[300];
	char *before = NULL;
	char *after = NULL;

	(void)state;
	person_joins(scene.ann, clara, CHAIR);
	before = file_text(person_file(clara, "key.pem", path));
	person_invites(scene.ann, CHAIR, invitation);
	person_gets(clara, 2, "enrol", invitation);
	assert_says(clara->err, "there is a profile \"default\" on this device already");
	after = file_text(path);
	assert_string_equal(before, after);
	free(before);
	free(after);
	person_gets(clara, 0, "whoami");
	person_enrol(other, invitation); /* it was not used up */
}

static void keys_are_for_their_owner_alone(void **state)
{
	static const char *const files[] = {"key.pem", "certificate.pem", "ca.pem", "profile.ini"};
	char path[PROGRAM_PATH];
	struct stat about;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(stat(person_file(scene.paul, files[i], path), &about), 0);
		assert_int_equal(about.st_mode & 0077, 0);
	}
	assert_int_equal(stat(person_file(scene.paul, "", path), &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);
}

/* ---- renewal ---- */

static enum status greeting(const struct raw_offer *offer, struct error *err)
{
	struct raw_peer *peer = raw_connect(scene.it, offer);
	const struct raw_reply *reply = NULL;
	enum status status;

	raw_ask(peer, 1, "whoami");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	status = reply->status;
	*err = reply->error;
	raw_close(peer);
	return status;
}

static void a_renewed_certificate_ends_the_old_one_at_its_first_use(void **state)
{
	struct person *clara = somebody();
	struct raw_offer old;
	struct raw_peer *open = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	person_joins(scene.ann, clara, CHAIR);
	person_gets(clara, 0, "whoami");
	old = raw_person(clara);
	person_gets(clara, 0, "renew");
	assert_says(clara->out, "new certificate");
	open = raw_connect(scene.it, &old); /* the new one might have got lost */
	raw_ask(open, 1, "whoami");
	assert_int_equal(raw_reply(open, 1)->status, STATUS_OK);
	person_gets(clara, 0, "whoami");
	raw_drain(
		open); /* the old one ends shortly after the answer to the new one, and its connections with it */
	assert_true(open->goodbye);
	raw_close(open);
	assert_int_equal(greeting(&old, &err), STATUS_SIGNED_OUT);
	raw_offer_release(&old);
	person_gets(clara, 0, "whoami");
}

/* A certificate that began long ago and ends soon, in the profile and in the store. */
static void age(struct person *person, int64_t account)
{
	struct raw_offer offer = raw_person(person);
	const struct certificate_wish wish = {.key = offer.key,
					      .name = "Aged",
					      .account = account,
					      .from = clock_machine() - 60 * RAW_DAY,
					      .to = clock_machine() + 10 * RAW_DAY};
	struct authority *authority = NULL;
	struct error err = ERROR_INIT;
	X509 *certificate = NULL;
	char path[PROGRAM_PATH];
	FILE *file = NULL;

	assert_int_equal(authority_load(scene.it->folder, &authority, &err), STATUS_OK);
	assert_int_equal(authority_issue(authority, &wish, &certificate, &err), STATUS_OK);
	installation_stop(scene.it);
	raw_store_credential(scene.it, certificate, account);
	installation_start(scene.it);
	file = fopen(person_file(person, "certificate.pem", path), "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	X509_free(certificate);
	authority_free(authority);
	raw_offer_release(&offer);
}

static void a_certificate_renews_itself_in_its_last_third(void **state)
{
	struct person *clara = somebody();
	struct raw_offer aged;
	struct raw_offer fresh;
	long from = 0;

	(void)state;
	person_joins(scene.ann, clara, CHAIR);
	age(clara, 3);
	aged = raw_person(clara);
	from = installation_log_end(scene.it);
	person_gets(clara, 0, "whoami");
	assert_true(installation_logged(scene.it, from, "method=credential.renew status=ok"));
	fresh = raw_person(clara);
	assert_int_not_equal(X509_cmp(aged.certificate, fresh.certificate), 0);
	raw_offer_release(&aged);
	raw_offer_release(&fresh);
	from = installation_log_end(scene.it);
	person_gets(clara, 0, "whoami");
	assert_false(installation_logged(scene.it, from, "method=credential.renew"));
}

/* ---- revocation ---- */

static void device_number(struct person *person, char out[16])
{
	const char *at = NULL;

	person_gets(person, 0, "whoami");
	at = strstr(person->out, "(number ");
	assert_non_null(at);
	snprintf(out, 16, "%.*s", (int)strspn(at + 8, "0123456789"), at + 8);
}

static void revocation_bites_at_the_next_request_and_ends_a_watch(void **state)
{
	struct person *clara = somebody();
	struct running watch;
	struct raw_peer *open = NULL;
	const struct raw_reply *reply = NULL;
	char number[16];

	(void)state;
	person_joins(scene.ann, clara, CHAIR);
	device_number(clara, number);
	person_starts(clara, &watch, "watch", NULL);
	running_until(&watch, "control-C ends");
	open = raw_connect_as(clara);
	raw_ask(open, 1, "whoami");
	assert_int_equal(raw_reply(open, 1)->status, STATUS_OK);
	person_gets(scene.ann, 0, "device", "revoke", number, "--reason", "lost on a train", "--yes");
	raw_ask(open, 2, "whoami");
	reply = raw_reply(open, 2);
	assert_true(reply == NULL || reply->status == STATUS_SIGNED_OUT);
	raw_drain(open);
	raw_close(open);
	running_until(&watch, "This device's certificate was revoked");
	assert_int_equal(running_end(&watch, 0), 4);
	person_gets(clara, 4, "whoami");
	assert_says(clara->err, "revoked");
}

static void a_person_may_shut_out_a_device_of_their_own_and_no_other(void **state)
{
	struct person *laptop = somebody();
	struct person *phone = somebody();
	char number[16];
	char anns[16];

	(void)state;
	person_joins(scene.ann, laptop, CHAIR);
	person_joins(scene.ann, phone, CHAIR);
	device_number(phone, number);
	device_number(scene.ann, anns);
	person_runs(laptop, "device", "revoke", anns, "--yes", NULL);
	assert_true(laptop->exit_code == 3 || laptop->exit_code == 5);
	person_gets(laptop, 0, "device", "revoke", number, "--yes");
	person_gets(phone, 4, "whoami");
	person_gets(laptop, 0, "whoami");
	person_gets(scene.ann, 0, "whoami");
}

static void shutting_out_a_device_wants_to_be_confirmed(void **state)
{
	char number[16];

	(void)state;
	device_number(scene.paul, number);
	person_gets(scene.paul, 2, "device", "revoke", number);
	assert_says(scene.paul->err, "--yes");
	person_gets(scene.paul, 0, "whoami");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invitation_makes_a_device_that_is_signed_in),
		cmocka_unit_test(an_invitation_may_come_from_standard_input),
		cmocka_unit_test(an_invitation_may_be_typed_in_small_letters_and_pieces),
		cmocka_unit_test(somebody_without_a_post_gets_in_and_sees_no_plan),
		cmocka_unit_test(a_mistyped_invitation_is_caught_before_anything_is_sent),
		cmocka_unit_test(what_is_no_invitation_is_refused),
		cmocka_unit_test(an_invitation_that_was_used_lets_nobody_else_in),
		cmocka_unit_test(an_invitation_that_has_expired_lets_nobody_in),
		cmocka_unit_test(an_invitation_that_was_withdrawn_lets_nobody_in),
		cmocka_unit_test(five_wrong_secrets_end_an_invitation),
		cmocka_unit_test(an_invitation_for_another_server_sends_no_secret),
		cmocka_unit_test(nobody_but_an_administrator_invites),
		cmocka_unit_test(a_person_may_have_two_devices_with_one_account),
		cmocka_unit_test(a_person_may_have_several_profiles),
		cmocka_unit_test(a_profile_is_never_overwritten),
		cmocka_unit_test(keys_are_for_their_owner_alone),
		cmocka_unit_test(a_renewed_certificate_ends_the_old_one_at_its_first_use),
		cmocka_unit_test(a_certificate_renews_itself_in_its_last_third),
		cmocka_unit_test(revocation_bites_at_the_next_request_and_ends_a_watch),
		cmocka_unit_test(a_person_may_shut_out_a_device_of_their_own_and_no_other),
		cmocka_unit_test(shutting_out_a_device_wants_to_be_confirmed),
	};

	return cmocka_run_group_tests_name("enrolment", tests, setup, teardown);
}
