/* ncurses, kept to what a VT100 over ssh can do. The terminal is given back in every way out: by screen_close(), at exit,
 * and when a signal ends the program, by writing what was found out beforehand. */
#include "client/screen.h"

#include "client/console.h"

#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_MS 100 /* from an escape to what follows it, when it is a key that sends several bytes */
#define CONTROL_L 12
#define CONTROL_H 8
#define DELETE    127

static struct {
	SCREEN *screen; /* NULL: not open */
	bool marks;     /* bold and reverse may be used */
	FILE *said;     /* what was written to standard error meanwhile; NULL: could not be kept */
	int error_fd;   /* the real standard error */

	/* For a signal that ends the program. */
	struct termios before;
	char leave[128];
	size_t leave_length;
	volatile sig_atomic_t open;
} place = {.error_fd = -1};

/* ---- a bad end ---- */

static void end_badly(int number)
{
	if (place.open) {
		place.open = 0;
		if (write(STDOUT_FILENO, place.leave, place.leave_length) < 0) {
			/* there is nobody to tell */
		}
		(void)tcsetattr(STDOUT_FILENO, TCSANOW, &place.before);
	}
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* What the terminal is told with this capability, without the pauses that are written into it, as "$<5>". */
static void remember(const char *capability)
{
	const char *text = tigetstr(capability);

	for (size_t i = 0; text && text != (char *)-1 && text[i]; i++) {
		if (text[i] == '$' && text[i + 1] == '<' && strchr(text + i, '>')) {
			i += strcspn(text + i, ">");
		} else if (place.leave_length < sizeof(place.leave)) {
			place.leave[place.leave_length++] = text[i];
		}
	}
}

static void catch_bad_ends(void)
{
	static const int ends[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = end_badly, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)sigaction(ends[i], &action, NULL);
	}
}

/* ---- standard error ---- */

static void keep_errors(void)
{
	place.said = tmpfile();
	place.error_fd = place.said ? dup(STDERR_FILENO) : -1;
	if (place.error_fd >= 0) {
		(void)fflush(stderr);
		(void)dup2(fileno(place.said), STDERR_FILENO);
	}
}

static void tell_errors(void)
{
	char bytes[512];
	size_t got;

	if (place.error_fd >= 0) {
		(void)fflush(stderr);
		(void)dup2(place.error_fd, STDERR_FILENO);
		close(place.error_fd);
		place.error_fd = -1;
		rewind(place.said);
		while ((got = fread(bytes, 1, sizeof(bytes), place.said)) > 0) {
			(void)fwrite(bytes, 1, got, stderr);
		}
	}
	if (place.said) {
		(void)fclose(place.said);
		place.said = NULL;
	}
}

/* ---- life ---- */

enum status screen_check(const struct client *client, struct error *err)
{
	const char *terminal = getenv("TERM");
	int known = 0;

	if (client->output.mode != OUTPUT_TABLE) {
		error_set(err, STATUS_INVALID, "the board is drawn on a terminal, and has no other form");
		return error_hint(err, "leave --board out: a watch prints lines, or JSON");
	}
	if (!client->output.terminal || !isatty(STDIN_FILENO)) {
		error_set(err, STATUS_INVALID, "the board needs a terminal, and this is none");
		return error_hint(err, "leave --board out: a watch prints lines");
	}
	if (!terminal || !*terminal || strcmp(terminal, "dumb") == 0) {
		error_set(err, STATUS_INVALID, "the board cannot be drawn on a terminal of the type \"%s\"",
			  terminal ? terminal : "");
		return error_hint(err, "set TERM to what your terminal is, such as xterm or vt100, "
				       "or leave --board out");
	}
	if (setupterm(terminal, STDOUT_FILENO, &known) != OK) {
		error_set(err, STATUS_INVALID, "nothing is known here of a terminal of the type \"%s\"",
			  terminal);
		return error_hint(err, "set TERM to one that is, such as xterm or vt100, "
				       "or leave --board out");
	}
	(void)del_curterm(cur_term);
	return STATUS_OK;
}

