/* A third value, when neither theirs nor the person's own shall stand. */
#ifndef SAFER_CLIENT_SETTLE_VALUE_H
#define SAFER_CLIENT_SETTLE_VALUE_H

#include "client/settle.h"

/* Asks for it: a long text in the editor, with both sides; anything else on a line. What was typed into the editor stays
 * in a file, which the person is told of, until it is taken. */
enum status settle_value_ask(struct client *client, const struct settle *settle, size_t index,
			     const msgpack_object **out, struct error *err);

#endif
