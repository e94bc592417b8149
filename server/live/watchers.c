/* A list of watchers, and jobs that carry some of them at a time to the reader and back. */
#include "server/live/watchers.h"

#include "common/clock.h"
#include "common/log.h"
#include "server/live/feed.h"
#include "server/live/outlook.h"
#include "server/live/presence_view.h"
#include "server/sessions.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define BATCH      32   /* watchers in one job, so that other readers get their turn between */
#define MOVED_MOST 64   /* partnerships that are remembered apart within one turn of the loop */
#define STIR_MS    1000 /* from one telling of who is editing what to the next, at least */
#define DAY_LOOK_S 60   /* how often to look whether it is another day */

struct watcher {
	struct watcher *next;
	uint64_t connection;
	struct digest fingerprint;
	struct watch_wish wish; /* `since` is how far it has been told */
	struct digest told;     /* of who is editing what: the last that it was told */
	struct outlook outlook; /* its rights when it was last told something */
	bool behind;            /* there may be more after that */
	bool busy;              /* a job has it */
	bool ended;             /* while a job had it */
};

struct watchers {
	struct watcher *list;
	struct connections *connections;
	struct worker *reader;
	struct presences *presences;
	const struct limits *limits;
	struct event *turn;
	struct event *stir; /* somebody has come to a record, or left one */
	int64_t stirred;    /* when that was told last; milliseconds of the monotonic clock */
	struct event *midnight;
	day_t day;                 /* of the partnerships' clock, when it was last looked at */
	int64_t moved[MOVED_MOST]; /* partnerships whose watchers are to be woken */
	size_t moved_count;
	bool all_moved; /* more than that */
	bool stopped;
};

struct feed_item {
	struct watcher *watcher; /* the loop's: not to be touched on the reader */
	struct digest fingerprint;
	struct watch_wish wish;
	struct digest told;
	struct outlook outlook;
	struct buffer out;
	int64_t reached;
	bool more;
	enum status status;
	struct error error;
};

struct feed_job {
	struct job job; /* first, so that the one is the other */
	struct watchers *watchers;
	struct presence_list *presences; /* those of when the job was made; given back on the loop */
	size_t count;
	struct feed_item items[BATCH];
};

/* ---- on the reader ---- */

/* The session of the last item serves the next if it is the same device's: watches of one connection stand together. */
struct feed_session {
	struct arena *arena;
	const struct digest *fingerprint;
	struct session *session;
};

static enum status feed_session_for(struct feed_session *have, struct context *context,
				    const struct digest *fingerprint, struct error *err)
{
	if (have->session && memcmp(have->fingerprint, fingerprint, sizeof(*fingerprint)) == 0) {
		return STATUS_OK;
	}
	arena_free(have->arena);
	memset(have, 0, sizeof(*have));
	have->arena = arena_new();
	if (!have->arena) {
		return error_memory(err);
	}
	have->fingerprint = fingerprint;
	return sessions_get(context->sessions, context->store, have->arena, fingerprint, &have->session, err);
}

static enum status collect_item(struct feed_session *session, struct context *context,
				const struct presence_list *presences, struct feed_item *item)
{
	enum status status = feed_session_for(session, context, &item->fingerprint, &item->error);
	struct arena *arena = NULL;

	if (status != STATUS_OK) {
		return status;
	}
	arena = arena_new();
	if (!arena) {
		return error_memory(&item->error);
	}
	outlook_tell(&item->outlook, session->session, &item->wish, &item->out);
	status = feed_collect(context, arena, session->session, &item->wish, &item->out, &item->reached,
			      &item->more, &item->error);
	if (status == STATUS_OK && item->wish.presence) {
		status = presence_notice(context, arena, session->session, presences, &item->wish,
					 &item->told, &item->out, &item->error);
	}
	if (status == STATUS_OK && item->out.failed) {
		status = error_set(&item->error, STATUS_FAILED,
				   "one change is too large for a watcher's output");
	}
	if (arena_refused(arena) > 0) {
		status = error_memory(&item->error);
	}
	arena_free(arena);
	return status;
}

