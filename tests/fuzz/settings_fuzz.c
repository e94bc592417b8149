/* A settings file: read or refused with the line that is wrong; what was read can be written and read as the same. */
#include "server/settings.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file that lives in memory only. */
static enum status read_bytes(const void *data, size_t size, struct settings *out, struct error *err)
{
	char path[64];
	enum status status;
	int fd = memfd_create("settings", MFD_CLOEXEC);

	fuzz_require(fd >= 0);
	fuzz_require(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = settings_read(path, out, err);
	close(fd);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings;
	struct settings again;
	struct error err = ERROR_INIT;
	struct buffer text;

	buffer_init(&text, FUZZ_BYTES);
	memset(&settings, 0, sizeof(settings));
	memset(&again, 0, sizeof(again));
	if (read_bytes(data, size, &settings, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		goto out;
	}
	settings_write(&settings, &text);
	fuzz_require(!text.failed);
	fuzz_require(read_bytes(text.data, text.length, &again, &err) == STATUS_OK);
	fuzz_require(strcmp(settings.names, again.names) == 0 && strcmp(settings.listen, again.listen) == 0);
	fuzz_require(settings.port == again.port);
	fuzz_require(memcmp(&settings.limits, &again.limits, sizeof(settings.limits)) == 0);
out:
	buffer_release(&text);
	return 0;
}
