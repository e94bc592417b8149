/* What needs the person. The server knows what the records say; this device adds what was typed on it and not taken. */
#include "client/inbox.h"

#include "client/commands.h"
#include "client/drafts.h"
#include "client/json.h"
#include "client/kept.h"
#include "client/print.h"

#include <string.h>

#define COLUMNS 7
static const struct grid_column columns[COLUMNS] = {{.name = "sort"},
						    {.name = "id"},
						    {.name = "title", .elastic = true},
						    {.name = "what", .elastic = true},
						    {.name = "since"},
						    {.name = "by"},
						    {.name = "next", .elastic = true}};

struct here { /* something on this device */
	const char *sort, *id, *title, *what, *since, *next;
};

struct local {
	struct here *list;
	size_t count;
};

/* ---- what lies here ---- */

static const char *why_of_draft(const struct draft *draft)
{
	return draft->pending.length > 0 ? "was sent, and no answer came" : draft->why;
}

static const char *why_of_kept(struct client *client, const struct kept *kept)
{
	size_t refused = 0;

	for (size_t i = 0; i < kept->count; i++) {
		refused += kept->items[i].why != NULL ? 1 : 0;
	}
	if (kept->sent) {
		return "was sent, and no answer came";
	}
	if (codec_count(kept->collides) > 0) {
		return "collides with what others changed";
	}
	return refused > 0 ? arena_printf(client->arena, "%zu of its %zu items were refused", refused,
					  kept->count)
			   : NULL;
}

/* What cannot be read is none: "safer draft list" and "safer change show" say what is wrong with it. */
static enum status look_here(struct client *client, struct local *out, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct draft *drafts = NULL;
	struct kept kept;
	size_t count = 0;

	(void)draft_all(client, &drafts, &count, &ignored);
	out->list = arena_array(client->arena, count + 1, sizeof(*out->list));
	if (out->list == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (why_of_draft(&drafts[i]) == NULL) {
			continue;
		}
		out->list[out->count++] = (struct here){
			.sort = "draft",
			.id = drafts[i].id != NULL ? drafts[i].id : "",
			.title = arena_printf(client->arena, "draft %lld, of %s", (long long)drafts[i].number,
					      draft_subject(client, &drafts[i])),
			.what = why_of_draft(&drafts[i]),
			.since = drafts[i].at,
			.next = arena_printf(client->arena, "safer draft resume %lld",
					     (long long)drafts[i].number),
		};
	}
	if (kept_begun(client) && kept_load(client, &kept, &ignored) == STATUS_OK &&
	    why_of_kept(client, &kept) != NULL) {
		out->list[out->count++] = (struct here){
			.sort = "change-set",
			.id = "",
			.title = "the change-set in hand",
			.what = why_of_kept(client, &kept),
			.since = kept.at,
			.next = "safer change show",
		};
	}
	return STATUS_OK;
}

size_t inbox_here(struct client *client)
{
	struct error ignored = ERROR_INIT;
	struct local local = {0};

	return look_here(client, &local, &ignored) == STATUS_OK ? local.count : 0;
}

/* ---- showing ---- */

/* The day, the record and why; below it what to type. */
static void print_need(struct client *client, const char *when, const char *id, const char *title,
		       const char *what, const char *next)
{
	struct output *output = &client->output;
	const char *line = arena_printf(client->arena, "%s%s%s: %s", id != NULL ? id : "",
					id != NULL && id[0] != '\0' ? " " : "", title != NULL ? title : "",
					what != NULL ? what : "");

	(void)fprintf(output->file, "  %-10.10s  ", when != NULL ? when : "");
	print_wrapped(output, line != NULL ? line : "", 14);
	if (next != NULL) {
		(void)fprintf(output->file, "%14s%s\n", "", next);
	}
}

