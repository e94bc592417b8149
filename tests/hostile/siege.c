/* Attackers have what the processors leave over, since here both sides share a machine. An attacker that is warded off
 * may never get its first wave in place: it is waited for only so long, and goes on trying beside the honest work. */
#include "tests/hostile/siege.h"

#include "common/clock.h"

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAVE_MS 5000

static void attack_as_child(const struct attack *attack, struct prey *prey)
{
	const struct sched_param idle = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_IDLE, &idle) != 0) {
		_exit(2);
	}
	attack->carry_out(prey);
	_exit(0);
}

static void begin(struct siege *siege, const struct attack *attack, struct prey *prey)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		prey->on = ends[1];
		attack_as_child(attack, prey);
	}
	close(ends[1]);
	siege->parts[siege->count].attack = attack;
	siege->parts[siege->count].process = child;
	siege->parts[siege->count].on = ends[0];
	siege->count++;
}

static void until_they_are_on(struct siege *siege)
{
	int64_t until = clock_monotonic_ms() + WAVE_MS;

	for (size_t i = 0; i < siege->count; i++) {
		struct pollfd ready = {.fd = siege->parts[i].on, .events = POLLIN};
		int64_t left = until - clock_monotonic_ms();

		(void)poll(&ready, 1, left > 0 ? (int)left : 0);
	}
}

void siege_begin(struct siege *siege, const struct attack *const *list, size_t count, uint16_t port,
		 const struct person *member)
{
	struct prey prey = {.port = port, .member = raw_person(member)};

	assert_true(count <= SIEGE_MOST);
	*siege = (struct siege){.count = 0};
	siege->deeds =
		mmap(NULL, sizeof(*siege->deeds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(siege->deeds != MAP_FAILED);
	prey.deeds = siege->deeds;
	for (size_t i = 0; i < count; i++) {
		begin(siege, list[i], &prey);
	}
	raw_offer_release(&prey.member);
	until_they_are_on(siege);
}

/* How a process of an attack ended by itself. */
static void say_how_it_ended(const struct attack *attack, int status)
{
	if (WIFSIGNALED(status)) {
		print_error("the attack \"%s\" itself fell to signal %d (%s)\n", attack->name,
			    WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else {
		print_error("the attack \"%s\" itself ended too early, with %d\n", attack->name,
			    WEXITSTATUS(status));
	}
}

/* How many had ended before. */
static int stop(struct siege *siege)
{
	int early = 0;

	for (size_t i = 0; i < siege->count; i++) {
		int status = 0;

		if (waitpid(siege->parts[i].process, &status, WNOHANG) == siege->parts[i].process) {
			say_how_it_ended(siege->parts[i].attack, status);
			early++;
		} else {
			kill(siege->parts[i].process, SIGKILL);
			waitpid(siege->parts[i].process, &status, 0);
		}
		close(siege->parts[i].on);
	}
	siege->count = 0;
	return early;
}

void siege_lift(struct siege *siege)
{
	stop(siege);
	if (siege->deeds) {
		munmap(siege->deeds, sizeof(*siege->deeds));
		siege->deeds = NULL;
	}
}

void siege_end(struct siege *siege, struct deeds *out)
{
	int early = stop(siege);

	out->tried = siege->deeds->tried;
	out->entered = siege->deeds->entered;
	siege_lift(siege);
	assert_int_equal(early, 0);
	assert_true(out->tried > 0);
}
