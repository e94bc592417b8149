/* Which kind has which rules, and what several of them ask. */
#include "server/rules/rules.h"

#include "common/calendar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct rule_row rule_rows[] = {
	{.kind = "action", .check = rule_action, .work = "status"},
	{.kind = "appointment",
	 .check = rule_appointment,
	 .work = "person",
	 .subject = "person",
	 .alone = rule_appointment_alone},
	{.kind = "body", .check = rule_body},
	{.kind = "comment", .check = rule_comment, .of_author = true, .loose = true},
	{.kind = "decision", .check = rule_decision},
	{.kind = "finding", .check = rule_finding, .removals = true},
	{.kind = "grant", .check = rule_grant},
	{.kind = "indicator", .check = rule_indicator},
	{.kind = "meeting", .check = rule_meeting},
	{.kind = "milestone", .check = rule_milestone, .removals = true},
	{.kind = "note", .check = rule_note},
	{.kind = "observation", .check = rule_observation},
	{.kind = "organisation", .check = rule_organisation},
	{.kind = "plan", .check = rule_plan},
	{.kind = "priority", .check = rule_priority},
	{.kind = "referral", .check = rule_referral},
};

const struct rule_row *rule_find(const struct kind *kind)
{
	for (size_t i = 0; i < sizeof(rule_rows) / sizeof(rule_rows[0]); i++) {
		if (strcmp(rule_rows[i].kind, kind->name) == 0) {
			return &rule_rows[i];
		}
	}
	return NULL;
}

enum status rule_refuse(struct error *err, const char *rule, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	error_set(err, STATUS_REFUSED, "%s", message);
	return error_rule(err, rule);
}

/* The first day of a date or a period. */
static bool first_day(struct change_set *set, const struct item *item, const char *name, day_t *out)
{
	const char *text = item_text(set, item, name);
	struct period period;

	if (date_parse(text, strlen(text), out)) {
		return true;
	}
	if (period_parse(text, strlen(text), &period)) {
		*out = period.first;
		return true;
	}
	return false;
}

enum status rule_in_order(struct change_set *set, const struct item *item, const char *first,
			  const char *last, const char *rule, struct error *err)
{
	day_t a = 0;
	day_t b = 0;

	if (first_day(set, item, first, &a) && first_day(set, item, last, &b) && a > b) {
		return rule_refuse(err, rule, "%s: %s (%s) is after %s (%s).", item_name(set, item), first,
				   item_text(set, item, first), last, item_text(set, item, last));
	}
	return STATUS_OK;
}

enum status rule_not_in_future(struct change_set *set, const struct item *item, const char *field,
			       const char *rule, struct error *err)
{
	day_t day = 0;
	char today[DATE_TEXT];

	if (first_day(set, item, field, &day) && day > day_of_time(set->now)) {
		date_format(day_of_time(set->now), today);
		return rule_refuse(err, rule, "%s: %s (%s) is in the future; today is %s.",
				   item_name(set, item), field, item_text(set, item, field), today);
	}
	return STATUS_OK;
}

static enum status in_states(struct change_set *set, const struct item *item, const char *field,
			     const struct record *parent, const char *states, const char *rule,
			     struct error *err)
{
	const char *state = record_text(set->arena, parent, "state");

	if (!words_have(states, state, strlen(state))) {
		return rule_refuse(err, rule, "%s: %s %s is %s; this can be done while it is %s.",
				   item_name(set, item), field, parent->id, state, states);
	}
	return STATUS_OK;
}

enum status rule_parent_state(struct change_set *set, const struct item *item, const char *field,
			      const char *states, const char *rule, struct error *err)
{
	const char *id = item_text(set, item, field);
	struct record parent;

	if (id[0] == '\0') {
		return STATUS_OK;
	}
	if (set_find(set, id, &parent, err) != STATUS_OK) {
		return err->status;
	}
	return in_states(set, item, field, &parent, states, rule, err);
}

enum status rule_part_of(struct change_set *set, const struct item *item, const char *field,
			 const char *states, const char *rule, struct error *err)
{
	const char *id = record_text(set->arena, &item->before, field);
	struct record left; /* as it stands: the change-set may remove it as well */

	if (id[0] != '\0' && (item->removes || item_changed(item, field)) &&
	    (record_load(set->context, set->arena, set->partnership, id, strlen(id), &left, err) !=
		     STATUS_OK ||
	     in_states(set, item, field, &left, states, rule, err) != STATUS_OK)) {
		return err->status;
	}
	return item->removes ? STATUS_OK : rule_parent_state(set, item, field, states, rule, err);
}

bool item_does(const struct item *item, const char *verb)
{
	return strcmp(item->verb, verb) == 0;
}
