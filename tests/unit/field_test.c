/* Values: what each type of field takes, what it refuses and with which words, and that text and value go both ways. */
#include "protocol/schema.h"

#include "rows.h"

#include <stdio.h>

static const struct kind kinds[] = {
	{.name = "action", .plural = "actions", .prefix = "A", .title = "title", .help = "", .states = ""},
	{.name = "organisation",
	 .plural = "organisations",
	 .prefix = "ORG",
	 .title = "name",
	 .help = "",
	 .states = ""},
};
static const struct schema schema = {.kinds = kinds, .kind_count = 2};

/* A field of each sort; `open` may be unknown. */
static const struct field title = {
	.name = "title", .type = FIELD_TEXT, .min = 2, .max = 20, .required = true};
static const struct field open_line = {
	.name = "line", .type = FIELD_TEXT, .min = 1, .max = 20, .unknown = true};
static const struct field story = {.name = "story", .type = FIELD_LONG_TEXT, .min = 1, .max = 40};
static const struct field progress = {
	.name = "progress", .type = FIELD_INTEGER, .min = 0, .max = 100, .unit = "%", .unknown = true};
static const struct field change = {
	.name = "change", .type = FIELD_INTEGER, .min = INT64_MIN, .max = INT64_MAX};
static const struct field cost = {
	.name = "cost", .type = FIELD_DECIMAL, .places = 2, .min = -100000, .max = 10000000, .unit = "GBP"};
static const struct field rate = {
	.name = "rate", .type = FIELD_DECIMAL, .places = 1, .min = 0, .max = 1000, .unit = "%"};
static const struct field due = {.name = "due", .type = FIELD_DATE, .unknown = true};
static const struct field span = {.name = "period", .type = FIELD_PERIOD};
static const struct field status_field = {
	.name = "status", .type = FIELD_CHOICE, .choices = "not-started on-track off-track complete"};
static const struct field public_field = {.name = "public", .type = FIELD_FLAG};
static const struct field lead = {.name = "lead", .type = FIELD_REF, .kind = "organisation"};
static const struct field about = {.name = "about", .type = FIELD_REF};
static const struct field partners = {
	.name = "partners", .type = FIELD_REFS, .kind = "organisation", .max = 3};

/* ---- values as they travel ---- */

struct value {
	const char *name;
	const struct field *field;
	const uint8_t *data;
	size_t length;
	const char *says; /* NULL: taken */
	bool names;
};

