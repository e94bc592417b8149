/* How many refusals of one account go into the journal: a bucket that holds an hour's worth and fills evenly. Whoever
 * runs at a closed door all day must not fill the journal that everyone keeps for ever. */
#ifndef SAFER_SERVER_REFUSALS_H
#define SAFER_SERVER_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

struct refusals;

struct refusals *refusals_new(void); /* NULL without memory */
void refusals_free(struct refusals *refusals);

/* Whether the refusal at this time (microseconds) may be journalled. *skipped is how many of the account could not
 * since the last that was. */
bool refusals_take(struct refusals *refusals, int64_t account, int64_t per_hour, int64_t now,
		   int64_t *skipped);

#endif
