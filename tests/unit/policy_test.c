/* The gate, walked: each kind, in each state, under each marking, for each role, for records of one's own body and of
 * another's. Sessions are made by hand here; how appointments lead to them is session.c's business. */
#include "server/policy/policy.h"

#include "server/policy/modes.h"
#include "server/policy/rights.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OURS   "B1" /* the body that the session speaks for */
#define THEIRS "B2"

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

static const struct kind *kind_named(const char *name)
{
	const struct kind *kind = schema_kind(schema_server(), name, strlen(name));

	assert_non_null(kind);
	return kind;
}

/* One case of the walk. */
struct place {
	const struct kind *kind;
	struct standing standing;
	unsigned role;
	const struct session *session;
};

typedef void (*place_visitor)(const struct place *place);

static void each_standing(const struct kind *kind, const struct session *session, unsigned role,
			  place_visitor visit)
{
	static const char *const markings[] = {"", "open", "restricted", "exempt", "no such marking"};
	static const char *const owners[] = {OURS, THEIRS, ""};
	char state[40] = "";
	size_t length = 0;
	const char *word = words_next(kind->states, &length);

	do {
		snprintf(state, sizeof(state), "%.*s", (int)length, word != NULL ? word : "");
		for (size_t m = 0; m < sizeof(markings) / sizeof(markings[0]); m++) {
			for (size_t o = 0; o < sizeof(owners) / sizeof(owners[0]); o++) {
				visit(&(struct place){.kind = kind,
						      .standing = {.owner = owners[o],
								   .state = state,
								   .marking = markings[m]},
						      .role = role,
						      .session = session});
			}
		}
		word = word != NULL ? words_next(word + length, &length) : NULL;
	} while (word != NULL);
}

/* Every single role (held for OURS), and none. */
static void walk(place_visitor visit)
{
	const struct schema *schema = schema_server();

	for (unsigned i = 0; i <= ROLE_COUNT; i++) {
		unsigned role = i < ROLE_COUNT ? role_rows[i].role : 0;
		struct owned owned = {.body = OURS, .roles = role};
		struct session session = {.roles = role, .owned = &owned, .owned_count = role != 0 ? 1 : 0};

		for (size_t k = 0; k < schema->kind_count; k++) {
			each_standing(&schema->kinds[k], &session, role, visit);
		}
	}
}

static bool may(const struct place *place, const char *verb)
{
	struct verdict verdict;

	policy_verb(place->session, place->kind, &place->standing, verb, strlen(verb), &verdict);
	return verdict.allowed;
}

/* Calls visit for see, create, edit, remove and every transition. */
static void each_verb(const struct place *place, void (*visit)(const struct place *place, const char *verb))
{
	static const char *const verbs[] = {"see", "create", "edit", "remove"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		visit(place, verbs[i]);
	}
	for (size_t i = 0; i < place->kind->transition_count; i++) {
		visit(place, place->kind->transitions[i].verb);
	}
}

static void fail_at(const struct place *place, const char *verb, const char *what)
{
	char role[80];

	roles_describe(place->role, role, sizeof(role));
	fail_msg("%s: %s a %s, owner %s, state \"%s\", marking \"%s\", as %s", what, verb, place->kind->name,
		 place->standing.owner, place->standing.state, place->standing.marking, role);
}

/* ---- walks ---- */

static void check_sight(const struct place *place, const char *verb)
{
	if (may(place, verb) && !policy_sees(place->session, place->kind, &place->standing)) {
		fail_at(place, verb, "acts unseeing");
	}
}

static void visit_sight(const struct place *place)
{
	each_verb(place, check_sight);
}

static void whoever_may_do_anything_to_a_record_may_see_it(void **state)
{
	(void)state;
	walk(visit_sight);
}

static void visit_fields(const struct place *place)
{
	uint64_t seen = policy_fields_seen(place->session, place->kind, place->standing.owner);
	uint64_t edited = policy_fields_open(place->session, place->kind, &place->standing, "edit");

	if ((edited & ~seen) != 0) {
		fail_at(place, "edit", "edits fields unseen");
	}
	if ((policy_fields_open(place->session, place->kind, &place->standing, "create") & ~seen) != 0) {
		fail_at(place, "create", "fills in fields unseen");
	}
}

static void whoever_edits_a_field_sees_it(void **state)
{
	(void)state;
	walk(visit_fields);
}

