/* Editing a record: a form in the person's editor, sent until the server takes it or the person leaves it. What was
 * typed is a draft from the first moment, so no way of ending this loses it. */
#include "client/edit.h"

#include "client/changeset.h"
#include "client/commands.h"
#include "client/conflict.h"
#include "client/console.h"
#include "client/drafts.h"
#include "client/editor.h"
#include "client/form.h"
#include "client/kept.h"
#include "client/presence.h"
#include "client/record.h"
#include "client/settle.h"
#include "client/value.h"

#include <string.h>

/* One round of editing. */
struct edit {
	struct draft *draft;
	const struct kind *kind;
	const char *opened;            /* the form as it was before the editor had it */
	const char *form;              /* as it is now */
	const msgpack_object **values; /* of each field of the kind, as the form has them */
	bool *given;
	const msgpack_object *result; /* of the change-set that was taken */
	bool resumed;                 /* a draft taken up again: to send it as it is makes sense */
	bool over_hand;               /* the form began with what the change-set in hand says of the record */
	bool in_hand;                 /* it went into the change-set in hand instead of being sent */
	struct changeset set;
};

/* ---- sending ---- */

/* What the person gives up, by sending the form as it is, of fields that collided on the way. */
static enum status find_given_up(struct client *client, const struct edit *edit, const msgpack_object **out,
				 struct error *err)
{
	struct kept_item item = {.verb = KEPT_EDIT};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < edit->kind->field_count && status == STATUS_OK; i++) {
		const char *name = edit->kind->fields[i].name;
		const msgpack_object *mine = codec_get(edit->draft->contested, name);
		const msgpack_object *theirs = codec_get(edit->draft->fields, name);
		const msgpack_object *stands = edit->given[i] ? edit->values[i] : theirs;
		bool mine_goes = !codec_same(stands, mine);
		bool theirs_goes = !codec_same(stands, theirs);

		if (mine && (mine_goes || theirs_goes)) {
			status = kept_give_up(client, &item, name, mine, mine_goes, theirs, theirs_goes, err);
		}
	}
	*out = item.settled;
	return status;
}

/* The fields of the form that differ from what it was begun on. */
static enum status build_set(struct client *client, struct edit *edit, struct error *err)
{
	const struct kind *kind = edit->kind;
	const struct draft *draft = edit->draft;
	struct changeset_field *fields = arena_array(client->arena, kind->field_count + 1, sizeof(*fields));
	const msgpack_object *settled = NULL;
	size_t count = 0;
	enum status status = fields ? changeset_init(client, &edit->set, err) : error_memory(err);

	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const char *name = kind->fields[i].name;

		if (edit->given[i] && !codec_same(edit->values[i], codec_get(draft->fields, name))) {
			fields[count++] = (struct changeset_field){name, edit->values[i]};
		}
	}
	if (status == STATUS_OK && !edit->set.reason) {
		edit->set.reason = draft->reason;
	}
	if (status == STATUS_OK) {
		status = find_given_up(client, edit, &settled, err);
	}
	if (status == STATUS_OK && draft->id &&
	    (count > 0 || settled || (edit->over_hand && !edit->set.dry_run))) {
		changeset_settle(&edit->set, draft->id, draft->base, fields, count, settled);
	} else if (status == STATUS_OK && !draft->id) {
		changeset_create(&edit->set, kind, NULL, fields, count);
	}
	return status;
}

/* Notes with the draft why it was not taken. The form itself is safe already. */
static void keep_reason(struct client *client, struct draft *draft, const struct error *why)
{
	struct error ignored = ERROR_INIT;
	const char *text = arena_text(client->arena, why->message, strlen(why->message));

	draft->why = text ? text : "";
	(void)draft_save(client, draft, &ignored);
}

/* Sends edit->set. That it is under way is written down first, so that after a lost connection or a kill the very same
 * request can be repeated, and is applied once. */
static enum status send_set(struct client *client, struct edit *edit, struct error *err)
{
	struct draft *draft = edit->draft;
	struct span packed = buffer_span(&edit->set.changes);
	enum status status = STATUS_OK;

