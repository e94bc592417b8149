/* The lists that a reader answered lately, as they travel.
 *
 * A list hangs on what was asked for, on the rights that it was asked with, on the day, and on the records; and nothing
 * changes a record without a journal entry in the same transaction. So the same bytes answer whoever asks the same with
 * the same rights, until the partnership's journal grows. Rights are the roles and what they are held for, never a
 * person: two members of one body share a list, and nobody is shown what another may see. */
#ifndef SAFER_SERVER_RECORDS_VIEWS_H
#define SAFER_SERVER_RECORDS_VIEWS_H

#include "server/request.h"

#define VIEWS_BYTES ((size_t)64 << 20) /* that a reader keeps at most */

struct views;

struct views *views_new(size_t bytes); /* NULL without memory */
void views_free(struct views *views);  /* NULL is fine */

/* What a list hangs on besides the journal. False without memory: then it is neither looked for nor kept. */
bool views_key(const struct request *request, struct digest *out);

/* The answer's map. It lives until the next views_keep(). False when there is none for a journal of so many entries. */
bool views_find(struct views *views, const struct digest *key, int64_t entries, struct span *out);

/* Copies the answer; without memory it is only not kept. */
void views_keep(struct views *views, const struct digest *key, int64_t entries, struct span answer);

#endif
