/* The gate. At start the tables of rights and modes are compiled, per kind, into bits; a verdict is then a few
 * comparisons, and its words are made only when somebody asks for them. */
#include "server/policy/policy.h"

#include "server/policy/modes.h"
#include "server/policy/rights.h"
#include "server/schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kind_policy {
	const struct right_row **rights; /* the rows of this kind, in the table's order */
	size_t right_count;
	const struct mode_row *see[KIND_FIELDS_MAX];
	const struct mode_row *edit[KIND_FIELDS_MAX];
	const struct field *parent;
};

static struct {
	const struct schema *schema;
	struct kind_policy *kinds; /* one per kind of the schema, in its order */
} built;

static const struct kind_policy *policy_of(const struct kind *kind)
{
	return &built.kinds[kind - built.schema->kinds];
}

/* ---- building ---- */

static bool is_verb(const struct kind *kind, const char *word, size_t length)
{
	return words_have("see create edit remove", word, length) ||
	       kind_transition(kind, word, length) != NULL;
}

static enum status check_words(const struct right_row *row, const struct kind *kind, struct error *err)
{
	size_t length = 0;

	for (const char *word = words_next(row->verbs, &length); word != NULL;
	     word = words_next(word + length, &length)) {
		if (!is_verb(kind, word, length)) {
			return error_set(err, STATUS_FAILED, "rule %s: a %s has no verb %.*s", row->rule,
					 kind->name, (int)length, word);
		}
	}
	return STATUS_OK;
}

static enum status build_rights(const struct kind *kind, struct kind_policy *policy, struct error *err)
{
	policy->rights = calloc(right_row_count, sizeof(struct right_row *));
	if (policy->rights == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < right_row_count; i++) {
		if (words_have(right_rows[i].kinds, kind->name, strlen(kind->name))) {
			policy->rights[policy->right_count++] = &right_rows[i];
			if (check_words(&right_rows[i], kind, err) != STATUS_OK) {
				return err->status;
			}
		}
	}
	return STATUS_OK;
}

static enum status build_kind(const struct kind *kind, struct kind_policy *policy, struct error *err)
{
	if (kind->field_count > KIND_FIELDS_MAX) {
		return error_set(err, STATUS_FAILED, "kind %s has more than %d fields", kind->name,
				 KIND_FIELDS_MAX);
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		policy->see[i] = mode_find(kind->fields[i].see);
		policy->edit[i] = mode_find(kind->fields[i].edit);
		if (policy->see[i] == NULL || policy->edit[i] == NULL) {
			return error_set(err, STATUS_FAILED, "%s.%s names a mode that does not exist",
					 kind->name, kind->fields[i].name);
		}
	}
	for (size_t i = 0; i < parent_row_count; i++) {
		if (strcmp(parent_rows[i].kind, kind->name) == 0) {
			const char *name = parent_rows[i].field;

			policy->parent = kind_field(kind, name, strlen(name));
			if (policy->parent == NULL) {
				return error_set(err, STATUS_FAILED,
						 "%s has no field %s to find its parent by", kind->name,
						 name);
			}
		}
	}
	return build_rights(kind, policy, err);
}

enum status policy_build(const struct schema *schema, struct error *err)
{
	if (built.kinds != NULL) {
		return STATUS_OK;
	}
	built.schema = schema;
	built.kinds = calloc(schema->kind_count, sizeof(*built.kinds));
	if (built.kinds == NULL) {
		return error_memory(err);
	}
	for (size_t i = 0; i < schema->kind_count; i++) {
		if (build_kind(&schema->kinds[i], &built.kinds[i], err) != STATUS_OK) {
			policy_release();
			return err->status;
		}
	}
	return STATUS_OK;
}

void policy_release(void)
{
	for (size_t i = 0; built.kinds != NULL && i < built.schema->kind_count; i++) {
		free(built.kinds[i].rights);
	}
	free(built.kinds);
	memset(&built, 0, sizeof(built));
}

/* ---- verdicts ---- */

static bool in_states(const char *states, const char *state)
{
	return states[0] == '\0' || words_have(states, state, strlen(state));
}

static unsigned allowed_roles(unsigned any, unsigned own, unsigned held, unsigned held_for_owner)
{
	return (any & held) | (own & held_for_owner);
}

static const struct marking_row *marking_find(const char *marking)
{
	for (size_t i = 0; i < marking_row_count; i++) {
		if (strcmp(marking_rows[i].marking, marking) == 0) {
			return &marking_rows[i];
		}
	}
	return marking[0] == '\0' ? &marking_rows[0]
				  : NULL; /* a marking that no row knows is seen by nobody */
}

