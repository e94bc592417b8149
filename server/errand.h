/* A program that the server runs for something it does not do itself, such as sending mail. It gets a text on standard
 * input and nothing else of the server: no descriptor, no environment but a path, no terminal, no folder. It is asked
 * for its exit status, and is killed, with everything that it began, when it takes too long. */
#ifndef SAFER_SERVER_ERRAND_H
#define SAFER_SERVER_ERRAND_H

#include "common/buffer.h"
#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

#define ERRAND_BYTES \
	49152 /* the longest text: it fits into a pipe, so that nobody waits for the program to read */
#define ERRAND_WORDS 16 /* of a command line */

struct event_base;
struct errand;

/* Called once on the loop's thread when it has ended, and the errand is gone: exit_status is -1 when it was killed. */
typedef void (*errand_ended)(void *payload, int exit_status, bool too_long);

/* Runs argv (an absolute path first, NULL-ended) with `text` on standard input. */
enum status errand_run(struct event_base *base, char *const *argv, struct span text, int64_t seconds,
		       errand_ended ended, void *payload, struct errand **out, struct error *err);

/* Lets it run on, and is not told of its end any more. */
void errand_forget(struct errand *errand);

#endif
