/* Who may see and do what. One gate for every path: reads, lists, filters, history, changes, watches, refusals.
 *
 * A right needs three yeses: the row (this record, in this state, of this owner, of this marking), the field's mode,
 * and the verb. Nothing here reads the store; what the verdict depends on is handed in as a struct standing. */
#ifndef SAFER_SERVER_POLICY_POLICY_H
#define SAFER_SERVER_POLICY_POLICY_H

#include "protocol/schema.h"
#include "server/session.h"

/* What a verdict looks at in a record. */
struct standing {
	const char *owner;   /* body id */
	const char *state;   /* "" for kinds without states */
	const char *marking; /* "" counts as open */
};

struct verdict {
	bool allowed;
	char rule[64];  /* the rule that allowed it, or "<kind>.<verb>" when none did */
	char why[400];  /* in a sentence */
	char who[300];  /* which posts could; "" when allowed */
	unsigned roles; /* through which roles it was allowed */
};

/* Compiles the tables against the schema: every name in them must exist. Once, after schema_build(). */
enum status policy_build(const struct schema *schema, struct error *err);
void policy_release(void);

/* Whether a verb ("see", "create", "edit", "remove" or a transition) is allowed on a record. Its parents are the
 * caller's business (records/visible.h). */
void policy_verb(const struct session *session, const struct kind *kind, const struct standing *standing,
		 const char *verb, size_t verb_length, struct verdict *out);

/* Which posts could take a step of records in this state, of any body: "chair, secretary", or "nobody". */
void policy_holders(const struct kind *kind, const char *state, const char *verb, char *out, size_t size);

/* The same as policy_verb "see", without words: for lists and feeds. */
bool policy_sees(const struct session *session, const struct kind *kind, const struct standing *standing);

/* The fields that may be seen in a record that may be: bit i is field i of the kind. */
uint64_t policy_fields_seen(const struct session *session, const struct kind *kind, const char *owner);

/* The fields that may be set with a verb, "edit" or "create": one and the same role must allow the verb in this record,
 * the field, and the sight of it. Two posts together give what each gives, and nothing between them. Who may create a
 * record for a body fills in what that body's own people could. */
uint64_t policy_fields_open(const struct session *session, const struct kind *kind,
			    const struct standing *standing, const char *verb);

/* Why a field may or may not be seen, or set with a verb: its mode in words. */
void policy_field_seen(const struct session *session, const struct kind *kind, const struct field *field,
		       const char *owner, struct verdict *out);
void policy_field_open(const struct session *session, const struct kind *kind, const struct field *field,
		       const struct standing *standing, const char *verb, struct verdict *out);

/* The field that refers to the parent of records of this kind, or NULL. */
const struct field *policy_parent(const struct kind *kind);

#endif
