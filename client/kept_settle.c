/* From a refused change-set to one that says what the person wants now. */
#include "client/kept_settle.h"

#include "client/commands.h"
#include "client/conflict.h"
#include "client/settle.h"

#include <string.h>
#include <unistd.h>

/* ---- one record ---- */

static enum status begin(struct client *client, const struct kept_item *item, struct settle *out,
			 bool **given, struct error *err)
{
	const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));

	if (!kind) {
		return error_set(err, STATUS_FAILED, "there is no kind of record called %s", item->kind);
	}
	*given = arena_array(client->arena, kind->field_count + 1, sizeof(**given));
	*out = (struct settle){
		.kind = kind,
		.id = item->id,
		.verb = item->verb,
		.base = item->base,
		.mine = arena_array(client->arena, kind->field_count + 1, sizeof(*out->mine)),
		.given = *given,
	};
	if (!*given || !out->mine) {
		return error_memory(err);
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		out->mine[i] = codec_get(item->fields, kind->fields[i].name);
		(*given)[i] = out->mine[i] != NULL;
	}
	return STATUS_OK;
}

/* What was given up, by field. Texts that fit together take nothing away from anybody. */
static enum status note_given_up(struct client *client, const struct settle *settle, struct kept_item *item,
				 struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < settle->kind->field_count && status == STATUS_OK; i++) {
		const char *name = settle->kind->fields[i].name;
		enum settle_choice choice = settle->choices[i];
		const msgpack_object *theirs = codec_get(settle->theirs, name);
		bool other = choice == SETTLE_OTHER;
		bool mine_goes =
			choice == SETTLE_THEIRS || (other && !codec_same(settle->values[i], settle->mine[i]));
		bool theirs_goes = choice == SETTLE_MINE || (other && !codec_same(settle->values[i], theirs));

		if (mine_goes || theirs_goes) {
			status = kept_give_up(client, item, name, settle->mine[i], mine_goes, theirs,
					      theirs_goes, err);
		}
	}
	return status;
}

/* What the item says now: a field that theirs stands for is in it no more. */
static enum status take_answers(struct client *client, const struct settle *settle, struct kept_item *item,
				struct error *err)
{
	struct buffer *packed = client_buffer(client);
	size_t header = 0;
	size_t count = 0;

	if (!packed) {
		return error_memory(err);
	}
	header = codec_map_begin(packed);
	for (size_t i = 0; i < settle->kind->field_count; i++) {
		enum settle_choice choice = settle->choices[i];
		bool theirs = choice == SETTLE_THEIRS || choice == SETTLE_TAKE;
		bool other = choice == SETTLE_BOTH || choice == SETTLE_OTHER;

		if (settle->given[i] && !theirs) {
			codec_pair_object(packed, settle->kind->fields[i].name,
					  other ? settle->values[i] : settle->mine[i]);
			count++;
		}
	}
	codec_map_end(packed, header, count);
	if (packed->failed || arena_refused(client->arena) > 0) {
		return error_memory(err);
	}
	item->base = settle->revision;
	item->why = NULL;
	item->settled = NULL; /* what was noted before was given up for another present */
	if (codec_decode(client->arena, buffer_span(packed), &item->fields, err) != STATUS_OK) {
		return err->status;
	}
	item->fields = count > 0 ? item->fields : NULL;
	return note_given_up(client, settle, item, err);
}

static enum status settle_item(struct client *client, struct kept *kept, struct kept_item *item,
			       struct error *err)
{
	struct settle settle;
	bool *given = NULL;
	enum status status = begin(client, item, &settle, &given, err);

	if (status == STATUS_OK) {
		status = settle_ask(client, &settle, err);
	}
	if (status == STATUS_OK && settle.dropped) {
		kept_take_out(kept, item);
		return STATUS_OK;
	}
	if (status == STATUS_OK) {
		status = take_answers(client, &settle, item, err);
	}
	if (status == STATUS_OK && !item->fields && !item->settled && strcmp(item->verb, KEPT_EDIT) == 0) {
		kept_take_out(kept, item); /* it had come to say what is so already */
	}
	return status;
}

