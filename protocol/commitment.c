/* What a journal leaf says instead of a value. The server makes commitments, and everyone who is shown a value can
 * make the same one again and find it in the leaf. */
#include "protocol/commitment.h"

#include <string.h>

void commitment_make(const uint8_t salt[SALT_BYTES], const char *kind, const char *id, const char *field,
		     struct span packed_value, struct digest *out)
{
	static const uint8_t salt_length = SALT_BYTES;
	const struct span pieces[] = {
		{&salt_length, sizeof(salt_length)},
		{salt, SALT_BYTES},
		/* Each name goes in with its NUL, so that no two lists of names run together to the same bytes. */
		{(const uint8_t *)kind, strlen(kind) + 1},
		{(const uint8_t *)id, strlen(id) + 1},
		{(const uint8_t *)field, strlen(field) + 1},
		packed_value,
	};

	digest_spans(pieces, sizeof(pieces) / sizeof(pieces[0]), out);
}
