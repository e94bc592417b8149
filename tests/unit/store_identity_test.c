/* The store's other rows: leaves, nodes and heads, answers, accounts, credentials, invitations. */
#include "tests/unit/store_folder.h"

static struct digest digest_of(const char *text)
{
	struct digest digest;

	digest_bytes(text, strlen(text), &digest);
	return digest;
}

static struct span text_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* ---- partnerships ---- */

static void test_partnerships_are_numbered_in_order(void **state)
{
	struct folder *folder = *state;
	struct partnership *list = NULL;
	struct partnership one;
	size_t count = 0;
	int64_t number = 0;

	assert_ok(folder,
		  store_partnership_add(folder->writer, "North", "safer.test/north", &number, &folder->err));
	assert_int_equal(number, 2);
	assert_ok(folder, store_partnership_list(folder->writer, folder->arena, &list, &count, &folder->err));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "South Warwickshire");
	assert_string_equal(list[1].origin, "safer.test/north");
	assert_ok(folder, store_partnership_get(folder->writer, folder->arena, 2, &one, &folder->err));
	assert_string_equal(one.name, "North");
	assert_int_equal(store_partnership_get(folder->writer, folder->arena, 3, &one, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_not_equal(
		store_partnership_add(folder->writer, "Again", "safer.test/north", &number, &folder->err),
		STATUS_OK);
}

/* ---- journal rows ---- */

static void put_leaf(struct folder *folder, int64_t number, int64_t at)
{
	struct leaf_row row = {
		.number = number,
		.at = at,
		.what = "sign-in",
		.person = 3,
		.leaf = text_span("leaf"),
		.by = number == 0 ? NULL : "Debra Tedds",
		.by_salt = text_span(number == 0 ? "" : "salt"),
		.reason = number == 1 ? "because" : NULL,
	};

	assert_ok(folder, store_leaf_put(folder->writer, folder->partnership, &row, &folder->err));
}

static enum status see_leaf(void *payload, const struct leaf_row *row, struct error *err)
{
	char *seen = payload;
	size_t length = strlen(seen);

	(void)err;
	seen[length] = (char)('0' + row->number);
	return row->number == 3 ? STATUS_INTERRUPTED : STATUS_OK;
}

static void test_leaves_are_found_by_number_and_time(void **state)
{
	static const struct {
		int64_t time, newest;
	} rows[] = {{99, -1}, {100, 0}, {150, 0}, {200, 2}, {250, 2}, {1000, 3}};
	struct folder *folder = *state;
	struct leaf_row row;
	int64_t number = 7;
	char up[8] = "", down[8] = "";

	assert_ok(folder, store_leaf_count(folder->writer, folder->partnership, &number, &folder->err));
	assert_int_equal(number, 0);
	put_leaf(folder, 0, 100);
	put_leaf(folder, 1, 200);
	put_leaf(folder, 2, 200);
	put_leaf(folder, 3, 300);
	assert_ok(folder, store_leaf_count(folder->writer, folder->partnership, &number, &folder->err));
	assert_int_equal(number, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ok(folder, store_leaf_at(folder->writer, folder->partnership, rows[i].time, &number,
						&folder->err));
		assert_int_equal(number, rows[i].newest);
	}
	assert_ok(folder,
		  store_leaf_get(folder->writer, folder->arena, folder->partnership, 1, &row, &folder->err));
	assert_string_equal(row.what, "sign-in");
	assert_string_equal(row.by, "Debra Tedds");
	assert_string_equal(row.reason, "because");
	assert_memory_equal(row.leaf.data, "leaf", 4);
	assert_ok(folder,
		  store_leaf_get(folder->writer, folder->arena, folder->partnership, 0, &row, &folder->err));
	assert_null(row.by);
	assert_null(row.reason);
	assert_int_equal(row.by_salt.length, 0);
	assert_int_equal(
		store_leaf_get(folder->writer, folder->arena, folder->partnership, 4, &row, &folder->err),
		STATUS_NOT_FOUND);
	assert_ok(folder,
		  store_leaf_each(folder->writer, folder->partnership, 1, false, see_leaf, up, &folder->err));
	assert_string_equal(up, "123");
	assert_ok(folder, store_leaf_each(folder->writer, folder->partnership, 2, true, see_leaf, down,
					  &folder->err));
	assert_string_equal(down, "210");
}

static void test_nodes_and_heads_come_back(void **state)
{
	struct folder *folder = *state;
	struct digest hash = digest_of("node");
	struct digest out;
	const char *note = NULL;
	int64_t size = 0;

	assert_ok(folder, store_node_put(folder->writer, folder->partnership, 3, 9, &hash, &folder->err));
	assert_ok(folder, store_node_get(folder->writer, folder->partnership, 3, 9, &out, &folder->err));
	assert_true(digest_equal(&hash, &out));
	assert_int_equal(store_node_get(folder->writer, folder->partnership, 9, 3, &out, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_head_get(folder->writer, folder->arena, folder->partnership, &size, &note,
					&folder->err),
			 STATUS_NOT_FOUND);
	assert_ok(folder, store_head_put(folder->writer, folder->partnership, 1, "old", &folder->err));
	assert_ok(folder, store_head_put(folder->writer, folder->partnership, 2, "new", &folder->err));
	assert_ok(folder, store_head_get(folder->writer, folder->arena, folder->partnership, &size, &note,
					 &folder->err));
	assert_int_equal(size, 2);
	assert_string_equal(note, "new");
}

/* ---- answers ---- */

static void test_an_answer_is_found_by_account_and_request(void **state)
{
	struct folder *folder = *state;
	struct digest asked = digest_of("asked");
	struct digest params;
	struct span answer;

	assert_int_equal(store_answer_get(folder->writer, folder->arena, 1, text_span("r1"), &params, &answer,
					  &folder->err),
			 STATUS_NOT_FOUND);
	assert_ok(folder, store_answer_put(folder->writer, 1, text_span("r1"), &asked, text_span("given"), 5,
					   &folder->err));
	assert_ok(folder, store_answer_get(folder->writer, folder->arena, 1, text_span("r1"), &params,
					   &answer, &folder->err));
	assert_true(digest_equal(&params, &asked));
	assert_int_equal(answer.length, 5);
	assert_memory_equal(answer.data, "given", 5);
	assert_int_equal(store_answer_get(folder->writer, folder->arena, 2, text_span("r1"), &params, &answer,
					  &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_not_equal(store_answer_put(folder->writer, 1, text_span("r1"), &asked, text_span("other"),
					      6, &folder->err),
			     STATUS_OK);
}

/* ---- accounts, credentials, invitations ---- */

static void test_a_person_has_one_account(void **state)
{
	struct folder *folder = *state;
	struct account_row row;
	struct account_row *list = NULL;
	size_t count = 0;
	int64_t first = 0;
	int64_t second = 0;

	assert_ok(folder,
		  store_account_add(folder->writer, folder->partnership, 12, 99, &first, &folder->err));
	assert_ok(folder,
		  store_account_add(folder->writer, folder->partnership, 13, 99, &second, &folder->err));
	assert_int_not_equal(first, second);
	assert_int_not_equal(
		store_account_add(folder->writer, folder->partnership, 12, 99, &second, &folder->err),
		STATUS_OK);
	assert_int_not_equal(store_account_add(folder->writer, 99, 12, 99, &second, &folder->err), STATUS_OK);
	assert_ok(folder,
		  store_account_of_person(folder->writer, folder->partnership, 12, &row, &folder->err));
	assert_int_equal(row.number, first);
	assert_int_equal(row.created_at, 99);
	assert_ok(folder, store_account_get(folder->writer, first, &row, &folder->err));
	assert_int_equal(row.person, 12);
	assert_ok(folder, store_account_list(folder->writer, folder->arena, folder->partnership, &list,
					     &count, &folder->err));
	assert_int_equal(count, 2);
	assert_int_equal(store_account_get(folder->writer, 77, &row, &folder->err), STATUS_NOT_FOUND);
}

static void test_a_credential_lives_and_ends(void **state)
{
	struct folder *folder = *state;
	struct credential_row row = {
		.fingerprint = digest_of("certificate"),
		.key = digest_of("key"),
		.device = "laptop",
		.issued_at = 10,
		.expires_at = 20,
		.signed_in_day = INT32_MIN,
	};
	struct credential_row out;
	struct credential_row *list = NULL;
	size_t count = 0;
	int64_t number = 0;

	assert_ok(folder,
		  store_account_add(folder->writer, folder->partnership, 12, 9, &row.account, &folder->err));
	assert_ok(folder, store_credential_add(folder->writer, &row, &number, &folder->err));
	assert_ok(folder,
		  store_credential_find(folder->writer, folder->arena, &row.fingerprint, &out, &folder->err));
	assert_int_equal(out.number, number);
	assert_true(digest_equal(&out.key, &row.key));
	assert_string_equal(out.device, "laptop");
	assert_int_equal(out.signed_in_day, INT32_MIN);
	assert_string_equal(out.revoked_why, "");
	assert_int_equal(store_credential_find(folder->writer, folder->arena, &row.key, &out, &folder->err),
			 STATUS_NOT_FOUND);

	assert_ok(folder, store_credential_used(folder->writer, number, 11, 16000, &folder->err));
	assert_ok(folder, store_credential_revoke(folder->writer, number, 12, "lost", &folder->err));
	assert_ok(folder, store_credential_revoke(folder->writer, number, 13, "stolen", &folder->err));
	assert_ok(folder, store_credential_get(folder->writer, folder->arena, number, &out, &folder->err));
	assert_int_equal(out.used_at, 11);
	assert_int_equal(out.signed_in_day, 16000);
	assert_int_equal(out.revoked_at, 12);
	assert_string_equal(out.revoked_why, "lost");
	assert_ok(folder, store_credential_list(folder->writer, folder->arena, row.account, &list, &count,
						&folder->err));
	assert_int_equal(count, 1);
	assert_int_equal(store_credential_revoke(folder->writer, 77, 1, "", &folder->err), STATUS_NOT_FOUND);
	assert_int_equal(store_credential_used(folder->writer, 77, 1, 1, &folder->err), STATUS_NOT_FOUND);
	assert_int_not_equal(store_credential_add(folder->writer, &row, &number, &folder->err), STATUS_OK);
}

static void test_open_invitations_are_listed(void **state)
{
	struct folder *folder = *state;
	struct invitation_row row = {
		.id = {1, 2, 3, 0, 5},
		.partnership = folder->partnership,
		.person = 12,
		.secret_hash = digest_of("secret"),
		.created_at = 10,
		.expires_at = 20,
	};
	struct invitation_row out;
	struct invitation_row *list = NULL;
	size_t count = 0;

	assert_int_equal(store_invitation_get(folder->writer, row.id, &out, &folder->err), STATUS_NOT_FOUND);
	assert_int_equal(store_invitation_update(folder->writer, &row, &folder->err), STATUS_NOT_FOUND);
	assert_ok(folder, store_invitation_add(folder->writer, &row, &folder->err));
	assert_ok(folder, store_invitation_get(folder->writer, row.id, &out, &folder->err));
	assert_memory_equal(out.id, row.id, sizeof(row.id));
	assert_int_equal(out.person, 12);
	assert_true(digest_equal(&out.secret_hash, &row.secret_hash));
	assert_int_equal(out.created_at, 10);
	assert_int_equal(out.expires_at, 20);
	assert_int_equal(out.ended_at, 0);
	assert_ok(folder, store_invitation_list(folder->writer, folder->arena, folder->partnership, &list,
						&count, &folder->err));
	assert_int_equal(count, 1);
	row.tries = 2;
	row.ended_at = 15;
	row.credential = 4;
	assert_ok(folder, store_invitation_update(folder->writer, &row, &folder->err));
	assert_ok(folder, store_invitation_get(folder->writer, row.id, &out, &folder->err));
	assert_int_equal(out.tries, 2);
	assert_int_equal(out.ended_at, 15);
	assert_int_equal(out.credential, 4);
	assert_ok(folder, store_invitation_list(folder->writer, folder->arena, folder->partnership, &list,
						&count, &folder->err));
	assert_int_equal(count, 0);
}

static int setup_in_transaction(void **state)
{
	struct folder *folder;

	folder_setup(state);
	folder = *state;
	assert_ok(folder, store_begin(folder->writer, &folder->err));
	return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup_in_transaction, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_partnerships_are_numbered_in_order),
		CASE(test_leaves_are_found_by_number_and_time),
		CASE(test_nodes_and_heads_come_back),
		CASE(test_an_answer_is_found_by_account_and_request),
		CASE(test_a_person_has_one_account),
		CASE(test_a_credential_lives_and_ends),
		CASE(test_open_invitations_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
