/* Sessions that were loaded are used again, and never a moment too long: whatever changes what a session says is seen
 * by the very next request, on the writer and on the reader. */
#include "tests/support/plan_fixture.h"

#include "server/records/engine.h"
#include "server/schema/schema.h"
#include "server/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct setting {
	struct plan *plan;
	struct sessions *sessions;
};

static struct setting setting;

static int setup(void **state)
{
	plan_setup(state);
	setting = (struct setting){.plan = *state, .sessions = sessions_new()};
	assert_non_null(setting.sessions);
	return 0;
}

static int teardown(void **state)
{
	sessions_free(setting.sessions);
	return plan_teardown(state);
}

/* As a request on the reader would have it; NULL when it is refused. */
static const struct session *session_of(enum who who)
{
	struct plan *plan = setting.plan;
	struct session *session = NULL;
	struct error err = ERROR_INIT;
	enum status status;

	sessions_doubt(setting.sessions);
	status = sessions_get(setting.sessions, plan->server->reader, fixture_arena(plan->server),
			      &plan_device(plan, who)->fingerprint, &session, &err);

	assert_true(status == STATUS_OK || status == STATUS_SIGNED_OUT);
	return status == STATUS_OK ? session : NULL;
}

/* Strings of one loading are the same strings. */
static bool same_loading(const struct session *a, const struct session *b)
{
	return a->name == b->name;
}

static void a_session_is_loaded_once(void **state)
{
	const struct session *first = NULL;

	(void)state;
	plan_device(setting.plan, POLICE);
	first = session_of(POLICE);
	assert_non_null(first);
	assert_true(same_loading(first, session_of(POLICE)));
}

static void each_request_has_its_own_time(void **state)
{
	int64_t before = 0;

	(void)state;
	plan_device(setting.plan, POLICE);
	before = session_of(POLICE)->now;
	fixture_wait(setting.plan->server, FIXTURE_MINUTE);
	assert_int_equal(session_of(POLICE)->now, before + FIXTURE_MINUTE);
}

static void a_change_of_plan_data_loads_nothing_anew(void **state)
{
	const struct session *first = NULL;

	(void)state;
	plan_action(setting.plan, "progress=0");
	first = session_of(POLICE);
	plan_must(setting.plan, POLICE, "edit", "A1", "progress=10");
	assert_true(same_loading(first, session_of(POLICE)));
}

static void a_revocation_counts_from_the_next_request_on(void **state)
{
	struct plan *plan = setting.plan;

	(void)state;
	plan_device(plan, ADMINISTRATOR);
	assert_non_null(session_of(POLICE));
	fixture_ask(plan->server);
	fixture_int(plan->server, "credential", plan_device(plan, POLICE)->credential);
	fixture_call(plan->server, plan_device(plan, ADMINISTRATOR), METHOD_credential_revoke,
		     handle_credential_revoke);
	assert_status(plan->server, STATUS_OK);
	assert_null(session_of(POLICE));
}

static void an_ended_appointment_counts_from_the_next_request_on(void **state)
{
	(void)state;
	assert_int_not_equal(session_of(POLICE)->roles, 0);
	plan_must(setting.plan, CHAIR, "end", "AP5", "");
	assert_int_equal(session_of(POLICE)->roles, 0);
}

static void a_body_that_is_renamed_is_told_by_its_new_name(void **state)
{
	(void)state;
	assert_string_equal(session_of(POLICE)->posts[0].body_name, "Operational Group");
	plan_must(setting.plan, ADMINISTRATOR, "edit", "B3", "name=Delivery Group");
	assert_string_equal(session_of(POLICE)->posts[0].body_name, "Delivery Group");
}

static void a_person_who_is_removed_is_signed_out(void **state)
{
	(void)state;
	assert_non_null(session_of(OUTSIDER));
	plan_must(setting.plan, ADMINISTRATOR, "remove", "PE12", "");
	assert_null(session_of(OUTSIDER));
}

static void a_new_name_is_told_at_once(void **state)
{
	(void)state;
	assert_string_equal(session_of(POLICE)->name, "Paul Police");
	plan_must(setting.plan, ADMINISTRATOR, "edit", "PE5", "name=Paula Police");
	assert_string_equal(session_of(POLICE)->name, "Paula Police");
}

