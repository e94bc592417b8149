/* Who is let in: every wrong certificate is refused for its own reason, the log says which, and whoever is honest is
 * served right after. Peers are made by hand, because no client of ours would show such things. */
#include "tests/support/raw_peer.h"

#include "common/clock.h"
#include "protocol/version.h"
#include "server/identity/authority.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ACCOUNT 1 /* of the administrator */

static struct {
	struct installation *it;
	struct person *honest;
	struct raw_offer good; /* what the honest one shows */
	struct authority *authority;
	struct authority *other; /* of some other server */
	EVP_PKEY *key;           /* of those who are not */
	struct raw_offer revoked;
} scene;

/* ---- certificates ---- */

static void must(enum status status, const struct error *err)
{
	if (status != STATUS_OK) {
		fail_msg("%s", err->message);
	}
}

static X509 *issue(struct authority *authority, int64_t from, int64_t to)
{
	int64_t now = clock_machine();
	const struct certificate_wish wish = {
		.key = scene.key, .name = "Nobody", .account = ACCOUNT, .from = now + from, .to = now + to};
	struct error err = ERROR_INIT;
	X509 *certificate = NULL;

	must(authority_issue(authority, &wish, &certificate, &err), &err);
	return certificate;
}

static X509 *make_none(void)
{
	return NULL;
}

static X509 *make_expired(void)
{
	return issue(scene.authority, -10 * RAW_DAY, -RAW_DAY);
}

static X509 *make_future(void)
{
	return issue(scene.authority, RAW_DAY, 10 * RAW_DAY);
}

static X509 *make_unknown(void)
{
	return issue(scene.authority, -RAW_DAY, RAW_DAY);
}

static X509 *make_foreign(void)
{
	return issue(scene.other, -RAW_DAY, RAW_DAY);
}

/* Says of itself what a device's certificate says, and nobody else does. */
static X509 *make_self_signed(void)
{
	X509 *certificate = issue(scene.other, -RAW_DAY, RAW_DAY);
	int issuer = X509_get_ext_by_NID(certificate, NID_authority_key_identifier, -1);

	if (issuer >= 0) {
		X509_EXTENSION_free(X509_delete_ext(certificate, issuer));
	}
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	assert_int_not_equal(X509_sign(certificate, scene.key, EVP_sha256()), 0);
	return certificate;
}

static X509 *make_revoked(void)
{
	X509_up_ref(scene.revoked.certificate);
	return scene.revoked.certificate;
}

static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "r");
	X509 *certificate = NULL;

	assert_non_null(file);
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(certificate);
	return certificate;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = NULL;

	assert_non_null(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(key);
	return key;
}

static X509 *make_servers_own(void)
{
	char path[PROGRAM_PATH];

	return read_certificate(installation_path(scene.it, "data/" SERVER_CERT, path));
}

/* The key that goes with a certificate; to be released. */
static EVP_PKEY *key_of(X509 *(*make)(void))
{
	char path[PROGRAM_PATH];
	EVP_PKEY *key = scene.key;

	if (make == make_servers_own) {
		return read_key(installation_path(scene.it, "data/" SERVER_KEY, path));
	}
	if (make == make_revoked) {
		key = scene.revoked.key;
	}
	EVP_PKEY_up_ref(key);
	return key;
}

/* ---- the stage ---- */

/* Made once, and known to the store as good ones, so that nothing but TLS can be the one that refuses them. */
static X509 *kept[4];

static X509 *keep(size_t which)
{
	X509_up_ref(kept[which]);
	return kept[which];
}

static X509 *make_known_expired(void)
{
	return keep(0);
}

static X509 *make_known_future(void)
{
	return keep(1);
}

static X509 *make_known_foreign(void)
{
	return keep(2);
}

static X509 *make_known_self_signed(void)
{
	return keep(3);
}

static void fill_store(void)
{
	X509 *(*const makes[])(void) = {make_expired, make_future, make_foreign, make_self_signed};

	installation_stop(scene.it);
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		kept[i] = makes[i]();
		raw_store_credential(scene.it, kept[i], ACCOUNT);
	}
	installation_start(scene.it);
}

