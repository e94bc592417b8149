/* The schema and the tables of rights, walked row by row: every name in them is well formed and means something. */
#include "common/ids.h"
#include "server/policy/modes.h"
#include "server/policy/policy.h"
#include "server/policy/rights.h"
#include "server/records/settled.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* ---- helpers ---- */

static int set_up(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	return schema_build(&err) == STATUS_OK && policy_build(schema_server(), &err) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	policy_release();
	schema_release();
	return 0;
}

/* Calls look(kind, field) for every field of every kind. */
static void each_field(void (*look)(const struct kind *kind, const struct field *field))
{
	const struct schema *schema = schema_server();

	for (size_t k = 0; k < schema->kind_count; k++) {
		for (size_t f = 0; f < schema->kinds[k].field_count; f++) {
			look(&schema->kinds[k], &schema->kinds[k].fields[f]);
		}
	}
}

static void each_kind(void (*look)(const struct kind *kind))
{
	for (size_t k = 0; k < schema_server()->kind_count; k++) {
		look(&schema_server()->kinds[k]);
	}
}

static void check_word(const char *word, size_t length, const char *others, const char *where)
{
	bool good = length > 0 && word[0] >= 'a' && word[0] <= 'z' && word[length - 1] != others[0];

	for (size_t i = 0; i < length; i++) {
		good = good && ((word[i] >= 'a' && word[i] <= 'z') || (word[i] >= '0' && word[i] <= '9') ||
				strchr(others, word[i]) != NULL);
	}
	if (!good) {
		fail_msg("%s: \"%.*s\" is no well-formed name", where, (int)length, word);
	}
}

static void check_words(const char *words, const char *others, const char *where)
{
	size_t length = 0;
	char seen[1000] = "";

	for (const char *word = words_next(words, &length); word != NULL;
	     word = words_next(word + length, &length)) {
		check_word(word, length, others, where);
		if (words_have(seen, word, length)) {
			fail_msg("%s: \"%.*s\" is there twice", where, (int)length, word);
		}
		assert_true(strlen(seen) + length + 2 < sizeof(seen));
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), " %.*s", (int)length, word);
	}
}

static const struct kind *kind_named(const char *name, size_t length)
{
	const struct kind *kind = schema_kind(schema_server(), name, length);

	return kind != NULL && strlen(kind->name) == length && memcmp(kind->name, name, length) == 0 ? kind
												     : NULL;
}

/* ---- names ---- */

static void look_at_kind_names(const struct kind *kind)
{
	check_word(kind->name, strlen(kind->name), "-", "a kind");
	check_word(kind->plural, strlen(kind->plural), "-", kind->name);
	check_word(kind->chapter, strlen(kind->chapter), "-", kind->name);
	check_words(kind->states, "-", kind->name);
	assert_true(kind->help != NULL && kind->help[0] != '\0');
	assert_string_not_equal(kind->name, kind->plural);
	for (size_t i = 0; i < kind->transition_count; i++) {
		check_word(kind->transitions[i].verb, strlen(kind->transitions[i].verb), "-", kind->name);
		assert_true(kind->transitions[i].help != NULL && kind->transitions[i].help[0] != '\0');
	}
}

static void kinds_states_and_verbs_have_well_formed_names(void **state)
{
	(void)state;
	each_kind(look_at_kind_names);
}

static void look_at_field_names(const struct kind *kind, const struct field *field)
{
	check_word(field->name, strlen(field->name), "_", kind->name);
	if (field->group != NULL) {
		check_word(field->group, strlen(field->group), "_", field->name);
	}
	if (field->choices != NULL) {
		check_words(field->choices, "-", field->name);
	}
}

static void fields_groups_and_choices_have_well_formed_names(void **state)
{
	(void)state;
	each_field(look_at_field_names);
}

static void look_for_the_reserved_name(const struct kind *kind, const struct field *field)
{
	if (strcmp(field->name, SETTLED_KEY) == 0) {
		fail_msg("%s: a field may not be called %s, which keeps what was given up among the salts",
			 kind->name, field->name);
	}
}

static void no_field_has_the_name_under_which_values_are_kept_that_were_given_up(void **state)
{
	(void)state;
	each_field(look_for_the_reserved_name);
}

