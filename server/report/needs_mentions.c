/* Calls upon a person in comments. One stands for thirty days, until it was answered on the same record, by the person or
 * by another of those whom the same word called upon: of an agency, one answer is enough. So nothing about it has to be
 * remembered beside the comments themselves. */
#include "server/report/needs.h"

#include "common/calendar.h"
#include "server/policy/policy.h"
#include "server/records/directory.h"
#include "server/records/query.h"

#include <string.h>

#define CALL_DAYS   30
#define QUOTE_BYTES 60

struct call {
	const struct record *comment;
	struct span about;
	bool answered;
};

struct finder {
	struct needs *needs;
	struct directory directory;
	struct call *calls;
	size_t count;
};

static bool reaches(const struct directory *directory, const char *id, int64_t person)
{
	for (size_t i = 0; i < directory->seat_count; i++) {
		const struct seat *seat = &directory->seats[i];

		if (seat->taken && seat->person == person && directory_reaches(directory, id, seat)) {
			return true;
		}
	}
	return false;
}

/* Whether the comment calls upon the person; with another one, whether it calls upon both in one word. */
static bool calls_upon(const struct finder *finder, const struct record *comment, int64_t person,
		       int64_t other)
{
	const struct directory *directory = &finder->directory;
	const msgpack_object *mentions = codec_get(comment->fields, "mentions");

	for (size_t i = 0; i < codec_count(mentions); i++) {
		struct span text;
		const char *id = NULL;

		if (codec_text(&mentions->via.array.ptr[i], &text) &&
		    (id = arena_text(directory->arena, (const char *)text.data, text.length)) != NULL &&
		    reaches(directory, id, person) && (other == 0 || reaches(directory, id, other))) {
			return true;
		}
	}
	return false;
}

/* A comment answers those before it, on the same record, that called upon its author. */
static void answer(struct finder *finder, const struct record *comment)
{
	struct span about = codec_get_text(comment->fields, "about");
	int64_t person = finder->needs->session->person;
	int64_t author = comment->row.created_person;

	for (size_t i = 0; i < finder->count; i++) {
		struct call *call = &finder->calls[i];

		if (call->answered || call->about.length != about.length || about.length == 0 ||
		    memcmp(call->about.data, about.data, about.length) != 0) {
			continue;
		}
		call->answered = author == person || (author != call->comment->row.created_person &&
						      calls_upon(finder, call->comment, person, author));
	}
}

static enum status add(struct needs *needs, const struct call *call, struct error *err)
{
	struct arena *arena = needs->arena;
	const struct kind *kind = call->comment->kind;
	struct standing new_one = {.owner = "", .state = "", .marking = ""};
	struct record record;
	struct verdict verdict = {.allowed = false};
	const char *title = record_text(arena, call->comment, "title");
	size_t length = strlen(title);
	bool guarded = false;
	enum status status = record_load_visible(&needs->visibility, (const char *)call->about.data,
						 call->about.length, &record, err);

	if (status == STATUS_NOT_FOUND) { /* it was removed, and takes no answer */
		*err = (struct error)ERROR_INIT;
		return STATUS_OK;
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (needs_guarded(needs, call->comment, &guarded, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; !verdict.allowed && i < needs->session->owned_count; i++) {
		new_one.owner = needs->session->owned[i].body;
		policy_verb(needs->session, kind, &new_one, "create", strlen("create"), &verdict);
	}
	while (length > QUOTE_BYTES || (length > 0 && ((unsigned char)title[length] & 0xC0) == 0x80)) {
		length--;
	}
	return needs_add(
		needs,
		&(struct need){
			.sort = "mention",
			.id = record.id,
			.title = needs_title(needs, &record),
			.what = arena_printf(arena, "%s calls upon you: %.*s%s",
					     call->comment->row.created_by, (int)length, title,
					     title[length] != '\0' ? " ..." : ""),
			.since = needs_date(needs, call->comment->row.created_at),
			.by = "",
			.next = arena_printf(
				arena, verdict.allowed ? "safer comment on %s \"...\"" : "safer %s show %s",
				verdict.allowed ? record.id : record.kind->name, record.id),
			.guarded = guarded,
		},
		err);
}

enum status needs_find_mentions(struct needs *needs, struct error *err)
{
	const struct session *session = needs->session;
	struct query query = {
		.kind = schema_kind(needs->context->schema, "comment", strlen("comment")),
		.entry = -1,
		.since = session->now - CALL_DAYS * MICROSECONDS_PER_DAY,
	};
	struct finder finder = {.needs = needs};
	struct found found;

	if (query_many(&needs->visibility, &query, &found, err) != STATUS_OK) {
		return err->status;
	}
	if (found.count == 0) {
		return STATUS_OK;
	}
	finder.calls = arena_array(needs->arena, found.count, sizeof(*finder.calls));
	if (finder.calls == NULL) {
		return error_memory(err);
	}
	if (directory_load(needs->context, needs->arena, session->partnership, session->today,
			   &finder.directory, err) != STATUS_OK) {
		return err->status;
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct record *comment = &found.records[i];

		answer(&finder, comment);
		if (comment->row.created_person != session->person &&
		    calls_upon(&finder, comment, session->person, 0)) {
			finder.calls[finder.count++] = (struct call){
				.comment = comment,
				.about = codec_get_text(comment->fields, "about"),
			};
		}
	}
	for (size_t i = 0; i < finder.count; i++) {
		if (!finder.calls[i].answered && add(needs, &finder.calls[i], err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}