static int setup(void **state)
{
	char path[PROGRAM_PATH];
	char invitation[300];
	struct error err = ERROR_INIT;
	struct person *thief = NULL;

	(void)state;
	scene.it = installation_open(NULL);
	scene.honest = person_new(scene.it, "honest");
	thief = person_new(scene.it, "thief");
	person_enrol(scene.honest, scene.it->invitation);
	scene.good = raw_person(scene.honest);
	person_invites(scene.honest, ADMINISTRATOR_NAME, invitation);
	person_enrol(thief, invitation);
	person_gets(scene.honest, 0, "device", "revoke", "2", "--yes");
	scene.revoked = raw_person(thief);
	must(authority_load(scene.it->folder, &scene.authority, &err), &err);
	installation_path(scene.it, "other", path);
	assert_int_equal(mkdir(path, 0700), 0);
	must(authority_create(path, PARTNERSHIP_NAME, &err), &err);
	must(authority_load(path, &scene.other, &err), &err);
	scene.key = EVP_EC_gen("P-256");
	assert_non_null(scene.key);
	fill_store();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		X509_free(kept[i]);
	}
	EVP_PKEY_free(scene.key);
	authority_free(scene.authority);
	authority_free(scene.other);
	raw_offer_release(&scene.good);
	raw_offer_release(&scene.revoked);
	installation_close(scene.it);
	return 0;
}

static void say_hello(struct raw_peer *peer)
{
	struct buffer params;

	buffer_init(&params, 1000);
	codec_put_map(&params, 1);
	codec_pair_int(&params, "protocol", PROTOCOL_VERSION);
	raw_ask_with(peer, 1, "hello", &params);
	buffer_release(&params);
}

static void the_honest_one_is_served(void)
{
	struct raw_peer *peer = raw_connect(scene.it, &scene.good);
	const struct raw_reply *reply = NULL;

	assert_true(peer->connected);
	say_hello(peer);
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_OK);
	raw_close(peer);
}

/* ---- certificates that do not count ---- */

static const struct bad {
	const char *name;
	X509 *(*make)(void);
	int alert;          /* 0: the handshake goes well, and hello is answered by this: */
	const char *answer; /* signed-out, with these words */
	const char *log;
} bad_certificates[] = {
	{"refuses a member who shows no certificate", make_none, SSL_AD_CERTIFICATE_REQUIRED, NULL,
	 "peer did not return a certificate"},
	{"refuses a certificate that has expired", make_known_expired, SSL_AD_CERTIFICATE_EXPIRED, NULL,
	 "certificate has expired"},
	{"refuses a certificate that is not valid yet", make_known_future, SSL_AD_BAD_CERTIFICATE, NULL,
	 "certificate is not yet valid"},
	{"refuses a certificate that was revoked", make_revoked, 0, "revoked", "certificate was revoked"},
	{"refuses a certificate of another authority, even if the store knows it", make_known_foreign,
	 SSL_AD_UNKNOWN_CA, NULL, "unable to get local issuer certificate"},
	{"refuses a certificate that nobody else signed, even if the store knows it", make_known_self_signed,
	 SSL_AD_UNKNOWN_CA, NULL, "self-signed certificate"},
	{"refuses the server's own certificate", make_servers_own, SSL_AD_UNSUPPORTED_CERTIFICATE, NULL,
	 "unsuitable certificate purpose"},
	{"refuses a certificate that the authority signed and the store does not know", make_unknown, 0,
	 "does not know", "does not know this device's certificate"},
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct raw_offer offer = {.alpn = ALPN_MEMBER, .certificate = row->make(), .key = key_of(row->make)};
	long from = installation_log_end(scene.it);
	struct raw_peer *peer = raw_connect(scene.it, &offer);
	const struct raw_reply *reply = NULL;

	say_hello(peer);
	reply = raw_reply(peer, 1);
	if (row->answer != NULL) {
		assert_non_null(reply);
		assert_int_equal(reply->status, STATUS_SIGNED_OUT);
		assert_says(reply->error.message, row->answer);
		raw_drain(peer);
		assert_true(peer->goodbye);
	} else {
		assert_null(reply);
		assert_true(peer->lost);
	}
	assert_int_equal(peer->alert, row->alert);
	installation_until_logged(scene.it, from, row->log);
	raw_close(peer);
	raw_offer_release(&offer);
	the_honest_one_is_served();
}

/* ---- doors ---- */

