/* Records and their versions. The present revision of a record stands in `record`, every revision in `version`.
 *
 * Both are read through one list of columns into struct record_row. What a version does not repeat (who created the
 * record) is taken from the present record, which is never deleted. */
#include "server/store/sql.h"

#include <string.h>

#define RECORD_COLUMNS                                                                                       \
	"r.kind, r.number, r.revision, r.entry, r.at, r.person, r.by_name, r.post, r.verb, r.created_entry," \
	" r.created_at, r.created_person, r.created_by, r.owner, r.state, r.title, r.removed, r.body,"       \
	" r.group_revisions"
#define VERSION_COLUMNS                                                                                      \
	"v.kind, v.number, v.revision, v.entry, v.at, v.person, v.by_name, v.post, v.verb, r.created_entry," \
	" r.created_at, r.created_person, r.created_by, v.owner, v.state, v.title, v.removed, v.body,"       \
	" v.group_revisions, v.salts, v.place"
#define VERSION_FROM                    \
	" FROM version v JOIN record r" \
	" ON r.partnership = v.partnership AND r.kind = v.kind AND r.number = v.number "

enum shape { PRESENT, VERSION }; /* VERSION has two columns more */

static enum status read_row(struct statement *statement, enum shape shape, struct record_row *out,
			    struct error *err)
{
	*out = (struct record_row){
		.kind = sql_column_text(statement, 0),
		.number = sql_column_int(statement, 1),
		.revision = sql_column_int(statement, 2),
		.entry = sql_column_int(statement, 3),
		.at = sql_column_int(statement, 4),
		.person = sql_column_int(statement, 5),
		.by = sql_column_text(statement, 6),
		.post = sql_column_text(statement, 7),
		.verb = sql_column_text(statement, 8),
		.created_entry = sql_column_int(statement, 9),
		.created_at = sql_column_int(statement, 10),
		.created_person = sql_column_int(statement, 11),
		.created_by = sql_column_text(statement, 12),
		.owner = sql_column_text(statement, 13),
		.state = sql_column_text(statement, 14),
		.title = sql_column_text(statement, 15),
		.removed = sql_column_flag(statement, 16),
		.body = sql_column_span(statement, 17),
		.groups = sql_column_span(statement, 18),
	};
	if (shape == VERSION) {
		out->salts = sql_column_span(statement, 19);
		out->place = sql_column_int(statement, 20);
	}
	return sql_sound(statement, err);
}

static enum status keep_row(struct arena *arena, struct record_row *row, struct error *err)
{
	const char **texts[] = {&row->kind,       &row->by,    &row->post,  &row->verb,
				&row->created_by, &row->owner, &row->state, &row->title};
	struct span *spans[] = {&row->body, &row->groups, &row->salts};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!sql_keep_text(arena, texts[i])) {
			return error_memory(err);
		}
	}
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		if (!sql_keep_span(arena, spans[i])) {
			return error_memory(err);
		}
	}
	return STATUS_OK;
}

/* Reads the one row of a bound statement into the arena. */
static enum status take_row(struct statement *statement, enum shape shape, struct arena *arena,
			    struct record_row *out, struct error *err)
{
	struct record_row row;
	enum status status = sql_one(statement, "there is no such record", err);

	if (status == STATUS_OK) {
		status = read_row(statement, shape, &row, err);
	}
	if (status == STATUS_OK) {
		status = keep_row(arena, &row, err);
	}
	if (status == STATUS_OK) {
		*out = row;
	}
	return status;
}

/* Shows every row of a bound statement to the visitor. */
static enum status visit_rows(struct statement *statement, enum shape shape, record_visitor visit,
			      void *payload, struct error *err)
{
	struct record_row row;
	bool more = false;
	enum status status;

	while ((status = sql_step(statement, &more, err)) == STATUS_OK && more) {
		status = read_row(statement, shape, &row, err);
		if (status == STATUS_OK) {
			status = visit(payload, &row, err);
		}
		if (status != STATUS_OK) {
			break;
		}
	}
	return status == STATUS_INTERRUPTED ? STATUS_OK : status;
}

/* ---- present records ---- */

