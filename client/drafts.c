/* Drafts on disk, and the commands that show and drop them. */
#include "client/drafts.h"

#include "client/commands.h"
#include "client/console.h"
#include "client/files.h"
#include "client/json.h"
#include "client/print.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAFT_BYTES (32 * 1024 * 1024)
#define DRAFTS_MAX  10000

static enum status folder_of(struct client *client, const char **out, struct error *err)
{
	enum status status = client_profile(client, err);

	if (status == STATUS_OK) {
		*out = profile_path(client->arena, client->profile.state, "drafts");
		status = *out ? STATUS_OK : error_memory(err);
	}
	return status;
}

static enum status place(struct client *client, const char *folder, int64_t number, struct draft *draft,
			 struct error *err)
{
	draft->number = number;
	draft->form = arena_printf(client->arena, "%s/%lld.form", folder, (long long)number);
	draft->about = arena_printf(client->arena, "%s/%lld.draft", folder, (long long)number);
	return draft->form && draft->about ? STATUS_OK : error_memory(err);
}

enum status draft_save(struct client *client, const struct draft *draft, struct error *err)
{
	struct buffer *out = client_buffer(client);

	if (!out) {
		return error_memory(err);
	}
	codec_put_map(out, 11);
	codec_pair_text(out, "kind", draft->kind);
	codec_pair_text(out, "id", draft->id);
	codec_pair_int(out, "base", draft->base);
	codec_pair_object(out, "fields", draft->fields);
	codec_pair_text(out, "reason", draft->reason);
	codec_pair_object(out, "contested", draft->contested);
	codec_pair_text(out, "why", draft->why);
	codec_pair_text(out, "at", draft->at);
	codec_put_text(out, "pending");
	codec_put_bin(out, draft->pending.data, draft->pending.length);
	codec_pair_int(out, "pending_count", (int64_t)draft->pending_count);
	codec_put_text(out, "request");
	codec_put_bin(out, draft->request, sizeof(draft->request));
	return out->failed ? error_memory(err) : file_write(draft->about, out->data, out->length, 0600, err);
}

enum status draft_save_form(const struct draft *draft, const char *form, struct error *err)
{
	return file_write(draft->form, form, strlen(form), 0600, err);
}

enum status draft_begin(struct client *client, struct draft *draft, const char *form, struct error *err)
{
	const char *folder = NULL;
	int fd = -1;
	enum status status = folder_of(client, &folder, err);

