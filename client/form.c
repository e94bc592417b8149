/* Writing and reading forms. Pure text work: no file, no editor, no server. */
#include "client/form.h"

#include "client/merge.h"
#include "client/record.h"
#include "client/value.h"
#include "common/text.h"

#include <ctype.h>
#include <string.h>

#define FORM_BYTES (32 * 1024 * 1024)
#define NOTE       "#! "

/* ---- writing ---- */

/* "title: Street lighting", or a block when the value has lines, or would be read as the sign of a block. */
static void put_entry(struct buffer *out, const char *before, const char *name, const char *value)
{
	if (!strchr(value, '\n') && strcmp(value, "|") != 0) {
		(void)buffer_printf(out, "%s%s:%s%s\n", before, name, *value ? " " : "", value);
		return;
	}
	(void)buffer_printf(out, "%s%s: |\n", before, name);
	for (;;) {
		size_t length = strcspn(value, "\n");

		if (length > 0) {
			(void)buffer_printf(out, "%s  ", before);
			buffer_append(out, value, length);
		} else {
			buffer_append_text(out, *before ? "#" : "");
		}
		buffer_append_text(out, "\n");
		if (!value[length]) {
			return;
		}
		value += length + 1;
	}
}

static void put_help(struct arena *arena, struct buffer *out, const struct field *field)
{
	const char *what = value_describe(arena, field);

	if (!what) {
		out->failed = true;
		return;
	}
	(void)buffer_printf(out, "# %s: %s%s%s. %c%s.\n", field->name, what,
			    field->required ? "; needed" : "", field->unknown ? "; ? for unknown" : "",
			    toupper((unsigned char)field->help[0]), field->help[0] ? field->help + 1 : "");
}

/* What ids stand for, in a comment. */
static void put_titles(struct arena *arena, struct buffer *out, const msgpack_object *value,
		       const msgpack_object *titles)
{
	const msgpack_object *items = value;
	size_t count = value ? 1 : 0;

	if (value && value->type == MSGPACK_OBJECT_ARRAY) {
		items = value->via.array.ptr;
		count = value->via.array.size;
	}
	for (size_t i = 0; i < count; i++) {
		struct span id;
		const char *key;
		struct span title;

		if (!codec_text(&items[i], &id)) {
			continue;
		}
		key = arena_text(arena, (const char *)id.data, id.length);
		title = key ? codec_get_text(titles, key) : (struct span){NULL, 0};
		if (title.length > 0) {
			(void)buffer_printf(out, "#   %s is %.*s\n", key, (int)title.length,
					    (const char *)title.data);
		}
	}
}

static void put_field(struct arena *arena, struct buffer *out, const struct field *field,
		      const msgpack_object *value, const msgpack_object *titles, bool locked)
{
	const char *text = value_write(arena, field, value);

	if (!text) {
		out->failed = true;
		return;
	}
	buffer_append_text(out, "\n");
	if (!locked) {
		put_help(arena, out, field);
	}
	if (field->type == FIELD_REF || field->type == FIELD_REFS) {
		put_titles(arena, out, value, titles);
	}
	put_entry(out, locked ? "# " : "", field->name, text);
}

void form_write(struct arena *arena, struct buffer *out, const struct kind *kind, const char *heading,
		const msgpack_object *fields, const msgpack_object *titles,
		const enum form_standing *standings)
{
	bool any = false;

	(void)buffer_printf(
		out,
		"# %s\n"
		"# Save and leave the editor to send this. Nothing is sent when it is unchanged or empty.\n"
		"# Lines that begin with # are not read. An emptied value clears the field.\n"
		"# A text of several lines is written below \"field: |\", each line indented by two "
		"spaces.\n",
		heading);
	for (size_t i = 0; i < kind->field_count; i++) {
		if (standings[i] == FORM_OPEN) {
			put_field(arena, out, &kind->fields[i], codec_get(fields, kind->fields[i].name),
				  titles, false);
		}
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		const msgpack_object *value = codec_get(fields, kind->fields[i].name);

		if (standings[i] != FORM_LOCKED || codec_is_nil(value)) {
			continue;
		}
		buffer_append_text(out, any ? "" : "\n# Not yours to change here:\n");
		put_field(arena, out, &kind->fields[i], value, titles, true);
		any = true;
	}
}

/* ---- scanning ---- */

struct scan {
	struct arena *arena;
	const struct kind *kind;
	const char *text;
	struct form_entry *entries;
	size_t count, room;
	struct buffer block; /* lines of the entry that is being read */
	bool in_block;
	struct error *err;
};

static bool blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
			return false;
		}
	}
	return true;
}