enum status screen_open(bool marks, struct error *err)
{
	if (tcgetattr(STDOUT_FILENO, &place.before) != 0) {
		return error_set(err, STATUS_INVALID, "the board needs a terminal, and this is none");
	}
	place.screen = newterm(NULL, stdout, stdin);
	if (!place.screen) {
		return error_memory(err);
	}
	place.marks = marks;
	place.leave_length = 0;
	remember("sgr0");
	remember("cnorm");
	remember("rmkx");
	remember("rmcup");
	place.open = 1;
	(void)atexit(screen_close);
	catch_bad_ends();
	keep_errors();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)leaveok(stdscr, FALSE);
	(void)set_escdelay(ESCAPE_MS);
	(void)curs_set(0);
	return STATUS_OK;
}

void screen_close(void)
{
	if (!place.screen) {
		return;
	}
	(void)endwin();
	place.open = 0;
	delscreen(place.screen);
	place.screen = NULL;
	tell_errors();
}

size_t screen_columns(void)
{
	return COLS > 1 ? (size_t)COLS - 1 : 1; /* the last column of a line makes some terminals scroll */
}

size_t screen_rows(void)
{
	return LINES > 0 ? (size_t)LINES : 1;
}

/* ---- keys ---- */

static const struct {
	int code;
	enum screen_key key;
} keys[] = {
	{KEY_UP, SCREEN_UP},           {KEY_DOWN, SCREEN_DOWN},      {KEY_PPAGE, SCREEN_PAGE_UP},
	{KEY_NPAGE, SCREEN_PAGE_DOWN}, {KEY_HOME, SCREEN_TOP},       {KEY_END, SCREEN_END},
	{KEY_ENTER, SCREEN_ENTER},     {KEY_RESIZE, SCREEN_RESIZED}, {KEY_BACKSPACE, SCREEN_RUB_OUT},
	{KEY_DC, SCREEN_RUB_OUT},
};

static enum screen_key control_key(wint_t character)
{
	switch (character) {
	case '\r':
	case '\n':
		return SCREEN_ENTER;
	case 27:
		return SCREEN_ESCAPE;
	case CONTROL_L:
		return SCREEN_REDRAW;
	case CONTROL_H:
	case DELETE:
		return SCREEN_RUB_OUT;
	default:
		return SCREEN_TEXT;
	}
}

struct screen_event screen_key(void)
{
	struct screen_event event = {.key = SCREEN_NONE};
	wint_t character = 0;
	int kind = get_wch(&character);
	mbstate_t state = {0};
	size_t length = 0;

	if (kind == ERR) {
		return event;
	}
	if (kind == KEY_CODE_YES) {
		event.key = SCREEN_REDRAW; /* a key that means nothing here */
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if ((wint_t)keys[i].code == character) {
				event.key = keys[i].key;
			}
		}
		return event;
	}
	event.key = control_key(character);
	if (event.key == SCREEN_TEXT) {
		length = wcrtomb(event.text, (wchar_t)character, &state);
		if (length == (size_t)-1 || length >= sizeof(event.text) || character < ' ') {
			event.key = SCREEN_REDRAW;
			length = 0;
		}
		event.text[length] = 0;
	}
	return event;
}

/* ---- drawing ---- */

void screen_put(size_t row, const char *text, bool strong, bool chosen)
{
	attr_t attributes = A_NORMAL;

	if (place.marks && strong) {
		attributes |= A_BOLD;
	}
	if (place.marks && chosen) {
		attributes |= A_REVERSE;
	}
	(void)move((int)row, 0);
	(void)clrtoeol();
	(void)attrset(attributes);
	(void)addstr(text);
	(void)attrset(A_NORMAL);
}

void screen_show(void)
{
	(void)move(LINES - 1, COLS - 1);
	(void)refresh();
}

void screen_redraw(void)
{
	(void)clearok(stdscr, TRUE);
}
