/* From records to lines. An action takes two lines on a narrow terminal and one on a wide one, and one more for each
 * person who is editing it. */
#include "client/board.h"

#include "client/output.h"
#include "client/print.h"
#include "common/text.h"

#include <string.h>

#define WIDE        120 /* from so many columns on, an action takes one line */
#define ID_COLUMNS  6
#define LIGHT       11 /* "not started" */
#define DUE         18 /* "2014-09-30 overdue" */
#define OWNER       24
#define CHANGED     34
#define OWNER_BELOW 38
#define BELOW       10 /* where the lines below begin, under the title */
#define TITLE_LEAST 20

/* ---- text ---- */

static size_t letter_bytes(const char *text)
{
	size_t length = 1;

	while (((unsigned char)text[length] & 0xc0) == 0x80) {
		length++;
	}
	return length;
}

char *board_clean(struct arena *arena, const struct board_look *look, const char *text)
{
	char *clean = arena_text(arena, text, strlen(text));
	size_t to = 0;

	for (size_t at = 0; clean && text[at];) {
		size_t bytes = letter_bytes(text + at);

		if (text[at] == '\n' || text[at] == '\t') {
			clean[to++] = ' ';
		} else if (!text_is_clean(text + at, bytes, false) || (bytes > 1 && !look->utf8)) {
			clean[to++] = '?';
		} else {
			memcpy(clean + to, text + at, bytes);
			to += bytes;
		}
		at += bytes;
	}
	if (clean) {
		clean[to] = 0;
	}
	return clean;
}

char *board_fit(struct arena *arena, const struct board_look *look, const char *text, size_t columns,
		bool fill)
{
	const struct output output = {.utf8 = look->utf8};
	char *clean = board_clean(arena, look, text);
	char *cut = clean ? print_cut(arena, &output, clean, columns) : NULL;
	size_t used = cut ? text_columns(cut, strlen(cut)) : 0;

	if (!cut || !fill || used >= columns) {
		return cut;
	}
	return arena_printf(arena, "%s%*s", cut, (int)(columns - used), "");
}

static enum status add(struct arena *arena, struct board_lines *out, struct board_line line,
		       struct error *err)
{
	if (!line.text) {
		return error_memory(err);
	}
	if (out->count == out->room) {
		size_t room = out->room > 0 ? out->room * 2 : 64;
		struct board_line *lines = arena_array(arena, room, sizeof(*lines));

		if (!lines) {
			return error_memory(err);
		}
		if (out->count > 0) {
			memcpy(lines, out->lines, out->count * sizeof(*lines));
		}
		out->lines = lines;
		out->room = room;
	}
	out->lines[out->count++] = line;
	return STATUS_OK;
}

/* Two texts at the two ends of a line; the left one gives way. */
static const char *ends(struct arena *arena, const struct board_look *look, const char *left,
			const char *right)
{
	char *end = board_fit(arena, look, right, look->columns, false);
	size_t used = end ? text_columns(end, strlen(end)) : 0;
	const char *begin = end && used + 2 <= look->columns
				    ? board_fit(arena, look, left, look->columns - used - 2, true)
				    : "";

	return end && begin ? arena_printf(arena, "%s%s%s", begin, *begin ? "  " : "", end) : NULL;
}

/* ---- how things stand ---- */

/* A letter that can be told from the others without colour, and words. */
static const struct light {
	const char *status;
	char letter;
	const char *words;
} lights[] = {
	{"on-track", 'G', "on track"}, {"at-risk", 'A', "at risk"},         {"off-track", 'R', "off track"},
	{"complete", 'C', "complete"}, {"not-started", '-', "not started"},
};
static const struct light closed_light = {"", 'x', "closed"};
static const struct light no_light = {"", '?', ""};

static const struct light *light_of(const struct board_item *item)
{
	if (strcmp(item->state, "closed") == 0) {
		return &closed_light;
	}
	for (size_t i = 0; i < sizeof(lights) / sizeof(lights[0]); i++) {
		if (strcmp(lights[i].status, item->status) == 0) {
			return &lights[i];
		}
	}
	return &no_light;
}

static bool is_overdue(const struct board_item *item, const char *today)
{
	char letter = light_of(item)->letter;

	return item->due[0] && letter != 'C' && letter != 'x' && strcmp(item->due, today) < 0;
}

struct tally {
	size_t actions, green, amber, red, overdue;
};

