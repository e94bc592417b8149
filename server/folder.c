/* Files, modes and locks of the data folder, and the order in which its parts are opened. */
#include "server/folder.h"

#include "common/clock.h"
#include "common/log.h"
#include "server/identity/authority.h"
#include "server/policy/policy.h"
#include "server/schema/schema.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST 1048576

enum status folder_join(const char *folder, const char *name, char out[FOLDER_PATH], struct error *err)
{
	int length = snprintf(out, FOLDER_PATH, "%s/%s", folder, name);

	if (length < 0 || length >= FOLDER_PATH) {
		return error_set(err, STATUS_INVALID, "the path of the folder is too long");
	}
	return STATUS_OK;
}

/* ---- making, locking, copying ---- */

static enum status is_empty(const char *path, struct error *err)
{
	DIR *folder = opendir(path);
	struct dirent *entry = NULL;
	enum status status = STATUS_OK;

	if (!folder) {
		return error_set(err, STATUS_FAILED, "the folder %s cannot be read: %s", path,
				 strerror(errno));
	}
	while (status == STATUS_OK && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			status = error_set(err, STATUS_REFUSED, "the folder %s is not empty", path);
			error_hint(err, "name a folder that does not exist yet, or an empty one");
		}
	}
	closedir(folder);
	return status;
}

enum status folder_create(const char *path, bool *made, struct error *err)
{
	enum status status;

	if (mkdir(path, 0700) == 0) {
		*made = true;
		return STATUS_OK;
	}
	if (errno != EEXIST) {
		return error_set(err, STATUS_FAILED, "the folder %s cannot be made: %s", path,
				 strerror(errno));
	}
	status = is_empty(path, err);
	if (status == STATUS_OK && chmod(path, 0700) != 0) {
		status = error_set(err, STATUS_FAILED, "the folder %s cannot be closed to others: %s", path,
				   strerror(errno));
	}
	*made = false;
	return status;
}

enum status folder_lock(const char *path, int *out, struct error *err)
{
	char name[FOLDER_PATH];
	enum status status = folder_join(path, FOLDER_LOCK, name, err);
	int lock;

	if (status != STATUS_OK) {
		return status;
	}
	lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0) {
		return error_set(err, STATUS_FAILED, "%s cannot be opened: %s", name, strerror(errno));
	}
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		status = errno == EWOULDBLOCK ? error_set(err, STATUS_REFUSED,
							  "another saferd is using the folder %s", path)
					      : error_set(err, STATUS_FAILED, "%s cannot be locked: %s", name,
							  strerror(errno));
		close(lock);
		return status;
	}
	*out = lock;
	return STATUS_OK;
}

static enum status write_all(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, data, length);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return STATUS_FAILED;
		}
		data += put;
		length -= (size_t)put;
	}
	return fsync(fd) == 0 ? STATUS_OK : STATUS_FAILED;
}

enum status folder_write(const char *folder, const char *name, struct span bytes, struct error *err)
{
	char path[FOLDER_PATH];
	enum status status = folder_join(folder, name, path, err);
	int fd;

