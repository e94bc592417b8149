/* What was said about a record: below the record, and said by `safer comment on`. */
#include "client/comments.h"

#include "client/change.h"
#include "client/commands.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>

#define SHOWN 5 /* the last ones */

static const struct kind *comment_kind(struct client *client)
{
	return client->schema != NULL ? schema_kind(client->schema, "comment", strlen("comment")) : NULL;
}

static enum status ask(struct client *client, const char *id, const char *as_of, int64_t offset,
		       const msgpack_object **result, struct error *err)
{
	struct buffer *params = client_buffer(client);

	if (params == NULL) {
		return error_memory(err);
	}
	codec_put_map(params, as_of != NULL ? 5 : 4);
	codec_pair_text(params, "kind", "comment");
	codec_put_text(params, "where");
	codec_put_list(params, 1);
	codec_put_map(params, 3);
	codec_pair_text(params, "field", "about");
	codec_pair_text(params, "is", "is");
	codec_pair_text(params, "value", id);
	codec_pair_int(params, "limit", SHOWN);
	codec_pair_int(params, "offset", offset);
	if (as_of != NULL) {
		codec_pair_text(params, "as_of", as_of);
	}
	return client_call(client, METHOD_list, params, result, err);
}

/* "C4  2014-05-01 09:30  Petra Probation" and the words below it. */
static enum status print_one(struct client *client, const msgpack_object *record, struct error *err)
{
	struct output *output = &client->output;
	const msgpack_object *created = codec_get(record, "created");
	const msgpack_object *fields = codec_get(record, "fields");
	const char *id = codec_get_string(client->arena, record, "id");
	const char *by = codec_get_string(client->arena, created, "by");
	const char *when = record_when(client, created, true);
	const char *text = codec_get_string(client->arena, fields, "text");
	const char *marking = codec_get_string(client->arena, fields, "marking");

	if (when == NULL) {
		return error_memory(err);
	}
	(void)fprintf(output->file, "  %s  %s  %s%s%s%s\n    ", id != NULL ? id : "", when,
		      by != NULL ? by : "", marking != NULL ? " (" : "", marking != NULL ? marking : "",
		      marking != NULL ? ")" : "");
	print_wrapped(output, text != NULL ? text : "", 4);
	return STATUS_OK;
}

enum status comments_print(struct client *client, const char *id, const char *as_of, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *records = NULL;
	int64_t total = 0;
	enum status status = STATUS_OK;

	if (comment_kind(client) == NULL) {
		return STATUS_OK;
	}
	status = ask(client, id, as_of, 0, &result, err);
	total = status == STATUS_OK ? codec_get_int(result, "total", 0) : 0;
	if (total > SHOWN) {
		status = ask(client, id, as_of, total - SHOWN, &result, err);
	}
	if (status != STATUS_OK || total == 0) {
		return status;
	}
	records = codec_get(result, "records");
	(void)fprintf(client->output.file, "\ncomments");
	if (total > SHOWN) {
		(void)fprintf(client->output.file, ", the last %d of %lld (\"safer comment list about=%s\")",
			      SHOWN, (long long)total, id);
	}
	(void)fputc('\n', client->output.file);
	for (size_t i = 0; i < list_size(records) && status == STATUS_OK; i++) {
		status = print_one(client, list_item(records, i), err);
	}
	return status;
}

/* The words after the id, whether they were quoted as one or not. */
static enum status words_said(struct client *client, const char **out, struct error *err)
{
	const char *text = "";

	for (size_t i = 1; text != NULL && i < client->name_count; i++) {
		text = arena_printf(client->arena, "%s%s%s", text, i > 1 ? " " : "", client->names[i]);
	}
	*out = text;
	return text != NULL ? STATUS_OK : error_memory(err);
}

enum status command_comment_on(struct client *client, struct error *err)
{
	struct changeset set = {0};
	const struct kind *kind = NULL;
	const char *text = NULL;
	char id[ID_TEXT];
	enum status status = client_schema(client, err);

	if (status == STATUS_OK && comment_kind(client) == NULL) {
		return error_set(err, STATUS_NOT_FOUND, "this server is older, and has no comments");
	}
	if (status == STATUS_OK) {
		status = client_id(client, client->names[0], &kind, id, err);
	}
	if (status == STATUS_OK) {
		status = words_said(client, &text, err);
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &set, err);
	}
	if (status == STATUS_OK) {
		const struct changeset_field fields[] = {
			{"about", codec_make_text(client->arena, id, strlen(id))},
			{"text", codec_make_text(client->arena, text, strlen(text))},
		};

		client->kind = comment_kind(client);
		changeset_create(&set, client->kind, NULL, fields, 2);
		status = change_send(client, &set, true, err);
	}
	changeset_release(&set);
	return status;
}
