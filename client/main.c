/* safer: finds the command's row, runs it, and turns its status into the exit code. */
#include "client/commands.h"
#include "client/completion.h"
#include "client/console.h"
#include "client/renewal.h"
#include "protocol/version.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static enum status run(struct client *client, struct error *err)
{
	const struct command_row *row = NULL;
	enum status status;

	if (arguments_have(client->arguments, FLAG_VERSION)) {
		(void)fprintf(client->output.file, "safer %s, protocol %d\n", SAFER_VERSION,
			      PROTOCOL_VERSION);
		return STATUS_OK;
	}
	if (arguments_have(client->arguments, FLAG_HELP) && client->arguments->word_count == 0) {
		return command_help(client, err);
	}
	status = command_find(client, &row, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (arguments_have(client->arguments, FLAG_HELP)) {
		return command_help_row(client, row, err);
	}
	status = command_check(client, row, err);
	if (status == STATUS_OK) {
		status = row->run(client, err);
	}
	return status;
}

/* Ends as programs do that a signal ends: SIGPIPE when the reader went away, as in `safer action list | head -1`; SIGTERM
 * so that a supervisor sees that it did as it was told. */
static void end_by(int number)
{
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct arguments arguments = {0};
	struct client client = {0};
	struct arena *words = arena_new();
	enum status status;
	bool closed = false;

	if (argc > 1 && strcmp(argv[1], "__complete") == 0) {
		arena_free(words);
		return completion_answer(argc - 2, argv + 2);
	}
	(void)signal(SIGPIPE, SIG_IGN); /* a write to a closed connection must come back as an error */
	console_catch_interrupt();
	status = words ? arguments_parse(words, argc, argv, &arguments, &err) : error_memory(&err);
	if (status == STATUS_OK) {
		status = client_init(&client, &arguments, &err);
	}
	if (status == STATUS_OK) {
		status = run(&client, &err);
	}
	if (client.output.file) {
		struct error late = ERROR_INIT;
		enum status finish = output_finish(&client.output, &closed, &late);

		if (status == STATUS_OK && finish != STATUS_OK) {
			err = late;
			status = finish;
		}
	}
	if (status == STATUS_OK) {
		renewal_when_due(&client);
	} else {
		client_complain(&client, &err);
	}
	client_release(&client);
	arena_free(words);
	if (closed) {
		end_by(SIGPIPE);
	}
	if (status == STATUS_INTERRUPTED && console_signal() == SIGTERM) {
		end_by(SIGTERM);
	}
	return status_exit_code(status);
}
