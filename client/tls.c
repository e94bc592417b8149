/* TLS contexts, keys and certificates of the client. */
#include "client/tls.h"

#include "client/files.h"
#include "common/clock.h"
#include "common/digest.h"
#include "protocol/invitation.h"
#include "protocol/version.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PEM_BYTES 65536

/* OpenSSL said no where only memory or a bug can be the reason. */
static enum status failed(const char *what, struct error *err)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	error_set(err, STATUS_FAILED, "%s failed: %s", what, text ? text : "no reason was given");
	ERR_clear_error();
	return STATUS_FAILED;
}

static enum status context_new(SSL_CTX **out, struct error *err)
{
	char groups[] = TLS_GROUPS; /* OpenSSL's macros take away the const */
	char signatures[] = TLS_SIGNATURES;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
	    !SSL_CTX_set1_groups_list(context, groups) || !SSL_CTX_set1_sigalgs_list(context, signatures) ||
	    !SSL_CTX_set_ciphersuites(context, TLS_SUITES)) {
		SSL_CTX_free(context);
		return failed("setting up TLS", err);
	}
	/* A resumed session would skip the certificates. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*out = context;
	return STATUS_OK;
}

/* One PEM file of the profile. */
static enum status read_pem(const struct profile *profile, const char *file, struct buffer *out,
			    struct error *err)
{
	enum status status;
	struct arena *arena = arena_new();
	const char *path = arena ? profile_path(arena, profile->folder, file) : NULL;

	buffer_clear(out);
	status = path ? file_read(path, out, err) : error_memory(err);
	if (status == STATUS_NOT_FOUND) {
		error_set(err, STATUS_SIGNED_OUT, "the profile \"%s\" is damaged: it has no %s",
			  profile->name, file);
		status = error_hint(err, "ask for a new invitation, remove %s, and enrol again",
				    profile->folder);
	}
	arena_free(arena);
	return status;
}

enum status tls_context_member(const struct profile *profile, SSL_CTX **out, struct error *err)
{
	enum status status;
	SSL_CTX *context = NULL;
	X509 *authority = NULL;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	struct buffer pem;

	buffer_init(&pem, PEM_BYTES);
	status = context_new(&context, err);
	if (status == STATUS_OK) {
		status = read_pem(profile, "ca.pem", &pem, err);
	}
	if (status == STATUS_OK) {
		status = tls_pem_certificate((const char *)pem.data, pem.length, &authority, err);
	}
	if (status == STATUS_OK) {
		status = read_pem(profile, "certificate.pem", &pem, err);
	}
	if (status == STATUS_OK) {
		status = tls_pem_certificate((const char *)pem.data, pem.length, &certificate, err);
	}
	if (status == STATUS_OK) {
		status = read_pem(profile, "key.pem", &pem, err);
	}
	if (status == STATUS_OK) {
		status = tls_pem_key((const char *)pem.data, pem.length, &key, err);
	}
	if (status != STATUS_OK) {
		goto out;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (!X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) ||
	    !SSL_CTX_use_certificate(context, certificate) || !SSL_CTX_use_PrivateKey(context, key)) {
		error_set(err, STATUS_SIGNED_OUT,
			  "the key and the certificate of the profile \"%s\" do not fit", profile->name);
		status = error_hint(err, "ask for a new invitation, remove %s, and enrol again",
				    profile->folder);
		ERR_clear_error();
		goto out;
	}
	*out = context;
	context = NULL;
out:
	if (pem.data) {
		OPENSSL_cleanse(pem.data, pem.length);
	}
	buffer_release(&pem);
	EVP_PKEY_free(key);
	X509_free(certificate);
	X509_free(authority);
	SSL_CTX_free(context);
	return status;
}

enum status tls_context_newcomer(SSL_CTX **out, struct error *err)
{
	enum status status = context_new(out, err);

	if (status == STATUS_OK) {
		/* Checked by tls_check_invited, against the invitation instead of a file. */
		SSL_CTX_set_verify(*out, SSL_VERIFY_NONE, NULL);
	}
	return status;
}

static bool is_address(const char *host)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool expect_host(X509_VERIFY_PARAM *param, const char *host)
{
	return is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
				: X509_VERIFY_PARAM_set1_host(param, host, 0);
}

enum status tls_expect_host(SSL *ssl, const char *host, struct error *err)
{
	char *name = strdup(host); /* OpenSSL's macro takes away the const */
	bool good = name && expect_host(SSL_get0_param(ssl), host) &&
		    (is_address(host) || SSL_set_tlsext_host_name(ssl, name));

	free(name);
	return good ? STATUS_OK : failed("preparing the check of the server's name", err);
}

static X509 *find_authority(SSL *ssl, const uint8_t *fingerprint)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);
		unsigned char *der = NULL;
		int length = i2d_X509(certificate, &der);
		struct digest digest;

		if (length > 0) {
			digest_bytes(der, (size_t)length, &digest);
			OPENSSL_free(der);
			if (memcmp(digest.bytes, fingerprint, INVITATION_FINGERPRINT) == 0) {
				return certificate;
			}
		}
	}
	return NULL;
}

