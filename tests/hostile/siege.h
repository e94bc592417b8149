/* Attacks under way: each a process of its own, from its first wave until it is told to stop. */
#ifndef SAFER_TESTS_HOSTILE_SIEGE_H
#define SAFER_TESTS_HOSTILE_SIEGE_H

#include "tests/hostile/attacks.h"

#define SIEGE_MOST 16

struct siege {
	struct {
		const struct attack *attack;
		pid_t process;
		int on; /* says when the first wave is in place */
	} parts[SIEGE_MOST];
	size_t count;
	struct deeds *deeds; /* of all of them; shared with their processes */
};

/* Begins them all, and returns when their first waves are in place, or have had the time to. */
void siege_begin(struct siege *siege, const struct attack *const *list, size_t count, uint16_t port,
		 const struct person *member);
/* Ends them, and fails if one had ended before, or if nothing was ever attacked. */
void siege_end(struct siege *siege, struct deeds *out);
/* Ends whatever there still is, after a failure. */
void siege_lift(struct siege *siege);

#endif