static enum status end_block(struct scan *scan)
{
	if (scan->in_block) {
		struct form_entry *entry = &scan->entries[scan->count - 1];

		entry->value = scan->block.failed
				       ? NULL
				       : arena_text(scan->arena,
						    scan->block.data ? (const char *)scan->block.data : "",
						    scan->block.length);
		scan->in_block = false;
		buffer_clear(&scan->block);
		if (!entry->value) {
			return error_memory(scan->err);
		}
	}
	return STATUS_OK;
}

/* A line of a block: without the two spaces or the tab that it is indented by. */
static void add_to_block(struct scan *scan, const char *line, size_t length)
{
	size_t indent = 0;

	if (length > 0 && line[0] == '\t') {
		indent = 1;
	} else {
		while (indent < 2 && indent < length && line[indent] == ' ') {
			indent++;
		}
	}
	while (length > indent && line[length - 1] == '\r') {
		length--;
	}
	buffer_append(&scan->block, line + indent, length - indent);
	buffer_append_text(&scan->block, "\n");
}

/* As much of a line as a message repeats. Lines are quoted, not numbered: what is put above them moves them. */
static int quoted(size_t length)
{
	return length > 60 ? 60 : (int)length;
}

static enum status begin_entry(struct scan *scan, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t name_length = colon ? (size_t)(colon - line) : 0;
	struct span value;
	struct span name = words_trim(line, name_length);
	const struct field *field = NULL;
	const char *copy;

	if (!colon || name.length == 0 || memchr(name.data, ' ', name.length)) {
		error_set(scan->err, STATUS_INVALID, "the line \"%.*s\" belongs to no field", quoted(length),
			  line);
		return error_hint(
			scan->err,
			"a text of several lines is written below \"field: |\", each line indented");
	}
	copy = arena_text(scan->arena, (const char *)name.data, name.length);
	if (!copy) {
		return error_memory(scan->err);
	}
	if (record_field(scan->kind, copy, &field, scan->err) != STATUS_OK) {
		return STATUS_INVALID;
	}
	for (size_t i = 0; i < scan->count; i++) {
		if (scan->entries[i].field == field) {
			return error_set(scan->err, STATUS_INVALID, "%s is there twice", field->name);
		}
	}
	value = words_trim(colon + 1, length - name_length - 1);
	copy = arena_text(scan->arena, (const char *)value.data, value.length);
	if (!copy) {
		return error_memory(scan->err);
	}
	scan->in_block = strcmp(copy, "|") == 0;
	scan->entries[scan->count++] = (struct form_entry){
		.field = field,
		.value = copy,
		.start = (size_t)(line - scan->text),
	};
	return STATUS_OK;
}

/* One line, with its line feed where there is one. */
static enum status scan_line(struct scan *scan, const char *line, size_t length)
{
	bool indented = length > 0 && (line[0] == ' ' || line[0] == '\t');
	size_t end = (size_t)(line - scan->text) + length + (line[length] == '\n');
	enum status status = STATUS_OK;

	if (line[0] == '#') {
		return STATUS_OK;
	}
	if (scan->in_block && (indented || blank(line, length))) {
		add_to_block(scan, line, length);
		if (!blank(line, length)) {
			scan->entries[scan->count - 1].end = end;
		}
		return STATUS_OK;
	}
	status = end_block(scan);
	if (status != STATUS_OK || blank(line, length)) {
		return status;
	}
	if (indented) {
		error_set(scan->err, STATUS_INVALID,
			  "the indented line \"%.*s\" stands below no \"field: |\"", quoted(length), line);
		return error_hint(scan->err,
				  "write | behind the colon of the field that the line belongs to");
	}
	status = begin_entry(scan, line, length);
	if (status == STATUS_OK) {
		scan->entries[scan->count - 1].end = end;
	}
	return status;
}

/* *at is where the line begins that was read last. */
static enum status scan_form(struct arena *arena, const struct kind *kind, const char *text,
			     struct form_entry **entries, size_t *count, size_t *at, struct error *err)
{
	struct scan scan = {.arena = arena, .kind = kind, .text = text, .err = err};
	const char *line = text;
	enum status status = STATUS_OK;

	buffer_init(&scan.block, FORM_BYTES);
	scan.entries = arena_array(arena, kind->field_count + 1, sizeof(*scan.entries));
	if (!scan.entries) {
		return error_memory(err);
	}
	while (*line && status == STATUS_OK) {
		size_t length = strcspn(line, "\n");

		*at = (size_t)(line - text);
		status = scan_line(&scan, line, length);
		line += length + (line[length] == '\n');
	}
	if (status == STATUS_OK) {
		status = end_block(&scan);
	}
	buffer_release(&scan.block);
	*entries = scan.entries;
	*count = scan.count;
	return status;
}

enum status form_scan(struct arena *arena, const struct kind *kind, const char *text,
		      struct form_entry **entries, size_t *count, struct error *err)
{
	size_t at = 0;

	return scan_form(arena, kind, text, entries, count, &at, err);
}

