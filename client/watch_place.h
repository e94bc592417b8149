/* Where a watch is in the journal, so that it goes on after a lost connection without gap or repeat.
 *
 * One entry may have changed several records, and the connection may go between their notices. So a watch goes on behind the
 * last entry that is surely whole, and passes over what it has shown of the one after. */
#ifndef SAFER_CLIENT_WATCH_PLACE_H
#define SAFER_CLIENT_WATCH_PLACE_H

#include "common/ids.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch_shown {
	char id[ID_TEXT]; /* "": that one should look again */
	int64_t revision;
};

struct watch_place {
	int64_t since;             /* the entries up to this one were shown whole; -1: not begun */
	int64_t entry;             /* the one that is being shown */
	struct watch_shown *shown; /* of that one; owned */
	size_t count, capacity;
};

void watch_place_init(struct watch_place *place, int64_t since);
void watch_place_release(struct watch_place *place);

/* A notice has come. *fresh: it was not shown before. */
enum status watch_place_take(struct watch_place *place, int64_t entry, const char *id, int64_t revision,
			     bool *fresh, struct error *err);

#endif
