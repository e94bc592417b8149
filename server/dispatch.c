/* Carries a call from a message to its answer. A call lies in the arena of its request and is freed with it, on the
 * loop's thread, after everything that follows from it has been started. */
#include "server/dispatch.h"

#include "common/clock.h"
#include "common/log_quota.h"
#include "protocol/version.h"
#include "server/call.h"
#include "server/policy/roles.h"
#include "server/sessions.h"

#include <stdlib.h>
#include <string.h>

static enum status (*const handlers[METHOD_COUNT])(struct request *request, struct error *err) = {
#define METHOD(symbol, name, door, who, lane, help) [METHOD_##symbol] = handle_##symbol,
#define PARAM(method, name, type, required, max, help)
#define RESULT(method, name, type, help)
#include "protocol/methods.def"
#undef METHOD
#undef PARAM
#undef RESULT
};

/* ---- who may call ---- */

/* The roles that each `who` asks for; 0: none in particular. */
static const unsigned who_roles[] = {
	[WHO_ANYONE] = 0,
	[WHO_SIGNED_IN] = 0,
	[WHO_CONTENT] = ROLES_CONTENT,
	[WHO_ADMINISTRATOR] = ROLE_ADMINISTRATOR,
};

enum status dispatch_admits(enum method method, const struct session *session, struct error *err)
{
	const struct method_row *row = &method_rows[method];
	unsigned wanted = who_roles[row->who];
	char who[200];
	char rule[sizeof(err->rule)];

	if (wanted == 0 || (session->roles & wanted)) {
		return STATUS_OK;
	}
	roles_describe(wanted, who, sizeof(who));
	snprintf(rule, sizeof(rule), "method.%s", row->name);
	error_set(err, STATUS_NOT_PERMITTED, "%s is not for any post that you hold today", row->name);
	error_hint(err, "it is for: %s", who);
	return error_rule(err, rule);
}

/* ---- what is counted ---- */

struct metrics_sources dispatch_sources(const struct dispatch *dispatch)
{
	return (struct metrics_sources){
		.metrics = &dispatch->metrics,
		.connections = dispatch->connections,
		.watchers = dispatch->watchers,
		.workers = {[THREAD_READER] = dispatch->reader, [THREAD_WRITER] = dispatch->writer},
		.limits = dispatch->context.limits,
	};
}

/* The loop's numbers, for a handler that runs elsewhere. */
static enum status take_sample(struct call *call, struct error *err)
{
	const struct metrics_sources sources = dispatch_sources(call->dispatch);
	struct metrics_sample *sample = arena_alloc(call->request.arena, sizeof(*sample));

	if (!sample) {
		return error_memory(err);
	}
	metrics_sample(&sources, sample);
	call->request.sample = sample;
	return STATUS_OK;
}

/* Who is editing what, likewise. */
static enum status take_presences(struct call *call, struct error *err)
{
	call->request.presences = presences_take(call->dispatch->presences);
	return call->request.presences ? STATUS_OK : error_memory(err);
}

/* ---- on a worker ---- */

static void start_reply(struct call *call)
{
	struct request *request = &call->request;

	buffer_clear(&request->reply);
	buffer_clear(&request->details);
	message_put_reply(&request->reply, request->id);
	request->session = NULL;
	request->watch.begin = false;
	request->moved = 0;
	request->close_credential = 0;
	request->undo = false;
	request->keep = false;
	request->afterwards = NULL;
	call->sign_in = false;
	call->refusal_journalled = false;
}

static enum status handle(struct call *call, struct error *err)
{
	struct request *request = &call->request;
	enum status status = handlers[request->method](request, err);

	if (status == STATUS_OK && request->reply.failed) {
		status = error_set(err, STATUS_FAILED, "the answer would be larger than %lld bytes",
				   (long long)request->context->limits->output_bytes);
		error_hint(err, "ask for less at a time");
	}
	return status;
}

static bool is_first_of_day(const struct session *session)
{
	return session->credential.used_at == 0 || session->credential.signed_in_day != session->today;
}

/* A verdict or an answer for which memory was missing on the way may be anything, also one that shows what is hidden:
 * it is neither given nor remembered. */
static enum status mistrust(struct request *request, struct error *err)
{
	request->keep = false;
	request->undo = false;
	request->afterwards = NULL;
	buffer_clear(&request->details);
	return error_memory(err);
}