enum status store_record_get(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			     int64_t number, struct record_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT " RECORD_COLUMNS " FROM record r"
					 " WHERE r.partnership = $1 AND r.kind = $2 AND r.number = $3",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, number);
	status = take_row(statement, PRESENT, arena, out, err);
out:
	sql_done(statement);
	return status;
}

enum status store_record_each(struct store *store, int64_t partnership, const char *kind, int64_t after,
			      record_visitor visit, void *payload, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "SELECT " RECORD_COLUMNS " FROM record r"
			    " WHERE r.partnership = $1 AND r.kind = $2 AND r.number > $3 AND r.removed = 0"
			    " ORDER BY r.number",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, after);
	status = visit_rows(statement, PRESENT, visit, payload, err);
out:
	sql_done(statement);
	return status;
}

enum status store_record_each_all(struct store *store, int64_t partnership, record_visitor visit,
				  void *payload, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT " RECORD_COLUMNS " FROM record r WHERE r.partnership = $1"
					 " ORDER BY r.kind, r.number",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	status = visit_rows(statement, PRESENT, visit, payload, err);
out:
	sql_done(statement);
	return status;
}

enum status store_record_find(struct store *store, int64_t partnership, const char *kind, const char *title,
			      int64_t *number, int64_t *count, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT coalesce(min(number), 0), count(*) FROM record"
					 " WHERE partnership = $1 AND kind = $2 AND title = $3"
					 " AND removed = 0 AND title <> ''",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_text(statement, 3, title);
	status = sql_one(statement, "no count", err);
	if (status == STATUS_OK) {
		*number = sql_column_int(statement, 0);
		*count = sql_column_int(statement, 1);
	}
out:
	sql_done(statement);
	return status;
}

/* ---- versions ---- */

enum status store_version_get(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			      int64_t number, int64_t revision, struct record_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "SELECT " VERSION_COLUMNS VERSION_FROM
			    "WHERE v.partnership = $1 AND v.kind = $2 AND v.number = $3 AND v.revision = $4",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, number);
	sql_int(statement, 4, revision);
	status = take_row(statement, VERSION, arena, out, err);
out:
	sql_done(statement);
	return status;
}

enum status store_version_at(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			     int64_t number, int64_t entry, struct record_row *out, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "SELECT " VERSION_COLUMNS VERSION_FROM
			    "WHERE v.partnership = $1 AND v.kind = $2 AND v.number = $3 AND v.entry <= $4"
			    " ORDER BY v.revision DESC LIMIT 1",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, number);
	sql_int(statement, 4, entry);
	status = take_row(statement, VERSION, arena, out, err);
out:
	sql_done(statement);
	return status;
}

enum status store_record_each_at(struct store *store, int64_t partnership, const char *kind, int64_t entry,
				 record_visitor visit, void *payload, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    "SELECT " VERSION_COLUMNS VERSION_FROM
			    "WHERE r.partnership = $1 AND r.kind = $2 AND r.created_entry <= $3"
			    " AND v.removed = 0 AND v.revision = (SELECT max(n.revision) FROM version n"
			    " WHERE n.partnership = r.partnership AND n.kind = r.kind"
			    " AND n.number = r.number AND n.entry <= $3)"
			    " ORDER BY r.number",
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, entry);
	status = visit_rows(statement, VERSION, visit, payload, err);
out:
	sql_done(statement);
	return status;
}

enum status store_version_each(struct store *store, int64_t partnership, const char *kind, int64_t number,
			       record_visitor visit, void *payload, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT " VERSION_COLUMNS VERSION_FROM
					 "WHERE v.partnership = $1 AND v.kind = $2 AND v.number = $3"
					 " ORDER BY v.revision",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, kind);
	sql_int(statement, 3, number);
	status = visit_rows(statement, VERSION, visit, payload, err);
out:
	sql_done(statement);
	return status;
}

