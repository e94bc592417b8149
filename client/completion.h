/* Completion in shells: a small script per shell asks this program what may follow. */
#ifndef SAFER_CLIENT_COMPLETION_H
#define SAFER_CLIENT_COMPLETION_H

#include "client/client.h"

/* Answers `safer __complete WORD...`: the last word is the one being typed. One candidate a line, a tab and its
 * description after it where there is one. Asks no server: what it knows comes from the tables and the cached
 * schema. Returns the exit code. */
int completion_answer(int count, char **words);

/* The same into a file, for a client that is set up already. */
enum status completion_print(struct client *client, const char *const *words, size_t count, FILE *file,
			     struct error *err);

#endif