static void check_nothing(const struct place *place, const char *verb)
{
	if (place->role == 0 && may(place, verb)) {
		fail_at(place, verb, "allowed to nobody");
	}
}

static void visit_nothing(const struct place *place)
{
	each_verb(place, check_nothing);
	if (place->role == 0 &&
	    (policy_fields_seen(place->session, place->kind, place->standing.owner) != 0 ||
	     policy_sees(place->session, place->kind, &place->standing))) {
		fail_at(place, "see", "shown to nobody");
	}
}

static void a_session_without_posts_may_do_and_see_nothing(void **state)
{
	(void)state;
	walk(visit_nothing);
}

static void check_readers(const struct place *place, const char *verb)
{
	if ((place->role == ROLE_SCRUTINY || place->role == ROLE_AUDITOR || place->role == ROLE_BOARD) &&
	    strcmp(verb, "see") != 0 && may(place, verb) &&
	    (place->role != ROLE_BOARD ||
	     strcmp(place->kind->name, "comment") != 0)) { /* a word changes nothing */
		fail_at(place, verb, "a reader acts");
	}
}

static void visit_readers(const struct place *place)
{
	each_verb(place, check_readers);
	if (place->role == ROLE_SCRUTINY || place->role == ROLE_AUDITOR) {
		assert_true(policy_fields_open(place->session, place->kind, &place->standing, "edit") == 0);
	}
}

static void scrutiny_auditors_and_plain_board_members_change_nothing_anywhere(void **state)
{
	(void)state;
	walk(visit_readers);
}

static void check_administrator(const struct place *place, const char *verb)
{
	if (place->role == ROLE_ADMINISTRATOR && !place->kind->directory && may(place, verb)) {
		fail_at(place, verb, "an administrator reaches plan data");
	}
}

static void visit_administrator(const struct place *place)
{
	each_verb(place, check_administrator);
	if (place->role == ROLE_ADMINISTRATOR && !place->kind->directory &&
	    (policy_sees(place->session, place->kind, &place->standing) ||
	     policy_fields_seen(place->session, place->kind, place->standing.owner) != 0)) {
		fail_at(place, "see", "an administrator sees plan data");
	}
}

static void an_administrator_sees_no_field_of_any_kind_but_the_directory(void **state)
{
	(void)state;
	walk(visit_administrator);
}

static void visit_scrutiny(const struct place *place)
{
	uint64_t seen = policy_fields_seen(place->session, place->kind, place->standing.owner);

	for (size_t i = 0; place->role == ROLE_SCRUTINY && i < place->kind->field_count; i++) {
		if (strcmp(place->kind->fields[i].see, "partners") == 0 && (seen >> i & 1) != 0) {
			fail_at(place, place->kind->fields[i].name, "scrutiny sees a field of partners");
		}
	}
	if (place->role == ROLE_SCRUTINY &&
	    (strcmp(place->standing.marking, "restricted") == 0 ||
	     strcmp(place->standing.marking, "exempt") == 0) &&
	    policy_sees(place->session, place->kind, &place->standing)) {
		fail_at(place, "see", "scrutiny sees a marked record");
	}
}

static void scrutiny_sees_no_field_of_partners_and_no_marked_record(void **state)
{
	(void)state;
	walk(visit_scrutiny);
}

static void visit_marking(const struct place *place)
{
	if (strcmp(place->standing.marking, "no such marking") == 0 &&
	    policy_sees(place->session, place->kind, &place->standing)) {
		fail_at(place, "see", "a marking that no row knows");
	}
}

static void a_marking_that_nobody_knows_hides_a_record_from_everybody(void **state)
{
	(void)state;
	walk(visit_marking);
}

static bool own_row(const struct place *place, const char *verb)
{
	for (size_t i = 0; i < right_row_count; i++) {
		const struct right_row *row = &right_rows[i];

		if (row->relation == RELATION_ANY && (row->roles & place->role) != 0 &&
		    words_have(row->kinds, place->kind->name, strlen(place->kind->name)) &&
		    words_have(row->verbs, verb, strlen(verb)) &&
		    (row->states[0] == '\0' ||
		     words_have(row->states, place->standing.state, strlen(place->standing.state)))) {
			return false;
		}
	}
	return true;
}

static void check_own(const struct place *place, const char *verb)
{
	if (strcmp(place->standing.owner, OURS) != 0 && own_row(place, verb) && may(place, verb)) {
		fail_at(place, verb, "a right for the own body used on another's record");
	}
}

