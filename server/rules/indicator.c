/* An indicator: no target without its period. Baseline, unit and direction are required by the schema. */
#include "server/rules/rules.h"

enum status rule_indicator(struct change_set *set, struct item *item, struct error *err)
{
	bool has_target = !codec_is_nil(item->values[item_field_index(item, "target")]);

	if (has_target && item_text(set, item, "target_period")[0] == '\0') {
		return rule_refuse(err, "indicator.target", "%s: a target needs the period that it is for.",
				   item_name(set, item));
	}
	return rule_in_order(set, item, "baseline_period", "target_period", "indicator.periods", err);
}
