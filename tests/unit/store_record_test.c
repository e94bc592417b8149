/* Records and versions in the store: what is put comes back, now and as of any entry. */
#include "tests/unit/store_folder.h"

static struct span text_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* A revision with everything filled in from two numbers. */
static struct record_row row_of(int64_t number, int64_t revision, int64_t entry)
{
	static char body[32];

	snprintf(body, sizeof(body), "body %d.%d", (int)number, (int)revision);
	return (struct record_row){
		.kind = "action",
		.number = number,
		.revision = revision,
		.entry = entry,
		.at = 1000 + entry,
		.person = 7,
		.by = "Debra Tedds",
		.post = "member of Board",
		.verb = revision == 1 ? "create" : "edit",
		.created_entry = entry,
		.created_at = 1000 + entry,
		.created_person = 7,
		.created_by = "Debra Tedds",
		.owner = "B1",
		.state = "open",
		.title = "more light",
		.body = text_span(body),
		.groups = text_span("groups"),
		.salts = text_span("salts"),
	};
}

static void put(struct folder *folder, int64_t number, int64_t revision, int64_t entry)
{
	struct record_row row = row_of(number, revision, entry);

	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &row, &folder->err));
}

static void begin(struct folder *folder)
{
	assert_ok(folder, store_begin(folder->writer, &folder->err));
}

static void commit(struct folder *folder)
{
	assert_ok(folder, store_commit(folder->writer, &folder->err));
}

static void test_numbers_are_given_once_each(void **state)
{
	struct folder *folder = *state;
	int64_t number = 0;

	begin(folder);
	for (int64_t i = 1; i <= 3; i++) {
		assert_ok(folder, store_number_next(folder->writer, folder->partnership, "action", &number,
						    &folder->err));
		assert_int_equal(number, i);
	}
	assert_ok(folder,
		  store_number_next(folder->writer, folder->partnership, "priority", &number, &folder->err));
	assert_int_equal(number, 1);
	commit(folder);
}

static void test_record_comes_back_as_it_was_put(void **state)
{
	struct folder *folder = *state;
	struct record_row out;

	begin(folder);
	put(folder, 3, 1, 5);
	commit(folder);
	assert_ok(folder, store_record_get(folder->reader, folder->arena, folder->partnership, "action", 3,
					   &out, &folder->err));
	assert_string_equal(out.kind, "action");
	assert_int_equal(out.number, 3);
	assert_int_equal(out.revision, 1);
	assert_int_equal(out.entry, 5);
	assert_int_equal(out.at, 1005);
	assert_int_equal(out.person, 7);
	assert_string_equal(out.by, "Debra Tedds");
	assert_string_equal(out.post, "member of Board");
	assert_string_equal(out.verb, "create");
	assert_int_equal(out.created_entry, 5);
	assert_string_equal(out.created_by, "Debra Tedds");
	assert_string_equal(out.owner, "B1");
	assert_string_equal(out.state, "open");
	assert_string_equal(out.title, "more light");
	assert_false(out.removed);
	assert_memory_equal(out.body.data, "body 3.1", 8);
	assert_memory_equal(out.groups.data, "groups", 6);
	assert_int_equal(out.salts.length, 0);
	assert_ok(folder, store_version_get(folder->reader, folder->arena, folder->partnership, "action", 3,
					    1, &out, &folder->err));
	assert_memory_equal(out.salts.data, "salts", 5);
	assert_int_equal(out.place, 0);
	assert_int_equal(store_record_get(folder->reader, folder->arena, folder->partnership, "action", 4,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_record_get(folder->reader, folder->arena, folder->partnership + 1, "action", 3,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
}

static void test_revision_must_follow_the_one_before(void **state)
{
	static const int64_t wrong[] = {1, 2, 4, 9};
	struct folder *folder = *state;

	begin(folder);
	put(folder, 1, 1, 0);
	put(folder, 1, 2, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct record_row row = row_of(1, wrong[i], 2);

		assert_int_equal(store_record_put(folder->writer, folder->partnership, &row, &folder->err),
				 STATUS_FAILED);
		assert_false(store_is_void(folder->writer));
	}
	put(folder, 1, 3, 2);
	commit(folder);
}

struct seen {
	int64_t numbers[64];
	int64_t revisions[64];
	size_t count;
	size_t stop_after; /* 0: never */
};

static enum status see(void *payload, const struct record_row *row, struct error *err)
{
	struct seen *seen = payload;

	(void)err;
	assert_true(seen->count < 64);
	seen->numbers[seen->count] = row->number;
	seen->revisions[seen->count++] = row->revision;
	return seen->count == seen->stop_after ? STATUS_INTERRUPTED : STATUS_OK;
}

/* 1 is edited twice, 2 is removed at entry 4 and 3 appears there. */
static void put_history(struct folder *folder)
{
	struct record_row removed = row_of(2, 2, 4);

	begin(folder);
	put(folder, 1, 1, 0);
	put(folder, 2, 1, 1);
	put(folder, 1, 2, 2);
	put(folder, 3, 1, 4);
	removed.place = 1;
	removed.removed = true;
	removed.verb = "remove";
	removed.title = "";
	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &removed, &folder->err));
	put(folder, 1, 3, 5);
	commit(folder);
}

static void test_list_as_of_an_entry(void **state)
{
	static const struct {
		int64_t entry;
		size_t count;
		int64_t numbers[3], revisions[3];
	} rows[] = {
		{0, 1, {1}, {1}},       {1, 2, {1, 2}, {1, 1}}, {2, 2, {1, 2}, {2, 1}},
		{3, 2, {1, 2}, {2, 1}}, {4, 2, {1, 3}, {2, 1}}, {5, 2, {1, 3}, {3, 1}},
	};
	struct folder *folder = *state;

	put_history(folder);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen seen = {.count = 0};

		assert_ok(folder, store_record_each_at(folder->reader, folder->partnership, "action",
						       rows[i].entry, see, &seen, &folder->err));
		assert_int_equal(seen.count, rows[i].count);
		for (size_t k = 0; k < seen.count; k++) {
			assert_int_equal(seen.numbers[k], rows[i].numbers[k]);
			assert_int_equal(seen.revisions[k], rows[i].revisions[k]);
		}
	}
}