static const struct value values[] = {
	{"a line takes a text", &title, BYTES("\xa5hello"), .says = NULL},
	{"a line takes its fewest bytes", &title, BYTES("\xa2he"), .says = NULL},
	{"a line takes its most bytes", &title, BYTES("\xb4xxxxxxxxxxxxxxxxxxxx"), .says = NULL},
	{"a line takes accents", &title, BYTES("\xa6\xc3\x89tude"), .says = NULL},
	{"a line refuses one byte fewer", &title, BYTES("\xa1x"),
	 .says = "title: the text has 1 bytes; it is one line of 2 to 20"},
	{"a line refuses one byte more", &title, BYTES("\xb5xxxxxxxxxxxxxxxxxxxxx"),
	 .says = "title: the text has 21 bytes"},
	{"a line refuses an empty text", &title, BYTES("\xa0"), .says = "title: an empty text says nothing"},
	{"a line refuses a line break", &title, BYTES("\xa3x\ny"), .says = "line breaks"},
	{"a line refuses a tab", &title, BYTES("\xa3x\ty"), .says = "tabs"},
	{"a line refuses white space before it", &title, BYTES("\xa3 xy"),
	 .says = "begins or ends with white space"},
	{"a line refuses white space after it", &title, BYTES("\xa3xy "),
	 .says = "begins or ends with white space"},
	{"a line refuses a no-break space after it", &title, BYTES("\xa4xy\xc2\xa0"),
	 .says = "begins or ends with white space"},
	{"a line refuses nothing but white space", &title, BYTES("\xa2  "),
	 .says = "begins or ends with white space"},
	{"a line refuses a number", &title, BYTES("\x05"), .says = "title: the value is of another type"},
	{"a line refuses a binary", &title, BYTES("\xc4\x02xy"), .says = "another type"},
	{"a line refuses a list", &title, BYTES("\x91\xa1x"), .says = "another type"},
	{"what is required refuses nil", &title, BYTES("\xc0"),
	 .says = "title: it cannot be left empty; it is one line"},
	{"what is not unknown refuses unknown", &title, BYTES("\x81\xa7unknown\xc3"),
	 .says = "title: it cannot be unknown"},
	{"a map is not unknown for its looks", &open_line, BYTES("\x81\xa7unknown\xc2"),
	 .says = "another type"},
	{"what may be unknown takes unknown", &open_line, BYTES("\x81\xa7unknown\xc3"), .says = NULL},
	{"what may be unknown refuses a lone question mark", &open_line, BYTES("\xa1?"),
	 .says = "question mark"},
	{"what may not be unknown takes two question marks", &title, BYTES("\xa2??"), .says = NULL},
	{"what is not required takes nil", &story, BYTES("\xc0"), .says = NULL},

	{"a long text takes lines and tabs", &story, BYTES("\xa7x\ny\n\tz."), .says = NULL},
	{"a long text refuses a line break at its end", &story, BYTES("\xa2x\n"), .says = "white space"},
	{"a long text refuses more than its bytes", &story,
	 BYTES("\xd9\x29"
	       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	 .says = "story: the text has 41 bytes; it is a text of 1 to 40 bytes"},

	{"an integer takes its least", &progress, BYTES("\x00"), .says = NULL},
	{"an integer takes its most", &progress, BYTES("\x64"), .says = NULL},
	{"an integer refuses one less", &progress, BYTES("\xff"),
	 .says = "progress: -1 is too small; it is a whole number from 0 to 100%"},
	{"an integer refuses one more", &progress, BYTES("\x65"), .says = "progress: 101 is too large"},
	{"an integer refuses a text", &progress, BYTES("\xa2\x35\x30"), .says = "another type"},
	{"an integer refuses true", &progress, BYTES("\xc3"), .says = "another type"},
	{"an integer takes the smallest there is", &change, BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
	 .says = NULL},
	{"an integer refuses what does not fit 64 bits", &change,
	 BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), .says = "another type"},
	{"an integer may be unknown", &progress, BYTES("\x81\xa7unknown\xc3"), .says = NULL},
	{"a decimal takes its most", &cost, BYTES("\xce\x00\x98\x96\x80"), .says = NULL},
	{"a decimal refuses one more", &cost, BYTES("\xce\x00\x98\x96\x81"),
	 .says = "cost: 100000.01 is too large; it is a number from -1000.00 to 100000.00 GBP"},
	{"a decimal refuses one less than its least", &cost, BYTES("\xd2\xff\xfe\x79\x5f"),
	 .says = "cost: -1000.01 is too small"},

	{"a date takes a date", &due, BYTES("\xaa\x32\x30\x31\x34-05-01"), .says = NULL},
	{"a date takes the last of February in a leap year", &due, BYTES("\xaa\x32\x30\x31\x36-02-29"),
	 .says = NULL},
	{"a date refuses it in another", &due, BYTES("\xaa\x32\x30\x31\x35-02-29"),
	 .says = "due: \"2015-02-29\" is not a date; write it as 2014-05-01"},
	{"a date refuses words", &due, BYTES("\xa5\x31 May"),
	 .says = "due: \"1 May\" is not a date; write it as 2014-05-01"},
	{"a date refuses a number", &due, BYTES("\x01"), .says = "another type"},
	{"a period takes a year", &span, BYTES("\xa7\x32\x30\x31\x34/15"), .says = NULL},
	{"a period takes a quarter", &span, BYTES("\xaa\x32\x30\x31\x34/15 Q1"), .says = NULL},
	{"a period takes a month", &span, BYTES("\xa7\x32\x30\x31\x34-05"), .says = NULL},
	{"a period refuses a year of another start", &span, BYTES("\xa7\x32\x30\x31\x34/16"),
	 .says = "period: \"2014/16\" is not a year such as 2014/15, a quarter such as"},
	{"a period refuses a fifth quarter", &span, BYTES("\xaa\x32\x30\x31\x34/15 Q5"),
	 .says = "is not a year"},
	{"a period refuses a flag", &span, BYTES("\xc3"), .says = "another type"},

	{"a choice takes one of its words", &status_field, BYTES("\xa9off-track"), .says = NULL},
	{"a choice takes its last word", &status_field,
	 BYTES("\xa8"
	       "complete"),
	 .says = NULL},
	{"a choice refuses another word", &status_field, BYTES("\xa3odd"),
	 .says = "status: \"odd\" is not one of not-started, on-track, off-track, complete"},
	{"a choice refuses two of its words", &status_field, BYTES("\xb2on-track off-track"),
	 .says = "is not one of"},
	{"a choice refuses part of a word", &status_field, BYTES("\xa5track"), .says = "is not one of"},
	{"a choice refuses no word", &status_field, BYTES("\xa0"), .says = "is not one of"},
	{"a choice refuses another case", &status_field, BYTES("\xa9Off-track"), .says = "is not one of"},
	{"a choice refuses a number", &status_field, BYTES("\x00"), .says = "another type"},
	{"a flag takes true", &public_field, BYTES("\xc3"), .says = NULL},
	{"a flag takes false", &public_field, BYTES("\xc2"), .says = NULL},
	{"a flag refuses 1", &public_field, BYTES("\x01"),
	 .says = "public: the value is of another type; it is yes or no"},

	{"a reference takes an id of its kind", &lead, BYTES("\xa4ORG7"), .says = NULL},
	{"a reference refuses another case", &lead, BYTES("\xa4org7"),
	 .says = "lead: \"org7\" is not the id of an organisation; one looks like ORG12"},
	{"a reference refuses an id of another kind", &lead, BYTES("\xa2\x41\x37"),
	 .says = "not the id of an organisation"},
	{"a reference refuses a prefix alone", &lead, BYTES("\xa3ORG"), .says = "not the id"},
	{"a reference refuses a leading zero", &lead, BYTES("\xa5ORG07"), .says = "not the id"},
	{"a reference refuses a name", &lead, BYTES("\xa6Police"), .says = "not the id"},
	{"a reference takes a name where names are allowed", &lead, BYTES("\xa6Police"), .says = NULL,
	 .names = true},
	{"a reference takes an @name where names are allowed", &lead, BYTES("\xa4@new"), .says = NULL,
	 .names = true},
	{"a reference refuses two lines for a name", &lead, BYTES("\xa3x\ny"), .says = "line breaks",
	 .names = true},
	{"a reference refuses no name", &lead, BYTES("\xa0"), .says = "empty text", .names = true},
	{"a reference refuses a number", &lead, BYTES("\x07"), .says = "another type"},
	{"a reference to any kind takes an id of one", &about, BYTES("\xa2\x41\x37"), .says = NULL},
	{"a reference to any kind takes an id of the other", &about, BYTES("\xa4ORG7"), .says = NULL},
	{"a reference to any kind refuses a prefix that no kind has", &about, BYTES("\xa2X7"),
	 .says = "about: \"X7\" is not the id of a record"},

	{"a list of references takes one", &partners, BYTES("\x91\xa4ORG7"), .says = NULL},
	{"a list of references takes its most", &partners, BYTES("\x93\xa4ORG7\xa4ORG8\xa4ORG9"),
	 .says = NULL},
	{"a list of references refuses one more", &partners, BYTES("\x94\xa4ORG6\xa4ORG7\xa4ORG8\xa4ORG9"),
	 .says = "partners: the list has 4 entries"},
	{"a list of references refuses to be empty", &partners, BYTES("\x90"), .says = "empty list"},
	{"a list of references refuses a repeat", &partners, BYTES("\x92\xa4ORG7\xa4ORG7"),
	 .says = "partners: \"ORG7\" is in the list twice"},
	{"a list of references refuses an id of another kind", &partners, BYTES("\x92\xa4ORG7\xa2\x41\x37"),
	 .says = "not the id of an organisation"},
	{"a list of references refuses a number in it", &partners, BYTES("\x91\x07"), .says = "another type"},
	{"a list of references refuses nil in it", &partners, BYTES("\x91\xc0"), .says = "another type"},
	{"a list of references refuses unknown in it", &partners, BYTES("\x91\x81\xa7unknown\xc3"),
	 .says = "another type"},
	{"a list of references refuses a text", &partners, BYTES("\xa4ORG7"), .says = "another type"},
	{"a list of references refuses a map", &partners, BYTES("\x81\xa1x\xa1y"), .says = "another type"},
	{"a list of references takes names where they are allowed", &partners,
	 BYTES("\x92\xa6Police\xa4ORG7"), .says = NULL, .names = true},
};

