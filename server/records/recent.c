/* Two tables of records, a young one and an old one. What is used moves to the young; when that has half of the room,
 * the old is given up and the young grows old. */
#include "server/records/recent.h"

#include "server/policy/policy.h"
#include "server/records/visible.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS      131072 /* about as many as there is room for records: a chain is as long as its misses */
#define PARTNERSHIPS 64     /* buckets */
#define ENTRIES_MOST 512    /* journal entries that are passed one by one; after more all is forgotten */
#define ENTRY_SPARE  512

struct kept {
	struct kept *next; /* in its bucket */
	int64_t partnership;
	struct record record;
	struct standing standing;
	struct arena *arena; /* with everything */
	size_t bytes;
};

struct table {
	struct kept *buckets[BUCKETS];
	size_t bytes;
};

struct followed { /* a partnership, and how far its journal was followed */
	struct followed *next;
	int64_t partnership;
	int64_t entries;
	bool checked; /* in this snapshot */
};

struct recent {
	struct table *young, *old;
	struct table tables[2];
	size_t most;     /* bytes of one table */
	int64_t version; /* of the store, when it was last looked at */
	bool known;
	struct followed *followed[PARTNERSHIPS];
};

static struct kept **bucket_of(struct table *table, int64_t partnership, const struct kind *kind,
			       int64_t number)
{
	uint64_t hash = (uint64_t)number * UINT64_C(0x9e3779b97f4a7c15) ^
			(uint64_t)partnership * UINT64_C(0xc2b2ae3d27d4eb4f) ^ (uint64_t)(uintptr_t)kind;

	return &table->buckets[(hash ^ hash >> 29) % BUCKETS];
}

/* The link to it, or to the end of its bucket. */
static struct kept **find(struct table *table, int64_t partnership, const struct kind *kind, int64_t number)
{
	struct kept **link = bucket_of(table, partnership, kind, number);

	while (*link && ((*link)->record.row.number != number || (*link)->partnership != partnership ||
			 (*link)->record.kind != kind)) {
		link = &(*link)->next;
	}
	return link;
}

static struct kept *unlink_kept(struct table *table, struct kept **link)
{
	struct kept *kept = *link;

	if (kept) {
		*link = kept->next;
		table->bytes -= kept->bytes;
	}
	return kept;
}

static void free_kept(struct kept *kept)
{
	if (kept) {
		arena_free(kept->arena);
	}
}

static void add(struct table *table, struct kept *kept)
{
	struct kept **bucket =
		bucket_of(table, kept->partnership, kept->record.kind, kept->record.row.number);

	kept->next = *bucket;
	*bucket = kept;
	table->bytes += kept->bytes;
}

static void empty(struct table *table)
{
	for (size_t i = 0; table->bytes > 0 && i < BUCKETS; i++) {
		while (table->buckets[i]) {
			free_kept(unlink_kept(table, &table->buckets[i]));
		}
	}
}

static void forget(struct recent *recent, int64_t partnership, const struct kind *kind, int64_t number)
{
	for (size_t i = 0; i < 2; i++) {
		struct table *table = &recent->tables[i];

		free_kept(unlink_kept(table, find(table, partnership, kind, number)));
	}
}

static void forget_partnership(struct recent *recent, int64_t partnership)
{
	for (size_t i = 0; i < 2 * BUCKETS; i++) {
		struct table *table = &recent->tables[i / BUCKETS];
		struct kept **link = &table->buckets[i % BUCKETS];

		while (*link) {
			if ((*link)->partnership == partnership) {
				free_kept(unlink_kept(table, link));
			} else {
				link = &(*link)->next;
			}
		}
	}
}

/* ---- life ---- */

struct recent *recent_new(size_t bytes)
{
	struct recent *recent = calloc(1, sizeof(*recent));

	if (recent) {
		recent->young = &recent->tables[0];
		recent->old = &recent->tables[1];
		recent->most = bytes / 2;
	}
	return recent;
}

