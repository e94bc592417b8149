/* Pipes, processes and patience. */
#include "tests/support/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE_BYTES 65536

void program_path(const char *name, char out[PROGRAM_PATH])
{
	const char *build = getenv("SAFER_BINARY_DIR");

	snprintf(out, PROGRAM_PATH, "%s/bin/%s", build != NULL ? build : ".", name);
}

void program_arguments(const char **arguments, const char *first, va_list rest)
{
	size_t count = 1;

	for (const char *argument = first; argument != NULL; argument = va_arg(rest, const char *)) {
		assert_true(count < PROGRAM_ARGUMENTS - 1);
		arguments[count++] = argument;
	}
	arguments[count] = NULL;
}

/* Adds what a descriptor has to give. False at its end. */
static bool grow(char **text, size_t *length, int fd)
{
	char piece[PIECE_BYTES];
	ssize_t got = read(fd, piece, sizeof(piece));

	if (got <= 0) {
		return got < 0 && errno == EINTR;
	}
	*text = realloc(*text, *length + (size_t)got + 1);
	assert_non_null(*text);
	memcpy(*text + *length, piece, (size_t)got);
	*length += (size_t)got;
	(*text)[*length] = '\0';
	return true;
}

static void feed(int fd, const char *input)
{
	size_t length = input != NULL ? strlen(input) : 0;

	while (length > 0) { /* programs that are tested read little, or all */
		ssize_t put = write(fd, input, length);

		if (put <= 0) {
			break;
		}
		input += put;
		length -= (size_t)put;
	}
	close(fd);
}

pid_t program_spawn(const char *const *arguments, const char *const *environment, int in, int out, int err)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a test that crashed */
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		for (int fd = 3; fd < 256; fd++) {
			close(fd);
		}
		signal(SIGPIPE, SIG_DFL);
		execve(arguments[0], (char *const *)(uintptr_t)arguments,
		       (char *const *)(uintptr_t)environment);
		_exit(127);
	}
	return pid;
}

/* A program that does not end is killed, so that a test that waits for it fails instead of standing still. */
static void wait_at_most(pid_t pid)
{
	struct pollfd ended = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};

	if (ended.fd < 0) {
		return;
	}
	if (poll(&ended, 1, PROGRAM_SECONDS * 1000) == 0) {
		print_error("process %d did not end for %d seconds, and is killed\n", (int)pid,
			    PROGRAM_SECONDS);
		kill(pid, SIGKILL);
	}
	close(ended.fd);
}

