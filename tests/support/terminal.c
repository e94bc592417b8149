/* A pseudo-terminal on one side, libvterm on the other. */
#include "tests/support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vterm.h>

#include <cmocka.h>

struct terminal {
	int master;
	int slave; /* kept open, so that the settings stay when the program ends */
	pid_t pid; /* 0: nothing runs */
	int rows, columns;
	VTerm *vterm;
	VTermScreen *screen;
	struct termios before;
	bool alternate, cursor, colour;
	char *text;
};

static int on_property(VTermProp property, VTermValue *value, void *payload)
{
	struct terminal *terminal = payload;

	if (property == VTERM_PROP_ALTSCREEN) {
		terminal->alternate = value->boolean;
	} else if (property == VTERM_PROP_CURSORVISIBLE) {
		terminal->cursor = value->boolean;
	}
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void set_size(struct terminal *terminal)
{
	const struct winsize size = {.ws_row = (unsigned short)terminal->rows,
				     .ws_col = (unsigned short)terminal->columns};

	assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
}

struct terminal *terminal_new(int rows, int columns)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	assert_non_null(terminal);
	terminal->rows = rows;
	terminal->columns = columns;
	terminal->cursor = true;
	assert_int_equal(openpty(&terminal->master, &terminal->slave, NULL, NULL, NULL), 0);
	set_size(terminal);
	assert_int_equal(tcgetattr(terminal->slave, &terminal->before), 0);
	terminal->vterm = vterm_new(rows, columns);
	assert_non_null(terminal->vterm);
	vterm_set_utf8(terminal->vterm, 1);
	terminal->screen = vterm_obtain_screen(terminal->vterm);
	vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
	vterm_screen_enable_altscreen(terminal->screen, 1);
	vterm_screen_reset(terminal->screen, 1);
	return terminal;
}

void terminal_free(struct terminal *terminal)
{
	if (terminal->pid != 0) {
		kill(terminal->pid, SIGKILL);
		program_wait(terminal->pid);
	}
	vterm_free(terminal->vterm);
	close(terminal->master);
	close(terminal->slave);
	free(terminal->text);
	free(terminal);
}

void terminal_starts(struct terminal *terminal, struct person *person, const char *argument, ...)
{
	const char *arguments[PROGRAM_ARGUMENTS];
	va_list rest;

	va_start(rest, argument);
	program_arguments(arguments, argument, rest);
	va_end(rest);
	terminal->pid = person_spawns(person, arguments, terminal->slave);
}

void terminal_types(struct terminal *terminal, const char *keys)
{
	assert_int_equal(write(terminal->master, keys, strlen(keys)), strlen(keys));
}

void terminal_resize(struct terminal *terminal, int rows, int columns)
{
	terminal->rows = rows;
	terminal->columns = columns;
	vterm_set_size(terminal->vterm, rows, columns);
	set_size(terminal);
	kill(terminal->pid, SIGWINCH); /* it is not the terminal's own session */
}

void terminal_signal(struct terminal *terminal, int number)
{
	kill(terminal->pid, number);
}

/* ---- the screen ---- */

