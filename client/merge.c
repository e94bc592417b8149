/* Merging texts as diff3 does: each side's longest common subsequence with the base says which lines of the base both
 * have kept; between such lines lie the pieces that a side may have changed. A pure function of three texts. */
#include "client/merge.h"

#include "common/buffer.h"

#include <stdint.h>
#include <string.h>

#define LINES_MAX  100000
#define CELLS_MAX  (16 * 1024 * 1024) /* of the table of one comparison, 4 bytes each */
#define TEXT_BYTES (16 * 1024 * 1024)
#define NO_LINE    SIZE_MAX

struct line {
	const char *text;
	size_t length; /* without its line feed */
};

struct lines {
	struct line *line;
	size_t count;
};

static bool same_line(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool split(struct arena *arena, const char *text, struct lines *out)
{
	size_t count = 1;

	for (const char *at = text; *at; at++) {
		count += *at == '\n';
	}
	out->line = arena_array(arena, count, sizeof(*out->line));
	out->count = 0;
	while (out->line && out->count < count) {
		size_t length = strcspn(text, "\n");

		out->line[out->count++] = (struct line){text, length};
		text += length + 1;
	}
	return out->line != NULL;
}

/* For each line of the base, where `side` still has it, or NO_LINE. *comparable is false when that is too much work. */
static enum status match(struct arena *arena, const struct lines *base, const struct lines *side,
			 size_t **out, bool *comparable, struct error *err)
{
	size_t *matches = arena_array(arena, base->count, sizeof(*matches));
	size_t head = 0;
	size_t tail = 0;
	size_t rows, columns;
	uint32_t *table = NULL; /* length of the longest common subsequence of what follows row and column */

	if (!matches) {
		return error_memory(err);
	}
	*out = matches;
	for (size_t i = 0; i < base->count; i++) {
		matches[i] = NO_LINE;
	}
	while (head < base->count && head < side->count && same_line(&base->line[head], &side->line[head])) {
		matches[head] = head;
		head++;
	}
	while (head + tail < base->count && head + tail < side->count &&
	       same_line(&base->line[base->count - 1 - tail], &side->line[side->count - 1 - tail])) {
		matches[base->count - 1 - tail] = side->count - 1 - tail;
		tail++;
	}
	rows = base->count - head - tail;
	columns = side->count - head - tail;
	if (rows == 0 || columns == 0) {
		return STATUS_OK;
	}
	if (rows > LINES_MAX || columns > LINES_MAX || (rows + 1) * (columns + 1) > CELLS_MAX) {
		*comparable = false;
		return STATUS_OK;
	}
	table = arena_array(arena, (rows + 1) * (columns + 1), sizeof(*table));
	if (!table) {
		return error_memory(err);
	}
	for (size_t r = rows; r-- > 0;) {
		for (size_t c = columns; c-- > 0;) {
			uint32_t *cell = &table[r * (columns + 1) + c];
			uint32_t below = cell[columns + 1];
			uint32_t right = cell[1];

			*cell = below > right ? below : right;
			if (same_line(&base->line[head + r], &side->line[head + c])) {
				*cell = cell[columns + 2] + 1;
			}
		}
	}
	for (size_t r = 0, c = 0; r < rows && c < columns;) {
		const uint32_t *cell = &table[r * (columns + 1) + c];

		if (same_line(&base->line[head + r], &side->line[head + c])) {
			matches[head + r++] = head + c++;
		} else if (cell[columns + 1] >= cell[1]) {
			r++;
		} else {
			c++;
		}
	}
	return STATUS_OK;
}

/* Lines from `from` up to, not including, `to`. */
struct piece {
	const struct lines *lines;
	size_t from, to;
};

static bool same_piece(const struct piece *a, const struct piece *b)
{
	if (a->to - a->from != b->to - b->from) {
		return false;
	}
	for (size_t i = 0; i < a->to - a->from; i++) {
		if (!same_line(&a->lines->line[a->from + i], &b->lines->line[b->from + i])) {
			return false;
		}
	}
	return true;
}

static void append(struct buffer *out, const struct piece *piece, bool *first)
{
	for (size_t i = piece->from; i < piece->to; i++) {
		buffer_append_text(out, *first ? "" : "\n");
		buffer_append(out, piece->lines->line[i].text, piece->lines->line[i].length);
		*first = false;
	}
}

/* The piece that stands, or NULL when both sides changed it differently. */
static const struct piece *choose(const struct piece *base, const struct piece *mine,
				  const struct piece *theirs)
{
	if (same_piece(mine, base) || same_piece(mine, theirs)) {
		return theirs;
	}
	return same_piece(theirs, base) ? mine : NULL;
}

/* Walks the lines that both sides kept, and the pieces between them. */
static bool weave(const struct lines *base, const struct lines *mine, const size_t *kept_by_me,
		  const struct lines *theirs, const size_t *kept_by_them, struct buffer *out)
{
	struct piece b = {base, 0, 0};
	struct piece m = {mine, 0, 0};
	struct piece t = {theirs, 0, 0};
	bool first = true;

	for (size_t i = 0; i <= base->count; i++) {
		bool end = i == base->count;
		const struct piece *chosen;

		if (!end && (kept_by_me[i] == NO_LINE || kept_by_them[i] == NO_LINE)) {
			continue;
		}
		b.to = i;
		m.to = end ? mine->count : kept_by_me[i];
		t.to = end ? theirs->count : kept_by_them[i];
		chosen = choose(&b, &m, &t);
		if (!chosen) {
			return false;
		}
		append(out, chosen, &first);
		if (!end) {
			append(out, &(struct piece){base, i, i + 1}, &first);
		}
		b.from = b.to + 1;
		m.from = m.to + 1;
		t.from = t.to + 1;
	}
	return true;
}

enum status merge_lines(struct arena *arena, const char *base, const char *mine, const char *theirs,
			bool *clean, const char **out, struct error *err)
{
	struct lines b, m, t;
	struct buffer merged;
	size_t *kept_by_me = NULL;
	size_t *kept_by_them = NULL;
	bool comparable = true;
	enum status status = STATUS_OK;

	*clean = false;
	*out = NULL;
	buffer_init(&merged, TEXT_BYTES);
	if (!split(arena, base, &b) || !split(arena, mine, &m) || !split(arena, theirs, &t)) {
		status = error_memory(err);
		goto out;
	}
	status = match(arena, &b, &m, &kept_by_me, &comparable, err);
	if (status == STATUS_OK) {
		status = match(arena, &b, &t, &kept_by_them, &comparable, err);
	}
	if (status != STATUS_OK || !comparable || !weave(&b, &m, kept_by_me, &t, kept_by_them, &merged)) {
		goto out;
	}
	*out = merged.failed ? NULL : arena_text(arena, (const char *)merged.data, merged.length);
	*clean = *out != NULL;
	if (!*out) {
		status = error_memory(err);
	}
out:
	buffer_release(&merged);
	return status;
}