static void is_checked(void **state)
{
	const struct value *row = *state;
	struct arena *arena = arena_new();
	const msgpack_object *value = NULL;
	struct error err = ERROR_INIT;
	enum status status;

	assert_non_null(arena);
	assert_int_equal(codec_decode(arena, (struct span){row->data, row->length}, &value, NULL), STATUS_OK);
	status = field_check(&schema, row->field, value, row->names, &err);
	if (!row->says) {
		if (status != STATUS_OK) {
			fail_msg("%s", err.message);
		}
	} else {
		assert_int_equal(status, STATUS_INVALID);
		if (!strstr(err.message, row->says) || !strstr(err.message, row->field->name)) {
			fail_msg("\"%s\" does not say \"%s\"", err.message, row->says);
		}
	}
	arena_free(arena);
}

static void a_mistyped_choice_is_met_with_a_suggestion(void **state)
{
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(
		field_check(&schema, &status_field, codec_make_text(arena, "complet", 7), false, &err),
		STATUS_INVALID);
	assert_string_equal(err.hint, "did you mean \"complete\"?");
	arena_free(arena);
}

static void a_long_value_is_quoted_in_part(void **state)
{
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	char text[600];

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < sizeof(text); i += 2) {
		memcpy(text + i, "\xc3\xa9", 2);
	}
	for (size_t start = 0; start < 2; start++) {
		char shifted[sizeof(text) + 1];

		memset(shifted, 'x', sizeof(shifted));
		memcpy(shifted + start, text, sizeof(text));
		assert_int_equal(field_check(&schema, &due,
					     codec_make_text(arena, shifted, sizeof(text) + start), false,
					     &err),
				 STATUS_INVALID);
		assert_non_null(strstr(err.message, "\xc3\xa9\xe2\x80\xa6\" is not a date"));
		assert_true(strlen(err.message) < 200);
	}
	arena_free(arena);
}

