/* Four stages: the picture, page after page; beginning the watch; being told; and waiting to connect again, which goes back
 * to the stage that it was in. */
#include "client/follow.h"

#include "client/console.h"
#include "client/watch_place.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define PAGE             500
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS  30000

enum stage { STAGE_PICTURE, STAGE_BEGIN, STAGE_TOLD };

struct follow {
	struct client *client;
	struct follow_wish wish;
	enum stage stage;
	bool began;               /* something was told */
	struct arena *arena;      /* of the event at hand; with pages, of the page */
	struct watch_place place; /* where it is in the journal; since -1: not known yet */
	int64_t watch;            /* the number of the watch on this connection */
	bool posts_known;
	struct digest posts; /* that the person held when it last began */

	int64_t picture;               /* the entry that the picture shows; -1: the newest */
	size_t kind;                   /* the one being listed, an index into the schema's */
	int64_t after;                 /* the last number that came of it */
	const msgpack_object *records; /* of the page at hand; NULL: none */
	const msgpack_object *titles;  /* of the page */
	size_t record;                 /* the next one to tell */
	bool last;                     /* there is no page behind it */
	bool pictured;                 /* the beginning of the picture was told */
	size_t counted;                /* records of this picture */

	bool broken;       /* waits to connect again */
	int patience;      /* milliseconds, before some chance is added */
	int64_t due;       /* when to try */
	int64_t connected; /* since when it has been */
	bool heard;        /* something came over this connection */
};

enum status follow_new(struct client *client, const struct follow_wish *wish, struct follow **out,
		       struct error *err)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow) {
		return error_memory(err);
	}
	follow->client = client;
	follow->wish = *wish;
	follow->stage = wish->since < 0 ? STAGE_PICTURE : STAGE_BEGIN;
	follow->picture = -1;
	follow->patience = BACKOFF_FIRST_MS;
	follow->connected = clock_monotonic_ms();
	watch_place_init(&follow->place, wish->since);
	*out = follow;
	return STATUS_OK;
}

void follow_free(struct follow *follow)
{
	if (!follow) {
		return;
	}
	watch_place_release(&follow->place);
	arena_free(follow->arena);
	free(follow);
}

/* What the last event was made of goes. */
static enum status fresh_arena(struct follow *follow, struct error *err)
{
	arena_free(follow->arena);
	follow->records = NULL;
	follow->arena = arena_new();
	return follow->arena ? STATUS_OK : error_memory(err);
}

/* One call whose answer lives as long as the event. It never connects by itself: the watch would be missing, and the schema
 * might be another. */
static enum status ask(struct follow *follow, enum method method, const struct buffer *params,
		       const msgpack_object **result, struct error *err)
{
	struct call *call = follow->client->call;
	const msgpack_object *details = NULL;

	if (params->failed) {
		return error_memory(err);
	}
	if (!call_alive(call)) {
		return error_set(err, STATUS_UNREACHABLE, "the connection to the server is closed");
	}
	return call_method(call, follow->arena, method, buffer_span(params), result, &details, err);
}

/* Posts begin and end with the day, without an entry that would be told. *same: nothing has changed since it last began. */
static enum status look_at_posts(struct follow *follow, bool *same, struct error *err)
{
	const msgpack_object *result = NULL;
	struct buffer packed;
	struct digest posts = {{0}};
	enum status status;

	buffer_init(&packed, (size_t)1 << 20);
	codec_put_map(&packed, 0);
	status = ask(follow, METHOD_whoami, &packed, &result, err);
	if (status == STATUS_OK) {
		buffer_clear(&packed);
		codec_put_object(&packed, codec_get(result, "posts"));
		codec_put_object(&packed, codec_get(result, "roles"));
		status = packed.failed ? error_memory(err) : STATUS_OK;
	}
	if (status == STATUS_OK) {
		digest_bytes(packed.data, packed.length, &posts);
		*same = !follow->posts_known || memcmp(&posts, &follow->posts, sizeof(posts)) == 0;
		follow->posts = posts;
		follow->posts_known = true;
	}
	buffer_release(&packed);
	return status;
}

