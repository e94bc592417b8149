/* A file system for SQLite that stands on the real one: sqlite.org/vfs.html tells what each call has to do. */
#include "tests/faults/disk.h"

#include "tests/faults/platter.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const disk_fault_names[DISK_FAULTS] = {"an I/O error", "a full disk", "half a read or write"};

enum call { CALL_OPEN, CALL_READ, CALL_WRITE, CALL_SYNC, CALL_TRUNCATE, CALL_MAP, CALL_SYSTEM, CALLS };

/* What a call answers when it fails; 0: it does not fail in this way. */
static const int codes[DISK_FAULTS][CALLS] = {
	[DISK_IOERR] = {SQLITE_CANTOPEN, SQLITE_IOERR_READ, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC,
			SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_SHMMAP},
	[DISK_FULL] = {[CALL_WRITE] = SQLITE_FULL},
	[DISK_SHORT] = {[CALL_SYSTEM] = 1},
};

struct disk_file {
	sqlite3_file base;
	struct platter_file *platter; /* NULL for a file without a name */
	sqlite3_file *real;           /* right behind this struct */
};

/* Over all of these, and the platter. The system calls below are made while it is held. */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static enum disk_fault fault;
static int64_t fail_at;
static int64_t calls;
static bool goes_on;
static bool failed;
static void (*told)(void *payload);
static void *told_payload;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs disk_vfs;

static struct disk_file *disk_of(sqlite3_file *file)
{
	return (struct disk_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return disk_of(file)->real;
}

/* ---- being told what to do ---- */

void disk_fail(int64_t nth, enum disk_fault kind, bool on)
{
	pthread_mutex_lock(&lock);
	fault = kind;
	fail_at = nth;
	goes_on = on;
	calls = 0;
	failed = false;
	pthread_mutex_unlock(&lock);
}

int64_t disk_calls(void)
{
	int64_t count;

	pthread_mutex_lock(&lock);
	count = calls;
	pthread_mutex_unlock(&lock);
	return count;
}

bool disk_failed(void)
{
	bool so;

	pthread_mutex_lock(&lock);
	so = failed;
	pthread_mutex_unlock(&lock);
	return so;
}

void disk_tell(void (*hook)(void *payload), void *payload)
{
	pthread_mutex_lock(&lock);
	told = hook;
	told_payload = payload;
	pthread_mutex_unlock(&lock);
}

/* The code that this call has to fail with; SQLITE_OK. */
static int next(enum call call)
{
	int code = SQLITE_OK;

	pthread_mutex_lock(&lock);
	if (codes[fault][call] != 0) {
		calls++;
		if (fail_at != 0 && (calls == fail_at || (goes_on && calls > fail_at))) {
			code = codes[fault][call];
			failed = true;
		}
	}
	pthread_mutex_unlock(&lock);
	return code;
}

static void tell(void)
{
	if (told) {
		told(told_payload);
	}
}

/* ---- files ---- */

static int disk_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	int code = next(CALL_READ);

	return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), data, bytes, at);
}

static int write_through(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	int code = SQLITE_OK;

	pthread_mutex_lock(&lock);
	tell();
	code = real_of(file)->pMethods->xWrite(real_of(file), data, bytes, at);
	if (code == SQLITE_OK && disk_of(file)->platter) {
		platter_write(disk_of(file)->platter, data, (size_t)bytes, at);
	}
	tell();
	pthread_mutex_unlock(&lock);
	return code;
}

static int disk_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	int code = next(CALL_WRITE);

	if (code == SQLITE_FULL && bytes / 2 > 0) {
		(void)write_through(file, data, bytes / 2, at);
	}
	return code != SQLITE_OK ? code : write_through(file, data, bytes, at);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 bytes)
{
	int code = next(CALL_TRUNCATE);

	if (code != SQLITE_OK) {
		return code;
	}
	pthread_mutex_lock(&lock);
	tell();
	code = real_of(file)->pMethods->xTruncate(real_of(file), bytes);
	if (code == SQLITE_OK && disk_of(file)->platter) {
		platter_truncate(disk_of(file)->platter, bytes);
	}
	tell();
	pthread_mutex_unlock(&lock);
	return code;
}

