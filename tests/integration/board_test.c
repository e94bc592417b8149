/* The board on a terminal of 80 columns and 24 lines, as it is over ssh: what it shows, how it follows what others do, and
 * that the terminal is as it was, however it ends. */
#include "client/call.h"
#include "common/clock.h"
#include "tests/support/partnership.h"
#include "tests/support/terminal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;  /* of the police */
	struct person *colin; /* of the council */
	struct terminal *terminal;
} scene;

static int group_setup(void **state)
{
	(void)state;
	scene.it = partnership_of_two(&scene.ann, &scene.paul, &scene.colin);
	partnership_share_action(scene.paul);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	scene.terminal = terminal_new(24, 80);
	scene.paul->environment[0] = "TERM=xterm";
	scene.paul->environment[1] = "COLUMNS=";
	scene.paul->environment[2] = NULL;
	scene.paul->environment[3] = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	terminal_free(scene.terminal);
	return 0;
}

static void board_opens(void)
{
	terminal_starts(scene.terminal, scene.paul, "watch", "--board", NULL);
	terminal_until(scene.terminal, "live");
	terminal_until(scene.terminal, "Street lighting");
	terminal_until_row(scene.terminal, 23, "q leaves");
}

static void left_by_q(void)
{
	terminal_types(scene.terminal, "q");
	assert_int_equal(terminal_ended(scene.terminal), 0);
	assert_true(terminal_is_clean(scene.terminal));
}

/* ---- what it shows ---- */

static void fits(void)
{
	board_opens();
	terminal_until_row(scene.terminal, 0, PARTNERSHIP_NAME);
	terminal_until_row(scene.terminal, 0, "live");
	terminal_until_row(scene.terminal, 1, "1 priority, 2 actions");
	terminal_until_row(scene.terminal, 23, "q leaves");
	terminal_until(scene.terminal, "G on track");
	terminal_until(scene.terminal, "2014-12-31");
	assert_false(terminal_saw_colour(scene.terminal));
	left_by_q();
}

static void the_plan_is_shown_on_an_xterm(void **state)
{
	(void)state;
	fits();
}

static void what_was_on_the_screen_before_is_there_again(void **state)
{
	(void)state;
	board_opens();
	assert_true(terminal_is_full_screen(scene.terminal));
	left_by_q();
	assert_false(says(terminal_screen(scene.terminal), "Street lighting"));
}

static void the_plan_is_shown_on_a_vt100(void **state)
{
	(void)state;
	scene.paul->environment[0] = "TERM=vt100";
	fits();
}

static void the_plan_is_shown_without_colour(void **state)
{
	(void)state;
	scene.paul->environment[2] = "NO_COLOR=1";
	fits();
}

static void a_change_of_another_appears(void **state)
{
	(void)state;
	board_opens();
	person_gets(scene.colin, 0, "action", "set", SHARED, "status=at-risk", "status_reason=no lamps");
	terminal_until(scene.terminal, "A at risk");
	terminal_until(scene.terminal, COUNCIL);
	person_gets(scene.colin, 0, "action", "set", SHARED, "status=on-track");
	terminal_until_gone(scene.terminal, "A at risk");
	left_by_q();
}

static void who_is_editing_appears_and_goes(void **state)
{
	struct running editing;
	char gate[PROGRAM_PATH];
	char editor[PROGRAM_PATH + 64];
	int fd;

	(void)state;
	installation_path(scene.it, "gate", gate);
	assert_int_equal(mkfifo(gate, 0600), 0);
	snprintf(editor, sizeof(editor), "SAFER_EDITOR=echo the editor is open; read line < %s; true", gate);
	board_opens();
	scene.colin->environment[0] = editor; /* it is open until somebody writes there */
	person_starts(scene.colin, &editing, "action", "edit", SHARED, NULL);
	running_until(&editing,
		      "the editor is open"); /* others are told before: a kill between leaves no editor */
	terminal_until(scene.terminal, "> editing since ");
	terminal_until(scene.terminal, COUNCIL " (");
	terminal_until(scene.terminal, "1 being edited");
	kill(editing.pid, SIGKILL);
	terminal_until_gone(scene.terminal, "> editing");
	fd = open(gate, O_WRONLY);
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
	running_end(&editing, 0);
	scene.colin->environment[0] = NULL;
	left_by_q();
}

