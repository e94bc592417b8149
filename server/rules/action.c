/* An action: its dates, and what must be said when it is not on track. */
#include "server/rules/rules.h"

#include <string.h>

enum status rule_action(struct change_set *set, struct item *item, struct error *err)
{
	const char *status = item_text(set, item, "status");
	bool behind = strcmp(status, "at-risk") == 0 || strcmp(status, "off-track") == 0;
	int64_t progress = -1;

	if (rule_in_order(set, item, "start", "due", "action.dates", err) != STATUS_OK) {
		return err->status;
	}
	if (behind && item_text(set, item, "status_reason")[0] == '\0') {
		return rule_refuse(
			err, "action.status-reason",
			"%s: an action that is %s needs status_reason: why, and what is being done about it.",
			item_name(set, item), status);
	}
	if (strcmp(status, "complete") == 0 && codec_int(item_value(item, "progress"), &progress) &&
	    progress != 100) {
		return rule_refuse(err, "action.complete",
				   "%s: a complete action has progress 100, not %lld.", item_name(set, item),
				   (long long)progress);
	}
	if (!item->creates && item_changed(item, "due") &&
	    !codec_is_nil(codec_get(item->before.fields, "due")) && set->reason == NULL) {
		rule_refuse(err, "action.new-date", "%s: moving the due date needs a reason.",
			    item_name(set, item));
		return error_hint(err, "Add --reason \"...\"; the old date stays in the history.");
	}
	return STATUS_OK;
}
