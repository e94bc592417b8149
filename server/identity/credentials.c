/* The life of a device's certificates: issued, renewed, used, ended. */
#include "server/identity/credentials.h"

#include "common/clock.h"
#include "server/identity/authority.h"
#include "server/identity/key_files.h"
#include "server/settings.h"

#define DAY (INT64_C(86400) * 1000000)

static enum status copy_certificate(struct arena *arena, X509 *certificate, struct span *out,
				    struct error *err)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	enum status status = STATUS_OK;
	const uint8_t *copy = NULL;

	if (length <= 0) {
		return key_error(err, "write out a certificate");
	}
	copy = arena_copy(arena, der, (size_t)length);
	if (copy == NULL) {
		status = error_memory(err);
	} else {
		*out = (struct span){copy, (size_t)length};
	}
	OPENSSL_free(der);
	return status;
}

enum status credential_issue(struct context *context, struct arena *arena, const struct credential_wish *wish,
			     struct credential_issued *out, struct error *err)
{
	int64_t now = clock_machine();
	struct certificate_wish paper = {
		.key = wish->key,
		.name = wish->name,
		.account = wish->account,
		.from = now - CERTIFICATE_EARLY,
		.to = now + context->settings->certificate_days * DAY,
	};
	struct credential_row row = {
		.account = wish->account,
		.device = wish->device,
		.issued_at = now,
		.expires_at = paper.to,
		.replaces = wish->replaces,
		.signed_in_day = INT32_MIN,
	};
	struct credential_issued issued = {.expires_at = paper.to};
	X509 *certificate = NULL;
	enum status status = authority_issue(context->authority, &paper, &certificate, err);

	if (status != STATUS_OK) {
		goto out;
	}
	status = copy_certificate(arena, certificate, &issued.certificate, err);
	if (status != STATUS_OK) {
		goto out;
	}
	digest_bytes(issued.certificate.data, issued.certificate.length, &row.fingerprint);
	if (!authority_digest_key(wish->key, &row.key)) {
		status = error_memory(err);
		goto out;
	}
	status = store_credential_add(context->store, &row, &issued.number, err);
	if (status != STATUS_OK) {
		goto out;
	}
	*out = issued;
out:
	X509_free(certificate);
	return status;
}

/* Whether one of two credentials was issued to take over from the other. */
static bool linked(const struct credential_row *a, const struct credential_row *b)
{
	return a->replaces == b->number || b->replaces == a->number;
}

/* Marks the living credentials that hang together with a marked one; false when there was none to add. */
static bool mark_linked(const struct credential_row *rows, bool *marked, size_t count)
{
	bool grew = false;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count && !marked[i] && rows[i].revoked_at == 0; j++) {
			if (marked[j] && linked(&rows[i], &rows[j])) {
				marked[i] = true;
				grew = true;
			}
		}
	}
	return grew;
}

enum status credential_end_device(struct store *store, struct arena *arena,
				  const struct credential_row *credential, int64_t at, const char *why,
				  int64_t *in_use, struct error *err)
{
	struct credential_row *rows = NULL;
	bool *marked = NULL;
	size_t count = 0;
	int64_t used = credential->number;
	enum status status = store_credential_list(store, arena, credential->account, &rows, &count, err);

	if (status != STATUS_OK) {
		return status;
	}
	marked = arena_array(arena, count, sizeof(*marked));
	if (marked == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		marked[i] = rows[i].number == credential->number;
	}
	while (mark_linked(rows, marked, count)) {
	}
	for (size_t i = 0; i < count; i++) {
		if (!marked[i] || rows[i].revoked_at != 0) {
			continue;
		}
		status = store_credential_revoke(store, rows[i].number, at, why, err);
		if (status != STATUS_OK) {
			return status;
		}
		if (rows[i].used_at != 0) {
			used = rows[i].number;
		}
	}
	*in_use = used;
	return STATUS_OK;
}

enum status credential_end_unused_renewals(struct store *store, struct arena *arena,
					   const struct credential_row *credential, int64_t at,
					   struct error *err)
{
	struct credential_row *rows = NULL;
	size_t count = 0;
	enum status status = store_credential_list(store, arena, credential->account, &rows, &count, err);

	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		if (rows[i].replaces == credential->number && rows[i].used_at == 0 &&
		    rows[i].revoked_at == 0) {
			status = store_credential_revoke(store, rows[i].number, at,
							 "renewed again before it was used", err);
		}
	}
	return status;
}

enum status credential_first_use(struct store *store, struct arena *arena,
				 const struct credential_row *credential, int64_t at, int64_t *ended,
				 struct error *err)
{
	struct credential_row replaced;
	enum status status =
		store_credential_used(store, credential->number, at, credential->signed_in_day, err);

	if (status == STATUS_OK) {
		*ended = 0;
	}
	if (status != STATUS_OK || credential->replaces == 0) {
		return status;
	}
	status = store_credential_get(store, arena, credential->replaces, &replaced, err);
	if (status == STATUS_OK && replaced.revoked_at == 0) {
		status = store_credential_revoke(store, replaced.number, at,
						 "replaced by a newer certificate", err);
	}
	if (status == STATUS_OK) {
		*ended = credential->replaces;
	}
	return status;
}
