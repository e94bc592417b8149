/* The authority: what its certificates are good for, and which requests it signs. */
#include "server/identity/authority.h"

#include "common/clock.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW  (INT64_C(1398934800) * 1000000) /* 2014-05-01T09:00:00Z */
#define DAY  (INT64_C(86400) * 1000000)
#define NAME "South Warwickshire Community Safety Partnership"

struct folder {
	char path[64];
	struct authority *authority; /* NULL until load() */
	struct error err;
	EVP_PKEY *key; /* of a device */
};

static void path_of(const struct folder *folder, const char *name, char out[PATH_MAX])
{
	int length = snprintf(out, PATH_MAX, "%s/%s", folder->path, name);

	assert_true(length > 0 && length < PATH_MAX);
}

static int setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	memcpy(folder->path, "/tmp/safer-test-XXXXXX", sizeof("/tmp/safer-test-XXXXXX"));
	assert_non_null(mkdtemp(folder->path));
	clock_freeze(NOW);
	folder->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(folder->key);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;
	DIR *directory = opendir(folder->path);
	struct dirent *entry = NULL;
	char path[PATH_MAX];

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		path_of(folder, entry->d_name, path);
		unlink(path);
	}
	closedir(directory);
	rmdir(folder->path);
	authority_free(folder->authority);
	EVP_PKEY_free(folder->key);
	free(folder);
	clock_freeze(0);
	return 0;
}

static int setup_loaded(void **state)
{
	struct folder *folder = NULL;

	setup(state);
	folder = *state;
	assert_int_equal(authority_create(folder->path, NAME, &folder->err), STATUS_OK);
	assert_int_equal(authority_load(folder->path, &folder->authority, &folder->err), STATUS_OK);
	return 0;
}

/* ---- helpers ---- */

static X509 *issue_device(struct folder *folder, EVP_PKEY *key)
{
	struct certificate_wish wish = {.key = key,
					.name = "Debra Tedds",
					.account = 7,
					.from = NOW - CERTIFICATE_EARLY,
					.to = NOW + 90 * DAY};
	X509 *certificate = NULL;

	assert_int_equal(authority_issue(folder->authority, &wish, &certificate, &folder->err), STATUS_OK);
	return certificate;
}

/* What a strict verifier that trusts only this authority says of a certificate, used for a purpose at a time. */
static int verify(const struct folder *folder, X509 *certificate, int purpose, int64_t time)
{
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param = NULL;
	int result = X509_V_ERR_UNSPECIFIED;

	assert_non_null(trusted);
	assert_non_null(context);
	assert_int_equal(X509_STORE_add_cert(trusted, authority_certificate(folder->authority)), 1);
	assert_int_equal(X509_STORE_CTX_init(context, trusted, certificate, NULL), 1);
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_purpose(param, purpose);
	X509_VERIFY_PARAM_set_time(param, (time_t)(time / 1000000));
	X509_verify_cert(context);
	result = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(trusted);
	ERR_clear_error();
	return result;
}

static X509 *read_certificate(const struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	FILE *file = NULL;
	X509 *certificate = NULL;

	path_of(folder, name, path);
	file = fopen(path, "r");
	assert_non_null(file);
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(certificate);
	return certificate;
}

/* A request in DER for a key, signed with a key; with an extension that asks to become an authority. */
static struct span make_request(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *md, bool greedy)
{
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	int length = 0;

	assert_non_null(request);
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	if (greedy) {
		STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();

		assert_true(sk_X509_EXTENSION_push(extensions,
						   X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
								       "critical,CA:TRUE")) > 0);
		assert_true(
			sk_X509_EXTENSION_push(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage,
									       "serverAuth")) > 0);
		assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
		assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN",
							    MBSTRING_ASC, (const unsigned char *)"The Chair",
							    -1, -1, 0),
				 1);
	}
	assert_true(X509_REQ_sign(request, signer, md) > 0);
	length = i2d_X509_REQ(request, &der);
	assert_true(length > 0);
	X509_REQ_free(request);
	return (struct span){der, (size_t)length};
}

static void free_request(struct span request)
{
	void *data = NULL;

	memcpy(&data, &request.data, sizeof(data));
	OPENSSL_free(data);
}

static enum status read_request(struct span der, EVP_PKEY **key, struct error *err)
{
	*key = NULL;
	return authority_read_request(der, key, err);
}

/* ---- certificates ---- */

static void the_authority_verifies_strictly_as_an_authority(void **state)
{
	struct folder *folder = *state;
	X509 *authority = authority_certificate(folder->authority);

	assert_int_equal(verify(folder, authority, X509_PURPOSE_ANY, NOW), X509_V_OK);
	assert_int_equal(X509_check_ca(authority), 1);
	assert_int_equal(X509_get_pathlen(authority), 0);
	assert_int_equal(X509_get_key_usage(authority), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(verify(folder, authority, X509_PURPOSE_ANY, NOW + 19 * 365 * DAY), X509_V_OK);
}

static void a_device_certificate_is_for_clients_only(void **state)
{
	struct folder *folder = *state;
	X509 *certificate = issue_device(folder, folder->key);

	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_SERVER, NOW),
			 X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_CLIENT);
	assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(
				 certificate, X509_get_ext_by_NID(certificate, NID_basic_constraints, -1))),
			 1);
	assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(
				 certificate, X509_get_ext_by_NID(certificate, NID_key_usage, -1))),
			 1);
	X509_free(certificate);
}

