/* The door for Prometheus on a real server: shut unless it is asked for, right about what was done, and of no use to a
 * peer that means ill. */
#include "tests/support/exposition.h"
#include "tests/support/partnership.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER_BYTES 1048576
#define CROWD        40
#define GET          "GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/2.53\r\nAccept: */*\r\n\r\n"

static struct {
	struct installation *it;
	struct person *ann;
	struct person *paul;
	char path[PROGRAM_PATH]; /* of the socket */
	char answer[ANSWER_BYTES];
	size_t length;
} scene;

/* ---- a peer of the door ---- */

static int door_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {20, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene.path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void door_say(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0) {
			return; /* it was shut: what came back is what counts */
		}
		bytes += sent;
		length -= (size_t)sent;
	}
}

/* Everything until the door closes, into scene.answer; closes too. */
static void door_hear(int fd)
{
	ssize_t got;

	scene.length = 0;
	while ((got = recv(fd, scene.answer + scene.length, ANSWER_BYTES - 1 - scene.length, 0)) > 0) {
		scene.length += (size_t)got;
	}
	if (got < 0 && errno == EAGAIN) {
		fail_msg("the door said nothing and did not close");
	}
	scene.answer[scene.length] = '\0';
	close(fd);
}

static void door_ask(const char *bytes, size_t length)
{
	int fd = door_connect();

	assert_true(fd >= 0);
	door_say(fd, bytes, length);
	door_hear(fd);
}

static struct exposition *scrape(void)
{
	const char *body;
	char length[60];

	door_ask(GET, sizeof(GET) - 1);
	assert_int_equal(strncmp(scene.answer, "HTTP/1.0 200 OK\r\n", 17), 0);
	assert_says(scene.answer, "Content-Type: text/plain; version=0.0.4");
	body = strstr(scene.answer, "\r\n\r\n");
	assert_non_null(body);
	body += 4;
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	assert_says(scene.answer, length);
	return exposition_read(body, strlen(body));
}

/* ---- */

static int setup(void **state)
{
	(void)state;
	scene.it = installation_open(NULL);
	scene.ann = person_new(scene.it, "ann");
	scene.paul = person_new(scene.it, "paul");
	installation_path(scene.it, "metrics.sock", scene.path);
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

static void open_door(void)
{
	installation_stop(scene.it);
	installation_set(scene.it, "metrics_socket", scene.path);
	installation_start(scene.it);
}

static void the_door_is_shut_unless_a_setting_opens_it(void **state)
{
	struct stat there;

	(void)state;
	assert_int_not_equal(lstat(scene.path, &there), 0);
	assert_false(installation_logged(scene.it, 0, "event=metrics-told"));
	open_door();
	assert_int_equal(lstat(scene.path, &there), 0);
	assert_true(S_ISSOCK(there.st_mode));
	assert_int_equal(there.st_mode & 07777, 0660);
	assert_true(installation_logged(scene.it, 0, "event=metrics-told"));
}

static void what_was_done_is_what_is_told(void **state)
{
	struct raw_peer *peer = raw_connect_as(scene.paul);
	struct exposition *before = scrape();
	struct exposition *after;
	static const char whoami[] = "saferd_requests_total{method=\"whoami\",status=\"ok\"}";
	static const char change[] = "saferd_requests_total{method=\"change\",status=\"ok\"}";

	(void)state;
	for (uint32_t id = 1; id <= 7; id++) {
		raw_ask(peer, id, "whoami");
		assert_int_equal(raw_reply(peer, id)->status, STATUS_OK);
	}
	change_one(peer, 8, "edit", "A1", 1, "description=Told by nobody");
	raw_ask(peer, 9, "account.list");
	assert_int_equal(raw_reply(peer, 9)->status, STATUS_NOT_PERMITTED);
	after = scrape();
	assert_true(exposition_value(after, whoami) == exposition_value(before, whoami) + 7);
	assert_true(exposition_value(after, change) == exposition_value(before, change) + 1);
	assert_true(exposition_value(after, "saferd_request_seconds_count{method=\"change\"}") ==
		    exposition_value(before, "saferd_request_seconds_count{method=\"change\"}") + 1);
	assert_true(exposition_value(
			    after,
			    "saferd_requests_total{method=\"account.list\",status=\"not-permitted\"}") == 1);
	assert_true(exposition_value(after, "saferd_group_jobs_count") >=
		    exposition_value(before, "saferd_group_jobs_count") + 1);
	assert_true(exposition_value(after, "saferd_journal_entries") >=
		    exposition_value(before, "saferd_journal_entries") + 1);
	assert_true(exposition_value(after, "saferd_connections") == 1);
	assert_true(exposition_value(after, "saferd_store_bytes") > 0);
	assert_true(exposition_value(after, "saferd_wal_bytes") > 0);
	exposition_free(before);
	exposition_free(after);
	raw_close(peer);
}

/* No record, no name, no id, no address: only what our own tables say. */
static void no_word_of_the_plan_or_of_people_is_told(void **state)
{
	static const char *const words[] = {"Told by nobody", "Paul",      "Ann",           "PE1",
					    "A1\"",           "127.0.0.1", PARTNERSHIP_NAME};

	(void)state;
	exposition_free(scrape());
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_false(says(scene.answer, words[i]));
	}
}

