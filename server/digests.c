/* The round of the digests. The loop keeps it; the reader makes each message, the writer notes what became of it, and the
 * mail program runs beside them.
 *
 * What was done about an account's digest is a fact of the store, "digest.<account>", written before the mail program is
 * begun and again when it has ended: the day, how often it was tried, how that ended, and up to which journal entry the
 * last one told. If the server ends in between, nobody knows whether the mail went out; it is not sent again, since one
 * digest less is better than one twice. What failed is tried again a few times on the same day. */
#include "server/digests.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/log.h"
#include "server/errand.h"
#include "server/report/digest.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS    4                     /* mail programs at a time */
#define TRIES    3                     /* of one digest in a day */
#define PAUSE_MS (INT64_C(10) * 60000) /* before what failed is tried again */

/* ---- what is remembered of an account ---- */

enum outcome { NEVER, BEGUN, SENT, FAILED, OUTCOMES };
static const char *const outcome_words[OUTCOMES] = {"never", "begun", "sent", "failed"};

struct memory {
	day_t day;
	int64_t tries; /* on that day */
	enum outcome outcome;
	int64_t told; /* the journal entry up to which the last that was sent told; -1: none was */
};

/* "2014-07-01 1 sent 1042" */
static bool memory_parse(const char *text, struct memory *out)
{
	struct memory memory = {.outcome = NEVER};
	char *end = NULL;
	size_t length = 0;

	if (strlen(text) < 14 || !date_parse(text, 10, &memory.day) || text[10] != ' ') {
		return false;
	}
	memory.tries = strtoll(text + 11, &end, 10);
	if (*end != ' ') {
		return false;
	}
	text = end + 1;
	length = strcspn(text, " ");
	for (memory.outcome = NEVER; memory.outcome < OUTCOMES; memory.outcome++) {
		if (strlen(outcome_words[memory.outcome]) == length &&
		    memcmp(outcome_words[memory.outcome], text, length) == 0) {
			break;
		}
	}
	if (memory.outcome == OUTCOMES || text[length] != ' ') {
		return false;
	}
	memory.told = strtoll(text + length + 1, &end, 10);
	if (*end != '\0') {
		return false;
	}
	*out = memory;
	return true;
}

static void memory_name(int64_t account, char out[40])
{
	snprintf(out, 40, "digest.%" PRId64, account);
}

static enum status memory_get(struct store *store, struct arena *arena, int64_t account, struct memory *out,
			      struct error *err)
{
	char name[40];
	const char *text = NULL;

	*out = (struct memory){.outcome = NEVER, .told = -1};
	memory_name(account, name);
	if (store_fact_get(store, arena, name, &text, err) != STATUS_OK) {
		return err->status;
	}
	if (text != NULL && !memory_parse(text, out)) {
		return error_set(err, STATUS_FAILED, "the store's fact %s is \"%s\"", name, text);
	}
	return STATUS_OK;
}

static enum status memory_put(struct store *store, int64_t account, const struct memory *memory,
			      struct error *err)
{
	char name[40];
	char day[DATE_TEXT];
	char text[100];

	memory_name(account, name);
	date_format(memory->day, day);
	snprintf(text, sizeof(text), "%s %" PRId64 " %s %" PRId64, day, memory->tries,
		 outcome_words[memory->outcome], memory->told);
	return store_fact_put(store, name, text, err);
}

/* ---- the round ---- */

struct slot {           /* one account at a time */
	struct job job; /* first, so that the one is the other */
	struct digests *digests;
	struct errand *errand;
	struct digest_order order;
	struct memory memory; /* as it is to be */
	bool busy, wanted;    /* wanted: there is a message to be sent */
	int64_t newest;       /* journal entry that the message tells up to */
	struct buffer message;
	char to[256];
};

struct digests {
	struct event_base *base;
	struct worker *reader, *writer;
	const struct settings *settings;

