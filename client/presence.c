/* Saying what one edits, and reading who edits what. */
#include "client/presence.h"

#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>

/* When, as short as it is clear: "10:42" for today. */
static const char *since(struct client *client, const msgpack_object *presence)
{
	const char *at = codec_get_string(client->arena, presence, "since");
	const char *now = client_now(client);
	const char *text = record_minute(client->arena, at ? at : "");

	if (!now || !text || strlen(text) < 16) {
		return text;
	}
	return strncmp(text, now, 10) == 0 ? text + 11 : text;
}

/* "Debra Tedds (Warwickshire Police)" */
static const char *who(struct client *client, const msgpack_object *presence)
{
	const char *name = codec_get_string(client->arena, presence, "name");
	const char *organisation = codec_get_string(client->arena, presence, "organisation");

	if (!name || !organisation || !*organisation) {
		return name;
	}
	return arena_printf(client->arena, "%s (%s)", name, organisation);
}

static bool is_own(const struct client *client, const msgpack_object *presence)
{
	return client->greeting.person &&
	       codec_text_is(codec_get(presence, "person"), client->greeting.person);
}

const char *presence_who(struct client *client, const msgpack_object *presence)
{
	return is_own(client, presence) ? "you" : who(client, presence);
}

const char *presence_words(struct client *client, const msgpack_object *presence)
{
	const char *id = codec_get_string(client->arena, presence, "id");
	const char *person = who(client, presence);
	const char *from = since(client, presence);

	if (!id || !person || !from) {
		return NULL;
	}
	return is_own(client, presence)
		       ? arena_printf(client->arena, "you are editing %s yourself, since %s", id, from)
		       : arena_printf(client->arena, "%s is editing %s, since %s", person, id, from);
}

static void print_all(struct client *client, const msgpack_object *result, FILE *file)
{
	const msgpack_object *presences = codec_get(result, "presences");

	for (size_t i = 0; i < list_size(presences); i++) {
		const char *words = presence_words(client, list_item(presences, i));

		if (words) {
			(void)fprintf(file, "%s\n", words);
		}
	}
}

void presence_announce(struct client *client, const char *id)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	struct error ignored = ERROR_INIT;

	if (!params) {
		return;
	}
	codec_put_map(params, 1);
	codec_put_text(params, "ids");
	codec_put_list(params, 1);
	codec_put_text(params, id);
	if (client_call(client, METHOD_editing, params, &result, &ignored) == STATUS_OK) {
		print_all(client, result, stderr);
	}
}

void presence_print(struct client *client, const char *id, FILE *file)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	struct error ignored = ERROR_INIT;

	if (!params) {
		return;
	}
	codec_put_map(params, 1);
	codec_pair_text(params, "id", id);
	if (client_call(client, METHOD_presence, params, &result, &ignored) == STATUS_OK) {
		print_all(client, result, file);
	}
}

/* ---- coming and going ---- */

struct presence_told {
	const char *came;
	const char *went;
};

void presence_log_forget(struct presence_log *log)
{
	arena_free(log->arena);
	*log = (struct presence_log){NULL, NULL, 0};
}

static enum status read_told(struct client *client, const msgpack_object *presence, struct presence_told *out,
			     struct error *err)
{
	const char *id = codec_get_string(client->arena, presence, "id");
	const char *person = presence_who(client, presence);

	out->came = presence_words(client, presence);
	out->went = id && person ? arena_printf(client->arena, "%s %s no longer editing %s", person,
						is_own(client, presence) ? "are" : "is", id)
				 : NULL;
	return out->came && out->went ? STATUS_OK : error_memory(err);
}

static bool is_among(const struct presence_log *log, const char *came)
{
	for (size_t i = 0; i < log->count; i++) {
		if (strcmp(log->told[i].came, came) == 0) {
			return true;
		}
	}
	return false;
}

enum status presence_log_print(struct presence_log *log, struct client *client, const msgpack_object *map,
			       FILE *file, struct error *err)
{
	const msgpack_object *presences = codec_get(map, "presences");
	struct presence_log now = {.arena = arena_new()};
	struct client view = *client; /* with an arena that ends with the next of these */
	enum status status = STATUS_OK;

	view.arena = now.arena;
	now.told = now.arena ? arena_array(now.arena, list_size(presences) + 1, sizeof(*now.told)) : NULL;
	if (!now.told) {
		presence_log_forget(&now);
		return error_memory(err);
	}
	for (size_t i = 0; i < list_size(presences) && status == STATUS_OK; i++) {
		status = read_told(&view, list_item(presences, i), &now.told[now.count++], err);
	}
	if (status != STATUS_OK) {
		presence_log_forget(&now);
		return status;
	}
	for (size_t i = 0; i < log->count; i++) {
		if (!is_among(&now, log->told[i].came)) {
			(void)fprintf(file, "%s\n", log->told[i].went);
		}
	}
	for (size_t i = 0; i < now.count; i++) {
		if (!is_among(log, now.told[i].came)) {
			(void)fprintf(file, "%s\n", now.told[i].came);
		}
	}
	presence_log_forget(log);
	*log = now;
	return STATUS_OK;
}

/* ---- the command ---- */

/* The word of the command: a kind, or an id. */
static enum status put_target(struct client *client, const char *target, struct buffer *params,
			      struct error *err)
{
	const struct kind *kind = target ? schema_kind(client->schema, target, strlen(target)) : NULL;
	char id[ID_TEXT];

	if (target && !kind && client_id(client, target, &kind, id, err) != STATUS_OK) {
		return err->status;
	}
	codec_put_map(params, target ? 1 : 0);
	if (target) {
		bool is_kind = strcmp(target, kind->name) == 0;

		codec_pair_text(params, is_kind ? "kind" : "id", is_kind ? kind->name : id);
	}
	return STATUS_OK;
}

static enum status print_table(struct client *client, const msgpack_object *result, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "id"},      {.name = "title", .elastic = true},
		{.name = "editing"}, {.name = "organisation", .elastic = true},
		{.name = "since"},
	};
	const msgpack_object *presences = codec_get(result, "presences");
	const msgpack_object *titles = codec_get(result, "titles");
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < list_size(presences) && status == STATUS_OK; i++) {
		const msgpack_object *presence = list_item(presences, i);
		const char *id = codec_get_string(client->arena, presence, "id");
		const char *cells[] = {
			id,
			id ? codec_get_string(client->arena, titles, id) : NULL,
			codec_get_string(client->arena, presence, "name"),
			codec_get_string(client->arena, presence, "organisation"),
			client->output.mode == OUTPUT_TABLE
				? since(client, presence)
				: codec_get_string(client->arena, presence, "since"),
		};

		status = grid_add(grid, cells, err);
	}
	if (status == STATUS_OK && grid_rows(grid) == 0 && client->output.mode == OUTPUT_TABLE) {
		(void)fputs("Nobody is editing anything that you may see.\n", stderr);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

enum status command_who(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status = params ? client_schema(client, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = put_target(client, client->name_count > 0 ? client->names[0] : NULL, params, err);
	}
	if (status == STATUS_OK) {
		status = client_call(client, METHOD_presence, params, &result, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(codec_get(result, "presences"), &client->output, err);
	}
	return print_table(client, result, err);
}