/* ---- who asks for something else ---- */

static const struct wrong {
	const char *name;
	const char *bytes;
	const char *answer;
} wrongs[] = {
	{"another path", "GET / HTTP/1.0\r\n\r\n", "404"},
	{"a path that goes on", "GET /metricsandmore HTTP/1.0\r\n\r\n", "404"},
	{"another method", "POST /metrics HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "405"},
	{"no HTTP at all", "hello\n\n", "405"},
};

static void whoever_asks_for_something_else_is_told_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		door_ask(wrongs[i].bytes, strlen(wrongs[i].bytes));
		if (!says(scene.answer, wrongs[i].answer)) {
			fail_msg("%s: %s", wrongs[i].name, scene.answer);
		}
		assert_false(says(scene.answer, "saferd_"));
	}
}

static void a_request_without_an_end_is_cut_off(void **state)
{
	static char endless[20000];
	int fd = door_connect();

	(void)state;
	memset(endless, 'x', sizeof(endless));
	assert_true(fd >= 0);
	door_say(fd, endless, sizeof(endless));
	door_hear(fd);
	assert_int_equal(scene.length, 0);
	exposition_free(scrape());
}

static void a_caller_that_has_nothing_more_to_say_is_answered(void **state)
{
	int fd = door_connect();

	(void)state;
	assert_true(fd >= 0);
	door_say(fd, GET, sizeof(GET) - 1);
	shutdown(fd, SHUT_WR);
	door_hear(fd);
	assert_says(scene.answer, "saferd_build_info");
}

/* Silent ones fill the door, others leave in the middle, one does not take its answer: the next is served at once, and so
 * are the members. */
static void a_crowd_keeps_nobody_out(void **state)
{
	int crowd[CROWD];
	int deaf = door_connect();
	pid_t server = scene.it->server;
	int ended = 0;

	(void)state;
	door_say(deaf, GET, sizeof(GET) - 1);
	for (size_t i = 0; i < CROWD; i++) {
		crowd[i] = door_connect();
		assert_true(crowd[i] >= 0);
		if (i % 3 == 0) {
			door_say(crowd[i], "GET /met", 8);
		}
		if (i % 3 == 1) {
			door_say(crowd[i], GET, sizeof(GET) - 1);
			close(crowd[i]);
			crowd[i] = -1;
		}
	}
	exposition_free(scrape());
	person_gets(scene.paul, 0, "whoami");
	for (size_t i = 0; i < CROWD; i++) {
		if (crowd[i] >= 0) {
			close(crowd[i]);
		}
	}
	close(deaf);
	assert_int_equal(scene.it->server, server);
	assert_int_equal(waitpid(server, &ended, WNOHANG), 0);
}

