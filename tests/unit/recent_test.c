/* The reader's table of records shows what the snapshot at hand shows, and nothing older: through changes, removals,
 * steps that hide, many changes at once, and a table that has no room. */
#include "tests/support/plan_fixture.h"

#include "server/records/recent.h"
#include "server/records/visible.h"
#include "server/schema/schema.h"
#include "server/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct recent *recent;

static int setup(void **state)
{
	plan_setup(state);
	recent = recent_new(RECENT_BYTES);
	assert_non_null(recent);
	return 0;
}

static int setup_tiny(void **state)
{
	plan_setup(state);
	recent = recent_new(1);
	assert_non_null(recent);
	return 0;
}

static int teardown(void **state)
{
	recent_free(recent);
	return plan_teardown(state);
}

/* A reader's context, at the beginning of a snapshot. */
static struct context begin(struct plan *plan)
{
	struct context context = plan->server->context;
	struct error err = ERROR_INIT;

	context.store = plan->server->reader;
	context.journal = NULL;
	context.recent = recent;
	assert_int_equal(store_begin(context.store, &err), STATUS_OK);
	recent_turn(recent, context.store);
	return context;
}

static const struct record *get(struct context *context, struct plan *plan, const char *id)
{
	const struct record *record = NULL;
	const struct kind *kind = NULL;
	struct id parsed;
	struct error err = ERROR_INIT;
	enum status status;

	assert_true(id_parse(id, strlen(id), &parsed));
	kind = schema_kind_of_prefix(schema_server(), parsed.prefix);
	assert_non_null(kind);
	status = recent_get(recent, context, plan->server->partnership, kind, parsed.number, &record, &err);
	assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
	return status == STATUS_OK ? record : NULL;
}

/* What a new snapshot shows of a field. */
static const char *shown(struct plan *plan, const char *id, const char *field)
{
	struct context context = begin(plan);
	const struct record *record = get(&context, plan, id);
	const char *text =
		record != NULL ? record_text(fixture_arena(plan->server), record, field) : "(none)";

	if (record != NULL && record->row.removed) {
		text = "(removed)";
	}
	store_rollback(context.store);
	return text;
}

/* Whether a person sees a record in a new snapshot. */
static bool visible(struct plan *plan, enum who who, const char *id)
{
	struct fixture_device *device = plan_device(plan, who);
	struct context context = begin(plan);
	struct arena *arena = fixture_arena(plan->server);
	struct visibility visibility;
	struct session *session = NULL;
	struct record record;
	struct error err = ERROR_INIT;
	enum status status;

	assert_int_equal(session_load(context.store, arena, &device->fingerprint, &session, &err), STATUS_OK);
	visibility_init(&visibility, &context, arena, session);
	status = record_load_visible(&visibility, id, strlen(id), &record, &err);
	assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
	store_rollback(context.store);
	return status == STATUS_OK;
}

static void a_record_is_decoded_once_while_nobody_changes_it(void **state)
{
	struct plan *plan = *state;
	const struct record *first = NULL;
	struct context context;

	plan_action(plan, "progress=1");
	context = begin(plan);
	first = get(&context, plan, "A1");
	store_rollback(context.store);
	context = begin(plan);
	assert_ptr_equal(get(&context, plan, "A1"), first);
	store_rollback(context.store);
}

static void a_change_elsewhere_leaves_it_where_it_is(void **state)
{
	struct plan *plan = *state;
	const struct record *first = NULL;
	struct context context;

	plan_action(plan, "progress=1");
	plan_action(plan, "progress=2");
	context = begin(plan);
	first = get(&context, plan, "A1");
	store_rollback(context.store);
	plan_must(plan, POLICE, "edit", "A2", "progress=3");
	context = begin(plan);
	assert_ptr_equal(get(&context, plan, "A1"), first);
	store_rollback(context.store);
}

static void a_change_is_shown_by_the_next_snapshot(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "description=before");
	assert_string_equal(shown(plan, "A1", "description"), "before");
	plan_must(plan, POLICE, "edit", "A1", "description=after");
	assert_string_equal(shown(plan, "A1", "description"), "after");
	plan_must(plan, POLICE, "edit", "A1", "description=later");
	assert_string_equal(shown(plan, "A1", "description"), "later");
}

static void a_snapshot_that_began_before_shows_what_was(void **state)
{
	struct plan *plan = *state;
	struct context context;
	const struct record *record = NULL;

	plan_action(plan, "description=before");
	context = begin(plan);
	plan_must(plan, POLICE, "edit", "A1", "description=after");
	record = get(&context, plan, "A1");
	assert_string_equal(record_text(fixture_arena(plan->server), record, "description"), "before");
	store_rollback(context.store);
	assert_string_equal(shown(plan, "A1", "description"), "after");
}

static void a_removal_is_shown(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "description=before");
	assert_string_equal(shown(plan, "A1", "description"), "before");
	plan_must(plan, POLICE, "remove", "A1", "");
	assert_string_equal(shown(plan, "A1", "description"), "(removed)");
	assert_false(visible(plan, POLICE, "A1"));
}

