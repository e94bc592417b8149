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

/* What stands between the two texts of a collision, each on a line of its own. */
#define MERGE_MINE   "<<<<<<< yours"
#define MERGE_BASE   "||||||| you saw"
#define MERGE_THEIRS ">>>>>>> theirs"

/* The same, but that what collides stands between marks: mine, what both began with, theirs. */
enum status merge_marked(struct arena *arena, const char *base, const char *mine, const char *theirs,
			 const char **out, struct error *err);

/* The first line of a text, from 1, that is such a mark, whatever white space is before it; 0: none. */
size_t merge_mark_line(const char *text);

/* What became of a text: lines that went ("- "), lines that came ("+ "), and a line that stayed ("  ") before and after
 * them. "" when nothing did. STATUS_INVALID when the texts are too long to compare. */
enum status merge_compare(struct arena *arena, const char *from, const char *to, const char **out,
			  struct error *err);

#endif
