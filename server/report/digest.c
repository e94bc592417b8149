/* What stands in a daily digest. Mail leaves the server's keeping, so what is marked is told by its id alone. */
#include "server/report/digest.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "server/mail.h"
#include "server/records/query.h"
#include "server/report/needs.h"
#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEEDS_SHOWN   20
#define CHANGES_SHOWN 20
#define INDENT        14
#define MARKED        "a marked record; Safer shows it"

struct digest_change { /* of a record of theirs, by somebody else */
	const struct record *record;
	bool guarded;
};

struct writing {
	const struct digest_order *order;
	struct needs needs;
	struct digest_change *changes;
	size_t change_count, change_capacity;
};

/* ---- who gets one ---- */

static enum status has_device(struct context *context, struct arena *arena, int64_t account, bool *out,
			      struct error *err)
{
	struct credential_row *list = NULL;
	size_t count = 0;

	if (store_credential_list(context->store, arena, account, &list, &count, err) != STATUS_OK) {
		return err->status;
	}
	*out = false;
	for (size_t i = 0; i < count; i++) {
		*out = *out || (list[i].revoked_at == 0 && list[i].expires_at > clock_machine());
	}
	return STATUS_OK;
}

/* NULL: they get none. */
static enum status find_address(struct context *context, struct arena *arena, const struct session *session,
				const char **out, struct error *err)
{
	struct record person;
	const char *address = NULL;

	if (record_load(context, arena, session->partnership, session->person_id, strlen(session->person_id),
			&person, err) != STATUS_OK) {
		return err->status;
	}
	address = record_text(arena, &person, "email");
	*out = mail_address_is_plain(address) ? address : NULL;
	return STATUS_OK;
}

/* ---- what changed ---- */

static enum status keep_change(struct writing *writing, const struct record *record, struct error *err)
{
	struct arena *arena = writing->needs.arena;

	if (writing->change_count == writing->change_capacity) {
		size_t capacity = writing->change_capacity > 0 ? writing->change_capacity * 2 : 64;
		struct digest_change *grown = arena_array(arena, capacity, sizeof(*grown));

		if (grown == NULL) {
			return error_memory(err);
		}
		if (writing->change_count > 0) {
			memcpy(grown, writing->changes, writing->change_count * sizeof(*grown));
		}
		writing->changes = grown;
		writing->change_capacity = capacity;
	}
	writing->changes[writing->change_count].record = record;
	return needs_guarded(&writing->needs, record, &writing->changes[writing->change_count++].guarded,
			     err);
}

static int by_entry(const void *a, const void *b)
{
	int64_t x = ((const struct digest_change *)a)->record->row.entry;
	int64_t y = ((const struct digest_change *)b)->record->row.entry;

	return (x < y) - (x > y);
}

/* Records that they see, of a body that they speak for, last changed by somebody else; the newest first. */
static enum status find_changes(struct writing *writing, struct error *err)
{
	const struct session *session = writing->needs.session;
	const struct schema *schema = writing->needs.context->schema;

	for (size_t k = 0; k < schema->kind_count; k++) {
		struct query query = {.kind = &schema->kinds[k], .entry = -1};
		struct found found;

		if (query_many(&writing->needs.visibility, &query, &found, err) != STATUS_OK) {
			return err->status;
		}
		for (size_t i = 0; i < found.count; i++) {
			const struct record *record = &found.records[i];

			if (record->row.entry > writing->order->since &&
			    record->row.person != session->person &&
			    session_roles_for(session, record_text(writing->needs.arena, record, "owner")) !=
				    0 &&
			    keep_change(writing, record, err) != STATUS_OK) {
				return err->status;
			}
		}
	}
	if (writing->change_count > 0) {
		qsort(writing->changes, writing->change_count, sizeof(writing->changes[0]), by_entry);
	}
	return STATUS_OK;
}

/* ---- words ---- */

/* "  2014-07-01  " and the text, hanging under itself. */
static void put_line(struct buffer *out, struct arena *arena, const char *day, const char *text)
{
	const char *first = arena_printf(arena, "  %-10.10s  ", day);

	mail_put_text(out, first != NULL ? first : "", INDENT, text != NULL ? text : "");
}