static void visit_own(const struct place *place)
{
	each_verb(place, check_own);
}

static void a_right_for_the_own_body_gives_nothing_on_the_records_of_others(void **state)
{
	(void)state;
	walk(visit_own);
}

static void check_words(const struct place *place, const char *verb)
{
	struct verdict verdict;

	policy_verb(place->session, place->kind, &place->standing, verb, strlen(verb), &verdict);
	if (verdict.rule[0] == '\0' || verdict.why[0] == '\0' ||
	    (verdict.who[0] != '\0') == verdict.allowed || (verdict.roles != 0) != verdict.allowed) {
		fail_at(place, verb, "a verdict without words");
	}
}

static void visit_words(const struct place *place)
{
	each_verb(place, check_words);
}

static void every_verdict_names_its_rule_why_and_who_could(void **state)
{
	(void)state;
	walk(visit_words);
}

static void check_agreement(const struct place *place, const char *verb)
{
	if (strcmp(verb, "see") == 0 &&
	    may(place, verb) != policy_sees(place->session, place->kind, &place->standing)) {
		fail_at(place, verb, "the two ways to ask differ");
	}
}

static void visit_agreement(const struct place *place)
{
	each_verb(place, check_agreement);
}

static void the_question_with_words_and_the_one_without_agree(void **state)
{
	(void)state;
	walk(visit_agreement);
}

/* ---- two posts ---- */

static void a_role_held_for_one_body_is_not_lent_to_another_of_the_same_person(void **state)
{
	/* an officer of B1 who also sits on the board of B2 */
	const struct owned owned[] = {{"B1", ROLE_OFFICER}, {"B2", ROLE_BOARD}};
	const struct session session = {.roles = ROLE_OFFICER | ROLE_BOARD, .owned = owned, .owned_count = 2};
	struct standing standing = {.owner = "B1", .state = "open", .marking = ""};
	struct verdict verdict;

	(void)state;
	policy_verb(&session, kind_named("action"), &standing, "edit", 4, &verdict);
	assert_true(verdict.allowed);
	assert_int_equal(verdict.roles, ROLE_OFFICER);
	standing.owner = "B2";
	policy_verb(&session, kind_named("action"), &standing, "edit", 4, &verdict);
	assert_false(verdict.allowed);
	assert_true(policy_fields_open(&session, kind_named("action"), &standing, "edit") == 0);
}