/* Each record of the refusal once. */
static enum status settle_items(struct client *client, struct kept *kept, const msgpack_object *collides,
				struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < list_size(collides) && status == STATUS_OK; i++) {
		const char *id = codec_get_string(client->arena, list_item(collides, i), "id");
		struct kept_item *item = id ? kept_find(kept, id) : NULL;
		bool seen = false;

		for (size_t k = 0; k < i; k++) {
			seen = seen || codec_same(codec_get(list_item(collides, k), "id"),
						  codec_get(list_item(collides, i), "id"));
		}
		if (item && !seen) {
			status = settle_item(client, kept, item, err);
		}
	}
	return status;
}

/* ---- the whole ---- */

/* The person wants to go on another time. */
static enum status put_by(struct client *client, struct kept *kept, const msgpack_object *collides,
			  struct error *err)
{
	struct error why = *err;

	kept->sent = false;
	kept->collides = collides;
	if (kept_save(client, kept, err) != STATUS_OK) {
		return err->status;
	}
	(void)fprintf(stderr,
		      "safer: %s\n"
		      "What you typed is kept as the change-set in hand.\n"
		      "  to go on:       safer change commit\n"
		      "  to look at it:  safer change show\n"
		      "  to drop it:     safer change drop\n",
		      why.message);
	*err = why;
	err->message[0] = 0; /* it has been said */
	return why.status;
}

/* Whether nothing of the set is left but what was given up. */
static bool only_gives_up(const struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++) {
		if (kept->items[i].fields || strcmp(kept->items[i].verb, KEPT_EDIT) != 0) {
			return false;
		}
	}
	return kept->count > 0;
}

static void say_that_nothing_is_left(const struct client *client)
{
	if (client->output.mode == OUTPUT_TABLE) {
		(void)fputs("Theirs stands. Nothing of yours is left to change.\n", client->output.file);
	}
}

/* Asks about a refusal. *again: what is left is to be sent. */
static enum status settle_refusal(struct client *client, struct kept *kept, bool *again, struct error *err)
{
	const msgpack_object *collides = client->details;
	struct error wrong = ERROR_INIT;
	enum status status;

	(void)fprintf(stderr, "safer: %s\n", err->message);
	status = settle_items(client, kept, collides, &wrong);
	*err = wrong;
	*again = status == STATUS_OK && kept->count > 0;
	if (status == STATUS_OK) {
		client->details = NULL;
		kept->sent = false;
		kept->collides = NULL;
		if (!*again) {
			kept_remove(kept);
			say_that_nothing_is_left(client);
		}
		return STATUS_OK;
	}
	return put_by(client, kept, collides, err);
}

enum status settle_send(struct client *client, struct kept *kept, bool keep, struct error *err)
{
	bool again = true;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && again) {
		bool only = only_gives_up(kept);

		again = false;
		if (only) {
			say_that_nothing_is_left(client);
		}
		status = kept_send(client, kept, keep, err);
		if (only && (status == STATUS_NOT_PERMITTED || status == STATUS_REFUSED)) {
			/* the record took another turn, and takes no more notes: theirs stands all the same */
			(void)fprintf(stderr, "What you gave up is not in the journal: %s\n", err->message);
			*err = (struct error)ERROR_INIT;
			client->details = NULL;
			kept_remove(kept);
			return STATUS_OK;
		}
		if (status == STATUS_CONFLICT && settle_can(client)) {
			status = settle_refusal(client, kept, &again, err);
		} else if (status == STATUS_CONFLICT) {
			status = conflict_tell(client, kept, err);
		}
	}
	return status;
}

enum status settle_set(struct client *client, const struct changeset *set, struct error *err)
{
	struct error why = *err;
	struct kept kept;
	bool again = false;
	int fd = -1;
	enum status status = kept_of(client, set, &kept, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (!settle_can(client)) {
		*err = why;
		return conflict_tell(client, &kept, err);
	}
	status = kept_lock(client, &fd, err);
	if (status == STATUS_OK && kept_begun(client)) {
		*err = why; /* somebody began one at this moment: it is not to be mixed with this */
		status = conflict_tell(client, &kept, err);
	} else if (status == STATUS_OK) {
		*err = why;
		status = settle_refusal(client, &kept, &again, err);
	}
	if (status == STATUS_OK && again) {
		status = settle_send(client, &kept, true, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}