/* ---- the picture ---- */

static void begin_picture(struct follow *follow, int64_t entry)
{
	follow->stage = STAGE_PICTURE;
	follow->picture = entry;
	follow->kind = 0;
	follow->after = 0;
	follow->records = NULL;
	follow->pictured = false;
	follow->counted = 0;
}

static void put_list(const struct follow *follow, const struct kind *kind, struct buffer *out)
{
	const struct follow_wish *wish = &follow->wish;
	const char *under =
		wish->id ? wish->id : wish->under; /* nothing of its own kind stands under a record */
	size_t header = codec_map_begin(out);
	size_t count = 3;
	char entry[24];

	codec_pair_text(out, "kind", kind->name);
	codec_pair_int(out, "limit", PAGE);
	codec_pair_int(out, "after", follow->after);
	if (under) {
		codec_pair_text(out, "under", under);
		count++;
	}
	if (wish->owner) {
		codec_put_text(out, "where");
		codec_put_list(out, 1);
		codec_put_map(out, 3);
		codec_pair_text(out, "field", "owner");
		codec_pair_text(out, "is", "is");
		codec_pair_text(out, "value", wish->owner);
		count++;
	}
	if (follow->picture >= 0) {
		(void)snprintf(entry, sizeof(entry), "%lld", (long long)follow->picture);
		codec_pair_text(out, "as_of", entry);
		count++;
	}
	codec_map_end(out, header, count);
}

static enum status ask_page(struct follow *follow, const struct kind *kind, struct error *err)
{
	const msgpack_object *result = NULL;
	struct buffer params;
	bool same = true; /* what it was before does not matter to a fresh picture */
	enum status status = fresh_arena(follow, err);

	buffer_init(&params, 4096);
	if (status == STATUS_OK && !follow->pictured) {
		status = look_at_posts(follow, &same, err);
	}
	if (status == STATUS_OK) {
		put_list(follow, kind, &params);
		status = ask(follow, METHOD_list, &params, &result, err);
	}
	buffer_release(&params);
	if (status != STATUS_OK) {
		return status;
	}
	follow->records = codec_get(result, "records");
	follow->titles = codec_get(result, "titles");
	follow->record = 0;
	follow->last = (int64_t)list_size(follow->records) >= codec_get_int(result, "total", 0);
	if (follow->picture < 0) {
		follow->picture = codec_get_int(result, "entry", -1);
	}
	if (!follow->records || follow->picture < 0) {
		return error_set(err, STATUS_FAILED, "the server sent no list");
	}
	return STATUS_OK;
}

static enum status tell_record(struct follow *follow, const struct kind *kind, struct follow_event *event,
			       struct error *err)
{
	const msgpack_object *record = list_item(follow->records, follow->record++);
	struct span id = codec_get_text(record, "id");
	struct id parsed;

	if (!id_parse((const char *)id.data, id.length, &parsed) || parsed.number <= follow->after) {
		return error_set(err, STATUS_FAILED, "the server sent a list that is out of order");
	}
	follow->after = parsed.number;
	follow->counted++;
	*event = (struct follow_event){.type = FOLLOW_RECORD,
				       .entry = follow->picture,
				       .kind = kind,
				       .map = record,
				       .titles = follow->titles,
				       .arena = follow->arena};
	return STATUS_OK;
}

static bool is_pictured(const struct follow *follow, const char *kind)
{
	const char *const *names = follow->wish.kinds;

	if (follow->wish.kind && strcmp(follow->wish.kind, kind) != 0) {
		return false;
	}
	while (names && *names && strcmp(*names, kind) != 0) {
		names++;
	}
	return !names || *names;
}

