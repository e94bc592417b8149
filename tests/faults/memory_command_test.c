/* The commands of saferd, from the founding of a partnership to its backup, with every allocation refused once. What a
 * command says is what it did: a folder that could not be founded is not there, one that was founded checks out. */
#include "tests/faults/memory_steps.h"

#include "common/log.h"
#include "server/command.h"
#include "server/policy/policy.h"
#include "server/schema/schema.h"
#include "server/settings.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/safer-faults-XXXXXX";
static char folder[64];
static char copy[64];
static int nowhere;

/* ---- commands, with what they print going nowhere ---- */

static int run_command(char **arguments)
{
	int count = 0;
	int out;
	int err;
	int code;

	while (arguments[count] != NULL) {
		count++;
	}
	fflush(stdout);
	fflush(stderr);
	out = dup(STDOUT_FILENO);
	err = dup(STDERR_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	code = command_main(count, arguments);
	fflush(stdout);
	fflush(stderr);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	return code;
}

#define COMMAND(...) (run_command((char *[]){(char[]){"saferd"}, __VA_ARGS__, NULL}) == 0)

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *place)
{
	(void)about;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool found(void)
{
	return COMMAND((char[]){"init"}, folder, (char[]){"--partnership"}, (char[]){"Test"},
		       (char[]){"--administrator"}, (char[]){"Ann Admin"}, (char[]){"--port"},
		       (char[]){"7443"});
}

static bool checks_out(char *path)
{
	return COMMAND((char[]){"check"}, path);
}

/* ---- steps ---- */

static void prepare_nothing(void)
{
	remove_all(folder);
}

static bool sound_folder(bool done)
{
	return done ? checks_out(folder) : access(folder, F_OK) != 0;
}

static void prepare_folder(void)
{
	if (access(folder, F_OK) != 0) {
		assert_true(found());
	}
	remove_all(copy);
}

static bool run_check(void)
{
	return checks_out(folder);
}

static bool run_invite(void)
{
	return COMMAND((char[]){"invite"}, folder, (char[]){"PE1"});
}

static bool run_backup(void)
{
	return COMMAND((char[]){"backup"}, folder, copy);
}

static bool sound_copy(bool done)
{
	return checks_out(folder) && (done ? checks_out(copy) : access(copy, F_OK) != 0);
}

static bool sound_still(bool done)
{
	(void)done;
	return checks_out(folder);
}

static bool run_settings(void)
{
	char path[100];
	struct settings settings;
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s/%s", folder, SETTINGS_FILE);
	return settings_read(path, &settings, &err) == STATUS_OK;
}

static const struct memory_step steps[] = {
	{"saferd init", prepare_nothing, found, sound_folder, 997},
	{"saferd check", prepare_folder, run_check, NULL, 397},
	{"saferd invite", prepare_folder, run_invite, sound_still, 397},
	{"saferd backup", prepare_folder, run_backup, sound_copy, 997},
	{"reading the settings", prepare_folder, run_settings, NULL, 7},
};

static void a_command_survives_each_allocation_that_is_refused(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	assert_non_null(mkdtemp(root));
	snprintf(folder, sizeof(folder), "%s/data", root);
	snprintf(copy, sizeof(copy), "%s/copy", root);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(nowhere >= 0);
	memory_steps_play("commands of saferd", steps, sizeof(steps) / sizeof(steps[0]));
	close(nowhere);
	remove_all(root);
	policy_release();
	schema_release();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_survives_each_allocation_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