/* ---- values as people type them ---- */

struct typed {
	const char *name;
	const struct field *field;
	const char *text;
	const char *printed; /* NULL: refused */
	const char *says;    /* when refused */
};

static const struct typed typed[] = {
	{"nothing clears a field", &story, "", "", NULL},
	{"white space clears a field", &story, " \n\t ", "", NULL},
	{"nothing does not clear what is required", &title, "", NULL, "cannot be left empty"},
	{"a question mark is unknown where that may be", &progress, "?", "?", NULL},
	{"a question mark is unknown for a date", &due, " ? ", "?", NULL},
	{"a question mark is itself in a text that is never unknown", &story, "?", "?", NULL},
	{"a question mark is no number that is never unknown", &cost, "?", NULL,
	 "cost: \"?\" is not a number"},

	{"a line is trimmed", &title, "  hello there\n", "hello there", NULL},
	{"a line is trimmed of wide spaces", &title, "\xe3\x80\x80hello\xc2\xa0", "hello", NULL},
	{"a line of two is refused", &title, "hello\nthere", NULL, "line breaks"},
	{"a long text keeps its lines", &story, "one\ntwo\n\nthree\n", "one\ntwo\n\nthree", NULL},
	{"a long text loses carriage returns", &story, "one\r\ntwo\r\n", "one\ntwo", NULL},
	{"a long text with a lone carriage return is refused", &story, "one\rtwo", NULL,
	 "control characters"},

	{"an integer is read", &progress, "60", "60", NULL},
	{"an integer is read with its unit", &progress, "60%", "60", NULL},
	{"an integer is read with a space before its unit", &progress, "60 %", "60", NULL},
	{"an integer out of bounds is refused", &progress, "101", NULL, "101 is too large"},
	{"an integer with places is refused", &progress, "60.5", NULL,
	 "progress: \"60.5\" is not a whole number"},
	{"an integer that is a word is refused", &progress, "sixty", NULL,
	 "progress: \"sixty\" is not a number; write it as 1234"},
	{"a unit alone is refused", &progress, "%", NULL, "is not a number"},
	{"a unit twice is refused", &progress, "60%%", NULL, "is not a number"},
	{"the smallest integer goes both ways", &change, "-9223372036854775808", "-9223372036854775808",
	 NULL},
	{"an integer over 64 bits is refused", &change, "9223372036854775808", NULL,
	 "larger number than can be kept"},
	{"a per cent sign needs a per cent field", &change, "5%", NULL, "is not a number"},

	{"money is read", &cost, "1234.5", "1234.50", NULL},
	{"money is read with commas", &cost, "1,234.50", "1234.50", NULL},
	{"money is read with its sign", &cost,
	 "\xc2\xa3"
	 "1,234.50",
	 "1234.50", NULL},
	{"money is read with a minus before its sign", &cost,
	 "-\xc2\xa3"
	 "5",
	 "-5.00", NULL},
	{"money in pounds and in dollars is not the same", &cost, "$5", NULL,
	 "is not a number; write it as 1234.50"},
	{"a pound sign needs a field of money", &rate,
	 "\xc2\xa3"
	 "5",
	 NULL, "is not a number; write it as 1234.5"},
	{"a pound sign alone is refused", &cost, "\xc2\xa3", NULL, "is not a number"},
	{"two signs are refused", &cost,
	 "\xc2\xa3\xc2\xa3"
	 "5",
	 NULL, "is not a number"},
	{"a tenth of a penny is refused", &cost, "1.005", NULL,
	 "cost: \"1.005\" has more than 2 decimal places"},
	{"misplaced commas are refused", &cost, "12,34", NULL, "is not a number"},
	{"very many digits are refused", &cost,
	 "1111111111111111111111111111111111111111111111111111111111111111", NULL, "is not a number"},
	{"a rate is read with its unit", &rate, "12.5%", "12.5", NULL},

	{"a date is read", &due, " 2014-05-01 ", "2014-05-01", NULL},
	{"a date in words is refused", &due, "1 May 2014", NULL,
	 "\"1 May 2014\" is not a date; write it as 2014-05-01"},
	{"a period is read", &span, "2014/15", "2014/15", NULL},
	{"a quarter is read with a small letter", &span, "2014/15 q3", "2014/15 Q3", NULL},
	{"a month is read", &span, "2014-05", "2014-05", NULL},
	{"a calendar year is no period", &span, "2014", NULL, "such as 2014/15"},

	{"a choice is read", &status_field, "off-track", "off-track", NULL},
	{"a choice is read in any case", &status_field, "OFF-Track", "off-track", NULL},
	{"a choice is read with spaces", &status_field, "Off track", "off-track", NULL},
	{"a choice is read with underscores", &status_field, "off_track", "off-track", NULL},
	{"a word that is no choice is refused", &status_field, "fine", NULL,
	 "\"fine\" is not one of not-started"},
	{"yes is yes", &public_field, "yes", "yes", NULL},
	{"Y is yes", &public_field, "Y", "yes", NULL},
	{"TRUE is yes", &public_field, "TRUE", "yes", NULL},
	{"no is no", &public_field, "No", "no", NULL},
	{"false is no", &public_field, "false", "no", NULL},
	{"maybe is neither", &public_field, "maybe", NULL, "public: it is yes or no"},
	{"a long answer is neither", &public_field, "yes, of course", NULL, "public: it is yes or no"},

	{"an id is read", &lead, "ORG7", "ORG7", NULL},
	{"an id is read in any case", &lead, "org7", "ORG7", NULL},
	{"a name stays as it is", &lead, "London Fire Brigade", "London Fire Brigade", NULL},
	{"a name that is an id of another kind stays as it is", &lead, "a7", "a7", NULL},
	{"an @name stays as it is", &lead, "@new", "@new", NULL},
	{"an id of any kind is read", &about, "a7", "A7", NULL},
	{"a list is read", &partners, "org7, ORG8,org9", "ORG7, ORG8, ORG9", NULL},
	{"a list of one is read", &partners, "org7", "ORG7", NULL},
	{"a list of names is read", &partners, "Police, Fire", "Police, Fire", NULL},
	{"semicolons part names with commas", &partners, "Police, Met; org7", "Police, Met, ORG7", NULL},
	{"a list with a hole is refused", &partners, "org7,,org8", NULL, "nothing between two separators"},
	{"a list with a comma at its end is refused", &partners, "org7,", NULL,
	 "nothing between two separators"},
	{"a list with a repeat in another case is refused", &partners, "org7, ORG7", NULL,
	 "is in the list twice"},
	{"a list that is too long is refused", &partners, "a1, b1, c1, d1", NULL, "has 4 entries"},
};