static void modes_have_well_formed_names_and_none_is_there_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < mode_row_count; i++) {
		check_word(mode_rows[i].name, strlen(mode_rows[i].name), "-", "a mode");
		assert_ptr_equal(mode_find(mode_rows[i].name), &mode_rows[i]);
		assert_true(mode_rows[i].help[0] != '\0');
	}
}

static void two_kinds_never_share_a_name_a_plural_or_a_prefix(void **state)
{
	const struct schema *schema = schema_server();

	(void)state;
	for (size_t a = 0; a < schema->kind_count; a++) {
		for (size_t b = 0; b < schema->kind_count; b++) {
			assert_true(a == b || strcmp(schema->kinds[a].prefix, schema->kinds[b].prefix) != 0);
			assert_true(a == b || strcmp(schema->kinds[a].name, schema->kinds[b].name) != 0);
			assert_true(a == b || strcmp(schema->kinds[a].plural, schema->kinds[b].plural) != 0);
			assert_string_not_equal(schema->kinds[a].name, schema->kinds[b].plural);
		}
	}
}

static void look_at_prefix(const struct kind *kind)
{
	char text[ID_TEXT];
	struct id id;

	id_format(kind->prefix, 12, text);
	assert_true(id_parse(text, strlen(text), &id));
	assert_string_equal(id.prefix, kind->prefix);
	assert_ptr_equal(schema_kind_of_prefix(schema_server(), kind->prefix), kind);
}

static void every_prefix_makes_ids_that_can_be_read_back(void **state)
{
	(void)state;
	each_kind(look_at_prefix);
}

static void look_for_twin_fields(const struct kind *kind)
{
	for (size_t a = 0; a < kind->field_count; a++) {
		for (size_t b = 0; b < a; b++) {
			assert_string_not_equal(kind->fields[a].name, kind->fields[b].name);
		}
		assert_ptr_equal(kind_field(kind, kind->fields[a].name, strlen(kind->fields[a].name)),
				 &kind->fields[a]);
	}
	for (size_t a = 0; a < kind->transition_count; a++) {
		for (size_t b = 0; b < a; b++) {
			assert_string_not_equal(kind->transitions[a].verb, kind->transitions[b].verb);
		}
	}
	assert_true(kind->field_count <= KIND_FIELDS_MAX);
}

static void no_kind_has_two_fields_or_two_verbs_of_the_same_name(void **state)
{
	(void)state;
	each_kind(look_for_twin_fields);
}

/* ---- fields ---- */

static void look_at_title(const struct kind *kind)
{
	const struct field *title = kind_field(kind, kind->title, strlen(kind->title));

	if (title == NULL || title->type != FIELD_TEXT) {
		fail_msg("%s: its title field %s is no line of text", kind->name, kind->title);
	}
}

static void every_kind_is_named_by_a_field_of_one_line(void **state)
{
	(void)state;
	each_kind(look_at_title);
}

static void look_at_reference(const struct kind *kind, const struct field *field)
{
	bool refers = field->type == FIELD_REF || field->type == FIELD_REFS;

	if (!refers && field->kind != NULL) {
		fail_msg("%s.%s is no reference and names a kind", kind->name, field->name);
	}
	if (refers && field->kind != NULL && kind_named(field->kind, strlen(field->kind)) == NULL) {
		fail_msg("%s.%s refers to %s, which is no kind", kind->name, field->name, field->kind);
	}
}

static void every_reference_is_to_a_kind_that_exists(void **state)
{
	(void)state;
	each_field(look_at_reference);
}

static void look_at_help(const struct kind *kind, const struct field *field)
{
	if (field->help == NULL || field->help[0] == '\0' || strchr(field->help, '\n') != NULL) {
		fail_msg("%s.%s has no line of help", kind->name, field->name);
	}
}

static void every_field_says_in_a_line_what_it_is(void **state)
{
	(void)state;
	each_field(look_at_help);
}

