/* The partnership server's own certificate authority: one P-256 key that signs the server's certificate and one for
 * each device. Certificates are looked up by fingerprint in the store; what they say of their holder is never
 * trusted. */
#ifndef SAFER_SERVER_IDENTITY_AUTHORITY_H
#define SAFER_SERVER_IDENTITY_AUTHORITY_H

#include "common/buffer.h"
#include "common/digest.h"
#include "common/status.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

struct authority;

/* Files in the data folder, all made with mode 0600. */
#define AUTHORITY_KEY  "authority.key"
#define AUTHORITY_CERT "authority.pem"
#define SERVER_KEY     "server.key"
#define SERVER_CERT    "server.pem"
#define JOURNAL_KEY    "journal.key"

/* Makes the authority's key and self-signed certificate (20 years) in the folder. STATUS_REFUSED when there. */
enum status authority_create(const char *folder, const char *partnership, struct error *err);
enum status authority_load(const char *folder, struct authority **out, struct error *err);
void authority_free(struct authority *authority);

/* Makes a new server key and certificate for these names and addresses ("localhost 127.0.0.1 safer.example"),
 * valid for a year, unless the present one holds all of them and lasts another 30 days. */
enum status authority_server_certificate(struct authority *authority, const char *folder, const char *names,
					 struct error *err);

/* Makes the journal's Ed25519 key / reads it. */
enum status authority_journal_key_create(const char *folder, struct error *err);
enum status authority_journal_key_load(const char *folder, EVP_PKEY **out, struct error *err);

X509 *authority_certificate(const struct authority *authority);                 /* borrowed */
void authority_fingerprint(const struct authority *authority, uint8_t out[16]); /* for invitations */

/* Certificates begin this many microseconds before they are issued: clocks of clients may be a little behind. */
#define CERTIFICATE_EARLY (INT64_C(300) * 1000000)

/* What a certificate is issued for. Tests give times of their own to make bad ones. */
struct certificate_wish {
	EVP_PKEY *key;            /* the device's public key */
	const char *name;         /* goes into the subject, for people only */
	int64_t account;          /* goes into the SAN as urn:safer:account:N, for people only */
	int64_t from, to;         /* validity, microseconds by the machine's clock */
	const char *server_names; /* set: a server certificate for these names; NULL: a device's */
};
enum status authority_issue(struct authority *authority, const struct certificate_wish *wish, X509 **out,
			    struct error *err);

/* Reads a PKCS#10 request: checks its own signature and that its key is P-256 or Ed25519. Everything else in it is
 * ignored. *key is yours. */
enum status authority_read_request(struct span der, EVP_PKEY **key, struct error *err);

/* SHA-256 over the DER, and over SubjectPublicKeyInfo. False without memory; `out` must not be used then. */
bool authority_digest_certificate(X509 *certificate, struct digest *out);
bool authority_digest_key(EVP_PKEY *key, struct digest *out);

#endif
