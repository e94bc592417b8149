/* Fills the reader's table of records after a start, when nobody waits: so the first who come in the morning after an
 * upgrade are answered as quickly as the rest. See recent_ahead() for what is read and how much. */
#ifndef SAFER_SERVER_READ_AHEAD_H
#define SAFER_SERVER_READ_AHEAD_H

#include "server/worker.h"

struct event_base;
struct read_ahead;

enum status read_ahead_new(struct event_base *base, struct worker *reader, struct read_ahead **out,
			   struct error *err);
void read_ahead_stop(struct read_ahead *ahead); /* before the reader ends; NULL is fine */
void read_ahead_free(struct read_ahead *ahead); /* after it has ended; NULL is fine */

#endif
