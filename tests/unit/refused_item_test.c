/* A change-set of several items that is refused says which of them it was. */
#include "tests/support/plan_fixture.h"

#include "protocol/codec.h"

static int64_t refused_item(struct plan *plan)
{
	const msgpack_object *details = NULL;
	struct buffer *packed = &plan->server->request->details;

	if (packed->length == 0) {
		return -1;
	}
	assert_int_equal(codec_decode(fixture_arena(plan->server), buffer_span(packed), &details, NULL),
			 STATUS_OK);
	return codec_get_int(details, "item", -1);
}

static void a_reference_to_nothing_names_its_item(void **state)
{
	struct plan *plan = *state;

	plan_create(plan, "organisation", NULL, "name=First|type=other|status=none");
	plan_create(plan, "organisation", NULL, "name=Second|type=other|status=none|owner=No such body");
	plan_create(plan, "organisation", NULL, "name=Third|type=other|status=none");
	plan_send(plan, SECRETARY);
	plan_expect(plan, STATUS_INVALID, NULL);
	assert_int_equal(refused_item(plan), 1);
}

static void a_right_that_is_wanting_names_its_item(void **state)
{
	struct plan *plan = *state;

	plan_edit(plan, "PE5", NOW, "job=Sergeant");
	plan_edit(plan, "PE6", NOW, "job=Sergeant");
	plan_send(plan, SCRUTINY);
	plan_expect(plan, STATUS_NOT_PERMITTED, NULL);
	assert_int_equal(refused_item(plan), 0);
}

static void an_item_alone_needs_no_number(void **state)
{
	struct plan *plan = *state;

	plan_edit(plan, "PE5", NOW, "job=Sergeant");
	plan_send(plan, SCRUTINY);
	plan_expect(plan, STATUS_NOT_PERMITTED, NULL);
	assert_int_equal(refused_item(plan), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reference_to_nothing_names_its_item, plan_setup,
						plan_teardown),
		cmocka_unit_test_setup_teardown(a_right_that_is_wanting_names_its_item, plan_setup,
						plan_teardown),
		cmocka_unit_test_setup_teardown(an_item_alone_needs_no_number, plan_setup, plan_teardown),
	};

	return cmocka_run_group_tests_name("refused item", tests, NULL, NULL);
}
