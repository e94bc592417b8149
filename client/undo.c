/* safer undo: the change-set that puts back what a journal entry changed. It is an ordinary one, made on the revisions that
 * the entry left behind, so what anybody changed since collides, and rights and rules are asked as always. What the
 * person may not see cannot be put back by them; they are told. */
#include "client/commands.h"
#include "client/console.h"
#include "client/fetch.h"
#include "client/journal.h"
#include "client/kept_send.h"
#include "client/record.h"
#include "client/trial.h"

#include <string.h>

struct undo {
	int64_t entry;
	struct kept kept; /* what is proposed */
	size_t idle;      /* changes that are undone already */
};

/* ---- one change of the entry ---- */

/* A change, as the journal tells it. */
struct change {
	const struct kind *kind;
	const char *id;
	const char *verb;
	int64_t revision; /* that it made */
};

static enum status read_change(struct client *client, const msgpack_object *map, struct change *out,
			       struct error *err)
{
	struct span kind = codec_get_text(map, "kind");

	*out = (struct change){
		.kind = schema_kind(client->schema, (const char *)kind.data, kind.length),
		.id = codec_get_string(client->arena, map, "id"),
		.verb = codec_get_string(client->arena, map, "verb"),
		.revision = codec_get_int(map, "revision", 0),
	};
	if (!out->kind || !out->id || !out->verb) {
		return arena_refused(client->arena) > 0
			       ? error_memory(err)
			       : error_set(err, STATUS_FAILED, "the server sent no change");
	}
	return STATUS_OK;
}

static enum status past_hidden(const struct undo *undo, const struct change *change, struct error *err)
{
	error_set(
		err, STATUS_NOT_PERMITTED,
		"how %s was before journal entry %lld is not shown to you, and nobody can put back what they "
		"may not see",
		change->id, (long long)undo->entry);
	return error_hint(err, "somebody who may see it can undo the entry");
}

/* What only the server sets follows from the rest; states are moved by verbs. */
static bool is_own(const struct field *field)
{
	return strcmp(field->edit, "nobody") != 0 && strcmp(field->name, "state") != 0;
}

static enum status propose(struct client *client, struct undo *undo, const struct change *change,
			   const char *verb, int64_t base, struct buffer *fields, size_t count,
			   struct error *err)
{
	struct kept_item item = {.verb = verb, .kind = change->kind->name, .base = base};

	item.id = strcmp(verb, KEPT_CREATE) == 0 ? NULL : change->id;
	if (fields && fields->failed) {
		return error_memory(err);
	}
	if (count > 0 && codec_decode(client->arena, buffer_span(fields), &item.fields, err) != STATUS_OK) {
		return err->status;
	}
	return kept_join(client->arena, &undo->kept, &item, false, false, err);
}

/* ---- an edit, or a step ---- */

/* The revision in the history, and whether the one before it may be seen: otherwise what it changed is told from some
 * revision further back. */
static enum status find_revision(struct client *client, const struct undo *undo, const struct change *change,
				 const msgpack_object **fields, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *changes = NULL;
	bool before = false;
	enum status status = fetch_history(client, change->id, &result, err);

	if (status == STATUS_NOT_FOUND) {
		return error_set(
			err, STATUS_NOT_FOUND,
			"%s, which journal entry %lld changed, is not there any more, or not shown to "
			"you",
			change->id, (long long)undo->entry);
	}
	changes = codec_get(result, "changes");
	for (size_t i = 0; status == STATUS_OK && i < list_size(changes); i++) {
		int64_t revision = codec_get_int(list_item(changes, i), "revision", 0);

		before = before || revision == change->revision - 1;
		if (revision == change->revision && before) {
			*fields = codec_get(list_item(changes, i), "fields");
			return STATUS_OK;
		}
	}
	return status == STATUS_OK ? past_hidden(undo, change, err) : status;
}

/* The verb that leads back, for a change that moved the record on; "edit" for one that did not. */
static enum status way_back(const struct change *change, const msgpack_object *fields, const char **verb,
			    struct error *err)
{
	const msgpack_object *state = codec_get(fields, "state");
	struct span from = codec_get_text(state, "from");
	struct span to = codec_get_text(state, "to");

