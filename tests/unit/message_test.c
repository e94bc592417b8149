/* The envelope of MessagePack-RPC. */
#include "protocol/message.h"

#include "rows.h"

static enum status decode(struct arena *arena, const uint8_t *data, size_t length, struct message *out,
			  struct error *err)
{
	return message_decode(arena, (struct span){data, length}, out, err);
}

struct row {
	const char *name;
	const uint8_t *data;
	size_t length;
};

static const struct row wrong[] = {
	{"refuses a number", BYTES("\x01")},
	{"refuses a map", BYTES("\x80")},
	{"refuses an empty list", BYTES("\x90")},
	{"refuses a type that is a text", BYTES("\x94\xa1"
						"0\x01\xa1m\x91\x80")},
	{"refuses type 3", BYTES("\x94\x03\x01\xa1m\x91\x80")},
	{"refuses type -1", BYTES("\x94\xff\x01\xa1m\x91\x80")},
	{"refuses a request of three", BYTES("\x93\x00\x01\xa1m")},
	{"refuses a request of five", BYTES("\x95\x00\x01\xa1m\x91\x80\xc0")},
	{"refuses a request with a negative id", BYTES("\x94\x00\xff\xa1m\x91\x80")},
	{"refuses a request with an id over 32 bits",
	 BYTES("\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1m\x91\x80")},
	{"refuses a request with a text for an id", BYTES("\x94\x00\xa1x\xa1m\x91\x80")},
	{"refuses a request with a binary for a method", BYTES("\x94\x00\x01\xc4\x01m\x91\x80")},
	{"refuses a request with a number for a method", BYTES("\x94\x00\x01\x02\x91\x80")},
	{"refuses a request with a map for params", BYTES("\x94\x00\x01\xa1m\x80")},
	{"refuses a request with nil for params", BYTES("\x94\x00\x01\xa1m\xc0")},
	{"refuses a request with two params", BYTES("\x94\x00\x01\xa1m\x92\x80\x80")},
	{"refuses a request whose param is a number", BYTES("\x94\x00\x01\xa1m\x91\x01")},
	{"refuses a reply of three", BYTES("\x93\x01\x01\xc0")},
	{"refuses a reply with a negative id", BYTES("\x94\x01\xff\xc0\x80")},
	{"refuses a reply whose error is a text", BYTES("\x94\x01\x01\xa1x\xc0")},
	{"refuses a reply with an error and a result", BYTES("\x94\x01\x01\x80\x80")},
	{"refuses a notice of two", BYTES("\x92\x02\xa1m")},
	{"refuses a notice of four", BYTES("\x94\x02\xa1m\x91\x80\xc0")},
	{"refuses a notice with a map for params", BYTES("\x93\x02\xa1m\x80")},
	{"refuses what is not one whole value", BYTES("\x94\x00\x01\xa1m\x91")},
};

static void is_refused(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	struct message message = {.id = 77};
	struct error err = ERROR_INIT;

	assert_non_null(arena);
	assert_int_equal(decode(arena, row->data, row->length, &message, &err), STATUS_INVALID);
	assert_int_equal(message.id, 77);
	assert_true(strlen(err.message) > 10);
	arena_free(arena);
}

static void assert_method(const struct message *message, const char *method)
{
	assert_int_equal(message->method.length, strlen(method));
	assert_memory_equal(message->method.data, method, strlen(method));
}

static void requests_replies_and_notices_come_back(void **state)
{
	struct arena *arena = arena_new();
	struct message message;
	struct buffer out;

	(void)state;
	assert_non_null(arena);
	buffer_init(&out, 1000);

	message_put_request(&out, UINT32_MAX, "read");
	codec_put_map(&out, 1);
	codec_pair_text(&out, "id", "A12");
	assert_int_equal(message_decode(arena, buffer_span(&out), &message, NULL), STATUS_OK);
	assert_int_equal(message.type, MESSAGE_REQUEST);
	assert_true(message.id == UINT32_MAX);
	assert_method(&message, "read");
	assert_true(codec_text_is(codec_get(message.params, "id"), "A12"));

	buffer_clear(&out);
	message_put_reply(&out, 7);
	codec_put_map(&out, 0);
	assert_int_equal(message_decode(arena, buffer_span(&out), &message, NULL), STATUS_OK);
	assert_int_equal(message.type, MESSAGE_REPLY);
	assert_int_equal(message.id, 7);
	assert_null(message.error);
	assert_int_equal(message.result->type, MSGPACK_OBJECT_MAP);

	buffer_clear(&out);
	message_put_notice(&out, "changed");
	codec_put_map(&out, 1);
	codec_pair_int(&out, "watch", 3);
	assert_int_equal(message_decode(arena, buffer_span(&out), &message, NULL), STATUS_OK);
	assert_int_equal(message.type, MESSAGE_NOTICE);
	assert_method(&message, "changed");
	assert_int_equal(codec_get_int(message.params, "watch", 0), 3);

	buffer_release(&out);
	arena_free(arena);
}

static void no_params_are_an_empty_map(void **state)
{
	struct arena *arena = arena_new();
	struct message message;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(decode(arena, BYTES("\x94\x00\x01\xa1m\x90"), &message, NULL), STATUS_OK);
	assert_int_equal(message.params->type, MSGPACK_OBJECT_MAP);
	assert_int_equal(codec_count(message.params), 0);
	arena_free(arena);
}

