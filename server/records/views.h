/* What a reader answered lately, as it travels: lists, and what watchers are told.
 *
 * An answer hangs on what was asked for, on the rights that it was asked with, on the day, and on the records; and nothing
 * changes a record without a journal entry in the same transaction. So the same bytes answer whoever asks the same with
 * the same rights, until the partnership's journal grows. Rights are the roles and what they are held for, never a
 * person: two members of one body share an answer, and nobody is shown what another may see. */
#ifndef SAFER_SERVER_RECORDS_VIEWS_H
#define SAFER_SERVER_RECORDS_VIEWS_H

#include "common/digest.h"
#include "server/session.h"

#define VIEWS_BYTES ((size_t)64 << 20) /* that a reader keeps at most */

struct views;

struct views *views_new(size_t bytes); /* NULL without memory */
void views_free(struct views *views);  /* NULL is fine */

/* What an answer hangs on besides the journal: `asked`, packed, which must say everything that the answer is made from
 * but the records and the rights; it is released. False when it could not be packed: then the answer is neither looked
 * for nor kept. */
bool views_key(const struct session *session, struct buffer *asked, struct digest *out);

/* It lives until the next views_keep(). False when there is none for a journal of so many entries. */
bool views_find(struct views *views, const struct digest *key, int64_t entries, struct span *out);

/* Copies the answer; without memory it is only not kept. */
void views_keep(struct views *views, const struct digest *key, int64_t entries, struct span answer);

#endif