static void a_device_certificate_begins_five_minutes_early_and_ends(void **state)
{
	struct folder *folder = *state;
	X509 *certificate = issue_device(folder, folder->key);
	int64_t minute = INT64_C(60) * 1000000;

	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW - 4 * minute), X509_V_OK);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW + 89 * DAY), X509_V_OK);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW + 91 * DAY),
			 X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW - DAY),
			 X509_V_ERR_CERT_NOT_YET_VALID);
	X509_free(certificate);
}

static void serial_numbers_are_long_and_never_the_same(void **state)
{
	struct folder *folder = *state;
	X509 *one = issue_device(folder, folder->key);
	X509 *two = issue_device(folder, folder->key);

	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(one)), 16);
	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(two)), 16);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(one), X509_get0_serialNumber(two)), 0);
	X509_free(one);
	X509_free(two);
}

static void a_name_of_any_length_goes_into_a_certificate(void **state)
{
	struct folder *folder = *state;
	char name[3 * 100 + 1];
	struct certificate_wish wish = {.key = folder->key, .name = name, .from = NOW, .to = NOW + DAY};
	X509 *certificate = NULL;
	char subject[256];

	for (size_t i = 0; i < 100; i++) {
		memcpy(name + 3 * i, "\xe2\x82\xac", 4); /* the euro sign: three bytes, one character */
	}
	assert_int_equal(authority_issue(folder->authority, &wish, &certificate, &folder->err), STATUS_OK);
	assert_int_equal(X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
						   subject, sizeof(subject)),
			 3 * 64);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW + DAY / 2), X509_V_OK);
	X509_free(certificate);
}

static void a_certificate_of_another_authority_is_not_ours(void **state)
{
	struct folder *folder = *state;
	void *other_state = NULL;
	struct folder *other = NULL;
	X509 *certificate = NULL;

	setup_loaded(&other_state);
	other = other_state;
	certificate = issue_device(other, folder->key);
	assert_int_not_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	X509_free(certificate);
	teardown(&other_state);
}

/* ---- requests ---- */

static void only_the_public_key_is_taken_from_a_request(void **state)
{
	struct folder *folder = *state;
	struct span der = make_request(folder->key, folder->key, NULL, true);
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	char subject[64] = "";

	assert_int_equal(read_request(der, &key, &folder->err), STATUS_OK);
	certificate = issue_device(folder, key);
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_SERVER, NOW),
			 X509_V_ERR_INVALID_PURPOSE);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, subject,
				  sizeof(subject));
	assert_string_equal(subject, "Debra Tedds");
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), folder->key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
	free_request(der);
}

static void a_p256_key_is_accepted(void **state)
{
	struct folder *folder = *state;
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct span der = make_request(p256, p256, EVP_sha256(), false);
	EVP_PKEY *key = NULL;

	assert_int_equal(read_request(der, &key, &folder->err), STATUS_OK);
	assert_int_equal(EVP_PKEY_eq(key, p256), 1);
	EVP_PKEY_free(key);
	EVP_PKEY_free(p256);
	free_request(der);
}

static void expect_refused(struct span der)
{
	struct error err = ERROR_INIT;
	EVP_PKEY *key = NULL;

	assert_int_equal(read_request(der, &key, &err), STATUS_INVALID);
	assert_null(key);
	assert_true(err.message[0] != '\0');
	assert_int_equal(ERR_peek_error(), 0);
}

static void other_kinds_of_key_are_refused(void **state)
{
	EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_RSA_gen(2048), EVP_EC_gen("P-384"),
			    EVP_EC_gen("secp256k1")};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct span der = {NULL, 0};

		assert_non_null(keys[i]);
		der = make_request(keys[i], keys[i], EVP_sha256(), false);
		expect_refused(der);
		free_request(der);
		EVP_PKEY_free(keys[i]);
	}
}

static void a_p256_key_with_its_curve_spelt_out_is_refused(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct span der = {NULL, 0};

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
	der = make_request(key, key, EVP_sha256(), false);
	expect_refused(der);
	free_request(der);
	EVP_PKEY_free(key);
}

static void a_request_signed_with_another_key_is_refused(void **state)
{
	struct folder *folder = *state;
	EVP_PKEY *thief = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct span der = make_request(folder->key, thief, NULL, false);

	expect_refused(der);
	free_request(der);
	EVP_PKEY_free(thief);
}

