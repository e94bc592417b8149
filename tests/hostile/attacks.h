/* The attacks, a row each. Each is carried out by a process of its own,
 * which goes on until it is killed. */
#ifndef SAFER_TESTS_HOSTILE_ATTACKS_H
#define SAFER_TESTS_HOSTILE_ATTACKS_H

#include "tests/hostile/prey.h"

struct attack {
	const char *name;
	void (*carry_out)(struct prey *prey);
};

extern const struct attack attacks[];
extern const size_t attack_count;

#endif
