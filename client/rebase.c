/* Conflicts in an editor's form, field by field. */
#include "client/rebase.h"

#include "client/console.h"
#include "client/form.h"
#include "client/merge.h"
#include "client/print.h"
#include "client/record.h"
#include "client/value.h"

#include <strings.h>
#include <string.h>

static bool same_group(const struct field *a, const struct field *b)
{
	return strcmp(field_group(a), field_group(b)) == 0;
}

/* What both sides did with one field. */
struct sides {
	bool mine, theirs; /* changed since the base */
	bool differ;
};

static struct sides compare(const struct field *field, const msgpack_object *base, const msgpack_object *mine,
			    const msgpack_object *theirs)
{
	const msgpack_object *was = codec_get(base, field->name);
	const msgpack_object *is = codec_get(theirs, field->name);

	return (struct sides){!codec_same(mine, was), !codec_same(is, was), !codec_same(mine, is)};
}

void rebase_fates(const struct kind *kind, const msgpack_object *base, const msgpack_object *const *mine,
		  const msgpack_object *theirs, enum rebase_fate *fates)
{
	for (size_t i = 0; i < kind->field_count; i++) {
		struct sides own = compare(&kind->fields[i], base, mine[i], theirs);
		bool group_mine = false;
		bool group_theirs = false;

		for (size_t k = 0; k < kind->field_count; k++) {
			if (same_group(&kind->fields[i], &kind->fields[k])) {
				struct sides one = compare(&kind->fields[k], base, mine[k], theirs);

				group_mine = group_mine || (one.mine && one.differ);
				group_theirs = group_theirs || (one.theirs && one.differ);
			}
		}
		if (!own.differ) {
			fates[i] = REBASE_KEEP;
		} else if (group_mine && group_theirs) {
			fates[i] = REBASE_COLLIDES;
		} else {
			fates[i] = own.theirs ? REBASE_TAKE : REBASE_KEEP;
		}
	}
}

/* ---- asking ---- */

static const char *shown(struct client *client, const struct rebase *rebase, const struct field *field,
			 const msgpack_object *value)
{
	const char *text =
		codec_is_nil(value) ? "(empty)" : record_value(client, field, value, rebase->titles, true);

	return text ? text : "";
}

/* "Debra Tedds, chair, on 2014-05-01 at 09:30", as far as the server said. */
static const char *who(struct client *client, const struct rebase *rebase, const struct field *field)
{
	const msgpack_object *details = rebase->details;

	for (uint32_t i = 0; details && details->type == MSGPACK_OBJECT_ARRAY && i < details->via.array.size;
	     i++) {
		const msgpack_object *item = &details->via.array.ptr[i];
		struct span by = codec_get_text(item, "by");
		struct span at = codec_get_text(item, "at");

		if (codec_text_is(codec_get(item, "field"), field->name) && by.length > 0 &&
		    at.length >= 16) {
			return arena_printf(client->arena, "%.*s, on %.10s at %.5s", (int)by.length,
					    (const char *)by.data, (const char *)at.data,
					    (const char *)at.data + 11);
		}
	}
	return "somebody else";
}

/* The three values below one another. */
static const char *three_values(struct client *client, const struct rebase *rebase, size_t index)
{
	const struct field *field = &rebase->kind->fields[index];
	const char *by = who(client, rebase, field);

	return by ? arena_printf(client->arena,
				 "%s was changed by %s\n  you saw: %s\n  theirs:  %s\n  yours:   %s",
				 field->name, by,
				 shown(client, rebase, field, codec_get(rebase->base, field->name)),
				 shown(client, rebase, field, codec_get(rebase->theirs, field->name)),
				 shown(client, rebase, field, rebase->mine[index]))
		  : NULL;
}

/* Both texts in one, when a group is one long text and the sides fit together. */
static enum status try_merge(struct client *client, const struct rebase *rebase, size_t index, size_t fields,
			     const char **merged, struct error *err)
{
	const struct field *field = &rebase->kind->fields[index];
	const char *base = value_write(client->arena, field, codec_get(rebase->base, field->name));
	const char *mine = value_write(client->arena, field, rebase->mine[index]);
	const char *theirs = value_write(client->arena, field, codec_get(rebase->theirs, field->name));
	bool clean = false;

	*merged = NULL;
	if (field->type != FIELD_LONG_TEXT || fields != 1) {
		return STATUS_OK;
	}
	if (!base || !mine || !theirs) {
		return error_memory(err);
	}
	return merge_lines(client->arena, base, mine, theirs, &clean, merged, err);
}