	if (status == STATUS_OK) {
		status = folder_make(folder, err);
	}
	for (int64_t number = 1; status == STATUS_OK && fd < 0; number++) {
		status = place(client, folder, number, draft, err);
		if (status != STATUS_OK) {
			break;
		}
		/* Made here and now, so that two programs never share a number. */
		fd = open(draft->form, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && (errno != EEXIST || number == DRAFTS_MAX)) {
			status = error_set(err, STATUS_FAILED, "cannot write %s: %s", draft->form,
					   strerror(errno));
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	if (status != STATUS_OK) {
		return status;
	}
	draft->at = client_now(client);
	status = draft->at ? draft_save_form(draft, form, err) : error_memory(err);
	return status == STATUS_OK ? draft_save(client, draft, err) : status;
}

enum status draft_load(struct client *client, int64_t number, struct draft *out, struct error *err)
{
	struct buffer *bytes = client_buffer(client);
	const msgpack_object *map = NULL;
	const char *folder = NULL;
	struct span request = {NULL, 0};
	enum status status = bytes ? folder_of(client, &folder, err) : error_memory(err);

	*out = (struct draft){0};
	if (status == STATUS_OK) {
		status = place(client, folder, number, out, err);
	}
	if (status == STATUS_OK && (!file_exists(out->about) || !file_exists(out->form))) {
		error_set(err, STATUS_NOT_FOUND, "there is no draft %lld", (long long)number);
		return error_hint(err, "\"safer draft list\" shows them");
	}
	if (status == STATUS_OK) {
		bytes->limit = DRAFT_BYTES;
		status = file_read(out->about, bytes, err);
	}
	if (status == STATUS_OK) {
		status = codec_decode(client->arena, buffer_span(bytes), &map, err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	out->kind = codec_get_string(client->arena, map, "kind");
	out->id = codec_get_string(client->arena, map, "id");
	out->base = codec_get_int(map, "base", 0);
	out->fields = codec_get(map, "fields");
	out->reason = codec_get_string(client->arena, map, "reason");
	out->contested = codec_get(map, "contested");
	if (codec_is_nil(out->contested)) {
		out->contested = NULL;
	}
	out->why = codec_get_string(client->arena, map, "why");
	out->at = codec_get_string(client->arena, map, "at");
	(void)codec_bin(codec_get(map, "pending"), &out->pending);
	out->pending_count = (size_t)codec_get_int(map, "pending_count", 0);
	if (codec_bin(codec_get(map, "request"), &request) && request.length == sizeof(out->request)) {
		memcpy(out->request, request.data, request.length);
	}
	if (!out->kind || !out->at || request.length != sizeof(out->request)) {
		return error_set(err, STATUS_FAILED, "%s is not a draft's file; the text itself is in %s",
				 out->about, out->form);
	}
	return STATUS_OK;
}

enum status draft_form(struct client *client, const struct draft *draft, const char **out, struct error *err)
{
	struct buffer *bytes = client_buffer(client);
	enum status status;

	if (!bytes) {
		return error_memory(err);
	}
	bytes->limit = DRAFT_BYTES;
	status = file_read(draft->form, bytes, err);
	if (status == STATUS_OK) {
		*out = arena_text(client->arena, bytes->data ? (const char *)bytes->data : "", bytes->length);
		status = *out ? STATUS_OK : error_memory(err);
	}
	return status;
}

void draft_remove(const struct draft *draft)
{
	(void)unlink(draft->about);
	(void)unlink(draft->form);
}

const char *draft_subject(struct client *client, const struct draft *draft)
{
	return draft->id ? draft->id : arena_printf(client->arena, "a new %s", draft->kind);
}

static int by_number(const void *a, const void *b)
{
	const struct draft *first = a;
	const struct draft *second = b;

	return first->number < second->number ? -1 : first->number > second->number;
}

enum status draft_all(struct client *client, struct draft **out, size_t *count, struct error *err)
{
	const char *folder = NULL;
	struct draft *drafts = NULL;
	size_t found = 0;
	size_t room = 0;
	enum status status = folder_of(client, &folder, err);
	DIR *directory = status == STATUS_OK ? opendir(folder) : NULL;

	for (const struct dirent *file; status == STATUS_OK && directory && (file = readdir(directory));) {
		size_t digits = strspn(file->d_name, "0123456789");
		struct error ignored = ERROR_INIT;
		char number[24] = "";
		int64_t value = 0;

		if (strcmp(file->d_name + digits, ".draft") != 0 || digits >= sizeof(number)) {
			continue;
		}
		memcpy(number, file->d_name, digits);
		if (found == room) {
			struct draft *grown = arena_array(client->arena, room + 64, sizeof(*grown));

			if (!grown) {
				status = error_memory(err);
				break;
			}
			if (found > 0) {
				memcpy(grown, drafts, found * sizeof(*grown));
			}
			drafts = grown;
			room += 64;
		}
		if (number_parse(number, 1, INT64_MAX, &value) &&
		    draft_load(client, value, &drafts[found], &ignored) == STATUS_OK) {
			found++;
		}
	}
	if (directory) {
		(void)closedir(directory);
	}
	if (found > 1) {
		qsort(drafts, found, sizeof(*drafts), by_number);
	}
	*out = drafts;
	*count = found;
	return status;
}

/* ---- commands ---- */

/* The draft that a command names, or the only one. */
static enum status chosen(struct client *client, struct draft *out, struct error *err)
{
	struct draft *drafts = NULL;
	size_t count = 0;
	int64_t number = 0;
	enum status status;

	if (client->name_count > 0) {
		if (!number_parse(client->names[0], 1, INT64_MAX, &number)) {
			error_set(err, STATUS_INVALID, "\"%s\" is not the number of a draft",
				  client->names[0]);
			return error_hint(err, "\"safer draft list\" shows them");
		}
		return draft_load(client, number, out, err);
	}
	status = draft_all(client, &drafts, &count, err);
	if (status == STATUS_OK && count == 0) {
		status = error_set(err, STATUS_NOT_FOUND, "there is no draft on this device");
	} else if (status == STATUS_OK && count > 1) {
		error_set(err, STATUS_INVALID, "there are %zu drafts", count);
		status = error_hint(err, "say which: \"safer draft list\" shows their numbers");
	} else if (status == STATUS_OK) {
		*out = drafts[0];
	}
	return status;
}

static enum status list_json(struct client *client, const struct draft *drafts, size_t count,
			     struct error *err)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		const struct draft *draft = &drafts[i];

		(void)json_array_append_new(
			array, json_pack("{s:I, s:s, s:s?, s:I, s:s, s:s?, s:s, s:b}", "draft",
					 (json_int_t)draft->number, "kind", draft->kind, "id", draft->id,
					 "base", (json_int_t)draft->base, "begun", draft->at, "why",
					 draft->why, "file", draft->form, "sent", draft->pending.length > 0));
	}
	return json_print(array, &client->output, err);
}

enum status command_draft_list(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "draft", .right = true},
		{.name = "of", .elastic = true},
		{.name = "begun"},
		{.name = "why", .elastic = true},
	};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	struct draft *drafts = NULL;
	size_t count = 0;
	enum status status = grid ? draft_all(client, &drafts, &count, err) : error_memory(err);

	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		return list_json(client, drafts, count, err);
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct draft *draft = &drafts[i];
		const char *cells[] = {
			arena_printf(client->arena, "%lld", (long long)draft->number),
			draft_subject(client, draft),
			draft->at,
			draft->pending.length > 0 ? "sent, and no answer came"
			: draft->why              ? draft->why
						  : "not sent",
		};

