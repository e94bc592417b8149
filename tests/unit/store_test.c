/* The store: what it keeps, what it undoes, what it refuses to open. */
#include "tests/unit/store_folder.h"

static void begin(struct folder *folder)
{
	assert_ok(folder, store_begin(folder->writer, &folder->err));
}

static void commit(struct folder *folder)
{
	assert_ok(folder, store_commit(folder->writer, &folder->err));
}

static void put_fact(struct folder *folder, const char *name, const char *value)
{
	assert_ok(folder, store_fact_put(folder->writer, name, value, &folder->err));
}

static const char *fact(struct folder *folder, struct store *store, const char *name)
{
	const char *value = NULL;

	assert_ok(folder, store_fact_get(store, folder->arena, name, &value, &folder->err));
	return value;
}

/* ---- files ---- */

static void test_create_refuses_an_existing_file(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(store_create(folder->file, &folder->err), STATUS_REFUSED);
	assert_ok(folder, store_check(folder->writer, false, &folder->err));
}

static void test_open_says_when_there_is_no_file(void **state)
{
	struct folder *folder = *state;
	struct store *store = NULL;

	assert_int_equal(store_open(in_folder(folder, "nothing.db"), STORE_WRITER, &store, &folder->err),
			 STATUS_NOT_FOUND);
	assert_null(store);
	assert_int_not_equal(access(in_folder(folder, "nothing.db"), F_OK), 0);
}

static void test_files_are_for_their_owner_only(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(raw_sql(folder, "SELECT 1"), 1);
	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? STORE_FILE : STORE_FILE "-wal";
		FILE *pipe = popen(arena_printf(folder->arena, "stat -c %%a %s/%s", folder->path, name), "r");
		char mode[16] = "";

		assert_non_null(pipe);
		assert_non_null(fgets(mode, sizeof(mode), pipe));
		pclose(pipe);
		assert_string_equal(mode, "600\n");
	}
}

static void open_refuses(struct folder *folder, const char *change, const char *says)
{
	static const enum store_role roles[] = {STORE_WRITER, STORE_READER};

	store_close(folder->reader);
	store_close(folder->writer);
	folder->reader = NULL;
	folder->writer = NULL;
	raw_sql(folder, change);
	for (size_t i = 0; i < 2; i++) {
		struct store *store = NULL;

		assert_int_equal(store_open(folder->file, roles[i], &store, &folder->err), STATUS_REFUSED);
		assert_non_null(strstr(folder->err.message, says));
	}
}

static void test_open_refuses_a_newer_schema(void **state)
{
	open_refuses(*state, "PRAGMA user_version = 900", "schema 900");
}

static void test_open_refuses_a_foreign_database(void **state)
{
	open_refuses(*state, "PRAGMA application_id = 77", "not a database of Safer");
}

static void test_open_refuses_what_is_no_database(void **state)
{
	struct folder *folder = *state;
	const char *path = in_folder(folder, "letter.txt");
	FILE *file = fopen(path, "w");
	struct store *store = NULL;

	assert_non_null(file);
	for (int i = 0; i < 200; i++) {
		fputs("Dear Sir or Madam, ", file);
	}
	fclose(file);
	assert_int_equal(store_open(path, STORE_WRITER, &store, &folder->err), STATUS_REFUSED);
}

static void test_writer_migrates_an_older_file_and_keeps_a_copy(void **state)
{
	struct folder *folder = *state;
	const char *path = in_folder(folder, "old.db");
	struct store *store = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 1396786757; CREATE TABLE old (x)", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(path, STORE_READER, &store, &folder->err), STATUS_REFUSED);
	assert_ok(folder, store_open(path, STORE_WRITER, &store, &folder->err));
	assert_int_equal(access(in_folder(folder, "old.db.schema-0"), F_OK), 0);
	assert_ok(folder, store_begin(store, &folder->err));
	assert_ok(folder, store_fact_put(store, "colour", "blue", &folder->err));
	assert_ok(folder, store_commit(store, &folder->err));
	store_close(store);
	assert_ok(folder, store_open(path, STORE_READER, &store, &folder->err));
	assert_string_equal(fact(folder, store, "colour"), "blue");
	store_close(store);
}

