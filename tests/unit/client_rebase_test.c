/* Which fields of a form stand, which give way and which collide when the record moved on. */
#include "client/rebase.h"
#include "tests/unit/client_every_type.h"

struct fate_row {
	const char *name;
	const char *base, *mine, *theirs;
	const char *take;     /* names of the fields that others changed and that are taken, words */
	const char *collides; /* and of those that collide */
};

static const struct fate_row fate_rows[] = {
	{"nothing moved", "title=x", "title=x", "title=x", "", ""},
	{"only mine", "title=x", "title=y", "title=x", "", ""},
	{"only theirs", "title=x", "title=x", "title=y", "title", ""},
	{"mine and theirs apart", "title=x|text=a", "title=y|text=a", "title=x|text=b", "text", ""},
	{"one field, two values", "title=x", "title=y", "title=z", "", "title"},
	{"one field, the same value", "title=x", "title=y", "title=y", "", ""},
	{"I cleared what they changed", "text=a", "", "text=b", "", "text"},
	{"they cleared what I changed", "text=a", "text=b", "", "", "text"},
	{"they cleared what I left alone", "text=a", "text=a", "", "text", ""},
	{"two fields of one group", "start=2014-01-01|due=2014-02-01", "start=2014-01-09|due=2014-02-01",
	 "start=2014-01-01|due=2014-02-09", "", "start due"},
	{"a group that they alone changed", "start=2014-01-01|due=2014-02-01",
	 "start=2014-01-01|due=2014-02-01", "start=2014-01-05|due=2014-02-09", "start due", ""},
	{"a group in which both did the same", "due=2014-02-01", "due=2014-02-09", "due=2014-02-09", "", ""},
};

static void has_fates(void **state)
{
	const struct fate_row *row = *state;
	struct arena *arena = arena_new();
	enum rebase_fate fates[EVERY_COUNT] = {REBASE_KEEP};

	rebase_fates(every_action, every_record(arena, row->base), every_values(arena, row->mine),
		     every_record(arena, row->theirs), fates);
	for (size_t i = 0; i < EVERY_COUNT; i++) {
		const char *name = every_fields[i].name;
		enum rebase_fate expected = words_have(row->take, name, strlen(name))       ? REBASE_TAKE
					    : words_have(row->collides, name, strlen(name)) ? REBASE_COLLIDES
											    : REBASE_KEEP;

		assert_int_equal(fates[i], expected);
	}
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, fate_rows, has_fates);
	return rows_run(&rows, "rebase");
}
