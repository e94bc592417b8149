/* The journal: its leaves, its tree through seals and undone requests, its heads and its proofs. */
#include "tests/unit/journal_folder.h"

#include "server/journal/leaf.h"

#define GROWN_TO 200

static void begin(struct journal_folder *it)
{
	assert_ok(it->folder, store_begin(it->folder->writer, &it->folder->err));
}

/* ---- the tree ---- */

struct leaves { /* every leaf's hash, read straight from the rows */
	struct digest hashes[GROWN_TO];
	uint64_t count;
};

static enum status collect(void *payload, const struct leaf_row *row, struct error *err)
{
	struct leaves *leaves = payload;

	(void)err;
	assert_true(leaves->count < GROWN_TO);
	assert_int_equal(row->number, (int64_t)leaves->count);
	merkle_leaf(row->leaf, &leaves->hashes[leaves->count++]);
	return STATUS_OK;
}

/* The definition of RFC 6962 section 2.1, word for word. */
static void root_from_scratch(const struct digest *leaves, uint64_t count, struct digest *out)
{
	struct digest left, right;
	uint64_t k = 1;

	if (count == 0) {
		merkle_empty(out);
		return;
	}
	if (count == 1) {
		*out = leaves[0];
		return;
	}
	while (k * 2 < count) {
		k *= 2;
	}
	root_from_scratch(leaves, k, &left);
	root_from_scratch(leaves + k, count - k, &right);
	merkle_node(&left, &right, out);
}

static void read_head(struct journal_folder *it, struct checkpoint *out)
{
	struct folder *folder = it->folder;
	char key[CHECKPOINT_KEY];
	const char *note = NULL;
	int64_t size = 0;

	assert_ok(folder, journal_head(folder->reader, folder->arena, folder->partnership, &note, &size,
				       &folder->err));
	assert_ok(folder, checkpoint_key("safer.test/south", it->key, key, &folder->err));
	assert_ok(folder, checkpoint_open(note, strlen(note), key, out, &folder->err));
	assert_int_equal(size, (int64_t)out->size);
}

static void head_is_of(struct journal_folder *it, uint64_t size)
{
	struct folder *folder = it->folder;
	struct leaves leaves = {.count = 0};
	struct checkpoint head;
	struct digest root;

	read_head(it, &head);
	assert_ok(folder, store_leaf_each(folder->reader, folder->partnership, 0, false, collect, &leaves,
					  &folder->err));
	assert_int_equal(head.size, size);
	assert_int_equal(leaves.count, size);
	root_from_scratch(leaves.hashes, leaves.count, &root);
	assert_true(digest_equal(&head.root, &root));
}

static void test_every_head_is_the_root_of_its_leaves(void **state)
{
	struct journal_folder *it = *state;

	for (uint64_t size = 1; size <= GROWN_TO; size++) {
		begin(it);
		assert_int_equal(append_note(it, "start", "again"), (int64_t)size - 1);
		seal_and_commit(it);
		head_is_of(it, size);
	}
}

/* Groups of requests of which some are reverted, and some groups rolled back whole. */
static void test_the_tree_survives_undone_requests(void **state)
{
	struct journal_folder *it = *state;
	struct store *writer = it->folder->writer;
	uint64_t size = 0;

	for (int group = 0; group < 40; group++) {
		uint64_t kept = 0;

		begin(it);
		for (int request = 0; request < 5; request++) {
			bool reverted = (group + request) % 3 == 0;

			assert_ok(it->folder, store_savepoint(writer, &it->folder->err));
			assert_int_equal(append_note(it, "start", "a"), (int64_t)(size + kept));
			assert_int_equal(append_note(it, "start", "b"), (int64_t)(size + kept + 1));
			if (reverted) {
				store_revert(writer);
				if (group % 2 == 0) {
					journal_forget(it->journal);
				}
			} else {
				assert_ok(it->folder, store_release(writer, &it->folder->err));
				kept += 2;
			}
		}
		if (group % 5 == 4) {
			store_rollback(writer);
			journal_forget(it->journal);
			continue;
		}
		if (size + kept > GROWN_TO) {
			store_rollback(writer);
			break;
		}
		seal_and_commit(it);
		size += kept;
		head_is_of(it, size);
	}
	assert_true(size > 100);
}

static void test_a_group_that_adds_nothing_keeps_the_head(void **state)
{
	struct journal_folder *it = *state;

	begin(it);
	append_note(it, "start", "first");
	seal_and_commit(it);
	begin(it);
	assert_ok(it->folder, store_savepoint(it->folder->writer, &it->folder->err));
	append_note(it, "start", "undone");
	store_revert(it->folder->writer);
	seal_and_commit(it);
	head_is_of(it, 1);
}

