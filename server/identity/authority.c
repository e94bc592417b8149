/* The authority's life: its files in the data folder, and what it signs. How a certificate looks is certificate.c's
 * business; how a file comes onto the disk is key_files.c's. */
#include "server/identity/authority.h"

#include "common/clock.h"
#include "server/identity/certificate.h"
#include "server/identity/key_files.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define DAY          (INT64_C(86400) * 1000000)

#define SERVER_DAYS  365
#define SERVER_SPARE 30 /* days; a server certificate with less is made anew */

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
	struct digest fingerprint; /* of the certificate */
};

enum status authority_create(const char *folder, const char *partnership, struct error *err)
{
	enum status status = STATUS_OK;
	X509 *certificate = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (key == NULL) {
		status = key_error(err, "make the authority's key");
		goto out;
	}
	status = certificate_make_authority(key, partnership, &certificate, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = key_file_write(folder, AUTHORITY_KEY, key, false, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = key_file_write_certificate(folder, AUTHORITY_CERT, certificate, false, err);
out:
	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}

enum status authority_load(const char *folder, struct authority **out, struct error *err)
{
	enum status status = STATUS_OK;
	struct authority *authority = calloc(1, sizeof(*authority));

	if (authority == NULL) {
		status = error_memory(err);
		goto out;
	}
	status = key_file_read(folder, AUTHORITY_KEY, &authority->key, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = key_file_read_certificate(folder, AUTHORITY_CERT, &authority->certificate, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (X509_check_private_key(authority->certificate, authority->key) != 1) {
		ERR_clear_error();
		error_set(err, STATUS_FAILED, "%s/" AUTHORITY_KEY " is not the key of %s/" AUTHORITY_CERT ".",
			  folder, folder);
		status = error_hint(err, "Bring both files back from the same backup.");
		goto out;
	}
	if (!authority_digest_certificate(authority->certificate, &authority->fingerprint)) {
		status = error_memory(err);
		goto out;
	}
	*out = authority;
	authority = NULL;
out:
	authority_free(authority);
	return status;
}

void authority_free(struct authority *authority)
{
	if (authority == NULL) {
		return;
	}
	EVP_PKEY_free(authority->key);
	X509_free(authority->certificate);
	free(authority);
}

/* Whether the present server certificate will do; STATUS_REFUSED is for files that others may read. */
static enum status server_certificate_good(struct authority *authority, const char *folder, const char *names,
					   bool *good, struct error *err)
{
	struct error why = ERROR_INIT;
	enum status status = STATUS_OK;
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	time_t enough = (time_t)((clock_machine() + SERVER_SPARE * DAY) / 1000000);
	time_t now = (time_t)(clock_machine() / 1000000);

	*good = false;
	status = key_file_read(folder, SERVER_KEY, &key, &why);
	if (status == STATUS_OK) {
		status = key_file_read_certificate(folder, SERVER_CERT, &certificate, &why);
	}
	if (status == STATUS_REFUSED) {
		*err = why;
		goto out;
	}
	if (status != STATUS_OK) {
		status = STATUS_OK; /* not there, or spoilt: a new one is made */
		goto out;
	}
	*good = X509_check_private_key(certificate, key) == 1 &&
		X509_verify(certificate, authority->key) == 1 &&
		X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
		X509_cmp_time(X509_get0_notAfter(certificate), &enough) > 0 &&
		certificate_has_names(certificate, names);
	ERR_clear_error();
out:
	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}

static enum status server_certificate_make(struct authority *authority, const char *folder, const char *names,
					   struct error *err)
{
	struct certificate_wish wish = {.name = "Safer server", .server_names = names};
	enum status status = STATUS_OK;
	X509 *certificate = NULL;

	wish.from = clock_machine() - CERTIFICATE_EARLY;
	wish.to = clock_machine() + SERVER_DAYS * DAY;
	wish.key = EVP_EC_gen("P-256");
	if (wish.key == NULL) {
		status = key_error(err, "make the server's key");
		goto out;
	}
	status = authority_issue(authority, &wish, &certificate, err);
	if (status != STATUS_OK) {
		goto out;
	}
	/* A power cut between the two leaves a pair that does not fit; the next start sees that and makes a new one. */
	status = key_file_write(folder, SERVER_KEY, wish.key, true, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = key_file_write_certificate(folder, SERVER_CERT, certificate, true, err);
out:
	X509_free(certificate);
	EVP_PKEY_free(wish.key);
	return status;
}

enum status authority_server_certificate(struct authority *authority, const char *folder, const char *names,
					 struct error *err)
{
	bool good = false;
	enum status status = certificate_check_names(names, err);

	if (status == STATUS_OK) {
		status = server_certificate_good(authority, folder, names, &good, err);
	}
	if (status == STATUS_OK && !good) {
		status = server_certificate_make(authority, folder, names, err);
	}
	return status;
}

enum status authority_journal_key_create(const char *folder, struct error *err)
{
	enum status status = STATUS_OK;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (key == NULL) {
		status = key_error(err, "make the journal's key");
		goto out;
	}
	status = key_file_write(folder, JOURNAL_KEY, key, false, err);
out:
	EVP_PKEY_free(key);
	return status;
}

enum status authority_journal_key_load(const char *folder, EVP_PKEY **out, struct error *err)
{
	EVP_PKEY *key = NULL;
	enum status status = key_file_read(folder, JOURNAL_KEY, &key, err);

	if (status == STATUS_OK && EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
		status = error_set(err, STATUS_FAILED, "%s/" JOURNAL_KEY " is not an Ed25519 key.", folder);
		error_hint(err, "Bring the file back from a backup of the data folder.");
	}
	if (status != STATUS_OK) {
		EVP_PKEY_free(key);
		return status;
	}
	*out = key;
	return STATUS_OK;
}

X509 *authority_certificate(const struct authority *authority)
{
	return authority->certificate;
}

void authority_fingerprint(const struct authority *authority, uint8_t out[16])
{
	memcpy(out, authority->fingerprint.bytes, 16);
}

enum status authority_issue(struct authority *authority, const struct certificate_wish *wish, X509 **out,
			    struct error *err)
{
	return certificate_make(authority->certificate, authority->key, wish, out, err);
}

/* Ed25519, or P-256 by its name: parameters that are spelt out could be another curve that looks like it. */
static bool key_is_allowed(EVP_PKEY *key)
{
	char group[32] = "";
	size_t length = 0;
	int spelt_out = 0;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
		return true;
	}
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &length) != 1 ||
	    strcmp(group, "prime256v1") != 0) {
		return false;
	}
	return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out) ==
		       1 &&
	       spelt_out == 0;
}

enum status authority_read_request(struct span der, EVP_PKEY **key, struct error *err)
{
	enum status status = STATUS_OK;
	const unsigned char *at = der.data;
	X509_REQ *request = NULL;
	EVP_PKEY *found = NULL;

