/* Where output goes and how. Reads the environment that people set for such things. */
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static size_t terminal_columns(void)
{
	struct winsize size;
	const char *said = getenv("COLUMNS");
	int64_t columns = 0;

	if (said && number_parse(said, 20, 10000, &columns)) {
		return (size_t)columns;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
		return size.ws_col;
	}
	return 80;
}

enum status output_init(struct output *output, const struct arguments *arguments, struct error *err)
{
	static const struct {
		enum flag flag;
		enum output_mode mode;
	} modes[] = {{FLAG_JSON, OUTPUT_JSON}, {FLAG_CSV, OUTPUT_CSV}, {FLAG_PLAIN, OUTPUT_PLAIN}};
	const char *terminal = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	int asked = 0;

	*output = (struct output){.mode = OUTPUT_TABLE, .file = stdout, .terminal = isatty(STDOUT_FILENO)};
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (arguments_have(arguments, modes[i].flag)) {
			output->mode = modes[i].mode;
			asked++;
		}
	}
	if (asked > 1) {
		return error_set(err, STATUS_INVALID, "--json, --csv and --plain exclude each other");
	}
	/* The locale of the terminal is looked at once; from then on text is UTF-8 everywhere. */
	(void)setlocale(LC_CTYPE, "");
	output->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	output->bold = output->terminal && output->mode == OUTPUT_TABLE && !(no_colour && *no_colour) &&
		       terminal && strcmp(terminal, "dumb") != 0 &&
		       !arguments_have(arguments, FLAG_NO_COLOUR) &&
		       !arguments_have(arguments, FLAG_NO_COLOR);
	output->columns = output->terminal ? terminal_columns() : 0;
	return STATUS_OK;
}

static const char *pager_command(void)
{
	const char *pager = getenv("SAFER_PAGER");

	if (!pager) {
		pager = getenv("PAGER");
	}
	if (!pager) {
		pager = "less -FIRX";
	}
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

void output_page(struct output *output)
{
	const char *command = pager_command();
	const char *terminal = getenv("TERM");
	posix_spawn_file_actions_t actions;
	int ends[2] = {-1, -1};
	FILE *file = NULL;
	pid_t pid = 0;

	if (!output->terminal || output->mode != OUTPUT_TABLE || output->pager || !command || !terminal ||
	    strcmp(terminal, "dumb") == 0) {
		return;
	}
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return;
	}
	if (posix_spawn_file_actions_init(&actions) != 0) {
		goto out;
	}
	if (posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO) == 0) {
		char shell[] = "sh";
		char option[] = "-c";
		char *copy = strdup(command);
		char *const words[] = {shell, option, copy, NULL};

		if (copy && (file = fdopen(ends[1], "w")) &&
		    posix_spawn(&pid, "/bin/sh", &actions, NULL, words, environ) == 0) {
			output->file = file;
			output->pager = pid;
			ends[1] = -1;
			file = NULL;
		}
		free(copy);
	}
	posix_spawn_file_actions_destroy(&actions);
out:
	if (file) {
		(void)fclose(file);
		ends[1] = -1;
	}
	for (size_t i = 0; i < 2; i++) {
		if (ends[i] >= 0) {
			close(ends[i]);
		}
	}
}

bool output_abandoned(struct output *output)
{
	struct pollfd end = {.fd = fileno(output->file), .events = POLLOUT};

	output->abandoned = output->abandoned || (poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0);
	return output->abandoned;
}

enum status output_finish(struct output *output, bool *closed, struct error *err)
{
	int answer = 0;
	int why = 0;

	errno = 0;
	answer = fflush(output->file);
	why = errno;
	if (ferror(output->file) && answer == 0) {
		answer = EOF;
	}
	/* A write long before the end may have met it: the error is remembered, its reason is not. */
	*closed = output->abandoned || (answer != 0 && (why == EPIPE || output_abandoned(output)));
	if (output->pager) {
		(void)fclose(output->file);
		output->file = stdout;
		while (waitpid(output->pager, NULL, 0) < 0 && errno == EINTR) {
		}
		output->pager = 0;
		*closed = false; /* leaving the pager early is what pagers are for */
		return STATUS_OK;
	}
	if (answer != 0 && !*closed) {
		return error_set(err, STATUS_FAILED, "the output could not be written: %s",
				 why ? strerror(why) : "an earlier write failed");
	}
	return STATUS_OK;
}

const char *output_bold(const struct output *output)
{
	return output->bold ? "\033[1m" : "";
}

const char *output_plain(const struct output *output)
{
	return output->bold ? "\033[0m" : "";
}
