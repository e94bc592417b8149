/* The memory of one request. */
#include "common/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int setup(void **state)
{
	*state = arena_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void gives_zeroed_and_aligned_memory_of_any_size(void **state)
{
	for (size_t bytes = 1; bytes < 100000; bytes = bytes * 3 + 1) {
		unsigned char *data = arena_alloc(*state, bytes);

		assert_non_null(data);
		assert_int_equal((uintptr_t)data % alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++) {
			assert_int_equal(data[i], 0);
		}
		memset(data, 0xff, bytes);
	}
}

static void keeps_allocations_apart(void **state)
{
	char *texts[500];

	for (size_t i = 0; i < 500; i++) {
		texts[i] = arena_printf(*state, "text %zu", i);
	}
	for (size_t i = 0; i < 500; i++) {
		assert_string_equal(texts[i], arena_printf(*state, "text %zu", i));
	}
}

static void gives_something_for_nothing(void **state)
{
	assert_non_null(arena_alloc(*state, 0));
	assert_non_null(arena_array(*state, 0, 8));
	assert_non_null(arena_copy(*state, NULL, 0));
	assert_string_equal(arena_text(*state, NULL, 0), "");
}

static void counts_what_it_refused(void **state)
{
	assert_int_equal(arena_refused(*state), 0);
	assert_non_null(arena_alloc(*state, 100));
	assert_int_equal(arena_refused(*state), 0);
	assert_null(arena_alloc(*state, SIZE_MAX));
	assert_null(arena_text(*state, "", SIZE_MAX - 1));
	assert_int_equal(arena_refused(*state), 2);
}

static void refuses_sizes_that_overflow(void **state)
{
	assert_null(arena_alloc(*state, SIZE_MAX));
	assert_null(arena_array(*state, SIZE_MAX / 2, 3));
	assert_null(arena_text(*state, "", SIZE_MAX));
}

static void copies_bytes_and_ends_texts(void **state)
{
	assert_memory_equal(arena_copy(*state, "a\0b", 3), "a\0b", 3);
	assert_string_equal(arena_text(*state, "burglary", 4), "burg");
	assert_string_equal(arena_printf(*state, "%s%d", "A", 12), "A12");
}

static char order[8];

static void note(void *payload)
{
	order[strlen(order)] = *(const char *)payload;
}

static void runs_hooks_in_reverse_when_freed(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_non_null(arena);
	memset(order, 0, sizeof(order));
	assert_int_equal(arena_on_free(arena, note, "1"), 0);
	assert_int_equal(arena_on_free(arena, note, "2"), 0);
	assert_int_equal(arena_on_free(arena, note, "3"), 0);
	assert_string_equal(order, "");
	arena_free(arena);
	assert_string_equal(order, "321");
}

static void freeing_nothing_does_nothing(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_zeroed_and_aligned_memory_of_any_size, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_allocations_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(gives_something_for_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_sizes_that_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_what_it_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_bytes_and_ends_texts, setup, teardown),
		cmocka_unit_test(runs_hooks_in_reverse_when_freed),
		cmocka_unit_test(freeing_nothing_does_nothing),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
