/* Following records: first a picture of them as they stand, then every change, for as long as one likes.
 *
 * The picture is a list as of one journal entry, and the watch begins behind that entry, so there is neither gap nor repeat
 * between the two. A connection that drops is made again, and everything goes on where it was. When what may be seen has
 * changed, the server says so, and there is a fresh picture.
 *
 *	struct follow *follow = NULL;
 *	struct follow_event event;
 *
 *	status = follow_new(client, &(struct follow_wish){.kind = "action", .since = -1}, &follow, err);
 *	while (status == STATUS_OK) {
 *		status = follow_next(follow, -1, &event, err);
 *		...
 *	}
 *	follow_free(follow);
 *
 * To have all records at hand, and not only what happens to them: picture.h. */
#ifndef SAFER_CLIENT_FOLLOW_H
#define SAFER_CLIENT_FOLLOW_H

#include "client/client.h"

/* What is followed; all that is given must hold. Texts are borrowed for as long as it is followed. */
struct follow_wish {
	const char *kind;  /* a kind's name; NULL: any */
	const char *id;    /* one record, alone; its kind is given too */
	const char *owner; /* id of a body: what belongs to it */
	const char *under; /* id of a record: it, and what stands under it */
	int64_t since;     /* -1: a picture first. Otherwise the changes after this entry, without one */
	const char *const *
		kinds; /* names, NULL-ended: the picture has only these; changes are told of all. NULL: any */
	bool presence; /* be told as well of who is editing what */
};

enum follow_type {
	FOLLOW_NOTHING,  /* the time is up */
	FOLLOW_PICTURE,  /* a picture begins: what was told before counts no longer */
	FOLLOW_RECORD,   /* one of its records */
	FOLLOW_READY,    /* that was the picture; or without one, changes are told from now on */
	FOLLOW_CHANGE,   /* of one record */
	FOLLOW_RESYNC,   /* what may be seen changed: a fresh picture follows */
	FOLLOW_BROKEN,   /* the connection was lost; `why` */
	FOLLOW_AGAIN,    /* it is there again */
	FOLLOW_PRESENCE, /* who is editing what: all that there are, in place of what was told before */
};

enum follow_change {
	FOLLOW_CHANGED, /* some of its fields; or all, when `whole` */
	FOLLOW_REMOVED,
	FOLLOW_LEFT, /* it may be seen, but is no longer what is followed */
	FOLLOW_LOST, /* it may be seen no longer */
};

/* Lives until the next call. */
struct follow_event {
	enum follow_type type;
	int64_t entry; /* of the journal: that the picture shows, or that made the change, or after which it goes on */
	const struct kind *kind; /* of RECORD and CHANGE; NULL when the schema has none of that name */
	const msgpack_object
		*map; /* RECORD: as in a list; CHANGE and PRESENCE: as in a notice. See docs/PROTOCOL.md */
	const msgpack_object *titles; /* RECORD: of what it refers to, by id */
	enum follow_change change;    /* CHANGE */
	bool whole;                   /* CHANGE: `fields` has all that there are */
	struct arena *arena;          /* for what is made of it */
	const char *why;              /* BROKEN */
};

struct follow;

/* Asks nothing yet. Needs the schema. */
enum status follow_new(struct client *client, const struct follow_wish *wish, struct follow **out,
		       struct error *err);
void follow_free(struct follow *follow); /* NULL is fine */

/* The next thing to tell, or FOLLOW_NOTHING after so many milliseconds (negative: waits for ever). Only what trying again
 * does not help ends it: STATUS_INTERRUPTED, STATUS_SIGNED_OUT, and STATUS_UNREACHABLE before anything was told at all. */
enum status follow_next(struct follow *follow, int milliseconds, struct follow_event *event,
			struct error *err);

/* For who waits for other things too, once follow_next() had nothing to tell: a descriptor that becomes readable when it may
 * have (-1: none just now), and after how many milliseconds it wants to try again in any case (-1: never). */
int follow_fd(const struct follow *follow);
int follow_patience(const struct follow *follow);

#endif
