/* saferd init: make the data folder of a new partnership, and the invitation of its first administrator. */
#include "server/command.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/text.h"
#include "server/folder.h"
#include "server/identity/authority.h"
#include "server/identity/founding.h"
#include "protocol/version.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MOST 200 /* bytes of a partnership's or a person's name */
#define SLUG_MOST 48
#define HOST_MOST 56

struct plan {
	const char *folder;
	const char *partnership;
	const char *administrator;
	char host[INVITATION_HOST]; /* the first of the names: where clients are sent */
	char origin[CHECKPOINT_ORIGIN];
	struct settings settings;
	int64_t offset; /* of the partnership's clock; 0 no training */
};

/* ---- what is wanted ---- */

static enum status take_name(const struct arguments *arguments, const char *option, const char **out,
			     struct error *err)
{
	const char *name = argument(arguments, option);

	if (name[0] == '\0' || strlen(name) > NAME_MOST || !text_is_clean(name, strlen(name), false)) {
		return error_set(err, STATUS_INVALID, "--%s takes one line of at most %d bytes of UTF-8",
				 option, NAME_MOST);
	}
	*out = name;
	return STATUS_OK;
}

static enum status copy_setting(const struct arguments *arguments, const char *option, char out[SETTING_TEXT],
				struct error *err)
{
	const char *value = argument(arguments, option);

	if (!value) {
		return STATUS_OK;
	}
	if (strlen(value) >= SETTING_TEXT || !text_is_clean(value, strlen(value), false)) {
		return error_set(err, STATUS_INVALID, "--%s takes one line of at most %d bytes", option,
				 SETTING_TEXT - 1);
	}
	snprintf(out, SETTING_TEXT, "%s", value);
	return STATUS_OK;
}

