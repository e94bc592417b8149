/* Facts about the data folder, the partnerships in it, and the numbers that are given out. */
#include "server/store/sql.h"

#include <string.h>

enum status store_fact_get(struct store *store, struct arena *arena, const char *name, const char **out,
			   struct error *err)
{
	struct statement *statement = NULL;
	const char *value = NULL;
	bool row = false;
	enum status status = sql_prepare(store, "SELECT value FROM fact WHERE name = $1", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_text(statement, 1, name);
	status = sql_step(statement, &row, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (row) {
		value = sql_column_text(statement, 0);
		status = sql_sound(statement, err);
		if (status == STATUS_OK && !sql_keep_text(arena, &value)) {
			status = error_memory(err);
		}
	}
	if (status == STATUS_OK) {
		*out = value;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_fact_put(struct store *store, const char *name, const char *value, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "INSERT INTO fact (name, value) VALUES ($1, $2)"
					 " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_text(statement, 1, name);
	sql_text(statement, 2, value);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

/* ---- the mark of the directory ---- */

#define DIRECTORY_MARK "directory_mark"

enum status store_directory_mark(struct store *store, uint64_t *out, struct error *err)
{
	struct statement *statement = NULL;
	uint64_t mark = 0;
	bool row = false;
	enum status status = sql_prepare(store, "SELECT value FROM fact WHERE name = '" DIRECTORY_MARK "'",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_step(statement, &row, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (row) {
		const char *text = sql_column_text(statement, 0);

		if (!text || !hex_parse(text, strlen(text), &mark, sizeof(mark))) {
			statement->damaged = true;
		}
		status = sql_sound(statement, err);
	}
	if (status == STATUS_OK) {
		*out = mark;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_directory_changed(struct store *store, struct error *err)
{
	uint64_t mark = 0;
	char text[2 * sizeof(mark) + 1];

	if (!random_bytes(&mark, sizeof(mark))) {
		return error_set(err, STATUS_FAILED, "the machine has no random bytes to give");
	}
	hex_format(&mark, sizeof(mark), text);
	return store_fact_put(store, DIRECTORY_MARK, text, err);
}

/* ---- numbers ---- */

enum status store_number_next(struct store *store, int64_t partnership, const char *kind, int64_t *out,
			      struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "INSERT INTO counter (partnership, kind, last) VALUES ($1, $2, 1)"
			    " ON CONFLICT (partnership, kind) DO UPDATE SET last = counter.last + 1"
			    " RETURNING last",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	status = sql_one(statement, "no number was given", err);
	if (status == STATUS_OK) {
		*out = sql_column_int(statement, 0);
	}
out:
	sql_done(statement);
	return status;
}

/* ---- partnerships ---- */

#define COLUMNS "number, name, origin"

static enum status read_partnership(struct statement *statement, struct arena *arena, struct partnership *out,
				    struct error *err)
{
	struct partnership partnership = {
		.number = sql_column_int(statement, 0),
		.name = sql_column_text(statement, 1),
		.origin = sql_column_text(statement, 2),
	};
	enum status status = sql_sound(statement, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!sql_keep_text(arena, &partnership.name) || !sql_keep_text(arena, &partnership.origin)) {
		return error_memory(err);
	}
	*out = partnership;
	return STATUS_OK;
}

enum status store_partnership_add(struct store *store, const char *name, const char *origin, int64_t *number,
				  struct error *err)
{
	struct statement *statement = NULL;
	int64_t next = 0;
	enum status status = store_number_next(store, 0, "partnership", &next, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_prepare(store, "INSERT INTO partnership (" COLUMNS ") VALUES ($1, $2, $3)", &statement,
			     err);
	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, next);
	sql_text(statement, 2, name);
	sql_text(statement, 3, origin);
	status = sql_run(statement, NULL, err);
	if (status == STATUS_OK) {
		*number = next;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_partnership_get(struct store *store, struct arena *arena, int64_t number,
				  struct partnership *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store, "SELECT " COLUMNS " FROM partnership WHERE number = $1", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, number);
	status = sql_one(statement, "there is no such partnership", err);
	if (status == STATUS_OK) {
		status = read_partnership(statement, arena, out, err);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_partnership_list(struct store *store, struct arena *arena, struct partnership **out,
				   size_t *count, struct error *err)
{
	struct statement *statement = NULL;
	struct rows rows = {.arena = arena, .bytes = sizeof(struct partnership)};
	bool more = false;
	enum status status =
		sql_prepare(store, "SELECT " COLUMNS " FROM partnership ORDER BY number", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		struct partnership *row = sql_rows_add(&rows);

		if (!row) {
			status = error_memory(err);
			goto out;
		}
		status = read_partnership(statement, arena, row, err);
		if (status != STATUS_OK) {
			goto out;
		}
	}
	if (status == STATUS_OK) {
		*out = rows.data;
		*count = rows.count;
	}
out:
	sql_done(statement);
	return status;
}
