/* Judging a change-set: rights, states, second persons, conflicts, and what every record must obey. Nothing has
 * been written yet when this ends; the first refusal ends it. */
#include "server/records/settled.h"

#include "common/text.h"
#include "server/rules/rules.h"

#include <stdio.h>
#include <string.h>

/* ---- rights ---- */

static struct standing standing_of(struct change_set *set, const struct item *item)
{
	return (struct standing){
		.owner = item_text(set, item, "owner"),
		.state = item_text(set, item, "state"),
		.marking = item_text(set, item, "marking"),
	};
}

/* "B5 (Warwickshire Police)" */
static const char *owner_name(struct change_set *set, const char *owner)
{
	struct record body;
	struct error ignored = ERROR_INIT;
	const char *name = owner;

	if (set_find(set, owner, &body, &ignored) == STATUS_OK) {
		name = arena_printf(set->arena, "%s (%s)", owner, record_text(set->arena, &body, "name"));
	}
	return name != NULL ? name : owner;
}

static enum status not_permitted(struct change_set *set, const struct item *item,
				 const struct standing *standing, const struct verdict *verdict,
				 struct error *err)
{
	const char *name = item->creates ? item->kind->name : item_name(set, item);

	if (standing->owner[0] != '\0') {
		error_set(err, STATUS_NOT_PERMITTED, "%s belongs to %s. %s", name,
			  owner_name(set, standing->owner), verdict->why);
	} else {
		error_set(err, STATUS_NOT_PERMITTED, "%s: %s", name, verdict->why);
	}
	error_rule(err, verdict->rule);
	return error_hint(err, "It could be done by: %s.", verdict->who);
}

static enum status judge_verb(struct change_set *set, struct item *item, const struct standing *standing,
			      const char *verb, unsigned *roles, struct error *err)
{
	struct verdict verdict;

	policy_verb(set->session, item->kind, standing, verb, strlen(verb), &verdict);
	if (!verdict.allowed) {
		return not_permitted(set, item, standing, &verdict, err);
	}
	if (set->roles == 0) {
		set->roles = verdict.roles;
	}
	*roles = verdict.roles;
	return STATUS_OK;
}

/* The fields that the person set must be theirs to set, by the owner before. */
static enum status judge_fields(struct change_set *set, struct item *item, const struct standing *standing,
				struct error *err)
{
	const char *verb = item->creates ? "create" : "edit";
	uint64_t closed = ~policy_fields_open(set->session, item->kind, standing, verb);
	uint64_t wanted = (item->asked & item->changed) | item->gave_up;

	for (size_t i = 0; i < item->kind->field_count; i++) {
		struct verdict verdict;

		if ((wanted & closed) >> i & 1) {
			policy_field_open(set->session, item->kind, &item->kind->fields[i], standing, verb,
					  &verdict);
			error_set(err, STATUS_NOT_PERMITTED, "%s: you may not set %s.",
				  item->creates ? item->kind->name : item_name(set, item),
				  item->kind->fields[i].name);
			error_rule(err, verdict.rule);
			return error_hint(err, "It is set by: %s.", verdict.who);
		}
	}
	return STATUS_OK;
}

/* The first body that the session speaks for, and may make one of the kind for, in the order of its posts. */
static enum status give_owner(struct change_set *set, struct item *item, struct error *err)
{
	const struct rule_row *rule = rule_find(item->kind);
	struct standing standing = standing_of(set, item);

	if (!item->creates || set->session == NULL || rule == NULL || !rule->of_author ||
	    standing.owner[0] != '\0') {
		return STATUS_OK;
	}
	for (size_t i = 0; i < set->session->post_count; i++) {
		struct verdict verdict;

		standing.owner = set->session->posts[i].body;
		policy_verb(set->session, item->kind, &standing, item->verb, strlen(item->verb), &verdict);
		if (verdict.allowed) {
			return item_set_text(set, item, "owner", standing.owner, err);
		}
	}
	return STATUS_OK;
}

static enum status judge_rights(struct change_set *set, struct item *item, struct error *err)
{
	struct standing after = standing_of(set, item);
	struct standing before = item->creates ? after : record_standing(set->arena, &item->before);
	bool edits_too = item->transition != NULL && ((item->asked & item->changed) | item->gave_up) != 0;
	unsigned roles = 0;

