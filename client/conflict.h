/* A conflict told: as a table with the ways out of it, and, for a script, as one JSON document that says how to settle it. */
#ifndef SAFER_CLIENT_CONFLICT_H
#define SAFER_CLIENT_CONFLICT_H

#include "client/kept.h"

/* Prints the table (base, theirs, mine, who, when, per field) and the ways out, to `file`. `details` is client->details
 * after STATUS_CONFLICT. */
void conflict_print(struct client *client, const msgpack_object *details, FILE *file);

/* Whether none of the details before it is about the same record. */
bool conflict_begins_record(const msgpack_object *details, size_t index);

/* The command by which theirs stands for a record of a set in hand. In the arena; NULL without memory. */
const char *conflict_drop(struct client *client, const struct kept *kept, const msgpack_object *details,
			  const char *id);

/* After STATUS_CONFLICT of a set: with --json, one document on standard output,
 *
 *     {"conflict": {"message": "...", "records": [{"id": "A2", "kind": "action", "do": "edit", "base": 7, "revision": 8,
 *         "fields": [{"field", "base", "theirs", "mine", "by", "agency", "at", "entry", "revision"}]}],
 *      "settle": {"mine":   {"commands": ["safer ..."], "changes": {"changes": [...]}},
 *                 "theirs": {"commands": [...], "changes": {"changes": [...]}}}}}
 *
 * where `changes` is what "safer change apply" takes. Nothing in any other mode: client_complain prints the table. The
 * status is that of `err`, which stays as it is. */
enum status conflict_tell(struct client *client, const struct kept *kept, struct error *err);

#endif
