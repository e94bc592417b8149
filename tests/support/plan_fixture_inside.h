/* Between the two halves of the plan fixture. */
#ifndef SAFER_TESTS_SUPPORT_PLAN_FIXTURE_INSIDE_H
#define SAFER_TESTS_SUPPORT_PLAN_FIXTURE_INSIDE_H

#include "tests/support/plan_fixture.h"

const struct kind *plan_kind_of(const char *id); /* by its prefix, or NULL */

/* Packs into plan->changes what a person typed for a field: nil for "", the text itself when it cannot be parsed. */
void plan_put_value(struct plan *plan, const struct field *field, const char *text);

#endif
