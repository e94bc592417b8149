/* Credentials: the certificates of devices. A device is a chain of them, each replacing the one before; at most the
 * newest two of a chain are alive, while a renewed one has not been used yet. */
#ifndef SAFER_SERVER_IDENTITY_CREDENTIALS_H
#define SAFER_SERVER_IDENTITY_CREDENTIALS_H

#include "server/request.h"

struct credential_wish {
	int64_t account;
	const char *name;   /* of the person */
	const char *device; /* what the person calls it */
	EVP_PKEY *key;      /* the device's public key */
	int64_t replaces;   /* the credential that ends when this one is first used; 0 none */
};

struct credential_issued {
	int64_t number;
	struct span certificate; /* DER, in the arena */
	int64_t expires_at;
};

/* Issues a certificate for as many days as the setting says, and stores its credential. */
enum status credential_issue(struct context *context, struct arena *arena, const struct credential_wish *wish,
			     struct credential_issued *out, struct error *err);

/* Ends a device at once: this credential and whatever replaces it or waits to be replaced by it, so that a thief who
 * renewed in secret goes with it. *in_use is the one whose connections must be closed. */
enum status credential_end_device(struct store *store, struct arena *arena,
				  const struct credential_row *credential, int64_t at, const char *why,
				  int64_t *in_use, struct error *err);

/* Ends renewals of a credential that were never used: only the newest renewal may take over. */
enum status credential_end_unused_renewals(struct store *store, struct arena *arena,
					   const struct credential_row *credential, int64_t at,
					   struct error *err);

/* To be called when a certificate is used while its used_at is still 0: notes the use, and ends the one that it
 * replaces. *ended is that one's number, whose connections are to be closed; 0 when there is none. Runs in the
 * writer's transaction. */
enum status credential_first_use(struct store *store, struct arena *arena,
				 const struct credential_row *credential, int64_t at, int64_t *ended,
				 struct error *err);

#endif
