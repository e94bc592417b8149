/* Growing the tree of RFC 6962 at its right edge, and reading what the store has of it. */
#include "server/journal/tree.h"

enum status edge_add(struct edge *edge, const struct digest *leaf, tree_completed completed, void *payload,
		     struct error *err)
{
	struct digest hash = *leaf;
	uint32_t level = 0;

	for (; (edge->size >> level & 1) != 0; level++) {
		enum status status;

		merkle_node(&edge->hashes[level], &hash, &hash);
		status = completed(payload, level + 1, edge->size >> (level + 1), &hash, err);
		if (status != STATUS_OK) {
			return status;
		}
	}
	edge->hashes[level] = hash;
	edge->size++;
	return STATUS_OK;
}

void edge_root(const struct edge *edge, struct digest *out)
{
	bool begun = false;

	merkle_empty(out);
	for (uint32_t level = 0; level < TREE_LEVELS; level++) {
		if ((edge->size >> level & 1) == 0) {
			continue;
		}
		if (begun) {
			merkle_node(&edge->hashes[level], out, out);
		} else {
			*out = edge->hashes[level];
			begun = true;
		}
	}
}

struct leaf_wish {
	int64_t number;
	bool found;
	struct digest *out;
};

static enum status hash_leaf(void *payload, const struct leaf_row *row, struct error *err)
{
	struct leaf_wish *wish = payload;

	(void)err;
	if (row->number == wish->number) {
		merkle_leaf(row->leaf, wish->out);
		wish->found = true;
	}
	return STATUS_INTERRUPTED;
}

enum status tree_read(void *payload, uint32_t level, uint64_t index, struct digest *out, struct error *err)
{
	struct tree_source *source = payload;
	struct leaf_wish wish = {.number = (int64_t)index, .out = out};
	enum status status;

	if (level > 0) {
		return store_node_get(source->store, source->partnership, level, index, out, err);
	}
	status = store_leaf_each(source->store, source->partnership, wish.number, false, hash_leaf, &wish,
				 err);
	if (status == STATUS_OK && !wish.found) {
		return error_set(err, STATUS_NOT_FOUND, "there is no journal entry %lld",
				 (long long)wish.number);
	}
	return status;
}

enum status edge_load(struct edge *edge, struct store *store, int64_t partnership, uint64_t size,
		      struct error *err)
{
	struct tree_source source = {store, partnership};

	edge->size = size;
	for (uint32_t level = 0; level < TREE_LEVELS; level++) {
		enum status status;

		if ((size >> level & 1) == 0) {
			continue;
		}
		/* The subtree of a set bit is the last whole one of its level. */
		status = tree_read(&source, level, (size >> level) - 1, &edge->hashes[level], err);
		if (status != STATUS_OK) {
			return status;
		}
	}
	return STATUS_OK;
}
