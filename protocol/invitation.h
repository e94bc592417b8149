/* An invitation to enrol: one line that a person can paste. It carries where the server is, what its certificate
 * authority must be, and a secret that works once. "SAFER1-" and groups of base32, ending in a check that catches
 * typing errors. Precedent: join tokens that pin a CA digest (Docker swarm, Teleport, step-ca). */
#ifndef SAFER_PROTOCOL_INVITATION_H
#define SAFER_PROTOCOL_INVITATION_H

#include "common/buffer.h"
#include "common/status.h"

#include <stdint.h>

#define INVITATION_ID          5  /* bytes */
#define INVITATION_SECRET      16 /* bytes: 128 bits */
#define INVITATION_FINGERPRINT 16 /* bytes: the first half of SHA-256 over the CA certificate's DER */
#define INVITATION_HOST        64 /* bytes of the longest host with its NUL */
#define INVITATION_TEXT        256

struct invitation {
	char host[INVITATION_HOST]; /* a name or an address, as the client shall connect to it */
	uint16_t port;
	uint8_t fingerprint[INVITATION_FINGERPRINT];
	uint8_t id[INVITATION_ID];
	uint8_t secret[INVITATION_SECRET];
};

enum status invitation_format(const struct invitation *invitation, char out[INVITATION_TEXT],
			      struct error *err);

/* Takes upper and lower case, spaces and line breaks from pasting; says what is wrong and what to do. */
enum status invitation_parse(const char *text, struct invitation *out, struct error *err);

#endif
