/* Profiles on disk: found, read, refused when others could read them, and never left with a pair that does not fit. */
#include "tests/unit/client_home.h"

static void what_was_saved_is_read_again(void **state)
{
	struct home *home = *state;
	struct profile saved = home_profile(home, "default");
	struct profile read;

	assert_int_equal(profile_load(home->arena, "default", &read, &home->err), STATUS_OK);
	assert_string_equal(read.server, saved.server);
	assert_int_equal(read.port, saved.port);
	assert_string_equal(read.partnership, saved.partnership);
	assert_string_equal(read.person, saved.person);
	assert_string_equal(read.person_name, saved.person_name);
	assert_string_equal(read.verifier, saved.verifier);
}

static void files_and_folders_are_for_the_owner_alone(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	static const char *const files[] = {"key.pem", "certificate.pem", "profile.ini", "journal.pub"};
	struct stat info;

	assert_int_equal(stat(profile.folder, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(stat(profile_path(home->arena, profile.folder, files[i]), &info), 0);
		assert_int_equal(info.st_mode & 07777, 0600);
	}
}

static void a_key_that_others_may_read_is_refused(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	const char *key = profile_path(home->arena, profile.folder, "key.pem");
	static const mode_t modes[] = {0640, 0604, 0620, 0601};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(key, modes[i]), 0);
		assert_int_equal(profile_load(home->arena, "default", &profile, &home->err),
				 STATUS_UNVERIFIED);
		assert_non_null(strstr(home->err.hint, "chmod 600"));
	}
	assert_int_equal(chmod(key, 0400), 0);
	assert_int_equal(profile_load(home->arena, "default", &profile, &home->err), STATUS_OK);
}

static void a_folder_that_others_may_enter_is_refused(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");

	assert_int_equal(chmod(profile.folder, 0750), 0);
	assert_int_equal(profile_load(home->arena, "default", &profile, &home->err), STATUS_UNVERIFIED);
	assert_non_null(strstr(home->err.hint, "chmod 700"));
}

static void a_folder_without_profile_ini_is_no_profile(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	const char *const *names = NULL;
	size_t count = 9;

	assert_int_equal(unlink(profile_path(home->arena, profile.folder, "profile.ini")), 0);
	assert_int_equal(profile_names(home->arena, &names, &count, &home->err), STATUS_OK);
	assert_int_equal(count, 0);
}

static void without_any_profile_the_way_to_enrol_is_told(void **state)
{
	struct home *home = *state;
	char name[PROFILE_NAME];

	assert_int_equal(profile_choose(home->arena, NULL, name, &home->err), STATUS_SIGNED_OUT);
	assert_non_null(strstr(home->err.hint, "safer enrol"));
}

static void the_only_profile_needs_no_name(void **state)
{
	struct home *home = *state;
	char name[PROFILE_NAME];

	(void)home_profile(home, "stratford");
	assert_int_equal(profile_choose(home->arena, NULL, name, &home->err), STATUS_OK);
	assert_string_equal(name, "stratford");
}

static void of_several_the_one_named_default_is_taken(void **state)
{
	struct home *home = *state;
	char name[PROFILE_NAME];

	(void)home_profile(home, "stratford");
	(void)home_profile(home, "warwick");
	assert_int_equal(profile_choose(home->arena, NULL, name, &home->err), STATUS_INVALID);
	assert_non_null(strstr(home->err.hint, "--profile"));
	(void)home_profile(home, "default");
	assert_int_equal(profile_choose(home->arena, NULL, name, &home->err), STATUS_OK);
	assert_string_equal(name, "default");
}

static void the_environment_gives_way_to_the_flag(void **state)
{
	struct home *home = *state;
	char name[PROFILE_NAME];

	(void)home_profile(home, "stratford");
	(void)home_profile(home, "warwick");
	assert_int_equal(setenv("SAFER_PROFILE", "warwick", 1), 0);
	assert_int_equal(profile_choose(home->arena, NULL, name, &home->err), STATUS_OK);
	assert_string_equal(name, "warwick");
	assert_int_equal(profile_choose(home->arena, "stratford", name, &home->err), STATUS_OK);
	assert_string_equal(name, "stratford");
}

static void a_mistyped_name_gets_the_nearest_one_suggested(void **state)
{
	struct home *home = *state;
	char name[PROFILE_NAME];

	(void)home_profile(home, "stratford");
	assert_int_equal(profile_choose(home->arena, "strtaford", name, &home->err), STATUS_SIGNED_OUT);
	assert_non_null(strstr(home->err.hint, "\"stratford\""));
}