	if (edit->set.changes.failed) {
		return error_memory(err);
	}
	if (!edit->set.dry_run && kept_begun(client)) {
		status = kept_add(client, &edit->set, edit->over_hand, err);
		edit->in_hand = status == STATUS_OK;
		if (status != STATUS_OK) {
			keep_reason(client, draft, err);
		}
		return status;
	}
	if (!edit->set.dry_run) {
		draft->pending =
			(struct span){arena_copy(client->arena, packed.data, packed.length), packed.length};
		draft->pending_count = edit->set.count;
		draft->reason = edit->set.reason;
		memcpy(draft->request, edit->set.request, sizeof(draft->request));
		status = draft->pending.data ? draft_save(client, draft, err) : error_memory(err);
	}
	if (status == STATUS_OK) {
		status = changeset_send(client, &edit->set, &edit->result, err);
	}
	if (status != STATUS_OK && status != STATUS_UNREACHABLE && status != STATUS_INTERRUPTED) {
		draft->pending = (struct span){NULL, 0};
	}
	if (status != STATUS_OK) {
		keep_reason(client, draft, err);
	}
	return status;
}

static const char *next_show(struct client *client, const struct edit *edit)
{
	const msgpack_object *changes = codec_get(edit->result, "changes");
	struct span id = {NULL, 0};

	if (codec_count(changes) > 0 && changes->type == MSGPACK_OBJECT_ARRAY) {
		id = codec_get_text(&changes->via.array.ptr[0], "id");
	}
	return id.length > 0 ? arena_printf(client->arena, "safer %s show %.*s", edit->kind->name,
					    (int)id.length, (const char *)id.data)
			     : NULL;
}

/* ---- going on after a refusal ---- */

/* The form with what was settled. A field that has no entry in it was not touched, and gets none. */
static enum status put_answers(struct client *client, struct edit *edit, const struct settle *settle,
			       bool *again, struct error *err)
{
	const char *form = edit->form;

	*again = false;
	for (size_t i = 0; i < edit->kind->field_count && form; i++) {
		const struct field *field = &edit->kind->fields[i];
		enum settle_choice choice = settle->choices[i];
		const char *value = NULL;

		if (!edit->given[i] || choice == SETTLE_NOTHING || choice == SETTLE_MINE) {
			continue;
		}
		if (choice != SETTLE_FORM) {
			value = value_write(client->arena, field, settle->values[i]);
			form = value ? form_replace(client->arena, edit->kind, form, field, value) : NULL;
			continue;
		}
		*again = true;
		if (field->type == FIELD_LONG_TEXT) {
			if (settle_marked(client, settle, i, &value, err) != STATUS_OK) {
				return err->status;
			}
			form = form_replace(client->arena, edit->kind, form, field, value);
		}
		value = settle_note(client, settle, i);
		form = form && value ? form_note(client->arena, edit->kind, form, field, value) : NULL;
	}
	if (!form) {
		return error_memory(err);
	}
	edit->form = form;
	return draft_save_form(edit->draft, form, err);
}

/* Keeps with the draft what the person had typed where it collided: they may give it up now or later. */
static enum status keep_contested(struct client *client, struct draft *draft, const struct settle *settle,
				  struct error *err)
{
	struct buffer *packed = client_buffer(client);
	size_t header = 0;
	size_t count = 0;

	if (!packed) {
		return error_memory(err);
	}
	header = codec_map_begin(packed);
	for (size_t i = 0; i < settle->kind->field_count; i++) {
		const char *name = settle->kind->fields[i].name;
		enum settle_choice choice = settle->choices[i];
		bool asked = choice == SETTLE_THEIRS || choice == SETTLE_MINE || choice == SETTLE_FORM;
		const msgpack_object *before =
			choice == SETTLE_BOTH ? NULL : codec_get(draft->contested, name);

		if (asked || before) {
			codec_pair_object(packed, name, asked ? settle->mine[i] : before);
			count++;
		}
	}
	codec_map_end(packed, header, count);
	if (packed->failed) {
		return error_memory(err);
	}
	return codec_decode(client->arena, buffer_span(packed), &draft->contested, err);
}

/* Brings the form onto the present revision, asking about what collides. */
static enum status rebase(struct client *client, struct edit *edit, bool *again, struct error *err)
{
	struct draft *draft = edit->draft;
	struct settle settle = {
		.kind = edit->kind,
		.id = draft->id,
		.verb = KEPT_EDIT,
		.base = draft->base,
		.was = draft->fields,
		.mine = edit->values,
		.given = edit->given,
		.in_form = true,
	};
	enum status status = settle_ask(client, &settle, err);

