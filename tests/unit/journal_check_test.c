/* The check of the journal finds every alteration of what is kept: each byte of each value of each row, and rows
 * that were taken away, added or exchanged. */
#include "tests/unit/journal_folder.h"

/* ---- a small history of everything that can happen to records ---- */

static void begin(struct journal_folder *it)
{
	assert_ok(it->folder, store_begin(it->folder->writer, &it->folder->err));
}

static void write_history(struct journal_folder *it)
{
	static const char *const created[] = {"title", "More light", "state", "open", "owner", "B1", NULL};
	static const char *const measured[] = {"value", "300", "unit", "lux", NULL};
	static const char *const told[] = {"text", "Lamps along the canal", NULL};
	static const char *const renamed[] = {"title", "MORE  Light!", "unit", "", NULL};
	static const char *const closed[] = {"state", "closed", NULL};
	static const char *const *const edits[] = {created, measured, told, renamed, closed};

	begin(it);
	append_note(it, "start", "");
	for (size_t i = 0; i < 5; i++) {
		for (int64_t number = 1; number <= 4; number++) {
			change_record(it, number, edits[i], number == 2 ? "It was asked for" : NULL);
		}
	}
	seal_and_commit(it);
	begin(it);
	change_record(it, 5, created, NULL);
	change_record(it, 5, NULL, "Made by mistake");
	change_record(it, 6, told, NULL);
	append_note(it, "refusal", "action.edit.own A3");
	for (int64_t value = 0; value < 5; value++) {
		change_record(it, 6, measured, NULL);
	}
	seal_and_commit(it);
}

static void count_complaint(void *payload, const char *problem)
{
	int64_t *count = payload;

	assert_true(strlen(problem) > 0);
	(*count)++;
}

static enum status check(struct journal_folder *it, struct journal_report *report)
{
	int64_t complaints = 0;
	struct error err = ERROR_INIT;
	enum status status = journal_check(it->folder->writer, it->key, &journal_schema, count_complaint,
					   &complaints, report, &err);

	assert_int_equal(complaints, report->problems);
	assert_int_equal(status, report->problems > 0 ? STATUS_UNVERIFIED : STATUS_OK);
	if (status != STATUS_OK) {
		assert_non_null(strstr(err.message, report->first_problem));
	}
	return status;
}

static void test_an_untouched_journal_checks_out(void **state)
{
	struct journal_folder *it = *state;
	struct journal_report report;

	assert_int_equal(check(it, &report), STATUS_OK);
	write_history(it);
	if (check(it, &report) != STATUS_OK) {
		fail_msg("%s", report.first_problem);
	}
	assert_int_equal(report.partnerships, 1);
	assert_int_equal(report.entries, 30);
	assert_int_equal(report.versions, 28);
	assert_int_equal(report.nodes, 15 + 7 + 3 + 1);
	assert_true(report.values > 60);
	assert_ok(it->folder, journal_check(it->folder->reader, it->key, NULL, NULL, NULL, &report, NULL));
}

static void test_another_key_does_not_check_out(void **state)
{
	struct journal_folder *it = *state;
	EVP_PKEY *right = it->key;
	struct journal_report report;

	write_history(it);
	it->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(check(it, &report), STATUS_UNVERIFIED);
	EVP_PKEY_free(it->key);
	it->key = right;
}

/* ---- tampering, behind the store's back, in a transaction that is rolled back after the check ---- */

#define COLUMNS_MAX 32

static const char *const tables[] = {"record", "version", "leaf", "node", "head"};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

struct table {
	const char *name;
	size_t column_count;
	char columns[COLUMNS_MAX][32];
	bool key[COLUMNS_MAX];
	sqlite3_value *(*rows)[COLUMNS_MAX]; /* every row as it is */
	size_t row_count;
};

struct tally {
	int64_t tried;    /* alterations that the database took */
	int64_t detected; /* of these */
	int64_t refused;  /* alterations that the database itself did not take */
};

static sqlite3_stmt *prepare(struct journal_folder *it, const char *text)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(it->folder->writer->db, text, -1, &statement, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", text, sqlite3_errmsg(it->folder->writer->db));
	}
	return statement;
}

