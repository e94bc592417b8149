/* The only door that opens to strangers. Whoever knocks with something that is not good here any more, for whatever
 * reason, gets the same answer. A wrong secret counts against its invitation, which ends after five of them.
 *
 * A client whose answer was lost asks again with the same key: within ten minutes, and while the first certificate
 * was never used, it gets a new one and the first is revoked. Issuing anew needs nothing that the server would have to
 * keep, and at no time do two certificates of one invitation live. */
#include "server/identity/enrolment.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "protocol/checkpoint.h"
#include "protocol/version.h"
#include "server/identity/acts.h"
#include "server/identity/authority.h"
#include "server/identity/credentials.h"
#include "server/identity/invitations.h"
#include "server/identity/people.h"

#include <string.h>

#define RETRY_WINDOW (INT64_C(60) * 1000000 * ENROLMENT_RETRY_MINUTES)

struct enrolment {
	struct invitation_row invitation;
	bool again;    /* it was used a moment ago; only the key that it was used with may ask again */
	EVP_PKEY *key; /* owned */
	const char *device;
	struct person person;
	struct partnership partnership;
	int64_t account;
	struct credential_issued issued;
};

enum status enrolment_check_protocol(int64_t version, struct error *err)
{
	if (version == PROTOCOL_VERSION) {
		return STATUS_OK;
	}
	error_set(err, STATUS_INVALID,
		  "Your client is %s than this server: it speaks version %lld of the protocol, the "
		  "server (Safer " SAFER_VERSION ") version %d.",
		  version < PROTOCOL_VERSION ? "older" : "newer", (long long)version, PROTOCOL_VERSION);
	return version < PROTOCOL_VERSION
		       ? error_hint(err, "Install the newest Safer client.")
		       : error_hint(err,
				    "Ask your administrator to update the server, or use an older client.");
}

/* The one answer for unknown, expired, used, withdrawn and wrong. */
static enum status not_valid(struct error *err)
{
	error_set(err, STATUS_SIGNED_OUT,
		  "This invitation is not valid here any more: it was used or withdrawn, it has "
		  "expired, or it was not copied whole.");
	return error_hint(err, "Ask your administrator for a new one.");
}

/* A wrong secret for an open invitation: counted and journalled, and kept although the answer is an error. */
static enum status count_try(struct request *request, struct invitation_row *row, int64_t now,
			     struct error *err)
{
	struct act act = {.partnership = row->partnership, .what = "refusal", .person = ""};
	char id[INVITATION_ID_TEXT];
	enum status status = STATUS_OK;

	row->tries++;
	if (row->tries >= INVITATION_TRIES) {
		row->ended_at = now;
	}
	status = store_invitation_update(request->context->store, row, err);
	if (status != STATUS_OK) {
		return status;
	}
	invitation_id_format(row->id, id);
	act.note = arena_printf(request->arena, "wrong secret for invitation %s, try %lld of %d", id,
				(long long)row->tries, INVITATION_TRIES);
	if (act.note == NULL) {
		return error_memory(err);
	}
	status = act_journal(request->context, request->arena, &act, err);
	if (status != STATUS_OK) {
		return status;
	}
	request->keep = true;
	request->moved = row->partnership;
	return not_valid(err);
}

/* Finds the invitation and lets in who knows its secret. */
static enum status admit(struct request *request, struct enrolment *enrolment, struct error *err)
{
	struct invitation_row *row = &enrolment->invitation;
	struct error why = ERROR_INIT;
	struct digest hash;
	struct span id = {NULL, 0};
	struct span secret = {NULL, 0};
	int64_t now = clock_machine();
	enum status status = STATUS_OK;
	bool right = false;

	if (!codec_bin(codec_get(request->params, "invitation"), &id) || id.length != INVITATION_ID ||
	    !codec_bin(codec_get(request->params, "secret"), &secret) || secret.length != INVITATION_SECRET) {
		return not_valid(err);
	}
	status = store_invitation_get(request->context->store, id.data, row, &why);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
		*err = why;
		return status;
	}
	digest_bytes(secret.data, secret.length, &hash);
	right = digest_equal(&hash, &row->secret_hash);
	if (status == STATUS_NOT_FOUND) {
		log_event(LOG_INFO, "enrol-unknown", log_text("address", request->address));
		return not_valid(err);
	}
	if (row->ended_at == 0 && row->expires_at <= now) {
		return not_valid(err);
	}
	if (row->ended_at == 0) {
		return right ? STATUS_OK : count_try(request, row, now, err);
	}
	enrolment->again = right && row->credential != 0 && now - row->ended_at <= RETRY_WINDOW;
	return enrolment->again ? STATUS_OK : not_valid(err);
}

static enum status read_device(struct request *request, struct enrolment *enrolment, struct error *err)
{
	struct span device = codec_get_text(request->params, "device");
	const char *text = (const char *)device.data;
	const char *folded = "";

	if (device.length > 0) {
		folded = text_fold(request->arena, text, device.length);
		if (folded == NULL) {
			return error_memory(err);
		}
	}
	if (folded[0] == '\0' || !text_is_clean(text, device.length, false)) {
		error_set(err, STATUS_INVALID, "The device has no name, or one with control characters.");
		return error_hint(err,
				  "Give it one line that you will recognise, such as \"office laptop\".");
	}
	enrolment->device = arena_text(request->arena, text, device.length);
	return enrolment->device != NULL ? STATUS_OK : error_memory(err);
}

