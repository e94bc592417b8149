/* Merging texts as diff3 does: each side's longest common subsequence with the base says which lines of the base both
 * have kept; between such lines lie the pieces that a side may have changed. A pure function of three texts. */
#include "client/merge.h"

#include "common/buffer.h"

#include <stdint.h>
#include <string.h>

#define LINES_MAX    100000
#define CELLS_MAX    (16 * 1024 * 1024) /* of the table of one comparison, 4 bytes each */
#define TEXT_BYTES   (16 * 1024 * 1024)
#define NO_LINE      SIZE_MAX

#define MERGE_MIDDLE "======="

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

static void append_mark(struct buffer *out, const char *mark, bool *first)
{
	buffer_append_text(out, *first ? "" : "\n");
	buffer_append_text(out, mark);
	*first = false;
}

/* Walks the lines that both sides kept, and the pieces between them. Where the sides collide, both stand between marks,
 * or, without `marks`, the answer is false. */
static bool weave(const struct lines *base, const struct lines *mine, const size_t *kept_by_me,
		  const struct lines *theirs, const size_t *kept_by_them, bool marks, struct buffer *out)
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
		if (!chosen && !marks) {
			return false;
		}
		if (chosen) {
			append(out, chosen, &first);
		} else {
			append_mark(out, MERGE_MINE, &first);
			append(out, &m, &first);
			append_mark(out, MERGE_BASE, &first);
			append(out, &b, &first);
			append_mark(out, MERGE_MIDDLE, &first);
			append(out, &t, &first);
			append_mark(out, MERGE_THEIRS, &first);
		}
		if (!end) {
			append(out, &(struct piece){base, i, i + 1}, &first);
		}
		b.from = b.to + 1;
		m.from = m.to + 1;
		t.from = t.to + 1;
	}
	return true;
}

/* Both texts in one; *out stays NULL when they collide and `marks` is false. */
static enum status merge(struct arena *arena, const char *base, const char *mine, const char *theirs,
			 bool marks, const char **out, struct error *err)
{
	struct lines b, m, t;
	struct buffer merged;
	size_t *kept_by_me = NULL;
	size_t *kept_by_them = NULL;
	bool comparable = true;
	enum status status = STATUS_OK;

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
	if (status != STATUS_OK || (!comparable && !marks)) {
		goto out;
	}
	for (size_t i = 0; !comparable && i < b.count; i++) { /* then they collide as a whole */
		kept_by_me[i] = kept_by_them[i] = NO_LINE;
	}
	if (!weave(&b, &m, kept_by_me, &t, kept_by_them, marks, &merged)) {
		goto out;
	}
	*out = merged.failed ? NULL : arena_text(arena, (const char *)merged.data, merged.length);
	if (!*out) {
		status = error_memory(err);
	}
out:
	buffer_release(&merged);
	return status;
}

enum status merge_lines(struct arena *arena, const char *base, const char *mine, const char *theirs,
			bool *clean, const char **out, struct error *err)
{
	enum status status = merge(arena, base, mine, theirs, false, out, err);

	*clean = status == STATUS_OK && *out;
	return status;
}

enum status merge_marked(struct arena *arena, const char *base, const char *mine, const char *theirs,
			 const char **out, struct error *err)
{
	return merge(arena, base, mine, theirs, true, out, err);
}

/* ---- marks ---- */

static bool is_mark(const char *line, size_t length)
{
	static const char *const marks[] = {MERGE_MINE, MERGE_BASE, MERGE_THEIRS};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strlen(marks[i]) == length && memcmp(marks[i], line, length) == 0) {
			return true;
		}
	}
	return false;
}

size_t merge_mark_line(const char *text)
{
	for (size_t number = 1; *text; number++) {
		size_t indent = strspn(text, " \t");
		size_t length = strcspn(text, "\n");

		if (is_mark(text + indent, length - indent)) {
			return number;
		}
		text += length + (text[length] == '\n');
	}
	return 0;
}

/* ---- comparing ---- */

struct comparison {
	struct lines from, to;
	size_t *kept;
};

/* Whether something went or came between line `at` of the old text and the one before it. */
static bool changes_before(const struct comparison *c, size_t at)
{
	size_t before = at == 0 ? 0 : c->kept[at - 1] == NO_LINE ? NO_LINE : c->kept[at - 1] + 1;
	size_t here = at == c->from.count ? c->to.count : c->kept[at];

	return before != here || here == NO_LINE;
}

static void put_line(struct buffer *out, const char *sign, const struct line *line)
{
	buffer_append_text(out, out->length > 0 ? "\n" : "");
	buffer_append_text(out, sign);
	if (line) {
		buffer_append(out, line->text, line->length);
	}
}

static void put_comparison(const struct comparison *c, struct buffer *out)
{
	size_t at = 0; /* in the new text */
	bool gap = false;

	for (size_t i = 0; i <= c->from.count; i++) {
		bool end = i == c->from.count;
		size_t here = end ? c->to.count : c->kept[i];

		if (!end && here == NO_LINE) {
			put_line(out, "- ", &c->from.line[i]);
			gap = false;
			continue;
		}
		for (; at < here; at++) {
			put_line(out, "+ ", &c->to.line[at]);
			gap = false;
		}
		if (end) {
			break;
		}
		at = here + 1;
		if (changes_before(c, i) || changes_before(c, i + 1)) {
			put_line(out, "  ", &c->from.line[i]);
			gap = false;
		} else if (!gap) {
			put_line(out, "  ...", NULL);
			gap = true;
		}
	}
}

enum status merge_compare(struct arena *arena, const char *from, const char *to, const char **out,
			  struct error *err)
{
	struct comparison c = {.kept = NULL};
	struct buffer text;
	bool comparable = true;
	enum status status = STATUS_OK;

	if (strcmp(from, to) == 0) {
		*out = "";
		return STATUS_OK;
	}
	if (!split(arena, from, &c.from) || !split(arena, to, &c.to)) {
		return error_memory(err);
	}
	if (!*from) { /* nothing was there: not one empty line */
		c.from.count = 0;
	}
	if (!*to) {
		c.to.count = 0;
	}
	status = match(arena, &c.from, &c.to, &c.kept, &comparable, err);
	if (status == STATUS_OK && !comparable) {
		status = error_set(err, STATUS_INVALID, "the texts are too long to be compared");
	}
	if (status != STATUS_OK) {
		return status;
	}
	buffer_init(&text, TEXT_BYTES);
	put_comparison(&c, &text);
	*out = text.failed ? NULL : arena_text(arena, text.data ? (const char *)text.data : "", text.length);
	buffer_release(&text);
	return *out ? STATUS_OK : error_memory(err);
}
