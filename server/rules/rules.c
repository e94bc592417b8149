/* Which kind has which rules, and what several of them ask. */
#include "server/rules/rules.h"

#include "common/calendar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct rule_row rule_rows[] = {
	{"action", rule_action, NULL},
	{"appointment", rule_appointment, rule_appointment_alone},
	{"body", rule_body, NULL},
	{"decision", rule_decision, NULL},
	{"finding", rule_finding, NULL},
	{"grant", rule_grant, NULL},
	{"indicator", rule_indicator, NULL},
	{"meeting", rule_meeting, NULL},
	{"milestone", rule_milestone, NULL},
	{"note", rule_note, NULL},
	{"observation", rule_observation, NULL},
	{"organisation", rule_organisation, NULL},
	{"plan", rule_plan, NULL},
	{"priority", rule_priority, NULL},
	{"referral", rule_referral, NULL},
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

enum status rule_parent_state(struct change_set *set, const struct item *item, const char *field,
			      const char *states, const char *rule, struct error *err)
{
	const char *id = item_text(set, item, field);
	struct record parent;
	const char *state = NULL;

	if (id[0] == '\0') {
		return STATUS_OK;
	}
	if (set_find(set, id, &parent, err) != STATUS_OK) {
		return err->status;
	}
	state = record_text(set->arena, &parent, "state");
	if (!words_have(states, state, strlen(state))) {
		return rule_refuse(err, rule, "%s: %s %s is %s; this can be done while it is %s.",
				   item_name(set, item), field, id, state, states);
	}
	return STATUS_OK;
}

bool item_does(const struct item *item, const char *verb)
{
	return strcmp(item->verb, verb) == 0;
}
