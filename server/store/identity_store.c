/* Accounts and the certificates of their devices. */
#include "server/store/sql.h"

/* ---- accounts ---- */

#define ACCOUNT_COLUMNS "number, partnership, person, created_at"

static struct account_row read_account(struct statement *statement)
{
	return (struct account_row){
		.number = sql_column_int(statement, 0),
		.partnership = sql_column_int(statement, 1),
		.person = sql_column_int(statement, 2),
		.created_at = sql_column_int(statement, 3),
	};
}

enum status store_account_of_person(struct store *store, int64_t partnership, int64_t person,
				    struct account_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE partnership = $1 AND person = $2",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, person);
	status = sql_one(statement, "this person has no account", err);
	if (status == STATUS_OK) {
		*out = read_account(statement);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_account_get(struct store *store, int64_t number, struct account_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE number = $1",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, number);
	status = sql_one(statement, "there is no such account", err);
	if (status == STATUS_OK) {
		*out = read_account(statement);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_account_add(struct store *store, int64_t partnership, int64_t person, int64_t at,
			      int64_t *number, struct error *err)
{
	struct statement *statement = NULL;
	int64_t next = 0;
	enum status status = store_number_next(store, 0, "account", &next, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_prepare(store, "INSERT INTO account (" ACCOUNT_COLUMNS ") VALUES ($1, $2, $3, $4)",
			     &statement, err);
	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, next);
	sql_int(statement, 2, partnership);
	sql_int(statement, 3, person);
	sql_int(statement, 4, at);
	status = sql_run(statement, NULL, err);
	if (status == STATUS_OK) {
		status = store_directory_changed(store, err);
	}
	if (status == STATUS_OK) {
		*number = next;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_account_list(struct store *store, struct arena *arena, int64_t partnership,
			       struct account_row **out, size_t *count, struct error *err)
{
	struct statement *statement = NULL;
	struct rows rows = {.arena = arena, .bytes = sizeof(struct account_row)};
	bool more = false;
	enum status status = sql_prepare(
		store, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE partnership = $1 ORDER BY number",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		struct account_row *row = sql_rows_add(&rows);

		if (!row) {
			status = error_memory(err);
			goto out;
		}
		*row = read_account(statement);
	}
	if (status == STATUS_OK) {
		*out = rows.data;
		*count = rows.count;
	}
out:
	sql_done(statement);
	return status;
}

/* ---- credentials ---- */

#define CREDENTIAL_COLUMNS                                                                        \
	"number, account, fingerprint, key, device, issued_at, expires_at, used_at, revoked_at, " \
	"revoked_why,"                                                                            \
	" replaces, signed_in_day"

static enum status read_credential(struct statement *statement, struct arena *arena,
				   struct credential_row *out, struct error *err)
{
	enum status status;
	struct credential_row row = {
		.number = sql_column_int(statement, 0),
		.account = sql_column_int(statement, 1),
		.device = sql_column_text(statement, 4),
		.issued_at = sql_column_int(statement, 5),
		.expires_at = sql_column_int(statement, 6),
		.used_at = sql_column_int(statement, 7),
		.revoked_at = sql_column_int(statement, 8),
		.revoked_why = sql_column_text(statement, 9),
		.replaces = sql_column_int(statement, 10),
		.signed_in_day = sql_column_int(statement, 11),
	};

	sql_column_bytes(statement, 2, row.fingerprint.bytes, sizeof(row.fingerprint.bytes));
	sql_column_bytes(statement, 3, row.key.bytes, sizeof(row.key.bytes));
	status = sql_sound(statement, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (!sql_keep_text(arena, &row.device) || !sql_keep_text(arena, &row.revoked_why)) {
		return error_memory(err);
	}
	*out = row;
	return STATUS_OK;
}

enum status store_credential_add(struct store *store, const struct credential_row *row, int64_t *number,
				 struct error *err)
{
	struct statement *statement = NULL;
	int64_t next = 0;
	enum status status = store_number_next(store, 0, "credential", &next, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = sql_prepare(store,
			     "INSERT INTO credential (" CREDENTIAL_COLUMNS ")"
			     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
			     &statement, err);
	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, next);
	sql_int(statement, 2, row->account);
	sql_digest(statement, 3, &row->fingerprint);
	sql_digest(statement, 4, &row->key);
	sql_text(statement, 5, row->device);
	sql_int(statement, 6, row->issued_at);
	sql_int(statement, 7, row->expires_at);
	sql_int(statement, 8, row->used_at);
	sql_int(statement, 9, row->revoked_at);
	sql_text(statement, 10, row->revoked_why ? row->revoked_why : "");
	sql_int(statement, 11, row->replaces);
	sql_int(statement, 12, row->signed_in_day);
	status = sql_run(statement, NULL, err);
	if (status == STATUS_OK) {
		status = store_directory_changed(store, err);
	}
	if (status == STATUS_OK) {
		*number = next;
	}
out:
	sql_done(statement);
	return status;
}

enum status store_credential_get(struct store *store, struct arena *arena, int64_t number,
				 struct credential_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE number = $1", &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, number);
	status = sql_one(statement, "there is no such credential", err);
	if (status == STATUS_OK) {
		status = read_credential(statement, arena, out, err);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_credential_find(struct store *store, struct arena *arena, const struct digest *fingerprint,
				  struct credential_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE fingerprint = $1",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_digest(statement, 1, fingerprint);
	status = sql_one(statement, "there is no credential with this certificate", err);
	if (status == STATUS_OK) {
		status = read_credential(statement, arena, out, err);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_credential_list(struct store *store, struct arena *arena, int64_t account,
				  struct credential_row **out, size_t *count, struct error *err)
{
	struct statement *statement = NULL;
	struct rows rows = {.arena = arena, .bytes = sizeof(struct credential_row)};
	bool more = false;
	enum status status = sql_prepare(
		store, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE account = $1 ORDER BY number",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, account);
	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		struct credential_row *row = sql_rows_add(&rows);

		if (!row) {
			status = error_memory(err);
			goto out;
		}
		status = read_credential(statement, arena, row, err);
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

/* The first revocation stands: a later one changes nothing. */
enum status store_credential_revoke(struct store *store, int64_t number, int64_t at, const char *why,
				    struct error *err)
{
	struct statement *statement = NULL;
	int64_t changed = 0;
	enum status status =
		sql_prepare(store,
			    "UPDATE credential SET"
			    " revoked_why = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_why END,"
			    " revoked_at = CASE WHEN revoked_at = 0 THEN $2 ELSE revoked_at END"
			    " WHERE number = $1",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, number);
	sql_int(statement, 2, at);
	sql_text(statement, 3, why ? why : "");
	status = sql_run(statement, &changed, err);
	if (status == STATUS_OK && changed == 0) {
		status = error_set(err, STATUS_NOT_FOUND, "there is no such credential");
	}
	if (status == STATUS_OK) {
		status = store_directory_changed(store, err);
	}
out:
	sql_done(statement);
	return status;
}

enum status store_credential_used(struct store *store, int64_t number, int64_t used_at, int64_t signed_in_day,
				  struct error *err)
{
	struct statement *statement = NULL;
	int64_t changed = 0;
	enum status status =
		sql_prepare(store, "UPDATE credential SET used_at = $2, signed_in_day = $3 WHERE number = $1",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, number);
	sql_int(statement, 2, used_at);
	sql_int(statement, 3, signed_in_day);
	status = sql_run(statement, &changed, err);
	if (status == STATUS_OK && changed == 0) {
		status = error_set(err, STATUS_NOT_FOUND, "there is no such credential");
	}
	if (status == STATUS_OK) {
		status = store_directory_changed(store, err);
	}
out:
	sql_done(statement);
	return status;
}
