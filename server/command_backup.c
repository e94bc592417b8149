/* saferd backup and saferd restore: the folder of a server, copied and proved to be whole. */
#include "server/command.h"

#include "server/identity/authority.h"
#include "server/inspect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Everything of a folder but its store. */
static const char *const files[] = {SETTINGS_FILE, AUTHORITY_KEY, AUTHORITY_CERT,
				    SERVER_KEY,    SERVER_CERT,   JOURNAL_KEY};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

/* Opens the copy like any other folder and checks all of it. */
static enum status check_copy(const char *path, bool heads, struct error *err)
{
	struct folder folder;
	enum status status = folder_open(path, FOLDER_READ, &folder, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = inspect_folder(&folder, false, err);
	if (status == STATUS_OK && heads) {
		status = inspect_heads(&folder, err);
	}
	folder_close(&folder);
	return status;
}

static enum status copy_folder(struct folder *from, const char *to, struct error *err)
{
	char path[FOLDER_PATH];
	enum status status = folder_join(to, STORE_FILE, path, err);

	for (size_t i = 0; status == STATUS_OK && i < FILE_COUNT; i++) {
		status = folder_copy(from->path, to, files[i], err);
	}
	if (status == STATUS_OK) {
		status = store_backup(from->store, path, err);
	}
	if (status == STATUS_OK) {
		status = folder_sync(to, err);
	}
	return status;
}

/* What a failed copy left is taken away: nobody shall mistake it for a backup. */
static void remove_copy(const char *to, bool made)
{
	static const char *const others[] = {STORE_FILE, STORE_FILE "-wal", STORE_FILE "-shm", FOLDER_LOCK};
	char path[FOLDER_PATH];

	for (size_t i = 0; i < FILE_COUNT + sizeof(others) / sizeof(others[0]); i++) {
		if (folder_join(to, i < FILE_COUNT ? files[i] : others[i - FILE_COUNT], path, NULL) ==
		    STATUS_OK) {
			unlink(path);
		}
	}
	if (made) {
		rmdir(to);
	}
}

static enum status copy_and_check(const char *from, const char *to, bool heads, struct error *err)
{
	struct folder folder;
	bool made = false;
	enum status status = folder_open(from, FOLDER_READ, &folder, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = folder_create(to, &made, err);
	if (status != STATUS_OK) {
		folder_close(&folder);
		return status;
	}
	status = copy_folder(&folder, to, err);
	folder_close(&folder);
	if (status == STATUS_OK) {
		status = check_copy(to, heads, err);
	}
	if (status != STATUS_OK) {
		remove_copy(to, made);
	}
	return status;
}

static enum status run_backup(const struct arguments *arguments, struct error *err)
{
	enum status status = copy_and_check(arguments->words[0], arguments->words[1], true, err);

	if (status == STATUS_OK) {
		printf("\nThe backup is in %s. It holds the server's keys: keep it as safe as the server.\n",
		       arguments->words[1]);
	}
	return status;
}

static enum status run_restore(const struct arguments *arguments, struct error *err)
{
	enum status status = copy_and_check(arguments->words[0], arguments->words[1], true, err);

	if (status == STATUS_OK) {
		printf("\nRestored into %s. Compare the heads above with the newest that your partners hold: "
		       "entries\n"
		       "that were made after the backup are gone, and their clients will say so.\n",
		       arguments->words[1]);
	}
	return status;
}

const struct command command_backup = {
	.name = "backup",
	.words = {"DIR", "TO"},
	.help = "copy a data folder, also of a running server, and check the copy",
	.text = "Copies the store, the keys and the settings of the folder DIR into the new folder TO, as "
		"they are at\n"
		"one moment, and checks the copy as saferd check does. Works beside a running server.",
	.run = run_backup,
};

const struct command command_restore = {
	.name = "restore",
	.words = {"FROM", "DIR"},
	.help = "make a data folder of a backup, and check it",
	.text = "Copies the backup FROM into the folder DIR, which must not exist or be empty, checks all of "
		"it, and\n"
		"prints the signed heads of its journals.",
	.run = run_restore,
};