static void a_post_ends_with_its_last_day(void **state)
{
	static const char *const fields[] = {"person", "PE12", "body",       "B3", "post",
					     "member", "from", "2014-04-01", "to", "2014-05-01",
					     "owner",  "B1",   NULL};

	(void)state;
	fixture_records(setting.plan->server, setting.plan->server->partnership,
			&(struct record_seed){.kind = "appointment", .fields = fields, .state = "confirmed"},
			1);
	assert_int_not_equal(session_of(OUTSIDER)->roles, 0);
	fixture_wait(setting.plan->server, FIXTURE_DAY);
	assert_int_equal(session_of(OUTSIDER)->roles, 0);
}

static void a_certificate_ends_by_the_clock(void **state)
{
	(void)state;
	assert_non_null(session_of(POLICE));
	fixture_wait(setting.plan->server, 91 * FIXTURE_DAY);
	assert_null(session_of(POLICE));
}

static void what_a_request_holds_outlives_the_table(void **state)
{
	const struct session *held = session_of(POLICE);

	(void)state;
	plan_must(setting.plan, ADMINISTRATOR, "edit", "PE5", "name=Paula Police");
	(void)session_of(CHAIR);
	sessions_free(setting.sessions);
	setting.sessions = sessions_new();
	assert_string_equal(held->name, "Paul Police");
}

/* On the writer: a change that is undone is forgotten, and so is what was loaded under it, even if the next change is
 * as many changes later. */
static void a_change_that_was_undone_leaves_no_session_behind(void **state)
{
	struct plan *plan = setting.plan;
	struct store *store = plan->server->context.store;
	struct fixture_device *device = plan_device(plan, POLICE);
	struct session *session = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	fixture_begin(plan->server);
	assert_int_equal(store_savepoint(store, &err), STATUS_OK);
	assert_int_equal(store_credential_revoke(store, device->credential, 1, "lost", &err), STATUS_OK);
	sessions_doubt(setting.sessions);
	assert_int_equal(sessions_get(setting.sessions, store, fixture_arena(plan->server),
				      &device->fingerprint, &session, &err),
			 STATUS_SIGNED_OUT);
	store_revert(store);
	sessions_doubt(setting.sessions);
	assert_int_equal(sessions_get(setting.sessions, store, fixture_arena(plan->server),
				      &device->fingerprint, &session, &err),
			 STATUS_OK);
	assert_int_equal(store_savepoint(store, &err), STATUS_OK);
	assert_int_equal(store_credential_revoke(store, device->credential, 1, "lost", &err), STATUS_OK);
	sessions_doubt(setting.sessions);
	assert_int_equal(sessions_get(setting.sessions, store, fixture_arena(plan->server),
				      &device->fingerprint, &session, &err),
			 STATUS_SIGNED_OUT);
	store_revert(store);
	fixture_commit(plan->server);
}

static uint64_t mark_of(struct plan *plan)
{
	struct error err = ERROR_INIT;
	uint64_t mark = 0;

	assert_int_equal(store_directory_mark(plan->server->reader, &mark, &err), STATUS_OK);
	return mark;
}

/* Whatever the kind: a row that says "directory" is one that sessions may be made of. */
static void every_kind_of_the_directory_moves_the_mark(void **state)
{
	static const struct {
		const char *kind, *id, *fields;
	} rows[] = {
		{"organisation", "O1", "name=Other police"},
		{"body", "B4", "name=Other authority"},
		{"person", "PE5", "name=Other person"},
	};
	struct plan *plan = setting.plan;
	size_t kinds = 0;

	(void)state;
	for (size_t i = 0; i < schema_server()->kind_count; i++) {
		kinds += schema_server()->kinds[i].directory ? 1 : 0;
	}
	assert_int_equal(kinds, sizeof(rows) / sizeof(rows[0]) + 1); /* appointments end, as above */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = mark_of(plan);

		plan_must(plan, ADMINISTRATOR, "edit", rows[i].id, rows[i].fields);
		assert_int_not_equal(mark_of(plan), before);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_loaded_once),
		TEST(each_request_has_its_own_time),
		TEST(a_change_of_plan_data_loads_nothing_anew),
		TEST(a_revocation_counts_from_the_next_request_on),
		TEST(an_ended_appointment_counts_from_the_next_request_on),
		TEST(a_body_that_is_renamed_is_told_by_its_new_name),
		TEST(a_person_who_is_removed_is_signed_out),
		TEST(a_new_name_is_told_at_once),
		TEST(a_post_ends_with_its_last_day),
		TEST(a_certificate_ends_by_the_clock),
		TEST(what_a_request_holds_outlives_the_table),
		TEST(a_change_that_was_undone_leaves_no_session_behind),
		TEST(every_kind_of_the_directory_moves_the_mark),
	};

	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
