/* The one object that commands work with. */
#include "client/client.h"

#include "client/conflict.h"
#include "client/files.h"
#include "client/json.h"
#include "client/pin.h"
#include "client/tls.h"
#include "common/calendar.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/text.h"
#include "protocol/version.h"

#include <stdlib.h>
#include <string.h>

#define PARAMS_BYTES (16 * 1024 * 1024)
#define SCHEMA_BYTES (16 * 1024 * 1024)
#define HEX_DIGEST   (2 * DIGEST_BYTES + 1)

enum status client_init(struct client *client, const struct arguments *arguments, struct error *err)
{
	*client = (struct client){.arguments = arguments};
	client->arena = arena_new();
	if (!client->arena) {
		return error_memory(err);
	}
	return output_init(&client->output, arguments, err);
}

void client_release(struct client *client)
{
	call_close(client->call);
	client->call = NULL;
	arena_free(client->arena);
	client->arena = NULL;
}

static void buffer_hook(void *payload)
{
	buffer_release(payload);
}

struct buffer *client_buffer(struct client *client)
{
	struct buffer *buffer = arena_alloc(client->arena, sizeof(*buffer));

	if (!buffer) {
		return NULL;
	}
	buffer_init(buffer, PARAMS_BYTES);
	return arena_on_free(client->arena, buffer_hook, buffer) == 0 ? buffer : NULL;
}

const char *client_now(struct client *client)
{
	char at[TIME_TEXT];

	time_format(clock_machine(), at);
	at[strlen("2014-05-01")] = ' ';
	return arena_text(client->arena, at, strlen("2014-05-01 09:30"));
}

size_t list_size(const msgpack_object *list)
{
	return list && list->type == MSGPACK_OBJECT_ARRAY ? list->via.array.size : 0;
}

const msgpack_object *list_item(const msgpack_object *list, size_t index)
{
	return &list->via.array.ptr[index];
}

enum status client_profile(struct client *client, struct error *err)
{
	char name[PROFILE_NAME];
	enum status status;

	if (client->profile_loaded) {
		return STATUS_OK;
	}
	status = profile_choose(client->arena, client->arguments->flags[FLAG_PROFILE], name, err);
	if (status == STATUS_OK) {
		status = profile_load(client->arena, name, &client->profile, err);
	}
	client->profile_loaded = status == STATUS_OK;
	return status;
}

/* Checks the head of a hello against the pinned one, and pins it. */
static enum status check_head(struct client *client, const struct checkpoint *pinned,
			      const msgpack_object *result, struct error *err)
{
	struct checkpoint head;
	struct span note = codec_get_text(result, "head");
	enum status status;

	status = pin_check(&client->profile, pinned, note, codec_get(result, "proof"), &head, err);
	if (status == STATUS_OK) {
		status = pin_save(client->arena, &client->profile, note, &head, err);
	}
	if (status == STATUS_OK) {
		client->greeting.entries = head.size;
	}
	return status;
}

static const char *text_or_empty(struct client *client, const msgpack_object *map, const char *key)
{
	const char *text = codec_get_string(client->arena, map, key);

	return text ? text : "";
}

static enum status say_hello(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	struct checkpoint pinned;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	status = pin_load(client->arena, &client->profile, &pinned, err);
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(params, pinned.size > 0 ? 3 : 2);
	codec_pair_int(params, "protocol", PROTOCOL_VERSION);
	codec_pair_text(params, "client", "safer " SAFER_VERSION);
	if (pinned.size > 0) {
		codec_pair_int(params, "head", (int64_t)pinned.size);
	}
	status = call_method(client->call, client->arena, METHOD_hello, buffer_span(params), &result,
			     &client->details, err);
	if (status != STATUS_OK) {
		return status;
	}
	client->greeting = (struct greeting){
		.server = text_or_empty(client, result, "server"),
		.protocol = codec_get_int(result, "protocol", 0),
		.partnership = text_or_empty(client, result, "partnership"),
		.person = text_or_empty(client, result, "person"),
		.schema = text_or_empty(client, result, "schema"),
		.expires = text_or_empty(client, result, "certificate_expires"),
	};
	if (client->greeting.protocol != PROTOCOL_VERSION) {
		bool older = client->greeting.protocol < PROTOCOL_VERSION;

		error_set(err, STATUS_FAILED,
			  "the server (saferd %s) speaks version %lld of the protocol, this "
			  "program (safer %s) version %d",
			  client->greeting.server, (long long)client->greeting.protocol, SAFER_VERSION,
			  PROTOCOL_VERSION);
		return error_hint(err,
				  older ? "whoever runs the server should update it" : "update this program");
	}
	return check_head(client, &pinned, result, err);
}

