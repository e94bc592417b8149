/* A signed head from a server that may lie: only what the key signed is taken. The key is made of fixed bytes, so that
 * the corpus can hold notes that it signed. An input is a note, or with a first line "key" another key and a note. */
#include "protocol/checkpoint.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/err.h>
#include <string.h>

#define ORIGIN "safer.test/p1"

static EVP_PKEY *signing_key(void)
{
	static EVP_PKEY *key;
	static const uint8_t bytes[32] = {7};

	if (!key) {
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof(bytes));
		fuzz_require(key != NULL);
	}
	return key;
}

/* What it says is what its signer signed: signing it again gives a note that says the same. */
static void sign_again(const struct checkpoint *opened, const char *verifier)
{
	struct checkpoint again;
	struct error err = ERROR_INIT;
	struct buffer note;

	memset(&again, 0, sizeof(again));
	buffer_init(&note, FUZZ_BYTES);
	fuzz_require(strcmp(opened->origin, ORIGIN) == 0);
	fuzz_require(checkpoint_sign(opened, signing_key(), &note, &err) == STATUS_OK);
	fuzz_require(checkpoint_open((const char *)note.data, note.length, verifier, &again, &err) ==
		     STATUS_OK);
	fuzz_require(again.size == opened->size && digest_equal(&again.root, &opened->root));
	buffer_release(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint opened;
	struct error err = ERROR_INIT;
	char verifier[CHECKPOINT_KEY];
	const uint8_t *end = size > 4 && memcmp(data, "key ", 4) == 0 ? memchr(data, '\n', size) : NULL;

	memset(&opened, 0, sizeof(opened));
	if (end && (size_t)(end - data) < sizeof(verifier)) {
		size_t length = (size_t)(end - data) - 4;

		memcpy(verifier, data + 4, length);
		verifier[length] = '\0';
		checkpoint_open((const char *)end + 1, size - (size_t)(end + 1 - data), verifier, &opened,
				&err);
	} else {
		fuzz_require(checkpoint_key(ORIGIN, signing_key(), verifier, &err) == STATUS_OK);
		if (checkpoint_open((const char *)data, size, verifier, &opened, &err) == STATUS_OK) {
			sign_again(&opened, verifier);
		} else {
			fuzz_require(err.message[0] != '\0');
		}
	}
	ERR_clear_error();
	return 0;
}
