/* Gathering: what SQLite writes to its log goes to the disk in large pieces.
 *
 * SQLite writes each page of its log in two calls, 24 bytes and 4096, one after the other. A layer between it and the
 * system (a VFS, https://sqlite.org/vfs.html) gathers what is written next to each other, and writes it before a sync
 * or a read, and before anything that is written elsewhere. All other files and calls go straight through.
 *
 * Other connections read from the log what its index names. SQLite names pages there once they are committed, and with
 * synchronous=FULL it syncs before that: so nobody looks for what was not written yet. With any other setting, or on a
 * disk that is not said to leave the bytes beside a write alone (SQLITE_IOCAP_POWERSAFE_OVERWRITE), that is not so, and
 * nothing is gathered: gather_log(). */
#include "server/store/sql.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define GATHERED   (31 * (24 + 4096)) /* bytes; SQLite's own layer for Unix cannot write 128 KiB at once */
#define FILE_BYTES 1024               /* for a file of the layer below */

struct log_file {
	sqlite3_file base; /* first: SQLite knows the file by it */
	sqlite3_file *below;
	bool gathers;
	sqlite3_int64 at; /* where the gathered bytes belong */
	size_t length;
	uint8_t bytes[GATHERED];
};

struct handle { /* what SQLite allocates for a file */
	sqlite3_file base;
	struct log_file *log;
};

static sqlite3_vfs *below(void)
{
	return sqlite3_vfs_find(NULL);
}

static struct log_file *log_of(sqlite3_file *file)
{
	return ((struct handle *)file)->log;
}

/* Whatever comes of it, nothing stays gathered. SQLite takes everything back when a write or a sync of its log fails. */
static int write_gathered(struct log_file *log)
{
	int length = (int)log->length;

	log->length = 0;
	return length > 0 ? log->below->pMethods->xWrite(log->below, log->bytes, length, log->at) : SQLITE_OK;
}

/* Before a call that SQLite does not expect to write: after SQLITE_FULL it would take back the statement alone, and what
 * earlier ones wrote would be missing in the log. After an I/O error it takes everything back. */
static int write_beforehand(struct log_file *log)
{
	return write_gathered(log) == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int log_close(sqlite3_file *file)
{
	struct log_file *log = log_of(file);
	int code = write_gathered(log);
	int closed = log->below->pMethods->xClose(log->below);

	free(log->below);
	free(log);
	return code != SQLITE_OK ? code : closed;
}

static int log_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int code = write_beforehand(log);

	return code != SQLITE_OK ? code : log->below->pMethods->xRead(log->below, data, bytes, at);
}

static int log_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	size_t length = (size_t)bytes;
	int code = SQLITE_OK;

	if (!log->gathers || at != log->at + (sqlite3_int64)log->length ||
	    length > sizeof(log->bytes) - log->length) {
		code = write_gathered(log);
	}
	if (code != SQLITE_OK) {
		return code;
	}
	if (!log->gathers || length > sizeof(log->bytes)) {
		return log->below->pMethods->xWrite(log->below, data, bytes, at);
	}
	if (log->length == 0) {
		log->at = at;
	}
	memcpy(log->bytes + log->length, data, length);
	log->length += length;
	return SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 bytes)
{
	struct log_file *log = log_of(file);
	int code = write_gathered(log);

	return code != SQLITE_OK ? code : log->below->pMethods->xTruncate(log->below, bytes);
}