static void what_was_not_there_is_found_once_it_is(void **state)
{
	struct plan *plan = *state;

	plan_priority(plan, "draft");
	assert_string_equal(shown(plan, "A1", "description"), "(none)");
	plan_action(plan, "description=new");
	assert_string_equal(shown(plan, "A1", "description"), "new");
}

static void a_marking_hides_from_the_next_snapshot_on(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "progress=1");
	plan_must(plan, CHAIR, "adopt", plan_priority(plan, "submitted"), "");
	assert_true(visible(plan, COUNCIL, "A1"));
	plan_must(plan, POLICE, "edit", "A1",
		  "marking=exempt|marking_reason=crime|marking_review=2014-12-31");
	assert_false(visible(plan, COUNCIL, "A1"));
	assert_true(visible(plan, POLICE, "A1"));
}

static void a_parent_that_is_adopted_shows_its_children(void **state)
{
	struct plan *plan = *state;
	const char *priority = plan_priority(plan, "submitted");
	const char *action =
		plan_make(plan, POLICE, "action",
			  arena_printf(fixture_arena(plan->server),
				       "title=Patrols|priority=%s|status=on-track|owner=B4", priority));

	assert_false(visible(plan, SCRUTINY, action));
	plan_must(plan, CHAIR, "adopt", priority, "");
	assert_true(visible(plan, SCRUTINY, action));
}

static void more_changes_than_are_passed_one_by_one_are_shown_too(void **state)
{
	struct plan *plan = *state;
	char fields[40];

	plan_action(plan, "progress=0");
	assert_string_equal(shown(plan, "A1", "description"), "");
	for (int i = 0; i < 600; i++) {
		snprintf(fields, sizeof(fields), "description=change %d", i);
		plan_must(plan, POLICE, "edit", "A1", fields);
	}
	assert_string_equal(shown(plan, "A1", "description"), "change 599");
}

static void an_end_of_the_process_forgets_all(void **state)
{
	struct plan *plan = *state;

	plan_action(plan, "description=before");
	assert_string_equal(shown(plan, "A1", "description"), "before");
	server_fixture_restart(plan->server);
	plan_must(plan, POLICE, "edit", "A1", "description=after");
	assert_string_equal(shown(plan, "A1", "description"), "after");
}

/* Reads ahead to the end in pieces of so many. How many pieces it took. */
static int read_ahead(struct context *context, size_t most)
{
	struct recent_place place = {0};
	struct error err = ERROR_INIT;
	bool more = true;
	int pieces = 0;

	while (more) {
		assert_int_equal(recent_ahead(recent, context, &place, most, &more, &err), STATUS_OK);
		pieces++;
	}
	return pieces;
}

static void what_was_read_ahead_needs_no_store(void **state)
{
	struct plan *plan = *state;
	struct context context;
	int one_by_one;

	plan_action(plan, "progress=1");
	plan_action(plan, "progress=2");
	plan_must(plan, POLICE, "remove", "A1", "");
	context = begin(plan);
	one_by_one = read_ahead(&context, 1);
	assert_true(one_by_one > 3); /* with the directory */
	assert_int_equal(read_ahead(&context, 1000), 1);
	assert_int_equal(read_ahead(&context, (size_t)one_by_one - 1), 2); /* the last piece finds no more */
	store_rollback(context.store);
	context.store = NULL; /* who asks it now falls */
	assert_non_null(get(&context, plan, "A2"));
	assert_non_null(get(&context, plan, "P1"));
}

static void reading_ahead_ends_where_the_room_does(void **state)
{
	struct plan *plan = *state;
	struct context context;

	plan_action(plan, "progress=1");
	plan_action(plan, "progress=2");
	context = begin(plan);
	assert_int_equal(read_ahead(&context, 1), 1);
	store_rollback(context.store);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define IN_LITTLE(function)                                                        \
	{                                                                          \
		"in little room: " #function, function, setup_tiny, teardown, NULL \
	}
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_decoded_once_while_nobody_changes_it),
		TEST(a_change_elsewhere_leaves_it_where_it_is),
		TEST(a_change_is_shown_by_the_next_snapshot),
		TEST(a_snapshot_that_began_before_shows_what_was),
		TEST(a_removal_is_shown),
		TEST(what_was_not_there_is_found_once_it_is),
		TEST(a_marking_hides_from_the_next_snapshot_on),
		TEST(a_parent_that_is_adopted_shows_its_children),
		TEST(more_changes_than_are_passed_one_by_one_are_shown_too),
		TEST(an_end_of_the_process_forgets_all),
		IN_LITTLE(a_change_is_shown_by_the_next_snapshot),
		IN_LITTLE(a_removal_is_shown),
		IN_LITTLE(a_marking_hides_from_the_next_snapshot_on),
		IN_LITTLE(a_parent_that_is_adopted_shows_its_children),
		TEST(what_was_read_ahead_needs_no_store),
		IN_LITTLE(reading_ahead_ends_where_the_room_does),
	};

	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
