/* Following changes: the records as they stand, then one notice a line, for as long as the person likes. What is told, and
 * that nothing is missing or told twice, is the business of follow.h; here it is printed. */
#include "client/board_watch.h"
#include "client/commands.h"
#include "client/console.h"
#include "client/follow.h"
#include "client/json.h"
#include "client/listing.h"
#include "client/presence.h"
#include "client/print.h"
#include "client/record.h"
#include "client/screen.h"
#include "client/reference.h"
#include "common/text.h"

#include <string.h>

#define VALUE_COLUMNS 60
#define READER_MS     1000 /* how often to look whether somebody still reads */

struct watch {
	struct client *client;
	const struct kind *kind; /* NULL: any */
	char id[ID_TEXT];        /* "": any */
	struct follow_wish wish;
	const char *what; /* for people: "actions under P3" */

	/* The rows of a picture, a kind at a time, for people. */
	struct arena *arena; /* NULL: none at hand */
	const struct kind *rows_of;
	struct listing listing;
	struct grid *grid;
	size_t records; /* of the picture */

	struct presence_log editors; /* who was told to be editing what, for people */
};

/* ---- what is wanted ---- */

/* The word of the command: nothing, a kind, or an id. */
static enum status read_target(struct watch *watch, const char *target, struct error *err)
{
	struct client *client = watch->client;

	if (!target) {
		return STATUS_OK;
	}
	watch->kind = schema_kind(client->schema, target, strlen(target));
	if (!watch->kind && client_id(client, target, &watch->kind, watch->id, err) != STATUS_OK) {
		return err->status;
	}
	watch->wish.kind = watch->kind->name;
	watch->wish.id = watch->id[0] ? watch->id : NULL;
	return STATUS_OK;
}

/* owner=, priority= and under=. */
static enum status read_condition(struct watch *watch, const struct argument_pair *pair, struct error *err)
{
	struct follow_wish *wish = &watch->wish;
	const char **place = strcmp(pair->field, "owner") == 0 ? &wish->owner : &wish->under;
	const char *kind = strcmp(pair->field, "owner") == 0      ? "body"
			   : strcmp(pair->field, "priority") == 0 ? "priority"
								  : NULL;

	if ((!kind && strcmp(pair->field, "under") != 0) || strcmp(pair->relation, "is") != 0) {
		error_set(err, STATUS_INVALID, "a watch cannot be narrowed by %s%s%s", pair->field,
			  pair->sign, pair->value);
		return error_hint(err, "owner=BODY, priority=PRIORITY and under=ID can narrow it");
	}
	if (watch->id[0]) {
		error_set(err, STATUS_INVALID, "%s is one record already, so %s=%s cannot narrow it",
			  watch->id, pair->field, pair->value);
		return error_hint(err, "leave the one or the other out");
	}
	if (*place) {
		error_set(err, STATUS_INVALID, "a watch is for what stands under one record, not under two");
		return error_hint(err, "give one owner=, and one of priority= and under=");
	}
	return reference_find(watch->client, pair->field, kind, pair->value, place, err);
}

static enum status read_wish(struct watch *watch, const char *target, struct error *err)
{
	const struct arguments *arguments = watch->client->arguments;
	struct arena *arena = watch->client->arena;
	const struct follow_wish *wish = &watch->wish;
	enum status status = read_target(watch, target, err);

