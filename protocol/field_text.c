/* Values as people type and read them. The client turns arguments, forms and CSV cells into values with field_parse
 * and shows values with field_print; what one prints, the other reads. Whether a value may stand is field.c's. */
#include "protocol/schema.h"

#include "common/ids.h"
#include "common/text.h"
#include "protocol/decimal.h"

#include <string.h>

#define NUMBER_BYTES 64 /* longer than any number with all its commas */

static bool is(struct span text, const char *word)
{
	return text_equal((const char *)text.data, text.length, word);
}

static char lower(char character)
{
	return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

static char upper(char character)
{
	return character >= 'a' && character <= 'z' ? (char)(character - 'a' + 'A') : character;
}

static enum status made(const msgpack_object *value, const msgpack_object **out, struct error *err)
{
	if (!value) {
		return error_memory(err);
	}
	*out = value;
	return STATUS_OK;
}

static enum status make_text(struct arena *arena, struct span text, const msgpack_object **out,
			     struct error *err)
{
	return made(codec_make_text(arena, (const char *)text.data, text.length), out, err);
}

/* Everything that a reader of one type needs. */
struct typed {
	struct arena *arena;
	const struct schema *schema;
	const struct field *field;
	struct span text; /* trimmed, not empty */
};

static enum status parse_text(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	return make_text(typed->arena, typed->text, out, err);
}

/* Files from elsewhere end their lines with a carriage return too. */
static enum status parse_long_text(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	const char *text = (const char *)typed->text.data;
	char *copy = arena_text(typed->arena, text, typed->text.length);
	size_t length = 0;

	if (!copy) {
		return error_memory(err);
	}
	for (size_t i = 0; i < typed->text.length; i++) {
		if (text[i] != '\r' || i + 1 == typed->text.length || text[i + 1] != '\n') {
			copy[length++] = text[i];
		}
	}
	return make_text(typed->arena, (struct span){(const uint8_t *)copy, length}, out, err);
}

/* A number without the sign of its unit: "-£1,200" and "£-1,200" are -1,200, "5 %" is 5. Answers its bytes, or 0 when
 * it cannot be a number. */
static size_t strip_unit(const struct field *field, struct span text, char out[NUMBER_BYTES])
{
	static const char pound[] = "\xc2\xa3";
	const char *unit = field->unit ? field->unit : "";
	const char *next = (const char *)text.data;
	size_t left = text.length;
	size_t length = 0;

	if (left >= NUMBER_BYTES) {
		return 0;
	}
	if (*next == '-' || *next == '+') {
		out[length++] = *next++;
		left--;
	}
	if (strcmp(unit, "GBP") == 0 && left > strlen(pound) && memcmp(next, pound, strlen(pound)) == 0) {
		next += strlen(pound);
		left -= strlen(pound);
	}
	if (strcmp(unit, "%") == 0 && left > 1 && next[left - 1] == '%') {
		left = words_trim(next, left - 1).length;
	}
	memcpy(out + length, next, left);
	return length + left;
}

static enum status parse_number(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	const struct field *field = typed->field;
	const int places = field->type == FIELD_DECIMAL ? field->places : 0;
	/* Only what fits a number is repeated in a message. */
	const int shown = typed->text.length < NUMBER_BYTES ? (int)typed->text.length : 0;
	char number[NUMBER_BYTES] = "";
	char example[DECIMAL_TEXT];
	int64_t value = 0;
	size_t length = strip_unit(field, typed->text, number);

	switch (decimal_parse(number, length, places, &value)) {
	case DECIMAL_GOOD:
		return made(codec_make_int(typed->arena, value), out, err);
	case DECIMAL_TOO_PRECISE:
		if (places == 0) {
			return error_set(err, STATUS_INVALID, "%s: \"%.*s\" is not a whole number",
					 field->name, shown, (const char *)typed->text.data);
		}
		return error_set(err, STATUS_INVALID, "%s: \"%.*s\" has more than %d decimal places",
				 field->name, shown, (const char *)typed->text.data, places);
	case DECIMAL_TOO_LARGE:
		return error_set(err, STATUS_INVALID, "%s: \"%.*s\" is a larger number than can be kept",
				 field->name, shown, (const char *)typed->text.data);
	case DECIMAL_NOT_A_NUMBER:
		break;
	}
	memcpy(example, "1234.500000000", sizeof("1234.500000000"));
	example[places > 0 ? 5 + places : 4] = '\0';
	return error_set(err, STATUS_INVALID, "%s: \"%.*s\" is not a number; write it as %s", field->name,
			 shown, (const char *)typed->text.data, example);
}

/* A quarter may be typed with a small q. */
static enum status parse_period(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	char *copy = arena_text(typed->arena, (const char *)typed->text.data, typed->text.length);

	if (!copy) {
		return error_memory(err);
	}
	for (size_t i = 0; i < typed->text.length; i++) {
		copy[i] = upper(copy[i]);
	}
	return make_text(typed->arena, (struct span){(const uint8_t *)copy, typed->text.length}, out, err);
}

static enum status parse_choice(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	char *copy = arena_text(typed->arena, (const char *)typed->text.data, typed->text.length);

	if (!copy) {
		return error_memory(err);
	}
	for (size_t i = 0; i < typed->text.length; i++) {
		copy[i] = copy[i] == ' ' || copy[i] == '_' ? '-' : lower(copy[i]);
	}
	return make_text(typed->arena, (struct span){(const uint8_t *)copy, typed->text.length}, out, err);
}

static enum status parse_flag(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	static const struct {
		const char *word;
		bool flag;
	} words[] = {
		{"yes", true}, {"no", false}, {"true", true}, {"false", false}, {"y", true}, {"n", false},
	};
	char word[8] = "";
	struct span text = {(const uint8_t *)word, typed->text.length};

	if (typed->text.length < sizeof(word)) {
		for (size_t i = 0; i < typed->text.length; i++) {
			word[i] = lower((char)typed->text.data[i]);
		}
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (is(text, words[i].word)) {
				return made(codec_make_flag(words[i].flag), out, err);
			}
		}
	}
	return error_set(err, STATUS_INVALID, "%s: it is yes or no, and nothing else", typed->field->name);
}

