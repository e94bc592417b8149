/* Questions about what two people changed. Fields of one conflict group are answered for together, since they only make
 * sense together; a step or a removal is answered for as a whole. */
#include "client/settle.h"

#include "client/console.h"
#include "client/fetch.h"
#include "client/merge.h"
#include "client/print.h"
#include "client/rebase.h"
#include "client/record.h"
#include "client/settle_value.h"
#include "client/value.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool settle_can(const struct client *client)
{
	return console_can_ask(client) && client->output.mode == OUTPUT_TABLE &&
	       !arguments_have(client->arguments, FLAG_YES) &&
	       !arguments_have(client->arguments, FLAG_DRY_RUN);
}

static bool same_group(const struct field *a, const struct field *b)
{
	return strcmp(field_group(a), field_group(b)) == 0;
}

static bool is_edit(const struct settle *settle)
{
	return strcmp(settle->verb, "edit") == 0;
}

/* ---- what there is ---- */

/* The fields at the base. That the past is not shown is no failure: then only the present is known. */
static enum status read_base(struct client *client, struct settle *settle, struct error *err)
{
	enum status status = STATUS_OK;

	if (!settle->was) {
		status = fetch_revision(client, settle->id, settle->base, &settle->was, err);
	}
	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		settle->was = NULL;
		status = STATUS_OK;
	}
	return status;
}

static enum status read_present(struct client *client, struct settle *settle, struct error *err)
{
	const msgpack_object *record = NULL;
	const msgpack_object *result = NULL;
	enum status status = record_read(client, settle->id, NULL, &record, &settle->titles, err);

	if (status == STATUS_OK) {
		settle->theirs = codec_get(record, "fields");
		settle->revision = codec_get_int(record, "revision", 0);
		status = fetch_history(client, settle->id, &result, err);
		settle->history = codec_get(result, "changes");
	}
	return status == STATUS_OK ? read_base(client, settle, err) : status;
}

const msgpack_object *settle_hand(const struct settle *settle, const struct field *field)
{
	const msgpack_object *group_hand = NULL;
	const msgpack_object *own_hand = NULL;

	for (size_t i = 0; i < list_size(settle->history); i++) {
		const msgpack_object *change = list_item(settle->history, i);
		const msgpack_object *fields = codec_get(change, "fields");

		if (codec_get_int(change, "revision", 0) <= settle->base) {
			continue;
		}
		for (size_t k = 0; k < settle->kind->field_count; k++) {
			const struct field *other = &settle->kind->fields[k];

			if (same_group(other, field) && codec_get(fields, other->name)) {
				group_hand = change;
				own_hand = other == field ? change : own_hand;
			}
		}
	}
	return own_hand ? own_hand : group_hand;
}

/* ---- showing ---- */

static struct output on_terminal(const struct client *client)
{
	struct output output = {.mode = OUTPUT_TABLE, .file = stderr, .utf8 = client->output.utf8};
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) {
		output.columns = size.ws_col;
	}
	return output;
}

static const char *shown(struct client *client, const struct settle *settle, size_t index,
			 const msgpack_object *value)
{
	const char *text = codec_is_nil(value) ? "(empty)"
					       : record_value(client, &settle->kind->fields[index], value,
							      settle->titles, true);

	return text ? text : "";
}

static const char *was_shown(struct client *client, const struct settle *settle, size_t index)
{
	return settle->was ? shown(client, settle, index,
				   codec_get(settle->was, settle->kind->fields[index].name))
			   : "(not shown to you)";
}

/* "Debra Tedds, chair of Board for Police, 2014-05-01 09:30, revision 8, journal entry 1042"; `between` parts who from
 * when. */
static const char *describe_hand(struct client *client, const msgpack_object *hand, const char *between)
{
	const char *by = codec_get_string(client->arena, hand, "by");
	const char *at = hand ? record_when(client, hand, true) : NULL;

	return by && at ? arena_printf(client->arena, "%s,%s%s, revision %lld, journal entry %lld", by,
				       between, at, (long long)codec_get_int(hand, "revision", 0),
				       (long long)codec_get_int(hand, "entry", 0))
			: "somebody else";
}

