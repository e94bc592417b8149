/* Rights that come and go with the day. An appointment begins or ends at midnight without a journal entry, and what its
 * holder may see is another thing from then on; whoever watches has to be told. */
#ifndef SAFER_SERVER_LIVE_OUTLOOK_H
#define SAFER_SERVER_LIVE_OUTLOOK_H

#include "server/request.h"
#include "server/session.h"

/* What a watcher had when it was last told something. */
struct outlook {
	bool known; /* it was told before */
	day_t day;
	struct digest rights;
};

/* Appends a "resync" behind the entry that the watcher knows, when its rights are others since another day. Rights that
 * change within a day do so by an entry, and feed_collect() tells that. */
void outlook_tell(struct outlook *outlook, const struct session *session, const struct watch_wish *wish,
		  struct buffer *out);

#endif
