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

/* ---- with marks ---- */

#define YOURS  "<<<<<<< yours/"
#define SAW    "||||||| you saw/"
#define MIDDLE "=======/"
#define THEIRS ">>>>>>> theirs"

static const struct merge_row marked_rows[] = {
	{"what collides stands between marks", "a/b/c", "a/X/c", "a/Y/c",
	 "a/" YOURS "X/" SAW "b/" MIDDLE "Y/" THEIRS "/c"},
	{"what does not collide is merged around the marks", "a/b/c/d/e", "A/b/X/d/e", "a/b/Y/d/E",
	 "A/b/" YOURS "X/" SAW "c/" MIDDLE "Y/" THEIRS "/d/E"},
	{"two collisions are marked apart", "a/b/c", "X/b/X", "Y/b/Y",
	 YOURS "X/" SAW "a/" MIDDLE "Y/" THEIRS "/b/" YOURS "X/" SAW "c/" MIDDLE "Y/" THEIRS},
	{"between the marks of a line that I removed there is nothing", "a/b/c", "a/c", "a/B/c",
	 "a/" YOURS SAW "b/" MIDDLE "B/" THEIRS "/c"},
	{"between the marks of what both added, you saw nothing", "a", "a/x/y", "a/z",
	 "a/" YOURS "x/y/" SAW MIDDLE "z/" THEIRS},
	{"texts of which nothing is alike are marked whole", "a", "x/y", "z",
	 YOURS "x/y/" SAW "a/" MIDDLE "z/" THEIRS},
};

static void is_marked(void **state)
{
	const struct merge_row *row = *state;
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *out = NULL;

	assert_int_equal(merge_marked(arena, lines(arena, row->base), lines(arena, row->mine),
				      lines(arena, row->theirs), &out, &err),
			 STATUS_OK);
	assert_string_equal(out, lines(arena, row->merged));
	arena_free(arena);
}

static void only_a_collision_is_marked(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(merge_rows) / sizeof(merge_rows[0]); i++) {
		const struct merge_row *row = &merge_rows[i];
		const char *out = NULL;

		assert_int_equal(merge_marked(arena, lines(arena, row->base), lines(arena, row->mine),
					      lines(arena, row->theirs), &out, NULL),
				 STATUS_OK);
		assert_int_equal(merge_mark_line(out) == 0, row->merged != NULL);
		if (row->merged) {
			assert_string_equal(out, lines(arena, row->merged));
		}
	}
	arena_free(arena);
}

static void a_mark_is_found_by_its_line_whatever_stands_before_it(void **state)
{
	(void)state;
	assert_int_equal(merge_mark_line("a\nb\n" MERGE_MINE "\nc\n"), 3);
	assert_int_equal(merge_mark_line("a\n \t" MERGE_THEIRS), 2);
	assert_int_equal(merge_mark_line(MERGE_BASE "\n" MERGE_THEIRS), 1);
	assert_int_equal(merge_mark_line("see " MERGE_MINE "\n" MERGE_MINE "!\n=======\n"), 0);
	assert_int_equal(merge_mark_line(""), 0);
}

/* ---- comparing ---- */

struct compare_row {
	const char *name;
	const char *from, *to;
	const char *told;
};

static const struct compare_row compare_rows[] = {
	{"of the same text nothing is told", "a/b/c", "a/b/c", ""},
	{"of no text that stays none nothing is told", "", "", ""},
	{"a line that went", "a/b/c", "a/c", "  a/- b/  c"},
	{"a line that came", "a/c", "a/b/c", "  a/+ b/  c"},
	{"a line that became another", "a/b/c", "a/B/c", "  a/- b/+ B/  c"},
	{"a line that came first", "a/b/c", "0/a/b/c", "+ 0/  a/  ..."},
	{"a line that went last", "a/b/c", "a/b", "  .../  b/- c"},
	{"two lines that became three", "a/b/c/d", "a/x/y/z/d", "  a/- b/- c/+ x/+ y/+ z/  d"},
	{"one line between two changes is shown once", "a/b/c", "A/b/C", "- a/+ A/  b/- c/+ C"},
	{"two lines between two changes are both shown", "a/b/c/d", "A/b/c/D", "- a/+ A/  b/  c/- d/+ D"},
	{"more lines between two changes are left out", "a/b/c/d/e/f", "A/b/c/d/e/F",
	 "- a/+ A/  b/  .../  e/- f/+ F"},
	{"where nothing was, no empty line went", "", "a/b", "+ a/+ b"},
	{"where nothing is left, no empty line came", "a/b", "", "- a/- b"},
	{"an empty line that came", "a/b", "a//b", "  a/+ /  b"},
	{"a line that moved went and came", "a/b/c", "b/c/a", "- a/  b/  c/+ a"},
	{"one more of the same line", "x/x", "x/x/x", "  .../  x/+ x"},
	{"nothing is alike", "a/b", "x/y/z", "- a/- b/+ x/+ y/+ z"},
};

static void is_compared(void **state)
{
	const struct compare_row *row = *state;
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *out = NULL;

	assert_int_equal(merge_compare(arena, lines(arena, row->from), lines(arena, row->to), &out, &err),
			 STATUS_OK);
	assert_string_equal(out, lines(arena, row->told));
	arena_free(arena);
}

/* ---- too long ---- */

static void texts_too_long_to_compare_do_not_fit_together(void **state)
{
	struct arena *arena = arena_new();
	size_t length = 20000;
	char *base = arena_alloc(arena, length + 1);
	char *mine = arena_alloc(arena, length + 1);
	struct error err = ERROR_INIT;
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
	assert_int_equal(merge_marked(arena, base, mine, "c", &out, NULL), STATUS_OK); /* as a whole */
	assert_int_equal(merge_mark_line(out), 1);
	assert_non_null(strstr(out, "b\n\n" MERGE_BASE "\na\n"));
	assert_string_equal(out + strlen(out) - strlen("=======\nc\n" MERGE_THEIRS),
			    "=======\nc\n" MERGE_THEIRS);
	assert_int_equal(merge_compare(arena, base, mine, &out, &err), STATUS_INVALID);
	assert_string_equal(err.message, "the texts are too long to be compared");
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, merge_rows, merges);
	rows_add_table(&rows, marked_rows, is_marked);
	rows_add(&rows, "only a collision is marked", only_a_collision_is_marked, NULL);
	rows_add(&rows, "a mark is found by its line, whatever stands before it",
		 a_mark_is_found_by_its_line_whatever_stands_before_it, NULL);
	rows_add_table(&rows, compare_rows, is_compared);
	rows_add(&rows, "texts too long to compare do not fit together",
		 texts_too_long_to_compare_do_not_fit_together, NULL);
	return rows_run(&rows, "merge");
}