static void keys_move_open_and_go_back(void **state)
{
	(void)state;
	board_opens();
	terminal_until_row(scene.terminal, 3, ">P1");
	terminal_types(scene.terminal, TERMINAL_DOWN "j" TERMINAL_UP "j");
	terminal_until(scene.terminal, "\n>  A2");
	terminal_types(scene.terminal, TERMINAL_ENTER);
	terminal_until(scene.terminal, "Esc goes back");
	terminal_until_row(scene.terminal, 3, SHARED "  Street lighting");
	terminal_until(scene.terminal, "priority");
	terminal_until(scene.terminal, "changed");
	terminal_types(scene.terminal, TERMINAL_ESC);
	terminal_until(scene.terminal, "/ finds");
	left_by_q();
}

static void a_filter_is_typed_and_dropped(void **state)
{
	(void)state;
	board_opens();
	terminal_types(scene.terminal, "/lightq");
	terminal_until(scene.terminal, "Nothing here has that in it.");
	terminal_types(scene.terminal, "\177" TERMINAL_ENTER);
	terminal_until(scene.terminal, "showing what has \"light\" in it");
	terminal_until(scene.terminal, "Street lighting");
	assert_false(says(terminal_screen(scene.terminal), " A1 "));
	terminal_types(scene.terminal, TERMINAL_ESC);
	terminal_until(scene.terminal, " A1 ");
	left_by_q();
}

static void it_takes_the_size_of_the_terminal(void **state)
{
	(void)state;
	board_opens();
	terminal_resize(scene.terminal, 40, 130);
	terminal_until(scene.terminal,
		       "Operational Group "); /* the wide form has the owner on the same line */
	terminal_types(scene.terminal, "j");
	terminal_until_row(scene.terminal, 39, "q leaves");
	terminal_resize(scene.terminal, 10, 60);
	terminal_types(scene.terminal, "k");
	terminal_until(scene.terminal, "q leaves");
	terminal_until_row(scene.terminal, 9, "q leaves");
	left_by_q();
}

/* ---- how it ends ---- */

static void a_lost_server_is_told_and_comes_back(void **state)
{
	(void)state;
	board_opens();
	installation_stop(scene.it);
	terminal_until(scene.terminal, "trying again");
	terminal_until(scene.terminal, "Street lighting");
	installation_start(scene.it);
	terminal_until(scene.terminal, "live");
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=77");
	terminal_types(scene.terminal, "j"
				       "j" TERMINAL_ENTER);
	terminal_until(scene.terminal, "77%");
	left_by_q();
}

static void the_entry_that_is_shown_does_not_go_back_when_the_server_is_lost(void **state)
{
	const char *entry;
	char shown[40];

	(void)state;
	board_opens();
	person_gets(scene.colin, 0, "action", "set", SHARED, "progress=78");
	entry = strstr(scene.colin->out, "journal entry ");
	assert_non_null(entry);
	(void)snprintf(shown, sizeof(shown), "entry %ld  ",
		       strtol(entry + strlen("journal entry "), NULL, 10));
	terminal_until_row(scene.terminal, 0, shown);
	installation_stop(scene.it);
	terminal_until_row(scene.terminal, 0, "trying again");
	terminal_until_row(scene.terminal, 0, shown);
	installation_start(scene.it);
	terminal_until_row(scene.terminal, 0, "live");
	left_by_q();
}

static void it_can_be_left_while_the_server_is_gone(void **state)
{
	(void)state;
	board_opens();
	installation_stop(scene.it);
	terminal_until(scene.terminal, "trying again");
	left_by_q();
	installation_start(scene.it);
}