	struct job listing;
	struct account_row *accounts; /* of this round; malloc'd */
	size_t account_count, account_next;
	bool running;
	bool stopping, stopped; /* nothing new is begun; and the workers end */
	day_t day;              /* of the round that is running, or ran last; INT32_MIN none */
	int64_t now;            /* the partnership's time when it began */
	int64_t sent, failed;
	int64_t again_ms; /* when what failed is tried again; 0: nothing did */

	struct slot slots[SLOTS];
};

static void go_on(struct digests *digests);

static void slot_end(struct slot *slot)
{
	buffer_release(&slot->message);
	slot->busy = false;
	go_on(slot->digests);
}

static void slot_failed(struct slot *slot, const char *why)
{
	log_event(LOG_ERROR, "digest-failed", log_number("account", slot->order.account),
		  log_number("try", slot->memory.tries), log_text("why", why));
	slot->digests->failed++;
}

/* -- the end of one: what became of it is noted -- */

static enum status run_note(struct job *job, struct context *context, struct error *err)
{
	struct slot *slot = (struct slot *)job;

	return memory_put(context->store, slot->order.account, &slot->memory, err);
}

static void done_note(struct job *job)
{
	struct slot *slot = (struct slot *)job;

	if (job->status != STATUS_OK) {
		log_event(LOG_ERROR, "digest-not-noted", log_number("account", slot->order.account),
			  log_text("error", job->error.message));
	}
	slot_end(slot);
}

static void note(struct slot *slot, enum outcome outcome)
{
	slot->memory.outcome = outcome;
	if (outcome == SENT) {
		slot->memory.told = slot->newest;
	}
	slot->job.run = run_note;
	slot->job.done = done_note;
	worker_submit(slot->digests->writer, &slot->job);
}

static void on_ended(void *payload, int exit_status, bool too_long)
{
	struct slot *slot = payload;
	char why[60];

	slot->errand = NULL;
	if (exit_status == 0) {
		log_event(LOG_INFO, "digest-sent", log_number("account", slot->order.account),
			  log_number("try", slot->memory.tries));
		slot->digests->sent++;
		note(slot, SENT);
		return;
	}
	if (too_long) {
		snprintf(why, sizeof(why), "the mail program took too long and was killed");
	} else if (exit_status < 0) {
		snprintf(why, sizeof(why), "the mail program was killed");
	} else {
		snprintf(why, sizeof(why), "the mail program ended with exit status %d", exit_status);
	}
	slot_failed(slot, why);
	note(slot, FAILED);
}

/* -- the middle: it is noted as begun, then the program runs -- */

/* The words of the setting; {to} becomes the address. They point into `line`. */
static void split_command(struct slot *slot, char line[SETTING_TEXT], char *argv[ERRAND_WORDS + 1])
{
	size_t count = 0;
	char *at = line;

	snprintf(line, SETTING_TEXT, "%s", slot->digests->settings->digest_command);
	while (*(at += strspn(at, " ")) != '\0' && count < ERRAND_WORDS) {
		char *word = at;

		at += strcspn(at, " ");
		if (*at != '\0') {
			*at++ = '\0';
		}
		argv[count++] = strcmp(word, "{to}") == 0 ? slot->to : word;
	}
	argv[count] = NULL;
}

static void done_begin(struct job *job)
{
	struct slot *slot = (struct slot *)job;
	struct digests *digests = slot->digests;
	char *argv[ERRAND_WORDS + 1] = {NULL};
	char line[SETTING_TEXT];
	struct error err = ERROR_INIT;

	split_command(slot, line, argv);
	if (job->status != STATUS_OK) {
		slot_failed(slot, job->error.message);
		slot_end(slot);
		return;
	}
	if (digests->stopped) { /* too late to note anything: it counts as sent */
		log_event(LOG_WARNING, "digest-unfinished", log_number("account", slot->order.account));
		slot->busy = false;
		return;
	}
	if (digests->stopping || argv[0] == NULL) {
		note(slot, FAILED);
		return;
	}
	if (errand_run(digests->base, argv, buffer_span(&slot->message), digests->settings->digest_seconds,
		       on_ended, slot, &slot->errand, &err) != STATUS_OK) {
		slot_failed(slot, err.message);
		note(slot, FAILED);
	}
}

