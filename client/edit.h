/* Records in the person's editor. */
#ifndef SAFER_CLIENT_EDIT_H
#define SAFER_CLIENT_EDIT_H

#include "client/client.h"

/* Opens an empty form for a new record of client->kind, and sends it. */
enum status edit_new(struct client *client, struct error *err);

#endif