static const struct door {
	const char *name;
	const char *alpn; /* offered */
	int version;
	bool shows_certificate;
	int alert; /* 0: let in */
} doors[] = {
	{"refuses TLS 1.2", ALPN_MEMBER, TLS1_2_VERSION, true, SSL_AD_PROTOCOL_VERSION},
	{"refuses a peer without ALPN", NULL, 0, true, SSL_AD_NO_APPLICATION_PROTOCOL},
	{"refuses an ALPN that it does not know", "h2 http/1.1", 0, true, SSL_AD_NO_APPLICATION_PROTOCOL},
	{"refuses an ALPN that only begins like its own", "safer/10 safer", 0, true,
	 SSL_AD_NO_APPLICATION_PROTOCOL},
	{"demands a certificate of a peer that offers both doors", ALPN_ENROL " " ALPN_MEMBER, 0, false,
	 SSL_AD_CERTIFICATE_REQUIRED},
	{"lets in a member who offers both doors", ALPN_ENROL " " ALPN_MEMBER, 0, true, 0},
	{"lets a stranger in to enrol", ALPN_ENROL, 0, false, 0},
};

static void opens_the_right_door(void **state)
{
	const struct door *row = *state;
	struct raw_offer offer = {.alpn = row->alpn, .version = row->version};
	struct raw_peer *peer = NULL;

	if (row->shows_certificate) {
		offer.certificate = scene.good.certificate;
		offer.key = scene.good.key;
	}
	peer = raw_connect(scene.it, &offer);
	if (row->alert == 0) {
		assert_true(peer->connected);
		raw_ask(peer, 7, "no.such.method");
		assert_non_null(raw_reply(peer, 7));
	} else {
		raw_drain(peer);
		assert_true(peer->lost);
		assert_int_equal(peer->alert, row->alert);
	}
	raw_close(peer);
	the_honest_one_is_served();
}

static void the_enrol_door_refuses_what_members_ask(void **state)
{
	const struct raw_offer offer = {.alpn = ALPN_ENROL};
	struct raw_peer *peer = raw_connect(scene.it, &offer);
	const struct raw_reply *reply = NULL;

	(void)state;
	raw_ask(peer, 1, "whoami");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, "whoami cannot be called on a connection that shows none");
	raw_close(peer);
}

static void a_certificate_shown_at_the_enrol_door_opens_nothing(void **state)
{
	struct raw_offer offer = scene.good;
	struct raw_peer *peer = NULL;
	const struct raw_reply *reply = NULL;

	(void)state;
	offer.alpn = ALPN_ENROL;
	peer = raw_connect(scene.it, &offer);
	raw_ask(peer, 1, "account.list");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	raw_close(peer);
}

static void the_member_door_refuses_to_enrol(void **state)
{
	struct raw_peer *peer = raw_connect(scene.it, &scene.good);
	const struct raw_reply *reply = NULL;

	(void)state;
	raw_ask(peer, 1, "enrol");
	reply = raw_reply(peer, 1);
	assert_non_null(reply);
	assert_int_equal(reply->status, STATUS_INVALID);
	assert_says(reply->error.message, "enrol cannot be called on a connection that shows a certificate");
	raw_close(peer);
}

static void never_offers_a_session_to_resume(void **state)
{
	struct raw_offer offer = scene.good;
	struct raw_peer *first = raw_connect(scene.it, &scene.good);
	struct raw_peer *second = NULL;

	(void)state;
	say_hello(first);
	assert_non_null(raw_reply(first, 1));
	assert_int_equal(first->sessions, 0);
	offer.session = SSL_get1_session(first->ssl);
	assert_non_null(offer.session);
	assert_int_equal(SSL_SESSION_is_resumable(offer.session), 0);
	second = raw_connect(scene.it, &offer);
	assert_true(second->connected);
	assert_int_equal(SSL_session_reused(second->ssl), 0);
	SSL_SESSION_free(offer.session);
	raw_close(first);
	raw_close(second);
}

/* ---- what a person is told ---- */

