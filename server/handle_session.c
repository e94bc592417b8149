/* Opening a session, who one is, and the schema. */
#include "server/request.h"

#include "common/calendar.h"
#include "protocol/version.h"
#include "server/identity/enrolment.h"
#include "server/report/needs.h"
#include "server/schema/schema.h"
#include "server/session.h"

#define STATUS_NEEDS 50 /* the most that `status` lists; `inbox` has all of them */

static void put_proof(struct buffer *out, const struct merkle_proof *proof)
{
	codec_put_list(out, proof->count);
	for (size_t i = 0; i < proof->count; i++) {
		codec_put_bin(out, proof->hashes[i].bytes, DIGEST_BYTES);
	}
}

enum status handle_hello(struct request *request, struct error *err)
{
	const struct session *session = request->session;
	struct store *store = request->context->store;
	int64_t known = codec_get_int(request->params, "head", 0);
	struct merkle_proof proof = {.count = 0};
	char schema[2 * DIGEST_BYTES + 1];
	char expires[TIME_TEXT];
	const char *note = NULL;
	int64_t size = 0;

	if (enrolment_check_protocol(codec_get_int(request->params, "protocol", 0), err) != STATUS_OK ||
	    journal_head(store, request->arena, session->partnership, &note, &size, err) != STATUS_OK) {
		return err->status;
	}
	if (known > 0 && known < size &&
	    journal_prove_growth(store, session->partnership, known, size, &proof, err) != STATUS_OK) {
		return err->status;
	}
	hex_format(schema_digest()->bytes, DIGEST_BYTES, schema);
	time_format(session->credential.expires_at, expires);
	codec_put_map(&request->reply, 8);
	codec_pair_text(&request->reply, "server", SAFER_VERSION);
	codec_pair_int(&request->reply, "protocol", PROTOCOL_VERSION);
	codec_pair_text(&request->reply, "partnership", session->partnership_name);
	codec_pair_text(&request->reply, "person", session->person_id);
	codec_pair_text(&request->reply, "schema", schema);
	codec_pair_text(&request->reply, "head", note);
	codec_put_text(&request->reply, "proof");
	put_proof(&request->reply, &proof);
	codec_pair_text(&request->reply, "certificate_expires", expires);
	return STATUS_OK;
}

static void put_roles(struct buffer *out, unsigned roles)
{
	size_t count = 0;
	size_t header = codec_list_begin(out);

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if ((roles & role_rows[i].role) != 0) {
			codec_put_text(out, role_rows[i].name);
			count++;
		}
	}
	codec_list_end(out, header, count);
}

static void put_post(struct buffer *out, const struct post *post)
{
	codec_put_map(out, 8);
	codec_pair_text(out, "appointment", post->appointment);
	codec_pair_text(out, "post", post->post);
	codec_pair_text(out, "body", post->body);
	codec_pair_text(out, "body_name", post->body_name);
	codec_pair_text(out, "organisation", post->organisation);
	codec_pair_text(out, "organisation_name", post->organisation_name);
	codec_pair_text(out, "from", post->from);
	codec_pair_text(out, "to", post->to);
}

enum status handle_whoami(struct request *request, struct error *err)
{
	const struct session *session = request->session;
	struct buffer *out = &request->reply;
	char expires[TIME_TEXT];
	char today[DATE_TEXT];

	(void)err;
	time_format(session->credential.expires_at, expires);
	date_format(session->today, today);
	codec_put_map(out, 10);
	codec_pair_text(out, "partnership", session->partnership_name);
	codec_pair_text(out, "person", session->person_id);
	codec_pair_text(out, "name", session->name);
	codec_pair_int(out, "account", session->account);
	codec_pair_text(out, "device", session->credential.device);
	codec_pair_int(out, "credential", session->credential.number);
	codec_pair_text(out, "certificate_expires", expires);
	codec_put_text(out, "posts");
	codec_put_list(out, session->post_count);
	for (size_t i = 0; i < session->post_count; i++) {
		put_post(out, &session->posts[i]);
	}
	codec_put_text(out, "roles");
	put_roles(out, session->roles);
	codec_pair_text(out, "today", today);
	return STATUS_OK;
}

enum status handle_schema(struct request *request, struct error *err)
{
	struct span packed = schema_packed();
	char digest[2 * DIGEST_BYTES + 1];

	(void)err;
	hex_format(schema_digest()->bytes, DIGEST_BYTES, digest);
	codec_put_map(&request->reply, 2);
	codec_pair_text(&request->reply, "digest", digest);
	codec_put_text(&request->reply, "schema");
	codec_put_bin(&request->reply, packed.data, packed.length);
	return STATUS_OK;
}

enum status handle_status(struct request *request, struct error *err)
{
	const struct session *session = request->session;
	struct buffer *out = &request->reply;
	char today[DATE_TEXT];
	struct needs needs;
	int64_t entries = 0;

	if (store_leaf_count(request->context->store, session->partnership, &entries, err) != STATUS_OK ||
	    needs_gather(request->context, request->arena, session, &needs, err) != STATUS_OK) {
		return err->status;
	}
	date_format(session->today, today);
	codec_put_map(out, 8);
	codec_pair_text(out, "partnership", session->partnership_name);
	codec_pair_text(out, "name", session->name);
	codec_pair_text(out, "today", today);
	codec_put_text(out, "roles");
	put_roles(out, session->roles);
	codec_pair_int(out, "entries", entries);
	codec_pair_int(out, "waiting", (int64_t)needs.count);
	codec_put_text(out, "needs");
	needs_put(&needs, STATUS_NEEDS, out);
	codec_put_text(out, "counts");
	return needs_put_counts(request, out, err);
}

enum status handle_inbox(struct request *request, struct error *err)
{
	const struct session *session = request->session;
	int64_t most = request->context->limits->list_rows;
	int64_t limit = codec_get_int(request->params, "limit", most);
	struct buffer *out = &request->reply;
	char today[DATE_TEXT];
	struct needs needs;

	if (needs_gather(request->context, request->arena, session, &needs, err) != STATUS_OK) {
		return err->status;
	}
	date_format(session->today, today);
	codec_put_map(out, 3);
	codec_pair_text(out, "today", today);
	codec_pair_int(out, "waiting", (int64_t)needs.count);
	codec_put_text(out, "needs");
	needs_put(&needs, (size_t)(limit < most ? limit : most), out);
	return STATUS_OK;
}
