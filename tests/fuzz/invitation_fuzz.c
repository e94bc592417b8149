/* An invitation as it was pasted: what is taken can be written again, and means the same. */
#include "protocol/invitation.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fuzz_input input = {data, size};
	struct arena *arena = fuzz_arena();
	struct invitation invitation;
	struct invitation again;
	struct error err = ERROR_INIT;
	char text[INVITATION_TEXT];

	memset(&invitation, 0, sizeof(invitation));
	memset(&again, 0, sizeof(again));
	if (invitation_parse(fuzz_text(arena, &input), &invitation, &err) == STATUS_OK) {
		fuzz_require(invitation_format(&invitation, text, &err) == STATUS_OK);
		fuzz_require(invitation_parse(text, &again, &err) == STATUS_OK);
		fuzz_require(strcmp(invitation.host, again.host) == 0 && invitation.port == again.port);
		fuzz_require(memcmp(invitation.fingerprint, again.fingerprint, INVITATION_FINGERPRINT) == 0);
		fuzz_require(memcmp(invitation.id, again.id, INVITATION_ID) == 0);
		fuzz_require(memcmp(invitation.secret, again.secret, INVITATION_SECRET) == 0);
	} else {
		fuzz_require(err.message[0] != '\0' && err.hint[0] != '\0');
	}
	arena_free(arena);
	return 0;
}
