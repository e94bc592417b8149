/* The founding of a partnership on this server: its row, its administration, and the first person who may come in. */
#ifndef SAFER_SERVER_IDENTITY_FOUNDING_H
#define SAFER_SERVER_IDENTITY_FOUNDING_H

#include "protocol/invitation.h"
#include "server/request.h"

/* Makes the partnership, the body "Administration" in it, a person of the administrator's name, that person's
 * confirmed appointment as administrator from today, and an invitation for them to be printed once. `origin` names
 * the partnership's journal in its signed heads. Runs in the writer's transaction; the caller seals the journal and
 * commits. */
enum status founding_make(struct context *context, struct arena *arena, const char *partnership_name,
			  const char *origin, const char *administrator_name, const char *host, uint16_t port,
			  char invitation[INVITATION_TEXT], struct error *err);

#endif
