/* A conflict put to the person who ran into it: what they saw, what somebody else made of it, who that was and when, and
 * what they typed themselves; and, for each field that both changed, which of them shall stand. The one place that asks,
 * whether the change came from a command, a form, a file or the change-set in hand. */
#ifndef SAFER_CLIENT_SETTLE_H
#define SAFER_CLIENT_SETTLE_H

#include "client/client.h"

enum settle_choice {
	SETTLE_NOTHING, /* there was nothing to settle */
	SETTLE_TAKE,    /* others changed it and the person did not: theirs stands, and nobody was asked */
	SETTLE_THEIRS,
	SETTLE_MINE,
	SETTLE_BOTH,  /* both texts in one */
	SETTLE_OTHER, /* a third value */
	SETTLE_FORM,  /* the person goes on in the form */
};

/* What is done to one record, and what came of asking. Arrays have an entry for each field of the kind. */
struct settle {
	const struct kind *kind;
	const char *id;
	const char *verb; /* "edit", "remove", or a step; anything but an edit is decided as a whole */
	int64_t base;     /* the revision that it was made on */
	const msgpack_object *was;   /* the fields of that; NULL: they are read */
	const msgpack_object **mine; /* what the person wants, for those that are `given` */
	const bool *given;
	bool in_form; /* the person can go on in a form that has the fields */

	int64_t revision;             /* the newest, which the answers are given on */
	const msgpack_object *theirs; /* its fields */
	const msgpack_object *titles;
	const msgpack_object *history; /* changes of the record, oldest first; NULL: not known */
	enum settle_choice *choices;
	const msgpack_object **values; /* what shall stand, where something was settled; nil: nothing */
	bool dropped;                  /* theirs stands as a whole, and nothing is done to the record */
};

/* Whether a conflict can be put to somebody: a person at a terminal who did not ask for data, and did not say yes to
 * everything beforehand. */
bool settle_can(const struct client *client);

/* Reads the record as it is now, and asks about what collides. STATUS_CONFLICT when the person wants to leave it at that,
 * STATUS_INTERRUPTED when they went away; either way nothing is changed. */
enum status settle_ask(struct client *client, struct settle *settle, struct error *err);
enum status
settle_leave(struct error *err); /* the refusal of who wants to leave it at that: STATUS_CONFLICT */

/* Who made the present value of a field: a map as `history` has it; NULL: not known. */
const msgpack_object *settle_hand(const struct settle *settle, const struct field *field);

/* The three values of a field below one another, for a note in a form. In the arena; NULL without memory. */
const char *settle_note(struct client *client, const struct settle *settle, size_t index);

/* A long text with both sides where they collide, between marks. In the arena. */
enum status settle_marked(struct client *client, const struct settle *settle, size_t index, const char **out,
			  struct error *err);

#endif
