/* Running a program: what it is given, what it is not, and how its end is told. */
#include "server/errand.h"

#include "common/clock.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct event_base *base;
	char file[40]; /* what the program wrote */
	int ends, exit_status;
	bool too_long;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	int fd = -1;

	assert_non_null(scene);
	snprintf(scene->file, sizeof(scene->file), "/tmp/safer-errand-XXXXXX");
	fd = mkstemp(scene->file);
	assert_true(fd >= 0);
	close(fd);
	scene->base = event_base_new();
	assert_non_null(scene->base);
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	unlink(scene->file);
	event_base_free(scene->base);
	free(scene);
	return 0;
}

static void on_end(void *payload, int exit_status, bool too_long)
{
	struct scene *scene = payload;

	scene->ends++;
	scene->exit_status = exit_status;
	scene->too_long = too_long;
}

/* Runs a line of shell, with the file as $1 and `text` on standard input, until its end was told. */
static void run(struct scene *scene, const char *line, const char *text, int64_t seconds)
{
	char shell[] = "/bin/sh";
	char option[] = "-c";
	char name[] = "sh";
	char command[400];
	char *const argv[] = {shell, option, command, name, scene->file, NULL};
	struct errand *errand = NULL;
	struct error err = ERROR_INIT;

	snprintf(command, sizeof(command), "%s", line);
	assert_int_equal(errand_run(scene->base, argv, (struct span){(const uint8_t *)text, strlen(text)},
				    seconds, on_end, scene, &errand, &err),
			 STATUS_OK);
	while (scene->ends == 0) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
}

static const char *written(const struct scene *scene)
{
	static char text[70000];
	FILE *file = fopen(scene->file, "r");
	size_t length = 0;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	return text;
}

static void the_text_is_its_standard_input(void **state)
{
	struct scene *scene = *state;

	run(scene, "cat > \"$1\"", "Three things\nneed you.\n", 60);
	assert_int_equal(scene->exit_status, 0);
	assert_string_equal(written(scene), "Three things\nneed you.\n");
}

static void the_longest_text_waits_for_nobody(void **state)
{
	struct scene *scene = *state;
	char *text = malloc(ERRAND_BYTES + 1);

	assert_non_null(text);
	memset(text, 'x', ERRAND_BYTES);
	text[ERRAND_BYTES] = '\0';
	run(scene, "wc -c > \"$1\"", text, 60);
	assert_int_equal(strtol(written(scene), NULL, 10), ERRAND_BYTES);
	free(text);
}

static void its_exit_status_is_told(void **state)
{
	struct scene *scene = *state;

	run(scene, "exit 75", "x", 60);
	assert_int_equal(scene->exit_status, 75);
	assert_false(scene->too_long);
}

static void it_inherits_nothing_of_the_server(void **state)
{
	struct scene *scene = *state;
	int secret = open("/etc/passwd", O_RDONLY); /* as a library might leave one open */

	assert_true(secret >= 0);
	setenv("SAFER_SECRET", "Zq9secret", 1);
	run(scene, "{ env; pwd; ls -l /proc/$$/fd; } > \"$1\" 2>&1", "x", 60);
	close(secret);
	unsetenv("SAFER_SECRET");
	assert_null(strstr(written(scene), "Zq9secret"));
	assert_null(strstr(written(scene), "passwd"));
	assert_non_null(strstr(written(scene), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
}

static void what_takes_too_long_is_killed_with_what_it_began(void **state)
{
	struct scene *scene = *state;
	pid_t child = 0;

	run(scene, "sleep 600 & echo $! > \"$1\"; wait", "x", 1);
	assert_true(scene->too_long);
	assert_int_equal(scene->exit_status, -1);
	child = (pid_t)strtol(written(scene), NULL, 10);
	assert_true(child > 1);
	for (int i = 0; kill(child, 0) == 0 && i < 100; i++) {
		char path[40];
		char stat[200] = "";
		FILE *file = NULL;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
		file = fopen(path, "r");
		if (file == NULL || fgets(stat, sizeof(stat), file) == NULL || strstr(stat, ") Z") != NULL) {
			if (file != NULL) {
				fclose(file);
			}
			return; /* killed, and nobody has asked for its status yet */
		}
		fclose(file);
		usleep(10000);
	}
	assert_int_not_equal(kill(child, 0), 0);
}

static void a_program_that_is_not_there_is_told_at_once(void **state)
{
	struct scene *scene = *state;
	char path[] = "/nowhere/mail";
	char *const argv[] = {path, NULL};
	struct errand *errand = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(errand_run(scene->base, argv, (struct span){(const uint8_t *)"x", 1}, 60, on_end,
				    scene, &errand, &err),
			 STATUS_FAILED);
	assert_non_null(strstr(err.message, "/nowhere/mail cannot be run"));
	assert_int_equal(scene->ends, 0);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(the_text_is_its_standard_input),
		test(the_longest_text_waits_for_nobody),
		test(its_exit_status_is_told),
		test(it_inherits_nothing_of_the_server),
		test(what_takes_too_long_is_killed_with_what_it_began),
		test(a_program_that_is_not_there_is_told_at_once),
	};

	return cmocka_run_group_tests_name("errand", tests, NULL, NULL);
}