	if (der.length == 0 || der.length > INT32_MAX) {
		status = error_set(err, STATUS_INVALID, "The certificate request is empty or far too long.");
		goto out;
	}
	request = d2i_X509_REQ(NULL, &at, (long)der.length);
	if (request == NULL || at != der.data + der.length) {
		status = error_set(err, STATUS_INVALID, "The certificate request is not PKCS#10 in DER.");
		goto out;
	}
	found = X509_REQ_get_pubkey(request);
	if (found == NULL || !key_is_allowed(found)) {
		status = error_set(err, STATUS_INVALID,
				   "The certificate request is for a kind of key that is not accepted.");
		error_hint(err, "Make a P-256 or an Ed25519 key.");
		goto out;
	}
	if (X509_REQ_verify(request, found) != 1) {
		status = error_set(err, STATUS_INVALID,
				   "The certificate request is not signed with the key that it names.");
		goto out;
	}
	*key = found;
	found = NULL;
out:
	ERR_clear_error(); /* left there, TLS on this thread would take it for its own */
	EVP_PKEY_free(found);
	X509_REQ_free(request);
	return status;
}

bool authority_digest_certificate(X509 *certificate, struct digest *out)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);

	if (length <= 0) {
		ERR_clear_error();
		return false;
	}
	digest_bytes(der, (size_t)length, out);
	OPENSSL_free(der);
	return true;
}

bool authority_digest_key(EVP_PKEY *key, struct digest *out)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(key, &der);

	if (length <= 0) {
		ERR_clear_error();
		return false;
	}
	digest_bytes(der, (size_t)length, out);
	OPENSSL_free(der);
	return true;
}
