/* What needs a person now: records that wait for a step that they may take, and work of theirs that is late. */
#ifndef SAFER_SERVER_REPORT_NEEDS_H
#define SAFER_SERVER_REPORT_NEEDS_H

#include "server/request.h"

/* Puts the list of {id, title, what, by}, most urgent first; `by` is the date that it is needed by, or "". */
enum status needs_put(struct request *request, struct buffer *out, struct error *err);

/* Puts the map of kind to the number of its records that the person may see. */
enum status needs_put_counts(struct request *request, struct buffer *out, struct error *err);

#endif