static int disk_sync(sqlite3_file *file, int flags)
{
	int code = next(CALL_SYNC);

	(void)flags;
	if (code != SQLITE_OK) {
		return code;
	}
	pthread_mutex_lock(&lock);
	tell();
	if (disk_of(file)->platter) {
		platter_sync(disk_of(file)->platter);
	}
	tell();
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int disk_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int disk_control(sqlite3_file *file, int op, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int disk_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int disk_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
	int code = next(CALL_MAP);

	if (code != SQLITE_OK) {
		*out = NULL;
		return code;
	}
	return real_of(file)->pMethods->xShmMap(real_of(file), page, bytes, extend, out);
}

static int disk_map_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void disk_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int disk_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = disk_close,
	.xRead = disk_read,
	.xWrite = disk_write,
	.xTruncate = disk_truncate,
	.xSync = disk_sync,
	.xFileSize = disk_size,
	.xLock = disk_lock,
	.xUnlock = disk_unlock,
	.xCheckReservedLock = disk_check_lock,
	.xFileControl = disk_control,
	.xSectorSize = disk_sector,
	.xDeviceCharacteristics = disk_device,
	.xShmMap = disk_map,
	.xShmLock = disk_map_lock,
	.xShmBarrier = disk_barrier,
	.xShmUnmap = disk_unmap,
};

/* ---- the file system ---- */

static int disk_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct disk_file *disk = disk_of(file);
	int code = next(CALL_OPEN);

	(void)vfs;
	disk->base.pMethods = NULL;
	disk->platter = NULL;
	disk->real = (sqlite3_file *)(void *)(disk + 1);
	if (code != SQLITE_OK) {
		return code;
	}
	pthread_mutex_lock(&lock);
	if (name && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0) {
		disk->platter = platter_open(name);
	}
	code = real_vfs->xOpen(real_vfs, name, disk->real, flags, out_flags);
	pthread_mutex_unlock(&lock);
	disk->base.pMethods = disk->real->pMethods ? &methods : NULL;
	return code;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	int code;

	(void)vfs;
	pthread_mutex_lock(&lock);
	tell();
	code = real_vfs->xDelete(real_vfs, name, sync_folder);
	if (code == SQLITE_OK) {
		platter_remove(name);
	}
	tell();
	pthread_mutex_unlock(&lock);
	return code;
}

/* ---- under the real one: the system may always do less than it was asked for ---- */

static size_t half(size_t bytes)
{
	return bytes > 1 && next(CALL_SYSTEM) != SQLITE_OK ? bytes / 2 : bytes;
}

static ssize_t half_read(int fd, void *data, size_t bytes)
{
	return read(fd, data, half(bytes));
}

static ssize_t half_write(int fd, const void *data, size_t bytes)
{
	return write(fd, data, half(bytes));
}

static ssize_t half_pread(int fd, void *data, size_t bytes, off_t at)
{
	return pread(fd, data, half(bytes), at);
}

static ssize_t half_pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	return pwrite(fd, data, half(bytes), at);
}

/* SQLite's file system lets its system calls be replaced (sqlite3_vfs.xSetSystemCall). It has only some of them. */
static void replace_system_calls(void)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} ours[] = {
		{"read", (sqlite3_syscall_ptr)half_read},     {"write", (sqlite3_syscall_ptr)half_write},
		{"pread", (sqlite3_syscall_ptr)half_pread},   {"pwrite", (sqlite3_syscall_ptr)half_pwrite},
		{"pread64", (sqlite3_syscall_ptr)half_pread}, {"pwrite64", (sqlite3_syscall_ptr)half_pwrite},
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (real_vfs->xGetSystemCall(real_vfs, ours[i].name)) {
			real_vfs->xSetSystemCall(real_vfs, ours[i].name, ours[i].call);
		}
	}
}

void disk_install(void)
{
	if (!real_vfs) {
		sqlite3_initialize();
		real_vfs = sqlite3_vfs_find(NULL);
		replace_system_calls();
		disk_vfs = *real_vfs;
		disk_vfs.zName = "disk";
		disk_vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
		disk_vfs.xOpen = disk_open;
		disk_vfs.xDelete = disk_delete;
	}
	sqlite3_vfs_register(&disk_vfs, 1);
}

void disk_uninstall(void)
{
	if (real_vfs) {
		sqlite3_vfs_register(real_vfs, 1);
	}
}
