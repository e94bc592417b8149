/* Asking before instead of after: may I, and why or why not. */
#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"
#include "common/ids.h"

#include <string.h>

/* TARGET or TARGET.FIELD, with the field also as a word of its own. Ids may be typed in any case. */
static enum status put_target(struct client *client, struct buffer *params, size_t at, struct error *err)
{
	const char *target = client->names[at];
	const char *field = client->name_count > at + 1 ? client->names[at + 1] : NULL;
	const char *dot = strchr(target, '.');
	char canonical[ID_TEXT];
	struct id id;

	if (dot && !field) {
		field = dot + 1;
		target = arena_text(client->arena, target, (size_t)(dot - target));
		if (!target) {
			return error_memory(err);
		}
	}
	if (id_parse(target, strlen(target), &id)) {
		id_format(id.prefix, id.number, canonical);
		target = canonical;
	}
	codec_put_map(params, at + 1 + (field ? 1 : 0));
	codec_pair_text(params, "target", target);
	if (field) {
		codec_pair_text(params, "field", field);
	}
	return STATUS_OK;
}

enum status command_can(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	struct span why, who, rule;
	bool allowed;
	enum status status = params ? put_target(client, params, 1, err) : error_memory(err);

	if (status != STATUS_OK) {
		return status;
	}
	codec_pair_text(params, "verb", client->names[0]);
	status = client_call(client, METHOD_can, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	allowed = codec_get_flag(result, "allowed", false);
	why = codec_get_text(result, "why");
	who = codec_get_text(result, "who");
	rule = codec_get_text(result, "rule");
	if (client->output.mode == OUTPUT_JSON) {
		status = json_print_object(result, &client->output, err);
	} else if (client->output.mode != OUTPUT_TABLE) {
		(void)fprintf(client->output.file, "%s\n", allowed ? "yes" : "no");
	} else {
		(void)fprintf(client->output.file, "%s: %.*s\n  rule: %.*s\n", allowed ? "yes" : "no",
			      (int)why.length, why.data ? (const char *)why.data : "", (int)rule.length,
			      rule.data ? (const char *)rule.data : "");
		if (who.length > 0) {
			(void)fprintf(client->output.file, "  who could: %.*s\n", (int)who.length,
				      (const char *)who.data);
		}
	}
	/* The answer is out already; the exit code repeats it for scripts. */
	return status == STATUS_OK && !allowed ? STATUS_NOT_PERMITTED : status;
}

enum status command_why(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "question"},
		{.name = "allowed"},
		{.name = "why", .elastic = true},
		{.name = "who", .elastic = true},
		{.name = "rule"},
	};
	struct buffer *params = client_buffer(client);
	struct grid *grid = grid_new(client->arena, columns, 5);
	const msgpack_object *result = NULL;
	const msgpack_object *rules;
	enum status status = params && grid ? put_target(client, params, 0, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = client_call(client, METHOD_why, params, &result, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	rules = codec_get(result, "rules");
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(rules, &client->output, err);
	}
	for (size_t i = 0; i < list_size(rules) && status == STATUS_OK; i++) {
		const msgpack_object *rule = list_item(rules, i);
		const char *cells[5] = {
			codec_get_string(client->arena, rule, "question"),
			codec_get_flag(rule, "allowed", false) ? "yes" : "no",
			codec_get_string(client->arena, rule, "why"),
			codec_get_string(client->arena, rule, "who"),
			codec_get_string(client->arena, rule, "rule"),
		};

		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}
