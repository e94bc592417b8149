/* The store: what it keeps, what it undoes, what it refuses to open. */
#include "tests/unit/store_folder.h"

static struct span text_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* A revision with everything filled in from two numbers. */
static struct record_row row_of(int64_t number, int64_t revision, int64_t entry)
{
	static char body[32];

	snprintf(body, sizeof(body), "body %d.%d", (int)number, (int)revision);
	return (struct record_row){
		.kind = "action",
		.number = number,
		.revision = revision,
		.entry = entry,
		.at = 1000 + entry,
		.person = 7,
		.by = "Debra Tedds",
		.post = "member of Board",
		.verb = revision == 1 ? "create" : "edit",
		.created_entry = entry,
		.created_at = 1000 + entry,
		.created_person = 7,
		.created_by = "Debra Tedds",
		.owner = "B1",
		.state = "open",
		.title = "more light",
		.body = text_span(body),
		.groups = text_span("groups"),
		.salts = text_span("salts"),
	};
}

static void put(struct folder *folder, int64_t number, int64_t revision, int64_t entry)
{
	struct record_row row = row_of(number, revision, entry);

	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &row, &folder->err));
}

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
		put(folder, i, 1, i);
	}
	commit(folder);
	assert_ok(folder, store_check(folder->reader, true, &folder->err));
	assert_ok(folder, store_check(folder->reader, false, &folder->err));
	store_close(folder->reader);
	store_close(folder->writer);
	folder->reader = NULL;
	folder->writer = NULL;
	page = raw_sql(folder, "SELECT rootpage FROM sqlite_schema WHERE name = 'version_revision'");
	file = fopen(folder->file, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)(page - 1) * 4096 + 3, SEEK_SET), 0); /* how many cells it has */
	assert_int_equal(fputc(0x7f, file), 0x7f);
	fclose(file);
	assert_ok(folder, store_open(folder->file, STORE_READER, &folder->reader, &folder->err));
	assert_int_equal(store_check(folder->reader, false, &folder->err), STATUS_UNVERIFIED);
}

/* ---- records ---- */

static void test_numbers_are_given_once_each(void **state)
{
	struct folder *folder = *state;
	int64_t number = 0;

	begin(folder);
	for (int64_t i = 1; i <= 3; i++) {
		assert_ok(folder, store_number_next(folder->writer, folder->partnership, "action", &number,
						    &folder->err));
		assert_int_equal(number, i);
	}
	assert_ok(folder,
		  store_number_next(folder->writer, folder->partnership, "priority", &number, &folder->err));
	assert_int_equal(number, 1);
	commit(folder);
}

static void test_record_comes_back_as_it_was_put(void **state)
{
	struct folder *folder = *state;
	struct record_row out;

	begin(folder);
	put(folder, 3, 1, 5);
	commit(folder);
	assert_ok(folder, store_record_get(folder->reader, folder->arena, folder->partnership, "action", 3,
					   &out, &folder->err));
	assert_string_equal(out.kind, "action");
	assert_int_equal(out.number, 3);
	assert_int_equal(out.revision, 1);
	assert_int_equal(out.entry, 5);
	assert_int_equal(out.at, 1005);
	assert_int_equal(out.person, 7);
	assert_string_equal(out.by, "Debra Tedds");
	assert_string_equal(out.post, "member of Board");
	assert_string_equal(out.verb, "create");
	assert_int_equal(out.created_entry, 5);
	assert_string_equal(out.created_by, "Debra Tedds");
	assert_string_equal(out.owner, "B1");
	assert_string_equal(out.state, "open");
	assert_string_equal(out.title, "more light");
	assert_false(out.removed);
	assert_memory_equal(out.body.data, "body 3.1", 8);
	assert_memory_equal(out.groups.data, "groups", 6);
	assert_int_equal(out.salts.length, 0);
	assert_ok(folder, store_version_get(folder->reader, folder->arena, folder->partnership, "action", 3,
					    1, &out, &folder->err));
	assert_memory_equal(out.salts.data, "salts", 5);
	assert_int_equal(out.place, 0);
	assert_int_equal(store_record_get(folder->reader, folder->arena, folder->partnership, "action", 4,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_record_get(folder->reader, folder->arena, folder->partnership + 1, "action", 3,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
}

static void test_revision_must_follow_the_one_before(void **state)
{
	static const int64_t wrong[] = {1, 2, 4, 9};
	struct folder *folder = *state;

	begin(folder);
	put(folder, 1, 1, 0);
	put(folder, 1, 2, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct record_row row = row_of(1, wrong[i], 2);

		assert_int_equal(store_record_put(folder->writer, folder->partnership, &row, &folder->err),
				 STATUS_FAILED);
		assert_false(store_is_void(folder->writer));
	}
	put(folder, 1, 3, 2);
	commit(folder);
}

struct seen {
	int64_t numbers[64];
	int64_t revisions[64];
	size_t count;
	size_t stop_after; /* 0: never */
};

static enum status see(void *payload, const struct record_row *row, struct error *err)
{
	struct seen *seen = payload;

	(void)err;
	assert_true(seen->count < 64);
	seen->numbers[seen->count] = row->number;
	seen->revisions[seen->count++] = row->revision;
	return seen->count == seen->stop_after ? STATUS_INTERRUPTED : STATUS_OK;
}

/* 1 is edited twice, 2 is removed at entry 4 and 3 appears there. */
static void put_history(struct folder *folder)
{
	struct record_row removed = row_of(2, 2, 4);

	begin(folder);
	put(folder, 1, 1, 0);
	put(folder, 2, 1, 1);
	put(folder, 1, 2, 2);
	put(folder, 3, 1, 4);
	removed.removed = true;
	removed.verb = "remove";
	removed.title = "";
	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &removed, &folder->err));
	put(folder, 1, 3, 5);
	commit(folder);
}

static void test_list_as_of_an_entry(void **state)
{
	static const struct {
		int64_t entry;
		size_t count;
		int64_t numbers[3], revisions[3];
	} rows[] = {
		{0, 1, {1}, {1}},       {1, 2, {1, 2}, {1, 1}}, {2, 2, {1, 2}, {2, 1}},
		{3, 2, {1, 2}, {2, 1}}, {4, 2, {1, 3}, {2, 1}}, {5, 2, {1, 3}, {3, 1}},
	};
	struct folder *folder = *state;

	put_history(folder);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen seen = {.count = 0};

		assert_ok(folder, store_record_each_at(folder->reader, folder->partnership, "action",
						       rows[i].entry, see, &seen, &folder->err));
		assert_int_equal(seen.count, rows[i].count);
		for (size_t k = 0; k < seen.count; k++) {
			assert_int_equal(seen.numbers[k], rows[i].numbers[k]);
			assert_int_equal(seen.revisions[k], rows[i].revisions[k]);
		}
	}
}