int program_wait(pid_t pid)
{
	int status = 0;

	wait_at_most(pid);
	while (waitpid(pid, &status, 0) != pid) {
		assert_int_equal(errno, EINTR);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_run(const char *const *arguments, const char *const *environment, const char *input,
		 struct outcome *out)
{
	int in_pipe[2];
	int out_pipe[2];
	int err_pipe[2];
	size_t lengths[2] = {0, 0};
	bool open[2] = {true, true};
	pid_t pid = 0;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(in_pipe), 0);
	assert_int_equal(pipe(out_pipe), 0);
	assert_int_equal(pipe(err_pipe), 0);
	*out = (struct outcome){.out = calloc(1, 1), .err = calloc(1, 1)};
	assert_non_null(out->out);
	assert_non_null(out->err);
	pid = program_spawn(arguments, environment, in_pipe[0], out_pipe[1], err_pipe[1]);
	close(in_pipe[0]);
	close(out_pipe[1]);
	close(err_pipe[1]);
	feed(in_pipe[1], input);
	while (open[0] || open[1]) {
		struct pollfd ready[2] = {{open[0] ? out_pipe[0] : -1, POLLIN, 0},
					  {open[1] ? err_pipe[0] : -1, POLLIN, 0}};

		if (poll(ready, 2, PROGRAM_SECONDS * 1000) == 0) {
			kill(pid, SIGKILL);
			fail_msg("%s %s did not end; it wrote: %s%s", arguments[0],
				 arguments[1] != NULL ? arguments[1] : "", out->out, out->err);
		}
		if (ready[0].revents != 0) {
			open[0] = grow(&out->out, &lengths[0], out_pipe[0]);
		}
		if (ready[1].revents != 0) {
			open[1] = grow(&out->err, &lengths[1], err_pipe[0]);
		}
	}
	close(out_pipe[0]);
	close(err_pipe[0]);
	out->exit_code = program_wait(pid);
}

void program_run_on_terminal(const char *const *arguments, const char *const *environment,
			     struct outcome *out)
{
	int master = -1;
	int slave = -1;
	size_t length = 0;
	pid_t pid = 0;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	*out = (struct outcome){.out = calloc(1, 1), .err = calloc(1, 1)};
	assert_non_null(out->out);
	assert_non_null(out->err);
	pid = program_spawn(arguments, environment, slave, slave, slave);
	close(slave);
	for (bool open = true; open;) { /* reading fails once nobody has the other side */
		struct pollfd ready = {master, POLLIN, 0};

		if (poll(&ready, 1, PROGRAM_SECONDS * 1000) == 0) {
			kill(pid, SIGKILL);
			fail_msg("%s did not end; it wrote: %s", arguments[0], out->out);
		}
		open = grow(&out->out, &length, master);
	}
	close(master);
	out->exit_code = program_wait(pid);
}

void outcome_release(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
	*outcome = (struct outcome){.exit_code = 0};
}

/* ---- programs that go on ---- */

void running_start(struct running *running, const char *const *arguments, const char *const *environment)
{
	int out[2];
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(nothing >= 0);
	assert_int_equal(pipe(out), 0);
	*running = (struct running){.text = calloc(1, 1), .fd = out[0]};
	assert_non_null(running->text);
	running->pid = program_spawn(arguments, environment, nothing, out[1], out[1]);
	close(out[1]);
	close(nothing);
}

void running_start_on_terminal(struct running *running, const char *const *arguments,
			       const char *const *environment)
{
	struct winsize size = {.ws_row = 40, .ws_col = 120};
	int master = -1;
	int slave = -1;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	*running = (struct running){.text = calloc(1, 1), .fd = master};
	assert_non_null(running->text);
	running->pid = program_spawn(arguments, environment, slave, slave, slave);
	close(slave);
}

void running_type(struct running *running, const char *text)
{
	running->length = 0;
	running->text[0] = '\0';
	assert_int_equal(write(running->fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads what has come, or comes soon, of what is to print this. */
static void read_on(struct running *running, const char *text)
{
	struct pollfd ready = {running->fd, POLLIN, 0};

	if (poll(&ready, 1, PROGRAM_SECONDS * 1000) <= 0 ||
	    !grow(&running->text, &running->length, running->fd)) {
		fail_msg("the program did not print \"%s\", but: %s", text, running->text);
	}
}

void running_until(struct running *running, const char *text)
{
	while (strstr(running->text, text) == NULL) {
		read_on(running, text);
	}
}

size_t running_line(struct running *running, size_t from, const char *text)
{
	for (;;) {
		const char *at = strstr(running->text + from, text);
		const char *end = at != NULL ? strchr(at, '\n') : NULL;

		if (end != NULL) {
			return (size_t)(end + 1 - running->text);
		}
		read_on(running, text);
	}
}

void running_rest(struct running *running)
{
	for (bool open = true; open;) {
		struct pollfd ready = {running->fd, POLLIN, 0};

		if (poll(&ready, 1, PROGRAM_SECONDS * 1000) == 0) {
			kill(running->pid, SIGKILL);
			fail_msg("the program did not end; it wrote: %s", running->text);
		}
		open = grow(&running->text, &running->length, running->fd);
	}
}

int running_end(struct running *running, int signal_number)
{
	int code;

	if (signal_number != 0) {
		kill(running->pid, signal_number);
	}
	running_rest(running);
	code = program_wait(running->pid);
	close(running->fd);
	free(running->text);
	*running = (struct running){.fd = -1};
	return code;
}

/* ---- what they print ---- */

bool says(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

void assert_says_at(const char *file, int line, const char *text, const char *part)
{
	if (!says(text, part)) {
		print_error("%s:%d: there is no \"%s\" in:\n%s\n", file, line, part, text);
		_fail(file, line);
	}
}
