/* Files of the client: found in the XDG folders, written whole or not at all, read only when their mode is safe. */
#ifndef SAFER_CLIENT_FILES_H
#define SAFER_CLIENT_FILES_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

enum folder { FOLDER_CONFIG, FOLDER_STATE, FOLDER_CACHE };

/* "$XDG_CONFIG_HOME/safer" and so on, with the defaults of the XDG Base Directory Specification. In the arena. */
enum status folder_path(struct arena *arena, enum folder folder, char **out, struct error *err);

/* Makes a folder and what is missing above it, with mode 0700. */
enum status folder_make(const char *path, struct error *err);

/* Writes to a new file beside it, syncs, and renames: readers see the old or the new contents, never a mixture. */
enum status file_write(const char *path, const void *data, size_t length, unsigned mode, struct error *err);

/* Reads the whole file into the buffer (up to its limit). STATUS_NOT_FOUND when there is none. */
enum status file_read(const char *path, struct buffer *out, struct error *err);

/* STATUS_UNVERIFIED unless path belongs to us and gives nobody else any right; says which chmod puts it right. */
enum status file_check_private(const char *path, struct error *err);

bool file_exists(const char *path);

/* Takes an exclusive lock on a file, made when missing; waits for it unless `wait` is false. *fd is -1 when somebody
 * else has it. Closing fd gives it back. */
enum status file_lock(const char *path, bool wait, int *fd, struct error *err);

#endif
