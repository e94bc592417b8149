/* The gate: everything that a peer asks goes through here, and nothing reaches a handler on another road.
 *
 * A message is decoded, its method looked up, its door and parameters checked; then it goes to the lane of the method,
 * where the session is loaded anew, the row's `who` is compared with the session's roles, and the handler runs. On the
 * loop again the answer is sent. What a handler may do with which record is policy's business; whether it runs at all
 * is decided here, by the row of methods.def. */
#ifndef SAFER_SERVER_DISPATCH_H
#define SAFER_SERVER_DISPATCH_H

#include "server/connections.h"
#include "server/live/presences.h"
#include "server/live/watchers.h"
#include "server/metrics.h"
#include "server/refusals.h"
#include "server/request.h"
#include "server/worker.h"

/* All borrowed. */
struct dispatch {
	struct connections *connections;
	struct presences *presences;
	struct watchers *watchers;
	struct worker *reader;
	struct worker *writer;
	struct refusals *refusals; /* the writer's thread only */
	struct context context;    /* for the loop's lane: without store and journal */
	struct metrics metrics;
	bool stopped; /* no more work of its own is started */
};

/* Where a sample of the metrics is taken from. */
struct metrics_sources dispatch_sources(const struct dispatch *dispatch);

/* A whole message of a connection. */
void dispatch_message(struct dispatch *dispatch, struct connection *connection, struct span bytes);

/* Whether a session may call a method at all; the error names the rule and who could. */
enum status dispatch_admits(enum method method, const struct session *session, struct error *err);

#endif
