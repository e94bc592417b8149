/* Other programs, run as a person or a supervisor would: their arguments, their environment, what they print and how
 * they end. Whatever goes wrong in here fails the test. */
#ifndef SAFER_TESTS_SUPPORT_PROGRAMS_H
#define SAFER_TESTS_SUPPORT_PROGRAMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROGRAM_ARGUMENTS 64
#define PROGRAM_PATH      512
#define PROGRAM_SECONDS   60 /* after which a program that says nothing has failed */

struct outcome {       /* of a program that has ended */
	int exit_code; /* 128 and the signal's number when one ended it */
	char *out;     /* what it wrote; NUL-ended */
	char *err;
};

struct running { /* a program that goes on beside the test */
	pid_t pid;
	int fd;     /* its standard output and standard error */
	char *text; /* what was read of it so far; NUL-ended */
	size_t length;
};

/* The path of a program that the build made. */
void program_path(const char *name, char out[PROGRAM_PATH]);
/* arguments[1] onwards from a NULL-ended list. */
void program_arguments(const char **arguments, const char *first, va_list rest);

/* Runs it to its end. input NULL: nothing to read. */
void program_run(const char *const *arguments, const char *const *environment, const char *input,
		 struct outcome *out);
/* The same with a terminal for all three; what it shows is in `out`, with carriage returns before line feeds. */
void program_run_on_terminal(const char *const *arguments, const char *const *environment,
			     struct outcome *out);
void outcome_release(struct outcome *outcome);

/* Starts it with these descriptors. */
pid_t program_spawn(const char *const *arguments, const char *const *environment, int in, int out, int err);
int program_wait(pid_t pid); /* its exit code, as in struct outcome */

/* Starts it and goes on. */
void running_start(struct running *running, const char *const *arguments, const char *const *environment);
/* The same with a terminal for all three, on which running_type() types. */
void running_start_on_terminal(struct running *running, const char *const *arguments,
			       const char *const *environment);
void running_type(struct running *running, const char *text);  /* what was printed before is forgotten */
void running_until(struct running *running, const char *text); /* reads until it has printed this */
/* Reads until it has printed a whole line with this in it, from a place in its text on; where that line ends, which is
 * the place to wait from for what is printed after it. */
size_t running_line(struct running *running, size_t from, const char *text);
void running_rest(struct running *running); /* reads all that it still prints, until it ends */
int running_end(struct running *running, int signal_number); /* 0: none, it ends by itself. Its exit code */

bool says(const char *text, const char *part);
#define assert_says(text, part) assert_says_at(__FILE__, __LINE__, (text), (part))
void assert_says_at(const char *file, int line, const char *text, const char *part);

#endif