static void a_broken_request_is_refused_wherever_it_is_cut(void **state)
{
	struct folder *folder = *state;
	struct span der = make_request(folder->key, folder->key, NULL, true);
	uint8_t longer[1024];

	for (size_t length = 0; length < der.length; length++) {
		expect_refused((struct span){der.data, length});
	}
	assert_true(der.length < sizeof(longer));
	memcpy(longer, der.data, der.length);
	longer[der.length] = 0;
	expect_refused((struct span){longer, der.length + 1});
	free_request(der);
}

/* ---- the server's certificate ---- */

static void the_server_certificate_is_for_servers_and_holds_the_names(void **state)
{
	struct folder *folder = *state;
	X509 *certificate = NULL;

	assert_int_equal(authority_server_certificate(folder->authority, folder->path,
						      "localhost 127.0.0.1 ::1 safer.example.org",
						      &folder->err),
			 STATUS_OK);
	certificate = read_certificate(folder, SERVER_CERT);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_SERVER, NOW), X509_V_OK);
	assert_int_equal(verify(folder, certificate, X509_PURPOSE_SSL_CLIENT, NOW),
			 X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_SERVER);
	assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(certificate, "safer.example.org", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(certificate, "evil.example.org", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.2", 0), 0);
	X509_free(certificate);
}

/* Asks for a server certificate and says whether a new one was made. */
static bool made_anew(struct folder *folder, const char *names)
{
	X509 *before = read_certificate(folder, SERVER_CERT);
	X509 *after = NULL;
	bool anew = false;

	assert_int_equal(authority_server_certificate(folder->authority, folder->path, names, &folder->err),
			 STATUS_OK);
	after = read_certificate(folder, SERVER_CERT);
	anew = X509_cmp(before, after) != 0;
	X509_free(before);
	X509_free(after);
	return anew;
}

static void the_server_certificate_is_made_anew_only_when_needed(void **state)
{
	struct folder *folder = *state;
	char path[PATH_MAX];

	assert_int_equal(authority_server_certificate(folder->authority, folder->path, "localhost 127.0.0.1",
						      &folder->err),
			 STATUS_OK);
	assert_false(made_anew(folder, "localhost 127.0.0.1"));
	assert_false(made_anew(folder, "localhost"));
	assert_true(made_anew(folder, "localhost 127.0.0.1 safer.example.org"));
	clock_freeze(NOW + 330 * DAY);
	assert_false(made_anew(folder, "localhost"));
	clock_freeze(NOW + 340 * DAY);
	assert_true(made_anew(folder, "localhost"));
	path_of(folder, SERVER_KEY, path);
	assert_int_equal(unlink(path), 0);
	assert_true(made_anew(folder, "localhost"));
}

static void a_name_that_is_none_is_refused(void **state)
{
	static const char *const wrong[] = {"",   " ",           "safer example_org", "a..b",          "-a",
					    "a-", "localhost,b", "DNS:evil",          "*.example.org", ".a",
					    "a.", "\xc3\xa9"};
	struct folder *folder = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			authority_server_certificate(folder->authority, folder->path, wrong[i], &folder->err),
			STATUS_INVALID);
	}
}

/* ---- keys and digests ---- */

static void the_journal_key_is_ed25519(void **state)
{
	struct folder *folder = *state;
	EVP_PKEY *key = NULL;

	assert_int_equal(authority_journal_key_create(folder->path, &folder->err), STATUS_OK);
	assert_int_equal(authority_journal_key_load(folder->path, &key, &folder->err), STATUS_OK);
	assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_ED25519);
	EVP_PKEY_free(key);
}

static void the_fingerprint_is_the_first_half_of_the_digest(void **state)
{
	struct folder *folder = *state;
	struct digest digest;
	uint8_t fingerprint[16];

	authority_digest_certificate(authority_certificate(folder->authority), &digest);
	authority_fingerprint(folder->authority, fingerprint);
	assert_memory_equal(digest.bytes, fingerprint, sizeof(fingerprint));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup_loaded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_authority_verifies_strictly_as_an_authority),
		CASE(a_device_certificate_is_for_clients_only),
		CASE(a_device_certificate_begins_five_minutes_early_and_ends),
		CASE(serial_numbers_are_long_and_never_the_same),
		CASE(a_name_of_any_length_goes_into_a_certificate),
		CASE(a_certificate_of_another_authority_is_not_ours),
		CASE(only_the_public_key_is_taken_from_a_request),
		CASE(a_p256_key_is_accepted),
		CASE(other_kinds_of_key_are_refused),
		CASE(a_p256_key_with_its_curve_spelt_out_is_refused),
		CASE(a_request_signed_with_another_key_is_refused),
		CASE(a_broken_request_is_refused_wherever_it_is_cut),
		CASE(the_server_certificate_is_for_servers_and_holds_the_names),
		CASE(the_server_certificate_is_made_anew_only_when_needed),
		CASE(a_name_that_is_none_is_refused),
		CASE(the_journal_key_is_ed25519),
		CASE(the_fingerprint_is_the_first_half_of_the_digest),
	};

	return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}
