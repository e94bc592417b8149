/* The life of a call, and the entries that the gate writes about it. */
#include "server/call.h"

#include "common/clock.h"
#include "common/log.h"
#include "server/identity/acts.h"
#include "server/identity/credentials.h"
#include "server/live/presences.h"
#include "server/sessions.h"

#include <ctype.h>
#include <string.h>

#define DETAILS_BYTES 1048576 /* of an error */

static void release_buffers(void *payload)
{
	struct call *call = payload;

	buffer_release(&call->request.reply);
	buffer_release(&call->request.details);
}

struct call *call_new(struct dispatch *dispatch, const struct connection *connection, struct span bytes)
{
	const struct tls_peer *peer = connection_peer(connection);
	struct arena *arena = arena_new();
	struct call *call = arena ? arena_alloc(arena, sizeof(*call)) : NULL;
	void *copy = arena ? arena_copy(arena, bytes.data, bytes.length) : NULL;
	const char *address = arena ? arena_text(arena, connection_address(connection),
						 strlen(connection_address(connection)))
				    : NULL;

	if (!call || !copy || !address || arena_on_free(arena, release_buffers, call) != 0) {
		arena_free(arena);
		return NULL;
	}
	call->dispatch = dispatch;
	call->started = clock_monotonic_us();
	call->request = (struct request){
		.arena = arena,
		.connection = connection_number(connection),
		.bytes = {copy, bytes.length},
		.has_certificate = peer->has_certificate,
		.fingerprint = peer->fingerprint,
		.certificate_expires = peer->certificate_expires,
		.address = address,
	};
	buffer_init(&call->request.reply, (size_t)dispatch->context.limits->output_bytes);
	buffer_init(&call->request.details, DETAILS_BYTES);
	return call;
}

void call_free(struct call *call)
{
	if (call) {
		connections_hold(call->dispatch->connections, -call->held);
		presences_give_back(call->request.presences);
		arena_free(call->request.arena);
	}
}

void call_hold(struct call *call)
{
	call->held = (int64_t)arena_bytes(call->request.arena);
	connections_hold(call->dispatch->connections, call->held);
}

/* ---- refusals ---- */

/* Whether a text is an id or the name of a kind, and so can stand in the journal for ever. */
static bool is_plain_word(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (!isascii(text.data[i]) || !(isalnum(text.data[i]) || text.data[i] == '_')) {
			return false;
		}
	}
	return text.length > 0 && text.length <= 40;
}

/* What the call was about. */
static struct span target_of(const msgpack_object *params)
{
	static const char *const names[] = {"id", "target", "kind"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span text = codec_get_text(params, names[i]);

		if (is_plain_word(text)) {
			return text;
		}
	}
	return (struct span){NULL, 0};
}

enum status call_journal_refusal(struct call *call, struct context *context, const struct error *refused,
				 struct error *err)
{
	struct request *request = &call->request;
	const struct session *session = request->session;
	struct act act = {.what = "refusal", .session = session};
	struct span target = target_of(request->params);
	int64_t skipped = 0;

	if (!session) {
		return STATUS_OK;
	}
	if (!refusals_take(call->dispatch->refusals, session->account, context->settings->refusals_per_hour,
			   session->now, &skipped)) {
		log_event(LOG_DEBUG, "refusal-not-journalled", log_number("account", session->account),
			  log_number("skipped", skipped));
		return STATUS_OK;
	}
	if (skipped > 0) {
		log_event(LOG_WARNING, "refusals-not-journalled", log_number("account", session->account),
			  log_number("skipped", skipped));
	}
	act.partnership = session->partnership;
	act.roles = session->roles;
	act.note = arena_printf(request->arena, "%s%s%s%s%.*s", method_rows[request->method].name,
				refused->rule[0] ? " " : "", refused->rule, target.length > 0 ? " " : "",
				(int)target.length, target.length > 0 ? (const char *)target.data : "");
	if (!act.note) {
		return error_memory(err);
	}
	call->refusal_journalled = true;
	return act_journal(context, request->arena, &act, err);
}

/* ---- the first use of a device in a day ---- */

static enum status journal_sign_in(struct call *call, struct context *context, const struct session *session,
				   struct error *err)
{
	struct arena *arena = call->request.arena;
	const struct credential_row *credential = &session->credential;
	struct act act = {.partnership = session->partnership,
			  .what = "sign-in",
			  .note = "",
			  .session = session,
			  .roles = session->roles};
	int64_t used_at = credential->used_at;
	enum status status = STATUS_OK;

	if (used_at == 0) {
		used_at = clock_machine();
		status = credential_first_use(context->store, arena, credential, used_at, &call->ended, err);
	}
	if (status == STATUS_OK && credential->signed_in_day != session->today) {
		status = act_journal(context, arena, &act, err);
		call->moved = session->partnership;
		if (status == STATUS_OK) {
			status = store_credential_used(context->store, credential->number, used_at,
						       session->today, err);
		}
	}
	return status;
}

/* ---- entries about calls that ran on the reader ---- */

static enum status run_entry(struct job *job, struct context *context, struct error *err)
{
	struct call *call = call_of_job(job);
	struct request *request = &call->request;
	enum status status;

	call->moved = 0;
	call->ended = 0;
	status = sessions_get(context->sessions, context->store, request->arena, &request->fingerprint,
			      &request->session, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (call->sign_in) {
		return journal_sign_in(call, context, request->session, err);
	}
	status = call_journal_refusal(call, context, &call->refused, err);
	call->moved = call->refusal_journalled ? request->session->partnership : 0;
	return status;
}

static void done_entry(struct job *job)
{
	struct call *call = call_of_job(job);
	struct dispatch *dispatch = call->dispatch;

	if (job->status != STATUS_OK) {
		log_event(LOG_ERROR, "entry-not-written",
			  log_number("conn", (int64_t)call->request.connection),
			  log_text("error", job->error.message));
	} else if (!dispatch->stopped) {
		if (call->moved != 0) {
			watchers_moved(dispatch->watchers, call->moved);
		}
		if (call->ended != 0) {
			connections_drain_credential(dispatch->connections, call->ended,
						     "its certificate was replaced");
		}
	}
	call_free(call);
}

void call_write_entry(struct call *call)
{
	call->refused = call->job.error;
	call->job.run = run_entry;
	call->job.done = done_entry;
	call->job.aftermath = NULL;
	worker_submit(call->dispatch->writer, &call->job);
}