/* Somebody takes the connection and never says a word: the client is in the midst of connecting. */
static void it_can_be_left_while_it_connects_to_a_dead_network(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = PROGRAM_SECONDS};
	int yes = 1;
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int taken;
	int64_t before;

	(void)state;
	board_opens();
	installation_stop(scene.it);
	terminal_until(scene.terminal, "trying again");
	address.sin_port = htons(scene.it->port);
	assert_int_equal(setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	assert_int_equal(setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(door, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(door, 4), 0);
	taken = accept(door, NULL, NULL);
	assert_true(taken >= 0);
	before = clock_monotonic_ms();
	terminal_types(scene.terminal, "j"); /* ends nothing */
	left_by_q();
	assert_true(clock_monotonic_ms() - before < CALL_CONNECT_SECONDS * 1000 / 2);
	close(taken);
	close(door);
	installation_start(scene.it);
}

/* The name server is dead: there is nothing yet to connect to. */
static void it_can_be_left_while_a_name_is_looked_up(void **state)
{
	char preload[PROGRAM_PATH];
	char mark[PROGRAM_PATH];
	char asked[PROGRAM_PATH];
	char variable[PROGRAM_PATH + 20];
	int64_t before;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/lib/safer_no_names.so", getenv("SAFER_BINARY_DIR"));
	installation_path(scene.it, "no-names", mark);
	installation_path(scene.it, "no-names.asked", asked);
	snprintf(variable, sizeof(variable), "SAFER_NO_NAMES=%s", mark);
	scene.paul->environment[2] = preload;
	scene.paul->environment[3] = variable;
	board_opens();
	file_make(mark, "");
	installation_stop(scene.it);
	for (int tries = 0; access(asked, F_OK) != 0; tries++) {
		assert_true(tries < PROGRAM_SECONDS * 100);
		poll(NULL, 0, 10);
	}
	before = clock_monotonic_ms();
	terminal_types(scene.terminal, "j"); /* ends nothing */
	left_by_q();
	assert_true(clock_monotonic_ms() - before < CALL_CONNECT_SECONDS * 1000 / 2);
	assert_int_equal(unlink(mark), 0);
	installation_start(scene.it);
}

static void a_signal_leaves_the_terminal_as_it_was(void **state)
{
	static const struct {
		int number;
		int code;
	} ends[] = {{SIGINT, 130},  {SIGTERM, 143}, {SIGHUP, 129},
		    {SIGQUIT, 131}, {SIGSEGV, 139}, {SIGABRT, 134}};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		board_opens();
		assert_false(terminal_is_clean(scene.terminal));
		terminal_signal(scene.terminal, ends[i].number);
		assert_int_equal(terminal_ended(scene.terminal), ends[i].code);
		assert_true(terminal_is_clean(scene.terminal));
	}
}

static void control_c_ends_it(void **state)
{
	(void)state;
	board_opens();
	terminal_signal(scene.terminal, SIGINT);
	assert_int_equal(terminal_ended(scene.terminal), 130);
	assert_true(terminal_is_clean(scene.terminal));
}

/* ---- where it cannot be ---- */

static void without_a_terminal_it_says_what_to_do_instead(void **state)
{
	(void)state;
	person_gets(scene.paul, 2, "watch", "--board");
	assert_says(scene.paul->err, "the board needs a terminal, and this is none");
	assert_says(scene.paul->err, "leave --board out");
	person_gets(scene.paul, 2, "watch", "--board", "--json");
	assert_says(scene.paul->err, "has no other form");
}

static void a_terminal_that_cannot_be_drawn_on_is_named(void **state)
{
	(void)state;
	scene.paul->environment[0] = "TERM=dumb";
	assert_int_equal(person_on_terminal(scene.paul, "watch", "--board", NULL), 2);
	assert_says(scene.paul->out, "cannot be drawn on a terminal of the type \"dumb\"");
	scene.paul->environment[0] = "TERM=no-such-terminal";
	assert_int_equal(person_on_terminal(scene.paul, "watch", "--board", NULL), 2);
	assert_says(scene.paul->out, "nothing is known here of a terminal of the type \"no-such-terminal\"");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_plan_is_shown_on_an_xterm),
		TEST(what_was_on_the_screen_before_is_there_again),
		TEST(the_plan_is_shown_on_a_vt100),
		TEST(the_plan_is_shown_without_colour),
		TEST(a_change_of_another_appears),
		TEST(who_is_editing_appears_and_goes),
		TEST(keys_move_open_and_go_back),
		TEST(a_filter_is_typed_and_dropped),
		TEST(it_takes_the_size_of_the_terminal),
		TEST(a_lost_server_is_told_and_comes_back),
		TEST(the_entry_that_is_shown_does_not_go_back_when_the_server_is_lost),
		TEST(it_can_be_left_while_the_server_is_gone),
		TEST(it_can_be_left_while_it_connects_to_a_dead_network),
		TEST(it_can_be_left_while_a_name_is_looked_up),
		TEST(a_signal_leaves_the_terminal_as_it_was),
		TEST(control_c_ends_it),
		TEST(without_a_terminal_it_says_what_to_do_instead),
		TEST(a_terminal_that_cannot_be_drawn_on_is_named),
	};

	return cmocka_run_group_tests_name("board", tests, group_setup, group_teardown);
}