static void table_load(struct journal_folder *it, const char *name, struct table *out)
{
	struct arena *arena = it->folder->arena;
	sqlite3_stmt *statement = prepare(it, arena_printf(arena, "PRAGMA table_info(%s)", name));

	*out = (struct table){.name = name};
	while (sqlite3_step(statement) == SQLITE_ROW) {
		assert_true(out->column_count < COLUMNS_MAX);
		snprintf(out->columns[out->column_count], sizeof(out->columns[0]), "%s",
			 (const char *)sqlite3_column_text(statement, 1));
		out->key[out->column_count++] = sqlite3_column_int(statement, 5) > 0;
	}
	sqlite3_finalize(statement);
	out->rows = arena_array(arena, 100, sizeof(*out->rows));
	assert_non_null(out->rows);
	statement = prepare(it, arena_printf(arena, "SELECT * FROM %s", name));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		assert_true(out->row_count < 100);
		for (size_t i = 0; i < out->column_count; i++) {
			out->rows[out->row_count][i] =
				sqlite3_value_dup(sqlite3_column_value(statement, (int)i));
		}
		out->row_count++;
	}
	sqlite3_finalize(statement);
	assert_true(out->row_count > 0);
}

static void table_release(struct table *table)
{
	for (size_t row = 0; row < table->row_count; row++) {
		for (size_t i = 0; i < table->column_count; i++) {
			sqlite3_value_free(table->rows[row][i]);
		}
	}
}

/* " WHERE a = ?101 AND b = ?102", for the key of a row. */
static const char *where_key(struct journal_folder *it, const struct table *table)
{
	const char *text = " WHERE 1 = 1";

	for (size_t i = 0; i < table->column_count; i++) {
		if (table->key[i]) {
			text = arena_printf(it->folder->arena, "%s AND %s = ?%zu", text, table->columns[i],
					    101 + i);
			assert_non_null(text);
		}
	}
	return text;
}

static void bind_key(const struct table *table, size_t row, sqlite3_stmt *statement)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (table->key[i]) {
			assert_int_equal(sqlite3_bind_value(statement, (int)(101 + i), table->rows[row][i]),
					 SQLITE_OK);
		}
	}
}

/* Carries one alteration out, checks, and undoes it. */
static void tamper(struct journal_folder *it, sqlite3_stmt *statement, const char *what, struct tally *tally)
{
	struct journal_report report;
	int code;

	begin(it);
	code = sqlite3_step(statement);
	if (code == SQLITE_DONE) {
		assert_int_equal(sqlite3_changes(it->folder->writer->db), 1);
		tally->tried++;
		if (check(it, &report) == STATUS_UNVERIFIED) {
			tally->detected++;
		} else {
			print_error("not detected: %s\n", what);
		}
	} else {
		assert_int_equal(code & 0xff, SQLITE_CONSTRAINT);
		tally->refused++;
	}
	sqlite3_reset(statement);
	store_rollback(it->folder->writer);
}

/* Every byte of one value: an integer's are those of its 64 bits. */
static void tamper_value(struct journal_folder *it, const struct table *table, size_t row, size_t column,
			 sqlite3_stmt *update, struct tally *tally)
{
	sqlite3_value *value = table->rows[row][column];
	int type = sqlite3_value_type(value);
	int length = type == SQLITE_INTEGER ? 8 : type == SQLITE_NULL ? 1 : sqlite3_value_bytes(value);
	char what[160];

	bind_key(table, row, update);
	for (int i = 0; i <= length; i++) { /* the last one adds a byte */
		static uint8_t bytes[4096];
		int code;

		if (type == SQLITE_NULL) {
			code = i == 0 ? sqlite3_bind_text(update, 1, "x", 1, SQLITE_STATIC)
				      : sqlite3_bind_blob(update, 1, "0123456789abcdef", 16, SQLITE_STATIC);
		} else if (type == SQLITE_INTEGER) {
			int64_t mask = (int64_t)(UINT64_C(1) << (i < 8 ? 8 * i : 63));

			code = sqlite3_bind_int64(update, 1, sqlite3_value_int64(value) ^ mask);
		} else {
			assert_true(length < (int)sizeof(bytes));
			memcpy(bytes, sqlite3_value_blob(value) ? sqlite3_value_blob(value) : "",
			       (size_t)length);
			bytes[length] = 0;
			bytes[i] ^= i < length ? 0x01 : 0x00;
			code = type == SQLITE_TEXT ? sqlite3_bind_text(update, 1, (const char *)bytes,
								       length + (i == length), SQLITE_STATIC)
						   : sqlite3_bind_blob(update, 1, bytes,
								       length + (i == length), SQLITE_STATIC);
		}
		assert_int_equal(code, SQLITE_OK);
		snprintf(what, sizeof(what), "%s.%s, row %zu, byte %d of %d", table->name,
			 table->columns[column], row, i, length);
		tamper(it, update, what, tally);
	}
}

