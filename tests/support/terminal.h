/* A terminal with somebody in front of it: what a program draws is read by libvterm, as xterm would, so that a test sees the
 * screen and not the bytes; keys are typed; and afterwards it can be asked how the terminal was left.
 *
 *	struct terminal *terminal = terminal_new(24, 80);
 *
 *	terminal_starts(terminal, paul, "watch", "--board", NULL);
 *	terminal_until(terminal, "Taxi marshals");
 *	terminal_types(terminal, "q");
 *	assert_int_equal(terminal_ended(terminal), 0);
 *	assert_true(terminal_is_clean(terminal));
 *	terminal_free(terminal);
 */
#ifndef SAFER_TESTS_SUPPORT_TERMINAL_H
#define SAFER_TESTS_SUPPORT_TERMINAL_H

#include "tests/support/installation.h"

#define TERMINAL_UP    "\033OA"
#define TERMINAL_DOWN  "\033OB"
#define TERMINAL_ENTER "\r"
#define TERMINAL_ESC   "\033"

struct terminal;

struct terminal *terminal_new(int rows, int columns);
void terminal_free(struct terminal *terminal); /* kills what still runs */

/* Runs safer on it; arguments NULL-ended. The person's environment should have a TERM. */
void terminal_starts(struct terminal *terminal, struct person *person, const char *argument, ...);

void terminal_types(struct terminal *terminal, const char *keys);
void terminal_resize(struct terminal *terminal, int rows, int columns); /* and tells the program */
void terminal_signal(struct terminal *terminal, int number);

/* Reads until the screen shows a text, or no longer does; fails the test after a while, with what it shows. */
void terminal_until(struct terminal *terminal, const char *text);
void terminal_until_row(struct terminal *terminal, int row, const char *text);
void terminal_until_gone(struct terminal *terminal, const char *text);

/* The screen as text, a line a row; a row. They live until the next call. */
const char *terminal_screen(struct terminal *terminal);
const char *terminal_row(struct terminal *terminal, int row);

/* Reads to the program's end; its exit code. */
int terminal_ended(struct terminal *terminal);

bool terminal_is_full_screen(const struct terminal *terminal); /* the alternate screen is shown */
/* Nothing of it is left: settings as before, the cursor shown, the alternate screen gone. */
bool terminal_is_clean(struct terminal *terminal);
/* Bytes that set a colour were written so far. */
bool terminal_saw_colour(const struct terminal *terminal);

#endif