enum status client_connect(struct client *client, struct error *err)
{
	SSL_CTX *context = NULL;
	enum status status;

	if (call_alive(client->call)) {
		return STATUS_OK;
	}
	call_close(client->call);
	client->call = NULL;
	status = client_profile(client, err);
	if (status == STATUS_OK) {
		status = tls_context_member(&client->profile, &context, err);
	}
	if (status == STATUS_OK) {
		status = call_open(context, client->profile.server, client->profile.port, ALPN_MEMBER,
				   &client->call, err);
	}
	SSL_CTX_free(context);
	if (status == STATUS_OK) {
		status = say_hello(client, err);
		if (status != STATUS_OK) {
			call_close(client->call);
			client->call = NULL;
		}
	}
	return status;
}

enum status client_reconnect(struct client *client, struct error *err)
{
	call_close(client->call);
	client->call = NULL;
	return client_connect(client, err);
}

enum status client_call(struct client *client, enum method method, const struct buffer *params,
			const msgpack_object **result, struct error *err)
{
	struct span bytes = {NULL, 0};
	enum status status;

	if ((params && params->failed) || arena_refused(client->arena) > 0) {
		return error_memory(err); /* what is asked may lack something */
	}
	if (params) {
		bytes = buffer_span(params);
	}
	status = client_connect(client, err);
	if (status != STATUS_OK) {
		return status;
	}
	return call_method(client->call, client->arena, method, bytes, result, &client->details, err);
}

enum status client_call_change(struct client *client, const struct buffer *params,
			       const msgpack_object **result, struct error *err)
{
	enum status status = client_connect(client, err);

	if (status != STATUS_OK) {
		return status;
	}
	status = client_call(client, METHOD_change, params, result, err);
	if (status == STATUS_UNREACHABLE && !call_alive(client->call)) {
		struct error first = *err;

		(void)fprintf(stderr, "safer: %s; connecting again\n", first.message);
		status = client_reconnect(client, err);
		if (status == STATUS_OK) {
			status = client_call(client, METHOD_change, params, result, err);
		}
		if (status == STATUS_UNREACHABLE) {
			(void)error_hint(
				err, "it is not known whether the change was made: look at the record before "
				     "you try again");
		}
	}
	return status;
}

/* ---- the schema ---- */

static char *schema_path(struct client *client, const char *digest)
{
	char *cache = NULL;

	if (folder_path(client->arena, FOLDER_CACHE, &cache, NULL) != STATUS_OK) {
		return NULL;
	}
	return arena_printf(client->arena, "%s/schema-%s", cache, digest);
}

/* Takes packed bytes for the schema when they have the digest. */
static enum status take_schema(struct client *client, struct span bytes, const char *digest,
			       struct error *err)
{
	struct digest found;
	char hex[HEX_DIGEST];

	digest_bytes(bytes.data, bytes.length, &found);
	hex_format(found.bytes, DIGEST_BYTES, hex);
	if (strcmp(hex, digest) != 0) {
		return error_set(err, STATUS_UNVERIFIED, "the schema is not the one that its digest names");
	}
	client->schema_digest = arena_text(client->arena, hex, strlen(hex));
	return client->schema_digest ? schema_decode(client->arena, bytes, &client->schema, err)
				     : error_memory(err);
}

static enum status schema_from_cache(struct client *client, const char *digest, struct error *err)
{
	struct buffer *bytes = NULL;
	const char *path;
	uint8_t check[DIGEST_BYTES];
	enum status status;

	/* The digest becomes part of a file's name. */
	if (!hex_parse(digest, strlen(digest), check, sizeof(check))) {
		return error_set(err, STATUS_FAILED, "the digest of the schema is no digest");
	}
	path = schema_path(client, digest);
	bytes = client_buffer(client);
	if (!path || !bytes) {
		return error_memory(err);
	}
	status = file_read(path, bytes, err);
	return status == STATUS_OK ? take_schema(client, buffer_span(bytes), digest, err) : status;
}

/* Failing to cache costs a download next time, and nothing else. */
static void save_schema(struct client *client, struct span bytes)
{
	const char *path = schema_path(client, client->greeting.schema);
	const char *last = profile_path(client->arena, client->profile.state, "schema");
	char *slash = path ? strrchr(path, '/') : NULL;
	char *folder = slash ? arena_text(client->arena, path, (size_t)(slash - path)) : NULL;

	if (folder && folder_make(folder, NULL) == STATUS_OK && bytes.length > 0) {
		(void)file_write(path, bytes.data, bytes.length, 0600, NULL);
	}
	if (last && folder_make(client->profile.state, NULL) == STATUS_OK) {
		(void)file_write(last, client->greeting.schema, strlen(client->greeting.schema), 0600, NULL);
	}
}

