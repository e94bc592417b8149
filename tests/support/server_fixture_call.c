/* The fixture's calls: parameters, the handler in its transaction, and what the journal says of it afterwards. */
#include "tests/support/server_fixture_inside.h"

#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define REPLY_BYTES (64 << 20)

/* ---- calls ---- */

void fixture_ask(struct server_fixture *server)
{
	struct fixture_inside *inside = server->inside;

	buffer_clear(&inside->params);
	inside->params_header = codec_map_begin(&inside->params);
	inside->param_count = 0;
}

static struct buffer *next_param(struct server_fixture *server, const char *name)
{
	server->inside->param_count++;
	codec_put_text(&server->inside->params, name);
	return &server->inside->params;
}

void fixture_text(struct server_fixture *server, const char *name, const char *value)
{
	codec_put_text(next_param(server, name), value);
}

void fixture_int(struct server_fixture *server, const char *name, int64_t value)
{
	codec_put_int(next_param(server, name), value);
}

void fixture_flag(struct server_fixture *server, const char *name, bool value)
{
	codec_put_flag(next_param(server, name), value);
}

void fixture_bin(struct server_fixture *server, const char *name, const void *data, size_t length)
{
	codec_put_bin(next_param(server, name), data, length);
}

void fixture_raw(struct server_fixture *server, const char *name, struct span packed)
{
	codec_put_raw(next_param(server, name), packed);
}

/* A request as the connection makes it, in an arena of its own. */
static struct request *new_request(struct server_fixture *server, const struct fixture_device *device,
				   enum method method)
{
	struct fixture_inside *inside = server->inside;
	struct request *request = NULL;
	struct error err = ERROR_INIT;

	if (server->request != NULL) {
		buffer_release(&server->request->reply);
		buffer_release(&server->request->details);
	}
	arena_free(inside->call);
	inside->call = arena_new();
	assert_non_null(inside->call);
	codec_map_end(&inside->params, inside->params_header, inside->param_count);
	assert_false(inside->params.failed);
	request = arena_alloc(inside->call, sizeof(*request));
	assert_non_null(request);
	request->arena = inside->call;
	request->method = method;
	request->bytes.data = arena_copy(inside->call, inside->params.data, inside->params.length);
	request->bytes.length = inside->params.length;
	assert_non_null(request->bytes.data);
	request->address = "192.0.2.1";
	request->context = &server->context;
	request->presences = server->presences;
	if (device != NULL) {
		request->has_certificate = true;
		request->fingerprint = device->fingerprint;
	}
	buffer_init(&request->reply, REPLY_BYTES);
	buffer_init(&request->details, REPLY_BYTES);
	fixture_must(codec_decode(inside->call, request->bytes, &request->params, &err), &err,
		     "the parameters");
	return request;
}

static enum status run(struct request *request, fixture_handler handler, struct error *err)
{
	enum status status = method_check(request->method, request->params, err);

	if (status == STATUS_OK && request->has_certificate) {
		status = session_load(request->context->store, request->arena, &request->fingerprint,
				      &request->session, err);
	}
	return status == STATUS_OK ? handler(request, err) : status;
}

static void undo(struct server_fixture *server)
{
	store_revert(server->context.store);
	journal_forget(server->context.journal);
}

/* What a refusal leaves behind, in a savepoint of its own. */
static void run_afterwards(struct server_fixture *server)
{
	struct error err = ERROR_INIT;

	fixture_must(store_savepoint(server->context.store, &err), &err, "store_savepoint");
	fixture_must(server->request->afterwards(server->request, &server->err, &err), &err, "afterwards");
	fixture_must(store_release(server->context.store, &err), &err, "store_release");
}

/* As the writer does: kept when all went well, or when the handler says so. */
static void settle(struct server_fixture *server)
{
	struct request *request = server->request;
	struct error err = ERROR_INIT;

	if (server->status == STATUS_OK ? !request->undo : request->keep) {
		fixture_must(store_release(server->context.store, &err), &err, "store_release");
		return;
	}
	undo(server);
	if (server->status != STATUS_OK && request->afterwards != NULL) {
		run_afterwards(server);
	}
}

