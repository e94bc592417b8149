/* What can go wrong with TLS, in plain words. In TLS 1.3 a server refuses the client's certificate after the client
 * thinks that all is well, so most of this is met while reading the first answer. */
#include "client/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

struct words {
	long code;
	enum status status;
	const char *message;
	const char *hint;
};

#define ENROL_AGAIN "ask your administrator for a new invitation, then run \"safer enrol\""
#define NOT_SAFER   "check the address and port; \"safer profile list\" shows them"

/* Alerts (RFC 8446 section 6) that a server may send us. */
static const struct words alert_words[] = {
	{SSL_AD_NO_APPLICATION_PROTOCOL, STATUS_FAILED,
	 "the server speaks another protocol than this program: it is another version of saferd, or no "
	 "saferd at all",
	 NOT_SAFER},
	{SSL_AD_CERTIFICATE_REQUIRED, STATUS_SIGNED_OUT,
	 "the server wants a certificate, and this device showed none", ENROL_AGAIN},
	{SSL_AD_CERTIFICATE_EXPIRED, STATUS_SIGNED_OUT,
	 "this device's certificate has expired, or the clocks of this machine and the server differ",
	 ENROL_AGAIN},
	{SSL_AD_CERTIFICATE_REVOKED, STATUS_SIGNED_OUT, "this device's certificate was revoked", ENROL_AGAIN},
	{SSL_AD_UNKNOWN_CA, STATUS_SIGNED_OUT,
	 "this device's certificate was issued by another server's authority than the one that was asked",
	 "\"safer profile list\" shows which profile goes with which server"},
	{SSL_AD_BAD_CERTIFICATE, STATUS_SIGNED_OUT,
	 "the server does not accept this device's certificate: it is damaged, or not valid yet",
	 "check this machine's clock; if it is right, enrol again with a new invitation"},
	{SSL_AD_CERTIFICATE_UNKNOWN, STATUS_SIGNED_OUT,
	 "the server does not accept this device's certificate", ENROL_AGAIN},
	{SSL_AD_UNSUPPORTED_CERTIFICATE, STATUS_SIGNED_OUT,
	 "this device's certificate is of a sort that the server does not take", ENROL_AGAIN},
	{SSL_AD_ACCESS_DENIED, STATUS_SIGNED_OUT, "the server does not let this device in", ENROL_AGAIN},
	{SSL_AD_PROTOCOL_VERSION, STATUS_FAILED, "the server does not speak TLS 1.3, so it is no saferd",
	 NOT_SAFER},
	{SSL_AD_HANDSHAKE_FAILURE, STATUS_FAILED,
	 "the server and this program have no kind of encryption in common", NOT_SAFER},
	{SSL_AD_DECRYPT_ERROR, STATUS_UNVERIFIED,
	 "the server could not check this device's signature: its key and its certificate do not fit",
	 ENROL_AGAIN},
	{SSL_AD_INTERNAL_ERROR, STATUS_UNREACHABLE, "the server failed while the connection was being set up",
	 "try again in a moment"},
	{SSL_AD_UNRECOGNIZED_NAME, STATUS_FAILED, "the server does not know the name that it was called by",
	 NOT_SAFER},
};

/* Why the server's certificate was not believed. */
static const struct words certificate_words[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, STATUS_UNVERIFIED, "the server's certificate has expired",
	 "check this machine's clock; if it is right, tell whoever runs the server"},
	{X509_V_ERR_CERT_NOT_YET_VALID, STATUS_UNVERIFIED, "the server's certificate is not valid yet",
	 "check this machine's clock; it may be behind"},
	{X509_V_ERR_HOSTNAME_MISMATCH, STATUS_UNVERIFIED,
	 "the server's certificate is for another name than the one it was called by",
	 "tell whoever runs the server; do not go on from another network until it is explained"},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, STATUS_UNVERIFIED,
	 "the server's certificate is for another address than the one it was called by",
	 "tell whoever runs the server; do not go on from another network until it is explained"},
	{X509_V_ERR_INVALID_PURPOSE, STATUS_UNVERIFIED, "the certificate that was shown is not a server's",
	 "somebody may be posing as the server; tell whoever runs it"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, STATUS_UNVERIFIED, NULL, NULL},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, STATUS_UNVERIFIED, NULL, NULL},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, STATUS_UNVERIFIED, NULL, NULL},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, STATUS_UNVERIFIED, NULL, NULL},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, STATUS_UNVERIFIED, NULL, NULL},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, STATUS_UNVERIFIED, NULL, NULL},
};

/* Where the table has no words of its own. */
#define OTHER_AUTHORITY "the server's certificate was not issued by your partnership's authority"
#define OTHER_AUTHORITY_HINT \
	"nothing was sent; either this is another server, or somebody is in between: ask whoever runs it"

static const struct words *words_find(const struct words *rows, size_t count, long code)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].code == code) {
			return &rows[i];
		}
	}
	return NULL;
}

enum status tls_explain_alert(int alert, struct error *err)
{
	const struct words *row =
		words_find(alert_words, sizeof(alert_words) / sizeof(alert_words[0]), alert);

	if (row) {
		error_set(err, row->status, "%s", row->message);
		return error_hint(err, "%s", row->hint);
	}
	error_set(err, STATUS_FAILED, "the server ended the connection with the TLS alert \"%s\"",
		  SSL_alert_desc_string_long(alert));
	return error_hint(err, "%s", NOT_SAFER);
}

enum status tls_explain_certificate(long verify_result, struct error *err)
{
	const struct words *row = words_find(
		certificate_words, sizeof(certificate_words) / sizeof(certificate_words[0]), verify_result);

	if (!row) {
		return error_set(err, STATUS_UNVERIFIED, "the server's certificate does not check out: %s",
				 X509_verify_cert_error_string(verify_result));
	}
	error_set(err, row->status, "%s", row->message ? row->message : OTHER_AUTHORITY);
	return error_hint(err, "%s", row->hint ? row->hint : OTHER_AUTHORITY_HINT);
}

enum status tls_explain(SSL *ssl, int answer, struct error *err)
{
	int why_system = errno;
	int kind = SSL_get_error(ssl, answer);
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	enum status status;

	if (kind == SSL_ERROR_ZERO_RETURN || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
	    (kind == SSL_ERROR_SYSCALL && code == 0 && why_system == 0)) {
		error_set(err, STATUS_UNREACHABLE, "the server closed the connection");
		status = error_hint(err, "try again; if it happens each time, tell whoever runs the server");
	} else if (kind == SSL_ERROR_SYSCALL && code == 0) {
		error_set(err, STATUS_UNREACHABLE, "the connection to the server broke: %s",
			  strerror(why_system));
		status = error_hint(err, "try again");
	} else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		status = tls_explain_certificate(SSL_get_verify_result(ssl), err);
	} else if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
		status = tls_explain_alert(reason - SSL_AD_REASON_OFFSET, err);
	} else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
		   reason == SSL_R_HTTP_REQUEST) {
		error_set(err, STATUS_FAILED,
			  "what answers there does not speak TLS 1.3, so it is no saferd");
		status = error_hint(err, "%s", NOT_SAFER);
	} else {
		const char *text = ERR_reason_error_string(code);

		status = error_set(err, STATUS_FAILED, "the encrypted connection failed: %s",
				   text ? text : "no reason was given");
	}
	ERR_clear_error();
	return status;
}
