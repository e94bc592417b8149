/* Proofs from the journal of a partnership: that an entry is in it, and that it has only grown. */
#include "server/journal/journal.h"
#include "server/journal/tree.h"

enum status journal_head(struct store *store, struct arena *arena, int64_t partnership, const char **note,
			 int64_t *size, struct error *err)
{
	return store_head_get(store, arena, partnership, size, note, err);
}

/* Whether the journal has grown to `size`. */
static enum status has_size(struct store *store, int64_t partnership, int64_t size, struct error *err)
{
	int64_t count = 0;
	enum status status = store_leaf_count(store, partnership, &count, err);

	if (status == STATUS_OK && (size < 0 || size > count)) {
		return error_set(err, STATUS_NOT_FOUND, "the journal has %lld entries, not %lld",
				 (long long)count, (long long)size);
	}
	return status;
}

enum status journal_prove_entry(struct store *store, int64_t partnership, int64_t number, int64_t size,
				struct merkle_proof *out, struct error *err)
{
	struct tree_source source = {store, partnership};
	enum status status = has_size(store, partnership, size, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (number < 0 || number >= size) {
		return error_set(err, STATUS_NOT_FOUND,
				 "entry %lld is not among the first %lld of the journal", (long long)number,
				 (long long)size);
	}
	return merkle_inclusion((uint64_t)number, (uint64_t)size, tree_read, &source, out, err);
}

enum status journal_prove_growth(struct store *store, int64_t partnership, int64_t old_size, int64_t new_size,
				 struct merkle_proof *out, struct error *err)
{
	struct tree_source source = {store, partnership};
	enum status status = has_size(store, partnership, new_size, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (old_size < 0 || old_size > new_size) {
		return error_set(err, STATUS_NOT_FOUND,
				 "a journal of %lld entries cannot have grown from %lld", (long long)new_size,
				 (long long)old_size);
	}
	return merkle_consistency((uint64_t)old_size, (uint64_t)new_size, tree_read, &source, out, err);
}
