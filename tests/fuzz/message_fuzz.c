/* Codec, envelope and the gate's look at parameters: what is decoded can be packed and decoded again, and is the same;
 * what the table lets through has the types that the table says. */
#include "protocol/message.h"
#include "protocol/methods.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void pack_again(struct arena *arena, const msgpack_object *object)
{
	const msgpack_object *again = NULL;
	struct error err = ERROR_INIT;
	struct buffer packed;

	buffer_init(&packed, FUZZ_BYTES);
	codec_put_object(&packed, object);
	fuzz_require(!packed.failed);
	fuzz_require(codec_decode(arena, buffer_span(&packed), &again, &err) == STATUS_OK);
	fuzz_require(codec_same(object, again));
	buffer_release(&packed);
}

static void check_params(enum method method, const msgpack_object *params)
{
	const struct param_row *rows = NULL;
	size_t count = method_params(method, &rows);
	struct error err = ERROR_INIT;

	if (method_check(method, params, &err) != STATUS_OK) {
		fuzz_require(err.message[0] != '\0');
		return;
	}
	fuzz_require(codec_count(params) <= count);
	for (size_t i = 0; i < count; i++) {
		const msgpack_object *value = codec_get(params, rows[i].name);
		struct span span;
		int64_t number;

		fuzz_require(value || !rows[i].required);
		if (value && rows[i].type == PARAM_INT) {
			fuzz_require(codec_int(value, &number) && number <= rows[i].max);
		} else if (value && rows[i].type == PARAM_TEXT) {
			fuzz_require(codec_text(value, &span) && (int64_t)span.length <= rows[i].max);
		} else if (value && rows[i].type == PARAM_BIN) {
			fuzz_require(codec_bin(value, &span) && (int64_t)span.length <= rows[i].max);
		}
	}
}

static void read_message(const struct message *message)
{
	struct error err = ERROR_INIT;
	enum method method;

	if (message->type == MESSAGE_REPLY) {
		if (message->error) {
			message_read_error(message->error, &err);
			fuzz_require(err.status != STATUS_OK);
		}
		return;
	}
	fuzz_require(message->params && message->params->type == MSGPACK_OBJECT_MAP);
	method = method_find((const char *)message->method.data, message->method.length);
	if (message->type == MESSAGE_REQUEST) {
		check_params(method == METHOD_COUNT ? METHOD_list : method, message->params);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	const struct span bytes = {data, size};
	const msgpack_object *object = NULL;
	struct message message;
	struct error err = ERROR_INIT;
	bool decoded;

	memset(&message, 0, sizeof(message));
	decoded = codec_decode(arena, bytes, &object, &err) == STATUS_OK;
	if (decoded) {
		pack_again(arena, object);
	} else {
		fuzz_require(err.message[0] != '\0');
	}
	if (message_decode(arena, bytes, &message, &err) == STATUS_OK) {
		fuzz_require(decoded);
		read_message(&message);
	}
	arena_free(arena);
	return 0;
}
