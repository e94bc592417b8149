/* The door for Prometheus, closed unless a setting opens it: a local socket, or a port of 127.0.0.1, that answers
 * GET /metrics in just enough HTTP/1.0 and nothing else.
 *
 * It stands apart from the door of the members. Few may be inside at once and none for long; whoever comes when it is
 * full takes the place of the one who has been there longest. What a caller sends can end that caller only, and however
 * many ask, numbers are gathered a few times a second. */
#ifndef SAFER_SERVER_METRICS_DOOR_H
#define SAFER_SERVER_METRICS_DOOR_H

#include "server/dispatch.h"
#include "server/settings.h"

struct event_base;
struct metrics_door;

/* Opens what the settings metrics_socket and metrics_port name; *out is NULL when they name nothing. The socket gets
 * mode 0660. One that a server left behind is replaced; anything else in its place is refused. */
enum status metrics_door_new(struct event_base *base, struct dispatch *dispatch,
			     const struct settings *settings, struct metrics_door **out, struct error *err);

/* Ends whoever has stayed too long, and answers those who wait. The loop calls it four times a second. */
void metrics_door_check(struct metrics_door *door, int64_t now_ms);

void metrics_door_stop(struct metrics_door *door); /* nobody more, and no more jobs; NULL is fine */
void metrics_door_free(struct metrics_door *door); /* once the reader has stopped; NULL is fine */

#endif
