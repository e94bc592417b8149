/* A change-set on its way: sent with a request id that is on the disk before it leaves, so that a repeat after a lost
 * answer is the same request; and what was refused is written beside the item that it is about. */
#include "client/kept_settle.h"

#include "client/commands.h"
#include "client/console.h"

#include <string.h>
#include <unistd.h>

/* Whether a failure says for certain that nothing was applied. */
static bool is_refusal(enum status status)
{
	return status == STATUS_INVALID || status == STATUS_NOT_FOUND || status == STATUS_NOT_PERMITTED ||
	       status == STATUS_CONFLICT || status == STATUS_REFUSED;
}

bool kept_refused_item(const struct client *client, size_t count, enum status status, size_t *at)
{
	int64_t item = codec_get_int(client->details, "item", count == 1 ? 0 : -1);

	if (!is_refusal(status) || status == STATUS_CONFLICT || item < 0 || (uint64_t)item >= count) {
		return false;
	}
	*at = (size_t)item;
	return true;
}

/* What went wrong, beside the items that it is about. */
static void note(struct client *client, struct kept *kept, const struct error *why)
{
	const char *text = arena_text(client->arena, why->message, strlen(why->message));
	size_t at = 0;

	kept->collides = NULL;
	for (size_t i = 0; i < kept->count; i++) {
		kept->items[i].why = NULL;
	}
	if (kept_refused_item(client, kept->count, why->status, &at)) {
		kept->items[at].why = text;
	} else if (why->status == STATUS_CONFLICT) {
		kept->collides = client->details;
		for (size_t i = 0; i < list_size(client->details); i++) {
			const char *id = codec_get_string(client->arena, list_item(client->details, i), "id");
			struct kept_item *item = id ? kept_find(kept, id) : NULL;

			if (item) {
				item->why = "it collides with what somebody else changed";
			}
		}
	}
}

/* Says of which new record a refusal speaks; those that are there are named by the server. */
static enum status name_item(const struct client *client, const struct kept *kept, struct error *err)
{
	struct error why = *err;
	size_t at = 0;

	if (kept->count > 1 && kept_refused_item(client, kept->count, why.status, &at) &&
	    kept->items[at].ref) {
		error_set(err, why.status, "%s: %s", kept->items[at].ref, why.message);
		if (why.rule[0]) {
			(void)error_rule(err, why.rule);
		}
		if (why.hint[0]) {
			(void)error_hint(err, "%s", why.hint);
		}
	}
	return why.status;
}

/* What becomes of the file after a failure. */
static enum status after_failure(struct client *client, struct kept *kept, bool keep, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct error why = *err;

	if (!is_refusal(why.status)) { /* it may have been applied */
		(void)error_hint(err, "\"safer change commit\" asks again; it happens once, however often it "
				      "is asked");
		return why.status;
	}
	if (!keep) {
		kept_remove(kept);
		return name_item(client, kept, err);
	}
	kept->sent = false;
	note(client, kept, &why);
	(void)kept_save(client, kept, &ignored); /* if not, it counts as sent: the answer is the same */
	return name_item(client, kept, err);
}

static enum status check_size(const struct kept *kept, struct error *err)
{
	if (kept->count == 0) {
		error_set(err, STATUS_INVALID, "there is nothing in the change-set");
		return error_hint(err, "add to it by set, add, remove or a verb of a kind");
	}
	if ((int64_t)kept->count > changeset_most()) {
		return error_set(err, STATUS_INVALID,
				 "the change-set changes %zu records, and one may change %lld", kept->count,
				 (long long)changeset_most());
	}
	return STATUS_OK;
}

static enum status pack(struct client *client, struct kept *kept, struct changeset *set, struct error *err)
{
	enum status status = changeset_init(client, set, err);

	if (status != STATUS_OK) {
		return status;
	}
	set->dry_run = false;
	if (kept->sent) {
		(void)fputs("It was sent before and no answer came: asking again.\n", stderr);
		memcpy(set->request, kept->request, sizeof(set->request));
	} else {
		memcpy(kept->request, set->request, sizeof(kept->request));
	}
	set->reason = kept->reason;
	kept_put(kept, NULL, set);
	return set->changes.failed ? error_memory(err) : STATUS_OK;
}

enum status kept_send(struct client *client, struct kept *kept, bool keep, struct error *err)
{
	const msgpack_object *result = NULL;
	struct changeset set = {0};
	enum status status = check_size(kept, err);

