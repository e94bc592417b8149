/* What the law asks of a partnership each year, as far as its records show whether it was done, and the figures that its
 * indicators are waiting for. Told to whoever may do something about it. */
#include "server/report/needs.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/query.h"

#include <stdlib.h>
#include <string.h>

#define NOTICE_DAYS 90 /* a duty of the year is told of from about New Year on */

/* A duty is done when a record of a kind is there for the year, in one of the states. */
static const struct duty {
	const char *kind;
	const char *when; /* its field with the year, or with a date in it */
	bool next;        /* it is about the year after the one in which it is to be done */
	const char *states;
	const char *field, *value; /* what else marks it; NULL */
	const char *verbs;         /* who may do one of these is told */
	const char *name, *what;
} duties[] = {
	{"plan", "year", true, "adopted superseded", "level", "partnership", "create adopt",
	 "The partnership plan",
	 "is to be revised and adopted before the year begins (SI 2007/1830, reg. 10)"},
	{"assessment", "year", false, "agreed", NULL, NULL, "create agree", "The strategic assessment",
	 "is to be made and agreed within the year (SI 2007/1830, reg. 5)"},
	{"meeting", "date", false, "held", "type", "public", "create", "A public meeting",
	 "is to be held within the year (SI 2007/1830, reg. 12)"},
};

/* The roles that somebody has for any body of theirs are enough: whose the record will be is not settled yet. */
static enum status may_do(const struct needs *needs, const struct kind *kind, const char *verbs, bool *out,
			  struct error *err)
{
	size_t length = 0;

	*out = false;
	for (const char *verb = words_next(verbs, &length); verb != NULL && !*out;
	     verb = words_next(verb + length, &length)) {
		const struct transition *step = kind_transition(kind, verb, length);
		size_t state_length = 0;
		const char *state = words_next(step != NULL ? step->from : kind->states, &state_length);
		struct standing standing = {.owner = "", .marking = ""};
		struct verdict verdict;

		standing.state = state != NULL ? arena_text(needs->arena, state, state_length) : "";
		if (standing.state == NULL) {
			return error_memory(err);
		}
		policy_verb(needs->session, kind, &standing, verb, length, &verdict);
		*out = verdict.allowed;
	}
	return STATUS_OK;
}

static bool falls_in(struct needs *needs, const struct record *record, const char *field,
		     const struct period *year)
{
	const char *text = record_text(needs->arena, record, field);
	struct period period;
	day_t day = 0;

	if (date_parse(text, strlen(text), &day)) {
		return day >= year->first && day <= year->last;
	}
	return period_parse(text, strlen(text), &period) && period.first == year->first &&
	       period.last == year->last;
}

static bool is_for(struct needs *needs, const struct record *record, const struct duty *duty,
		   const struct period *year)
{
	return (duty->field == NULL ||
		strcmp(record_text(needs->arena, record, duty->field), duty->value) == 0) &&
	       falls_in(needs, record, duty->when, year);
}

/* What to type: look at the one that is on its way, or make one. NULL without memory. */
static const char *next_step(struct needs *needs, const struct kind *kind, const struct record *begun,
			     const char *year)
{
	struct error ignored = ERROR_INIT;
	bool may = false;

	if (begun != NULL) {
		return arena_printf(needs->arena, "safer %s show %s", kind->name, begun->id);
	}
	if (may_do(needs, kind, "create", &may, &ignored) != STATUS_OK) {
		return NULL;
	}
	if (!may) {
		return arena_printf(needs->arena, "safer %s list", kind->name);
	}
	return kind_field(kind, "year", 4) != NULL
		       ? arena_printf(needs->arena, "safer %s add year=%s ...", kind->name, year)
		       : arena_printf(needs->arena, "safer %s add ...", kind->name);
}

static enum status add_duty(struct needs *needs, const struct kind *kind, const struct duty *duty,
			    const struct record *begun, const struct period *year, day_t by,
			    struct error *err)
{
	struct arena *arena = needs->arena;
	char year_text[PERIOD_TEXT];
	char date[DATE_TEXT];
	day_t late = needs->session->today - by;

	period_format(year, year_text);
	date_format(by, date);
	return needs_add(needs,
			 &(struct need){
				 .sort = "duty",
				 .id = begun != NULL ? begun->id : "",
				 .title = arena_printf(arena, "%s of %s", duty->name, year_text),
				 .what = late > 0 ? arena_printf(arena, "%s: %d day%s late", duty->what, late,
								 late == 1 ? "" : "s")
						  : duty->what,
				 .since = "",
				 .by = arena_text(arena, date, strlen(date)),
				 .next = next_step(needs, kind, begun, year_text),
			 },
			 err);
}

/* One year of a duty: told when it is near or late, and no record shows it done. */
static enum status look_at(struct needs *needs, const struct kind *kind, const struct duty *duty,
			   const struct found *found, const struct period *year, day_t by, struct error *err)
{
	const struct record *begun = NULL;

	if (needs->session->today < by - NOTICE_DAYS) {
		return STATUS_OK;
	}
	for (size_t i = 0; i < found->count; i++) {
		const struct record *record = &found->records[i];
		const char *state = record_text(needs->arena, record, "state");

		if (is_for(needs, record, duty, year)) {
			if (words_have(duty->states, state, strlen(state))) {
				return STATUS_OK;
			}
			begun = record;
		}
	}
	return add_duty(needs, kind, duty, begun, year, by, err);
}

