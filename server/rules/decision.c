/* A decision: made on a day that has come, by the body that it says. */
#include "server/rules/rules.h"

#include <string.h>

enum status rule_decision(struct change_set *set, struct item *item, struct error *err)
{
	const char *meeting_id = item_text(set, item, "meeting");
	struct record meeting;

	if (meeting_id[0] != '\0') {
		if (set_find(set, meeting_id, &meeting, err) != STATUS_OK) {
			return err->status;
		}
		if (strcmp(record_text(set->arena, &meeting, "body"), item_text(set, item, "body")) != 0) {
			return rule_refuse(err, "decision.meeting", "%s: meeting %s is not one of body %s.",
					   item_name(set, item), meeting_id, item_text(set, item, "body"));
		}
	}
	if (item_does(item, "make")) {
		return rule_not_in_future(set, item, "date", "decision.date", err);
	}
	return STATUS_OK;
}
