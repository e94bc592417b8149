/* The records that a reader has read lately, decoded, with what policy asks of them.
 *
 * Nothing changes a record without a journal entry in the same transaction. So the table follows the journal: at the
 * first use of a partnership in a new snapshot it passes the entries that came since it last looked, and forgets what
 * they changed. When nobody has written at all, which the store tells without a statement, there is nothing to look at.
 * Only a reader has one: its snapshots go forwards, and nothing in them is undone. */
#ifndef SAFER_SERVER_RECORDS_RECENT_H
#define SAFER_SERVER_RECORDS_RECENT_H

#include "server/records/engine.h"

#define RECENT_BYTES ((size_t)384 << 20) /* that a reader's table holds at most, by and large */

struct recent;

struct recent *recent_new(size_t bytes); /* NULL without memory */
void recent_free(struct recent *recent); /* NULL is fine */

/* When a snapshot begins: what was handed out before lives no longer. */
void recent_turn(struct recent *recent, struct store *store);

/* The present revision, a removed one too; STATUS_NOT_FOUND when there is none. It lives until the next turn. */
enum status recent_get(struct recent *recent, struct context *context, int64_t partnership,
		       const struct kind *kind, int64_t number, const struct record **out, struct error *err);

/* Where reading ahead has come to; all 0 at the beginning. */
struct recent_place {
	int64_t partnership;
	size_t kind; /* of the schema's kinds */
	int64_t number;
};

/* Reads `most` records after a place, and moves it. There is no `more` when all were read, or the records that are kept
 * take half of the room: the rest is for what is asked for. */
enum status recent_ahead(struct recent *recent, struct context *context, struct recent_place *place,
			 size_t most, bool *more, struct error *err);

/* How many entries the partnership's journal has: counted once in a snapshot, or each time by who keeps no table. */
enum status recent_entries(struct context *context, int64_t partnership, int64_t *out, struct error *err);

#endif
