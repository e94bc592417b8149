/* Conflicts of a change-set that is on its way, whoever put it together and how. */
#ifndef SAFER_CLIENT_KEPT_SETTLE_H
#define SAFER_CLIENT_KEPT_SETTLE_H

#include "client/kept_send.h"

/* Sends a set as kept_send does. What collides is put to the person, if there is one to ask, and the set is sent again on
 * what they have seen, until it is taken, or refused for another reason, or the person leaves it: then it is the
 * change-set in hand, whatever `keep` says. In a script the conflict is told whole. Call it under the lock. */
enum status settle_send(struct client *client, struct kept *kept, bool keep, struct error *err);

/* The same for a set that was just refused with STATUS_CONFLICT, as `err` and client->details have it. Takes the lock. */
enum status settle_set(struct client *client, const struct changeset *set, struct error *err);

#endif
