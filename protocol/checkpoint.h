/* Signed heads of a journal: C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint) in a C2SP signed-note with one Ed25519
 * signature (type 0x01), so that tools that are not ours can check them. */
#ifndef SAFER_PROTOCOL_CHECKPOINT_H
#define SAFER_PROTOCOL_CHECKPOINT_H

#include "common/buffer.h"
#include "common/digest.h"
#include "common/status.h"

#include <openssl/evp.h>

#define CHECKPOINT_ORIGIN 128 /* bytes of the longest origin with its NUL */
#define CHECKPOINT_NOTE   1024
#define CHECKPOINT_KEY    256 /* bytes of the longest verifier key with its NUL */

struct checkpoint {
	char origin[CHECKPOINT_ORIGIN]; /* the log's name; also the name of its key */
	uint64_t size;
	struct digest root;
};

/* The note's text with its signature line. `key` is an Ed25519 private key. */
enum status checkpoint_sign(const struct checkpoint *checkpoint, EVP_PKEY *key, struct buffer *out,
			    struct error *err);

/* The verifier key "origin+hash+base64" (signed-note's format) of a key, private or public. */
enum status checkpoint_key(const char *origin, EVP_PKEY *key, char out[CHECKPOINT_KEY], struct error *err);

/* Reads a note and checks its signature with a verifier key. STATUS_UNVERIFIED when it does not check out:
 * the wrong key, a changed byte, another origin. */
enum status checkpoint_open(const char *note, size_t length, const char *verifier_key, struct checkpoint *out,
			    struct error *err);

#endif
