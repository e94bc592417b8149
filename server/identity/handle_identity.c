/* What administrators do with accounts, and what everybody does with their own devices. An administrator reaches only
 * their own partnership: what lies in another one is answered as if it were not there. */
#include "common/clock.h"
#include "server/identity/acts.h"
#include "server/identity/authority.h"
#include "server/identity/credentials.h"
#include "server/identity/invitations.h"
#include "server/identity/people.h"
#include "server/session.h"
#include "server/settings.h"

#include <string.h>

/* ---- account.list ---- */

static void pair_time(struct buffer *out, const char *key, int64_t time)
{
	char text[TIME_TEXT];

	if (time != 0) {
		time_format(time, text);
	}
	codec_pair_text(out, key, time != 0 ? text : NULL);
}

static enum status put_account(struct request *request, const struct account_row *account, struct error *err)
{
	struct buffer *reply = &request->reply;
	struct credential_row *devices = NULL;
	size_t count = 0;
	struct person person;
	enum status status = person_load(request->context, request->arena, account->partnership,
					 account->person, &person, err);

	if (status == STATUS_OK) {
		status = store_credential_list(request->context->store, request->arena, account->number,
					       &devices, &count, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(reply, 4);
	codec_pair_int(reply, "account", account->number);
	codec_pair_text(reply, "person", person.id);
	codec_pair_text(reply, "name", person.name);
	codec_put_text(reply, "devices");
	codec_put_list(reply, count);
	for (size_t i = 0; i < count; i++) {
		codec_put_map(reply, 5);
		codec_pair_int(reply, "credential", devices[i].number);
		codec_pair_text(reply, "device", devices[i].device);
		pair_time(reply, "issued", devices[i].issued_at);
		pair_time(reply, "expires", devices[i].expires_at);
		pair_time(reply, "revoked", devices[i].revoked_at);
	}
	return STATUS_OK;
}

static enum status put_invitation(struct request *request, const struct invitation_row *row,
				  struct error *err)
{
	struct buffer *reply = &request->reply;
	char id[INVITATION_ID_TEXT];
	struct person invited;
	struct person inviting = {.name = "the server's console"};
	enum status status =
		person_load(request->context, request->arena, row->partnership, row->person, &invited, err);

	if (status == STATUS_OK && row->created_by != 0) {
		status = person_load(request->context, request->arena, row->partnership, row->created_by,
				     &inviting, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	invitation_id_format(row->id, id);
	codec_put_map(reply, 5);
	codec_pair_text(reply, "invitation", id);
	codec_pair_text(reply, "person", invited.id);
	codec_pair_text(reply, "name", invited.name);
	codec_pair_text(reply, "by", inviting.name);
	pair_time(reply, "expires", row->expires_at);
	return STATUS_OK;
}

enum status handle_account_list(struct request *request, struct error *err)
{
	struct store *store = request->context->store;
	struct buffer *reply = &request->reply;
	int64_t partnership = request->session->partnership;
	struct account_row *accounts = NULL;
	struct invitation_row *invitations = NULL;
	size_t account_count = 0;
	size_t invitation_count = 0;
	size_t header = 0;
	size_t open = 0;
	enum status status =
		store_account_list(store, request->arena, partnership, &accounts, &account_count, err);

	if (status == STATUS_OK) {
		status = store_invitation_list(store, request->arena, partnership, &invitations,
					       &invitation_count, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(reply, 2);
	codec_put_text(reply, "accounts");
	codec_put_list(reply, account_count);
	for (size_t i = 0; i < account_count; i++) {
		status = put_account(request, &accounts[i], err);
		if (status != STATUS_OK) {
			return status;
		}
	}
	codec_put_text(reply, "invitations");
	header = codec_list_begin(reply);
	for (size_t i = 0; i < invitation_count; i++) {
		if (invitations[i].expires_at <= clock_machine()) {
			continue;
		}
		status = put_invitation(request, &invitations[i], err);
		if (status != STATUS_OK) {
			return status;
		}
		open++;
	}
	codec_list_end(reply, header, open);
	return reply->failed ? error_memory(err) : STATUS_OK;
}

/* ---- invitations ---- */

static enum status first_host(const struct settings *settings, char out[SETTING_TEXT], struct error *err)
{
	size_t length = 0;
	const char *host = words_next(settings->names, &length);

	if (host == NULL || length >= SETTING_TEXT) {
		error_set(err, STATUS_REFUSED, "The server does not know by which name clients reach it.");
		return error_hint(err, "Set `names` in the server's settings.");
	}
	memcpy(out, host, length);
	out[length] = '\0';
	return STATUS_OK;
}

enum status handle_invite(struct request *request, struct error *err)
{
	struct context *context = request->context;
	const struct session *session = request->session;
	struct buffer *reply = &request->reply;
	int64_t hours = codec_get_int(request->params, "hours", context->settings->invitation_hours);
	uint16_t port = context->port != 0 ? context->port : (uint16_t)context->settings->port;
	char host[SETTING_TEXT];
	char invitation[INVITATION_TEXT];
	char expires[TIME_TEXT];
	int64_t expires_at = 0;
	struct visibility sight;
	struct person person;
	enum status status = STATUS_OK;

	if (hours < 1) {
		return error_set(err, STATUS_INVALID, "An invitation must be good for at least one hour.");
	}
	status = first_host(context->settings, host, err);
	if (status == STATUS_OK) {
		visibility_init(&sight, context, request->arena, session);
		status = person_find(&sight, session->partnership, codec_get_text(request->params, "person"),
				     &person, err);
	}
	if (status == STATUS_OK) {
		status = invitation_make(context, request->arena, session->partnership, person.number,
					 session, hours, host, port, invitation, &expires_at, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	request->moved = session->partnership;
	time_format(expires_at, expires);
	codec_put_map(reply, 3);
	codec_pair_text(reply, "invitation", invitation);
	codec_pair_text(reply, "expires", expires);
	codec_pair_text(reply, "name", person.name);
	return reply->failed ? error_memory(err) : STATUS_OK;
}

enum status handle_invitation_withdraw(struct request *request, struct error *err)
{
	struct span typed = codec_get_text(request->params, "invitation");
	uint8_t id[INVITATION_ID];
	char text[INVITATION_ID_TEXT];
	enum status status = STATUS_OK;

	if (!invitation_id_parse(typed, id)) {
		error_set(err, STATUS_INVALID, "\"%.*s\" is not the id of an invitation.", (int)typed.length,
			  (const char *)typed.data);
		return error_hint(
			err,
			"An id is eight letters and digits; `safer account list` shows those of open ones.");
	}
	status = invitation_withdraw(request->context, request->arena, request->session, id, err);
	if (status != STATUS_OK) {
		return status;
	}
	request->moved = request->session->partnership;
	invitation_id_format(id, text);
	codec_put_map(&request->reply, 1);
	codec_pair_text(&request->reply, "invitation", text);
	return request->reply.failed ? error_memory(err) : STATUS_OK;
}

/* ---- devices ---- */

static enum status read_new_key(struct request *request, EVP_PKEY **key, struct error *err)
{
	struct span der = {NULL, 0};
	struct digest digest;
	EVP_PKEY *read = NULL;
	enum status status = STATUS_OK;

	if (!codec_bin(codec_get(request->params, "request"), &der)) {
		return error_set(err, STATUS_INVALID, "The certificate request is missing.");
	}
	status = authority_read_request(der, &read, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (!authority_digest_key(read, &digest)) {
		EVP_PKEY_free(read);
		return error_memory(err);
	}
	if (digest_equal(&digest, &request->session->credential.key)) {
		EVP_PKEY_free(read);
		error_set(err, STATUS_INVALID,
			  "The certificate request is for the key that this device uses already.");
		return error_hint(err, "Make a new key; renewing is for changing it.");
	}
	*key = read;
	return STATUS_OK;
}

static enum status journal_renewal(struct request *request, int64_t number, struct error *err)
{
	const struct session *session = request->session;
	struct act act = {.partnership = session->partnership, .what = "enrolment", .session = session};

	act.note = arena_printf(request->arena, "device %lld of %s in place of device %lld",
				(long long)number, session->person_id, (long long)session->credential.number);
	return act.note != NULL ? act_journal(request->context, request->arena, &act, err)
				: error_memory(err);
}

enum status handle_credential_renew(struct request *request, struct error *err)
{
	const struct session *session = request->session;
	struct buffer *reply = &request->reply;
	struct credential_wish wish = {
		.account = session->account,
		.name = session->name,
		.device = session->credential.device,
		.replaces = session->credential.number,
	};
	struct credential_issued issued;
	char expires[TIME_TEXT];
	enum status status = read_new_key(request, &wish.key, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = credential_end_unused_renewals(request->context->store, request->arena, &session->credential,
						clock_machine(), err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = credential_issue(request->context, request->arena, &wish, &issued, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = journal_renewal(request, issued.number, err);
	if (status != STATUS_OK) {
		goto out;
	}
	request->moved = session->partnership;
	time_format(issued.expires_at, expires);
	codec_put_map(reply, 2);
	codec_put_text(reply, "certificate");
	codec_put_bin(reply, issued.certificate.data, issued.certificate.length);
	codec_pair_text(reply, "expires", expires);
	status = reply->failed ? error_memory(err) : STATUS_OK;
out:
	EVP_PKEY_free(wish.key);
	return status;
}

/* The credential if the session may end it; otherwise the same answer as for one that is not there. */
static enum status find_credential(struct request *request, int64_t number, struct credential_row *credential,
				   struct account_row *account, struct error *err)
{
	const struct session *session = request->session;
	struct error why = ERROR_INIT;
	bool administrator = (session->roles & ROLE_ADMINISTRATOR) != 0;
	enum status status =
		store_credential_get(request->context->store, request->arena, number, credential, &why);

	if (status == STATUS_OK) {
		status = store_account_get(request->context->store, credential->account, account, &why);
	}
	if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
		*err = why;
		return status;
	}
	if (status == STATUS_OK && (account->number == session->account ||
				    (administrator && account->partnership == session->partnership))) {
		return STATUS_OK;
	}
	if (administrator) {
		error_set(err, STATUS_NOT_FOUND, "There is no device %lld in this partnership.",
			  (long long)number);
		return error_hint(err, "`safer account list` shows all devices and their numbers.");
	}
	error_set(err, STATUS_NOT_FOUND, "You have no device %lld.", (long long)number);
	return error_hint(err, "You may end your own devices; an administrator may end anybody's.");
}

/* Ends the device and journals it, unless it ended before: then there is nothing to do, and that is no error. */
static enum status end_device(struct request *request, const struct credential_row *credential,
			      const struct account_row *account, struct error *err)
{
	const struct session *session = request->session;
	bool own = account->number == session->account;
	struct act act = {
		.partnership = session->partnership,
		.what = "revocation",
		.session = session,
		.roles = own ? 0 : ROLE_ADMINISTRATOR,
		.reason = codec_get_string(request->arena, request->params, "reason"),
	};
	const struct post *post = own ? NULL : session_post(session, ROLE_ADMINISTRATOR);
	const char *by = session_describe(request->arena, session, post);
	const char *why = NULL;
	struct person person;
	enum status status = STATUS_OK;

	if (credential->revoked_at != 0) {
		return STATUS_OK;
	}
	status = person_load(request->context, request->arena, account->partnership, account->person, &person,
			     err);
	if (status != STATUS_OK) {
		return status;
	}
	why = arena_printf(request->arena, "ended by %s%s%s", by != NULL ? by : "",
			   act.reason != NULL ? ": " : "", act.reason != NULL ? act.reason : "");
	act.note =
		arena_printf(request->arena, "device %lld of %s", (long long)credential->number, person.id);
	if (by == NULL || why == NULL || act.note == NULL) {
		return error_memory(err);
	}
	status = credential_end_device(request->context->store, request->arena, credential, clock_machine(),
				       why, &request->close_credential, err);
	if (status == STATUS_OK) {
		status = act_journal(request->context, request->arena, &act, err);
	}
	if (status == STATUS_OK) {
		request->moved = session->partnership;
	}
	return status;
}

enum status handle_credential_revoke(struct request *request, struct error *err)
{
	int64_t number = codec_get_int(request->params, "credential", 0);
	struct credential_row credential;
	struct account_row account;
	enum status status = find_credential(request, number, &credential, &account, err);

	if (status == STATUS_OK) {
		status = end_device(request, &credential, &account, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(&request->reply, 2);
	codec_pair_int(&request->reply, "credential", number);
	codec_pair_text(&request->reply, "device", credential.device);
	return request->reply.failed ? error_memory(err) : STATUS_OK;
}
