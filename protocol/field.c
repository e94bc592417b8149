/* What a value must be like: the check that every change passes on the server, and that a client makes before it
 * asks. One function a type stands in a table; each writes a sentence that says what would be right. What people type
 * and read is field_text.c's. */
#include "protocol/schema.h"

#include "common/calendar.h"
#include "common/ids.h"
#include "common/text.h"
#include "protocol/decimal.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 400 /* of a title that stands for an id */
#define QUOTED         84  /* bytes of a quoted value with its ellipsis and NUL */
#define DESCRIBED      400

/* ---- sentences ---- */

/* The first characters of a text up to the first control character, for a message. */
static void quote(struct span text, char out[QUOTED])
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	size_t shown = 0;

	while (shown < text.length && shown < QUOTED - sizeof(ellipsis) && text.data[shown] >= ' ') {
		shown++;
	}
	if (shown == text.length) {
		snprintf(out, QUOTED, "%.*s", (int)shown, (const char *)text.data);
		return;
	}
	while (shown > 0 && (text.data[shown] & 0xc0) == 0x80) {
		shown--;
	}
	snprintf(out, QUOTED, "%.*s%s", (int)shown, (const char *)text.data, ellipsis);
}

static const char *article(const char *noun)
{
	return strchr("aeiou", noun[0]) ? "an" : "a";
}

/* "low, medium, high" */
static void list_choices(const char *choices, char *out, size_t bytes)
{
	size_t at = 0;
	size_t length;

	out[0] = '\0';
	for (const char *word = words_next(choices, &length); word && at < bytes;
	     word = words_next(word + length, &length)) {
		int written = snprintf(out + at, bytes - at, "%s%.*s", at > 0 ? ", " : "", (int)length, word);

		at += written > 0 ? (size_t)written : 0;
	}
}

/* What a field holds, as the end of a sentence that says what would be right. */
static void describe(const struct field *field, char out[DESCRIBED])
{
	char least[DECIMAL_TEXT];
	char most[DECIMAL_TEXT];
	char words[DESCRIBED - 20];
	const char *kind = field->kind ? field->kind : "record";
	const char *unit = field->unit ? field->unit : "";

	switch (field->type) {
	case FIELD_TEXT:
		snprintf(out, DESCRIBED, "one line of %lld to %lld bytes", (long long)field->min,
			 (long long)field->max);
		break;
	case FIELD_LONG_TEXT:
		snprintf(out, DESCRIBED, "a text of %lld to %lld bytes", (long long)field->min,
			 (long long)field->max);
		break;
	case FIELD_INTEGER:
		snprintf(out, DESCRIBED, "a whole number from %lld to %lld%s%s", (long long)field->min,
			 (long long)field->max, unit[0] != '\0' && unit[0] != '%' ? " " : "", unit);
		break;
	case FIELD_DECIMAL:
		decimal_format(field->min, field->places, least);
		decimal_format(field->max, field->places, most);
		snprintf(out, DESCRIBED, "a number from %s to %s%s%s", least, most,
			 unit[0] != '\0' && unit[0] != '%' ? " " : "", unit);
		break;
	case FIELD_DATE:
		snprintf(out, DESCRIBED, "a date such as 2014-05-01");
		break;
	case FIELD_PERIOD:
		snprintf(out, DESCRIBED,
			 "a year such as 2014/15, a quarter such as 2014/15 Q1 or a month such as 2014-05");
		break;
	case FIELD_CHOICE:
		list_choices(field->choices, words, sizeof(words));
		snprintf(out, DESCRIBED, "one of %s", words);
		break;
	case FIELD_FLAG:
		snprintf(out, DESCRIBED, "yes or no");
		break;
	case FIELD_REF:
		snprintf(out, DESCRIBED, "the id of %s %s", article(kind), kind);
		break;
	case FIELD_REFS:
		snprintf(out, DESCRIBED, "a list of the ids of records of kind %s, %lld to %lld of them",
			 kind, (long long)(field->min > 0 ? field->min : 1), (long long)field->max);
		break;
	case FIELD_TYPE_COUNT:
		out[0] = '\0';
		break;
	}
}

/* `due: <what is wrong>; it is <what would be right>` */
static enum status refuse(const struct field *field, const char *wrong, struct error *err)
{
	char right[DESCRIBED];

	describe(field, right);
	return error_set(err, STATUS_INVALID, "%s: %s; it is %s", field->name, wrong, right);
}

static enum status refuse_type(const struct field *field, struct error *err)
{
	return refuse(field, "the value is of another type", err);
}

