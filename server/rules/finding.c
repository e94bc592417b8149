/* A finding: part of its assessment, and fixed with it once the board has it. */
#include "server/rules/rules.h"

enum status rule_finding(struct change_set *set, struct item *item, struct error *err)
{
	return rule_part_of(set, item, "assessment", "draft", "finding.assessment-draft", err);
}
