/* The tree as the journal keeps it: its right edge while it grows, and its hashes as the store has them. */
#ifndef SAFER_SERVER_JOURNAL_TREE_H
#define SAFER_SERVER_JOURNAL_TREE_H

#include "protocol/merkle.h"
#include "server/store/store.h"

#define TREE_LEVELS 63

/* The right edge of a tree: the roots of its complete subtrees, one for each bit that is set in its size. All that
 * is needed to add a leaf, or to say what the root is. */
struct edge {
	uint64_t size;
	struct digest hashes[TREE_LEVELS]; /* by level; only those of set bits mean anything */
};

/* Told of each subtree that a new leaf completes, from level 1 up. */
typedef enum status (*tree_completed)(void *payload, uint32_t level, uint64_t index,
				      const struct digest *hash, struct error *err);

/* Adds a leaf. After a failure the edge must not be used. */
enum status edge_add(struct edge *edge, const struct digest *leaf, tree_completed completed, void *payload,
		     struct error *err);
void edge_root(const struct edge *edge, struct digest *out);

struct tree_source { /* the payload of tree_read */
	struct store *store;
	int64_t partnership;
};

/* A merkle_reader: nodes come from the store, leaves are hashed. STATUS_NOT_FOUND when it is not there. */
enum status tree_read(void *payload, uint32_t level, uint64_t index, struct digest *out, struct error *err);

/* Reads the edge of a tree of `size` leaves. */
enum status edge_load(struct edge *edge, struct store *store, int64_t partnership, uint64_t size,
		      struct error *err);

#endif