/* One step of the picture; an event of FOLLOW_NOTHING when there is nothing to tell of it. */
static enum status picture_step(struct follow *follow, struct follow_event *event, struct error *err)
{
	const struct schema *schema = follow->client->schema;
	const struct kind *kind = NULL;

	while (follow->kind < schema->kind_count && !is_pictured(follow, schema->kinds[follow->kind].name)) {
		follow->kind++;
	}
	if (follow->kind == schema->kind_count) {
		if (follow->wish.id && follow->counted == 0 && !follow->began) {
			return error_set(err, STATUS_NOT_FOUND,
					 "There is no record %s, or it is not shown to you.",
					 follow->wish.id);
		}
		watch_place_release(&follow->place);
		watch_place_init(&follow->place, follow->picture);
		follow->stage = STAGE_BEGIN;
		return STATUS_OK;
	}
	kind = &schema->kinds[follow->kind];
	if (follow->records && follow->record < list_size(follow->records)) {
		return tell_record(follow, kind, event, err);
	}
	if (follow->records && follow->last) {
		follow->records = NULL;
		follow->after = 0;
		follow->kind = follow->wish.kind ? schema->kind_count : follow->kind + 1;
		return STATUS_OK;
	}
	if (ask_page(follow, kind, err) != STATUS_OK) {
		return err->status;
	}
	if (!follow->pictured) {
		follow->pictured = true;
		*event = (struct follow_event){.type = FOLLOW_PICTURE, .entry = follow->picture};
	}
	return STATUS_OK;
}

/* ---- the watch ---- */

static enum status begin_watch(struct follow *follow, struct follow_event *event, struct error *err)
{
	const struct follow_wish *wish = &follow->wish;
	const char *const names[] = {"kind", "id", "owner", "under"};
	const char *const values[] = {wish->id ? NULL : wish->kind, wish->id, wish->owner, wish->under};
	const msgpack_object *result = NULL;
	struct buffer params;
	size_t header;
	size_t count = 1;
	bool same = true;
	enum status status = fresh_arena(follow, err);

	buffer_init(&params, 4096);
	header = codec_map_begin(&params);
	codec_pair_int(&params, "since", follow->place.since);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (values[i]) {
			codec_pair_text(&params, names[i], values[i]);
			count++;
		}
	}
	if (wish->presence) {
		codec_pair_flag(&params, "presence", true);
		count++;
	}
	codec_map_end(&params, header, count);
	if (status == STATUS_OK) {
		status = look_at_posts(follow, &same, err);
	}
	if (status == STATUS_OK && same) {
		status = ask(follow, METHOD_watch, &params, &result, err);
	}
	buffer_release(&params);
	if (status != STATUS_OK) {
		return status;
	}
	if (!same) {
		begin_picture(follow, follow->place.since);
		*event = (struct follow_event){.type = FOLLOW_RESYNC, .entry = follow->place.since};
		return STATUS_OK;
	}
	follow->watch = codec_get_int(result, "watch", -1);
	follow->stage = STAGE_TOLD;
	if (!follow->began || follow->pictured) { /* otherwise it only goes on */
		*event = (struct follow_event){.type = FOLLOW_READY, .entry = follow->place.since};
	}
	follow->began = true;
	follow->pictured = false;
	return STATUS_OK;
}

/* What the watch told behind this entry comes again, once there is a picture of it. */
static enum status resync(struct follow *follow, int64_t entry, struct follow_event *event, struct error *err)
{
	const msgpack_object *result = NULL;
	struct error ignored = ERROR_INIT;
	struct buffer params;
	enum status status;

	buffer_init(&params, 100);
	codec_put_map(&params, 1);
	codec_pair_int(&params, "watch", follow->watch);
	begin_picture(follow, entry);
	follow->watch = -1;
	status = ask(follow, METHOD_unwatch, &params, &result, &ignored);
	buffer_release(&params);
	if (status == STATUS_INTERRUPTED) {
		return error_set(err, status, "%s", ignored.message);
	}
	*event = (struct follow_event){.type = FOLLOW_RESYNC,
				       .entry = entry}; /* a lost connection shows next */
	return STATUS_OK;
}

