/* The whole terminal, for as long as the board has it: lines drawn, keys read, and everything as it was before when it ends,
 * however the program ends. Meaning never hangs on colour: there is none; bold and reverse only help the eye. */
#ifndef SAFER_CLIENT_SCREEN_H
#define SAFER_CLIENT_SCREEN_H

#include "client/board.h"
#include "client/client.h"

enum screen_key {
	SCREEN_NONE, /* no key waits */
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_TOP,
	SCREEN_END,
	SCREEN_ENTER,
	SCREEN_ESCAPE,
	SCREEN_RUB_OUT,
	SCREEN_REDRAW,
	SCREEN_RESIZED,
	SCREEN_TEXT, /* anything typed: see `text` */
};

struct screen_event {
	enum screen_key key;
	char text[8]; /* one character in UTF-8 */
};

/* STATUS_INVALID, in a sentence, when this is no terminal, or one that cannot be drawn on. */
enum status screen_check(const struct client *client, struct error *err);

/* Takes the terminal. What is written to standard error from here on is kept, and shown when it is closed. `marks`: bold and
 * reverse may be used. */
enum status screen_open(bool marks, struct error *err);
void screen_close(void); /* gives it back; fine when it is not open */

size_t screen_columns(void); /* that may be written in */
size_t screen_rows(void);

/* The key that was pressed next. Never waits. */
struct screen_event screen_key(void);

/* One row, from the left; the rest of it is cleared. `chosen` is reversed. */
void screen_put(size_t row, const char *text, bool strong, bool chosen);
void screen_show(void); /* what was put since the last time */
void screen_redraw(void);

#endif