	if (status == STATUS_OK) {
		status = put_answers(client, edit, &settle, again, err);
	}
	if (status == STATUS_OK) {
		status = keep_contested(client, draft, &settle, err);
	}
	if (status == STATUS_OK) {
		draft->fields = settle.theirs;
		draft->base = settle.revision;
		status = draft_save(client, draft, err);
	}
	return status;
}

/* Puts the reason into the form: at the line that is wrong, or where the field is that it names, or at the top. */
static enum status put_reason(struct client *client, struct edit *edit, const struct error *why,
			      struct error *err)
{
	const char *note =
		arena_printf(client->arena, "%s%s%s", why->message, why->hint[0] ? "\n" : "", why->hint);
	const struct field *field = form_named(client->arena, edit->kind, edit->form, why->message);
	size_t wrong = form_wrong(client->arena, edit->kind, edit->form);
	const char *form = NULL;

	if (note) {
		form = edit->form[wrong] ? form_note_at(client->arena, edit->form, wrong, note)
					 : form_note(client->arena, edit->kind, edit->form, field, note);
	}
	if (!form) {
		return error_memory(err);
	}
	edit->form = form;
	return draft_save_form(edit->draft, form, err);
}

/* Whether another look at the form may help. */
static bool is_mendable(enum status status)
{
	return status == STATUS_INVALID || status == STATUS_REFUSED || status == STATUS_NOT_PERMITTED;
}

/* ---- the loop ---- */

enum step {
	STEP_EDIT, /* open the editor */
	STEP_SEND,
	STEP_LEAVE,
};

/* A draft was taken up again and left as it was. Without anybody to ask, taking it up meant sending it. */
static enum status ask_to_send(struct client *client, enum step *next, struct error *err)
{
	const char *answer = "s";
	enum status status = STATUS_OK;

	if (console_can_ask(client)) {
		status =
			console_ask(client, "It is as it was: [s]end it, or keep the [d]raft?", &answer, err);
	}
	*next = answer[0] == 's' || answer[0] == 'S' ? STEP_SEND : STEP_LEAVE;
	return status;
}

/* Opens the editor and takes what it saved. STEP_LEAVE with STATUS_OK: the person let it be. */
static enum status open_editor(struct client *client, struct edit *edit, bool fresh, enum step *next,
			       struct error *err)
{
	const char *form = NULL;
	enum status status;
	enum status ended;
	bool same;

	edit->opened = edit->form;
	ended = editor_run(edit->draft->form, form_place(edit->form), err);
	status = draft_form(client, edit->draft, &form, ended == STATUS_OK ? err : NULL);
	if (status != STATUS_OK) {
		return status;
	}
	same = strcmp(form, edit->opened) == 0;
	*next = same || form_is_empty(form) ? STEP_LEAVE : STEP_SEND;
	if (ended != STATUS_OK && form_is_empty(form)) { /* it broke off while saving */
		form = edit->opened;
		same = true;
		(void)draft_save_form(edit->draft, form, NULL);
	}
	if (form_is_empty(form) || (same && fresh)) { /* there is nothing to keep */
		draft_remove(edit->draft);
		edit->draft->number = 0;
	}
	if (ended != STATUS_OK) {
		return ended;
	}
	if (same && edit->resumed && edit->draft->number != 0) {
		status = ask_to_send(client, next, err);
	}
	edit->resumed = false;
	if (status != STATUS_OK) {
		return status;
	}
	edit->form = form_strip(client->arena, form);
	return edit->form ? STATUS_OK : error_memory(err);
}

static enum status read_form(struct client *client, struct edit *edit, struct error *err)
{
	size_t room = edit->kind->field_count + 1;

	edit->values = arena_array(client->arena, room, sizeof(*edit->values));
	edit->given = arena_array(client->arena, room, sizeof(*edit->given));
	if (!edit->values || !edit->given) {
		return error_memory(err);
	}
	return form_read(client->arena, client->schema, edit->kind, edit->form, edit->values, edit->given,
			 err);
}

/* Reads the form and sends it. *sent is false when nothing differs. */
static enum status try_send(struct client *client, struct edit *edit, bool *sent, struct error *err)
{
	enum status status = read_form(client, edit, err);

	*sent = false;
	changeset_release(&edit->set);
	edit->set = (struct changeset){0};
	if (status == STATUS_OK) {
		status = build_set(client, edit, err);
	}
	if (status != STATUS_OK) {
		keep_reason(client, edit->draft, err);
	}
	if (status == STATUS_OK && edit->set.count > 0) {
		*sent = true;
		status = send_set(client, edit, err);
	}
	return status;
}

