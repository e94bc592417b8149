/* What the commands around a change-set in hand share: opening it, sending it, joining another to it. */
#ifndef SAFER_CLIENT_KEPT_SEND_H
#define SAFER_CLIENT_KEPT_SEND_H

#include "client/kept.h"

/* Locks and loads it; *fd is to be closed, also after a failure when it is not -1. */
enum status kept_open(struct client *client, struct kept *out, int *fd, struct error *err);
/* STATUS_INVALID when it was sent without an answer: then it may only be sent again. */
enum status kept_check_open(const struct kept *kept, struct error *err);

/* Sends it under the lock, and tells what came of it. It is on the disk, with its request id, before it leaves. When it
 * is refused it stays, with what is wrong beside its items, if `keep`; when no answer came it stays either way. */
enum status kept_send(struct client *client, struct kept *kept, bool keep, struct error *err);

/* Asks before records are removed. */
enum status kept_confirm(struct client *client, const struct kept *kept, struct error *err);

/* NULL is none. */
enum status kept_join_reason(struct client *client, struct kept *kept, const char *reason, struct error *err);

/* Says what was added. */
enum status kept_tell_added(struct client *client, const struct kept *hand, const struct kept_item *items,
			    size_t count, struct error *err);

/* The item that client->details names after a refusal of `count` items. */
bool kept_refused_item(const struct client *client, size_t count, enum status status, size_t *at);

#endif
