/* Change-sets from JSON and to JSON, by jansson. */
#include "client/kept_json.h"

#include "client/json.h"
#include "client/record.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

/* A text as it is: only a line that was typed has signs of its own for nothing and unknown. */
static enum status text_value(struct client *client, const struct field *field, const json_t *json,
			      const msgpack_object **out, struct error *err)
{
	const char *text = json_string_value(json);
	size_t length = json_string_length(json);

	if (strlen(text) != length || !text_is_clean(text, length, field->type == FIELD_LONG_TEXT)) {
		return error_set(err, STATUS_INVALID, "%s: this is not clean text", field->name);
	}
	if (field->type == FIELD_TEXT || field->type == FIELD_LONG_TEXT) {
		*out = codec_make_text(client->arena, text, length);
		return *out ? STATUS_OK : error_memory(err);
	}
	return field_parse(client->arena, client->schema, field, text, out, err);
}

static enum status list_value(struct client *client, const struct field *field, const json_t *json,
			      const msgpack_object **out, struct error *err)
{
	size_t count = json_array_size(json);
	const msgpack_object **items = arena_array(client->arena, count + 1, sizeof(*items));
	enum status status = items ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const json_t *one = json_array_get(json, i);

		if (!json_is_string(one) || strlen(json_string_value(one)) != json_string_length(one)) {
			return error_set(err, STATUS_INVALID, "%s: entry %zu of the list is not a text",
					 field->name, i + 1);
		}
		items[i] = codec_make_text(client->arena, json_string_value(one), json_string_length(one));
		status = items[i] ? STATUS_OK : error_memory(err);
	}
	if (status == STATUS_OK) {
		*out = count > 0 ? codec_make_list(client->arena, items, count) : codec_make_nil();
		status = *out ? STATUS_OK : error_memory(err);
	}
	return status;
}

static bool is_unknown(const json_t *json)
{
	return json_is_object(json) && json_object_size(json) == 1 &&
	       json_is_true(json_object_get(json, "unknown"));
}

static enum status read_value(struct client *client, const struct field *field, const json_t *json,
			      const msgpack_object **out, struct error *err)
{
	enum status status = STATUS_OK;
	const char *text;

	*out = NULL;
	if (json_is_null(json)) {
		*out = codec_make_nil();
	} else if (is_unknown(json)) {
		*out = codec_make_unknown();
	} else if (json_is_boolean(json)) {
		*out = codec_make_flag(json_is_true(json));
	} else if (json_is_integer(json) && field->type == FIELD_DECIMAL) {
		text = arena_printf(client->arena, "%lld", (long long)json_integer_value(json));
		status = text ? field_parse(client->arena, client->schema, field, text, out, err)
			      : error_memory(err);
	} else if (json_is_integer(json)) {
		*out = codec_make_int(client->arena, json_integer_value(json));
	} else if (json_is_string(json)) {
		status = text_value(client, field, json, out, err);
	} else if (json_is_array(json)) {
		status = list_value(client, field, json, out, err);
	} else if (json_is_real(json)) {
		error_set(err, STATUS_INVALID, "%s: a JSON number with a point is not exact", field->name);
		return error_hint(err, "write it as a text, such as \"12.50\"");
	} else {
		return error_set(err, STATUS_INVALID,
				 "%s: an object is no value, but for {\"unknown\": true}", field->name);
	}
	if (status == STATUS_OK && !*out) {
		status = error_memory(err);
	}
	return status == STATUS_OK ? field_check(client->schema, field, *out, true, err) : status;
}

static enum status read_fields(struct client *client, const struct kind *kind, json_t *json,
			       const msgpack_object **out, struct error *err)
{
	struct buffer *packed = client_buffer(client);
	const msgpack_object *map = NULL;
	enum status status = packed ? STATUS_OK : error_memory(err);
	const char *name;
	json_t *value;

	if (!json_is_object(json)) {
		return error_set(err, STATUS_INVALID, "fields must be an object of field names and values");
	}
	if (status == STATUS_OK) {
		codec_put_map(packed, json_object_size(json));
	}
	json_object_foreach(json, name, value)
	{
		const struct field *field = NULL;
		const msgpack_object *one = NULL;

		if (status == STATUS_OK) {
			status = record_field(kind, name, &field, err);
		}
		if (status == STATUS_OK) {
			status = read_value(client, field, value, &one, err);
		}
		if (status == STATUS_OK) {
			codec_pair_object(packed, field->name, one);
		}
	}
	if (status == STATUS_OK) {
		status = packed->failed ? error_memory(err)
					: codec_decode(client->arena, buffer_span(packed), &map, err);
	}
	if (status == STATUS_OK) {
		*out = map;
	}
	return status;
}

