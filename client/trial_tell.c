/* What a trial found, told: to people, as rows, as JSON. */
#include "client/trial_tell.h"

#include "client/json.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>

/* ---- rows ---- */

static const struct kind *kind_of(struct client *client, const struct kept_item *item)
{
	return schema_kind(client->schema, item->kind, strlen(item->kind));
}

/* A row of a file is found by its place there, anything else by its id or its "@" name. */
static const char *name_of(const struct kept_item *item)
{
	return item->where ? item->where : kept_name(item);
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
	const char *cells[] = {
		name_of(item),
		item->id ? item->verb : arena_printf(client->arena, "%s %s", item->verb, item->kind),
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

enum status trial_print_table(struct client *client, const struct trial *trial, bool verdicts,
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

static void tell_refused(struct client *client, const struct trial *trial)
{
	FILE *file = client->output.file;

	(void)fputs("Would be refused, and the whole with it:\n", file);
	for (size_t i = 0; i < trial->kept->count; i++) {
		const struct fate *fate = &trial->fates[i];

		if (trial->without[i] && fate->waits) {
			(void)fprintf(file, "  %s: it refers to %s, so nobody can say yet\n",
				      name_of(&trial->kept->items[i]), fate->waits);
		} else if (trial->without[i]) {
			(void)fprintf(file, "  %s: ", name_of(&trial->kept->items[i]));
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

enum status trial_tell_people(struct client *client, const struct trial *trial, struct error *err)
{
	enum status status = trial_print_table(client, trial, true, err);

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
		(void)fputc('\n', client->output.file);
		tell_refused(client, trial);
	}
	tell_agreement(client, trial);
	(void)fputs("\nA dry run: nothing was changed.\n", client->output.file);
	return STATUS_OK;
}

void trial_tell_people_rows(struct client *client, const struct trial *trial)
{
	tell_refused(client, trial);
	(void)fputs("\nA dry run: nothing was changed.\n", client->output.file);
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

	if (done && item->where) {
		done = json_object_set_new(json, "where", json_string(item->where)) == 0;
	}
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

enum status trial_tell_json(struct client *client, const struct trial *trial, struct error *err)
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
enum status trial_end(struct client *client, const struct trial *trial, struct error *err)
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
