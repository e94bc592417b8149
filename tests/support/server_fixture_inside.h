/* What the parts of the server fixture share, and tests do not see. */
#ifndef SAFER_TESTS_SUPPORT_SERVER_FIXTURE_INSIDE_H
#define SAFER_TESTS_SUPPORT_SERVER_FIXTURE_INSIDE_H

#include "tests/support/server_fixture.h"

#define DEVICES_MAX 64

struct fixture_inside {
	struct arena *arena;
	EVP_PKEY *journal_key;
	struct fixture_device *devices[DEVICES_MAX];
	size_t device_count;
	EVP_PKEY *keys[DEVICES_MAX];
	size_t key_count;
	struct fixture_device *administrator; /* NULL until it enrolled */
	struct buffer params;                 /* being asked */
	size_t params_header;
	size_t param_count;
	struct arena *call; /* of the last call */
};

/* Fails the test with the error's words when a step of the fixture itself goes wrong. */
void fixture_must(enum status status, const struct error *err, const char *what);

#endif
