/* The commands around a change-set in hand: begin, show, commit, drop, keep; what is added to it on the way; and a
 * set that comes from a file. */
#include "client/commands.h"
#include "client/conflict.h"
#include "client/console.h"
#include "client/files.h"
#include "client/json.h"
#include "client/kept_json.h"
#include "client/kept_settle.h"
#include "client/print.h"
#include "client/record.h"

#include <string.h>
#include <unistd.h>

#define FILE_BYTES     (16 * 1024 * 1024)
#define STANDARD_INPUT "/dev/stdin"

static bool for_people(const struct client *client)
{
	return client->output.mode == OUTPUT_TABLE;
}

static const char *records(size_t count)
{
	return count == 1 ? "record" : "records";
}

/* The kinds are known from the cache most of the time, so that what is in hand can be shown without the server. */
static enum status need_schema(struct client *client, struct error *err)
{
	client_schema_cached(client);
	return client->schema ? STATUS_OK : client_schema(client, err);
}

/* ---- adding ---- */

/* "edit A2: progress, due" */
static const char *describe(struct client *client, const struct kept_item *item)
{
	const char *name = kept_name(item);
	const char *text = arena_printf(client->arena, "%s %s%s%s", item->verb, item->id ? "" : item->kind,
					item->id || !name ? "" : " ", name ? name : "");

	for (size_t i = 0; text && i < codec_count(item->fields); i++) {
		struct span field = {NULL, 0};

		(void)codec_text(&item->fields->via.map.ptr[i].key, &field);
		text = arena_printf(client->arena, "%s%s%.*s", text, i > 0 ? ", " : ": ", (int)field.length,
				    field.data ? (const char *)field.data : "");
	}
	return text;
}

static enum status tell_added_json(struct client *client, const struct kept *hand,
				   const struct kept_item *items, size_t count, struct error *err)
{
	json_t *added = json_array();
	json_t *whole;

	for (size_t i = 0; added && i < count; i++) {
		(void)json_array_append_new(added, json_pack("{s:s, s:s, s:s?}", "do", items[i].verb, "kind",
							     items[i].kind, "record", kept_name(&items[i])));
	}
	whole = json_pack("{s:o, s:I}", "added", added, "records", (json_int_t)hand->count);
	return json_print(whole, &client->output, err);
}

enum status kept_tell_added(struct client *client, const struct kept *hand, const struct kept_item *items,
			    size_t count, struct error *err)
{
	if (client->output.mode == OUTPUT_JSON) {
		return tell_added_json(client, hand, items, count, err);
	}
	for (size_t i = 0; i < count; i++) {
		const char *text = describe(client, &items[i]);
		const char *name = kept_name(&items[i]);

		if (!text) {
			return error_memory(err);
		}
		if (!for_people(client)) {
			(void)fprintf(client->output.file, "%s\n", text);
		} else if (name && !kept_find(hand, name)) {
			(void)fprintf(client->output.file, "%s is in the change-set no more.\n", name);
		} else {
			(void)fprintf(client->output.file, "Added to the change-set: %s\n", text);
		}
	}
	if (for_people(client)) {
		(void)fprintf(client->output.file,
			      "Nothing is sent yet: %zu %s in hand; safer change commit sends the whole.\n",
			      hand->count, records(hand->count));
	}
	return STATUS_OK;
}

/* An item as it was packed for the wire. */
static enum status unpack(struct client *client, const msgpack_object *map, struct kept_item *out,
			  struct error *err)
{
	const struct kind *kind = client->kind;
	char id[ID_TEXT];

	*out = (struct kept_item){
		.verb = codec_get_string(client->arena, map, "do"),
		.kind = codec_get_string(client->arena, map, "kind"),
		.id = codec_get_string(client->arena, map, "id"),
		.base = codec_get_int(map, "base", 0),
		.fields = codec_get(map, "fields"),
		.settled = codec_get(map, "settled"),
	};
	if (!out->verb || (!out->kind && !out->id)) {
		return error_memory(err);
	}
	if (!out->kind && out->id[0] != '@' && client_id(client, out->id, &kind, id, err) != STATUS_OK) {
		return err->status;
	}
	out->kind = out->kind ? out->kind : kind->name;
	return STATUS_OK;
}