	if (set->session == NULL) {
		return STATUS_OK;
	}
	/* a step that also sets fields takes both rights: the words of a decision are not changed by making it */
	if (judge_verb(set, item, &before, item->verb, &roles, err) != STATUS_OK ||
	    (edits_too && judge_verb(set, item, &before, "edit", &roles, err) != STATUS_OK) ||
	    judge_fields(set, item, &before, err) != STATUS_OK) {
		return err->status;
	}
	if (strcmp(before.owner, after.owner) != 0) { /* giving a record away must be allowed on both sides */
		after.state = before.state;
		if (judge_verb(set, item, &after, item->verb, &roles, err) != STATUS_OK ||
		    (edits_too && judge_verb(set, item, &after, "edit", &roles, err) != STATUS_OK)) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* ---- states ---- */

/* Nobody approves what they change in the same breath. */
static bool changes_the_work(const struct item *item)
{
	const struct rule_row *rule = rule_find(item->kind);
	const char *group = NULL;

	if (rule == NULL || rule->work == NULL) {
		return false;
	}
	group = field_group(&item->kind->fields[item_field_index(item, rule->work)]);
	for (size_t i = 0; i < item->kind->field_count; i++) {
		if ((item->changed >> i & 1) != 0 &&
		    strcmp(field_group(&item->kind->fields[i]), group) == 0) {
			return true;
		}
	}
	return false;
}

static enum status judge_second_person(struct change_set *set, const struct item *item, struct error *err)
{
	struct error why = ERROR_INIT;
	bool may = false;

	if (set->session == NULL) {
		return STATUS_OK;
	}
	if (changes_the_work(item)) {
		error_set(err, STATUS_NOT_PERMITTED, "%s: to %s it and to change it takes two people.",
			  item_name(set, item), item->verb);
		error_rule(err, "second-person");
		return error_hint(err, "Change it first, then have somebody else %s it.", item->verb);
	}
	if (record_second_person(set->context, set->arena, set->session, &item->before, item->verb, &may,
				 &why, err) != STATUS_OK) {
		return err->status;
	}
	if (!may) {
		*err = why;
		return err->status;
	}
	return STATUS_OK;
}

static enum status judge_transition(struct change_set *set, struct item *item, struct error *err)
{
	const struct transition *transition = item->transition;
	const char *state = item_text(set, item, "state");

	if (transition == NULL) {
		return STATUS_OK;
	}
	if (transition->from[0] != '\0' && !words_have(transition->from, state, strlen(state))) {
		error_set(err, STATUS_REFUSED, "%s is %s; it can be %s only while it is %s.",
			  item_name(set, item), state, transition->to, transition->from);
		return error_rule(err, "state");
	}
	if (transition->second_person && judge_second_person(set, item, err) != STATUS_OK) {
		return err->status;
	}
	return item_set_text(set, item, "state", transition->to, err);
}

/* ---- what every record must obey ---- */

static enum status judge_required(struct change_set *set, const struct item *item, struct error *err)
{
	char missing[300] = "";
	size_t used = 0;

	for (size_t i = 0; i < item->kind->field_count; i++) {
		const struct field *field = &item->kind->fields[i];

		if (field->required && codec_is_nil(item->values[i]) && used < sizeof(missing)) {
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, "%s%s",
						 used > 0 ? ", " : "", field->name);
		}
	}
	if (used == 0) {
		return STATUS_OK;
	}
	error_set(err, STATUS_REFUSED, "%s lacks %s.",
		  item->creates ? item->kind->name : item_name(set, item), missing);
	error_rule(err, "required");
	return error_hint(err, "`safer %s help` says what each is.", item->kind->name);
}

#define MARKING_RANKS 3 /* open, restricted, exempt */

static int marking_rank(const char *marking)
{
	return strcmp(marking, "exempt") == 0 ? 2 : strcmp(marking, "restricted") == 0 ? 1 : 0;
}

/* Who raised the marking to each rank that it now has, told from its versions. */
struct raisers {
	struct change_set *set;
	const struct kind *kind;
	int rank; /* of the version before */
	int64_t persons[MARKING_RANKS];
};

static enum status visit_raise(void *payload, const struct record_row *row, struct error *err)
{
	struct raisers *raisers = payload;
	struct record record;
	int rank = 0;