static void print(const struct field *field, const msgpack_object *value, struct buffer *out)
{
	buffer_clear(out);
	field_print(out, field, value);
}

static void is_read_and_printed(void **state)
{
	const struct typed *row = *state;
	struct arena *arena = arena_new();
	const msgpack_object *value = NULL;
	const msgpack_object *again = NULL;
	struct error err = ERROR_INIT;
	enum status status;
	struct buffer out;

	assert_non_null(arena);
	buffer_init(&out, 10000);
	status = field_parse(arena, &schema, row->field, row->text, &value, &err);
	if (!row->printed) {
		assert_int_equal(status, STATUS_INVALID);
		assert_null(value);
		if (!strstr(err.message, row->says)) {
			fail_msg("\"%s\" does not say \"%s\"", err.message, row->says);
		}
		goto out;
	}
	if (status != STATUS_OK) {
		fail_msg("%s", err.message);
	}
	print(row->field, value, &out);
	assert_string_equal(buffer_text(&out), row->printed);
	/* A name with a comma comes back from a list as two; everything else as it was. */
	if (!strchr(row->text, ';')) {
		assert_int_equal(field_parse(arena, &schema, row->field, row->printed, &again, &err),
				 STATUS_OK);
		assert_true(codec_same(value, again));
	}
out:
	buffer_release(&out);
	arena_free(arena);
}

