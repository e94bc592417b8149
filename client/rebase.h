/* A form that was begun on an old revision, brought onto the present one: what others changed elsewhere is taken,
 * what collides is put to the person. */
#ifndef SAFER_CLIENT_REBASE_H
#define SAFER_CLIENT_REBASE_H

#include "client/client.h"

enum rebase_fate {
	REBASE_KEEP,     /* the form's value stands */
	REBASE_TAKE,     /* others changed it and the person did not: theirs stands */
	REBASE_COLLIDES, /* both changed it, or its conflict group */
};

/* The fate of each field of a kind. `mine` has a value for each field, `base` and `theirs` are maps. */
void rebase_fates(const struct kind *kind, const msgpack_object *base, const msgpack_object *const *mine,
		  const msgpack_object *theirs, enum rebase_fate *fates);

/* What is known for it. */
struct rebase {
	const struct kind *kind;
	const msgpack_object *base;        /* fields that the form was begun on */
	const msgpack_object *theirs;      /* fields of the present revision */
	const msgpack_object *titles;      /* of what they refer to; NULL: none */
	const msgpack_object *const *mine; /* values of the form, one for each field */
	const bool *given;                 /* whether the form has an entry for it */
	const msgpack_object *details;     /* of the server's refusal: who changed what, when; NULL */
};

/* Asks about each group that collides and changes *form accordingly. *again tells whether the person wants to edit it
 * once more; then the three values stand in comments near each such field. STATUS_CONFLICT when the person wants
 * to leave it at that. */
enum status rebase_ask(struct client *client, const struct rebase *rebase, const char **form, bool *again,
		       struct error *err);

#endif