static void test_another_journal_goes_on_where_this_one_ended(void **state)
{
	struct journal_folder *it = *state;

	begin(it);
	for (int i = 0; i < 7; i++) {
		append_note(it, "start", "before");
	}
	seal_and_commit(it);
	journal_free(it->journal);
	assert_ok(it->folder, journal_new(it->key, &it->journal, &it->folder->err));
	begin(it);
	assert_int_equal(append_note(it, "start", "after"), 7);
	seal_and_commit(it);
	head_is_of(it, 8);
}

static void test_each_partnership_has_its_own_tree(void **state)
{
	struct journal_folder *it = *state;
	int64_t first = it->folder->partnership;
	int64_t second = 0;

	begin(it);
	append_note(it, "start", "south");
	assert_ok(it->folder, store_partnership_add(it->folder->writer, "North", "safer.test/north", &second,
						    &it->folder->err));
	it->folder->partnership = second;
	assert_int_equal(append_note(it, "start", "north"), 0);
	assert_int_equal(append_note(it, "start", "north"), 1);
	it->folder->partnership = first;
	assert_int_equal(append_note(it, "start", "south"), 1);
	seal_and_commit(it);
	head_is_of(it, 2);
}

/* ---- proofs ---- */

static void test_proofs_check_out(void **state)
{
	struct journal_folder *it = *state;
	struct folder *folder = it->folder;
	struct leaves leaves = {.count = 0};
	const int64_t size = 70;

	begin(it);
	for (int64_t i = 0; i < size; i++) {
		append_note(it, "start", "x");
	}
	seal_and_commit(it);
	assert_ok(folder, store_leaf_each(folder->reader, folder->partnership, 0, false, collect, &leaves,
					  &folder->err));
	for (int64_t old = 1; old <= size; old++) {
		struct merkle_proof proof;
		struct digest old_root, root;

		root_from_scratch(leaves.hashes, (uint64_t)old, &old_root);
		root_from_scratch(leaves.hashes, (uint64_t)size, &root);
		assert_ok(folder, journal_prove_growth(folder->reader, folder->partnership, old, size, &proof,
						       &folder->err));
		assert_true(
			merkle_check_consistency((uint64_t)old, &old_root, (uint64_t)size, &root, &proof));
		for (int64_t number = 0; number < old; number++) {
			assert_ok(folder, journal_prove_entry(folder->reader, folder->partnership, number,
							      old, &proof, &folder->err));
			assert_true(merkle_check_inclusion(&leaves.hashes[number], (uint64_t)number,
							   (uint64_t)old, &proof, &old_root));
		}
	}
}

static void test_proofs_of_what_is_not_there_are_refused(void **state)
{
	static const int64_t entries[][2] = {{5, 5}, {-1, 5}, {0, 6}, {0, 0}, {0, -1}};
	static const int64_t sizes[][2] = {{4, 3}, {1, 6}, {-1, 5}};
	struct journal_folder *it = *state;
	struct folder *folder = it->folder;
	struct merkle_proof proof;

	begin(it);
	for (int i = 0; i < 5; i++) {
		append_note(it, "start", "x");
	}
	seal_and_commit(it);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_int_equal(journal_prove_entry(folder->reader, folder->partnership, entries[i][0],
						     entries[i][1], &proof, &folder->err),
				 STATUS_NOT_FOUND);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(journal_prove_growth(folder->reader, folder->partnership, sizes[i][0],
						      sizes[i][1], &proof, &folder->err),
				 STATUS_NOT_FOUND);
	}
	assert_int_equal(journal_head(folder->reader, folder->arena, 99, &(const char *){NULL}, &(int64_t){0},
				      &folder->err),
			 STATUS_NOT_FOUND);
}

/* ---- leaves ---- */

