/* The person at the keyboard. Questions go to standard error, so that standard output stays data. */
#include "client/console.h"

#include "client/client.h"
#include "common/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

void console_catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
}

void console_catch_termination(void)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};

	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

static struct {
	bool (*pressed)(void *payload);
	void *payload;
	bool enough;
} keys;

void console_heed_keys(bool (*pressed)(void *payload), void *payload)
{
	keys.pressed = pressed;
	keys.payload = payload;
}

bool console_interrupted(void)
{
	return interrupted != 0 || keys.enough;
}

int console_signal(void)
{
	return interrupted;
}

int console_poll_any(struct pollfd *ends, nfds_t count, int milliseconds)
{
	struct timespec patience = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
	sigset_t block;
	sigset_t before;
	int ready = -1;

	/* Blocked between the look and the wait, so that none falls between the two. */
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	if (console_interrupted()) {
		errno = EINTR;
	} else {
		ready = ppoll(ends, count, milliseconds < 0 ? NULL : &patience, &before);
	}
	{
		int why = errno;

		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		errno = why;
	}
	return ready;
}

int console_poll(int fd, short events, int milliseconds)
{
	struct pollfd ends[] = {{.fd = fd, .events = events}, {.fd = STDIN_FILENO, .events = POLLIN}};
	int ready = console_poll_any(ends, keys.pressed ? 2 : 1, milliseconds);

	if (ready > 0 && ends[1].revents != 0) {
		keys.enough =
			keys.pressed(keys.payload) || (ends[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
		errno = EINTR;
		ready = ends[0].revents != 0 && !keys.enough ? 1 : -1;
	}
	return ready;
}

bool console_can_ask(const struct client *client)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
	       !arguments_have(client->arguments, FLAG_NO_INPUT);
}

/* Waits for an answer, and not any longer once somebody has had enough: a signal that comes between the question and
 * getline() would be noted, and getline() would wait all the same. A terminal gives a line at a time, so none can be in
 * stdin's buffer already. */
static bool an_answer_comes(void)
{
	struct pollfd keyboard = {.fd = STDIN_FILENO, .events = POLLIN};

	while (console_poll_any(&keyboard, 1, -1) < 0) {
		if (errno != EINTR || console_interrupted()) {
			return false;
		}
	}
	return true;
}

enum status console_ask(struct client *client, const char *question, const char **answer, struct error *err)
{
	enum status status = STATUS_OK;
	char *line = NULL;
	size_t room = 0;
	ssize_t length = 0;

	if (!console_can_ask(client)) {
		return error_set(err, STATUS_INVALID,
				 "this needs an answer from a person, and nobody can be asked here");
	}
	(void)fprintf(stderr, "%s ", question);
	(void)fflush(stderr);
	length = an_answer_comes() ? getline(&line, &room, stdin) : -1;
	if (length < 0) {
		(void)fputc('\n', stderr);
		status = error_set(err, STATUS_INTERRUPTED, "stopped before an answer was given");
		goto out;
	}
	while (length > 0 && strchr(" \t\r\n", line[length - 1])) {
		length--;
	}
	if (!text_is_clean(line, (size_t)length, false)) {
		status = error_set(err, STATUS_INVALID, "the answer is not clean UTF-8 text");
		goto out;
	}
	*answer = arena_text(client->arena, line, (size_t)length);
	if (!*answer) {
		status = error_memory(err);
	}
out:
	free(line);
	return status;
}

enum status console_confirm(struct client *client, const char *warning, const char *word, struct error *err)
{
	const char *answer = NULL;
	const char *question = NULL;
	enum status status;

	if (arguments_have(client->arguments, FLAG_YES)) {
		return STATUS_OK;
	}
	if (!console_can_ask(client)) {
		error_set(err, STATUS_INVALID, "%s, and nobody can be asked here", warning);
		return error_hint(err, "add --yes when you are sure");
	}
	question = arena_printf(client->arena, "%s. Type %s to go on:", warning, word);
	if (!question) {
		return error_memory(err);
	}
	status = console_ask(client, question, &answer, err);
	if (status == STATUS_OK && strcasecmp(answer, word) != 0) {
		status = error_set(err, STATUS_INTERRUPTED, "nothing was done: the answer was not %s", word);
	}
	return status;
}
