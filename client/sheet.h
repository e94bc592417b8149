/* CSV files as rows and cells (RFC 4180), with the line on which each cell begins, so that a message can name it. */
#ifndef SAFER_CLIENT_SHEET_H
#define SAFER_CLIENT_SHEET_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"

struct sheet_cell {
	const char *text; /* clean UTF-8 */
	size_t line;      /* on which it begins, from 1 */
};

struct sheet_row {
	size_t line;
	const struct sheet_cell *cells; /* as many as there are columns */
};

struct sheet {
	const char *name;     /* of the file, for messages; borrowed */
	const char **columns; /* lower case, words joined by _ */
	size_t column_count;
	struct sheet_row *rows; /* without those that are empty all through */
	size_t row_count;
};

/* Reads a whole file; all of it lies in the arena. A byte order mark and Windows' line ends are fine. STATUS_INVALID
 * names file, line and what is wrong: quotes that do not match, a row that is longer or shorter than the heading, a
 * column without a name or there twice, what is no clean UTF-8. */
enum status sheet_read(struct arena *arena, const char *name, struct span bytes, struct sheet *out,
		       struct error *err);

/* Appends one row; cells are quoted where they need it only. NULL is an empty cell. */
void sheet_put_row(struct buffer *out, const char *const *cells, size_t count);

#endif
