/* What Safer knows about written language, kept in one file: utf8proc carries the tables of Unicode. */
#include "common/text.h"

#include "common/arena.h"

#include <utf8proc.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Reads the character at the start of a text; answers its bytes, or 0 if it is not valid. */
static size_t character_read(const char *text, size_t length, utf8proc_int32_t *out)
{
	utf8proc_ssize_t room = length < 4 ? (utf8proc_ssize_t)length : 4;
	utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text, room, out);

	return bytes > 0 ? (size_t)bytes : 0;
}

static bool character_is_clean(utf8proc_int32_t character, bool lines)
{
	if (character == '\n' || character == '\t') {
		return lines;
	}
	if ((character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069)) {
		return false;
	}
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

bool text_is_clean(const char *text, size_t length, bool lines)
{
	for (size_t i = 0; i < length;) {
		utf8proc_int32_t character;
		size_t bytes;

		if (text[i] >= ' ' && text[i] <= '~') { /* most text is, and asks no table */
			i++;
			continue;
		}
		bytes = character_read(text + i, length - i, &character);
		if (bytes == 0 || !character_is_clean(character, lines)) {
			return false;
		}
		i += bytes;
	}
	return true;
}

size_t text_columns(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0; i < length;) {
		utf8proc_int32_t character;
		size_t bytes = character_read(text + i, length - i, &character);

		columns += bytes > 0 ? (size_t)utf8proc_charwidth(character) : 1;
		i += bytes > 0 ? bytes : 1;
	}
	return columns;
}

static bool character_is_space(utf8proc_int32_t character)
{
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		return character >= '\t' && character <= '\r';
	}
}

/* Makes every run of spaces one space, and none at either end. In place: nothing gets longer. */
static void squeeze(char *text)
{
	size_t length = strlen(text);
	char *end = text;
	bool space = false; /* one is due before the next character */

	for (size_t i = 0; i < length;) {
		utf8proc_int32_t character;
		size_t bytes = character_read(text + i, length - i, &character);

		if (bytes == 0) {
			break;
		}
		if (character_is_space(character)) {
			space = end > text;
		} else {
			if (space) {
				*end++ = ' ';
			}
			memmove(end, text + i, bytes);
			end += bytes;
			space = false;
		}
		i += bytes;
	}
	*end = '\0';
}

char *text_fold(struct arena *arena, const char *text, size_t length)
{
	const utf8proc_option_t options =
		UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t bytes;
	char *copy = NULL;

	if (length == 0) {
		return arena_text(arena, "", 0);
	}
	if (length > PTRDIFF_MAX || memchr(text, '\0', length)) {
		return NULL;
	}
	bytes = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &folded, options);
	if (bytes < 0) {
		return NULL;
	}
	copy = arena_text(arena, (const char *)folded, (size_t)bytes);
	free(folded);
	if (copy) {
		squeeze(copy);
	}
	return copy;
}

bool text_equal(const char *a, size_t a_length, const char *b)
{
	return strlen(b) == a_length && (a_length == 0 || memcmp(a, b, a_length) == 0);
}

#define NEAREST_BYTES    64 /* longer words are not names of ours */
#define NEAREST_DISTANCE 2

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance where swapping two neighbours counts as one edit; both words are at most NEAREST_BYTES. Three rows
 * of the usual table suffice: the one being filled and the two before it. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][NEAREST_BYTES + 1];
	size_t *before = rows[0];
	size_t *last = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= b_length; j++) {
		before[j] = 0;
		last[j] = j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				row[j] = least(row[j], before[j - 2] + 1);
			}
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	size_t nearest_distance =
		least(NEAREST_DISTANCE + 1, length); /* to replace every letter is not near */
	const char *nearest = NULL;

	if (length > NEAREST_BYTES) {
		return NULL;
	}
	for (; *candidates; candidates++) {
		size_t candidate_length = strlen(*candidates);
		size_t edits;

		if (candidate_length > NEAREST_BYTES) {
			continue;
		}
		edits = distance(word, length, *candidates, candidate_length);
		if (edits < nearest_distance) {
			nearest_distance = edits;
			nearest = *candidates;
		}
	}
	return nearest;
}
