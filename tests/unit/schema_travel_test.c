/* How the schema travels: everything arrives, and a client is not harmed by a schema that is wrong. */
#include "protocol/schema.h"

#include "rows.h"

static const struct field action_fields[] = {
	{.name = "title",
	 .type = FIELD_TEXT,
	 .min = 1,
	 .max = 200,
	 .required = true,
	 .see = "members",
	 .edit = "doers",
	 .help = "what is to be done",
	 .column = true},
	{.name = "story",
	 .type = FIELD_LONG_TEXT,
	 .min = 1,
	 .max = 8000,
	 .see = "members",
	 .edit = "doers",
	 .help = "how"},
	{.name = "progress",
	 .type = FIELD_INTEGER,
	 .min = 0,
	 .max = 100,
	 .unit = "%",
	 .unknown = true,
	 .see = "members",
	 .edit = "doers",
	 .help = "how much is done",
	 .group = "status"},
	{.name = "cost",
	 .type = FIELD_DECIMAL,
	 .places = 2,
	 .min = INT64_MIN,
	 .max = INT64_MAX,
	 .unit = "GBP",
	 .see = "partners",
	 .edit = "doers",
	 .help = "what it costs",
	 .source = "SI 2007/1830 reg.11"},
	{.name = "due", .type = FIELD_DATE, .see = "members", .edit = "doers", .help = ""},
	{.name = "year", .type = FIELD_PERIOD, .see = "members", .edit = "doers", .help = "when"},
	{.name = "status",
	 .type = FIELD_CHOICE,
	 .choices = "not-started on-track",
	 .see = "members",
	 .edit = "doers",
	 .help = "how it stands"},
	{.name = "public", .type = FIELD_FLAG, .see = "all", .edit = "nobody", .help = "whether"},
	{.name = "priority",
	 .type = FIELD_REF,
	 .kind = "priority",
	 .see = "members",
	 .edit = "doers",
	 .help = "serves"},
	{.name = "about", .type = FIELD_REF, .see = "members", .edit = "doers", .help = "any record"},
	{.name = "partners",
	 .type = FIELD_REFS,
	 .kind = "body",
	 .max = 30,
	 .see = "members",
	 .edit = "doers",
	 .help = "who helps"},
};
static const struct transition action_transitions[] = {
	{"close", "open paused", "closed", true, "it is done"},
	{"reopen", "", "open", false, "there is more to do"},
};
static const struct kind kinds[] = {
	{.name = "action",
	 .plural = "actions",
	 .prefix = "A",
	 .chapter = "plan",
	 .title = "title",
	 .unique_title = true,
	 .help = "what is done",
	 .fields = action_fields,
	 .field_count = sizeof(action_fields) / sizeof(action_fields[0]),
	 .states = "open paused closed",
	 .transitions = action_transitions,
	 .transition_count = 2},
	{.name = "person",
	 .plural = "people",
	 .prefix = "PE",
	 .chapter = "governance",
	 .title = "",
	 .directory = true,
	 .help = "somebody",
	 .states = ""},
};
static const struct mode modes[] = {{"members", "who sits on a body"}, {"nobody", "nobody at all"}};
static const struct schema schema = {kinds, 2, modes, 2};

static void assert_text(const char *got, const char *wanted)
{
	if (!wanted) {
		assert_null(got);
	} else {
		assert_non_null(got);
		assert_string_equal(got, wanted);
	}
}

static void assert_field(const struct field *got, const struct field *wanted)
{
	assert_text(got->name, wanted->name);
	assert_int_equal(got->type, wanted->type);
	assert_true(got->min == wanted->min && got->max == wanted->max);
	assert_int_equal(got->places, wanted->places);
	assert_text(got->unit, wanted->unit);
	assert_int_equal(got->required, wanted->required);
	assert_int_equal(got->unknown, wanted->unknown);
	assert_text(got->kind, wanted->kind);
	assert_text(got->choices, wanted->choices);
	assert_text(got->group, wanted->group);
	assert_text(got->see, wanted->see);
	assert_text(got->edit, wanted->edit);
	assert_text(got->help, wanted->help);
	assert_text(got->source, wanted->source);
	assert_int_equal(got->column, wanted->column);
}

static void assert_kind(const struct kind *got, const struct kind *wanted)
{
	assert_text(got->name, wanted->name);
	assert_text(got->plural, wanted->plural);
	assert_text(got->prefix, wanted->prefix);
	assert_text(got->chapter, wanted->chapter);
	assert_text(got->title, wanted->title);
	assert_int_equal(got->unique_title, wanted->unique_title);
	assert_int_equal(got->directory, wanted->directory);
	assert_text(got->help, wanted->help);
	assert_text(got->states, wanted->states);
	assert_int_equal(got->field_count, wanted->field_count);
	for (size_t i = 0; i < wanted->field_count; i++) {
		assert_field(&got->fields[i], &wanted->fields[i]);
	}
	assert_int_equal(got->transition_count, wanted->transition_count);
	for (size_t i = 0; i < wanted->transition_count; i++) {
		assert_text(got->transitions[i].verb, wanted->transitions[i].verb);
		assert_text(got->transitions[i].from, wanted->transitions[i].from);
		assert_text(got->transitions[i].to, wanted->transitions[i].to);
		assert_int_equal(got->transitions[i].second_person, wanted->transitions[i].second_person);
		assert_text(got->transitions[i].help, wanted->transitions[i].help);
	}
}

