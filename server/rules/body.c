/* A body: an authority is of an organisation, the parents make no circle, and what rights follow from stands fast: an
 * appointment is confirmed by a second person, and must not turn into another post by an edit of its body. */
#include "server/rules/rules.h"

#include <string.h>

#define DEPTH_MAX 8

enum status rule_body(struct change_set *set, struct item *item, struct error *err)
{
	const char *above = item_text(set, item, "parent");

	if (strcmp(item_text(set, item, "type"), "authority") == 0 &&
	    item_text(set, item, "organisation")[0] == '\0') {
		return rule_refuse(err, "body.organisation", "%s: an authority needs its organisation.",
				   item_name(set, item));
	}
	if (!item->creates && item_changed(item, "type")) {
		rule_refuse(err, "body.type", "%s: the type of a body stands fast; rights follow from it.",
			    item_name(set, item));
		return error_hint(err, "Make a new body of the other type, and appoint people to it.");
	}
	if (!item->creates && strcmp(item_text(set, item, "type"), "authority") == 0 &&
	    item_changed(item, "organisation")) {
		rule_refuse(err, "body.organisation",
			    "%s: the organisation of an authority stands fast; rights follow from it.",
			    item_name(set, item));
		return error_hint(err, "Make a new authority for the other organisation.");
	}
	for (int depth = 0; above[0] != '\0'; depth++) {
		struct record parent;

		if (strcmp(above, item->id) == 0 || depth == DEPTH_MAX) {
			return rule_refuse(err, "body.parent",
					   "%s: a body cannot answer to itself, by any way round.",
					   item_name(set, item));
		}
		if (set_find(set, above, &parent, err) != STATUS_OK) {
			return err->status;
		}
		above = record_text(set->arena, &parent, "parent");
	}
	return STATUS_OK;
}
