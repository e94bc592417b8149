/* Forms: what is written is read back, what a person typed wrongly is told, and notes never touch their text. */
#include "client/form.h"
#include "tests/unit/client_every_type.h"

static const char *write_form(struct arena *arena, const char *record)
{
	enum form_standing standings[EVERY_COUNT] = {FORM_OPEN};
	struct buffer out;
	const char *text;

	standings[EVERY_COUNT - 2] = FORM_HIDDEN;
	standings[EVERY_COUNT - 1] = FORM_LOCKED;
	buffer_init(&out, 65536);
	form_write(arena, &out, every_action, "action A1, revision 3", every_record(arena, record), NULL,
		   standings);
	assert_false(out.failed);
	text = arena_text(arena, (const char *)out.data, out.length);
	buffer_release(&out);
	return text;
}

/* ---- round trips ---- */

struct trip_row {
	const char *name;
	const char *record;
	const char *shown; /* a part of the form */
};

static const struct trip_row trip_rows[] = {
	{"a line", "title=Street lighting: phase 2", "\ntitle: Street lighting: phase 2\n"},
	{"a line that begins like a comment", "title=# not a comment", "\ntitle: # not a comment\n"},
	{"a line that looks like the sign of a block", "title=x|text=y", "\ntext: y\n"},
	{"a text of several lines", "text=one\ntwo\nthree", "\ntext: |\n  one\n  two\n  three\n"},
	{"a text with empty lines", "text=one\n\n\ntwo", "\ntext: |\n  one\n\n\n  two\n"},
	{"a text with indented lines", "text=one\n  two\n\tthree\n four",
	 "\ntext: |\n  one\n    two\n  \tthree\n   four\n"},
	{"a text with lines like comments and fields", "text=one\n# two\ndue: soon",
	 "\ntext: |\n  one\n  # two\n  due: soon\n"},
	{"a whole number", "progress=60", "\nprogress: 60\n"},
	{"money", "cost=1234.50", "\ncost: 1234.50\n"},
	{"what is not known", "cost=?", "\ncost: ?\n"},
	{"a date", "due=2014-05-01", "\ndue: 2014-05-01\n"},
	{"a period", "year=2014/15 Q2", "\nyear: 2014/15 Q2\n"},
	{"a choice", "status=off-track", "\nstatus: off-track\n"},
	{"a flag", "urgent=no", "\nurgent: no\n"},
	{"a reference", "lead=B2", "\nlead: B2\n"},
	{"a list of references", "partners=B2; B1", "\npartners: B2; B1\n"},
	{"what nobody filled in", "title=x", "\ndue:\n"},
};

static void comes_back(void **state)
{
	const struct trip_row *row = *state;
	struct arena *arena = arena_new();
	const char *form = write_form(arena, row->record);
	const msgpack_object *record = every_record(arena, row->record);
	const msgpack_object *values[EVERY_COUNT] = {NULL};
	struct error err = ERROR_INIT;
	bool given[EVERY_COUNT] = {false};

	/* A title is needed; one that is not part of the row is cleared again for the comparison. */
	if (!codec_get(record, "title")) {
		form = form_replace(arena, every_action, form, &every_fields[0], "x");
	}
	assert_non_null(strstr(form, row->shown));
	assert_int_equal(form_read(arena, &every_schema, every_action, form, values, given, &err), STATUS_OK);
	for (size_t i = 1; i < EVERY_COUNT; i++) {
		assert_int_equal(given[i], i < EVERY_COUNT - 2);
		assert_true(codec_same(values[i], codec_get(record, every_fields[i].name)));
	}
	arena_free(arena);
}

static void a_bar_alone_is_a_value_too(void **state)
{
	struct arena *arena = arena_new();
	const char *form = form_replace(arena, every_action, "", &every_fields[0], "|");
	const msgpack_object *values[EVERY_COUNT] = {NULL};
	bool given[EVERY_COUNT] = {false};

	(void)state;
	assert_string_equal(form, "title: |\n  |\n");
	assert_int_equal(form_read(arena, &every_schema, every_action, form, values, given, NULL), STATUS_OK);
	assert_true(codec_text_is(values[0], "|"));
	arena_free(arena);
}

static void what_may_not_be_edited_is_a_comment_and_what_may_not_be_seen_is_not_there(void **state)
{
	struct arena *arena = arena_new();
	const char *form = write_form(arena, "title=x|score=4|state=open");

	(void)state;
	assert_non_null(strstr(form, "\n# state: open\n"));
	assert_null(strstr(form, "score"));
	arena_free(arena);
}

