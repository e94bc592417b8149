/* The journal as people may read it: its signed head, its entries, and the proofs. An entry shows as much of its
 * changes as the records themselves would show; the leaf's own bytes go only to who may see every change in it. */
#include "server/request.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/settled.h"
#include "server/session.h"

#include <string.h>

static void put_proof(struct buffer *out, const struct merkle_proof *proof)
{
	codec_put_text(out, "proof");
	codec_put_list(out, proof->count);
	for (size_t i = 0; i < proof->count; i++) {
		codec_put_bin(out, proof->hashes[i].bytes, DIGEST_BYTES);
	}
}

enum status handle_journal_head(struct request *request, struct error *err)
{
	struct context *context = request->context;
	int64_t from = codec_get_int(request->params, "from", 0);
	struct merkle_proof proof = {.count = 0};
	struct partnership partnership;
	char key[CHECKPOINT_KEY];
	const char *note = NULL;
	int64_t size = 0;

	if (store_partnership_get(context->store, request->arena, request->session->partnership, &partnership,
				  err) != STATUS_OK ||
	    journal_head(context->store, request->arena, partnership.number, &note, &size, err) !=
		    STATUS_OK ||
	    checkpoint_key(partnership.origin, context->journal_public, key, err) != STATUS_OK) {
		return err->status;
	}
	if (from > size) {
		return error_set(err, STATUS_UNVERIFIED,
				 "The journal has %lld entries, fewer than the %lld you know of.",
				 (long long)size, (long long)from);
	}
	if (from > 0 && from < size &&
	    journal_prove_growth(context->store, partnership.number, from, size, &proof, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&request->reply, 3);
	codec_pair_text(&request->reply, "head", note);
	put_proof(&request->reply, &proof);
	codec_pair_text(&request->reply, "key", key);
	return STATUS_OK;
}

/* ---- entries ---- */

struct entry_view { /* one entry, as this session sees it */
	struct request *request;
	struct visibility visibility;
	struct buffer changes;  /* packed {id, kind, revision, verb, title, fields} of what may be seen */
	struct buffer openings; /* packed {id, field, salt, value} */
	struct buffer settled;  /* the same, of values that were given up in conflicts */
	size_t change_count;
	size_t opening_count;
	size_t settled_count;
	size_t hidden; /* changes, or fields of changes, that may not be seen */
};

static void view_init(struct entry_view *view, struct request *request)
{
	*view = (struct entry_view){.request = request};
	visibility_init(&view->visibility, request->context, request->arena, request->session);
	buffer_init(&view->changes, 1 << 24);
	buffer_init(&view->openings, 1 << 24);
	buffer_init(&view->settled, 1 << 24);
}

static void view_release(struct entry_view *view)
{
	buffer_release(&view->changes);
	buffer_release(&view->openings);
	buffer_release(&view->settled);
}

static void put_opening(struct entry_view *view, const struct record *record, const char *field,
			const msgpack_object *salt)
{
	codec_put_map(&view->openings, 4);
	codec_pair_text(&view->openings, "id", record->id);
	codec_pair_text(&view->openings, "field", field);
	codec_pair_object(&view->openings, "salt", salt);
	codec_pair_object(&view->openings, "value", codec_get(record->fields, field));
	view->opening_count++;
}

static enum status put_change(struct entry_view *view, const struct record *record, struct error *err)
{
	struct arena *arena = view->request->arena;
	uint64_t seen = record_fields_seen(&view->visibility, record);
	struct settled_view settled = {.visibility = &view->visibility, .record = record, .seen = seen};
	const msgpack_object *salts = NULL;
	size_t count = 0;
	size_t header = 0;

