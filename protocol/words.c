/* Lists of words in one text, and what white space is. The schema keeps choices and states as such lists, so that a row
 * stays a line. */
#include "protocol/schema.h"

#include <string.h>

const char *words_next(const char *words, size_t *length)
{
	if (!words) {
		return NULL;
	}
	words += strspn(words, " ");
	*length = strcspn(words, " ");
	return *length > 0 ? words : NULL;
}

bool words_have(const char *words, const char *word, size_t length)
{
	size_t bytes;

	for (const char *next = words_next(words, &bytes); next; next = words_next(next + bytes, &bytes)) {
		if (bytes == length && memcmp(next, word, length) == 0) {
			return true;
		}
	}
	return false;
}

/* The bytes of the white space that a text begins with one character of; 0 when it begins with something else. */
static size_t space_bytes(const char *text, size_t length)
{
	static const char *const spaces[] = {
		" ",
		"\t",
		"\n",
		"\v",
		"\f",
		"\r",
		"\xc2\xa0",     /* no-break space */
		"\xe1\x9a\x80", /* U+1680 */
		"\xe2\x80\x80",
		"\xe2\x80\x81",
		"\xe2\x80\x82",
		"\xe2\x80\x83",
		"\xe2\x80\x84",
		"\xe2\x80\x85",
		"\xe2\x80\x86",
		"\xe2\x80\x87",
		"\xe2\x80\x88",
		"\xe2\x80\x89",
		"\xe2\x80\x8a", /* to U+200A */
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
		"\xef\xbb\xbf", /* a byte order mark */
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t bytes = strlen(spaces[i]);

		if (bytes <= length && memcmp(text, spaces[i], bytes) == 0) {
			return bytes;
		}
	}
	return 0;
}

struct span words_trim(const char *text, size_t length)
{
	size_t bytes;

	while ((bytes = space_bytes(text, length)) > 0) {
		text += bytes;
		length -= bytes;
	}
	for (bytes = 1; bytes <= 3 && bytes <= length; bytes++) {
		if (space_bytes(text + length - bytes, bytes) == bytes) {
			length -= bytes;
			bytes = 0;
		}
	}
	return (struct span){(const uint8_t *)text, length};
}