/* -- the beginning: is one due, and what is in it -- */

static enum status since_when(struct slot *slot, struct store *store, struct error *err)
{
	if (slot->memory.told >= 0) {
		slot->order.since = slot->memory.told;
		return STATUS_OK;
	}
	return store_leaf_at(store, slot->order.partnership, slot->digests->now - MICROSECONDS_PER_DAY,
			     &slot->order.since, err);
}

static enum status run_make(struct job *job, struct context *context, struct error *err)
{
	struct slot *slot = (struct slot *)job;
	struct arena *arena = arena_new();
	day_t day = slot->digests->day;
	const char *to = NULL;
	int64_t entries = 0;
	enum status status = arena != NULL ? STATUS_OK : error_memory(err);

	slot->wanted = false;
	buffer_clear(&slot->message);
	if (status == STATUS_OK) {
		status = memory_get(context->store, arena, slot->order.account, &slot->memory, err);
	}
	if (status != STATUS_OK || (slot->memory.outcome != NEVER && slot->memory.day == day &&
				    (slot->memory.outcome != FAILED || slot->memory.tries >= TRIES))) {
		goto out;
	}
	if (since_when(slot, context->store, err) != STATUS_OK ||
	    store_leaf_count(context->store, slot->order.partnership, &entries, err) != STATUS_OK ||
	    digest_write(context, arena, &slot->order, &slot->message, &to, err) != STATUS_OK) {
		status = err->status;
		goto out;
	}
	if (to != NULL) {
		snprintf(slot->to, sizeof(slot->to), "%s", to);
		slot->newest = entries - 1;
		slot->memory.tries = slot->memory.day == day ? slot->memory.tries + 1 : 1;
		slot->memory.day = day;
		slot->memory.outcome = BEGUN;
		slot->wanted = true;
	}
out:
	arena_free(arena);
	return status;
}

static void done_make(struct job *job)
{
	struct slot *slot = (struct slot *)job;

	if (job->status != STATUS_OK) {
		slot_failed(slot, job->error.message);
	}
	if (job->status != STATUS_OK || !slot->wanted || slot->digests->stopping) {
		slot_end(slot);
		return;
	}
	slot->job.run = run_note;
	slot->job.done = done_begin;
	worker_submit(slot->digests->writer, &slot->job);
}

/* -- all of them -- */

static bool any_busy(const struct digests *digests)
{
	for (size_t i = 0; i < SLOTS; i++) {
		if (digests->slots[i].busy) {
			return true;
		}
	}
	return false;
}

static void go_on(struct digests *digests)
{
	for (size_t i = 0; i < SLOTS && !digests->stopping; i++) {
		struct slot *slot = &digests->slots[i];
		const struct account_row *account = NULL;

		if (slot->busy || digests->account_next == digests->account_count) {
			continue;
		}
		account = &digests->accounts[digests->account_next++];
		slot->busy = true;
		slot->order = (struct digest_order){.partnership = account->partnership,
						    .account = account->number,
						    .person = account->person};
		slot->job = (struct job){.run = run_make, .done = done_make};
		worker_submit(digests->reader, &slot->job);
	}
	if (digests->running && !any_busy(digests)) {
		digests->running = false;
		digests->again_ms = digests->failed > 0 ? clock_monotonic_ms() + PAUSE_MS : 0;
		log_event(LOG_INFO, "digests", log_number("sent", digests->sent),
			  log_number("failed", digests->failed));
	}
}