	if (codec_decode(arena, record->row.salts, &salts, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(&view->changes, codec_get(salts, SETTLED_KEY) ? 7 : 6);
	codec_pair_text(&view->changes, "id", record->id);
	codec_pair_text(&view->changes, "kind", record->kind->name);
	codec_pair_int(&view->changes, "revision", record->row.revision);
	codec_pair_text(&view->changes, "verb", record->row.verb);
	codec_pair_text(&view->changes, "title", record_text(arena, record, record->kind->title));
	codec_put_text(&view->changes, "fields");
	header = codec_map_begin(&view->changes);
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const char *name = record->kind->fields[i].name;
		const msgpack_object *salt = codec_get(salts, name);

		if (salt == NULL) {
			continue;
		}
		if ((seen >> i & 1) == 0) {
			view->hidden++;
			continue;
		}
		codec_pair_object(&view->changes, name, codec_get(record->fields, name));
		put_opening(view, record, name, salt);
		count++;
	}
	codec_map_end(&view->changes, header, count);
	view->change_count++;
	if (codec_get(salts, SETTLED_KEY) == NULL) {
		return STATUS_OK;
	}
	codec_put_text(&view->changes, "settled");
	if (settled_put(&settled, &view->changes, err) != STATUS_OK ||
	    settled_put_openings(&settled, &view->settled, err) != STATUS_OK) {
		return err->status;
	}
	view->settled_count += settled.shown;
	view->hidden += settled.hidden;
	return STATUS_OK;
}

/* A version is shown when it may be seen as it was, and the record as it stands today. */
static enum status version_visible(struct entry_view *view, const struct record *record, bool *out,
				   struct error *err)
{
	*out = true;
	if (!record->row.removed && record_visible(&view->visibility, record, out, err) != STATUS_OK) {
		return err->status;
	}
	return *out ? record_visible_today(&view->visibility, record, out, err) : STATUS_OK;
}

static enum status visit_version(void *payload, const struct record_row *row, struct error *err)
{
	struct entry_view *view = payload;
	const struct kind *kind = schema_kind(view->request->context->schema, row->kind, strlen(row->kind));
	struct record record;
	bool visible = false;

	if (kind == NULL) {
		view->hidden++;
		return STATUS_OK;
	}
	if (record_decode(view->request->arena, kind, row, &record, err) != STATUS_OK ||
	    version_visible(view, &record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible) {
		view->hidden++;
		return STATUS_OK;
	}
	return put_change(view, &record, err);
}

/* Account events are for administrators and auditors, and everybody sees their own; what changed records is for who
 * may see one of the records. */
static bool entry_visible(const struct entry_view *view, const struct leaf_row *leaf)
{
	const struct session *session = view->request->session;

	if (view->change_count > 0 || leaf->person == session->person) {
		return true;
	}
	if (strcmp(leaf->what, "change") == 0) {
		return false;
	}
	return (session->roles & (ROLE_ADMINISTRATOR | ROLE_AUDITOR)) != 0;
}

/* What a leaf says beyond its row. */
static enum status put_entry(struct entry_view *view, const struct leaf_row *row, struct buffer *out,
			     struct error *err)
{
	struct arena *arena = view->request->arena;
	const msgpack_object *leaf = NULL;
	bool whole = view->change_count > 0 || strcmp(row->what, "change") != 0 ||
		     row->person == view->request->session->person;
	char at[TIME_TEXT];

	if (codec_decode(arena, row->leaf, &leaf, err) != STATUS_OK) {
		return err->status;
	}
	time_format(row->at, at);
	codec_put_map(out, 11);
	codec_pair_int(out, "entry", row->number);
	codec_pair_text(out, "at", at);
	codec_pair_text(out, "what", row->what);
	codec_pair_object(out, "person", codec_get(leaf, "person"));
	codec_pair_text(out, "by", row->by);
	codec_pair_object(out, "post", codec_get(leaf, "post"));
	codec_pair_object(out, "body", codec_get(leaf, "body"));
	codec_pair_object(out, "note", codec_get(leaf, "note"));
	codec_pair_text(out, "reason", whole ? row->reason : NULL);
	codec_put_text(out, "changes");
	codec_put_list(out, view->change_count);
	codec_put_raw(out, buffer_span(&view->changes));
	codec_pair_int(out, "hidden", (int64_t)view->hidden);
	return view->changes.failed ? error_memory(err) : STATUS_OK;
}

static enum status look_at(struct entry_view *view, const struct leaf_row *leaf, struct error *err)
{
	return store_version_each_of_entry(view->request->context->store, view->request->session->partnership,
					   leaf->number, visit_version, view, err);
}

struct listing {
	struct request *request;
	int64_t limit;
	size_t count;
};

static enum status list_leaf(void *payload, const struct leaf_row *row, struct error *err)
{
	struct listing *listing = payload;
	struct entry_view view;
	enum status status = STATUS_OK;