const char *settle_note(struct client *client, const struct settle *settle, size_t index)
{
	const struct field *field = &settle->kind->fields[index];
	const char *by = describe_hand(client, settle_hand(settle, field), "\n  ");

	if (field->type == FIELD_LONG_TEXT && settle->was) {
		return by ? arena_printf(
				    client->arena,
				    "%s was changed by %s.\n"
				    "Both texts are below; where they collide, they stand between marks.\n"
				    "Leave what shall stand, without the marks.",
				    field->name, by)
			  : NULL;
	}
	return by ? arena_printf(client->arena,
				 "%s was changed by %s\n  you saw: %s\n  theirs:  %s\n  yours:   %s",
				 field->name, by, was_shown(client, settle, index),
				 shown(client, settle, index, codec_get(settle->theirs, field->name)),
				 shown(client, settle, index, settle->mine[index]))
		  : NULL;
}

static void print_side(struct output *output, const char *name, const char *text)
{
	(void)fprintf(stderr, "  %-7s  ", name);
	print_wrapped(output, text, 11);
}

/* Which field it is, and who changed it. */
static void print_heading(struct client *client, const struct settle *settle, const struct field *field)
{
	const char *by = describe_hand(client, settle_hand(settle, field), " ");
	struct output output = on_terminal(client);

	(void)fprintf(stderr, "\n%s%s %s%s\n", output_bold(&client->output), settle->id, field->name,
		      output_plain(&client->output));
	print_side(&output, "by", by ? by : "somebody else");
}

/* What a long text became, line by line. False when there is nothing to compare it with. */
static bool print_changes(struct client *client, const struct settle *settle, size_t index, const char *name,
			  const msgpack_object *value)
{
	const struct field *field = &settle->kind->fields[index];
	const char *from = value_write(client->arena, field, codec_get(settle->was, field->name));
	const char *to = value_write(client->arena, field, value);
	const char *lines = NULL;

	if (field->type != FIELD_LONG_TEXT || !settle->was || !from || !to ||
	    merge_compare(client->arena, from, to, &lines, NULL) != STATUS_OK) {
		return false;
	}
	(void)fprintf(stderr, "  %s, against what you saw:\n", name);
	for (const char *line = *lines ? lines : NULL; line;) {
		size_t length = strcspn(line, "\n");

		(void)fprintf(stderr, "    %.*s\n", (int)length, line);
		line = line[length] ? line + length + 1 : NULL;
	}
	return true;
}

/* A field that both changed. */
static void print_field(struct client *client, const struct settle *settle, size_t index)
{
	const struct field *field = &settle->kind->fields[index];
	const msgpack_object *theirs = codec_get(settle->theirs, field->name);
	struct output output = on_terminal(client);

	print_heading(client, settle, field);
	if (print_changes(client, settle, index, "theirs", theirs)) {
		(void)print_changes(client, settle, index, "yours", settle->mine[index]);
		return;
	}
	print_side(&output, "you saw", was_shown(client, settle, index));
	print_side(&output, "theirs", shown(client, settle, index, theirs));
	print_side(&output, "yours", shown(client, settle, index, settle->mine[index]));
}

/* A field that others changed and that goes with one that both did. */
static void print_beside(struct client *client, const struct settle *settle, size_t index)
{
	const char *name = settle->kind->fields[index].name;
	struct output output = on_terminal(client);
	const char *text = arena_printf(client->arena, "%s: %s, and was %s. It stays as they left it.", name,
					shown(client, settle, index, codec_get(settle->theirs, name)),
					was_shown(client, settle, index));

	(void)fputs("  with it they changed ", stderr);
	print_wrapped(&output, text ? text : name, 4);
}

/* ---- asking ---- */

static enum status ask_letter(struct client *client, const char *question, const char *letters, char *out,
			      struct error *err)
{
	const char *answer = "";
	char letter = 0;

	do {
		enum status status = console_ask(client, question, &answer, err);

		if (status == STATUS_OK && console_interrupted()) {
			status = error_set(err, STATUS_INTERRUPTED, "stopped before an answer was given");
		}
		if (status != STATUS_OK) {
			return status;
		}
		letter = (char)(answer[0] | 0x20);
		letter = letter == 'k' ? 'm' : letter; /* "keep mine" */
	} while (!answer[0] || !strchr(letters, letter));
	*out = letter;
	return STATUS_OK;
}

