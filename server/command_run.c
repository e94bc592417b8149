/* saferd run: serve a data folder until told to stop. */
#include "server/command.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/log.h"
#include "server/server.h"

#include <malloc.h>
#include <stdio.h>

static void say_training(void)
{
	char today[DATE_TEXT];

	if (clock_now() / 1000000 == clock_machine() / 1000000) {
		return;
	}
	date_format(day_of_time(clock_now()), today);
	log_event(LOG_WARNING, "training", log_text("today", today));
	fprintf(stderr, "saferd: this folder is for training: for the partnership, today is %s\n", today);
}

/* A list of a plan is a megabyte, made by one thread and sent by another. Without this, each would be asked of the kernel
 * page by page and given back at once (mallopt(3)). What is kept is bounded by what all peers may hold.
 *
 * The threads share one heap. One of its own for each would grow by a call of the kernel for every few pages, since
 * M_TOP_PAD does not hold there: one for each record that the reader keeps. They seldom want it at the same time. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_ARENA_MAX, 1);
}

static enum status run(const struct arguments *arguments, struct error *err)
{
	struct folder folder;
	enum log_level level;
	enum status status = folder_open(arguments->words[0], FOLDER_WRITE, &folder, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (log_level_parse(folder.settings.log_level, &level)) {
		log_set_level(level);
	}
	say_training();
	keep_memory();
	status = server_run(&folder, err);
	folder_close(&folder);
	return status;
}

const struct command command_run = {
	.name = "run",
	.words = {"DIR"},
	.help = "serve a data folder",
	.text = "Serves the partnerships in the folder DIR until it gets SIGTERM or SIGINT. SIGHUP has it "
		"read\n"
		"DIR/saferd.conf and its certificate again. The log goes to standard error, a line an event.",
	.run = run,
};