	for (size_t i = 0; i < arguments->pair_count && status == STATUS_OK; i++) {
		status = read_condition(watch, &arguments->pairs[i], err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	watch->what = watch->id[0]  ? watch->id
		      : watch->kind ? watch->kind->plural
				    : "everything that you may see";
	watch->what = arena_printf(arena, "%s%s%s%s%s", watch->what, wish->owner ? " of " : "",
				   wish->owner ? wish->owner : "", wish->under ? " under " : "",
				   wish->under ? wish->under : "");
	return watch->what ? STATUS_OK : error_memory(err);
}

/* ---- the picture ---- */

/* The rows that are at hand, under the name of their kind unless all are of one. */
static enum status print_rows(struct watch *watch, struct error *err)
{
	struct output *output = &watch->client->output;
	enum status status = STATUS_OK;

	if (!watch->arena) {
		return STATUS_OK;
	}
	if (!watch->wish.kind) {
		(void)fprintf(output->file, "%s%s%s\n", output_bold(output), watch->rows_of->plural,
			      output_plain(output));
	}
	status = grid_print(watch->grid, output, err);
	(void)fputc('\n', output->file);
	arena_free(watch->arena);
	watch->arena = NULL;
	return status;
}

static enum status begin_rows(struct watch *watch, const struct kind *kind, struct error *err)
{
	if (watch->arena && watch->rows_of == kind) {
		return STATUS_OK;
	}
	if (print_rows(watch, err) != STATUS_OK) {
		return err->status;
	}
	watch->arena = arena_new();
	if (!watch->arena) {
		return error_memory(err);
	}
	watch->rows_of = kind;
	watch->listing = (struct listing){0};
	listing_default(kind, &watch->listing);
	watch->grid = grid_new(watch->arena, watch->listing.columns, watch->listing.column_count);
	return watch->grid ? STATUS_OK : error_memory(err);
}

static enum status table_record(struct watch *watch, const struct follow_event *event, struct error *err)
{
	struct client view = *watch->client;
	enum status status = STATUS_OK;

	if (watch->wish.id) {
		view.arena = event->arena;
		status = record_print(&view, event->kind, event->map, event->titles, err);
		(void)fputc('\n', view.output.file);
		return status;
	}
	status = begin_rows(watch, event->kind, err);
	view.arena = watch->arena;
	return status == STATUS_OK
		       ? listing_add(&view, &watch->listing, event->map, event->titles, watch->grid, err)
		       : status;
}

static enum status table_ready(struct watch *watch, const struct follow_event *event, struct error *err)
{
	enum status status = print_rows(watch, err);

	(void)fflush(watch->client->output.file);
	(void)fprintf(stderr, "watching %s after journal entry %lld; control-C ends\n", watch->what,
		      (long long)event->entry);
	return status;
}

/* ---- changes, for people ---- */

static void print_fields(struct client *client, const struct kind *kind, const msgpack_object *fields,
			 const msgpack_object *titles)
{
	const char *before = ": ";

	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const msgpack_object *value = codec_get(fields, kind->fields[i].name);
		const char *text = value ? record_value(client, &kind->fields[i], value, titles, true) : NULL;

		if (value && text) {
			char *cut = print_cut(client->arena, &client->output, text, VALUE_COLUMNS);

			(void)fprintf(client->output.file, "%s%s=%s", before, kind->fields[i].name,
				      cut ? cut : "");
			before = ", ";
		}
	}
}

static void print_line(struct client *client, const struct follow_event *event, const char *verb)
{
	const msgpack_object *map = event->map;
	const msgpack_object *moment = event->type == FOLLOW_RECORD ? codec_get(map, "changed") : map;
	const msgpack_object *fields = codec_get(map, "fields");
	const char *id = codec_get_string(client->arena, map, "id");
	const char *title = event->type == FOLLOW_RECORD && event->kind
				    ? codec_get_string(client->arena, fields, event->kind->title)
				    : codec_get_string(client->arena, map, "title");
	const char *at = record_when(client, moment, client->output.mode == OUTPUT_TABLE);
	const char *by = codec_get_string(client->arena, moment, "by");
	char sign = client->output.mode == OUTPUT_TABLE ? ' ' : '\t';
	FILE *file = client->output.file;

	by = by ? by : "?";
	(void)fprintf(file, "%lld%c%s%c%s%c", (long long)codec_get_int(map, "entry", 0), sign, at ? at : "",
		      sign, id ? id : "?", sign);
	if (event->type == FOLLOW_CHANGE && event->change == FOLLOW_LOST) {
		(void)fputs("is no longer shown to you", file);
	} else if (event->type == FOLLOW_CHANGE && event->change == FOLLOW_REMOVED) {
		(void)fprintf(file, "was removed by %s", by);
	} else if (event->type == FOLLOW_CHANGE && event->change == FOLLOW_LEFT) {
		(void)fprintf(file, "is no longer what you watch: %s by %s", verb ? verb : "?", by);
	} else {
		(void)fprintf(file, "%s%s%s by %s", title ? title : "", title && *title ? ", " : "",
			      verb ? verb : "?", by);
		print_fields(client, event->kind, fields, event->titles);
	}
	(void)fputc('\n', file);
}

/* ---- JSON ---- */

static const char *const change_words[] = {
	[FOLLOW_CHANGED] = "changed",
	[FOLLOW_REMOVED] = "removed",
	[FOLLOW_LEFT] = "left",
	[FOLLOW_LOST] = "lost",
};

/* The type in front. Gives back what it takes. */
static json_t *with_type(const char *type, json_t *rest)
{
	json_t *json = json_pack("{s:s}", "type", type);

	if (json && (!rest || json_object_update(json, rest) != 0)) {
		json_decref(json);
		json = NULL;
	}
	json_decref(rest);
	return json;
}

static json_t *json_of_event(const struct watch *watch, const struct follow_event *event)
{
	json_int_t entry = (json_int_t)event->entry;

	switch (event->type) {
	case FOLLOW_PICTURE:
		return json_pack("{s:s, s:I}", "type", "snapshot", "entry", entry);
	case FOLLOW_RECORD:
		return with_type("record", json_of_record(event->kind, event->map));
	case FOLLOW_READY:
		return json_pack("{s:s, s:I, s:I}", "type", "ready", "entry", entry, "records",
				 (json_int_t)watch->records);
	case FOLLOW_RESYNC:
		return json_pack("{s:s, s:I}", "type", "resync", "entry", entry);
	case FOLLOW_PRESENCE:
		return json_pack("{s:s, s:o}", "type", "presence", "presences",
				 json_of_object(codec_get(event->map, "presences")));
	default:
		return NULL;
	}
}

static json_t *json_of_change(const struct follow_event *event)
{
	const msgpack_object *fields = codec_get(event->map, "fields");
	json_t *json = json_of_object(event->map);

	(void)json_object_del(json, "watch"); /* a number of this connection, which is nobody's business */
	(void)json_object_del(json, "lost");
	(void)json_object_del(json, "left");
	(void)json_object_del(json, "removed");
	if (json && fields && json_object_set_new(json, "fields", json_of_fields(event->kind, fields)) != 0) {
		json_decref(json);
		json = NULL;
	}
	return with_type(change_words[event->change], json);
}

/* ---- all of it ---- */

static enum status show_line(struct watch *watch, const struct follow_event *event, struct error *err)
{
	struct client view = *watch->client; /* with an arena that ends with this event */
	enum output_mode mode = view.output.mode;

