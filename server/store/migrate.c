/* Forward-only steps from each schema to the next. A database says in user_version how far it has come. */
#include "server/store/sql.h"

#include "embedded/store_schema_0001.h"
#include "embedded/store_schema_0002.h"

#include <stdio.h>

/* What tests/integration/tomorrow.h adds, to try this. */
#ifndef SAFER_STEPS_OF_TOMORROW
#define SAFER_STEPS_OF_TOMORROW
#endif

static const struct {
	int64_t version; /* what the step leads to */
	const char *text;
} steps[] = {
	{1, store_schema_0001}, {2, store_schema_0002}, SAFER_STEPS_OF_TOMORROW /* none, but in a test */
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

const int64_t migrate_newest = STEPS;

static enum status carry_out(struct store *store, int64_t version, const char *text, struct error *err)
{
	char mark[64];
	enum status status = store_begin(store, err);

	if (status != STATUS_OK) {
		return status;
	}
	snprintf(mark, sizeof(mark), "PRAGMA user_version = %lld", (long long)version);
	status = sql_script(store, text, "carry a migration out", err);
	if (status == STATUS_OK) {
		status = sql_script(store, mark, "carry a migration out", err);
	}
	if (status != STATUS_OK) {
		store_rollback(store);
		return status;
	}
	return store_commit(store, err);
}

enum status migrate_run(struct store *store, int64_t from, struct error *err)
{
	for (size_t i = 0; i < STEPS; i++) {
		if (steps[i].version > from) {
			enum status status = carry_out(store, steps[i].version, steps[i].text, err);

			if (status != STATUS_OK) {
				return status;
			}
		}
	}
	return STATUS_OK;
}
