/* The journal's rows: leaves, the hashes of the tree above them, the newest signed head; and counts for its check. */
#include "server/store/sql.h"

#include <sys/stat.h>

#define LEAF_COLUMNS "number, at, what, person, leaf, by_name, by_salt, reason, reason_salt"

static enum status read_leaf(struct statement *statement, struct leaf_row *out, struct error *err)
{
	*out = (struct leaf_row){
		.number = sql_column_int(statement, 0),
		.at = sql_column_int(statement, 1),
		.what = sql_column_text(statement, 2),
		.person = sql_column_int(statement, 3),
		.leaf = sql_column_span(statement, 4),
		.by = sql_column_text(statement, 5),
		.by_salt = sql_column_span(statement, 6),
		.reason = sql_column_text(statement, 7),
		.reason_salt = sql_column_span(statement, 8),
	};
	return sql_sound(statement, err);
}

enum status store_leaf_put(struct store *store, int64_t partnership, const struct leaf_row *row,
			   struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "INSERT INTO leaf (partnership, " LEAF_COLUMNS ")"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, row->number);
	sql_int(statement, 3, row->at);
	sql_text(statement, 4, row->what);
	sql_int(statement, 5, row->person);
	sql_span(statement, 6, row->leaf);
	sql_text(statement, 7, row->by);
	sql_span_or_null(statement, 8, row->by_salt);
	sql_text(statement, 9, row->reason);
	sql_span_or_null(statement, 10, row->reason_salt);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

enum status store_leaf_get(struct store *store, struct arena *arena, int64_t partnership, int64_t number,
			   struct leaf_row *out, struct error *err)
{
	struct statement *statement = NULL;
	struct leaf_row row;
	enum status status =
		sql_prepare(store, "SELECT " LEAF_COLUMNS " FROM leaf WHERE partnership = $1 AND number = $2",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, number);
	status = sql_one(statement, "there is no such journal entry", err);
	if (status == STATUS_OK) {
		status = read_leaf(statement, &row, err);
	}
	if (status != STATUS_OK) {
		goto out;
	}
	if (!sql_keep_text(arena, &row.what) || !sql_keep_span(arena, &row.leaf) ||
	    !sql_keep_text(arena, &row.by) || !sql_keep_span(arena, &row.by_salt) ||
	    !sql_keep_text(arena, &row.reason) || !sql_keep_span(arena, &row.reason_salt)) {
		status = error_memory(err);
		goto out;
	}
	*out = row;
out:
	sql_done(statement);
	return status;
}

enum status store_leaf_count(struct store *store, int64_t partnership, int64_t *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store, "SELECT coalesce(max(number) + 1, 0) FROM leaf WHERE partnership = $1",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	status = sql_one(statement, "no count", err);
	if (status == STATUS_OK) {
		*out = sql_column_int(statement, 0);
	}
out:
	sql_done(statement);
	return status;
}

static int64_t file_bytes(const char *path)
{
	struct stat file;

	return path && path[0] != '\0' && stat(path, &file) == 0 ? (int64_t)file.st_size : 0;
}

enum status store_size(struct store *store, struct store_size *out, struct error *err)
{
	const char *path = sqlite3_db_filename(store->db, "main");
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "SELECT coalesce(sum((SELECT coalesce(max(leaf.number) + 1, 0) FROM leaf"
			    " WHERE leaf.partnership = partnership.number)), 0) FROM partnership",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_one(statement, "no count", err);
	if (status == STATUS_OK) {
		*out = (struct store_size){
			.bytes = file_bytes(path),
			.log_bytes = file_bytes(path ? sqlite3_filename_wal(path) : NULL),
			.entries = sql_column_int(statement, 0),
		};
	}
out:
	sql_done(statement);
	return status;
}

