/* Tidying: moving what was committed from SQLite's log (the WAL) into its file.
 *
 * A thread beside the writer moves nearly all of it, over a connection of its own, so that nobody waits for it. The
 * writer goes on meanwhile, and there is always something left; when that is little, the writer moves it itself,
 * between transactions, and SQLite begins the log anew with the next one.
 *
 * SQLite before 3.51.3 can damage a database when its log begins anew while another connection moves pages from it
 * (https://sqlite.org/wal.html#walresetbug). Here it cannot: the thread holds a snapshot of what it moves, the anchor,
 * and SQLite does not begin a log anew that somebody reads from. For the anchor to be read from the log, something has
 * to be left in it when it is taken: that is why the thread is asked only after a commit that nobody has moved yet,
 * and why the writer moves nothing while the thread does. */
#include "server/store/sql.h"

#include "common/log.h"
#include "common/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONG_PAGES 8000 /* 32 MiB: after a power cut it is read again at the next start, in some 50 ms */
#define LITTLE     16   /* this part of a long log is little */
#define RETRY      8    /* when an old snapshot was in the way: after this part of a long log more */
#define ROUNDS     4 /* of the thread, each for what came during the one before; then the writer does the rest */

struct tidying {
	/* The writer's thread only. Pages are those of the log as it is now: it begins anew. */
	int long_pages;
	int pages;  /* as of the last commit; 0: none since all were moved, or since the start */
	int moved;  /* so many are in the file as well, and maybe more */
	int wanted; /* so many were there when somebody last began to move them; 0: nobody did yet */
	int rounds; /* of the thread */

	pthread_mutex_t lock; /* over the next four */
	pthread_cond_t called;
	bool asked;    /* a round is wanted, or under way */
	bool stopping; /* the thread shall end */
	int result;    /* of the last round: pages moved in all; -1: it failed */

	/* The thread, and what it alone uses. */
	bool started;
	pthread_t thread;
	char *path;
	struct store *anchor;
	struct store *mover;
};

static void begin_anew(struct tidying *tidying)
{
	tidying->pages = 0;
	tidying->moved = 0;
	tidying->wanted = 0;
	tidying->rounds = 0;
}

static int on_commit(void *payload, sqlite3 *db, const char *name, int pages)
{
	struct tidying *tidying = payload;

	(void)db;
	(void)name;
	if (pages <= tidying->pages) {
		begin_anew(tidying);
	}
	tidying->pages = pages;
	return SQLITE_OK;
}

enum status tidying_new(struct store *writer, const char *path, struct error *err)
{
	struct tidying *tidying = calloc(1, sizeof(*tidying));

	if (!tidying) {
		return error_memory(err);
	}
	tidying->path = strdup(path);
	if (!tidying->path) {
		free(tidying);
		return error_memory(err);
	}
	tidying->long_pages = LONG_PAGES;
	pthread_mutex_init(&tidying->lock, NULL);
	pthread_cond_init(&tidying->called, NULL);
	sqlite3_wal_hook(writer->db, on_commit, tidying); /* instead of moving pages inside a commit */
	writer->tidying = tidying;
	return STATUS_OK;
}

void tidying_free(struct tidying *tidying)
{
	if (!tidying) {
		return;
	}
	if (tidying->started) {
		pthread_mutex_lock(&tidying->lock);
		tidying->stopping = true;
		pthread_cond_signal(&tidying->called);
		pthread_mutex_unlock(&tidying->lock);
		pthread_join(tidying->thread, NULL);
	}
	store_close(tidying->anchor);
	store_close(tidying->mover);
	pthread_cond_destroy(&tidying->called);
	pthread_mutex_destroy(&tidying->lock);
	free(tidying->path);
	free(tidying);
}

void store_tidy_from(struct store *store, int pages)
{
	store->tidying->long_pages = pages;
}

/* ---- moving ---- */

static void log_failure(const char *why, int code)
{
	log_event(LOG_WARNING, "tidy-failed", log_text("error", why), log_number("code", code));
}

/* When a sync failed, nobody knows which pages are in the file, and SQLite would not move them again. The next process
 * reads the whole log. */
static void end_if_uncertain(int code)
{
	if (code == SQLITE_IOERR_FSYNC) {
		log_event(LOG_ERROR, "tidy-uncertain", log_text("error", sqlite3_errstr(code)),
			  log_number("code", code));
		_exit(EXIT_AGAIN);
	}
}

