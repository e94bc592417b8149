/* What the people of the small partnership read, watch and are told. */
#include "tests/support/plan_fixture_inside.h"

#include "common/text.h"
#include "protocol/scanner.h"
#include "server/live/feed.h"
#include "server/records/views.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BYTES_MAX (64 << 20)

/* ---- fields as text ---- */

const struct kind *plan_kind_of(const char *id)
{
	struct id parsed;

	return id_parse(id, strlen(id), &parsed) ? schema_kind_of_prefix(schema_server(), parsed.prefix)
						 : NULL;
}

void plan_put_value(struct plan *plan, const struct field *field, const char *text)
{
	const msgpack_object *value = NULL;
	struct error err = ERROR_INIT;

	if (text[0] == '\0') {
		codec_put_nil(&plan->changes);
	} else if (field != NULL && field_parse(fixture_arena(plan->server), schema_server(), field, text,
						&value, &err) == STATUS_OK) {
		codec_put_object(&plan->changes, value);
	} else {
		codec_put_text(&plan->changes, text);
	}
}

int64_t plan_revision(struct plan *plan, const char *id)
{
	struct id parsed;
	const struct kind *kind = plan_kind_of(id);
	struct record_row row;
	struct error err = ERROR_INIT;

	if (kind == NULL || !id_parse(id, strlen(id), &parsed) ||
	    store_record_get(plan->server->reader, fixture_arena(plan->server), plan->server->partnership,
			     kind->name, parsed.number, &row, &err) != STATUS_OK) {
		return 0;
	}
	return row.revision;
}

/* ---- reading ---- */

enum status plan_ask(struct plan *plan, enum who who, enum method method, fixture_handler handler, ...)
{
	struct fixture_device *device = plan_device(plan, who);
	va_list texts;

	fixture_ask(plan->server);
	va_start(texts, handler);
	for (const char *name = va_arg(texts, const char *); name != NULL;
	     name = va_arg(texts, const char *)) {
		const char *value = va_arg(texts, const char *);

		if (value != NULL) {
			fixture_text(plan->server, name, value);
		}
	}
	va_end(texts);
	return fixture_call(plan->server, device, method, handler);
}

enum status plan_ask_entry(struct plan *plan, enum who who, int64_t entry)
{
	struct fixture_device *device = plan_device(plan, who);

	fixture_ask(plan->server);
	fixture_int(plan->server, "entry", entry);
	return fixture_call(plan->server, device, METHOD_journal_show, handle_journal_show);
}

enum status plan_read(struct plan *plan, enum who who, const char *id, const char *as_of)
{
	return plan_ask(plan, who, METHOD_read, handle_read, "id", id, "as_of", as_of, NULL);
}

const char *plan_value_as_of(struct plan *plan, enum who who, const char *id, const char *field,
			     const char *as_of)
{
	const struct kind *kind = plan_kind_of(id);
	const msgpack_object *value = NULL;
	struct buffer text;
	const char *copy = NULL;

	assert_non_null(kind);
	if (plan_read(plan, who, id, as_of) == STATUS_NOT_FOUND) {
		return "(hidden)";
	}
	plan_expect(plan, STATUS_OK, NULL);
	value = codec_get(codec_get(codec_get(plan->server->result, "record"), "fields"), field);
	if (codec_is_nil(value)) {
		return "-";
	}
	buffer_init(&text, BYTES_MAX);
	field_print(&text, kind_field(kind, field, strlen(field)), value);
	assert_false(text.failed);
	copy = arena_text(fixture_arena(plan->server), (const char *)text.data, text.length);
	buffer_release(&text);
	assert_non_null(copy);
	return copy;
}

const char *plan_value(struct plan *plan, enum who who, const char *id, const char *field)
{
	return plan_value_as_of(plan, who, id, field, NULL);
}

int64_t plan_newest(struct plan *plan)
{
	struct error err = ERROR_INIT;
	int64_t count = 0;

	assert_int_equal(store_leaf_count(plan->server->reader, plan->server->partnership, &count, &err),
			 STATUS_OK);
	return count - 1;
}

