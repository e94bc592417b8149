/* Bytes that grow up to a limit. */
#include "common/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void takes_up_to_its_limit_and_not_a_byte_more(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 4);
	assert_true(buffer_append(&buffer, "abc", 3));
	assert_true(buffer_append(&buffer, "d", 1));
	assert_true(buffer_append(&buffer, "", 0));
	assert_false(buffer.failed);
	assert_false(buffer_append(&buffer, "e", 1));
	assert_true(buffer.failed);
	buffer_release(&buffer);
}

static void stays_failed_until_it_is_cleared(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 4);
	assert_false(buffer_append_text(&buffer, "too long"));
	assert_false(buffer_append_text(&buffer, "a"));
	assert_null(buffer_reserve(&buffer, 1));
	assert_null(buffer_text(&buffer));
	assert_false(buffer_printf(&buffer, "%d", 1));
	buffer_clear(&buffer);
	assert_true(buffer_append_text(&buffer, "a"));
	assert_string_equal(buffer_text(&buffer), "a");
	buffer_release(&buffer);
}

static void text_may_fill_the_limit(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 5);
	assert_true(buffer_printf(&buffer, "%s-%d", "abc", 7));
	assert_string_equal(buffer_text(&buffer), "abc-7");
	assert_int_equal(buffer.length, 5);
	assert_false(buffer_printf(&buffer, "%d", 8));
	buffer_release(&buffer);
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 0);
	assert_null(buffer.data);
	assert_string_equal(buffer_text(&buffer), "");
	assert_int_equal(buffer_span(&buffer).length, 0);
	buffer_release(&buffer);
}

static void grows_far_beyond_its_first_piece(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 100000);
	for (size_t i = 0; i < 100000; i++) {
		uint8_t byte = (uint8_t)(i % 251);

		assert_true(buffer_append(&buffer, &byte, 1));
	}
	for (size_t i = 0; i < 100000; i++) {
		assert_int_equal(buffer.data[i], i % 251);
	}
	assert_true(buffer.capacity <= buffer.limit + 1);
	buffer_release(&buffer);
}

static void reserved_room_is_used_by_adding_to_the_length(void **state)
{
	struct buffer buffer;
	uint8_t *room;

	(void)state;
	buffer_init(&buffer, 10);
	room = buffer_reserve(&buffer, 10);
	assert_non_null(room);
	memcpy(room, "abcdef", 6);
	buffer.length += 6;
	assert_non_null(buffer_reserve(&buffer, 4));
	assert_null(buffer_reserve(&buffer, 5));
	buffer_release(&buffer);
}

static void a_reservation_cannot_overflow(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, SIZE_MAX);
	assert_true(buffer_append_text(&buffer, "a"));
	assert_null(buffer_reserve(&buffer, SIZE_MAX));
	buffer_release(&buffer);
}

static void consuming_drops_from_the_front(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 10);
	buffer_append_text(&buffer, "abcdef");
	buffer_consume(&buffer, 2);
	assert_string_equal(buffer_text(&buffer), "cdef");
	buffer_consume(&buffer, 0);
	buffer_consume(&buffer, 4);
	assert_string_equal(buffer_text(&buffer), "");
	buffer_release(&buffer);
}

static void released_buffers_keep_their_limit(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 3);
	buffer_append_text(&buffer, "abcd");
	buffer_release(&buffer);
	assert_null(buffer.data);
	assert_false(buffer.failed);
	assert_true(buffer_append_text(&buffer, "abc"));
	assert_false(buffer_append_text(&buffer, "d"));
	buffer_release(&buffer);
	buffer_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_up_to_its_limit_and_not_a_byte_more),
		cmocka_unit_test(stays_failed_until_it_is_cleared),
		cmocka_unit_test(text_may_fill_the_limit),
		cmocka_unit_test(an_empty_buffer_is_an_empty_text),
		cmocka_unit_test(grows_far_beyond_its_first_piece),
		cmocka_unit_test(reserved_room_is_used_by_adding_to_the_length),
		cmocka_unit_test(a_reservation_cannot_overflow),
		cmocka_unit_test(consuming_drops_from_the_front),
		cmocka_unit_test(released_buffers_keep_their_limit),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