/* `due: "1 May" is not <what would be right>` */
static enum status refuse_quoted(const struct field *field, struct span text, struct error *err)
{
	char quoted[QUOTED];
	char right[DESCRIBED];

	quote(text, quoted);
	describe(field, right);
	return error_set(err, STATUS_INVALID, "%s: \"%s\" is not %s", field->name, quoted, right);
}

/* ---- types ---- */

static enum status check_line(const struct field *field, struct span text, bool lines, int64_t least,
			      int64_t most, struct error *err)
{
	const char *bytes = (const char *)text.data;
	struct span trimmed = words_trim(bytes, text.length);
	char wrong[80];

	if (text.length == 0) {
		return refuse(field, "an empty text says nothing; leave the value out to clear the field",
			      err);
	}
	if (!text_is_clean(bytes, text.length, lines)) {
		return refuse(field,
			      lines ? "the text holds control characters"
				    : "the text holds line breaks, tabs or control characters",
			      err);
	}
	if (trimmed.length != text.length) {
		return refuse(field, "the text begins or ends with white space", err);
	}
	if ((int64_t)text.length < least || (int64_t)text.length > most) {
		snprintf(wrong, sizeof(wrong), "the text has %zu bytes", text.length);
		return refuse(field, wrong, err);
	}
	return STATUS_OK;
}

static enum status check_text(const struct schema *schema, const struct field *field,
			      const msgpack_object *value, bool names, struct error *err)
{
	struct span text;

	(void)schema;
	(void)names;
	if (!codec_text(value, &text)) {
		return refuse_type(field, err);
	}
	if (field->unknown && text_equal((const char *)text.data, text.length, "?")) {
		return refuse(field, "a lone question mark stands for what is not known", err);
	}
	return check_line(field, text, field->type == FIELD_LONG_TEXT, field->min, field->max, err);
}

static enum status check_number(const struct schema *schema, const struct field *field,
				const msgpack_object *value, bool names, struct error *err)
{
	int places = field->type == FIELD_DECIMAL ? field->places : 0;
	char given[DECIMAL_TEXT];
	char wrong[80];
	int64_t number;

	(void)schema;
	(void)names;
	if (!codec_int(value, &number)) {
		return refuse_type(field, err);
	}
	if (number < field->min || number > field->max) {
		decimal_format(number, places, given);
		snprintf(wrong, sizeof(wrong), "%s is too %s", given,
			 number < field->min ? "small" : "large");
		return refuse(field, wrong, err);
	}
	return STATUS_OK;
}

static enum status check_date(const struct schema *schema, const struct field *field,
			      const msgpack_object *value, bool names, struct error *err)
{
	struct span text;
	char quoted[QUOTED];
	day_t day;

	(void)schema;
	(void)names;
	if (!codec_text(value, &text)) {
		return refuse_type(field, err);
	}
	if (!date_parse((const char *)text.data, text.length, &day)) {
		quote(text, quoted);
		return error_set(err, STATUS_INVALID, "%s: \"%s\" is not a date; write it as 2014-05-01",
				 field->name, quoted);
	}
	return STATUS_OK;
}

static enum status check_period(const struct schema *schema, const struct field *field,
				const msgpack_object *value, bool names, struct error *err)
{
	struct span text;
	struct period period;

	(void)schema;
	(void)names;
	if (!codec_text(value, &text)) {
		return refuse_type(field, err);
	}
	if (!period_parse((const char *)text.data, text.length, &period)) {
		return refuse_quoted(field, text, err);
	}
	return STATUS_OK;
}

#define CHOICES_MAX 32 /* considered for "did you mean" */

static void hint_choice(const struct field *field, struct span text, struct error *err)
{
	char words[512];
	char word[64];
	const char *list[CHOICES_MAX + 1] = {NULL};
	const char *nearest;
	size_t count = 0;
	size_t length;

	if (text.length >= sizeof(word) || !field->choices || strlen(field->choices) >= sizeof(words)) {
		return;
	}
	memcpy(word, text.data, text.length);
	word[text.length] = '\0';
	memcpy(words, field->choices, strlen(field->choices) + 1);
	for (const char *next = words_next(words, &length); next && count < CHOICES_MAX;) {
		char *end = words + (next - words) + length;
		bool last = *end == '\0';

		*end = '\0';
		list[count++] = next;
		next = last ? NULL : words_next(end + 1, &length);
	}
	nearest = text_nearest(word, list);
	if (nearest) {
		error_hint(err, "did you mean \"%s\"?", nearest);
	}
}

