/* What needs the person: from the server, and from what lies unsent on this device. */
#ifndef SAFER_CLIENT_INBOX_H
#define SAFER_CLIENT_INBOX_H

#include "client/client.h"

/* The first `most` needs of a list as the server sends it, for people: why, by when, and what to type. */
void inbox_print(struct client *client, const msgpack_object *needs, size_t most);

/* How many drafts and change-sets on this device were refused, or got no answer. */
size_t inbox_here(struct client *client);

#endif