static enum status unpack_all(struct client *client, const struct changeset *set, struct kept_item **out,
			      struct error *err)
{
	struct buffer *whole = client_buffer(client);
	struct kept_item *items = arena_array(client->arena, set->count + 1, sizeof(*items));
	const msgpack_object *list = NULL;
	enum status status = whole && items && !set->changes.failed ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK) {
		codec_put_list(whole, set->count);
		codec_put_raw(whole, buffer_span(&set->changes));
		status = whole->failed ? error_memory(err)
				       : codec_decode(client->arena, buffer_span(whole), &list, err);
	}
	for (size_t i = 0; i < list_size(list) && status == STATUS_OK; i++) {
		status = unpack(client, list_item(list, i), &items[i], err);
	}
	*out = items;
	return status;
}

enum status kept_of(struct client *client, const struct changeset *set, struct kept *out, struct error *err)
{
	struct kept_item *items = NULL;
	enum status status = kept_new(client, out, err);

	if (status == STATUS_OK) {
		status = unpack_all(client, set, &items, err);
	}
	for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
		status = kept_join(client->arena, out, &items[i], false, false, err);
	}
	out->reason = set->reason;
	return status;
}

enum status kept_add(struct client *client, const struct changeset *set, bool replaced, struct error *err)
{
	bool rebased = arguments_have(client->arguments, FLAG_BASE);
	struct kept_item *items = NULL;
	struct kept hand;
	int fd = -1;
	enum status status = unpack_all(client, set, &items, err);

	if (status == STATUS_OK) {
		status = kept_open(client, &hand, &fd, err);
	}
	if (status == STATUS_OK) {
		status = kept_check_open(&hand, err);
	}
	for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
		bool fresh = !items[i].id;