/* ---- transactions ---- */

static void test_settings_keep_what_was_committed(void **state)
{
	struct folder *folder = *state;
	struct store *both[] = {folder->writer, folder->reader};

	for (size_t i = 0; i < 2; i++) {
		int64_t value = -1;

		assert_ok(folder, sql_pragma_int(both[i], "PRAGMA synchronous", &value, &folder->err));
		assert_int_equal(value, 2);
		assert_ok(folder, sql_pragma_int(both[i], "PRAGMA foreign_keys", &value, &folder->err));
		assert_int_equal(value, 1);
		assert_ok(folder, sql_pragma_int(both[i], "PRAGMA trusted_schema", &value, &folder->err));
		assert_int_equal(value, 0);
	}
}

static void test_changes_need_a_transaction(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(store_fact_put(folder->writer, "a", "1", &folder->err), STATUS_FAILED);
	assert_null(fact(folder, folder->writer, "a"));
}

static void test_reader_cannot_change_anything(void **state)
{
	struct folder *folder = *state;

	assert_ok(folder, store_begin(folder->reader, &folder->err));
	assert_int_not_equal(store_fact_put(folder->reader, "a", "1", &folder->err), STATUS_OK);
	store_rollback(folder->reader);
	assert_null(fact(folder, folder->writer, "a"));
}

static void test_revert_undoes_only_its_own_request(void **state)
{
	struct folder *folder = *state;

	begin(folder);
	assert_ok(folder, store_savepoint(folder->writer, &folder->err));
	put_fact(folder, "first", "kept");
	assert_ok(folder, store_release(folder->writer, &folder->err));
	assert_ok(folder, store_savepoint(folder->writer, &folder->err));
	put_fact(folder, "second", "undone");
	put_fact(folder, "first", "overwritten");
	store_revert(folder->writer);
	assert_false(store_is_void(folder->writer));
	assert_ok(folder, store_savepoint(folder->writer, &folder->err));
	put_fact(folder, "third", "kept");
	assert_ok(folder, store_release(folder->writer, &folder->err));
	commit(folder);
	assert_string_equal(fact(folder, folder->reader, "first"), "kept");
	assert_null(fact(folder, folder->reader, "second"));
	assert_string_equal(fact(folder, folder->reader, "third"), "kept");
}

static void test_rollback_undoes_everything(void **state)
{
	struct folder *folder = *state;

	begin(folder);
	put_fact(folder, "first", "x");
	store_rollback(folder->writer);
	assert_null(fact(folder, folder->writer, "first"));
	begin(folder);
	commit(folder);
}

static void test_reader_stays_with_its_snapshot(void **state)
{
	struct folder *folder = *state;

	assert_ok(folder, store_begin(folder->reader, &folder->err));
	begin(folder);
	put_fact(folder, "colour", "blue");
	commit(folder);
	assert_null(fact(folder, folder->reader, "colour"));
	assert_ok(folder, store_commit(folder->reader, &folder->err));
	assert_string_equal(fact(folder, folder->reader, "colour"), "blue");
}

/* Fills the file up to a limit of pages, as a full disk would end it. */
static enum status fill_up(struct folder *folder)
{
	static char much[64 * 1024];
	enum status status = STATUS_OK;

	memset(much, 'x', sizeof(much) - 1);
	for (int i = 0; status == STATUS_OK && i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "much %d", i);
		status = store_fact_put(folder->writer, name, much, &folder->err);
	}
	return status;
}

