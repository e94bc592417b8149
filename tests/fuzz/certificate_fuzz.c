/* A certificate request from whoever has an invitation: taken only with a key of the two kinds that we sign, and never
 * anything but that key of it. */
#include "server/identity/authority.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	EVP_PKEY *key = NULL;

	if (authority_read_request((struct span){data, size}, &key, &err) == STATUS_OK) {
		int id = EVP_PKEY_get_base_id(key);

		fuzz_require(id == EVP_PKEY_ED25519 || id == EVP_PKEY_EC);
		fuzz_require(id == EVP_PKEY_ED25519 || EVP_PKEY_get_bits(key) == 256);
		EVP_PKEY_free(key);
	} else {
		fuzz_require(key == NULL && err.message[0] != '\0');
	}
	ERR_clear_error();
	return 0;
}
