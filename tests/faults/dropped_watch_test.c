/* Somebody watches with the real client while eight writers change records, the server is killed and stopped again and
 * again, and the watcher's connections are cut wherever they are. What the watcher printed must be the journal: each revision
 * of each record once, in order, whole lines only.
 *
 * SAFER_RESTARTS and SAFER_DROPS set how often, SAFER_SEED where chance begins. */
#include "tests/faults/cutter.h"
#include "tests/faults/platter.h"
#include "tests/faults/swarm.h"
#include "tests/support/partnership.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RESTARTS       4 /* in the short version */
#define DROPS          8
#define BURST_MESSAGES 80 /* between looks at how often it was cut */
#define CATCH_UP_MS    60000

/* One revision of a record, as the journal has it and as the watcher prints it. */
struct told {
	int64_t entry;
	char kind[24]; /* no hole behind it: they are compared byte by byte */
	int64_t number;
	int64_t revision;
};
struct tellings {
	struct told *list;
	size_t count, capacity;
};

static void add(struct tellings *tellings, struct told told)
{
	if (tellings->count == tellings->capacity) {
		tellings->capacity = tellings->capacity > 0 ? 2 * tellings->capacity : 1024;
		tellings->list = realloc(tellings->list, tellings->capacity * sizeof(told));
		assert_non_null(tellings->list);
	}
	tellings->list[tellings->count++] = told;
}

/* ---- what the journal has ---- */

static enum status visit(void *payload, const struct record_row *row, struct error *err)
{
	struct told told = {.entry = row->entry, .number = row->number, .revision = row->revision};

	(void)err;
	(void)snprintf(told.kind, sizeof(told.kind), "%s", row->kind);
	add(payload, told);
	return STATUS_OK;
}

/* Everything behind an entry. Answers the number of the last one. */
static int64_t read_journal(const struct installation *it, int64_t since, struct tellings *out)
{
	char path[PROGRAM_PATH];
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	int64_t entries = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", it->folder, STORE_FILE);
	if (store_open(path, STORE_READER, &store, &err) != STATUS_OK ||
	    store_begin(store, &err) != STATUS_OK ||
	    store_leaf_count(store, 1, &entries, &err) != STATUS_OK) {
		fail_msg("the store cannot be read: %s", err.message);
	}
	for (int64_t entry = since + 1; entry < entries; entry++) {
		assert_int_equal(store_version_each_of_entry(store, 1, entry, visit, out, &err), STATUS_OK);
	}
	store_rollback(store);
	store_close(store);
	return entries - 1;
}

/* ---- what the watcher prints ---- */

struct listener { /* a thread that reads it, so that the watcher never waits */
	struct running *watch;
	pthread_t thread;
	pthread_mutex_t lock;
};

static void *listen_on(void *payload)
{
	struct listener *listener = payload;
	struct running *watch = listener->watch;
	char bytes[65536];
	ssize_t got = 0;

	while ((got = read(watch->fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR)) {
		char *grown = NULL;

		if (got < 0) {
			continue;
		}
		(void)pthread_mutex_lock(&listener->lock);
		grown = realloc(watch->text, watch->length + (size_t)got + 1);
		if (grown) {
			memcpy(grown + watch->length, bytes, (size_t)got);
			watch->length += (size_t)got;
			grown[watch->length] = '\0';
			watch->text = grown;
		}
		(void)pthread_mutex_unlock(&listener->lock);
	}
	return NULL;
}

static bool has_printed(struct listener *listener, const char *text)
{
	bool found = false;

	(void)pthread_mutex_lock(&listener->lock);
	found = strstr(listener->watch->text, text) != NULL;
	(void)pthread_mutex_unlock(&listener->lock);
	return found;
}

/* A line of JSON; others are remarks for people. False for one that is broken. */
static bool read_line(const char *line, size_t length, struct tellings *out)
{
	json_t *json = NULL;
	const char *id;
	struct told told = {0};

	if (length == 0 || line[0] != '{') {
		return strncmp(line, "safer: ", 7) == 0;
	}
	json = json_loadb(line, length, 0, NULL);
	if (!json) {
		return false;
	}
	id = json_string_value(json_object_get(json, "id"));
	if (strcmp(json_string_value(json_object_get(json, "type")), "changed") == 0 && id) {
		told.entry = json_integer_value(json_object_get(json, "entry"));
		told.revision = json_integer_value(json_object_get(json, "revision"));
		told.number = strtoll(id + strcspn(id, "0123456789"), NULL, 10);
		(void)snprintf(told.kind, sizeof(told.kind), "%s",
			       json_string_value(json_object_get(json, "kind")));
		add(out, told);
	}
	json_decref(json);
	return true;
}

static void read_lines(const char *text, struct tellings *out)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		if (line[length] != '\n' || !read_line(line, length, out)) {
			fail_msg("the watcher printed a line that is not whole: %.*s", (int)length, line);
		}
	}
}

