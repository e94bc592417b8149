/* A data folder of its own for each test of the store, with one partnership in it. */
#ifndef SAFER_TESTS_UNIT_STORE_FOLDER_H
#define SAFER_TESTS_UNIT_STORE_FOLDER_H

#include "server/store/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder {
	char path[64];
	char file[96];
	struct store *writer;
	struct store *reader;
	struct arena *arena;
	struct error err;
	int64_t partnership;
};

#define assert_ok(folder, call)                                           \
	do {                                                              \
		if ((call) != STATUS_OK) {                                \
			fail_msg("%s: %s", #call, (folder)->err.message); \
		}                                                         \
	} while (0)

static inline const char *in_folder(struct folder *folder, const char *name)
{
	const char *path = arena_printf(folder->arena, "%s/%s", folder->path, name);

	assert_non_null(path);
	return path;
}

static inline int folder_setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	snprintf(folder->path, sizeof(folder->path), "/tmp/safer-store-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->file, sizeof(folder->file), "%s/%s", folder->path, STORE_FILE);
	folder->arena = arena_new();
	assert_non_null(folder->arena);
	assert_ok(folder, store_create(folder->file, &folder->err));
	assert_ok(folder, store_open(folder->file, STORE_WRITER, &folder->writer, &folder->err));
	assert_ok(folder, store_open(folder->file, STORE_READER, &folder->reader, &folder->err));
	assert_ok(folder, store_begin(folder->writer, &folder->err));
	assert_ok(folder, store_partnership_add(folder->writer, "South Warwickshire", "safer.test/south",
						&folder->partnership, &folder->err));
	assert_ok(folder, store_commit(folder->writer, &folder->err));
	*state = folder;
	return 0;
}

static inline int folder_teardown(void **state)
{
	struct folder *folder = *state;
	DIR *listing = opendir(folder->path);
	struct dirent *entry;

	store_close(folder->reader);
	store_close(folder->writer);
	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] != '.') {
			unlink(in_folder(folder, entry->d_name));
		}
	}
	closedir(listing);
	rmdir(folder->path);
	arena_free(folder->arena);
	free(folder);
	return 0;
}

/* What a test does to the database behind the store's back. */
static inline int64_t raw_sql(struct folder *folder, const char *text)
{
	sqlite3 *db = NULL;
	int64_t answer = 0;
	sqlite3_stmt *prepared = NULL;
	const char *rest = text;
	int code = sqlite3_open(folder->file, &db);

	while (code == SQLITE_OK && *rest) {
		code = sqlite3_prepare_v2(db, rest, -1, &prepared, &rest);
		while (code == SQLITE_OK && prepared && sqlite3_step(prepared) == SQLITE_ROW) {
			answer = sqlite3_column_int64(prepared, 0);
		}
		if (code == SQLITE_OK) {
			code = sqlite3_finalize(prepared);
		}
	}
	if (code != SQLITE_OK) {
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	}
	sqlite3_close(db);
	return answer;
}

#endif
