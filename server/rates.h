/* How often somebody may do something: a bucket for each key, which holds a burst and fills evenly. Keys are addresses
 * and certificates, so a peer may bring many; the table never grows, and a bucket that is given to another key is the
 * fullest of its neighbours. */
#ifndef SAFER_SERVER_RATES_H
#define SAFER_SERVER_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rates;

struct rate {
	int64_t count;     /* as many ... */
	int64_t period_ms; /* ... in so long, in the long run */
	int64_t burst;     /* and as many at once, after a while without any */
};

struct rates *rates_new(void); /* NULL without memory */
void rates_free(struct rates *rates);

/* Whether the key may do it once more at this time of the monotonic clock. */
bool rates_take(struct rates *rates, const void *key, size_t length, struct rate rate, int64_t now_ms);

#endif