static enum status run_feed(struct job *job, struct context *context, struct error *err)
{
	struct feed_job *feed = (struct feed_job *)job;
	struct feed_session session = {0};

	(void)err;
	for (size_t i = 0; i < feed->count; i++) {
		feed->items[i].status = collect_item(&session, context, feed->presences, &feed->items[i]);
	}
	arena_free(session.arena);
	return STATUS_OK;
}

/* ---- back on the loop ---- */

static void remove_watcher(struct watchers *watchers, struct watcher *watcher)
{
	for (struct watcher **link = &watchers->list; *link; link = &(*link)->next) {
		if (*link == watcher) {
			*link = watcher->next;
			break;
		}
	}
	free(watcher);
}

static void deliver_item(struct watchers *watchers, const struct feed_job *feed, struct feed_item *item)
{
	struct watcher *watcher = item->watcher;
	struct connection *connection = connections_find(watchers->connections, watcher->connection);
	enum status status = feed->job.status != STATUS_OK ? feed->job.status : item->status;
	const struct error *error = feed->job.status != STATUS_OK ? &feed->job.error : &item->error;

	watcher->busy = false;
	if (watcher->ended || !connection) {
		remove_watcher(watchers, watcher);
		return;
	}
	if (status != STATUS_OK) {
		log_event(LOG_INFO, "watch-ended", log_number("conn", (int64_t)watcher->connection),
			  log_text("status", status_name(status)), log_text("error", error->message));
		connection_drain(connection, "its watch could not go on");
		return;
	}
	watcher->wish.since = item->reached;
	watcher->told = item->told;
	watcher->outlook = item->outlook;
	watcher->behind = watcher->behind || item->more;
	if (item->out.length > 0) {
		connection_send(connection, buffer_span(&item->out));
	}
}

static void turn_after(struct watchers *watchers, const struct timeval *wait)
{
	if (!watchers->stopped && event_add(watchers->turn, wait) != 0) {
		event_active(watchers->turn, EV_TIMEOUT, 0); /* a timer takes memory, this does not */
	}
}

static void turn_soon(struct watchers *watchers)
{
	static const struct timeval at_once = {0, 0};

	if (!event_pending(watchers->turn, EV_TIMEOUT, NULL)) {
		turn_after(watchers, &at_once);
	}
}

/* For watchers who are left behind because there is no memory now: nobody may stay so until the next change. */
static void turn_later(struct watchers *watchers)
{
	static const struct timeval in_a_while = {1, 0};

	log_event(LOG_ERROR, "out-of-memory", log_text("for", "a watch"));
	turn_after(watchers, &in_a_while);
}

static void done_feed(struct job *job)
{
	struct feed_job *feed = (struct feed_job *)job;
	struct watchers *watchers = feed->watchers;

	for (size_t i = 0; i < feed->count; i++) {
		deliver_item(watchers, feed, &feed->items[i]);
		buffer_release(&feed->items[i].out);
	}
	presences_give_back(feed->presences);
	free(feed);
	turn_soon(watchers);
}

/* ---- starting jobs ---- */

static bool may_be_told(const struct watchers *watchers, const struct watcher *watcher)
{
	const struct connection *connection;

	if (!watcher->behind || watcher->busy || watcher->ended) {
		return false;
	}
	connection = connections_find(watchers->connections, watcher->connection);
	return connection && connection_state(connection) == CONNECTION_READY &&
	       !connection_crowded(connection);
}

static void add_item(struct watchers *watchers, struct feed_job *feed, struct watcher *watcher)
{
	struct feed_item *item = &feed->items[feed->count++];

	item->watcher = watcher;
	item->fingerprint = watcher->fingerprint;
	item->wish = watcher->wish;
	item->told = watcher->told;
	item->outlook = watcher->outlook;
	item->reached = watcher->wish.since;
	buffer_init(&item->out, (size_t)watchers->limits->output_bytes);
	watcher->busy = true;
	watcher->behind = false;
}

static struct feed_job *feed_new(struct watchers *watchers)
{
	struct feed_job *feed = calloc(1, sizeof(*feed));

