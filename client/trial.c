/* A change-set on trial. The server judges a dry run until the first refusal; what it refused is set aside, with
 * what hangs on it, and the rest is tried again, so that each item gets an answer of its own. */
#include "client/trial.h"

#include "client/commands.h"
#include "client/fetch.h"
#include "client/json.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>

#define ROUNDS_MAX \
	500 /* refusals that are looked for: each is a request, and a device may not ask without end */

#define READ_SINGLY_MAX 100 /* records that are read one by one */

struct fate {
	enum status status; /* STATUS_OK: it would be taken */
	const char *message, *rule, *hint;
	const char *waits;            /* the "@" name of a new record that would not be made; NULL */
	const msgpack_object *answer; /* of the server, for what would be taken */
	const msgpack_object *now;    /* fields as they are; NULL: a new record, or not to be read */
};

struct trial {
	const struct kept *kept;
	struct fate *fates;             /* one an item */
	bool *without;                  /* set aside */
	const msgpack_object **collide; /* what the server said of conflicts, all rounds together */
	size_t collide_count;
	size_t refused;
	size_t untried; /* what is left when no more refusals are looked for: nobody knows what would come of it */
};

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
	return out->fates && out->without ? read_present(client, out, err) : error_memory(err);
}

/* ---- telling ---- */

static const struct kind *kind_of(struct client *client, const struct kept_item *item)
{
	return schema_kind(client->schema, item->kind, strlen(item->kind));
}

static const char *verdict(struct client *client, const struct fate *fate)
{
	if (fate->waits) {
		return arena_printf(client->arena, "waits for %s", fate->waits);
	}
	if (fate->status == STATUS_OK && !fate->answer) {
		return "not tried";
	}
	return fate->status == STATUS_OK ? "ok" : status_name(fate->status);
}

static const char *as_text(struct client *client, const struct field *field, const msgpack_object *value)
{
	return record_value(client, field, value, NULL, client->output.mode == OUTPUT_TABLE);
}

struct preview {
	struct grid *grid;
	bool verdicts; /* the last column is there */
};

static enum status add_row(struct client *client, const struct preview *preview, const struct kept_item *item,
			   const struct fate *fate, const char *field, const char *now, const char *then,
			   struct error *err)
{
	const char *cells[] = {kept_name(item),
			       item->id ? item->verb
					: arena_printf(client->arena, "%s %s", item->verb, item->kind),
			       field,
			       now,
			       then,
			       preview->verdicts ? verdict(client, fate) : NULL};

	return now && then && cells[1] ? grid_add(preview->grid, cells, err) : error_memory(err);
}

static enum status add_item(struct client *client, const struct preview *preview,
			    const struct kept_item *item, const struct fate *fate, struct error *err)
{
	const struct kind *kind = kind_of(client, item);
	const struct transition *step = kind ? kind_transition(kind, item->verb, strlen(item->verb)) : NULL;
	enum status status = STATUS_OK;
	size_t rows = 0;

	for (size_t i = 0; kind && i < kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(item->fields, field->name);
		const msgpack_object *now = codec_get(fate->now, field->name);

		if (value) {
			status = add_row(client, preview, item, fate, field->name,
					 as_text(client, field, now), as_text(client, field, value), err);
			rows++;
		} else if (step && strcmp(field->name, "state") == 0) {
			status = add_row(client, preview, item, fate, field->name,
					 as_text(client, field, now), step->to, err);
			rows++;
		}
	}
	return rows == 0 && status == STATUS_OK ? add_row(client, preview, item, fate, "", "", "", err)
						: status;
}

static enum status print_table(struct client *client, const struct trial *trial, bool verdicts,
			       struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "record"},
		{.name = "do"},
		{.name = "field"},
		{.name = "now", .elastic = true},
		{.name = "would_be", .elastic = true},
		{.name = "verdict"},
	};
	struct preview preview = {.grid = grid_new(client->arena, columns, verdicts ? 6 : 5),
				  .verdicts = verdicts};
	enum status status = preview.grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < trial->kept->count && status == STATUS_OK; i++) {
		status = add_item(client, &preview, &trial->kept->items[i], &trial->fates[i], err);
	}
	return status == STATUS_OK ? grid_print(preview.grid, &client->output, err) : status;
}

