/* Puts the parts together, and takes them apart in the reverse order.
 *
 * Stopping: nobody new is let in, every connection is drained, the loop ends when the last has gone or patience has;
 * then the workers finish what they have, so that nothing that was taken in is lost half way. */
#include "server/server.h"

#include "common/clock.h"
#include "common/log_quota.h"
#include "protocol/version.h"
#include "server/digests.h"
#include "server/dispatch.h"
#include "server/identity/authority.h"
#include "server/listener.h"
#include "server/metrics_door.h"
#include "server/read_ahead.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stddef.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define CHECK_MS       250                         /* between looks at deadlines */
#define STOP_MS        10000                       /* patience with connections when stopping */
#define CERTIFICATE_MS (INT64_C(24) * 3600 * 1000) /* between looks at the server's own certificate */
#define SPARE_FILES    64                          /* descriptors that are not connections */

struct ping {           /* for the watchdog: a worker that answers is alive */
	struct job job; /* first, so that the one is the other */
	struct server *server;
};

struct server {
	struct folder *folder;
	struct event_base *base;
	struct tls *tls;
	struct connections *connections;
	struct listener *listener;
	struct store *reader_store;
	struct presences *presences;
	struct watchers *watchers;
	struct dispatch dispatch;
	struct metrics_door *metrics_door; /* NULL: off */
	struct digests *digests;
	struct event *signals[4];
	struct event *check;
	struct event *watchdog;
	struct ping pings[2]; /* to the writer and to the reader */
	int pings_out;
	struct worker *examiner; /* looks at the store once, at start */
	struct store *examiner_store;
	struct job examination;
	bool examined;
	bool damaged;
	struct read_ahead *read_ahead;
	int64_t stopping;       /* milliseconds of the monotonic clock when it began; 0: not */
	int64_t certificate_ms; /* when the certificate was last looked at */
};

/* ---- hooks of the connections ---- */

static void on_message(void *payload, struct connection *connection, struct span bytes)
{
	struct server *server = payload;

	dispatch_message(&server->dispatch, connection, bytes);
}

static void on_drained(void *payload, struct connection *connection)
{
	struct server *server = payload;

	watchers_drained(server->watchers, connection);
}

static void on_settled(void *payload, struct connection *connection)
{
	struct server *server = payload;

	(void)connection;
	if (server->listener) {
		listener_resume(server->listener);
	}
}

static void on_closed(void *payload, struct connection *connection)
{
	struct server *server = payload;

	watchers_gone(server->watchers, connection);
	presences_gone(server->presences, connection);
	if (server->stopping != 0 && connections_count(server->connections) == 0) {
		event_base_loopbreak(server->base);
	}
}

/* ---- signals and timers ---- */

static void begin_stop(struct server *server)
{
	if (server->stopping != 0) {
		log_event(LOG_WARNING, "stopping-at-once",
			  log_number("connections", (int64_t)connections_count(server->connections)));
		event_base_loopbreak(server->base);
		return;
	}
	sd_notify(0, "STOPPING=1");
	digests_drain(server->digests);
	log_event(LOG_INFO, "stopping",
		  log_number("connections", (int64_t)connections_count(server->connections)));
	server->stopping = clock_monotonic_ms();
	listener_free(server->listener);
	server->listener = NULL;
	connections_drain_all(server->connections, "the server is stopping");
	if (connections_count(server->connections) == 0) {
		event_base_loopbreak(server->base);
	}
}

/* A certificate that is about to end is made anew; either way what stands in the folder is what is shown. */
static void renew_certificate(struct server *server)
{
	struct folder *folder = server->folder;
	struct error err = ERROR_INIT;

	server->certificate_ms = clock_monotonic_ms();
	if (authority_server_certificate(folder->authority, folder->path, folder->settings.names, &err) !=
		    STATUS_OK ||
	    tls_reload(server->tls, &err) != STATUS_OK) {
		log_event(LOG_ERROR, "certificate-not-renewed", log_text("error", err.message));
	}
}