enum status store_version_each_of_entry(struct store *store, int64_t partnership, int64_t entry,
					record_visitor visit, void *payload, struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(store,
					 "SELECT " VERSION_COLUMNS VERSION_FROM
					 "WHERE v.partnership = $1 AND v.entry = $2 ORDER BY v.place",
					 &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	sql_int(statement, 1, partnership);
	sql_int(statement, 2, entry);
	status = visit_rows(statement, VERSION, visit, payload, err);
out:
	sql_done(statement);
	return status;
}

/* ---- writing ----
 * Parameters 1 to 16 are the same in all three statements that write the present record. */

static void bind_row(struct statement *statement, int64_t partnership, const struct record_row *row)
{
	sql_int(statement, 1, partnership);
	sql_text(statement, 2, row->kind);
	sql_int(statement, 3, row->number);
	sql_int(statement, 4, row->revision);
	sql_int(statement, 5, row->entry);
	sql_int(statement, 6, row->at);
	sql_int(statement, 7, row->person);
	sql_text(statement, 8, row->by);
	sql_text(statement, 9, row->post);
	sql_text(statement, 10, row->verb);
	sql_text(statement, 11, row->owner);
	sql_text(statement, 12, row->state);
	sql_text(statement, 13, row->title);
	sql_int(statement, 14, row->removed);
	sql_span(statement, 15, row->body);
	sql_span(statement, 16, row->groups);
}

static enum status insert_record(struct store *store, int64_t partnership, const struct record_row *row,
				 struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store,
		"INSERT INTO record (partnership, kind, number, revision, entry, at, person, by_name, post,"
		" verb, owner, state, title, removed, body, group_revisions, created_entry, created_at,"
		" created_person, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
		" $13, $14, $15, $16, $17, $18, $19, $20)",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	bind_row(statement, partnership, row);
	sql_int(statement, 17, row->created_entry);
	sql_int(statement, 18, row->created_at);
	sql_int(statement, 19, row->created_person);
	sql_text(statement, 20, row->created_by);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

#define UPDATE_RECORD                                                                                       \
	"UPDATE record SET revision = $4, entry = $5, at = $6, person = $7, by_name = $8, post = $9, verb " \
	"= $10,"                                                                                            \
	" owner = $11, state = $12, body = $15, group_revisions = $16"
#define WHERE_RECORD " WHERE partnership = $1 AND kind = $2 AND number = $3 AND revision = $4 - 1"

/* Nearly every change keeps the title: then the index of titles is not touched, which halves the work. */
static enum status update_record(struct store *store, int64_t partnership, const struct record_row *row,
				 bool same_title, int64_t *changed, struct error *err)
{
	struct statement *statement = NULL;
	enum status status =
		sql_prepare(store,
			    same_title ? UPDATE_RECORD WHERE_RECORD " AND title = $13 AND removed = $14"
				       : UPDATE_RECORD ", title = $13, removed = $14" WHERE_RECORD,
			    &statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	bind_row(statement, partnership, row);
	status = sql_run(statement, changed, err);
out:
	sql_done(statement);
	return status;
}

static enum status insert_version(struct store *store, int64_t partnership, const struct record_row *row,
				  struct error *err)
{
	struct statement *statement = NULL;
	enum status status = sql_prepare(
		store,
		"INSERT INTO version (partnership, kind, number, revision, entry, at, person, by_name, post,"
		" verb, owner, state, title, removed, body, group_revisions, salts, place)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
		&statement, err);

	if (status != STATUS_OK) {
		goto out;
	}
	bind_row(statement, partnership, row);
	sql_span(statement, 17, row->salts);
	sql_int(statement, 18, row->place);
	status = sql_run(statement, NULL, err);
out:
	sql_done(statement);
	return status;
}

enum status store_record_put(struct store *store, int64_t partnership, const struct record_row *row,
			     struct error *err)
{
	enum status status;
	int64_t changed = 1;

	if (row->revision == 1) {
		status = insert_record(store, partnership, row, err);
	} else {
		status = update_record(store, partnership, row, true, &changed, err);
		if (status == STATUS_OK && changed == 0) {
			status = update_record(store, partnership, row, false, &changed, err);
		}
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (changed != 1) {
		return error_set(err, STATUS_FAILED,
				 "revision %lld of %s %lld does not follow the one before",
				 (long long)row->revision, row->kind, (long long)row->number);
	}
	return insert_version(store, partnership, row, err);
}
