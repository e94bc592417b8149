/* The records of people, as far as identity needs them: who is meant, what they are called, are they still there. */
#ifndef SAFER_SERVER_IDENTITY_PEOPLE_H
#define SAFER_SERVER_IDENTITY_PEOPLE_H

#include "server/records/visible.h"
#include "server/request.h"

struct person {
	int64_t number;
	char id[ID_TEXT];
	const char *name; /* in the arena */
	bool removed;     /* the record was removed: no longer in the directory */
};

/* By number. STATUS_NOT_FOUND when there never was one. */
enum status person_load(struct context *context, struct arena *arena, int64_t partnership, int64_t number,
			struct person *out, struct error *err);

/* By id or by name (compared as text_fold() does), among those whom `sight` shows. Somebody who was removed is not found; a
 * name that several people bear is STATUS_INVALID, and the error lists their ids. */
enum status person_find(struct visibility *sight, int64_t partnership, struct span text, struct person *out,
			struct error *err);

#endif
