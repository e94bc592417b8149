/* Requests out of numbers, and numbers out of the journal. */
#include "tests/faults/errands.h"

#include "server/journal/journal.h"
#include "server/journal/leaf.h"

#include <stdio.h>
#include <string.h>

#define PARTNERSHIP 1
#define REQUEST     16

static const char mark[6] = {'e', 'r', 'r', 'a', 'n', 'd'};

/* ---- asking ---- */

static bool is_note(uint64_t k)
{
	return k % 4 == 3;
}

/* How many of the first k errands were edits. */
static uint64_t edits(uint64_t k)
{
	return k - k / 4;
}

static void put_request(uint8_t out[REQUEST], size_t writer, uint64_t k)
{
	memset(out, 0, REQUEST);
	memcpy(out, mark, sizeof(mark));
	out[sizeof(mark)] = (uint8_t)writer;
	for (size_t i = 0; i < 8; i++) {
		out[8 + i] = (uint8_t)(k >> (8 * (7 - i)));
	}
}

static bool read_request(struct span bytes, size_t *writer, uint64_t *k)
{
	if (bytes.length != REQUEST || memcmp(bytes.data, mark, sizeof(mark)) != 0 ||
	    bytes.data[sizeof(mark)] >= ERRAND_WRITERS) {
		return false;
	}
	*writer = bytes.data[sizeof(mark)];
	*k = 0;
	for (size_t i = 0; i < 8; i++) {
		*k = *k << 8 | bytes.data[8 + i];
	}
	return true;
}

static void put_note(struct buffer *out, const char *action, size_t writer, uint64_t k)
{
	char title[60];

	snprintf(title, sizeof(title), "Visit %llu of writer %zu", (unsigned long long)k, writer);
	codec_put_map(out, 3);
	codec_pair_text(out, "do", "create");
	codec_pair_text(out, "kind", "note");
	codec_put_text(out, "fields");
	codec_put_map(out, 4);
	codec_pair_text(out, "title", title);
	codec_pair_text(out, "action", action);
	codec_pair_text(out, "date", "2014-04-30");
	codec_pair_text(out, "owner", "B4");
}

static void put_edit(struct buffer *out, const char *action, int64_t base, uint64_t k)
{
	codec_put_map(out, 4);
	codec_pair_text(out, "do", "edit");
	codec_pair_text(out, "id", action);
	codec_pair_int(out, "base", base);
	codec_put_text(out, "fields");
	codec_put_map(out, 1);
	codec_pair_int(out, "progress", (int64_t)(k % 101));
}

void errand_put(struct buffer *out, const struct errands *errands, size_t writer, uint64_t k)
{
	const struct errand_writer *who = &errands->writers[writer];
	uint8_t request[REQUEST];
	char action[ID_TEXT];

	put_request(request, writer, k);
	id_format("A", who->action, action);
	codec_put_map(out, 2);
	codec_put_text(out, "request");
	codec_put_bin(out, request, sizeof(request));
	codec_put_text(out, "changes");
	codec_put_list(out, 1);
	if (is_note(k)) {
		put_note(out, action, writer, k);
	} else {
		put_edit(out, action, who->revision + (int64_t)edits(k), k);
	}
}

bool errand_answered(struct errands *errands, size_t writer, const msgpack_object *result, char why[200])
{
	struct errand_writer *who = &errands->writers[writer];
	const msgpack_object *changes = codec_get(result, "changes");
	int64_t entry = codec_get_int(result, "entry", -1);
	int64_t wanted = is_note(who->answered) ? 1 : who->revision + (int64_t)edits(who->answered) + 1;
	int64_t revision =
		codec_count(changes) == 1 ? codec_get_int(&changes->via.array.ptr[0], "revision", -1) : -1;

	if (entry <= who->entry || revision != wanted) {
		snprintf(why, 200,
			 "errand %llu of writer %zu was answered with entry %lld after %lld, "
			 "revision %lld instead of %lld",
			 (unsigned long long)who->answered, writer, (long long)entry, (long long)who->entry,
			 (long long)revision, (long long)wanted);
		return false;
	}
	who->answered++;
	who->entry = entry;
	return true;
}

/* ---- looking ---- */

struct search {
	const struct errands *errands;
	struct errand_report *report;
	uint64_t seen[ERRAND_WRITERS];
};

__attribute__((format(printf, 2, 3))) static void wrong(struct errand_report *report, const char *format, ...)
{
	va_list arguments;

	if (report->first[0] == '\0') {
		va_start(arguments, format);
		vsnprintf(report->first, sizeof(report->first), format, arguments);
		va_end(arguments);
	}
}

