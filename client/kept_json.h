/* A change-set as JSON: what "safer change show --json" prints, "safer change apply" takes.
 *
 *     {"reason": "...", "changes": [
 *         {"do": "edit", "id": "A2", "base": 7, "fields": {"progress": 60, "due": null}},
 *         {"do": "create", "kind": "milestone", "ref": "@lamps", "fields": {"title": "Lamps ordered", "action": "A2"}}]}
 *
 * A list of changes alone will do. "settled" beside "fields" is what was given up in a conflict, by field:
 * {"progress": {"theirs": 22}}, or mine, or both. Values are as in the JSON of records; dates, periods, choices, references and
 * decimals may also be written as they are typed. Without a base the newest revision is taken. */
#ifndef SAFER_CLIENT_KEPT_JSON_H
#define SAFER_CLIENT_KEPT_JSON_H

#include "client/kept.h"

#include <jansson.h>

/* Reads a set; `name` is where it comes from, for messages. STATUS_INVALID says which change is wrong, and how. The bases
 * that are left out stay 0. Needs the schema. */
enum status kept_read_json(struct client *client, const char *name, struct span text, struct kept *out,
			   struct error *err);

/* The set as "change apply" takes it. NULL without memory; the caller gives it back. */
json_t *kept_json(struct client *client, const struct kept *kept);

/* The set in hand, with how it stands. */
enum status kept_print_json(struct client *client, const struct kept *kept, struct error *err);

#endif
