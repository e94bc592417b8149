/* Invitations to enrol. Only the hash of an invitation's secret is kept. */
#include "server/store/sql.h"

#include <string.h>

#define COLUMNS                                                                                       \
	"id, partnership, person, secret_hash, created_at, expires_at, created_by, tries, ended_at, " \
	"credential"

static enum status read_invitation(struct statement *statement, struct invitation_row *out, struct error *err)
{
	enum status status;
	struct invitation_row row = {
		.partnership = sql_column_int(statement, 1),
		.person = sql_column_int(statement, 2),
		.created_at = sql_column_int(statement, 4),
		.expires_at = sql_column_int(statement, 5),
		.created_by = sql_column_int(statement, 6),
		.tries = sql_column_int(statement, 7),
		.ended_at = sql_column_int(statement, 8),
		.credential = sql_column_int(statement, 9),
	};

	sql_column_bytes(statement, 0, row.id, sizeof(row.id));
	sql_column_bytes(statement, 3, row.secret_hash.bytes, sizeof(row.secret_hash.bytes));
	status = sql_sound(statement, err);
	if (status == STATUS_OK) {
		*out = row;
	}
	return status;
}

enum status store_invitation_add(struct store *store, const struct invitation_row *row, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "INSERT INTO invitation (" COLUMNS
					 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_span(statement, 1, (struct span){row->id, sizeof(row->id)});
	sql_int(statement, 2, row->partnership);
	sql_int(statement, 3, row->person);
	sql_digest(statement, 4, &row->secret_hash);
	sql_int(statement, 5, row->created_at);
	sql_int(statement, 6, row->expires_at);
	sql_int(statement, 7, row->created_by);
	sql_int(statement, 8, row->tries);
	sql_int(statement, 9, row->ended_at);
	sql_int(statement, 10, row->credential);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

enum status store_invitation_get(struct store *store, const uint8_t id[5], struct invitation_row *out,
				 struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store, "SELECT " COLUMNS " FROM invitation WHERE id = $1", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_span(statement, 1, (struct span){id, sizeof(out->id)});
	status = sql_one(statement, "there is no such invitation", err);
	if (status == STATUS_OK) {
		status = read_invitation(statement, out, err);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_invitation_update(struct store *store, const struct invitation_row *row, struct error *err)
{
	struct statement *statement = NULL;
	int64_t changed = 0;
	enum status status = sql_prepare(
		store, "UPDATE invitation SET tries = $2, ended_at = $3, credential = $4 WHERE id = $1",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_span(statement, 1, (struct span){row->id, sizeof(row->id)});
	sql_int(statement, 2, row->tries);
	sql_int(statement, 3, row->ended_at);
	sql_int(statement, 4, row->credential);
	status = sql_run(statement, &changed, err);
	if (status == STATUS_OK && changed == 0) {
		status = error_set(err, STATUS_NOT_FOUND, "there is no such invitation");
	}
out:
	sql_done(statement);
	return status;
}

enum status store_invitation_list(struct store *store, struct arena *arena, int64_t partnership,
				  struct invitation_row **out, size_t *count, struct error *err)
{
	struct statement *statement = NULL;
	struct rows rows = {.arena = arena, .bytes = sizeof(struct invitation_row)};
	bool more = false;
	enum status status =
		sql_prepare(store,
			    "SELECT " COLUMNS " FROM invitation WHERE partnership = $1 AND ended_at = 0"
			    " ORDER BY created_at, id",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		struct invitation_row *row = sql_rows_add(&rows);

		if (!row) {
			status = error_memory(err);
			goto out;
		}
		status = read_invitation(statement, row, err);
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
