/* Beginning a watch: what is wanted, checked, and where it begins. The rest is in live/. */
#include "server/request.h"

#include "server/records/visible.h"

#include <stdio.h>
#include <string.h>

static enum status read_kind(struct request *request, struct error *err)
{
	struct span name = codec_get_text(request->params, "kind");
	const struct kind *kind = NULL;

	if (name.data == NULL) {
		return STATUS_OK;
	}
	kind = schema_kind(request->context->schema, (const char *)name.data, name.length);
	if (kind == NULL) {
		return error_set(err, STATUS_INVALID, "There is no kind \"%.*s\".", (int)name.length,
				 (const char *)name.data);
	}
	snprintf(request->watch.kind, sizeof(request->watch.kind), "%s", kind->name);
	return STATUS_OK;
}

/* A parameter that names a record: one that may be seen, so that nothing is learnt from an answer. One that was removed
 * counts as it last stood: a watcher that comes back is still to be told that it is gone. `kind` NULL: of any. */
static enum status read_record(struct request *request, const char *param, const char *kind,
			       char out[ID_TEXT], struct error *err)
{
	struct span id = codec_get_text(request->params, param);
	struct visibility visibility;
	struct record record;

	if (id.data == NULL) {
		return STATUS_OK;
	}
	visibility_init(&visibility, request->context, request->arena, request->session);
	if (record_load_visible_last(&visibility, (const char *)id.data, id.length, &record, err) !=
	    STATUS_OK) {
		return err->status;
	}
	if (kind != NULL && strcmp(record.kind->name, kind) != 0) {
		error_set(err, STATUS_INVALID, "%s: %s is no %s.", param, record.id, kind);
		return error_hint(err, "`safer %s list` shows which there are.", kind);
	}
	memcpy(out, record.id, ID_TEXT);
	return STATUS_OK;
}

enum status handle_watch(struct request *request, struct error *err)
{
	struct watch_wish *wish = &request->watch;
	int64_t entries = 0;

	if (read_kind(request, err) != STATUS_OK ||
	    read_record(request, "id", NULL, wish->id, err) != STATUS_OK ||
	    read_record(request, "owner", "body", wish->owner, err) != STATUS_OK ||
	    read_record(request, "under", NULL, wish->under, err) != STATUS_OK ||
	    store_leaf_count(request->context->store, request->session->partnership, &entries, err) !=
		    STATUS_OK) {
		return err->status;
	}
	wish->since = codec_get_int(request->params, "since", entries - 1);
	if (wish->since >= entries) {
		error_set(err, STATUS_INVALID, "since: the journal ends at entry %lld.",
			  (long long)entries - 1);
		return error_hint(err, "If you saw a later entry, the server has lost some of its journal: "
				       "run `safer journal check`.");
	}
	wish->partnership = request->session->partnership;
	wish->presence = codec_get_flag(request->params, "presence", false);
	wish->begin = true;
	codec_put_map(&request->reply, 2);
	codec_pair_int(&request->reply, "watch", wish->number);
	codec_pair_int(&request->reply, "entry", wish->since);
	return STATUS_OK;
}