/* What was given up in a conflict: {"progress": {"theirs": 22}}. */
static enum status read_settled(struct client *client, const struct kind *kind, json_t *json,
				const msgpack_object **out, struct error *err)
{
	struct buffer *packed = client_buffer(client);
	enum status status = packed ? STATUS_OK : error_memory(err);
	const char *name;
	json_t *sides;

	if (status == STATUS_OK && !json_is_object(json)) {
		return error_set(err, STATUS_INVALID, "settled must be an object of field names");
	}
	if (status == STATUS_OK) {
		codec_put_map(packed, json_object_size(json));
	}
	json_object_foreach(json, name, sides)
	{
		const struct field *field = NULL;
		const char *side;
		json_t *value;

		if (status == STATUS_OK) {
			status = record_field(kind, name, &field, err);
		}
		if (status == STATUS_OK && json_object_size(sides) == 0) {
			status = error_set(err, STATUS_INVALID, "settled: %s must have mine, theirs, or both",
					   name);
		}
		if (status == STATUS_OK) {
			codec_put_text(packed, field->name);
			codec_put_map(packed, json_object_size(sides));
		}
		json_object_foreach(sides, side, value)
		{
			const msgpack_object *one = NULL;

			if (status == STATUS_OK && strcmp(side, "mine") != 0 && strcmp(side, "theirs") != 0) {
				status = error_set(err, STATUS_INVALID,
						   "settled: %s has \"%s\" beside mine and theirs", name,
						   side);
			}
			if (status == STATUS_OK) {
				status = read_value(client, field, value, &one, err);
			}
			if (status == STATUS_OK) {
				codec_pair_object(packed, side, one);
			}
		}
	}
	if (status == STATUS_OK) {
		status = packed->failed ? error_memory(err)
					: codec_decode(client->arena, buffer_span(packed), out, err);
	}
	return status;
}

/* ---- changes ---- */

static enum status check_keys(json_t *json, const char *const *known, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0) {
			i++;
		}
		if (!known[i]) {
			const char *nearest = text_nearest(key, known);

			error_set(err, STATUS_INVALID, "there is no \"%s\" in a change-set", key);
			return nearest ? error_hint(err, "did you mean \"%s\"?", nearest) : err->status;
		}
	}
	return STATUS_OK;
}

/* A text of a change. *out stays NULL when it is not there, or null. */
static enum status read_text(struct client *client, const json_t *map, const char *key, const char **out,
			     struct error *err)
{
	const json_t *json = json_object_get(map, key);
	const char *text = json_string_value(json);
	size_t length = json_string_length(json);

	if (!json || json_is_null(json)) {
		return STATUS_OK;
	}
	if (!text || strlen(text) != length || !text_is_clean(text, length, true)) {
		return error_set(err, STATUS_INVALID, "%s must be a text", key);
	}
	*out = arena_text(client->arena, text, length);
	return *out ? STATUS_OK : error_memory(err);
}

/* Which record, or which kind of a new one. */
static enum status read_target(struct client *client, struct kept_item *item, const struct kind **kind,
			       struct error *err)
{
	char id[ID_TEXT];
	enum status status = STATUS_OK;
	bool creates = strcmp(item->verb, KEPT_CREATE) == 0;