static void reload(struct server *server)
{
	struct folder *folder = server->folder;
	char path[FOLDER_PATH];
	struct settings fresh;
	struct error err = ERROR_INIT;
	enum log_level level;

	sd_notify(0, "RELOADING=1");
	if (folder_join(folder->path, SETTINGS_FILE, path, &err) != STATUS_OK ||
	    settings_read(path, &fresh, &err) != STATUS_OK) {
		log_event(LOG_ERROR, "settings-not-taken", log_text("error", err.message),
			  log_text("hint", err.hint));
	} else {
		settings_reload(&folder->settings, &fresh);
		worker_settings(server->dispatch.writer, &folder->settings);
		worker_settings(server->dispatch.reader, &folder->settings);
		if (log_level_parse(folder->settings.log_level, &level)) {
			log_set_level(level);
		}
		log_set_quota(folder->settings.limits.log_lines_per_second);
	}
	renew_certificate(server);
	log_event(LOG_INFO, "reloaded", log_text("folder", folder->path));
	sd_notify(0, "READY=1");
}

static void on_signal(evutil_socket_t signal, short what, void *payload)
{
	struct server *server = payload;

	(void)what;
	if (signal == SIGHUP) {
		reload(server);
	} else {
		begin_stop(server);
	}
}

/* Its connection may hold as many pages as the reader's does. */
static void end_examination(struct server *server)
{
	worker_stop(server->examiner);
	server->examiner = NULL;
	store_close(server->examiner_store);
	server->examiner_store = NULL;
}

static void on_check(evutil_socket_t fd, short what, void *payload)
{
	struct server *server = payload;
	int64_t now = clock_monotonic_ms();

	(void)fd;
	(void)what;
	connections_check(server->connections, now);
	log_quota_tell(now);
	if (server->metrics_door) {
		metrics_door_check(server->metrics_door, now);
	}
	digests_check(server->digests, now);
	if (server->examined) {
		server->examined = false;
		end_examination(server);
	}
	if (server->stopping != 0 && now - server->stopping > STOP_MS) {
		event_base_loopbreak(server->base);
	} else if (server->stopping == 0 && now - server->certificate_ms > CERTIFICATE_MS) {
		renew_certificate(server);
	}
}

/* ---- the watchdog ---- */

static enum status run_ping(struct job *job, struct context *context, struct error *err)
{
	(void)job;
	(void)context;
	(void)err;
	return STATUS_OK;
}

static void done_ping(struct job *job)
{
	struct server *server = ((struct ping *)job)->server;

	server->pings_out--;
	if (server->pings_out == 0) {
		sd_notify(0, "WATCHDOG=1");
	}
}

static void on_watchdog(evutil_socket_t fd, short what, void *payload)
{
	struct server *server = payload;

	(void)fd;
	(void)what;
	if (server->pings_out > 0) {
		return;
	}
	server->pings_out = 2;
	worker_submit(server->dispatch.writer, &server->pings[0].job);
	worker_submit(server->dispatch.reader, &server->pings[1].job);
}

static enum status start_watchdog(struct server *server, struct error *err)
{
	uint64_t microseconds = 0;
	struct timeval interval;

	if (sd_watchdog_enabled(0, &microseconds) <= 0) {
		return STATUS_OK;
	}
	microseconds /= 3;
	interval = (struct timeval){(time_t)(microseconds / 1000000), (suseconds_t)(microseconds % 1000000)};
	for (size_t i = 0; i < 2; i++) {
		server->pings[i].server = server;
		server->pings[i].job.run = run_ping;
		server->pings[i].job.done = done_ping;
	}
	server->watchdog = event_new(server->base, -1, EV_PERSIST, on_watchdog, server);
	if (!server->watchdog || event_add(server->watchdog, &interval) != 0) {
		return error_memory(err);
	}
	return STATUS_OK;
}

/* ---- the examination of the store: beside the service, which it does not hold up ---- */

static enum status run_examination(struct job *job, struct context *context, struct error *err)
{
	(void)job;
	return store_check(context->store, true, err);
}