void inbox_print(struct client *client, const msgpack_object *needs, size_t most)
{
	for (size_t i = 0; i < list_size(needs) && i < most; i++) {
		const msgpack_object *need = list_item(needs, i);
		const char *by = codec_get_string(client->arena, need, "by");

		print_need(client,
			   by != NULL && by[0] != '\0' ? by : codec_get_string(client->arena, need, "since"),
			   codec_get_string(client->arena, need, "id"),
			   codec_get_string(client->arena, need, "title"),
			   codec_get_string(client->arena, need, "what"),
			   codec_get_string(client->arena, need, "next"));
	}
}

static enum status print_json(struct client *client, const msgpack_object *result, const struct local *local,
			      struct error *err)
{
	json_t *whole = json_of_object(result);
	json_t *here = json_array();

	for (size_t i = 0; whole != NULL && here != NULL && i < local->count; i++) {
		const struct here *one = &local->list[i];

		(void)json_array_append_new(here, json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s, s:s?}", "sort",
							    one->sort, "id", one->id, "title", one->title,
							    "what", one->what, "since", one->since, "by", "",
							    "next", one->next));
	}
	if (whole == NULL || here == NULL || json_object_set(whole, "here", here) != 0) {
		json_decref(whole);
		whole = NULL;
	}
	json_decref(here);
	return json_print(whole, &client->output, err);
}

static enum status print_rows(struct client *client, const msgpack_object *needs, const struct local *local,
			      struct error *err)
{
	struct grid *grid = grid_new(client->arena, columns, COLUMNS);
	enum status status = grid != NULL ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < list_size(needs) && status == STATUS_OK; i++) {
		const char *cells[COLUMNS];

		for (size_t c = 0; c < COLUMNS; c++) {
			cells[c] = codec_get_string(client->arena, list_item(needs, i), columns[c].name);
		}
		status = grid_add(grid, cells, err);
	}
	for (size_t i = 0; i < local->count && status == STATUS_OK; i++) {
		const struct here *one = &local->list[i];
		const char *cells[COLUMNS] = {one->sort,  one->id, one->title, one->what,
					      one->since, "",      one->next};

		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

static void print_pages(struct client *client, const msgpack_object *result, const struct local *local)
{
	const msgpack_object *needs = codec_get(result, "needs");
	long long waiting = (long long)codec_get_int(result, "waiting", 0);
	FILE *file = client->output.file;

	if (waiting == 0 && local->count == 0) {
		(void)fputs("Nothing needs you.\n", file);
		return;
	}
	inbox_print(client, needs, list_size(needs));
	if (waiting > (long long)list_size(needs)) {
		(void)fprintf(file, "  ... and %lld more\n", waiting - (long long)list_size(needs));
	}
	if (local->count > 0) {
		(void)fprintf(file, "%sOn this device:\n", waiting > 0 ? "\n" : "");
	}
	for (size_t i = 0; i < local->count; i++) {
		const struct here *one = &local->list[i];

		print_need(client, one->since, "", one->title, one->what, one->next);
	}
}

enum status command_inbox(struct client *client, struct error *err)
{
	struct buffer *params = NULL;
	const msgpack_object *result = NULL;
	struct local local = {0};
	int64_t limit = 0;
	enum status status = arguments_number(client->arguments, FLAG_LIMIT, 1, INT64_MAX, 0, &limit, err);

	if (status == STATUS_OK && limit > 0) {
		params = client_buffer(client);
		if (params == NULL) {
			return error_memory(err);
		}
		codec_put_map(params, 1);
		codec_pair_int(params, "limit", limit);
	}
	if (status == STATUS_OK) {
		status = client_call(client, METHOD_inbox, params, &result, err);
	}
	if (status == STATUS_OK) {
		status = look_here(client, &local, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return print_json(client, result, &local, err);
	}
	if (client->output.mode != OUTPUT_TABLE) {
		return print_rows(client, codec_get(result, "needs"), &local, err);
	}
	output_page(&client->output);
	print_pages(client, result, &local);
	return STATUS_OK;
}
