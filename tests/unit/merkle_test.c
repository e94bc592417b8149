/* The tree: known answers of the certificate-transparency test suite, and every proof of every small tree. */
#include "protocol/merkle.h"

#include "rows.h"

#define MOST 70

/* ---- known answers ---- */

static const struct {
	const char *leaf; /* hexadecimal */
	const char *root; /* of the tree up to this leaf */
} known[] = {
	{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{"606162636465666768696a6b6c6d6e6f",
	 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* A tree of leaves whose complete subtrees are made when asked for. */
struct leaves {
	struct digest hashes[MOST];
	size_t count;
	size_t asked;      /* how often the reader was called */
	size_t fail_after; /* 0: never */
};

static enum status read_subtree(void *payload, uint32_t level, uint64_t index, struct digest *out,
				struct error *err)
{
	struct leaves *leaves = payload;
	struct digest left;
	struct digest right;

	leaves->asked++;
	if (leaves->fail_after > 0 && leaves->asked >= leaves->fail_after) {
		return error_set(err, STATUS_FAILED, "the disk is gone");
	}
	assert_true((index + 1) << level <= leaves->count); /* complete subtrees only */
	if (level == 0) {
		*out = leaves->hashes[index];
		return STATUS_OK;
	}
	if (read_subtree(leaves, level - 1, index * 2, &left, err) != STATUS_OK ||
	    read_subtree(leaves, level - 1, index * 2 + 1, &right, err) != STATUS_OK) {
		return STATUS_FAILED;
	}
	merkle_node(&left, &right, out);
	return STATUS_OK;
}

static void fill_known(struct leaves *leaves)
{
	*leaves = (struct leaves){.count = KNOWN};
	for (size_t i = 0; i < KNOWN; i++) {
		uint8_t bytes[16];
		size_t length = strlen(known[i].leaf) / 2;

		assert_true(hex_parse(known[i].leaf, 2 * length, bytes, length));
		merkle_leaf((struct span){bytes, length}, &leaves->hashes[i]);
	}
}

static void fill(struct leaves *leaves, size_t count)
{
	*leaves = (struct leaves){.count = count};
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[2] = {(uint8_t)i, 0x5a};

		merkle_leaf((struct span){bytes, sizeof(bytes)}, &leaves->hashes[i]);
	}
}

static void root_of(struct leaves *leaves, uint64_t size, struct digest *out)
{
	assert_int_equal(merkle_root(size, read_subtree, leaves, out, NULL), STATUS_OK);
}

static void assert_hex(const struct digest *digest, const char *hex)
{
	char text[2 * DIGEST_BYTES + 1];

	hex_format(digest->bytes, DIGEST_BYTES, text);
	assert_string_equal(text, hex);
}

static void the_empty_tree_has_the_hash_of_nothing(void **state)
{
	struct leaves leaves = {.count = 0};
	struct digest root;

	(void)state;
	root_of(&leaves, 0, &root);
	assert_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	merkle_empty(&root);
	assert_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void the_known_trees_have_their_known_roots(void **state)
{
	struct leaves leaves;
	struct digest root;

	(void)state;
	fill_known(&leaves);
	for (size_t size = 1; size <= KNOWN; size++) {
		root_of(&leaves, size, &root);
		assert_hex(&root, known[size - 1].root);
	}
}

static const char *const path_0_of_8[] = {
	"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
};
static const char *const growth_6_to_8[] = {
	"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
	"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
};

static void the_known_proofs_come_out(void **state)
{
	struct leaves leaves;
	struct merkle_proof proof;

	(void)state;
	fill_known(&leaves);
	assert_int_equal(merkle_inclusion(0, 8, read_subtree, &leaves, &proof, NULL), STATUS_OK);
	assert_int_equal(proof.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_hex(&proof.hashes[i], path_0_of_8[i]);
	}
	assert_int_equal(merkle_consistency(6, 8, read_subtree, &leaves, &proof, NULL), STATUS_OK);
	assert_int_equal(proof.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_hex(&proof.hashes[i], growth_6_to_8[i]);
	}
}

/* ---- all small trees ---- */

/* RFC 6962 section 2.1 in its own words: another way to the same root. */
static void naive_root(const struct digest *leaves, size_t count, struct digest *out)
{
	size_t left = 1;
	struct digest a;
	struct digest b;

	if (count == 1) {
		*out = leaves[0];
		return;
	}
	while (left * 2 < count) {
		left *= 2;
	}
	naive_root(leaves, left, &a);
	naive_root(leaves + left, count - left, &b);
	merkle_node(&a, &b, out);
}

static void every_root_is_that_of_the_definition(void **state)
{
	struct leaves leaves;

	(void)state;
	fill(&leaves, MOST);
	for (size_t size = 1; size <= MOST; size++) {
		struct digest root;
		struct digest wanted;

		root_of(&leaves, size, &root);
		naive_root(leaves.hashes, size, &wanted);
		assert_true(digest_equal(&root, &wanted));
	}
}

/* No hash of a proof can be altered, left out or added. */
static void assert_inclusion_is_tight(const struct digest *leaf, uint64_t index, uint64_t size,
				      const struct merkle_proof *proof, const struct digest *root)
{
	struct merkle_proof altered = *proof;

	for (size_t i = 0; i < proof->count; i++) {
		altered.hashes[i].bytes[i % DIGEST_BYTES] ^= 1;
		assert_false(merkle_check_inclusion(leaf, index, size, &altered, root));
		altered.hashes[i] = proof->hashes[i];
	}
	altered.count = proof->count + 1;
	altered.hashes[proof->count] = *root;
	assert_false(merkle_check_inclusion(leaf, index, size, &altered, root));
	if (proof->count > 0) {
		altered.count = proof->count - 1;
		assert_false(merkle_check_inclusion(leaf, index, size, &altered, root));
	}
}

static void every_leaf_is_proven_and_nothing_else(void **state)
{
	struct leaves leaves;

	(void)state;
	fill(&leaves, MOST);
	for (uint64_t size = 1; size <= MOST; size++) {
		struct digest root;
		struct digest wrong;

		root_of(&leaves, size, &root);
		wrong = root;
		wrong.bytes[31] ^= 0x80;
		for (uint64_t index = 0; index < size; index++) {
			const struct digest *leaf = &leaves.hashes[index];
			struct merkle_proof proof;

			assert_int_equal(merkle_inclusion(index, size, read_subtree, &leaves, &proof, NULL),
					 STATUS_OK);
			assert_true(merkle_check_inclusion(leaf, index, size, &proof, &root));
			assert_false(merkle_check_inclusion(leaf, index, size, &proof, &wrong));
			assert_false(merkle_check_inclusion(&wrong, index, size, &proof, &root));
			assert_inclusion_is_tight(leaf, index, size, &proof, &root);
			for (uint64_t other = 0; other <= size; other++) {
				if (other != index) {
					assert_false(
						merkle_check_inclusion(leaf, other, size, &proof, &root));
				}
			}
		}
	}
}

static void assert_consistency_is_tight(uint64_t old_size, const struct digest *old_root, uint64_t new_size,
					const struct digest *new_root, const struct merkle_proof *proof)
{
	struct merkle_proof altered = *proof;
	struct digest wrong = *old_root;

	for (size_t i = 0; i < proof->count; i++) {
		altered.hashes[i].bytes[i % DIGEST_BYTES] ^= 1;
		assert_false(merkle_check_consistency(old_size, old_root, new_size, new_root, &altered));
		altered.hashes[i] = proof->hashes[i];
	}
	altered.count = proof->count + 1;
	altered.hashes[proof->count] = *new_root;
	assert_false(merkle_check_consistency(old_size, old_root, new_size, new_root, &altered));
	if (proof->count > 0) {
		altered.count = proof->count - 1;
		assert_false(merkle_check_consistency(old_size, old_root, new_size, new_root, &altered));
	}
	wrong.bytes[0] ^= 1;
	assert_false(merkle_check_consistency(old_size, &wrong, new_size, new_root, proof));
	wrong = *new_root;
	wrong.bytes[0] ^= 1;
	/* Nothing is known of what follows an empty tree. */
	if (old_size > 0) {
		assert_false(merkle_check_consistency(old_size, old_root, new_size, &wrong, proof));
	}
}

static void every_growth_is_proven_and_nothing_else(void **state)
{
	struct leaves leaves;

	(void)state;
	fill(&leaves, MOST);
	for (uint64_t new_size = 0; new_size <= MOST; new_size++) {
		struct digest new_root;

		root_of(&leaves, new_size, &new_root);
		for (uint64_t old_size = 0; old_size <= new_size; old_size++) {
			struct merkle_proof proof;
			struct digest old_root;

			root_of(&leaves, old_size, &old_root);
			assert_int_equal(
				merkle_consistency(old_size, new_size, read_subtree, &leaves, &proof, NULL),
				STATUS_OK);
			assert_true(
				merkle_check_consistency(old_size, &old_root, new_size, &new_root, &proof));
			assert_consistency_is_tight(old_size, &old_root, new_size, &new_root, &proof);
			if (old_size > 0 && old_size < new_size) {
				assert_false(merkle_check_consistency(old_size - 1, &old_root, new_size,
								      &new_root, &proof));
				assert_false(merkle_check_consistency(new_size, &old_root, old_size,
								      &new_root, &proof));
			}
		}
	}
}

static void a_rewritten_leaf_is_no_growth(void **state)
{
	struct leaves leaves;
	struct leaves rewritten;
	struct merkle_proof proof;
	struct digest old_root;
	struct digest new_root;

	(void)state;
	fill(&leaves, 20);
	rewritten = leaves;
	rewritten.hashes[3].bytes[0] ^= 1;
	root_of(&leaves, 10, &old_root);
	root_of(&rewritten, 20, &new_root);
	assert_int_equal(merkle_consistency(10, 20, read_subtree, &rewritten, &proof, NULL), STATUS_OK);
	assert_false(merkle_check_consistency(10, &old_root, 20, &new_root, &proof));
}

/* ---- edges ---- */

static enum status same_everywhere(void *payload, uint32_t level, uint64_t index, struct digest *out,
				   struct error *err)
{
	(void)payload;
	(void)index;
	(void)err;
	memset(out->bytes, 0x11, DIGEST_BYTES);
	for (uint32_t i = 0; i < level; i++) {
		merkle_node(out, out, out);
	}
	return STATUS_OK;
}

static void the_largest_tree_fits_a_proof(void **state)
{
	const uint64_t sizes[] = {UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, (UINT64_C(1) << 62) + 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct merkle_proof proof;
		struct digest leaf;
		struct digest root;
		struct digest old_root;

		same_everywhere(NULL, 0, 0, &leaf, NULL);
		assert_int_equal(merkle_root(sizes[i], same_everywhere, NULL, &root, NULL), STATUS_OK);
		assert_int_equal(
			merkle_inclusion(sizes[i] - 1, sizes[i], same_everywhere, NULL, &proof, NULL),
			STATUS_OK);
		assert_true(merkle_check_inclusion(&leaf, sizes[i] - 1, sizes[i], &proof, &root));
		assert_int_equal(merkle_root(sizes[i] - 1, same_everywhere, NULL, &old_root, NULL),
				 STATUS_OK);
		assert_int_equal(
			merkle_consistency(sizes[i] - 1, sizes[i], same_everywhere, NULL, &proof, NULL),
			STATUS_OK);
		assert_true(merkle_check_consistency(sizes[i] - 1, &old_root, sizes[i], &root, &proof));
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	const uint64_t too_large = (UINT64_C(1) << 63) + 1;
	struct leaves leaves;
	struct merkle_proof proof = {.count = 77};
	struct merkle_proof endless = {.count = MERKLE_PROOF_MAX + 1};
	struct digest root;

	(void)state;
	fill(&leaves, 8);
	root_of(&leaves, 8, &root);
	leaves.asked = 0;
	assert_int_equal(merkle_inclusion(8, 8, read_subtree, &leaves, &proof, NULL), STATUS_INVALID);
	assert_int_equal(merkle_inclusion(0, 0, read_subtree, &leaves, &proof, NULL), STATUS_INVALID);
	assert_int_equal(merkle_inclusion(0, too_large, read_subtree, &leaves, &proof, NULL), STATUS_INVALID);
	assert_int_equal(merkle_consistency(8, 7, read_subtree, &leaves, &proof, NULL), STATUS_INVALID);
	assert_int_equal(merkle_consistency(1, too_large, read_subtree, &leaves, &proof, NULL),
			 STATUS_INVALID);
	assert_int_equal(merkle_root(too_large, read_subtree, &leaves, &root, NULL), STATUS_INVALID);
	assert_int_equal(proof.count, 77);
	assert_int_equal(leaves.asked, 0);
	proof.count = 0;
	assert_false(merkle_check_inclusion(&root, 0, 0, &proof, &root));
	assert_false(merkle_check_inclusion(&root, 0, 8, &endless, &root));
	assert_false(merkle_check_consistency(1, &root, 8, &root, &endless));
}

static void a_reader_that_fails_ends_the_computation(void **state)
{
	struct leaves leaves;
	struct merkle_proof proof = {.count = 77};
	struct digest root;

	(void)state;
	for (size_t nth = 1; nth <= 3; nth++) {
		struct error err = ERROR_INIT;

		fill(&leaves, 7);
		leaves.fail_after = nth;
		assert_int_equal(merkle_root(7, read_subtree, &leaves, &root, &err), STATUS_FAILED);
		assert_string_equal(err.message, "the disk is gone");
		leaves.asked = 0;
		assert_int_equal(merkle_inclusion(2, 7, read_subtree, &leaves, &proof, &err), STATUS_FAILED);
		leaves.asked = 0;
		assert_int_equal(merkle_consistency(3, 7, read_subtree, &leaves, &proof, &err),
				 STATUS_FAILED);
		assert_int_equal(proof.count, 77);
	}
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "the empty tree has the hash of nothing", the_empty_tree_has_the_hash_of_nothing,
		 NULL);
	rows_add(&tests, "the known trees have their known roots", the_known_trees_have_their_known_roots,
		 NULL);
	rows_add(&tests, "the known proofs come out", the_known_proofs_come_out, NULL);
	rows_add(&tests, "every root up to 70 leaves is that of the definition",
		 every_root_is_that_of_the_definition, NULL);
	rows_add(&tests, "every leaf up to 70 is proven, and nothing else",
		 every_leaf_is_proven_and_nothing_else, NULL);
	rows_add(&tests, "every growth up to 70 is proven, and nothing else",
		 every_growth_is_proven_and_nothing_else, NULL);
	rows_add(&tests, "a rewritten leaf is no growth", a_rewritten_leaf_is_no_growth, NULL);
	rows_add(&tests, "the largest tree fits a proof", the_largest_tree_fits_a_proof, NULL);
	rows_add(&tests, "what makes no sense is refused", what_makes_no_sense_is_refused, NULL);
	rows_add(&tests, "a reader that fails ends the computation", a_reader_that_fails_ends_the_computation,
		 NULL);
	return rows_run(&tests, "merkle");
}