/* From the cache, or from the server. */
static enum status load_schema(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	struct span bytes = {NULL, 0};
	enum status status;

	if (schema_from_cache(client, client->greeting.schema, NULL) == STATUS_OK) {
		save_schema(client, bytes);
		return STATUS_OK;
	}
	status = client_call(client, METHOD_schema, NULL, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (!codec_bin(codec_get(result, "schema"), &bytes) || bytes.length > SCHEMA_BYTES) {
		return error_set(err, STATUS_FAILED, "the server sent no schema");
	}
	status = take_schema(client, bytes, client->greeting.schema, err);
	if (status == STATUS_OK) {
		save_schema(client, bytes);
	}
	return status;
}

enum status client_schema(struct client *client, struct error *err)
{
	const struct kind *kind = client->kind;
	const struct transition *transition = client->transition;
	enum status status = client_connect(client, err);

	if (status != STATUS_OK ||
	    (client->schema && strcmp(client->schema_digest, client->greeting.schema) == 0)) {
		return status;
	}
	client->schema = NULL;
	status = load_schema(client, err);
	if (status != STATUS_OK || !kind) {
		return status;
	}
	/* The command was understood by an older schema. */
	client->kind = schema_kind(client->schema, kind->name, strlen(kind->name));
	if (client->kind && transition) {
		client->transition =
			kind_transition(client->kind, transition->verb, strlen(transition->verb));
	}
	if (!client->kind || (transition && !client->transition)) {
		error_set(err, STATUS_INVALID, "the server has been changed, and no longer knows \"%s\"",
			  client->kind ? transition->verb : kind->name);
		return error_hint(err, "run the command again: it will be understood by the new schema");
	}
	return STATUS_OK;
}

void client_schema_cached(struct client *client)
{
	struct buffer *digest = NULL;
	const char *path;
	const char *text;

	if (client->schema || client_profile(client, NULL) != STATUS_OK) {
		return;
	}
	path = profile_path(client->arena, client->profile.state, "schema");
	digest = client_buffer(client);
	if (!path || !digest || file_read(path, digest, NULL) != STATUS_OK) {
		return;
	}
	text = buffer_text(digest);
	if (text) {
		(void)schema_from_cache(client, text, NULL);
	}
}

enum status client_id(struct client *client, const char *text, const struct kind **kind, char out[ID_TEXT],
		      struct error *err)
{
	struct id id;

	if (!id_parse(text, strlen(text), &id)) {
		error_set(err, STATUS_INVALID, "\"%s\" is not the id of a record", text);
		return error_hint(err, "an id is letters and a number, such as A12");
	}
	*kind = schema_kind_of_prefix(client->schema, id.prefix);
	if (!*kind) {
		error_set(err, STATUS_INVALID, "no kind of record has ids that begin with %s", id.prefix);
		return error_hint(err, "\"safer schema\" lists the kinds and their letters");
	}
	id_format(id.prefix, id.number, out);
	return STATUS_OK;
}

/* ---- what went wrong ---- */

/* A message that was too long for struct error may end inside a letter; jansson takes whole ones only. */
static json_t *whole_letters(const char *text)
{
	json_t *json = NULL;

	for (size_t length = strlen(text) + 1; !json && length > 0; length--) {
		json = json_stringn(text, length - 1);
	}
	return json;
}

static void complain_json(struct client *client, const struct error *err)
{
	json_t *whole = json_pack("{s:{s:s, s:o, s:o, s:s, s:b}}", "error", "name", status_name(err->status),
				  "message", whole_letters(err->message), "hint", whole_letters(err->hint),
				  "rule", err->rule, "retry", status_retry(err->status));

	if (whole && client->details) {
		(void)json_object_set_new(json_object_get(whole, "error"), "details",
					  json_of_object(client->details));
	}
	(void)json_print_line(whole, stderr, NULL);
}

void client_complain(struct client *client, const struct error *err)
{
	if (err->message[0] == 0) {
		return; /* the command has said it itself */
	}
	if (client->output.mode == OUTPUT_JSON) {
		complain_json(client, err);
		return;
	}
	(void)fprintf(stderr, "safer: %s\n", err->message);
	if (err->rule[0]) {
		(void)fprintf(stderr, "  rule: %s\n", err->rule);
	}
	if (err->hint[0]) {
		(void)fprintf(stderr, "  what to do: %s\n", err->hint);
	}
	if (err->status == STATUS_CONFLICT && client->details) {
		conflict_print(client, client->details, stderr);
	}
}
