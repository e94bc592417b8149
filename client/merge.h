/* Three-way merge of texts, line by line: what one side changed and the other left alone is taken; where both changed
 * the same lines in different ways, nobody but a person can say what shall stand. */
#ifndef SAFER_CLIENT_MERGE_H
#define SAFER_CLIENT_MERGE_H

#include "common/arena.h"
#include "common/status.h"

#include <stdbool.h>

/* *clean tells whether the sides fit together; then *out is the merged text, in the arena, and NULL otherwise. Texts
 * that are too long to compare do not fit together. */
enum status merge_lines(struct arena *arena, const char *base, const char *mine, const char *theirs,
			bool *clean, const char **out, struct error *err);

#endif
