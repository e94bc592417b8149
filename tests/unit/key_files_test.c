/* Keys and certificates on the disk: whose they are, and what happens when they are not as they should be. */
#include "tests/support/server_fixture.h"

#include "server/identity/authority.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void path_of(const struct server_fixture *server, const char *name, char out[PATH_MAX])
{
	int length = snprintf(out, PATH_MAX, "%s/%s", server->folder, name);

	assert_true(length > 0 && length < PATH_MAX);
}

static void files_are_their_owners_alone(void **state)
{
	static const char *const names[] = {AUTHORITY_KEY, AUTHORITY_CERT, SERVER_KEY, SERVER_CERT,
					    JOURNAL_KEY};
	struct server_fixture *server = *state;
	char path[PATH_MAX];
	struct stat facts;

	assert_int_equal(authority_server_certificate(server->context.authority, server->folder, "localhost",
						      &server->err),
			 STATUS_OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(server, names[i], path);
		assert_int_equal(stat(path, &facts), 0);
		assert_int_equal(facts.st_mode & 07777, 0600);
	}
}

static void nothing_is_left_beside_the_files(void **state)
{
	struct server_fixture *server = *state;
	DIR *directory = opendir(server->folder);
	struct dirent *entry = NULL;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		assert_null(strstr(entry->d_name, ".new"));
	}
	closedir(directory);
}

static void a_key_that_others_may_use_is_refused_with_the_remedy(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0610, 0601, 0644};
	struct server_fixture *server = *state;
	struct authority *authority = NULL;
	EVP_PKEY *key = NULL;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		path_of(server, AUTHORITY_KEY, path);
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_REFUSED);
		assert_null(authority);
		assert_non_null(strstr(server->err.message, path));
		assert_non_null(strstr(server->err.hint, "chmod 600"));
		path_of(server, JOURNAL_KEY, path);
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(authority_journal_key_load(server->folder, &key, &server->err),
				 STATUS_REFUSED);
		assert_null(key);
	}
}

static void a_server_key_that_others_may_use_is_refused_not_replaced(void **state)
{
	struct server_fixture *server = *state;
	char path[PATH_MAX];

	assert_int_equal(authority_server_certificate(server->context.authority, server->folder, "localhost",
						      &server->err),
			 STATUS_OK);
	path_of(server, SERVER_KEY, path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(authority_server_certificate(server->context.authority, server->folder, "localhost",
						      &server->err),
			 STATUS_REFUSED);
}

static void a_certificate_may_be_read_by_others_but_not_changed(void **state)
{
	struct server_fixture *server = *state;
	struct authority *authority = NULL;
	char path[PATH_MAX];

	path_of(server, AUTHORITY_CERT, path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_OK);
	authority_free(authority);
	authority = NULL;
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_REFUSED);
}

static void a_second_authority_or_journal_key_is_never_made_over_the_first(void **state)
{
	struct server_fixture *server = *state;
	uint8_t before[16];
	uint8_t after[16];
	struct authority *again = NULL;

	authority_fingerprint(server->context.authority, before);
	assert_int_equal(authority_create(server->folder, FIXTURE_PARTNERSHIP, &server->err), STATUS_REFUSED);
	assert_int_equal(authority_load(server->folder, &again, &server->err), STATUS_OK);
	authority_fingerprint(again, after);
	assert_memory_equal(before, after, sizeof(before));
	authority_free(again);
	assert_int_equal(authority_journal_key_create(server->folder, &server->err), STATUS_REFUSED);
}

static void write_text(const struct server_fixture *server, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file = NULL;

	path_of(server, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void spoilt_and_missing_files_are_told_apart(void **state)
{
	struct server_fixture *server = *state;
	struct authority *authority = NULL;
	char path[PATH_MAX];

	write_text(server, AUTHORITY_KEY, "not a key\n");
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_FAILED);
	write_text(server, AUTHORITY_KEY, "");
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_FAILED);
	path_of(server, AUTHORITY_KEY, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_NOT_FOUND);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_REFUSED);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_FAILED);
	assert_null(authority);
}

static void a_key_that_does_not_fit_its_certificate_is_refused(void **state)
{
	struct server_fixture *server = *state;
	struct authority *authority = NULL;
	char from[PATH_MAX];
	char to[PATH_MAX];

	assert_int_equal(authority_server_certificate(server->context.authority, server->folder, "localhost",
						      &server->err),
			 STATUS_OK);
	path_of(server, SERVER_KEY, from);
	path_of(server, AUTHORITY_KEY, to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(authority_load(server->folder, &authority, &server->err), STATUS_FAILED);
	assert_null(authority);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, server_fixture_setup, server_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_are_their_owners_alone),
		CASE(nothing_is_left_beside_the_files),
		CASE(a_key_that_others_may_use_is_refused_with_the_remedy),
		CASE(a_server_key_that_others_may_use_is_refused_not_replaced),
		CASE(a_certificate_may_be_read_by_others_but_not_changed),
		CASE(a_second_authority_or_journal_key_is_never_made_over_the_first),
		CASE(spoilt_and_missing_files_are_told_apart),
		CASE(a_key_that_does_not_fit_its_certificate_is_refused),
	};

	return cmocka_run_group_tests_name("key files", tests, NULL, NULL);
}
