/* A disk that is full while a file exists: loaded before the C library (LD_PRELOAD), it has every write to a regular
 * file fail with ENOSPC as long as there is a file of the name in SAFER_FULL_DISK. Nothing of Safer is replaced, and
 * no privilege is needed to make or unmake the lack of room. The log, which is a regular file here, is let through. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t (*write_function)(int fd, const void *data, size_t length);
typedef ssize_t (*pwrite_function)(int fd, const void *data, size_t length, off_t at);

static bool is_full(int fd)
{
	const char *mark = getenv("SAFER_FULL_DISK");
	int error = errno;
	struct stat about;
	bool full = mark != NULL && fd > STDERR_FILENO && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
		    access(mark, F_OK) == 0;

	errno = full ? ENOSPC : error;
	return full;
}

/* A function of the C library. ISO C knows no way from an object's pointer to a function's. */
static void find(const char *name, void *out)
{
	void *found = dlsym(RTLD_NEXT, name);

	*(void **)out = found;
}

ssize_t write(int fd, const void *data, size_t length)
{
	write_function real = NULL;

	find("write", &real);
	return is_full(fd) ? -1 : real(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
	pwrite_function real = NULL;

	find("pwrite", &real);
	return is_full(fd) ? -1 : real(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at)
{
	pwrite_function real = NULL;

	find("pwrite64", &real);
	return is_full(fd) ? -1 : real(fd, data, length, at);
}