	if (status != STATUS_OK) {
		return status;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, bytes.data, bytes.length) != STATUS_OK) {
		status = error_set(err, STATUS_FAILED, "%s cannot be written: %s", path, strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

static enum status read_file(const char *path, struct buffer *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum status status = STATUS_OK;
	ssize_t got = 1;

	if (fd < 0) {
		return error_set(err, STATUS_FAILED, "%s cannot be read: %s", path, strerror(errno));
	}
	while (status == STATUS_OK && got != 0) {
		uint8_t *room = buffer_reserve(out, 4096);

		got = room ? read(fd, room, 4096) : -1;
		if (got > 0) {
			out->length += (size_t)got;
		} else if (!room) {
			status = error_set(err, STATUS_FAILED, "%s is larger than it should ever be", path);
		} else if (got < 0 && errno != EINTR) {
			status =
				error_set(err, STATUS_FAILED, "%s cannot be read: %s", path, strerror(errno));
		}
	}
	close(fd);
	return status;
}

enum status folder_copy(const char *from, const char *to, const char *name, struct error *err)
{
	char path[FOLDER_PATH];
	struct buffer bytes;
	enum status status = folder_join(from, name, path, err);

	buffer_init(&bytes, FILE_MOST);
	if (status == STATUS_OK) {
		status = read_file(path, &bytes, err);
	}
	if (status == STATUS_OK) {
		status = folder_write(to, name, buffer_span(&bytes), err);
	}
	buffer_release(&bytes);
	return status;
}

enum status folder_sync(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status status = STATUS_OK;

	if (fd < 0 || fsync(fd) != 0) {
		status = error_set(err, STATUS_FAILED, "the folder %s cannot be made durable: %s", path,
				   strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* ---- opening ---- */

static enum status check_folder(const char *path, struct error *err)
{
	struct stat about;
	char settings[FOLDER_PATH];

	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
		error_set(err, STATUS_NOT_FOUND, "there is no folder %s", path);
		return error_hint(err, "saferd init makes one");
	}
	if (about.st_mode & (S_IRWXG | S_IRWXO)) {
		error_set(err, STATUS_REFUSED,
			  "the folder %s is open to others (mode %04o), and it holds keys", path,
			  (unsigned)about.st_mode & 07777);
		return error_hint(err, "chmod 700 %s", path);
	}
	if (folder_join(path, SETTINGS_FILE, settings, err) != STATUS_OK) {
		return STATUS_INVALID;
	}
	if (access(settings, F_OK) != 0) {
		error_set(err, STATUS_NOT_FOUND, "%s is not a data folder of saferd: it holds no %s", path,
			  SETTINGS_FILE);
		return error_hint(err, "saferd init makes one");
	}
	return STATUS_OK;
}

/* A reader may stand beside a running server; without one it holds the lock, so that none starts under its feet. */
static enum status take_lock(struct folder *folder, enum folder_use use, struct error *err)
{
	enum status status = folder_lock(folder->path, &folder->lock, err);

	if (status == STATUS_REFUSED && use == FOLDER_READ) {
		return STATUS_OK;
	}
	return status;
}

static enum status open_keys(struct folder *folder, struct error *err)
{
	uint8_t raw[32];
	size_t length = sizeof(raw);
	enum status status = authority_load(folder->path, &folder->authority, err);

	if (status == STATUS_OK) {
		status = authority_journal_key_load(folder->path, &folder->journal_key, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (EVP_PKEY_get_raw_public_key(folder->journal_key, raw, &length) == 1) {
		folder->journal_public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, length);
	}
	if (!folder->journal_public) {
		return error_set(err, STATUS_FAILED, "%s/%s is not an Ed25519 key", folder->path,
				 JOURNAL_KEY);
	}
	return STATUS_OK;
}

static enum status open_store(struct folder *folder, enum folder_use use, struct error *err)
{
	char path[FOLDER_PATH];
	enum status status = folder_join(folder->path, STORE_FILE, path, err);

	if (status == STATUS_OK) {
		status = store_open(path, use == FOLDER_WRITE ? STORE_WRITER : STORE_READER, &folder->store,
				    err);
	}
	if (status == STATUS_OK && use == FOLDER_WRITE) {
		status = journal_new(folder->journal_key, &folder->journal, err);
	}
	return status;
}

static enum status set_clock(struct folder *folder, struct error *err)
{
	struct arena *arena = arena_new();
	const char *text = NULL;
	enum status status = STATUS_OK;

	if (!arena) {
		return error_memory(err);
	}
	status = store_begin(folder->store, err);
	if (status == STATUS_OK) {
		status = store_fact_get(folder->store, arena, FACT_TRAINING, &text, err);
		store_rollback(folder->store);
	}
	if (status == STATUS_OK && text) {
		clock_set_offset(strtoll(text, NULL, 10));
	}
	arena_free(arena);
	return status;
}

enum status folder_open_reader(const struct folder *folder, struct store **out, struct error *err)
{
	char path[FOLDER_PATH];
	enum status status = folder_join(folder->path, STORE_FILE, path, err);

	return status == STATUS_OK ? store_open(path, STORE_READER, out, err) : status;
}

enum status folder_open(const char *path, enum folder_use use, struct folder *out, struct error *err)
{
	char settings[FOLDER_PATH];
	enum status status = check_folder(path, err);

	memset(out, 0, sizeof(*out));
	out->lock = -1;
	if (status == STATUS_OK) {
		snprintf(out->path, sizeof(out->path), "%s", path);
		status = take_lock(out, use, err);
	}
	if (status == STATUS_OK) {
		status = folder_join(path, SETTINGS_FILE, settings, err);
	}
	if (status == STATUS_OK) {
		status = settings_read(settings, &out->settings, err);
	}
	if (status == STATUS_OK) {
		status = schema_build(err);
	}
	if (status == STATUS_OK) {
		status = policy_build(schema_server(), err);
	}
	if (status == STATUS_OK) {
		status = open_keys(out, err);
	}
	if (status == STATUS_OK) {
		status = open_store(out, use, err);
	}
	if (status == STATUS_OK) {
		status = set_clock(out, err);
	}
	if (status != STATUS_OK) {
		folder_close(out);
		return status;
	}
	out->context = (struct context){
		.store = out->store,
		.journal = out->journal,
		.authority = out->authority,
		.schema = schema_server(),
		.settings = &out->settings,
		.limits = &out->settings.limits,
		.journal_public = out->journal_public,
		.port = (uint16_t)out->settings.port,
	};
	return STATUS_OK;
}

void folder_close(struct folder *folder)
{
	journal_free(folder->journal);
	store_close(folder->store);
	EVP_PKEY_free(folder->journal_public);
	EVP_PKEY_free(folder->journal_key);
	authority_free(folder->authority);
	if (folder->lock >= 0) {
		close(folder->lock);
	}
	memset(folder, 0, sizeof(*folder));
	folder->lock = -1;
}
