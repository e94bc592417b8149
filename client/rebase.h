/* A change that was made on an old revision, brought onto the present one: what others changed elsewhere is theirs, what
 * both changed collides. A pure function of three versions. */
#ifndef SAFER_CLIENT_REBASE_H
#define SAFER_CLIENT_REBASE_H

#include "protocol/schema.h"

enum rebase_fate {
	REBASE_KEEP,     /* the person's value stands */
	REBASE_TAKE,     /* others changed it and the person did not: theirs stands */
	REBASE_COLLIDES, /* both changed it, or its conflict group */
};

/* The fate of each field of a kind. `mine` has a value for each field, `base` and `theirs` are maps. */
void rebase_fates(const struct kind *kind, const msgpack_object *base, const msgpack_object *const *mine,
		  const msgpack_object *theirs, enum rebase_fate *fates);

#endif
