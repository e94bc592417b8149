/* The schema: kinds, their fields, states and transitions. Declared on the server as tables of these structs, sent
 * as MessagePack, read back into the same structs by the client, which builds nouns, flags, help, tables and
 * completion from them. All pointers of a decoded schema lie in its arena. */
#ifndef SAFER_PROTOCOL_SCHEMA_H
#define SAFER_PROTOCOL_SCHEMA_H

#include "protocol/codec.h"

/* Names in field_type_name(); the value on the wire in brackets. */
enum field_type {
	FIELD_TEXT,      /* one line (str) */
	FIELD_LONG_TEXT, /* any number of lines (str) */
	FIELD_INTEGER,   /* (int) */
	FIELD_DECIMAL,   /* fixed number of places, as an integer of its smallest unit: 1.50 is 150 (int) */
	FIELD_DATE,      /* "2014-05-01" (str) */
	FIELD_PERIOD,    /* "2014/15", "2014/15 Q1" or "2014-05" (str) */
	FIELD_CHOICE,    /* one of `choices` (str) */
	FIELD_FLAG,      /* (bool) */
	FIELD_REF,       /* the id of a record of kind `kind` (str) */
	FIELD_REFS,      /* a list of such ids without repeats (array of str) */
	FIELD_TYPE_COUNT
};

struct field {
	const char *name; /* lower case, words joined by _ */
	enum field_type type;
	int64_t min, max;    /* bytes of a text, value of a number (smallest unit), entries of a list */
	int places;          /* decimals */
	const char *unit;    /* "GBP", "%", NULL */
	bool required;       /* must be there once the record is created */
	bool unknown;        /* may be the value "unknown" */
	const char *kind;    /* what a reference points to; NULL in a reference: any kind */
	const char *choices; /* "low medium high": words parted by spaces */
	const char *group;   /* conflict group: fields that only make sense together; NULL: the field alone */
	const char *see;     /* name of the mode of who may see it */
	const char *edit;    /* name of the mode of who may edit it */
	const char *help;    /* one line */
	const char *source;  /* the regulation or practice it comes from; NULL: none */
	bool column;         /* shown in lists by default */
};

struct transition {
	const char *verb; /* "submit" */
	const char *from; /* states, words parted by spaces; "" stands for any */
	const char *to;
	bool second_person; /* not by who created the record or last moved it on */
	const char *help;
};

struct kind {
	const char *name;    /* "action" */
	const char *plural;  /* "actions" */
	const char *prefix;  /* "A" */
	const char *chapter; /* "plan" */
	const char *title;   /* the field that names a record; references show it and take it for an id */
	bool unique_title;   /* no two live records of the kind have the same title */
	bool directory;      /* not plan data: people, bodies, posts; what an administrator works with */
	const char *help;
	const struct field *fields;
	size_t field_count;
	const char *states; /* words parted by spaces, the first is a new record's; "" when there are none */
	const struct transition *transitions;
	size_t transition_count;
};

struct mode {
	const char *name; /* "owner" */
	const char *help; /* who that is, in a sentence a councillor understands */
};

struct schema {
	const struct kind *kinds;
	size_t kind_count;
	const struct mode *modes;
	size_t mode_count;
};

void schema_put(struct buffer *out, const struct schema *schema);
enum status schema_decode(struct arena *arena, struct span bytes, const struct schema **out,
			  struct error *err);

/* By name or plural. */
const struct kind *schema_kind(const struct schema *schema, const char *name, size_t length);
const struct kind *schema_kind_of_prefix(const struct schema *schema, const char *prefix); /* any case */
const struct field *kind_field(const struct kind *kind, const char *name, size_t length);
const struct transition *kind_transition(const struct kind *kind, const char *verb, size_t length);

const char *field_type_name(enum field_type type);
const char *field_group(const struct field *field); /* group, or the field's own name */

/* Whether `word` is one of the words of a space-parted list. */
bool words_have(const char *words, const char *word, size_t length);
/* Steps through the words: give the list first, then what was returned plus *length. NULL at the end. */
const char *words_next(const char *words, size_t *length);
/* A text without the white space at its ends. */
struct span words_trim(const char *text, size_t length);

/* ---- values ---- */

/* Checks that a value is of the field's type, in its canonical form and within its bounds. nil (clears the field)
 * and unknown are checked against `required` and `unknown`. References are checked for their form only: an id
 * with the prefix of `kind`, or, when `names` is set, any one-line text (a title to be looked up, or "@name").
 * A list that would be empty is nil instead, so that a value has one form only.
 * The error names the field, what is wrong and what would be right. */
enum status field_check(const struct schema *schema, const struct field *field, const msgpack_object *value,
			bool names, struct error *err);

/* What a person typed, as a value: "" is nil, "?" is unknown for a field that may be, "1,234.50" or "£1,234.50" a
 * decimal, "yes"/"no" a flag, "Off track" the choice off-track, "A1, A2" a list of references; with a semicolon in
 * it, semicolons part the list, so that titles with commas can be in it. White space at the ends does not count. */
enum status field_parse(struct arena *arena, const struct schema *schema, const struct field *field,
			const char *text, const msgpack_object **out, struct error *err);

/* The other way: nil as "", unknown as "?", a decimal with its places. Round-trips through field_parse. */
void field_print(struct buffer *out, const struct field *field, const msgpack_object *value);

#endif
