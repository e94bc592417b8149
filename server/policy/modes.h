/* The modes: who may see a field, who may edit it. Few and named; every row of the schema names two of them. */
#ifndef SAFER_SERVER_POLICY_MODES_H
#define SAFER_SERVER_POLICY_MODES_H

#include <stddef.h>

struct mode_row {
	const char *name;
	unsigned any;     /* roles that are always in */
	unsigned own;     /* roles that are in for records of a body that they speak for */
	const char *help; /* who that is, for a councillor */
};

extern const struct mode_row mode_rows[];
extern const size_t mode_row_count;

const struct mode_row *mode_find(const char *name); /* NULL: none of that name */

#endif