/* The roles that a marking lets through: with any record those held, with this one those held for its owner. */
static unsigned roles_past_marking(unsigned held, unsigned owner_roles, const struct standing *standing)
{
	const struct marking_row *row = marking_find(standing->marking);

	return row != NULL ? allowed_roles(row->any, row->own, held, owner_roles) : 0;
}

/* The first row that allows the verb to these roles, or NULL. */
static const struct right_row *find_right(unsigned held_roles, const struct kind *kind,
					  const struct standing *standing, const char *verb, size_t length,
					  unsigned owner_roles, unsigned *roles)
{
	const struct kind_policy *policy = policy_of(kind);

	for (size_t i = 0; i < policy->right_count; i++) {
		const struct right_row *row = policy->rights[i];
		unsigned held = row->relation == RELATION_OWN ? owner_roles : held_roles;

		if ((row->roles & held) != 0 && in_states(row->states, standing->state) &&
		    words_have(row->verbs, verb, length)) {
			*roles = row->roles & held;
			return row;
		}
	}
	return NULL;
}

bool policy_sees(const struct session *session, const struct kind *kind, const struct standing *standing)
{
	unsigned owner_roles = session_roles_for(session, standing->owner);
	unsigned held = roles_past_marking(session->roles, owner_roles, standing);
	unsigned roles = 0;

	return find_right(held, kind, standing, "see", 3, owner_roles & held, &roles) != NULL;
}

/* The roles of every row that has the verb in this state. */
static void describe_holders(const struct kind *kind, const char *state, const char *verb, size_t length,
			     char *out, size_t size)
{
	const struct kind_policy *policy = policy_of(kind);
	unsigned any = 0;
	unsigned own = 0;
	char any_text[140] = "";
	char own_text[140] = "";

	for (size_t i = 0; i < policy->right_count; i++) {
		const struct right_row *row = policy->rights[i];

		if (in_states(row->states, state) && words_have(row->verbs, verb, length)) {
			*(row->relation == RELATION_OWN ? &own : &any) |= row->roles;
		}
	}
	roles_describe(any, any_text, sizeof(any_text));
	roles_describe(own & ~any, own_text, sizeof(own_text));
	if (own_text[0] != '\0') {
		snprintf(out, size, "%s%s%s of the body that owns it", any_text,
			 any_text[0] != '\0' ? "; " : "", own_text);
	} else {
		snprintf(out, size, "%s", any_text[0] != '\0' ? any_text : "nobody");
	}
}

void policy_holders(const struct kind *kind, const char *state, const char *verb, char *out, size_t size)
{
	describe_holders(kind, state, verb, strlen(verb), out, size);
}

/* What stands between a session and a right that its roles would give: another owner, another state, or both. */
static void find_obstacle(const struct session *session, const struct kind *kind,
			  const struct standing *standing, const char *verb, size_t length, bool *owner,
			  bool *state)
{
	const struct kind_policy *policy = policy_of(kind);

	for (size_t i = 0; i < policy->right_count; i++) {
		const struct right_row *row = policy->rights[i];

		if ((row->roles & session->roles) == 0 || !words_have(row->verbs, verb, length)) {
			continue;
		}
		if (in_states(row->states, standing->state)) {
			*owner = true; /* otherwise the right would have been found */
		} else {
			*state = true;
		}
	}
}

static void refuse(const struct session *session, const struct kind *kind, const struct standing *standing,
		   const char *verb, size_t length, struct verdict *out)
{
	char roles[200];
	bool owner = false;
	bool state = false;

	roles_describe(session->roles, roles, sizeof(roles));
	describe_holders(kind, standing->state, verb, length, out->who, sizeof(out->who));
	find_obstacle(session, kind, standing, verb, length, &owner, &state);
	snprintf(out->rule, sizeof(out->rule), "%s.%.*s", kind->name, (int)length, verb);
	if (owner) {
		snprintf(out->why, sizeof(out->why),
			 "You act as %s, but not for the body that owns this %s, so you may not %.*s it.",
			 roles, kind->name, (int)length, verb);
	} else if (state) {
		snprintf(out->why, sizeof(out->why),
			 "Nobody with your posts may %.*s this %s while it is %s.", (int)length, verb,
			 kind->name, standing->state);
	} else {
		snprintf(out->why, sizeof(out->why),
			 "No post that you hold allows you to %.*s this %s; you act as %s.", (int)length,
			 verb, kind->name, roles[0] != '\0' ? roles : "nobody today");
	}
}

