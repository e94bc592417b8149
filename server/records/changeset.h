/* A change-set while the engine works on it. Only the engine's files and the rules of the kinds look inside. */
#ifndef SAFER_SERVER_RECORDS_CHANGESET_H
#define SAFER_SERVER_RECORDS_CHANGESET_H

#include "server/records/engine.h"
#include "server/records/visible.h"
#include "server/schema/schema.h"

struct item { /* what the change-set does to one record */
	const struct kind *kind;
	const char *verb;                    /* create, edit, remove, or the transition's verb */
	const struct transition *transition; /* NULL unless the verb is one */
	const char *ref;                     /* "@name" by which other items refer to a new record; NULL */
	char id[ID_TEXT];
	int64_t number;
	int64_t base; /* the revision that the person saw; 0 for a new record */
	bool creates, removes;
	struct record before;                          /* as it stands; no fields for a new record */
	const msgpack_object *values[KIND_FIELDS_MAX]; /* as it shall be; NULL is absent */
	uint64_t asked;                                /* fields that the person set */
	uint64_t gave_up;              /* fields of which they gave up a value in a conflict (settled.h) */
	const msgpack_object *settled; /* those values, as sent; NULL: none */
	struct journal_field *settlements; /* the same for the journal, once judged */
	size_t settlement_count;
	uint64_t changed; /* fields whose value differs from before, those set by rules included */
};

struct change_set {
	struct context *context;
	struct arena *arena;
	const struct session *session; /* NULL: the founding; nothing is refused for want of rights */
	int64_t partnership;
	int64_t now;
	const char *reason; /* why, in the person's words; NULL: not said */
	struct visibility visibility;
	struct item *items;
	size_t item_count;
	unsigned roles;         /* through which the first item was allowed */
	struct buffer *details; /* packed details of a conflict, or of which item was refused */
	size_t at;              /* the item being looked at, for those details */
};

/* ---- for the rules ---- */

size_t item_field_index(const struct item *item,
			const char *name); /* the schema has it; otherwise the process ends */
const msgpack_object *item_value(const struct item *item, const char *name); /* NULL when absent or unknown */
const char *item_text(struct change_set *set, const struct item *item, const char *name); /* "" when absent */
bool item_changed(const struct item *item, const char *name);
void item_set_value(struct item *item, const char *name, const msgpack_object *value); /* NULL: absent */
enum status item_set_text(struct change_set *set, struct item *item, const char *name, const char *text,
			  struct error *err);

/* A record as it will be when the change-set is applied: one of its items, or what the store has. STATUS_NOT_FOUND
 * when there is none. `fields` of the result is a map either way. */
enum status set_find(struct change_set *set, const char *id, struct record *out, struct error *err);

/* "The action A12" with its title, for messages; in the arena. */
const char *item_name(struct change_set *set, const struct item *item);

/* ---- the steps of the engine, in order ---- */

/* changeset.c: the list of a request, its records, and the ids of new ones */
enum status set_read(struct change_set *set, const msgpack_object *changes, struct error *err);
/* references.c: ids, titles and @names to ids; what is referred to must be there and visible */
enum status set_resolve(struct change_set *set, struct error *err);
/* judge.c: rights, states, second person, conflicts, required fields, unique titles, references to a removed record */
enum status set_judge(struct change_set *set, struct error *err);
/* conflicts.c: what collides with what others changed, for set_judge; details has it after STATUS_CONFLICT */
enum status set_conflicts(struct change_set *set, struct error *err);
/* apply.c: revisions and the journal entry. *entry is -1 when nothing had to change */
enum status set_apply(struct change_set *set, struct span request, int64_t *entry, struct error *err);
/* apply.c: the result map */
enum status set_answer(struct change_set *set, int64_t entry, bool dry_run, struct buffer *out,
		       struct error *err);

/* Packs the fields of an item in the schema's order. */
void item_put_body(const struct item *item, struct buffer *out);

#endif