enum status store_leaf_at(struct store *store, int64_t partnership, int64_t time, int64_t *out,
			  struct error *err)
{
	struct statement *statement = NULL;
	bool row = false;
	enum status status = sql_prepare(store,
					 "SELECT number FROM leaf WHERE partnership = $1 AND at <= $2"
					 " ORDER BY at DESC, number DESC LIMIT 1",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, time);
	status = sql_step(statement, &row, err);
	if (status == STATUS_OK) {
		*out = row ? sql_column_int(statement, 0) : -1;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_leaf_each(struct store *store, int64_t partnership, int64_t from, bool descending,
			    leaf_visitor visit, void *payload, struct error *err)
{
	struct statement *statement = NULL;
	struct leaf_row row;
	bool more = false;
	enum status status = sql_prepare(
		store,
		descending ? "SELECT " LEAF_COLUMNS
			     " FROM leaf WHERE partnership = $1 AND number <= $2 ORDER BY number DESC"
			   : "SELECT " LEAF_COLUMNS
			     " FROM leaf WHERE partnership = $1 AND number >= $2 ORDER BY number",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, from);
	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		status = read_leaf(statement, &row, err);
		if (status == STATUS_OK) {
			status = visit(payload, &row, err);
		}
		if (status != STATUS_OK) {
			break;
		}
	}
	status = status == STATUS_INTERRUPTED ? STATUS_OK : status;
out:
	sql_done(statement);
	return status;
}

/* ---- the tree and its head ---- */

enum status store_node_put(struct store *store, int64_t partnership, uint32_t level, uint64_t index,
			   const struct digest *hash, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store, "INSERT INTO node (partnership, level, place, hash) VALUES ($1, $2, $3, $4)",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, (int64_t)level);
	sql_int(statement, 3, (int64_t)index);
	sql_digest(statement, 4, hash);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

enum status store_node_get(struct store *store, int64_t partnership, uint32_t level, uint64_t index,
			   struct digest *out, struct error *err)
{
	struct statement *statement = NULL;
	struct digest hash;
	enum status status = sql_prepare(
		store, "SELECT hash FROM node WHERE partnership = $1 AND level = $2 AND place = $3",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, (int64_t)level);
	sql_int(statement, 3, (int64_t)index);
	status = sql_one(statement, "there is no such node in the journal's tree", err);
	if (status != STATUS_OK) {
		goto out;
	}
	sql_column_bytes(statement, 0, hash.bytes, sizeof(hash.bytes));
	status = sql_sound(statement, err);
	if (status == STATUS_OK) {
		*out = hash;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_head_put(struct store *store, int64_t partnership, int64_t size, const char *note,
			   struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store,
		"INSERT INTO head (partnership, size, note) VALUES ($1, $2, $3)"
		" ON CONFLICT (partnership) DO UPDATE SET size = excluded.size, note = excluded.note",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, size);
	sql_text(statement, 3, note);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

enum status store_head_get(struct store *store, struct arena *arena, int64_t partnership, int64_t *size,
			   const char **note, struct error *err)
{
	struct statement *statement = NULL;
	const char *text;
	enum status status =
		sql_prepare(store, "SELECT size, note FROM head WHERE partnership = $1", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	status = sql_one(statement, "the journal has no signed head yet", err);
	if (status != STATUS_OK) {
		goto out;
	}
	text = sql_column_text(statement, 1);
	status = sql_sound(statement, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (!sql_keep_text(arena, &text)) {
		status = error_memory(err);
		goto out;
	}
	*size = sql_column_int(statement, 0);
	*note = text;
out:
	sql_done(statement);
	return status;
}

/* ---- for the check ---- */

enum status store_counts(struct store *store, int64_t partnership, struct store_counts *out,
			 struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT (SELECT count(*) FROM version WHERE partnership = $1),"
					 " (SELECT count(*) FROM node WHERE partnership = $1),"
					 " (SELECT count(*) FROM head WHERE partnership = $1)",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	status = sql_one(statement, "no count", err);
	if (status == STATUS_OK) {
		*out = (struct store_counts){
			.versions = sql_column_int(statement, 0),
			.nodes = sql_column_int(statement, 1),
			.heads = sql_column_int(statement, 2),
		};
	}
out:
	sql_done(statement);
	return status;
}

enum status store_strays(struct store *store, int64_t *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store,
		"SELECT (SELECT count(*) FROM record WHERE partnership NOT IN (SELECT number FROM "
		"partnership))"
		" + (SELECT count(*) FROM version WHERE partnership NOT IN (SELECT number FROM partnership))"
		" + (SELECT count(*) FROM leaf WHERE partnership NOT IN (SELECT number FROM partnership))"
		" + (SELECT count(*) FROM node WHERE partnership NOT IN (SELECT number FROM partnership))"
		" + (SELECT count(*) FROM head WHERE partnership NOT IN (SELECT number FROM partnership))",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_one(statement, "no count", err);
	if (status == STATUS_OK) {
		*out = sql_column_int(statement, 0);
	}
out:
	sql_done(statement);
	return status;
}