static void look_at_bounds(const struct kind *kind, const struct field *field)
{
	bool bounded = field->type == FIELD_TEXT || field->type == FIELD_LONG_TEXT ||
		       field->type == FIELD_INTEGER || field->type == FIELD_DECIMAL ||
		       field->type == FIELD_REFS;

	if (bounded && field->min >= field->max) {
		fail_msg("%s.%s: there is nothing between %lld and %lld", kind->name, field->name,
			 (long long)field->min, (long long)field->max);
	}
	if ((field->type == FIELD_CHOICE) != (field->choices != NULL)) {
		fail_msg("%s.%s: choices are for choices", kind->name, field->name);
	}
	if (field->type != FIELD_DECIMAL && field->places != 0) {
		fail_msg("%s.%s: only a decimal has places", kind->name, field->name);
	}
}

static void every_field_has_the_bounds_that_its_type_asks_for(void **state)
{
	(void)state;
	each_field(look_at_bounds);
}

static const char *const common_names[] = {"source",  "state",          "owner",
					   "marking", "marking_reason", "marking_review"};

static void look_for_common_rows(const struct kind *kind)
{
	for (size_t i = 0; i < sizeof(common_names) / sizeof(common_names[0]); i++) {
		if (kind_field(kind, common_names[i], strlen(common_names[i])) == NULL) {
			fail_msg("%s has no field %s", kind->name, common_names[i]);
		}
	}
	assert_true(kind_field(kind, "owner", 5)->required);
	assert_string_equal(kind_field(kind, "state", 5)->edit, "nobody");
}

static void every_kind_has_the_rows_that_all_have_in_common(void **state)
{
	(void)state;
	each_kind(look_for_common_rows);
}

static void look_at_modes(const struct kind *kind, const struct field *field)
{
	if (mode_find(field->see) == NULL || mode_find(field->edit) == NULL) {
		fail_msg("%s.%s names a mode that there is not", kind->name, field->name);
	}
}

static void every_field_names_two_modes_that_exist(void **state)
{
	(void)state;
	each_field(look_at_modes);
}

/* The roles that may create records of a kind, whoever they are for. */
static unsigned creators(const struct kind *kind)
{
	unsigned roles = 0;

	for (size_t i = 0; i < right_row_count; i++) {
		if (words_have(right_rows[i].kinds, kind->name, strlen(kind->name)) &&
		    words_have(right_rows[i].verbs, "create", 6)) {
			roles |= right_rows[i].roles;
		}
	}
	return roles;
}

static void look_for_somebody_who_fills_it(const struct kind *kind, const struct field *field)
{
	unsigned all = creators(kind);
	bool filled = false;

	for (unsigned role = 1; role < 1U << ROLE_COUNT && field->required; role <<= 1) {
		struct owned owned = {.body = "B1", .roles = role};
		struct session session = {.roles = role, .owned = &owned, .owned_count = 1};
		const char *end = strchr(kind->states, ' ');
		size_t length = end != NULL ? (size_t)(end - kind->states) : strlen(kind->states);
		char state[40];
		struct standing standing = {.owner = "B1", .state = state, .marking = ""};

		snprintf(state, sizeof(state), "%.*s", (int)length, kind->states);
		filled = filled ||
			 ((all & role) != 0 &&
			  (policy_fields_open(&session, kind, &standing, "create") >> (field - kind->fields) &
			   1) != 0);
	}
	if (field->required && !filled) {
		fail_msg("%s.%s is required and nobody who creates one can fill it in", kind->name,
			 field->name);
	}
}

static void every_required_field_can_be_filled_in_by_somebody_who_creates(void **state)
{
	(void)state;
	each_field(look_for_somebody_who_fills_it);
}

/* ---- states ---- */

static void look_at_transitions(const struct kind *kind)
{
	size_t length = 0;
	const char *first = words_next(kind->states, &length);

	assert_true(first != NULL || kind->transition_count == 0);
	for (size_t i = 0; i < kind->transition_count; i++) {
		const struct transition *step = &kind->transitions[i];

		assert_true(words_have(kind->states, step->to, strlen(step->to)));
		for (const char *from = words_next(step->from, &length); from != NULL;
		     from = words_next(from + length, &length)) {
			assert_true(words_have(kind->states, from, length));
		}
		assert_false(words_have("see create edit remove", step->verb, strlen(step->verb)));
	}
}

static void every_transition_goes_between_states_that_exist(void **state)
{
	(void)state;
	each_kind(look_at_transitions);
}