static enum status take_change(struct follow *follow, const msgpack_object *params,
			       struct follow_event *event, struct error *err)
{
	int64_t entry = codec_get_int(params, "entry", follow->place.since);
	const char *id = codec_get_string(follow->arena, params, "id");
	struct span kind = codec_get_text(params, "kind");
	bool fresh = false;
	enum status status = watch_place_take(&follow->place, entry, id ? id : "",
					      codec_get_int(params, "revision", 0), &fresh, err);

	if (status != STATUS_OK || !fresh) {
		return status;
	}
	*event = (struct follow_event){
		.type = FOLLOW_CHANGE,
		.entry = entry,
		.kind = schema_kind(follow->client->schema, (const char *)kind.data, kind.length),
		.map = params,
		.change = codec_get_flag(params, "lost", false)      ? FOLLOW_LOST
			  : codec_get_flag(params, "left", false)    ? FOLLOW_LEFT
			  : codec_get_flag(params, "removed", false) ? FOLLOW_REMOVED
								     : FOLLOW_CHANGED,
		.whole = codec_get_flag(params, "whole", false),
		.arena = follow->arena,
	};
	return STATUS_OK;
}

static enum status be_told(struct follow *follow, int milliseconds, bool *late, struct follow_event *event,
			   struct error *err)
{
	struct call *call = follow->client->call;
	struct message notice;
	enum status status = fresh_arena(follow, err);

