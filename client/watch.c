/* Following changes: one notice a line, for as long as the person likes. A connection that drops is made again, and
 * goes on behind what was shown. */
#include "client/commands.h"
#include "client/console.h"
#include "client/json.h"
#include "client/print.h"
#include "client/record.h"
#include "client/watch_place.h"
#include "common/text.h"

#include <string.h>

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS  30000
#define VALUE_COLUMNS    60

struct watch {
	struct client *client;
	const struct kind *kind;  /* NULL: any */
	char id[ID_TEXT];         /* "": any */
	struct watch_place place; /* -1: from now on */
};

/* The word of the command: nothing, a kind, or an id. */
static enum status read_target(struct watch *watch, const char *target, struct error *err)
{
	struct client *client = watch->client;

	if (!target) {
		return STATUS_OK;
	}
	watch->kind = schema_kind(client->schema, target, strlen(target));
	return watch->kind ? STATUS_OK : client_id(client, target, &watch->kind, watch->id, err);
}

static enum status begin(struct watch *watch, struct error *err)
{
	struct buffer *params = client_buffer(watch->client);
	const msgpack_object *result = NULL;
	size_t header;
	size_t count = 0;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	header = codec_map_begin(params);
	if (watch->id[0]) {
		codec_pair_text(params, "id", watch->id);
		count++;
	} else if (watch->kind) {
		codec_pair_text(params, "kind", watch->kind->name);
		count++;
	}
	if (watch->place.since >= 0) {
		codec_pair_int(params, "since", watch->place.since);
		count++;
	}
	codec_map_end(params, header, count);
	status = client_call(watch->client, METHOD_watch, params, &result, err);
	if (status == STATUS_OK && watch->place.since < 0) {
		watch_place_init(&watch->place, codec_get_int(result, "entry", -1));
	}
	return status;
}

/* What is there now, and what is awaited. Notices that come while it is read are not lost: the watch began before. */
static enum status introduce(struct watch *watch, struct error *err)
{
	struct client *client = watch->client;
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	enum status status = STATUS_OK;

	if (client->output.mode != OUTPUT_TABLE) {
		return STATUS_OK;
	}
	if (watch->id[0]) {
		status = record_read(client, watch->id, NULL, &record, &titles, err);
		if (status == STATUS_OK) {
			status = record_print(client, watch->kind, record, titles, err);
			(void)fputc('\n', client->output.file);
		}
	}
	(void)fflush(client->output.file);
	(void)fprintf(stderr, "watching %s after journal entry %lld; control-C ends\n",
		      watch->id[0]  ? watch->id
		      : watch->kind ? watch->kind->plural
				    : "everything that you may see",
		      (long long)watch->place.since);
	return status;
}

static void print_fields(struct client *client, const struct kind *kind, const msgpack_object *fields)
{
	const char *before = ": ";

	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const msgpack_object *value = codec_get(fields, kind->fields[i].name);
		const char *text = value ? record_value(client, &kind->fields[i], value, NULL, true) : NULL;

		if (codec_get(fields, kind->fields[i].name) && text) {
			char *cut = print_cut(client->arena, &client->output, text, VALUE_COLUMNS);

			(void)fprintf(client->output.file, "%s%s=%s", before, kind->fields[i].name,
				      cut ? cut : "");
			before = ", ";
		}
	}
}

static void print_changed(struct client *client, const msgpack_object *params)
{
	struct span kind_name = codec_get_text(params, "kind");
	const struct kind *kind = schema_kind(client->schema, (const char *)kind_name.data, kind_name.length);
	const char *id = codec_get_string(client->arena, params, "id");
	const char *title = codec_get_string(client->arena, params, "title");
	const char *at = record_when(client, params, client->output.mode == OUTPUT_TABLE);
	const char *by = codec_get_string(client->arena, params, "by");
	const char *verb = codec_get_string(client->arena, params, "verb");
	char sign = client->output.mode == OUTPUT_TABLE ? ' ' : '\t';
	FILE *file = client->output.file;

	id = id ? id : "?";
	(void)fprintf(file, "%lld%c%s%c%s%c", (long long)codec_get_int(params, "entry", 0), sign,
		      at ? at : "", sign, id, sign);
	if (codec_get_flag(params, "lost", false)) {
		(void)fputs("is no longer shown to you", file);
	} else if (codec_get_flag(params, "removed", false)) {
		(void)fprintf(file, "was removed by %s", by ? by : "?");
	} else {
		(void)fprintf(file, "%s%s%s by %s", title ? title : "", title && *title ? ", " : "",
			      verb ? verb : "?", by ? by : "?");
		print_fields(client, kind, codec_get(params, "fields"));
	}
	(void)fputc('\n', file);
}

