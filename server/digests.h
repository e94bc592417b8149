/* The daily digests: once a day, at a time of the partnership's clock, each person who has something to read gets one
 * message, handed to the mail program of the settings. Off while the setting digest_command is empty. */
#ifndef SAFER_SERVER_DIGESTS_H
#define SAFER_SERVER_DIGESTS_H

#include "server/settings.h"
#include "server/worker.h"

struct digests;

/* Everything is borrowed; the settings are those that a reload changes. */
enum status digests_new(struct event_base *base, struct worker *reader, struct worker *writer,
			const struct settings *settings, struct digests **out, struct error *err);

/* Looks at the clock: begins the round of the day when its time has come. Cheap. */
void digests_check(struct digests *digests, int64_t monotonic_ms);

void digests_drain(struct digests *digests); /* nothing new is begun */
/* Before the workers are stopped; free it after. NULL is fine. */
void digests_stop(struct digests *digests);
void digests_free(struct digests *digests);

#endif