/* The database's own fences are taken away first: whoever writes to the file can do the same. */
static void drop_fences(struct journal_folder *it)
{
	assert_ok(it->folder, sql_script(it->folder->writer,
					 "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON",
					 "drop fences", &it->folder->err));
}

static void test_every_altered_byte_is_found(void **state)
{
	struct journal_folder *it = *state;
	struct tally all = {.tried = 0};

	write_history(it);
	drop_fences(it);
	for (size_t t = 0; t < TABLES; t++) {
		struct table table;
		struct tally tally = {.tried = 0};

		table_load(it, tables[t], &table);
		for (size_t column = 0; column < table.column_count; column++) {
			sqlite3_stmt *update = prepare(
				it, arena_printf(it->folder->arena, "UPDATE %s SET %s = ?1%s", table.name,
						 table.columns[column], where_key(it, &table)));

			for (size_t row = 0; row < table.row_count; row++) {
				tamper_value(it, &table, row, column, update, &tally);
			}
			sqlite3_finalize(update);
		}
		print_message("%s: %lld alterations, %lld found; %lld more not taken by the database\n",
			      table.name, (long long)tally.tried, (long long)tally.detected,
			      (long long)tally.refused);
		all.tried += tally.tried;
		all.detected += tally.detected;
		table_release(&table);
	}
	assert_true(all.tried > 10000);
	assert_int_equal(all.detected, all.tried);
}

/* Each row once, with a statement that names it by its key. */
static void tamper_rows(struct journal_folder *it, const struct table *table, const char *text,
			struct tally *tally)
{
	sqlite3_stmt *statement = prepare(it, text);

	for (size_t row = 0; row < table->row_count; row++) {
		char what[200];

		snprintf(what, sizeof(what), "%.150s, row %zu", text, row);
		bind_key(table, row, statement);
		tamper(it, statement, what, tally);
	}
	sqlite3_finalize(statement);
}

static void test_every_row_that_is_gone_is_found(void **state)
{
	struct journal_folder *it = *state;
	struct tally tally = {.tried = 0};

	write_history(it);
	drop_fences(it);
	for (size_t t = 0; t < TABLES; t++) {
		struct table table;

		table_load(it, tables[t], &table);
		tamper_rows(it, &table,
			    arena_printf(it->folder->arena, "DELETE FROM %s%s", table.name,
					 where_key(it, &table)),
			    &tally);
		table_release(&table);
	}
	assert_int_equal(tally.tried, 6 + 28 + 30 + 26 + 1);
	assert_int_equal(tally.detected, tally.tried);
}

/* A copy of each row under another key, one column of the key moved at a time. */
static void test_every_row_that_was_added_is_found(void **state)
{
	struct journal_folder *it = *state;
	struct arena *arena = it->folder->arena;
	struct tally tally = {.tried = 0};

	write_history(it);
	drop_fences(it);
	for (size_t t = 0; t < TABLES; t++) {
		struct table table;

		table_load(it, tables[t], &table);
		for (size_t moved = 0; moved < table.column_count; moved++) {
			const char *list = "";

			for (size_t i = 0; i < table.column_count; i++) {
				bool text = sqlite3_value_type(table.rows[0][i]) == SQLITE_TEXT;

				list = arena_printf(arena, "%s%s%s%s", list, i ? ", " : "", table.columns[i],
						    i != moved ? ""
						    : text     ? " || 'x'"
							       : " + 1000");
			}
			if (table.key[moved]) {
				tamper_rows(it, &table,
					    arena_printf(arena, "INSERT INTO %s SELECT %s FROM %s%s",
							 table.name, list, table.name, where_key(it, &table)),
					    &tally);
			}
		}
		table_release(&table);
	}
	assert_true(tally.tried > 100);
	assert_int_equal(tally.detected, tally.tried);
}

