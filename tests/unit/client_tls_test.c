/* What can go wrong with TLS has words that a person understands, the right exit code, and something to do. */
#include "tests/unit/rows.h"

#include "client/tls.h"

#include <openssl/x509_vfy.h>

struct alert_row {
	const char *name;
	int alert;
	enum status status;
	const char *message, *hint; /* parts */
};

static const struct alert_row alert_rows[] = {
	{"another protocol is told from a refusal", SSL_AD_NO_APPLICATION_PROTOCOL, STATUS_FAILED,
	 "another protocol", "port"},
	{"a certificate that was wanted means enrolling", SSL_AD_CERTIFICATE_REQUIRED, STATUS_SIGNED_OUT,
	 "showed none", "safer enrol"},
	{"an expired certificate means enrolling", SSL_AD_CERTIFICATE_EXPIRED, STATUS_SIGNED_OUT,
	 "has expired", "safer enrol"},
	{"a revoked certificate means enrolling", SSL_AD_CERTIFICATE_REVOKED, STATUS_SIGNED_OUT, "revoked",
	 "safer enrol"},
	{"another authority's certificate points to the profiles", SSL_AD_UNKNOWN_CA, STATUS_SIGNED_OUT,
	 "another server's authority", "profile list"},
	{"a bad certificate points to the clock", SSL_AD_BAD_CERTIFICATE, STATUS_SIGNED_OUT, "not valid yet",
	 "clock"},
	{"an old TLS is no saferd", SSL_AD_PROTOCOL_VERSION, STATUS_FAILED, "TLS 1.3", "port"},
	{"a failing server is tried again", SSL_AD_INTERNAL_ERROR, STATUS_UNREACHABLE, "failed", "again"},
	{"an alert without words of ours still says which it was", SSL_AD_RECORD_OVERFLOW, STATUS_FAILED,
	 "record overflow", "port"},
};

static void alert(void **state)
{
	const struct alert_row *row = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(tls_explain_alert(row->alert, &err), row->status);
	assert_int_equal(err.status, row->status);
	assert_non_null(strstr(err.message, row->message));
	assert_non_null(strstr(err.hint, row->hint));
}

struct certificate_row {
	const char *name;
	long result;
	const char *message, *hint;
};

static const struct certificate_row certificate_rows[] = {
	{"the server's certificate has expired", X509_V_ERR_CERT_HAS_EXPIRED, "expired", "clock"},
	{"the server's certificate is not valid yet", X509_V_ERR_CERT_NOT_YET_VALID, "not valid yet",
	 "behind"},
	{"the server goes by another name", X509_V_ERR_HOSTNAME_MISMATCH, "another name", "runs the server"},
	{"the server goes by another address", X509_V_ERR_IP_ADDRESS_MISMATCH, "another address",
	 "runs the server"},
	{"somebody is in between", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "not issued by",
	 "nothing was sent"},
	{"a certificate of its own making", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "not issued by",
	 "in between"},
};

static void certificate(void **state)
{
	const struct certificate_row *row = *state;
	struct error err = ERROR_INIT;

	assert_int_equal(tls_explain_certificate(row->result, &err), STATUS_UNVERIFIED);
	assert_non_null(strstr(err.message, row->message));
	assert_non_null(strstr(err.hint, row->hint));
}

static void a_request_is_for_a_p256_key_and_signed_with_it(void **state)
{
	struct buffer der;
	EVP_PKEY *key = NULL;
	X509_REQ *request;
	const unsigned char *at;
	char group[32] = "";

	(void)state;
	buffer_init(&der, 4096);
	assert_int_equal(tls_make_key(&key, NULL), STATUS_OK);
	assert_int_equal(tls_make_request(key, &der, NULL), STATUS_OK);
	assert_true(der.length <= 2048);
	at = der.data;
	request = d2i_X509_REQ(NULL, &at, (long)der.length);
	assert_non_null(request);
	assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
	assert_int_equal(EVP_PKEY_get_group_name(X509_REQ_get0_pubkey(request), group, sizeof(group), NULL),
			 1);
	assert_string_equal(group, "prime256v1");
	assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
	X509_REQ_free(request);
	EVP_PKEY_free(key);
	buffer_release(&der);
}

static void bytes_that_are_no_certificate_are_refused(void **state)
{
	X509 *certificate_read = NULL;
	static const uint8_t junk[] = {0x30, 0x03, 0x02, 0x01, 0x05};

	(void)state;
	assert_int_equal(tls_certificate_read((struct span){junk, sizeof(junk)}, &certificate_read, NULL),
			 STATUS_UNVERIFIED);
	assert_int_equal(tls_certificate_read((struct span){NULL, 0}, &certificate_read, NULL),
			 STATUS_UNVERIFIED);
	assert_null(certificate_read);
}

int main(void)
{
	static struct rows rows;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_for_a_p256_key_and_signed_with_it),
		cmocka_unit_test(bytes_that_are_no_certificate_are_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rows_add_table(&rows, alert_rows, alert);
	rows_add_table(&rows, certificate_rows, certificate);
	return failed + rows_run(&rows, "words");
}
