/* Gives a target every file of the folders and files that are named, and says how many there were. What stands in for
 * libFuzzer where a compiler has none. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 4096

/* In memory of exactly its size, so that a sanitizer sees the first byte too many. */
static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat about;
	uint8_t *data = NULL;
	bool good = false;

	if (!file || fstat(fileno(file), &about) != 0) {
		goto out;
	}
	data = malloc(about.st_size > 0 ? (size_t)about.st_size : 1);
	if (data && fread(data, 1, (size_t)about.st_size, file) == (size_t)about.st_size) {
		LLVMFuzzerTestOneInput(data, (size_t)about.st_size);
		good = true;
	}
out:
	if (file) {
		fclose(file);
	}
	free(data);
	return good;
}

static bool replay_folder(const char *path, size_t *count)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char name[PATH_BYTES];
	bool good = folder != NULL;

	while (folder && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (!replay_file(name)) {
			fprintf(stderr, "%s cannot be read\n", name);
			good = false;
		}
		(*count)++;
	}
	if (folder) {
		closedir(folder);
	}
	return good;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	bool good = argc > 1;

	for (int i = 1; i < argc; i++) {
		struct stat about;

		if (stat(argv[i], &about) == 0 && !S_ISDIR(about.st_mode)) {
			good = replay_file(argv[i]) && good;
			count++;
		} else {
			good = replay_folder(argv[i], &count) && good;
		}
	}
	printf("%zu inputs\n", count);
	return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