/* "field is value": the value as a person would type it. */
static void put_condition(struct plan *plan, const struct kind *kind, const char *text, size_t length)
{
	struct arena *arena = fixture_arena(plan->server);
	size_t field_length = strcspn(text, " ");
	size_t is_at = field_length + 1;
	size_t is_length = 0;
	size_t value_at = 0;
	const char *name = arena_text(arena, text, field_length);
	const char *is = NULL;

	assert_true(is_at < length);
	is_length = strcspn(text + is_at, " |");
	value_at = is_at + is_length + 1;
	is = arena_text(arena, text + is_at, is_length);
	codec_put_map(&plan->changes, value_at < length ? 3 : 2);
	codec_pair_text(&plan->changes, "field", name);
	codec_pair_text(&plan->changes, "is", is);
	if (value_at < length) {
		const char *value = arena_text(arena, text + value_at, length - value_at);

		const struct field *field = kind != NULL ? kind_field(kind, name, field_length) : NULL;
		bool part = strcmp(is, "contains") == 0 || (field != NULL && field->type == FIELD_REFS);

		codec_put_text(&plan->changes, "value");
		plan_put_value(plan, part ? NULL : field, value);
	}
}

enum status plan_list(struct plan *plan, enum who who, const struct plan_query *query)
{
	struct fixture_device *device = plan_device(plan, who);
	const struct kind *kind = schema_kind(schema_server(), query->kind, strlen(query->kind));
	size_t header = 0;
	size_t count = 0;

	fixture_ask(plan->server);
	fixture_text(plan->server, "kind", query->kind);
	if (query->where != NULL) {
		buffer_clear(&plan->changes);
		header = codec_list_begin(&plan->changes);
		for (const char *at = query->where; at[0] != '\0'; count++) {
			size_t length = strcspn(at, "|");

			put_condition(plan, kind, at, length);
			at += length + (at[length] == '|' ? 1 : 0);
		}
		codec_list_end(&plan->changes, header, count);
		fixture_raw(plan->server, "where", buffer_span(&plan->changes));
	}
	if (query->sort != NULL) {
		fixture_text(plan->server, "sort", query->sort);
	}
	if (query->as_of != NULL) {
		fixture_text(plan->server, "as_of", query->as_of);
	}
	if (query->under != NULL) {
		fixture_text(plan->server, "under", query->under);
	}
	if (query->after != 0) {
		fixture_int(plan->server, "after", query->after);
	}
	if (query->limit != 0) {
		fixture_int(plan->server, "limit", query->limit);
	}
	if (query->offset != 0) {
		fixture_int(plan->server, "offset", query->offset);
	}
	return fixture_call(plan->server, device, METHOD_list, handle_list);
}

const char *plan_ids(struct plan *plan)
{
	const msgpack_object *records = codec_get(plan->server->result, "records");
	const char *ids = "";

	for (size_t i = 0; i < codec_count(records); i++) {
		struct span id = codec_get_text(&records->via.array.ptr[i], "id");

		ids = arena_printf(fixture_arena(plan->server), "%s%s%.*s", ids, i > 0 ? " " : "",
				   (int)id.length, (const char *)id.data);
		assert_non_null(ids);
	}
	return ids;
}

struct span plan_sent(struct plan *plan)
{
	struct server_fixture *server = plan->server;
	struct buffer sent;
	struct span out;

	buffer_init(&sent, BYTES_MAX);
	if (server->status == STATUS_OK) {
		buffer_append(&sent, server->request->reply.data, server->request->reply.length);
	} else {
		message_put_error(&sent, 1, &server->err, buffer_span(&server->request->details));
	}
	assert_false(sent.failed);
	out = (struct span){arena_copy(fixture_arena(server), sent.data, sent.length), sent.length};
	buffer_release(&sent);
	return out;
}

bool plan_sent_has(struct plan *plan, const char *text)
{
	struct span sent = plan_sent(plan);

	return memmem(sent.data, sent.length, text, strlen(text)) != NULL;
}

/* ---- watching ---- */

static const char *notice_text(struct arena *arena, const char *before, const struct message *notice)
{
	const msgpack_object *map = notice->params;
	const msgpack_object *fields = codec_get(map, "fields");
	const char *join = before[0] != '\0' ? "; " : "";
	long long entry = (long long)codec_get_int(map, "entry", -1);
	const char *out = NULL;

	if (text_equal((const char *)notice->method.data, notice->method.length, "resync")) {
		return arena_printf(arena, "%s%s%lld resync", before, join, entry);
	}
	out = arena_printf(arena, "%s%s%lld %s %s", before, join, entry, codec_get_string(arena, map, "id"),
			   codec_get_flag(map, "lost", false)      ? "lost"
			   : codec_get_flag(map, "left", false)    ? "left"
			   : codec_get_flag(map, "removed", false) ? "removed"
								   : codec_get_string(arena, map, "verb"));
	for (size_t i = 0; out != NULL && i < codec_count(fields); i++) {
		struct span name;

		assert_true(codec_text(&fields->via.map.ptr[i].key, &name));
		out = arena_printf(arena, "%s %.*s", out, (int)name.length, (const char *)name.data);
	}
	return out;
}

