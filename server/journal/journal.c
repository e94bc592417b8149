/* Writing the journal: entries are appended in the transaction of what they tell of, and the head is signed once for
 * each group of requests, before it is committed. */
#include "server/journal/leaf.h"
#include "server/journal/tree.h"

#include <stdlib.h>
#include <string.h>

struct tree { /* of one partnership */
	int64_t partnership;
	struct edge edge;
	bool known; /* whether the edge was read; it may still be out of date: see catch_up */
	bool grown; /* since the last seal */
};

struct journal {
	EVP_PKEY *key; /* borrowed */
	struct tree *trees;
	size_t tree_count;
	struct buffer leaf; /* the entry that is being packed; kept for its memory */
};

enum status journal_new(EVP_PKEY *key, struct journal **out, struct error *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal) {
		return error_memory(err);
	}
	journal->key = key;
	buffer_init(&journal->leaf, LEAF_BYTES);
	*out = journal;
	return STATUS_OK;
}

void journal_free(struct journal *journal)
{
	if (!journal) {
		return;
	}
	buffer_release(&journal->leaf);
	free(journal->trees);
	free(journal);
}

void journal_forget(struct journal *journal)
{
	for (size_t i = 0; i < journal->tree_count; i++) {
		journal->trees[i].known = false;
	}
}

static struct tree *tree_of(struct journal *journal, int64_t partnership)
{
	struct tree *trees;

	for (size_t i = 0; i < journal->tree_count; i++) {
		if (journal->trees[i].partnership == partnership) {
			return &journal->trees[i];
		}
	}
	trees = realloc(journal->trees, (journal->tree_count + 1) * sizeof(*trees));
	if (!trees) {
		return NULL;
	}
	journal->trees = trees;
	trees[journal->tree_count] = (struct tree){.partnership = partnership};
	return &trees[journal->tree_count++];
}

/* Makes the edge that of the leaves which are in the store now: a revert may have taken some away again. */
static enum status catch_up(struct tree *tree, struct store *store, struct error *err)
{
	int64_t count = 0;
	enum status status = store_leaf_count(store, tree->partnership, &count, err);

	if (status != STATUS_OK || (tree->known && tree->edge.size == (uint64_t)count)) {
		return status;
	}
	tree->known = false;
	status = edge_load(&tree->edge, store, tree->partnership, (uint64_t)count, err);
	tree->known = status == STATUS_OK;
	return status;
}

/* ---- appending ---- */

/* One draw for all salts of the entry; the first two are those of the name and of the reason. */
static enum status draw_salts(struct arena *arena, struct journal_entry *entry, const uint8_t **out,
			      struct error *err)
{
	size_t count = 2;
	uint8_t *salts;
	const uint8_t *next;

	for (size_t i = 0; i < entry->change_count; i++) {
		count += entry->changes[i].field_count + entry->changes[i].settled_count;
	}
	salts = arena_array(arena, count, SALT_BYTES);
	if (!salts) {
		return error_memory(err);
	}
	if (!random_bytes(salts, count * SALT_BYTES)) {
		return error_set(err, STATUS_FAILED, "the machine has no random bytes to give");
	}
	next = salts + 2 * (size_t)SALT_BYTES;
	for (size_t i = 0; i < entry->change_count; i++) {
		for (size_t k = 0; k < entry->changes[i].field_count; k++, next += SALT_BYTES) {
			memcpy(entry->changes[i].fields[k].salt, next, SALT_BYTES);
		}
		for (size_t k = 0; k < entry->changes[i].settled_count; k++, next += SALT_BYTES) {
			memcpy(entry->changes[i].settled[k].salt, next, SALT_BYTES);
		}
	}
	*out = salts;
	return STATUS_OK;
}

static enum status put_node(void *payload, uint32_t level, uint64_t index, const struct digest *hash,
			    struct error *err)
{
	const struct tree_source *source = payload;

	return store_node_put(source->store, source->partnership, level, index, hash, err);
}

