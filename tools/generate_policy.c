/* Who may do what, in words that a councillor can read: what docs/guide/rights.md and docs/SCHEMA.md say of roles,
 * posts, modes and rights. Every word comes from the tables of server/policy. */
#include "tools/generate.h"

#include "server/policy/modes.h"
#include "server/policy/rights.h"
#include "server/policy/roles.h"
#include "server/schema/schema.h"

#include <stdio.h>
#include <string.h>

#define ROLES_BYTES 300

/* "chair, secretary or analyst" */
static void print_roles(unsigned roles)
{
	char text[ROLES_BYTES];

	roles_describe(roles, text, sizeof(text));
	printf("%s", roles == 0 ? "nobody" : roles == ROLES_ALL ? "whoever holds a post" : text);
}

static void print_any_and_own(unsigned any, unsigned own)
{
	print_roles(any);
	printf(" | ");
	if ((own & ~any) != 0) {
		print_roles(own & ~any);
	}
}

/* ---- modes, roles, posts ---- */

void generate_modes(void)
{
	printf("| mode | who that is | with any record | only with a record of a body that they speak for |\n"
	       "|---|---|---|---|\n");
	for (size_t i = 0; i < mode_row_count; i++) {
		printf("| `%s` | ", mode_rows[i].name);
		generate_cell(mode_rows[i].help);
		printf(" | ");
		print_any_and_own(mode_rows[i].any, mode_rows[i].own);
		printf(" |\n");
	}
}

void generate_roles(void)
{
	printf("| role | what it does |\n|---|---|\n");
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		printf("| %s | ", role_rows[i].name);
		generate_cell(role_rows[i].help);
		printf(" |\n");
	}
}

static void print_roles_given(unsigned roles)
{
	bool first = true;

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if ((roles & role_rows[i].role) != 0) {
			printf("%s%s", first ? "" : " and ", role_rows[i].name);
			first = false;
		}
	}
	if (first) {
		printf("no role: may be named, may not act");
	}
}

/* The roles of one type of body: posts that give the same stand in one line. */
static void print_posts_of(const char *type)
{
	char done[ROLES_BYTES] = "";
	size_t length = 0;

	for (const char *post = words_next(roles_posts, &length); post;
	     post = words_next(post + length, &length)) {
		char name[40];
		unsigned roles = 0;
		size_t other_length = 0;

		snprintf(name, sizeof(name), "%.*s", (int)length, post);
		if (words_have(done, name, length) || !roles_have_post(type, name, &roles)) {
			continue;
		}
		printf("| %s | %s", type, name);
		for (const char *other = words_next(post + length, &other_length); other;
		     other = words_next(other + other_length, &other_length)) {
			char other_name[40];
			unsigned other_roles = 0;
			size_t used = strlen(done);

			snprintf(other_name, sizeof(other_name), "%.*s", (int)other_length, other);
			if (roles_have_post(type, other_name, &other_roles) && other_roles == roles) {
				printf(", %s", other_name);
				snprintf(done + used, sizeof(done) - used, "%s ", other_name);
			}
		}
		printf(" | ");
		print_roles_given(roles);
		printf(" |\n");
	}
}

void generate_posts(void)
{
	size_t length = 0;

	printf("| type of body | post | gives the role |\n|---|---|---|\n");
	for (const char *type = words_next(roles_body_types, &length); type;
	     type = words_next(type + length, &length)) {
		char name[40];

		snprintf(name, sizeof(name), "%.*s", (int)length, type);
		print_posts_of(name);
	}
}

/* ---- rights ---- */

static void print_plurals(const char *kinds)
{
	const struct schema *schema = schema_server();
	size_t length = 0;
	bool first = true;

	for (const char *word = words_next(kinds, &length); word;) {
		const struct kind *kind = schema_kind(schema, word, length);
		size_t next_length = 0;
		const char *next = words_next(word + length, &next_length);

		printf("%s%s", first ? "" : next ? ", " : " and ", kind ? kind->plural : "?");
		first = false;
		word = next;
		length = next_length;
	}
}

void generate_rights(void)
{
	printf("| rule | what it allows |\n|---|---|\n");
	for (size_t i = 0; i < right_row_count; i++) {
		const struct right_row *row = &right_rows[i];
		char roles[ROLES_BYTES];

		roles_describe(row->roles, roles, sizeof(roles));
		if (row->roles == ROLES_ALL) {
			printf("| `%s` | Whoever holds a post", row->rule);
		} else {
			printf("| `%s` | %s %s", row->rule, strchr("aeiou", roles[0]) ? "An" : "A", roles);
		}
		printf(" may ");
		generate_words(row->verbs, " and ");
		printf(" ");
		print_plurals(row->kinds);
		if (row->relation == RELATION_OWN) {
			printf(" of a body that they speak for");
		}
		if (row->states[0] != '\0') {
			printf(", while they are ");
			generate_words(row->states, " or ");
		}
		printf(". |\n");
	}
}

void generate_rights_of_kinds(void)
{
	const struct schema *schema = schema_server();

	for (size_t k = 0; k < schema->kind_count; k++) {
		const struct kind *kind = &schema->kinds[k];

		printf("### %s\n\n", kind->plural);
		printf("| who | whose | may | while it is | rule |\n|---|---|---|---|---|\n");
		for (size_t i = 0; i < right_row_count; i++) {
			const struct right_row *row = &right_rows[i];

			if (!words_have(row->kinds, kind->name, strlen(kind->name))) {
				continue;
			}
			printf("| ");
			print_roles(row->roles);
			printf(" | %s | ", row->relation == RELATION_OWN ? "their own body's" : "any");
			generate_words(row->verbs, ", ");
			printf(" | ");
			generate_words(row->states, " or ");
			printf(" | `%s` |\n", row->rule);
		}
		printf("\n");
	}
}

void generate_markings(void)
{
	printf("| marking | in words | with any record | only with a record of a body that they speak for |\n"
	       "|---|---|---|---|\n");
	for (size_t i = 0; i < marking_row_count; i++) {
		printf("| `%s` | ", marking_rows[i].marking);
		generate_cell(marking_rows[i].help);
		printf(" | ");
		print_any_and_own(marking_rows[i].any, marking_rows[i].own);
		printf(" |\n");
	}
}

void generate_parents(void)
{
	printf("| a record of kind | is hidden with its |\n|---|---|\n");
	for (size_t i = 0; i < parent_row_count; i++) {
		printf("| %s | %s |\n", parent_rows[i].kind, parent_rows[i].field);
	}
}