	if (feed) {
		feed->job.run = run_feed;
		feed->job.done = done_feed;
		feed->watchers = watchers;
		feed->presences = presences_take(watchers->presences);
	}
	if (feed && !feed->presences) {
		free(feed);
		return NULL;
	}
	return feed;
}

static void start_jobs(struct watchers *watchers)
{
	struct feed_job *feed = NULL;

	for (struct watcher *watcher = watchers->list; watcher; watcher = watcher->next) {
		if (!may_be_told(watchers, watcher)) {
			continue;
		}
		if (!feed) {
			feed = feed_new(watchers);
			if (!feed) {
				turn_later(watchers);
				return;
			}
		}
		add_item(watchers, feed, watcher);
		if (feed->count == BATCH) {
			worker_submit(watchers->reader, &feed->job);
			feed = NULL;
		}
	}
	if (feed) {
		worker_submit(watchers->reader, &feed->job);
	}
}

static bool has_moved(const struct watchers *watchers, int64_t partnership)
{
	for (size_t i = 0; i < watchers->moved_count; i++) {
		if (watchers->moved[i] == partnership) {
			return true;
		}
	}
	return watchers->all_moved;
}

static void on_turn(evutil_socket_t fd, short what, void *payload)
{
	struct watchers *watchers = payload;

	(void)fd;
	(void)what;
	for (struct watcher *watcher = watchers->list; watcher; watcher = watcher->next) {
		watcher->behind = watcher->behind || has_moved(watchers, watcher->wish.partnership);
	}
	watchers->moved_count = 0;
	watchers->all_moved = false;
	start_jobs(watchers);
}

void watchers_moved(struct watchers *watchers, int64_t partnership)
{
	if (has_moved(watchers, partnership)) {
		return;
	}
	if (watchers->moved_count == MOVED_MOST) {
		watchers->all_moved = true;
	} else {
		watchers->moved[watchers->moved_count++] = partnership;
	}
	turn_soon(watchers);
}

/* ---- another day ---- */

/* Everybody is looked at when a day begins: rights may have begun or ended with it. */
static void on_day_look(evutil_socket_t fd, short what, void *payload)
{
	struct watchers *watchers = payload;
	day_t today = day_of_time(clock_now());

	(void)fd;
	(void)what;
	if (today != watchers->day) {
		watchers->day = today;
		watchers->all_moved = true;
		turn_soon(watchers);
	}
}

/* ---- who is editing what ---- */

static void on_stir(evutil_socket_t fd, short what, void *payload)
{
	struct watchers *watchers = payload;

	(void)fd;
	(void)what;
	watchers->stirred = clock_monotonic_ms();
	for (struct watcher *watcher = watchers->list; watcher; watcher = watcher->next) {
		watcher->behind = watcher->behind || watcher->wish.presence;
	}
	start_jobs(watchers);
}

/* The first is told at once, and what follows within the second in one. */
static void presences_changed(void *payload)
{
	struct watchers *watchers = payload;
	int64_t wait = watchers->stirred + STIR_MS - clock_monotonic_ms();
	struct timeval time = {0, 0};

	if (watchers->stopped || event_pending(watchers->stir, EV_TIMEOUT, NULL)) {
		return;
	}
	if (watchers->stirred != 0 && wait > 0) {
		time = (struct timeval){wait / 1000, wait % 1000 * 1000};
	}
	if (event_add(watchers->stir, &time) != 0) {
		event_active(watchers->stir, EV_TIMEOUT, 0);
	}
}

void watchers_drained(struct watchers *watchers, const struct connection *connection)
{
	if (connection_watches(connection) > 0) {
		turn_soon(watchers);
	}
}

/* ---- coming and going ---- */

enum status watchers_new(struct event_base *base, struct connections *connections, struct worker *reader,
			 struct presences *presences, const struct limits *limits, struct watchers **out,
			 struct error *err)
{
	static const struct timeval day_look = {DAY_LOOK_S, 0};
	struct watchers *watchers = calloc(1, sizeof(*watchers));

