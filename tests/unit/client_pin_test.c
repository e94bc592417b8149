/* The pinned head: what has been seen must be a beginning of what is shown, and a file that was tampered with counts
 * for nothing. */
#include "tests/unit/client_home.h"

#include "client/pin.h"

#include <openssl/evp.h>

#define ORIGIN     "safer.example/sw"
#define LEAVES_MAX 16

struct journal {
	EVP_PKEY *key;
	char verifier[CHECKPOINT_KEY];
	struct digest leaves[LEAVES_MAX];
	size_t count;
};

static enum status read_node(void *payload, uint32_t level, uint64_t index, struct digest *out,
			     struct error *err)
{
	const struct journal *journal = payload;
	struct digest left, right;

	if (level == 0) {
		*out = journal->leaves[index];
		return STATUS_OK;
	}
	(void)read_node(payload, level - 1, 2 * index, &left, err);
	(void)read_node(payload, level - 1, 2 * index + 1, &right, err);
	merkle_node(&left, &right, out);
	return STATUS_OK;
}

static void journal_init(struct journal *journal, size_t count, char mark)
{
	*journal = (struct journal){.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), .count = count};
	assert_non_null(journal->key);
	assert_int_equal(checkpoint_key(ORIGIN, journal->key, journal->verifier, NULL), STATUS_OK);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[2] = {(uint8_t)mark, (uint8_t)i};

		merkle_leaf((struct span){bytes, 2}, &journal->leaves[i]);
	}
}

static struct span sign(struct home *home, struct journal *journal, size_t size)
{
	struct checkpoint checkpoint = {.origin = ORIGIN, .size = size};
	struct buffer note;
	struct span out;

	buffer_init(&note, CHECKPOINT_NOTE);
	assert_int_equal(merkle_root(size, read_node, journal, &checkpoint.root, NULL), STATUS_OK);
	assert_int_equal(checkpoint_sign(&checkpoint, journal->key, &note, NULL), STATUS_OK);
	out = (struct span){arena_copy(home->arena, note.data, note.length), note.length};
	assert_non_null(out.data);
	buffer_release(&note);
	return out;
}

/* The consistency proof as it comes over the wire. */
static const msgpack_object *prove(struct home *home, struct journal *journal, size_t from, size_t to)
{
	struct merkle_proof proof;
	struct buffer packed;
	const msgpack_object *list = NULL;
	struct span bytes;

	buffer_init(&packed, 65536);
	assert_int_equal(merkle_consistency(from, to, read_node, journal, &proof, NULL), STATUS_OK);
	codec_put_list(&packed, proof.count);
	for (size_t i = 0; i < proof.count; i++) {
		codec_put_bin(&packed, proof.hashes[i].bytes, DIGEST_BYTES);
	}
	bytes = (struct span){arena_copy(home->arena, packed.data, packed.length), packed.length};
	buffer_release(&packed);
	assert_int_equal(codec_decode(home->arena, bytes, &list, NULL), STATUS_OK);
	return list;
}

/* Pins the head at `from` and checks the one at `to`. */
static enum status check(struct home *home, struct journal *pinned, size_t from, struct journal *shown,
			 size_t to, const msgpack_object *proof)
{
	struct profile profile = home_profile(home, "default");
	struct checkpoint head, seen;
	struct span note;

	profile.verifier = shown->verifier;
	if (from > 0) {
		struct checkpoint first = {.size = from};

		/* signed by the same key, whatever the leaves are */
		EVP_PKEY_free(pinned == shown ? NULL : pinned->key);
		pinned->key = shown->key;
		note = sign(home, pinned, from);
		assert_int_equal(pin_save(home->arena, &profile, note, &first, &home->err), STATUS_OK);
		if (pinned != shown) {
			pinned->key = NULL;
		}
	}
	assert_int_equal(pin_load(home->arena, &profile, &seen, &home->err), STATUS_OK);
	assert_int_equal(seen.size, from);
	return pin_check(&profile, &seen, sign(home, shown, to), proof, &head, &home->err);
}

