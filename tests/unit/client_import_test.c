/* Rows of a CSV file: what they change, and what is refused in which words. */
#include "client/import.h"
#include "tests/unit/client_every_type.h"

static enum status read_rows(struct arena *arena, const char *csv, struct import_row **rows, size_t *count,
			     struct error *err)
{
	struct sheet *sheet = arena_alloc(arena, sizeof(*sheet));
	enum status status;

	assert_non_null(sheet);
	status =
		sheet_read(arena, "action.csv", (struct span){(const uint8_t *)csv, strlen(csv)}, sheet, err);
	return status == STATUS_OK ? import_read(arena, &every_schema, every_action, sheet, rows, count, err)
				   : status;
}

/* ---- what a file may not hold ---- */

struct refusal_row {
	const char *name;
	const char *csv;
	const char *message;
	const char *hint; /* a part of it; NULL: any */
};

static const struct refusal_row refusal_rows[] = {
	{"a column that is no field", "title,progres\nx,1\n",
	 "action.csv line 1, column progres: action records have no field \"progres\"",
	 "did you mean progress?"},
	{"a choice that there is none of", "title,status\nx,lost\n",
	 "action.csv line 2, column status: status: \"lost\" is not one of on-track, off-track", NULL},
	{"a number that is too large", "title,progress\nx,1\nx,300\n",
	 "action.csv line 3, column progress: progress: 300 is too large; it is a whole number from 0 to "
	 "100%",
	 NULL},
	{"a number that is none", "progress\nmany\n",
	 "action.csv line 2, column progress: progress: \"many\" is not a number; write it as 1234", NULL},
	{"money with too many places", "cost\n1.234\n",
	 "action.csv line 2, column cost: cost: \"1.234\" has more than 2 decimal places", NULL},
	{"a day that is none", "due\n2014-02-30\n",
	 "action.csv line 2, column due: due: \"2014-02-30\" is not a date; write it as 2014-05-01", NULL},
	{"a flag that is neither yes nor no", "urgent\nperhaps\n",
	 "action.csv line 2, column urgent: urgent: it is yes or no, and nothing else", NULL},
	{"unknown where that is not allowed", "progress\n?\n",
	 "action.csv line 2, column progress: progress: \"?\" is not a number; write it as 1234", NULL},
	{"the line of a cell below a long text", "text,due\n\"a\nb\nc\",soon\n",
	 "action.csv line 4, column due: due: \"soon\" is not a date; write it as 2014-05-01", NULL},
	{"an id of another kind", "id,title\nB1,x\n",
	 "action.csv line 2, column id: \"B1\" is not the id of a record of kind action", "A12"},
	{"an id that is none", "id,title\n12,x\n",
	 "action.csv line 2, column id: \"12\" is not the id of a record of kind action", NULL},
	{"an id that is there twice", "id,title\nA1,x\nA2,y\na1,z\n",
	 "action.csv line 4, column id: A1 is in line 2 already", NULL},
	{"a revision that is no number", "id,revision,title\nA1,first,x\n",
	 "action.csv line 2, column revision: \"first\" is not a revision", NULL},
	{"a revision of nothing", "id,revision,title\n,3,x\n",
	 "action.csv line 2, column id: there is a revision 3, but no id", NULL},
};

static void refuses(void **state)
{
	const struct refusal_row *row = *state;
	struct arena *arena = arena_new();
	struct import_row *rows = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	assert_int_equal(read_rows(arena, row->csv, &rows, &count, &err), STATUS_INVALID);
	assert_string_equal(err.message, row->message);
	assert_non_null(strstr(err.hint, row->hint ? row->hint : ""));
	arena_free(arena);
}

/* ---- what a row changes ---- */

struct change_row {
	const char *name;
	const char *csv;     /* one row */
	const char *base;    /* what it was made from; NULL: a new record */
	const char *present; /* NULL: as the base */
	const char *changes; /* NULL: refused */
	const char *message, *hint;
};

#define PRESENT "title=Patrols|text=one|cost=1.50|due=2014-05-01|lead=B1|partners=B1; B2|score=4|state=open"

