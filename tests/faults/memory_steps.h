/* Steps that run on the thread of the test from beginning to end, such as a command: each is played again and again
 * with another allocation refused, until none is left. */
#ifndef SAFER_TESTS_FAULTS_MEMORY_STEPS_H
#define SAFER_TESTS_FAULTS_MEMORY_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_step {
	const char *name;
	void (*prepare)(void); /* with memory in plenty; NULL: nothing to do */
	bool (*run)(void);     /* true: done; false: it answered that it could not */
	bool (*sound)(
		bool done); /* with memory in plenty: is what it left behind as it said? NULL: not looked at */
	int64_t stride;     /* tries only each so manieth when SAFER_STRIDE does not say otherwise */
};

/* Plays them all and fails the test for what it finds; prints the figures as `what`. */
void memory_steps_play(const char *what, const struct memory_step *steps, size_t count);

#endif
