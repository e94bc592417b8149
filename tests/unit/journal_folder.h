/* A data folder whose partnership has a journal, and a small engine that writes records into it the way the real one
 * does: one entry for each change, one version for each record that it changed. */
#ifndef SAFER_TESTS_UNIT_JOURNAL_FOLDER_H
#define SAFER_TESTS_UNIT_JOURNAL_FOLDER_H

#include "common/text.h"
#include "server/journal/journal.h"
#include "tests/unit/store_folder.h"

#include <openssl/evp.h>

#define JOURNAL_FIELDS  6
#define JOURNAL_RECORDS 8

static const struct field journal_fields[JOURNAL_FIELDS] = {
	{.name = "title", .type = FIELD_TEXT, .max = 100},
	{.name = "value", .type = FIELD_INTEGER, .max = 100000, .group = "reading"},
	{.name = "unit", .type = FIELD_TEXT, .max = 20, .group = "reading"},
	{.name = "text", .type = FIELD_LONG_TEXT, .max = 2000},
	{.name = "state", .type = FIELD_TEXT, .max = 20},
	{.name = "owner", .type = FIELD_TEXT, .max = 20},
};
static const struct kind journal_kinds[] = {
	{.name = "action",
	 .plural = "actions",
	 .prefix = "A",
	 .title = "title",
	 .fields = journal_fields,
	 .field_count = JOURNAL_FIELDS},
};
static const struct schema journal_schema = {.kinds = journal_kinds, .kind_count = 1};

struct journal_record { /* what the small engine knows of one record */
	int64_t revision;
	const char *values[JOURNAL_FIELDS]; /* packed as integer for `value`; NULL none */
	int64_t changed_at[JOURNAL_FIELDS]; /* the revision of the last change; 0 never */
	int64_t created_entry, created_at;
};

struct journal_folder {
	struct folder *folder;
	EVP_PKEY *key;
	struct journal *journal;
	struct journal_record records[JOURNAL_RECORDS]; /* A1 is the first */
	int64_t time;
};

static inline void pack_value(struct buffer *out, size_t field, const char *value)
{
	if (!value) {
		codec_put_nil(out);
	} else if (journal_fields[field].type == FIELD_INTEGER) {
		codec_put_int(out, strtoll(value, NULL, 10));
	} else {
		codec_put_text(out, value);
	}
}

static inline struct span keep(struct journal_folder *it, const struct buffer *packed)
{
	struct span span = {arena_copy(it->folder->arena, packed->data, packed->length), packed->length};

	assert_false(packed->failed);
	assert_non_null(span.data);
	return span;
}

static inline int64_t group_changed_at(const struct journal_record *record, size_t field)
{
	int64_t last = 0;

	for (size_t k = 0; k < JOURNAL_FIELDS; k++) {
		if (strcmp(field_group(&journal_fields[k]), field_group(&journal_fields[field])) == 0 &&
		    record->changed_at[k] > last) {
			last = record->changed_at[k];
		}
	}
	return last;
}

/* The maps of a record's present state. */
static inline void pack_record(struct journal_folder *it, const struct journal_record *record, bool removed,
			       struct record_row *row)
{
	struct buffer out;
	size_t header, count = 0;

	buffer_init(&out, 1 << 20);
	header = codec_map_begin(&out);
	for (size_t i = 0; i < JOURNAL_FIELDS && !removed; i++) {
		if (record->values[i]) {
			codec_put_text(&out, journal_fields[i].name);
			pack_value(&out, i, record->values[i]);
			count++;
		}
	}
	codec_map_end(&out, header, count);
	row->body = keep(it, &out);
	buffer_clear(&out);
	count = 0;
	header = codec_map_begin(&out);
	for (size_t i = 0; i < JOURNAL_FIELDS; i++) {
		bool first = i == 0 || strcmp(field_group(&journal_fields[i]),
					      field_group(&journal_fields[i - 1])) != 0;

		if (first && group_changed_at(record, i) > 0) {
			codec_pair_int(&out, field_group(&journal_fields[i]), group_changed_at(record, i));
			count++;
		}
	}
	codec_map_end(&out, header, count);
	row->groups = keep(it, &out);
	buffer_release(&out);
}

/* Edits record `number` in the writer's transaction: `edits` is a list of field and value in turn, "" clearing it,
 * NULL-ended. NULL for edits removes the record. */
