/* A change-set on trial. The server judges a dry run until the first refusal; what it refused is set aside, with
 * what hangs on it, and the rest is tried again, so that each item gets an answer of its own. */
#include "client/trial.h"

#include "client/fetch.h"
#include "client/record.h"
#include "client/trial_tell.h"

#include <string.h>

#define ROUNDS_MAX \
	500 /* refusals that are looked for: each is a request, and a device may not ask without end */

#define READ_SINGLY_MAX 100 /* records that are read one by one */

/* ---- asking ---- */

static const char *copy(struct client *client, const char *text)
{
	const char *out = arena_text(client->arena, text, strlen(text));

	return out ? out : "";
}

static void set_aside(struct trial *trial, size_t at, struct fate fate)
{
	if (!trial->without[at]) {
		fate.now = trial->fates[at].now;
		trial->fates[at] = fate;
		trial->without[at] = true;
		trial->refused++;
	}
}

/* What refers to a new record that would not be made cannot be judged. */
static void set_aside_what_waits(struct trial *trial)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < trial->kept->count; i++) {
			const char *ref = trial->kept->items[i].ref;

			for (size_t k = 0; ref && trial->without[i] && k < trial->kept->count; k++) {
				if (!trial->without[k] && kept_refers(&trial->kept->items[k], ref)) {
					set_aside(trial, k,
						  (struct fate){.status = trial->fates[i].status,
								.waits = ref});
					more = true;
				}
			}
		}
	}
}

/* The item that was number `sent` among those that were sent. */
static size_t place_of(const struct trial *trial, size_t sent)
{
	size_t at = 0;

	while (trial->without[at] || sent > 0) {
		sent -= trial->without[at] ? 0 : 1;
		at++;
	}
	return at;
}

static enum status add_collisions(struct client *client, struct trial *trial, struct error *err)
{
	size_t more = list_size(client->details);
	const msgpack_object **grown =
		arena_array(client->arena, trial->collide_count + more + 1, sizeof(*grown));
	const struct fate fate = {.status = STATUS_CONFLICT,
				  .message = "it collides with what somebody else changed"};

	if (!grown) {
		return error_memory(err);
	}
	if (trial->collide_count > 0) {
		memcpy(grown, trial->collide, trial->collide_count * sizeof(*grown));
	}
	for (size_t i = 0; i < more; i++) {
		const char *id = codec_get_string(client->arena, list_item(client->details, i), "id");
		struct kept_item *item = id ? kept_find(trial->kept, id) : NULL;

		grown[trial->collide_count++] = list_item(client->details, i);
		if (item) {
			set_aside(trial, (size_t)(item - trial->kept->items), fate);
		}
	}
	trial->collide = grown;
	return STATUS_OK;
}

/* Sets aside what a refusal is about. The refusal itself when it is about none of them. */
static enum status take_refusal(struct client *client, struct trial *trial, size_t sent, struct error *err)
{
	size_t before = trial->refused;
	int64_t item = codec_get_int(client->details, "item", sent == 1 ? 0 : -1);
	struct error why = *err;
	enum status status = STATUS_OK;

	if (why.status == STATUS_CONFLICT) {
		status = add_collisions(client, trial, err);
	} else if ((why.status == STATUS_INVALID || why.status == STATUS_NOT_FOUND ||
		    why.status == STATUS_NOT_PERMITTED || why.status == STATUS_REFUSED) &&
		   item >= 0 && (uint64_t)item < sent) {
		set_aside(trial, place_of(trial, (size_t)item),
			  (struct fate){.status = why.status,
					.message = copy(client, why.message),
					.rule = copy(client, why.rule),
					.hint = copy(client, why.hint)});
	}
	if (status == STATUS_OK && trial->refused == before) {
		return why.status; /* err still says it */
	}
	if (status == STATUS_OK) {
		set_aside_what_waits(trial);
		*err = (struct error)ERROR_INIT;
	}
	return status;
}

static enum status ask_once(struct client *client, struct trial *trial, bool *done, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *changes;
	struct changeset set = {0};
	enum status status = changeset_init(client, &set, err);
	size_t sent = 0;

	if (status == STATUS_OK) {
		set.dry_run = true;
		set.reason = trial->kept->reason;
		kept_put(trial->kept, trial->without, &set);
	}
	if (status != STATUS_OK || set.count == 0) {
		*done = true;
		goto out;
	}
	status = changeset_send(client, &set, &result, err);
	if (status != STATUS_OK) {
		status = take_refusal(client, trial, set.count, err);
		goto out;
	}
	trial->result = result;
	changes = codec_get(result, "changes");
	for (size_t i = 0; i < trial->kept->count; i++) {
		if (!trial->without[i] && sent < list_size(changes)) {
			trial->fates[i].answer = list_item(changes, sent++);
		}
	}
	*done = true;
out:
	changeset_release(&set);
	return status;
}

