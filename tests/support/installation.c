/* Starts the programs that the build made in folders of their own, and keeps them apart from each other. */
#include "tests/support/installation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define ENVIRONMENT_MAX 16

/* Below the ports that the system gives away by itself, so that the port of a server that was stopped is still free
 * when it is started again. */
#define PORT_FIRST 10240
#define PORT_LAST  32000

static const char *const common_environment[] = {
	"PATH=/usr/bin:/bin",
	"LC_ALL=C.UTF-8",
	"ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:verify_asan_link_order=0",
	"UBSAN_OPTIONS=print_stacktrace=1",
	NULL,
};

/* Names that come first count. */
static void build_environment(const char **out, const char *const *first, const char *const *second)
{
	size_t count = 0;
	const char *const *lists[] = {first, second, common_environment};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t j = 0; lists[i] != NULL && lists[i][j] != NULL; j++) {
			assert_true(count < ENVIRONMENT_MAX - 1);
			out[count++] = lists[i][j];
		}
	}
	out[count] = NULL;
}

/* ---- files ---- */

char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t length = 0;
	size_t got = 0;

	if (file == NULL) {
		fail_msg("there is no file %s", path);
		return NULL;
	}
	do {
		text = realloc(text, length + 65537);
		assert_non_null(text);
		got = fread(text + length, 1, 65536, file);
		length += got;
	} while (got > 0);
	text[length] = '\0';
	fclose(file);
	return text;
}

void file_make(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* The first word of a text that begins with `begin`. */
static void find_word(const char *text, const char *begin, char *out, size_t bytes)
{
	const char *word = strstr(text, begin);
	size_t length = word != NULL ? strcspn(word, " \t\r\n") : 0;

	if (word == NULL || length >= bytes) {
		fail_msg("there is no %s... in: %s", begin, text);
		return;
	}
	memcpy(out, word, length);
	out[length] = '\0';
}

const char *installation_path(const struct installation *it, const char *name, char out[PROGRAM_PATH])
{
	snprintf(out, PROGRAM_PATH, "%s/%s", it->root, name);
	return out;
}

/* ---- the server ---- */

static void run_saferd(struct installation *it, const char **arguments)
{
	const char *environment[ENVIRONMENT_MAX];
	char path[PROGRAM_PATH];

	program_path("saferd", path);
	arguments[0] = path;
	build_environment(environment, NULL, NULL);
	outcome_release(&it->last);
	program_run(arguments, environment, NULL, &it->last);
}

int installation_saferd(struct installation *it, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	run_saferd(it, arguments);
	return it->last.exit_code;
}

void installation_gets_at(const char *file, int line, struct installation *it, int expected, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, expected);
	program_arguments(arguments, va_arg(rest, const char *), rest);
	va_end(rest);
	run_saferd(it, arguments);
	if (it->last.exit_code != expected) {
		print_error("%s:%d: saferd %s ended with %d instead of %d\n%s%s", file, line, arguments[1],
			    it->last.exit_code, expected, it->last.out, it->last.err);
		_fail(file, line);
	}
}

static void print_log(const struct installation *it)
{
	char *text = file_text(it->log);

	for (char *line = text, *end = NULL; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		print_error("  %.*s\n", (int)(end - line), line);
		end += *end == '\n' ? 1 : 0;
	}
	free(text);
}

/* Reads the line that says where the server listens. */
static void wait_until_it_listens(struct installation *it, int fd)
{
	char line[200] = "";
	size_t length = 0;

	while (strchr(line, '\n') == NULL && length < sizeof(line) - 1) {
		struct pollfd ready = {fd, POLLIN, 0};
		ssize_t got = poll(&ready, 1, PROGRAM_SECONDS * 1000) > 0
				      ? read(fd, line + length, sizeof(line) - 1 - length)
				      : -1;

		if (got <= 0) {
			print_log(it);
			fail_msg("the server did not say where it listens");
		}
		length += (size_t)got;
		line[length] = '\0';
	}
	assert_says(line, "listening on 127.0.0.1:");
}