	*verb = KEPT_EDIT;
	if (!state) {
		return STATUS_OK;
	}
	for (size_t i = 0; from.length > 0 && to.length > 0 && i < change->kind->transition_count; i++) {
		const struct transition *step = &change->kind->transitions[i];

		if (strlen(step->to) == from.length && memcmp(step->to, from.data, from.length) == 0 &&
		    words_have(step->from, (const char *)to.data, to.length)) {
			*verb = step->verb;
			return STATUS_OK;
		}
	}
	error_set(err, STATUS_REFUSED, "%s is %.*s since that entry, and nothing leads back to %.*s",
		  change->id, (int)to.length, (const char *)to.data, (int)from.length,
		  (const char *)from.data);
	return error_hint(err, "\"safer %s help\" shows its states and verbs", change->kind->name);
}

static enum status undo_edit(struct client *client, struct undo *undo, const struct change *change,
			     struct error *err)
{
	struct buffer *packed = client_buffer(client);
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	const msgpack_object *fields = NULL;
	const msgpack_object *now = NULL;
	const char *verb = NULL;
	size_t header = 0;
	size_t count = 0;
	enum status status = packed ? find_revision(client, undo, change, &fields, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = way_back(change, fields, &verb, err);
	}
	if (status == STATUS_OK) {
		status = record_read(client, change->id, NULL, &record, &titles, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	now = codec_get(record, "fields");
	header = codec_map_begin(packed);
	for (size_t i = 0; i < change->kind->field_count; i++) {
		const struct field *field = &change->kind->fields[i];
		const msgpack_object *step = codec_get(fields, field->name);

		/* What stands so already, by whoever's hand, is not put back again. */
		if (step && is_own(field) &&
		    !codec_same(codec_get(now, field->name), codec_get(step, "from"))) {
			codec_pair_object(packed, field->name, codec_get(step, "from"));
			count++;
		}
	}
	codec_map_end(packed, header, count);
	if (count == 0 && strcmp(verb, KEPT_EDIT) == 0) {
		undo->idle++;
		return STATUS_OK;
	}
	return propose(client, undo, change, verb, change->revision, packed, count, err);
}

/* ---- a removal ---- */

/* Fields that may have had a value which is not shown to this person. */
static enum status tell_lost(struct client *client, const struct change *change, const msgpack_object *fields,
			     struct error *err)
{
	const char *names = NULL;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < change->kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &change->kind->fields[i];
		struct buffer *params = client_buffer(client);
		const msgpack_object *result = NULL;

		if (!is_own(field) || !codec_is_nil(codec_get(fields, field->name))) {
			continue;
		}
		if (!params) {
			return error_memory(err);
		}
		codec_put_map(params, 3);
		codec_pair_text(params, "verb", "see");
		codec_pair_text(params, "target", change->kind->name);
		codec_pair_text(params, "field", field->name);
		status = client_call(client, METHOD_can, params, &result, err);
		if (status == STATUS_OK && !codec_get_flag(result, "allowed", false)) {
			names = arena_printf(client->arena, "%s%s%s", names ? names : "", names ? ", " : "",
					     field->name);
		}
	}
	if (status == STATUS_OK && names) {
		(void)fprintf(stderr,
			      "What %s had in these is not shown to you, and cannot be put back by you: %s\n",
			      change->id, names);
	}
	return status;
}

/* Numbers are never given twice: what was removed comes back as a new record. */
static enum status undo_removal(struct client *client, struct undo *undo, const struct change *change,
				struct error *err)
{
	struct buffer *packed = client_buffer(client);
	const char *before = arena_printf(client->arena, "%lld", (long long)undo->entry - 1);
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	const msgpack_object *fields = NULL;
	struct span state;
	size_t length = 0;
	size_t header = 0;
	size_t count = 0;
	const char *first = words_next(change->kind->states, &length);
	enum status status = packed && before ? record_read(client, change->id, before, &record, &titles, err)
					      : error_memory(err);

