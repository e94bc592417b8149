/* Row rights along the chain of parents. A referral about an action of a draft priority is hidden from whom the
 * priority is hidden from. */
#include "server/records/visible.h"

#include <string.h>

#define DEPTH_MAX 8 /* parents above parents; a chain that is longer is a loop, and hidden */

struct seen {
	struct seen *next;
	char id[ID_TEXT];
	bool visible;
};

void visibility_init(struct visibility *visibility, struct context *context, struct arena *arena,
		     const struct session *session)
{
	*visibility = (struct visibility){.context = context, .arena = arena, .session = session};
}

struct standing record_standing(struct arena *arena, const struct record *record)
{
	if (record->standing != NULL) {
		return *record->standing;
	}
	return (struct standing){
		.owner = record_text(arena, record, "owner"),
		.state = record_text(arena, record, "state"),
		.marking = record_text(arena, record, "marking"),
	};
}

static enum status visible_at(struct visibility *v, const struct record *record, int depth, bool *out,
			      struct error *err);

static enum status parent_visible(struct visibility *v, const char *id, int depth, bool *out,
				  struct error *err)
{
	struct record parent;
	struct seen *seen = NULL;
	enum status status = STATUS_OK;

	for (seen = v->seen; seen != NULL; seen = seen->next) {
		if (strcmp(seen->id, id) == 0) {
			*out = seen->visible;
			return STATUS_OK;
		}
	}
	status =
		record_load_last(v->context, v->arena, v->session->partnership, id, strlen(id), &parent, err);
	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		*out = true; /* it is one of the records that the change-set at hand creates */
	} else if (status != STATUS_OK || visible_at(v, &parent, depth + 1, out, err) != STATUS_OK) {
		return err->status;
	}
	seen = arena_alloc(v->arena, sizeof(*seen));
	if (seen == NULL || strlen(id) >= sizeof(seen->id)) {
		return error_memory(err);
	}
	memcpy(seen->id, id, strlen(id) + 1);
	seen->visible = *out;
	seen->next = v->seen;
	v->seen = seen;
	return STATUS_OK;
}

static enum status visible_at(struct visibility *v, const struct record *record, int depth, bool *out,
			      struct error *err)
{
	struct standing standing = record_standing(v->arena, record);
	const struct field *parent = policy_parent(record->kind);
	const char *id = record->parent;

	if (id == NULL) {
		id = parent != NULL ? record_text(v->arena, record, parent->name) : "";
	}

	if (depth > DEPTH_MAX || !policy_sees(v->session, record->kind, &standing)) {
		*out = false;
		return STATUS_OK;
	}
	if (id[0] == '\0') {
		*out = true;
		return STATUS_OK;
	}
	return parent_visible(v, id, depth, out, err);
}

enum status record_visible(struct visibility *visibility, const struct record *record, bool *out,
			   struct error *err)
{
	if (visibility->session == NULL) {
		*out = true;
		return STATUS_OK;
	}
	return visible_at(visibility, record, 0, out, err);
}

enum status record_visible_today(struct visibility *visibility, const struct record *record, bool *out,
				 struct error *err)
{
	struct record last;

	if (visibility->session == NULL) {
		*out = true;
		return STATUS_OK;
	}
	if (record_load_last(visibility->context, visibility->arena, visibility->session->partnership,
			     record->id, strlen(record->id), &last, err) != STATUS_OK) {
		return err->status;
	}
	return visible_at(visibility, &last, 0, out, err);
}

/* Not found, when it is hidden. */
static enum status unless_hidden(struct visibility *visibility, const struct record *record,
				 struct record *out, struct error *err)
{
	bool visible = false;

	if (record_visible(visibility, record, &visible, err) != STATUS_OK) {
		return err->status;
	}
	if (!visible) {
		return record_not_found(record->id, strlen(record->id), err);
	}
	*out = *record;
	return STATUS_OK;
}

enum status record_load_visible(struct visibility *visibility, const char *id, size_t id_length,
				struct record *out, struct error *err)
{
	struct record record;

	if (record_load(visibility->context, visibility->arena, visibility->session->partnership, id,
			id_length, &record, err) != STATUS_OK) {
		return err->status;
	}
	return unless_hidden(visibility, &record, out, err);
}

enum status record_load_visible_last(struct visibility *visibility, const char *id, size_t id_length,
				     struct record *out, struct error *err)
{
	struct record record;

	if (record_load_last(visibility->context, visibility->arena, visibility->session->partnership, id,
			     id_length, &record, err) != STATUS_OK) {
		return err->status;
	}
	return unless_hidden(visibility, &record, out, err);
}

uint64_t record_fields_seen(const struct visibility *visibility, const struct record *record)
{
	if (visibility->session == NULL) {
		return UINT64_MAX;
	}
	return policy_fields_seen(visibility->session, record->kind,
				  record->standing != NULL ? record->standing->owner
							   : record_text(visibility->arena, record, "owner"));
}