static void done_examination(struct job *job)
{
	struct server *server = (struct server *)((char *)job - offsetof(struct server, examination));

	server->examined = true;
	if (job->status == STATUS_OK || job->status == STATUS_INTERRUPTED) {
		log_event(LOG_INFO, "store-examined",
			  log_text("result", job->status == STATUS_OK ? "good" : "stopped before its end"));
		return;
	}
	log_event(LOG_ERROR, "store-examined", log_text("result", job->error.message));
	server->damaged = true;
	if (server->stopping == 0) {
		begin_stop(server);
	}
}

static enum status start_examination(struct server *server, struct error *err)
{
	struct context context = server->folder->context;
	enum status status = folder_open_reader(server->folder, &server->examiner_store, err);

	if (status != STATUS_OK) {
		return status;
	}
	context.store = server->examiner_store;
	context.journal = NULL;
	status = worker_start(server->base, STORE_READER, &context, &server->folder->settings,
			      &server->examiner, err);
	if (status == STATUS_OK) {
		server->examination.run = run_examination;
		server->examination.done = done_examination;
		worker_submit(server->examiner, &server->examination);
	}
	return status;
}

/* ---- start ---- */

static void prepare_process(const struct settings *settings)
{
	struct rlimit files;
	rlim_t wanted = (rlim_t)settings->limits.connections + SPARE_FILES;

	log_set_quota(settings->limits.log_lines_per_second);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0); /* no core holds a key, and no other process may look into this one */
	if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
		return;
	}
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur < wanted) {
		log_event(LOG_WARNING, "few-file-descriptors", log_number("have", (int64_t)files.rlim_cur),
			  log_number("wanted", (int64_t)wanted));
	}
}

static enum status start_door(struct server *server, struct error *err)
{
	struct folder *folder = server->folder;
	const struct limits *limits = &folder->settings.limits;
	const struct connection_hooks hooks = {
		.payload = server,
		.message = on_message,
		.drained = on_drained,
		.settled = on_settled,
		.closed = on_closed,
	};
	enum status status =
		authority_server_certificate(folder->authority, folder->path, folder->settings.names, err);

	server->certificate_ms = clock_monotonic_ms();
	if (status == STATUS_OK) {
		status = tls_new(folder->path, &server->tls, err);
	}
	if (status == STATUS_OK) {
		status = connections_new(server->base, limits, &hooks, &server->connections, err);
	}
	if (status == STATUS_OK) {
		status = listener_new(server->base, server->connections, server->tls, limits,
				      folder->settings.listen, (uint16_t)folder->settings.port,
				      &server->listener, err);
	}
	return status;
}

static enum status start_workers(struct server *server, struct error *err)
{
	struct folder *folder = server->folder;
	struct dispatch *dispatch = &server->dispatch;
	struct context reader;
	enum status status;

	folder->context.port = listener_port(server->listener);
	reader = folder->context;
	reader.journal = NULL;
	status = folder_open_reader(folder, &server->reader_store, err);
	if (status == STATUS_OK) {
		reader.store = server->reader_store;
		status = worker_start(server->base, STORE_READER, &reader, &folder->settings,
				      &dispatch->reader, err);
	}
	if (status == STATUS_OK) {
		status = worker_start(server->base, STORE_WRITER, &folder->context, &folder->settings,
				      &dispatch->writer, err);
	}
	if (status == STATUS_OK) {
		status =
			presences_new(server->connections, &folder->settings.limits, &server->presences, err);
	}
	if (status == STATUS_OK) {
		status = watchers_new(server->base, server->connections, dispatch->reader, server->presences,
				      &folder->settings.limits, &server->watchers, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	dispatch->refusals = refusals_new();
	if (!dispatch->refusals) {
		return error_memory(err);
	}
	dispatch->metrics.started = clock_machine();
	dispatch->connections = server->connections;
	dispatch->presences = server->presences;
	dispatch->watchers = server->watchers;
	dispatch->context = reader;
	dispatch->context.store = NULL;
	dispatch->context.watchers = server->watchers;
	return STATUS_OK;
}

static enum status start_events(struct server *server, struct error *err)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGHUP};
	static const struct timeval interval = {0, CHECK_MS * 1000};

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		server->signals[i] = evsignal_new(server->base, caught[i], on_signal, server);
		if (!server->signals[i] || event_add(server->signals[i], NULL) != 0) {
			return error_memory(err);
		}
	}
	server->check = event_new(server->base, -1, EV_PERSIST, on_check, server);
	if (!server->check || event_add(server->check, &interval) != 0) {
		return error_memory(err);
	}
	return start_watchdog(server, err);
}

