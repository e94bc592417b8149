/* One job, that is submitted again and again until there is nothing more to read. */
#include "server/read_ahead.h"

#include "common/log.h"
#include "server/records/recent.h"

#include <event2/event.h>
#include <stdlib.h>

#define RECORDS 32 /* in one job: what somebody waits at most who comes after it, well below a millisecond */
#define REST_MS 20 /* after which it is looked again whether others still wait */

struct read_ahead {
	struct job job; /* first, so that the one is the other */
	struct worker *reader;
	struct event *next;
	struct recent_place place;
	bool more;
	bool stopped;
};

static enum status run(struct job *job, struct context *context, struct error *err)
{
	struct read_ahead *ahead = (struct read_ahead *)job;

	return recent_ahead(context->recent, context, &ahead->place, RECORDS, &ahead->more, err);
}

static void done(struct job *job)
{
	static const struct timeval at_once = {0, 0};
	struct read_ahead *ahead = (struct read_ahead *)job;

	if (job->status != STATUS_OK) {
		log_event(LOG_WARNING, "not-read-ahead", log_text("error", job->error.message));
	} else if (ahead->more && !ahead->stopped) {
		event_add(ahead->next, &at_once);
	}
}

static void on_next(evutil_socket_t fd, short what, void *payload)
{
	static const struct timeval rest = {0, REST_MS * 1000};
	struct read_ahead *ahead = payload;

	(void)fd;
	(void)what;
	if (worker_waiting(ahead->reader) > 0) {
		event_add(ahead->next, &rest);
	} else {
		worker_submit(ahead->reader, &ahead->job);
	}
}

enum status read_ahead_new(struct event_base *base, struct worker *reader, struct read_ahead **out,
			   struct error *err)
{
	static const struct timeval rest = {0, REST_MS * 1000};
	struct read_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead) {
		return error_memory(err);
	}
	ahead->reader = reader;
	ahead->job.run = run;
	ahead->job.done = done;
	ahead->next = evtimer_new(base, on_next, ahead);
	if (!ahead->next || event_add(ahead->next, &rest) != 0) {
		read_ahead_free(ahead);
		return error_memory(err);
	}
	*out = ahead;
	return STATUS_OK;
}

void read_ahead_stop(struct read_ahead *ahead)
{
	if (ahead) {
		ahead->stopped = true;
		event_del(ahead->next);
	}
}

void read_ahead_free(struct read_ahead *ahead)
{
	if (ahead) {
		if (ahead->next) {
			event_free(ahead->next);
		}
		free(ahead);
	}
}
