/* A picture of records that is kept current: what follow.h tells, put together. Whoever draws it anew after each event draws
 * what the server would list.
 *
 *	struct picture *picture = picture_new();
 *
 *	while (follow_next(follow, 1000, &event, err) == STATUS_OK) {
 *		status = picture_take(picture, &event, &moved, err);
 *		if (moved && picture_whole(picture)) {
 *			for (size_t i = 0; i < picture_count(picture); i++) {
 *				const struct picture_record *record = picture_at(picture, i);
 *				...
 */
#ifndef SAFER_CLIENT_PICTURE_H
#define SAFER_CLIENT_PICTURE_H

#include "client/follow.h"

struct picture_record {
	char id[ID_TEXT];
	int64_t number; /* of the id */
	const struct kind *kind;
	int64_t revision;
	int64_t entry;   /* that made the revision */
	char *title;     /* "" when it has none that may be seen */
	char *by;        /* who made the revision; "" before anything was told of it */
	char *at;        /* when, as on the wire */
	uint8_t *fields; /* packed: picture_fields() */
	size_t length;   /* of that */
};

struct picture;

struct picture *picture_new(void);          /* NULL without memory */
void picture_free(struct picture *picture); /* NULL is fine */

/* Takes an event of whatever type. *moved: the picture is another one now. */
enum status picture_take(struct picture *picture, const struct follow_event *event, bool *moved,
			 struct error *err);

bool picture_whole(const struct picture *picture);    /* false while records of a fresh picture come in */
int64_t picture_entry(const struct picture *picture); /* the journal entry that it shows; -1: none yet */

/* The records, by kind in the order of the schema, then by number. They live until the next picture_take(). */
size_t picture_count(const struct picture *picture);
const struct picture_record *picture_at(const struct picture *picture, size_t index);
const struct picture_record *picture_find(const struct picture *picture,
					  const char *id); /* NULL: not in it */

/* The fields of a record, as a map in the arena; NULL without memory. */
const msgpack_object *picture_fields(const struct picture_record *record, struct arena *arena);

/* What a record is called, in the picture or referred to by one that is; NULL when that is not known. */
const char *picture_title(const struct picture *picture, const char *id);

#endif
