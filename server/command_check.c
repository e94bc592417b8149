/* saferd check: is everything as it was left? */
#include "server/command.h"

#include "server/inspect.h"

static enum status run(const struct arguments *arguments, struct error *err)
{
	struct folder folder;
	enum status status = folder_open(arguments->words[0], FOLDER_READ, &folder, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = inspect_folder(&folder, argument(arguments, "quick") != NULL, err);
	folder_close(&folder);
	return status;
}

const struct command command_check = {
	.name = "check",
	.words = {"DIR"},
	.options = {{"quick", NULL, "the structure of the store only, not every entry of the journal",
		     false}},
	.help = "check the store and every entry of the journals",
	.text = "Reads everything in the folder DIR again: the store's structure, each entry of the journals "
		"against\n"
		"the signed head, each version and value against its entry. Works beside a running server.\n"
		"Ends with 9 when anything does not check out.",
	.run = run,
};