		status = grid_add(grid, cells, err);
	}
	if (status == STATUS_OK) {
		status = grid_print(grid, &client->output, err);
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_TABLE) {
		(void)fputs(count == 0 ? "no drafts\n" : "safer draft resume N takes one up again\n", stderr);
	}
	return status;
}

enum status command_draft_show(struct client *client, struct error *err)
{
	const char *form = NULL;
	struct draft draft;
	enum status status = chosen(client, &draft, err);

	if (status == STATUS_OK) {
		status = draft_form(client, &draft, &form, err);
	}
	if (status == STATUS_OK) {
		output_page(&client->output);
		(void)fputs(form, client->output.file);
	}
	return status;
}

enum status command_draft_resume(struct client *client, struct error *err)
{
	struct draft draft;
	enum status status = chosen(client, &draft, err);

	return status == STATUS_OK ? draft_resume(client, &draft, err) : status;
}

enum status command_draft_drop(struct client *client, struct error *err)
{
	struct draft draft;
	const char *warning = NULL;
	const char *word = NULL;
	const char *subject = NULL;
	enum status status = chosen(client, &draft, err);

	if (status != STATUS_OK) {
		return status;
	}
	subject = draft_subject(client, &draft);
	word = arena_printf(client->arena, "%lld", (long long)draft.number);
	warning = arena_printf(client->arena, "draft %lld, of %s, will be gone for good",
			       (long long)draft.number, subject ? subject : "");
	status = word && warning ? console_confirm(client, warning, word, err) : error_memory(err);
	if (status == STATUS_OK) {
		draft_remove(&draft);
		if (client->output.mode == OUTPUT_TABLE) {
			(void)fprintf(client->output.file, "Draft %lld is gone.\n", (long long)draft.number);
		}
	}
	return status;
}
