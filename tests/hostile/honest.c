/* Load at a steady rate: a request counts from when it was due, so that a server that stalls is not asked less. */
#include "tests/hostile/honest.h"

#include "common/clock.h"
#include "tests/support/partnership.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BETWEEN_NS INT64_C(7000000)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void honest_begin(struct honest *honest, const struct person *person)
{
	*honest = (struct honest){.person = person, .revision = 1};
	for (size_t i = 0; i < HONEST_PEERS; i++) {
		honest->peers[i] = raw_connect_as(person);
	}
}

void honest_end(struct honest *honest)
{
	for (size_t i = 0; i < HONEST_PEERS; i++) {
		raw_close(honest->peers[i]);
	}
}

static void edit(struct honest *honest, struct raw_peer *peer)
{
	const struct raw_reply *reply;
	const msgpack_object *changes;
	char fields[64];

	snprintf(fields, sizeof(fields), "title=Patrols %u", (unsigned)honest->id);
	reply = change_one(peer, honest->id, "edit", "A1", honest->revision, fields);
	changes = codec_get(reply->result, "changes");
	assert_int_equal(codec_count(changes), 1);
	honest->revision = codec_get_int(&changes->via.array.ptr[0], "revision", 0);
}

static void ask(struct honest *honest, struct raw_peer *peer)
{
	const struct raw_reply *reply;

	raw_ask(peer, honest->id, "whoami");
	reply = raw_reply(peer, honest->id);
	if (!reply || reply->status != STATUS_OK) {
		fail_msg("an honest request was not answered: %s",
			 reply ? reply->error.message : "the connection ended");
	}
}

/* Replies live as long as their peer, so a peer that has had many makes room for a new one, which is in when it has an
 * answer. */
static void renew(struct honest *honest, size_t i)
{
	int64_t begin = now_ns();
	double took;

	raw_close(honest->peers[i]);
	honest->peers[i] = NULL; /* should the next line fail */
	honest->peers[i] = raw_connect_as(honest->person);
	honest->id++;
	ask(honest, honest->peers[i]);
	took = (double)(now_ns() - begin) / 1e6;
	honest->newcomer = took > honest->newcomer ? took : honest->newcomer;
}

void samples_add(struct samples *samples, double took)
{
	if (samples->count == samples->room) {
		samples->room = samples->room > 0 ? samples->room * 2 : 1024;
		samples->took = realloc(samples->took, samples->room * sizeof(*samples->took));
		assert_non_null(samples->took);
	}
	samples->took[samples->count++] = took;
}

void samples_release(struct samples *samples)
{
	free(samples->took);
	*samples = (struct samples){0};
}

void honest_work(struct honest *honest, int64_t ms, struct samples *samples)
{
	int64_t begin = now_ns();
	int64_t due = begin;

	honest->newcomer = 0;
	for (size_t i = 0; i < HONEST_PEERS; i++) {
		renew(honest, i); /* a newcomer is let in, whoever else is at the door */
	}
	for (due = now_ns(), begin = due; due < begin + ms * 1000000; due += BETWEEN_NS) {
		struct timespec at = {due / 1000000000, due % 1000000000};
		struct raw_peer *peer = honest->peers[honest->id % HONEST_PEERS];

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		honest->id++;
		if (honest->id % 4 == 0) {
			edit(honest, peer);
		} else {
			ask(honest, peer);
		}
		samples_add(samples, (double)(now_ns() - due) / 1e6);
	}
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

double samples_percentile(struct samples *samples, double part)
{
	assert_true(samples->count > 0);
	qsort(samples->took, samples->count, sizeof(*samples->took), compare);
	return samples->took[(size_t)((double)(samples->count - 1) * part)];
}

/* ---- the server's process ---- */

int64_t server_peak_kib(pid_t server)
{
	char path[64];
	char line[256];
	long long peak = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmHWM: %lld kB", &peak) == 1) {
			break;
		}
	}
	fclose(file);
	assert_true(peak > 0);
	return peak;
}

void server_forget_peak(pid_t server)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)server);
	file = fopen(path, "we");
	if (file) {
		fputs("5", file);
		fclose(file);
	}
}

double server_cpu_seconds(pid_t server)
{
	char path[64];
	char line[1024] = "";
	unsigned long user = 0;
	unsigned long system = 0;
	const char *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)server);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	after = strrchr(line, ')');
	assert_non_null(after);
	assert_int_equal(
		sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int server_descriptors(pid_t server)
{
	char path[64];
	DIR *folder;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server);
	folder = opendir(path);
	if (!folder) {
		return -1;
	}
	while (readdir(folder)) {
		count++;
	}
	closedir(folder);
	return count - 2;
}
