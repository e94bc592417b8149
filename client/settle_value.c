/* Typing the value that shall stand after a conflict. */
#include "client/settle_value.h"

#include "client/console.h"
#include "client/editor.h"
#include "client/files.h"
#include "client/merge.h"
#include "client/value.h"

#include <string.h>
#include <unistd.h>

#define TEXT_BYTES (16 * 1024 * 1024)

/* ---- on a line ---- */

static enum status ask_line(struct client *client, const struct settle *settle, size_t index,
			    const msgpack_object **out, struct error *err)
{
	const struct field *field = &settle->kind->fields[index];
	const char *what = value_describe(client->arena, field);
	const char *yours = value_write(client->arena, field, settle->mine[index]);
	const char *question =
		what && yours
			? arena_printf(client->arena, "%s shall be (%s; Enter alone for %s%s):", field->name,
				       what, *yours ? yours : "nothing",
				       field->required ? "" : ", \"\" to empty it")
			: NULL;
	enum status status = question ? STATUS_OK : error_memory(err);

	while (status == STATUS_OK) {
		struct error wrong = ERROR_INIT;
		const char *answer = "";

		status = console_ask(client, question, &answer, err);
		if (status == STATUS_OK && console_interrupted()) {
			status = error_set(err, STATUS_INTERRUPTED, "stopped before an answer was given");
		}
		if (status != STATUS_OK || !*answer) {
			*out = settle->mine[index];
			break;
		}
		answer = strcmp(answer, "\"\"") == 0 ? "" : answer;
		status = value_read(client->arena, client->schema, field, answer, out, &wrong);
		if (status == STATUS_INVALID) {
			(void)fprintf(stderr, "safer: %s\n", wrong.message);
			status = STATUS_OK;
			continue;
		}
		if (status != STATUS_OK) {
			*err = wrong;
		}
		break;
	}
	return status;
}

/* ---- in the editor ---- */

/* Whether to open it again, after something was wrong with what was saved. */
static enum status ask_again(struct client *client, const char *path, struct error *err)
{
	const char *answer = "";
	enum status status = console_ask(client, "Enter opens it again, [q] leaves it:", &answer, err);

	if (status == STATUS_OK && (answer[0] | 0x20) == 'q') {
		(void)fprintf(stderr, "What you wrote stays in %s\n", path);
		status = settle_leave(err);
	} else if (status != STATUS_OK) {
		(void)fprintf(stderr, "What you wrote stays in %s\n", path);
	}
	return status;
}

static enum status take_text(struct client *client, const struct field *field, const char *path,
			     const msgpack_object **out, struct error *err)
{
	struct buffer *bytes = client_buffer(client);
	const char *text = NULL;
	enum status status = bytes ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK) {
		bytes->limit = TEXT_BYTES;
		status = file_read(path, bytes, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	while (bytes->length > 0 && bytes->data[bytes->length - 1] == '\n') {
		bytes->length--;
	}
	text = arena_text(client->arena, bytes->data ? (const char *)bytes->data : "", bytes->length);
	if (!text) {
		return error_memory(err);
	}
	if (merge_mark_line(text) > 0) {
		return error_set(err, STATUS_INVALID, "there are still marks of the conflict in %s",
				 field->name);
	}
	return value_read(client->arena, client->schema, field, text, out, err);
}

static enum status ask_editor(struct client *client, const struct settle *settle, size_t index,
			      const msgpack_object **out, struct error *err)
{
	const struct field *field = &settle->kind->fields[index];
	const char *name = arena_printf(client->arena, "settle-%s-%s.txt", settle->id, field->name);
	const char *path = name ? profile_path(client->arena, client->profile.state, name) : NULL;
	const char *text = NULL;
	enum status status = path ? folder_make(client->profile.state, err) : error_memory(err);

	if (status == STATUS_OK) {
		status = settle_marked(client, settle, index, &text, err);
	}
	if (status == STATUS_OK) {
		text = arena_printf(client->arena, "%s\n", text);
		status = text ? file_write(path, text, strlen(text), 0600, err) : error_memory(err);
	}
	while (status == STATUS_OK) {
		struct error wrong = ERROR_INIT;

		status = editor_run(path, merge_mark_line(text), &wrong);
		if (status == STATUS_OK) {
			status = take_text(client, field, path, out, &wrong);
		}
		if (status == STATUS_OK) {
			(void)unlink(path);
			break;
		}
		(void)fprintf(stderr, "safer: %s\n", wrong.message);
		status = ask_again(client, path, err);
	}
	return status;
}

enum status settle_value_ask(struct client *client, const struct settle *settle, size_t index,
			     const msgpack_object **out, struct error *err)
{
	return settle->kind->fields[index].type == FIELD_LONG_TEXT
		       ? ask_editor(client, settle, index, out, err)
		       : ask_line(client, settle, index, out, err);
}
