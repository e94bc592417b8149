/* Files of the client: whole or not at all, and never wider than they should be. */
#include "tests/unit/client_home.h"

#include <fcntl.h>

static const char *below(struct home *home, const char *name)
{
	const char *path = profile_path(home->arena, home->path, name);

	assert_non_null(path);
	return path;
}

static void a_file_is_written_with_its_mode_whatever_the_umask(void **state)
{
	struct home *home = *state;
	mode_t before = umask(0);
	struct stat info;

	assert_int_equal(file_write(below(home, "x"), "abc", 3, 0600, &home->err), STATUS_OK);
	(void)umask(before);
	assert_int_equal(stat(below(home, "x"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(info.st_size, 3);
}

static void writing_replaces_the_file_and_leaves_nothing_beside_it(void **state)
{
	struct home *home = *state;
	struct buffer text;

	buffer_init(&text, 100);
	assert_int_equal(file_write(below(home, "d"), "", 0, 0600, &home->err), STATUS_OK);
	assert_int_equal(file_write(below(home, "d"), "new", 3, 0600, &home->err), STATUS_OK);
	assert_int_equal(file_read(below(home, "d"), &text, &home->err), STATUS_OK);
	assert_string_equal(buffer_text(&text), "new");
	buffer_release(&text);
	assert_int_equal(unlink(below(home, "d")), 0);
	assert_int_equal(rmdir(home->path), 0); /* it is empty, so nothing was left */
	assert_int_equal(mkdir(home->path, 0700), 0);
}

static void a_file_that_cannot_be_written_keeps_its_contents(void **state)
{
	struct home *home = *state;

	assert_int_equal(file_write(below(home, "missing/x"), "a", 1, 0600, &home->err), STATUS_FAILED);
	assert_non_null(strstr(home->err.message, "missing/x"));
}

static void a_file_that_is_too_long_is_refused(void **state)
{
	struct home *home = *state;
	struct buffer text;

	buffer_init(&text, 2);
	assert_int_equal(file_write(below(home, "x"), "abc", 3, 0600, &home->err), STATUS_OK);
	assert_int_equal(file_read(below(home, "x"), &text, &home->err), STATUS_FAILED);
	buffer_release(&text);
}

static void a_missing_file_is_told_from_an_unreadable_one(void **state)
{
	struct home *home = *state;
	struct buffer text;

	buffer_init(&text, 100);
	assert_int_equal(file_read(below(home, "x"), &text, &home->err), STATUS_NOT_FOUND);
	assert_int_equal(file_read(home->path, &text, &home->err), STATUS_FAILED);
	buffer_release(&text);
}

static void folders_are_made_all_the_way_down(void **state)
{
	struct home *home = *state;
	struct stat info;

	assert_int_equal(folder_make(below(home, "a/b/c"), &home->err), STATUS_OK);
	assert_int_equal(folder_make(below(home, "a/b/c"), &home->err), STATUS_OK);
	assert_int_equal(stat(below(home, "a/b/c"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(file_write(below(home, "f"), "", 0, 0600, &home->err), STATUS_OK);
	assert_int_equal(folder_make(below(home, "f/g"), &home->err), STATUS_FAILED);
}

static void relative_xdg_folders_are_ignored(void **state)
{
	struct home *home = *state;
	char *path = NULL;

	assert_int_equal(setenv("XDG_CACHE_HOME", "relative", 1), 0);
	assert_int_equal(setenv("HOME", "/home/debra", 1), 0);
	assert_int_equal(folder_path(home->arena, FOLDER_CACHE, &path, &home->err), STATUS_OK);
	assert_string_equal(path, "/home/debra/.cache/safer");
}

static void a_lock_is_held_by_one_at_a_time(void **state)
{
	struct home *home = *state;
	int first = -1, second = -1;

	assert_int_equal(file_lock(below(home, "lock"), false, &first, &home->err), STATUS_OK);
	assert_true(first >= 0);
	assert_int_equal(file_lock(below(home, "lock"), false, &second, &home->err), STATUS_OK);
	assert_int_equal(second, -1);
	close(first);
	assert_int_equal(file_lock(below(home, "lock"), false, &second, &home->err), STATUS_OK);
	assert_true(second >= 0);
	close(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME(a_file_is_written_with_its_mode_whatever_the_umask),
		HOME(writing_replaces_the_file_and_leaves_nothing_beside_it),
		HOME(a_file_that_cannot_be_written_keeps_its_contents),
		HOME(a_file_that_is_too_long_is_refused),
		HOME(a_missing_file_is_told_from_an_unreadable_one),
		HOME(folders_are_made_all_the_way_down),
		HOME(relative_xdg_folders_are_ignored),
		HOME(a_lock_is_held_by_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