static void help_stands_above_each_field(void **state)
{
	struct arena *arena = arena_new();
	const char *form = write_form(arena, "title=x");

	(void)state;
	assert_non_null(strstr(form, "\n# title: one line, at most 60 bytes; needed. A title.\ntitle: x\n"));
	assert_non_null(strstr(form, "\n# status: one of on-track, off-track. A status.\n"));
	assert_non_null(strstr(form, "; ? for unknown. A cost.\n"));
	arena_free(arena);
}

/* ---- what people type ---- */

struct typed_row {
	const char *name;
	const char *form;
	const char *values;  /* as every_text; NULL: refused */
	const char *message; /* of the refusal */
};

static const struct typed_row typed_rows[] = {
	{"a field whose entry is gone is not given", "title: x\n", "title=x", NULL},
	{"an emptied value clears", "text:\ntitle: x\n", "title=x|text=", NULL},
	{"an emptied block clears", "text: |\n\n\ntitle: x\n", "title=x|text=", NULL},
	{"spaces around names and values do not count", "title :   x  \n", "title=x", NULL},
	{"names in any case are not taken for others", "due: 2014-05-01", "due=2014-05-01", NULL},
	{"Windows' line ends", "title: x\r\ntext: |\r\n  one\r\n  two\r\n", "title=x|text=one\ntwo", NULL},
	{"blocks indented by a tab", "text: |\n\tone\n\t  two\n", "text=one\n  two", NULL},
	{"empty lines within a block stay, those after it do not",
	 "text: |\n  one\n\n  two\n\n\ndue: 2014-05-01\n", "text=one\n\ntwo|due=2014-05-01", NULL},
	{"a comment within a block is not part of it", "text: |\n  one\n# note\n  two\n", "text=one\ntwo",
	 NULL},
	{"titles stand for ids", "lead: The board\npartners: Fire, and rescue\n",
	 "lead=The board|partners=Fire, and rescue", NULL},
	{"a line without a colon", "title: x\nand more\n", NULL, "the line \"and more\" belongs to no field"},
	{"an indented line below no block", "title: x\n  and more\n", NULL,
	 "the indented line \"  and more\" stands below no \"field: |\""},
	{"a field that there is none of", "titel: x\n", NULL, "action records have no field \"titel\""},
	{"a field that is there twice", "title: x\ntitle: y\n", NULL, "title is there twice"},
	{"a value that does not fit", "progress: many\n", NULL,
	 "progress: \"many\" is not a number; write it as 1234"},
	{"what is needed emptied", "title:\n", NULL,
	 "title: it cannot be left empty; it is one line of 1 to 60 bytes"},
};

static void is_read(void **state)
{
	const struct typed_row *row = *state;
	struct arena *arena = arena_new();
	const msgpack_object *values[EVERY_COUNT] = {NULL};
	struct error err = ERROR_INIT;
	bool given[EVERY_COUNT] = {false};
	enum status status = form_read(arena, &every_schema, every_action, row->form, values, given, &err);

	if (row->values) {
		assert_string_equal(err.message, "");
		assert_int_equal(status, STATUS_OK);
		assert_string_equal(every_text(arena, values), row->values);
	} else {
		assert_int_equal(status, STATUS_INVALID);
		assert_string_equal(err.message, row->message);
	}
	arena_free(arena);
}

static void a_form_of_comments_is_empty(void **state)
{
	(void)state;
	assert_true(form_is_empty(""));
	assert_true(form_is_empty("# title: x\n\n  \t\n#! why\n"));
	assert_false(form_is_empty("# title: x\ntitle:\n"));
	assert_false(form_is_empty("x"));
}

/* ---- notes and replacements ---- */

#define TYPED "# help\ntitle: x\n\ntext: |\n  one\n  two\n\n# more\ndue: 2014-05-01\n"

static void a_note_stands_above_its_field_and_goes_again(void **state)
{
	struct arena *arena = arena_new();
	const char *form = form_note(arena, every_action, TYPED, &every_fields[1], "theirs: a\nyours: b");

	(void)state;
	assert_string_equal(form,
			    "# help\ntitle: x\n\n#! theirs: a\n#! yours: b\ntext: |\n  one\n  two\n\n# more\n"
			    "due: 2014-05-01\n");
	assert_string_equal(form_strip(arena, form), TYPED);
	form = form_note(arena, every_action, TYPED, NULL, "refused");
	assert_string_equal(form, "#! refused\n" TYPED);
	assert_string_equal(form_strip(arena, form), TYPED);
	arena_free(arena);
}

static void a_note_stands_at_the_top_of_a_form_that_cannot_be_read(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(form_note(arena, every_action, "what\n", &every_fields[1], "refused"),
			    "#! refused\nwhat\n");
	arena_free(arena);
}