/* An id in its canonical form when it is one of the field's kind; anything else is a name, and stays as it is. */
static const msgpack_object *make_reference(const struct typed *typed, struct span text)
{
	const struct kind *kind;
	char canonical[ID_TEXT];
	struct id id;

	if (id_parse((const char *)text.data, text.length, &id)) {
		kind = schema_kind_of_prefix(typed->schema, id.prefix);
		if (kind && (!typed->field->kind || strcmp(kind->name, typed->field->kind) == 0)) {
			id_format(id.prefix, id.number, canonical);
			return codec_make_text(typed->arena, canonical, strlen(canonical));
		}
	}
	return codec_make_text(typed->arena, (const char *)text.data, text.length);
}

static enum status parse_reference(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	return made(make_reference(typed, typed->text), out, err);
}

static enum status parse_references(const struct typed *typed, const msgpack_object **out, struct error *err)
{
	const char *text = (const char *)typed->text.data;
	const size_t length = typed->text.length;
	const char separator = memchr(text, ';', length) ? ';' : ',';
	const msgpack_object **items;
	size_t count = 1;
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		count += text[i] == separator;
	}
	items = arena_array(typed->arena, count, sizeof(const msgpack_object *));
	if (!items) {
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		const char *end = memchr(text + start, separator, length - start);
		size_t bytes = end ? (size_t)(end - text) - start : length - start;
		struct span entry = words_trim(text + start, bytes);

		if (entry.length == 0) {
			return error_set(err, STATUS_INVALID,
					 "%s: there is nothing between two separators of the list",
					 typed->field->name);
		}
		items[i] = make_reference(typed, entry);
		if (!items[i]) {
			return error_memory(err);
		}
		start += bytes + 1;
	}
	return made(codec_make_list(typed->arena, items, count), out, err);
}

static enum status (*const parsers[FIELD_TYPE_COUNT])(const struct typed *typed, const msgpack_object **out,
						      struct error *err) = {
	[FIELD_TEXT] = parse_text,       [FIELD_LONG_TEXT] = parse_long_text, [FIELD_INTEGER] = parse_number,
	[FIELD_DECIMAL] = parse_number,  [FIELD_DATE] = parse_text,           [FIELD_PERIOD] = parse_period,
	[FIELD_CHOICE] = parse_choice,   [FIELD_FLAG] = parse_flag,           [FIELD_REF] = parse_reference,
	[FIELD_REFS] = parse_references,
};

enum status field_parse(struct arena *arena, const struct schema *schema, const struct field *field,
			const char *text, const msgpack_object **out, struct error *err)
{
	const struct typed typed = {arena, schema, field, words_trim(text, strlen(text))};
	const msgpack_object *value = codec_make_nil();
	enum status status = STATUS_OK;

	if (field->unknown && is(typed.text, "?")) {
		value = codec_make_unknown();
	} else if (typed.text.length > 0) {
		status = parsers[field->type](&typed, &value, err);
	}
	if (status == STATUS_OK) {
		status = field_check(schema, field, value, true, err);
	}
	if (status == STATUS_OK) {
		*out = value;
	}
	return status;
}

static void print_number(struct buffer *out, const struct field *field, const msgpack_object *value)
{
	char text[DECIMAL_TEXT];
	int64_t number;

	if (codec_int(value, &number)) {
		decimal_format(number, field->type == FIELD_DECIMAL ? field->places : 0, text);
		buffer_append_text(out, text);
	}
}

static void print_text(struct buffer *out, const msgpack_object *value)
{
	struct span text;

	if (codec_text(value, &text)) {
		buffer_append(out, text.data, text.length);
	}
}

void field_print(struct buffer *out, const struct field *field, const msgpack_object *value)
{
	bool flag;

	if (codec_is_unknown(value)) {
		buffer_append_text(out, "?");
		return;
	}
	switch (field->type) {
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
		print_number(out, field, value);
		break;
	case FIELD_FLAG:
		if (codec_flag(value, &flag)) {
			buffer_append_text(out, flag ? "yes" : "no");
		}
		break;
	case FIELD_REFS:
		for (size_t i = 0; value && value->type == MSGPACK_OBJECT_ARRAY && i < codec_count(value);
		     i++) {
			buffer_append_text(out, i > 0 ? ", " : "");
			print_text(out, &value->via.array.ptr[i]);
		}
		break;
	default:
		print_text(out, value);
		break;
	}
}
