/* Who sits on a body, today or on an earlier day. */
#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"

enum status command_members(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "appointment"},
		{.name = "person"},
		{.name = "name", .elastic = true},
		{.name = "post"},
		{.name = "organisation_name", .elastic = true},
		{.name = "from"},
		{.name = "to"},
	};
	const char *as_of = client->arguments->flags[FLAG_AS_OF];
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	const struct kind *kind = NULL;
	char id[ID_TEXT];
	enum status status = params != NULL ? client_schema(client, err) : error_memory(err);

	if (status != STATUS_OK ||
	    (status = client_id(client, client->names[0], &kind, id, err)) != STATUS_OK) {
		return status;
	}
	codec_put_map(params, as_of != NULL ? 2 : 1);
	codec_pair_text(params, "body", id);
	if (as_of != NULL) {
		codec_pair_text(params, "as_of", as_of);
	}
	status = client_call(client, METHOD_members, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	return grid_print_list(client->arena, &client->output, codec_get(result, "members"), columns,
			       sizeof(columns) / sizeof(columns[0]), err);
}
