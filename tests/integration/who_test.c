/* Who is editing what, as people see it: while somebody's editor is open, others who may see the record are told, and
 * nobody else is; and when the connection goes, whatever became of the program, they are not told any more. */
#include "tests/support/partnership.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;     /* of the police */
	struct person *colin;    /* of the council */
	struct person *sue;      /* of the scrutiny committee */
	char gate[PROGRAM_PATH]; /* the editor stays open until somebody writes here */
	char editor[PROGRAM_PATH + 64];
	struct running editing;
} scene;

static int setup(void **state)
{
	char script[PROGRAM_PATH];
	char text[PROGRAM_PATH + 64];

	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	scene.colin = person_new(scene.it, "colin");
	scene.sue = person_new(scene.it, "sue");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	person_joins(scene.ann, scene.colin, COUNCIL);
	person_joins(scene.ann, scene.sue, SCRUTINY);
	partnership_share_action(scene.paul);
	installation_path(scene.it, "gate", scene.gate);
	assert_int_equal(mkfifo(scene.gate, 0600), 0);
	installation_path(scene.it, "editor", script);
	snprintf(text, sizeof(text), "echo the editor is open\nread line < %s\n", scene.gate);
	file_make(script, text);
	snprintf(scene.editor, sizeof(scene.editor), "SAFER_EDITOR=sh %s", script);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

static void paul_opens(const char *id)
{
	scene.paul->environment[0] = scene.editor;
	person_starts(scene.paul, &scene.editing, "action", "edit", id, NULL);
	running_until(&scene.editing, "the editor is open");
}

/* The script opens the gate right after it has said that it is open itself: until then nobody reads there. */
static void the_editor_may_close(void)
{
	int fd = -1;

	for (int tries = 0; fd < 0 && tries < PROGRAM_SECONDS * 100; tries++) {
		fd = open(scene.gate, O_WRONLY | O_NONBLOCK);
		if (fd < 0) {
			assert_int_equal(errno, ENXIO);
			poll(NULL, 0, 10);
		}
	}
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
}

/* The connection is found to be gone when the server next looks at the socket. */
static void until_nobody_is_there(void)
{
	int tries = 0;

	do {
		assert_true(tries++ < PROGRAM_SECONDS * 10);
		person_gets(scene.colin, 0, "who", "--plain");
	} while (scene.colin->out[0] != '\0');
}

static void nobody_is_editing_anything_at_first(void **state)
{
	(void)state;
	person_gets(scene.colin, 0, "who");
	assert_string_equal(scene.colin->out, "");
	assert_says(scene.colin->err, "Nobody is editing anything that you may see.");
	person_gets(scene.colin, 0, "who", "--json");
	assert_says(scene.colin->out, "[]");
}

static void others_are_told_while_an_editor_is_open(void **state)
{
	(void)state;
	paul_opens(SHARED);
	person_gets(scene.colin, 0, "who");
	assert_says(scene.colin->out, SHARED "  Street lighting  " POLICE);
	person_gets(scene.colin, 0, "who", SHARED);
	assert_says(scene.colin->out, POLICE);
	person_gets(scene.colin, 0, "who", "priority");
	assert_string_equal(scene.colin->out, "");
	person_gets(scene.colin, 0, "action", "show", SHARED);
	assert_says(scene.colin->out, POLICE);
	assert_says(scene.colin->out, ") is editing " SHARED ", since ");
	person_gets(scene.colin, 0, "action", "show", "A1");
	assert_false(says(scene.colin->out, "is editing"));
	person_gets(scene.ann, 0, "who"); /* an administrator */
	assert_string_equal(scene.ann->out, "");
	the_editor_may_close();
	assert_int_equal(running_end(&scene.editing, 0), 0);
	until_nobody_is_there();
}

static void whoever_opens_it_next_is_told_first_and_not_kept_out(void **state)
{
	(void)state;
	paul_opens(SHARED);
	scene.colin->environment[0] = "SAFER_EDITOR=sed -i s/Street.lighting/Lights/";
	person_gets(scene.colin, 0, "action", "edit", SHARED);
	assert_says(scene.colin->err, POLICE);
	assert_says(scene.colin->err, ") is editing " SHARED ", since ");
	person_gets(scene.colin, 0, "action", "show", SHARED);
	assert_says(scene.colin->out, "Lights");
	the_editor_may_close();
	assert_int_equal(running_end(&scene.editing, 0), 0);
	until_nobody_is_there();
}

static void a_killed_editor_leaves_nobody_behind(void **state)
{
	(void)state;
	paul_opens(SHARED);
	person_gets(scene.colin, 0, "who", "--plain");
	assert_says(scene.colin->out, POLICE);
	kill(scene.editing.pid, SIGKILL); /* what it had started lives on */
	until_nobody_is_there();
	the_editor_may_close();
	running_end(&scene.editing, 0);
}

static void a_watch_tells_who_comes_and_who_goes(void **state)
{
	struct running lines;
	struct running json;

	(void)state;
	person_starts(scene.colin, &lines, "watch", SHARED, NULL);
	running_until(&lines, "control-C ends");
	person_starts(scene.colin, &json, "watch", SHARED, "--json", NULL);
	running_until(&json, "\"ready\"");
	paul_opens(SHARED);
	running_until(&lines, ") is editing " SHARED ", since ");
	running_until(&json, "\"type\":\"presence\"");
	the_editor_may_close();
	assert_int_equal(running_end(&scene.editing, 0), 0);
	running_until(&lines, ") is no longer editing " SHARED);
	running_until(&json, "\"presences\":[]");
	running_end(&lines, SIGINT);
	running_end(&json, SIGINT);
}

static void one_is_not_told_of_a_record_that_one_may_not_see(void **state)
{
	(void)state;
	person_gets(scene.paul, 0, "action", "set", "A1", "marking=exempt", "marking_reason=individual",
		    "marking_review=2030-01-01");
	paul_opens("A1");
	person_gets(scene.paul, 0, "who", "--plain");
	assert_says(scene.paul->out, "A1");
	person_gets(scene.sue, 0, "who", "--json");
	assert_says(scene.sue->out, "[]");
	person_gets(scene.sue, 3, "who", "A1");
	assert_says(scene.sue->err, "There is no A1 that you may see.");
	the_editor_may_close();
	assert_int_equal(running_end(&scene.editing, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_editing_anything_at_first),
		cmocka_unit_test(others_are_told_while_an_editor_is_open),
		cmocka_unit_test(whoever_opens_it_next_is_told_first_and_not_kept_out),
		cmocka_unit_test(a_killed_editor_leaves_nobody_behind),
		cmocka_unit_test(a_watch_tells_who_comes_and_who_goes),
		cmocka_unit_test(one_is_not_told_of_a_record_that_one_may_not_see),
	};

	return cmocka_run_group_tests_name("who", tests, setup, teardown);
}