/* A port that nobody uses at the moment: the invitation has to name one. */
static enum status free_port(int64_t *out, struct error *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum status status = STATUS_OK;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
		status = error_set(err, STATUS_FAILED, "there is no free port to be had");
	} else {
		*out = ntohs(address.sin_port);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

static enum status take_training(const struct arguments *arguments, struct plan *plan, struct error *err)
{
	const char *text = argument(arguments, "training");
	day_t day = 0;

	if (!text) {
		return STATUS_OK;
	}
	if (!date_parse(text, strlen(text), &day)) {
		return error_set(err, STATUS_INVALID, "--training %s: it takes a date such as 2014-06-02",
				 text);
	}
	plan->offset = time_of_day(day) - clock_machine();
	return STATUS_OK;
}

/* "safer.example/south-area-csp-1f2e3d4c": no two journals may have the same name, and no name may be changed later. */
static enum status make_origin(struct plan *plan, struct error *err)
{
	char slug[SLUG_MOST + 1] = "";
	char random[9];
	uint8_t bytes[4];
	size_t length = 0;

	for (const char *at = plan->partnership; *at && length < SLUG_MOST; at++) {
		if (isascii((unsigned char)*at) && isalnum((unsigned char)*at)) {
			slug[length++] = (char)tolower((unsigned char)*at);
		} else if (length > 0 && slug[length - 1] != '-') {
			slug[length++] = '-';
		}
	}
	if (!random_bytes(bytes, sizeof(bytes))) {
		return error_set(err, STATUS_FAILED, "the machine has no randomness to give");
	}
	hex_format(bytes, sizeof(bytes), random);
	snprintf(plan->origin, sizeof(plan->origin), "%.*s/%s%s%s", HOST_MOST, plan->host, slug,
		 length > 0 && slug[length - 1] != '-' ? "-" : "", random);
	return STATUS_OK;
}

static enum status make_plan(const struct arguments *arguments, struct plan *plan, struct error *err)
{
	long port = 0;
	const char *first;
	enum status status;

	plan->folder = arguments->words[0];
	settings_default(&plan->settings);
	status = take_name(arguments, "partnership", &plan->partnership, err);
	if (status == STATUS_OK) {
		status = take_name(arguments, "administrator", &plan->administrator, err);
	}
	if (status == STATUS_OK) {
		status = copy_setting(arguments, "names", plan->settings.names, err);
	}
	if (status == STATUS_OK) {
		status = copy_setting(arguments, "listen", plan->settings.listen, err);
	}
	if (status == STATUS_OK) {
		status = argument_number(arguments, "port", 0, 65535, DEFAULT_PORT, &port, err);
	}
	plan->settings.port = port;
	if (status == STATUS_OK && port == 0) {
		status = free_port(&plan->settings.port, err);
	}
	if (status == STATUS_OK) {
		status = take_training(arguments, plan, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	first = plan->settings.names + strspn(plan->settings.names, " ");
	if (strcspn(first, " ") == 0 || strcspn(first, " ") >= sizeof(plan->host)) {
		return error_set(err, STATUS_INVALID, "--names: its first name must have 1 to %zu bytes",
				 sizeof(plan->host) - 1);
	}
	snprintf(plan->host, sizeof(plan->host), "%.*s", (int)strcspn(first, " "), first);
	return make_origin(plan, err);
}

/* ---- making it ---- */

static enum status write_settings(const struct plan *plan, struct error *err)
{
	struct buffer text;
	char path[FOLDER_PATH];
	struct settings again;
	enum status status = STATUS_OK;

	buffer_init(&text, 65536);
	settings_write(&plan->settings, &text);
	if (text.failed) {
		status = error_memory(err);
	} else {
		status = folder_write(plan->folder, SETTINGS_FILE, buffer_span(&text), err);
	}
	buffer_release(&text);
	if (status == STATUS_OK) {
		status = folder_join(plan->folder, SETTINGS_FILE, path, err);
	}
	return status == STATUS_OK ? settings_read(path, &again, err) : status;
}

static enum status make_files(const struct plan *plan, struct error *err)
{
	struct authority *authority = NULL;
	char path[FOLDER_PATH];
	enum status status = write_settings(plan, err);

	if (status == STATUS_OK) {
		status = authority_create(plan->folder, plan->partnership, err);
	}
	if (status == STATUS_OK) {
		status = authority_load(plan->folder, &authority, err);
	}
	if (status == STATUS_OK) {
		status = authority_server_certificate(authority, plan->folder, plan->settings.names, err);
	}
	if (status == STATUS_OK) {
		status = authority_journal_key_create(plan->folder, err);
	}
	if (status == STATUS_OK) {
		status = folder_join(plan->folder, STORE_FILE, path, err);
	}
	if (status == STATUS_OK) {
		status = store_create(path, err);
	}
	authority_free(authority);
	return status;
}

static enum status write_training(const struct plan *plan, struct store *store, struct error *err)
{
	char text[24];

	if (plan->offset == 0) {
		return STATUS_OK;
	}
	clock_set_offset(plan->offset);
	snprintf(text, sizeof(text), "%" PRId64, plan->offset);
	return store_fact_put(store, FACT_TRAINING, text, err);
}

static enum status found(const struct plan *plan, struct folder *folder, char invitation[INVITATION_TEXT],
			 struct error *err)
{
	struct store *store = folder->store;
	struct arena *arena = arena_new();
	enum status status = arena ? store_begin(store, err) : error_memory(err);

	if (status != STATUS_OK) {
		arena_free(arena);
		return status;
	}
	status = write_training(plan, store, err);
	if (status == STATUS_OK) {
		status = founding_make(&folder->context, arena, plan->partnership, plan->origin,
				       plan->administrator, plan->host, (uint16_t)plan->settings.port,
				       invitation, err);
	}
	if (status == STATUS_OK) {
		status = journal_seal(folder->journal, store, err);
	}
	if (status == STATUS_OK) {
		status = store_commit(store, err);
	} else {
		store_rollback(store);
	}
	arena_free(arena);
	return status;
}

/* Half a folder is of no use to anyone: what was begun is taken away again. */
static void unmake(const struct plan *plan, bool made)
{
	static const char *const files[] = {
		SETTINGS_FILE, AUTHORITY_KEY, AUTHORITY_CERT,    SERVER_KEY,        SERVER_CERT,
		JOURNAL_KEY,   STORE_FILE,    STORE_FILE "-wal", STORE_FILE "-shm", FOLDER_LOCK};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[FOLDER_PATH];

		if (folder_join(plan->folder, files[i], path, NULL) == STATUS_OK) {
			unlink(path);
		}
	}
	if (made) {
		rmdir(plan->folder);
	}
}

static enum status print_made(const struct plan *plan, const struct folder *folder, const char *invitation,
			      struct error *err)
{
	char key[CHECKPOINT_KEY];
	char today[DATE_TEXT];
	enum status status = checkpoint_key(plan->origin, folder->journal_public, key, err);

	if (status != STATUS_OK) {
		return status;
	}
	fprintf(stderr, "Made %s in %s.\n", plan->partnership, plan->folder);
	if (plan->offset != 0) {
		date_format(day_of_time(clock_now()), today);
		fprintf(stderr, "It is for training: for the partnership, today is %s.\n", today);
	}
	fprintf(stderr,
		"\nThe key that its journal is checked with; every partner should have it on paper:\n  %s\n"
		"\nStart the server with\n  saferd run %s\n"
		"and within %" PRId64 " hours let %s, its administrator, run\n  safer enrol INVITATION\n"
		"with this invitation, which works once and is shown only now:\n",
		key, plan->folder, plan->settings.invitation_hours, plan->administrator);
	printf("%s\n", invitation);
	return STATUS_OK;
}

static enum status run(const struct arguments *arguments, struct error *err)
{
	struct plan plan = {.folder = NULL};
	struct folder folder = {.lock = -1};
	char invitation[INVITATION_TEXT] = "";
	bool made = false;
	enum status status = make_plan(arguments, &plan, err);

	if (status == STATUS_OK) {
		status = folder_create(plan.folder, &made, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	status = make_files(&plan, err);
	if (status == STATUS_OK) {
		status = folder_open(plan.folder, FOLDER_WRITE, &folder, err);
	}
	if (status == STATUS_OK) {
		status = found(&plan, &folder, invitation, err);
		if (status == STATUS_OK) {
			status = folder_sync(plan.folder, err);
		}
		if (status == STATUS_OK) {
			status = print_made(&plan, &folder, invitation, err);
		}
		folder_close(&folder);
	}
	if (status != STATUS_OK) {
		unmake(&plan, made);
	}
	return status;
}

const struct command command_init = {
	.name = "init",
	.words = {"DIR"},
	.options = {{"partnership", "NAME", "what the partnership is called", true},
		    {"administrator", "NAME", "the person who will look after accounts; sees no plan data",
		     true},
		    {"names", "\"NAME ...\"",
		     "names and addresses of this server; the first goes into invitations", false},
		    {"listen", "ADDRESS",
		     "address to listen on (127.0.0.1; 0.0.0.0 or :: for every interface)", false},
		    {"port", "N", "port to listen on (7443; 0 takes a free one)", false},
		    {"training", "DATE", "make a folder for training, in which the partnership's day is DATE",
		     false}},
	.help = "make the data folder of a new partnership",
	.text = "Makes the folder DIR with the settings, the keys and the store of a new partnership, and "
		"prints the\n"
		"invitation of its first administrator, which is shown only this once.",
	.run = run,
};