/* A file of the profile, made of one certificate or key. */
static void put_certificate(const struct person *person, const char *name, X509 *certificate)
{
	char path[PROGRAM_PATH];
	FILE *file = fopen(person_file(person, name, path), "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
}

static void put_key(const struct person *person, EVP_PKEY *key)
{
	char path[PROGRAM_PATH];
	FILE *file = fopen(person_file(person, "key.pem", path), "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

static const struct sentence {
	const char *name;
	X509 *(*make)(void);
	int exit_code;
	const char *says;
	const char *advises;
} sentences[] = {
	{"tells a person that the certificate has expired", make_expired, 4, "certificate has expired",
	 "new invitation"},
	{"tells a person that the certificate is not valid yet", make_future, 4, "not valid yet",
	 "check this machine's clock"},
	{"tells a person that the certificate was revoked", make_revoked, 4, "certificate was revoked",
	 "new invitation"},
	{"tells a person that the server does not know the certificate", make_unknown, 4,
	 "does not know this device's certificate", "new invitation"},
	{"tells a person that the certificate is another server's", make_foreign, 4,
	 "issued by another server's authority", "safer profile list"},
};

static void tells(void **state)
{
	const struct sentence *row = *state;
	struct raw_offer shown = {.certificate = row->make(), .key = key_of(row->make)};
	struct person *person = scene.honest;

	put_certificate(person, "certificate.pem", shown.certificate);
	put_key(person, shown.key);
	person_runs(person, "whoami", NULL);
	put_certificate(person, "certificate.pem", scene.good.certificate);
	put_key(person, scene.good.key);
	raw_offer_release(&shown);
	assert_int_equal(person->exit_code, row->exit_code);
	assert_says(person->err, row->says);
	assert_says(person->err, row->advises);
	assert_string_equal(person->out, "");
	person_gets(person, 0, "whoami");
}

static void tells_a_person_that_the_server_is_not_the_one_that_was_pinned(void **state)
{
	char path[PROGRAM_PATH];
	X509 *authority = read_certificate(person_file(scene.honest, "ca.pem", path));

	(void)state;
	put_certificate(scene.honest, "ca.pem", authority_certificate(scene.other));
	person_runs(scene.honest, "whoami", NULL);
	put_certificate(scene.honest, "ca.pem", authority);
	X509_free(authority);
	assert_int_equal(scene.honest->exit_code, 9);
	assert_says(scene.honest->err, "was not issued by your partnership's authority");
	assert_says(scene.honest->err, "nothing was sent");
	person_gets(scene.honest, 0, "whoami");
}

static void tells_a_person_that_the_server_cannot_be_reached(void **state)
{
	(void)state;
	installation_stop(scene.it);
	person_runs(scene.honest, "whoami", NULL);
	installation_start(scene.it);
	assert_int_equal(scene.honest->exit_code, 8);
	assert_says(scene.honest->err, "cannot");
	person_gets(scene.honest, 0, "whoami");
}

static void refuses_a_key_that_others_can_read(void **state)
{
	char path[PROGRAM_PATH];

	(void)state;
	person_file(scene.honest, "key.pem", path);
	assert_int_equal(chmod(path, 0644), 0);
	person_runs(scene.honest, "whoami", NULL);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_not_equal(scene.honest->exit_code, 0);
	assert_says(scene.honest->err, "chmod");
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(the_enrol_door_refuses_what_members_ask),
		cmocka_unit_test(a_certificate_shown_at_the_enrol_door_opens_nothing),
		cmocka_unit_test(the_member_door_refuses_to_enrol),
		cmocka_unit_test(never_offers_a_session_to_resume),
		cmocka_unit_test(tells_a_person_that_the_server_is_not_the_one_that_was_pinned),
		cmocka_unit_test(tells_a_person_that_the_server_cannot_be_reached),
		cmocka_unit_test(refuses_a_key_that_others_can_read),
	};
	struct CMUnitTest tests[COUNT(bad_certificates) + COUNT(doors) + COUNT(sentences) + COUNT(others)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(bad_certificates); i++) {
		tests[count++] = (struct CMUnitTest){.name = bad_certificates[i].name,
						     .test_func = refuses,
						     .initial_state = (void *)&bad_certificates[i]};
	}
	for (size_t i = 0; i < COUNT(doors); i++) {
		tests[count++] = (struct CMUnitTest){.name = doors[i].name,
						     .test_func = opens_the_right_door,
						     .initial_state = (void *)&doors[i]};
	}
	for (size_t i = 0; i < COUNT(sentences); i++) {
		tests[count++] = (struct CMUnitTest){.name = sentences[i].name,
						     .test_func = tells,
						     .initial_state = (void *)&sentences[i]};
	}
	memcpy(tests + count, others, sizeof(others));
	return cmocka_run_group_tests_name("certificates", tests, setup, teardown);
}
