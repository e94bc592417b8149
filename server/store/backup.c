/* Copies of a live database, and the checks that SQLite can make of one. */
#include "server/store/sql.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A check answers one row a fault; integrity checks answer the single row "ok" when there is none. */
static enum status inspect_with(struct store *store, const char *text, struct error *err)
{
	sqlite3_stmt *prepared = NULL;
	enum status status = STATUS_OK;
	int code = sqlite3_prepare_v2(store->db, text, -1, &prepared, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(prepared);
	}
	if (code == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(prepared, 0);

		if (!said || strcmp(said, "ok") != 0) {
			status = error_set(err, STATUS_UNVERIFIED, "the database is damaged (%s): %s", text,
					   said ? said : "");
			error_hint(err, "Restore the newest backup.");
		}
	} else if (code != SQLITE_DONE) {
		status = sql_error(store, code, "be checked", err);
	}
	sqlite3_finalize(prepared);
	return status;
}

enum status backup_inspect(struct store *store, bool quick, struct error *err)
{
	enum status status;

	if (quick) {
		return inspect_with(store, "PRAGMA quick_check(1)", err);
	}
	status = inspect_with(store, "PRAGMA integrity_check(1)", err);
	if (status == STATUS_OK) {
		status = inspect_with(store, "PRAGMA foreign_key_check", err);
	}
	return status;
}

static int is_interrupted(void *payload)
{
	struct store *store = payload;

	return atomic_load(&store->interrupted);
}

/* sqlite3_interrupt() stops what runs, and nothing that is only about to. */
enum status store_check(struct store *store, bool quick, struct error *err)
{
	enum status status;

	sqlite3_progress_handler(store->db, 1, is_interrupted, store);
	status = backup_inspect(store, quick, err);
	sqlite3_progress_handler(store->db, 0, NULL, NULL);
	return status;
}

void store_interrupt(struct store *store)
{
	atomic_store(&store->interrupted, true);
	sqlite3_interrupt(store->db);
}

static enum status copy_pages(struct store *from, struct store *copy, struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", from->db, "main");
	int code;

	if (!backup) {
		return sql_error(copy, sqlite3_extended_errcode(copy->db), "be copied", err);
	}
	code = sqlite3_backup_step(backup,
				   -1); /* all at once: one snapshot, whatever the writer does meanwhile */
	sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? STATUS_OK : sql_error(copy, code, "be copied", err);
}

enum status backup_copy(struct store *from, const char *to, struct error *err)
{
	struct store copy = {.role = STORE_WRITER};
	enum status status = file_claim(to, err);
	int code;

	if (status != STATUS_OK) {
		return status;
	}
	code = sqlite3_open_v2(to, &copy.db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (code != SQLITE_OK) {
		status = sql_error(&copy, code, "open the copy", err);
		goto out;
	}
	status = sql_script(&copy, "PRAGMA synchronous = FULL", "take its settings", err);
	if (status == STATUS_OK) {
		status = copy_pages(from, &copy, err);
	}
	if (status == STATUS_OK) {
		status = backup_inspect(&copy, false, err);
	}
out:
	sqlite3_close(copy.db);
	if (status != STATUS_OK) {
		unlink(to);
	}
	return status;
}

enum status store_backup(struct store *reader, const char *to, struct error *err)
{
	return backup_copy(reader, to, err);
}