static void test_version_as_of_an_entry(void **state)
{
	struct folder *folder = *state;
	struct record_row out;

	put_history(folder);
	for (int64_t entry = 0; entry <= 6; entry++) {
		assert_ok(folder, store_version_at(folder->reader, folder->arena, folder->partnership,
						   "action", 1, entry, &out, &folder->err));
		assert_int_equal(out.revision, entry < 2 ? 1 : entry < 5 ? 2 : 3);
	}
	assert_int_equal(store_version_at(folder->reader, folder->arena, folder->partnership, "action", 3, 3,
					  &out, &folder->err),
			 STATUS_NOT_FOUND);
	assert_ok(folder, store_version_at(folder->reader, folder->arena, folder->partnership, "action", 2, 9,
					   &out, &folder->err));
	assert_true(out.removed);
	assert_int_equal(out.created_entry, 1);
}

static void test_walks_go_in_order(void **state)
{
	struct folder *folder = *state;
	struct seen list = {.count = 0}, rest = {.count = 0}, first = {.stop_after = 1},
		    history = {.count = 0}, entry = {.count = 0}, all = {.count = 0};

	put_history(folder);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &list,
					    &folder->err));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.numbers[0], 1);
	assert_int_equal(list.numbers[1], 3);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 1, see, &rest,
					    &folder->err));
	assert_int_equal(rest.count, 1);
	assert_int_equal(rest.numbers[0], 3);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &first,
					    &folder->err));
	assert_int_equal(first.count, 1);
	assert_ok(folder, store_version_each(folder->reader, folder->partnership, "action", 1, see, &history,
					     &folder->err));
	assert_int_equal(history.count, 3);
	assert_int_equal(history.revisions[2], 3);
	assert_ok(folder, store_version_each_of_entry(folder->reader, folder->partnership, 4, see, &entry,
						      &folder->err));
	assert_int_equal(entry.count, 2);
	assert_int_equal(entry.numbers[0], 3);
	assert_int_equal(entry.numbers[1], 2);
	assert_ok(folder,
		  store_record_each_all(folder->reader, folder->partnership, see, &all, &folder->err));
	assert_int_equal(all.count, 3);
}

struct nested {
	struct folder *folder;
	size_t count;
};

static enum status see_nested(void *payload, const struct record_row *row, struct error *err)
{
	struct nested *nested = payload;
	struct folder *folder = nested->folder;
	struct seen inner = {.count = 0};

	(void)row;
	(void)err;
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see, &inner,
					    &folder->err));
	nested->count += inner.count;
	return STATUS_OK;
}

static void test_a_walk_may_walk_again_inside(void **state)
{
	struct folder *folder = *state;
	struct nested nested = {.folder = folder};

	put_history(folder);
	assert_ok(folder, store_record_each(folder->reader, folder->partnership, "action", 0, see_nested,
					    &nested, &folder->err));
	assert_int_equal(nested.count, 4);
}

static void test_find_by_title_sees_live_records_only(void **state)
{
	struct folder *folder = *state;
	struct record_row renamed = row_of(3, 2, 6);
	int64_t number = 0;
	int64_t count = 0;

	put_history(folder);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "more light",
					    &number, &count, &folder->err));
	assert_int_equal(number, 1);
	assert_int_equal(count, 2);
	begin(folder);
	renamed.title = "less noise";
	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &renamed, &folder->err));
	commit(folder);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "less noise",
					    &number, &count, &folder->err));
	assert_int_equal(number, 3);
	assert_int_equal(count, 1);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "more light",
					    &number, &count, &folder->err));
	assert_int_equal(count, 1);
	assert_ok(folder, store_record_find(folder->reader, folder->partnership, "action", "unheard of",
					    &number, &count, &folder->err));
	assert_int_equal(count, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_numbers_are_given_once_each),
		CASE(test_record_comes_back_as_it_was_put),
		CASE(test_revision_must_follow_the_one_before),
		CASE(test_list_as_of_an_entry),
		CASE(test_version_as_of_an_entry),
		CASE(test_walks_go_in_order),
		CASE(test_a_walk_may_walk_again_inside),
		CASE(test_find_by_title_sees_live_records_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
