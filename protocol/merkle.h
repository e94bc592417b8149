/* The Merkle tree of RFC 6962 section 2.1: leaf = SHA-256(0x00 || bytes), node = SHA-256(0x01 || left || right).
 *
 * Arithmetic only. The server keeps the hash of every complete subtree: level 0 are the leaves, node i of level l
 * covers leaves i * 2^l to (i + 1) * 2^l - 1. Building a proof asks for them through a callback; checking one needs
 * nothing but the proof. */
#ifndef SAFER_PROTOCOL_MERKLE_H
#define SAFER_PROTOCOL_MERKLE_H

#include "common/digest.h"
#include "common/status.h"

#define MERKLE_PROOF_MAX 64 /* hashes; enough for 2^63 leaves */

void merkle_leaf(struct span bytes, struct digest *out);
void merkle_node(const struct digest *left, const struct digest *right, struct digest *out);
void merkle_empty(struct digest *out); /* the root of no leaves: SHA-256 of nothing */

/* Gives the hash of a complete subtree. Anything but STATUS_OK ends the computation. */
typedef enum status (*merkle_reader)(void *payload, uint32_t level, uint64_t index, struct digest *out,
				     struct error *err);

struct merkle_proof {
	struct digest hashes[MERKLE_PROOF_MAX];
	size_t count;
};

enum status merkle_root(uint64_t size, merkle_reader reader, void *payload, struct digest *out,
			struct error *err);
enum status merkle_inclusion(uint64_t index, uint64_t size, merkle_reader reader, void *payload,
			     struct merkle_proof *out, struct error *err);
enum status merkle_consistency(uint64_t old_size, uint64_t new_size, merkle_reader reader, void *payload,
			       struct merkle_proof *out, struct error *err);

bool merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
			    const struct merkle_proof *proof, const struct digest *root);
bool merkle_check_consistency(uint64_t old_size, const struct digest *old_root, uint64_t new_size,
			      const struct digest *new_root, const struct merkle_proof *proof);

#endif
