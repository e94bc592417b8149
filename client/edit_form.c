/* The form that an edit begins with: which fields may be seen and edited is asked before anybody types. */
#include "client/edit.h"

#include "client/form.h"

#include <string.h>

#define FORM_BYTES (32 * 1024 * 1024)

struct mode_answer {
	const char *mode;
	bool allowed;
};

/* Whether the person may `verb` (see or edit) a field of a record. Fields of one mode get one answer, so the server is
 * asked once for each mode. */
static enum status ask_mode(struct client *client, const char *id, const char *verb,
			    const struct field *field, const char *mode, struct mode_answer *known,
			    bool *allowed, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	for (; known->mode; known++) {
		if (strcmp(known->mode, mode) == 0) {
			*allowed = known->allowed;
			return STATUS_OK;
		}
	}
	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 3);
	codec_pair_text(params, "verb", verb);
	codec_pair_text(params, "target", id);
	codec_pair_text(params, "field", field->name);
	status = client_call(client, METHOD_can, params, &result, err);
	if (status == STATUS_OK) {
		*known = (struct mode_answer){mode, codec_get_flag(result, "allowed", false)};
		*allowed = known->allowed;
	}
	return status;
}

/* How each field stands in the form of a record, or of a new one (id NULL). The server has the last word either way;
 * this spares people what it would refuse. */
static enum status find_standings(struct client *client, const struct kind *kind, const char *id,
				  enum form_standing *standings, struct error *err)
{
	struct mode_answer *see = arena_array(client->arena, kind->field_count + 1, sizeof(*see));
	struct mode_answer *edit = arena_array(client->arena, kind->field_count + 1, sizeof(*edit));
	enum status status = see && edit ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < kind->field_count && status == STATUS_OK; i++) {
		const struct field *field = &kind->fields[i];
		bool may_see = true;
		bool may_edit = strcmp(field->edit, "nobody") != 0;

		if (id) {
			status = ask_mode(client, id, "see", field, field->see, see, &may_see, err);
		}
		if (id && status == STATUS_OK && may_see && may_edit) {
			status = ask_mode(client, id, "edit", field, field->edit, edit, &may_edit, err);
		}
		standings[i] = !may_see ? FORM_HIDDEN : may_edit ? FORM_OPEN : FORM_LOCKED;
	}
	return status;
}

static bool any_open(const struct kind *kind, const enum form_standing *standings)
{
	for (size_t i = 0; i < kind->field_count; i++) {
		if (standings[i] == FORM_OPEN) {
			return true;
		}
	}
	return false;
}

enum status edit_form(struct client *client, const struct kind *kind, const char *id,
		      const msgpack_object *record, const msgpack_object *titles, const char **out,
		      struct error *err)
{
	enum form_standing *standings = arena_array(client->arena, kind->field_count + 1, sizeof(*standings));
	const char *heading = id ? arena_printf(client->arena, "%s %s, revision %lld", kind->name, id,
						(long long)codec_get_int(record, "revision", 0))
				 : arena_printf(client->arena, "A new %s: %s.", kind->name, kind->help);
	struct buffer form;
	enum status status = standings && heading ? STATUS_OK : error_memory(err);

	buffer_init(&form, FORM_BYTES);
	if (status == STATUS_OK) {
		status = find_standings(client, kind, id, standings, err);
	}
	if (status == STATUS_OK && !any_open(kind, standings)) {
		error_set(err, STATUS_NOT_PERMITTED, "no post that you hold today allows you to edit %s", id);
		status = error_hint(err, "\"safer why %s\" says who may", id);
	}
	if (status == STATUS_OK) {
		form_write(client->arena, &form, kind, heading, codec_get(record, "fields"), titles,
			   standings);
		*out = form.failed ? NULL : arena_text(client->arena, (const char *)form.data, form.length);
		status = *out ? STATUS_OK : error_memory(err);
	}
	buffer_release(&form);
	return status;
}