void recent_free(struct recent *recent)
{
	if (!recent) {
		return;
	}
	empty(recent->young);
	empty(recent->old);
	for (size_t i = 0; i < PARTNERSHIPS; i++) {
		while (recent->followed[i]) {
			struct followed *next = recent->followed[i]->next;

			free(recent->followed[i]);
			recent->followed[i] = next;
		}
	}
	free(recent);
}

void recent_turn(struct recent *recent, struct store *store)
{
	int64_t version = 0;
	bool same = store_version(store, &version) && recent->known && version == recent->version;

	recent->known = true;
	recent->version = version;
	for (size_t i = 0; !same && i < PARTNERSHIPS; i++) {
		for (struct followed *followed = recent->followed[i]; followed; followed = followed->next) {
			followed->checked = false;
		}
	}
	if (recent->young->bytes > recent->most) {
		struct table *old = recent->old;

		empty(old);
		recent->old = recent->young;
		recent->young = old;
	}
}

/* ---- following the journal ---- */

struct passing {
	struct recent *recent;
	struct context *context;
	int64_t partnership;
};

static enum status pass(void *payload, const struct record_row *row, struct error *err)
{
	struct passing *passing = payload;
	const struct kind *kind = schema_kind(passing->context->schema, row->kind, strlen(row->kind));

	(void)err;
	if (kind) {
		forget(passing->recent, passing->partnership, kind, row->number);
	}
	return STATUS_OK;
}

static struct followed *followed_of(struct recent *recent, int64_t partnership)
{
	struct followed **bucket = &recent->followed[(uint64_t)partnership % PARTNERSHIPS];
	struct followed *followed = *bucket;

	while (followed && followed->partnership != partnership) {
		followed = followed->next;
	}
	if (!followed && (followed = calloc(1, sizeof(*followed))) != NULL) {
		followed->partnership = partnership;
		followed->next = *bucket;
		*bucket = followed;
	}
	return followed;
}

static enum status follow(struct recent *recent, struct context *context, int64_t partnership,
			  struct followed **out, struct error *err)
{
	struct followed *followed = followed_of(recent, partnership);
	struct passing passing = {recent, context, partnership};
	int64_t entries = 0;

	if (!followed) {
		return error_memory(err);
	}
	*out = followed;
	if (followed->checked) {
		return STATUS_OK;
	}
	if (store_leaf_count(context->store, partnership, &entries, err) != STATUS_OK) {
		return err->status;
	}
	if (entries < followed->entries || entries - followed->entries > ENTRIES_MOST) {
		forget_partnership(recent, partnership);
		followed->entries = entries;
	}
	for (; followed->entries < entries; followed->entries++) {
		if (store_version_each_of_entry(context->store, partnership, followed->entries, pass,
						&passing, err) != STATUS_OK) {
			return err->status;
		}
	}
	followed->checked = true;
	return STATUS_OK;
}

enum status recent_entries(struct context *context, int64_t partnership, int64_t *out, struct error *err)
{
	struct followed *followed = NULL;

	if (!context->recent) {
		return store_leaf_count(context->store, partnership, out, err);
	}
	if (follow(context->recent, context, partnership, &followed, err) == STATUS_OK) {
		*out = followed->entries;
		return STATUS_OK;
	}
	return err->status;
}

/* ---- reading ---- */

