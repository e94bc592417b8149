/* Looking a title up, as far as the person may see it. */
#include "client/reference.h"

#include <string.h>

static enum status look_up(struct client *client, const struct kind *kind, const char *title,
			   const msgpack_object **records, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 3);
	codec_pair_text(params, "kind", kind->name);
	codec_pair_int(params, "limit", 2);
	codec_put_text(params, "where");
	codec_put_list(params, 1);
	codec_put_map(params, 3);
	codec_pair_text(params, "field", kind->title);
	codec_pair_text(params, "is", "is");
	codec_pair_text(params, "value", title);
	status = client_call(client, METHOD_list, params, &result, err);
	*records = codec_get(result, "records");
	return status;
}

enum status reference_find(struct client *client, const char *what, const char *kind, const char *text,
			   const char **id, struct error *err)
{
	const struct kind *row = kind ? schema_kind(client->schema, kind, strlen(kind)) : NULL;
	const msgpack_object *records = NULL;
	char canonical[ID_TEXT];
	struct id parsed;

	if (id_parse(text, strlen(text), &parsed) || !row) {
		if (client_id(client, text, &row, canonical, err) != STATUS_OK) {
			return err->status;
		}
		*id = arena_text(client->arena, canonical, strlen(canonical));
		return *id ? STATUS_OK : error_memory(err);
	}
	if (look_up(client, row, text, &records, err) != STATUS_OK) {
		return err->status;
	}
	if (list_size(records) != 1) {
		error_set(err, STATUS_INVALID,
			  list_size(records) == 0 ? "%s: no %s that you may see is called \"%s\""
						  : "%s: more than one %s is called \"%s\"",
			  what, kind, text);
		return error_hint(err, "\"safer %s list\" shows the ids", kind);
	}
	*id = codec_get_string(client->arena, list_item(records, 0), "id");
	return *id ? STATUS_OK : error_memory(err);
}
