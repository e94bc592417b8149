/* Between the store's subjects and SQLite: statements that are prepared once, values in and out, and SQLite's
 * codes as our own. Only files of this folder (and its tests) include it.
 *
 * SQL is written for SQLite and PostgreSQL alike: $1..$n, int64 for times and flags, an ORDER BY that leaves no
 * choice, no function that one of them lacks. */
#ifndef SAFER_SERVER_STORE_SQL_H
#define SAFER_SERVER_STORE_SQL_H

#include "server/store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

#define SQL_BUCKETS 64
#define EXIT_AGAIN  75 /* EX_TEMPFAIL of sysexits.h: the supervisor starts us again */

struct statement { /* one prepared statement; stays in the cache of its store */
	struct store *store;
	const char *text; /* the literal it was prepared from; its address is the key */
	sqlite3_stmt *prepared;
	struct statement *next; /* in its bucket */
	int bind_code;          /* the first binding that failed; SQLITE_OK */
	bool writes;
	bool busy;    /* between sql_prepare and sql_done */
	bool damaged; /* a column was not what the schema promises */
};

struct store {
	sqlite3 *db;
	enum store_role role;
	bool began;              /* store_begin without store_commit or store_rollback */
	struct tidying *tidying; /* the writer's; NULL */
	bool full;               /* the disk was, since store_tidy() last looked */
	sqlite3_stmt *rollback;  /* prepared beforehand: there may be no memory when it is needed */
	struct statement *buckets[SQL_BUCKETS];
	atomic_bool interrupted; /* store_interrupt */
};

/* Translates the code of a call that failed. `doing` completes "the store could not ...". */
enum status sql_error(struct store *store, int code, const char *doing, struct error *err);

/* A statement ready to be bound. `text` must be a literal: it is known by its address. Refuses everything in a void
 * transaction, and changes outside one. Pair it with sql_done, also after a failure: NULL is fine there. */
enum status sql_prepare(struct store *store, const char *text, struct statement **out, struct error *err);
void sql_done(struct statement *statement);

/* Parameter $index. Texts and bytes are borrowed until sql_done. What fails is told by the step. */
void sql_int(struct statement *statement, int index, int64_t value);
void sql_text(struct statement *statement, int index, const char *text);  /* NULL binds NULL */
void sql_span(struct statement *statement, int index, struct span bytes); /* an empty span is an empty blob */
void sql_span_or_null(struct statement *statement, int index, struct span bytes);
void sql_digest(struct statement *statement, int index, const struct digest *digest);

/* *row says whether there is one to read. */
enum status sql_step(struct statement *statement, bool *row, struct error *err);
/* A statement that answers no rows; *changed (may be NULL) is how many it changed. */
enum status sql_run(struct statement *statement, int64_t *changed, struct error *err);
/* For one row at most: STATUS_NOT_FOUND with `missing` as the sentence when there is none. */
enum status sql_one(struct statement *statement, const char *missing, struct error *err);

/* Columns from 0. Texts and bytes live until the next step. NULL comes out as NULL and as an empty span. */
int64_t sql_column_int(struct statement *statement, int column);
bool sql_column_flag(struct statement *statement, int column); /* 0 or 1, nothing else */
const char *sql_column_text(struct statement *statement, int column);
struct span sql_column_span(struct statement *statement, int column);
void sql_column_bytes(struct statement *statement, int column, void *out, size_t bytes); /* exactly so many */
/* After the columns were read: STATUS_UNVERIFIED when one was not what the schema promises (a text with a NUL
 * inside, a NULL or a length that cannot be). */
enum status sql_sound(struct statement *statement, struct error *err);

/* For settings and schema texts: several statements, no values. */
enum status sql_script(struct store *store, const char *text, const char *doing, struct error *err);
enum status sql_pragma_int(struct store *store, const char *text, int64_t *out, struct error *err);

void sql_forget_statements(struct store *store); /* finalises the cache */

/* Copies into the arena: empty stays empty. False without memory. */
bool sql_keep_text(struct arena *arena, const char **text);
bool sql_keep_span(struct arena *arena, struct span *span);

struct rows { /* an array that grows in an arena; start with arena and bytes */
	struct arena *arena;
	size_t bytes; /* of one row */
	void *data;
	size_t count;
	size_t room;
};
void *sql_rows_add(struct rows *rows); /* a zeroed row at the end; NULL without memory */

/* ---- between open.c, migrate.c, backup.c, gather.c and tidy.c ---- */

#define STORE_APPLICATION 0x53414645 /* application_id of our files: "SAFE" */

extern const int64_t migrate_newest; /* user_version of a database with the newest schema */
/* Carries every step above `from` out, each in a transaction of its own. */
enum status migrate_run(struct store *store, int64_t from, struct error *err);

/* Makes an empty file that nobody else may read. STATUS_REFUSED when there is one of that name. */
enum status file_claim(const char *path, struct error *err);

/* The name of the layer that every connection opens its files through. */
const char *gather_layer(void);
/* Whether what a connection writes to its log is gathered. Only with synchronous=FULL: see gather.c. */
void gather_log(struct store *store, bool gathers);

/* Has the log of `writer`, whose file is at `path`, moved by store_tidy() and, when it is the last to close, by SQLite. */
enum status tidying_new(struct store *writer, const char *path, struct error *err);
void tidying_free(struct tidying *tidying); /* waits for a round that is under way; NULL is fine */

/* integrity_check (or quick_check) and foreign_key_check. */
enum status backup_inspect(struct store *store, bool quick, struct error *err);
enum status backup_copy(struct store *from, const char *to, struct error *err);

#endif
