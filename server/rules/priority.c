/* A priority: somebody must answer for it before the board sets it. */
#include "server/rules/rules.h"

#include <string.h>

enum status rule_priority(struct change_set *set, struct item *item, struct error *err)
{
	bool full = strcmp(item_text(set, item, "standing"), "priority") == 0;
	size_t leads = codec_count(item_value(item, "lead"));

	if (item_does(item, "submit") && full && leads == 0) {
		return rule_refuse(err, "priority.lead",
				   "%s: a priority needs its lead agency before it goes to the board.",
				   item_name(set, item));
	}
	return rule_in_order(set, item, "baseline_year", "year", "priority.baseline", err);
}
