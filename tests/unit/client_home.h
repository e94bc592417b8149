/* A home folder of its own for each test of the client: XDG folders below a temporary one. */
#ifndef SAFER_TESTS_UNIT_CLIENT_HOME_H
#define SAFER_TESTS_UNIT_CLIENT_HOME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/files.h"
#include "client/profile.h"
#include "client/tls.h"
#include "common/arena.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct home {
	char path[64];
	struct arena *arena;
	struct error err;
};

static inline int home_remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static inline int home_setup(void **state)
{
	struct home *home = calloc(1, sizeof(*home));
	char folder[80];

	assert_non_null(home);
	(void)snprintf(home->path, sizeof(home->path), "/tmp/safer-home-XXXXXX");
	assert_non_null(mkdtemp(home->path));
	home->arena = arena_new();
	assert_non_null(home->arena);
	(void)snprintf(folder, sizeof(folder), "%s/config", home->path);
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
	(void)snprintf(folder, sizeof(folder), "%s/state", home->path);
	assert_int_equal(setenv("XDG_STATE_HOME", folder, 1), 0);
	(void)snprintf(folder, sizeof(folder), "%s/cache", home->path);
	assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
	assert_int_equal(unsetenv("SAFER_PROFILE"), 0);
	*state = home;
	return 0;
}

static inline int home_teardown(void **state)
{
	struct home *home = *state;

	(void)nftw(home->path, home_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(home->arena);
	free(home);
	return 0;
}

/* A key and a self-signed certificate for it, as PEM in the arena. */
static inline void home_pair(struct home *home, struct span *key_pem, struct span *certificate_pem)
{
	struct buffer text;
	EVP_PKEY *key = NULL;
	X509 *certificate = X509_new();

	buffer_init(&text, 65536);
	assert_int_equal(tls_make_key(&key, NULL), STATUS_OK);
	assert_non_null(certificate);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_int_equal(tls_key_pem(key, &text, NULL), STATUS_OK);
	key_pem->length = text.length;
	key_pem->data = arena_copy(home->arena, text.data, text.length);
	buffer_clear(&text);
	assert_int_equal(tls_certificate_pem(certificate, &text, NULL), STATUS_OK);
	certificate_pem->length = text.length;
	certificate_pem->data = arena_copy(home->arena, text.data, text.length);
	assert_non_null(key_pem->data);
	assert_non_null(certificate_pem->data);
	X509_free(certificate);
	EVP_PKEY_free(key);
	buffer_release(&text);
}

/* Makes a finished profile. */
static inline struct profile home_profile(struct home *home, const char *name)
{
	struct span key, certificate;
	struct profile profile;

	assert_int_equal(profile_place(home->arena, name, &profile, &home->err), STATUS_OK);
	assert_int_equal(folder_make(profile.folder, &home->err), STATUS_OK);
	profile.server = "safer.example";
	profile.port = 7443;
	profile.partnership = "South Warwickshire CSP";
	profile.person = "PE2";
	profile.person_name = "Debra Tedds";
	profile.verifier = "safer.example/sw+00000000+AQ==";
	home_pair(home, &key, &certificate);
	assert_int_equal(profile_save_keys(&profile, key, certificate, &home->err), STATUS_OK);
	assert_int_equal(profile_save(&profile, &home->err), STATUS_OK);
	return profile;
}

#define HOME(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)

#endif
