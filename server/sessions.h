/* The sessions that a worker has loaded already, by certificate.
 *
 * What a session says follows from the directory (people, bodies, organisations, appointments), from accounts and
 * credentials, and from the day. The store draws a new mark whenever anything of the first three changes, in the same
 * transaction; a session that was loaded is used again only while the mark in the transaction at hand and the day are
 * those that it was loaded under. So a revocation or an ended appointment counts from the very next request on, and a
 * change that was undone leaves nothing behind. */
#ifndef SAFER_SERVER_SESSIONS_H
#define SAFER_SERVER_SESSIONS_H

#include "server/session.h"

struct sessions;

struct sessions *sessions_new(void); /* NULL without memory */
/* What requests still hold lives on until they let go. NULL is fine. */
void sessions_free(struct sessions *sessions);

/* To be called when the transaction of the store is another one, or something was done in it: the mark is read again. */
void sessions_doubt(struct sessions *sessions);

/* As session_load(), from the transaction of `store`. What comes out is the arena's, until it is freed. A cache of NULL
 * loads each time. */
enum status sessions_get(struct sessions *sessions, struct store *store, struct arena *arena,
			 const struct digest *fingerprint, struct session **out, struct error *err);

#endif
