/* Transactions: one per group of requests, a savepoint per request, and what a failing disk does to them. */
#include "server/store/sql.h"

#include "common/log.h"

#include <unistd.h>

#define ROLLBACKS 3 /* tries: memory that is missing may be there again */

static enum status run(struct store *store, const char *text, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store, text, &statement, err);

	if (status == STATUS_OK) {
		status = sql_run(statement, NULL, err);
	}
	sql_done(statement);
	return status;
}

bool store_is_void(const struct store *store)
{
	return store->began && sqlite3_get_autocommit(store->db);
}

/* SQLite takes its snapshot at the first read, not at BEGIN. */
static enum status take_snapshot(struct store *store, struct error *err)
{
	struct statement *statement = NULL;
	bool row;
	enum status status =
		sql_prepare(store, "SELECT number FROM partnership ORDER BY number LIMIT 1", &statement, err);

	if (status == STATUS_OK) {
		status = sql_step(statement, &row, err);
	}
	sql_done(statement);
	return status;
}

enum status store_begin(struct store *store, struct error *err)
{
	enum status status;

	if (store->began) {
		return error_set(err, STATUS_FAILED,
				 "a transaction inside a transaction: a mistake in the program");
	}
	if (store->role == STORE_WRITER) {
		status = run(store, "BEGIN IMMEDIATE", err);
		store->began = status == STATUS_OK;
		return status;
	}
	status = run(store, "BEGIN", err);
	if (status != STATUS_OK) {
		return status;
	}
	store->began = true;
	status = take_snapshot(store, err);
	if (status != STATUS_OK) {
		store_rollback(store);
	}
	return status;
}

bool store_version(struct store *store, int64_t *out)
{
	unsigned version = 0;

	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_DATA_VERSION, &version) != SQLITE_OK) {
		return false;
	}
	*out = version;
	return true;
}

enum status store_savepoint(struct store *store, struct error *err)
{
	if (!store->began) {
		return error_set(err, STATUS_FAILED,
				 "a savepoint outside a transaction: a mistake in the program");
	}
	return run(store, "SAVEPOINT request", err);
}

enum status store_release(struct store *store, struct error *err)
{
	return run(store, "RELEASE request", err);
}

/* Ends SQLite's transaction without ending ours: it is void from now on. A connection that cannot even do that would
 * refuse every later transaction. */
static void make_void(struct store *store)
{
	int code = SQLITE_OK;

	if (sqlite3_get_autocommit(store->db)) {
		return;
	}
	for (int i = 0; i < ROLLBACKS && !sqlite3_get_autocommit(store->db); i++) {
		sqlite3_step(store->rollback);
		code = sqlite3_reset(store->rollback);
	}
	if (!sqlite3_get_autocommit(store->db)) {
		log_event(LOG_ERROR, "rollback-failed", log_text("error", sqlite3_errmsg(store->db)),
			  log_number("code", code));
		_exit(EXIT_AGAIN);
	}
}

void store_revert(struct store *store)
{
	struct error err = ERROR_INIT;

	if (store_is_void(store)) {
		return;
	}
	if (run(store, "ROLLBACK TO request", &err) != STATUS_OK ||
	    run(store, "RELEASE request", &err) != STATUS_OK) {
		log_event(LOG_ERROR, "store-revert-failed", log_text("error", err.message));
		make_void(store);
	}
}

void store_rollback(struct store *store)
{
	make_void(store);
	store->began = false;
}

enum status store_commit(struct store *store, struct error *err)
{
	struct statement *statement = NULL;
	struct error why = ERROR_INIT;
	enum status status;
	int code;

	if (!store->began) {
		return error_set(err, STATUS_FAILED,
				 "a commit without a transaction: a mistake in the program");
	}
	status = sql_prepare(store, "COMMIT", &statement, err);
	if (status != STATUS_OK) {
		store_rollback(store);
		return status;
	}
	code = sqlite3_step(statement->prepared);
	if (code == SQLITE_DONE) {
		sql_done(statement);
		store->began = false;
		return STATUS_OK;
	}
	status = sql_error(store, code, "commit", &why);
	if ((code & 0xff) == SQLITE_IOERR && store->role == STORE_WRITER) {
		/* A commit whose fsync failed can still be on the disk after a restart: neither yes nor no would be
		 * true. Recovery decides, and clients ask again with their request ids. */
		log_event(LOG_ERROR, "commit-uncertain", log_text("error", why.message),
			  log_number("code", code));
		_exit(EXIT_AGAIN);
	}
	sql_done(statement);
	store_rollback(store);
	if (err) {
		*err = why;
	}
	return status;
}
