/* What a record of each kind must obey beyond its fields, and what it computes. One file a noun; the table in
 * rules.c says which file speaks for which kind. */
#ifndef SAFER_SERVER_RULES_RULES_H
#define SAFER_SERVER_RULES_RULES_H

#include "server/records/changeset.h"

struct rule_row {
	const char *kind;

	/* Looks at an item after rights and conflicts, before it is written; may set fields that nobody edits.
	 * Refuses with rule_refuse(). Not called for a removal, unless `removals` says so. */
	enum status (*check)(struct change_set *set, struct item *item, struct error *err);

	/* What a second person approves, beside the record's state: a field, for all of its conflict group. Whoever
	 * changed that last is no second person. NULL: nothing; it stands fast since it was put forward. */
	const char *work;
	const char *
		subject; /* the field that names the person whom it is about, no second person either; NULL */

	/* Whether the second person of a transition may be done without; NULL: never. */
	enum status (*alone)(struct change_set *set, const struct item *item, bool *out, struct error *err);

	bool removals; /* check looks at removals too */
	bool of_author; /* a new one belongs to the body that its author speaks for, unless they name another */
	bool loose;     /* what it refers to may be removed, and it stays */
};

/* The row of a kind, or NULL. */
const struct rule_row *rule_find(const struct kind *kind);

/* STATUS_REFUSED with the rule's name, such as "action.dates", and a sentence. */
enum status rule_refuse(struct error *err, const char *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- what several kinds ask ---- */

/* Refuses unless field `first` is not after field `last` (dates, or periods by their first day); absent ones pass. */
enum status rule_in_order(struct change_set *set, const struct item *item, const char *first,
			  const char *last, const char *rule, struct error *err);
/* Refuses a date after today. */
enum status rule_not_in_future(struct change_set *set, const struct item *item, const char *field,
			       const char *rule, struct error *err);
/* Refuses unless the record that `field` refers to is in one of the states (words). */
enum status rule_parent_state(struct change_set *set, const struct item *item, const char *field,
			      const char *states, const char *rule, struct error *err);

/* The same for a record that is part of its parent: also for the parent that it leaves, by an edit or a removal. */
enum status rule_part_of(struct change_set *set, const struct item *item, const char *field,
			 const char *states, const char *rule, struct error *err);

bool item_does(const struct item *item, const char *verb);

/* ---- one check per file ---- */
enum status rule_action(struct change_set *set, struct item *item, struct error *err);
enum status rule_appointment(struct change_set *set, struct item *item, struct error *err);
enum status rule_appointment_alone(struct change_set *set, const struct item *item, bool *out,
				   struct error *err);
enum status rule_body(struct change_set *set, struct item *item, struct error *err);
enum status rule_comment(struct change_set *set, struct item *item, struct error *err);
enum status rule_decision(struct change_set *set, struct item *item, struct error *err);
enum status rule_finding(struct change_set *set, struct item *item, struct error *err);
enum status rule_grant(struct change_set *set, struct item *item, struct error *err);
enum status rule_indicator(struct change_set *set, struct item *item, struct error *err);
enum status rule_meeting(struct change_set *set, struct item *item, struct error *err);
enum status rule_milestone(struct change_set *set, struct item *item, struct error *err);
enum status rule_note(struct change_set *set, struct item *item, struct error *err);
enum status rule_observation(struct change_set *set, struct item *item, struct error *err);
enum status rule_organisation(struct change_set *set, struct item *item, struct error *err);
enum status rule_plan(struct change_set *set, struct item *item, struct error *err);
enum status rule_priority(struct change_set *set, struct item *item, struct error *err);
enum status rule_referral(struct change_set *set, struct item *item, struct error *err);

#endif
