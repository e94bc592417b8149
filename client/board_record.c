/* One record of the board, by itself: who is editing it, its fields as people read them, and who changed it last. */
#include "client/board_record.h"

#include "client/record.h"

#include <string.h>

#define PAIRS_MORE 8 /* lines of a record besides its fields */

/* "P1 Reduce violent crime": an id, and what the record is called where that was told. */
static const char *id_and_title(const struct board_record_wish *wish, const msgpack_object *value)
{
	struct span id = {NULL, 0};
	const char *text =
		codec_text(value, &id) ? arena_text(wish->arena, (const char *)id.data, id.length) : "?";
	const char *title = text ? picture_title(wish->picture, text) : NULL;

	return title && *title ? arena_printf(wish->arena, "%s %s", text, title) : text;
}

/* A value as people read it; of references, what they refer to is called. */
static const char *value_words(const struct board_record_wish *wish, const struct field *field,
			       const msgpack_object *value)
{
	struct client view = *wish->client;
	const char *text = "";

	view.arena = wish->arena;
	if (field->type == FIELD_REF) {
		return id_and_title(wish, value);
	}
	if (field->type != FIELD_REFS) {
		return record_value(&view, field, value, NULL, true);
	}
	for (size_t i = 0; i < list_size(value) && text; i++) {
		const char *one = id_and_title(wish, list_item(value, i));

		text = one ? arena_printf(wish->arena, "%s%s%s", text, i > 0 ? "; " : "", one) : NULL;
	}
	return text;
}

enum status board_record(const struct board_record_wish *wish, const struct board_look *look,
			 struct board_lines *out, struct error *err)
{
	const struct board_facts *facts = wish->facts;
	const struct picture_record *record = picture_find(wish->picture, wish->id);
	struct arena *arena = wish->arena;
	const msgpack_object *fields = record ? picture_fields(record, arena) : NULL;
	const char *heading = arena_printf(arena, " %s  %s", wish->id, record ? record->title : "");
	size_t room = (record ? record->kind->field_count : 0) + facts->editor_count + PAIRS_MORE;
	struct board_pair *pairs = arena_array(arena, room, sizeof(*pairs));
	size_t count = 0;

	if (!heading || !pairs || (record && !fields)) {
		return error_memory(err);
	}
	if (!record) {
		pairs[count++] = (struct board_pair){"", "It was removed, or you may see it no longer."};
	}
	for (size_t i = 0; i < facts->editor_count; i++) {
		if (strcmp(facts->editors[i].id, wish->id) == 0) {
			pairs[count] = (struct board_pair){"editing", arena_printf(arena, "%s, since %s",
										   facts->editors[i].who,
										   facts->editors[i].since)};
			if (!pairs[count++].value) {
				return error_memory(err);
			}
		}
	}
	for (size_t i = 0; record && i < record->kind->field_count; i++) {
		const struct field *field = &record->kind->fields[i];
		const msgpack_object *value = codec_get(fields, field->name);

		if (!codec_is_nil(value) && strcmp(field->name, record->kind->title) != 0) {
			pairs[count] = (struct board_pair){field->name, value_words(wish, field, value)};
			if (!pairs[count++].value) {
				return error_memory(err);
			}
		}
	}
	if (record) {
		const char *at = record_minute(arena, record->at);
		char *changed =
			at ? arena_printf(arena, "%s by %s, revision %lld, journal entry %lld", at,
					  record->by, (long long)record->revision, (long long)record->entry)
			   : NULL;

		if (!changed) {
			return error_memory(err);
		}
		pairs[count++] = (struct board_pair){"changed", changed};
	}
	return board_detail(arena, heading, pairs, count, look, out, err);
}
