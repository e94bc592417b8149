/* A grant: nobody funds itself. */
#include "server/rules/rules.h"

#include <string.h>

enum status rule_grant(struct change_set *set, struct item *item, struct error *err)
{
	const char *funder = item_text(set, item, "funder");

	if (funder[0] != '\0' && strcmp(funder, item_text(set, item, "recipient")) == 0) {
		return rule_refuse(err, "grant.parties", "%s: funder and recipient are the same.",
				   item_name(set, item));
	}
	return STATUS_OK;
}
