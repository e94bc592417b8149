/* What needs a person now, and why, by when, and what to type next: one list for `status`, `inbox` and the daily digest.
 *
 * It is gathered under the person's own rights, from records that they see. Each source of it has a file: steps that wait
 * and dates that come (needs.c), calls upon them in comments (needs_mentions.c), duties of law and figures
 * (needs_duties.c). */
#ifndef SAFER_SERVER_REPORT_NEEDS_H
#define SAFER_SERVER_REPORT_NEEDS_H

#include "server/records/visible.h"
#include "server/request.h"

struct need {
	const char *sort;  /* mention, referral, approval, action, milestone, review, duty, figure */
	const char *id;    /* of the record that it is about; "" a record that is not there yet */
	const char *title; /* of that record */
	const char *what;  /* why it is in the list, to be read after the title */
	const char *since; /* the date since which it waits, or "" */
	const char *by;    /* the date that it is needed by, or "" */
	const char *next;  /* a command to type */
	bool guarded;      /* what it is about is marked: its words do not leave the server by mail */
	size_t place;      /* in which it was found: by sort, kind and number */
};

struct needs {
	struct context *context;
	struct arena *arena;
	const struct session *session;
	struct visibility visibility;
	struct need *list; /* most urgent first: by the day that it is needed by, or since which it waits */
	size_t count, capacity;
};

/* All of it. */
enum status needs_gather(struct context *context, struct arena *arena, const struct session *session,
			 struct needs *out, struct error *err);

/* The first `most` of them as a list of maps. */
void needs_put(const struct needs *needs, size_t most, struct buffer *out);

/* Puts the map of kind to the number of its records that the person may see. */
enum status needs_put_counts(struct request *request, struct buffer *out, struct error *err);

/* ---- for the sources ---- */

/* Everything in it lives in the arena; NULL anywhere is for want of memory. */
enum status needs_add(struct needs *needs, const struct need *need, struct error *err);
const char *needs_date(struct needs *needs, int64_t time); /* its day */
/* The title of a record, as far as the person sees it. */
const char *needs_title(struct needs *needs, const struct record *record);

/* Whether a record, or one that it stands under, is marked restricted or exempt. */
enum status needs_guarded(struct needs *needs, const struct record *record, bool *out, struct error *err);

enum status needs_find_mentions(struct needs *needs, struct error *err);
enum status needs_find_duties(struct needs *needs, struct error *err);
enum status needs_find_figures(struct needs *needs, struct error *err);

#endif
