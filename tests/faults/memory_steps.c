/* Refuse, look, and do it once more with memory. */
#include "tests/faults/memory_steps.h"

#include "tests/faults/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t stride_of(const struct memory_step *step)
{
	const char *text = getenv("SAFER_STRIDE");

	return text != NULL ? strtoll(text, NULL, 10) : step->stride;
}

static bool run_hungry(const struct memory_step *step, int64_t n)
{
	bool done;

	memory_fail(n);
	memory_enter();
	done = step->run();
	memory_leave();
	memory_end();
	return done;
}

/* False: there is no such allocation any more. */
static bool refuse_one(const struct memory_step *step, int64_t n, int64_t *survived)
{
	bool done;
	bool refused;

	if (step->prepare != NULL) {
		step->prepare();
	}
	done = run_hungry(step, n);
	refused = memory_refused();
	if (step->sound != NULL && !step->sound(done)) {
		fail_msg("%s, allocation %lld: it said that it %s, and left something else", step->name,
			 (long long)n, done ? "was done" : "could not");
	}
	if (!done && !refused) {
		fail_msg("%s does not go well even with memory", step->name);
	}
	if (step->prepare != NULL) {
		step->prepare();
	}
	if (refused && (!step->run() || (step->sound != NULL && !step->sound(true)))) {
		fail_msg("%s, allocation %lld: it does not go well afterwards", step->name, (long long)n);
	}
	*survived += refused && done;
	return refused;
}

void memory_steps_play(const char *what, const struct memory_step *steps, size_t count)
{
	int64_t faults = 0;
	int64_t survived = 0;

	for (size_t i = 0; i < count; i++) {
		refuse_one(&steps[i], 0, &survived); /* what is made once in a process is made now */
		for (int64_t n = 1; refuse_one(&steps[i], n, &survived); n += stride_of(&steps[i])) {
			faults++;
		}
		if (memory_leaked()) {
			fail_msg("%s leaks", steps[i].name);
		}
	}
	print_message(
		"%s: %zu flows, %lld allocations refused, %lld of them made good; crashes 0, half-made 0, "
		"leaks 0\n",
		what, count, (long long)faults, (long long)survived);
}