	view.arena = event->arena;
	if (mode == OUTPUT_JSON) {
		return json_print_line(event->type == FOLLOW_CHANGE ? json_of_change(event)
								    : json_of_event(watch, event),
				       view.output.file, err);
	}
	if (event->type == FOLLOW_PRESENCE) {
		return presence_log_print(&watch->editors, watch->client, event->map, view.output.file, err);
	}
	if (event->type == FOLLOW_RECORD) {
		if (mode == OUTPUT_TABLE) {
			return table_record(watch, event, err);
		}
		print_line(&view, event, "stands");
	} else if (event->type == FOLLOW_CHANGE) {
		print_line(&view, event, codec_get_string(view.arena, event->map, "verb"));
	} else if (event->type == FOLLOW_READY && mode == OUTPUT_TABLE) {
		return table_ready(watch, event, err);
	}
	return STATUS_OK;
}

/* What is told beside the data, on standard error. */
static void remark(const struct follow_event *event)
{
	long long entry = (long long)event->entry;

	if (event->type == FOLLOW_RESYNC) {
		(void)fprintf(
			stderr,
			"safer: after journal entry %lld you may see other records than before: these are "
			"they\n",
			entry);
	} else if (event->type == FOLLOW_BROKEN) {
		(void)fprintf(stderr, "safer: %s; connecting again, to go on after journal entry %lld\n",
			      event->why, entry);
	} else if (event->type == FOLLOW_AGAIN) {
		(void)fputs("safer: connected again\n", stderr);
	}
}

/* A reader who went away is how a watch in a pipe ends: main.c sees the same, and says nothing. */
static enum status flush(struct client *client, struct error *err)
{
	FILE *file = client->output.file;