/* ---- comparing ---- */

static int order(const struct told *a, const struct told *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* Whether they are the same. Otherwise why not: at the first place where they part. */
static bool same(const struct tellings *journal, const struct tellings *printed, char why[200])
{
	size_t i = 0;

	while (i < journal->count && i < printed->count && order(&journal->list[i], &printed->list[i]) == 0) {
		i++;
	}
	if (i == journal->count && i == printed->count) {
		return true;
	}
	(void)snprintf(why, 200,
		       "they part at line %zu: the journal has entry %lld, %zu lines are printed of %zu", i,
		       i < journal->count ? (long long)journal->list[i].entry : -1LL, printed->count,
		       journal->count);
	return false;
}

/* A comparison that sees nothing is worth nothing: each of these must be found. */
static void a_gap_a_repeat_and_a_swap_are_seen(const struct tellings *journal, const struct tellings *printed)
{
	struct tellings seeded = {.capacity = printed->count + 1};
	size_t at = printed->count / 2;
	char why[200];

	seeded.list = malloc(seeded.capacity * sizeof(*seeded.list));
	assert_non_null(seeded.list);
	assert_true(printed->count > 2);
	memcpy(seeded.list, printed->list, at * sizeof(*seeded.list)); /* a gap */
	memcpy(seeded.list + at, printed->list + at + 1, (printed->count - at - 1) * sizeof(*seeded.list));
	seeded.count = printed->count - 1;
	assert_false(same(journal, &seeded, why));
	memcpy(seeded.list, printed->list, (at + 1) * sizeof(*seeded.list)); /* a repeat */
	memcpy(seeded.list + at + 1, printed->list + at, (printed->count - at) * sizeof(*seeded.list));
	seeded.count = printed->count + 1;
	assert_false(same(journal, &seeded, why));
	memcpy(seeded.list, printed->list, printed->count * sizeof(*seeded.list)); /* a swap */
	seeded.list[at] = printed->list[at - 1];
	seeded.list[at - 1] = printed->list[at];
	seeded.count = printed->count;
	assert_false(same(journal, &seeded, why));
	free(seeded.list);
}

/* ---- the trial ---- */

struct trial {
	struct installation *it;
	struct person *officer;
	struct person *watcher;
	struct raw_offer offer;
	struct swarm *swarm;
	struct cutter cutter;
	struct running watch;
	struct listener listener;
	uint64_t seed;
	int64_t restarts, drops; /* wanted */
};

static int64_t number_of(const char *name, int64_t fallback)
{
	const char *text = getenv(name);

	return text ? strtoll(text, NULL, 10) : fallback;
}

/* An action for each writer; the first is there. */
static void make_actions(struct person *officer, struct errands *errands)
{
	struct raw_peer *peer = raw_connect_as(officer);

	*errands = (struct errands){0};
	for (size_t i = 0; i < ERRAND_WRITERS; i++) {
		char fields[120];

		(void)snprintf(fields, sizeof(fields),
			       "title=Patrols %zu|priority=P1|status=on-track|owner=B4", i);
		if (i > 0) {
			change_one(peer, (uint32_t)i, "create", "action", 0, fields);
		}
		errands->writers[i] = (struct errand_writer){.action = (int64_t)i + 1, .revision = 1};
	}
	raw_close(peer);
}

static void open_trial(struct trial *trial)
{
	struct person *administrator = NULL;
	struct errands errands;
	char profile[PROGRAM_PATH];

	*trial = (struct trial){.it = installation_open(NULL),
				.seed = (uint64_t)number_of("SAFER_SEED", 20140501),
				.restarts = number_of("SAFER_RESTARTS", RESTARTS),
				.drops = number_of("SAFER_DROPS", DROPS)};
	administrator = person_new(trial->it, "ann");
	trial->officer = person_new(trial->it, "paul");
	trial->watcher = person_new(trial->it, "colin");
	person_enrol(administrator, trial->it->invitation);
	partnership_make(administrator, trial->officer);
	person_joins(administrator, trial->watcher, COUNCIL);
	make_actions(trial->officer, &errands);
	person_gets(trial->watcher, 0, "action", "list"); /* which fills its cache */
	(void)signal(SIGPIPE, SIG_IGN);
	trial->offer = raw_person(trial->officer);
	trial->swarm = swarm_new(trial->it->port, trial->offer.certificate, trial->offer.key, &errands);
	assert_non_null(trial->swarm);
	cutter_start(&trial->cutter, trial->it->port, draw(&trial->seed, UINT32_MAX));
	relay_use(&trial->cutter.relay, person_file(trial->watcher, "profile.ini", profile));
	person_starts(trial->watcher, &trial->watch, "watch", "--json", NULL);
	running_until(&trial->watch, "\"type\":\"ready\"");
	trial->listener = (struct listener){.watch = &trial->watch};
	(void)pthread_mutex_init(&trial->listener.lock, NULL);
	assert_int_equal(pthread_create(&trial->listener.thread, NULL, listen_on, &trial->listener), 0);
}

/* Has the writers write until the watcher was cut so often in all. */
static void write_until_cut(struct trial *trial, int64_t cuts)
{
	do {
		swarm_until(trial->swarm, BURST_MESSAGES);
		(void)poll(NULL, 0, 100); /* the watcher is to be in the middle of it, and not far behind */
	} while (trial->cutter.figures->cuts < cuts);
}

/* Killed and stopped in turn. */
static void cycle(struct trial *trial, int64_t number)
{
	swarm_go(trial->swarm);
	write_until_cut(trial, trial->drops * (number + 1) / trial->restarts);
	swarm_halt(trial->swarm);
	if (number % 2 == 0) {
		installation_kill(trial->it);
	} else {
		installation_stop(trial->it);
	}
	swarm_rest(trial->swarm);
	installation_start(trial->it);
}

/* Nobody cuts any more, and the watcher is to hear the rest. */
static void catch_up(struct trial *trial, int64_t entry)
{
	char wanted[40];

	(void)snprintf(wanted, sizeof(wanted), "\"entry\":%lld,", (long long)entry);
	for (int waited = 0; !has_printed(&trial->listener, wanted); waited += 20) {
		if (waited > CATCH_UP_MS) {
			fail_msg("the watcher did not print entry %lld; its last words: %s", (long long)entry,
				 trial->watch.text + trial->watch.length -
					 (trial->watch.length < 500 ? trial->watch.length : 500));
		}
		(void)poll(NULL, 0, 20);
	}
}

static int64_t peak_kilobytes(pid_t pid)
{
	char path[64];
	char *text;
	const char *at;
	int64_t found = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = file_text(path);
	at = strstr(text, "VmHWM:");
	found = at ? strtoll(at + strlen("VmHWM:"), NULL, 10) : 0;
	free(text);
	return found;
}

static size_t times(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static int64_t ready_entry(const char *text)
{
	const char *at = strstr(text, "{\"type\":\"ready\",\"entry\":");

	assert_non_null(at);
	return strtoll(at + strlen("{\"type\":\"ready\",\"entry\":"), NULL, 10);
}

static void close_trial(struct trial *trial)
{
	char profile[PROGRAM_PATH];

	(void)close(trial->watch.fd);
	free(trial->watch.text);
	(void)pthread_mutex_destroy(&trial->listener.lock);
	relay_end(&trial->cutter.relay, person_file(trial->watcher, "profile.ini", profile));
	swarm_free(trial->swarm);
	raw_offer_release(&trial->offer);
	installation_close(trial->it);
}

static void a_watch_has_no_gap_and_no_repeat_however_often_it_is_dropped(void **state)
{
	struct trial trial;
	struct tellings journal = {0};
	struct tellings printed = {0};
	struct errands errands;
	struct swarm_figures figures;
	int64_t last = 0;
	int64_t peak = 0;
	char why[200];

	(void)state;
	open_trial(&trial);
	trial.cutter.figures->cuts_now = true;
	for (int64_t i = 0; i < trial.restarts; i++) {
		cycle(&trial, i);
	}
	trial.cutter.figures->cuts_now = false;
	swarm_go(trial.swarm);
	swarm_until(trial.swarm, 8 * (uint64_t)ERRAND_WRITERS);
	swarm_halt(trial.swarm);
	swarm_standing(trial.swarm, &errands, &figures);
	assert_string_equal(figures.wrong, "");
	last = errands.writers[0].entry;
	catch_up(&trial, last);
	peak = peak_kilobytes(trial.watch.pid);
	installation_stop(trial.it); /* the writers lose it too */
	swarm_rest(trial.swarm);
	installation_start(trial.it);
	last = read_journal(trial.it, ready_entry(trial.watch.text), &journal);
	catch_up(&trial, last);
	(void)kill(trial.watch.pid, SIGTERM);
	assert_int_equal(program_wait(trial.watch.pid), 128 + SIGTERM);
	(void)pthread_join(trial.listener.thread, NULL);
	read_lines(trial.watch.text, &printed);
	if (!same(&journal, &printed, why)) {
		fail_msg("the watcher did not print what the journal has: %s", why);
	}
	a_gap_a_repeat_and_a_swap_are_seen(&journal, &printed);
	print_message(
		"%lld restarts, every other a kill; %lld connections of %lld cut, %zu of them noticed while "
		"watching; %zu changes told once each and in order; the watcher took %lld KiB\n",
		(long long)trial.restarts, (long long)trial.cutter.figures->cuts,
		(long long)trial.cutter.figures->connections,
		times(trial.watch.text, "connecting again, to go on"), printed.count, (long long)peak);
	free(journal.list);
	free(printed.list);
	close_trial(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_has_no_gap_and_no_repeat_however_often_it_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