static enum status load(struct context *context, int64_t partnership, const struct kind *kind, int64_t number,
			struct kept **out, struct error *err)
{
	struct arena *arena = arena_new_small();
	struct kept *kept = arena ? arena_alloc(arena, sizeof(*kept)) : NULL;
	struct record_row row;
	enum status status = kept ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK) {
		status = store_record_get(context->store, arena, partnership, kind->name, number, &row, err);
	}
	if (status == STATUS_OK) {
		status = record_decode(arena, kind, &row, &kept->record, err);
	}
	if (status == STATUS_OK) {
		const struct field *parent = policy_parent(kind);

		kept->partnership = partnership;
		kept->arena = arena;
		kept->standing = record_standing(arena, &kept->record);
		kept->record.parent = parent ? record_text(arena, &kept->record, parent->name) : "";
		kept->record.standing = &kept->standing;
		kept->bytes = arena_bytes(arena) + 2 * row.body.length +
			      ENTRY_SPARE; /* about what the tree takes */
		status = arena_refused(arena) > 0 ? error_memory(err) : STATUS_OK;
	}
	if (status != STATUS_OK) {
		arena_free(arena);
		return status;
	}
	*out = kept;
	return STATUS_OK;
}

enum status recent_get(struct recent *recent, struct context *context, int64_t partnership,
		       const struct kind *kind, int64_t number, const struct record **out, struct error *err)
{
	struct followed *followed = NULL;
	struct kept *kept = NULL;

	if (follow(recent, context, partnership, &followed, err) != STATUS_OK) {
		return err->status;
	}
	kept = *find(recent->young, partnership, kind, number);
	if (!kept) {
		kept = unlink_kept(recent->old, find(recent->old, partnership, kind, number));
		if (!kept && load(context, partnership, kind, number, &kept, err) != STATUS_OK) {
			return err->status;
		}
		add(recent->young, kept);
	}
	*out = &kept->record;
	return STATUS_OK;
}

/* ---- reading ahead ---- */

struct ahead {
	struct recent *recent;
	struct context *context;
	const struct kind *kind;
	struct recent_place *place;
	size_t left; /* records */
};

static bool goes_on(const struct ahead *ahead)
{
	return ahead->left > 0 &&
	       ahead->recent->young->bytes + ahead->recent->old->bytes < ahead->recent->most;
}

static enum status read_ahead(void *payload, const struct record_row *row, struct error *err)
{
	struct ahead *ahead = payload;
	const struct record *record = NULL;

	if (recent_get(ahead->recent, ahead->context, ahead->place->partnership, ahead->kind, row->number,
		       &record, err) != STATUS_OK) {
		return err->status;
	}
	ahead->place->number = row->number;
	ahead->left--;
	return goes_on(ahead) ? STATUS_OK : STATUS_INTERRUPTED;
}

/* Reads on in one partnership. */
static enum status read_on(struct ahead *ahead, int64_t partnership, struct error *err)
{
	const struct schema *schema = ahead->context->schema;
	struct recent_place *place = ahead->place;

	if (place->partnership != partnership) {
		*place = (struct recent_place){.partnership = partnership};
	}
	while (goes_on(ahead) && place->kind < schema->kind_count) {
		ahead->kind = &schema->kinds[place->kind];
		if (store_record_each(ahead->context->store, partnership, ahead->kind->name, place->number,
				      read_ahead, ahead, err) != STATUS_OK) {
			return err->status;
		}
		if (goes_on(ahead)) {
			place->number = 0;
			place->kind++;
		}
	}
	return STATUS_OK;
}

enum status recent_ahead(struct recent *recent, struct context *context, struct recent_place *place,
			 size_t most, bool *more, struct error *err)
{
	struct ahead ahead = {.recent = recent, .context = context, .place = place, .left = most};
	struct arena *arena = arena_new_small();
	struct partnership *all = NULL;
	size_t count = 0;
	enum status status =
		arena ? store_partnership_list(context->store, arena, &all, &count, err) : error_memory(err);

	for (size_t i = 0; status == STATUS_OK && i < count && goes_on(&ahead); i++) {
		if (all[i].number >= place->partnership) {
			status = read_on(&ahead, all[i].number, err);
		}
	}
	*more = ahead.left == 0 && recent->young->bytes + recent->old->bytes < recent->most;
	arena_free(arena);
	return status;
}