size_t form_wrong(struct arena *arena, const struct kind *kind, const char *text)
{
	struct form_entry *entries = NULL;
	struct error err = ERROR_INIT; /* a hint tells the status only where there is an error to add it to */
	size_t count = 0;
	size_t at = 0;
	enum status status = scan_form(arena, kind, text, &entries, &count, &at, &err);

	return status == STATUS_INVALID ? at : strlen(text);
}

enum status form_read(struct arena *arena, const struct schema *schema, const struct kind *kind,
		      const char *text, const msgpack_object **values, bool *given, struct error *err)
{
	struct form_entry *entries = NULL;
	size_t count = 0;
	enum status status = form_scan(arena, kind, text, &entries, &count, err);

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		size_t index = (size_t)(entries[i].field - kind->fields);

		given[index] = true;
		if (merge_mark_line(entries[i].value) > 0) {
			error_set(err, STATUS_INVALID, "%s: there are still marks of the conflict in it",
				  entries[i].field->name);
			return error_hint(err,
					  "leave what shall stand, and take the lines %s, %s, ======= and %s "
					  "out",
					  MERGE_MINE, MERGE_BASE, MERGE_THEIRS);
		}
		status = value_read(arena, schema, entries[i].field, entries[i].value, &values[index], err);
	}
	return status;
}

size_t form_place(const char *text)
{
	size_t mark = merge_mark_line(text);

	if (mark > 0) {
		return mark;
	}
	for (size_t number = 1; *text; number++) {
		size_t length = strcspn(text, "\n");

		if (strncmp(text, NOTE, strlen(NOTE) - 1) == 0) {
			return number;
		}
		text += length + (text[length] == '\n');
	}
	return 0;
}

bool form_is_empty(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (text[0] != '#' && !blank(text, length)) {
			return false;
		}
		text += length + (text[length] == '\n');
	}
	return true;
}

/* ---- changing a form ---- */

static char *finish(struct arena *arena, struct buffer *out)
{
	char *text =
		out->failed ? NULL : arena_text(arena, out->data ? (const char *)out->data : "", out->length);

	buffer_release(out);
	return text;
}

char *form_strip(struct arena *arena, const char *text)
{
	struct buffer out;

	buffer_init(&out, FORM_BYTES);
	while (*text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		if (strncmp(text, "#!", 2) != 0) {
			buffer_append(&out, text, length);
		}
		text += length;
	}
	return finish(arena, &out);
}

static const struct form_entry *find_entry(struct arena *arena, const struct kind *kind, const char *text,
					   const struct field *field)
{
	struct form_entry *entries = NULL;
	size_t count = 0;

	if (!field || form_scan(arena, kind, text, &entries, &count, NULL) != STATUS_OK) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (entries[i].field == field) {
			return &entries[i];
		}
	}
	return NULL;
}

static bool is_word_sign(char sign)
{
	return isalnum((unsigned char)sign) || sign == '_';
}

const struct field *form_named(struct arena *arena, const struct kind *kind, const char *text,
			       const char *message)
{
	for (const char *at = message; *at;) {
		size_t length = 0;

		while (is_word_sign(at[length])) {
			length++;
		}
		for (size_t i = 0; i < kind->field_count && length > 0; i++) {
			const struct field *field = &kind->fields[i];

			if (strlen(field->name) == length && memcmp(field->name, at, length) == 0 &&
			    find_entry(arena, kind, text, field)) {
				return field;
			}
		}
		at += length > 0 ? length : 1;
	}
	return NULL;
}

char *form_note(struct arena *arena, const struct kind *kind, const char *text, const struct field *field,
		const char *note)
{
	const struct form_entry *entry = find_entry(arena, kind, text, field);

	return form_note_at(arena, text, entry ? entry->start : 0, note);
}

char *form_note_at(struct arena *arena, const char *text, size_t at, const char *note)
{
	struct buffer out;

	buffer_init(&out, FORM_BYTES);
	buffer_append(&out, text, at);
	for (;;) {
		size_t length = strcspn(note, "\n");

		(void)buffer_printf(&out, NOTE "%.*s\n", (int)length, note);
		if (!note[length]) {
			break;
		}
		note += length + 1;
	}
	buffer_append_text(&out, text + at);
	return finish(arena, &out);
}

char *form_replace(struct arena *arena, const struct kind *kind, const char *text, const struct field *field,
		   const char *value)
{
	const struct form_entry *entry = find_entry(arena, kind, text, field);
	size_t length = strlen(text);
	size_t start = entry ? entry->start : length;
	struct buffer out;

	buffer_init(&out, FORM_BYTES);
	buffer_append(&out, text, start);
	if (!entry && length > 0 && text[length - 1] != '\n') {
		buffer_append_text(&out, "\n");
	}
	put_entry(&out, "", field->name, value);
	buffer_append_text(&out, text + (entry ? entry->end : length));
	return finish(arena, &out);
}