enum status trial_preview(struct client *client, const struct kept *kept, struct error *err)
{
	struct trial trial;
	enum status status = trial_init(client, kept, &trial, err);

	return status == STATUS_OK ? print_table(client, &trial, false, err) : status;
}

static void tell_refused(struct client *client, const struct trial *trial)
{
	FILE *file = client->output.file;

	(void)fputs("\nWould be refused, and the whole with it:\n", file);
	for (size_t i = 0; i < trial->kept->count; i++) {
		const struct fate *fate = &trial->fates[i];

		if (trial->without[i] && fate->waits) {
			(void)fprintf(file, "  %s: it refers to %s, so nobody can say yet\n",
				      kept_name(&trial->kept->items[i]), fate->waits);
		} else if (trial->without[i]) {
			(void)fprintf(file, "  %s: ", kept_name(&trial->kept->items[i]));
			print_wrapped(&client->output, fate->message, 4);
			if (fate->rule && fate->rule[0]) {
				(void)fprintf(file, "    rule: %s\n", fate->rule);
			}
			if (fate->hint && fate->hint[0]) {
				(void)fprintf(file, "    what to do: %s\n", fate->hint);
			}
		}
	}
	if (trial->untried > 0) {
		(void)fprintf(file, "%zu more were not tried. Mend these, and try again.\n", trial->untried);
	}
}

/* The steps by a second person that lead on from where an item leaves its record: what it does not settle alone. */
static void tell_agreement(struct client *client, const struct trial *trial)
{
	const char *heading = "\nA second person is needed afterwards:\n";
	FILE *file = client->output.file;

	for (size_t i = 0; i < trial->kept->count; i++) {
		const struct kept_item *item = &trial->kept->items[i];
		const struct kind *kind = kind_of(client, item);
		const msgpack_object *steps = codec_get(trial->fates[i].answer, "agreement");

		for (size_t k = 0; kind && k < list_size(steps); k++) {
			struct span verb = codec_get_text(list_item(steps, k), "verb");
			const char *who = codec_get_string(client->arena, list_item(steps, k), "who");
			const struct transition *step =
				kind_transition(kind, (const char *)verb.data, verb.length);

			if (step && who) {
				(void)fprintf(file,
					      "%s  %s: to %s it (%s)\n    it could be done by: ", heading,
					      kept_name(item), step->verb, step->help);
				print_wrapped(&client->output, who, 4);
				heading = "";
			}
		}
	}
}

static enum status tell_people(struct client *client, const struct trial *trial, struct error *err)
{
	enum status status = print_table(client, trial, true, err);

	if (status != STATUS_OK) {
		return status;
	}
	for (size_t i = 0; i < trial->kept->count; i++) {
		const msgpack_object *also = codec_get(trial->fates[i].answer, "also");

		if (codec_count(also) > 0) {
			(void)fprintf(client->output.file, "%s:\n", kept_name(&trial->kept->items[i]));
			changeset_tell_also(client, kind_of(client, &trial->kept->items[i]), also);
		}
	}
	if (trial->refused > 0) {
		tell_refused(client, trial);
	}
	tell_agreement(client, trial);
	(void)fputs("\nA dry run: nothing was changed.\n", client->output.file);
	return STATUS_OK;
}

/* ---- JSON ---- */

