/* Records as they come from the server, shown to people. */
#ifndef SAFER_CLIENT_RECORD_H
#define SAFER_CLIENT_RECORD_H

#include "client/client.h"

/* A value as text, in the arena. For people (`titles` given): references with their titles, "unknown" spelled out,
 * numbers with their unit. Otherwise as field_parse takes it. NULL without memory. */
const char *record_value(struct client *client, const struct field *field, const msgpack_object *value,
			 const msgpack_object *titles, bool people);

/* "B3 Warwickshire Police", or the id alone. */
const char *record_title(struct client *client, struct span id, const msgpack_object *titles);

/* What was given up of a field in a conflict, a map of mine, theirs, revision, by: "gave up 55%, typed by Debra Tedds,
 * chair, in revision 8". `mine_by` is who made the change that it stands with. In the arena; NULL without memory. */
const char *record_given_up(struct client *client, const struct field *field, const msgpack_object *one,
			    const msgpack_object *titles, const char *mine_by);

/* The time in the map's "at": "2014-05-01 09:30" for people, in full otherwise. NULL without memory. */
const char *record_when(struct client *client, const msgpack_object *map, bool people);

/* "2014-05-01 09:30" of a time as it travels; what is shorter is left as it is. NULL without memory. */
const char *record_minute(struct arena *arena, const char *at);

/* One record in full. */
enum status record_print(struct client *client, const struct kind *kind, const msgpack_object *record,
			 const msgpack_object *titles, struct error *err);

/* Reads one record. STATUS_NOT_FOUND and so on as the server says. `as_of` may be NULL. */
enum status record_read(struct client *client, const char *id, const char *as_of,
			const msgpack_object **record, const msgpack_object **titles, struct error *err);

/* The field of a name, or STATUS_INVALID with the nearest one that there is. */
enum status record_field(const struct kind *kind, const char *name, const struct field **out,
			 struct error *err);

#endif
