/* The servers that are measured: started on a core of their own, and what the kernel says of them. */
#ifndef SAFER_TESTS_BENCH_PROCESSES_H
#define SAFER_TESTS_BENCH_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_CORE    0
#define GENERATOR_CORE 1

void process_pin(int core);                        /* this process */
pid_t process_start(const char *const *arguments); /* on SERVER_CORE, silent; -1 */
void process_stop(pid_t *pid);                     /* SIGTERM, and waits; 0 and -1 are fine */
bool process_lives(pid_t pid);
int64_t process_cpu(pid_t pid);     /* microseconds that its threads have run; 0 unknown */
int64_t process_memory(pid_t pid);  /* KiB, shared pages by their part */
void process_wait_quiet(pid_t pid); /* until it has nothing to do any more */

/* Runs a shell command on GENERATOR_CORE and reads numbers from the one line that it prints. */
int process_ask(const char *command, double *numbers, int most);

#endif