static void count_item(struct tally *tally, const struct board_item *item, const char *today)
{
	char letter = light_of(item)->letter;

	tally->actions++;
	tally->green += letter == 'G';
	tally->amber += letter == 'A';
	tally->red += letter == 'R';
	tally->overdue += is_overdue(item, today);
}

/* "G 3  A 1  R 0" and what is late. */
static const char *tally_words(struct arena *arena, const struct tally *tally)
{
	const char *late = tally->overdue > 0 ? arena_printf(arena, "  %zu overdue", tally->overdue) : "";

	return late ? arena_printf(arena, "G %zu  A %zu  R %zu%s", tally->green, tally->amber, tally->red,
				   late)
		    : NULL;
}

/* ---- what is shown ---- */

struct body {
	struct arena *arena;
	const struct board_facts *facts;
	const struct board_look *look;
	const char *wanted; /* the filter, folded; "" any */
	struct board_lines *out;
};

static bool has_word(const struct body *body, const char *text)
{
	char *folded = text_fold(body->arena, text, strlen(text));

	return folded && strstr(folded, body->wanted);
}

static bool is_wanted(const struct body *body, const struct board_item *item)
{
	const struct board_facts *facts = body->facts;
	const char *const texts[] = {item->id, item->title, item->owner, item->by, item->due};

	if (!body->wanted[0]) {
		return true;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (has_word(body, texts[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < facts->editor_count; i++) {
		if (strcmp(facts->editors[i].id, item->id) == 0 && has_word(body, facts->editors[i].who)) {
			return true;
		}
	}
	return item->under && (has_word(body, light_of(item)->words) ||
			       (is_overdue(item, facts->today) && has_word(body, "overdue")));
}

static bool is_under(const struct board_item *item, const char *priority)
{
	return item->under && strcmp(item->under, priority) == 0;
}

/* Nothing shown stands above it. */
static bool is_loose(const struct board_facts *facts, const struct board_item *item)
{
	for (size_t i = 0; i < facts->item_count; i++) {
		if (!facts->items[i].under && is_under(item, facts->items[i].id)) {
			return false;
		}
	}
	return item->under != NULL;
}

/* A moment as short as it is clear: the time of today, the date of another day. */
static const char *moment(struct arena *arena, const struct board_facts *facts, const char *at)
{
	bool today = strncmp(at, facts->today, strlen("2014-07-01")) == 0;

	if (strlen(at) < strlen("2014-07-01 14:02")) {
		return at;
	}
	return today ? at + strlen("2014-07-01 ") : arena_text(arena, at, strlen("2014-07-01"));
}

/* "14:02 Paul Police": the name alone, of what the journal says of who it was; `by` is what stands before it. */
static const char *changed_words(const struct body *body, const struct board_item *item, const char *by)
{
	const char *at = moment(body->arena, body->facts, item->at);
	const char *comma = strstr(item->by, ", ");
	int length = (int)(comma ? comma - item->by : (long)strlen(item->by));

	if (!item->at[0] || !at) {
		return at;
	}
	return arena_printf(body->arena, "%s%s%.*s", at, length > 0 ? by : "", length, item->by);
}

/* " A12  Taxi marshals        A at risk    2014-09-30 overdue"; on a wide terminal owner and last change as well. */
static char *action_line(const struct body *body, const struct board_item *item)
{
	const struct light *light = light_of(item);
	bool wide = body->look->columns >= WIDE;
	size_t fixed = 3 + ID_COLUMNS + 1 + 2 + 2 + LIGHT + 2 + DUE + (wide ? 2 + OWNER + 2 + CHANGED : 0);
	size_t rest = body->look->columns > fixed + TITLE_LEAST ? body->look->columns - fixed : TITLE_LEAST;
	struct arena *arena = body->arena;
	char *id = board_fit(arena, body->look, item->id, ID_COLUMNS, true);
	char *title = board_fit(arena, body->look, item->title, rest, true);
	char *due = arena_printf(arena, "%s%s", item->due,
				 is_overdue(item, body->facts->today) ? " overdue" : "");
	const char *owner = wide ? board_fit(arena, body->look, item->owner, OWNER, true) : "";
	const char *changed = changed_words(body, item, " ");
	char *line = NULL;

	changed = wide && changed ? board_fit(arena, body->look, changed, CHANGED, false) : changed;
	if (!id || !title || !due || !owner || !changed) {
		return NULL;
	}
	line = wide ? arena_printf(arena, "   %s %s  %c %-*s  %-*s  %s  %s", id, title, light->letter, LIGHT,
				   light->words, DUE, due, owner, changed)
		    : arena_printf(arena, "   %s %s  %c %-*s  %s", id, title, light->letter, LIGHT,
				   light->words, due);
	return line ? board_fit(arena, body->look, line, body->look->columns, false) : NULL;
}

static char *second_line(const struct body *body, const struct board_item *item)
{
	const char *changed = changed_words(body, item, " by ");
	char *owner = board_fit(body->arena, body->look, item->owner, OWNER_BELOW, false);
	char *line = changed && owner ? arena_printf(body->arena, "%*s%s%s%s", BELOW, "", owner,
						     owner[0] && changed[0] ? "; changed " : "", changed)
				      : NULL;

	return line ? board_fit(body->arena, body->look, line, body->look->columns, false) : NULL;
}

static enum status put_editors(const struct body *body, const struct board_item *item, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < body->facts->editor_count && status == STATUS_OK; i++) {
		const struct board_editor *editor = &body->facts->editors[i];

		if (strcmp(editor->id, item->id) == 0) {
			const char *since = moment(body->arena, body->facts, editor->since);
			char *line = since ? arena_printf(body->arena, "%*s> editing since %s: %s", BELOW - 2,
							  "", since, editor->who)
					   : NULL;

			line = line ? board_fit(body->arena, body->look, line, body->look->columns, false)
				    : NULL;
			status = add(body->arena, body->out,
				     (struct board_line){.text = line, .id = item->id}, err);
		}
	}
	return status;
}

static enum status put_action(const struct body *body, const struct board_item *item, struct error *err)
{
	enum status status =
		add(body->arena, body->out,
		    (struct board_line){.text = action_line(body, item), .id = item->id, .head = true}, err);

	if (status == STATUS_OK && body->look->columns < WIDE) {
		status = add(body->arena, body->out,
			     (struct board_line){.text = second_line(body, item), .id = item->id}, err);
	}
	return status == STATUS_OK ? put_editors(body, item, err) : status;
}

static enum status put_gap(const struct body *body, struct error *err)
{
	return body->out->count > 0 ? add(body->arena, body->out, (struct board_line){.text = ""}, err)
				    : STATUS_OK;
}

/* A priority is shown with those of its actions that are wanted, or with all when it is wanted itself. */
static enum status put_priority(const struct body *body, const struct board_item *priority, struct error *err)
{
	const struct board_facts *facts = body->facts;
	bool whole = is_wanted(body, priority);
	struct tally tally = {0};
	size_t wanted = 0;
	char *title = NULL;
	const char *words = NULL;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < facts->item_count; i++) {
		if (is_under(&facts->items[i], priority->id)) {
			count_item(&tally, &facts->items[i], facts->today);
			wanted += whole || is_wanted(body, &facts->items[i]);
		}
	}
	if (!whole && wanted == 0) {
		return STATUS_OK;
	}
	title = arena_printf(body->arena, " %-*s %s%s%s%s", ID_COLUMNS, priority->id, priority->title,
			     priority->state[0] ? " (" : "", priority->state, priority->state[0] ? ")" : "");
	words = tally_words(body->arena, &tally);
	if (!title || !words) {
		return error_memory(err);
	}
	status = put_gap(body, err);
	if (status == STATUS_OK) {
		status = add(body->arena, body->out,
			     (struct board_line){.text = ends(body->arena, body->look, title, words),
						 .id = priority->id,
						 .head = true,
						 .strong = true},
			     err);
	}
	if (status == STATUS_OK) {
		status = put_editors(body, priority, err);
	}
	for (size_t i = 0; i < facts->item_count && status == STATUS_OK; i++) {
		const struct board_item *item = &facts->items[i];

		if (is_under(item, priority->id) && (whole || is_wanted(body, item))) {
			status = put_action(body, item, err);
		}
	}
	return status;
}

enum status board_body(struct arena *arena, const struct board_facts *facts, const struct board_look *look,
		       struct board_lines *out, struct error *err)
{
	struct body body = {.arena = arena, .facts = facts, .look = look, .out = out};
	bool loose = false;
	enum status status = STATUS_OK;

	*out = (struct board_lines){NULL, 0, 0};
	body.wanted = text_fold(arena, look->filter, strlen(look->filter));
	if (!body.wanted) {
		return error_memory(err);
	}
	for (size_t i = 0; i < facts->item_count && status == STATUS_OK; i++) {
		if (!facts->items[i].under) {
			status = put_priority(&body, &facts->items[i], err);
		}
	}
	for (size_t i = 0; i < facts->item_count && status == STATUS_OK; i++) {
		const struct board_item *item = &facts->items[i];

		if (!is_loose(facts, item) || !is_wanted(&body, item)) {
			continue;
		}
		if (!loose) {
			loose = true;
			status = put_gap(&body, err);
			if (status == STATUS_OK) {
				status = add(arena, out,
					     (struct board_line){.text = " Of no priority that is shown",
								 .strong = true},
					     err);
			}
		}
		if (status == STATUS_OK) {
			status = put_action(&body, item, err);
		}
	}
	if (status == STATUS_OK && out->count == 0) {
		status = add(arena, out,
			     (struct board_line){
				     .text = look->filter[0] ? " Nothing here has that in it. Esc shows all."
							     : " There is no priority yet that you may see."},
			     err);
	}
	return status;
}

enum status board_header(struct arena *arena, const struct board_facts *facts, const struct board_look *look,
			 struct board_lines *out, struct error *err)
{
	struct tally tally = {0};
	size_t priorities = 0;
	char *right = facts->entry >= 0 ? arena_printf(arena, "%s  entry %lld  %s", facts->today,
						       (long long)facts->entry, facts->link)
					: arena_printf(arena, "%s  %s", facts->today, facts->link);
	char *left = arena_printf(arena, " %s", facts->partnership);
	const char *words = NULL;
	char *line = NULL;
	enum status status = STATUS_OK;

	*out = (struct board_lines){NULL, 0, 0};
	for (size_t i = 0; i < facts->item_count; i++) {
		if (facts->items[i].under) {
			count_item(&tally, &facts->items[i], facts->today);
		} else {
			priorities++;
		}
	}
	words = tally_words(arena, &tally);
	line = words ? arena_printf(arena, " %zu %s, %zu %s: %s; %zu being edited", priorities,
				    priorities == 1 ? "priority" : "priorities", tally.actions,
				    tally.actions == 1 ? "action" : "actions", words, facts->editor_count)
		     : NULL;
	if (!left || !right || !line) {
		return error_memory(err);
	}
	status = add(arena, out, (struct board_line){.text = ends(arena, look, left, right), .strong = true},
		     err);
	if (status == STATUS_OK) {
		status = add(arena, out,
			     (struct board_line){.text = board_fit(arena, look, line, look->columns, false)},
			     err);
	}
	return status;
}

/* ---- one record ---- */

/* As much of a text as fits, broken at a blank if there is one; in bytes. */
static size_t piece(const char *text, size_t columns)
{
	size_t at = 0;
	size_t blank = 0;
	size_t used = 0;

	while (text[at] && text[at] != '\n') {
		size_t bytes = letter_bytes(text + at);
		size_t width = text_columns(text + at, bytes);

		if (used + width > columns) {
			return blank > 0 ? blank : at > 0 ? at : bytes;
		}
		used += width;
		at += bytes;
		if (text[at] == ' ') {
			blank = at;
		}
	}
	return at;
}

static enum status put_pair(struct arena *arena, const struct board_pair *pair, size_t indent,
			    const struct board_look *look, struct board_lines *out, struct error *err)
{
	size_t columns = look->columns > indent + TITLE_LEAST ? look->columns - indent : TITLE_LEAST;
	const char *name = pair->name;
	const char *text = pair->value;
	enum status status = STATUS_OK;

	do {
		size_t bytes = piece(text, columns);
		char *part = arena_text(arena, text, bytes);
		char *clean = part ? board_clean(arena, look, part) : NULL;
		char *line = clean ? arena_printf(arena, " %-*s%s", (int)indent - 1, name, clean) : NULL;

		status = add(arena, out, (struct board_line){.text = line}, err);
		name = "";
		text += bytes;
		text += *text == ' ' || *text == '\n';
	} while (*text && status == STATUS_OK);
	return status;
}

enum status board_detail(struct arena *arena, const char *heading, const struct board_pair *pairs,
			 size_t count, const struct board_look *look, struct board_lines *out,
			 struct error *err)
{
	size_t widest = 0;
	enum status status;

	*out = (struct board_lines){NULL, 0, 0};
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(pairs[i].name);

		widest = length > widest ? length : widest;
	}
	status = add(arena, out,
		     (struct board_line){.text = board_fit(arena, look, heading, look->columns, false),
					 .strong = true},
		     err);
	if (status == STATUS_OK) {
		status = add(arena, out, (struct board_line){.text = ""}, err);
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		status = put_pair(arena, &pairs[i], widest + 4, look, out, err);
	}
	return status;
}
