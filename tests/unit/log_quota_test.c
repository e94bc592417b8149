/* Lines about one peer: so many in a second, and a sum of the rest. */
#include "common/log_quota.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define TEXT_BYTES 262144

struct capture {
	int standard_error;
	FILE *file;
	char text[TEXT_BYTES];
};

static int setup(void **state)
{
	static struct capture capture;

	capture.file = tmpfile();
	capture.standard_error = dup(STDERR_FILENO);
	if (!capture.file || capture.standard_error < 0) {
		return -1;
	}
	log_quota_tell(INT64_MAX);
	dup2(fileno(capture.file), STDERR_FILENO);
	log_set_quota(3);
	*state = &capture;
	return 0;
}

static int teardown(void **state)
{
	struct capture *capture = *state;

	log_quota_tell(INT64_MAX);
	dup2(capture->standard_error, STDERR_FILENO);
	close(capture->standard_error);
	fclose(capture->file);
	log_set_quota(0);
	log_set_level(LOG_INFO);
	return 0;
}

static size_t lines(struct capture *capture, const char *text)
{
	size_t got;
	size_t count = 0;

	rewind(capture->file);
	got = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
	capture->text[got] = '\0';
	for (const char *at = strstr(capture->text, text); at; at = strstr(at + 1, text)) {
		count++;
	}
	return count;
}

static void knock(const char *about, int times)
{
	for (int i = 0; i < times; i++) {
		log_about(about, LOG_INFO, "knock", log_text("address", about));
	}
}

static void writes_as_many_as_it_may(void **state)
{
	knock("192.0.2.1", 3);
	assert_int_equal(lines(*state, "event=knock"), 3);
	log_quota_tell(INT64_MAX);
	assert_int_equal(lines(*state, "log-suppressed"), 0);
}

static void sums_up_what_is_more_when_the_second_is_over(void **state)
{
	knock("192.0.2.2", 1000);
	assert_int_equal(lines(*state, "event=knock"), 3);
	log_quota_tell(clock_monotonic_ms());
	assert_int_equal(lines(*state, "log-suppressed"), 0);
	log_quota_tell(clock_monotonic_ms() + 1001);
	assert_int_equal(lines(*state, "event=log-suppressed of=knock about=192.0.2.2 lines=997"), 1);
	log_quota_tell(INT64_MAX);
	assert_int_equal(lines(*state, "log-suppressed"), 1);
	knock("192.0.2.2", 1);
	assert_int_equal(lines(*state, "event=knock"), 4);
}

static void one_peer_does_not_use_up_the_lines_of_another(void **state)
{
	knock("192.0.2.3", 1000);
	knock("192.0.2.4", 1);
	assert_int_equal(lines(*state, "event=knock address=192.0.2.4"), 1);
}

static void one_event_does_not_use_up_the_lines_of_another(void **state)
{
	knock("192.0.2.5", 1000);
	log_about("192.0.2.5", LOG_WARNING, "broke-in", log_number("conn", 1));
	assert_int_equal(lines(*state, "event=broke-in"), 1);
}

/* Better a long log than a line that nobody counted. */
static void more_peers_than_it_has_room_for_are_not_lost(void **state)
{
	for (int i = 0; i < 1500; i++) {
		char about[16];

		snprintf(about, sizeof(about), "p%d", i);
		log_about(about, LOG_INFO, "x", log_number("n", 1));
	}
	assert_int_equal(lines(*state, "event=x"), 1500);
}

static void what_the_level_leaves_out_is_not_counted(void **state)
{
	log_set_level(LOG_ERROR);
	knock("192.0.2.6", 1000);
	log_quota_tell(INT64_MAX);
	log_set_level(LOG_INFO);
	assert_int_equal(lines(*state, "log-suppressed"), 0);
}

#define QUOTA_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUOTA_TEST(writes_as_many_as_it_may),
		QUOTA_TEST(sums_up_what_is_more_when_the_second_is_over),
		QUOTA_TEST(one_peer_does_not_use_up_the_lines_of_another),
		QUOTA_TEST(one_event_does_not_use_up_the_lines_of_another),
		QUOTA_TEST(more_peers_than_it_has_room_for_are_not_lost),
		QUOTA_TEST(what_the_level_leaves_out_is_not_counted),
	};

	return cmocka_run_group_tests_name("log quota", tests, NULL, NULL);
}