enum status needs_find_duties(struct needs *needs, struct error *err)
{
	struct period this_year = year_of_day(needs->session->today);
	struct period next_year = year_of_day(this_year.last + 1);

	for (size_t i = 0; i < sizeof(duties) / sizeof(duties[0]); i++) {
		const struct duty *duty = &duties[i];
		struct query query = {
			.kind = schema_kind(needs->context->schema, duty->kind, strlen(duty->kind)),
			.entry = -1,
		};
		struct found found;
		bool may = false;

		if (may_do(needs, query.kind, duty->verbs, &may, err) != STATUS_OK) {
			return err->status;
		}
		if (!may) {
			continue;
		}
		if (query_many(&needs->visibility, &query, &found, err) != STATUS_OK ||
		    look_at(needs, query.kind, duty, &found, duty->next ? &next_year : &this_year,
			    this_year.last, err) != STATUS_OK ||
		    (duty->next && look_at(needs, query.kind, duty, &found, &this_year, this_year.first - 1,
					   err) != STATUS_OK)) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* ---- figures ---- */

/* The newest period of an indicator that is over, and whether a figure for it is there. */
struct series {
	const struct record *indicator;
	struct period period;
	char text[PERIOD_TEXT];
	bool wanted, there;
};

static enum period_kind kind_of(struct needs *needs, const struct record *indicator)
{
	const char *frequency = record_text(needs->arena, indicator, "frequency");

	return strcmp(frequency, "year") == 0      ? PERIOD_YEAR
	       : strcmp(frequency, "quarter") == 0 ? PERIOD_QUARTER
						   : PERIOD_MONTH;
}

static bool read_period(struct needs *needs, const struct record *record, const char *field,
			struct period *out)
{
	const char *text = record_text(needs->arena, record, field);

	return period_parse(text, strlen(text), out);
}

/* Measuring begins after the baseline and ends with the target. */
static struct series series_of(struct needs *needs, const struct record *indicator)
{
	struct series series = {.indicator = indicator};
	struct standing standing = {
		.owner = record_text(needs->arena, indicator, "owner"), .state = "", .marking = ""};
	const struct kind *kind = schema_kind(needs->context->schema, "observation", strlen("observation"));
	struct period bound;
	struct verdict verdict;

	series.period = period_of_day(kind_of(needs, indicator), needs->session->today);
	series.period = period_of_day(series.period.kind, series.period.first - 1);
	period_format(&series.period, series.text);
	policy_verb(needs->session, kind, &standing, "create", strlen("create"), &verdict);
	series.wanted = verdict.allowed && (!read_period(needs, indicator, "baseline_period", &bound) ||
					    series.period.first > bound.last);
	if (read_period(needs, indicator, "target_period", &bound) && series.period.first > bound.last) {
		series.wanted = false;
	}
	return series;
}

static int by_number(const void *a, const void *b)
{
	const int64_t *number = a;
	const struct series *series = b;

	return *number < series->indicator->row.number ? -1 : *number > series->indicator->row.number;
}

enum status needs_find_figures(struct needs *needs, struct error *err)
{
	const struct schema *schema = needs->context->schema;
	struct query indicators = {.kind = schema_kind(schema, "indicator", strlen("indicator")),
				   .entry = -1};
	struct query observations = {.kind = schema_kind(schema, "observation", strlen("observation")),
				     .entry = -1};
	struct series *all = NULL;
	struct found found;
	struct found figures;
	bool may = false;

	if (may_do(needs, observations.kind, "create", &may, err) != STATUS_OK) {
		return err->status;
	}
	if (!may && needs->session->owned_count == 0) {
		return STATUS_OK;
	}
	if (query_many(&needs->visibility, &indicators, &found, err) != STATUS_OK) {
		return err->status;
	}
	if (found.count == 0) {
		return STATUS_OK;
	}
	if (query_many(&needs->visibility, &observations, &figures, err) != STATUS_OK) {
		return err->status;
	}
	all = arena_array(needs->arena, found.count, sizeof(*all));
	if (all == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < found.count; i++) {
		all[i] = series_of(needs, &found.records[i]);
	}
	for (size_t i = 0; i < figures.count; i++) {
		struct span id = codec_get_text(figures.records[i].fields, "indicator");
		struct series *series = NULL;
		struct id parsed;

		if (id_parse((const char *)id.data, id.length, &parsed)) {
			series = bsearch(&parsed.number, all, found.count, sizeof(*all), by_number);
		}
		if (series != NULL &&
		    codec_text_is(codec_get(figures.records[i].fields, "period"), series->text)) {
			series->there = true;
		}
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct series *series = &all[i];
		bool guarded = false;

		if (!series->wanted || series->there) {
			continue;
		}
		if (needs_guarded(needs, series->indicator, &guarded, err) != STATUS_OK ||
		    needs_add(needs,
			      &(struct need){
				      .sort = "figure",
				      .id = series->indicator->id,
				      .title = needs_title(needs, series->indicator),
				      .what = arena_printf(needs->arena, "lacks its figure for %s",
							   series->text),
				      .since = needs_date(needs, time_of_day(series->period.last + 1)),
				      .by = "",
				      .next = arena_printf(
					      needs->arena,
					      "safer observation add indicator=%s period=\"%s\" value=... "
					      "owner=%s",
					      series->indicator->id, series->text,
					      record_text(needs->arena, series->indicator, "owner")),
				      .guarded = guarded,
			      },
			      err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}