static enum status check_choice(const struct schema *schema, const struct field *field,
				const msgpack_object *value, bool names, struct error *err)
{
	enum status status = STATUS_OK;
	struct span text;

	(void)schema;
	(void)names;
	if (!codec_text(value, &text)) {
		return refuse_type(field, err);
	}
	if (!words_have(field->choices, (const char *)text.data, text.length)) {
		status = refuse_quoted(field, text, err);
		hint_choice(field, text, err);
	}
	return status;
}

static enum status check_flag(const struct schema *schema, const struct field *field,
			      const msgpack_object *value, bool names, struct error *err)
{
	bool flag;

	(void)schema;
	(void)names;
	return codec_flag(value, &flag) ? STATUS_OK : refuse_type(field, err);
}

/* Whether a text is an id as ids are written, and of the field's kind. */
static bool is_id_of(const struct schema *schema, const struct field *field, struct span text)
{
	const struct kind *kind;
	char canonical[ID_TEXT];
	struct id id;

	if (!id_parse((const char *)text.data, text.length, &id)) {
		return false;
	}
	id_format(id.prefix, id.number, canonical);
	kind = schema_kind_of_prefix(schema, id.prefix);
	return kind && text_equal((const char *)text.data, text.length, canonical) &&
	       (!field->kind || strcmp(kind->name, field->kind) == 0);
}

static enum status check_reference(const struct schema *schema, const struct field *field,
				   const msgpack_object *value, bool names, struct error *err)
{
	const struct kind *kind = field->kind ? schema_kind(schema, field->kind, strlen(field->kind)) : NULL;
	struct span text;
	char quoted[QUOTED];
	enum status status;

	if (!codec_text(value, &text)) {
		return refuse_type(field, err);
	}
	if (names) {
		return check_line(field, text, false, 1, NAME_BYTES_MAX, err);
	}
	if (is_id_of(schema, field, text)) {
		return STATUS_OK;
	}
	quote(text, quoted);
	if (kind) {
		status = error_set(err, STATUS_INVALID,
				   "%s: \"%s\" is not the id of %s %s; one looks like %s12", field->name,
				   quoted, article(kind->name), kind->name, kind->prefix);
	} else {
		status = error_set(err, STATUS_INVALID, "%s: \"%s\" is not the id of a record", field->name,
				   quoted);
	}
	return status;
}

static enum status check_references(const struct schema *schema, const struct field *field,
				    const msgpack_object *value, bool names, struct error *err)
{
	const size_t count = codec_count(value);
	enum status status = STATUS_OK;
	char wrong[QUOTED + 40];
	char quoted[QUOTED];

	if (value->type != MSGPACK_OBJECT_ARRAY) {
		return refuse_type(field, err);
	}
	if (count == 0) {
		return refuse(field, "an empty list says nothing; leave the value out to clear the field",
			      err);
	}
	if ((int64_t)count < field->min || (int64_t)count > field->max) {
		snprintf(wrong, sizeof(wrong), "the list has %zu entries", count);
		return refuse(field, wrong, err);
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const msgpack_object *items = value->via.array.ptr;
		struct span text;

		status = check_reference(schema, field, &items[i], names, err);
		for (size_t j = 0; j < i && status == STATUS_OK; j++) {
			if (codec_same(&items[j], &items[i]) && codec_text(&items[i], &text)) {
				quote(text, quoted);
				snprintf(wrong, sizeof(wrong), "\"%s\" is in the list twice", quoted);
				status = refuse(field, wrong, err);
			}
		}
	}
	return status;
}

typedef enum status (*checker)(const struct schema *schema, const struct field *field,
			       const msgpack_object *value, bool names, struct error *err);

static const checker checkers[FIELD_TYPE_COUNT] = {
	[FIELD_TEXT] = check_text,       [FIELD_LONG_TEXT] = check_text, [FIELD_INTEGER] = check_number,
	[FIELD_DECIMAL] = check_number,  [FIELD_DATE] = check_date,      [FIELD_PERIOD] = check_period,
	[FIELD_CHOICE] = check_choice,   [FIELD_FLAG] = check_flag,      [FIELD_REF] = check_reference,
	[FIELD_REFS] = check_references,
};

enum status field_check(const struct schema *schema, const struct field *field, const msgpack_object *value,
			bool names, struct error *err)
{
	if (codec_is_nil(value)) {
		return field->required ? refuse(field, "it cannot be left empty", err) : STATUS_OK;
	}
	if (codec_is_unknown(value)) {
		return field->unknown ? STATUS_OK : refuse(field, "it cannot be unknown", err);
	}
	return checkers[field->type](schema, field, value, names, err);
}