	view_init(&view, listing->request);
	status = look_at(&view, row, err);
	if (status == STATUS_OK && entry_visible(&view, row)) {
		status = put_entry(&view, row, &listing->request->reply, err);
		listing->count++;
	}
	view_release(&view);
	if (status == STATUS_OK && listing->count == (size_t)listing->limit) {
		return STATUS_INTERRUPTED; /* the page is full */
	}
	return status;
}

enum status handle_journal_list(struct request *request, struct error *err)
{
	struct listing listing = {.request = request, .limit = codec_get_int(request->params, "limit", 50)};
	int64_t before = 0;
	size_t header = 0;

	if (store_leaf_count(request->context->store, request->session->partnership, &before, err) !=
	    STATUS_OK) {
		return err->status;
	}
	before = codec_get_int(request->params, "before", before);
	listing.limit = listing.limit < 1 ? 1 : listing.limit;
	codec_put_map(&request->reply, 1);
	codec_put_text(&request->reply, "entries");
	header = codec_list_begin(&request->reply);
	if (before > 0 && store_leaf_each(request->context->store, request->session->partnership, before - 1,
					  true, list_leaf, &listing, err) != STATUS_OK) {
		return err->status;
	}
	codec_list_end(&request->reply, header, listing.count);
	return STATUS_OK;
}

enum status handle_journal_show(struct request *request, struct error *err)
{
	struct store *store = request->context->store;
	int64_t number = codec_get_int(request->params, "entry", 0);
	int64_t partnership = request->session->partnership;
	struct entry_view view;
	struct leaf_row leaf;
	struct merkle_proof proof;
	struct digest hash;
	const char *note = NULL;
	int64_t size = 0;
	enum status status = store_leaf_get(store, request->arena, partnership, number, &leaf, err);

	view_init(&view, request);
	if (status == STATUS_OK) {
		status = look_at(&view, &leaf, err);
	}
	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !entry_visible(&view, &leaf))) {
		status = error_set(err, STATUS_NOT_FOUND, "There is no journal entry %lld that you may see.",
				   (long long)number);
	}
	if (status != STATUS_OK ||
	    (status = journal_head(store, request->arena, partnership, &note, &size, err)) != STATUS_OK ||
	    (status = journal_prove_entry(store, partnership, number, size, &proof, err)) != STATUS_OK) {
		goto out;
	}
	merkle_leaf(leaf.leaf, &hash);
	codec_put_map(&request->reply, 7);
	codec_put_text(&request->reply, "entry");
	if ((status = put_entry(&view, &leaf, &request->reply, err)) != STATUS_OK) {
		goto out;
	}
	codec_put_text(&request->reply, "leaf");
	if (view.hidden == 0) {
		codec_put_bin(&request->reply, leaf.leaf.data, leaf.leaf.length);
	} else {
		codec_put_nil(&request->reply);
	}
	codec_put_text(&request->reply, "hash");
	codec_put_bin(&request->reply, hash.bytes, DIGEST_BYTES);
	codec_put_text(&request->reply, "openings");
	codec_put_list(&request->reply, view.opening_count);
	codec_put_raw(&request->reply, buffer_span(&view.openings));
	codec_put_text(&request->reply, "settled");
	codec_put_list(&request->reply, view.settled_count);
	codec_put_raw(&request->reply, buffer_span(&view.settled));
	codec_pair_text(&request->reply, "head", note);
	put_proof(&request->reply, &proof);
	if (view.openings.failed || view.settled.failed) {
		status = error_memory(err);
	}
out:
	view_release(&view);
	return status;
}