static const char *notices_text(struct arena *arena, struct span bytes)
{
	const char *text = "";
	struct scanner scanner;
	size_t at = 0;

	scanner_init(&scanner, BYTES_MAX, 32, 1000000);
	while (at < bytes.length) {
		struct message notice;
		struct error err = ERROR_INIT;
		size_t used = 0;

		assert_int_equal(scanner_feed(&scanner, bytes.data + at, bytes.length - at, &used),
				 SCAN_COMPLETE);
		assert_int_equal(message_decode(arena, (struct span){bytes.data + at, used}, &notice, &err),
				 STATUS_OK);
		assert_int_equal(notice.type, MESSAGE_NOTICE);
		text = notice_text(arena, text, &notice);
		assert_non_null(text);
		scanner_next(&scanner);
		at += used;
	}
	return text;
}

/* What was kept of earlier feeds, of whomever, makes no difference. */
static void same_from_views(struct plan *plan, struct context *context, const struct session *session,
			    const struct watch_wish *wish, struct span made, int64_t last)
{
	struct arena *arena = fixture_arena(plan->server);
	struct error err = ERROR_INIT;

	context->views = plan->views;
	for (int time = 0; time < 2; time++) { /* made for the first time, or kept before; then surely kept */
		struct buffer out;
		int64_t reached = 0;
		bool more = false;

		buffer_init(&out, BYTES_MAX);
		assert_int_equal(feed_collect(context, arena, session, wish, &out, &reached, &more, &err),
				 STATUS_OK);
		assert_int_equal(reached, last);
		assert_int_equal(out.length, made.length);
		assert_true(made.length == 0 || memcmp(out.data, made.data, made.length) == 0);
		buffer_release(&out);
	}
}

const char *plan_feed(struct plan *plan, enum who who, const struct plan_watch *watch, struct span *raw,
		      int64_t *reached, bool *more)
{
	struct arena *arena = fixture_arena(plan->server);
	struct fixture_device *device = plan_device(plan, who);
	struct context context = plan->server->context;
	struct watch_wish wish = {
		.number = 7, .since = watch->since, .partnership = plan->server->partnership};
	struct session *session = NULL;
	struct buffer out;
	struct span bytes;
	struct error err = ERROR_INIT;
	int64_t last = 0;
	bool others = false;

	snprintf(wish.kind, sizeof(wish.kind), "%s", watch->kind != NULL ? watch->kind : "");
	snprintf(wish.id, sizeof(wish.id), "%s", watch->id != NULL ? watch->id : "");
	snprintf(wish.owner, sizeof(wish.owner), "%s", watch->owner != NULL ? watch->owner : "");
	snprintf(wish.under, sizeof(wish.under), "%s", watch->under != NULL ? watch->under : "");
	context.store = plan->server->reader;
	context.journal = NULL;
	buffer_init(&out, BYTES_MAX);
	assert_int_equal(store_begin(context.store, &err), STATUS_OK);
	assert_int_equal(session_load(context.store, arena, &device->fingerprint, &session, &err), STATUS_OK);
	if (feed_collect(&context, arena, session, &wish, &out, &last, &others, &err) != STATUS_OK) {
		fail_msg("feed_collect: %s", err.message);
	}
	same_from_views(plan, &context, session, &wish, buffer_span(&out), last);
	store_rollback(context.store);
	bytes = (struct span){arena_copy(arena, out.data, out.length), out.length};
	buffer_release(&out);
	if (raw != NULL) {
		*raw = bytes;
	}
	if (reached != NULL) {
		*reached = last;
	}
	if (more != NULL) {
		*more = others;
	}
	return notices_text(arena, bytes);
}

/* ---- tables ---- */

void plan_rows_add(struct plan_rows *rows, const char *name, CMUnitTestFunction run, const void *row)
{
	assert_true(rows->count < PLAN_ROWS_MAX);
	rows->tests[rows->count++] = (struct CMUnitTest){.name = name,
							 .test_func = run,
							 .setup_func = plan_setup,
							 .teardown_func = plan_teardown,
							 .initial_state = (void *)row};
}

int plan_rows_run(struct plan_rows *rows, const char *group, const struct CMUnitTest *others, size_t count)
{
	assert_true(rows->count + count <= PLAN_ROWS_MAX);
	memcpy(rows->tests + rows->count, others, count * sizeof(*others));
	rows->count += count;
	return _cmocka_run_group_tests(group, rows->tests, rows->count, NULL, NULL);
}
