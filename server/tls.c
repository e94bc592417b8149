/* Builds the SSL_CTX. Every setting that is not OpenSSL's default has its reason beside it. */
#include "server/tls.h"

#include "common/clock.h"
#include "protocol/version.h"
#include "server/identity/authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MOST     4096
#define VERIFY_CLIENT (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
#define KEY_UPDATE    24 /* HandshakeType key_update, RFC 8446 section 4 */
#define RECORD_BYTES  16384

struct tls {
	char folder[PATH_MOST];
	SSL_CTX *context;
};

/* In order of preference: a peer that offers both gets the strict one. */
static const struct {
	const char *name;
	enum method_door door;
	int verify;
} doors[] = {
	{ALPN_MEMBER, DOOR_MEMBER, VERIFY_CLIENT},
	{ALPN_ENROL, DOOR_ENROL, SSL_VERIFY_NONE},
};
#define DOOR_COUNT (sizeof(doors) / sizeof(doors[0]))

const char *tls_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

const char *tls_handshake_reason(const SSL *ssl)
{
	bool certificate = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
	const char *reason = tls_reason();

	return certificate ? X509_verify_cert_error_string(SSL_get_verify_result(ssl)) : reason;
}

/* ---- callbacks of a handshake ---- */

static bool offered(const unsigned char *offer, unsigned length, const char *name)
{
	size_t want = strlen(name);

	for (unsigned at = 0; at < length && at + offer[at] < length; at += offer[at] + 1U) {
		if (offer[at] == want && memcmp(offer + at + 1, name, want) == 0) {
			return true;
		}
	}
	return false;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *offer,
		   unsigned length, void *payload)
{
	(void)payload;
	for (size_t i = 0; i < DOOR_COUNT; i++) {
		if (offered(offer, length, doors[i].name)) {
			*out = (const unsigned char *)doors[i].name;
			*out_length = (unsigned char)strlen(doors[i].name);
			SSL_set_verify(ssl, doors[i].verify, NULL);
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* OpenSSL does not call on_alpn for a peer that offers nothing at all. */
static int on_client_hello(SSL *ssl, int *alert, void *payload)
{
	const unsigned char *extension;
	size_t length;

	(void)payload;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension,
				      &length) == 1) {
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

/* How many may still come, and one, is the pointer itself: there is nothing to free. OpenSSL goes on with all that it has
 * read, some six hundred changes of key in one call, unless it takes the peer for one that has said goodbye. */
static void count_key_update(SSL *ssl)
{
	uintptr_t left = (uintptr_t)SSL_get_app_data(ssl);

	if (left > 0) {
		SSL_set_app_data(ssl, (void *)(left - 1));
	}
	if (left <= 1) {
		SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
	}
}

static void on_message(int is_write, int version, int content_type, const void *data, size_t length, SSL *ssl,
		       void *payload)
{
	(void)version;
	(void)payload;
	if (!is_write && content_type == SSL3_RT_HANDSHAKE && length > 0 &&
	    *(const unsigned char *)data == KEY_UPDATE) {
		count_key_update(ssl);
	}
}

int64_t tls_key_updates_left(const SSL *ssl)
{
	return (int64_t)(uintptr_t)SSL_get_app_data(ssl) - 1;
}

void tls_allow_key_updates(SSL *ssl, int64_t most)
{
	SSL_set_app_data(ssl, (void *)(uintptr_t)(most + 1));
}

/* ---- the context ---- */

static bool configure(SSL_CTX *context)
{
	char groups[] = TLS_GROUPS; /* OpenSSL's macros take away the const */
	char signatures[] = TLS_SIGNATURES;

	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, VERIFY_CLIENT, NULL); /* until on_alpn knows better */
	SSL_CTX_set_verify_depth(context, 0);             /* no authorities between ours and a device */
	SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
	SSL_CTX_set_client_hello_cb(context, on_client_hello, NULL);
	SSL_CTX_set_msg_callback(context, on_message);
	SSL_CTX_set_read_ahead(context, 1); /* a record's header and body in one read */
	SSL_CTX_set_default_read_buffer_len(context, RECORD_BYTES);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(context, 0) == 1 &&
	       SSL_CTX_set_ciphersuites(context, TLS_SUITES) == 1 &&
	       SSL_CTX_set1_groups_list(context, groups) == 1 &&
	       SSL_CTX_set1_sigalgs_list(context, signatures) == 1 &&
	       SSL_CTX_set1_client_sigalgs_list(context, signatures) == 1 &&
	       SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1;
}

/* The authority's certificate goes into the chain, so that a peer that enrols can compare it with its invitation. */
static bool trust(SSL_CTX *context, X509 *authority)
{
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1 &&
	       SSL_CTX_add_client_CA(context, authority) == 1 &&
	       SSL_CTX_add1_chain_cert(context, authority) == 1;
}

static enum status path_of(const char *folder, const char *name, char out[PATH_MOST], struct error *err)
{
	int length = snprintf(out, PATH_MOST, "%s/%s", folder, name);

	if (length < 0 || length >= PATH_MOST) {
		return error_set(err, STATUS_FAILED, "the path of the data folder is too long");
	}
	return STATUS_OK;
}

static enum status read_certificate(const char *path, X509 **out, struct error *err)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;

	BIO_free(file);
	if (!certificate) {
		return error_set(err, STATUS_FAILED, "%s cannot be read as a certificate: %s", path,
				 tls_reason());
	}
	*out = certificate;
	return STATUS_OK;
}

static enum status load(SSL_CTX *context, const char *folder, struct error *err)
{
	char key[PATH_MOST];
	char certificate[PATH_MOST];
	char authority_path[PATH_MOST];
	X509 *authority = NULL;
	enum status status = STATUS_OK;

	if (path_of(folder, SERVER_KEY, key, err) != STATUS_OK ||
	    path_of(folder, SERVER_CERT, certificate, err) != STATUS_OK ||
	    path_of(folder, AUTHORITY_CERT, authority_path, err) != STATUS_OK) {
		return STATUS_FAILED;
	}
	status = read_certificate(authority_path, &authority, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1) {
		status = error_set(err, STATUS_FAILED, "%s cannot be used: %s", certificate, tls_reason());
	} else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
		   SSL_CTX_check_private_key(context) != 1) {
		status = error_set(err, STATUS_FAILED, "%s cannot be used: %s", key, tls_reason());
	} else if (!trust(context, authority)) {
		status = error_set(err, STATUS_FAILED, "%s cannot be trusted: %s", authority_path,
				   tls_reason());
	}
	X509_free(authority);
	return status;
}

