/* People, connections and requests of the scene. */
#include "tests/faults/scene.h"

#include "common/log.h"
#include "server/records/engine.h"
#include "server/schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RATE        1000000000 /* requests: a test asks more than a person */

#define BYTES_MOST  (1 << 20)

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* B1, PE1 and AP1 are the founding's. */
static const struct record_seed seeds[] = {
	{"organisation",
	 FIELDS("name", "Warwickshire Police", "type", "police", "status", "responsible-authority", "owner",
		"B1"),
	 NULL},
	{"body", FIELDS("name", "Operational Group", "type", "operational-group", "owner", "B1"), NULL},
	{"body", FIELDS("name", "Police authority", "type", "authority", "organisation", "O1", "owner", "B1"),
	 NULL},
	{"person", FIELDS("name", "Paul Police", "owner", "B1"), NULL},
	{"person", FIELDS("name", "New Comer", "owner", "B1"), NULL},
	{"appointment",
	 FIELDS("person", "PE2", "body", "B2", "post", "member", "organisation", "O1", "from", "2014-04-01",
		"owner", "B1"),
	 "confirmed"},
	{"priority",
	 FIELDS("title", "Burglary", "standing", "priority", "year", "2014/15", "lead", "O1", "owner", "B2"),
	 "adopted"},
	{"action", FIELDS("title", "Patrols", "priority", "P1", "status", "not-started", "owner", "B3"),
	 NULL},
};

int scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	void *wire = NULL;

	assert_non_null(scene);
	assert_int_equal(wire_setup(&wire), 0);
	scene->wire = wire;
	scene->wire->server->settings.limits.requests_per_second = RATE;
	scene->wire->server->settings.limits.requests_burst = RATE;
	fixture_records(scene->wire->server, scene->wire->server->partnership, seeds,
			sizeof(seeds) / sizeof(seeds[0]));
	scene->devices[OFFICER] = fixture_device(scene->wire->server, 2);
	scene->devices[ADMINISTRATOR] = fixture_administrator(scene->wire->server);
	wire_start_workers(scene->wire);
	*state = scene;
	return 0;
}

int scene_teardown(void **state)
{
	struct scene *scene = *state;
	void *wire = scene->wire;

	free(scene);
	return wire_teardown(&wire);
}

/* ---- connections ---- */

static void forget_peer(struct wire *wire, struct wire_peer *peer)
{
	for (size_t i = 0; i < wire->peer_count; i++) {
		if (wire->peers[i] == peer) {
			wire->peers[i] = wire->peers[--wire->peer_count];
			break;
		}
	}
	SSL_free(peer->ssl);
	close(peer->fd);
	buffer_release(&peer->in);
	free(peer->messages);
	free(peer);
}

static struct wire_peer *connect_as(struct scene *scene, enum actor actor)
{
	struct wire_offer offer = {.alpn = ALPN_ENROL};
	struct wire_peer *peer = NULL;

	if (actor != NEWCOMER) {
		offer = wire_member(scene->wire, scene->devices[actor]);
	}
	peer = wire_connect(scene->wire, offer);
	assert_non_null(wire_connection(peer));
	return peer;
}

struct wire_peer *scene_peer(struct scene *scene, enum actor actor)
{
	struct wire_peer *peer = scene->peers[actor];

	if (peer != NULL && wire_ended(peer)) {
		scene_drop(scene, actor);
		peer = NULL;
	}
	if (peer == NULL) {
		peer = scene->peers[actor] = connect_as(scene, actor);
	}
	return peer;
}

void scene_drop(struct scene *scene, enum actor actor)
{
	if (scene->peers[actor] != NULL) {
		forget_peer(scene->wire, scene->peers[actor]);
		scene->peers[actor] = NULL;
		wire_turns(scene->wire, 2);
	}
}

void scene_watch(struct scene *scene)
{
	if (scene->watcher != NULL && wire_ended(scene->watcher)) {
		scene_drop_watcher(scene);
	}
	if (scene->watcher == NULL) {
		scene->watcher = connect_as(scene, OFFICER);
		wire_ask(scene->watcher, ++scene->id, "watch");
		assert_int_equal(wire_reply(scene->watcher, scene->id)->status, STATUS_OK);
	}
}

void scene_drop_watcher(struct scene *scene)
{
	if (scene->watcher != NULL) {
		forget_peer(scene->wire, scene->watcher);
		scene->watcher = NULL;
		wire_turns(scene->wire, 2);
	}
}

void scene_tidy(struct scene *scene)
{
	struct wire *wire = scene->wire;

	for (size_t i = 0; i < wire->peer_count; i++) {
		struct wire_peer *peer = wire->peers[i];

		buffer_consume(&peer->in, peer->parsed);
		peer->parsed = 0;
		memset(peer->messages, 0, peer->message_count * sizeof(*peer->messages));
		peer->message_count = 0;
	}
	arena_free(wire->arena);
	wire->arena = arena_new();
	assert_non_null(wire->arena);
}

