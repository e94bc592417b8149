/* Shorthand for the rows of the schema. Who may see and who may edit are positions of the macros: a row without
 * its two modes does not build. Modes are named in server/policy/modes.c. */
#ifndef SAFER_SERVER_SCHEMA_ROWS_H
#define SAFER_SERVER_SCHEMA_ROWS_H

#include "protocol/schema.h"

#define LINE(n, bytes, who_sees, who_edits, h, ...)                                           \
	{                                                                                     \
		.name = (n), .type = FIELD_TEXT, .min = 1, .max = (bytes), .see = (who_sees), \
		.edit = (who_edits), .help = (h), __VA_ARGS__                                 \
	}
#define LINES(n, bytes, who_sees, who_edits, h, ...)                                               \
	{                                                                                          \
		.name = (n), .type = FIELD_LONG_TEXT, .min = 1, .max = (bytes), .see = (who_sees), \
		.edit = (who_edits), .help = (h), __VA_ARGS__                                      \
	}
#define WHOLE(n, least, most, who_sees, who_edits, h, ...)                                            \
	{                                                                                             \
		.name = (n), .type = FIELD_INTEGER, .min = (least), .max = (most), .see = (who_sees), \
		.edit = (who_edits), .help = (h), __VA_ARGS__                                         \
	}
#define DECIMAL(n, digits, least, most, who_sees, who_edits, h, ...)                                   \
	{                                                                                              \
		.name = (n), .type = FIELD_DECIMAL, .places = (digits), .min = (least), .max = (most), \
		.see = (who_sees), .edit = (who_edits), .help = (h), __VA_ARGS__                       \
	}
#define DAY(n, who_sees, who_edits, h, ...)                                                           \
	{                                                                                             \
		.name = (n), .type = FIELD_DATE, .see = (who_sees), .edit = (who_edits), .help = (h), \
		__VA_ARGS__                                                                           \
	}
#define PERIOD(n, who_sees, who_edits, h, ...)                                                          \
	{                                                                                               \
		.name = (n), .type = FIELD_PERIOD, .see = (who_sees), .edit = (who_edits), .help = (h), \
		__VA_ARGS__                                                                             \
	}
#define CHOICE(n, words, who_sees, who_edits, h, ...)                                     \
	{                                                                                 \
		.name = (n), .type = FIELD_CHOICE, .choices = (words), .see = (who_sees), \
		.edit = (who_edits), .help = (h), __VA_ARGS__                             \
	}
#define FLAG(n, who_sees, who_edits, h, ...)                                                          \
	{                                                                                             \
		.name = (n), .type = FIELD_FLAG, .see = (who_sees), .edit = (who_edits), .help = (h), \
		__VA_ARGS__                                                                           \
	}
#define REF(n, to, who_sees, who_edits, h, ...)                                                       \
	{                                                                                             \
		.name = (n), .type = FIELD_REF, .kind = (to), .see = (who_sees), .edit = (who_edits), \
		.help = (h), __VA_ARGS__                                                              \
	}
#define REFS(n, to, most, who_sees, who_edits, h, ...)                                                     \
	{                                                                                                  \
		.name = (n), .type = FIELD_REFS, .kind = (to), .min = 0, .max = (most), .see = (who_sees), \
		.edit = (who_edits), .help = (h), __VA_ARGS__                                              \
	}

/* What every record has, at the end of its kind's rows. `state` is moved by transitions only. */
#define COMMON_ROWS(who_sees, who_edits)                                                                   \
	LINE("source", 200, who_sees, who_edits, "the document and paragraph that a fact was taken from"), \
		LINE("state", 20, who_sees, "nobody", "where the record stands; moved by its verbs"),      \
		REF("owner", "body", who_sees, who_edits, "the body that the record belongs to",           \
		    .required = true),                                                                     \
		CHOICE("marking", "open restricted exempt", who_sees, who_edits,                           \
		       "open; restricted to the partnership's own members; exempt from publication",       \
		       .group = "marking"),                                                                \
		CHOICE("marking_reason",                                                                   \
		       "individual identity business labour-relations legal-privilege notices crime",      \
		       who_sees, who_edits, "the ground of an exemption", .group = "marking",              \
		       .source = "Local Government Act 1972, Schedule 12A, paragraphs 1 to 7"),            \
		DAY("marking_review", who_sees, who_edits, "when the marking is to be looked at again",    \
		    .group = "marking")

#define KIND_FIELDS(rows)      .fields = (rows), .field_count = sizeof(rows) / sizeof((rows)[0])
#define KIND_TRANSITIONS(rows) .transitions = (rows), .transition_count = sizeof(rows) / sizeof((rows)[0])

/* The chapters: each lists its kinds in a file of its own name. */
#define CHAPTERS(X) X(governance) X(assessment) X(plan) X(performance) X(money) X(decisions) X(talk)

#define CHAPTER_EXTERN(chapter)                     \
	extern const struct kind chapter##_kinds[]; \
	extern const size_t chapter##_kind_count;
CHAPTERS(CHAPTER_EXTERN)
#undef CHAPTER_EXTERN

#define CHAPTER(chapter, ...)                                \
	const struct kind chapter##_kinds[] = {__VA_ARGS__}; \
	const size_t chapter##_kind_count = sizeof(chapter##_kinds) / sizeof(chapter##_kinds[0]);

#endif
