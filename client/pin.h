/* The pinned head: the newest signed head of the journal that this device verified. A server that rewrites or cuts
 * its history cannot prove that the pinned head is a beginning of what it shows now. */
#ifndef SAFER_CLIENT_PIN_H
#define SAFER_CLIENT_PIN_H

#include "client/profile.h"
#include "protocol/checkpoint.h"
#include "protocol/codec.h"
#include "protocol/merkle.h"

/* The pinned head; size 0 when there is none yet. STATUS_UNVERIFIED when the file does not check out. */
enum status pin_load(struct arena *arena, const struct profile *profile, struct checkpoint *out,
		     struct error *err);

/* Checks a head that the server sent against the pinned one: signature, size, consistency proof. STATUS_UNVERIFIED
 * says what does not fit. */
enum status pin_check(const struct profile *profile, const struct checkpoint *pinned, struct span note,
		      const msgpack_object *proof, struct checkpoint *out, struct error *err);

/* Saves a checked note, unless another process pinned a newer one meanwhile. */
enum status pin_save(struct arena *arena, const struct profile *profile, struct span note,
		     const struct checkpoint *checkpoint, struct error *err);

/* A list of 32-byte binaries into a proof; false when it is anything else. */
bool pin_read_proof(const msgpack_object *list, struct merkle_proof *out);

#endif
