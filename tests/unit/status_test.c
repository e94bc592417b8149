/* Every outcome that a caller tells apart, and the error that says why. */
#include "common/status.h"
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void every_status_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < STATUS_COUNT; i++) {
		enum status status = (enum status)i;
		const char *name = status_name(status);

		assert_true(strlen(name) > 0 && strlen(status_meaning(status)) > 0);
		assert_int_equal(status_from_name(name, strlen(name)), status);
		for (int j = 0; j < i; j++) {
			assert_int_not_equal(status_exit_code((enum status)j), status_exit_code(status));
		}
	}
}

static void an_unknown_name_is_a_failure(void **state)
{
	(void)state;
	assert_int_equal(status_from_name("conflicted", 10), STATUS_FAILED);
	assert_int_equal(status_from_name("conflicted", 8), STATUS_CONFLICT);
	assert_int_equal(status_from_name("", 0), STATUS_FAILED);
}

static void only_the_unreachable_is_worth_asking_again(void **state)
{
	(void)state;
	for (int i = 0; i < STATUS_COUNT; i++) {
		assert_int_equal(status_retry((enum status)i), i == STATUS_UNREACHABLE);
	}
}

static void an_error_says_what_why_and_what_to_do(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, STATUS_NOT_FOUND, "there is no action %s", "A12"), STATUS_NOT_FOUND);
	assert_int_equal(error_hint(&err, "list them with `safer action %s`", "list"), STATUS_NOT_FOUND);
	assert_int_equal(error_rule(&err, "action.see"), STATUS_NOT_FOUND);
	assert_string_equal(err.message, "there is no action A12");
	assert_string_equal(err.hint, "list them with `safer action list`");
	assert_string_equal(err.rule, "action.see");
}

static void a_new_error_forgets_the_hint_and_the_rule_of_the_last(void **state)
{
	struct error err = {.hint = "hint", .rule = "rule"};

	(void)state;
	assert_int_equal(error_memory(&err), STATUS_FAILED);
	assert_true(strlen(err.message) > 0);
	assert_string_equal(err.hint, "");
	assert_string_equal(err.rule, "");
}

static void nobody_needs_to_want_the_reason(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, STATUS_CONFLICT, "x"), STATUS_CONFLICT);
	assert_int_equal(error_hint(NULL, "x"), STATUS_FAILED);
	assert_int_equal(error_rule(NULL, "x"), STATUS_FAILED);
	assert_int_equal(error_memory(NULL), STATUS_FAILED);
}

static void a_message_may_quote_itself(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, STATUS_FAILED, "no room");
	error_set(&err, STATUS_FAILED, "row 7: %s", err.message);
	assert_string_equal(err.message, "row 7: no room");
}

/* Whatever the offset of the two-, three- and four-byte characters against the end of the room. */
static void a_long_message_is_cut_between_characters(void **state)
{
	static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x93", "e"};
	struct error err = ERROR_INIT;
	char text[900];

	(void)state;
	for (size_t kind = 0; kind < 4; kind++) {
		for (size_t offset = 0; offset < 4; offset++) {
			size_t bytes = strlen(characters[kind]);
			size_t length = 0;

			memset(text, '.', offset);
			for (length = offset; length + bytes < sizeof(text); length += bytes) {
				memcpy(text + length, characters[kind], bytes);
			}
			text[length] = '\0';
			error_set(&err, STATUS_FAILED, "%s", text);
			length = strlen(err.message);
			assert_in_range(length, sizeof(err.message) - 4, sizeof(err.message) - 1);
			assert_true(text_is_clean(err.message, length, false));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_is_found_by_its_name),
		cmocka_unit_test(an_unknown_name_is_a_failure),
		cmocka_unit_test(only_the_unreachable_is_worth_asking_again),
		cmocka_unit_test(an_error_says_what_why_and_what_to_do),
		cmocka_unit_test(a_new_error_forgets_the_hint_and_the_rule_of_the_last),
		cmocka_unit_test(nobody_needs_to_want_the_reason),
		cmocka_unit_test(a_message_may_quote_itself),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
