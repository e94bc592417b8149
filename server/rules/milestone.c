/* A milestone: a step of an open action; nobody reaches it tomorrow. */
#include "server/rules/rules.h"

enum status rule_milestone(struct change_set *set, struct item *item, struct error *err)
{
	if (rule_part_of(set, item, "action", "open", "milestone.action-open", err) != STATUS_OK) {
		return err->status;
	}
	if (item->removes) {
		return STATUS_OK;
	}
	return rule_not_in_future(set, item, "reached", "milestone.reached", err);
}
