/* What collides, per record and field: base, theirs, mine, who, when; and the ways out. */
#include "client/conflict.h"

#include "client/commands.h"
#include "client/print.h"
#include "client/record.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* One side of a conflict as text. */
static const char *side(struct client *client, const struct field *field, const msgpack_object *item,
			const char *key)
{
	const msgpack_object *value = codec_get(item, key);
	const char *text = NULL;

	if (codec_is_nil(value)) {
		return "(empty)";
	}
	if (field) {
		text = record_value(client, field, value, NULL, true);
	}
	return text ? text : "(not shown)";
}

static const struct field *conflict_field(struct client *client, const msgpack_object *item)
{
	struct span name = codec_get_text(item, "field");
	const struct kind *kind = changeset_kind(client, item);

	return kind ? kind_field(kind, (const char *)name.data, name.length) : NULL;
}

static void ways_out(struct client *client, const msgpack_object *item, FILE *file)
{
	struct span id = codec_get_text(item, "id");
	const struct kind *kind = changeset_kind(client, item);
	bool based = client->command && client->command->flags & FLAG_BIT(BASE);
	const char *yours = arena_printf(client->arena, "%s %lld",
					 based ? "repeat your command with --base"
					       : "send yours again as made on revision",
					 (long long)codec_get_int(item, "revision", 0));

	if (!kind) {
		return;
	}
	if (client->command == &command_rows[COMMAND_undo]) {
		yours = arena_printf(client->arena, "set it by hand: safer %s set %.*s", kind->name,
				     (int)id.length, (const char *)id.data);
	}
	(void)fprintf(file,
		      "Nothing was changed. Three ways out:\n"
		      "  leave theirs      there is nothing to do\n"
		      "  put yours in      %s\n"
		      "  look at it first  safer %s history %.*s\n",
		      yours ? yours : "", kind->name, (int)id.length, (const char *)id.data);
}

bool conflict_begins_record(const msgpack_object *details, size_t index)
{
	const msgpack_object *id = codec_get(list_item(details, index), "id");

	for (size_t i = 0; i < index; i++) {
		if (codec_same(codec_get(list_item(details, i), "id"), id)) {
			return false;
		}
	}
	return true;
}

/* "safer change drop A12 progress due": what collides of a record and is set by the change-set; the record as a whole when
 * it is not an edit, which stands or falls with all that others changed. */
const char *conflict_drop(struct client *client, const struct kept *kept, const msgpack_object *details,
			  const char *id)
{
	const struct kept_item *item = kept_find(kept, id);
	const char *text = arena_printf(client->arena, "safer change drop %s", id);
	bool fields = item && strcmp(item->verb, KEPT_EDIT) == 0;

	for (size_t i = 0; text && fields && i < list_size(details); i++) {
		const msgpack_object *one = list_item(details, i);
		const char *field = codec_get_string(client->arena, one, "field");

		if (field && codec_text_is(codec_get(one, "id"), id) && codec_get(item->fields, field)) {
			text = arena_printf(client->arena, "%s %s", text, field);
		}
	}
	return text;
}

/* For a change-set that is kept: both ways for each record that collides. */
static void ways_out_in_hand(struct client *client, const msgpack_object *details, FILE *file)
{
	struct error wrong = ERROR_INIT;
	struct kept hand = {.count = 0};

	if (kept_load(client, &hand, &wrong) != STATUS_OK) {
		hand = (struct kept){.count = 0};
	}
	(void)fputs("Nothing was changed, and the change-set is kept. For each record:\n", file);
	for (size_t i = 0; i < list_size(details); i++) {
		const msgpack_object *item = list_item(details, i);
		const struct kind *kind = changeset_kind(client, item);
		const char *id = codec_get_string(client->arena, item, "id");
		const char *drop = id ? conflict_drop(client, &hand, details, id) : NULL;

		if (kind && drop && conflict_begins_record(details, i)) {
			(void)fprintf(file,
				      "  leave theirs      %s\n"
				      "  put yours in      safer change keep %s\n"
				      "  look at it first  safer %s history %s\n",
				      drop, id, kind->name, id);
		}
	}
	(void)fputs("Then: safer change commit\n", file);
}

static bool is_in_hand(const struct client *client)
{
	return client->command == &command_rows[COMMAND_change_commit] ||
	       client->command == &command_rows[COMMAND_change_show];
}

void conflict_print(struct client *client, const msgpack_object *details, FILE *file)
{
	static const struct grid_column columns[] = {
		{.name = "record"},
		{.name = "field"},
		{.name = "you_saw", .elastic = true},
		{.name = "theirs", .elastic = true},
		{.name = "yours", .elastic = true},
		{.name = "by", .elastic = true},
		{.name = "when"},
	};
	struct output output = {.mode = OUTPUT_TABLE, .file = file, .utf8 = client->output.utf8};
	struct winsize size;
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));

	if (!grid || list_size(details) == 0) {
		return;
	}
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0) {
		output.columns = size.ws_col;
	}
	for (size_t i = 0; i < list_size(details); i++) {
		const msgpack_object *item = list_item(details, i);
		const struct field *field = conflict_field(client, item);
		const char *cells[] = {
			codec_get_string(client->arena, item, "id"),
			codec_get_string(client->arena, item, "field"),
			side(client, field, item, "base"),
			side(client, field, item, "theirs"),
			side(client, field, item, "mine"),
			codec_get_string(client->arena, item, "by"),
			record_when(client, item, true),
		};

		(void)grid_add(grid, cells, NULL);
	}
	(void)fputc('\n', file);
	(void)grid_print(grid, &output, NULL);
	(void)fputc('\n', file);
	if (is_in_hand(client)) {
		ways_out_in_hand(client, details, file);
	} else {
		ways_out(client, list_item(details, 0), file);
	}
}
