/* Files of the client. Nothing here knows what the files mean. */
#include "client/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *variable;
	const char *fallback; /* below HOME */
} folders[] = {
	[FOLDER_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
	[FOLDER_STATE] = {"XDG_STATE_HOME", ".local/state"},
	[FOLDER_CACHE] = {"XDG_CACHE_HOME", ".cache"},
};

enum status folder_path(struct arena *arena, enum folder folder, char **out, struct error *err)
{
	const char *base = getenv(folders[folder].variable);
	const char *home = getenv("HOME");

	/* The specification says to ignore a relative path. */
	if (base && base[0] == '/') {
		*out = arena_printf(arena, "%s/safer", base);
	} else if (home && home[0] == '/') {
		*out = arena_printf(arena, "%s/%s/safer", home, folders[folder].fallback);
	} else {
		error_set(err, STATUS_FAILED, "the environment has no HOME, so there is no place for files");
		return error_hint(err, "set HOME, or %s, to a folder of yours", folders[folder].variable);
	}
	return *out ? STATUS_OK : error_memory(err);
}

enum status folder_make(const char *path, struct error *err)
{
	enum status status = STATUS_OK;
	char *copy = strdup(path);

	if (!copy) {
		return error_memory(err);
	}
	for (char *at = copy + 1; status == STATUS_OK; at++) {
		char was = *at;

		if (was != '/' && was != 0) {
			continue;
		}
		*at = 0;
		if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
			status = error_set(err, STATUS_FAILED, "cannot make the folder %s: %s", copy,
					   strerror(errno));
		}
		*at = was;
		if (was == 0) {
			break;
		}
	}
	free(copy);
	return status;
}

static bool write_all(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t wrote = write(fd, data, length);

		if (wrote < 0 && errno == EINTR) {
			continue;
		}
		if (wrote <= 0) {
			return false;
		}
		data += wrote;
		length -= (size_t)wrote;
	}
	return true;
}

/* So that the new name survives a crash too. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

enum status file_write(const char *path, const void *data, size_t length, unsigned mode, struct error *err)
{
	enum status status = STATUS_OK;
	size_t room = strlen(path) + 8;
	char *temporary = malloc(room);
	int fd = -1;

	if (!temporary) {
		return error_memory(err);
	}
	(void)snprintf(temporary, room, "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		status = error_set(err, STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
		goto out;
	}
	if (fchmod(fd, mode) != 0 || !write_all(fd, data, length) || fsync(fd) != 0 ||
	    rename(temporary, path) != 0) {
		status = error_set(err, STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
		(void)unlink(temporary);
		goto out;
	}
	sync_folder(path);
out:
	if (fd >= 0) {
		close(fd);
	}
	free(temporary);
	return status;
}

enum status file_read(const char *path, struct buffer *out, struct error *err)
{
	enum status status = STATUS_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return error_set(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FAILED,
				 "cannot read %s: %s", path, strerror(errno));
	}
	for (;;) {
		uint8_t piece[16384];
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			status = error_set(err, STATUS_FAILED, "cannot read %s: %s", path, strerror(errno));
			break;
		}
		if (got == 0) {
			break;
		}
		if (!buffer_append(out, piece, (size_t)got)) {
			status = error_set(err, STATUS_FAILED, "%s is longer than %zu bytes", path,
					   out->limit);
			break;
		}
	}
	close(fd);
	return status;
}

enum status file_check_private(const char *path, struct error *err)
{
	struct stat info;

	if (stat(path, &info) != 0) {
		return error_set(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FAILED,
				 "cannot look at %s: %s", path, strerror(errno));
	}
	if (info.st_uid != geteuid()) {
		error_set(err, STATUS_UNVERIFIED, "%s belongs to another user of this machine", path);
		return error_hint(err, "enrol again under your own user, with a new invitation");
	}
	if (info.st_mode & 077) {
		error_set(err, STATUS_UNVERIFIED,
			  "%s can be used by other users of this machine (its mode is %04o)", path,
			  (unsigned)(info.st_mode & 07777));
		return error_hint(err, "if nobody can have copied it: chmod %s '%s'; otherwise enrol again",
				  S_ISDIR(info.st_mode) ? "700" : "600", path);
	}
	return STATUS_OK;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

enum status file_lock(const char *path, bool wait, int *fd, struct error *err)
{
	int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	*fd = -1;
	if (opened < 0) {
		return error_set(err, STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	while (flock(opened, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
		int why = errno;

		if (why == EINTR) {
			continue;
		}
		close(opened);
		if (why == EWOULDBLOCK) {
			return STATUS_OK;
		}
		return error_set(err, STATUS_FAILED, "cannot lock %s: %s", path, strerror(why));
	}
	*fd = opened;
	return STATUS_OK;
}
