/* Who is editing what, as the server knows it from their connections: advice, never a lock. */
#ifndef SAFER_CLIENT_PRESENCE_H
#define SAFER_CLIENT_PRESENCE_H

#include "client/client.h"

/* Says that this person is editing a record, for as long as this connection stands, and tells on standard error who else
 * is. It is advice only: when it cannot be said, the edit goes on all the same. */
void presence_announce(struct client *client, const char *id);

/* For people who look at a record: a line for each who is editing it. */
void presence_print(struct client *client, const char *id, FILE *file);

/* "Debra Tedds (Warwickshire Police) is editing A12, since 10:42", from what the server told; NULL without memory. */
const char *presence_words(struct client *client, const msgpack_object *presence);

/* "Debra Tedds (Warwickshire Police)", or "you"; NULL without memory. */
const char *presence_who(struct client *client, const msgpack_object *presence);

/* Those that were told of last, so that only who came and who went is told. All zero at first. */
struct presence_log {
	struct arena *arena;
	struct presence_told *told;
	size_t count;
};

/* Prints a line for each who came or went since the last time; `map` is what the server told. */
enum status presence_log_print(struct presence_log *log, struct client *client, const msgpack_object *map,
			       FILE *file, struct error *err);
void presence_log_forget(struct presence_log *log);

#endif