static void alter(struct journal_folder *it, const char *text, const char *what)
{
	struct journal_report report;

	begin(it);
	assert_ok(it->folder, sql_script(it->folder->writer, text, "be altered", &it->folder->err));
	if (check(it, &report) == STATUS_OK) {
		fail_msg("not detected: %s", what);
	}
	store_rollback(it->folder->writer);
}

static void test_exchanges_and_cuts_are_found(void **state)
{
	static const struct {
		const char *what;
		const char *text;
	} rows[] = {
		{"two entries changed places",
		 "UPDATE leaf SET number = -1 WHERE number = 3; UPDATE leaf SET number = 3 WHERE number = 4;"
		 "UPDATE leaf SET number = 4 WHERE number = -1"},
		{"two entries have each other's bytes",
		 "UPDATE leaf SET leaf = (SELECT o.leaf FROM leaf o WHERE o.number = 7 - leaf.number)"
		 " WHERE number IN (3, 4)"},
		{"two entries have each other's reason and salt",
		 "UPDATE leaf SET (reason, reason_salt) = (SELECT o.reason, o.reason_salt FROM leaf o"
		 " WHERE o.number = 8 - leaf.number) WHERE number IN (2, 6)"},
		{"a reason was taken away with its salt",
		 "UPDATE leaf SET reason = NULL, reason_salt = NULL WHERE number = 2"},
		{"the last entry and its version were cut off",
		 "DELETE FROM version WHERE entry = 29; DELETE FROM leaf WHERE number = 29;"
		 "DELETE FROM node WHERE level = 1 AND place = 14;"
		 "UPDATE record SET (revision, entry, at, body, group_revisions) = (SELECT v.revision, "
		 "v.entry, v.at,"
		 " v.body, v.group_revisions FROM version v WHERE v.number = record.number"
		 " ORDER BY v.revision DESC LIMIT 1) WHERE number = 6"},
		{"a record was put back to an older version",
		 "UPDATE record SET (revision, entry, at, verb, body, group_revisions, title, state) ="
		 " (SELECT v.revision, v.entry, v.at, v.verb, v.body, v.group_revisions, v.title, v.state "
		 "FROM version v"
		 " WHERE v.number = record.number AND v.revision = 2) WHERE number = 1"},
		{"two versions have each other's fields and salts",
		 "UPDATE version SET (body, salts) = (SELECT o.body, o.salts FROM version o WHERE o.number = "
		 "7 -"
		 " version.number AND o.revision = 2 AND o.number IN (3, 4)) WHERE number IN (3, 4) AND "
		 "revision = 2"},
		{"a removed record came back", "UPDATE record SET removed = 0 WHERE number = 5"},
		{"a value that did not change was altered in every copy",
		 "UPDATE version SET body = CAST(replace(CAST(body AS TEXT), 'canal', 'river') AS BLOB)"
		 " WHERE number = 1 AND revision > 3;"
		 "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'canal', 'river') AS BLOB) WHERE "
		 "number = 1"},
		{"the partnership has another origin", "UPDATE partnership SET origin = 'safer.test/sooth'"},
		{"the head is an older one", "UPDATE head SET size = 29"},
	};
	struct journal_folder *it = *state;

	write_history(it);
	drop_fences(it);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		alter(it, rows[i].text, rows[i].what);
	}
}

/* With everything gone there is nothing left to compare but what remains. */
static void test_all_entries_gone_is_found(void **state)
{
	struct journal_folder *it = *state;

	write_history(it);
	drop_fences(it);
	alter(it, "DELETE FROM leaf; DELETE FROM node; DELETE FROM version; DELETE FROM record",
	      "all but the head is gone");
	alter(it, "DELETE FROM leaf; DELETE FROM node; DELETE FROM head", "all but the records is gone");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, journal_setup, journal_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_untouched_journal_checks_out),   CASE(test_another_key_does_not_check_out),
		CASE(test_every_altered_byte_is_found),       CASE(test_every_row_that_is_gone_is_found),
		CASE(test_every_row_that_was_added_is_found), CASE(test_exchanges_and_cuts_are_found),
		CASE(test_all_entries_gone_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
