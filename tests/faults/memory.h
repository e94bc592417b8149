/* Memory that runs out on order. Linked into a program, memory.c stands before the C library's malloc, calloc and
 * realloc for everything in the process: our code, SQLite, OpenSSL, libevent, msgpack, the C library itself. */
#ifndef SAFER_TESTS_FAULTS_MEMORY_H
#define SAFER_TESTS_FAULTS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The nth allocation (from 1) that is asked for by a thread that counts is refused, once. 0: none. Starts counting. With
 * SAFER_TRACE in the environment and the address sanitizer, standard error says where it was. */
void memory_fail(int64_t nth);
int64_t memory_asked(void); /* allocations since */
bool memory_refused(void);  /* whether it came to it */
void memory_end(void);      /* counts no more */

/* The thread of the test counts only between these; all others always do. */
void memory_enter(void);
void memory_leave(void);

/* Looks for memory that nobody can reach any more: true when there is some, with a report on standard error. Always
 * false in a build without the address sanitizer. */
bool memory_leaked(void);

#endif
