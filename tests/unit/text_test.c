/* What may be stored as text, how wide it is, and what counts as the same. */
#include "common/text.h"

#include "common/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void is_clean_on_one_line(void **state)
{
	const char *text = *state;

	assert_true(text_is_clean(text, strlen(text), false));
	assert_true(text_is_clean(text, strlen(text), true));
}

static void is_clean_only_with_lines(void **state)
{
	const char *text = *state;

	assert_false(text_is_clean(text, strlen(text), false));
	assert_true(text_is_clean(text, strlen(text), true));
}

static void is_never_clean(void **state)
{
	const char *text = *state;

	assert_false(text_is_clean(text, strlen(text), false));
	assert_false(text_is_clean(text, strlen(text), true));
}

static void a_nul_is_never_clean(void **state)
{
	(void)state;
	assert_false(text_is_clean("a\0b", 3, true));
}

static void a_character_cut_by_the_length_is_never_clean(void **state)
{
	(void)state;
	assert_true(text_is_clean("\xe2\x82\xac", 3, false));
	assert_false(text_is_clean("\xe2\x82\xac", 2, false));
	assert_true(text_is_clean("\xe2\x82\xac", 0, false));
}

static const struct {
	const char *text;
	size_t columns;
} widths[] = {
	{"", 0},
	{"Safer", 5},
	{"caf\xc3\xa9", 4},
	{"cafe\xcc\x81", 4},             /* e and a combining accent */
	{"\xe5\xae\x89\xe5\x85\xa8", 4}, /* two wide characters */
	{"\xf0\x9f\x9a\x93", 2},         /* a police car */
	{"a\xe2\x80\x8b"
	 "b",
	 2},             /* a space of no width */
	{"\xff\xfe", 2}, /* a terminal shows one mark for each byte that is not valid */
};

static void width_is_counted_in_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		assert_int_equal(text_columns(widths[i].text, strlen(widths[i].text)), widths[i].columns);
	}
}

static const struct {
	const char *a;
	const char *b;
} same[] = {
	{"Anna Smith", "  anna   SMITH "},
	{"Caf\xc3\xa9", "CAFE\xcc\x81"},
	{"Stra\xc3\x9f"
	 "e",
	 "STRASSE"},
	{"\xef\xbc\xa1\xef\xbc\xa2", "ab"}, /* full-width letters */
	{"a\xc2\xa0"
	 "b",
	 "a b"}, /* a space that does not break */
	{"a\t\n b", "a b"},
	{"an\xe2\x80\x8b"
	 "na",
	 "anna"},                   /* a space of no width */
	{"\xef\xac\x81re", "fire"}, /* a ligature */
	{"", "   "},
};

static void names_that_look_alike_fold_alike(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char *a = text_fold(arena, same[i].a, strlen(same[i].a));
		char *b = text_fold(arena, same[i].b, strlen(same[i].b));

		assert_non_null(a);
		assert_non_null(b);
		assert_string_equal(a, b);
	}
	assert_string_equal(text_fold(arena, " An  Na ", 8), "an na");
	arena_free(arena);
}

static void what_is_not_text_does_not_fold(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_null(text_fold(arena, "\xff", 1));
	assert_null(text_fold(arena, "a\0b", 3));
	arena_free(arena);
}

static void equal_means_the_same_bytes(void **state)
{
	(void)state;
	assert_true(text_equal("action!", 6, "action"));
	assert_false(text_equal("action", 5, "action"));
	assert_false(text_equal("Action", 6, "action"));
	assert_true(text_equal(NULL, 0, ""));
}

static const char *const nouns[] = {"action", "priority", "indicator", "decision", "plan", "list", NULL};

static const struct {
	const char *word;
	const char *nearest;
} guesses[] = {
	{"action", "action"},
	{"acton", "action"},
	{"actoin", "action"},
	{"prioritys", "priority"},
	{"pirority", "priority"},
	{"lsit", "list"},
	{"plans", "plan"},
	{"burglary", NULL},
	{"x", NULL},
	{"", NULL},
	{"pl", NULL},
};

static void a_slip_of_the_finger_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		const char *nearest = text_nearest(guesses[i].word, nouns);

		if (guesses[i].nearest) {
			assert_non_null(nearest);
			assert_string_equal(nearest, guesses[i].nearest);
		} else {
			assert_null(nearest);
		}
	}
}

static void a_word_longer_than_any_of_ours_is_near_to_none(void **state)
{
	char word[200];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(text_nearest(word, nouns));
	assert_null(text_nearest("aaa", (const char *const[]){word, NULL}));
}

#define CLEAN(what, text)                                               \
	{                                                               \
		"accepts " what, is_clean_on_one_line, NULL, NULL, text \
	}
#define LINES(what, text)                                                                           \
	{                                                                                           \
		"accepts only in a text of lines " what, is_clean_only_with_lines, NULL, NULL, text \
	}
#define NEVER(what, text)                                         \
	{                                                         \
		"refuses " what, is_never_clean, NULL, NULL, text \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEAN("nothing", ""),
		CLEAN("plain words", "Reduce burglary by 5%"),
		CLEAN("Welsh", "Tre\xc5\xb5yn"),
		CLEAN("Arabic", "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85"),
		CLEAN("a joined emoji", "\xf0\x9f\x91\xae\xe2\x80\x8d\xe2\x99\x80"),
		CLEAN("the last character of all", "\xf4\x8f\xbf\xbd"),
		LINES("a line feed", "a\nb"),
		LINES("a tab", "a\tb"),
		NEVER("a carriage return", "a\r\nb"),
		NEVER("an escape", "\x1b[31mred"),
		NEVER("a bell", "a\x07"),
		NEVER("a delete", "a\x7f"),
		NEVER("a control character of Latin-1", "\xc2\x85"),
		NEVER("a line separator", "a\xe2\x80\xa8"
					  "b"),
		NEVER("an override of direction", "a\xe2\x80\xae"
						  "b"),
		NEVER("an isolate of direction", "a\xe2\x81\xa6"
						 "b"),
		NEVER("Latin-1", "caf\xe9"),
		NEVER("an overlong slash", "\xc0\xaf"),
		NEVER("a surrogate", "\xed\xa0\x80"),
		NEVER("a character past the last", "\xf4\x90\x80\x80"),
		NEVER("a continuation alone", "\x80"),
		NEVER("half a character at the end", "a\xe2\x82"),
		cmocka_unit_test(a_nul_is_never_clean),
		cmocka_unit_test(a_character_cut_by_the_length_is_never_clean),
		cmocka_unit_test(width_is_counted_in_columns),
		cmocka_unit_test(names_that_look_alike_fold_alike),
		cmocka_unit_test(what_is_not_text_does_not_fold),
		cmocka_unit_test(equal_means_the_same_bytes),
		cmocka_unit_test(a_slip_of_the_finger_is_understood),
		cmocka_unit_test(a_word_longer_than_any_of_ours_is_near_to_none),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