	if (record_decode(raisers->set->arena, raisers->kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	rank = marking_rank(record_text(raisers->set->arena, &record, "marking"));
	for (int i = raisers->rank + 1; i <= rank; i++) {
		raisers->persons[i] = row->person;
	}
	raisers->rank = rank;
	return STATUS_OK;
}

/* A marking is raised by any editor, with its ground, and lowered by somebody else than who raised it. */
static enum status judge_marking(struct change_set *set, const struct item *item, struct error *err)
{
	struct raisers raisers = {.set = set, .kind = item->kind};
	int before = marking_rank(record_text(set->arena, &item->before, "marking"));
	int after = marking_rank(item_text(set, item, "marking"));

	if (after == MARKING_RANKS - 1 && (item_text(set, item, "marking_reason")[0] == '\0' ||
					   item_text(set, item, "marking_review")[0] == '\0')) {
		return rule_refuse(err, "marking.ground",
				   "%s: an exempt record needs marking_reason and marking_review.",
				   item_name(set, item));
	}
	if (set->session == NULL || after >= before) {
		return STATUS_OK;
	}
	if (store_version_each(set->context->store, set->partnership, item->kind->name, item->number,
			       visit_raise, &raisers, err) != STATUS_OK) {
		return err->status;
	}
	for (int i = after + 1; i <= before; i++) {
		if (raisers.persons[i] == set->session->person) {
			error_set(err, STATUS_NOT_PERMITTED,
				  "%s: you raised its marking, so somebody else has to lower it.",
				  item_name(set, item));
			return error_rule(err, "second-person");
		}
	}
	return STATUS_OK;
}

static enum status judge_title(struct change_set *set, const struct item *item, struct error *err)
{
	const char *title = item_text(set, item, item->kind->title);
	const char *folded = NULL;
	int64_t number = 0;
	int64_t count = 0;

	if (!item->kind->unique_title || title[0] == '\0' || !item_changed(item, item->kind->title)) {
		return STATUS_OK;
	}
	folded = text_fold(set->arena, title, strlen(title));
	if (folded == NULL) {
		return error_memory(err);
	}
	if (store_record_find(set->context->store, set->partnership, item->kind->name, folded, &number,
			      &count, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < set->item_count; i++) {
		const struct item *other = &set->items[i];
		const char *other_title = NULL;

		if (other == item || other->kind != item->kind) {
			continue;
		}
		if (other->number == number && count == 1) {
			count = 0; /* the change-set removes or renames it */
		}
		other_title = item_text(set, other, item->kind->title);
		other_title = text_fold(set->arena, other_title, strlen(other_title));
		if (!other->removes && other_title != NULL && strcmp(other_title, folded) == 0) {
			return rule_refuse(err, "unique", "Two %s cannot both be called \"%s\".",
					   item->kind->plural, title);
		}
	}
	if (count > 0 && number != item->number) {
		return rule_refuse(err, "unique", "The %s \"%s\" is there already.", item->kind->name, title);
	}
	return STATUS_OK;
}

/* ---- removal ---- */

struct referring {
	struct change_set *set;
	const struct item *removed;
	const struct kind *kind; /* of the records looked at */
	char found[ID_TEXT];
};

static bool refers_to(const msgpack_object *value, const char *id)
{
	if (codec_is_nil(value)) {
		return false;
	}
	for (size_t i = 0; value->type == MSGPACK_OBJECT_ARRAY && i < value->via.array.size; i++) {
		if (codec_text_is(&value->via.array.ptr[i], id)) {
			return true;
		}
	}
	return codec_text_is(value, id);
}

static bool could_refer(const struct kind *from, const struct field *field, const struct kind *to)
{
	const struct rule_row *rule = rule_find(from);

	return (rule == NULL || !rule->loose) && (field->type == FIELD_REF || field->type == FIELD_REFS) &&
	       (field->kind == NULL || strcmp(field->kind, to->name) == 0);
}

static enum status visit_referring(void *payload, const struct record_row *row, struct error *err)
{
	struct referring *referring = payload;
	struct change_set *set = referring->set;
	struct record record;

	if (record_decode(set->arena, referring->kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < set->item_count; i++) {
		if (strcmp(set->items[i].id, record.id) == 0) {
			return STATUS_OK; /* judged as the change-set leaves it */
		}
	}
	for (size_t i = 0; i < record.kind->field_count; i++) {
		const struct field *field = &record.kind->fields[i];

		if (could_refer(record.kind, field, referring->removed->kind) &&
		    refers_to(codec_get(record.fields, field->name), referring->removed->id)) {
			memcpy(referring->found, record.id, sizeof(record.id));
			return STATUS_INTERRUPTED;
		}
	}
	return STATUS_OK;
}

static enum status judge_removal(struct change_set *set, const struct item *item, struct error *err)
{
	const struct schema *schema = set->context->schema;
	struct referring referring = {.set = set, .removed = item};

	for (size_t k = 0; k < schema->kind_count && referring.found[0] == '\0'; k++) {
		referring.kind = &schema->kinds[k];
		for (size_t i = 0; i < referring.kind->field_count; i++) {
			if (!could_refer(referring.kind, &referring.kind->fields[i], item->kind)) {
				continue;
			}
			if (store_record_each(set->context->store, set->partnership, referring.kind->name, 0,
					      visit_referring, &referring, err) != STATUS_OK) {
				return err->status;
			}
			break;
		}
	}
	for (size_t k = 0; k < set->item_count && referring.found[0] == '\0'; k++) {
		const struct item *other = &set->items[k];

		for (size_t i = 0; !other->removes && i < other->kind->field_count; i++) {
			if (could_refer(other->kind, &other->kind->fields[i], item->kind) &&
			    refers_to(other->values[i], item->id)) {
				memcpy(referring.found, other->id, sizeof(other->id));
			}
		}
	}
	if (referring.found[0] == '\0') {
		return STATUS_OK;
	}
	rule_refuse(err, "referenced", "%s cannot be removed: other records refer to it.",
		    item_name(set, item));
	return error_hint(err, "Change or remove what refers to it first.");
}

/* ---- all of it ---- */

static void find_changed(struct item *item)
{
	for (size_t i = 0; i < item->kind->field_count; i++) {
		if (!codec_same(item->values[i],
				codec_get(item->before.fields, item->kind->fields[i].name))) {
			item->changed |= UINT64_C(1) << i;
		}
	}
}

static enum status judge_item(struct change_set *set, struct item *item, struct error *err)
{
	const struct rule_row *rule = rule_find(item->kind);

	if (item->removes) {
		if (rule != NULL && rule->removals && rule->check(set, item, err) != STATUS_OK) {
			return err->status;
		}
		return judge_removal(set, item, err);
	}
	if (judge_transition(set, item, err) != STATUS_OK ||
	    (rule != NULL && rule->check(set, item, err) != STATUS_OK) ||
	    judge_required(set, item, err) != STATUS_OK || judge_marking(set, item, err) != STATUS_OK ||
	    judge_title(set, item, err) != STATUS_OK) {
		return err->status;
	}
	return STATUS_OK;
}

enum status set_judge(struct change_set *set, struct error *err)
{
	for (size_t i = 0; i < set->item_count; i++) {
		set->at = i;
		find_changed(&set->items[i]);
		if (give_owner(set, &set->items[i], err) != STATUS_OK ||
		    judge_rights(set, &set->items[i], err) != STATUS_OK) {
			return err->status;
		}
	}
	if (set_conflicts(set, err) != STATUS_OK) {
		return err->status;
	}
	/* removals first: the rules of a record may then count on what it refers to */
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < set->item_count; i++) {
			struct item *item = &set->items[i];

			set->at = i;
			if (item->removes == (pass == 0) && (settled_judge(set, item, err) != STATUS_OK ||
							     judge_item(set, item, err) != STATUS_OK)) {
				return err->status;
			}
		}
	}
	return STATUS_OK;
}