static size_t put_letter(uint32_t letter, char *out)
{
	if (letter < 0x80) {
		out[0] = (char)(letter != 0 ? letter : ' ');
		return 1;
	}
	if (letter < 0x800) {
		out[0] = (char)(0xc0 | letter >> 6);
		out[1] = (char)(0x80 | (letter & 0x3f));
		return 2;
	}
	if (letter < 0x10000) {
		out[0] = (char)(0xe0 | letter >> 12);
		out[1] = (char)(0x80 | (letter >> 6 & 0x3f));
		out[2] = (char)(0x80 | (letter & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | letter >> 18);
	out[1] = (char)(0x80 | (letter >> 12 & 0x3f));
	out[2] = (char)(0x80 | (letter >> 6 & 0x3f));
	out[3] = (char)(0x80 | (letter & 0x3f));
	return 4;
}

static size_t put_row(const struct terminal *terminal, int row, char *out)
{
	size_t length = 0;

	for (int column = 0; column < terminal->columns; column++) {
		VTermScreenCell cell;

		vterm_screen_get_cell(terminal->screen, (VTermPos){row, column}, &cell);
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && (i == 0 || cell.chars[i] != 0); i++) {
			length += put_letter(cell.chars[i], out + length);
		}
		column += cell.width > 1 ? cell.width - 1 : 0;
	}
	while (length > 0 && out[length - 1] == ' ') {
		length--;
	}
	return length;
}

static char *make_room(struct terminal *terminal)
{
	size_t row = (size_t)terminal->columns * VTERM_MAX_CHARS_PER_CELL * 4 + 1;

	free(terminal->text);
	terminal->text = malloc((size_t)terminal->rows * row + 1);
	assert_non_null(terminal->text);
	return terminal->text;
}

const char *terminal_screen(struct terminal *terminal)
{
	char *out = make_room(terminal);
	size_t length = 0;

	for (int row = 0; row < terminal->rows; row++) {
		length += put_row(terminal, row, out + length);
		out[length++] = '\n';
	}
	out[length] = '\0';
	return out;
}

const char *terminal_row(struct terminal *terminal, int row)
{
	char *out = make_room(terminal);

	out[put_row(terminal, row, out)] = '\0';
	return out;
}

/* Whether bytes select a colour: ESC [ ... 3x, 4x, 9x or 10x ... m. */
static bool has_colour(const char *bytes, size_t length)
{
	for (size_t i = 0; i + 2 < length; i++) {
		if (bytes[i] != '\033' || bytes[i + 1] != '[') {
			continue;
		}
		for (size_t at = i + 2; at < length && strchr("0123456789;", bytes[at]) != NULL;) {
			char *end = NULL;
			long number = strtol(bytes + at, &end, 10);
			size_t next = (size_t)(end - bytes);

			if (next < length && strchr(";m", bytes[next]) != NULL &&
			    ((number >= 30 && number <= 48 && number != 39) ||
			     (number >= 90 && number <= 107))) {
				return true;
			}
			at = next + 1;
		}
	}
	return false;
}

/* What has come; waits for something at most so long. False when nothing did. */
static bool take(struct terminal *terminal, int milliseconds)
{
	struct pollfd ready = {terminal->master, POLLIN, 0};
	char bytes[4097];
	ssize_t got;

	if (poll(&ready, 1, milliseconds) <= 0) {
		return false;
	}
	got = read(terminal->master, bytes, sizeof(bytes) - 1);
	assert_true(got > 0);
	bytes[got] = '\0';
	terminal->colour = terminal->colour || has_colour(bytes, (size_t)got);
	vterm_input_write(terminal->vterm, bytes, (size_t)got);
	return true;
}

void terminal_until(struct terminal *terminal, const char *text)
{
	while (strstr(terminal_screen(terminal), text) == NULL) {
		if (!take(terminal, PROGRAM_SECONDS * 1000)) {
			fail_msg("the screen never showed \"%s\", but:\n%s", text, terminal->text);
		}
	}
}

void terminal_until_row(struct terminal *terminal, int row, const char *text)
{
	while (strstr(terminal_row(terminal, row), text) == NULL) {
		if (!take(terminal, PROGRAM_SECONDS * 1000)) {
			fail_msg("row %d never showed \"%s\", but: %s", row, text, terminal->text);
		}
	}
}

void terminal_until_gone(struct terminal *terminal, const char *text)
{
	while (strstr(terminal_screen(terminal), text) != NULL) {
		if (!take(terminal, PROGRAM_SECONDS * 1000)) {
			fail_msg("the screen still shows \"%s\":\n%s", text, terminal->text);
		}
	}
}

/* ---- the end ---- */

static bool still_runs(struct terminal *terminal)
{
	siginfo_t info = {.si_pid = 0};

	assert_int_equal(waitid(P_PID, (id_t)terminal->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == 0;
}

int terminal_ended(struct terminal *terminal)
{
	int code;

	for (int tries = 0; still_runs(terminal); tries++) {
		if (!take(terminal, 100) && tries > PROGRAM_SECONDS * 10) {
			fail_msg("the program did not end; the screen shows\n%s", terminal_screen(terminal));
		}
	}
	while (take(terminal, 0)) {
	}
	code = program_wait(terminal->pid);
	terminal->pid = 0;
	return code;
}

bool terminal_is_full_screen(const struct terminal *terminal)
{
	return terminal->alternate;
}

bool terminal_is_clean(struct terminal *terminal)
{
	struct termios now;

	assert_int_equal(tcgetattr(terminal->slave, &now), 0);
	return now.c_iflag == terminal->before.c_iflag && now.c_oflag == terminal->before.c_oflag &&
	       now.c_cflag == terminal->before.c_cflag && now.c_lflag == terminal->before.c_lflag &&
	       memcmp(now.c_cc, terminal->before.c_cc, sizeof(now.c_cc)) == 0 && !terminal->alternate &&
	       terminal->cursor;
}

bool terminal_saw_colour(const struct terminal *terminal)
{
	return terminal->colour;
}