static enum status list_accounts(struct digests *digests, struct context *context, struct arena *arena,
				 struct error *err)
{
	struct partnership *partnerships = NULL;
	size_t count = 0;

	if (store_partnership_list(context->store, arena, &partnerships, &count, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < count; i++) {
		struct account_row *list = NULL;
		struct account_row *grown = NULL;
		size_t found = 0;

		if (store_account_list(context->store, arena, partnerships[i].number, &list, &found, err) !=
		    STATUS_OK) {
			return err->status;
		}
		if (found == 0) {
			continue;
		}
		grown = reallocarray(digests->accounts, digests->account_count + found, sizeof(*grown));
		if (grown == NULL) {
			return error_memory(err);
		}
		memcpy(grown + digests->account_count, list, found * sizeof(*grown));
		digests->accounts = grown;
		digests->account_count += found;
	}
	return STATUS_OK;
}

static enum status run_listing(struct job *job, struct context *context, struct error *err)
{
	struct digests *digests = (struct digests *)((char *)job - offsetof(struct digests, listing));
	struct arena *arena = arena_new();
	enum status status = STATUS_OK;

	if (arena == NULL) {
		return error_memory(err);
	}
	digests->account_count = 0;
	status = list_accounts(digests, context, arena, err);
	arena_free(arena);
	return status;
}

static void done_listing(struct job *job)
{
	struct digests *digests = (struct digests *)((char *)job - offsetof(struct digests, listing));

	digests->account_next = 0;
	if (job->status != STATUS_OK) {
		log_event(LOG_ERROR, "digests-failed", log_text("error", job->error.message));
		digests->account_count = 0;
		digests->failed++;
	}
	go_on(digests);
}

void digests_check(struct digests *digests, int64_t monotonic_ms)
{
	int64_t at = 0;
	int64_t now = 0;
	day_t day = 0;
	bool again = false;

	if (digests->running || digests->stopping || digests->settings->digest_command[0] == '\0' ||
	    digests->settings->digest_from[0] == '\0' || !settings_digest_time(digests->settings, &at)) {
		return;
	}
	now = clock_now();
	day = day_of_time(now);
	again = day == digests->day && digests->again_ms != 0 && monotonic_ms >= digests->again_ms;
	if ((day == digests->day && !again) || now - time_of_day(day) < at * 1000000) {
		return;
	}
	digests->day = day;
	digests->now = now;
	digests->sent = 0;
	digests->failed = 0;
	digests->again_ms = 0;
	digests->running = true;
	digests->listing = (struct job){.run = run_listing, .done = done_listing};
	worker_submit(digests->reader, &digests->listing);
}

enum status digests_new(struct event_base *base, struct worker *reader, struct worker *writer,
			const struct settings *settings, struct digests **out, struct error *err)
{
	struct digests *digests = calloc(1, sizeof(*digests));

	if (digests == NULL) {
		return error_memory(err);
	}
	digests->base = base;
	digests->reader = reader;
	digests->writer = writer;
	digests->settings = settings;
	digests->day = INT32_MIN;
	for (size_t i = 0; i < SLOTS; i++) {
		digests->slots[i].digests = digests;
		buffer_init(&digests->slots[i].message, ERRAND_BYTES);
	}
	*out = digests;
	return STATUS_OK;
}

void digests_drain(struct digests *digests)
{
	digests->stopping = true;
}

void digests_stop(struct digests *digests)
{
	if (digests != NULL) {
		digests->stopping = true;
		digests->stopped = true;
	}
}

void digests_free(struct digests *digests)
{
	if (digests == NULL) {
		return;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		if (digests->slots[i].errand != NULL) {
			log_event(LOG_WARNING, "digest-unfinished",
				  log_number("account", digests->slots[i].order.account));
			errand_forget(digests->slots[i].errand);
		}
		buffer_release(&digests->slots[i].message);
	}
	free(digests->accounts);
	free(digests);
}
