/* Connections: making a database, opening one with the settings that keep it whole, and closing it. */
#include "server/store/sql.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MILLISECONDS 2000 /* nobody but us may hold the file: this only covers the recovery of a WAL */

/* Makes the new name of a file durable: the folder has to reach the disk as well. */
static enum status sync_folder(const char *path, struct error *err)
{
	enum status status = STATUS_OK;
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = -1;

	if (!folder) {
		return error_memory(err);
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) {
		status = error_set(err, STATUS_UNREACHABLE, "%s could not be written to the disk: %s", folder,
				   strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	free(folder);
	return status;
}

enum status file_claim(const char *path, struct error *err)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0) {
		return error_set(err, errno == EEXIST ? STATUS_REFUSED : STATUS_UNREACHABLE,
				 "%s could not be made: %s", path, strerror(errno));
	}
	close(fd);
	return sync_folder(path, err);
}

/* After the settings: SQLite compiles anew, which takes memory, what was prepared before they changed. */
static int prepare_rollback(struct store *store)
{
	return sqlite3_prepare_v3(store->db, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &store->rollback,
				  NULL);
}

static enum status settings(struct store *store, struct error *err)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	};
	enum status status;
	int64_t synchronous = 0;
	int64_t foreign_keys = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int now = -1;
		int code = sqlite3_db_config(store->db, options[i].option, options[i].value, &now);

		if (code != SQLITE_OK || now != options[i].value) {
			return error_set(err, STATUS_FAILED, "SQLite %s does not take the setting %d",
					 sqlite3_libversion(), options[i].option);
		}
	}
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
	status = sql_script(store,
			    "PRAGMA synchronous = FULL;"
			    "PRAGMA cell_size_check = ON;"
			    "PRAGMA mmap_size = 0;"
			    "PRAGMA temp_store = MEMORY;"
			    "PRAGMA cache_size = -131072;" /* KiB */
			    "PRAGMA journal_size_limit = 67108864;",
			    "take its settings", err);
	if (status == STATUS_OK) {
		status = sql_pragma_int(store, "PRAGMA synchronous", &synchronous, err);
	}
	if (status == STATUS_OK) {
		status = sql_pragma_int(store, "PRAGMA foreign_keys", &foreign_keys, err);
	}
	if (status == STATUS_OK && (synchronous != 2 || foreign_keys != 1)) {
		return error_set(err, STATUS_FAILED,
				 "SQLite %s does not keep synchronous=FULL and foreign_keys=ON",
				 sqlite3_libversion());
	}
	if (status == STATUS_OK && prepare_rollback(store) != SQLITE_OK) {
		return sql_error(store, sqlite3_errcode(store->db), "prepare to roll back", err);
	}
	return status;
}

/* A connection beside the writer's moves no pages from the log into the file by itself: tidy.c says why. */
static enum status never_checkpoint(struct store *store, struct error *err)
{
	int now = 0;

	if (sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &now) != SQLITE_OK ||
	    now != 1 || sqlite3_wal_autocheckpoint(store->db, 0) != SQLITE_OK) {
		return error_set(err, STATUS_FAILED, "SQLite %s does not leave its log alone",
				 sqlite3_libversion());
	}
	return STATUS_OK;
}

static enum status use_wal(struct store *store, struct error *err)
{
	sqlite3_stmt *prepared = NULL;
	const char *text = store->role == STORE_WRITER ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode";
	int code = sqlite3_prepare_v2(store->db, text, -1, &prepared, NULL);
	bool wal = false;

	if (code == SQLITE_OK) {
		code = sqlite3_step(prepared);
	}
	if (code == SQLITE_ROW) {
		const char *mode = (const char *)sqlite3_column_text(prepared, 0);

		wal = mode && strcmp(mode, "wal") == 0;
	}
	sqlite3_finalize(prepared);
	if (code != SQLITE_ROW) {
		return sql_error(store, code, "use its log", err);
	}
	if (!wal) {
		error_set(err, STATUS_REFUSED, "the database cannot keep a write-ahead log");
		error_hint(err, "Put the data folder on a local disk.");
		return STATUS_REFUSED;
	}
	return STATUS_OK;
}

/* A file that is somebody else's, or from a newer Safer, is left alone. */
static enum status recognise(struct store *store, const char *path, int64_t *version, struct error *err)
{
	int64_t application = 0;
	enum status status = sql_pragma_int(store, "PRAGMA application_id", &application, err);