	if (creates == (item->id != NULL)) {
		return error_set(err, STATUS_INVALID,
				 creates ? "a new record is given its id by the server"
					 : "which record to %s is not said: it needs an id",
				 item->verb);
	}
	if (creates) {
		*kind = item->kind ? schema_kind(client->schema, item->kind, strlen(item->kind)) : NULL;
		if (!*kind) {
			error_set(err, STATUS_INVALID, "there is no kind of record called \"%s\"",
				  item->kind ? item->kind : "");
			return error_hint(err, "\"safer schema\" lists the kinds");
		}
	} else {
		status = client_id(client, item->id, kind, id, err);
		item->id = status == STATUS_OK ? arena_text(client->arena, id, strlen(id)) : NULL;
		if (status == STATUS_OK && !item->id) {
			status = error_memory(err);
		}
	}
	if (status == STATUS_OK) {
		item->kind = (*kind)->name;
	}
	return status;
}

static enum status check_verb(const struct kind *kind, const char *verb, struct error *err)
{
	if (strcmp(verb, KEPT_CREATE) == 0 || strcmp(verb, KEPT_EDIT) == 0 ||
	    strcmp(verb, KEPT_REMOVE) == 0 || kind_transition(kind, verb, strlen(verb))) {
		return STATUS_OK;
	}
	error_set(err, STATUS_INVALID, "there is no way to %s %s", verb, kind->plural);
	return error_hint(err, "\"safer %s help\" lists its verbs", kind->name);
}

static enum status read_change(struct client *client, json_t *json, struct kept_item *item, struct error *err)
{
	/* The last two are what "change show" prints beside a change. */
	static const char *const known[] = {"do",     "kind",    "id",     "ref", "base",
					    "fields", "settled", "record", "why", NULL};
	const struct kind *kind = NULL;
	json_t *base = json_object_get(json, "base");
	json_t *fields = json_object_get(json, "fields");
	json_t *settled = json_object_get(json, "settled");
	enum status status;

	if (!json_is_object(json)) {
		return error_set(err, STATUS_INVALID, "it is not an object");
	}
	status = check_keys(json, known, err);
	if (status == STATUS_OK) {
		status = read_text(client, json, "do", &item->verb, err);
	}
	if (status == STATUS_OK && !item->verb) {
		error_set(err, STATUS_INVALID, "it does not say what to do");
		return error_hint(err, "\"do\" is create, edit, remove or a verb of the kind");
	}
	if (status == STATUS_OK) {
		status = read_text(client, json, "kind", &item->kind, err);
	}
	if (status == STATUS_OK) {
		status = read_text(client, json, "id", &item->id, err);
	}
	if (status == STATUS_OK) {
		status = read_text(client, json, "ref", &item->ref, err);
	}
	if (status == STATUS_OK) {
		status = read_target(client, item, &kind, err);
	}
	if (status == STATUS_OK) {
		status = check_verb(kind, item->verb, err);
	}
	if (status == STATUS_OK && item->ref && (item->id || item->ref[0] != '@' || !item->ref[1])) {
		status = error_set(err, STATUS_INVALID,
				   "ref is the name of a new record in the change-set, such as \"@1\"");
	}
	if (status == STATUS_OK && base && !json_is_null(base)) {
		item->base = json_is_integer(base) ? json_integer_value(base) : 0;
		if (item->base < 1 || !item->id) {
			status = error_set(err, STATUS_INVALID,
					   "base is the revision that was seen of a record that is there");
		}
	}
	if (status == STATUS_OK && fields && !json_is_null(fields)) {
		status = read_fields(client, kind, fields, &item->fields, err);
	}
	if (status == STATUS_OK && settled && !json_is_null(settled)) {
		status = read_settled(client, kind, settled, &item->settled, err);
	}
	return status;
}

/* The numbered "@" names that are given ahead of those that are not. */
static void pass_names(const json_t *changes, struct kept *kept)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const char *ref = json_string_value(json_object_get(json_array_get(changes, i), "ref"));
		int64_t number = 0;

		if (ref && ref[0] == '@' && number_parse(ref + 1, 1, 1000000, &number) &&
		    number >= kept->next) {
			kept->next = number + 1;
		}
	}
}

static enum status read_set(struct client *client, const char *name, json_t *whole, struct kept *out,
			    struct error *err)
{
	/* Those after the second are what "change show" prints of a set in hand. */
	static const char *const known[] = {"changes", "reason", "begun", "sent", "collides", NULL};
	json_t *changes = json_is_object(whole) ? json_object_get(whole, "changes") : whole;
	enum status status = json_is_object(whole) ? check_keys(whole, known, err) : STATUS_OK;