static enum status run_call(struct job *job, struct context *context, struct error *err)
{
	struct call *call = call_of_job(job);
	struct request *request = &call->request;
	size_t refused = arena_refused(request->arena);
	enum status status = STATUS_OK;

	start_reply(call);
	request->context = context;
	if (method_rows[request->method].door == DOOR_MEMBER) {
		status = sessions_get(context->sessions, context->store, request->arena,
				      &request->fingerprint, &request->session, err);
		if (status == STATUS_OK) {
			status = dispatch_admits(request->method, request->session, err);
		}
	}
	if (status == STATUS_OK) {
		status = handle(call, err);
	}
	if (arena_refused(request->arena) != refused) {
		status = mistrust(request, err);
	}
	call->sign_in =
		status == STATUS_OK && request->method == METHOD_hello && is_first_of_day(request->session);
	job->keep = request->keep;
	job->undo = request->undo;
	return status;
}

static enum status run_aftermath(struct job *job, struct context *context, struct error *err)
{
	struct call *call = call_of_job(job);
	enum status status = STATUS_OK;

	if (call->request.afterwards) {
		status = call->request.afterwards(&call->request, &job->error, err);
	}
	/* a dry run that reached its handler attempts nothing: it asks, as `can` does */
	if (status == STATUS_OK && job->status == STATUS_NOT_PERMITTED && !call->request.undo) {
		status = call_journal_refusal(call, context, &job->error, err);
	}
	return status;
}

/* For a method of the loop's lane on a connection that has not been looked up yet. */
static enum status run_introduction(struct job *job, struct context *context, struct error *err)
{
	struct call *call = call_of_job(job);

	return sessions_get(context->sessions, context->store, call->request.arena,
			    &call->request.fingerprint, &call->request.session, err);
}

/* ---- the answer, on the loop ---- */

/* Ids, names and counts: no plan data. Written down in words are only failures of our own, and what is wrong with a
 * device: those sentences are of this program alone. */
static void log_call(const struct call *call, const struct connection *connection, int64_t micros)
{
	const struct request *request = &call->request;
	const struct job *job = &call->job;
	struct log_field fields[7] = {
		log_number("conn", (int64_t)request->connection),
		log_text("method", method_rows[request->method].name),
		log_text("status", status_name(job->status)),
		log_text("person", request->session ? request->session->person_id : ""),
		log_number("micros", micros),
	};
	size_t count = 5;

	if (job->status != STATUS_OK && job->error.rule[0] != '\0') {
		fields[count++] = log_text("rule", job->error.rule);
	}
	if (job->status == STATUS_FAILED || job->status == STATUS_SIGNED_OUT) {
		fields[count++] = log_text("error", job->error.message);
	}
	log_write_about(connection ? connection_about(connection) : "gone",
			job->status == STATUS_FAILED ? LOG_ERROR : LOG_INFO, "request", fields, count);
}

static void send_answer(struct call *call, struct connection *connection)
{
	struct request *request = &call->request;
	struct job *job = &call->job;

	if (job->status != STATUS_OK) {
		if (job->error.status != job->status) {
			error_set(&job->error, job->status, "%s", status_meaning(job->status));
		}
		buffer_clear(&request->reply);
		message_put_error(&request->reply, request->id, &job->error,
				  request->details.failed ? (struct span){NULL, 0}
							  : buffer_span(&request->details));
	}
	if (request->reply.failed) {
		connection_drain(connection, "there was no memory for its answer");
	} else {
		connection_send(connection, buffer_span(&request->reply));
	}
	connection_end(connection, request->id);
	if (job->status == STATUS_SIGNED_OUT) {
		connection_drain(connection, "its certificate does not count");
	}
}

/* What a finished call sets going besides its answer. */
static void follow_up(struct call *call)
{
	struct dispatch *dispatch = call->dispatch;
	struct request *request = &call->request;
	bool done = call->job.status == STATUS_OK || call->job.keep;

	if (dispatch->stopped) {
		return;
	}
	if (done && request->moved != 0) {
		watchers_moved(dispatch->watchers, request->moved);
	}
	if (call->refusal_journalled) {
		watchers_moved(dispatch->watchers, request->session->partnership);
	}
	if (done && request->close_credential != 0) {
		connections_drain_credential(dispatch->connections, request->close_credential,
					     "its certificate has ended");
	}
}

