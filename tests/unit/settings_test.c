/* What saferd.conf may say, and how a wrong line is told. */
#include "server/settings.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void write_settings(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/settings_test_XXXXXX");
	fd = mkstemp(path);
	return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

/* ---- files that are wrong ---- */

struct wrong {
	const char *name;
	const char *text;
	const char *line;    /* where it says that it is */
	const char *message; /* what it says */
	const char *hint;
};

static const struct wrong wrongs[] = {
	{"names an unknown setting and the nearest one", "port = 1\n\nprot = 2\n",
	 ":3:", "no setting \"prot\"", "did you mean port?"},
	{"points to the manual when nothing is near", "zzzzzzzzzz = 2\n", ":1:", "no setting",
	 "saferd.conf(5)"},
	{"refuses a number above its bounds", "port = 65536\n", ":1:", "from 0 to 65535", ""},
	{"refuses a number below its bounds", "certificate_days = 0\n", ":1:", "from 1 to 825 days", ""},
	{"refuses a number with a tail", "port = 74x\n", ":1:", "whole number", ""},
	{"refuses an empty number", "port =\n", ":1:", "whole number", ""},
	{"refuses a flag that is neither yes nor no", "setup_without_second_person = maybe\n",
	 ":1:", "yes or no", ""},
	{"refuses a setting that is there twice", "port = 1\nlisten = ::\nport = 2\n",
	 ":3:", "already set in line 1", ""},
	{"refuses a section", "[network]\nport = 1\n", ":2:", "no sections", ""},
	{"refuses a line without an equals sign", "# fine\nport\n", ":2:", "setting = value", ""},
	{"refuses a log level that there is not", "log_level = loud\n",
	 ":1:", "error, warning, info or debug", ""},
	{"refuses to listen on a name", "listen = localhost\n", ":1:", "an address such as", ""},
	{"refuses a socket for metrics that is nowhere in particular", "metrics_socket = metrics.sock\n",
	 ":1:", "begins with /", ""},
	{"refuses an empty list of names", "names =  \n", ":1:", "at least one name", ""},
	{"refuses a depth that the scanner does not reach", "limit_message_depth = 33\n", ":1:", "at most 32",
	 ""},
	{"refuses enrolments that nobody could ask for", "limit_enrol_message_bytes = 100\n",
	 ":1:", "at least 3072", ""},
	{"refuses a limit of nothing", "limit_connections = 0\n", ":1:", "from 1", ""},
	{"refuses a line that goes on with a number", "port = 1\n 2\n", ":2:", "begins with a space", ""},
	{"refuses control characters",
	 "names = a\x01"
	 "b\n",
	 ":1:", "clean UTF-8", ""},
};

static void refuses_what_is_wrong(void **state)
{
	const struct wrong *wrong = *state;
	struct settings settings;
	struct error err = ERROR_INIT;

	memset(&settings, 0x5a, sizeof(settings));
	write_settings(wrong->text);
	assert_int_equal(settings_read(path, &settings, &err), STATUS_INVALID);
	assert_non_null(strstr(err.message, wrong->line));
	if (!strstr(err.message, wrong->message)) {
		fail_msg("\"%s\" does not say \"%s\"", err.message, wrong->message);
	}
	assert_non_null(strstr(err.hint, wrong->hint));
	assert_int_equal(settings.port, 0x5a5a5a5a5a5a5a5a);
}

/* ---- the rest ---- */

static void takes_the_defaults_from_an_empty_file(void **state)
{
	struct settings settings;
	struct settings defaults;
	struct error err = ERROR_INIT;

	(void)state;
	settings_default(&defaults);
	write_settings("");
	assert_int_equal(settings_read(path, &settings, &err), STATUS_OK);
	assert_memory_equal(&settings, &defaults, sizeof(settings));
	assert_int_equal(settings.port, 7443);
	assert_true(settings.setup_without_second_person);
	assert_int_equal(settings.limits.connections, 2000);
}

static void takes_what_the_file_says(void **state)
{
	struct settings settings;
	struct error err = ERROR_INIT;

	(void)state;
	write_settings("; a comment\n# another\nlisten = ::\nport=0\nnames = one.example ; the old one\n"
		       " two.example\nsetup_without_second_person = no\nlimit_connections = 7\n");
	assert_int_equal(settings_read(path, &settings, &err), STATUS_OK);
	assert_string_equal(settings.listen, "::");
	assert_int_equal(settings.port, 0);
	assert_string_equal(settings.names, "one.example two.example");
	assert_false(settings.setup_without_second_person);
	assert_int_equal(settings.limits.connections, 7);
}

