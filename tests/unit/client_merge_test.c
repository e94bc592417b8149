/* Merging long texts: what fits together, and what does not. Texts are written with / for a line feed. */
#include "client/merge.h"
#include "tests/unit/rows.h"

#include <stdlib.h>

struct merge_row {
	const char *name;
	const char *base, *mine, *theirs;
	const char *merged; /* NULL: they collide */
};

static const struct merge_row merge_rows[] = {
	{"nothing changed", "a/b/c", "a/b/c", "a/b/c", "a/b/c"},
	{"only I changed a line", "a/b/c", "a/B/c", "a/b/c", "a/B/c"},
	{"only they changed a line", "a/b/c", "a/b/c", "a/B/c", "a/B/c"},
	{"both changed lines that lie apart", "a/b/c", "A/b/c", "a/b/C", "A/b/C"},
	{"both made the same change", "a/b/c", "a/B/c", "a/B/c", "a/B/c"},
	{"both changed one line differently", "a/b/c", "a/X/c", "a/Y/c", NULL},
	{"changes of neighbouring lines are not taken apart", "a/b/c/d", "a/B/c/d", "a/b/C/d", NULL},
	{"I added at the top, they at the end", "a/b", "0/a/b", "a/b/9", "0/a/b/9"},
	{"both added at the end", "a/b", "a/b/c", "a/b/d", NULL},
	{"both added the same at the end", "a/b", "a/b/c", "a/b/c", "a/b/c"},
	{"I removed a line, they changed another", "a/b/c/d", "a/c/d", "a/b/c/D", "a/c/D"},
	{"I removed a line that they changed", "a/b/c", "a/c", "a/B/c", NULL},
	{"I removed all, they nothing", "a/b", "", "a/b", ""},
	{"both began from nothing", "", "mine", "theirs", NULL},
	{"both began from nothing with the same", "", "same", "same", "same"},
	{"I filled in what was empty", "", "mine/two", "", "mine/two"},
	{"repeated lines keep their places", "x/x/a/x", "x/x/A/x", "x/x/a/x/x", "x/x/A/x/x"},
	{"empty lines are lines", "a//b//c", "A//b//c", "a//b//C", "A//b//C"},
	{"I moved a line, they changed another", "a/b/c/d/e", "b/c/a/d/e", "a/b/c/d/E", "b/c/a/d/E"},
	{"a line of UTF-8", "\xc3\xa9/b/c", "\xc3\xa8/b/c", "\xc3\xa9/b/\xc3\xa0", "\xc3\xa8/b/\xc3\xa0"},
};

static char *lines(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text, strlen(text));

	assert_non_null(copy);
	for (char *letter = copy; *letter; letter++) {
		*letter = *letter == '/' ? '\n' : *letter;
	}
	return copy;
}

static void assert_merges(const char *base, const char *mine, const char *theirs, const char *merged)
{
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *out = NULL;
	bool clean = false;

	assert_non_null(arena);
	assert_int_equal(merge_lines(arena, lines(arena, base), lines(arena, mine), lines(arena, theirs),
				     &clean, &out, &err),
			 STATUS_OK);
	assert_int_equal(clean, merged != NULL);
	if (merged) {
		assert_string_equal(out, lines(arena, merged));
	} else {
		assert_null(out);
	}
	arena_free(arena);
}

static void merges(void **state)
{
	const struct merge_row *row = *state;

	assert_merges(row->base, row->mine, row->theirs, row->merged);
	assert_merges(row->base, row->theirs, row->mine, row->merged); /* neither side is favoured */
}

static void texts_too_long_to_compare_do_not_fit_together(void **state)
{
	struct arena *arena = arena_new();
	size_t length = 20000;
	char *base = arena_alloc(arena, length + 1);
	char *mine = arena_alloc(arena, length + 1);
	const char *out = NULL;
	bool clean = true;

	(void)state;
	for (size_t i = 0; i < length; i += 2) {
		memcpy(base + i, "a\n", 2);
		memcpy(mine + i, "b\n", 2);
	}
	assert_int_equal(merge_lines(arena, base, mine, "c", &clean, &out, NULL), STATUS_OK);
	assert_false(clean);
	assert_null(out);
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, merge_rows, merges);
	rows_add(&rows, "texts too long to compare do not fit together",
		 texts_too_long_to_compare_do_not_fit_together, NULL);
	return rows_run(&rows, "merge");
}
