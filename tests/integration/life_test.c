/* The life of a server: how it starts and refuses to, takes new settings, tells its supervisor, bears a full disk, and
 * stops. */
#include "tests/support/partnership.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;
} scene;

static int setup(void **state)
{
	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	person_enrol(scene.ann, scene.it->invitation);
	partnership_make(scene.ann, scene.paul);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	installation_close(scene.it);
	return 0;
}

/* ---- settings ---- */

static void a_reload_takes_another_log_level(void **state)
{
	long from = 0;

	(void)state;
	person_gets(scene.paul, 0, "whoami");
	assert_false(installation_logged(scene.it, 0, "level=debug"));
	installation_set(scene.it, "log_level", "debug");
	installation_reload(scene.it);
	from = installation_log_end(scene.it);
	person_gets(scene.paul, 0, "whoami");
	installation_until_logged(scene.it, from, "level=debug event=connection");
	installation_set(scene.it, "log_level", "info");
	installation_reload(scene.it);
	from = installation_log_end(scene.it);
	person_gets(scene.paul, 0, "whoami");
	assert_false(installation_logged(scene.it, from, "level=debug"));
}

static void a_reload_takes_another_patience(void **state)
{
	struct raw_peer *peer = NULL;
	long from = 0;

	(void)state;
	installation_set(scene.it, "limit_hello_seconds", "3");
	installation_set(scene.it, "log_level", "debug");
	installation_reload(scene.it);
	from = installation_log_end(scene.it);
	peer = raw_connect_as(scene.paul);
	raw_drain(peer); /* it says nothing, and is closed */
	assert_true(peer->goodbye);
	raw_close(peer);
	installation_until_logged(scene.it, from, "no request came");
	installation_set(scene.it, "limit_hello_seconds", "10");
	installation_set(scene.it, "log_level", "info");
	installation_reload(scene.it);
}

static void a_reload_keeps_the_old_settings_when_the_new_ones_are_wrong(void **state)
{
	long from = installation_log_end(scene.it);

	(void)state;
	installation_set(scene.it, "certificate_days", "many");
	installation_reload(scene.it);
	assert_true(installation_logged(scene.it, from, "event=settings-not-taken"));
	assert_true(installation_logged(scene.it, from, "certificate_days"));
	person_gets(scene.paul, 0, "whoami");
	installation_set(scene.it, "certificate_days", "90");
	installation_reload(scene.it);
}

static void a_reload_says_which_settings_need_a_restart(void **state)
{
	char port[16];
	long from = installation_log_end(scene.it);

	(void)state;
	installation_set(scene.it, "port", "1");
	installation_reload(scene.it);
	assert_true(installation_logged(scene.it, from, "port"));
	person_gets(scene.paul, 0, "whoami");
	snprintf(port, sizeof(port), "%u", scene.it->port);
	installation_set(scene.it, "port", port);
	installation_reload(scene.it);
}

static const struct bad {
	const char *name;
	const char *text; /* from the third line on */
	const char *where;
	const char *says;
} bad_settings[] = {
	{"a setting that there is none of stops the start", "colour = red", ":3:", "colour"},
	{"a number that is none stops the start", "invitation_hours = soon", ":3:", "invitation_hours"},
	{"a number out of bounds stops the start", "certificate_days = 0", ":3:", "certificate_days"},
	{"a log level that there is none of stops the start", "log_level = loud", ":3:", "log_level"},
	{"a line that is none stops the start", "what is this", ":3:", "not \"setting = value\""},
	{"a section stops the start", "[server]\nport = 7000", ":4:", "no sections"},
	{"an address that is none stops the start", "listen = everywhere", ":3:", "listen"},
};

static void refuses_to_start(void **state)
{
	const struct bad *row = *state;
	char path[PROGRAM_PATH];
	char text[200];
	char *before = NULL;

	installation_path(scene.it, "data/saferd.conf", path);
	before = file_text(path);
	installation_stop(scene.it);
	snprintf(text, sizeof(text), "# the settings\n\n%s\n", row->text);
	file_make(path, text);
	installation_saferd(scene.it, "run", scene.it->folder, NULL);
	file_make(path, before);
	free(before);
	installation_start(scene.it);
	assert_int_equal(scene.it->last.exit_code, 2);
	assert_says(scene.it->last.err, "saferd.conf");
	assert_says(scene.it->last.err, row->where);
	assert_says(scene.it->last.err, row->says);
	assert_string_equal(scene.it->last.out, "");
}

/* ---- one server, one folder ---- */