/* ---- requests ---- */

const struct wire_message *scene_ask(struct scene *scene, enum actor actor, const char *method,
				     const struct buffer *params)
{
	struct wire_peer *peer = scene_peer(scene, actor);

	wire_ask_with(peer, ++scene->id, method, buffer_span(params));
	return wire_reply(peer, scene->id);
}

static void put_value(struct buffer *out, const char *value, size_t length)
{
	if (length > 0 && value[0] == '#') {
		codec_put_int(out, strtoll(value + 1, NULL, 10));
	} else if (length > 0 && value[0] == '@') {
		codec_put_list(out, 1);
		codec_put_span(out, (struct span){(const uint8_t *)value + 1, length - 1});
	} else {
		codec_put_span(out, (struct span){(const uint8_t *)value, length});
	}
}

void scene_put(struct buffer *out, const char *pairs)
{
	size_t header = codec_map_begin(out);
	size_t count = 0;

	while (*pairs != '\0') {
		size_t name = strcspn(pairs, "=");
		size_t whole = strcspn(pairs, "|");

		assert_true(name < whole);
		codec_put_span(out, (struct span){(const uint8_t *)pairs, name});
		put_value(out, pairs + name + 1, whole - name - 1);
		pairs += whole + (pairs[whole] == '|');
		count++;
	}
	codec_map_end(out, header, count);
}

void scene_put_change(struct scene *scene, struct buffer *out, const char *verb, const char *what,
		      int64_t base, const char *fields)
{
	scene->drawn++;
	memcpy(scene->request, &scene->drawn, sizeof(scene->drawn));
	codec_put_map(out, 3);
	codec_put_text(out, "request");
	codec_put_bin(out, scene->request, sizeof(scene->request));
	codec_pair_text(out, "reason", "it was asked for");
	codec_put_text(out, "changes");
	codec_put_list(out, 1);
	codec_put_map(out, base >= 0 ? 4 : 3);
	codec_pair_text(out, "do", verb);
	codec_pair_text(out, strcmp(verb, "create") == 0 ? "kind" : "id", what);
	if (base >= 0) {
		codec_pair_int(out, "base", base);
	}
	codec_put_text(out, "fields");
	scene_put(out, fields);
	assert_false(out->failed);
}

void scene_make(struct scene *scene, const char *kind, const char *fields)
{
	struct buffer params;
	const struct wire_message *reply = NULL;
	const msgpack_object *changes = NULL;
	struct span id;

	buffer_init(&params, BYTES_MOST);
	scene_put_change(scene, &params, "create", kind, -1, fields);
	reply = scene_ask(scene, OFFICER, "change", &params);
	if (reply->status != STATUS_OK) {
		fail_msg("a %s could not be made: %s", kind, reply->error.message);
	}
	changes = codec_get(reply->message.result, "changes");
	assert_int_equal(codec_count(changes), 1);
	id = codec_get_text(&changes->via.array.ptr[0], "id");
	assert_true(id.length > 0 && id.length < sizeof(scene->target));
	memcpy(scene->target, id.data, id.length);
	scene->target[id.length] = '\0';
	buffer_release(&params);
}

/* ---- what stands ---- */

bool scene_quiet(const struct scene *scene)
{
	const struct dispatch *dispatch = &scene->wire->dispatch;

	return worker_waiting(dispatch->writer) == 0 && worker_waiting(dispatch->reader) == 0;
}

void scene_settle(struct scene *scene)
{
	wire_until(scene->wire, scene_quiet(scene));
	wire_turns(scene->wire, 2);
}

int64_t scene_entries(struct scene *scene)
{
	struct server_fixture *server = scene->wire->server;
	struct error err = ERROR_INIT;
	int64_t count = 0;

	assert_int_equal(store_leaf_count(server->reader, server->partnership, &count, &err), STATUS_OK);
	return count;
}

int64_t scene_revision(struct scene *scene, const char *kind, int64_t number)
{
	struct server_fixture *server = scene->wire->server;
	struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct record_row row;
	int64_t revision;

	assert_non_null(arena);
	assert_int_equal(
		store_record_get(server->reader, arena, server->partnership, kind, number, &row, &err),
		STATUS_OK);
	revision = row.revision;
	arena_free(arena);
	return revision;
}

void scene_check(struct scene *scene)
{
	struct server_fixture *server = scene->wire->server;
	struct journal_report report = {0};
	struct error err = ERROR_INIT;

	assert_int_equal(store_begin(server->reader, &err), STATUS_OK);
	if (journal_check(server->reader, server->context.journal_public, schema_server(), NULL, NULL,
			  &report, &err) != STATUS_OK) {
		fail_msg("the journal is not good: %s", report.first_problem);
	}
	store_rollback(server->reader);
}
