/* The data folder: everything of one server in one place, and locked by whoever may write to it.
 *
 * Mode 0700: the keys in it are all that stands between a thief and the partnership. The commands of saferd open it
 * here; the server keeps it open as long as it runs. */
#ifndef SAFER_SERVER_FOLDER_H
#define SAFER_SERVER_FOLDER_H

#include "server/request.h"
#include "server/settings.h"

#define FOLDER_PATH 1024 /* bytes of the longest path of a file in it, with its NUL */
#define FOLDER_LOCK "saferd.lock"

/* A fact of the store: microseconds that the partnership's clock is ahead of the machine's. */
#define FACT_TRAINING "training_offset"

struct folder {
	char path[FOLDER_PATH];
	int lock; /* -1: not held */
	struct settings settings;
	struct authority *authority;
	EVP_PKEY *journal_key;
	EVP_PKEY *journal_public;
	struct journal *journal; /* with FOLDER_WRITE */
	struct store *store;     /* the writer's with FOLDER_WRITE, else a reader's */
	struct context context;  /* made of the above */
};

enum folder_use {
	FOLDER_WRITE, /* takes the lock; STATUS_REFUSED when another saferd has it */
	FOLDER_READ,  /* beside a server that runs; takes the lock when nobody has it */
};

/* Reads settings, keys and store, and sets the partnership's clock. On failure nothing stays open. */
enum status folder_open(const char *path, enum folder_use use, struct folder *out, struct error *err);
void folder_close(struct folder *folder);

/* The reader's connection that a second thread needs. */
enum status folder_open_reader(const struct folder *folder, struct store **out, struct error *err);

/* "<folder>/<name>"; STATUS_INVALID when it is too long. */
enum status folder_join(const char *folder, const char *name, char out[FOLDER_PATH], struct error *err);

/* Makes a folder of mode 0700, or takes one that is there and empty; *made says which. */
enum status folder_create(const char *path, bool *made, struct error *err);

/* Takes the lock. STATUS_REFUSED when another process has it. */
enum status folder_lock(const char *path, int *out, struct error *err);

/* Writes a file of mode 0600 that must not exist yet, and makes it durable. */
enum status folder_write(const char *folder, const char *name, struct span bytes, struct error *err);

/* Copies a file of at most 1 MiB from one folder into another. */
enum status folder_copy(const char *from, const char *to, const char *name, struct error *err);

/* Makes what was written into the folder durable. */
enum status folder_sync(const char *path, struct error *err);

#endif