static void many_at_once_are_all_answered(void **state)
{
	int callers[10];

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		callers[i] = door_connect();
		assert_true(callers[i] >= 0);
		door_say(callers[i], GET, sizeof(GET) - 1);
	}
	for (size_t i = 0; i < 10; i++) {
		door_hear(callers[i]);
		assert_says(scene.answer, "saferd_journal_entries");
	}
}

/* ---- for people ---- */

static void an_administrator_reads_it_as_a_page(void **state)
{
	(void)state;
	person_gets(scene.ann, 0, "admin", "status");
	assert_says(scene.ann->out, "up since");
	assert_says(scene.ann->out, "limit 2000");
	assert_says(scene.ann->out, "entries");
	assert_says(scene.ann->out, "WAL");
	assert_says(scene.ann->out, "METHOD");
	assert_says(scene.ann->out, "whoami");
	assert_says(scene.ann->out, "No limit has turned anybody away.");
	person_gets(scene.ann, 0, "admin", "status", "--json");
	assert_says(scene.ann->out, "\"figures\": {");
	assert_false(says(scene.ann->out, "Told by nobody"));
	person_gets(scene.ann, 0, "admin", "status", "--csv");
	assert_int_equal(strncmp(scene.ann->out, "method,requests,not_ok,median,p99,most", 38), 0);
}

static void nobody_else_may_read_it(void **state)
{
	(void)state;
	assert_int_not_equal(person_runs(scene.paul, "admin", "status", NULL), 0);
	assert_says(scene.paul->err, "not for any post that you hold");
	assert_false(says(scene.paul->out, "connections"));
}

/* ---- the place of the socket ---- */

static void the_socket_goes_with_the_server_and_one_that_was_left_is_replaced(void **state)
{
	struct stat there;

	(void)state;
	installation_stop(scene.it);
	assert_int_not_equal(lstat(scene.path, &there), 0);
	installation_start(scene.it);
	installation_kill(scene.it);
	assert_int_equal(lstat(scene.path, &there), 0); /* nobody could remove it */
	installation_start(scene.it);
	exposition_free(scrape());
}

static void what_is_no_socket_is_never_replaced(void **state)
{
	struct stat there;

	(void)state;
	installation_stop(scene.it);
	file_make(scene.path, "precious");
	installation_gets(scene.it, 7, "run", scene.it->folder);
	assert_says(scene.it->last.err, "that is no socket");
	assert_int_equal(lstat(scene.path, &there), 0);
	assert_true(S_ISREG(there.st_mode));
	assert_int_equal(unlink(scene.path), 0);
	installation_start(scene.it);
}

/* ---- the port ---- */

static void a_port_of_this_machine_tells_the_same(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint16_t port = installation_free_port();
	char value[8];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(value, sizeof(value), "%u", port);
	installation_stop(scene.it);
	installation_set(scene.it, "metrics_port", value);
	installation_start(scene.it);
	address.sin_port = htons(port);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	door_say(fd, GET, sizeof(GET) - 1);
	door_hear(fd);
	assert_says(scene.answer, "saferd_build_info");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_door_is_shut_unless_a_setting_opens_it),
		cmocka_unit_test(what_was_done_is_what_is_told),
		cmocka_unit_test(no_word_of_the_plan_or_of_people_is_told),
		cmocka_unit_test(whoever_asks_for_something_else_is_told_so),
		cmocka_unit_test(a_request_without_an_end_is_cut_off),
		cmocka_unit_test(a_caller_that_has_nothing_more_to_say_is_answered),
		cmocka_unit_test(a_crowd_keeps_nobody_out),
		cmocka_unit_test(many_at_once_are_all_answered),
		cmocka_unit_test(an_administrator_reads_it_as_a_page),
		cmocka_unit_test(nobody_else_may_read_it),
		cmocka_unit_test(the_socket_goes_with_the_server_and_one_that_was_left_is_replaced),
		cmocka_unit_test(what_is_no_socket_is_never_replaced),
		cmocka_unit_test(a_port_of_this_machine_tells_the_same),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("scrape", tests, setup, teardown);
}