static inline int64_t change_record(struct journal_folder *it, int64_t number, const char *const *edits,
				    const char *reason)
{
	struct folder *folder = it->folder;
	struct journal_record *record = &it->records[number - 1];
	struct journal_field fields[JOURNAL_FIELDS];
	struct journal_change change = {.kind = "action", .fields = fields};
	struct journal_entry entry = {
		.at = it->time += 1000,
		.what = "change",
		.person = "PE3",
		.by = "Debra Tedds, member of Board",
		.post = "member",
		.body = "B1",
		.credential = 4,
		.request = {(const uint8_t *)"0123456789abcdef", 16},
		.reason = reason,
		.note = "",
		.changes = &change,
		.change_count = 1,
	};
	struct buffer out;
	struct record_row row = {.kind = "action", .number = number};
	char id[ID_TEXT];

	id_format("A", number, id);
	buffer_init(&out, 1 << 20);
	record->revision++;
	change.id = id;
	change.revision = record->revision;
	change.verb = !edits ? "remove" : record->revision == 1 ? "create" : "edit";
	for (size_t i = 0; i < JOURNAL_FIELDS && edits; i++) {
		for (const char *const *edit = edits; *edit; edit += 2) {
			if (strcmp(edit[0], journal_fields[i].name) != 0) {
				continue;
			}
			record->values[i] = edit[1][0] ? edit[1] : NULL;
			record->changed_at[i] = record->revision;
			buffer_clear(&out);
			pack_value(&out, i, record->values[i]);
			fields[change.field_count++] = (struct journal_field){.name = journal_fields[i].name,
									      .value = keep(it, &out)};
		}
	}
	assert_ok(folder, journal_append(it->journal, folder->writer, folder->arena, folder->partnership,
					 &entry, &row.entry, &folder->err));
	if (record->revision == 1) {
		record->created_entry = row.entry;
		record->created_at = entry.at;
	}
	buffer_clear(&out);
	codec_put_map(&out, change.field_count);
	for (size_t i = 0; i < change.field_count; i++) {
		codec_put_text(&out, fields[i].name);
		codec_put_bin(&out, fields[i].salt, sizeof(fields[i].salt));
	}
	row.salts = keep(it, &out);
	pack_record(it, record, !edits, &row);
	row.revision = record->revision;
	row.at = entry.at;
	row.person = 3;
	row.by = entry.by;
	row.post = entry.post;
	row.verb = change.verb;
	row.created_entry = record->created_entry;
	row.created_at = record->created_at;
	row.created_person = 3;
	row.created_by = entry.by;
	row.removed = !edits;
	row.owner = edits && record->values[5] ? record->values[5] : "";
	row.state = edits && record->values[4] ? record->values[4] : "";
	row.title = edits && record->values[0]
			    ? text_fold(folder->arena, record->values[0], strlen(record->values[0]))
			    : "";
	assert_ok(folder, store_record_put(folder->writer, folder->partnership, &row, &folder->err));
	buffer_release(&out);
	return row.entry;
}

/* An entry that changes no record. */
static inline int64_t append_note(struct journal_folder *it, const char *what, const char *note)
{
	struct folder *folder = it->folder;
	int64_t number = -1;
	struct journal_entry entry = {.at = it->time += 1000, .what = what, .person = "", .note = note};

	assert_ok(folder, journal_append(it->journal, folder->writer, folder->arena, folder->partnership,
					 &entry, &number, &folder->err));
	return number;
}

static inline void seal_and_commit(struct journal_folder *it)
{
	assert_ok(it->folder, journal_seal(it->journal, it->folder->writer, &it->folder->err));
	assert_ok(it->folder, store_commit(it->folder->writer, &it->folder->err));
}

static inline int journal_setup(void **state)
{
	struct journal_folder *it = calloc(1, sizeof(*it));

	assert_non_null(it);
	folder_setup(state);
	it->folder = *state;
	it->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(it->key);
	it->time = INT64_C(1398934800) * 1000000;
	assert_ok(it->folder, journal_new(it->key, &it->journal, &it->folder->err));
	*state = it;
	return 0;
}

static inline int journal_teardown(void **state)
{
	struct journal_folder *it = *state;
	void *folder = it->folder;

	journal_free(it->journal);
	EVP_PKEY_free(it->key);
	free(it);
	return folder_teardown(&folder);
}

#endif
