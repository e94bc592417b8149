/* When a certificate is due for renewal: in the last third of its life. */
#include "tests/unit/rows.h"

#include "client/renewal.h"

#define DAY (INT64_C(86400) * 1000000)

struct due_row {
	const char *name;
	int64_t from, to, now; /* days */
	bool due;
};

static const struct due_row due_rows[] = {
	{"a new certificate is not renewed", 0, 90, 0, false},
	{"nor one in the second third of its life", 0, 90, 59, false},
	{"one in the last third is", 0, 90, 60, true},
	{"one at its end is", 0, 90, 90, true},
	{"one that is over is tried all the same", 0, 90, 100, true},
	{"one that is not valid yet is not", 10, 100, 5, false},
	{"one that ends before it begins is nonsense", 90, 0, 95, false},
};

static void due(void **state)
{
	const struct due_row *row = *state;

	assert_int_equal(renewal_due(row->from * DAY, row->to * DAY, row->now * DAY), row->due);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, due_rows, due);
	return rows_run(&rows, "renewal");
}