enum status settle_leave(struct error *err)
{
	return error_set(err, STATUS_CONFLICT,
			 "nothing was sent: it collides with what somebody else changed");
}

/* One group of fields: `first` is its first field that collides. */
struct group {
	size_t first;
	size_t count;       /* fields that collide */
	const char *merged; /* both texts in one, when it is one long text and the sides fit together; NULL */
};

static bool collides(const struct settle *settle, const enum rebase_fate *fates, size_t index)
{
	return fates[index] == REBASE_COLLIDES && settle->given[index] &&
	       !(settle->was &&
		 codec_same(settle->mine[index], codec_get(settle->was, settle->kind->fields[index].name)));
}

static bool in_group(const struct settle *settle, const enum rebase_fate *fates, const struct group *group,
		     size_t index)
{
	return collides(settle, fates, index) &&
	       same_group(&settle->kind->fields[index], &settle->kind->fields[group->first]);
}

static enum status find_merged(struct client *client, const struct settle *settle, struct group *group,
			       struct error *err)
{
	const struct field *field = &settle->kind->fields[group->first];
	const char *base = value_write(client->arena, field, codec_get(settle->was, field->name));
	const char *mine = value_write(client->arena, field, settle->mine[group->first]);
	const char *theirs = value_write(client->arena, field, codec_get(settle->theirs, field->name));
	bool clean = false;

	if (field->type != FIELD_LONG_TEXT || group->count != 1 || !settle->was) {
		return STATUS_OK;
	}
	if (!base || !mine || !theirs) {
		return error_memory(err);
	}
	return merge_lines(client->arena, base, mine, theirs, &clean, &group->merged, err);
}

enum status settle_marked(struct client *client, const struct settle *settle, size_t index, const char **out,
			  struct error *err)
{
	const struct field *field = &settle->kind->fields[index];
	const char *base = value_write(client->arena, field, codec_get(settle->was, field->name));
	const char *mine = value_write(client->arena, field, settle->mine[index]);
	const char *theirs = value_write(client->arena, field, codec_get(settle->theirs, field->name));

	return base && mine && theirs ? merge_marked(client->arena, base, mine, theirs, out, err)
				      : error_memory(err);
}

static void show_group(struct client *client, const struct settle *settle, const enum rebase_fate *fates,
		       struct group *group)
{
	for (size_t i = 0; i < settle->kind->field_count; i++) {
		if (in_group(settle, fates, group, i)) {
			print_field(client, settle, i);
			group->count++;
		}
	}
	for (size_t i = 0; i < settle->kind->field_count; i++) {
		const char *name = settle->kind->fields[i].name;

		if (!collides(settle, fates, i) && settle->was &&
		    same_group(&settle->kind->fields[i], &settle->kind->fields[group->first]) &&
		    !codec_same(codec_get(settle->was, name), codec_get(settle->theirs, name))) {
			print_beside(client, settle, i);
		}
	}
}

static enum status take_both(struct client *client, struct settle *settle, const struct group *group,
			     struct error *err)
{
	const struct field *field = &settle->kind->fields[group->first];

	settle->choices[group->first] = SETTLE_BOTH;
	return value_read(client->arena, client->schema, field, group->merged, &settle->values[group->first],
			  err);
}

static enum status take_answer(struct client *client, struct settle *settle, size_t index, char letter,
			       struct error *err)
{
	const msgpack_object *theirs = codec_get(settle->theirs, settle->kind->fields[index].name);

	settle->values[index] = letter == 't' ? theirs : settle->mine[index];
	settle->choices[index] = letter == 't'     ? SETTLE_THEIRS
				 : letter == 'm'   ? SETTLE_MINE
				 : settle->in_form ? SETTLE_FORM
						   : SETTLE_OTHER;
	if (settle->choices[index] != SETTLE_OTHER) {
		return STATUS_OK;
	}
	return settle_value_ask(client, settle, index, &settle->values[index], err);
}

/* All its fields that collide are answered for at once. */
static enum status ask_group(struct client *client, struct settle *settle, const enum rebase_fate *fates,
			     struct group *group, struct error *err)
{
	char letter = 0;
	enum status status;

