/* An appointment: the only source of rights, so the place where duties are kept apart. */
#include "server/rules/rules.h"

#include "server/settings.h"

#include <string.h>

/* What the person's other appointments say. */
struct others {
	struct change_set *set;
	const struct item *item;
	const char *person;
	bool as_it_stands;  /* without what the change-set does */
	unsigned roles;     /* of the person's other appointments that have not ended */
	bool board_chaired; /* somebody is, or ever was, confirmed as chair of a board */
};

static enum status roles_of(struct change_set *set, const char *body_id, const char *post, unsigned *roles,
			    struct error *err)
{
	struct record body;
	enum status status = set_find(set, body_id, &body, err);

	if (status == STATUS_OK) {
		*roles = roles_of_post(record_text(set->arena, &body, "type"), post);
	}
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status consider(struct others *others, const char *person, const char *body, const char *post,
			    const char *state, const char *verb, struct error *err)
{
	bool ended = strcmp(state, "ended") == 0;
	unsigned roles = 0;

	if (ended && strcmp(verb, "end") != 0) {
		return STATUS_OK; /* declined: it never held */
	}
	if (roles_of(others->set, body, post, &roles, err) != STATUS_OK) {
		return err->status;
	}
	if (!ended && strcmp(person, others->person) == 0) {
		others->roles |= roles;
	}
	if (strcmp(state, "proposed") != 0 && (roles & ROLE_CHAIR) != 0) {
		others->board_chaired = true;
	}
	return STATUS_OK;
}

static enum status visit(void *payload, const struct record_row *row, struct error *err)
{
	struct others *others = payload;
	struct change_set *set = others->set;
	struct record record;

	if (record_decode(set->arena, others->item->kind, row, &record, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; !others->as_it_stands && i < set->item_count; i++) {
		if (strcmp(set->items[i].id, record.id) == 0) {
			return STATUS_OK; /* counted below, as the change-set leaves it */
		}
	}
	return consider(others, record_text(set->arena, &record, "person"),
			record_text(set->arena, &record, "body"), record_text(set->arena, &record, "post"),
			record_text(set->arena, &record, "state"), row->verb, err);
}

static enum status gather(struct others *others, struct error *err)
{
	struct change_set *set = others->set;

	if (store_record_each(set->context->store, set->partnership, "appointment", 0, visit, others, err) !=
	    STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < set->item_count; i++) {
		const struct item *item = &set->items[i];

		if (item != others->item && item->kind == others->item->kind && !item->removes &&
		    consider(others, item_text(set, item, "person"), item_text(set, item, "body"),
			     item_text(set, item, "post"), item_text(set, item, "state"), item->verb,
			     err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

static enum status set_title(struct change_set *set, struct item *item, const struct record *body,
			     struct error *err)
{
	struct record person;
	const char *title = NULL;

	if (set_find(set, item_text(set, item, "person"), &person, err) != STATUS_OK) {
		return err->status;
	}
	title = arena_printf(set->arena, "%s, %s of %s", record_text(set->arena, &person, "name"),
			     item_text(set, item, "post"), record_text(set->arena, body, "name"));
	return title != NULL ? item_set_text(set, item, "title", title, err) : error_memory(err);
}

enum status rule_appointment(struct change_set *set, struct item *item, struct error *err)
{
	struct others others = {.set = set, .item = item, .person = item_text(set, item, "person")};
	const char *post = item_text(set, item, "post");
	const char *type = NULL;
	struct record body;
	unsigned roles = 0;

	if (others.person[0] == '\0' || item_text(set, item, "body")[0] == '\0') {
		return STATUS_OK; /* the required fields are complained of by the engine */
	}
	if (set_find(set, item_text(set, item, "body"), &body, err) != STATUS_OK) {
		return err->status;
	}
	type = record_text(set->arena, &body, "type");
	if (!roles_have_post(type, post, &roles)) {
		return rule_refuse(err, "appointment.post", "A body of type %s has no post \"%s\".", type,
				   post);
	}
	if (rule_in_order(set, item, "from", "to", "appointment.dates", err) != STATUS_OK ||
	    set_title(set, item, &body, err) != STATUS_OK || gather(&others, err) != STATUS_OK) {
		return err->status;
	}
	if (strcmp(item_text(set, item, "state"), "ended") != 0 &&
	    (((roles & ROLE_ADMINISTRATOR) != 0 && (others.roles & ROLES_CONTENT) != 0) ||
	     ((roles & ROLES_CONTENT) != 0 && (others.roles & ROLE_ADMINISTRATOR) != 0))) {
		return rule_refuse(err, "appointment.administrator",
				   "Nobody is administrator and holds another role: %s would be both.",
				   others.person);
	}
	return STATUS_OK;
}

enum status rule_appointment_alone(struct change_set *set, const struct item *item, bool *out,
				   struct error *err)
{
	struct others others = {
		.set = set, .item = item, .person = item_text(set, item, "person"), .as_it_stands = true};

	*out = false;
	if (!set->context->settings->setup_without_second_person || set->session == NULL ||
	    (set->session->roles & ROLE_ADMINISTRATOR) == 0) {
		return STATUS_OK;
	}
	if (store_record_each(set->context->store, set->partnership, "appointment", 0, visit, &others, err) !=
	    STATUS_OK) {
		return err->status;
	}
	*out = !others.board_chaired;
	return STATUS_OK;
}
