/* A small partnership on top of the server fixture: a board, an operational group, three authorities with their
 * organisations, an analysis unit, a scrutiny committee, an audit and an administration, with a person in each post.
 * And change-sets written as text, so that a test reads like what a person would type.
 *
 *	static void an_officer_moves_the_date_of_an_action(void **state)
 *	{
 *		struct plan *plan = *state;
 *
 *		plan_action(plan, "title=Patrols|due=2014-09-30");
 *		plan_edit(plan, "A1", NOW, "due=2014-10-31");
 *		plan->reason = "the vans came late";
 *		plan_send(plan, POLICE);
 *		plan_expect(plan, STATUS_OK, NULL);
 *		assert_string_equal(plan_value(plan, CHAIR, "A1", "due"), "2014-10-31");
 *	}
 *
 * A row of a table comes in as initial_state and is found in plan->row. */
#ifndef SAFER_TESTS_SUPPORT_PLAN_FIXTURE_H
#define SAFER_TESTS_SUPPORT_PLAN_FIXTURE_H

#include "tests/support/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Everybody is PE<who>; what they hold is in the table of plan_fixture.c. */
enum who {
	NOBODY,               /* the server itself; never asks */
	ADMINISTRATOR,        /* PE1, of B1 */
	CHAIR,                /* PE2, chair of the board B2 */
	SECRETARY,            /* PE3, secretary of the board */
	MEMBER,               /* PE4, member of the board for the police O1 */
	POLICE,               /* PE5, of the operational group B3 for the police O1, whose authority is B4 */
	PROBATION,            /* PE6, of the operational group for probation O2, whose authority is B5 */
	COUNCIL,              /* PE7, of the operational group for the council O3, whose authority is B6 */
	REPRESENTATIVE,       /* PE8, of the police's authority B4, and of nothing else */
	ANALYST,              /* PE9, of the analysis unit B8 */
	SCRUTINY,             /* PE10, member of the scrutiny committee B7 for the council O3 */
	AUDITOR,              /* PE11, of the audit B9 */
	OUTSIDER,             /* PE12, in the directory without a post */
	SECOND_ADMINISTRATOR, /* PE13, of B1 */
	WHO_COUNT
};

#define NOW            0  /* a base: the revision that stands */
#define NO_BASE        -1 /* a base that is not said */

#define PLAN_ITEMS_MAX 4096

struct plan {
	struct server_fixture *server;
	const void *row;     /* of the test's table */
	struct views *views; /* what feeds have kept */

	/* For the next plan_send(); it forgets them. */
	const char *reason; /* NULL: none */
	bool dry_run;
	const uint8_t *request; /* 16 bytes; NULL: new ones */

	struct fixture_device *devices[WHO_COUNT]; /* enrolled when they first ask */
	struct buffer changes;                     /* being built */
	size_t changes_header;
	size_t change_count;
	uint64_t requests; /* how many ids were drawn */
	uint8_t last_request[16];
};

int plan_setup(void **state);
int plan_teardown(void **state);

struct fixture_device *plan_device(struct plan *plan, enum who who);

/* ---- change-sets: items, then plan_send. Fields are "name=value|name=value"; a value is what a person would type,
 * "" clears. A name that the kind does not have, and a value that cannot be parsed, travel as text. ---- */
void plan_create(struct plan *plan, const char *kind, const char *ref, const char *fields);
void plan_edit(struct plan *plan, const char *id, int64_t base, const char *fields);
void plan_remove(struct plan *plan, const char *id, int64_t base);
void plan_do(struct plan *plan, const char *verb, const char *id, int64_t base, const char *fields);
void plan_item(struct plan *plan, struct span packed); /* any item */
enum status plan_send(struct plan *plan, enum who who);

/* One item alone. plan_make fails the test unless it is created, and answers its id. */
const char *plan_make(struct plan *plan, enum who who, const char *kind, const char *fields);
enum status plan_change(struct plan *plan, enum who who, const char *verb, const char *id,
			const char *fields);
/* plan_change that has to succeed. */
void plan_must(struct plan *plan, enum who who, const char *verb, const char *id, const char *fields);

/* Records that tests stand on, made and moved on by whoever may; each answers its id. */
const char *plan_priority(struct plan *plan, const char *state); /* draft, submitted, adopted, closed */
const char *plan_action(struct plan *plan, const char *fields);  /* of P1, the police's B4, by POLICE */
const char *plan_indicator(struct plan *plan, const char *name);
/* A record of a kind in a state, for tables. Everything that it refers to is made as well. */
const char *plan_standing(struct plan *plan, const char *kind, const char *state);

/* Fails unless the last call ended like this; rule NULL: not looked at. */
#define plan_expect(plan, status, rule) plan_assert((plan), (status), (rule), __FILE__, __LINE__)
void plan_assert(const struct plan *plan, enum status status, const char *rule, const char *file, int line);

/* ---- reading ---- */
enum status plan_read(struct plan *plan, enum who who, const char *id, const char *as_of);
/* A field of a record as a person reads it; "-" when it is absent, "(hidden)" when the record is not shown. */
const char *plan_value(struct plan *plan, enum who who, const char *id, const char *field);
const char *plan_value_as_of(struct plan *plan, enum who who, const char *id, const char *field,
			     const char *as_of);
int64_t plan_revision(struct plan *plan, const char *id); /* the one that stands; 0: never there */
int64_t plan_newest(struct plan *plan);                   /* the number of the newest journal entry */

struct plan_query { /* for list; NULL and 0: left out */
	const char *kind;
	const char *where; /* "field is value|field known" */
	const char *sort, *as_of, *under;
	int64_t limit, offset, after;
};
enum status plan_list(struct plan *plan, enum who who, const struct plan_query *query);
const char *plan_ids(struct plan *plan); /* of the last list, "A1 A3" */

/* Any method with texts: name and value in turn, NULL-ended. */
enum status plan_ask(struct plan *plan, enum who who, enum method method, fixture_handler handler, ...);
enum status plan_ask_entry(struct plan *plan, enum who who, int64_t entry); /* journal.show */

/* Everything that the last call would send: the reply, or the error with its details. */
struct span plan_sent(struct plan *plan);
bool plan_sent_has(struct plan *plan, const char *text);

/* What a watcher is told after `since`, in short: "3 A1 edit title due; 4 A1 lost; 5 resync". `raw` may be NULL;
 * otherwise it gets the bytes, in the fixture's arena. */
struct plan_watch {
	const char *kind, *id, *owner, *under; /* NULL: any */
	int64_t since;
};
const char *plan_feed(struct plan *plan, enum who who, const struct plan_watch *watch, struct span *raw,
		      int64_t *reached, bool *more);

/* ---- tables: every row becomes a test under the sentence that its `name` is ---- */
#define PLAN_ROWS_MAX 400

struct plan_rows {
	struct CMUnitTest tests[PLAN_ROWS_MAX];
	size_t count;
};

void plan_rows_add(struct plan_rows *rows, const char *name, CMUnitTestFunction run, const void *row);
int plan_rows_run(struct plan_rows *rows, const char *group, const struct CMUnitTest *others, size_t count);

#define plan_rows_table(rows, table, run)                                                  \
	do {                                                                               \
		for (size_t row_ = 0; row_ < sizeof(table) / sizeof((table)[0]); row_++) { \
			plan_rows_add((rows), (table)[row_].name, (run), &(table)[row_]);  \
		}                                                                          \
	} while (0)

#endif
