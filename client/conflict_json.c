/* A conflict for a script: all that collides, and the change-sets that would settle it. */
#include "client/commands.h"
#include "client/conflict.h"
#include "client/json.h"
#include "client/kept_json.h"
#include "client/value.h"

#include <string.h>

/* ---- commands ---- */

/* A word as a shell takes it. In the arena; NULL without memory. */
static const char *quoted(struct arena *arena, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=.,/:@+%";
	struct buffer out;
	const char *word = NULL;

	if (*text && strspn(text, plain) == strlen(text)) {
		return text;
	}
	buffer_init(&out, 16 * 1024 * 1024);
	buffer_append_text(&out, "'");
	for (; *text; text++) {
		if (*text == '\'') {
			buffer_append_text(&out, "'\\''");
		} else {
			buffer_append(&out, text, 1);
		}
	}
	buffer_append_text(&out, "'");
	word = out.failed ? NULL : arena_text(arena, (const char *)out.data, out.length);
	buffer_release(&out);
	return word;
}

/* "progress=33", as "set" takes it. */
static const char *pair_of(struct client *client, const struct field *field, const msgpack_object *value)
{
	const char *text = codec_is_nil(value) ? "" : value_write(client->arena, field, value);
	bool from_file = field->type == FIELD_LONG_TEXT && text && text[0] == '@';
	const char *pair =
		text ? arena_printf(client->arena, "%s=%s%s", field->name, from_file ? "@" : "", text) : NULL;

	return pair ? quoted(client->arena, pair) : NULL;
}

/* "safer action set A2 progress=33 --base 8" */
static const char *command_of_item(struct client *client, const struct kept *kept,
				   const struct kept_item *item)
{
	const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
	bool removes = strcmp(item->verb, KEPT_REMOVE) == 0;
	const char *reason = kept->reason ? quoted(client->arena, kept->reason) : NULL;
	const char *text = arena_printf(client->arena, "safer %s %s %s", item->kind,
					strcmp(item->verb, KEPT_EDIT) == 0 ? "set" : item->verb, item->id);

	for (size_t i = 0; kind && i < kind->field_count && text; i++) {
		const msgpack_object *value = codec_get(item->fields, kind->fields[i].name);
		const char *pair = value ? pair_of(client, &kind->fields[i], value) : NULL;

		if (value) {
			text = pair ? arena_printf(client->arena, "%s %s", text, pair) : NULL;
		}
	}
	return text ? arena_printf(client->arena, "%s --base %lld%s%s%s", text, (long long)item->base,
				   removes ? " --yes" : "", reason ? " --reason " : "", reason ? reason : "")
		    : NULL;
}

/* A command for the one record that it is about, or one that takes the change-set. */
static void add_command(struct client *client, json_t *commands, const struct kept *kept)
{
	const char *command = kept->count == 1 && kept->items[0].id
				      ? command_of_item(client, kept, &kept->items[0])
				      : "safer change apply -";

	if (kept->count > 1 || (kept->count == 1 && kept->items[0].fields) ||
	    (kept->count == 1 && strcmp(kept->items[0].verb, KEPT_EDIT) != 0)) {
		(void)json_array_append_new(commands, json_string(command ? command : ""));
	}
}

/* For a set that stays in hand: what to do to it, record by record. */
static void add_steps(struct client *client, json_t *commands, const struct kept *kept,
		      const msgpack_object *details, bool mine)
{
	for (size_t i = 0; i < list_size(details); i++) {
		const msgpack_object *one = list_item(details, i);
		const char *id = codec_get_string(client->arena, one, "id");

		if (id && conflict_begins_record(details, i)) {
			const char *text = mine ? arena_printf(client->arena, "safer change keep %s", id)
						: conflict_drop(client, kept, details, id);

			(void)json_array_append_new(commands, json_string(text ? text : ""));
		}
	}
	(void)json_array_append_new(commands, json_string("safer change commit"));
}

/* ---- change-sets ---- */

static int64_t newest(const msgpack_object *details, const char *id)
{
	int64_t revision = 0;

	for (size_t i = 0; i < list_size(details); i++) {
		const msgpack_object *one = list_item(details, i);
		int64_t its = codec_get_int(one, "revision", 0);

		revision = codec_text_is(codec_get(one, "id"), id) && its > revision ? its : revision;
	}
	return revision;
}