static void an_exempt_record_is_shown_to_the_board_and_its_owner_alone(void **state)
{
	static const struct {
		unsigned role;
		bool own, others;
	} cases[] = {
		{ROLE_BOARD, true, true},           {ROLE_CHAIR, true, true},
		{ROLE_SECRETARY, true, true},       {ROLE_OFFICER, true, false},
		{ROLE_AUTHORITY, true, false},      {ROLE_ANALYST, true, false},
		{ROLE_SCRUTINY, false, false},      {ROLE_AUDITOR, false, false},
		{ROLE_ADMINISTRATOR, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct owned owned = {.body = OURS, .roles = cases[i].role};
		struct session session = {.roles = cases[i].role, .owned = &owned, .owned_count = 1};
		struct standing ours = {.owner = OURS, .state = "", .marking = "exempt"};
		struct standing theirs = {.owner = THEIRS, .state = "", .marking = "exempt"};

		assert_int_equal(policy_sees(&session, kind_named("indicator"), &ours), cases[i].own);
		assert_int_equal(policy_sees(&session, kind_named("indicator"), &theirs), cases[i].others);
	}
}

/* ---- words ---- */

static void a_refusal_says_which_posts_could_and_as_what_one_acts(void **state)
{
	struct owned owned = {.body = OURS, .roles = ROLE_OFFICER};
	struct session session = {.roles = ROLE_OFFICER, .owned = &owned, .owned_count = 1};
	struct standing standing = {.owner = THEIRS, .state = "open", .marking = ""};
	struct verdict verdict;

	(void)state;
	policy_verb(&session, kind_named("action"), &standing, "edit", 4, &verdict);
	assert_false(verdict.allowed);
	assert_string_equal(verdict.rule, "action.edit");
	assert_string_equal(verdict.who,
			    "operational officer or authority representative of the body that owns it");
	assert_non_null(
		strstr(verdict.why, "You act as operational officer, but not for the body that owns"));
}

static void a_refusal_for_the_state_says_which_state_it_is(void **state)
{
	struct session session = {.roles = ROLE_CHAIR};
	struct standing standing = {.owner = THEIRS, .state = "made", .marking = ""};
	struct verdict verdict;

	(void)state;
	policy_verb(&session, kind_named("decision"), &standing, "make", 4, &verdict);
	assert_false(verdict.allowed);
	assert_string_equal(verdict.rule, "decision.make");
	assert_string_equal(verdict.why, "Nobody with your posts may make this decision while it is made.");
}

static void a_permission_names_the_row_that_gave_it(void **state)
{
	struct owned owned = {.body = OURS, .roles = ROLE_CHAIR};
	struct session session = {.roles = ROLE_CHAIR, .owned = &owned, .owned_count = 1};
	struct standing standing = {.owner = THEIRS, .state = "submitted", .marking = ""};
	struct verdict verdict;

	(void)state;
	policy_verb(&session, kind_named("decision"), &standing, "make", 4, &verdict);
	assert_true(verdict.allowed);
	assert_string_equal(verdict.rule, "decision.make");
	assert_string_equal(verdict.who, "");
}

static void a_marking_that_hides_is_the_rule_that_refuses(void **state)
{
	struct owned owned = {.body = OURS, .roles = ROLE_AUDITOR};
	struct session session = {.roles = ROLE_AUDITOR, .owned = &owned, .owned_count = 1};
	struct standing standing = {.owner = THEIRS, .state = "open", .marking = "exempt"};
	struct verdict verdict;

	(void)state;
	policy_verb(&session, kind_named("action"), &standing, "see", 3, &verdict);
	assert_false(verdict.allowed);
	assert_string_equal(verdict.rule, "marking.exempt");
	assert_non_null(strstr(verdict.who, "the board"));
}

static void a_field_is_explained_by_its_mode(void **state)
{
	struct owned owned = {.body = OURS, .roles = ROLE_SCRUTINY};
	struct session session = {.roles = ROLE_SCRUTINY, .owned = &owned, .owned_count = 1};
	const struct standing standing = {.owner = THEIRS, .state = "open", .marking = ""};
	const struct kind *kind = kind_named("action");
	struct verdict verdict;

	(void)state;
	policy_field_seen(&session, kind, kind_field(kind, "risks", 5), THEIRS, &verdict);
	assert_false(verdict.allowed);
	assert_string_equal(verdict.rule, "mode.partners");
	assert_non_null(strstr(verdict.who, "without scrutiny"));
	policy_field_seen(&session, kind, kind_field(kind, "title", 5), THEIRS, &verdict);
	assert_true(verdict.allowed);
	assert_string_equal(verdict.who, "");
	policy_field_open(&session, kind, kind_field(kind, "title", 5), &standing, "edit", &verdict);
	assert_false(verdict.allowed);
	assert_string_equal(verdict.rule, "mode.doers");
}

static void an_officer_plans_an_action_for_another_authority_with_all_that_it_needs(void **state)
{
	struct owned owned = {.body = OURS, .roles = ROLE_OFFICER};
	struct session session = {.roles = ROLE_OFFICER, .owned = &owned, .owned_count = 1};
	const struct kind *kind = kind_named("action");
	const struct standing standing = {.owner = THEIRS, .state = "open", .marking = ""};
	size_t title = (size_t)(kind_field(kind, "title", 5) - kind->fields);

	(void)state;
	assert_true((policy_fields_open(&session, kind, &standing, "edit") >> title & 1) == 0);
	assert_true((policy_fields_open(&session, kind, &standing, "create") >> title & 1) == 1);
}

static void two_posts_open_no_field_between_them(void **state)
{
	/* the secretary may edit what was submitted, the representative the words of their own: nobody may do both */
	const struct owned owned[] = {{OURS, ROLE_AUTHORITY}, {"B2", ROLE_SECRETARY}};
	const struct session session = {
		.roles = ROLE_AUTHORITY | ROLE_SECRETARY, .owned = owned, .owned_count = 2};
	const struct kind *kind = kind_named("referral");
	struct standing standing = {.owner = OURS, .state = "submitted", .marking = ""};
	size_t text = (size_t)(kind_field(kind, "text", 4) - kind->fields);
	size_t answer = (size_t)(kind_field(kind, "answer", 6) - kind->fields);

	(void)state;
	assert_true((policy_fields_open(&session, kind, &standing, "edit") >> text & 1) == 0);
	assert_true((policy_fields_open(&session, kind, &standing, "edit") >> answer & 1) == 1);
	standing.state = "draft";
	assert_true((policy_fields_open(&session, kind, &standing, "edit") >> text & 1) == 1);
	assert_true((policy_fields_open(&session, kind, &standing, "edit") >> answer & 1) == 0);
}

/* ---- roles ---- */

static void every_post_and_type_in_the_schema_leads_to_a_row_of_roles(void **state)
{
	size_t type_length = 0;
	size_t length = 0;

	(void)state;
	for (const char *type = words_next(roles_body_types, &type_length); type != NULL;
	     type = words_next(type + type_length, &type_length)) {
		bool found = false;

		for (const char *post = words_next(roles_posts, &length); post != NULL;
		     post = words_next(post + length, &length)) {
			char type_name[40];
			char post_name[40];
			unsigned roles = 0;

			snprintf(type_name, sizeof(type_name), "%.*s", (int)type_length, type);
			snprintf(post_name, sizeof(post_name), "%.*s", (int)length, post);
			found = found || roles_have_post(type_name, post_name, &roles);
			assert_true((roles & ~(unsigned)ROLES_ALL) == 0);
		}
		assert_true(found);
	}
}

static void an_invitee_has_a_post_and_no_role(void **state)
{
	unsigned roles = 1;

	(void)state;
	assert_true(roles_have_post("board", "invitee", &roles));
	assert_int_equal(roles, 0);
	assert_false(roles_have_post("board", "auditor", &roles));
	assert_int_equal(roles_of_post("audit", "chair"), 0);
}

static void roles_are_listed_for_people(void **state)
{
	char text[200];
	char short_text[12];

	(void)state;
	roles_describe(0, text, sizeof(text));
	assert_string_equal(text, "");
	roles_describe(ROLE_CHAIR, text, sizeof(text));
	assert_string_equal(text, "chair");
	roles_describe(ROLE_CHAIR | ROLE_SECRETARY | ROLE_ANALYST, text, sizeof(text));
	assert_string_equal(text, "chair, secretary or analyst");
	roles_describe(ROLES_ALL, short_text, sizeof(short_text));
	assert_true(strlen(short_text) < sizeof(short_text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_may_do_anything_to_a_record_may_see_it),
		cmocka_unit_test(whoever_edits_a_field_sees_it),
		cmocka_unit_test(a_session_without_posts_may_do_and_see_nothing),
		cmocka_unit_test(scrutiny_auditors_and_plain_board_members_change_nothing_anywhere),
		cmocka_unit_test(an_administrator_sees_no_field_of_any_kind_but_the_directory),
		cmocka_unit_test(scrutiny_sees_no_field_of_partners_and_no_marked_record),
		cmocka_unit_test(a_marking_that_nobody_knows_hides_a_record_from_everybody),
		cmocka_unit_test(a_right_for_the_own_body_gives_nothing_on_the_records_of_others),
		cmocka_unit_test(every_verdict_names_its_rule_why_and_who_could),
		cmocka_unit_test(the_question_with_words_and_the_one_without_agree),
		cmocka_unit_test(a_role_held_for_one_body_is_not_lent_to_another_of_the_same_person),
		cmocka_unit_test(an_exempt_record_is_shown_to_the_board_and_its_owner_alone),
		cmocka_unit_test(a_refusal_says_which_posts_could_and_as_what_one_acts),
		cmocka_unit_test(a_refusal_for_the_state_says_which_state_it_is),
		cmocka_unit_test(a_permission_names_the_row_that_gave_it),
		cmocka_unit_test(a_marking_that_hides_is_the_rule_that_refuses),
		cmocka_unit_test(a_field_is_explained_by_its_mode),
		cmocka_unit_test(an_officer_plans_an_action_for_another_authority_with_all_that_it_needs),
		cmocka_unit_test(two_posts_open_no_field_between_them),
		cmocka_unit_test(every_post_and_type_in_the_schema_leads_to_a_row_of_roles),
		cmocka_unit_test(an_invitee_has_a_post_and_no_role),
		cmocka_unit_test(roles_are_listed_for_people),
	};

	return cmocka_run_group_tests_name("policy", tests, set_up, tear_down);
}
