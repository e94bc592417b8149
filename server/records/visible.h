/* Whether a session may see a record: its own row's rights and those of its parents, up to the top. */
#ifndef SAFER_SERVER_RECORDS_VISIBLE_H
#define SAFER_SERVER_RECORDS_VISIBLE_H

#include "server/policy/policy.h"
#include "server/records/engine.h"

struct visibility {
	struct context *context;
	struct arena *arena;
	const struct session *session;
	struct seen *seen; /* verdicts on parents, so that a list asks for each once */
};

/* A session of NULL (the founding of a partnership) sees everything. */
void visibility_init(struct visibility *visibility, struct context *context, struct arena *arena,
		     const struct session *session);

/* What policy looks at in a record. Strings live in the arena. */
struct standing record_standing(struct arena *arena, const struct record *record);

enum status record_visible(struct visibility *visibility, const struct record *record, bool *out,
			   struct error *err);

/* Whether the record that this is some revision of may be seen as it stands today; a removed one as it last stood. What
 * is shown of the past must be visible both as it was and by this. */
enum status record_visible_today(struct visibility *visibility, const struct record *record, bool *out,
				 struct error *err);

/* Loads a record and answers STATUS_NOT_FOUND, in the same words, whether it is missing or hidden. */
enum status record_load_visible(struct visibility *visibility, const char *id, size_t id_length,
				struct record *out, struct error *err);

/* The same, but what was removed is found too, as it last stood. */
enum status record_load_visible_last(struct visibility *visibility, const char *id, size_t id_length,
				     struct record *out, struct error *err);

/* The fields of it that may be seen, as bits of the kind's fields. All bits for a session of NULL. */
uint64_t record_fields_seen(const struct visibility *visibility, const struct record *record);

#endif