static void a_schema_arrives_as_it_was_sent(void **state)
{
	struct arena *arena = arena_new();
	const struct schema *got = NULL;
	struct error err = ERROR_INIT;
	struct buffer packed;
	struct buffer again;

	(void)state;
	assert_non_null(arena);
	buffer_init(&packed, 1 << 20);
	buffer_init(&again, 1 << 20);
	schema_put(&packed, &schema);
	assert_false(packed.failed);
	if (schema_decode(arena, buffer_span(&packed), &got, &err) != STATUS_OK) {
		fail_msg("%s", err.message);
	}
	assert_int_equal(got->kind_count, 2);
	assert_kind(&got->kinds[0], &kinds[0]);
	assert_kind(&got->kinds[1], &kinds[1]);
	assert_int_equal(got->mode_count, 2);
	assert_text(got->modes[1].name, "nobody");
	assert_text(got->modes[1].help, "nobody at all");

	/* Its digest is the same for whoever packs it again. */
	schema_put(&again, got);
	assert_int_equal(again.length, packed.length);
	assert_memory_equal(again.data, packed.data, packed.length);
	buffer_release(&again);
	buffer_release(&packed);
	arena_free(arena);
}

static void every_cut_schema_is_refused(void **state)
{
	struct buffer packed;

	(void)state;
	buffer_init(&packed, 1 << 20);
	schema_put(&packed, &schema);
	for (size_t length = 0; length < packed.length; length++) {
		struct arena *arena = arena_new();
		const struct schema *got = NULL;

		assert_non_null(arena);
		assert_int_equal(schema_decode(arena, (struct span){packed.data, length}, &got, NULL),
				 STATUS_INVALID);
		assert_null(got);
		arena_free(arena);
	}
	buffer_release(&packed);
}

/* A wrong byte may leave a schema that can be read; it must never do harm. */
static void no_changed_byte_does_harm(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0x90, 0xa0,
					0xc0, 0xc3, 0xd9, 0xdc, 0xdd, 0xff};
	struct buffer packed;

	(void)state;
	buffer_init(&packed, 1 << 20);
	schema_put(&packed, &schema);
	for (size_t i = 0; i < packed.length; i++) {
		uint8_t kept = packed.data[i];

		for (size_t j = 0; j < sizeof(bytes); j++) {
			struct arena *arena = arena_new();
			const struct schema *got = NULL;

			assert_non_null(arena);
			packed.data[i] = bytes[j];
			if (schema_decode(arena, buffer_span(&packed), &got, NULL) == STATUS_OK) {
				struct buffer again;

				buffer_init(&again, 1 << 20);
				schema_put(&again, got);
				assert_false(again.failed);
				buffer_release(&again);
			}
			arena_free(arena);
		}
		packed.data[i] = kept;
	}
	buffer_release(&packed);
}

/* ---- schemas that are wrong ---- */

struct row {
	const char *name;
	const uint8_t *data;
	size_t length;
	const char *says;
};

/* {"kinds": [{name, plural, prefix and `more`}], "modes": []}; `pairs` is the header of the kind's map */
#define KIND(pairs, more) \
	BYTES("\x82\xa5kinds\x91" pairs "\xa4name\xa1k\xa6plural\xa2ks\xa6prefix\xa1K" more "\xa5modes\x90")
#define NO_FIELDS      "\xa6\x66ields\x90" NO_TRANSITIONS
#define NO_TRANSITIONS "\xabtransitions\x90"
/* One field, of which `pairs` is the header of its map, and no transitions */
#define FIELD(pairs, more) "\xa6\x66ields\x91" pairs "\xa4name\xa1\x66" more NO_TRANSITIONS

