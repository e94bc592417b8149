/* A disk of our own under SQLite. It passes everything on to the real one, counts the calls, fails the one that it is
 * told to, and keeps a platter, so that the power can be cut at any call. It never syncs the real disk: what was
 * synced is what the platter says. */
#ifndef SAFER_TESTS_FAULTS_DISK_H
#define SAFER_TESTS_FAULTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_fault {             /* how a call fails */
		  DISK_IOERR, /* reads, writes, syncs, truncations, opening: an I/O error, nothing was done */
		  DISK_FULL,  /* writes: half of it is there, then the disk is full */
		  DISK_SHORT, /* the system reads or writes half of what it was asked for, as it always may */
		  DISK_FAULTS
};

extern const char *const disk_fault_names[DISK_FAULTS];

void disk_install(void);   /* from here on it is the one that connections open on */
void disk_uninstall(void); /* new connections open on the real one again */

/* Counts from here. The nth call (from 1) that can fail in this way fails, and those after it do not, unless `on`
 * says that every later one does too. nth 0: none. */
void disk_fail(int64_t nth, enum disk_fault fault, bool on);
int64_t disk_calls(void); /* since then, those that could have failed in this way */
bool disk_failed(void);   /* whether it came to it */

/* Called before a write, sync or truncation reaches the platter, and after. On the thread that makes the call. NULL:
 * nobody is. */
void disk_tell(void (*hook)(void *payload), void *payload);

#endif
