/* The tree behind the journal. The server builds proofs from the subtree hashes that its store keeps; clients,
 * evidence files and other people's tools check them with nothing but the proof. The checks follow RFC 9162 sections
 * 2.1.3.2 and 2.1.4.2, which say in steps what RFC 6962 leaves to the reader.
 *
 * A range of the tree is written (first, count): `count` leaves from `first`, where `first` is a multiple of the
 * smallest power of two that is not less than `count`; every subtree that a proof meets is such a range. */
#include "protocol/merkle.h"

#include <string.h>

#define LEAVES_MAX (UINT64_C(1) << 63)

static const uint8_t leaf_mark = 0x00;
static const uint8_t node_mark = 0x01;

void merkle_leaf(struct span bytes, struct digest *out)
{
	const struct span pieces[] = {{&leaf_mark, 1}, bytes};

	digest_spans(pieces, 2, out);
}

void merkle_node(const struct digest *left, const struct digest *right, struct digest *out)
{
	const struct span pieces[] = {
		{&node_mark, 1}, {left->bytes, DIGEST_BYTES}, {right->bytes, DIGEST_BYTES}};

	digest_spans(pieces, 3, out);
}

void merkle_empty(struct digest *out)
{
	digest_spans(NULL, 0, out);
}

static bool is_odd(uint64_t number)
{
	return (number & 1) != 0;
}

static bool is_power_of_two(uint64_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

/* The largest power of two that is less than `count`, which is at least 2: where RFC 6962 splits a range. */
static uint64_t split(uint64_t count)
{
	return UINT64_C(1) << (63 - __builtin_clzll(count - 1));
}

struct tree {
	merkle_reader read;
	void *payload;
	struct error *err;
};

/* The hash of a range: its complete subtrees from the right, each as the left neighbour of what is already there. */
static enum status range_hash(const struct tree *tree, uint64_t first, uint64_t count, struct digest *out)
{
	uint64_t end = first + count;
	bool begun = false;
	struct digest hash = {{0}};

	for (uint32_t level = 0; level < 64 && count >> level != 0; level++) {
		struct digest subtree;
		enum status status;

		if (!is_odd(count >> level)) {
			continue;
		}
		end -= UINT64_C(1) << level;
		status = tree->read(tree->payload, level, end >> level, &subtree, tree->err);
		if (status != STATUS_OK) {
			return status;
		}
		if (begun) {
			merkle_node(&subtree, &hash, &hash);
		} else {
			hash = subtree;
			begun = true;
		}
	}
	*out = hash;
	return STATUS_OK;
}

static enum status proof_add(const struct tree *tree, uint64_t first, uint64_t count,
			     struct merkle_proof *proof)
{
	enum status status;

	if (proof->count == MERKLE_PROOF_MAX) {
		return error_set(tree->err, STATUS_FAILED,
				 "the journal has more entries than a proof can span");
	}
	status = range_hash(tree, first, count, &proof->hashes[proof->count]);
	if (status == STATUS_OK) {
		proof->count++;
	}
	return status;
}

/* Proofs are gathered from the root down and written from the leaf up. */
static void proof_reverse(struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->count / 2; i++) {
		struct digest kept = proof->hashes[i];

		proof->hashes[i] = proof->hashes[proof->count - 1 - i];
		proof->hashes[proof->count - 1 - i] = kept;
	}
}

enum status merkle_root(uint64_t size, merkle_reader reader, void *payload, struct digest *out,
			struct error *err)
{
	const struct tree tree = {reader, payload, err};

	if (size > LEAVES_MAX) {
		return error_set(err, STATUS_INVALID, "a journal of %llu entries is more than any has",
				 (unsigned long long)size);
	}
	if (size == 0) {
		merkle_empty(out);
		return STATUS_OK;
	}
	return range_hash(&tree, 0, size, out);
}

enum status merkle_inclusion(uint64_t index, uint64_t size, merkle_reader reader, void *payload,
			     struct merkle_proof *out, struct error *err)
{
	const struct tree tree = {reader, payload, err};
	enum status status = STATUS_OK;
	struct merkle_proof proof = {.count = 0};
	uint64_t first = 0;
	uint64_t count = size;

