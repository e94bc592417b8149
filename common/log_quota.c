/* Counts lines by event and peer. A table of fixed size with a lock over it: when it is full of peers of the present
 * second, lines are written rather than lost. */
#include "common/log_quota.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SETS   256
#define WAYS   4
#define SECOND 1000
#define ABOUT  64 /* bytes of a peer's name with its NUL */

struct tally {
	const char *event; /* a constant; NULL: never used */
	char about[ABOUT];
	enum log_level level;
	int64_t began_ms; /* of its second */
	int64_t lines;
	int64_t left_out;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over `tallies` */
static struct tally tallies[SETS][WAYS];
static _Atomic int64_t quota; /* 0: none */

void log_set_quota(int64_t lines_per_second)
{
	quota = lines_per_second;
}

static size_t set_of(const char *event, const char *about)
{
	uint32_t hash = 2166136261U;

	for (const char *at = event; *at; at++) {
		hash = (hash ^ (unsigned char)*at) * 16777619U;
	}
	for (const char *at = about; *at; at++) {
		hash = (hash ^ (unsigned char)*at) * 16777619U;
	}
	return hash % SETS;
}

static void tell(struct tally *tally)
{
	if (tally->left_out > 0) {
		log_event(tally->level, "log-suppressed", log_text("of", tally->event),
			  log_text("about", tally->about), log_number("lines", tally->left_out));
	}
	tally->left_out = 0;
}

/* The peer's tally in this second, or NULL when there is no place for one. */
static struct tally *tally_of(const char *event, const char *about, enum log_level level, int64_t now_ms)
{
	struct tally *set = tallies[set_of(event, about)];
	struct tally *place = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		bool over = !set[i].event || now_ms - set[i].began_ms >= SECOND;

		if (set[i].event && strcmp(set[i].event, event) == 0 && strcmp(set[i].about, about) == 0) {
			place = &set[i];
			if (!over) {
				return place;
			}
			break;
		}
		if (over && !place) {
			place = &set[i];
		}
	}
	if (place) {
		tell(place);
		*place = (struct tally){.event = event, .level = level, .began_ms = now_ms};
		snprintf(place->about, sizeof(place->about), "%s", about);
	}
	return place;
}

/* Whether a line may be written; if not, it is counted. */
static bool take(const char *event, const char *about, enum log_level level)
{
	char name[ABOUT];
	struct tally *tally;
	bool may = true;

	snprintf(name, sizeof(name), "%s", about);
	pthread_mutex_lock(&lock);
	tally = tally_of(event, name, level, clock_monotonic_ms());
	if (tally && tally->lines >= quota) {
		tally->left_out++;
		may = false;
	} else if (tally) {
		tally->lines++;
	}
	pthread_mutex_unlock(&lock);
	return may;
}

void log_write_about(const char *about, enum log_level level, const char *event,
		     const struct log_field *fields, size_t count)
{
	if (quota == 0 || !log_takes(level) || take(event, about, level)) {
		log_write(level, event, fields, count);
	}
}

void log_quota_tell(int64_t now_ms)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < SETS * WAYS; i++) {
		struct tally *tally = &tallies[i / WAYS][i % WAYS];

		if (tally->event && now_ms - SECOND >= tally->began_ms) {
			tell(tally);
			tally->event = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
}
