/* The form that an editor opens: one entry a field, comments above it that say what belongs there.
 *
 *     # due: a date such as 2014-05-01. When it is to be done by.
 *     due: 2014-05-01
 *
 *     # description: a text, at most 8000 bytes. How it is to be done.
 *     description: |
 *       A text of several lines, each indented by two spaces or a tab.
 *
 * A line that begins with # is a comment. A field whose entry was deleted stays as it is; one whose value was
 * emptied is cleared. Comments that begin with #! are ours, and go when the form is opened again. */
#ifndef SAFER_CLIENT_FORM_H
#define SAFER_CLIENT_FORM_H

#include "common/arena.h"
#include "common/buffer.h"
#include "protocol/schema.h"

/* How a field stands in a form. */
enum form_standing {
	FORM_OPEN,   /* may be filled in */
	FORM_LOCKED, /* shown in a comment */
	FORM_HIDDEN, /* not shown */
};

/* Writes a new form. `heading` is one line for the top; `fields` the record's values (NULL: a new record's), `titles`
 * those of the records they refer to (NULL: none are shown); `standings` has one for each field of the kind. */
void form_write(struct arena *arena, struct buffer *out, const struct kind *kind, const char *heading,
		const msgpack_object *fields, const msgpack_object *titles,
		const enum form_standing *standings);

/* An entry of a form as typed. */
struct form_entry {
	const struct field *field;
	const char *value; /* without indentation */
	size_t start, end; /* where in the text it stands, its last line feed included */
};

/* Finds the entries. STATUS_INVALID quotes the line: a field that there is none of or that is there twice, a line that
 * belongs to no field. `entries` is an array in the arena. */
enum status form_scan(struct arena *arena, const struct kind *kind, const char *text,
		      struct form_entry **entries, size_t *count, struct error *err);

/* Reads the values: values[i] of each field of the kind, and whether it was given. Errors name the field. */
enum status form_read(struct arena *arena, const struct schema *schema, const struct kind *kind,
		      const char *text, const msgpack_object **values, bool *given, struct error *err);

/* The line, from 1, that the person should look at first: the first mark of a conflict, or else the first #! comment;
 * 0: there is neither. */
size_t form_place(const char *text);

/* Where the first line stands that is no part of a form; the text's length when all are. */
size_t form_wrong(struct arena *arena, const struct kind *kind, const char *text);

/* The field that a message names first, among those with an entry in the form; NULL: none. */
const struct field *form_named(struct arena *arena, const struct kind *kind, const char *text,
			       const char *message);

/* Whether nothing but comments and white space is there. */
bool form_is_empty(const char *text);

/* The same form with other text, in the arena; NULL without memory. None changes what a person typed elsewhere. */
/* ... without our #! comments */
char *form_strip(struct arena *arena, const char *text);
/* ... with a #! comment of one or more lines above the entry of a field, or at the top (field NULL, or no such entry) */
char *form_note(struct arena *arena, const struct kind *kind, const char *text, const struct field *field,
		const char *note);
/* ... with one before the line that begins at a place */
char *form_note_at(struct arena *arena, const char *text, size_t at, const char *note);
/* ... with another value for a field; an entry is made when there is none */
char *form_replace(struct arena *arena, const struct kind *kind, const char *text, const struct field *field,
		   const char *value);

#endif
