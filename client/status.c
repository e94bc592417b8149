/* Where you are, who you are, what needs you now: what `safer` alone shows. */
#include "client/commands.h"
#include "client/inbox.h"
#include "client/json.h"
#include "client/print.h"

#include <string.h>

#define SHOWN 5 /* needs; a first page has other things to say */

/* "board member, chair" */
static const char *join(struct client *client, const msgpack_object *list)
{
	const char *text = "";

	for (size_t i = 0; i < list_size(list) && text; i++) {
		struct span word = {NULL, 0};

		if (codec_text(list_item(list, i), &word)) {
			text = arena_printf(client->arena, "%s%s%.*s", text, *text ? ", " : "",
					    (int)word.length, (const char *)word.data);
		}
	}
	return text ? text : "";
}

static enum status print_needs(struct client *client, const msgpack_object *needs, struct error *err)
{
	static const struct grid_column columns[] = {{.name = "id"},
						     {.name = "title", .elastic = true},
						     {.name = "what", .elastic = true},
						     {.name = "by"}};
	struct grid *grid = grid_new(client->arena, columns, 4);
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < list_size(needs) && status == STATUS_OK; i++) {
		const msgpack_object *need = list_item(needs, i);
		const char *cells[4];

		for (size_t c = 0; c < 4; c++) {
			cells[c] = codec_get_string(client->arena, need, columns[c].name);
		}
		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

/* The first few; the inbox has them all. */
static void print_waiting(struct client *client, const msgpack_object *needs, int64_t waiting)
{
	long long all = (long long)waiting + (long long)inbox_here(client);
	FILE *file = client->output.file;

	if (all == 0) {
		(void)fputs("Nothing needs you.\n\n", file);
		return;
	}
	(void)fprintf(file, "%lld thing%s need%s you%s\n", all, all == 1 ? "" : "s", all == 1 ? "s" : "",
		      waiting > 0 ? ":" : ".");
	inbox_print(client, needs, SHOWN);
	(void)fprintf(file, "%s\n",
		      all > SHOWN || waiting < all ? "\"safer inbox\" shows all of them.\n" : "");
}

static void print_counts(struct client *client, const msgpack_object *counts)
{
	const char *before = "You may see ";

	for (size_t i = 0; counts && counts->type == MSGPACK_OBJECT_MAP && i < counts->via.map.size; i++) {
		const msgpack_object_kv *pair = &counts->via.map.ptr[i];
		const struct kind *kind = NULL;
		struct span name = {NULL, 0};
		int64_t count = 0;

		if (!codec_text(&pair->key, &name) || !codec_int(&pair->val, &count) || count == 0) {
			continue;
		}
		if (client->schema) {
			kind = schema_kind(client->schema, (const char *)name.data, name.length);
		}
		(void)fprintf(client->output.file, "%s%lld ", before, (long long)count);
		if (kind) {
			(void)fputs(count == 1 ? kind->name : kind->plural, client->output.file);
		} else {
			(void)fprintf(client->output.file, "%.*s", (int)name.length, (const char *)name.data);
		}
		before = ", ";
	}
	(void)fputs(before[0] == ',' ? ".\n" : "", client->output.file);
}

static enum status explain_enrolment(struct client *client)
{
	(void)fputs(
		"This device is not enrolled with any partnership yet.\n\n"
		"An administrator of your partnership makes an invitation for you (a line that begins with\n"
		"SAFER1-) and gives it to you by telephone, on paper or in person. Then run\n\n"
		"    safer enrol\n\n"
		"and paste it. It works once. \"safer help\" lists everything else.\n",
		client->output.file);
	return STATUS_SIGNED_OUT;
}

enum status command_status(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *needs;
	const char *const *names = NULL;
	const char *partnership, *name, *today, *roles;
	size_t count = 0;
	enum status status = profile_names(client->arena, &names, &count, err);

	if (status == STATUS_OK && count == 0 && client->output.mode == OUTPUT_TABLE) {
		return explain_enrolment(client);
	}
	if (status == STATUS_OK) {
		status = client_schema(client, err);
	}
	if (status == STATUS_OK) {
		status = client_call(client, METHOD_status, NULL, &result, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	needs = codec_get(result, "needs");
	if (client->output.mode != OUTPUT_TABLE) {
		return print_needs(client, needs, err);
	}
	partnership = codec_get_string(client->arena, result, "partnership");
	name = codec_get_string(client->arena, result, "name");
	today = codec_get_string(client->arena, result, "today");
	roles = join(client, codec_get(result, "roles"));
	(void)fprintf(client->output.file, "%s%s%s, %s\n", output_bold(&client->output),
		      partnership ? partnership : "", output_plain(&client->output), today ? today : "");
	(void)fprintf(client->output.file, "You are %s: %s.\n\n", name ? name : "?",
		      *roles ? roles : "no role today; ask your secretary which post you should hold");
	print_waiting(client, needs, codec_get_int(result, "waiting", (int64_t)list_size(needs)));
	print_counts(client, codec_get(result, "counts"));
	(void)fprintf(client->output.file,
		      "The journal has %lld entries. \"safer help\" lists the commands.\n",
		      (long long)codec_get_int(result, "entries", 0));
	return status;
}
