/* The person at the keyboard: questions, confirmation, and control-C. */
#ifndef SAFER_CLIENT_CONSOLE_H
#define SAFER_CLIENT_CONSOLE_H

#include "common/arena.h"
#include "common/status.h"

#include <poll.h>
#include <stdbool.h>

struct client;

/* From now on control-C is noted instead of ending the program at once; a second one ends it. */
void console_catch_interrupt(void);
/* For what goes on until somebody ends it: control-C and a termination end it between two lines, and never within one. A
 * second one ends it anywhere. */
void console_catch_termination(void);
/* From now on keys are taken while the network is waited for: `pressed` reads those that there are, and whether the person
 * has had enough, which counts as an interruption. NULL: no more. */
void console_heed_keys(bool (*pressed)(void *payload), void *payload);
bool console_interrupted(void); /* by any of these */
int console_signal(void);       /* by which signal; 0: none came */

/* Waits like poll(2) for one descriptor, at most `milliseconds` (negative: for ever), and returns early with -1 and
 * EINTR on control-C, also on one that came just before. */
int console_poll(int fd, short events, int milliseconds);
/* The same for several. */
int console_poll_any(struct pollfd *ends, nfds_t count, int milliseconds);

/* Whether questions may be asked: a terminal on both sides, and no --no-input. */
bool console_can_ask(const struct client *client);

/* Asks, and reads one line, trimmed, into the arena. STATUS_INVALID when no questions may be asked. */
enum status console_ask(struct client *client, const char *question, const char **answer, struct error *err);

/* Asks the person to type `word` before something that cannot be undone; --yes answers for them. */
enum status console_confirm(struct client *client, const char *warning, const char *word, struct error *err);

#endif