	if (status == STATUS_OK && json_is_object(whole)) {
		status = read_text(client, whole, "reason", &out->reason, err);
	}
	if (status == STATUS_OK && json_array_size(changes) == 0) {
		error_set(err, STATUS_INVALID, "%s holds no changes", name);
		return error_hint(err,
				  "it is {\"changes\": [...]}, as \"safer change show --json\" prints it");
	}
	pass_names(changes, out);
	for (size_t i = 0; i < json_array_size(changes) && status == STATUS_OK; i++) {
		struct kept_item item = {0};
		struct error wrong = ERROR_INIT;

		status = read_change(client, json_array_get(changes, i), &item, &wrong);
		if (status == STATUS_OK && item.id && kept_find(out, item.id)) {
			status = error_set(&wrong, STATUS_INVALID, "%s is there twice", item.id);
		}
		if (status == STATUS_OK) {
			status = kept_join(client->arena, out, &item, false, false, &wrong);
		}
		if (status != STATUS_OK) {
			error_set(err, status, "%s, change %zu: %s", name, i + 1, wrong.message);
			(void)error_hint(err, "%s", wrong.hint);
		}
	}
	return status;
}

enum status kept_read_json(struct client *client, const char *name, struct span text, struct kept *out,
			   struct error *err)
{
	json_error_t wrong;
	json_t *whole = NULL;
	enum status status = kept_new(client, out, err);

	if (status != STATUS_OK) {
		return status;
	}
	whole = json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, &wrong);
	if (!whole) {
		if (json_error_code(&wrong) == json_error_out_of_memory) {
			return error_memory(err);
		}
		return error_set(err, STATUS_INVALID, "%s line %d is not JSON: %s", name, wrong.line,
				 wrong.text);
	}
	status = read_set(client, name, whole, out, err);
	json_decref(whole);
	return status;
}

/* ---- out ---- */

static json_t *of_item(struct client *client, const struct kept_item *item)
{
	const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
	json_t *json = json_pack("{s:s, s:s}", "do", item->verb, "kind", item->kind);
	bool done = json != NULL;

	if (done && item->id) {
		done = json_object_set_new(json, "id", json_string(item->id)) == 0 &&
		       json_object_set_new(json, "base", json_integer(item->base)) == 0;
	}
	if (done && item->ref) {
		done = json_object_set_new(json, "ref", json_string(item->ref)) == 0;
	}
	if (done && item->fields) {
		done = json_object_set_new(json, "fields", json_of_fields(kind, item->fields)) == 0;
	}
	if (done && item->settled) {
		done = json_object_set_new(json, "settled", json_of_settled(kind, item->settled)) == 0;
	}
	if (done && item->why) {
		done = json_object_set_new(json, "why", json_string(item->why)) == 0;
	}
	if (!done) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

json_t *kept_json(struct client *client, const struct kept *kept)
{
	json_t *changes = json_array();
	json_t *whole = json_pack("{s:s?}", "reason", kept->reason);
	bool done = changes && whole;

	for (size_t i = 0; done && i < kept->count; i++) {
		done = json_array_append_new(changes, of_item(client, &kept->items[i])) == 0;
	}
	done = done && json_object_set(whole, "changes", changes) == 0;
	json_decref(changes);
	if (!done) {
		json_decref(whole);
		whole = NULL;
	}
	return whole;
}

enum status kept_print_json(struct client *client, const struct kept *kept, struct error *err)
{
	json_t *set = kept_json(client, kept);
	json_t *whole =
		json_pack("{s:s, s:s?, s:b}", "begun", kept->at, "reason", kept->reason, "sent", kept->sent);
	bool done = set && whole && json_object_update(whole, set) == 0;

	json_decref(set);
	if (done && kept->collides) {
		done = json_object_set_new(whole, "collides", json_of_object(kept->collides)) == 0;
	}
	if (!done) {
		json_decref(whole);
		whole = NULL;
	}
	return json_print(whole, &client->output, err);
}
