/* How every command that changes records ends. */
#ifndef SAFER_CLIENT_CHANGE_H
#define SAFER_CLIENT_CHANGE_H

#include "client/changeset.h"

/* Sends it, or adds it to the change-set in hand; a dry run is of this change alone. Tells the outcome, and with `show`
 * how to look at the first record of it, which is of client->kind. */
enum status change_send(struct client *client, struct changeset *set, bool show, struct error *err);

#endif