/* Whatever a handler answers has its row in methods.def, of that type: the protocol is what the table says. */
static void check_result(const struct server_fixture *server, enum method method)
{
	static const msgpack_object_type types[] = {
		[PARAM_TEXT] = MSGPACK_OBJECT_STR,   [PARAM_FLAG] = MSGPACK_OBJECT_BOOLEAN,
		[PARAM_BIN] = MSGPACK_OBJECT_BIN,    [PARAM_MAP] = MSGPACK_OBJECT_MAP,
		[PARAM_LIST] = MSGPACK_OBJECT_ARRAY,
	};
	const struct param_row *rows = NULL;
	size_t count = method_results(method, &rows);

	assert_int_equal(server->result->type, MSGPACK_OBJECT_MAP);
	for (uint32_t i = 0; i < server->result->via.map.size; i++) {
		const msgpack_object_kv *pair = &server->result->via.map.ptr[i];
		const struct param_row *row = NULL;
		struct span name;

		assert_true(codec_text(&pair->key, &name));
		for (size_t k = 0; k < count && row == NULL; k++) {
			row = text_equal((const char *)name.data, name.length, rows[k].name) ? &rows[k]
											     : NULL;
		}
		if (row == NULL) {
			fail_msg("%s answers \"%.*s\", which has no row", method_rows[method].name,
				 (int)name.length, (const char *)name.data);
		}
		if (codec_is_nil(&pair->val) || row->type == PARAM_ANY) {
			continue;
		}
		if (row->type == PARAM_INT ? !codec_int(&pair->val, &(int64_t){0})
					   : pair->val.type != types[row->type]) {
			fail_msg("%s answers %s as another type than its row says", method_rows[method].name,
				 row->name);
		}
	}
}

enum status fixture_call(struct server_fixture *server, const struct fixture_device *device,
			 enum method method, fixture_handler handler)
{
	struct error err = ERROR_INIT;

	server->request = new_request(server, device, method);
	server->result = NULL;
	server->err = (struct error)ERROR_INIT;
	fixture_begin(server);
	fixture_must(store_savepoint(server->context.store, &err), &err, "store_savepoint");
	server->status = run(server->request, handler, &server->err);
	settle(server);
	fixture_commit(server);
	if (server->status == STATUS_OK) {
		fixture_must(codec_decode(server->inside->call, buffer_span(&server->request->reply),
					  &server->result, &err),
			     &err, "the result");
		check_result(server, method);
	}
	return server->status;
}

const char *fixture_result(struct server_fixture *server, const char *name)
{
	const char *text = codec_get_string(server->inside->arena, server->result, name);

	if (text == NULL) {
		fail_msg("the result has no text %s", name);
	}
	return text;
}

/* ---- the journal ---- */

struct search {
	struct arena *arena;
	const char *what;
	size_t count;
	const char *note;
};

static enum status visit_leaf(void *payload, const struct leaf_row *row, struct error *err)
{
	struct search *search = payload;
	const msgpack_object *leaf = NULL;

	if (strcmp(row->what, search->what) != 0) {
		return STATUS_OK;
	}
	search->count++;
	if (codec_decode(search->arena, row->leaf, &leaf, err) != STATUS_OK) {
		return err->status;
	}
	search->note = codec_get_string(search->arena, leaf, "note");
	return STATUS_OK;
}

static struct search search_journal(struct server_fixture *server, int64_t partnership, const char *what)
{
	struct search search = {.arena = server->inside->arena, .what = what};
	struct error err = ERROR_INIT;

	fixture_must(store_leaf_each(server->reader, partnership, 0, false, visit_leaf, &search, &err), &err,
		     "store_leaf_each");
	return search;
}

size_t fixture_entries(struct server_fixture *server, int64_t partnership, const char *what)
{
	return search_journal(server, partnership, what).count;
}

const char *fixture_note(struct server_fixture *server, int64_t partnership, const char *what)
{
	const char *note = search_journal(server, partnership, what).note;

	return note != NULL ? note : "";
}
