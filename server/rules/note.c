/* A progress note: about an open action, on a day that has come. Written once; no right row lets anybody edit it. */
#include "server/rules/rules.h"

enum status rule_note(struct change_set *set, struct item *item, struct error *err)
{
	if (rule_parent_state(set, item, "action", "open", "note.action-open", err) != STATUS_OK) {
		return err->status;
	}
	return rule_not_in_future(set, item, "date", "note.date", err);
}