static enum status read_one(struct client *client, const char *id, const msgpack_object **fields,
			    struct error *err)
{
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	enum status status = record_read(client, id, NULL, &record, &titles, err);

	if (status == STATUS_NOT_FOUND) {
		*err = (struct error)ERROR_INIT;
		status = STATUS_OK;
	}
	*fields = codec_get(record, "fields");
	return status;
}

/* All records of the kinds of many items, a page at a time: a device may not ask for so many one by one. */
static enum status read_kinds(struct client *client, struct trial *trial, struct error *err)
{
	struct fetched *fetched =
		arena_array(client->arena, client->schema->kind_count + 1, sizeof(*fetched));
	enum status status = fetched ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < trial->kept->count && status == STATUS_OK; i++) {
		const struct kept_item *item = &trial->kept->items[i];
		const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
		struct fetched *all = kind ? &fetched[kind - client->schema->kinds] : NULL;

		if (!item->id || !all) {
			continue;
		}
		if (!all->as_of) {
			status = fetch_all(client, kind, NULL, all, err);
		}
		if (status == STATUS_OK) {
			trial->fates[i].now = codec_get(fetch_find(all, item->id), "fields");
		}
	}
	return status;
}

/* The fields of each record as they are now. What may not be seen stays NULL; the server says so soon enough. */
static enum status read_present(struct client *client, struct trial *trial, struct error *err)
{
	enum status status = STATUS_OK;

	if (trial->kept->count > READ_SINGLY_MAX) {
		return read_kinds(client, trial, err);
	}
	for (size_t i = 0; i < trial->kept->count && status == STATUS_OK; i++) {
		if (trial->kept->items[i].id) {
			status = read_one(client, trial->kept->items[i].id, &trial->fates[i].now, err);
		}
	}
	return status;
}

static enum status trial_init(struct client *client, const struct kept *kept, struct trial *out,
			      struct error *err)
{
	*out = (struct trial){
		.kept = kept,
		.fates = arena_array(client->arena, kept->count + 1, sizeof(*out->fates)),
		.without = arena_array(client->arena, kept->count + 1, sizeof(*out->without)),
	};
	return out->fates && out->without ? STATUS_OK : error_memory(err);
}

/* ---- trying ---- */

enum status trial_preview(struct client *client, const struct kept *kept, struct error *err)
{
	struct trial trial;
	enum status status = trial_init(client, kept, &trial, err);

	if (status == STATUS_OK) {
		status = read_present(client, &trial, err);
	}
	return status == STATUS_OK ? trial_print_table(client, &trial, false, err) : status;
}

/* Asks until no more is refused, or no more refusals are looked for. */
static enum status ask_all(struct client *client, const struct kept *kept, struct trial *trial,
			   struct error *err)
{
	bool done = false;
	enum status status = client_schema(client, err);

	if (status == STATUS_OK && kept->count == 0) {
		return error_set(err, STATUS_INVALID, "there is nothing in the change-set");
	}
	if (status == STATUS_OK) {
		status = trial_init(client, kept, trial, err);
	}
	for (int round = 0; status == STATUS_OK && !done; round++) {
		if (round == ROUNDS_MAX) {
			trial->untried = kept->count - trial->refused;
			break;
		}
		status = ask_once(client, trial, &done, err);
	}
	return status;
}

static enum status tell_all(struct client *client, struct trial *trial, bool rows, struct error *err)
{
	bool people = client->output.mode == OUTPUT_TABLE;
	enum status status = rows && people ? STATUS_OK : read_present(client, trial, err);

	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		status = trial_tell_json(client, trial, err);
	} else if (status == STATUS_OK && people && rows) {
		trial_tell_people_rows(client, trial);
	} else if (status == STATUS_OK) {
		status = people ? trial_tell_people(client, trial, err)
				: trial_print_table(client, trial, true, err);
	}
	return status == STATUS_OK ? trial_end(client, trial, err) : status;
}

enum status kept_try(struct client *client, const struct kept *kept, struct error *err)
{
	struct trial trial;
	enum status status = ask_all(client, kept, &trial, err);

	return status == STATUS_OK ? tell_all(client, &trial, false, err) : status;
}

enum status kept_try_rows(struct client *client, const struct kept *kept, size_t *refused,
			  const msgpack_object **result, struct error *err)
{
	struct trial trial;
	enum status status = ask_all(client, kept, &trial, err);

	*refused = status == STATUS_OK ? trial.refused : 0;
	*result = status == STATUS_OK ? trial.result : NULL;
	return *refused > 0 ? tell_all(client, &trial, true, err) : status;
}
