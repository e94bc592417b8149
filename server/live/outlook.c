/* The rights of yesterday beside those of today. */
#include "server/live/outlook.h"

#include "server/live/feed.h"

#include <string.h>

void outlook_tell(struct outlook *outlook, const struct session *session, const struct watch_wish *wish,
		  struct buffer *out)
{
	const struct outlook now = {.known = true, .day = session->today, .rights = session->rights};

	if (outlook->known && outlook->day != now.day &&
	    memcmp(&outlook->rights, &now.rights, sizeof(now.rights)) != 0) {
		feed_put_resync(out, wish, wish->since);
	}
	*outlook = now;
}
