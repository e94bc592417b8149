/* Small files that must not be half written or read by others: keys and certificates in the data folder. */
#ifndef SAFER_SERVER_IDENTITY_KEY_FILES_H
#define SAFER_SERVER_IDENTITY_KEY_FILES_H

#include "common/status.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* Each writes a PEM file of mode 0600: to a temporary file beside it, fsync, into place, fsync of the folder. After a
 * power cut there is the old file or the new one. Without `replace` a file that is there is left alone:
 * STATUS_REFUSED. */
enum status key_file_write(const char *folder, const char *name, EVP_PKEY *key, bool replace,
			   struct error *err);
enum status key_file_write_certificate(const char *folder, const char *name, X509 *certificate, bool replace,
				       struct error *err);

/* Each reads one. *out is yours. STATUS_REFUSED for a key that its group or others may use, and for a certificate
 * that they may change; STATUS_NOT_FOUND when there is no file. No passphrase is ever asked for. */
enum status key_file_read(const char *folder, const char *name, EVP_PKEY **out, struct error *err);
enum status key_file_read_certificate(const char *folder, const char *name, X509 **out, struct error *err);

/* Writes "Cannot <what>: <OpenSSL's reason>." into err and empties OpenSSL's list of errors. STATUS_FAILED. */
enum status key_error(struct error *err, const char *what);

#endif