static json_t *fields_json(const struct kind *kind, const struct kept_item *item, const struct fate *fate)
{
	json_t *json = json_object();

	for (size_t i = 0; json && kind && i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(item->fields, field->name);

		if (value &&
		    json_object_set_new(json, field->name,
					json_pack("{s:o, s:o}", "from",
						  json_of_value(field, codec_get(fate->now, field->name)),
						  "to", json_of_value(field, value))) != 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static json_t *refusal_json(const struct fate *fate)
{
	if (fate->waits) {
		return json_pack("{s:s}", "waits", fate->waits);
	}
	return json_pack("{s:s, s:s, s:s, s:s}", "name", status_name(fate->status), "message", fate->message,
			 "rule", fate->rule ? fate->rule : "", "hint", fate->hint ? fate->hint : "");
}

static json_t *item_json(struct client *client, const struct trial *trial, size_t i)
{
	const struct kept_item *item = &trial->kept->items[i];
	const struct fate *fate = &trial->fates[i];
	const struct kind *kind = kind_of(client, item);
	json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "do", item->verb, "kind", item->kind, "record",
				 kept_name(item), "fields", fields_json(kind, item, fate));
	bool done = json != NULL;

	if (done && trial->without[i]) {
		done = json_object_set_new(json, "refused", refusal_json(fate)) == 0;
	} else if (done && !fate->answer) {
		done = json_object_set_new(json, "untried", json_true()) == 0;
	} else if (done) {
		done = json_object_set_new(json, "revision",
					   json_integer(codec_get_int(fate->answer, "revision", 0))) == 0 &&
		       json_object_set_new(json, "also",
					   json_of_fields(kind, codec_get(fate->answer, "also"))) == 0 &&
		       json_object_set_new(json, "agreement",
					   json_of_object(codec_get(fate->answer, "agreement"))) == 0;
	}
	if (!done) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

static enum status tell_json(struct client *client, const struct trial *trial, struct error *err)
{
	json_t *changes = json_array();
	json_t *whole = NULL;

	for (size_t i = 0; changes && i < trial->kept->count; i++) {
		if (json_array_append_new(changes, item_json(client, trial, i)) != 0) {
			json_decref(changes);
			changes = NULL;
		}
	}
	whole = changes ? json_pack("{s:b, s:I, s:I, s:o}", "dry_run", 1, "refused",
				    (json_int_t)trial->refused, "untried", (json_int_t)trial->untried,
				    "changes", changes)
			: NULL;
	return json_print(whole, &client->output, err);
}

/* The answer is out already; the exit code repeats it for scripts. */
static enum status end_with_first(struct client *client, const struct trial *trial, struct error *err)
{
	size_t first = 0;

	if (trial->refused == 0) {
		return STATUS_OK;
	}
	while (!trial->without[first]) {
		first++;
	}
	client->details = trial->collide_count > 0 && trial->fates[first].status == STATUS_CONFLICT
				  ? codec_make_list(client->arena, trial->collide, trial->collide_count)
				  : NULL;
	error_set(
		err, trial->fates[first].status,
		"%zu of %zu records would be refused; as it stands, nothing of the change-set would be taken",
		trial->refused, trial->kept->count);
	return trial->untried > 0
		       ? error_hint(err,
				    "%zu more were not tried: mend or drop what would be refused, and "
				    "try again",
				    trial->untried)
		       : err->status;
}

enum status kept_try(struct client *client, const struct kept *kept, struct error *err)
{
	struct trial trial;
	bool done = false;
	enum status status = client_schema(client, err);

	if (status == STATUS_OK && kept->count == 0) {
		return error_set(err, STATUS_INVALID, "there is nothing in the change-set");
	}
	if (status == STATUS_OK) {
		status = trial_init(client, kept, &trial, err);
	}
	for (int round = 0; status == STATUS_OK && !done; round++) {
		if (round == ROUNDS_MAX) {
			trial.untried = kept->count - trial.refused;
			break;
		}
		status = ask_once(client, &trial, &done, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		status = tell_json(client, &trial, err);
	} else {
		status = client->output.mode == OUTPUT_TABLE ? tell_people(client, &trial, err)
							     : print_table(client, &trial, true, err);
	}
	return status == STATUS_OK ? end_with_first(client, &trial, err) : status;
}
