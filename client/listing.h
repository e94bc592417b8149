/* Records as rows of a list, for people: the columns that a kind's rows in the schema mark, or those that were asked for. */
#ifndef SAFER_CLIENT_LISTING_H
#define SAFER_CLIENT_LISTING_H

#include "client/client.h"
#include "client/print.h"

#define LISTING_COLUMNS 80

struct listing {
	struct grid_column columns[LISTING_COLUMNS];
	const struct field *fields[LISTING_COLUMNS]; /* NULL: what every record has, such as its id */
	size_t column_count;
};

/* The id, the title, the columns that the schema marks, and the state. `listing` is zeroed. */
void listing_default(const struct kind *kind, struct listing *listing);

/* Those of "title,due,owner", of client->kind. */
enum status listing_choose(struct client *client, const char *text, struct listing *listing,
			   struct error *err);

/* One row. What is shown lies in the client's arena. */
enum status listing_add(struct client *client, const struct listing *listing, const msgpack_object *record,
			const msgpack_object *titles, struct grid *grid, struct error *err);

#endif