static void every_value_goes_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct value *row = &values[i];
		struct arena *arena = arena_new();
		const msgpack_object *value = NULL;
		const msgpack_object *again = NULL;
		struct error err = ERROR_INIT;
		struct buffer out;

		assert_non_null(arena);
		buffer_init(&out, 10000);
		assert_int_equal(codec_decode(arena, (struct span){row->data, row->length}, &value, NULL),
				 STATUS_OK);
		if (!row->says) {
			print(row->field, value, &out);
			if (field_parse(arena, &schema, row->field, buffer_text(&out), &again, &err) !=
			    STATUS_OK) {
				fail_msg("%s: %s", row->name, err.message);
			}
			assert_true(codec_same(value, again));
		}
		buffer_release(&out);
		arena_free(arena);
	}
}

static void a_value_of_another_type_prints_as_nothing(void **state)
{
	const struct field *fields[] = {&title, &progress, &cost, &due, &public_field, &lead, &partners};
	const msgpack_object binary = {.type = MSGPACK_OBJECT_BIN};
	struct buffer out;

	(void)state;
	buffer_init(&out, 100);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		print(fields[i], &binary, &out);
		assert_int_equal(out.length, 0);
		print(fields[i], NULL, &out);
		assert_int_equal(out.length, 0);
		print(fields[i], codec_make_nil(), &out);
		assert_int_equal(out.length, 0);
		print(fields[i], codec_make_unknown(), &out);
		assert_string_equal(buffer_text(&out), "?");
	}
	buffer_release(&out);
}

/* ---- words ---- */

static void words_are_stepped_through(void **state)
{
	static const char *const wanted[] = {"low", "medium", "high"};
	size_t count = 0;
	size_t length;

	(void)state;
	for (const char *word = words_next("  low medium   high ", &length); word;
	     word = words_next(word + length, &length)) {
		assert_int_equal(length, strlen(wanted[count]));
		assert_memory_equal(word, wanted[count], length);
		count++;
	}
	assert_int_equal(count, 3);
	assert_null(words_next("", &length));
	assert_null(words_next("   ", &length));
	assert_null(words_next(NULL, &length));
}

static void words_are_found_whole(void **state)
{
	(void)state;
	assert_true(words_have("low medium high", "low", 3));
	assert_true(words_have("low medium high", "high", 4));
	assert_true(words_have("low medium high", "lower", 3));
	assert_false(words_have("low medium high", "lo", 2));
	assert_false(words_have("low medium high", "low medium", 10));
	assert_false(words_have("low medium high", "", 0));
	assert_false(words_have("", "low", 3));
	assert_false(words_have(NULL, "low", 3));
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, values, is_checked);
	rows_add(&tests, "a mistyped choice is met with a suggestion",
		 a_mistyped_choice_is_met_with_a_suggestion, NULL);
	rows_add(&tests, "a long value is quoted in part, between two characters",
		 a_long_value_is_quoted_in_part, NULL);
	rows_add_table(&tests, typed, is_read_and_printed);
	rows_add(&tests, "every value that is taken is printed and read again", every_value_goes_both_ways,
		 NULL);
	rows_add(&tests, "a value of another type prints as nothing",
		 a_value_of_another_type_prints_as_nothing, NULL);
	rows_add(&tests, "words are stepped through", words_are_stepped_through, NULL);
	rows_add(&tests, "words are found whole", words_are_found_whole, NULL);
	return rows_run(&tests, "field");
}
