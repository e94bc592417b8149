/* The reference of the schema: what docs/SCHEMA.md says of kinds, fields, states and verbs. Every word comes from the
 * rows of server/schema. */
#include "tools/generate.h"

#include "protocol/decimal.h"
#include "server/policy/rights.h"
#include "server/schema/schema.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void generate_words(const char *words, const char *last)
{
	size_t length = 0;
	bool first = true;

	for (const char *word = words_next(words, &length); word;) {
		size_t next_length = 0;
		const char *next = words_next(word + length, &next_length);

		printf("%s%.*s", first ? "" : next ? ", " : last, (int)length, word);
		first = false;
		word = next;
		length = next_length;
	}
}

/* The help of a row as a sentence. */
static void print_sentence(const char *help)
{
	putchar(toupper((unsigned char)help[0]));
	printf("%s.", help + 1);
}

/* ---- fields ---- */

static void print_range(const struct field *field)
{
	int places = field->type == FIELD_DECIMAL ? field->places : 0;
	char least[DECIMAL_TEXT];
	char most[DECIMAL_TEXT];

	decimal_format(field->min, places, least);
	decimal_format(field->max, places, most);
	printf(", %s to %s", least, most);
	if (field->unit) {
		printf(" %s", field->unit);
	}
}

static void print_type(const struct field *field)
{
	printf("%s", field_type_name(field->type));
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
		printf(", up to %" PRId64 " bytes", field->max);
		break;
	case FIELD_INTEGER:
		print_range(field);
		break;
	case FIELD_DECIMAL:
		printf(", %d places", field->places);
		print_range(field);
		break;
	case FIELD_CHOICE:
		printf(": ");
		generate_words(field->choices, ", ");
		break;
	case FIELD_REF:
		if (field->kind) {
			printf(" to %s %s", strchr("aeiou", field->kind[0]) ? "an" : "a", field->kind);
		} else {
			printf(" to any record");
		}
		break;
	case FIELD_REFS:
		printf(" to up to %" PRId64 " records%s%s", field->max, field->kind ? " of kind " : "",
		       field->kind ? field->kind : "");
		break;
	default:
		break;
	}
	if (field->unknown) {
		printf("; may be unknown");
	}
}

static void print_field(const struct field *field)
{
	printf("| `%s`%s | ", field->name, field->required ? " *" : "");
	print_type(field);
	printf(" | %s | %s | %s | %s | ", field->group ? field->group : "", field->see, field->edit,
	       field->column ? "yes" : "");
	generate_cell(field->help);
	if (field->source) {
		printf(" (");
		generate_cell(field->source);
		printf(")");
	}
	printf(" |\n");
}

/* ---- kinds ---- */

static const char *parent_field(const struct kind *kind)
{
	for (size_t i = 0; i < parent_row_count; i++) {
		if (strcmp(parent_rows[i].kind, kind->name) == 0) {
			return parent_rows[i].field;
		}
	}
	return NULL;
}

static void print_transitions(const struct kind *kind)
{
	if (kind->transition_count == 0) {
		return;
	}
	printf("\nIts states are ");
	generate_words(kind->states, " and ");
	printf(". These verbs move it:\n\n| verb | from | to | by a second person | meaning |\n"
	       "|---|---|---|---|---|\n");
	for (size_t i = 0; i < kind->transition_count; i++) {
		const struct transition *step = &kind->transitions[i];

		printf("| `%s` | ", step->verb);
		generate_words(step->from, " or ");
		printf(" | %s | %s | ", step->to, step->second_person ? "yes" : "");
		generate_cell(step->help);
		printf(" |\n");
	}
}

static void print_kind(const struct kind *kind)
{
	const char *parent = parent_field(kind);

	printf("### %s\n\n", kind->name);
	print_sentence(kind->help);
	printf(" Ids begin with `%s`; `%s` is its title%s.", kind->prefix, kind->title,
	       kind->unique_title ? ", and no two have the same" : "");
	if (kind->directory) {
		printf(" It is part of the directory.");
	}
	if (parent) {
		printf(" It is hidden from whom its `%s` is hidden from.", parent);
	}
	printf("\n\n| field | type | group | seen by | edited by | in lists | meaning "
	       "|\n|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < kind->field_count; i++) {
		print_field(&kind->fields[i]);
	}
	print_transitions(kind);
	printf("\n");
}

void generate_schema(void)
{
	const struct schema *schema = schema_server();
	const char *chapter = "";

	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];

		if (strcmp(chapter, kind->chapter) != 0) {
			chapter = kind->chapter;
			printf("## Chapter: %s\n\n", chapter);
		}
		print_kind(kind);
	}
}

void generate_kinds(void)
{
	const struct schema *schema = schema_server();

	printf("| kind | plural | ids | states | what it is |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct kind *kind = &schema->kinds[i];

		printf("| [%s](#%s) | %s | %s | ", kind->name, kind->name, kind->plural, kind->prefix);
		generate_words(kind->states, ", ");
		printf(" | ");
		generate_cell(kind->help);
		printf(" |\n");
	}
}
