/* Running a program. posix_spawn() does not copy the server; a pidfd tells the loop when the program has ended, so there is
 * no signal to be caught. The whole text lies in the pipe before the program begins. */
#include "server/errand.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct errand {
	pid_t pid;
	int pidfd;
	struct event *event; /* it ended, or its time is over */
	bool too_long;
	errand_ended ended;
	void *payload;
};

/* ---- beginning ---- */

static enum status cannot(struct error *err, const char *what, int number)
{
	return error_set(err, STATUS_FAILED, "%s: %s", what, strerror(number));
}

/* Standard input for the program, with the text in it. */
static enum status make_input(struct span text, int *out, struct error *err)
{
	int ends[2];
	enum status status = STATUS_OK;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		return cannot(err, "no pipe for the program", errno);
	}
	if (write(ends[1], text.data, text.length) != (ssize_t)text.length) {
		status = error_set(err, STATUS_FAILED, "a text of %zu bytes does not fit into a pipe",
				   text.length);
	}
	(void)close(ends[1]);
	/* what is left to read is read as from a file */
	if (status == STATUS_OK && fcntl(ends[0], F_SETFL, 0) != 0) {
		status = cannot(err, "no pipe for the program", errno);
	}
	if (status != STATUS_OK) {
		(void)close(ends[0]);
		return status;
	}
	*out = ends[0];
	return STATUS_OK;
}

/* A group of its own, with every signal as it is by default; nothing open but three descriptors. */
static int spawn(char *const *argv, int input, pid_t *pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LC_ALL=C.UTF-8";
	char *const environment[] = {path, language, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t all;
	int failed;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	failed = posix_spawn_file_actions_init(&actions);
	if (failed != 0) {
		return failed;
	}
	failed = posix_spawnattr_init(&attributes);
	if (failed != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return failed;
	}
	if ((failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)) == 0 &&
	    (failed = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)) ==
		    0 &&
	    (failed = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)) == 0 &&
	    (failed = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)) == 0 &&
	    (failed = posix_spawn_file_actions_addchdir_np(&actions, "/")) == 0 &&
	    (failed = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
	    (failed = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
	    (failed = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
	    (failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
								    POSIX_SPAWN_SETPGROUP)) == 0) {
		failed = posix_spawn(pid, argv[0], &actions, &attributes, argv, environment);
	}
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* ---- ending ---- */

static void errand_free(struct errand *errand)
{
	if (errand->event != NULL) {
		event_free(errand->event);
	}
	if (errand->pidfd >= 0) {
		(void)close(errand->pidfd);
	}
	free(errand);
}

static void on_event(evutil_socket_t fd, short what, void *payload)
{
	struct errand *errand = payload;
	errand_ended ended = errand->ended;
	void *theirs = errand->payload;
	bool too_long = errand->too_long;
	int how = 0;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0) {
		errand->too_long = true;
		(void)kill(-errand->pid, SIGKILL);
		(void)event_add(errand->event, NULL); /* its end comes now */
		return;
	}
	if (waitpid(errand->pid, &how, 0) < 0) {
		how = -1;
	}
	(void)kill(-errand->pid, SIGKILL); /* what it left behind in its group */
	errand_free(errand);
	ended(theirs, how != -1 && WIFEXITED(how) ? WEXITSTATUS(how) : -1, too_long);
}

enum status errand_run(struct event_base *base, char *const *argv, struct span text, int64_t seconds,
		       errand_ended ended, void *payload, struct errand **out, struct error *err)
{
	const struct timeval patience = {.tv_sec = (time_t)seconds};
	struct errand *errand = calloc(1, sizeof(*errand));
	int input = -1;
	int failed = 0;
	enum status status = STATUS_OK;

	if (errand == NULL) {
		return error_memory(err);
	}
	errand->pidfd = -1;
	errand->ended = ended;
	errand->payload = payload;
	status = make_input(text, &input, err);
	if (status != STATUS_OK) {
		errand_free(errand);
		return status;
	}
	failed = spawn(argv, input, &errand->pid);
	(void)close(input);
	if (failed != 0) {
		errand_free(errand);
		error_set(err, STATUS_FAILED, "%s cannot be run: %s", argv[0], strerror(failed));
		return error_hint(err, "Is it there, and may the server's user run it?");
	}
	errand->pidfd = pidfd_open(errand->pid, 0);
	if (errand->pidfd >= 0) {
		errand->event = event_new(base, errand->pidfd, EV_READ, on_event, errand);
	}
	if (errand->event == NULL || event_add(errand->event, &patience) != 0) {
		(void)kill(-errand->pid, SIGKILL);
		(void)waitpid(errand->pid, NULL, 0);
		errand_free(errand);
		return error_set(err, STATUS_FAILED, "%s cannot be watched over", argv[0]);
	}
	*out = errand;
	return STATUS_OK;
}

void errand_forget(struct errand *errand)
{
	errand_free(errand);
}
