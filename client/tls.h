/* TLS as the client uses it: contexts, keys, certificate requests, and what can go wrong in plain words. */
#ifndef SAFER_CLIENT_TLS_H
#define SAFER_CLIENT_TLS_H

#include "client/profile.h"
#include "common/buffer.h"
#include "common/status.h"

#include <openssl/ssl.h>
#include <stdint.h>

/* TLS 1.3 only, without session tickets. The member's context shows the profile's certificate and believes the
 * profile's authority alone; the newcomer's shows none and checks nothing: tls_check_invited does. */
enum status tls_context_member(const struct profile *profile, SSL_CTX **out, struct error *err);
enum status tls_context_newcomer(SSL_CTX **out, struct error *err);

/* After a newcomer's handshake, before any secret is sent: the chain that the server showed must lead to the
 * authority of that fingerprint (invitation.h), and be for `host`. *authority is yours. */
enum status tls_check_invited(SSL *ssl, const char *host, const uint8_t *fingerprint, X509 **authority,
			      struct error *err);

/* What the server's certificate must be for: a name or an address. */
enum status tls_expect_host(SSL *ssl, const char *host, struct error *err);

/* Turns the failure of an SSL function into a status and a sentence. `answer` is what the function returned; call it
 * before anything else touches OpenSSL's error queue or errno. */
enum status tls_explain(SSL *ssl, int answer, struct error *err);

/* The words for an alert that the server sent, and for a reason why its certificate was not believed. */
enum status tls_explain_alert(int alert, struct error *err);
enum status tls_explain_certificate(long verify_result, struct error *err);

/* A new P-256 key, and a PKCS#10 request for it in DER. */
enum status tls_make_key(EVP_PKEY **out, struct error *err);
enum status tls_make_request(EVP_PKEY *key, struct buffer *out, struct error *err);

/* PEM. The key is written unencrypted: the folder's mode protects it. */
enum status tls_key_pem(EVP_PKEY *key, struct buffer *out, struct error *err);
enum status tls_certificate_pem(X509 *certificate, struct buffer *out, struct error *err);
enum status tls_certificate_read(struct span der, X509 **out, struct error *err);
enum status tls_pem_certificate(const char *pem, size_t length, X509 **out, struct error *err);
enum status tls_pem_key(const char *pem, size_t length, EVP_PKEY **out, struct error *err);

/* When the certificate begins and ends, microseconds since 1970. */
bool tls_validity(X509 *certificate, int64_t *from, int64_t *to);

#endif
