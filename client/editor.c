/* Starting an editor, as git does it: by the shell, so that the variable may hold arguments. */
#include "client/editor.h"

#include "client/console.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* NULL when the environment names none. */
static const char *named_editor(void)
{
	static const char *const variables[] = {"SAFER_EDITOR", "VISUAL", "EDITOR"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *editor = getenv(variables[i]);

		if (editor && *editor) {
			return editor;
		}
	}
	return NULL;
}

enum status editor_check(const struct client *client, struct error *err)
{
	if (arguments_have(client->arguments, FLAG_NO_INPUT)) {
		error_set(err, STATUS_INVALID, "an editor is input, and --no-input was given");
		return error_hint(err, "use \"set\" or \"add\" with field=value");
	}
	if (!console_can_ask(client) && !named_editor()) {
		error_set(err, STATUS_INVALID, "there is no terminal here to open an editor on");
		return error_hint(
			err, "use \"set\" or \"add\" with field=value, or name an editor in SAFER_EDITOR");
	}
	return STATUS_OK;
}

/* Whether the program of a command takes "+LINE" before the file. */
static bool takes_line(const char *command)
{
	static const char *const known[] = {"vi",    "vim",         "vim.tiny", "vim.basic", "vim.nox",
					    "nvim",  "ex",          "nano",     "rnano",     "pico",
					    "emacs", "emacsclient", "joe",      "jed",       "jove",
					    "mg",    "ne",          "micro",    "kak",       "mcedit"};
	size_t length = strcspn(command, " \t");
	size_t name = length;

	while (name > 0 && command[name - 1] != '/') {
		name--;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == length - name &&
		    strncmp(known[i], command + name, length - name) == 0) {
			return true;
		}
	}
	return false;
}

/* The editor gets signals as usual; our own way of taking them is not for it. */
static enum status start(const char *command, const char *path, size_t line, pid_t *pid, struct error *err)
{
	char shell[] = "sh";
	char option[] = "-c";
	char place[32] = "";
	size_t room = strlen(command) + sizeof(place) + sizeof(" \"$@\"");
	char *script = malloc(room);
	char *name = strdup(command);
	char *file = strdup(path);
	char *const words[] = {shell, option, script, name, file, NULL};
	posix_spawnattr_t attributes;
	sigset_t usual;
	int why = 0;

	if (!script || !name || !file || posix_spawnattr_init(&attributes) != 0) {
		free(script);
		free(name);
		free(file);
		return error_memory(err);
	}
	if (line > 0 && takes_line(command)) {
		(void)snprintf(place, sizeof(place), " +%zu", line);
	}
	(void)snprintf(script, room, "%s%s \"$@\"", command, place);
	sigemptyset(&usual);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGQUIT);
	sigaddset(&usual, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attributes, &usual);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	why = posix_spawn(pid, "/bin/sh", NULL, &attributes, words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	free(script);
	free(name);
	free(file);
	return why == 0 ? STATUS_OK
			: error_set(err, STATUS_FAILED, "the editor \"%s\" cannot be started: %s", command,
				    strerror(why));
}

enum status editor_run(const char *path, size_t line, struct error *err)
{
	const char *command = named_editor();
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt;
	struct sigaction quit;
	enum status status;
	pid_t pid = 0;
	int ended = 0;

	command = command ? command : "vi";
	sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	status = start(command, path, line, &pid, err);
	while (status == STATUS_OK && waitpid(pid, &ended, 0) < 0) {
		if (errno != EINTR) {
			status = error_set(err, STATUS_FAILED, "the editor \"%s\" was lost: %s", command,
					   strerror(errno));
		}
	}
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	if (status == STATUS_OK && !(WIFEXITED(ended) && WEXITSTATUS(ended) == 0)) {
		error_set(err, STATUS_FAILED, "the editor \"%s\" ended with a failure, so nothing was sent",
			  command);
		status = error_hint(err, "the environment's SAFER_EDITOR, VISUAL or EDITOR names the editor");
	}
	return status;
}