static void test_full_disk_makes_the_transaction_void(void **state)
{
	struct folder *folder = *state;
	struct error err = ERROR_INIT;
	int64_t pages = 0;

	assert_ok(folder,
		  sql_pragma_int(folder->writer, "PRAGMA max_page_count = 200", &pages, &folder->err));
	begin(folder);
	assert_ok(folder, store_savepoint(folder->writer, &folder->err));
	put_fact(folder, "first", "released, and yet lost");
	assert_ok(folder, store_release(folder->writer, &folder->err));
	assert_ok(folder, store_savepoint(folder->writer, &folder->err));
	assert_int_equal(fill_up(folder), STATUS_UNREACHABLE);
	if (!store_is_void(folder->writer)) { /* SQLite may also have undone the statement only */
		fail_msg("the transaction survived a full disk");
	}
	assert_int_equal(store_fact_put(folder->writer, "late", "x", &err), STATUS_UNREACHABLE);
	store_revert(folder->writer);
	assert_true(store_is_void(folder->writer));
	assert_int_equal(store_savepoint(folder->writer, &err), STATUS_UNREACHABLE);
	assert_int_equal(store_commit(folder->writer, &err), STATUS_UNREACHABLE);
	assert_false(store_is_void(folder->writer));
	assert_null(fact(folder, folder->writer, "first"));
	assert_null(fact(folder, folder->writer, "late"));

	assert_ok(folder,
		  sql_pragma_int(folder->writer, "PRAGMA max_page_count = 100000", &pages, &folder->err));
	begin(folder);
	put_fact(folder, "first", "again");
	commit(folder);
	assert_string_equal(fact(folder, folder->reader, "first"), "again");
}

/* ---- copies ---- */

static void test_backup_of_a_live_database_is_one_moment(void **state)
{
	struct folder *folder = *state;
	const char *to = in_folder(folder, "copy.db");
	struct store *copy = NULL;

	begin(folder);
	put_fact(folder, "committed", "x");
	commit(folder);
	begin(folder);
	put_fact(folder, "under way", "x");
	assert_ok(folder, store_backup(folder->reader, to, &folder->err));
	commit(folder);
	assert_ok(folder, store_open(to, STORE_WRITER, &copy, &folder->err));
	assert_string_equal(fact(folder, copy, "committed"), "x");
	assert_null(fact(folder, copy, "under way"));
	assert_ok(folder, store_check(copy, false, &folder->err));
	store_close(copy);
	assert_int_equal(store_backup(folder->reader, to, &folder->err), STATUS_REFUSED);
}

static void test_check_finds_a_damaged_page(void **state)
{
	struct folder *folder = *state;
	int64_t page;
	FILE *file;

	begin(folder);
	for (int64_t i = 1; i <= 200; i++) {
		put_fact(folder, arena_printf(folder->arena, "fact %d", (int)i), "so it is");
	}
	commit(folder);
	assert_ok(folder, store_check(folder->reader, true, &folder->err));
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	store_close(folder->reader);
	store_close(folder->writer);
	folder->reader = NULL;
	folder->writer = NULL;
	page = raw_sql(folder, "SELECT rootpage FROM sqlite_schema WHERE name = 'fact'");
	file = fopen(folder->file, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)(page - 1) * 4096 + 3, SEEK_SET), 0); /* how many cells it has */
	assert_int_equal(fputc(0x7f, file), 0x7f);
	fclose(file);
	assert_ok(folder, store_open(folder->file, STORE_READER, &folder->reader, &folder->err));
	assert_int_equal(store_check(folder->reader, false, &folder->err), STATUS_UNVERIFIED);
}

static void test_an_interrupted_check_says_so(void **state)
{
	struct folder *folder = *state;

	store_interrupt(folder->reader);
	assert_int_equal(store_check(folder->reader, true, &folder->err), STATUS_INTERRUPTED);
	assert_int_equal(store_check(folder->reader, false, &folder->err), STATUS_INTERRUPTED);
	assert_ok(folder, store_check(folder->writer, true, &folder->err));
}

/* Larger than one piece of what is gathered for the log, and than what a system call of SQLite's takes. */
static void test_a_large_commit_is_written_whole(void **state)
{
	struct folder *folder = *state;
	char value[2000];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	begin(folder);
	for (int i = 0; i < 500; i++) {
		put_fact(folder, arena_printf(folder->arena, "fact %d", i), value);
	}
	commit(folder);
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	for (int i = 0; i < 500; i++) {
		assert_string_equal(fact(folder, folder->reader, arena_printf(folder->arena, "fact %d", i)),
				    value);
	}
}