void policy_verb(const struct session *session, const struct kind *kind, const struct standing *standing,
		 const char *verb, size_t verb_length, struct verdict *out)
{
	unsigned owner_roles = session_roles_for(session, standing->owner);
	unsigned held = roles_past_marking(session->roles, owner_roles, standing);
	unsigned roles = 0;
	const struct right_row *row =
		find_right(held, kind, standing, verb, verb_length, owner_roles & held, &roles);

	*out = (struct verdict){.roles = roles};
	if (row == NULL &&
	    find_right(session->roles, kind, standing, verb, verb_length, owner_roles, &roles) == NULL) {
		refuse(session, kind, standing, verb, verb_length, out);
		return;
	}
	if (row == NULL) {
		snprintf(out->rule, sizeof(out->rule), "marking.%s", standing->marking);
		snprintf(out->why, sizeof(out->why), "The record is marked %s.", standing->marking);
		snprintf(out->who, sizeof(out->who), "%s",
			 marking_find(standing->marking) != NULL ? marking_find(standing->marking)->help
								 : "nobody");
		return;
	}
	out->allowed = true;
	snprintf(out->rule, sizeof(out->rule), "%s", row->rule);
	roles_describe(out->roles, out->why, 200);
	snprintf(out->why + strlen(out->why), sizeof(out->why) - strlen(out->why), ": may %.*s %s%s",
		 (int)verb_length, verb, row->relation == RELATION_OWN ? "the own body's " : "",
		 kind->plural);
}

/* ---- fields ---- */

static uint64_t fields_of(const struct mode_row *const *modes, unsigned held_roles, const struct kind *kind,
			  unsigned owner_roles)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < kind->field_count; i++) {
		if (allowed_roles(modes[i]->any, modes[i]->own, held_roles, owner_roles) != 0) {
			bits |= UINT64_C(1) << i;
		}
	}
	return bits;
}

uint64_t policy_fields_seen(const struct session *session, const struct kind *kind, const char *owner)
{
	return fields_of(policy_of(kind)->see, session->roles, kind, session_roles_for(session, owner));
}

uint64_t policy_fields_open(const struct session *session, const struct kind *kind,
			    const struct standing *standing, const char *verb)
{
	const struct kind_policy *policy = policy_of(kind);
	unsigned owner_roles = session_roles_for(session, standing->owner);
	unsigned past = roles_past_marking(session->roles, owner_roles, standing);
	uint64_t bits = 0;

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		unsigned held = past & role_rows[i].role;
		unsigned own = owner_roles & held;
		unsigned roles = 0;

		if (held != 0 && find_right(held, kind, standing, verb, strlen(verb), own, &roles) != NULL) {
			own = strcmp(verb, "create") == 0 ? held : own;
			bits |= fields_of(policy->edit, held, kind, own) &
				fields_of(policy->see, held, kind, own);
		}
	}
	return bits;
}

static void describe_field(const struct kind *kind, const struct field *field, const struct mode_row *mode,
			   const char *done, bool allowed, struct verdict *out)
{
	*out = (struct verdict){.allowed = allowed};
	snprintf(out->rule, sizeof(out->rule), "mode.%s", mode->name);
	snprintf(out->why, sizeof(out->why), "%s.%s is %s by: %s", kind->name, field->name, done, mode->help);
	if (!allowed) {
		snprintf(out->who, sizeof(out->who), "%s", mode->help);
	}
}

void policy_field_seen(const struct session *session, const struct kind *kind, const struct field *field,
		       const char *owner, struct verdict *out)
{
	size_t i = (size_t)(field - kind->fields);
	uint64_t bits = policy_fields_seen(session, kind, owner);

	describe_field(kind, field, policy_of(kind)->see[i], "seen", (bits >> i & 1) != 0, out);
}

void policy_field_open(const struct session *session, const struct kind *kind, const struct field *field,
		       const struct standing *standing, const char *verb, struct verdict *out)
{
	size_t i = (size_t)(field - kind->fields);
	uint64_t bits = policy_fields_open(session, kind, standing, verb);

	describe_field(kind, field, policy_of(kind)->edit[i], "edited", (bits >> i & 1) != 0, out);
}

const struct field *policy_parent(const struct kind *kind)
{
	return policy_of(kind)->parent;
}