	if (status == STATUS_OK && !call_alive(call)) {
		status = error_set(err, STATUS_UNREACHABLE, "the connection to the server is closed");
	}
	if (status == STATUS_OK) {
		status = call_notice(call, follow->arena, milliseconds, &notice, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	*late = !notice.method.data;
	follow->heard = follow->heard || !*late;
	if (*late || codec_get_int(notice.params, "watch", -1) != follow->watch) {
		return STATUS_OK;
	}
	if (text_equal((const char *)notice.method.data, notice.method.length, "resync")) {
		return resync(follow, codec_get_int(notice.params, "entry", follow->place.since), event, err);
	}
	if (text_equal((const char *)notice.method.data, notice.method.length, "presence")) {
		*event = (struct follow_event){.type = FOLLOW_PRESENCE,
					       .entry = follow->place.since,
					       .map = notice.params,
					       .arena = follow->arena};
		return STATUS_OK;
	}
	return text_equal((const char *)notice.method.data, notice.method.length, "changed")
		       ? take_change(follow, notice.params, event, err)
		       : STATUS_OK;
}

/* ---- connecting again ---- */

/* Between a half and one and a half of what it says, so that not all come back at once. */
static int with_chance(int milliseconds)
{
	uint16_t chance = 0;
	int most = BACKOFF_MOST_MS;
	int wait = milliseconds;

	if (random_bytes(&chance, sizeof(chance))) {
		wait = milliseconds / 2 + (int)((int64_t)milliseconds * chance / UINT16_MAX);
	}
	return wait < most ? wait : most;
}

static void wait_longer(struct follow *follow)
{
	follow->due = clock_monotonic_ms() + with_chance(follow->patience);
	follow->patience = follow->patience * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : follow->patience * 2;
}

/* Not when nothing was told at all: then the person is told that the server cannot be reached. */
static bool may_try_again(const struct follow *follow, enum status status)
{
	return status == STATUS_UNREACHABLE && (follow->began || follow->pictured);
}

static enum status breaks(struct follow *follow, struct follow_event *event, struct error *err)
{
	enum status status = fresh_arena(follow, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (follow->heard || clock_monotonic_ms() - follow->connected > BACKOFF_MOST_MS) {
		follow->patience = BACKOFF_FIRST_MS; /* that was a good connection */
	}
	follow->heard = false;
	follow->broken = true;
	wait_longer(follow);
	if (follow->stage == STAGE_TOLD) {
		follow->stage = STAGE_BEGIN;
	}
	*event = (struct follow_event){
		.type = FOLLOW_BROKEN,
		.entry = follow->stage == STAGE_PICTURE ? follow->picture : follow->place.since,
		.arena = follow->arena,
		.why = arena_text(follow->arena, err->message, strlen(err->message)),
	};
	*err = (struct error)ERROR_INIT;
	return event->why ? STATUS_OK : error_memory(err);
}

/* A server that was changed in between has another schema: what was told so far may have had other fields. */
static enum status connect_again(struct follow *follow, struct follow_event *event, struct error *err)
{
	const struct schema *before = follow->client->schema;
	enum status status = client_reconnect(follow->client, err);

	if (status == STATUS_OK) {
		status = client_schema(follow->client, err);
	}
	if (status == STATUS_UNREACHABLE) {
		*err = (struct error)ERROR_INIT;
		wait_longer(follow);
		return STATUS_OK;
	}
	if (status != STATUS_OK) {
		return status;
	}
	follow->broken = false;
	follow->connected = clock_monotonic_ms();
	*event = (struct follow_event){.type = FOLLOW_AGAIN, .entry = follow->place.since};
	if (follow->client->schema != before) {
		int64_t entry = follow->stage == STAGE_PICTURE ? follow->picture : follow->place.since;

		begin_picture(follow, entry);
		*event = (struct follow_event){.type = FOLLOW_RESYNC, .entry = entry};
	}
	return STATUS_OK;
}

static enum status stay_broken(struct follow *follow, int64_t until, bool *late, struct follow_event *event,
			       struct error *err)
{
	int64_t now = clock_monotonic_ms();
	int64_t wake = follow->due < until ? follow->due : until;

	if (wake > now) {
		(void)console_poll(-1, 0, (int)(wake - now));
	}
	if (console_interrupted()) {
		return error_set(err, STATUS_INTERRUPTED, "stopped");
	}
	now = clock_monotonic_ms();
	if (now < follow->due) {
		*late = now >= until;
		return STATUS_OK;
	}
	return connect_again(follow, event, err);
}

/* ---- all of it ---- */

static enum status step(struct follow *follow, int64_t until, bool *late, struct follow_event *event,
			struct error *err)
{
	int64_t left = until - clock_monotonic_ms();

	if (follow->broken) {
		return stay_broken(follow, until, late, event, err);
	}
	switch (follow->stage) {
	case STAGE_PICTURE:
		return picture_step(follow, event, err);
	case STAGE_BEGIN:
		return begin_watch(follow, event, err);
	default:
		return be_told(follow, until == INT64_MAX ? -1 : left > 0 ? (int)left : 0, late, event, err);
	}
}

enum status follow_next(struct follow *follow, int milliseconds, struct follow_event *event,
			struct error *err)
{
	int64_t until = milliseconds < 0 ? INT64_MAX : clock_monotonic_ms() + milliseconds;
	enum status status = STATUS_OK;
	bool late = false;

	*event = (struct follow_event){.type = FOLLOW_NOTHING};
	while (status == STATUS_OK && event->type == FOLLOW_NOTHING && !late) {
		status = step(follow, until, &late, event, err);
		if (may_try_again(follow, status)) {
			status = breaks(follow, event, err);
		}
	}
	return status;
}

int follow_fd(const struct follow *follow)
{
	return follow->broken || !call_alive(follow->client->call) ? -1 : call_fd(follow->client->call);
}

int follow_patience(const struct follow *follow)
{
	int64_t left = follow->due - clock_monotonic_ms();

	if (!follow->broken) {
		return -1;
	}
	return left > 0 ? (int)left : 0;
}