/* ---- tidying ---- */

/* Changes at each beginning of the log: the salts in its header, as https://sqlite.org/fileformat2.html#walformat has it. */
static uint64_t log_salts(struct folder *folder)
{
	FILE *file = fopen(in_folder(folder, STORE_FILE "-wal"), "r");
	uint64_t salts = 0;

	assert_non_null(file);
	assert_int_equal(fseek(file, 16, SEEK_SET), 0);
	assert_int_equal(fread(&salts, sizeof(salts), 1, file), 1);
	fclose(file);
	return salts;
}

static void commit_and_tidy(struct folder *folder, int number)
{
	begin(folder);
	put_fact(folder, arena_printf(folder->arena, "fact %d", number % 50),
		 arena_printf(folder->arena, "%d", number));
	commit(folder);
	store_tidy(folder->writer);
}

static const char *last_fact(struct folder *folder, int end)
{
	return fact(folder, folder->reader, arena_printf(folder->arena, "fact %d", (end - 1) % 50));
}

static void test_a_long_log_is_moved_and_begun_anew(void **state)
{
	struct folder *folder = *state;
	int i = 0;

	store_tidy_from(folder->writer, 20);
	for (int round = 0; round < 20; round++) {
		uint64_t salts = log_salts(folder);

		while (log_salts(folder) == salts) { /* for ever, if it were never begun anew */
			commit_and_tidy(folder, i++);
		}
	}
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	assert_string_equal(last_fact(folder, i), arena_printf(folder->arena, "%d", i - 1));
}

static void test_a_log_that_somebody_reads_from_is_not_begun_anew(void **state)
{
	struct folder *folder = *state;
	uint64_t salts;
	int i = 0;

	store_tidy_from(folder->writer, 20);
	commit_and_tidy(folder, i++);
	salts = log_salts(folder);
	assert_ok(folder, store_begin(folder->reader, &folder->err));
	while (i < 500) {
		commit_and_tidy(folder, i++);
	}
	assert_int_equal(log_salts(folder), salts);
	assert_null(fact(folder, folder->reader, "fact 49"));
	store_rollback(folder->reader);
	while (log_salts(folder) == salts) {
		commit_and_tidy(folder, i++);
	}
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	assert_string_equal(last_fact(folder, i), arena_printf(folder->arena, "%d", i - 1));
}

static void test_closing_ends_what_is_being_moved(void **state)
{
	struct folder *folder = *state;

	store_tidy_from(folder->writer, 20);
	for (int i = 0; i < 40; i++) {
		commit_and_tidy(folder, i);
	}
	store_close(folder->writer);
	folder->writer = NULL;
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	assert_string_equal(fact(folder, folder->reader, "fact 39"), "39");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_create_refuses_an_existing_file),
		CASE(test_open_says_when_there_is_no_file),
		CASE(test_files_are_for_their_owner_only),
		CASE(test_open_refuses_a_newer_schema),
		CASE(test_open_refuses_a_foreign_database),
		CASE(test_open_refuses_what_is_no_database),
		CASE(test_writer_migrates_an_older_file_and_keeps_a_copy),
		CASE(test_settings_keep_what_was_committed),
		CASE(test_changes_need_a_transaction),
		CASE(test_reader_cannot_change_anything),
		CASE(test_revert_undoes_only_its_own_request),
		CASE(test_rollback_undoes_everything),
		CASE(test_reader_stays_with_its_snapshot),
		CASE(test_full_disk_makes_the_transaction_void),
		CASE(test_backup_of_a_live_database_is_one_moment),
		CASE(test_check_finds_a_damaged_page),
		CASE(test_an_interrupted_check_says_so),
		CASE(test_a_large_commit_is_written_whole),
		CASE(test_a_long_log_is_moved_and_begun_anew),
		CASE(test_a_log_that_somebody_reads_from_is_not_begun_anew),
		CASE(test_closing_ends_what_is_being_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
