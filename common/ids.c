/* The ids that people say aloud in a meeting: "A12", "P3"; and those that only programs see. */
#include "common/ids.h"

#include "common/clock.h"
#include "common/digest.h"

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

bool request_id_new(uint8_t out[REQUEST_ID])
{
	uint64_t milliseconds = (uint64_t)clock_machine() / 1000;

	if (!random_bytes(out, REQUEST_ID)) {
		return false;
	}
	for (int i = 5; i >= 0; i--) {
		out[i] = (uint8_t)milliseconds;
		milliseconds >>= 8;
	}
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0f)); /* the version */
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f)); /* the variant */
	return true;
}