/* Each field that collides: yours stands, and theirs is given up, or the other way round. */
static enum status settle_fields(struct client *client, struct kept_item *item, const msgpack_object *details,
				 bool mine, struct error *err)
{
	struct kept alone = {.items = item, .count = 1};
	enum status status = STATUS_OK;

	for (size_t k = 0; k < list_size(details) && status == STATUS_OK; k++) {
		const msgpack_object *one = list_item(details, k);
		const char *field = codec_get_string(client->arena, one, "field");
		const msgpack_object *value = field ? codec_get(item->fields, field) : NULL;

		if (!value || !codec_text_is(codec_get(one, "id"), item->id)) {
			continue;
		}
		if (!mine) {
			(void)kept_take_field(client->arena, &alone, item, field);
		}
		status = kept_give_up(client, item, field, value, !mine, codec_get(one, "theirs"), mine, err);
	}
	if (codec_count(item->fields) == 0) {
		item->fields = NULL;
	}
	return status;
}

/* A copy on the revisions that were shown; with theirs, without what collides. */
static enum status settled(struct client *client, const struct kept *kept, const msgpack_object *details,
			   bool mine, struct kept *out, struct error *err)
{
	*out = *kept;
	out->items = arena_array(client->arena, kept->count + 1, sizeof(*out->items));
	if (!out->items) {
		return error_memory(err);
	}
	if (kept->count > 0) {
		memcpy(out->items, kept->items, kept->count * sizeof(*out->items));
	}
	for (size_t i = 0; i < kept->count; i++) { /* a copy of the items, so that the set stays as it is */
		struct kept_item *item = kept->items[i].id ? kept_find(out, kept->items[i].id) : NULL;
		int64_t revision = item ? newest(details, item->id) : 0;

		if (revision == 0) {
			continue;
		}
		item->base = revision;
		item->why = NULL;
		if (!mine && strcmp(item->verb, KEPT_EDIT) != 0) {
			kept_take_out(out, item);
			continue;
		}
		if (settle_fields(client, item, details, mine, err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

static json_t *way_json(struct client *client, const struct kept *kept, const msgpack_object *details,
			bool mine)
{
	struct error wrong = ERROR_INIT;
	struct kept way = {.count = 0};
	json_t *commands = json_array();
	json_t *changes = NULL;

	if (settled(client, kept, details, mine, &way, &wrong) == STATUS_OK) {
		changes = kept_json(client, &way);
	}
	if (kept_begun(client)) {
		add_steps(client, commands, kept, details, mine);
	} else {
		add_command(client, commands, &way);
	}
	return json_pack("{s:o, s:o}", "commands", commands, "changes", changes);
}

/* ---- what collides ---- */

static json_t *field_json(const struct kind *kind, const msgpack_object *one)
{
	static const char *const sides[] = {"base", "theirs", "mine"};
	struct span name = codec_get_text(one, "field");
	const struct field *field = kind ? kind_field(kind, (const char *)name.data, name.length) : NULL;
	json_t *json = json_pack("{s:s%}", "field", name.data ? (const char *)name.data : "", name.length);

	for (size_t i = 0; json && i < sizeof(sides) / sizeof(sides[0]); i++) {
		(void)json_object_set_new(json, sides[i], json_of_value(field, codec_get(one, sides[i])));
	}
	for (size_t i = 0; json && i < 5; i++) {
		static const char *const hand[] = {"by", "agency", "at", "entry", "revision"};

		(void)json_object_set_new(json, hand[i], json_of_object(codec_get(one, hand[i])));
	}
	return json;
}

static json_t *record_json(struct client *client, const struct kept_item *item, const msgpack_object *details)
{
	const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
	json_t *fields = json_array();

	for (size_t i = 0; fields && i < list_size(details); i++) {
		const msgpack_object *one = list_item(details, i);

		if (codec_text_is(codec_get(one, "id"), item->id)) {
			(void)json_array_append_new(fields, field_json(kind, one));
		}
	}
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "id", item->id, "kind", item->kind, "do",
			 item->verb, "base", (json_int_t)item->base, "revision",
			 (json_int_t)newest(details, item->id), "fields", fields);
}

enum status conflict_tell(struct client *client, const struct kept *kept, struct error *err)
{
	const msgpack_object *details = client->details;
	json_t *records = NULL;
	json_t *whole = NULL;
	struct error wrong = ERROR_INIT;

	if (client->output.mode != OUTPUT_JSON) {
		return err->status;
	}
	records = json_array();
	for (size_t i = 0; records && i < kept->count; i++) {
		if (kept->items[i].id && newest(details, kept->items[i].id) > 0) {
			(void)json_array_append_new(records, record_json(client, &kept->items[i], details));
		}
	}
	whole = json_pack("{s:{s:s, s:o, s:{s:o, s:o}}}", "conflict", "message", err->message, "records",
			  records, "settle", "mine", way_json(client, kept, details, true), "theirs",
			  way_json(client, kept, details, false));
	if (json_print(whole, &client->output, &wrong) != STATUS_OK) {
		*err = wrong;
	}
	return err->status;
}