static void a_second_server_on_the_same_folder_is_refused(void **state)
{
	(void)state;
	installation_gets(scene.it, 7, "run", scene.it->folder);
	assert_says(scene.it->last.err, scene.it->folder);
	installation_gets(scene.it, 7, "invite", scene.it->folder, "PE1");
	assert_says(scene.it->last.err, "safer invite");
	person_gets(scene.paul, 0, "whoami");
}

static void a_folder_that_others_can_read_is_not_served(void **state)
{
	(void)state;
	installation_stop(scene.it);
	assert_int_equal(chmod(scene.it->folder, 0755), 0);
	installation_gets(scene.it, 7, "run", scene.it->folder);
	assert_int_equal(chmod(scene.it->folder, 0700), 0);
	assert_says(scene.it->last.err, "chmod 700");
	installation_start(scene.it);
}

static void a_folder_that_is_none_is_not_served(void **state)
{
	(void)state;
	installation_gets(scene.it, 3, "run", "/no/such/folder");
	assert_says(scene.it->last.err, "saferd init");
	installation_gets(scene.it, 2, "run");
	installation_gets(scene.it, 2, "rum", scene.it->folder);
	assert_says(scene.it->last.err, "did you mean saferd run?");
	installation_gets(scene.it, 7, "init", scene.it->folder, "--partnership", "Again", "--administrator",
			  "Again");
	assert_says(scene.it->last.err, "is not empty");
}

static void a_port_that_is_taken_is_told(void **state)
{
	char path[PROGRAM_PATH];
	char port[16];

	(void)state;
	installation_path(scene.it, "second", path);
	snprintf(port, sizeof(port), "%u", scene.it->port);
	installation_gets(scene.it, 0, "init", path, "--partnership", "Second", "--administrator", "Sid",
			  "--port", port);
	installation_saferd(scene.it, "run", path, NULL);
	assert_int_not_equal(scene.it->last.exit_code, 0);
	assert_says(scene.it->last.err, port);
	assert_says(scene.it->last.err, "in use");
}

static void every_command_of_the_server_explains_itself(void **state)
{
	static const char *const commands[] = {"init", "run", "check", "backup", "restore", "invite"};

	(void)state;
	installation_gets(scene.it, 0, "help");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_says(scene.it->last.out, commands[i]);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		installation_gets(scene.it, 0, commands[i], "--help");
		assert_says(scene.it->last.out, "usage: saferd");
		assert_says(scene.it->last.out, commands[i]);
	}
	installation_gets(scene.it, 0, "version");
	assert_says(scene.it->last.out, "protocol 1");
	installation_saferd(scene.it, NULL);
	assert_int_equal(scene.it->last.exit_code, 2);
	assert_says(scene.it->last.err, "saferd run");
}

/* ---- stopping ---- */

static void a_watch_goes_on_where_it_was_when_the_server_comes_back(void **state)
{
	struct running watch;

	(void)state;
	person_starts(scene.ann, &watch, "watch", NULL);
	running_until(&watch, "control-C ends");
	person_gets(scene.ann, 0, "organisation", "add", "name=Before Ltd", "type=business", "status=invited",
		    "owner=B1");
	running_until(&watch, "Before Ltd");
	installation_stop(scene.it); /* which ends well although somebody watches */
	running_until(&watch, "connecting again");
	installation_start(scene.it);
	person_gets(scene.ann, 0, "organisation", "add", "name=After Ltd", "type=business", "status=invited",
		    "owner=B1");
	running_until(&watch, "After Ltd");
	assert_int_equal(running_end(&watch, SIGINT), 130);
}

static void what_is_asked_before_the_stop_is_answered(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.paul);
	struct buffer requests;
	size_t answered = 0;

	(void)state;
	raw_ask(peer, 1, "whoami");
	assert_non_null(raw_reply(peer, 1));
	buffer_init(&requests, 100000);
	for (uint32_t id = 2; id < 10; id++) {
		message_put_request(&requests, id, "schema");
		codec_put_map(&requests, 0);
	}
	raw_send(peer, requests.data, requests.length);
	buffer_release(&requests);
	assert_non_null(raw_reply(peer, 2));
	assert_int_not_equal(scene.it->server, 0);
	kill(scene.it->server, SIGTERM);
	for (uint32_t id = 3; id < 10; id++) {
		const struct raw_reply *reply = raw_reply(peer, id);

		answered += reply != NULL && reply->status == STATUS_OK;
	}
	raw_drain(peer);
	assert_true(peer->goodbye);
	assert_int_equal(answered, 7);
	raw_close(peer);
	assert_int_equal(program_wait(scene.it->server), 0);
	scene.it->server = 0;
	installation_start(scene.it);
}

/* ---- the supervisor ---- */

