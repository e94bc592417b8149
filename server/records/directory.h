/* The directory as whoever wants to reach somebody needs it: organisations and bodies by their names, and who sits where
 * today. Everybody may see all of it. */
#ifndef SAFER_SERVER_RECORDS_DIRECTORY_H
#define SAFER_SERVER_RECORDS_DIRECTORY_H

#include "server/records/engine.h"

struct place { /* an organisation or a body */
	const char *id, *name, *short_name, *type;
	const char *organisation; /* of a body: its id, or "" */
	bool body;
};

struct seat { /* a confirmed appointment, or one that ended */
	const char *id, *title, *post;
	const char *body, *organisation; /* ids, or "" */
	int64_t person;
	bool taken; /* it holds today */
};

struct directory {
	struct arena *arena;
	day_t today;
	struct place *places;
	size_t place_count, place_capacity;
	struct seat *seats;
	size_t seat_count, seat_capacity;
};

enum status directory_load(struct context *context, struct arena *arena, int64_t partnership, day_t today,
			   struct directory *out, struct error *err);

const struct place *directory_place(const struct directory *directory, const char *id); /* NULL: none */

/* Whether a call upon `id` reaches who sits in a seat: an organisation all who sit for it, a body all who sit in it or
 * speak for it, and an appointment whoever holds that post in that body now. */
bool directory_reaches(const struct directory *directory, const char *id, const struct seat *seat);

#endif
