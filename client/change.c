/* Commands that change records: add, set, remove, and the verbs of each kind. */
#include "client/change.h"

#include "client/commands.h"
#include "client/console.h"
#include "client/edit.h"
#include "client/kept_settle.h"
#include "client/record.h"

#include <string.h>

/* "@1": a new record of the change-set in hand, which only there has that name. */
static enum status name_in_hand(struct client *client, const char *name, char out[ID_TEXT], struct error *err)
{
	if (!kept_begun(client)) {
		error_set(err, STATUS_INVALID, "no change-set is begun, so %s names nothing", name);
		return error_hint(err, "an id is letters and a number, such as A12");
	}
	if (arguments_have(client->arguments, FLAG_DRY_RUN)) {
		error_set(err, STATUS_INVALID, "%s is not there yet, so it cannot be tried alone", name);
		return error_hint(err, "\"safer change commit --dry-run\" tries the whole change-set");
	}
	if (strlen(name) >= ID_TEXT) {
		return error_set(err, STATUS_INVALID, "the change-set has no new record called %s", name);
	}
	memcpy(out, name, strlen(name) + 1);
	return STATUS_OK;
}

enum status changeset_id(struct client *client, const char *name, char out[ID_TEXT], struct error *err)
{
	const struct kind *kind = NULL;
	const char *rest = client->command->words + 5;
	enum status status = client_schema(client, err);

	if (status == STATUS_OK && name[0] == '@') {
		return name_in_hand(client, name, out, err);
	}
	if (status == STATUS_OK) {
		status = client_id(client, name, &kind, out, err);
	}
	if (status == STATUS_OK && kind != client->kind) {
		error_set(err, STATUS_INVALID, "%s is not %s %s, but %s %s", out,
			  strchr("aeiou", client->kind->name[0]) ? "an" : "a", client->kind->name,
			  strchr("aeiou", kind->name[0]) ? "an" : "a", kind->name);
		status = error_hint(err, "did you mean \"safer %s %s %s\"?", kind->name,
				    client->transition ? client->transition->verb : rest, out);
	}
	return status;
}

/* The revision that a change is made on: what the person says they looked at, or the newest. */
static enum status base_revision(struct client *client, const char *id, int64_t *base, struct error *err)
{
	const msgpack_object *record = NULL;
	const msgpack_object *titles = NULL;
	enum status status;

	if (id[0] == '@') {
		return STATUS_OK; /* nobody can have changed it */
	}
	status = arguments_number(client->arguments, FLAG_BASE, 1, INT64_MAX, 0, base, err);
	if (status == STATUS_OK && *base == 0) {
		status = record_read(client, id, NULL, &record, &titles, err);
		if (status == STATUS_OK) {
			*base = codec_get_int(record, "revision", 0);
		}
	}
	return status;
}

/* "safer action show A12" for the first record of the result. */
static const char *next_show(struct client *client, const msgpack_object *result)
{
	const msgpack_object *changes = codec_get(result, "changes");
	struct span id = {NULL, 0};

	if (list_size(changes) > 0) {
		id = codec_get_text(list_item(changes, 0), "id");
	}
	return id.length > 0 ? arena_printf(client->arena, "safer %s show %.*s", client->kind->name,
					    (int)id.length, (const char *)id.data)
			     : NULL;
}

enum status change_send(struct client *client, struct changeset *set, bool show, struct error *err)
{
	const msgpack_object *result = NULL;
	enum status status;

	if (!set->dry_run && kept_begun(client)) {
		return kept_add(client, set, false, err);
	}
	status = changeset_send(client, set, &result, err);
	if (status == STATUS_CONFLICT && !set->dry_run) {
		return settle_set(client, set, err);
	}
	if (status == STATUS_OK) {
		status = changeset_tell(client, set, result, show ? next_show(client, result) : NULL, err);
	}
	return status;
}

