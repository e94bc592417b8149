/* UTF-8: what may be stored, how wide it is, what counts as the same. Built on utf8proc. */
#ifndef SAFER_COMMON_TEXT_H
#define SAFER_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Valid UTF-8 (no surrogates, no overlong forms) without control characters. One line allows none at all;
 * `lines` allows line feeds and tabs. Bidirectional override characters (U+202A-202E, U+2066-2069) are refused:
 * they make a text read differently from what is stored; so are the line separators U+2028 and U+2029, which some
 * programs break lines at and others do not. */
bool text_is_clean(const char *text, size_t length, bool lines);

size_t text_columns(const char *text, size_t length); /* columns that a terminal needs */

/* The form used to compare names: NFKC, case folded, invisible characters dropped, spaces squeezed and trimmed.
 * NULL without memory or if the text is not valid UTF-8 or holds a NUL. Lives in the arena. */
char *text_fold(struct arena *arena, const char *text, size_t length);

/* Whether the bytes of `a` are those of the text `b`. */
bool text_equal(const char *a, size_t a_length, const char *b);

/* The entry of a NULL-ended list that is nearest to `word` (at most two edits, fewer than it has letters;
 * swapping two neighbours is one edit), or NULL. For "did you mean". */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