static int log_sync(sqlite3_file *file, int flags)
{
	struct log_file *log = log_of(file);
	int code = write_gathered(log);

	return code != SQLITE_OK ? code : log->below->pMethods->xSync(log->below, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *out)
{
	struct log_file *log = log_of(file);
	int code = write_beforehand(log);

	return code != SQLITE_OK ? code : log->below->pMethods->xFileSize(log->below, out);
}

static int log_lock(sqlite3_file *file, int level)
{
	return log_of(file)->below->pMethods->xLock(log_of(file)->below, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
	return log_of(file)->below->pMethods->xUnlock(log_of(file)->below, level);
}

static int log_check_lock(sqlite3_file *file, int *out)
{
	return log_of(file)->below->pMethods->xCheckReservedLock(log_of(file)->below, out);
}

static int log_control(sqlite3_file *file, int op, void *argument)
{
	return log_of(file)->below->pMethods->xFileControl(log_of(file)->below, op, argument);
}

static int log_sector(sqlite3_file *file)
{
	return log_of(file)->below->pMethods->xSectorSize(log_of(file)->below);
}

static int log_device(sqlite3_file *file)
{
	return log_of(file)->below->pMethods->xDeviceCharacteristics(log_of(file)->below);
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_lock,
	.xFileControl = log_control,
	.xSectorSize = log_sector,
	.xDeviceCharacteristics = log_device,
};

/* ---- the layer ---- */

static int open_log(const char *name, struct handle *handle, int flags, int *out_flags)
{
	struct log_file *log = calloc(1, sizeof(*log));
	int code = SQLITE_NOMEM;

	if (log) {
		log->below = calloc(1, (size_t)below()->szOsFile);
	}
	if (log && log->below) {
		code = below()->xOpen(below(), name, log->below, flags, out_flags);
	}
	if (code != SQLITE_OK) {
		if (log) {
			free(log->below);
		}
		free(log);
		return code;
	}
	handle->log = log;
	handle->base.pMethods = &log_methods;
	return SQLITE_OK;
}

static int gather_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	if (flags & SQLITE_OPEN_WAL) {
		return open_log(name, (struct handle *)file, flags, out_flags);
	}
	if (below()->szOsFile > vfs->szOsFile) {
		return SQLITE_CANTOPEN;
	}
	return below()->xOpen(below(), name, file, flags, out_flags);
}

static int gather_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	return below()->xDelete(below(), name, sync_folder);
}

static int gather_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	return below()->xAccess(below(), name, flags, out);
}

static int gather_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *out)
{
	(void)vfs;
	return below()->xFullPathname(below(), name, bytes, out);
}

static int gather_random(sqlite3_vfs *vfs, int bytes, char *out)
{
	(void)vfs;
	return below()->xRandomness(below(), bytes, out);
}

static int gather_sleep(sqlite3_vfs *vfs, int micros)
{
	(void)vfs;
	return below()->xSleep(below(), micros);
}

static int gather_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	return below()->xCurrentTime(below(), out);
}

static int gather_last_error(sqlite3_vfs *vfs, int bytes, char *out)
{
	(void)vfs;
	return below()->xGetLastError(below(), bytes, out);
}

static sqlite3_vfs layer = {
	.iVersion = 1,
	.szOsFile = FILE_BYTES,
	.mxPathname = 512,
	.zName = "safer",
	.xOpen = gather_open,
	.xDelete = gather_delete,
	.xAccess = gather_access,
	.xFullPathname = gather_full_path,
	.xRandomness = gather_random,
	.xSleep = gather_sleep,
	.xCurrentTime = gather_time,
	.xGetLastError = gather_last_error,
};

static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS,
		       0); /* nobody asks how much memory it has, and each piece is counted */
}

const char *gather_layer(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_once(&once, configure);
	pthread_mutex_lock(&lock);
	if (!sqlite3_vfs_find(layer.zName)) {
		sqlite3_vfs_register(
			&layer, 0); /* if it cannot, nothing can be opened, and the next one tries again */
	}
	pthread_mutex_unlock(&lock);
	return layer.zName;
}

/* Where a write may spoil the bytes beside it, SQLite fills a commit up to a sector, and writes the end of that after its
 * sync. */
static bool syncs_last(struct store *store)
{
	sqlite3_file *file = NULL;

	return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file && file->pMethods &&
	       (file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
}

void gather_log(struct store *store, bool gathers)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK &&
	    file && file->pMethods == &log_methods) {
		log_of(file)->gathers = gathers && syncs_last(store);
	}
}