static void notices_of_other_libraries_do_no_harm(void **state)
{
	static const struct row rows[] = {
		{"", BYTES("\x93\x02\xc4\x06"
			   "client\x95\xa1x\x80\xa1y\x80\x80")},
		{"", BYTES("\x93\x02\xc4\x06"
			   "client\x90")},
		{"", BYTES("\x93\x02\x07\x91\x01")},
	};
	struct arena *arena = arena_new();
	struct message message;

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(decode(arena, rows[i].data, rows[i].length, &message, NULL), STATUS_OK);
		assert_int_equal(message.type, MESSAGE_NOTICE);
		assert_method(&message, "");
		assert_int_equal(message.params->type, MSGPACK_OBJECT_MAP);
		assert_int_equal(codec_count(message.params), 0);
	}
	assert_int_equal(decode(arena, BYTES("\x93\x02\xa1m\x92\x01\x02"), &message, NULL), STATUS_OK);
	assert_method(&message, "m");
	assert_int_equal(codec_count(message.params), 0);
	arena_free(arena);
}

static void errors_come_back_as_they_were(void **state)
{
	static const uint8_t details[] = "\x81\xa5"
					 "field\xa3"
					 "due";
	struct arena *arena = arena_new();
	struct message message;
	struct error sent = ERROR_INIT;
	struct error got = ERROR_INIT;
	struct buffer out;

	(void)state;
	assert_non_null(arena);
	for (int status = STATUS_FAILED; status < STATUS_COUNT; status++) {
		error_set(&sent, (enum status)status, "A12 was changed by Anna");
		error_hint(&sent, "look at it again");
		error_rule(&sent, "action.edit");
		buffer_init(&out, 2000);
		message_put_error(&out, 9, &sent, (struct span){details, sizeof(details) - 1});
		assert_int_equal(message_decode(arena, buffer_span(&out), &message, NULL), STATUS_OK);
		assert_int_equal(message.id, 9);
		assert_non_null(message.error);
		assert_true(codec_is_nil(message.result));
		assert_int_equal(codec_get_int(message.error, "code", -1),
				 status_exit_code((enum status)status));
		assert_int_equal(codec_get_flag(message.error, "retry", false),
				 status_retry((enum status)status));
		assert_true(codec_text_is(codec_get(codec_get(message.error, "details"), "field"), "due"));
		message_read_error(message.error, &got);
		assert_int_equal(got.status, sent.status);
		assert_string_equal(got.message, sent.message);
		assert_string_equal(got.hint, sent.hint);
		assert_string_equal(got.rule, sent.rule);
		buffer_release(&out);
	}
	arena_free(arena);
}

static void an_error_without_details_has_nil(void **state)
{
	struct arena *arena = arena_new();
	struct message message;
	struct error sent = ERROR_INIT;
	struct buffer out;

	(void)state;
	assert_non_null(arena);
	error_set(&sent, STATUS_NOT_FOUND, "there is no A99");
	buffer_init(&out, 2000);
	message_put_error(&out, 1, &sent, (struct span){NULL, 0});
	assert_int_equal(message_decode(arena, buffer_span(&out), &message, NULL), STATUS_OK);
	assert_true(codec_is_nil(codec_get(message.error, "details")));
	assert_int_equal(codec_count(message.error), 7);
	buffer_release(&out);
	arena_free(arena);
}

static void strange_errors_still_become_errors(void **state)
{
	struct arena *arena = arena_new();
	const msgpack_object *map = NULL;
	struct error got = ERROR_INIT;
	struct buffer out;
	char longer[2000];

	(void)state;
	assert_non_null(arena);
	message_read_error(NULL, &got);
	assert_int_equal(got.status, STATUS_FAILED);
	assert_true(strlen(got.message) > 10);

	buffer_init(&out, 10000);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	codec_put_map(&out, 4);
	codec_pair_text(&out, "name", "ok");
	codec_pair_text(&out, "message", longer);
	codec_pair_text(&out, "hint", longer);
	codec_pair_text(&out, "rule", longer);
	assert_int_equal(codec_decode(arena, buffer_span(&out), &map, NULL), STATUS_OK);
	message_read_error(map, &got);
	assert_int_equal(got.status, STATUS_FAILED);
	assert_int_equal(strlen(got.message), sizeof(got.message) - 1);
	assert_int_equal(strlen(got.hint), sizeof(got.hint) - 1);
	assert_int_equal(strlen(got.rule), sizeof(got.rule) - 1);
	buffer_release(&out);
	arena_free(arena);
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add_table(&tests, wrong, is_refused);
	rows_add(&tests, "requests, replies and notices come back", requests_replies_and_notices_come_back,
		 NULL);
	rows_add(&tests, "no params are an empty map", no_params_are_an_empty_map, NULL);
	rows_add(&tests, "notices of other libraries do no harm", notices_of_other_libraries_do_no_harm,
		 NULL);
	rows_add(&tests, "errors come back as they were", errors_come_back_as_they_were, NULL);
	rows_add(&tests, "an error without details has nil", an_error_without_details_has_nil, NULL);
	rows_add(&tests, "strange errors still become errors", strange_errors_still_become_errors, NULL);
	return rows_run(&tests, "message");
}
