/* What a watcher is told: the changes after its cursor, as notices, redacted for whoever watches. */
#ifndef SAFER_SERVER_LIVE_FEED_H
#define SAFER_SERVER_LIVE_FEED_H

#include "server/request.h"
#include "server/session.h"

#define FEED_ENTRIES 256                 /* journal entries looked at in one go, at most */
#define FEED_BYTES   ((size_t)256 << 10) /* of notices, after which no further entry is begun */

/* Appends whole notices for the entries after wish->since, oldest first, ready to be sent. *reached is the last entry
 * looked at, *more whether there are others behind it. Runs on a reader, inside its snapshot.
 *
 * "changed" {watch, entry, at, by, verb, id, kind, revision, title, whole, fields} for a record that may be seen: the
 * fields that changed, or all that are there (`whole`) when the record comes into sight or other fields of it do;
 * with `removed` for one that is gone, `left` for one that is no longer what the watch is for, `lost` for one that this
 * session may no longer see (no fields then).
 * "resync" {watch, entry}: the session's own posts changed, or the sight of a record that others stand or fall with, or one
 * came into the watch or left it that others stand under; so what it may see may be another thing: read again. What was
 * told of the past is judged by today's rights too. */
enum status feed_collect(struct context *context, struct arena *arena, const struct session *session,
			 const struct watch_wish *wish, struct buffer *out, int64_t *reached, bool *more,
			 struct error *err);

/* "resync" alone. */
void feed_put_resync(struct buffer *out, const struct watch_wish *wish, int64_t entry);

/* What a watch is for, packed for views_key(): whatever narrows a watch belongs here. */
void feed_put_scope(struct buffer *out, const struct watch_wish *wish);

#endif