static const struct row wrong[] = {
	{"refuses a list", BYTES("\x90"), "list of kinds is missing"},
	{"refuses no kinds", BYTES("\x81\xa5modes\x90"), "list of kinds is missing"},
	{"refuses no modes", BYTES("\x81\xa5kinds\x90"), "list of modes is missing"},
	{"refuses kinds that are no list", BYTES("\x82\xa5kinds\x80\xa5modes\x90"),
	 "list of kinds is missing"},
	{"refuses a kind that is no map", BYTES("\x82\xa5kinds\x91\x01\xa5modes\x90"),
	 "kind that is not a map"},
	{"refuses a kind without a name", BYTES("\x82\xa5kinds\x91\x80\xa5modes\x90"), "kind whose \"name\""},
	{"refuses a kind without fields", KIND("\x83", ""), "list of fields is missing"},
	{"refuses a kind without transitions", KIND("\x84", "\xa6\x66ields\x90"),
	 "list of transitions is missing"},
	{"refuses a kind with a number for help", KIND("\x86", "\xa4help\x01" NO_FIELDS),
	 "kind whose \"help\""},
	{"refuses a kind with a text for a flag", KIND("\x86", "\xa9\x64irectory\xa1x" NO_FIELDS),
	 "kind whose \"directory\""},
	{"refuses a field of an unknown type", KIND("\x85", FIELD("\x82", "\xa4type\xa5shape")),
	 "does not know: \"shape\"; a newer version"},
	{"refuses a field without a type", KIND("\x85", FIELD("\x81", "")), "field whose \"type\""},
	{"refuses a field without a mode", KIND("\x85", FIELD("\x82", "\xa4type\xa4text")),
	 "field whose \"see\""},
	{"refuses a field with ten places", KIND("\x85", FIELD("\x83", "\xa4type\xa4text\xa6places\x0a")),
	 "field whose \"places\""},
	{"refuses a field with a bound over 64 bits",
	 KIND("\x85", FIELD("\x83", "\xa4type\xa4text\xa3max\xcf\xff\xff\xff\xff\xff\xff\xff\xff")),
	 "field whose \"max\""},
	{"refuses a transition without a verb", KIND("\x85", "\xa6\x66ields\x90\xabtransitions\x91\x80"),
	 "transition whose \"verb\""},
	{"refuses a prefix of four letters",
	 BYTES("\x82\xa5kinds\x91\x85\xa4name\xa1k\xa6plural\xa2ks\xa6prefix\xa4KIND" NO_FIELDS
	       "\xa5modes\x90"),
	 "kind whose \"prefix\""},
};

static void is_refused(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	const struct schema *got = NULL;
	struct error err = ERROR_INIT;

	assert_non_null(arena);
	assert_int_equal(schema_decode(arena, (struct span){row->data, row->length}, &got, &err),
			 STATUS_INVALID);
	assert_null(got);
	if (!strstr(err.message, row->says)) {
		fail_msg("\"%s\" does not say \"%s\"", err.message, row->says);
	}
	arena_free(arena);
}

static void what_a_newer_server_adds_is_passed_over(void **state)
{
	static const struct row newer = {"", KIND("\x86", "\xa5\x63olor\xa3red" NO_FIELDS), ""};
	struct arena *arena = arena_new();
	const struct schema *got = NULL;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(schema_decode(arena, (struct span){newer.data, newer.length}, &got, NULL),
			 STATUS_OK);
	assert_string_equal(got->kinds[0].name, "k");
	assert_string_equal(got->kinds[0].help, "");
	assert_string_equal(got->kinds[0].states, "");
	arena_free(arena);
}

/* ---- looking up ---- */

static void things_are_found_by_their_names(void **state)
{
	(void)state;
	assert_ptr_equal(schema_kind(&schema, "action", 6), &kinds[0]);
	assert_ptr_equal(schema_kind(&schema, "people", 6), &kinds[1]);
	assert_ptr_equal(schema_kind(&schema, "actionable", 6), &kinds[0]);
	assert_null(schema_kind(&schema, "act", 3));
	assert_null(schema_kind(&schema, "", 0));
	assert_ptr_equal(schema_kind_of_prefix(&schema, "A"), &kinds[0]);
	assert_ptr_equal(schema_kind_of_prefix(&schema, "pe"), &kinds[1]);
	assert_null(schema_kind_of_prefix(&schema, "P"));
	assert_ptr_equal(kind_field(&kinds[0], "due", 3), &action_fields[4]);
	assert_null(kind_field(&kinds[0], "du", 2));
	assert_null(kind_field(&kinds[1], "due", 3));
	assert_ptr_equal(kind_transition(&kinds[0], "reopen", 6), &action_transitions[1]);
	assert_null(kind_transition(&kinds[0], "open", 4));
}

static void a_field_without_a_group_is_its_own(void **state)
{
	(void)state;
	assert_string_equal(field_group(&action_fields[2]), "status");
	assert_string_equal(field_group(&action_fields[4]), "due");
}

static void every_type_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < FIELD_TYPE_COUNT; a++) {
		assert_non_null(field_type_name((enum field_type)a));
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(field_type_name((enum field_type)a),
						field_type_name((enum field_type)b));
		}
	}
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "a schema arrives as it was sent", a_schema_arrives_as_it_was_sent, NULL);
	rows_add(&tests, "a schema that was cut is refused", every_cut_schema_is_refused, NULL);
	rows_add(&tests, "a changed byte does no harm", no_changed_byte_does_harm, NULL);
	rows_add_table(&tests, wrong, is_refused);
	rows_add(&tests, "what a newer server adds is passed over", what_a_newer_server_adds_is_passed_over,
		 NULL);
	rows_add(&tests, "things are found by their names", things_are_found_by_their_names, NULL);
	rows_add(&tests, "a field without a group is its own", a_field_without_a_group_is_its_own, NULL);
	rows_add(&tests, "every type has a name of its own", every_type_has_a_name_of_its_own, NULL);
	return rows_run(&tests, "schema travel");
}
