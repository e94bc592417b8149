/* Whom a text calls upon with an @: an agency or a body by its name, short name, type or id, or a post: @police, @O2,
 * @"Strategic Board", @chair-of-strategic-board. A dash stands for a space; @@ is an @ that calls upon nobody, and so is
 * one inside a word. */
#ifndef SAFER_SERVER_RECORDS_MENTIONS_H
#define SAFER_SERVER_RECORDS_MENTIONS_H

#include "server/records/changeset.h"

#define MENTIONS_MAX 20 /* in one text */

/* The list of ids, or NULL for none: organisations, bodies, and for a post the appointments that hold it today. Refused:
 * a name that nobody bears or several do, a post that nobody holds, and a call upon somebody who may not see the record
 * that the item makes. */
enum status mentions_resolve(struct change_set *set, const struct item *item, const char *text,
			     const msgpack_object **out, struct error *err);

#endif
