/* A comment: about a record, not about another comment; whom it calls upon must be somebody who may read it. Written once:
 * no right row lets anybody edit or remove it. */
#include "server/records/mentions.h"
#include "server/rules/rules.h"

#include <string.h>

#define TITLE_BYTES 80

/* The beginning of the text, to the end of a word. */
static const char *beginning(struct arena *arena, const char *text)
{
	size_t line = strcspn(text, "\n");
	size_t length = line;

	if (line <= TITLE_BYTES) {
		return arena_printf(arena, "%.*s%s", (int)line, text, text[line] != '\0' ? " ..." : "");
	}
	length = TITLE_BYTES;
	while (length > TITLE_BYTES / 2 && text[length] != ' ') {
		length--;
	}
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
		length--; /* not in the middle of a character */
	}
	return arena_printf(arena, "%.*s ...", (int)length, text);
}

enum status rule_comment(struct change_set *set, struct item *item, struct error *err)
{
	const char *about = item_text(set, item, "about");
	const char *text = item_text(set, item, "text");
	const msgpack_object *mentions = NULL;
	const char *title = NULL;
	struct record record;

	if (about[0] == '\0' || text[0] == '\0') {
		return STATUS_OK; /* the required fields are complained of by the engine */
	}
	if (set_find(set, about, &record, err) != STATUS_OK) {
		return err->status;
	}
	if (record.kind == item->kind) {
		rule_refuse(err, "comment.about", "%s is a comment; comments are about records.", about);
		return error_hint(err, "Write about what it is about: about=%s.",
				  record_text(set->arena, &record, "about"));
	}
	title = beginning(set->arena, text);
	if (title == NULL) {
		return error_memory(err);
	}
	if (item_set_text(set, item, "title", title, err) != STATUS_OK ||
	    mentions_resolve(set, item, text, &mentions, err) != STATUS_OK) {
		return err->status;
	}
	item_set_value(item, "mentions", mentions);
	return STATUS_OK;
}