	if (status == STATUS_NOT_FOUND) {
		return past_hidden(undo, change, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	fields = codec_get(record, "fields");
	state = codec_get_text(fields, "state");
	if (first && (state.length != length || memcmp(state.data, first, length) != 0)) {
		return error_set(err, STATUS_REFUSED,
				 "%s was %.*s when it was removed, and a new %s begins as %.*s", change->id,
				 (int)state.length, state.data ? (const char *)state.data : "",
				 change->kind->name, (int)length, first);
	}
	header = codec_map_begin(packed);
	for (size_t i = 0; i < change->kind->field_count; i++) {
		const struct field *field = &change->kind->fields[i];
		const msgpack_object *value = codec_get(fields, field->name);

		if (is_own(field) && !codec_is_nil(value)) {
			codec_pair_object(packed, field->name, value);
			count++;
		}
	}
	codec_map_end(packed, header, count);
	status = tell_lost(client, change, fields, err);
	if (status == STATUS_OK) {
		(void)fprintf(stderr, "%s comes back as a new %s with a number of its own.\n", change->id,
			      change->kind->name);
		status = propose(client, undo, change, KEPT_CREATE, 0, packed, count, err);
	}
	return status;
}

/* ---- the whole ---- */

static enum status undo_change(struct client *client, struct undo *undo, const msgpack_object *map,
			       struct error *err)
{
	struct change change;
	enum status status = read_change(client, map, &change, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (strcmp(change.verb, KEPT_CREATE) == 0) {
		return propose(client, undo, &change, KEPT_REMOVE, change.revision, NULL, 0, err);
	}
	return strcmp(change.verb, KEPT_REMOVE) == 0 ? undo_removal(client, undo, &change, err)
						     : undo_edit(client, undo, &change, err);
}

/* The journal keeps which entry was undone, and why. */
static enum status give_reason(struct client *client, struct undo *undo, struct error *err)
{
	const char *why = client->arguments->flags[FLAG_REASON];

	undo->kept.reason = arena_printf(client->arena, "undoes journal entry %lld%s%s",
					 (long long)undo->entry, why ? ": " : "", why ? why : "");
	return undo->kept.reason ? STATUS_OK : error_memory(err);
}

static enum status check_entry(const struct undo *undo, const msgpack_object *entry, struct error *err)
{
	int64_t hidden = codec_get_int(entry, "hidden", 0);
	struct span what = codec_get_text(entry, "what");

	if (!codec_text_is(codec_get(entry, "what"), "change")) {
		return error_set(err, STATUS_INVALID, "journal entry %lld is a %.*s and changed no record",
				 (long long)undo->entry, (int)what.length,
				 what.data ? (const char *)what.data : "");
	}
	if (list_size(codec_get(entry, "changes")) == 0) {
		error_set(err, STATUS_NOT_PERMITTED,
			  "what journal entry %lld changed is not shown to you, and nobody can put back what "
			  "they may not see",
			  (long long)undo->entry);
		return error_hint(err, "somebody who may see it can undo the entry");
	}
	if (hidden > 0) {
		(void)fprintf(
			stderr,
			"%lld of the records or fields that journal entry %lld changed are not shown to "
			"you. You cannot put back\nwhat you may not see: it stays as it is. This is the "
			"rest.\n",
			(long long)hidden, (long long)undo->entry);
	}
	return STATUS_OK;
}

/* Shows what is proposed, and asks. With a set in hand nothing is sent, and with --dry-run nothing happens. */
static enum status show_and_ask(struct client *client, const struct undo *undo, struct error *err)
{
	const char *warning;
	enum status status = STATUS_OK;

	if (arguments_have(client->arguments, FLAG_DRY_RUN)) {
		return STATUS_OK;
	}
	if (client->output.mode == OUTPUT_TABLE) {
		status = trial_preview(client, &undo->kept, err);
	}
	if (status != STATUS_OK || kept_begun(client)) {
		return status;
	}
	(void)fflush(client->output.file); /* the question comes after it */
	warning = arena_printf(client->arena, "journal entry %lld will be undone so", (long long)undo->entry);
	return warning ? console_confirm(client, warning, "undo", err) : error_memory(err);
}

enum status command_undo(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *entry = NULL;
	const msgpack_object *changes = NULL;
	struct undo undo = {0};
	enum status status = journal_read(client, client->names[0], &result, err);

	if (status == STATUS_OK) {
		entry = codec_get(result, "entry");
		changes = codec_get(entry, "changes");
		undo.entry = codec_get_int(entry, "entry", 0);
		status = check_entry(&undo, entry, err);
	}
	if (status == STATUS_OK) {
		status = kept_new(client, &undo.kept, err);
	}
	for (size_t i = 0; i < list_size(changes) && status == STATUS_OK; i++) {
		status = undo_change(client, &undo, list_item(changes, i), err);
	}
	if (status == STATUS_OK && undo.kept.count == 0) {
		(void)fputs("Nothing has to be undone: it stands as it was before.\n", stderr);
		return STATUS_OK;
	}
	if (status == STATUS_OK) {
		status = give_reason(client, &undo, err);
	}
	if (status == STATUS_OK) {
		status = show_and_ask(client, &undo, err);
	}
	return status == STATUS_OK ? kept_propose(client, &undo.kept, err) : status;
}