void installation_start(struct installation *it)
{
	const char *environment[ENVIRONMENT_MAX];
	const char *arguments[] = {NULL, "run", it->folder, NULL};
	char path[PROGRAM_PATH];
	int out[2];
	int log = open(it->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(it->server, 0);
	assert_true(log >= 0 && in >= 0);
	assert_int_equal(pipe(out), 0);
	program_path("saferd", path);
	arguments[0] = path;
	build_environment(environment, it->environment, NULL);
	it->server = program_spawn(arguments, environment, in, out[1], log);
	close(out[1]);
	close(log);
	close(in);
	wait_until_it_listens(it, out[0]);
	close(out[0]);
}

static int end_server(struct installation *it, int signal_number)
{
	pid_t pid = it->server;

	assert_int_not_equal(pid, 0);
	kill(pid, signal_number);
	it->server = 0;
	return program_wait(pid);
}

void installation_stop(struct installation *it)
{
	int code = end_server(it, SIGTERM);

	if (code != 0) {
		print_log(it);
		fail_msg("the server ended with %d", code);
	}
}

void installation_kill(struct installation *it)
{
	(void)end_server(it, SIGKILL);
}

void installation_reload(struct installation *it)
{
	long from = installation_log_end(it);

	assert_int_not_equal(it->server, 0);
	kill(it->server, SIGHUP);
	installation_until_logged(it, from, "event=reloaded");
}

long installation_log_end(const struct installation *it)
{
	struct stat about;

	return stat(it->log, &about) == 0 ? (long)about.st_size : 0;
}

bool installation_logged(const struct installation *it, long from, const char *text)
{
	char *whole = file_text(it->log);
	bool found = (size_t)from <= strlen(whole) && strstr(whole + from, text) != NULL;

	free(whole);
	return found;
}

/* The log is another process's doing, and there is nothing to wait on but the file. */
void installation_until_logged(const struct installation *it, long from, const char *text)
{
	for (int i = 0; i < PROGRAM_SECONDS * 100; i++) { /* then it will not say it any more */
		if (installation_logged(it, from, text)) {
			return;
		}
		poll(NULL, 0, 10);
	}
	print_log(it);
	fail_msg("the server's log does not say: %s", text);
}

void installation_set(struct installation *it, const char *name, const char *value)
{
	char path[PROGRAM_PATH];
	char *text = NULL;
	FILE *file = NULL;
	size_t length = strlen(name);

	snprintf(path, sizeof(path), "%s/saferd.conf", it->folder);
	text = file_text(path);
	file = fopen(path, "w");
	assert_non_null(file);
	for (char *line = text, *end = NULL; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n' ? 1 : 0;
		if (strncmp(line, name, length) != 0 || line[length] != ' ') {
			fwrite(line, 1, (size_t)(end - line), file);
		}
	}
	fprintf(file, "%s = %s\n", name, value);
	assert_int_equal(fclose(file), 0);
	free(text);
}

void installation_sql(struct installation *it, const char *text)
{
	char path[PROGRAM_PATH];
	sqlite3 *db = NULL;
	char *error = NULL;

	assert_int_equal(it->server, 0);
	snprintf(path, sizeof(path), "%s/safer.db", it->folder);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) {
		fail_msg("%s: %s", text, error);
	}
	assert_int_not_equal(sqlite3_total_changes(db), 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- making one, and taking it away ---- */

static bool port_is_free(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free_one = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0) {
		close(fd);
	}
	return free_one;
}

/* Takes a port for this test program as long as it runs, also while none of its servers listens there: by a name in the
 * abstract namespace of sockets, which goes with the process. */
static bool port_is_mine(uint16_t port)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "safer-test-port-%u", port);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) != 0) {
		close(fd);
		return false;
	}
	return true;
}

/* Test programs run beside each other, so each begins to look at a place of its own. */
uint16_t installation_free_port(void)
{
	static unsigned given;
	unsigned span = PORT_LAST - PORT_FIRST;
	unsigned at = ((unsigned)getpid() * 37U + given * 7U) % span;

	given++;
	for (unsigned i = 0; i < span; i++) {
		uint16_t port = (uint16_t)(PORT_FIRST + (at + i) % span);

		if (port_is_free(port) && port_is_mine(port)) {
			return port;
		}
	}
	fail_msg("there is no free port");
	return 0;
}

struct installation *installation_open(const char *argument, ...)
{
	struct installation *it = calloc(1, sizeof(*it));
	const char *arguments[PROGRAM_ARGUMENTS];
	char port[8];
	const char *first[] = {"init",   NULL, "--partnership",   PARTNERSHIP_NAME,
			       "--port", port, "--administrator", ADMINISTRATOR_NAME};
	size_t count = sizeof(first) / sizeof(first[0]);
	va_list rest;

	assert_non_null(it);
	snprintf(it->root, sizeof(it->root), "/tmp/safer-test-XXXXXX");
	assert_non_null(mkdtemp(it->root));
	snprintf(it->folder, sizeof(it->folder), "%s/data", it->root);
	snprintf(it->log, sizeof(it->log), "%s/server.log", it->root);
	it->port = installation_free_port();
	snprintf(port, sizeof(port), "%u", it->port);
	first[1] = it->folder;
	memcpy(arguments + 1, first, sizeof(first));
	va_start(rest, argument);
	program_arguments(arguments + count, argument, rest);
	va_end(rest);
	run_saferd(it, arguments);
	if (it->last.exit_code != 0) {
		fail_msg("saferd init: %s%s", it->last.out, it->last.err);
	}
	find_word(it->last.out, "SAFER1-", it->invitation, sizeof(it->invitation));
	find_word(it->last.err, "localhost/", it->key, sizeof(it->key));
	installation_start(it);
	return it;
}