	if (status == STATUS_OK) {
		status = client_schema(client, err); /* before anything counts as sent */
	}
	if (status == STATUS_OK) {
		status = pack(client, kept, &set, err);
	}
	if (status == STATUS_OK && !kept->sent) {
		kept->sent = true;
		status = kept_save(client, kept, err);
		kept->sent = status == STATUS_OK;
	}
	if (status == STATUS_OK) {
		status = changeset_send(client, &set, &result, err);
		if (status == STATUS_OK) {
			kept_remove(kept);
			status = changeset_tell(client, &set, result, NULL, err);
		} else {
			status = after_failure(client, kept, keep, err);
		}
	}
	changeset_release(&set);
	return status;
}

enum status kept_confirm(struct client *client, const struct kept *kept, struct error *err)
{
	const char *ids = NULL;
	const char *warning;
	size_t count = 0;

	for (size_t i = 0; i < kept->count; i++) {
		if (strcmp(kept->items[i].verb, KEPT_REMOVE) == 0) {
			ids = arena_printf(client->arena, "%s%s%s", ids ? ids : "", ids ? ", " : "",
					   kept->items[i].id);
			count++;
		}
	}
	if (count == 0 || arguments_have(client->arguments, FLAG_DRY_RUN)) {
		return STATUS_OK;
	}
	warning = arena_printf(client->arena, "%s will be removed", ids ? ids : "");
	return ids && warning ? console_confirm(client, warning, "remove", err) : error_memory(err);
}

/* ---- into the one in hand ---- */

/* Both reasons: the journal takes one for the whole. */
enum status kept_join_reason(struct client *client, struct kept *kept, const char *reason, struct error *err)
{
	if (!reason || (kept->reason && strcmp(kept->reason, reason) == 0)) {
		return STATUS_OK;
	}
	kept->reason = kept->reason ? arena_printf(client->arena, "%s; %s", kept->reason, reason) : reason;
	return kept->reason ? STATUS_OK : error_memory(err);
}

enum status kept_open(struct client *client, struct kept *out, int *fd, struct error *err)
{
	enum status status = kept_lock(client, fd, err);

	if (status == STATUS_OK) {
		status = kept_load(client, out, err);
	}
	return status;
}

enum status kept_check_open(const struct kept *kept, struct error *err)
{
	if (!kept->sent) {
		return STATUS_OK;
	}
	error_set(err, STATUS_INVALID,
		  "the change-set was sent and no answer came, so it must stay as it is until one does");
	return error_hint(err, "\"safer change commit\" asks again; it happens once, however often it is "
			       "asked");
}

/* A name that nothing in `from` uses and that is taken in the one in hand gives way to a fresh one. */
static bool name_gives_way(const struct kept *from, const struct kept_item *item, const struct kept *hand)
{
	bool used = !item->ref || !kept_find(hand, item->ref);

	for (size_t i = 0; i < from->count && !used; i++) {
		used = kept_refers(&from->items[i], item->ref);
	}
	return !used;
}

static enum status join_all(struct client *client, const struct kept *from, struct error *err)
{
	struct kept hand;
	int fd = -1;
	enum status status = kept_open(client, &hand, &fd, err);

	if (status == STATUS_OK) {
		status = kept_check_open(&hand, err);
	}
	for (size_t i = 0; i < from->count && status == STATUS_OK; i++) {
		struct kept_item item = from->items[i];

		if (name_gives_way(from, &item, &hand)) {
			item.ref = NULL;
		}
		status = kept_join(client->arena, &hand, &item, false, false, err);
	}
	if (status == STATUS_OK) {
		status = kept_join_reason(client, &hand, from->reason, err);
	}
	if (status == STATUS_OK) {
		status = kept_save(client, &hand, err);
	}
	if (status == STATUS_OK) {
		status = kept_tell_added(client, &hand, from->items, from->count, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

enum status kept_propose(struct client *client, struct kept *kept, struct error *err)
{
	int fd = -1;
	enum status status;

	if (arguments_have(client->arguments, FLAG_DRY_RUN)) {
		return kept_try(client, kept, err);
	}
	if (kept_begun(client)) {
		return join_all(client, kept, err);
	}
	status = kept_lock(client, &fd, err);
	if (status == STATUS_OK && kept_begun(client)) {
		status = error_set(err, STATUS_INVALID, "another change-set was begun at this moment");
		status = error_hint(err, "run the command again");
	}
	if (status == STATUS_OK) {
		status = settle_send(client, kept, false, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}
