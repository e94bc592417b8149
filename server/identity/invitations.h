/* Invitations: made by an administrator or on the server's console, used once, by whoever holds the secret. */
#ifndef SAFER_SERVER_IDENTITY_INVITATIONS_H
#define SAFER_SERVER_IDENTITY_INVITATIONS_H

#include "protocol/invitation.h"
#include "server/request.h"

/* Makes one for a person's record and journals it. `by` is the number of the inviting person, 0 for the console.
 * `host` and `port` are what the invitation tells the client to connect to. Runs in the writer's transaction. */
enum status invitation_make(struct context *context, struct arena *arena, int64_t partnership, int64_t person,
			    int64_t by, int64_t hours, const char *host, uint16_t port,
			    char out[INVITATION_TEXT], int64_t *expires_at, struct error *err);

#endif
