/* What would come of a change-set: shown beside what there is, before anything is sent. */
#ifndef SAFER_CLIENT_TRIAL_H
#define SAFER_CLIENT_TRIAL_H

#include "client/kept.h"

/* The table of what it would change: each field with its present value and the one that it would have. Asks the server
 * for the records. */
enum status trial_preview(struct client *client, const struct kept *kept, struct error *err);

#endif
