/* The engine's order of things: a request that was answered before gets its first answer; otherwise read, resolve,
 * judge, apply. A refusal is an answer too, and is remembered with the same care. */
#include "server/records/engine.h"

#include "common/clock.h"
#include "server/records/changeset.h"

#include <string.h>

/* ---- answers already given ---- */

static enum status digest_params(const msgpack_object *params, struct digest *out, struct error *err)
{
	struct buffer packed;

	buffer_init(&packed, 1 << 26);
	codec_put_object(&packed, params);
	if (packed.failed) {
		buffer_release(&packed);
		return error_memory(err);
	}
	digest_bytes(packed.data, packed.length, out);
	buffer_release(&packed);
	return STATUS_OK;
}

/* Gives the answer of the first time: a result, or the same refusal. */
static enum status replay(struct request *request, const msgpack_object *answer, struct error *err)
{
	const msgpack_object *details = codec_get(answer, "details");

	if (!codec_is_nil(codec_get(answer, "result"))) {
		codec_put_object(&request->reply, codec_get(answer, "result"));
		return STATUS_OK;
	}
	message_read_error(codec_get(answer, "error"), err);
	if (!codec_is_nil(details)) {
		codec_put_object(&request->details, details);
	}
	return err->status;
}

static enum status put_answer(struct request *request, const struct buffer *answer, struct error *err)
{
	struct span id = {NULL, 0};
	struct digest params;

	(void)codec_bin(codec_get(request->params, "request"), &id);
	if (answer->failed) {
		return error_memory(err);
	}
	if (digest_params(request->params, &params, err) != STATUS_OK) {
		return err->status;
	}
	return store_answer_put(request->context->store, request->session->account, id, &params,
				buffer_span(answer), request->session->now, err);
}

static enum status remember_result(struct request *request, size_t result_at, struct error *err)
{
	struct buffer answer;
	enum status status = STATUS_OK;

	buffer_init(&answer, 1 << 26);
	codec_put_map(&answer, 1);
	codec_put_text(&answer, "result");
	codec_put_raw(&answer,
		      (struct span){request->reply.data + result_at, request->reply.length - result_at});
	status = put_answer(request, &answer, err);
	buffer_release(&answer);
	return status;
}

static enum status remember_refusal(struct request *request, const struct error *failure, struct error *err)
{
	struct buffer answer;
	enum status status = STATUS_OK;

	if (request->details.failed) {
		return error_memory(err);
	}
	buffer_init(&answer, 1 << 26);
	codec_put_map(&answer, 2);
	codec_put_text(&answer, "error");
	message_put_error_map(&answer, failure, (struct span){NULL, 0});
	codec_put_text(&answer, "details");
	if (request->details.length > 0) {
		codec_put_raw(&answer, buffer_span(&request->details));
	} else {
		codec_put_nil(&answer);
	}
	status = put_answer(request, &answer, err);
	buffer_release(&answer);
	return status;
}

/* *done: the answer was given before, and err or the reply holds it. */
static enum status look_up(struct request *request, bool *done, struct error *err)
{
	struct span id = {NULL, 0};
	struct span answer;
	struct digest asked;
	struct digest params;
	const msgpack_object *map = NULL;
	enum status status = STATUS_OK;

	if (!codec_bin(codec_get(request->params, "request"), &id) || id.length != 16) {
		return error_set(err, STATUS_INVALID, "request: must be 16 bytes.");
	}
	status = store_answer_get(request->context->store, request->arena, request->session->account, id,
				  &asked, &answer, err);
	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		return STATUS_OK;
	}
	if (status != STATUS_OK || digest_params(request->params, &params, err) != STATUS_OK) {
		return err->status;
	}
	if (!digest_equal(&asked, &params)) {
		error_set(err, STATUS_INVALID, "This request id was used before, for another change.");
		return error_hint(err, "Draw 16 new random bytes for each new request.");
	}
	*done = true;
	status = codec_decode(request->arena, answer, &map, err);
	return status == STATUS_OK ? replay(request, map, err) : status;
}

/* ---- a change-set ---- */

/* Which item was refused, for whoever sent several: {item: its place, from 0}. A conflict has details of its own. */
static void name_item(const struct change_set *set, size_t count, enum status status)
{
	if (status != STATUS_CONFLICT && count > 1) {
		buffer_clear(set->details);
		codec_put_map(set->details, 1);
		codec_pair_int(set->details, "item", (int64_t)set->at);
	}
}

static enum status carry_out(struct change_set *set, struct request *request, int64_t *entry,
			     struct error *err)
{
	const msgpack_object *changes = codec_get(request->params, "changes");
	struct span id = {NULL, 0};

