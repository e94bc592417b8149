/* Checking and reporting. Every figure that is printed was counted while checking, not asked of the store. */
#include "server/inspect.h"

#include <inttypes.h>
#include <stdio.h>

#define PROBLEMS_SHOWN 20

static void complain(void *payload, const char *problem)
{
	int64_t *count = payload;

	if (++*count <= PROBLEMS_SHOWN) {
		printf("  PROBLEM: %s\n", problem);
	}
}

static enum status inspect_store(struct folder *folder, bool quick, struct error *err)
{
	enum status status = store_check(folder->store, quick, err);

	printf("Store:    %s\n", status == STATUS_OK ? quick ? "its structure is good"
							     : "its structure and its references are good"
						     : err->message);
	return status;
}

static enum status inspect_journals(struct folder *folder, struct error *err)
{
	struct journal_report report = {0};
	int64_t problems = 0;
	enum status status = store_begin(folder->store, err);

	if (status != STATUS_OK) {
		return status;
	}
	printf("Journal:  checking every entry ...\n");
	fflush(stdout);
	status = journal_check(folder->store, folder->journal_public, folder->context.schema, complain,
			       &problems, &report, err);
	store_rollback(folder->store);
	if (problems > PROBLEMS_SHOWN) {
		printf("  ... and %" PRId64 " more\n", problems - PROBLEMS_SHOWN);
	}
	printf("Checked:  %" PRId64 " partnerships, %" PRId64 " entries, %" PRId64
	       " nodes of the tree, %" PRId64 " versions, %" PRId64 " values\n",
	       report.partnerships, report.entries, report.nodes, report.versions, report.values);
	return status;
}

static enum status print_head(struct folder *folder, struct arena *arena,
			      const struct partnership *partnership, struct error *err)
{
	const char *note = NULL;
	int64_t size = 0;
	enum status status = journal_head(folder->store, arena, partnership->number, &note, &size, err);

	if (status == STATUS_OK) {
		printf("\n%s: %" PRId64 " entries\n%s", partnership->name, size, note);
	}
	return status;
}

enum status inspect_heads(struct folder *folder, struct error *err)
{
	struct arena *arena = arena_new();
	struct partnership *partnerships = NULL;
	size_t count = 0;
	enum status status = arena ? store_begin(folder->store, err) : error_memory(err);

	if (status != STATUS_OK) {
		arena_free(arena);
		return status;
	}
	status = store_partnership_list(folder->store, arena, &partnerships, &count, err);
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		status = print_head(folder, arena, &partnerships[i], err);
	}
	store_rollback(folder->store);
	arena_free(arena);
	return status;
}

enum status inspect_folder(struct folder *folder, bool quick, struct error *err)
{
	enum status store;
	enum status journal = STATUS_OK;

	printf("Folder:   %s%s\n", folder->path, folder->lock >= 0 ? "" : " (a server is using it)");
	store = inspect_store(folder, quick, err);
	if (store == STATUS_OK && !quick) {
		journal = inspect_journals(folder, err);
	}
	printf("Result:   %s\n", store == STATUS_OK && journal == STATUS_OK ? "good" : "NOT GOOD");
	return store != STATUS_OK ? store : journal;
}