/* In a script: what collides, and what would settle it. */
static enum status tell_conflict(struct client *client, const struct edit *edit, struct error *err)
{
	struct error wrong = ERROR_INIT;
	struct kept kept;

	if (kept_of(client, &edit->set, &kept, &wrong) != STATUS_OK) {
		return err->status;
	}
	return conflict_tell(client, &kept, err);
}

/* What to do about a failure: mend the form, bring it onto the present revision, or leave. */
static enum status after_failure(struct client *client, struct edit *edit, enum step *next, struct error *err)
{
	struct error why = *err;
	struct error wrong = ERROR_INIT;
	bool again = false;
	enum status status = why.status;

	*next = STEP_LEAVE;
	if (status == STATUS_CONFLICT && edit->draft->id && !settle_can(client)) {
		return tell_conflict(client, edit, err);
	}
	if (!console_can_ask(client)) {
		return status;
	}
	if (status == STATUS_CONFLICT && edit->draft->id) {
		(void)fprintf(stderr, "safer: %s\n", why.message);
		status = rebase(client, edit, &again, &wrong);
		if (status != STATUS_OK) {
			*err = wrong;
			return status;
		}
		*next = again ? STEP_EDIT : STEP_SEND;
		return STATUS_OK;
	}
	if (is_mendable(status) && put_reason(client, edit, &why, &wrong) == STATUS_OK) {
		(void)fprintf(stderr, "safer: %s\n", why.message);
		*next = STEP_EDIT;
		return STATUS_OK;
	}
	return status;
}

static void tell_kept(struct client *client, const struct draft *draft, struct error *err)
{
	if (draft->number == 0) {
		return;
	}
	if (client->output.mode == OUTPUT_JSON) {
		(void)error_hint(err, "what was written is kept: safer draft resume %lld",
				 (long long)draft->number);
		return;
	}
	if (err->status != STATUS_OK) {
		client_complain(client, err);
		err->message[0] = 0; /* it has been said */
	}
	(void)fprintf(stderr,
		      "What was written is kept as draft %lld, in %s\n  to go on: safer draft resume %lld\n",
		      (long long)draft->number, draft->form, (long long)draft->number);
}

/* From a form on disk to a record on the server. `fresh`: nobody typed anything into it yet. */
static enum status edit_loop(struct client *client, struct edit *edit, enum step step, bool fresh,
			     struct error *err)
{
	struct error last = ERROR_INIT; /* why it was not taken when it was last sent */
	enum status status = STATUS_OK;
	bool sent = false;

	while (step != STEP_LEAVE) {
		if (step == STEP_EDIT) {
			status = open_editor(client, edit, fresh, &step, err);
			if (status != STATUS_OK || step == STEP_LEAVE) {
				break;
			}
			fresh = false;
		}
		status = try_send(client, edit, &sent, err);
		if (status == STATUS_OK) {
			break;
		}
		last = *err;
		status = after_failure(client, edit, &step, err);
	}
	if (status == STATUS_OK && step == STEP_LEAVE && last.status != STATUS_OK &&
	    edit->draft->number != 0) {
		*err = last; /* reopened, and left as it was */
		status = last.status;
	}
	if (status == STATUS_OK && edit->in_hand) {
		draft_remove(edit->draft);
	} else if (status == STATUS_OK && sent && edit->set.dry_run) {
		status = changeset_tell(client, &edit->set, edit->result, NULL, err);
		tell_kept(client, edit->draft, err);
	} else if (status == STATUS_OK && sent) {
		draft_remove(edit->draft);
		status = changeset_tell(client, &edit->set, edit->result, next_show(client, edit), err);
	} else if (status == STATUS_OK) {
		if (edit->draft->number != 0 && step == STEP_SEND) {
			draft_remove(edit->draft); /* it differs from the record in nothing */
		}
		(void)fputs(step == STEP_LEAVE && edit->draft->number != 0
				    ? "Nothing was sent; the draft is kept.\n"
				    : "Nothing was changed.\n",
			    stderr);
	} else {
		tell_kept(client, edit->draft, err);
	}
	changeset_release(&edit->set);
	return status;
}

/* ---- commands ---- */

