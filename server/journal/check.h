/* Between check.c (a partnership: its leaves, tree, head, records) and check_version.c (one revision). */
#ifndef SAFER_SERVER_JOURNAL_CHECK_H
#define SAFER_SERVER_JOURNAL_CHECK_H

#include "server/journal/leaf.h"
#include "server/journal/tree.h"

struct check {
	struct store *store;
	EVP_PKEY *verifier;
	const struct schema *schema; /* NULL: conflict groups and titles are not checked */
	void (*complain)(void *payload, const char *problem);
	void *payload;
	struct journal_report *report;

	struct partnership partnership; /* at the moment */
	struct edge edge;               /* of the leaves seen so far */
	int64_t versions;               /* of the partnership seen so far */
	int64_t created;                /* those that are a first revision */
	int64_t records;                /* present records seen so far */

	/* While the leaf of one entry is looked at: */
	struct arena *arena;
	const struct leaf_row *row;
	const struct leaf *leaf;
	size_t place;          /* how many of its changes were matched with a version */
	struct buffer scratch; /* for packing again */
	bool starved; /* something could not be looked at for want of memory: no problem found is to be trusted */
};

/* Counts a problem, keeps the first, and tells the caller of the check. */
void check_problem(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was found wrong in the rows is a problem, and the check goes on: STATUS_OK. Anything else (memory, the disk)
 * ends it and is returned. */
enum status check_goes_on(struct check *check, enum status status, const struct error *err);

/* A record_visitor for the versions of the entry that check->leaf is of; payload is the check. */
enum status check_version(void *payload, const struct record_row *row, struct error *err);

/* A record_visitor for the present records of a partnership. */
enum status check_record(void *payload, const struct record_row *row, struct error *err);

#endif
