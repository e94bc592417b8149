/* Salted commitments: what stands in a journal leaf instead of a value.
 *
 *   SHA-256( len8(salt) || salt || kind || 0x00 || id || 0x00 || field || 0x00 || packed value )
 *
 * The value is its canonical MessagePack (shortest forms). Without the salt nobody can guess a value from its
 * commitment, so a redacted copy leaves out the salt, and erasing the salt erases the value for good. */
#ifndef SAFER_PROTOCOL_COMMITMENT_H
#define SAFER_PROTOCOL_COMMITMENT_H

#include "common/digest.h"

#define SALT_BYTES 16

void commitment_make(const uint8_t salt[SALT_BYTES], const char *kind, const char *id, const char *field,
		     struct span packed_value, struct digest *out);

#endif
