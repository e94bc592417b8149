/* How a certificate of Safer looks: what stands in it, and nothing else. Only authority.c signs with these. */
#ifndef SAFER_SERVER_IDENTITY_CERTIFICATE_H
#define SAFER_SERVER_IDENTITY_CERTIFICATE_H

#include "server/identity/authority.h"

#include <stdbool.h>

/* The authority's own: self-signed, CA with path length 0, from five minutes ago for 20 years. */
enum status certificate_make_authority(EVP_PKEY *key, const char *partnership, X509 **out, struct error *err);

/* One for a device or for the server, as `wish` says, signed by the authority. */
enum status certificate_make(X509 *authority, EVP_PKEY *authority_key, const struct certificate_wish *wish,
			     X509 **out, struct error *err);

/* Checks a list of host names and addresses parted by spaces; STATUS_INVALID names the one that is wrong. */
enum status certificate_check_names(const char *names, struct error *err);

/* Whether the certificate holds every name and address of the list. */
bool certificate_has_names(X509 *certificate, const char *names);

#endif