	(void)codec_bin(codec_get(request->params, "request"), &id);
	if ((int64_t)codec_count(changes) > set->context->limits->changes_per_request) {
		error_set(err, STATUS_INVALID,
			  "The change-set changes %zu records; at most %lld are allowed.",
			  codec_count(changes), (long long)set->context->limits->changes_per_request);
		return error_hint(err, "Send it in parts.");
	}
	if (set_read(set, changes, err) != STATUS_OK || set_resolve(set, err) != STATUS_OK ||
	    set_judge(set, err) != STATUS_OK) {
		name_item(set, codec_count(changes), err->status);
		return err->status;
	}
	return set_apply(set, id, entry, err);
}

/* NULL: none was given; blanks are none. */
static const char *reason_of(const struct request *request)
{
	const char *reason = codec_get_string(request->arena, request->params, "reason");

	return reason != NULL && reason[strspn(reason, " \t\n")] != '\0' ? reason : NULL;
}

enum status engine_change(struct request *request, struct error *err)
{
	struct change_set set = {
		.context = request->context,
		.arena = request->arena,
		.session = request->session,
		.partnership = request->session->partnership,
		.now = request->session->now,
		.reason = reason_of(request),
		.details = &request->details,
	};
	size_t result_at = request->reply.length;
	int64_t entry = -1;
	bool done = false;
	enum status status = look_up(request, &done, err);

	if (status != STATUS_OK || done) {
		return status;
	}
	request->undo = codec_get_flag(request->params, "dry_run", false);
	visibility_init(&set.visibility, request->context, request->arena, request->session);
	if (carry_out(&set, request, &entry, err) != STATUS_OK ||
	    set_answer(&set, entry, request->undo, &request->reply, err) != STATUS_OK) {
		if (!request->undo && err->status != STATUS_FAILED && err->status != STATUS_UNREACHABLE) {
			request->afterwards = remember_refusal;
		}
		return err->status;
	}
	if (request->undo) {
		return STATUS_OK;
	}
	request->moved = entry >= 0 ? request->session->partnership : 0;
	return remember_result(request, result_at, err);
}

/* ---- the founding ---- */

static enum status seed_item(struct change_set *set, const struct record_seed *seed, struct buffer *out,
			     size_t position, struct error *err)
{
	const struct kind *kind = schema_kind(set->context->schema, seed->kind, strlen(seed->kind));
	size_t count = 0;
	size_t header = 0;
	const char *ref = arena_printf(set->arena, "@%zu", position + 1);

	if (kind == NULL || ref == NULL) {
		return error_set(err, STATUS_FAILED, "There is no kind %s.", seed->kind);
	}
	codec_put_map(out, 4);
	codec_pair_text(out, "do", "create");
	codec_pair_text(out, "kind", kind->name);
	codec_pair_text(out, "ref", ref);
	codec_put_text(out, "fields");
	header = codec_map_begin(out);
	for (size_t i = 0; seed->fields[i] != NULL; i += 2) {
		const struct field *field = kind_field(kind, seed->fields[i], strlen(seed->fields[i]));
		const msgpack_object *value = NULL;

		if (field == NULL) {
			return error_set(err, STATUS_FAILED, "A %s has no field %s.", kind->name,
					 seed->fields[i]);
		}
		if (field_parse(set->arena, set->context->schema, field, seed->fields[i + 1], &value, err) !=
		    STATUS_OK) {
			return err->status;
		}
		codec_pair_object(out, field->name, value);
		count++;
	}
	codec_map_end(out, header, count);
	return STATUS_OK;
}

enum status records_found(struct context *context, struct arena *arena, int64_t partnership, const char *by,
			  const struct record_seed *seeds, size_t count, struct error *err)
{
	struct buffer packed;
	struct buffer details;
	struct change_set set = {
		.context = context,
		.arena = arena,
		.partnership = partnership,
		.now = clock_now(),
		.reason = by,
		.details = &details,
	};
	const msgpack_object *changes = NULL;
	size_t refused = arena_refused(arena);
	int64_t entry = 0;
	enum status status = STATUS_OK;

	buffer_init(&packed, 1 << 20);
	buffer_init(&details, 1 << 20);
	visibility_init(&set.visibility, context, arena, NULL);
	codec_put_list(&packed, count);
	for (size_t i = 0; i < count; i++) {
		if ((status = seed_item(&set, &seeds[i], &packed, i, err)) != STATUS_OK) {
			goto out;
		}
	}
	if ((status = codec_decode(arena, buffer_span(&packed), &changes, err)) != STATUS_OK ||
	    (status = set_read(&set, changes, err)) != STATUS_OK ||
	    (status = set_resolve(&set, err)) != STATUS_OK) {
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (seeds[i].state != NULL && (status = item_set_text(&set, &set.items[i], "state",
								      seeds[i].state, err)) != STATUS_OK) {
			goto out;
		}
	}
	if ((status = set_judge(&set, err)) != STATUS_OK) {
		goto out;
	}
	status = set_apply(&set, (struct span){NULL, 0}, &entry, err);
	if (arena_refused(arena) != refused) {
		status = error_memory(err);
	}
out:
	buffer_release(&packed);
	buffer_release(&details);
	return status;
}
