/* Reading many records at once, and what they were before. */
#include "client/fetch.h"

#include "client/record.h"

#include <string.h>

#define PAGE 1000

static enum status ask_page(struct client *client, const struct kind *kind, size_t offset, const char *as_of,
			    const msgpack_object **result, struct error *err)
{
	struct buffer *params = client_buffer(client);
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, as_of ? 4 : 3);
	codec_pair_text(params, "kind", kind->name);
	codec_pair_int(params, "limit", PAGE);
	codec_pair_int(params, "offset", (int64_t)offset);
	if (as_of) {
		codec_pair_text(params, "as_of", as_of);
	}
	status = client_call(client, METHOD_list, params, result, err);
	if (status == STATUS_OK && !codec_get(*result, "records")) {
		status = error_set(err, STATUS_FAILED, "the server sent no list");
	}
	return status;
}

static enum status take_page(struct client *client, const msgpack_object *list, struct fetched *out,
			     struct error *err)
{
	size_t more = list->type == MSGPACK_OBJECT_ARRAY ? list->via.array.size : 0;
	const msgpack_object **grown = arena_array(client->arena, out->count + more + 1, sizeof(*grown));

	if (!grown) {
		return error_memory(err);
	}
	if (out->count > 0) {
		memcpy(grown, out->records, out->count * sizeof(*grown));
	}
	for (size_t i = 0; i < more; i++) {
		grown[out->count++] = &list->via.array.ptr[i];
	}
	out->records = grown;
	return STATUS_OK;
}

enum status fetch_all(struct client *client, const struct kind *kind, const char *as_of, struct fetched *out,
		      struct error *err)
{
	int64_t total = 0;
	size_t before = 0;
	enum status status = STATUS_OK;

	*out = (struct fetched){.as_of = as_of};
	do {
		const msgpack_object *result = NULL;

		before = out->count;
		status = ask_page(client, kind, out->count, out->as_of, &result, err);
		if (status == STATUS_OK) {
			total = codec_get_int(result, "total", 0);
			status = take_page(client, codec_get(result, "records"), out, err);
		}
		if (status == STATUS_OK && !out->as_of) { /* the pages after the first show the same moment */
			out->as_of = arena_printf(client->arena, "%lld",
						  (long long)codec_get_int(result, "entry", 0));
			status = out->as_of ? STATUS_OK : error_memory(err);
		}
	} while (status == STATUS_OK && out->count > before && (int64_t)out->count < total);
	return status;
}

const msgpack_object *fetch_find(const struct fetched *fetched, const char *id)
{
	for (size_t i = 0; i < fetched->count; i++) {
		if (codec_text_is(codec_get(fetched->records[i], "id"), id)) {
			return fetched->records[i];
		}
	}
	return NULL;
}

enum status fetch_history(struct client *client, const char *id, const msgpack_object **out,
			  struct error *err)
{
	struct buffer *params = client_buffer(client);

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 1);
	codec_pair_text(params, "id", id);
	return client_call(client, METHOD_history, params, out, err);
}

enum status fetch_revision(struct client *client, const char *id, int64_t revision,
			   const msgpack_object **fields, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *changes = NULL;
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	const char *as_of = NULL;
	enum status status = fetch_history(client, id, &result, err);

	changes = codec_get(result, "changes");
	for (size_t i = 0; status == STATUS_OK && i < list_size(changes); i++) {
		const msgpack_object *change = list_item(changes, i);

		if (codec_get_int(change, "revision", 0) == revision) {
			as_of = arena_printf(client->arena, "%lld",
					     (long long)codec_get_int(change, "entry", 0));
		}
	}
	if (status == STATUS_OK && !as_of) {
		status = error_set(err, STATUS_NOT_FOUND, "%s has no revision %lld that you may see", id,
				   (long long)revision);
	}
	if (status == STATUS_OK) {
		status = record_read(client, id, as_of, &record, &titles, err);
		*fields = codec_get(record, "fields");
	}
	return status;
}