static enum status set_field(struct client *client, const struct rebase *rebase, size_t index,
			     const char *value, const char **form, struct error *err)
{
	const char *changed;

	if (!rebase->given[index]) {
		return STATUS_OK; /* not in the form, so it will not be sent */
	}
	changed =
		value ? form_replace(client->arena, rebase->kind, *form, &rebase->kind->fields[index], value)
		      : NULL;
	if (!changed) {
		return error_memory(err);
	}
	*form = changed;
	return STATUS_OK;
}

static enum status take_theirs(struct client *client, const struct rebase *rebase, size_t index,
			       const char **form, struct error *err)
{
	const struct field *field = &rebase->kind->fields[index];
	const char *value = value_write(client->arena, field, codec_get(rebase->theirs, field->name));

	return set_field(client, rebase, index, value, form, err);
}

/* Asks until the answer begins with one of the letters. */
static enum status ask_letter(struct client *client, const char *question, const char *letters, char *out,
			      struct error *err)
{
	const char *answer = "";

	do {
		enum status status = console_ask(client, question, &answer, err);

		if (status == STATUS_OK && console_interrupted()) {
			status = error_set(err, STATUS_INTERRUPTED, "stopped before an answer was given");
		}
		if (status != STATUS_OK) {
			return status;
		}
	} while (!answer[0] || !strchr(letters, answer[0] | 0x20));
	*out = (char)(answer[0] | 0x20);
	return STATUS_OK;
}

/* One group: all its fields that collide are answered for at once, since they only make sense together. */
static enum status ask_group(struct client *client, const struct rebase *rebase,
			     const enum rebase_fate *fates, size_t first, const char **form, bool *again,
			     struct error *err)
{
	const struct kind *kind = rebase->kind;
	const char *merged = NULL;
	size_t fields = 0;
	char letter = 0;
	enum status status;

	for (size_t i = first; i < kind->field_count; i++) {
		if (fates[i] == REBASE_COLLIDES && same_group(&kind->fields[i], &kind->fields[first])) {
			const char *text = three_values(client, rebase, i);

			(void)fprintf(stderr, "\n%s\n", text ? text : kind->fields[i].name);
			fields++;
		}
	}
	status = try_merge(client, rebase, first, fields, &merged, err);
	if (status == STATUS_OK && merged) {
		(void)fprintf(stderr, "  both:    %s\n", merged);
	}
	if (status == STATUS_OK) {
		status = ask_letter(
			client,
			merged ? "[t]ake theirs, [k]eep yours, take [b]oth, [e]dit, or [q]uit and keep a "
				 "draft?"
			       : "[t]ake theirs, [k]eep yours, [e]dit, or [q]uit and keep a draft?",
			merged ? "tkbeq" : "tkeq", &letter, err);
	}
	if (status == STATUS_OK && letter == 'q') {
		status = error_set(err, STATUS_CONFLICT,
				   "nothing was sent: it collides with what somebody else changed");
	}
	for (size_t i = first; i < kind->field_count && status == STATUS_OK; i++) {
		if (fates[i] != REBASE_COLLIDES || !same_group(&kind->fields[i], &kind->fields[first])) {
			continue;
		}
		if (letter == 't') {
			status = take_theirs(client, rebase, i, form, err);
		} else if (letter == 'b') {
			status = set_field(client, rebase, i, merged, form, err);
		} else if (letter == 'e') {
			const char *note = three_values(client, rebase, i);

			*again = true;
			*form = note ? form_note(client->arena, kind, *form, &kind->fields[i], note) : NULL;
			status = *form ? STATUS_OK : error_memory(err);
		}
	}
	return status;
}

enum status rebase_ask(struct client *client, const struct rebase *rebase, const char **form, bool *again,
		       struct error *err)
{
	const struct kind *kind = rebase->kind;
	enum rebase_fate *fates = arena_array(client->arena, kind->field_count + 1, sizeof(*fates));
	enum status status = fates ? STATUS_OK : error_memory(err);

	*again = false;
	if (fates) {
		rebase_fates(kind, rebase->base, rebase->mine, rebase->theirs, fates);
	}
	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		bool asked = false;

		if (fates[i] == REBASE_TAKE) {
			status = take_theirs(client, rebase, i, form, err);
		}
		for (size_t k = 0; k < i; k++) {
			asked = asked || (fates[k] == REBASE_COLLIDES &&
					  same_group(&kind->fields[k], &kind->fields[i]));
		}
		if (fates[i] == REBASE_COLLIDES && !asked) {
			status = ask_group(client, rebase, fates, i, form, again, err);
		}
	}
	return status;
}
