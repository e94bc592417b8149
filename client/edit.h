/* Records in the person's editor. */
#ifndef SAFER_CLIENT_EDIT_H
#define SAFER_CLIENT_EDIT_H

#include "client/client.h"

/* Opens an empty form for a new record of client->kind, and sends it. */
enum status edit_new(struct client *client, struct error *err);

/* A form for a record, or for a new one (id and record NULL), in the arena. STATUS_NOT_PERMITTED when the person may
 * edit none of its fields. */
enum status edit_form(struct client *client, const struct kind *kind, const char *id,
		      const msgpack_object *record, const msgpack_object *titles, const char **out,
		      struct error *err);

#endif