static enum status build(const char *folder, SSL_CTX **out, struct error *err)
{
	SSL_CTX *context = NULL;
	enum status status = STATUS_OK;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_server_method());
	if (!context || !configure(context)) {
		status = error_set(err, STATUS_FAILED, "TLS cannot be set up: %s", tls_reason());
		goto out;
	}
	status = load(context, folder, err);
	if (status == STATUS_OK) {
		*out = context;
		context = NULL;
	}
out:
	SSL_CTX_free(context);
	return status;
}

enum status tls_new(const char *folder, struct tls **out, struct error *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	enum status status = STATUS_OK;
	int length;

	if (!tls) {
		return error_memory(err);
	}
	length = snprintf(tls->folder, sizeof(tls->folder), "%s", folder);
	if (length < 0 || (size_t)length >= sizeof(tls->folder)) {
		status = error_set(err, STATUS_FAILED, "the path of the data folder is too long");
	} else {
		status = build(tls->folder, &tls->context, err);
	}
	if (status == STATUS_OK) {
		*out = tls;
	} else {
		tls_free(tls);
	}
	return status;
}

void tls_free(struct tls *tls)
{
	if (tls) {
		SSL_CTX_free(tls->context);
		free(tls);
	}
}

enum status tls_reload(struct tls *tls, struct error *err)
{
	SSL_CTX *fresh = NULL;
	enum status status = build(tls->folder, &fresh, err);

	if (status == STATUS_OK) {
		SSL_CTX_free(tls->context); /* open connections hold it as long as they need */
		tls->context = fresh;
	}
	return status;
}

SSL *tls_accept(struct tls *tls, int fd)
{
	SSL *ssl;

	ERR_clear_error();
	ssl = SSL_new(tls->context);
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_accept_state(ssl);
	X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), (time_t)(clock_machine() / 1000000));
	return ssl;
}

/* ---- after the handshake ---- */

static int64_t time_of_asn1(const ASN1_TIME *time)
{
	struct tm parts;

	memset(&parts, 0, sizeof(parts));
	if (ASN1_TIME_to_tm(time, &parts) != 1) {
		return 0;
	}
	return (int64_t)timegm(&parts) * 1000000;
}

static enum status read_peer(const SSL *ssl, struct tls_peer *out, struct error *err)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);

	if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) {
		return error_set(err, STATUS_UNVERIFIED,
				 "the peer showed no certificate that could be verified");
	}
	out->has_certificate = true;
	out->certificate_expires = time_of_asn1(X509_get0_notAfter(certificate));
	return authority_digest_certificate(certificate, &out->fingerprint) ? STATUS_OK : error_memory(err);
}

enum status tls_peer(const SSL *ssl, struct tls_peer *out, struct error *err)
{
	struct tls_peer peer = {.door = DOOR_ENROL};
	const unsigned char *name = NULL;
	unsigned length = 0;
	enum status status = STATUS_OK;

	SSL_get0_alpn_selected(ssl, &name, &length);
	for (size_t i = 0; i < DOOR_COUNT; i++) {
		if (strlen(doors[i].name) == length && memcmp(doors[i].name, name, length) == 0) {
			peer.door = doors[i].door;
			if (doors[i].verify != SSL_VERIFY_NONE) {
				status = read_peer(ssl, &peer, err);
			}
			if (status == STATUS_OK) {
				*out = peer;
			}
			return status;
		}
	}
	return error_set(err, STATUS_UNVERIFIED, "the peer speaks neither %s nor %s", ALPN_MEMBER,
			 ALPN_ENROL);
}
