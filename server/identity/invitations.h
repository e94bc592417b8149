/* Invitations: made by an administrator or on the server's console, used once, by whoever holds the secret. */
#ifndef SAFER_SERVER_IDENTITY_INVITATIONS_H
#define SAFER_SERVER_IDENTITY_INVITATIONS_H

#include "protocol/invitation.h"
#include "server/request.h"

#define INVITATION_ID_TEXT 16 /* bytes of an id as people read it, with its NUL */
#define INVITATION_TRIES   5  /* wrong secrets that end an invitation */

/* Makes one for a person's record and journals it. `by` is who invites, NULL for the server's console. `host` and
 * `port` are what the invitation tells the client to connect to. Runs in the writer's transaction. A person who was
 * removed from the directory cannot be invited: STATUS_NOT_FOUND. */
enum status invitation_make(struct context *context, struct arena *arena, int64_t partnership, int64_t person,
			    const struct session *by, int64_t hours, const char *host, uint16_t port,
			    char out[INVITATION_TEXT], int64_t *expires_at, struct error *err);

/* Makes an open invitation of the session's partnership useless, and journals it. STATUS_NOT_FOUND when there is no
 * such one, or it has been used or withdrawn already. */
enum status invitation_withdraw(struct context *context, struct arena *arena, const struct session *by,
				const uint8_t id[INVITATION_ID], struct error *err);

/* An invitation's id as administrators see and type it: eight characters of base32. */
void invitation_id_format(const uint8_t id[INVITATION_ID], char out[INVITATION_ID_TEXT]);
bool invitation_id_parse(struct span text, uint8_t id[INVITATION_ID]);

#endif
