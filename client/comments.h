/* Comments on records, as people read and write them. */
#ifndef SAFER_CLIENT_COMMENTS_H
#define SAFER_CLIENT_COMMENTS_H

#include "client/client.h"

/* The last few comments on a record, the newest last, and how many there are before them. Nothing when there is none, and
 * on a server that has no comments. `as_of` may be NULL. */
enum status comments_print(struct client *client, const char *id, const char *as_of, struct error *err);

#endif
