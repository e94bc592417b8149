/* The one place that asks the machine what time it is; a test that sets it here has set it everywhere. */
#include "common/clock.h"

#include <stdatomic.h>
#include <time.h>

/* Read by every thread; written at start and by tests. */
static _Atomic int64_t frozen; /* microseconds since 1970, or 0 while the clock runs */
static _Atomic int64_t offset; /* microseconds */

int64_t clock_machine(void)
{
	int64_t still = frozen;
	struct timespec now;

	if (still != 0) {
		return still;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return clock_machine() + offset;
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

void clock_set_offset(int64_t microseconds)
{
	offset = microseconds;
}

void clock_freeze(int64_t microseconds)
{
	frozen = microseconds;
}