static void put_needs(const struct writing *writing, struct buffer *out)
{
	const struct needs *needs = &writing->needs;

	if (needs->count == 0) {
		return;
	}
	(void)buffer_printf(out, "%zu thing%s need%s you:\n\n", needs->count, needs->count == 1 ? "" : "s",
			    needs->count == 1 ? "s" : "");
	for (size_t i = 0; i < needs->count && i < NEEDS_SHOWN; i++) {
		const struct need *need = &needs->list[i];

		put_line(out, needs->arena, need->by[0] != '\0' ? need->by : need->since,
			 need->guarded
				 ? arena_printf(needs->arena, "%s: %s", need->id, MARKED)
				 : arena_printf(needs->arena, "%s%s%s: %s", need->id,
						need->id[0] != '\0' ? " " : "", need->title, need->what));
		put_line(out, needs->arena, "", need->next);
	}
	if (needs->count > NEEDS_SHOWN) {
		(void)buffer_printf(out, "  and %zu more: safer inbox\n", needs->count - NEEDS_SHOWN);
	}
	(void)buffer_append_text(out, "\n");
}

static void put_changes(struct writing *writing, struct buffer *out)
{
	struct arena *arena = writing->needs.arena;

	if (writing->change_count == 0) {
		return;
	}
	(void)buffer_printf(out,
			    "%zu record%s of your bodies %s changed by others since your last digest:\n\n",
			    writing->change_count, writing->change_count == 1 ? "" : "s",
			    writing->change_count == 1 ? "was" : "were");
	for (size_t i = 0; i < writing->change_count && i < CHANGES_SHOWN; i++) {
		const struct digest_change *change = &writing->changes[i];
		const struct record *record = change->record;

		put_line(out, arena, needs_date(&writing->needs, record->row.at),
			 change->guarded ? arena_printf(arena, "%s: %s", record->id, MARKED)
					 : arena_printf(arena, "%s %s: %s, by %s", record->id,
							needs_title(&writing->needs, record),
							record->row.verb, record->row.by));
	}
	if (writing->change_count > CHANGES_SHOWN) {
		(void)buffer_printf(out, "  and %zu more\n", writing->change_count - CHANGES_SHOWN);
	}
	(void)buffer_append_text(out, "\n");
}

static void put_message(struct writing *writing, const char *to, struct buffer *out)
{
	const struct session *session = writing->needs.session;
	struct arena *arena = writing->needs.arena;
	const char *from = writing->needs.context->settings->digest_from;
	char today[DATE_TEXT];

	date_format(session->today, today);
	mail_put_headers(out, &(struct mail){
				      .from = from,
				      .to = to,
				      .subject = arena_printf(arena, "%s: %zu to do, %zu changed",
							      session->partnership_name, writing->needs.count,
							      writing->change_count),
				      .id = arena_printf(arena, "digest.%lld.%s@%s",
							 (long long)writing->order->account, today,
							 strchr(from, '@') + 1),
				      .at = clock_machine(),
			      });
	mail_put_text(out, "", 0, arena_printf(arena, "%s, %s", session->partnership_name, today));
	(void)buffer_append_text(out, "\n");
	put_needs(writing, out);
	put_changes(writing, out);
	(void)buffer_append_text(
		out, "Type \"safer\" to begin. You get this because you hold a post here; on a day on\n"
		     "which there is nothing to say, none is sent.\n");
}

enum status digest_write(struct context *context, struct arena *arena, const struct digest_order *order,
			 struct buffer *out, const char **to, struct error *err)
{
	struct writing writing = {.order = order};
	struct session *session = NULL;
	const char *address = NULL;
	size_t refused = arena_refused(arena);
	bool device = false;
	enum status status =
		session_of_person(context->store, arena, order->partnership, order->person, &session, err);

	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		return STATUS_OK;
	}
	if (status != STATUS_OK || has_device(context, arena, order->account, &device, err) != STATUS_OK ||
	    find_address(context, arena, session, &address, err) != STATUS_OK) {
		return err->status;
	}
	if (!device || address == NULL || session->roles == 0 ||
	    strchr(context->settings->digest_from, '@') == NULL) {
		return STATUS_OK;
	}
	if (needs_gather(context, arena, session, &writing.needs, err) != STATUS_OK ||
	    find_changes(&writing, err) != STATUS_OK) {
		return err->status;
	}
	if (writing.needs.count == 0 && writing.change_count == 0) {
		return STATUS_OK;
	}
	put_message(&writing, address, out);
	if (out->failed || arena_refused(arena) != refused) {
		return error_memory(err);
	}
	*to = address;
	return STATUS_OK;
}
