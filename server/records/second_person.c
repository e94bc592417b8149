/* Separation of duties: what one person made or put forward, another approves. Persons are compared, never accounts. */
#include "server/records/changeset.h"

#include "server/rules/rules.h"

#include <string.h>

/* The session's own hand in a record. */
struct hand {
	struct context *context;
	struct arena *arena;
	const struct session *session;
	const struct record *record;
	const msgpack_object *groups; /* of conflict to the revision that last changed each */
};

static enum status last_changed(const struct hand *hand, const char *group, bool *own, struct error *err)
{
	struct record_row row;

	if (store_version_get(hand->context->store, hand->arena, hand->session->partnership,
			      hand->record->kind->name, hand->record->row.number,
			      codec_get_int(hand->groups, group, 1), &row, err) != STATUS_OK) {
		return err->status;
	}
	*own = *own || row.person == hand->session->person;
	return STATUS_OK;
}

/* Whether the session made the record, last moved it on, or last changed what is to be approved in it. */
static enum status own_work(struct hand *hand, const struct rule_row *rule, bool *out, struct error *err)
{
	const struct kind *kind = hand->record->kind;
	const char *work = rule != NULL ? rule->work : NULL;
	struct record_row row;

	if (store_record_get(hand->context->store, hand->arena, hand->session->partnership, kind->name,
			     hand->record->row.number, &row, err) != STATUS_OK ||
	    codec_decode(hand->arena, row.groups, &hand->groups, err) != STATUS_OK) {
		return err->status;
	}
	*out = row.created_person == hand->session->person;
	if (last_changed(hand, "state", out, err) != STATUS_OK ||
	    (work != NULL &&
	     last_changed(hand, field_group(kind_field(kind, work, strlen(work))), out, err) != STATUS_OK)) {
		return err->status;
	}
	return STATUS_OK;
}

static enum status without_another(const struct hand *hand, const struct rule_row *rule, bool *out,
				   struct error *err)
{
	struct change_set set = {
		.context = hand->context,
		.arena = hand->arena,
		.session = hand->session,
		.partnership = hand->session->partnership,
		.now = hand->session->now,
	};
	struct item item = {.kind = hand->record->kind, .before = *hand->record};

	*out = false;
	if (rule == NULL || rule->alone == NULL) {
		return STATUS_OK;
	}
	memcpy(item.id, hand->record->id, sizeof(item.id));
	return rule->alone(&set, &item, out, err);
}

enum status record_second_person(struct context *context, struct arena *arena, const struct session *session,
				 const struct record *record, const char *verb, bool *out, struct error *why,
				 struct error *err)
{
	struct hand hand = {.context = context, .arena = arena, .session = session, .record = record};
	const struct rule_row *rule = rule_find(record->kind);
	bool own = false;
	bool alone = false;

	*out = true;
	if (rule != NULL && rule->subject != NULL &&
	    strcmp(record_text(arena, record, rule->subject), session->person_id) == 0) {
		*out = false;
		error_set(why, STATUS_NOT_PERMITTED, "%s: nobody can %s an %s of their own.", record->id,
			  verb, record->kind->name);
	} else if (own_work(&hand, rule, &own, err) != STATUS_OK ||
		   (own && without_another(&hand, rule, &alone, err) != STATUS_OK)) {
		return err->status;
	} else if (own && !alone) {
		*out = false;
		error_set(why, STATUS_NOT_PERMITTED,
			  "%s: you made it or put it forward yourself, so somebody else has to %s it.",
			  record->id, verb);
	}
	if (!*out) {
		error_rule(why, "second-person");
		error_hint(why, "Ask another person who may %s it.", verb);
	}
	return STATUS_OK;
}