static void a_replaced_value_leaves_the_rest_as_it_was(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(form_replace(arena, every_action, TYPED, &every_fields[1], "three"),
			    "# help\ntitle: x\n\ntext: three\n\n# more\ndue: 2014-05-01\n");
	assert_string_equal(
		form_replace(arena, every_action, TYPED, &every_fields[0], "a\nb"),
		"# help\ntitle: |\n  a\n  b\n\ntext: |\n  one\n  two\n\n# more\ndue: 2014-05-01\n");
	assert_string_equal(form_replace(arena, every_action, "title: x", &every_fields[2], "5"),
			    "title: x\nprogress: 5\n");
	arena_free(arena);
}

/* ---- where a person should look ---- */

struct wrong_row {
	const char *name;
	const char *form;
	const char *rest; /* from the line that is no part of a form; "": all are */
};

static const struct wrong_row wrong_rows[] = {
	{"in a form that can be read no line is wrong", TYPED, ""},
	{"in no form no line is wrong", "", ""},
	{"a value that does not fit is no wrong line", "progress: many\ndue: soon\n", ""},
	{"the line without a colon is the wrong one", "title: x\nand more\ndue: 2014-05-01\n",
	 "and more\ndue: 2014-05-01\n"},
	{"the line behind a block is the wrong one", "text: |\n  one\n\nand more\n", "and more\n"},
	{"the indented line below no block is the wrong one", "title: x\n  and more", "  and more"},
	{"the line of a field that there is none of is the wrong one", "# help\ntitel: x\ntitle: x\n",
	 "titel: x\ntitle: x\n"},
	{"of a field that is there twice the second line is the wrong one", "title: x\ntext: y\ntitle: z\n",
	 "title: z\n"},
	{"of two wrong lines it is the first", "what\nand more\n", "what\nand more\n"},
};

static void is_wrong_from(void **state)
{
	const struct wrong_row *row = *state;
	struct arena *arena = arena_new();

	assert_string_equal(row->form + form_wrong(arena, every_action, row->form), row->rest);
	arena_free(arena);
}

struct named_row {
	const char *name;
	const char *form;
	const char *message;
	const char *field; /* NULL: none */
};

static const struct named_row named_rows[] = {
	{"the field before the colon is named", TYPED, "due: \"soon\" is not a date", "due"},
	{"a field within the sentence is named", TYPED, "moving the due date needs a reason", "due"},
	{"the field at the end is named", TYPED, "there is no title", "title"},
	{"of two fields the first one in the message is named", TYPED, "text and title say the same", "text"},
	{"a field without an entry is passed over", TYPED, "progress does not fit the title", "title"},
	{"a part of a longer word is no field", TYPED, "A2 is overdue, due_date and titles", NULL},
	{"a message without a field names none", TYPED, "A2 was closed", NULL},
	{"an empty message names none", TYPED, "", NULL},
	{"in a form that cannot be read none is named", "title: x\nwhat\n", "title: too long", NULL},
};

static void is_named(void **state)
{
	const struct named_row *row = *state;
	struct arena *arena = arena_new();
	const struct field *field = form_named(arena, every_action, row->form, row->message);

	assert_string_equal(field ? field->name : "none", row->field ? row->field : "none");
	arena_free(arena);
}

int main(void)
{
	static struct rows rows;

	rows_add_table(&rows, trip_rows, comes_back);
	rows_add_table(&rows, typed_rows, is_read);
	rows_add(&rows, "a bar alone is a value too", a_bar_alone_is_a_value_too, NULL);
	rows_add(&rows, "what may not be edited is a comment, and what may not be seen is not there",
		 what_may_not_be_edited_is_a_comment_and_what_may_not_be_seen_is_not_there, NULL);
	rows_add(&rows, "help stands above each field", help_stands_above_each_field, NULL);
	rows_add(&rows, "a form of comments is empty", a_form_of_comments_is_empty, NULL);
	rows_add(&rows, "a note stands above its field and goes again",
		 a_note_stands_above_its_field_and_goes_again, NULL);
	rows_add(&rows, "a note stands at the top of a form that cannot be read",
		 a_note_stands_at_the_top_of_a_form_that_cannot_be_read, NULL);
	rows_add(&rows, "a replaced value leaves the rest as it was",
		 a_replaced_value_leaves_the_rest_as_it_was, NULL);
	rows_add_table(&rows, wrong_rows, is_wrong_from);
	rows_add_table(&rows, named_rows, is_named);
	return rows_run(&rows, "form");
}