		status = kept_join(client->arena, &hand, &items[i], rebased, replaced, err);
		if (status == STATUS_OK && fresh) {
			items[i].ref = hand.items[hand.count - 1].ref;
		} else if (status == STATUS_OK && rebased) {
			(void)kept_settle(client->arena, &hand, items[i].id, NULL);
		}
	}
	if (status == STATUS_OK) {
		status = kept_join_reason(client, &hand, set->reason, err);
	}
	if (status == STATUS_OK) {
		status = kept_save(client, &hand, err);
	}
	if (status == STATUS_OK) {
		status = kept_tell_added(client, &hand, items, set->count, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* ---- begin ---- */

enum status command_change_begin(struct client *client, struct error *err)
{
	struct kept hand;
	int fd = -1;
	enum status status = kept_lock(client, &fd, err);

	if (status == STATUS_OK && kept_begun(client)) {
		error_set(err, STATUS_INVALID, "a change-set is begun already");
		status = error_hint(err, "\"safer change show\" shows it; commit or drop it first");
	}
	if (status == STATUS_OK) {
		status = kept_new(client, &hand, err);
	}
	if (status == STATUS_OK) {
		hand.reason = client->arguments->flags[FLAG_REASON];
		status = kept_save(client, &hand, err);
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		status = kept_print_json(client, &hand, err);
	} else if (status == STATUS_OK && for_people(client)) {
		(void)fputs(
			"A change-set is begun. set, add, remove and the verbs of each kind now add to it, "
			"until\nsafer change commit or safer change drop.\n",
			client->output.file);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* ---- show ---- */

/* "progress (theirs), due (yours)" */
static const char *describe_given_up(struct client *client, const struct kept_item *item)
{
	const char *text = "";

	for (size_t i = 0; text && i < codec_count(item->settled); i++) {
		const msgpack_object_kv *pair = &item->settled->via.map.ptr[i];
		const char *mine = codec_get(&pair->val, "mine") ? "yours" : "";
		const char *theirs = codec_get(&pair->val, "theirs") ? "theirs" : "";
		struct span field = {NULL, 0};

		(void)codec_text(&pair->key, &field);
		text = arena_printf(client->arena, "%s%s%.*s (%s%s%s)", text, i > 0 ? ", " : "",
				    (int)field.length, field.data ? (const char *)field.data : "", theirs,
				    *mine && *theirs ? " and " : "", mine);
	}
	return text;
}

static enum status print_item(struct client *client, const struct kept_item *item, struct error *err)
{
	const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
	FILE *file = client->output.file;
	size_t widest = 0;

	(void)fprintf(file, "\n%s%s%s  %s%s%s", output_bold(&client->output), kept_name(item),
		      output_plain(&client->output), item->verb, item->id ? "" : " ",
		      item->id ? "" : item->kind);
	if (item->id) {
		(void)fprintf(file, ", on revision %lld", (long long)item->base);
	}
	(void)fputc('\n', file);
	for (size_t i = 0; kind && i < kind->field_count; i++) {
		size_t length = strlen(kind->fields[i].name);

		widest = codec_get(item->fields, kind->fields[i].name) && length > widest ? length : widest;
	}
	for (size_t i = 0; kind && i < kind->field_count; i++) {
		const struct field *field = &kind->fields[i];
		const msgpack_object *value = codec_get(item->fields, field->name);
		const char *text = value ? record_value(client, field, value, NULL, true) : "";

		if (!text) {
			return error_memory(err);
		}
		if (value) {
			(void)fprintf(file, "  %-*s  ", (int)widest, field->name);
			print_wrapped(&client->output, *text ? text : "(emptied)", widest + 4);
		}
	}
	if (codec_count(item->settled) > 0) {
		const char *given = describe_given_up(client, item);

		(void)fputs("  gives up, after a conflict: ", file);
		print_wrapped(&client->output, given ? given : "", 4);
	}
	if (item->why) {
		(void)fputs("  not taken: ", file);
		print_wrapped(&client->output, item->why, 4);
	}
	return STATUS_OK;
}

static enum status show_people(struct client *client, const struct kept *hand, struct error *err)
{
	enum status status = STATUS_OK;
	FILE *file;

	output_page(&client->output);
	file = client->output.file;
	(void)fprintf(file, "A change-set begun %s: %zu %s, %s.\n", hand->at, hand->count,
		      records(hand->count), hand->sent ? "sent, and no answer came" : "not sent");
	if (hand->reason) {
		(void)fputs("reason: ", file);
		print_wrapped(&client->output, hand->reason, 2);
	}
	for (size_t i = 0; i < hand->count && status == STATUS_OK; i++) {
		status = print_item(client, &hand->items[i], err);
	}
	if (status == STATUS_OK && hand->collides) {
		conflict_print(client, hand->collides, file);
	}
	return status;
}

static enum status show_rows(struct client *client, const struct kept *hand, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "record"}, {.name = "kind"},  {.name = "do"},  {.name = "base"},
		{.name = "field"},  {.name = "value"}, {.name = "why"},
	};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < hand->count; i++) {
		const struct kept_item *item = &hand->items[i];
		const struct kind *kind = schema_kind(client->schema, item->kind, strlen(item->kind));
		const char *base = item->id ? arena_printf(client->arena, "%lld", (long long)item->base) : "";
		size_t rows = 0;

		for (size_t k = 0; kind && k < kind->field_count && status == STATUS_OK; k++) {
			const struct field *field = &kind->fields[k];
			const msgpack_object *value = codec_get(item->fields, field->name);

			if (value) {
				status = grid_add(
					grid,
					(const char *[]){
						kept_name(item), item->kind, item->verb, base, field->name,
						record_value(client, field, value, NULL, false), item->why},
					err);
				rows++;
			}
		}
		if (rows == 0 && status == STATUS_OK) {
			status = grid_add(grid,
					  (const char *[]){kept_name(item), item->kind, item->verb, base, "",
							   "", item->why},
					  err);
		}
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

enum status command_change_show(struct client *client, struct error *err)
{
	struct kept hand;
	enum status status = kept_load(client, &hand, err);

	if (status == STATUS_OK) {
		status = need_schema(client, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return kept_print_json(client, &hand, err);
	}
	return for_people(client) ? show_people(client, &hand, err) : show_rows(client, &hand, err);
}

/* ---- commit ---- */

/* Says that nothing is lost, after the reason has been said. */
static void tell_kept(struct client *client, struct error *err)
{
	if (client->output.mode == OUTPUT_JSON) {
		if (!err->hint[0]) {
			(void)error_hint(err, "the change-set is kept: safer change show");
		}
		return;
	}
	client_complain(client, err);
	err->message[0] = 0; /* it has been said */
	(void)fputs("The change-set is kept: safer change show\n", stderr);
}

enum status command_change_commit(struct client *client, struct error *err)
{
	bool dry_run = arguments_have(client->arguments, FLAG_DRY_RUN);
	struct kept hand;
	int fd = -1;
	enum status status = kept_open(client, &hand, &fd, err);

	if (status == STATUS_OK && dry_run) {
		status = kept_check_open(&hand, err);
	}
	if (status == STATUS_OK && !hand.sent) {
		hand.reason = client->arguments->flags[FLAG_REASON] ? client->arguments->flags[FLAG_REASON]
								    : hand.reason;
		status = kept_confirm(client, &hand, err);
	}
	if (status == STATUS_OK && dry_run) {
		status = kept_try(client, &hand, err);
	} else if (status == STATUS_OK) {
		status = settle_send(client, &hand, true, err);
		if (status != STATUS_OK && hand.count > 0 && kept_begun(client)) {
			tell_kept(client, err);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* ---- drop and keep ---- */

/* The item that the first name means, in any case. */
static enum status named_item(struct client *client, const struct kept *hand, struct kept_item **out,
			      struct error *err)
{
	const char *name = client->names[0];
	char id[ID_TEXT];
	struct id parsed;

	if (id_parse(name, strlen(name), &parsed)) {
		id_format(parsed.prefix, parsed.number, id);
		name = id;
	}
	*out = kept_find(hand, name);
	if (!*out) {
		error_set(err, STATUS_NOT_FOUND, "the change-set says nothing of %s", client->names[0]);
		return error_hint(err, "\"safer change show\" shows what it has");
	}
	return STATUS_OK;
}

static enum status drop_whole(struct client *client, const struct kept *hand, struct error *err)
{
	const char *warning = arena_printf(
		client->arena, "the change-set of %zu %s will be gone for good%s", hand->count,
		records(hand->count),
		hand->sent ? "; it was sent and no answer came, so it may have been applied" : "");
	enum status status = warning ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK && hand->count > 0) {
		status = console_confirm(client, warning, "drop", err);
	}
	if (status == STATUS_OK) {
		kept_remove(hand);
		if (for_people(client)) {
			(void)fputs("The change-set is gone.\n", client->output.file);
		}
	}
	return status;
}

/* Takes a field out of an item, and notes that its value was given up for theirs. */
static enum status leave_theirs(struct client *client, struct kept_item *item, const char *field,
				struct error *err)
{
	const msgpack_object *mine = codec_get(item->fields, field);
	struct kept alone = {.items = item, .count = 1}; /* it stays, even when no field is left in it */

	item->why = NULL;
	(void)kept_take_field(client->arena, &alone, item, field);
	return kept_give_up(client, item, field, mine, true, NULL, false, err);
}

/* An item, or some of its fields: theirs stands, or nothing was to be changed after all. */
static enum status drop_some(struct client *client, struct kept *hand, struct error *err)
{
	struct kept_item *item = NULL;
	const char *name = NULL;
	enum status status = kept_check_open(hand, err);

	if (status == STATUS_OK) {
		status = named_item(client, hand, &item, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	name = kept_name(item);
	if (client->name_count == 1) {
		kept_take_out(hand, item);
		(void)kept_settle(client->arena, hand, name, NULL);
	}
	for (size_t i = 1; i < client->name_count; i++) {
		const char *field = client->names[i];
		const msgpack_object *collision = kept_collision(hand, name, field);

		item = kept_find(hand, name);
		if (!item || !codec_get(item->fields, field)) {
			error_set(err, STATUS_NOT_FOUND, "the change-set sets no %s of %s", field, name);
			return error_hint(err, "\"safer change show\" shows what it has");
		}
		if (collision && strcmp(item->verb, KEPT_EDIT) == 0) {
			status = leave_theirs(client, item, field, err);
		} else {
			(void)kept_take_field(client->arena, hand, item, field);
		}
		if (status != STATUS_OK) {
			return status;
		}
		(void)kept_settle(client->arena, hand, name, field);
	}
	item = kept_find(hand, name);
	if (item) {
		item->why = NULL;
	}
	status = kept_save(client, hand, err);
	if (status == STATUS_OK && for_people(client)) {
		(void)fprintf(client->output.file,
			      !item ? "%s is in the change-set no more.\n"
			      : codec_count(item->fields) > 0 || strcmp(item->verb, KEPT_EDIT) != 0
				      ? "The rest of %s stays in the change-set.\n"
				      : "Theirs stands for %s; what you gave up goes into the journal.\n",
			      name);
	}
	return status;
}

enum status command_change_drop(struct client *client, struct error *err)
{
	struct kept hand;
	int fd = -1;
	enum status status = kept_open(client, &hand, &fd, err);

	if (status == STATUS_OK) {
		status = client->name_count == 0 ? drop_whole(client, &hand, err)
						 : drop_some(client, &hand, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* Yours stands in each field that collides. */
static enum status give_up_theirs(struct client *client, const struct kept *hand, struct kept_item *item,
				  struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < list_size(hand->collides) && status == STATUS_OK; i++) {
		const msgpack_object *one = list_item(hand->collides, i);
		const char *field = codec_get_string(client->arena, one, "field");

		if (field && item->id && codec_text_is(codec_get(one, "id"), item->id) &&
		    codec_get(item->fields, field)) {
			status = kept_give_up(client, item, field, NULL, false, codec_get(one, "theirs"),
					      true, err);
		}
	}
	return status;
}

enum status command_change_keep(struct client *client, struct error *err)
{
	struct kept_item *item = NULL;
	struct kept hand;
	int64_t revision = 0;
	int fd = -1;
	enum status status = kept_open(client, &hand, &fd, err);

	if (status == STATUS_OK) {
		status = kept_check_open(&hand, err);
	}
	if (status == STATUS_OK) {
		status = named_item(client, &hand, &item, err);
	}
	if (status == STATUS_OK) {
		status = give_up_theirs(client, &hand, item, err);
	}
	if (status == STATUS_OK) {
		revision = kept_settle(client->arena, &hand, kept_name(item), NULL);
		if (revision <= item->base) {
			error_set(err, STATUS_INVALID, "nothing collides with what the change-set says of %s",
				  kept_name(item));
			status = error_hint(err, "\"safer change commit\" sends it");
		}
	}
	if (status == STATUS_OK) {
		item->base = revision;
		item->why = NULL;
		status = kept_save(client, &hand, err);
	}
	if (status == STATUS_OK && for_people(client)) {
		(void)fprintf(client->output.file,
			      "Yours stands for %s, on revision %lld that you have seen.\n", kept_name(item),
			      (long long)revision);
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

/* ---- apply ---- */

/* Where the file does not say what was seen, the newest revision counts as seen, as for every other command. */
static enum status find_bases(struct client *client, struct kept *kept, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < kept->count && status == STATUS_OK; i++) {
		const msgpack_object *record = NULL;
		const msgpack_object *titles = NULL;

		if (kept->items[i].id && kept->items[i].base == 0) {
			status = record_read(client, kept->items[i].id, NULL, &record, &titles, err);
			kept->items[i].base = codec_get_int(record, "revision", 0);
		}
	}
	return status;
}

enum status command_change_apply(struct client *client, struct error *err)
{
	bool standard = strcmp(client->names[0], "-") == 0;
	struct buffer *text = client_buffer(client);
	struct kept kept = {0};
	enum status status = text ? client_schema(client, err) : error_memory(err);

	if (status == STATUS_OK) {
		text->limit = FILE_BYTES;
		status = file_read(standard ? STANDARD_INPUT : client->names[0], text, err);
	}
	if (status == STATUS_OK) {
		status = kept_read_json(client, standard ? "standard input" : client->names[0],
					buffer_span(text), &kept, err);
	}
	if (status == STATUS_OK) {
		status = kept_confirm(client, &kept, err);
	}
	if (status == STATUS_OK) {
		status = find_bases(client, &kept, err);
	}
	if (status == STATUS_OK && client->arguments->flags[FLAG_REASON]) {
		kept.reason = client->arguments->flags[FLAG_REASON];
	}
	return status == STATUS_OK ? kept_propose(client, &kept, err) : status;
}