static void test_a_leaf_says_everything_but_values_and_names(void **state)
{
	static const char *const edits[] = {"title", "Secret title", "value", "42", NULL};
	struct journal_folder *it = *state;
	struct folder *folder = it->folder;
	struct leaf_row row;
	struct leaf leaf;
	struct digest commitment;

	begin(it);
	append_note(it, "start", "a note");
	change_record(it, 2, edits, "a reason");
	seal_and_commit(it);
	assert_ok(folder,
		  store_leaf_get(folder->reader, folder->arena, folder->partnership, 1, &row, &folder->err));
	assert_ok(folder, leaf_decode(folder->arena, row.leaf, &leaf, &folder->err));
	assert_int_equal(leaf.number, 1);
	assert_int_equal(leaf.time, row.at);
	assert_string_equal(leaf.what, "change");
	assert_string_equal(leaf.person, "PE3");
	assert_string_equal(leaf.post, "member");
	assert_string_equal(leaf.body, "B1");
	assert_int_equal(leaf.credential, 4);
	assert_int_equal(leaf.request.length, 16);
	assert_string_equal(leaf.note, "");
	assert_int_equal(leaf.change_count, 1);
	assert_string_equal(leaf.changes[0].id, "A2");
	assert_string_equal(leaf.changes[0].verb, "create");
	assert_int_equal(leaf.changes[0].revision, 1);
	assert_int_equal(codec_count(leaf.changes[0].fields), 2);
	assert_null(memmem(row.leaf.data, row.leaf.length, "Secret", 6));
	assert_null(memmem(row.leaf.data, row.leaf.length, "Debra", 5));
	assert_null(memmem(row.leaf.data, row.leaf.length, "a reason", 8));
	assert_int_equal(row.person, 3);

	assert_true(leaf.has_by);
	assert_true(leaf_commit_text(row.by_salt.data, 1, "by", row.by, &commitment));
	assert_true(digest_equal(&commitment, &leaf.by));
	assert_true(leaf.has_reason);
	assert_true(leaf_commit_text(row.reason_salt.data, 1, "reason", "a reason", &commitment));
	assert_true(digest_equal(&commitment, &leaf.reason));
	assert_true(leaf_commit_text(row.reason_salt.data, 1, "reason", "another", &commitment));
	assert_false(digest_equal(&commitment, &leaf.reason));
}

static void test_salts_are_never_the_same(void **state)
{
	static const char *const edits[] = {"title", "Same", "text", "Same", NULL};
	struct journal_folder *it = *state;
	struct folder *folder = it->folder;
	const msgpack_object *fields[2];

	begin(it);
	for (int64_t i = 0; i < 2; i++) {
		struct leaf_row row;
		struct leaf leaf;

		change_record(it, 1, edits, NULL);
		assert_ok(folder, store_leaf_get(folder->writer, folder->arena, folder->partnership, i, &row,
						 &folder->err));
		assert_ok(folder, leaf_decode(folder->arena, row.leaf, &leaf, &folder->err));
		assert_false(leaf.has_reason);
		fields[i] = leaf.changes[0].fields;
	}
	seal_and_commit(it);
	assert_false(codec_same(codec_get(fields[0], "title"), codec_get(fields[1], "title")));
	assert_false(codec_same(codec_get(fields[0], "title"), codec_get(fields[0], "text")));
}

/* Every leaf cut short, and every byte of it altered: nothing but an answer may come of it. */
static void test_broken_leaves_are_refused_or_read(void **state)
{
	static const char *const edits[] = {"title", "A title", "text", "Text", NULL};
	struct journal_folder *it = *state;
	struct folder *folder = it->folder;
	struct leaf_row row;
	struct leaf leaf;

	begin(it);
	change_record(it, 1, edits, "why");
	seal_and_commit(it);
	assert_ok(folder,
		  store_leaf_get(folder->reader, folder->arena, folder->partnership, 0, &row, &folder->err));
	for (size_t length = 0; length < row.leaf.length; length++) {
		struct span cut = {arena_copy(folder->arena, row.leaf.data, length + 1), length};

		assert_int_equal(leaf_decode(folder->arena, cut, &leaf, &folder->err), STATUS_INVALID);
	}
	for (size_t i = 0; i < row.leaf.length; i++) {
		uint8_t *copy = arena_copy(folder->arena, row.leaf.data, row.leaf.length);

		copy[i] ^= 0x55;
		leaf_decode(folder->arena, (struct span){copy, row.leaf.length}, &leaf, &folder->err);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, journal_setup, journal_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_every_head_is_the_root_of_its_leaves),
		CASE(test_the_tree_survives_undone_requests),
		CASE(test_a_group_that_adds_nothing_keeps_the_head),
		CASE(test_another_journal_goes_on_where_this_one_ended),
		CASE(test_each_partnership_has_its_own_tree),
		CASE(test_proofs_check_out),
		CASE(test_proofs_of_what_is_not_there_are_refused),
		CASE(test_a_leaf_says_everything_but_values_and_names),
		CASE(test_salts_are_never_the_same),
		CASE(test_broken_leaves_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
