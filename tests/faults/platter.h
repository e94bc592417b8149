/* What would be left of a file if the power went now.
 *
 * A platter knows each file as it is for certain (what was synced) and every write since. platter_cut() makes an image
 * of what a real disk may leave behind: what was synced is there; of the rest any part, in any order, torn at any
 * sector, with nothing sure about a file that was never synced, and with what stood there before in the holes. */
#ifndef SAFER_TESTS_FAULTS_PLATTER_H
#define SAFER_TESTS_FAULTS_PLATTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLATTER_SECTOR 512 /* bytes that are written whole or not at all */
#define PLATTER_FILES  8

struct image_file {
	char name[40]; /* in its folder */
	uint8_t *data;
	size_t length;
};

struct image {
	struct image_file files[PLATTER_FILES];
	size_t count;
};

struct platter_file;

/* One of each in a process; not for two threads at a time. */
struct platter_file *platter_open(const char *path); /* as it is on the disk now, when it is new to us */
void platter_write(struct platter_file *file, const void *data, size_t bytes, int64_t at);
void platter_truncate(struct platter_file *file, int64_t bytes);
void platter_sync(struct platter_file *file);
void platter_remove(const char *path);
void platter_forget(void); /* everything */

void platter_cut(uint64_t *seed, struct image *out);
size_t platter_unsynced(void); /* writes */

void image_release(struct image *image);
/* Makes the files of a folder those of the image; what is not in it goes. False when that cannot be done. */
bool image_put(const struct image *image, const char *folder);

/* A number below `most`, the next of its row. */
uint64_t draw(uint64_t *seed, uint64_t most);

#endif
