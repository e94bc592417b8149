/* What a failing disk does to a commit. A file system stands between SQLite and the real one; armed, it fails the
 * next call of one kind on the write-ahead log. */
#include "tests/unit/store_folder.h"

#include <sys/wait.h>

/* ---- a file system that can be told to fail ---- */

enum fault { FAULT_NONE, FAULT_SYNC, FAULT_WRITE_FULL, FAULT_WRITE_IOERR };

static enum fault armed;

struct shim_file {
	sqlite3_file base;
	bool is_log;
	sqlite3_file *real; /* right behind this struct */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct shim_file *)(void *)file)->real;
}

static bool fails(sqlite3_file *file, enum fault fault)
{
	return armed == fault && ((struct shim_file *)(void *)file)->is_log;
}

static int shim_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, bytes, at);
}

static int shim_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	if (fails(file, FAULT_WRITE_FULL)) {
		return SQLITE_FULL;
	}
	if (fails(file, FAULT_WRITE_IOERR)) {
		return SQLITE_IOERR_WRITE;
	}
	return real_of(file)->pMethods->xWrite(real_of(file), data, bytes, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	return fails(file, FAULT_SYNC) ? SQLITE_IOERR_FSYNC
				       : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int shim_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_check_lock(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int shim_control(sqlite3_file *file, int op, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int shim_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, bytes, extend, out);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_check_lock,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_device,
	.xShmMap = shim_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_barrier,
	.xShmUnmap = shim_unmap,
};

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct shim_file *shim = (struct shim_file *)(void *)file;
	int code;

	(void)vfs;
	shim->real = (sqlite3_file *)(void *)(shim + 1);
	shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	code = real_vfs->xOpen(real_vfs, name, shim->real, flags, out_flags);
	shim->base.pMethods = shim->real->pMethods ? &shim_methods : NULL;
	return code;
}

static int group_setup(void **state)
{
	static sqlite3_vfs shim;

	(void)state;
	sqlite3_initialize();
	real_vfs = sqlite3_vfs_find(NULL);
	shim = *real_vfs;
	shim.zName = "shim";
	shim.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
	shim.xOpen = shim_open;
	return sqlite3_vfs_register(&shim, 1);
}

static int teardown(void **state)
{
	armed = FAULT_NONE;
	return folder_teardown(state);
}

/* ---- the behaviours ---- */

static const char *fact(struct folder *folder, const char *name)
{
	const char *value = NULL;

	assert_ok(folder, store_fact_get(folder->reader, folder->arena, name, &value, &folder->err));
	return value;
}

/* In a process of its own, as the commit ends it. Answers its exit status. */
static int commit_in_child(struct folder *folder, enum fault fault)
{
	pid_t child;
	int status = 0;

	store_close(folder->reader);
	store_close(folder->writer);
	folder->reader = NULL;
	folder->writer = NULL;
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		struct store *store = NULL;
		struct error err = ERROR_INIT;

		if (store_open(folder->file, STORE_WRITER, &store, &err) == STATUS_OK &&
		    store_begin(store, &err) == STATUS_OK &&
		    store_fact_put(store, "uncertain", "x", &err) == STATUS_OK) {
			armed = fault;
			store_commit(store, &err);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_ok(folder, store_open(folder->file, STORE_WRITER, &folder->writer, &folder->err));
	assert_ok(folder, store_open(folder->file, STORE_READER, &folder->reader, &folder->err));
	return WEXITSTATUS(status);
}

static void test_a_failed_fsync_ends_the_process(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(commit_in_child(folder, FAULT_SYNC), 75);
	assert_ok(folder, store_check(folder->writer, false, &folder->err));
}

static void test_a_failed_write_ends_the_process(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(commit_in_child(folder, FAULT_WRITE_IOERR), 75);
	assert_ok(folder, store_check(folder->writer, false, &folder->err));
	assert_null(fact(folder, "uncertain"));
}

static void test_a_full_disk_at_commit_undoes_the_group_and_goes_on(void **state)
{
	struct folder *folder = *state;

	assert_ok(folder, store_begin(folder->writer, &folder->err));
	assert_ok(folder, store_fact_put(folder->writer, "first", "x", &folder->err));
	armed = FAULT_WRITE_FULL;
	assert_int_equal(store_commit(folder->writer, &folder->err), STATUS_UNREACHABLE);
	assert_non_null(strstr(folder->err.hint, "full"));
	assert_null(fact(folder, "first"));
	armed = FAULT_NONE;
	assert_ok(folder, store_begin(folder->writer, &folder->err));
	assert_ok(folder, store_fact_put(folder->writer, "first", "again", &folder->err));
	assert_ok(folder, store_commit(folder->writer, &folder->err));
	assert_string_equal(fact(folder, "first"), "again");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, folder_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_failed_fsync_ends_the_process),
		CASE(test_a_failed_write_ends_the_process),
		CASE(test_a_full_disk_at_commit_undoes_the_group_and_goes_on),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
