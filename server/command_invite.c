/* saferd invite: an invitation from the server's console, for when no administrator can get in any more. */
#include "server/command.h"

#include "common/calendar.h"
#include "common/ids.h"
#include "server/folder.h"
#include "server/identity/invitations.h"

#include <stdio.h>
#include <string.h>

/* The partnership whose directory has the person. With one partnership there is no question. */
static enum status only_partnership(struct store *store, struct arena *arena, int64_t *out, struct error *err)
{
	struct partnership *partnerships = NULL;
	size_t count = 0;
	enum status status = store_partnership_list(store, arena, &partnerships, &count, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (count != 1) {
		return error_set(err, STATUS_REFUSED,
				 "the folder holds %zu partnerships, and saferd invite takes one", count);
	}
	*out = partnerships[0].number;
	return STATUS_OK;
}

static enum status invite(struct folder *folder, int64_t person, long hours, char out[INVITATION_TEXT],
			  int64_t *expires_at, struct error *err)
{
	struct store *store = folder->store;
	struct settings *settings = &folder->settings;
	struct arena *arena = arena_new();
	char host[INVITATION_HOST];
	int64_t partnership = 0;
	enum status status = arena ? store_begin(store, err) : error_memory(err);

	if (status != STATUS_OK) {
		arena_free(arena);
		return status;
	}
	snprintf(host, sizeof(host), "%.*s",
		 (int)strcspn(settings->names + strspn(settings->names, " "), " "),
		 settings->names + strspn(settings->names, " "));
	status = only_partnership(store, arena, &partnership, err);
	if (status == STATUS_OK) {
		status = invitation_make(&folder->context, arena, partnership, person, NULL, hours, host,
					 (uint16_t)settings->port, out, expires_at, err);
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

static enum status open_folder(const char *path, struct folder *folder, struct error *err)
{
	enum status status = folder_open(path, FOLDER_WRITE, folder, err);

	if (status == STATUS_REFUSED && err->hint[0] == '\0') {
		error_hint(err, "while the server runs, an administrator invites with: safer invite");
	}
	return status;
}

static enum status run(const struct arguments *arguments, struct error *err)
{
	struct folder folder;
	struct id id;
	char invitation[INVITATION_TEXT];
	char until[TIME_TEXT];
	int64_t expires_at = 0;
	long hours = 0;
	enum status status;

	if (!id_parse(arguments->words[1], strlen(arguments->words[1]), &id) ||
	    strcmp(id.prefix, "PE") != 0) {
		return error_set(err, STATUS_INVALID, "\"%s\" is not the id of a person, such as PE1",
				 arguments->words[1]);
	}
	status = open_folder(arguments->words[0], &folder, err);
	if (status != STATUS_OK) {
		return status;
	}
	status = argument_number(arguments, "hours", 1, 8760, (long)folder.settings.invitation_hours, &hours,
				 err);
	if (status == STATUS_OK) {
		status = invite(&folder, id.number, hours, invitation, &expires_at, err);
	}
	if (status == STATUS_OK) {
		time_format(expires_at, until);
		fprintf(stderr, "An invitation for %s, to be used once and before %s:\n", arguments->words[1],
			until);
		printf("%s\n", invitation);
	}
	folder_close(&folder);
	return status;
}

const struct command command_invite = {
	.name = "invite",
	.words = {"DIR", "PERSON"},
	.options = {{"hours", "N", "how long it may be used (the setting invitation_hours)", false}},
	.help = "invite a person from the server's console, while the server is stopped",
	.text = "Prints an invitation for the person whose record has the id PERSON, such as PE1. For the "
		"day when no\n"
		"administrator can get in any more; it is journalled as made on the console.",
	.run = run,
};
