/* Where output goes and how: as a table, JSON, CSV or plain lines; how wide; bold or not; through a pager or not. */
#ifndef SAFER_CLIENT_OUTPUT_H
#define SAFER_CLIENT_OUTPUT_H

#include "client/arguments.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum output_mode { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_PLAIN };

struct output {
	enum output_mode mode;
	FILE *file;     /* standard output, or the pipe to the pager */
	bool terminal;  /* standard output is one */
	bool bold;      /* headings may be bold; meaning never depends on it */
	bool utf8;      /* the terminal's locale; decides about our own signs only, data is always UTF-8 */
	size_t columns; /* width of the terminal; 0: as wide as it takes */
	pid_t pager;    /* 0: none */
	bool abandoned; /* found to be */
};

/* Reads flags and environment. STATUS_INVALID when two modes were asked for. */
enum status output_init(struct output *output, const struct arguments *arguments, struct error *err);

/* Sends what follows through SAFER_PAGER, PAGER or "less -FIRX", if standard output is a terminal and the mode is
 * a table. Failing to start one is no failure. */
void output_page(struct output *output);

/* Flushes, and waits for the pager. STATUS_FAILED when something could not be written, as to a full disk. A reader
 * who closed the pipe early is no failure: *closed tells. */
enum status output_finish(struct output *output, bool *closed, struct error *err);

/* Whether it goes into a pipe that nobody reads any more. If so, output_finish() will call it closed. */
bool output_abandoned(struct output *output);

/* Text between the codes for bold, when bold is allowed. */
const char *output_bold(const struct output *output);  /* "" or the code */
const char *output_plain(const struct output *output); /* "" or the code that ends it */

#endif
