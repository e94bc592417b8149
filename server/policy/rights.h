/* The rights: which role may do what with a record of a kind, in a state, of an owner. Default deny: what no row
 * allows is refused. */
#ifndef SAFER_SERVER_POLICY_RIGHTS_H
#define SAFER_SERVER_POLICY_RIGHTS_H

#include <stddef.h>

enum relation {
	RELATION_ANY, /* whoever owns the record */
	RELATION_OWN, /* only records of a body that the post speaks for */
};

struct right_row {
	const char *rule;   /* its name, shown with every verdict */
	const char *kinds;  /* words */
	const char *states; /* words; "" any */
	unsigned roles;
	enum relation relation;
	const char *verbs; /* words: see create edit remove, and the kind's transitions */
};

extern const struct right_row right_rows[];
extern const size_t right_row_count;

/* Who may see a record of a marking at all, beside what right_rows say. */
struct marking_row {
	const char *marking;
	unsigned any, own; /* roles, as in a mode */
	const char *help;
};
extern const struct marking_row marking_rows[];
extern const size_t marking_row_count;

/* A record is hidden from whom its parent is hidden from: a child may narrow its parent's rights, never widen them. */
struct parent_row {
	const char *kind;
	const char *field; /* the reference to the parent */
};
extern const struct parent_row parent_rows[];
extern const size_t parent_row_count;

#endif
