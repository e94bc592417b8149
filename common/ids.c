/* The ids that people say aloud in a meeting: "A12", "P3". */
#include "common/ids.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool id_parse(const char *text, size_t length, struct id *out)
{
	struct id id = {0};
	size_t letters = 0;

	while (letters < length && letters < ID_PREFIX_MAX) {
		char letter = text[letters];

		if (letter >= 'a' && letter <= 'z') {
			letter = (char)(letter - 'a' + 'A');
		}
		if (letter < 'A' || letter > 'Z') {
			break;
		}
		id.prefix[letters++] = letter;
	}
	if (letters == 0 || letters == length || text[letters] == '0') {
		return false;
	}
	for (size_t i = letters; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(id.number, 10, &id.number) ||
		    __builtin_add_overflow(id.number, text[i] - '0', &id.number)) {
			return false;
		}
	}
	*out = id;
	return true;
}

void id_format(const char *prefix, int64_t number, char out[ID_TEXT])
{
	assert(strlen(prefix) <= ID_PREFIX_MAX && number > 0);
	snprintf(out, ID_TEXT, "%.3s%lld", prefix, (long long)number);
}