	bool whole = fflush(file) == 0 && !ferror(file);

	if (output_abandoned(&client->output)) {
		return error_set(err, STATUS_INTERRUPTED, "nobody reads any more");
	}
	return whole ? STATUS_OK : error_set(err, STATUS_FAILED, "the output could not be written");
}

static enum status show(struct watch *watch, const struct follow_event *event, struct error *err)
{
	enum status status = STATUS_OK;

	if (event->type == FOLLOW_PICTURE) {
		watch->records = 0;
		arena_free(watch->arena);
		watch->arena = NULL;
	}
	if (event->type == FOLLOW_PICTURE || event->type == FOLLOW_BROKEN) {
		presence_log_forget(&watch->editors);
	}
	watch->records += event->type == FOLLOW_RECORD;
	if (event->type != FOLLOW_BROKEN && event->type != FOLLOW_AGAIN && event->type != FOLLOW_NOTHING) {
		status = show_line(watch, event, err);
	}
	remark(event);
	return status;
}

/* Lines of a picture are many, and go out together. */
static bool goes_out(const struct follow_event *event)
{
	return event->type != FOLLOW_RECORD && event->type != FOLLOW_PICTURE;
}

static enum status show_board(struct client *client, const struct follow_wish *wish, struct error *err)
{
	enum status status = STATUS_OK;

	if (wish->kind || wish->id || wish->since >= 0) {
		error_set(
			err, STATUS_INVALID,
			"the board is the plan as it stands: priorities with their actions, and no one kind, "
			"record or past");
		return error_hint(err, "narrow it with priority=P3 or owner=B4, or leave --board out");
	}
	status = board_watch(client, wish, err);
	if (status == STATUS_INTERRUPTED) {
		*err = (struct error)ERROR_INIT;
	}
	return status;
}

static enum status run(struct client *client, const char *target, struct error *err)
{
	struct watch watch = {.client = client};
	struct follow *follow = NULL;
	bool board = arguments_have(client->arguments, FLAG_BOARD);
	enum status status =
		arguments_number(client->arguments, FLAG_SINCE, 0, INT64_MAX, -1, &watch.wish.since, err);

	if (status == STATUS_OK && board) {
		status = screen_check(client, err);
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_CSV) {
		status = error_set(err, STATUS_INVALID,
				   "a watch has no end, so there is no CSV of it; take --json");
	}
	if (status == STATUS_OK) {
		console_catch_termination();
		status = client_schema(client, err);
	}
	if (status == STATUS_OK) {
		status = read_wish(&watch, target, err);
	}
	watch.wish.presence = client->output.mode == OUTPUT_TABLE || client->output.mode == OUTPUT_JSON;
	if (status == STATUS_OK && board) {
		return show_board(client, &watch.wish, err);
	}
	if (status == STATUS_OK) {
		status = follow_new(client, &watch.wish, &follow, err);
	}
	while (status == STATUS_OK) {
		struct follow_event event;

		status = follow_next(follow, READER_MS, &event, err);
		if (status == STATUS_OK) {
			status = show(&watch, &event, err);
		}
		if (status == STATUS_OK && goes_out(&event)) {
			status = flush(client, err);
		}
	}
	follow_free(follow);
	arena_free(watch.arena);
	presence_log_forget(&watch.editors);
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
