/* A new thread has the signal mask of the one that starts it. */
#include "common/thread.h"

#include <signal.h>

int thread_start(pthread_t *out, void *(*run)(void *payload), void *payload)
{
	sigset_t all;
	sigset_t before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(out, NULL, run, payload);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}
