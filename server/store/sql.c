/* Statements, values and codes: the only file that the store's subjects speak to SQLite through. */
#include "server/store/sql.h"

#include <stdlib.h>
#include <string.h>

/* What a primary code means to a caller. Whatever is not here is STATUS_FAILED. */
static const struct {
	int code;
	enum status status;
	const char *hint;
} codes[] = {
	{SQLITE_FULL, STATUS_UNREACHABLE, "The disk of the data folder is full: make room, then try again."},
	{SQLITE_BUSY, STATUS_UNREACHABLE, "Another program holds the database; only saferd may open it."},
	{SQLITE_LOCKED, STATUS_UNREACHABLE, "Try again."},
	{SQLITE_IOERR, STATUS_UNREACHABLE,
	 "The disk of the data folder answers with errors: look into the system's log."},
	{SQLITE_READONLY, STATUS_UNREACHABLE, "The data folder or its disk cannot be written to."},
	{SQLITE_CANTOPEN, STATUS_UNREACHABLE,
	 "Look at the path, and whether the server's account may use it."},
	{SQLITE_INTERRUPT, STATUS_INTERRUPTED, ""},
	{SQLITE_CORRUPT, STATUS_UNVERIFIED, "The database is damaged: restore the newest backup."},
	{SQLITE_NOTADB, STATUS_REFUSED, "The file is not a database of Safer."},
};

enum status sql_error(struct store *store, int code, const char *doing, struct error *err)
{
	const char *said = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

	store->full = store->full || (code & 0xff) == SQLITE_FULL;
	if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) {
		return error_memory(err);
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code == (code & 0xff)) {
			error_set(err, codes[i].status, "the store could not %s: %s (SQLite %d)", doing, said,
				  code);
			error_hint(err, "%s", codes[i].hint);
			return codes[i].status;
		}
	}
	return error_set(err, STATUS_FAILED, "the store could not %s: %s (SQLite %d)", doing, said, code);
}

static enum status statement_error(struct statement *statement, int code, struct error *err)
{
	char doing[80];
	size_t length = strcspn(statement->text, "(\n");

	if (length > sizeof(doing) - 1) {
		length = sizeof(doing) - 1;
	}
	memcpy(doing, statement->text, length);
	while (length > 0 && doing[length - 1] == ' ') {
		length--;
	}
	doing[length] = '\0';
	return sql_error(statement->store, code, doing, err);
}

/* SQLite numbers $2, $1 by their first appearance; ?2, ?1 are what they say. No literal of ours has a dollar. */
static int prepare(struct store *store, const char *text, sqlite3_stmt **out)
{
	char *copy = strdup(text);
	int code;

	if (!copy) {
		return SQLITE_NOMEM;
	}
	for (char *at = copy; *at; at++) {
		if (*at == '$') {
			*at = '?';
		}
	}
	code = sqlite3_prepare_v3(store->db, copy, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	free(copy);
	return code;
}

static size_t bucket_of(const char *text)
{
	return (size_t)(((uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % SQL_BUCKETS;
}

enum status sql_prepare(struct store *store, const char *text, struct statement **out, struct error *err)
{
	enum status status = STATUS_OK;
	size_t bucket = bucket_of(text);
	struct statement *statement;
	int code;

	if (store_is_void(store)) {
		return error_set(err, STATUS_UNREACHABLE,
				 "the transaction was lost to an earlier failure of the disk or of memory");
	}
	for (statement = store->buckets[bucket]; statement; statement = statement->next) {
		if (statement->text == text && !statement->busy) {
			break;
		}
	}
	if (!statement) { /* the first of its text, or all others are being read at the moment */
		statement = calloc(1, sizeof(*statement));
		if (!statement) {
			return error_memory(err);
		}
		statement->store = store;
		statement->text = text;
		code = prepare(store, text, &statement->prepared);
		if (code != SQLITE_OK) {
			status = statement_error(statement, code, err);
			free(statement);
			return status;
		}
		/* SQLite counts BEGIN IMMEDIATE among the writers. */
		statement->writes =
			!sqlite3_stmt_readonly(statement->prepared) && strncmp(text, "BEGIN", 5) != 0;
		statement->next = store->buckets[bucket];
		store->buckets[bucket] = statement;
	}
	if (statement->writes && !store->began) {
		return error_set(err, STATUS_FAILED,
				 "a change of the store outside a transaction: a mistake in the program");
	}
	statement->bind_code = SQLITE_OK;
	statement->damaged = false;
	statement->busy = true;
	*out = statement;
	return STATUS_OK;
}

void sql_done(struct statement *statement)
{
	if (!statement) {
		return;
	}
	sqlite3_reset(statement->prepared);
	sqlite3_clear_bindings(statement->prepared);
	statement->busy = false;
}

void sql_forget_statements(struct store *store)
{
	for (size_t i = 0; i < SQL_BUCKETS; i++) {
		while (store->buckets[i]) {
			struct statement *statement = store->buckets[i];

			store->buckets[i] = statement->next;
			sqlite3_finalize(statement->prepared);
			free(statement);
		}
	}
}

/* ---- values in ---- */

static void bound(struct statement *statement, int code)
{
	if (statement->bind_code == SQLITE_OK) {
		statement->bind_code = code;
	}
}

void sql_int(struct statement *statement, int index, int64_t value)
{
	bound(statement, sqlite3_bind_int64(statement->prepared, index, value));
}

void sql_text(struct statement *statement, int index, const char *text)
{
	bound(statement, sqlite3_bind_text64(statement->prepared, index, text, text ? strlen(text) : 0,
					     SQLITE_STATIC, SQLITE_UTF8));
}

void sql_span(struct statement *statement, int index, struct span bytes)
{
	bound(statement,
	      sqlite3_bind_blob64(statement->prepared, index, bytes.length ? (const void *)bytes.data : "",
				  bytes.length, SQLITE_STATIC));
}

void sql_span_or_null(struct statement *statement, int index, struct span bytes)
{
	if (bytes.length) {
		sql_span(statement, index, bytes);
	} else {
		bound(statement, sqlite3_bind_null(statement->prepared, index));
	}
}

void sql_digest(struct statement *statement, int index, const struct digest *digest)
{
	sql_span(statement, index, (struct span){digest->bytes, sizeof(digest->bytes)});
}

/* ---- running ---- */

enum status sql_step(struct statement *statement, bool *row, struct error *err)
{
	int code = statement->bind_code;

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement->prepared);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		return statement_error(statement, code, err);
	}
	*row = code == SQLITE_ROW;
	return STATUS_OK;
}

enum status sql_run(struct statement *statement, int64_t *changed, struct error *err)
{
	bool row;
	enum status status = sql_step(statement, &row, err);

	if (status == STATUS_OK && changed) {
		*changed = sqlite3_changes64(statement->store->db);
	}
	return status;
}

enum status sql_one(struct statement *statement, const char *missing, struct error *err)
{
	bool row = false;
	enum status status = sql_step(statement, &row, err);

	if (status == STATUS_OK && !row) {
		return error_set(err, STATUS_NOT_FOUND, "%s", missing);
	}
	return status;
}

/* ---- values out ---- */

int64_t sql_column_int(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->prepared, column);
}

bool sql_column_flag(struct statement *statement, int column)
{
	int64_t value = sql_column_int(statement, column);

	if (value != 0 && value != 1) {
		statement->damaged = true;
	}
	return value != 0;
}

const char *sql_column_text(struct statement *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement->prepared, column);

	if (text && strlen(text) != (size_t)sqlite3_column_bytes(statement->prepared, column)) {
		statement->damaged = true;
	}
	return text;
}