static enum status write_leaf(struct journal *journal, struct tree *tree, struct store *store,
			      const struct journal_entry *entry, const uint8_t *salts, struct error *err)
{
	const uint8_t *by_salt = salts;
	const uint8_t *reason_salt = salts + SALT_BYTES;
	struct tree_source source = {store, tree->partnership};
	struct digest hash;
	enum status status;
	struct leaf_row row = {
		.number = (int64_t)tree->edge.size,
		.at = entry->at,
		.what = entry->what,
		.person = leaf_person(entry->person ? entry->person : ""),
	};

	buffer_clear(&journal->leaf);
	leaf_put(&journal->leaf, entry, row.number, by_salt, reason_salt);
	if (journal->leaf.starved) {
		return error_memory(err);
	}
	if (journal->leaf.failed) {
		return error_set(err, STATUS_REFUSED, "the change is too large for one journal entry");
	}
	row.leaf = buffer_span(&journal->leaf);
	if (entry->by && entry->by[0]) {
		row.by = entry->by;
		row.by_salt = (struct span){by_salt, SALT_BYTES};
	}
	if (entry->reason) {
		row.reason = entry->reason;
		row.reason_salt = (struct span){reason_salt, SALT_BYTES};
	}
	status = store_leaf_put(store, tree->partnership, &row, err);
	if (status != STATUS_OK) {
		return status;
	}
	merkle_leaf(row.leaf, &hash);
	return edge_add(&tree->edge, &hash, put_node, &source, err);
}

enum status journal_append(struct journal *journal, struct store *store, struct arena *arena,
			   int64_t partnership, struct journal_entry *entry, int64_t *number,
			   struct error *err)
{
	struct tree *tree = tree_of(journal, partnership);
	const uint8_t *salts = NULL;
	int64_t next;
	enum status status;

	if (!tree) {
		return error_memory(err);
	}
	status = catch_up(tree, store, err);
	if (status != STATUS_OK) {
		return status;
	}
	status = draw_salts(arena, entry, &salts, err);
	if (status != STATUS_OK) {
		return status;
	}
	next = (int64_t)tree->edge.size;
	status = write_leaf(journal, tree, store, entry, salts, err);
	if (status != STATUS_OK) {
		tree->known = false;
		return status;
	}
	tree->grown = true;
	*number = next;
	return STATUS_OK;
}

/* ---- sealing ---- */

static enum status sign_head(struct journal *journal, struct tree *tree, struct store *store,
			     struct arena *arena, struct error *err)
{
	struct partnership partnership;
	struct checkpoint head = {.size = tree->edge.size};
	struct buffer note;
	const char *text;
	enum status status = store_partnership_get(store, arena, tree->partnership, &partnership, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (strlen(partnership.origin) >= sizeof(head.origin)) {
		return error_set(err, STATUS_FAILED, "the origin of partnership %lld is too long",
				 (long long)tree->partnership);
	}
	memcpy(head.origin, partnership.origin, strlen(partnership.origin) + 1);
	edge_root(&tree->edge, &head.root);
	buffer_init(&note, CHECKPOINT_NOTE);
	status = checkpoint_sign(&head, journal->key, &note, err);
	if (status != STATUS_OK) {
		goto out;
	}
	text = buffer_text(&note);
	if (!text) {
		status = error_memory(err);
		goto out;
	}
	status = store_head_put(store, tree->partnership, (int64_t)head.size, text, err);
out:
	buffer_release(&note);
	return status;
}

/* A tree that grew may have been cut back again by a revert: then its head is still the right one. */
static enum status seal_tree(struct journal *journal, struct tree *tree, struct store *store,
			     struct error *err)
{
	struct arena *arena = arena_new();
	const char *note = NULL;
	int64_t size = 0;
	enum status status;

	if (!arena) {
		return error_memory(err);
	}
	status = catch_up(tree, store, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = store_head_get(store, arena, tree->partnership, &size, &note, err);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
		goto out;
	}
	status = STATUS_OK;
	if ((uint64_t)size != tree->edge.size) {
		status = sign_head(journal, tree, store, arena, err);
	}
	tree->grown = status != STATUS_OK;
out:
	arena_free(arena);
	return status;
}

enum status journal_seal(struct journal *journal, struct store *store, struct error *err)
{
	for (size_t i = 0; i < journal->tree_count; i++) {
		if (journal->trees[i].grown) {
			enum status status = seal_tree(journal, &journal->trees[i], store, err);

			if (status != STATUS_OK) {
				return status;
			}
		}
	}
	return STATUS_OK;
}
