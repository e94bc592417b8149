/* The loop's side of the watches: who watches what, and how far each has been told.
 *
 * Nothing is queued for a watcher. It has a place in the journal; when its partnership's journal has moved and its
 * connection takes bytes, a job on the reader collects what comes after that place, as the person may see it at that
 * moment. A slow watcher falls behind in the journal and costs no memory; a revoked one is found out and closed.
 *
 * Who asked for it is told with the same jobs of who is editing what, when that is another thing than they were told last:
 * not more often than once a second, and nobody is woken while nobody comes or goes. */
#ifndef SAFER_SERVER_LIVE_WATCHERS_H
#define SAFER_SERVER_LIVE_WATCHERS_H

#include "server/connections.h"
#include "server/live/presences.h"
#include "server/request.h"
#include "server/worker.h"

struct event_base;
struct watchers;

/* All but the base are borrowed and may come later, but before the first watch. */
enum status watchers_new(struct event_base *base, struct connections *connections, struct worker *reader,
			 struct presences *presences, const struct limits *limits, struct watchers **out,
			 struct error *err);
void watchers_stop(struct watchers *watchers); /* no more jobs are started */
void watchers_free(struct watchers *watchers); /* once the reader has stopped; NULL is fine */

/* Before the handler of `watch` runs: gives the request its watch's number, and keeps a place for it.
 * STATUS_REFUSED when the connection has as many as it may. */
enum status watchers_admit(struct watchers *watchers, struct connection *connection, struct request *request,
			   struct error *err);
/* After it ran: begins the watch if request->watch.begin, or gives the place back. `connection` may be NULL. */
void watchers_settle(struct watchers *watchers, struct connection *connection, const struct request *request);

void watchers_moved(struct watchers *watchers, int64_t partnership); /* its journal grew */
void watchers_drained(struct watchers *watchers,
		      const struct connection *connection); /* it takes bytes again */
/* How many watches there are; *behind: of those who have not been told everything yet. */
size_t watchers_count(const struct watchers *watchers, size_t *behind);
void watchers_gone(struct watchers *watchers, const struct connection *connection);

#endif