enum status tls_check_invited(SSL *ssl, const char *host, const uint8_t *fingerprint, X509 **authority,
			      struct error *err)
{
	enum status status = STATUS_OK;
	X509 *root = find_authority(ssl, fingerprint);
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	X509_STORE *store = NULL;
	X509_STORE_CTX *check = NULL;

	if (!root || !leaf) {
		error_set(err, STATUS_UNVERIFIED,
			  "the server at %s is not the one that the invitation is for: its authority is "
			  "another",
			  host);
		return error_hint(
			err,
			"nothing was sent; ask whoever gave you the invitation whether the address is right");
	}
	store = X509_STORE_new();
	check = X509_STORE_CTX_new();
	if (!store || !check || !X509_STORE_add_cert(store, root) ||
	    !X509_STORE_CTX_init(check, store, leaf, SSL_get_peer_cert_chain(ssl)) ||
	    !X509_STORE_CTX_set_default(check, "ssl_server") ||
	    !expect_host(X509_STORE_CTX_get0_param(check), host)) {
		status = failed("checking the server's certificate", err);
		goto out;
	}
	if (X509_verify_cert(check) != 1) {
		status = tls_explain_certificate(X509_STORE_CTX_get_error(check), err);
		ERR_clear_error();
		goto out;
	}
	X509_up_ref(root);
	*authority = root;
out:
	X509_STORE_CTX_free(check);
	X509_STORE_free(store);
	return status;
}

enum status tls_make_key(EVP_PKEY **out, struct error *err)
{
	*out = EVP_EC_gen("P-256");
	return *out ? STATUS_OK : failed("making a key", err);
}

enum status tls_make_request(EVP_PKEY *key, struct buffer *out, struct error *err)
{
	enum status status = STATUS_OK;
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	int length = 0;

	if (!request || !X509_REQ_set_version(request, 0) || !X509_REQ_set_pubkey(request, key) ||
	    !X509_REQ_sign(request, key, EVP_sha256()) || (length = i2d_X509_REQ(request, &der)) <= 0) {
		status = failed("making a certificate request", err);
	} else if (!buffer_append(out, der, (size_t)length)) {
		status = error_memory(err);
	}
	OPENSSL_free(der);
	X509_REQ_free(request);
	return status;
}

static enum status bio_to_buffer(BIO *bio, struct buffer *out, struct error *err)
{
	char *data = NULL;
	long length = BIO_get_mem_data(bio, &data);

	return length > 0 && buffer_append(out, data, (size_t)length) ? STATUS_OK : error_memory(err);
}

enum status tls_key_pem(EVP_PKEY *key, struct buffer *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	enum status status;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
		status = failed("writing the key", err);
	} else {
		status = bio_to_buffer(bio, out, err);
	}
	BIO_free(bio);
	return status;
}

enum status tls_certificate_pem(X509 *certificate, struct buffer *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum status status;

	if (!bio || !PEM_write_bio_X509(bio, certificate)) {
		status = failed("writing the certificate", err);
	} else {
		status = bio_to_buffer(bio, out, err);
	}
	BIO_free(bio);
	return status;
}

enum status tls_certificate_read(struct span der, X509 **out, struct error *err)
{
	const unsigned char *at = der.data;
	X509 *certificate = der.length > 0 ? d2i_X509(NULL, &at, (long)der.length) : NULL;

	if (!certificate || at != der.data + der.length) {
		X509_free(certificate);
		ERR_clear_error();
		return error_set(err, STATUS_UNVERIFIED,
				 "the server sent something that is not a certificate");
	}
	*out = certificate;
	return STATUS_OK;
}

enum status tls_pem_certificate(const char *pem, size_t length, X509 **out, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (!certificate) {
		ERR_clear_error();
		return error_set(err, STATUS_SIGNED_OUT,
				 "a certificate of this profile cannot be read; enrol again");
	}
	*out = certificate;
	return STATUS_OK;
}

/* Keeps OpenSSL from asking for a passphrase on the terminal. */
static int no_passphrase(char *out, int room, int writing, void *payload)
{
	(void)out;
	(void)room;
	(void)writing;
	(void)payload;
	return -1;
}

enum status tls_pem_key(const char *pem, size_t length, EVP_PKEY **out, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	if (!key) {
		ERR_clear_error();
		return error_set(err, STATUS_SIGNED_OUT,
				 "the key of this profile cannot be read; enrol again");
	}
	*out = key;
	return STATUS_OK;
}

static bool asn1_microseconds(const ASN1_TIME *time, int64_t *out)
{
	struct tm parts = {0};

	if (!ASN1_TIME_to_tm(time, &parts)) {
		return false;
	}
	*out = (int64_t)timegm(&parts) * 1000000;
	return true;
}

bool tls_validity(X509 *certificate, int64_t *from, int64_t *to)
{
	return asn1_microseconds(X509_get0_notBefore(certificate), from) &&
	       asn1_microseconds(X509_get0_notAfter(certificate), to);
}
