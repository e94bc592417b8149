/* The board as lines of text: the plan's priorities, under each its actions with how they stand, what is late, who changed
 * them last and who is editing them. Nothing here knows of a terminal but its width, and no meaning hangs on colour.
 *
 * Texts that come from records are made fit for a terminal here: no control characters, and no wider than the line. */
#ifndef SAFER_CLIENT_BOARD_H
#define SAFER_CLIENT_BOARD_H

#include "common/arena.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_COLUMNS 80 /* the least; a narrower terminal shows the left of it */
#define BOARD_LINES   24

/* A priority or an action. Texts that the person may not see, and those that are not there, are "". */
struct board_item {
	const char *id;
	const char *title;
	const char *under;  /* an action's priority; NULL: this is a priority itself */
	const char *state;  /* "adopted", "closed" */
	const char *status; /* of an action: "at-risk" */
	const char *due;    /* "2014-09-30" */
	const char *owner;  /* the body's name */
	const char *at;     /* when it was changed last: "2014-07-01 14:02" */
	const char *by;     /* and by whom */
};

struct board_editor {
	const char *id;    /* of the record that they are editing */
	const char *who;   /* "Debra Tedds (Warwickshire Police)" */
	const char *since; /* "2014-07-01 10:42" */
};

struct board_facts {
	const char *partnership;
	const char *today; /* "2014-07-01" */
	const char *link;  /* "live", or what is the matter with the connection */
	int64_t entry;     /* of the journal, that is shown; -1: none yet */
	const struct board_item *items;
	size_t item_count;
	const struct board_editor *editors;
	size_t editor_count;
};

struct board_look {
	size_t columns;
	bool utf8;          /* the terminal can show more than ASCII */
	const char *filter; /* only what has this in it; "": all */
};

struct board_line {
	const char *text; /* no wider than the look's columns */
	const char *id;   /* of the item that it belongs to; NULL: none */
	bool head;        /* the item's first line */
	bool strong;      /* a priority's */
};

struct board_lines {
	struct board_line *lines;
	size_t count;
	size_t room;
};

/* In the arena, from the top of the plan down. Actions whose priority is not shown stand at the end. */
enum status board_body(struct arena *arena, const struct board_facts *facts, const struct board_look *look,
		       struct board_lines *out, struct error *err);

/* Two lines: where and when; and how the plan stands in numbers. */
enum status board_header(struct arena *arena, const struct board_facts *facts, const struct board_look *look,
			 struct board_lines *out, struct error *err);

/* One record in full: a heading, and what there is to say in words and values, each value wrapped. */
struct board_pair {
	const char *name; /* "" goes on from above */
	const char *value;
};
enum status board_detail(struct arena *arena, const char *heading, const struct board_pair *pairs,
			 size_t count, const struct board_look *look, struct board_lines *out,
			 struct error *err);

/* A text as it may go to the terminal: control characters, what is no UTF-8, and what the terminal cannot show become
 * question marks; line feeds and tabs blanks. NULL without memory. */
char *board_clean(struct arena *arena, const struct board_look *look, const char *text);

/* The same, cut to so many columns, and filled up with blanks when `fill`. */
char *board_fit(struct arena *arena, const struct board_look *look, const char *text, size_t columns,
		bool fill);

#endif