struct span sql_column_span(struct statement *statement, int column)
{
	struct span span = {sqlite3_column_blob(statement->prepared, column), 0};

	span.length = (size_t)sqlite3_column_bytes(statement->prepared, column);
	return span;
}

void sql_column_bytes(struct statement *statement, int column, void *out, size_t bytes)
{
	struct span span = sql_column_span(statement, column);

	if (span.length == bytes) {
		memcpy(out, span.data, bytes);
	} else {
		memset(out, 0, bytes);
		statement->damaged = true;
	}
}

enum status sql_sound(struct statement *statement, struct error *err)
{
	if (sqlite3_errcode(statement->store->db) == SQLITE_NOMEM) {
		return error_memory(err);
	}
	if (statement->damaged) {
		error_set(err, STATUS_UNVERIFIED, "a row of the database is damaged (%.60s)",
			  statement->text);
		error_hint(err, "Restore the newest backup, or find out who wrote to the file.");
		return STATUS_UNVERIFIED;
	}
	return STATUS_OK;
}

bool sql_keep_text(struct arena *arena, const char **text)
{
	if (!*text) {
		return true;
	}
	*text = arena_text(arena, *text, strlen(*text));
	return *text != NULL;
}

bool sql_keep_span(struct arena *arena, struct span *span)
{
	if (span->length == 0) {
		*span = (struct span){NULL, 0};
		return true;
	}
	span->data = arena_copy(arena, span->data, span->length);
	return span->data != NULL;
}

void *sql_rows_add(struct rows *rows)
{
	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 16;
		void *data = arena_array(rows->arena, room, rows->bytes);

		if (!data) {
			return NULL;
		}
		if (rows->count) {
			memcpy(data, rows->data, rows->count * rows->bytes);
		}
		rows->data = data;
		rows->room = room;
	}
	return (char *)rows->data + rows->bytes * rows->count++;
}

/* ---- settings and schema ---- */

enum status sql_script(struct store *store, const char *text, const char *doing, struct error *err)
{
	int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? STATUS_OK : sql_error(store, code, doing, err);
}

enum status sql_pragma_int(struct store *store, const char *text, int64_t *out, struct error *err)
{
	sqlite3_stmt *prepared = NULL;
	int code = sqlite3_prepare_v2(store->db, text, -1, &prepared, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(prepared);
	}
	if (code == SQLITE_ROW) {
		*out = sqlite3_column_int64(prepared, 0);
	}
	sqlite3_finalize(prepared);
	return code == SQLITE_ROW ? STATUS_OK : sql_error(store, code, text, err);
}
