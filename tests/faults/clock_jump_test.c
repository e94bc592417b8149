/* The machine's clock jumps a day forward and back between changes. The journal keeps the order in which things were
 * done: an entry's number decides, its time is what the clock said, and nothing is refused or lost because of it. A jump
 * is not noted in an entry of its own: two neighbours whose times run backwards show it to whoever reads the journal,
 * and the leaf commits to both. */
#include "tests/support/plan_fixture.h"

#include "server/journal/leaf.h"
#include "server/schema/schema.h"

#include <stdio.h>

#define CHANGES 40

struct walk {
	int64_t next;      /* number */
	int64_t last;      /* time */
	int64_t backwards; /* entries that are earlier than the one before */
};

static enum status visit(void *payload, const struct leaf_row *row, struct error *err)
{
	struct walk *walk = payload;

	(void)err;
	assert_int_equal(row->number, walk->next);
	walk->next++;
	walk->backwards += row->at < walk->last;
	walk->last = row->at;
	return STATUS_OK;
}

static void the_journal_keeps_its_order_when_the_clock_jumps(void **state)
{
	struct plan *plan = *state;
	struct walk walk = {.next = 0};
	struct journal_report report = {0};
	struct error err = ERROR_INIT;
	char progress[40];

	plan_action(plan, "");
	for (int i = 1; i <= CHANGES; i++) {
		fixture_wait(plan->server, i % 2 == 1 ? FIXTURE_DAY : -FIXTURE_DAY);
		snprintf(progress, sizeof(progress), "progress=%d", i);
		plan_must(plan, POLICE, "edit", "A1", progress);
		assert_string_equal(plan_value(plan, CHAIR, "A1", "progress"),
				    progress + strlen("progress="));
	}
	assert_int_equal(plan_revision(plan, "A1"), 1 + CHANGES);
	assert_int_equal(store_leaf_each(plan->server->reader, plan->server->partnership, 0, false, visit,
					 &walk, &err),
			 STATUS_OK);
	assert_true(walk.backwards >= CHANGES / 2);
	assert_int_equal(store_begin(plan->server->reader, &err), STATUS_OK);
	assert_int_equal(journal_check(plan->server->reader, plan->server->context.journal_public,
				       schema_server(), NULL, NULL, &report, &err),
			 STATUS_OK);
	store_rollback(plan->server->reader);
}

static void what_is_asked_by_date_is_answered_after_a_jump(void **state)
{
	struct plan *plan = *state;
	const struct plan_query then = {.kind = "action", .as_of = "2014-05-01"};

	plan_action(plan, "");
	fixture_wait(plan->server, -FIXTURE_DAY);
	plan_must(plan, POLICE, "edit", "A1", "progress=10");
	fixture_wait(plan->server, 2 * FIXTURE_DAY);
	plan_must(plan, POLICE, "edit", "A1", "progress=20");
	plan_list(plan, CHAIR, &then);
	plan_expect(plan, STATUS_OK, NULL);
	plan_ask(plan, CHAIR, METHOD_history, handle_history, "id", "A1", NULL);
	plan_expect(plan, STATUS_OK, NULL);
	assert_int_equal(codec_count(codec_get(plan->server->result, "changes")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_journal_keeps_its_order_when_the_clock_jumps, plan_setup,
						plan_teardown),
		cmocka_unit_test_setup_teardown(what_is_asked_by_date_is_answered_after_a_jump, plan_setup,
						plan_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