enum status command_record_add(struct client *client, struct error *err)
{
	struct changeset set = {0};
	struct changeset_field *fields = NULL;
	size_t count = 0;
	enum status status = client_schema(client, err);

	if (status == STATUS_OK && client->arguments->pair_count == 0 && console_can_ask(client)) {
		return edit_new(client, err);
	}
	if (status == STATUS_OK) {
		status = changeset_pairs(client, client->kind, &fields, &count, err);
	}
	for (size_t i = 0; i < client->kind->field_count && status == STATUS_OK && count == 0; i++) {
		if (client->kind->fields[i].required) {
			error_set(err, STATUS_INVALID, "a new %s needs some fields at least",
				  client->kind->name);
			status = error_hint(err, "\"safer %s help\" shows which are required",
					    client->kind->name);
		}
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &set, err);
	}
	if (status == STATUS_OK) {
		changeset_create(&set, client->kind, NULL, fields, count);
		status = change_send(client, &set, true, err);
	}
	changeset_release(&set);
	return status;
}

enum status command_record_set(struct client *client, struct error *err)
{
	struct changeset set = {0};
	struct changeset_field *fields = NULL;
	char id[ID_TEXT];
	size_t count = 0;
	int64_t base = 0;
	enum status status = changeset_id(client, client->names[0], id, err);

	if (status == STATUS_OK) {
		status = changeset_pairs(client, client->kind, &fields, &count, err);
	}
	if (status == STATUS_OK) {
		status = base_revision(client, id, &base, err);
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &set, err);
	}
	if (status == STATUS_OK) {
		changeset_edit(&set, id, base, fields, count);
		status = change_send(client, &set, true, err);
	}
	changeset_release(&set);
	return status;
}

enum status command_record_remove(struct client *client, struct error *err)
{
	struct changeset set = {0};
	char id[ID_TEXT];
	const char *warning;
	int64_t base = 0;
	enum status status = changeset_id(client, client->names[0], id, err);

	if (status == STATUS_OK) {
		status = base_revision(client, id, &base, err);
	}
	if (status == STATUS_OK && !arguments_have(client->arguments, FLAG_DRY_RUN) && !kept_begun(client)) {
		warning = arena_printf(client->arena, "%s will be removed", id);
		status = warning ? console_confirm(client, warning, id, err) : error_memory(err);
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &set, err);
	}
	if (status == STATUS_OK) {
		changeset_remove(&set, id, base);
		status = change_send(client, &set, false, err);
	}
	changeset_release(&set);
	return status;
}

/* One item for each record that is named: all of them move, or none. */
static enum status move_each(struct client *client, struct changeset *set,
			     const struct changeset_field *fields, size_t count, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < client->name_count && status == STATUS_OK; i++) {
		char id[ID_TEXT];
		int64_t base = 0;

		status = changeset_id(client, client->names[i], id, err);
		if (status == STATUS_OK) {
			status = base_revision(client, id, &base, err);
		}
		if (status == STATUS_OK) {
			changeset_move(set, client->transition->verb, id, base, fields, count);
		}
	}
	return status;
}

enum status command_record_move(struct client *client, struct error *err)
{
	struct changeset set = {0};
	struct changeset_field *fields = NULL;
	size_t count = 0;
	enum status status = client_schema(client, err);

	if (client->name_count > 1 && arguments_have(client->arguments, FLAG_BASE)) {
		return error_set(err, STATUS_INVALID, "--base is for one record, and %zu are named",
				 client->name_count);
	}
	if (status == STATUS_OK) {
		status = changeset_pairs(client, client->kind, &fields, &count, err);
	}
	if (status == STATUS_OK) {
		status = changeset_init(client, &set, err);
	}
	if (status == STATUS_OK) {
		status = move_each(client, &set, fields, count, err);
	}
	if (status == STATUS_OK) {
		status = change_send(client, &set, client->name_count == 1, err);
	}
	changeset_release(&set);
	return status;
}
