/* The only reader of time.
 *
 * Two clocks: the machine's, which certificates and invitations live by, and the partnership's, which is the
 * same unless the data folder was made for training (`saferd init --training DATE`): then the partnership's day
 * starts at that date and runs on from there. Tests set both. */
#ifndef SAFER_COMMON_CLOCK_H
#define SAFER_COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_machine(void);      /* microseconds since 1970-01-01 UTC, by the machine */
int64_t clock_now(void);          /* the same, by the partnership's calendar */
int64_t clock_monotonic_ms(void); /* milliseconds that never go back; for deadlines */
int64_t clock_monotonic_us(void); /* the same in microseconds; for measuring */

void clock_set_offset(int64_t microseconds); /* partnership's clock minus machine's; 0 at start */

/* For tests: from now on the machine's clock stands still at this time; 0 lets it run again. */
void clock_freeze(int64_t microseconds);

#endif