/* Moves what no older snapshot is in the way of. Answers how many pages of the log are in the file now, -1 on failure. */
static int move_pages(struct store *store, int *pages)
{
	int moved = 0;
	int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, pages, &moved);

	end_if_uncertain(code);
	if (code != SQLITE_OK) {
		log_failure(sqlite3_errmsg(store->db), code);
		return -1;
	}
	return moved;
}

/* SQLite syncs the file when the last page of the log was moved, which is while others wait. Then there is little to do
 * if the rest was synced before. */
static void sync_file(struct store *mover)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(mover->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
	    file->pMethods) {
		end_if_uncertain(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY));
	}
}

static enum status connect(struct tidying *tidying, struct error *err)
{
	enum status status = STATUS_OK;

	if (!tidying->anchor) {
		status = store_open(tidying->path, STORE_READER, &tidying->anchor, err);
	}
	if (status == STATUS_OK && !tidying->mover) {
		status = store_open(tidying->path, STORE_MOVER, &tidying->mover, err);
	}
	return status;
}

static int move_anchored(struct tidying *tidying)
{
	struct error err = ERROR_INIT;
	int pages = 0;
	int moved;

	if (connect(tidying, &err) != STATUS_OK || store_begin(tidying->anchor, &err) != STATUS_OK) {
		log_failure(err.message, 0);
		return -1;
	}
	moved = move_pages(tidying->mover, &pages);
	store_rollback(tidying->anchor);
	if (moved > 0) {
		sync_file(tidying->mover);
	}
	return moved;
}

static void *thread_main(void *payload)
{
	struct tidying *tidying = payload;
	int result;

	pthread_mutex_lock(&tidying->lock);
	for (;;) {
		while (!tidying->asked && !tidying->stopping) {
			pthread_cond_wait(&tidying->called, &tidying->lock);
		}
		if (tidying->stopping) {
			break;
		}
		pthread_mutex_unlock(&tidying->lock);
		result = move_anchored(tidying);
		pthread_mutex_lock(&tidying->lock);
		tidying->result = result;
		tidying->asked = false;
	}
	pthread_mutex_unlock(&tidying->lock);
	return NULL;
}

/* ---- the writer's side ---- */

static bool start_thread(struct tidying *tidying)
{
	if (!tidying->started) {
		tidying->started = thread_start(&tidying->thread, thread_main, tidying) == 0;
	}
	return tidying->started;
}

/* False while a round is under way; otherwise takes over what the last one moved, if it was of this log. */
static bool round_over(struct tidying *tidying)
{
	bool over;

	pthread_mutex_lock(&tidying->lock);
	over = !tidying->asked;
	if (over && tidying->result > 0 && tidying->wanted > 0) {
		tidying->moved = tidying->result;
	}
	if (over) {
		tidying->result = 0;
	}
	pthread_mutex_unlock(&tidying->lock);
	return over;
}

static void ask(struct tidying *tidying)
{
	tidying->rounds++;
	tidying->wanted = tidying->pages;
	pthread_mutex_lock(&tidying->lock);
	tidying->asked = true;
	pthread_cond_signal(&tidying->called);
	pthread_mutex_unlock(&tidying->lock);
}

static void finish(struct store *store, struct tidying *tidying)
{
	int pages = 0;
	int moved = move_pages(store, &pages);

	if (moved >= 0 && moved == pages) {
		begin_anew(tidying);
		return;
	}
	tidying->moved = moved < 0 ? tidying->moved : moved;
	tidying->wanted = tidying->pages;
	tidying->rounds = 0;
}

void store_tidy(struct store *store)
{
	struct tidying *tidying = store->tidying;
	int left;

	if ((tidying->pages < tidying->long_pages && !store->full) || !round_over(tidying)) {
		return;
	}
	if (store->full) { /* a log that begins anew needs no more room */
		store->full = false;
		finish(store, tidying);
		return;
	}
	left = tidying->pages - tidying->moved;
	/* While somebody reads an old snapshot, each try costs time and moves nothing: not after each commit. */
	if (left == 0 || (tidying->moved < tidying->wanted &&
			  tidying->pages < tidying->wanted + tidying->long_pages / RETRY)) {
		return;
	}
	if (left > tidying->long_pages / LITTLE && tidying->rounds < ROUNDS && start_thread(tidying)) {
		ask(tidying);
	} else {
		finish(store, tidying);
	}
}