static void answer(struct call *call)
{
	struct dispatch *dispatch = call->dispatch;
	struct request *request = &call->request;
	struct connection *connection = connections_find(dispatch->connections, request->connection);
	int64_t micros = clock_monotonic_us() - call->started;

	if (connection && request->session) {
		connection_know(connection, request->session->credential.number);
	}
	if (connection && request->method == METHOD_editing && call->job.status == STATUS_OK) {
		call->job.status = presences_say(dispatch->presences, connection, request, &call->job.error);
	}
	metrics_request(&dispatch->metrics, request->method, call->job.status, micros);
	log_call(call, connection, micros);
	if (connection) {
		send_answer(call, connection);
	}
	if (request->method == METHOD_watch && request->watch.number != 0) {
		request->watch.begin = request->watch.begin && call->job.status == STATUS_OK;
		watchers_settle(dispatch->watchers,
				connections_find(dispatch->connections, request->connection), request);
	}
	follow_up(call);
}

static void done_call(struct job *job)
{
	struct call *call = call_of_job(job);
	struct dispatch *dispatch = call->dispatch;

	answer(call);
	if (!dispatch->stopped && method_rows[call->request.method].lane == LANE_READ &&
	    (call->sign_in || (job->status == STATUS_NOT_PERMITTED && call->request.session))) {
		call_write_entry(call);
	} else {
		call_free(call);
	}
}

static void run_on_loop(struct call *call)
{
	struct job *job = &call->job;
	size_t refused = arena_refused(call->request.arena);

	start_reply(call);
	call->request.context = &call->dispatch->context;
	job->status = handle(call, &job->error);
	if (arena_refused(call->request.arena) != refused) {
		job->status = mistrust(&call->request, &job->error);
	}
	answer(call);
	call_free(call);
}

static void done_introduction(struct job *job)
{
	struct call *call = call_of_job(job);
	struct connection *connection =
		connections_find(call->dispatch->connections, call->request.connection);

	if (job->status == STATUS_OK && connection) {
		connection_know(connection, call->request.session->credential.number);
		run_on_loop(call);
	} else {
		answer(call);
		call_free(call);
	}
}

/* ---- the gate ---- */

static enum status look_up(struct call *call, const struct connection *connection,
			   const struct message *message, struct error *err)
{
	enum method method = method_find((const char *)message->method.data, message->method.length);
	const char *nearest;
	const char *name;

	if (method != METHOD_COUNT) {
		call->request.method = method;
		if (method_rows[method].door == connection_peer(connection)->door) {
			return method_check(method, message->params, err);
		}
		return error_set(err, STATUS_INVALID, "%s cannot be called on a connection that %s",
				 method_rows[method].name,
				 method_rows[method].door == DOOR_ENROL ? "shows a certificate"
									: "shows none");
	}
	name = arena_text(call->request.arena, (const char *)message->method.data, message->method.length);
	if (!name) {
		return error_memory(err);
	}
	error_set(err, STATUS_INVALID, "there is no method \"%.60s\"", name);
	nearest = method_nearest(name);
	if (nearest) {
		return error_hint(err, "did you mean %s?", nearest);
	}
	return error_hint(err, "this server speaks version %d of the protocol", PROTOCOL_VERSION);
}

static struct worker *worker_of(struct dispatch *dispatch, const struct call *call)
{
	return method_rows[call->request.method].lane == LANE_WRITE ? dispatch->writer : dispatch->reader;
}

/* Of what all peers may hold together a quarter is left for
 * bytes on their way: a request can be told to come again, a peer with a full buffer can only be cut off. */
static bool has_too_much_to_do(struct dispatch *dispatch, const struct call *call)
{
	const struct limits *limits = dispatch->context.limits;

	if (worker_waiting(worker_of(dispatch, call)) >= (size_t)limits->waiting_calls) {
		connections_limit(dispatch->connections, LIMITED_waiting_calls);
		return true;
	}
	if (connections_held(dispatch->connections) > limits->buffers_bytes / 4 * 3) {
		connections_limit(dispatch->connections, LIMITED_buffers_bytes);
		return true;
	}
	return false;
}

