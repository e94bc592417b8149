/* `safer watch --board`: the plan on the whole terminal, kept current. */
#ifndef SAFER_CLIENT_BOARD_WATCH_H
#define SAFER_CLIENT_BOARD_WATCH_H

#include "client/follow.h"

/* Narrowed to a body's records or to what stands under one. The terminal was checked (screen.h), and there is a schema. Until the person leaves it. STATUS_OK by q; STATUS_INTERRUPTED by a signal. */
enum status board_watch(struct client *client, const struct follow_wish *narrowed, struct error *err);

#endif
