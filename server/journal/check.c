/* The check of everything that is kept. The signed head vouches for the leaves, the leaves for the versions (through
 * commitments) and for the order of all, the versions for the present records. Nothing is taken on trust but the
 * public key, and counting shows that there is no row that nothing vouches for. */
#include "server/journal/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void check_problem(struct check *check, const char *format, ...)
{
	char text[sizeof(check->report->first_problem)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (check->report->problems++ == 0) {
		memcpy(check->report->first_problem, text, sizeof(text));
	}
	if (check->complain) {
		check->complain(check->payload, text);
	}
}

enum status check_goes_on(struct check *check, enum status status, const struct error *err)
{
	switch (status) {
	case STATUS_NOT_FOUND:
	case STATUS_INVALID:
	case STATUS_UNVERIFIED:
		check_problem(check, "partnership %lld: %s", (long long)check->partnership.number,
			      err->message);
		return STATUS_OK;
	default:
		return status;
	}
}

/* ---- one entry ---- */

/* A text that the leaf commits to, against what stands beside the leaf. */
static void check_text(struct check *check, const char *field, bool has, const struct digest *commitment,
		       const char *text, struct span salt)
{
	struct digest computed;

	if (has != (text != NULL)) {
		check_problem(check, "entry %lld: its %s is %s", (long long)check->leaf->number, field,
			      has ? "gone" : "not what the leaf has");
		return;
	}
	if (salt.length != (has ? SALT_BYTES : 0)) {
		check_problem(check, "entry %lld: the salt of its %s has %zu bytes",
			      (long long)check->leaf->number, field, salt.length);
		return;
	}
	if (!has) {
		return;
	}
	check->report->values++;
	if (!leaf_commit_text(salt.data, check->leaf->number, field, text, &computed)) {
		check->starved = true;
	} else if (!digest_equal(&computed, commitment)) {
		check_problem(check, "entry %lld: its %s is not what the leaf commits to",
			      (long long)check->leaf->number, field);
	}
}

/* The columns beside the leaf, against the leaf. */
static void check_columns(struct check *check)
{
	const struct leaf_row *row = check->row;
	const struct leaf *leaf = check->leaf;

	if (leaf->number != row->number || leaf->time != row->at || !row->what ||
	    strcmp(leaf->what, row->what) != 0 || leaf_person(leaf->person) != row->person) {
		check_problem(check, "entry %lld: its number, time, kind or person is not what its leaf says",
			      (long long)row->number);
	}
	check_text(check, "by", leaf->has_by, &leaf->by, row->by, row->by_salt);
	check_text(check, "reason", leaf->has_reason, &leaf->reason, row->reason, row->reason_salt);
}

static enum status check_content(struct check *check, struct error *err)
{
	struct leaf leaf;
	enum status status = leaf_decode(check->arena, check->row->leaf, &leaf, err);

	if (status != STATUS_OK) {
		if (check_goes_on(check, status, err) != STATUS_OK) {
			return status;
		}
		check_problem(check, "entry %lld cannot be read", (long long)check->row->number);
		return STATUS_OK;
	}
	check->leaf = &leaf;
	check->place = 0;
	check_columns(check);
	status = store_version_each_of_entry(check->store, check->partnership.number, check->row->number,
					     check_version, check, err);
	if (status == STATUS_OK && check->place < leaf.change_count) {
		check_problem(check, "entry %lld changed %zu records, but %zu versions are there",
			      (long long)leaf.number, leaf.change_count, check->place);
	}
	check->leaf = NULL;
	return check_goes_on(check, status, err);
}

static enum status check_node(void *payload, uint32_t level, uint64_t index, const struct digest *hash,
			      struct error *err)
{
	struct check *check = payload;
	struct digest stored;
	enum status status =
		store_node_get(check->store, check->partnership.number, level, index, &stored, err);

	check->report->nodes++;
	if (status != STATUS_OK) {
		return check_goes_on(check, status, err);
	}
	if (!digest_equal(&stored, hash)) {
		check_problem(check, "node %llu of level %u is not the hash of its children",
			      (unsigned long long)index, (unsigned)level);
	}
	return STATUS_OK;
}

static enum status check_leaf(void *payload, const struct leaf_row *row, struct error *err)
{
	struct check *check = payload;
	struct digest hash;
	enum status status;

	if (row->number != (int64_t)check->edge.size) {
		check_problem(check, "entry %lld stands where entry %lld should", (long long)row->number,
			      (long long)check->edge.size);
	}
	check->report->entries++;
	check->row = row;
	check->arena = arena_new();
	if (!check->arena) {
		return error_memory(err);
	}
	merkle_leaf(row->leaf, &hash);
	status = edge_add(&check->edge, &hash, check_node, check, err);
	if (status == STATUS_OK) {
		status = check_content(check, err);
	}
	check->starved = check->starved || arena_refused(check->arena) > 0;
	arena_free(check->arena);
	check->arena = NULL;
	check->row = NULL;
	return status;
}

/* ---- one partnership ---- */

static void compare_head(struct check *check, const struct checkpoint *head, int64_t size)
{
	struct digest root;

	edge_root(&check->edge, &root);
	if (head->size != check->edge.size || size != (int64_t)check->edge.size) {
		check_problem(check,
			      "partnership %lld: the signed head is of %llu entries, but %llu are there",
			      (long long)check->partnership.number, (unsigned long long)head->size,
			      (unsigned long long)check->edge.size);
	} else if (!digest_equal(&head->root, &root)) {
		check_problem(check,
			      "partnership %lld: the entries are not those that the head was signed for",
			      (long long)check->partnership.number);
	}
}

static enum status check_head(struct check *check, struct arena *arena, struct error *err)
{
	char key[CHECKPOINT_KEY];
	struct checkpoint head;
	const char *note = NULL;
	int64_t size = 0;
	enum status status =
		store_head_get(check->store, arena, check->partnership.number, &size, &note, err);

	if (status == STATUS_NOT_FOUND && check->edge.size == 0) {
		return STATUS_OK;
	}
	if (status == STATUS_OK) {
		status = checkpoint_key(check->partnership.origin, check->verifier, key, err);
	}
	if (status == STATUS_OK) {
		status = checkpoint_open(note, strlen(note), key, &head, err);
	}
	if (status == STATUS_OK) {
		compare_head(check, &head, size);
	}
	return check_goes_on(check, status, err);
}

static enum status check_counts(struct check *check, struct error *err)
{
	struct store_counts counts;
	int64_t nodes = 0;
	enum status status = store_counts(check->store, check->partnership.number, &counts, err);

	if (status != STATUS_OK) {
		return status;
	}
	for (uint32_t level = 1; check->edge.size >> level != 0; level++) {
		nodes += (int64_t)(check->edge.size >> level);
	}
	if (counts.nodes != nodes || counts.versions != check->versions || check->records != check->created) {
		check_problem(check,
			      "partnership %lld has %lld nodes of %lld, %lld versions of %lld, %lld records "
			      "of %lld",
			      (long long)check->partnership.number, (long long)counts.nodes, (long long)nodes,
			      (long long)counts.versions, (long long)check->versions,
			      (long long)check->records, (long long)check->created);
	}
	return STATUS_OK;
}

static enum status check_partnership(struct check *check, struct arena *arena, struct error *err)
{
	int64_t number = check->partnership.number;
	enum status status;

	check->edge = (struct edge){.size = 0};
	check->versions = check->created = check->records = 0;
	check->report->partnerships++;
	status = check_goes_on(
		check, store_leaf_each(check->store, number, INT64_MIN, false, check_leaf, check, err), err);
	if (status == STATUS_OK) {
		status = check_head(check, arena, err);
	}
	if (status == STATUS_OK) {
		status = check_goes_on(
			check, store_record_each_all(check->store, number, check_record, check, err), err);
	}
	if (status == STATUS_OK) {
		status = check_counts(check, err);
	}
	return status;
}

static enum status check_strays(struct check *check, struct error *err)
{
	int64_t strays = 0;
	enum status status = store_strays(check->store, &strays, err);

	if (status == STATUS_OK && strays > 0) {
		check_problem(check, "%lld rows belong to no partnership", (long long)strays);
	}
	return status;
}

enum status journal_check(struct store *store, EVP_PKEY *verifier, const struct schema *schema,
			  void (*complain)(void *payload, const char *problem), void *payload,
			  struct journal_report *report, struct error *err)
{
	struct check check = {
		.store = store,
		.verifier = verifier,
		.schema = schema,
		.complain = complain,
		.payload = payload,
		.report = report,
	};
	struct partnership *list = NULL;
	size_t count = 0;
	struct arena *arena = arena_new();
	struct error why = ERROR_INIT; /* also takes the words of what is only missing as it should be */
	enum status status;

	*report = (struct journal_report){.problems = 0};
	buffer_init(&check.scratch, LEAF_BYTES);
	if (!arena) {
		status = error_memory(&why);
		goto out;
	}
	status = store_partnership_list(store, arena, &list, &count, &why);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		check.partnership = list[i];
		status = check_partnership(&check, arena, &why);
	}
	if (status == STATUS_OK) {
		status = check_strays(&check, &why);
	}
	if (check.starved || arena_refused(arena) > 0) {
		status = error_memory(&why);
	} else if (status == STATUS_OK && report->problems > 0) {
		status = error_set(&why, STATUS_UNVERIFIED,
				   "the journal does not check out (%lld problems): %s",
				   (long long)report->problems, report->first_problem);
		error_hint(&why, "Keep the data folder as evidence, and restore a backup that checks out.");
	}
out:
	if (status != STATUS_OK && err) {
		*err = why;
	}
	buffer_release(&check.scratch);
	arena_free(arena);
	return status;
}
