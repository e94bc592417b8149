/* The envelope around every exchange: MessagePack-RPC as it stands, so that any MessagePack library is a client.
 * dispatch on the server and call on the client see struct message only. */
#include "protocol/message.h"

#include <stdio.h>
#include <string.h>

static const msgpack_object empty_map = {.type = MSGPACK_OBJECT_MAP};

static const char shape[] =
	"a message is a request [0, id, method, [params]], a reply [1, id, error, result] or a notice "
	"[2, method, [params]]";

/* The one map in a list of params; no params at all are an empty map. NULL for anything else. */
static const msgpack_object *params_of(const msgpack_object *list)
{
	if (list->type != MSGPACK_OBJECT_ARRAY) {
		return NULL;
	}
	if (list->via.array.size == 0) {
		return &empty_map;
	}
	if (list->via.array.size == 1 && list->via.array.ptr[0].type == MSGPACK_OBJECT_MAP) {
		return &list->via.array.ptr[0];
	}
	return NULL;
}

static bool id_of(const msgpack_object *object, uint32_t *out)
{
	int64_t id;

	if (!codec_int(object, &id) || id < 0 || id > UINT32_MAX) {
		return false;
	}
	*out = (uint32_t)id;
	return true;
}

static enum status request_read(const msgpack_object *items, struct message *message, struct error *err)
{
	if (!id_of(&items[1], &message->id)) {
		return error_set(err, STATUS_INVALID,
				 "the id of a request is a whole number from 0 to 4294967295");
	}
	if (!codec_text(&items[2], &message->method)) {
		return error_set(err, STATUS_INVALID, "the method of request %u is not a text", message->id);
	}
	message->params = params_of(&items[3]);
	if (!message->params) {
		return error_set(
			err, STATUS_INVALID,
			"the params of request %u are not a list that holds one map and nothing else",
			message->id);
	}
	return STATUS_OK;
}

static enum status reply_read(const msgpack_object *items, struct message *message, struct error *err)
{
	if (!id_of(&items[1], &message->id)) {
		return error_set(err, STATUS_INVALID,
				 "the id of a reply is a whole number from 0 to 4294967295");
	}
	message->result = &items[3];
	if (codec_is_nil(&items[2])) {
		return STATUS_OK;
	}
	if (items[2].type != MSGPACK_OBJECT_MAP || !codec_is_nil(&items[3])) {
		return error_set(err, STATUS_INVALID,
				 "reply %u is neither a result alone nor an error map alone", message->id);
	}
	message->error = &items[2];
	return STATUS_OK;
}

/* Some libraries send notices of their own when they connect, with a method that is a binary or with several params.
 * Nobody acts on a notice that is not known, so those must not end the connection. */
static enum status notice_read(const msgpack_object *items, struct message *message, struct error *err)
{
	if (items[2].type != MSGPACK_OBJECT_ARRAY) {
		return error_set(err, STATUS_INVALID, "the params of a notice are not a list");
	}
	codec_text(&items[1], &message->method);
	message->params = params_of(&items[2]);
	if (!message->params) {
		message->params = &empty_map;
	}
	return STATUS_OK;
}

static const struct {
	uint32_t items;
	enum status (*read)(const msgpack_object *items, struct message *message, struct error *err);
} readers[] = {
	[MESSAGE_REQUEST] = {4, request_read},
	[MESSAGE_REPLY] = {4, reply_read},
	[MESSAGE_NOTICE] = {3, notice_read},
};

enum status message_decode(struct arena *arena, struct span bytes, struct message *out, struct error *err)
{
	enum status status;
	const msgpack_object *tree = NULL;
	struct message message = {.method = {(const uint8_t *)"", 0}};
	int64_t type;

	status = codec_decode(arena, bytes, &tree, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (tree->type != MSGPACK_OBJECT_ARRAY || tree->via.array.size == 0 ||
	    !codec_int(&tree->via.array.ptr[0], &type) || type < MESSAGE_REQUEST || type > MESSAGE_NOTICE ||
	    tree->via.array.size != readers[type].items) {
		return error_set(err, STATUS_INVALID, "%s", shape);
	}
	message.type = (enum message_type)type;
	status = readers[type].read(tree->via.array.ptr, &message, err);
	if (status == STATUS_OK) {
		*out = message;
	}
	return status;
}

void message_put_request(struct buffer *out, uint32_t id, const char *method)
{
	codec_put_list(out, 4);
	codec_put_int(out, MESSAGE_REQUEST);
	codec_put_int(out, id);
	codec_put_text(out, method);
	codec_put_list(out, 1);
}

void message_put_reply(struct buffer *out, uint32_t id)
{
	codec_put_list(out, 4);
	codec_put_int(out, MESSAGE_REPLY);
	codec_put_int(out, id);
	codec_put_nil(out);
}

void message_put_notice(struct buffer *out, const char *method)
{
	codec_put_list(out, 3);
	codec_put_int(out, MESSAGE_NOTICE);
	codec_put_text(out, method);
	codec_put_list(out, 1);
}

void message_put_error_map(struct buffer *out, const struct error *err, struct span details)
{
	codec_put_map(out, 7);
	codec_pair_int(out, "code", status_exit_code(err->status));
	codec_pair_text(out, "name", status_name(err->status));
	codec_pair_text(out, "message", err->message);
	codec_pair_text(out, "hint", err->hint);
	codec_pair_text(out, "rule", err->rule);
	codec_pair_flag(out, "retry", status_retry(err->status));
	codec_put_text(out, "details");
	if (details.length > 0) {
		codec_put_raw(out, details);
	} else {
		codec_put_nil(out);
	}
}

void message_put_error(struct buffer *out, uint32_t id, const struct error *err, struct span details)
{
	codec_put_list(out, 4);
	codec_put_int(out, MESSAGE_REPLY);
	codec_put_int(out, id);
	message_put_error_map(out, err, details);
	codec_put_nil(out);
}

static struct span text_or_empty(const msgpack_object *map, const char *key)
{
	struct span text = codec_get_text(map, key);

	return text.data ? text : (struct span){(const uint8_t *)"", 0};
}

/* As much of a text as fits a precision: the sizes of struct error cut the rest. */
static int precision(struct span text)
{
	return text.length < sizeof(((struct error *)0)->message) ? (int)text.length
								  : (int)sizeof(((struct error *)0)->message);
}

void message_read_error(const msgpack_object *map, struct error *out)
{
	struct span name = text_or_empty(map, "name");
	struct span message = text_or_empty(map, "message");
	struct span hint = text_or_empty(map, "hint");
	struct span rule = text_or_empty(map, "rule");
	enum status status = status_from_name((const char *)name.data, name.length);
	struct error read = ERROR_INIT;

	if (status == STATUS_OK) {
		status = STATUS_FAILED; /* an error is never good news, whatever the peer calls it */
	}
	if (message.length > 0) {
		error_set(&read, status, "%.*s", precision(message), (const char *)message.data);
	} else {
		error_set(&read, status, "the server gave no reason; the kind of failure is: %s",
			  status_meaning(status));
	}
	if (hint.length > 0) {
		error_hint(&read, "%.*s", precision(hint), (const char *)hint.data);
	}
	if (rule.length > 0) {
		snprintf(read.rule, sizeof(read.rule), "%.*s", precision(rule), (const char *)rule.data);
	}
	*out = read;
}
