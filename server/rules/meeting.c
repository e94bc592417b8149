/* A meeting: held on a day that has come. */
#include "server/rules/rules.h"

enum status rule_meeting(struct change_set *set, struct item *item, struct error *err)
{
	return item_does(item, "hold") ? rule_not_in_future(set, item, "date", "meeting.date", err)
				       : STATUS_OK;
}
