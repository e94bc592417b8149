/* Makes and withdraws invitations. The server keeps only the hash of an invitation's secret: nobody can read it here
 * again, not even an administrator. enrolment.c is where an invitation is used. */
#include "server/identity/invitations.h"

#include "common/clock.h"
#include "server/identity/acts.h"
#include "server/identity/authority.h"
#include "server/identity/people.h"
#include "server/session.h"

#include <openssl/crypto.h>
#include <string.h>

#define HOUR  (INT64_C(3600) * 1000000)
#define DRAWS 8 /* ids drawn before giving up; 40 bits of them make a second draw a rarity */

void invitation_id_format(const uint8_t id[INVITATION_ID], char out[INVITATION_ID_TEXT])
{
	struct buffer text;

	buffer_init(&text, INVITATION_ID_TEXT - 1);
	out[0] = '\0';
	if (base32_append(&text, id, INVITATION_ID) && text.length < INVITATION_ID_TEXT) {
		memcpy(out, text.data, text.length);
		out[text.length] = '\0';
	}
	buffer_release(&text);
}

bool invitation_id_parse(struct span text, uint8_t id[INVITATION_ID])
{
	uint8_t bytes[INVITATION_ID];
	size_t length = 0;

	if (!base32_parse((const char *)text.data, text.length, bytes, sizeof(bytes), &length) ||
	    length != sizeof(bytes)) {
		return false;
	}
	memcpy(id, bytes, sizeof(bytes));
	return true;
}

/* Draws an id that no invitation of this server has had. */
static enum status draw_id(struct store *store, uint8_t id[INVITATION_ID], struct error *err)
{
	struct invitation_row taken;

	for (int i = 0; i < DRAWS; i++) {
		struct error why = ERROR_INIT;
		enum status status = STATUS_OK;

		if (!random_bytes(id, INVITATION_ID)) {
			break;
		}
		status = store_invitation_get(store, id, &taken, &why);
		if (status == STATUS_NOT_FOUND) {
			return STATUS_OK;
		}
		if (status != STATUS_OK) {
			*err = why;
			return status;
		}
	}
	return error_set(err, STATUS_FAILED, "The machine gave no random numbers for an invitation.");
}

static enum status fill(struct context *context, const char *host, uint16_t port, struct invitation *out,
			struct error *err)
{
	size_t length = strlen(host);

	if (length == 0 || length >= sizeof(out->host)) {
		error_set(err, STATUS_REFUSED, "The server's name \"%.80s\" does not fit into an invitation.",
			  host);
		return error_hint(err, "Put a name of at most %d characters first in the setting `names`.",
				  INVITATION_HOST - 1);
	}
	memcpy(out->host, host, length + 1);
	out->port = port;
	authority_fingerprint(context->authority, out->fingerprint);
	if (!random_bytes(out->secret, sizeof(out->secret))) {
		return error_set(err, STATUS_FAILED, "The machine gave no random numbers for an invitation.");
	}
	return draw_id(context->store, out->id, err);
}

static enum status journal_it(struct context *context, struct arena *arena, int64_t partnership,
			      const struct session *by, const char *note, struct error *err)
{
	struct act act = {
		.partnership = partnership,
		.what = "invitation",
		.note = note,
		.session = by,
		.roles = ROLE_ADMINISTRATOR,
		.person = "",
	};

	return note != NULL ? act_journal(context, arena, &act, err) : error_memory(err);
}

enum status invitation_make(struct context *context, struct arena *arena, int64_t partnership, int64_t person,
			    const struct session *by, int64_t hours, const char *host, uint16_t port,
			    char out[INVITATION_TEXT], int64_t *expires_at, struct error *err)
{
	struct invitation invitation = {.port = port};
	struct invitation_row row = {
		.partnership = partnership,
		.person = person,
		.created_at = clock_machine(),
		.created_by = by != NULL ? by->person : 0,
	};
	char text[INVITATION_TEXT] = "";
	char id[INVITATION_ID_TEXT];
	struct person invited;
	enum status status = person_load(context, arena, partnership, person, &invited, err);

	if (status == STATUS_OK && invited.removed) {
		status = error_set(err, STATUS_NOT_FOUND,
				   "%s is no longer in the directory and cannot be invited.", invited.id);
	}
	if (status != STATUS_OK) {
		goto out;
	}
	status = fill(context, host, port, &invitation, err);
	if (status != STATUS_OK) {
		goto out;
	}
	status = invitation_format(&invitation, text, err);
	if (status != STATUS_OK) {
		goto out;
	}
	memcpy(row.id, invitation.id, sizeof(row.id));
	digest_bytes(invitation.secret, sizeof(invitation.secret), &row.secret_hash);
	row.expires_at = row.created_at + hours * HOUR;
	status = store_invitation_add(context->store, &row, err);
	if (status != STATUS_OK) {
		goto out;
	}
	invitation_id_format(row.id, id);
	status = journal_it(context, arena, partnership, by, arena_printf(arena, "%s for %s", id, invited.id),
			    err);
	if (status != STATUS_OK) {
		goto out;
	}
	memcpy(out, text, sizeof(text));
	*expires_at = row.expires_at;
out:
	OPENSSL_cleanse(&invitation, sizeof(invitation));
	OPENSSL_cleanse(text, sizeof(text));
	return status;
}

enum status invitation_withdraw(struct context *context, struct arena *arena, const struct session *by,
				const uint8_t id[INVITATION_ID], struct error *err)
{
	struct invitation_row row;
	char text[INVITATION_ID_TEXT];
	enum status status = store_invitation_get(context->store, id, &row, err);

	invitation_id_format(id, text);
	if (status == STATUS_NOT_FOUND ||
	    (status == STATUS_OK && (row.partnership != by->partnership || row.ended_at != 0))) {
		error_set(err, STATUS_NOT_FOUND, "There is no open invitation %s in this partnership.", text);
		return error_hint(err, "`safer account list` shows the open ones.");
	}
	if (status != STATUS_OK) {
		return status;
	}
	row.ended_at = clock_machine();
	status = store_invitation_update(context->store, &row, err);
	if (status != STATUS_OK) {
		return status;
	}
	return journal_it(context, arena, by->partnership, by, arena_printf(arena, "%s withdrawn", text),
			  err);
}
