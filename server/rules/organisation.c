/* An organisation: its standing has a beginning before its end. */
#include "server/rules/rules.h"

enum status rule_organisation(struct change_set *set, struct item *item, struct error *err)
{
	return rule_in_order(set, item, "status_from", "status_to", "organisation.status-dates", err);
}
