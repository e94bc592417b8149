/* Values in files. Adds to protocol/field_text.c what only files need. */
#include "client/value.h"

#include "common/ids.h"
#include "protocol/decimal.h"

#include <string.h>

#define VALUE_BYTES (16 * 1024 * 1024)

static void put_list(struct buffer *out, const msgpack_object *list)
{
	struct span text;

	for (uint32_t i = 0; i < list->via.array.size; i++) {
		if (codec_text(&list->via.array.ptr[i], &text)) {
			buffer_append_text(out, i > 0 ? "; " : "");
			buffer_append(out, text.data, text.length);
		}
	}
}

const char *value_write(struct arena *arena, const struct field *field, const msgpack_object *value)
{
	struct buffer text;
	const char *copy = NULL;

	buffer_init(&text, VALUE_BYTES);
	if (field->type == FIELD_REFS && value && value->type == MSGPACK_OBJECT_ARRAY) {
		put_list(&text, value);
	} else {
		field_print(&text, field, value);
	}
	if (!text.failed) {
		copy = arena_text(arena, text.length > 0 ? (const char *)text.data : "", text.length);
	}
	buffer_release(&text);
	return copy;
}

/* Whether all that commas part are ids of the field's kind. */
static bool all_ids(const struct schema *schema, const struct field *field, const char *text)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		struct span word = words_trim(text, length);
		const struct kind *kind;
		struct id id;

		if (!id_parse((const char *)word.data, word.length, &id)) {
			return false;
		}
		kind = schema_kind_of_prefix(schema, id.prefix);
		if (!kind || (field->kind && strcmp(kind->name, field->kind) != 0)) {
			return false;
		}
		if (!text[length]) {
			return true;
		}
		text += length + 1;
	}
}

enum status value_read(struct arena *arena, const struct schema *schema, const struct field *field,
		       const char *text, const msgpack_object **out, struct error *err)
{
	struct span trimmed = words_trim(text, strlen(text));
	const msgpack_object *title;
	enum status status;

	if (field->type != FIELD_REFS || !strchr(text, ',') || strchr(text, ';') ||
	    all_ids(schema, field, text)) {
		return field_parse(arena, schema, field, text, out, err);
	}
	title = codec_make_text(arena, (const char *)trimmed.data, trimmed.length);
	*out = title ? codec_make_list(arena, &title, 1) : NULL;
	if (!*out) {
		return error_memory(err);
	}
	status = field_check(schema, field, *out, true, err);
	return status;
}

static const char *describe_number(struct arena *arena, const struct field *field)
{
	int places = field->type == FIELD_DECIMAL ? field->places : 0;
	const char *unit = field->unit ? field->unit : "";
	char least[DECIMAL_TEXT];
	char most[DECIMAL_TEXT];

	decimal_format(field->min, places, least);
	decimal_format(field->max, places, most);
	return arena_printf(arena, "a %snumber from %s to %s%s%s", places == 0 ? "whole " : "", least, most,
			    *unit && *unit != '%' ? " " : "", unit);
}

/* "one of low, medium, high" */
static const char *describe_choices(struct arena *arena, const struct field *field)
{
	const char *text = "one of";
	size_t length = 0;

	for (const char *word = words_next(field->choices, &length); word && text;
	     word = words_next(word + length, &length)) {
		text = arena_printf(arena, "%s%s %.*s", text, word == field->choices ? "" : ",", (int)length,
				    word);
	}
	return text;
}

const char *value_describe(struct arena *arena, const struct field *field)
{
	const char *kind = field->kind ? field->kind : "record";
	const char *article = strchr("aeiou", kind[0]) ? "an" : "a";

	switch (field->type) {
	case FIELD_TEXT:
		return arena_printf(arena, "one line, at most %lld bytes", (long long)field->max);
	case FIELD_LONG_TEXT:
		return arena_printf(arena, "a text, at most %lld bytes", (long long)field->max);
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
		return describe_number(arena, field);
	case FIELD_DATE:
		return "a date such as 2014-05-01";
	case FIELD_PERIOD:
		return "2014/15, 2014/15 Q1 or 2014-05";
	case FIELD_CHOICE:
		return describe_choices(arena, field);
	case FIELD_FLAG:
		return "yes or no";
	case FIELD_REF:
		return arena_printf(arena, "%s %s: its id or exact title", article, kind);
	case FIELD_REFS:
		return arena_printf(arena, "%s records: ids or exact titles, parted by semicolons", kind);
	case FIELD_TYPE_COUNT:
		break;
	}
	return "";
}
