/* What a session may know of who is editing what: presences of records that it may see itself, and not how many others
 * there are. One gate for the methods and for what watchers are told. Runs on a reader, inside its snapshot. */
#ifndef SAFER_SERVER_LIVE_PRESENCE_VIEW_H
#define SAFER_SERVER_LIVE_PRESENCE_VIEW_H

#include "server/live/presences.h"

/* Which presences are asked for. */
struct presence_question {
	const char *kind;  /* NULL and "": any; as in those that follow */
	const char *id;    /* this record alone */
	const char *owner; /* what belongs to this body */
	const char *under; /* this record and what stands under it */
	uint64_t but;      /* not those of this connection; 0 all */
};

/* Puts two pairs of a map: "presences", a list of {id, kind, person, name, organisation, by, since}, first come first, and
 * "titles" of their records. A person who is at a record twice is told of once. `list` of NULL: nobody is anywhere. */
enum status presence_put(struct context *context, struct arena *arena, const struct session *session,
			 const struct presence_list *list, const struct presence_question *question,
			 struct buffer *out, size_t *count, struct error *err);

/* For a watcher: appends a notice "presence" {watch, presences, titles} if that is another thing than it was told last.
 * *told is what that was, as a digest; all zero: nobody was anywhere. */
enum status presence_notice(struct context *context, struct arena *arena, const struct session *session,
			    const struct presence_list *list, const struct watch_wish *wish,
			    struct digest *told, struct buffer *out, struct error *err);

#endif