static bool reached(const struct kind *kind, const char *state, size_t state_length)
{
	size_t length = 0;
	const char *first = words_next(kind->states, &length);

	if (length == state_length && memcmp(first, state, length) == 0) {
		return true;
	}
	for (size_t i = 0; i < kind->transition_count; i++) {
		if (strlen(kind->transitions[i].to) == state_length &&
		    memcmp(kind->transitions[i].to, state, state_length) == 0) {
			return true;
		}
	}
	return false;
}

static void look_for_ways_in(const struct kind *kind)
{
	size_t length = 0;

	for (const char *state = words_next(kind->states, &length); state != NULL;
	     state = words_next(state + length, &length)) {
		if (!reached(kind, state, length)) {
			fail_msg("no way leads a %s to %.*s", kind->name, (int)length, state);
		}
	}
}

static void every_state_can_be_reached(void **state)
{
	(void)state;
	each_kind(look_for_ways_in);
}

/* ---- rights ---- */

static void check_right(const struct right_row *row)
{
	size_t kind_length = 0;
	size_t length = 0;

	assert_true(row->roles != 0 && (row->roles & ~(unsigned)ROLES_ALL) == 0);
	for (const char *name = words_next(row->kinds, &kind_length); name != NULL;
	     name = words_next(name + kind_length, &kind_length)) {
		const struct kind *kind = kind_named(name, kind_length);

		if (kind == NULL) {
			fail_msg("%s: %.*s is no kind", row->rule, (int)kind_length, name);
			return;
		}
		for (const char *verb = words_next(row->verbs, &length); verb != NULL;
		     verb = words_next(verb + length, &length)) {
			if (!words_have("see create edit remove", verb, length) &&
			    kind_transition(kind, verb, length) == NULL) {
				fail_msg("%s: a %s has no verb %.*s", row->rule, kind->name, (int)length,
					 verb);
			}
		}
	}
}

static void every_right_is_to_a_verb_that_its_kinds_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < right_row_count; i++) {
		check_right(&right_rows[i]);
	}
}

static void every_right_is_in_states_that_one_of_its_kinds_has(void **state)
{
	size_t length = 0;
	size_t kind_length = 0;

	(void)state;
	for (size_t i = 0; i < right_row_count; i++) {
		const struct right_row *row = &right_rows[i];

		for (const char *word = words_next(row->states, &length); word != NULL;
		     word = words_next(word + length, &length)) {
			bool found = false;

			for (const char *name = words_next(row->kinds, &kind_length); name != NULL;
			     name = words_next(name + kind_length, &kind_length)) {
				found = found ||
					words_have(kind_named(name, kind_length)->states, word, length);
			}
			if (!found) {
				fail_msg("%s: no kind of it is ever %.*s", row->rule, (int)length, word);
			}
		}
	}
}

static void two_rights_never_have_the_same_name(void **state)
{
	(void)state;
	for (size_t a = 0; a < right_row_count; a++) {
		assert_true(strlen(right_rows[a].rule) < sizeof(((struct verdict *)NULL)->rule));
		for (size_t b = 0; b < a; b++) {
			assert_string_not_equal(right_rows[a].rule, right_rows[b].rule);
		}
	}
}

static void look_for_a_reader(const struct kind *kind)
{
	for (size_t i = 0; i < right_row_count; i++) {
		if (words_have(right_rows[i].kinds, kind->name, strlen(kind->name)) &&
		    words_have(right_rows[i].verbs, "see", 3)) {
			return;
		}
	}
	fail_msg("no right lets anybody see a %s", kind->name);
}

static void every_kind_is_seen_by_somebody(void **state)
{
	(void)state;
	each_kind(look_for_a_reader);
}

static void look_for_an_actor(const struct kind *kind)
{
	for (size_t t = 0; t < kind->transition_count; t++) {
		const char *verb = kind->transitions[t].verb;
		bool found = false;

		for (size_t i = 0; i < right_row_count; i++) {
			found = found || (words_have(right_rows[i].kinds, kind->name, strlen(kind->name)) &&
					  words_have(right_rows[i].verbs, verb, strlen(verb)));
		}
		if (!found) {
			fail_msg("no right lets anybody %s a %s", verb, kind->name);
		}
	}
}