static enum status read_key(struct request *request, struct enrolment *enrolment, struct error *err)
{
	struct span der = {NULL, 0};

	if (!codec_bin(codec_get(request->params, "request"), &der)) {
		return error_set(err, STATUS_INVALID, "The certificate request is missing.");
	}
	return authority_read_request(der, &enrolment->key, err);
}

/* Makes room for a second certificate when the first one's answer was lost; refuses everybody else. */
static enum status end_first(struct request *request, struct enrolment *enrolment, struct error *err)
{
	struct credential_row first;
	struct digest key;
	enum status status = store_credential_get(request->context->store, request->arena,
						  enrolment->invitation.credential, &first, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!authority_digest_key(enrolment->key, &key)) {
		return error_memory(err);
	}
	if (!digest_equal(&key, &first.key) || first.revoked_at != 0 || first.used_at != 0) {
		return not_valid(err);
	}
	return store_credential_revoke(request->context->store, first.number, clock_machine(),
				       "issued again, because its answer was lost", err);
}

/* The person's account, made at the first enrolment. */
static enum status take_account(struct request *request, struct enrolment *enrolment, struct error *err)
{
	const struct invitation_row *row = &enrolment->invitation;
	struct store *store = request->context->store;
	struct error why = ERROR_INIT;
	struct account_row account;
	enum status status = store_account_of_person(store, row->partnership, row->person, &account, &why);

	if (status == STATUS_OK) {
		enrolment->account = account.number;
		return STATUS_OK;
	}
	if (status != STATUS_NOT_FOUND) {
		*err = why;
		return status;
	}
	return store_account_add(store, row->partnership, row->person, clock_machine(), &enrolment->account,
				 err);
}

static enum status consume(struct request *request, struct enrolment *enrolment, struct error *err)
{
	struct invitation_row *row = &enrolment->invitation;
	struct act act = {
		.partnership = row->partnership,
		.what = "enrolment",
		.person = enrolment->person.id,
		.credential = enrolment->issued.number,
	};
	int64_t first = row->credential;
	enum status status = STATUS_OK;

	row->credential = enrolment->issued.number;
	if (!enrolment->again) {
		row->ended_at =
			clock_machine(); /* stays: asking again does not make the ten minutes longer */
	}
	status = store_invitation_update(request->context->store, row, err);
	if (status != STATUS_OK) {
		return status;
	}
	act.note = enrolment->again
			   ? arena_printf(request->arena, "device %lld of %s in place of device %lld",
					  (long long)enrolment->issued.number, enrolment->person.id,
					  (long long)first)
			   : arena_printf(request->arena, "device %lld of %s",
					  (long long)enrolment->issued.number, enrolment->person.id);
	if (act.note == NULL) {
		return error_memory(err);
	}
	status = act_journal(request->context, request->arena, &act, err);
	if (status == STATUS_OK) {
		request->moved = row->partnership;
	}
	return status;
}

static enum status answer(struct request *request, const struct enrolment *enrolment, struct error *err)
{
	struct context *context = request->context;
	struct buffer *reply = &request->reply;
	char key[CHECKPOINT_KEY];
	char expires[TIME_TEXT];
	unsigned char *der = NULL;
	int der_length = 0;
	enum status status = checkpoint_key(enrolment->partnership.origin, context->journal_public, key, err);

	if (status != STATUS_OK) {
		return status;
	}
	der_length = i2d_X509(authority_certificate(context->authority), &der);
	if (der_length <= 0) {
		return error_memory(err);
	}
	time_format(enrolment->issued.expires_at, expires);
	codec_put_map(reply, 7);
	codec_put_text(reply, "certificate");
	codec_put_bin(reply, enrolment->issued.certificate.data, enrolment->issued.certificate.length);
	codec_put_text(reply, "authority");
	codec_put_bin(reply, der, (size_t)der_length);
	codec_pair_text(reply, "partnership", enrolment->partnership.name);
	codec_pair_text(reply, "person", enrolment->person.id);
	codec_pair_text(reply, "name", enrolment->person.name);
	codec_pair_text(reply, "key", key);
	codec_pair_text(reply, "expires", expires);
	OPENSSL_free(der);
	return reply->failed ? error_memory(err) : STATUS_OK;
}

/* The person as they are now; whoever left the directory since the invitation is not let in. */
static enum status load_person(struct request *request, struct enrolment *enrolment, struct error *err)
{
	const struct invitation_row *row = &enrolment->invitation;
	enum status status = person_load(request->context, request->arena, row->partnership, row->person,
					 &enrolment->person, err);

	if (status == STATUS_OK && enrolment->person.removed) {
		return not_valid(err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	return store_partnership_get(request->context->store, request->arena, row->partnership,
				     &enrolment->partnership, err);
}

enum status handle_enrol(struct request *request, struct error *err)
{
	struct enrolment enrolment = {0};
	struct credential_wish wish = {0};
	enum status status = enrolment_check_protocol(codec_get_int(request->params, "protocol", 0), err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = read_device(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = admit(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = load_person(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = read_key(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	if (enrolment.again) {
		status = end_first(request, &enrolment, err);
		if (status != STATUS_OK) {
			goto out;
		}
	}
	status = take_account(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	wish.account = enrolment.account;
	wish.name = enrolment.person.name;
	wish.device = enrolment.device;
	wish.key = enrolment.key;
	status = credential_issue(request->context, request->arena, &wish, &enrolment.issued, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = consume(request, &enrolment, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = answer(request, &enrolment, err);
out:
	EVP_PKEY_free(enrolment.key);
	return status;
}