/* Everything that can be refused before a worker sees it. */
static enum status check_call(struct call *call, struct connection *connection, const struct message *message,
			      struct error *err)
{
	struct dispatch *dispatch = call->dispatch;
	const struct limits *limits = dispatch->context.limits;
	enum status status = look_up(call, connection, message, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!connections_may_ask(dispatch->connections, connection, clock_monotonic_ms())) {
		connection_rest(connection);
		error_set(err, STATUS_UNREACHABLE, "this device asks more than %lld times a second",
			  (long long)limits->requests_per_second);
		return error_hint(
			err, "try again in a moment; the setting limit_requests_per_second is the server's");
	}
	if (has_too_much_to_do(dispatch, call)) {
		error_set(err, STATUS_UNREACHABLE, "the server has too much to do just now");
		return error_hint(err, "try again in a moment");
	}
	if (call->request.method == METHOD_watch) {
		status = watchers_admit(dispatch->watchers, connection, &call->request, err);
		if (status == STATUS_REFUSED) {
			connections_limit(dispatch->connections, LIMITED_watches_per_connection);
		}
	} else if (call->request.method == METHOD_admin_status) {
		status = take_sample(call, err);
	} else if (call->request.method == METHOD_editing || call->request.method == METHOD_presence) {
		status = take_presences(call, err);
	}
	return status;
}

/* Sends the call on its lane. The call is not ours after this. */
static void start_call(struct call *call, const struct connection *connection)
{
	const struct method_row *row = &method_rows[call->request.method];

	call->job.run = run_call;
	call->job.done = done_call;
	call->job.on_whose = connection_credential(connection) != 0
				     ? (uint64_t)connection_credential(connection)
				     : connection_number(connection);
	if (row->lane == LANE_WRITE) {
		call->job.aftermath = run_aftermath;
	}
	if (row->lane != LANE_LOOP) {
		worker_submit(worker_of(call->dispatch, call), &call->job);
	} else if (row->door == DOOR_ENROL || connection_credential(connection) != 0) {
		run_on_loop(call);
	} else {
		call->job.run = run_introduction;
		call->job.done = done_introduction;
		worker_submit(call->dispatch->reader, &call->job);
	}
}

static void take_request(struct call *call, struct connection *connection, const struct message *message)
{
	struct error err = ERROR_INIT;

	call->request.id = message->id;
	call->request.params = message->params;
	if (!connection_begin(connection, message->id)) {
		error_set(&err, STATUS_INVALID, "a request with the message id %u is already in flight",
			  (unsigned)message->id);
		connection_refuse(connection, message->id, &err);
		call_free(call);
		return;
	}
	call_hold(call);
	call->job.status = check_call(call, connection, message, &call->job.error);
	if (call->job.status == STATUS_OK) {
		start_call(call, connection);
		return;
	}
	call->dispatch->metrics.requests_refused[call->job.status]++;
	log_about(connection_about(connection), LOG_INFO, "request-refused",
		  log_number("conn", (int64_t)call->request.connection),
		  log_span("method", (const char *)message->method.data,
			   message->method.length < 60 ? message->method.length : 60),
		  log_text("status", status_name(call->job.status)));
	send_answer(call, connection);
	call_free(call);
}

void dispatch_message(struct dispatch *dispatch, struct connection *connection, struct span bytes)
{
	struct error err = ERROR_INIT;
	struct message message = {.id = 0};
	struct call *call = call_new(dispatch, connection, bytes);

	if (!call) {
		error_memory(&err);
		connection_refuse(connection, 0, &err);
		return;
	}
	if (message_decode(call->request.arena, call->request.bytes, &message, &err) != STATUS_OK) {
		log_about(connection_about(connection), LOG_INFO, "message-refused",
			  log_number("conn", (int64_t)call->request.connection),
			  log_text("address", connection_address(connection)),
			  log_text("reason", err.message));
		connection_refuse(connection, message.id, &err);
		call_free(call);
		return;
	}
	switch (message.type) {
	case MESSAGE_REQUEST:
		take_request(call, connection, &message);
		return;
	case MESSAGE_REPLY:
		error_set(&err, STATUS_INVALID, "the server asks nothing, so there is nothing to reply to");
		connection_refuse(connection, message.id, &err);
		break;
	case MESSAGE_NOTICE: /* none are known; what is not known is passed over */
		break;
	}
	call_free(call);
}
