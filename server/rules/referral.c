/* A referral: answered in words or by a decision that was made. */
#include "server/rules/rules.h"

enum status rule_referral(struct change_set *set, struct item *item, struct error *err)
{
	if (!item_does(item, "answer")) {
		return STATUS_OK;
	}
	if (item_text(set, item, "answer")[0] == '\0' && item_text(set, item, "decision")[0] == '\0') {
		rule_refuse(err, "referral.answer",
			    "%s: an answer needs words, or the decision that answers it.",
			    item_name(set, item));
		return error_hint(err, "Give answer=\"...\" or decision=D1 with the command.");
	}
	return rule_parent_state(set, item, "decision", "made", "referral.decision-made", err);
}
