/* Who is editing what, as the server knows it from their connections: advice, never a lock. */
#ifndef SAFER_CLIENT_PRESENCE_H
#define SAFER_CLIENT_PRESENCE_H

#include "client/client.h"

/* Says that this person is editing a record, for as long as this connection stands, and tells on standard error who else
 * is. It is advice only: when it cannot be said, the edit goes on all the same. */
void presence_announce(struct client *client, const char *id);

/* For people who look at a record: a line for each who is editing it. */
void presence_print(struct client *client, const char *id, FILE *file);

/* "Debra Tedds (Warwickshire Police) is editing A12 since 10:42", from what the server told; NULL without memory. */
const char *presence_words(struct client *client, const msgpack_object *presence);

#endif