static enum status begin(struct client *client, const char *id, const msgpack_object *record,
			 const msgpack_object *titles, struct error *err)
{
	struct draft draft = {
		.kind = client->kind->name,
		.id = id,
		.base = codec_get_int(record, "revision", 0),
		.fields = codec_get(record, "fields"),
		.reason = client->arguments->flags[FLAG_REASON],
	};
	struct edit edit = {.draft = &draft, .kind = client->kind};
	enum status status = STATUS_OK;

	if (id) {
		status = kept_over(client, id, &record, &edit.over_hand, err);
	}
	if (status == STATUS_OK) {
		status = edit_form(client, client->kind, id, record, titles, &edit.form, err);
	}
	if (status == STATUS_OK) {
		status = draft_begin(client, &draft, edit.form, err);
	}
	if (status == STATUS_OK && id) {
		presence_announce(client, id);
	}
	return status == STATUS_OK ? edit_loop(client, &edit, STEP_EDIT, true, err) : status;
}

enum status edit_new(struct client *client, struct error *err)
{
	enum status status = editor_check(client, err);

	return status == STATUS_OK ? begin(client, NULL, NULL, NULL, err) : status;
}

/* Says when there are drafts of the same record already. */
static void tell_of_drafts(struct client *client, const char *id)
{
	struct error ignored = ERROR_INIT;
	struct draft *drafts = NULL;
	size_t count = 0;

	if (draft_all(client, &drafts, &count, &ignored) != STATUS_OK) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (drafts[i].id && strcmp(drafts[i].id, id) == 0) {
			(void)fprintf(stderr,
				      "There is a draft of %s already, begun %s: safer draft resume %lld\n",
				      id, drafts[i].at, (long long)drafts[i].number);
		}
	}
}

enum status command_record_edit(struct client *client, struct error *err)
{
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	char id[ID_TEXT];
	enum status status = editor_check(client, err);

	if (status == STATUS_OK) {
		status = changeset_id(client, client->names[0], id, err);
	}
	if (status == STATUS_OK && id[0] == '@') {
		error_set(err, STATUS_INVALID, "%s is not there yet, so there is nothing to open", id);
		return error_hint(err, "fill it in with \"safer %s set %s FIELD=VALUE\"", client->kind->name,
				  id);
	}
	if (status == STATUS_OK) {
		status = record_read(client, id, NULL, &record, &titles, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	tell_of_drafts(client, id);
	return begin(client, id, record, titles, err);
}

/* Repeats a request of which no answer came; the server applies it once, however often it is asked. */
static enum status repeat_pending(struct client *client, struct edit *edit, struct error *err)
{
	struct draft *draft = edit->draft;
	enum status status = changeset_init(client, &edit->set, err);

	if (status == STATUS_OK) {
		edit->set.dry_run = false;
		edit->set.reason = draft->reason;
		edit->set.count = draft->pending_count;
		memcpy(edit->set.request, draft->request, sizeof(draft->request));
		(void)buffer_append(&edit->set.changes, draft->pending.data, draft->pending.length);
		(void)fputs("It was sent before and no answer came: asking again.\n", stderr);
		status = send_set(client, edit, err);
	}
	if (status == STATUS_OK) {
		draft_remove(draft);
		status = changeset_tell(client, &edit->set, edit->result, next_show(client, edit), err);
	}
	changeset_release(&edit->set);
	return status;
}

enum status draft_resume(struct client *client, struct draft *draft, struct error *err)
{
	struct edit edit = {.draft = draft, .resumed = true};
	struct error why = ERROR_INIT;
	enum status status = client_schema(client, err);

	if (status == STATUS_OK) {
		client->kind = edit.kind = schema_kind(client->schema, draft->kind, strlen(draft->kind));
		if (!edit.kind) {
			status =
				error_set(err, STATUS_FAILED,
					  "the server has no kind of record called %s any more", draft->kind);
		}
	}
	if (status == STATUS_OK) {
		status = draft_form(client, draft, &edit.form, err);
	}
	if (status == STATUS_OK && draft->pending.length > 0) {
		status = repeat_pending(client, &edit, &why);
		if (status == STATUS_OK || status == STATUS_UNREACHABLE || status == STATUS_INTERRUPTED) {
			*err = why;
			return status;
		}
		status = put_reason(client, &edit, &why, err);
	}
	if (status == STATUS_OK) {
		status = editor_check(client, err);
	}
	if (status == STATUS_OK && draft->id) {
		presence_announce(client, draft->id);
	}
	return status == STATUS_OK ? edit_loop(client, &edit, STEP_EDIT, false, err) : status;
}