static enum status changed_json(struct client *client, const msgpack_object *params, struct error *err)
{
	struct span kind_name = codec_get_text(params, "kind");
	const struct kind *kind = schema_kind(client->schema, (const char *)kind_name.data, kind_name.length);
	const msgpack_object *fields = codec_get(params, "fields");
	json_t *json = json_of_object(params);

	(void)json_object_del(json, "watch"); /* a number of this connection, which is nobody's business */
	if (json && fields && json_object_set_new(json, "fields", json_of_fields(kind, fields)) != 0) {
		json_decref(json);
		json = NULL;
	}
	return json_print_line(json, client->output.file, err);
}

static enum status show(struct watch *watch, struct arena *arena, const struct message *notice,
			struct error *err)
{
	struct client view = *watch->client; /* with an arena that ends with this notice */
	int64_t entry = codec_get_int(notice->params, "entry", watch->place.since);
	const char *id = codec_get_string(arena, notice->params, "id");
	bool fresh = false;
	enum status status = watch_place_take(&watch->place, entry, id ? id : "",
					      codec_get_int(notice->params, "revision", 0), &fresh, err);

	if (status != STATUS_OK || !fresh) {
		return status;
	}
	view.arena = arena;
	if (text_equal((const char *)notice->method.data, notice->method.length, "changed")) {
		if (view.output.mode == OUTPUT_JSON) {
			status = changed_json(&view, notice->params, err);
		} else {
			print_changed(&view, notice->params);
		}
	} else if (text_equal((const char *)notice->method.data, notice->method.length, "resync")) {
		(void)fprintf(stderr,
			      "safer: after journal entry %lld you may see other records than before: look "
			      "again at "
			      "what you rely on\n",
			      (long long)entry);
		if (view.output.mode == OUTPUT_JSON) {
			status = json_print_line(
				json_pack("{s:b, s:I}", "resync", 1, "entry", (json_int_t)entry),
				view.output.file, err);
		}
	}
	if (fflush(view.output.file) != 0) {
		status = error_set(err, STATUS_FAILED, "the output could not be written");
	}
	return status;
}

/* Shows notices until something fails. */
static enum status follow(struct watch *watch, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		struct arena *arena = arena_new();
		struct message notice;

		if (!arena) {
			return error_memory(err);
		}
		status = call_notice(watch->client->call, arena, -1, &notice, err);
		if (status == STATUS_OK) {
			status = show(watch, arena, &notice, err);
		}
		arena_free(arena);
	}
	return status;
}

/* Tries again and again, more and more slowly, as long as the server cannot be reached. */
static enum status resume(struct watch *watch, struct error *err)
{
	int patience = BACKOFF_FIRST_MS;
	enum status status = STATUS_UNREACHABLE;

	(void)fprintf(stderr, "safer: %s; connecting again, to go on after journal entry %lld\n",
		      err->message, (long long)watch->place.since);
	while (status == STATUS_UNREACHABLE) {
		(void)console_poll(-1, 0, patience);
		if (console_interrupted()) {
			return error_set(err, STATUS_INTERRUPTED, "stopped");
		}
		patience = patience * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : patience * 2;
		status = client_reconnect(watch->client, err);
		if (status == STATUS_OK) {
			status = begin(watch, err);
		}
	}
	if (status == STATUS_OK) {
		(void)fputs("safer: connected again\n", stderr);
	}
	return status;
}

static enum status run(struct client *client, const char *target, struct error *err)
{
	struct watch watch = {.client = client};
	int64_t since = -1;
	enum status status = arguments_number(client->arguments, FLAG_SINCE, 0, INT64_MAX, -1, &since, err);

	watch_place_init(&watch.place, since);
	if (status == STATUS_OK && client->output.mode == OUTPUT_CSV) {
		status = error_set(err, STATUS_INVALID,
				   "a watch has no end, so there is no CSV of it; take --json");
	}
	if (status == STATUS_OK) {
		status = client_schema(client, err);
	}
	if (status == STATUS_OK) {
		status = read_target(&watch, target, err);
	}
	if (status == STATUS_OK) {
		status = begin(&watch, err);
	}
	if (status == STATUS_OK) {
		status = introduce(&watch, err);
	}
	while (status == STATUS_OK) {
		status = follow(&watch, err);
		if (status == STATUS_UNREACHABLE) {
			status = resume(&watch, err);
		}
	}
	watch_place_release(&watch.place);
	if (status == STATUS_INTERRUPTED) {
		*err = (struct error)ERROR_INIT; /* that is how a watch ends: nothing to complain of */
	}
	return status;
}

enum status command_watch(struct client *client, struct error *err)
{
	return run(client, client->name_count > 0 ? client->names[0] : NULL, err);
}

enum status command_record_watch(struct client *client, struct error *err)
{
	return run(client, client->name_count > 0 ? client->names[0] : client->kind->name, err);
}
