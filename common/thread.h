/* Threads beside the first one. */
#ifndef SAFER_COMMON_THREAD_H
#define SAFER_COMMON_THREAD_H

#include <pthread.h>

/* Starts a thread that no signal interrupts: those are for the program's first one. 0, or an error number as
 * pthread_create(3) answers it. The caller joins or detaches it. */
int thread_start(pthread_t *out, void *(*run)(void *payload), void *payload);

#endif