	if (index >= size || size > LEAVES_MAX) {
		return error_set(err, STATUS_INVALID, "leaf %llu is not in a tree of %llu leaves",
				 (unsigned long long)index, (unsigned long long)size);
	}
	while (count > 1 && status == STATUS_OK) {
		uint64_t left = split(count);

		if (index - first < left) {
			status = proof_add(&tree, first + left, count - left, &proof);
			count = left;
		} else {
			status = proof_add(&tree, first, left, &proof);
			first += left;
			count -= left;
		}
	}
	if (status == STATUS_OK) {
		proof_reverse(&proof);
		*out = proof;
	}
	return status;
}

enum status merkle_consistency(uint64_t old_size, uint64_t new_size, merkle_reader reader, void *payload,
			       struct merkle_proof *out, struct error *err)
{
	const struct tree tree = {reader, payload, err};
	enum status status = STATUS_OK;
	struct merkle_proof proof = {.count = 0};
	uint64_t first = 0;
	uint64_t count = new_size;

	if (old_size > new_size || new_size > LEAVES_MAX) {
		return error_set(err, STATUS_INVALID, "a tree of %llu leaves is no beginning of one of %llu",
				 (unsigned long long)old_size, (unsigned long long)new_size);
	}
	/* Down to the range that ends where the old tree ends. An empty old tree needs no proof. */
	while (old_size > 0 && first + count != old_size && status == STATUS_OK) {
		uint64_t left = split(count);

		if (old_size - first <= left) {
			status = proof_add(&tree, first + left, count - left, &proof);
			count = left;
		} else {
			status = proof_add(&tree, first, left, &proof);
			first += left;
			count -= left;
		}
	}
	/* Whoever checks knows the old root already when that range is the whole old tree. */
	if (status == STATUS_OK && old_size > 0 && first > 0) {
		status = proof_add(&tree, first, count, &proof);
	}
	if (status == STATUS_OK) {
		proof_reverse(&proof);
		*out = proof;
	}
	return status;
}

bool merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
			    const struct merkle_proof *proof, const struct digest *root)
{
	struct digest hash = *leaf;
	uint64_t at = index;
	uint64_t last = size - 1;

	if (index >= size || proof->count > MERKLE_PROOF_MAX) {
		return false;
	}
	for (size_t i = 0; i < proof->count; i++) {
		const struct digest *sibling = &proof->hashes[i];

		if (last == 0) {
			return false;
		}
		if (is_odd(at) || at == last) {
			merkle_node(sibling, &hash, &hash);
			while (!is_odd(at) && at != 0) { /* levels where the path stands alone */
				at >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(&hash, sibling, &hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && digest_equal(&hash, root);
}

/* The general case: 0 < old_size < new_size. */
static bool check_growth(uint64_t old_size, const struct digest *old_root, uint64_t new_size,
			 const struct digest *new_root, const struct merkle_proof *proof)
{
	uint64_t at = old_size - 1;
	uint64_t last = new_size - 1;
	size_t next = 0;
	struct digest old_hash;
	struct digest new_hash;

	if (is_power_of_two(old_size)) {
		old_hash = *old_root;
	} else if (proof->count > 0) {
		old_hash = proof->hashes[next++];
	} else {
		return false;
	}
	new_hash = old_hash;
	while (is_odd(at)) {
		at >>= 1;
		last >>= 1;
	}
	for (; next < proof->count; next++) {
		const struct digest *sibling = &proof->hashes[next];

		if (last == 0) {
			return false;
		}
		if (is_odd(at) || at == last) {
			merkle_node(sibling, &old_hash, &old_hash);
			merkle_node(sibling, &new_hash, &new_hash);
			while (!is_odd(at) && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(&new_hash, sibling, &new_hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && digest_equal(&old_hash, old_root) && digest_equal(&new_hash, new_root);
}

bool merkle_check_consistency(uint64_t old_size, const struct digest *old_root, uint64_t new_size,
			      const struct digest *new_root, const struct merkle_proof *proof)
{
	struct digest empty;

	if (old_size > new_size || proof->count > MERKLE_PROOF_MAX) {
		return false;
	}
	if (old_size == new_size) {
		return proof->count == 0 && digest_equal(old_root, new_root);
	}
	if (old_size == 0) {
		merkle_empty(&empty);
		return proof->count == 0 && digest_equal(old_root, &empty);
	}
	return check_growth(old_size, old_root, new_size, new_root, proof);
}