	if (!watchers) {
		return error_memory(err);
	}
	watchers->connections = connections;
	watchers->reader = reader;
	watchers->presences = presences;
	watchers->limits = limits;
	watchers->turn = evtimer_new(base, on_turn, watchers);
	watchers->stir = evtimer_new(base, on_stir, watchers);
	watchers->midnight = event_new(base, -1, EV_PERSIST, on_day_look, watchers);
	watchers->day = day_of_time(clock_now());
	if (!watchers->turn || !watchers->stir || !watchers->midnight ||
	    event_add(watchers->midnight, &day_look) != 0) {
		watchers_free(watchers);
		return error_memory(err);
	}
	presences_on_change(presences, presences_changed, watchers);
	*out = watchers;
	return STATUS_OK;
}

void watchers_stop(struct watchers *watchers)
{
	watchers->stopped = true;
	event_del(watchers->turn);
	event_del(watchers->stir);
	event_del(watchers->midnight);
	presences_on_change(watchers->presences, NULL, NULL);
}

void watchers_free(struct watchers *watchers)
{
	if (!watchers) {
		return;
	}
	while (watchers->list) {
		remove_watcher(watchers, watchers->list);
	}
	if (watchers->turn) {
		event_free(watchers->turn);
	}
	if (watchers->stir) {
		event_free(watchers->stir);
	}
	if (watchers->midnight) {
		event_free(watchers->midnight);
	}
	free(watchers);
}

enum status watchers_admit(struct watchers *watchers, struct connection *connection, struct request *request,
			   struct error *err)
{
	if (connection_watches(connection) >= watchers->limits->watches_per_connection) {
		error_set(err, STATUS_REFUSED,
			  "this connection has %lld watches, which is as many as it may have",
			  (long long)connection_watches(connection));
		return error_hint(err, "end one of them with unwatch");
	}
	connection_watches_add(connection, 1);
	request->watch.number = connection_watch_number(connection);
	return STATUS_OK;
}

void watchers_settle(struct watchers *watchers, struct connection *connection, const struct request *request)
{
	struct watcher *watcher = NULL;

	if (!connection) {
		return;
	}
	if (request->watch.begin) {
		watcher = calloc(1, sizeof(*watcher));
	}
	if (!watcher) {
		connection_watches_add(connection, -1);
		if (request->watch.begin) {
			connection_drain(connection, "there was no memory for its watch");
		}
		return;
	}
	watcher->connection = connection_number(connection);
	watcher->fingerprint = request->fingerprint;
	watcher->wish = request->watch;
	watcher->behind = true; /* the journal may have moved since the handler looked */
	watcher->next = watchers->list;
	watchers->list = watcher;
	turn_soon(watchers);
}

static void end_watcher(struct watchers *watchers, struct watcher *watcher)
{
	if (watcher->busy) {
		watcher->ended = true;
	} else {
		remove_watcher(watchers, watcher);
	}
}

void watchers_gone(struct watchers *watchers, const struct connection *connection)
{
	struct watcher *next;

	for (struct watcher *watcher = watchers->list; watcher; watcher = next) {
		next = watcher->next;
		if (watcher->connection == connection_number(connection)) {
			end_watcher(watchers, watcher);
		}
	}
}

size_t watchers_count(const struct watchers *watchers, size_t *behind)
{
	size_t count = 0;

	*behind = 0;
	for (const struct watcher *watcher = watchers->list; watcher; watcher = watcher->next) {
		if (!watcher->ended) {
			count++;
			*behind += watcher->behind || watcher->busy;
		}
	}
	return count;
}

enum status handle_unwatch(struct request *request, struct error *err)
{
	struct watchers *watchers = request->context->watchers;
	struct connection *connection = connections_find(watchers->connections, request->connection);
	int64_t number = codec_get_int(request->params, "watch", 0);

	for (struct watcher *watcher = watchers->list; watcher; watcher = watcher->next) {
		if (watcher->connection == request->connection && watcher->wish.number == number &&
		    !watcher->ended) {
			end_watcher(watchers, watcher);
			if (connection) {
				connection_watches_add(connection, -1);
			}
			codec_put_map(&request->reply, 0);
			return STATUS_OK;
		}
	}
	return error_set(err, STATUS_NOT_FOUND, "this connection has no watch %lld", (long long)number);
}
