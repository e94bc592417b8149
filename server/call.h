/* A call: a request with the job that carries it, and what the gate itself writes into the journal about calls: the
 * first use of a device in a day, and refusals. For dispatch.c. */
#ifndef SAFER_SERVER_CALL_H
#define SAFER_SERVER_CALL_H

#include "server/dispatch.h"

struct call {
	struct job job; /* first, so that the one is the other */
	struct request request;
	struct dispatch *dispatch;
	int64_t started;         /* microseconds of the monotonic clock, for the log and the metrics */
	int64_t held;            /* bytes that are counted into what all peers hold */
	bool sign_in;            /* the device's first hello of the day */
	bool refusal_journalled; /* the journal grew by a refusal */
	struct error refused;    /* what call_write_entry() is to journal, when it is no sign-in */
	int64_t moved;           /* by the entry that call_write_entry() wrote: the partnership; 0 none */
	int64_t ended;           /* the credential that the device's new one replaced; 0 none */
};

/* In an arena of its own, with a copy of the bytes. NULL without memory. */
struct call *call_new(struct dispatch *dispatch, const struct connection *connection, struct span bytes);
void call_free(struct call *call);
void call_hold(
	struct call *call); /* once it is decoded: it counts into what all peers hold, until it is freed */

static inline struct call *call_of_job(struct job *job)
{
	return (struct call *)job;
}

/* On the writer: appends the refusal, unless the account has had its share for the hour. */
enum status call_journal_refusal(struct call *call, struct context *context, const struct error *refused,
				 struct error *err);

/* After a call on the reader was answered: has the writer journal its sign-in or its refusal. Takes the call over. */
void call_write_entry(struct call *call);

#endif