	show_group(client, settle, fates, group);
	status = find_merged(client, settle, group, err);
	if (status == STATUS_OK && group->merged) {
		(void)fputs("  The two fit together, line by line.\n", stderr);
	}
	if (status == STATUS_OK) {
		status = ask_letter(
			client,
			group->merged ? "[t]ake theirs, keep [m]ine, take [b]oth, [e]dit, or [q]uit and keep "
					"what you typed?"
				      : "[t]ake theirs, keep [m]ine, [e]dit, or [q]uit and keep what you "
					"typed?",
			group->merged ? "tmbeq" : "tmeq", &letter, err);
	}
	if (status == STATUS_OK && letter == 'q') {
		status = settle_leave(err);
	}
	if (status == STATUS_OK && letter == 'b') {
		return take_both(client, settle, group, err);
	}
	for (size_t i = group->first; i < settle->kind->field_count && status == STATUS_OK; i++) {
		if (in_group(settle, fates, group, i)) {
			status = take_answer(client, settle, i, letter, err);
		}
	}
	return status;
}

static enum status ask_edit(struct client *client, struct settle *settle, struct error *err)
{
	const struct kind *kind = settle->kind;
	enum rebase_fate *fates = arena_array(client->arena, kind->field_count + 1, sizeof(*fates));
	enum status status = fates ? STATUS_OK : error_memory(err);

	if (fates) {
		rebase_fates(kind, settle->was ? settle->was : settle->theirs, settle->mine, settle->theirs,
			     fates);
	}
	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		struct group group = {.first = i};
		bool asked = false;

		if (settle->was == NULL && settle->given[i] &&
		    !codec_same(settle->mine[i], codec_get(settle->theirs, kind->fields[i].name))) {
			fates[i] = REBASE_COLLIDES; /* what was there before is not known: ask */
		}
		for (size_t k = 0; k < i; k++) {
			asked = asked || (collides(settle, fates, k) &&
					  same_group(&kind->fields[k], &kind->fields[i]));
		}
		if (collides(settle, fates, i)) {
			status = asked ? STATUS_OK : ask_group(client, settle, fates, &group, err);
		} else if (fates[i] != REBASE_KEEP) {
			settle->choices[i] = SETTLE_TAKE;
			settle->values[i] = codec_get(settle->theirs, kind->fields[i].name);
		}
	}
	return status;
}

/* A step or a removal was decided on another text: the person looks at what became of it, and decides again. */
static enum status ask_whole(struct client *client, struct settle *settle, struct error *err)
{
	const struct kind *kind = settle->kind;
	struct output output = on_terminal(client);
	const char *question =
		arena_printf(client->arena,
			     "[t]ake theirs and do not %s %s, keep [m]ine and %s it as it is now, or [q]uit?",
			     settle->verb, settle->id, settle->verb);
	char letter = 0;
	enum status status = question ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *theirs = codec_get(settle->theirs, field->name);

		if (settle->was && codec_same(codec_get(settle->was, field->name), theirs)) {
			continue;
		}
		if (settle->given[i]) {
			print_field(client, settle, i);
			continue;
		}
		print_heading(client, settle, field);
		if (!print_changes(client, settle, i, "theirs", theirs)) {
			print_side(&output, "you saw", was_shown(client, settle, i));
			print_side(&output, "theirs", shown(client, settle, i, theirs));
		}
	}
	if (status == STATUS_OK) {
		status = ask_letter(client, question, "tmq", &letter, err);
	}
	if (status == STATUS_OK && letter == 'q') {
		status = settle_leave(err);
	}
	settle->dropped = status == STATUS_OK && letter == 't';
	return status;
}

enum status settle_ask(struct client *client, struct settle *settle, struct error *err)
{
	size_t count = settle->kind->field_count;
	enum status status = read_present(client, settle, err);

	settle->choices = arena_array(client->arena, count + 1, sizeof(*settle->choices));
	settle->values = arena_array(client->arena, count + 1, sizeof(*settle->values));
	if (status == STATUS_OK && (!settle->choices || !settle->values)) {
		status = error_memory(err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	for (size_t i = 0; i < count; i++) {
		settle->choices[i] = SETTLE_NOTHING;
		if (!settle->given[i]) { /* untouched: as it was, or as it is when that is not known */
			settle->mine[i] = codec_get(settle->was ? settle->was : settle->theirs,
						    settle->kind->fields[i].name);
		}
	}
	return is_edit(settle) ? ask_edit(client, settle, err) : ask_whole(client, settle, err);
}