static void test_version_as_of_an_entry(void **state)
{
	struct folder *folder = *state;
	struct record_row out;

	put_history(folder);
	for (int64_t entry = 0; entry <= 6; entry++) {
		assert_ok(folder, store_version_at(folder->reader, folder->arena, folder->partnership,
						   "action", 1, entry, &out, &folder->err));
		assert_int_equal(out.revision, entry < 2 ? 1 : entry < 5 ? 2 : 3);
	}
	assert_int_equal(store_version_at(folder->reader, folder->arena, folder->partnership, "action", 3, 3,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
	assert_ok(folder, store_version_at(folder->reader, folder->arena, folder->partnership, "action", 2, 9,
					   &out, &folder->err));
	assert_true(out.removed);
	assert_int_equal(out.created_entry, 1);
}

static void test_walks_go_in_order(void **state)
{
	struct folder *folder = *state;
	struct seen list = {.count = 0}, rest = {.count = 0}, first = {.stop_after = 1},
		    history = {.count = 0}, entry = {.count = 0}, all = {.count = 0};

	put_history(folder);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &list,
					    &folder->err));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.numbers[0], 1);
	assert_int_equal(list.numbers[1], 3);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 1, see, &rest,
					    &folder->err));
	assert_int_equal(rest.count, 1);
	assert_int_equal(rest.numbers[0], 3);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &first,
					    &folder->err));
	assert_int_equal(first.count, 1);
	assert_ok(folder, store_version_each(folder->reader, folder->partnership, "action", 1, see, &history,
					     &folder->err));
	assert_int_equal(history.count, 3);
	assert_int_equal(history.revisions[2], 3);
	assert_ok(folder, store_version_each_of_entry(folder->reader, folder->partnership, 4, see, &entry,
						      &folder->err));
	assert_int_equal(entry.count, 2);
	assert_int_equal(entry.numbers[0], 3);
	assert_int_equal(entry.numbers[1], 2);
	assert_ok(folder,
		  store_record_each_all(folder->reader, folder->partnership, see, &all, &folder->err));
	assert_int_equal(all.count, 3);
}

struct nested {
	struct folder *folder;
	size_t count;
};

static enum status see_nested(void *payload, const struct record_row *row, struct error *err)
{
	struct nested *nested = payload;
	struct folder *folder = nested->folder;
	struct seen inner = {.count = 0};

	(void)row;
	(void)err;
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &inner,
					    &folder->err));
	nested->count += inner.count;
	return STATUS_OK;
}

static void test_a_walk_may_walk_again_inside(void **state)
{
	struct folder *folder = *state;
	struct nested nested = {.folder = folder};

	put_history(folder);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see_nested,
					    &nested, &folder->err));
	assert_int_equal(nested.count, 4);
}

static void test_find_by_title_sees_live_records_only(void **state)
{
	struct folder *folder = *state;
	struct record_row renamed = row_of(3, 2, 6);
	int64_t number = 0;
	int64_t count = 0;

	put_history(folder);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "more light",
					    &number, &count, &folder->err));
	assert_int_equal(number, 1);
	assert_int_equal(count, 2);
	begin(folder);
	renamed.title = "less noise";
	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &renamed, &folder->err));
	commit(folder);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "less noise",
					    &number, &count, &folder->err));
	assert_int_equal(number, 3);
	assert_int_equal(count, 1);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "more light",
					    &number, &count, &folder->err));
	assert_int_equal(count, 1);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "unheard of",
					    &number, &count, &folder->err));
	assert_int_equal(count, 0);
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
		CASE(test_numbers_are_given_once_each),
		CASE(test_record_comes_back_as_it_was_put),
		CASE(test_revision_must_follow_the_one_before),
		CASE(test_list_as_of_an_entry),
		CASE(test_version_as_of_an_entry),
		CASE(test_walks_go_in_order),
		CASE(test_a_walk_may_walk_again_inside),
		CASE(test_find_by_title_sees_live_records_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
