/* Safer as it is installed: a real saferd on a port of loopback with a data folder of its own, and people with the
 * real safer, each with a home of their own. Nothing of ours is replaced.
 *
 *	struct installation *it = installation_open(NULL);
 *	struct person *ann = person_new(it, "ann");
 *
 *	person_enrol(ann, it->invitation);
 *	person_gets(ann, 0, "organisation", "list", "--json");
 *	assert_says(ann->out, "[]");
 *
 * Whatever goes wrong inside fails the test with what the programs printed. */
#ifndef SAFER_TESTS_SUPPORT_INSTALLATION_H
#define SAFER_TESTS_SUPPORT_INSTALLATION_H

#include "tests/support/programs.h"

#include <stdint.h>

#define INSTALLATION_PEOPLE 64
#define ADMINISTRATOR_NAME  "Ann Admin"
#define PARTNERSHIP_NAME    "Test Partnership"

struct installation {
	char root[64];        /* a temporary folder that holds everything */
	char folder[96];      /* the data folder that is served; a test may move on to another */
	char invitation[300]; /* of the first administrator */
	char key[300];        /* the verifier key that init printed */
	pid_t server;         /* 0 while it does not run */
	uint16_t port;
	char log[96];        /* the server's standard error goes here */
	struct outcome last; /* of saferd's other commands */
	/* NAME=VALUE for the server's environment, from its next start on; NULL: none. */
	const char *environment[4];

	struct person *people[INSTALLATION_PEOPLE];
	size_t people_count;
};

struct person {
	struct installation *installation;
	char home[128];
	const char *environment[6]; /* NAME=VALUE, stronger than what everybody has; NULL: none */
	const char *input;          /* what the next command reads from standard input; NULL: nothing */
	int exit_code;
	char *out;
	char *err;
};

/* Makes a data folder (saferd init with these further arguments, NULL-ended) and starts the server. */
struct installation *installation_open(const char *argument, ...);
void installation_close(struct installation *it); /* stops the server, removes everything; NULL is fine */

/* A port of loopback that nothing listens on, and that no other test program is given while this one runs. */
uint16_t installation_free_port(void);
void installation_start(struct installation *it);
void installation_stop(struct installation *it); /* SIGTERM; fails the test unless it ends well */
void installation_kill(struct installation *it); /* SIGKILL */
/* Sends SIGHUP and waits until the server has taken its settings. */
void installation_reload(struct installation *it);
/* Runs saferd with these arguments, NULL-ended, into it->last. Returns its exit code. */
int installation_saferd(struct installation *it, const char *argument, ...);
#define installation_gets(it, expected, ...) \
	installation_gets_at(__FILE__, __LINE__, (it), (expected), __VA_ARGS__, NULL)
void installation_gets_at(const char *file, int line, struct installation *it, int expected, ...);

/* Writes a setting into saferd.conf; it counts from the next start or reload. */
void installation_set(struct installation *it, const char *name, const char *value);
/* Changes the store behind the server's back, while it is stopped; fails the test unless a row is changed. */
void installation_sql(struct installation *it, const char *text);
/* "<root>/<name>", for files and folders of a test. */
const char *installation_path(const struct installation *it, const char *name, char out[PROGRAM_PATH]);

/* Whether the server's log holds a text from a place on; the log's end as such a place. */
bool installation_logged(const struct installation *it, long from, const char *text);
long installation_log_end(const struct installation *it);
/* Waits for the log to say it; fails the test after a while. */
void installation_until_logged(const struct installation *it, long from, const char *text);

struct person *person_new(struct installation *it, const char *name); /* goes with the installation */
/* Runs safer with these arguments, NULL-ended. Returns its exit code; out and err live until the next run. */
int person_runs(struct person *person, const char *argument, ...);
/* The same, and fails the test unless it ends with `expected`. */
#define person_gets(person, expected, ...) \
	person_gets_at(__FILE__, __LINE__, (person), (expected), __VA_ARGS__, NULL)
void person_gets_at(const char *file, int line, struct person *person, int expected, ...);
/* Runs it on a terminal; what it shows is in out. */
int person_on_terminal(struct person *person, const char *argument, ...);
/* Starts safer on a terminal and goes on; its process. arguments[0] is filled in. */
pid_t person_spawns(struct person *person, const char **arguments, int terminal);
/* Starts safer and goes on. */
void person_starts(struct person *person, struct running *running, const char *argument, ...);
/* The same on a terminal, where running_type() types. */
void person_starts_on_terminal(struct person *person, struct running *running, const char *argument, ...);

void person_enrol(struct person *person, const char *invitation);
/* Has `administrator` invite somebody of the directory; the invitation's text. */
void person_invites(struct person *administrator, const char *name, char out[300]);
/* Invites a person by name as `administrator`, and enrols them. */
void person_joins(struct person *administrator, struct person *newcomer, const char *name);
/* "<home>/.config/safer/profiles/default/<file>" */
const char *person_file(const struct person *person, const char *file, char out[PROGRAM_PATH]);

/* A file's text, to be freed; and a file made of a text. */
char *file_text(const char *path);
void file_make(const char *path, const char *text);

#endif
