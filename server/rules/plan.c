/* A plan: the years that it covers hold the year that it is revised for. */
#include "server/rules/rules.h"

enum status rule_plan(struct change_set *set, struct item *item, struct error *err)
{
	if (rule_in_order(set, item, "first_year", "year", "plan.years", err) != STATUS_OK) {
		return err->status;
	}
	return rule_in_order(set, item, "year", "last_year", "plan.years", err);
}
