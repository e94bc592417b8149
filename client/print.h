/* Rows and columns on paper: a table for people (aligned, cut to the width of the terminal), CSV, or plain lines.
 * JSON is made from values instead of cells: json.h. */
#ifndef SAFER_CLIENT_PRINT_H
#define SAFER_CLIENT_PRINT_H

#include "client/output.h"
#include "common/arena.h"
#include "protocol/codec.h"

struct grid_column {
	const char *name; /* as in CSV: "lead_officer"; a table shows it in capitals */
	bool right;       /* numbers */
	bool elastic;     /* may be cut short when the terminal is too narrow */
};

struct grid;

/* Columns are borrowed. NULL without memory. */
struct grid *grid_new(struct arena *arena, const struct grid_column *columns, size_t count);

/* The cells are borrowed and must live as long as the arena; NULL is an empty cell. */
enum status grid_add(struct grid *grid, const char *const *cells, struct error *err);

size_t grid_rows(const struct grid *grid);

/* In the mode of the output. A table without rows prints nothing; CSV still prints its heading. */
enum status grid_print(const struct grid *grid, struct output *output, struct error *err);

/* A list of maps as a grid: each column is the text of that name. */
enum status grid_print_list(struct arena *arena, struct output *output, const msgpack_object *list,
			    const struct grid_column *columns, size_t count, struct error *err);

/* A text broken into lines at spaces, each after the first begun with `indent` spaces; lines of the text are kept. */
void print_wrapped(struct output *output, const char *text, size_t indent);

/* As much of a text as fits into `columns`, on one line, with a sign at the end where it was cut. In the arena. */
char *print_cut(struct arena *arena, const struct output *output, const char *text, size_t columns);

#endif