	if (status == STATUS_OK) {
		status = sql_pragma_int(store, "PRAGMA user_version", version, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (application != STORE_APPLICATION) {
		return error_set(err, STATUS_REFUSED, "%s is not a database of Safer", path);
	}
	if (*version > migrate_newest) {
		error_set(err, STATUS_REFUSED, "%s has schema %lld, this program knows up to %lld", path,
			  (long long)*version, (long long)migrate_newest);
		error_hint(err, "Start the newer saferd that wrote it.");
		return STATUS_REFUSED;
	}
	return STATUS_OK;
}

static enum status connect_to(const char *path, enum store_role role, struct store **out, struct error *err)
{
	int flags = role == STORE_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	struct store *store = calloc(1, sizeof(*store));
	enum status status = STATUS_OK;
	int code;

	if (!store) {
		return error_memory(err);
	}
	store->role = role;
	code = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			       gather_layer());
	if (code != SQLITE_OK) {
		status = sql_error(store, code, "open its file", err);
		store_close(store);
		return status;
	}
	sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
	*out = store;
	return STATUS_OK;
}

/* Copies the database as it is before the first step of a migration touches it. The name appears only once the copy
 * is whole, so that a migration that was cut short starts again by itself. */
static enum status keep_old(struct store *store, const char *path, int64_t version, struct error *err)
{
	enum status status;
	char *copy = sqlite3_mprintf("%s.schema-%lld", path, (long long)version);
	char *draft = sqlite3_mprintf("%s.schema-%lld.new", path, (long long)version);

	if (!copy || !draft) {
		status = error_memory(err);
		goto out;
	}
	unlink(draft);
	status = backup_copy(store, draft, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (rename(draft, copy) != 0) {
		status = error_set(err, STATUS_UNREACHABLE, "%s could not be named %s: %s", draft, copy,
				   strerror(errno));
		unlink(draft);
		goto out;
	}
	status = sync_folder(copy, err);
	log_event(LOG_INFO, "store-migrates", log_number("from", version), log_number("to", migrate_newest),
		  log_text("copy", copy));
out:
	sqlite3_free(draft);
	sqlite3_free(copy);
	return status;
}

enum status store_open(const char *path, enum store_role role, struct store **out, struct error *err)
{
	enum status status = STATUS_OK;
	struct store *store = NULL;
	int64_t version = 0;

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		return error_set(err, STATUS_NOT_FOUND, "there is no database %s", path);
	}
	status = connect_to(path, role, &store, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = role == STORE_WRITER ? tidying_new(store, path, err) : never_checkpoint(store, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = recognise(store, path, &version, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (role != STORE_WRITER && version < migrate_newest) {
		status = error_set(err, STATUS_REFUSED,
				   "%s has the older schema %lld; the writer has to open it first", path,
				   (long long)version);
		goto out;
	}
	status = use_wal(store, err);
	if (status == STATUS_OK) {
		status = settings(store, err);
	}
	if (status == STATUS_OK && version < migrate_newest) {
		status = keep_old(store, path, version, err);
		if (status == STATUS_OK) {
			status = migrate_run(store, version, err);
		}
	}
	if (status == STATUS_OK) {
		gather_log(store, role == STORE_WRITER);
		*out = store;
		store = NULL;
	}
out:
	store_close(store);
	return status;
}

enum status store_create(const char *path, struct error *err)
{
	struct store *store = NULL;
	char mark[64];
	enum status status = file_claim(path, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = connect_to(path, STORE_WRITER, &store, err);
	if (status == STATUS_OK) {
		snprintf(mark, sizeof(mark), "PRAGMA application_id = %d", STORE_APPLICATION);
		status = sql_script(store, mark, "mark its file", err);
	}
	if (status == STATUS_OK) {
		status = use_wal(store, err);
	}
	if (status == STATUS_OK) {
		status = settings(store, err);
	}
	if (status == STATUS_OK) {
		status = migrate_run(store, 0, err);
	}
	store_close(store);
	if (status != STATUS_OK) {
		unlink(path);
		return status;
	}
	return sync_folder(path, err);
}

void store_close(struct store *store)
{
	if (!store) {
		return;
	}
	tidying_free(store->tidying);
	if (store->began) {
		store_rollback(store);
	}
	sql_forget_statements(store);
	sqlite3_finalize(store->rollback);
	sqlite3_close(store->db);
	free(store);
}