static enum status start(struct server *server, struct error *err)
{
	struct event_config *config = event_config_new();
	enum status status = STATUS_OK;

	prepare_process(&server->folder->settings);
	if (config) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		server->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (!server->base) {
		return error_memory(err);
	}
	status = start_door(server, err);
	if (status == STATUS_OK) {
		status = start_workers(server, err);
	}
	if (status == STATUS_OK) {
		status = metrics_door_new(server->base, &server->dispatch, &server->folder->settings,
					  &server->metrics_door, err);
	}
	if (status == STATUS_OK) {
		status = digests_new(server->base, server->dispatch.reader, server->dispatch.writer,
				     &server->folder->settings, &server->digests, err);
	}
	if (status == STATUS_OK) {
		status = start_examination(server, err);
	}
	if (status == STATUS_OK) {
		status = read_ahead_new(server->base, server->dispatch.reader, &server->read_ahead, err);
	}
	if (status == STATUS_OK) {
		status = start_events(server, err);
	}
	return status;
}

static void say_ready(const struct server *server)
{
	log_event(LOG_INFO, "started", log_text("version", SAFER_VERSION),
		  log_text("listen", listener_where(server->listener)),
		  log_text("folder", server->folder->path), log_text("libevent", event_get_version()),
		  log_text("openssl", OpenSSL_version(OPENSSL_VERSION_STRING)),
		  log_text("sqlite", sqlite3_libversion()));
	printf("saferd: listening on %s\n", listener_where(server->listener));
	fflush(stdout);
	sd_notifyf(0, "READY=1\nSTATUS=Listening on %s", listener_where(server->listener));
}

/* ---- end ---- */

static void free_event(struct event *event)
{
	if (event) {
		event_free(event);
	}
}

/* The reader ends before the writer, because what it finishes may give the writer work. */
static void stop(struct server *server)
{
	server->dispatch.stopped = true;
	if (server->watchers) {
		watchers_stop(server->watchers);
	}
	metrics_door_stop(server->metrics_door);
	digests_stop(server->digests);
	read_ahead_stop(server->read_ahead);
	if (server->examiner_store) {
		store_interrupt(server->examiner_store); /* a large one takes minutes */
	}
	end_examination(server);
	worker_stop(server->dispatch.reader);
	worker_stop(server->dispatch.writer);
	listener_free(server->listener);
	server->listener = NULL;
	metrics_door_free(server->metrics_door);
	digests_free(server->digests);
	connections_free(server->connections);
	watchers_free(server->watchers);
	presences_free(server->presences);
	refusals_free(server->dispatch.refusals);
	read_ahead_free(server->read_ahead);
	store_close(server->reader_store);
	tls_free(server->tls);
	for (size_t i = 0; i < sizeof(server->signals) / sizeof(server->signals[0]); i++) {
		free_event(server->signals[i]);
	}
	free_event(server->check);
	free_event(server->watchdog);
	if (server->base) {
		event_base_free(server->base);
	}
}

enum status server_run(struct folder *folder, struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));
	enum status status;

	if (!server) {
		return error_memory(err);
	}
	server->folder = folder;
	status = start(server, err);
	if (status == STATUS_OK) {
		listener_open(server->listener);
		say_ready(server);
		event_base_dispatch(server->base);
	}
	stop(server);
	if (status == STATUS_OK && server->damaged) {
		status = error_set(err, STATUS_UNVERIFIED,
				   "the store is damaged; the log says what was found");
		error_hint(err,
			   "keep the folder as it is, and restore a backup into a new one: saferd restore");
	}
	log_quota_tell(INT64_MAX);
	log_event(LOG_INFO, "stopped", log_text("folder", folder->path));
	free(server);
	return status;
}
