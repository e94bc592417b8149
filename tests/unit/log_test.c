/* The log: one line an event, which nobody can forge. */
#include "common/log.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define STAMP "time=2014-05-01T09:30:00.000000Z "

/* Standard error, led into a file for the length of a test. */
struct capture {
	int standard_error;
	FILE *file;
	char text[2 * PIPE_BUF];
};

static int setup(void **state)
{
	static struct capture capture;

	capture.file = tmpfile();
	capture.standard_error = dup(STDERR_FILENO);
	if (!capture.file || capture.standard_error < 0) {
		return -1;
	}
	clock_freeze(1398936600000000);
	*state = &capture;
	return 0;
}

static int teardown(void **state)
{
	struct capture *capture = *state;

	clock_freeze(0);
	log_set_level(LOG_INFO);
	fclose(capture->file);
	close(capture->standard_error);
	return 0;
}

static void start(struct capture *capture)
{
	rewind(capture->file);
	assert_int_equal(ftruncate(fileno(capture->file), 0), 0);
	dup2(fileno(capture->file), STDERR_FILENO);
}

/* What was logged since start(). */
static const char *stop(struct capture *capture)
{
	size_t length;

	dup2(capture->standard_error, STDERR_FILENO);
	rewind(capture->file);
	length = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
	capture->text[length] = '\0';
	return capture->text;
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
	start(*state);
	log_event(LOG_INFO, "signed-in", log_number("conn", 17), log_text("account", "AC3"));
	assert_string_equal(stop(*state), STAMP "level=info event=signed-in conn=17 account=AC3\n");
}

static void an_event_may_stand_alone(void **state)
{
	start(*state);
	log_write(LOG_ERROR, "stopped", NULL, 0);
	assert_string_equal(stop(*state), STAMP "level=error event=stopped\n");
}

static const struct {
	const char *value;
	size_t length;
	const char *written;
} values[] = {
	{"plain", 5, "plain"},
	{"", 0, "\"\""},
	{NULL, 0, "\"\""},
	{"two words", 9, "\"two words\""},
	{"a=b", 3, "\"a=b\""},
	{"say \"no\"", 8, "\"say \\\"no\\\"\""},
	{"back\\slash", 10, "\"back\\\\slash\""},
	{"x\nlevel=error event=forged", 26, "\"x\\nlevel=error event=forged\""},
	{"\x1b[2J", 4, "\"\\x1b[2J\""},
	{"a\0b", 3, "\"a\\x00b\""},
	{"caf\xc3\xa9", 5, "\"caf\xc3\xa9\""},
	{"caf\xe9", 4, "\"caf\\xe9\""},
	{"\xe2\x80\xae", 3, "\"\\xe2\\x80\\xae\""}, /* an override of direction */
	{"\xc2\x9b", 2, "\"\\xc2\\x9b\""},          /* what some terminals take for an escape */
};

static void no_value_can_forge_a_line(void **state)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char wanted[200];

		snprintf(wanted, sizeof(wanted), STAMP "level=warning event=e v=%s\n", values[i].written);
		start(*state);
		log_event(LOG_WARNING, "e", log_span("v", values[i].value, values[i].length));
		assert_string_equal(stop(*state), wanted);
	}
}

static void numbers_reach_both_ends(void **state)
{
	start(*state);
	log_event(LOG_INFO, "e", log_number("least", INT64_MIN), log_number("most", INT64_MAX));
	assert_string_equal(stop(*state), STAMP "level=info event=e least=-9223372036854775808"
						" most=9223372036854775807\n");
}

static void what_is_finer_than_the_level_is_not_written(void **state)
{
	start(*state);
	log_event(LOG_DEBUG, "quiet", log_number("n", 1));
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "loud", log_number("n", 2));
	log_set_level(LOG_ERROR);
	log_event(LOG_WARNING, "quiet", log_number("n", 3));
	assert_string_equal(stop(*state), STAMP "level=debug event=loud n=2\n");
}

static void a_line_too_long_is_cut_and_says_so(void **state)
{
	char value[2 * PIPE_BUF];

	for (size_t length = PIPE_BUF - 120; length < PIPE_BUF + 20; length++) {
		const char *line;
		size_t bytes;

		memset(value, ' ', length);
		start(*state);
		log_event(LOG_INFO, "e", log_span("v", value, length), log_text("after", "it"));
		line = stop(*state);
		bytes = strlen(line);
		assert_true(bytes <= PIPE_BUF);
		assert_ptr_equal(strchr(line, '\n'), line + bytes - 1);
		if (strstr(line, " after=it\n") == NULL) {
			assert_string_equal(line + bytes - strlen(" truncated=true\n"), " truncated=true\n");
		}
		/* Both quotes, and none without the other. */
		assert_non_null(strchr(line, '"'));
		assert_ptr_not_equal(strchr(line, '"'), strrchr(line, '"'));
	}
}

static void logging_leaves_errno_alone(void **state)
{
	int after;

	start(*state);
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_event(LOG_INFO, "e", log_number("n", 1));
	after = errno;
	stop(*state);
	assert_int_equal(after, ENOSPC);
}

/* What has been written so far. */
static off_t written(const struct capture *capture)
{
	return lseek(fileno(capture->file), 0, SEEK_END);
}

static void lines_that_are_held_leave_together_whole_and_in_their_order(void **state)
{
	char wanted[2 * PIPE_BUF] = "";
	size_t length = 0;

	start(*state);
	log_hold();
	log_event(LOG_INFO, "first");
	log_hold();
	log_event(LOG_INFO, "second");
	log_release();
	assert_int_equal(written(*state), 0);
	log_release();
	stop(*state);
	assert_string_equal(((struct capture *)*state)->text,
			    STAMP "level=info event=first\n" STAMP "level=info event=second\n");
	start(*state);
	log_hold();
	for (int i = 0; i < 100; i++) { /* more than wait at once */
		log_event(LOG_INFO, "many", log_number("n", i));
		length += (size_t)snprintf(wanted + length, sizeof(wanted) - length,
					   STAMP "level=info event=many n=%d\n", i);
	}
	log_release();
	stop(*state);
	assert_string_equal(((struct capture *)*state)->text, wanted);
}

static void a_warning_waits_for_nobody_and_takes_those_before_it_along(void **state)
{
	start(*state);
	log_hold();
	log_event(LOG_INFO, "before");
	log_event(LOG_WARNING, "bad");
	assert_int_equal(written(*state),
			 strlen(STAMP "level=info event=before\n" STAMP "level=warning event=bad\n"));
	log_release();
	stop(*state);
}

static void levels_have_names(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_parse("loud", &level));
	assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_time_level_event_and_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_may_stand_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(no_value_can_forge_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_reach_both_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_finer_than_the_level_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_too_long_is_cut_and_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(logging_leaves_errno_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_that_are_held_leave_together_whole_and_in_their_order,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_warning_waits_for_nobody_and_takes_those_before_it_along,
						setup, teardown),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