static void every_verb_of_a_kind_is_somebodys_right(void **state)
{
	(void)state;
	each_kind(look_for_an_actor);
}

static void every_choice_of_marking_has_its_row(void **state)
{
	const struct field *marking = kind_field(&schema_server()->kinds[0], "marking", 7);

	(void)state;
	for (size_t i = 0; i < marking_row_count; i++) {
		assert_true(words_have(marking->choices, marking_rows[i].marking,
				       strlen(marking_rows[i].marking)));
	}
	check_words(marking->choices, "-", "marking");
	assert_int_equal(marking_row_count, 3);
}

static void every_parent_is_found_by_a_reference(void **state)
{
	(void)state;
	for (size_t i = 0; i < parent_row_count; i++) {
		const struct kind *kind = kind_named(parent_rows[i].kind, strlen(parent_rows[i].kind));
		const struct field *field = NULL;

		assert_non_null(kind);
		field = kind_field(kind, parent_rows[i].field, strlen(parent_rows[i].field));
		assert_non_null(field);
		assert_int_equal(field->type, FIELD_REF);
		assert_ptr_equal(policy_parent(kind), field);
	}
}

/* ---- the form that travels ---- */

static void a_client_reads_back_the_schema_that_the_server_has(void **state)
{
	struct arena *arena = arena_new();
	const struct schema *copy = NULL;
	struct error err = ERROR_INIT;
	struct buffer again;

	(void)state;
	assert_int_equal(schema_decode(arena, schema_packed(), &copy, &err), STATUS_OK);
	assert_int_equal(copy->kind_count, schema_server()->kind_count);
	buffer_init(&again, 1 << 20);
	schema_put(&again, copy);
	assert_int_equal(again.length, schema_packed().length);
	assert_memory_equal(again.data, schema_packed().data, again.length);
	buffer_release(&again);
	arena_free(arena);
}

static void the_digest_is_of_the_form_that_travels(void **state)
{
	struct digest digest;

	(void)state;
	digest_bytes(schema_packed().data, schema_packed().length, &digest);
	assert_true(digest_equal(&digest, schema_digest()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_states_and_verbs_have_well_formed_names),
		cmocka_unit_test(fields_groups_and_choices_have_well_formed_names),
		cmocka_unit_test(no_field_has_the_name_under_which_values_are_kept_that_were_given_up),
		cmocka_unit_test(modes_have_well_formed_names_and_none_is_there_twice),
		cmocka_unit_test(two_kinds_never_share_a_name_a_plural_or_a_prefix),
		cmocka_unit_test(every_prefix_makes_ids_that_can_be_read_back),
		cmocka_unit_test(no_kind_has_two_fields_or_two_verbs_of_the_same_name),
		cmocka_unit_test(every_kind_is_named_by_a_field_of_one_line),
		cmocka_unit_test(every_reference_is_to_a_kind_that_exists),
		cmocka_unit_test(every_field_says_in_a_line_what_it_is),
		cmocka_unit_test(every_field_has_the_bounds_that_its_type_asks_for),
		cmocka_unit_test(every_kind_has_the_rows_that_all_have_in_common),
		cmocka_unit_test(every_field_names_two_modes_that_exist),
		cmocka_unit_test(every_required_field_can_be_filled_in_by_somebody_who_creates),
		cmocka_unit_test(every_transition_goes_between_states_that_exist),
		cmocka_unit_test(every_state_can_be_reached),
		cmocka_unit_test(every_right_is_to_a_verb_that_its_kinds_have),
		cmocka_unit_test(every_right_is_in_states_that_one_of_its_kinds_has),
		cmocka_unit_test(two_rights_never_have_the_same_name),
		cmocka_unit_test(every_kind_is_seen_by_somebody),
		cmocka_unit_test(every_verb_of_a_kind_is_somebodys_right),
		cmocka_unit_test(every_choice_of_marking_has_its_row),
		cmocka_unit_test(every_parent_is_found_by_a_reference),
		cmocka_unit_test(a_client_reads_back_the_schema_that_the_server_has),
		cmocka_unit_test(the_digest_is_of_the_form_that_travels),
	};

	return cmocka_run_group_tests_name("schema", tests, set_up, tear_down);
}