static void a_name_cannot_leave_the_folder(void **state)
{
	struct home *home = *state;
	static const char *const bad[] = {"", "..", "../x", "a/b", ".hidden", "-x", "a b", "\xc3\xa9"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(profile_check_name(bad[i], &home->err), STATUS_INVALID);
	}
	assert_int_equal(profile_check_name("south-warks_2.test", &home->err), STATUS_OK);
}

static void names_that_would_break_the_file_are_made_harmless(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	char wordy[400] = "A partnership ; of many words ";
	struct profile read;

	for (size_t length = strlen(wordy); length < sizeof(wordy) - 3; length += 2) {
		memcpy(wordy + length, "\xc3\xa9", 3);
	}
	profile.partnership = wordy;
	assert_int_equal(profile_save(&profile, &home->err), STATUS_OK);
	assert_int_equal(profile_load(home->arena, "default", &read, &home->err), STATUS_OK);
	assert_memory_equal(read.partnership, "A partnership , of many words \xc3\xa9", 32);
	assert_string_equal(read.person_name, "Debra Tedds");
}

/* The renewal was cut off after the new key was in place: the new certificate still lies beside the old. */
static void a_renewal_that_was_cut_off_is_finished(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	const char *place = profile_path(home->arena, profile.folder, "certificate.pem");
	const char *aside = profile_path(home->arena, profile.folder, "certificate.pem.new");
	struct span key, certificate;
	struct buffer found;

	home_pair(home, &key, &certificate);
	assert_int_equal(file_write(aside, certificate.data, certificate.length, 0600, &home->err),
			 STATUS_OK);
	assert_int_equal(file_write(profile_path(home->arena, profile.folder, "key.pem"), key.data,
				    key.length, 0600, &home->err),
			 STATUS_OK);
	assert_int_equal(profile_load(home->arena, "default", &profile, &home->err), STATUS_OK);
	buffer_init(&found, 65536);
	assert_int_equal(file_read(place, &found, &home->err), STATUS_OK);
	assert_int_equal(found.length, certificate.length);
	assert_memory_equal(found.data, certificate.data, certificate.length);
	assert_false(file_exists(aside));
	buffer_release(&found);
}

/* It was cut off before the key was replaced: the old pair fits, and stays. */
static void a_renewal_that_hardly_began_changes_nothing(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	const char *place = profile_path(home->arena, profile.folder, "certificate.pem");
	struct span key, certificate;
	struct buffer before, after;

	buffer_init(&before, 65536);
	buffer_init(&after, 65536);
	assert_int_equal(file_read(place, &before, &home->err), STATUS_OK);
	home_pair(home, &key, &certificate);
	assert_int_equal(file_write(profile_path(home->arena, profile.folder, "certificate.pem.new"),
				    certificate.data, certificate.length, 0600, &home->err),
			 STATUS_OK);
	assert_int_equal(profile_load(home->arena, "default", &profile, &home->err), STATUS_OK);
	assert_int_equal(file_read(place, &after, &home->err), STATUS_OK);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	buffer_release(&before);
	buffer_release(&after);
}

static void a_damaged_profile_says_what_to_do(void **state)
{
	struct home *home = *state;
	struct profile profile = home_profile(home, "default");
	static const char text[] = "server = \nport = none\n";

	assert_int_equal(file_write(profile_path(home->arena, profile.folder, "profile.ini"), text,
				    sizeof(text) - 1, 0600, &home->err),
			 STATUS_OK);
	assert_int_equal(profile_load(home->arena, "default", &profile, &home->err), STATUS_SIGNED_OUT);
	assert_non_null(strstr(home->err.hint, "enrol again"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME(what_was_saved_is_read_again),
		HOME(files_and_folders_are_for_the_owner_alone),
		HOME(a_key_that_others_may_read_is_refused),
		HOME(a_folder_that_others_may_enter_is_refused),
		HOME(a_folder_without_profile_ini_is_no_profile),
		HOME(without_any_profile_the_way_to_enrol_is_told),
		HOME(the_only_profile_needs_no_name),
		HOME(of_several_the_one_named_default_is_taken),
		HOME(the_environment_gives_way_to_the_flag),
		HOME(a_mistyped_name_gets_the_nearest_one_suggested),
		HOME(a_name_cannot_leave_the_folder),
		HOME(names_that_would_break_the_file_are_made_harmless),
		HOME(a_renewal_that_was_cut_off_is_finished),
		HOME(a_renewal_that_hardly_began_changes_nothing),
		HOME(a_damaged_profile_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
