/* Bytes that are certain, bytes that are not, and chance. Whatever cannot be had here ends the process: it is a test. */
#include "tests/faults/platter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct change {        /* not synced yet */
	uint8_t *data; /* NULL: the file was cut to `at` bytes */
	size_t bytes;
	size_t at;
};

struct platter_file {
	char path[200]; /* "": free */
	bool exists;    /* for certain */
	uint8_t *data;
	size_t length;
	struct change *changes;
	size_t count, room;
};

static struct platter_file files[PLATTER_FILES];

uint64_t draw(uint64_t *seed, uint64_t most)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % most;
}

static void *need(void *memory)
{
	if (!memory) {
		perror("platter");
		abort();
	}
	return memory;
}

/* ---- what happens to files ---- */

static void read_file(struct platter_file *file)
{
	struct stat about;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);

	file->exists = fd >= 0;
	if (fd < 0) {
		return;
	}
	if (fstat(fd, &about) != 0) {
		abort();
	}
	file->length = (size_t)about.st_size;
	file->data = need(malloc(file->length + 1));
	if (pread(fd, file->data, file->length, 0) != (ssize_t)file->length) {
		abort();
	}
	close(fd);
}

static struct platter_file *find(const char *path)
{
	for (size_t i = 0; i < PLATTER_FILES; i++) {
		if (strcmp(files[i].path, path) == 0) {
			return &files[i];
		}
	}
	return NULL;
}

struct platter_file *platter_open(const char *path)
{
	struct platter_file *file = find(path);

	if (!file) {
		file = need(find(""));
		snprintf(file->path, sizeof(file->path), "%s", path);
		read_file(file);
	}
	return file;
}

static struct change *add_change(struct platter_file *file)
{
	if (file->count == file->room) {
		file->room = file->room > 0 ? 2 * file->room : 64;
		file->changes = need(realloc(file->changes, file->room * sizeof(*file->changes)));
	}
	return &file->changes[file->count++];
}

void platter_write(struct platter_file *file, const void *data, size_t bytes, int64_t at)
{
	struct change *change = add_change(file);

	*change = (struct change){need(malloc(bytes + 1)), bytes, (size_t)at};
	memcpy(change->data, data, bytes);
}

void platter_truncate(struct platter_file *file, int64_t bytes)
{
	*add_change(file) = (struct change){NULL, 0, (size_t)bytes};
}

/* Grows with zeroes. */
static void set_length(uint8_t **data, size_t *length, size_t wanted)
{
	*data = need(realloc(*data, wanted + 1));
	if (wanted > *length) {
		memset(*data + *length, 0, wanted - *length);
	}
	*length = wanted;
}

static void apply(const struct change *change, uint8_t **data, size_t *length)
{
	if (!change->data) {
		set_length(data, length, change->at);
		return;
	}
	if (*length < change->at + change->bytes) {
		set_length(data, length, change->at + change->bytes);
	}
	memcpy(*data + change->at, change->data, change->bytes);
}

static void drop_changes(struct platter_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		free(file->changes[i].data);
	}
	file->count = 0;
}

void platter_sync(struct platter_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		apply(&file->changes[i], &file->data, &file->length);
	}
	drop_changes(file);
	file->exists = true;
}

static void forget(struct platter_file *file)
{
	drop_changes(file);
	free(file->changes);
	free(file->data);
	*file = (struct platter_file){.path = ""};
}

void platter_remove(const char *path)
{
	struct platter_file *file = find(path);

	if (file) {
		drop_changes(file);
		file->exists = false;
		file->length = 0;
	}
}

void platter_forget(void)
{
	for (size_t i = 0; i < PLATTER_FILES; i++) {
		forget(&files[i]);
	}
}

size_t platter_unsynced(void)
{
	size_t count = 0;

	for (size_t i = 0; i < PLATTER_FILES; i++) {
		count += files[i].count;
	}
	return count;
}

/* ---- the power goes ---- */

enum mood { NOTHING_MORE, EVERYTHING, ANYTHING, MOOD_COUNT };

/* A sector that did not arrive leaves what stood there, or what the disk had there once. */
static void tear(const struct change *change, uint64_t *seed, uint8_t **data, size_t *length)
{
	size_t end = change->at + change->bytes;

	if (*length < end) {
		set_length(data, length, end);
	}
	for (size_t at = change->at; at < end;) {
		size_t next = (at / PLATTER_SECTOR + 1) * PLATTER_SECTOR;
		size_t bytes = (next < end ? next : end) - at;

		if (draw(seed, 4) != 0) {
			memcpy(*data + at, change->data + (at - change->at), bytes);
		} else if (draw(seed, 4) == 0) {
			memset(*data + at, (int)draw(seed, 256), bytes);
		}
		at += bytes;
	}
}

static void cut_file(const struct platter_file *file, enum mood mood, uint64_t *seed, struct image_file *out)
{
	snprintf(out->name, sizeof(out->name), "%s", strrchr(file->path, '/') + 1);
	out->length = file->length;
	out->data = need(malloc(file->length + 1));
	if (file->length > 0) {
		memcpy(out->data, file->data, file->length);
	}
	for (size_t i = 0; i < file->count && mood != NOTHING_MORE; i++) {
		const struct change *change = &file->changes[i];
		uint64_t fate = mood == EVERYTHING ? 0 : draw(seed, 3);

		if (fate == 0 || (fate == 1 && !change->data)) {
			apply(change, &out->data, &out->length);
		} else if (fate == 1) {
			tear(change, seed, &out->data, &out->length);
		}
	}
}

void platter_cut(uint64_t *seed, struct image *out)
{
	enum mood mood = (enum mood)draw(seed, MOOD_COUNT);

	out->count = 0;
	for (size_t i = 0; i < PLATTER_FILES; i++) {
		const struct platter_file *file = &files[i];

		if (file->path[0] != '\0' &&
		    (file->exists || (file->count > 0 && mood != NOTHING_MORE && draw(seed, 2) == 0))) {
			cut_file(file, mood, seed, &out->files[out->count++]);
		}
	}
}

/* ---- images ---- */

void image_release(struct image *image)
{
	for (size_t i = 0; i < image->count; i++) {
		free(image->files[i].data);
	}
	image->count = 0;
}

static bool put_file(const struct image_file *file, const char *folder)
{
	char path[300];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", folder, file->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	good = fd >= 0 && write(fd, file->data, file->length) == (ssize_t)file->length;
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

bool image_put(const struct image *image, const char *folder)
{
	static const char *const names[] = {"safer.db", "safer.db-wal", "safer.db-shm", "safer.db-journal"};
	char path[300];
	bool good = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	for (size_t i = 0; i < image->count; i++) {
		good = put_file(&image->files[i], folder) && good;
	}
	return good;
}