static void names_the_file_that_is_not_there(void **state)
{
	struct settings settings;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(settings_read("/nonexistent/saferd.conf", &settings, &err), STATUS_FAILED);
	assert_non_null(strstr(err.message, "/nonexistent/saferd.conf"));
}

static void refuses_a_line_that_is_too_long(void **state)
{
	char text[400];
	struct settings settings;
	struct error err = ERROR_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "port = 1\nnames = ", 17);
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	write_settings(text);
	assert_int_equal(settings_read(path, &settings, &err), STATUS_INVALID);
	assert_non_null(strstr(err.message, ":2: the line is longer than"));
}

static void reads_back_what_it_writes(void **state)
{
	struct settings written;
	struct settings settings;
	struct buffer text;
	struct error err = ERROR_INIT;

	(void)state;
	settings_default(&written);
	written.port = 1;
	written.setup_without_second_person = false;
	written.limits.idle_seconds = 5;
	for (int i = 0; i < 24; i++) {
		snprintf(written.names + 10 * i, sizeof(written.names) - (size_t)(10 * i), "host%05d ", i);
	}
	written.names[strlen(written.names) - 1] = '\0';
	buffer_init(&text, 65536);
	settings_write(&written, &text);
	write_settings(buffer_text(&text));
	assert_int_equal(settings_read(path, &settings, &err), STATUS_OK);
	assert_memory_equal(&settings, &written, sizeof(settings));
	buffer_release(&text);
}

static void writes_a_default_file_with_every_setting_commented_out(void **state)
{
	struct settings settings;
	struct settings defaults;
	struct buffer text;
	struct error err = ERROR_INIT;

	(void)state;
	settings_default(&defaults);
	buffer_init(&text, 65536);
	settings_write_default(&text);
	assert_non_null(strstr(buffer_text(&text), "\n#port = 7443\n"));
	assert_non_null(strstr(buffer_text(&text), "\n#limit_idle_seconds = 600\n"));
	assert_non_null(strstr(buffer_text(&text), "\n#setup_without_second_person = yes\n"));
	write_settings(buffer_text(&text));
	assert_int_equal(settings_read(path, &settings, &err), STATUS_OK);
	assert_memory_equal(&settings, &defaults, sizeof(settings));
	buffer_release(&text);
}

static void takes_over_at_reload_only_what_may_change(void **state)
{
	struct settings settings;
	struct settings fresh;

	(void)state;
	settings_default(&settings);
	settings_default(&fresh);
	fresh.port = 9;
	fresh.invitation_hours = 9;
	fresh.limits.connections = 9;
	fresh.setup_without_second_person = false;
	snprintf(fresh.names, sizeof(fresh.names), "other.example");
	snprintf(fresh.log_level, sizeof(fresh.log_level), "debug");
	log_set_level(LOG_ERROR);
	settings_reload(&settings, &fresh);
	assert_int_equal(settings.port, 7443);
	assert_string_equal(settings.names, "localhost 127.0.0.1");
	assert_int_equal(settings.invitation_hours, 9);
	assert_int_equal(settings.limits.connections, 9);
	assert_false(settings.setup_without_second_person);
	assert_string_equal(settings.log_level, "debug");
}

int main(void)
{
	struct CMUnitTest tests[sizeof(wrongs) / sizeof(wrongs[0])];
	const struct CMUnitTest others[] = {
		cmocka_unit_test_setup_teardown(takes_the_defaults_from_an_empty_file, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_what_the_file_says, setup, teardown),
		cmocka_unit_test(names_the_file_that_is_not_there),
		cmocka_unit_test_setup_teardown(refuses_a_line_that_is_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_back_what_it_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_a_default_file_with_every_setting_commented_out, setup,
						teardown),
		cmocka_unit_test(takes_over_at_reload_only_what_may_change),
	};
	int failed;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		tests[i] = (struct CMUnitTest){wrongs[i].name, refuses_what_is_wrong, setup, teardown,
					       (void *)(uintptr_t)&wrongs[i]};
	}
	failed = cmocka_run_group_tests_name("settings: files that are wrong", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("settings", others, NULL, NULL);
}