static void the_first_head_is_taken_on_trust(void **state)
{
	struct home *home = *state;
	struct journal journal;

	journal_init(&journal, 8, 'a');
	assert_int_equal(check(home, &journal, 0, &journal, 5, NULL), STATUS_OK);
	EVP_PKEY_free(journal.key);
}

static void a_journal_that_grew_is_believed_with_its_proof(void **state)
{
	struct home *home = *state;
	struct journal journal;

	journal_init(&journal, 11, 'a');
	assert_int_equal(check(home, &journal, 5, &journal, 11, prove(home, &journal, 5, 11)), STATUS_OK);
	EVP_PKEY_free(journal.key);
}

static void growth_without_its_proof_is_refused(void **state)
{
	struct home *home = *state;
	struct journal journal;

	journal_init(&journal, 11, 'a');
	assert_int_equal(check(home, &journal, 5, &journal, 11, NULL), STATUS_UNVERIFIED);
	EVP_PKEY_free(journal.key);
}

static void a_journal_that_was_cut_is_refused(void **state)
{
	struct home *home = *state;
	struct journal journal;

	journal_init(&journal, 11, 'a');
	assert_int_equal(check(home, &journal, 11, &journal, 5, NULL), STATUS_UNVERIFIED);
	assert_non_null(strstr(home->err.message, "cut off"));
	EVP_PKEY_free(journal.key);
}

static void a_journal_that_was_rewritten_is_refused(void **state)
{
	struct home *home = *state;
	struct journal seen, shown;

	journal_init(&seen, 5, 'a');
	journal_init(&shown, 11, 'b');
	assert_int_equal(check(home, &seen, 5, &shown, 11, prove(home, &shown, 5, 11)), STATUS_UNVERIFIED);
	assert_non_null(strstr(home->err.message, "rewritten"));
	EVP_PKEY_free(shown.key);
}

static void another_journal_of_the_same_size_is_refused(void **state)
{
	struct home *home = *state;
	struct journal seen, shown;

	journal_init(&seen, 5, 'a');
	journal_init(&shown, 5, 'b');
	assert_int_equal(check(home, &seen, 5, &shown, 5, NULL), STATUS_UNVERIFIED);
	EVP_PKEY_free(shown.key);
}

static void an_older_head_never_replaces_a_newer_one(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	struct journal journal;
	struct checkpoint old = {.size = 5}, new = {.size = 9}, kept;

	journal_init(&journal, 9, 'a');
	profile.verifier = journal.verifier;
	assert_int_equal(pin_save(home->arena, &profile, sign(home, &journal, 9), &new, &home->err),
			 STATUS_OK);
	assert_int_equal(pin_save(home->arena, &profile, sign(home, &journal, 5), &old, &home->err),
			 STATUS_OK);
	assert_int_equal(pin_load(home->arena, &profile, &kept, &home->err), STATUS_OK);
	assert_int_equal(kept.size, 9);
	EVP_PKEY_free(journal.key);
}

static void a_pinned_head_that_somebody_changed_is_noticed(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	struct journal journal;
	struct checkpoint checkpoint = {.size = 9};
	struct span note;
	char *forged;

	journal_init(&journal, 9, 'a');
	profile.verifier = journal.verifier;
	note = sign(home, &journal, 9);
	assert_int_equal(pin_save(home->arena, &profile, note, &checkpoint, &home->err), STATUS_OK);
	forged = arena_text(home->arena, (const char *)note.data, note.length);
	*strchr(forged, '9') = '3';
	assert_int_equal(
		file_write(profile_path(home->arena, profile.state, "head"), forged, note.length, 0600, NULL),
		STATUS_OK);
	assert_int_equal(pin_load(home->arena, &profile, &checkpoint, &home->err), STATUS_UNVERIFIED);
	EVP_PKEY_free(journal.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME(the_first_head_is_taken_on_trust),
		HOME(a_journal_that_grew_is_believed_with_its_proof),
		HOME(growth_without_its_proof_is_refused),
		HOME(a_journal_that_was_cut_is_refused),
		HOME(a_journal_that_was_rewritten_is_refused),
		HOME(another_journal_of_the_same_size_is_refused),
		HOME(an_older_head_never_replaces_a_newer_one),
		HOME(a_pinned_head_that_somebody_changed_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
