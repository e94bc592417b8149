/* One bucket for each account, in a table of fixed size. Accounts that meet in the same place share its bucket: then
 * fewer are journalled, never more. */
#include "server/refusals.h"

#include <stddef.h>
#include <stdlib.h>

#define BUCKETS 4096
#define HOUR    (INT64_C(3600) * 1000000)

struct bucket {
	int64_t filled_at; /* microseconds; 0: never used, so full */
	int64_t level;     /* refusals times HOUR: whole numbers all the way */
	int64_t skipped;
};

struct refusals {
	struct bucket buckets[BUCKETS];
};

struct refusals *refusals_new(void)
{
	return calloc(1, sizeof(struct refusals));
}

void refusals_free(struct refusals *refusals)
{
	free(refusals);
}

static void fill(struct bucket *bucket, int64_t per_hour, int64_t now)
{
	int64_t passed = now - bucket->filled_at;

	if (bucket->filled_at == 0 || passed >= HOUR) {
		bucket->level = per_hour * HOUR;
	} else if (passed > 0) {
		bucket->level += passed * per_hour;
	}
	if (bucket->level > per_hour * HOUR) {
		bucket->level = per_hour * HOUR;
	}
	bucket->filled_at = now;
}

bool refusals_take(struct refusals *refusals, int64_t account, int64_t per_hour, int64_t now,
		   int64_t *skipped)
{
	struct bucket *bucket = &refusals->buckets[(uint64_t)account % BUCKETS];

	fill(bucket, per_hour, now);
	if (bucket->level < HOUR) {
		bucket->skipped++;
		*skipped = bucket->skipped;
		return false;
	}
	bucket->level -= HOUR;
	*skipped = bucket->skipped;
	bucket->skipped = 0;
	return true;
}
