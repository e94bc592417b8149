/* Lists that are used again: for the same question, rights, day and journal only; and never more than the room for them. */
#include "tests/support/plan_fixture.h"

#include "server/records/views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct asked { /* everything that a key is made of */
	int64_t partnership;
	day_t today;
	unsigned roles;
	const char *body;
	unsigned owned_roles;
	const char *what;
	int64_t person; /* which is not part of it */
};

static const struct asked usual = {1, 100, ROLE_OFFICER, "B2", ROLE_OFFICER, "action", 7};

static struct digest key_of(const struct asked *asked)
{
	const struct owned owned = {asked->body, asked->owned_roles};
	struct session session = {.partnership = asked->partnership,
				  .today = asked->today,
				  .roles = asked->roles,
				  .owned = &owned,
				  .owned_count = 1,
				  .person = asked->person};
	struct buffer what;
	struct digest key;

	buffer_init(&what, 100);
	assert_true(buffer_append(&what, asked->what, strlen(asked->what)));
	assert_true(session_digest_rights(&session));
	assert_true(views_key(&session, &what, &key));
	return key;
}

static void whoever_has_the_same_rights_shares_a_list(void **state)
{
	struct asked other = usual;
	struct digest a = key_of(&usual);
	struct digest b;

	(void)state;
	other.person = 8;
	b = key_of(&other);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void whatever_a_list_hangs_on_makes_it_another(void **state)
{
	struct asked others[6];
	struct digest keys[7];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		others[i] = usual;
	}
	others[0].partnership = 2;
	others[1].today = 101;
	others[2].roles = ROLE_OFFICER | ROLE_AUTHORITY;
	others[3].body = "B3";
	others[4].owned_roles = ROLE_AUTHORITY;
	others[5].what = "plan";
	keys[6] = key_of(&usual);
	for (size_t i = 0; i < 6; i++) {
		keys[i] = key_of(&others[i]);
		for (size_t j = 0; j < i; j++) {
			assert_memory_not_equal(&keys[i], &keys[j], sizeof(keys[i]));
		}
		assert_memory_not_equal(&keys[i], &keys[6], sizeof(keys[i]));
	}
}

static struct digest key_number(int64_t number)
{
	struct digest key;

	digest_bytes(&number, sizeof(number), &key);
	return key;
}

static struct span bytes(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static void a_list_is_used_until_the_journal_grows(void **state)
{
	struct views *views = views_new(1000);
	struct digest key = key_number(1);
	struct digest other = key_number(2);
	struct span out;

	(void)state;
	assert_non_null(views);
	assert_false(views_find(views, &key, 5, &out));
	views_keep(views, &key, 5, bytes("five"));
	assert_true(views_find(views, &key, 5, &out));
	assert_memory_equal(out.data, "five", 4);
	assert_false(views_find(views, &key, 6, &out));
	assert_false(views_find(views, &key, 4, &out));
	assert_false(views_find(views, &other, 5, &out));
	views_keep(views, &key, 6, bytes("six"));
	assert_true(views_find(views, &key, 6, &out));
	assert_int_equal(out.length, 3);
	views_free(views);
}

static void what_was_used_longest_ago_makes_room(void **state)
{
	struct views *views = views_new(40);
	struct digest keys[5];
	struct span out;

	(void)state;
	for (int i = 0; i < 5; i++) {
		keys[i] = key_number(i);
		if (i == 4) {
			assert_true(views_find(views, &keys[0], 1, &out));
		}
		views_keep(views, &keys[i], 1, bytes("ten bytes."));
	}
	assert_true(views_find(views, &keys[0], 1, &out));
	assert_false(views_find(views, &keys[1], 1, &out));
	assert_true(views_find(views, &keys[4], 1, &out));
	views_keep(views, &keys[4], 2, bytes("more than a quarter"));
	assert_false(views_find(views, &keys[4], 2, &out));
	assert_false(views_find(views, &keys[4], 1, &out)); /* the old one is gone all the same */
	views_free(views);
}

static void there_may_be_more_lists_than_places(void **state)
{
	struct views *views = views_new(1000000);
	struct digest last = key_number(999);
	struct digest first = key_number(0);
	struct span out;

	(void)state;
	for (int64_t i = 0; i < 1000; i++) {
		struct digest key = key_number(i);

		views_keep(views, &key, 1, bytes("a list"));
	}
	assert_true(views_find(views, &last, 1, &out));
	assert_false(views_find(views, &first, 1, &out));
	views_free(views);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_the_same_rights_shares_a_list),
		cmocka_unit_test(whatever_a_list_hangs_on_makes_it_another),
		cmocka_unit_test(a_list_is_used_until_the_journal_grows),
		cmocka_unit_test(what_was_used_longest_ago_makes_room),
		cmocka_unit_test(there_may_be_more_lists_than_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