void installation_close(struct installation *it)
{
	const char *arguments[] = {"/bin/rm", "-rf", NULL, NULL};
	struct outcome outcome;

	if (it == NULL) {
		return;
	}
	if (it->server != 0) {
		installation_stop(it);
	}
	arguments[2] = it->root;
	program_run(arguments, common_environment, NULL, &outcome);
	outcome_release(&outcome);
	for (size_t i = 0; i < it->people_count; i++) {
		free(it->people[i]->out);
		free(it->people[i]->err);
		free(it->people[i]);
	}
	outcome_release(&it->last);
	free(it);
}

/* ---- people ---- */

struct person *person_new(struct installation *it, const char *name)
{
	struct person *person = calloc(1, sizeof(*person));

	assert_non_null(person);
	assert_true(it->people_count < INSTALLATION_PEOPLE);
	person->installation = it;
	snprintf(person->home, sizeof(person->home), "%s/%s", it->root, name);
	assert_int_equal(mkdir(person->home, 0700), 0);
	it->people[it->people_count++] = person;
	return person;
}

static void person_environment(const struct person *person, char home[160], const char **out)
{
	const char *const everybody[] = {home, "TERM=dumb", "COLUMNS=120", NULL};

	snprintf(home, 160, "HOME=%s", person->home);
	build_environment(out, person->environment, everybody);
}

static void run_safer(struct person *person, const char **arguments, bool terminal)
{
	const char *environment[ENVIRONMENT_MAX];
	char home[160];
	char path[PROGRAM_PATH];
	struct outcome outcome;

	program_path("safer", path);
	arguments[0] = path;
	person_environment(person, home, environment);
	free(person->out);
	free(person->err);
	person->out = NULL;
	person->err = NULL;
	if (terminal) {
		program_run_on_terminal(arguments, environment, &outcome);
	} else {
		program_run(arguments, environment, person->input, &outcome);
	}
	person->exit_code = outcome.exit_code;
	person->out = outcome.out;
	person->err = outcome.err;
	person->input = NULL;
}

int person_runs(struct person *person, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	run_safer(person, arguments, false);
	return person->exit_code;
}

int person_on_terminal(struct person *person, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	run_safer(person, arguments, true);
	return person->exit_code;
}

void person_gets_at(const char *file, int line, struct person *person, int expected, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, expected);
	program_arguments(arguments, va_arg(rest, const char *), rest);
	va_end(rest);
	run_safer(person, arguments, false);
	if (person->exit_code != expected) {
		print_error("%s:%d: safer %s %s ended with %d instead of %d\n%s%s", file, line,
			    arguments[1] != NULL ? arguments[1] : "",
			    arguments[1] != NULL && arguments[2] != NULL ? arguments[2] : "",
			    person->exit_code, expected, person->out, person->err);
		_fail(file, line);
	}
}

pid_t person_spawns(struct person *person, const char **arguments, int terminal)
{
	const char *environment[ENVIRONMENT_MAX];
	char home[160];
	char path[PROGRAM_PATH];

	program_path("safer", path);
	arguments[0] = path;
	person_environment(person, home, environment);
	return program_spawn(arguments, environment, terminal, terminal, terminal);
}

static void start_safer(struct person *person, struct running *running, const char **arguments, bool terminal)
{
	const char *environment[ENVIRONMENT_MAX];
	char home[160];
	char path[PROGRAM_PATH];

	program_path("safer", path);
	arguments[0] = path;
	person_environment(person, home, environment);
	(terminal ? running_start_on_terminal : running_start)(running, arguments, environment);
}

void person_starts(struct person *person, struct running *running, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	start_safer(person, running, arguments, false);
}

void person_starts_on_terminal(struct person *person, struct running *running, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	start_safer(person, running, arguments, true);
}

void person_enrol(struct person *person, const char *invitation)
{
	person_gets(person, 0, "enrol", invitation);
}

void person_invites(struct person *administrator, const char *name, char out[300])
{
	person_gets(administrator, 0, "invite", name);
	find_word(administrator->out, "SAFER1-", out, 300);
}

void person_joins(struct person *administrator, struct person *newcomer, const char *name)
{
	char invitation[300];

	person_invites(administrator, name, invitation);
	person_enrol(newcomer, invitation);
}

const char *person_file(const struct person *person, const char *file, char out[PROGRAM_PATH])
{
	snprintf(out, PROGRAM_PATH, "%s/.config/safer/profiles/default/%s", person->home, file);
	return out;
}
