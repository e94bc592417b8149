/* Who sits on a body: the answer to "who could decide that day". As of an earlier day it is what stood in the journal
 * then, not what was entered since. */
#include "server/request.h"

#include "server/records/query.h"

#include <string.h>

static enum status title_of(struct visibility *v, const char *id, const char **out, struct error *err)
{
	struct record record;

	*out = "";
	if (id[0] == '\0') {
		return STATUS_OK;
	}
	if (record_load_visible(v, id, strlen(id), &record, err) != STATUS_OK) {
		return err->status == STATUS_NOT_FOUND ? STATUS_OK : err->status;
	}
	*out = record_text(v->arena, &record, record.kind->title);
	return STATUS_OK;
}

static enum status put_member(struct visibility *v, const struct record *appointment, struct buffer *out,
			      struct error *err)
{
	const char *person = record_text(v->arena, appointment, "person");
	const char *organisation = record_text(v->arena, appointment, "organisation");
	const char *name = NULL;
	const char *organisation_name = NULL;

	if (title_of(v, person, &name, err) != STATUS_OK ||
	    title_of(v, organisation, &organisation_name, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(out, 8);
	codec_pair_text(out, "appointment", appointment->id);
	codec_pair_text(out, "person", person);
	codec_pair_text(out, "name", name);
	codec_pair_text(out, "post", record_text(v->arena, appointment, "post"));
	codec_pair_text(out, "organisation", organisation);
	codec_pair_text(out, "organisation_name", organisation_name);
	codec_pair_text(out, "from", record_text(v->arena, appointment, "from"));
	codec_pair_text(out, "to", record_text(v->arena, appointment, "to"));
	return STATUS_OK;
}

/* The day that an entry was made on; today for the present. */
static enum status day_of_entry(struct request *request, int64_t entry, day_t *out, struct error *err)
{
	struct leaf_row leaf;

	*out = request->session->today;
	if (entry < 0) {
		return STATUS_OK;
	}
	if (store_leaf_get(request->context->store, request->arena, request->session->partnership, entry,
			   &leaf, err) != STATUS_OK) {
		return err->status;
	}
	*out = day_of_time(leaf.at);
	return STATUS_OK;
}

enum status handle_members(struct request *request, struct error *err)
{
	struct span id = codec_get_text(request->params, "body");
	struct span as_of = codec_get_text(request->params, "as_of");
	struct query query = {
		.kind = schema_kind(request->context->schema, "appointment", strlen("appointment"))};
	struct visibility visibility;
	struct record body;
	struct found found;
	char day_text[DATE_TEXT];
	day_t day = 0;
	size_t count = 0;
	size_t header = 0;

	visibility_init(&visibility, request->context, request->arena, request->session);
	if (record_load_visible(&visibility, (const char *)id.data, id.length, &body, err) != STATUS_OK ||
	    query_as_of(request->context, request->session->partnership, request->params, &query.entry,
			err) != STATUS_OK ||
	    day_of_entry(request, query.entry, &day, err) != STATUS_OK ||
	    query_many(&visibility, &query, &found, err) != STATUS_OK) {
		return err->status;
	}
	if (strcmp(body.kind->name, "body") != 0) {
		return error_set(err, STATUS_INVALID, "%s is no body, and only a body has members.", body.id);
	}
	(void)date_parse((const char *)as_of.data, as_of.length,
			 &day); /* a date is that day, whenever the entry was */
	date_format(day, day_text);
	codec_put_map(&request->reply, 2);
	codec_pair_text(&request->reply, "day", day_text);
	codec_put_text(&request->reply, "members");
	header = codec_list_begin(&request->reply);
	for (size_t i = 0; i < found.count; i++) {
		const struct record *appointment = &found.records[i];

		if (strcmp(record_text(request->arena, appointment, "body"), body.id) != 0 ||
		    strcmp(record_text(request->arena, appointment, "state"), "confirmed") != 0 ||
		    !appointment_covers(request->arena, appointment, day)) {
			continue;
		}
		if (put_member(&visibility, appointment, &request->reply, err) != STATUS_OK) {
			return err->status;
		}
		count++;
	}
	codec_list_end(&request->reply, header, count);
	return STATUS_OK;
}