static int open_notify_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Passes over other messages until this one comes. */
static void until_notified(int fd, const char *text)
{
	char message[1024] = "";

	while (strstr(message, text) == NULL) {
		struct pollfd ready = {fd, POLLIN, 0};
		ssize_t got = poll(&ready, 1, PROGRAM_SECONDS * 1000) > 0
				      ? recv(fd, message, sizeof(message) - 1, 0)
				      : -1;

		if (got < 0) {
			fail_msg("the supervisor was not told %s", text);
		}
		message[got] = '\0';
	}
}

static void the_supervisor_is_told_of_each_step(void **state)
{
	char path[PROGRAM_PATH];
	char name[PROGRAM_PATH + 16];
	int fd = -1;

	(void)state;
	fd = open_notify_socket(installation_path(scene.it, "notify", path));
	snprintf(name, sizeof(name), "NOTIFY_SOCKET=%s", path);
	installation_stop(scene.it);
	scene.it->environment[0] = name;
	scene.it->environment[1] = "WATCHDOG_USEC=300000";
	installation_start(scene.it);
	until_notified(fd, "READY=1\nSTATUS=Listening on 127.0.0.1:");
	until_notified(fd, "WATCHDOG=1");
	until_notified(fd, "WATCHDOG=1");
	installation_reload(scene.it);
	until_notified(fd, "RELOADING=1");
	until_notified(fd, "READY=1");
	installation_stop(scene.it);
	until_notified(fd, "STOPPING=1");
	scene.it->environment[0] = NULL;
	scene.it->environment[1] = NULL;
	close(fd);
	installation_start(scene.it);
}

/* ---- a full disk ---- */

static void a_full_disk_refuses_changes_and_goes_on_answering(void **state)
{
	char preload[PROGRAM_PATH];
	char mark[PROGRAM_PATH];
	char variable[PROGRAM_PATH + 20];

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/lib/safer_full_disk.so",
		 getenv("SAFER_BINARY_DIR"));
	installation_path(scene.it, "disk-is-full", mark);
	snprintf(variable, sizeof(variable), "SAFER_FULL_DISK=%s", mark);
	installation_stop(scene.it);
	scene.it->environment[0] = preload;
	scene.it->environment[1] = variable;
	installation_start(scene.it);
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=10");
	file_make(mark, "");
	for (int i = 0; i < 3; i++) {
		person_gets(scene.paul, 8, "action", "set", "A1", "progress=20");
		assert_says(scene.paul->err, "full");
		assert_says(scene.paul->err, "make room");
		person_gets(scene.paul, 0, "action", "show", "A1");
		assert_says(scene.paul->out, "10%");
	}
	assert_int_equal(unlink(mark), 0);
	person_gets(scene.paul, 0, "action", "set", "A1", "progress=30");
	person_gets(scene.paul, 0, "action", "show", "A1");
	assert_says(scene.paul->out, "30%");
	installation_stop(scene.it);
	scene.it->environment[0] = NULL;
	scene.it->environment[1] = NULL;
	installation_gets(scene.it, 0, "check", scene.it->folder);
	installation_start(scene.it);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_reload_takes_another_log_level),
		cmocka_unit_test(a_reload_takes_another_patience),
		cmocka_unit_test(a_reload_keeps_the_old_settings_when_the_new_ones_are_wrong),
		cmocka_unit_test(a_reload_says_which_settings_need_a_restart),
		cmocka_unit_test(a_second_server_on_the_same_folder_is_refused),
		cmocka_unit_test(a_folder_that_others_can_read_is_not_served),
		cmocka_unit_test(a_folder_that_is_none_is_not_served),
		cmocka_unit_test(a_port_that_is_taken_is_told),
		cmocka_unit_test(every_command_of_the_server_explains_itself),
		cmocka_unit_test(a_watch_goes_on_where_it_was_when_the_server_comes_back),
		cmocka_unit_test(what_is_asked_before_the_stop_is_answered),
		cmocka_unit_test(the_supervisor_is_told_of_each_step),
		cmocka_unit_test(a_full_disk_refuses_changes_and_goes_on_answering),
	};
	struct CMUnitTest tests[COUNT(bad_settings) + COUNT(others)];

	for (size_t i = 0; i < COUNT(bad_settings); i++) {
		tests[i] = (struct CMUnitTest){.name = bad_settings[i].name,
					       .test_func = refuses_to_start,
					       .initial_state = (void *)(uintptr_t)&bad_settings[i]};
	}
	memcpy(tests + COUNT(bad_settings), others, sizeof(others));
	return cmocka_run_group_tests_name("life", tests, setup, teardown);
}
