/* Which record is meant by what was typed: an id, or the title of one record of a kind. */
#ifndef SAFER_CLIENT_REFERENCE_H
#define SAFER_CLIENT_REFERENCE_H

#include "client/client.h"

/* `what` is the name it was typed for, for messages. `kind` is a kind's name; NULL: any, by id alone. The id lies in the
 * arena. STATUS_INVALID when no record or more than one has the title. */
enum status reference_find(struct client *client, const char *what, const char *kind, const char *text,
			   const char **id, struct error *err);

#endif