static const struct change_row change_rows[] = {
	{"a new record has what is filled in", "title,text,cost\nLamps,,?\n", NULL, NULL,
	 "title=Lamps|cost=?", NULL, NULL},
	{"a new record may say the state that it begins in", "title,state\nLamps,open\n", NULL, NULL,
	 "title=Lamps", NULL, NULL},
	{"a new record begins in no other state", "title,state\nLamps,closed\n", NULL, NULL, NULL,
	 "action.csv line 2, column state: \"closed\" cannot be imported: a new record begins as open",
	 "safer action close ID"},
	{"a new record cannot have what the server sets", "title,score\nLamps,4\n", NULL, NULL, NULL,
	 "action.csv line 2, column score: \"4\" cannot be imported: a new record has no score yet",
	 "only the server sets score"},
	{"what is the same changes nothing",
	 "id,title,text,cost,due,lead,partners,score,state\nA1,Patrols,one,1.50,2014-05-01,B1,B1; "
	 "B2,4,open\n",
	 PRESENT, NULL, "", NULL, NULL},
	{"another way of writing the same changes nothing",
	 "id,cost,lead,partners\nA1,\xc2\xa3"
	 "1.5,b1,\"B1,B2\"\n",
	 PRESENT, NULL, "", NULL, NULL},
	{"a cell that differs is a change", "id,title,text\nA1,Patrols,two\n", PRESENT, NULL, "text=two",
	 NULL, NULL},
	{"an emptied cell clears", "id,title,text,cost\nA1,Patrols,,\n", PRESENT, NULL, "text=|cost=", NULL,
	 NULL},
	{"a column that is not there changes nothing", "id,title\nA1,Lamps\n", PRESENT, NULL, "title=Lamps",
	 NULL, NULL},
	{"what is needed cannot be emptied", "id,title\nA1,\n", PRESENT, NULL, NULL,
	 "action.csv line 2, column title: the cell is empty, and the field cannot be", NULL},
	{"what is needed but not shown may stay empty", "id,title,text\nA1,,two\n", "text=one", NULL,
	 "text=two", NULL, NULL},
	{"what others changed since is left alone", "id,revision,text,cost\nA1,1,one,9.00\n",
	 "text=one|cost=1.50", "text=theirs|cost=1.50", "cost=9.00", NULL, NULL},
	{"what others set to the same is no change", "id,revision,text\nA1,1,two\n", "text=one", "text=two",
	 "", NULL, NULL},
	{"what collides is sent, for the server to judge", "id,revision,text\nA1,1,mine\n", "text=one",
	 "text=theirs", "text=mine", NULL, NULL},
	{"titles may stand for ids", "id,lead,partners\nA1,The board,\"The board; Fire, and rescue\"\n",
	 PRESENT, NULL, "lead=The board|partners=The board; Fire, and rescue", NULL, NULL},
	{"one title with a comma in it", "id,partners\nA1,\"Fire, and rescue\"\n", PRESENT, NULL,
	 "partners=Fire, and rescue", NULL, NULL},
	{"the state is moved by its verb", "id,state\nA1,closed\n", PRESENT, NULL, NULL,
	 "action.csv line 2, column state: \"closed\" cannot be imported: A1 is \"open\"",
	 "safer action close A1"},
	{"a state that was moved since may stay in the file", "id,revision,state\nA1,1,open\n", "state=open",
	 "state=closed", "", NULL, NULL},
	{"what the server sets cannot be changed", "id,score\nA1,5\n", PRESENT, NULL, NULL,
	 "action.csv line 2, column score: \"5\" cannot be imported: A1 has \"4\"", "leave the column out"},
	{"what the server sets may be left empty", "id,score,state\nA1,,\n", PRESENT, NULL, "", NULL, NULL},
};

static void changes(void **state)
{
	const struct change_row *row = *state;
	struct arena *arena = arena_new();
	const msgpack_object *base = row->base ? every_record(arena, row->base) : NULL;
	const msgpack_object *present = row->present ? every_record(arena, row->present) : base;
	const msgpack_object *values[EVERY_COUNT] = {NULL};
	struct changeset_field *fields = NULL;
	struct import_row *rows = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;
	enum status status = read_rows(arena, row->csv, &rows, &count, &err);

	assert_string_equal(err.message, "");
	assert_int_equal(status, STATUS_OK);
	assert_int_equal(count, 1);
	status = import_compare(arena, &rows[0], base, present, &fields, &count, &err);
	if (!row->changes) {
		assert_int_equal(status, STATUS_INVALID);
		assert_string_equal(err.message, row->message);
		assert_non_null(strstr(err.hint, row->hint ? row->hint : ""));
	} else {
		assert_string_equal(err.message, "");
		assert_int_equal(status, STATUS_OK);
		for (size_t i = 0; i < count; i++) {
			values[kind_field(every_action, fields[i].name, strlen(fields[i].name)) -
			       every_fields] = fields[i].value;
		}
		assert_string_equal(every_text(arena, values), row->changes);
	}
	arena_free(arena);
}

static void rows_keep_their_ids_revisions_and_lines(void **state)
{
	struct arena *arena = arena_new();
	struct import_row *rows = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(read_rows(arena, "id,revision,title\na7,12,x\n\n,,y\n", &rows, &count, NULL),
			 STATUS_OK);
	assert_int_equal(count, 2);
	assert_string_equal(rows[0].id, "A7");
	assert_int_equal(rows[0].revision, 12);
	assert_int_equal(rows[0].line, 2);
	assert_string_equal(rows[1].id, "");
	assert_int_equal(rows[1].revision, 0);
	assert_int_equal(rows[1].line, 4);
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, refusal_rows, refuses);
	rows_add_table(&rows, change_rows, changes);
	rows_add(&rows, "rows keep their ids, revisions and lines", rows_keep_their_ids_revisions_and_lines,
		 NULL);
	return rows_run(&rows, "import");
}
