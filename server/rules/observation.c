/* An observation: of the indicator's own frequency, named by indicator and period so that each is there once. */
#include "server/rules/rules.h"

#include "common/calendar.h"

#include <string.h>

static const struct {
	const char *frequency;
	enum period_kind period;
} frequencies[] = {{"year", PERIOD_YEAR}, {"quarter", PERIOD_QUARTER}, {"month", PERIOD_MONTH}};

enum status rule_observation(struct change_set *set, struct item *item, struct error *err)
{
	const char *indicator_id = item_text(set, item, "indicator");
	const char *period_text = item_text(set, item, "period");
	struct record indicator;
	struct period period;
	const char *frequency = NULL;
	const char *title = NULL;

	if (indicator_id[0] == '\0' || !period_parse(period_text, strlen(period_text), &period)) {
		return STATUS_OK; /* the required fields are complained of by the engine */
	}
	if (set_find(set, indicator_id, &indicator, err) != STATUS_OK) {
		return err->status;
	}
	frequency = record_text(set->arena, &indicator, "frequency");
	for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
		if (strcmp(frequencies[i].frequency, frequency) == 0 &&
		    frequencies[i].period != period.kind) {
			return rule_refuse(err, "observation.period",
					   "%s is measured by the %s, and \"%s\" is not one.", indicator_id,
					   frequency, period_text);
		}
	}
	title = arena_printf(set->arena, "%s, %s", record_text(set->arena, &indicator, "name"), period_text);
	return title != NULL ? item_set_text(set, item, "title", title, err) : error_memory(err);
}
