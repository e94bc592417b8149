/* What stands under what: a milestone under its action, the action under its priority, and so the milestone under the
 * priority too. Lists and watches are narrowed by it.
 *
 * Each step is looked at as the session sees it, so nobody learns from a narrowed list where a record that is hidden from
 * him hangs. */
#ifndef SAFER_SERVER_RECORDS_UNDER_H
#define SAFER_SERVER_RECORDS_UNDER_H

#include "server/records/visible.h"

/* Whether a record that the session sees is the one called `top`, or stands under it; now (entry -1), or as it was at an
 * entry. */
enum status record_under(struct visibility *visibility, const struct record *record, int64_t entry,
			 const char *top, bool *out, struct error *err);

#endif