static void meet(struct search *search, size_t writer, uint64_t k, int64_t entry)
{
	const struct errand_writer *who = &search->errands->writers[writer];
	struct errand_report *report = search->report;

	report->present++;
	if (k < search->seen[writer]) {
		report->doubled++;
		wrong(report, "errand %llu of writer %zu is there twice, again as entry %lld",
		      (unsigned long long)k, writer, (long long)entry);
		return;
	}
	if (k > search->seen[writer] || k > who->answered ||
	    (who->answered > 0 && k == who->answered - 1 && entry != who->entry)) {
		report->strange++;
		wrong(report,
		      "errand %llu of writer %zu is entry %lld, after %llu; %llu were answered, up to %lld",
		      (unsigned long long)k, writer, (long long)entry,
		      (unsigned long long)search->seen[writer], (unsigned long long)who->answered,
		      (long long)who->entry);
	}
	search->seen[writer] = k + 1;
}

static enum status visit(void *payload, const struct leaf_row *row, struct error *err)
{
	struct search *search = payload;
	struct arena *arena = arena_new();
	struct leaf leaf;
	size_t writer = 0;
	uint64_t k = 0;
	enum status status = arena ? leaf_decode(arena, row->leaf, &leaf, err) : error_memory(err);

	if (status == STATUS_OK && read_request(leaf.request, &writer, &k)) {
		meet(search, writer, k, row->number);
	}
	arena_free(arena);
	return status;
}

static enum status check_record(struct search *search, size_t writer, struct store *store, struct error *err)
{
	const struct errand_writer *who = &search->errands->writers[writer];
	int64_t wanted = who->revision + (int64_t)edits(search->seen[writer]);
	struct arena *arena = arena_new();
	struct record_row row;
	enum status status =
		arena ? store_record_get(store, arena, PARTNERSHIP, "action", who->action, &row, err)
		      : error_memory(err);

	if (search->seen[writer] < who->answered) {
		search->report->lost += (int64_t)(who->answered - search->seen[writer]);
		wrong(search->report, "writer %zu had answers to %llu errands, and %llu are there", writer,
		      (unsigned long long)who->answered, (unsigned long long)search->seen[writer]);
	}
	if (status == STATUS_OK && row.revision != wanted) {
		search->report->strange++;
		wrong(search->report, "A%lld is at revision %lld instead of %lld", (long long)who->action,
		      (long long)row.revision, (long long)wanted);
	}
	arena_free(arena);
	return status;
}

enum status errands_check(const struct errands *errands, struct store *store, EVP_PKEY *verifier,
			  const struct schema *schema, struct errand_report *report, struct error *err)
{
	struct search search = {.errands = errands, .report = report};
	struct journal_report journal = {0};
	enum status status = store_begin(store, err);

	*report = (struct errand_report){0};
	if (status != STATUS_OK) {
		return status;
	}
	status = store_leaf_each(store, PARTNERSHIP, 0, false, visit, &search, err);
	for (size_t i = 0; status == STATUS_OK && i < ERRAND_WRITERS; i++) {
		status = check_record(&search, i, store, err);
	}
	if (status == STATUS_OK && verifier) {
		status = journal_check(store, verifier, schema, NULL, NULL, &journal, err);
		report->problems = journal.problems;
		if (journal.problems > 0) {
			wrong(report, "%s", journal.first_problem);
			status = STATUS_OK;
		}
	}
	store_rollback(store);
	return status;
}

static enum status check_last(const struct errand_writer *who, size_t number, struct store *store,
			      struct errand_report *report, struct error *err)
{
	struct arena *arena = arena_new();
	struct leaf_row row;
	struct leaf leaf;
	size_t writer = ERRAND_WRITERS;
	uint64_t k = 0;
	enum status status =
		arena ? store_leaf_get(store, arena, PARTNERSHIP, who->entry, &row, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = leaf_decode(arena, row.leaf, &leaf, err);
	}
	if (status == STATUS_NOT_FOUND ||
	    (status == STATUS_OK &&
	     (!read_request(leaf.request, &writer, &k) || writer != number || k + 1 != who->answered))) {
		report->lost++;
		wrong(report, "entry %lld is not errand %llu of writer %zu, as was answered",
		      (long long)who->entry, (unsigned long long)who->answered - 1, number);
		status = STATUS_OK;
	}
	arena_free(arena);
	return status;
}

enum status errands_check_last(const struct errands *errands, struct store *store,
			       struct errand_report *report, struct error *err)
{
	enum status status = store_begin(store, err);

	*report = (struct errand_report){0};
	if (status != STATUS_OK) {
		return status;
	}
	for (size_t i = 0; status == STATUS_OK && i < ERRAND_WRITERS; i++) {
		if (errands->writers[i].answered > 0) {
			status = check_last(&errands->writers[i], i, store, report, err);
		}
	}
	store_rollback(store);
	return status;
}

bool errands_good(const struct errand_report *report)
{
	return report->lost == 0 && report->doubled == 0 && report->strange == 0 && report->problems == 0;
}
