/* Who is speaking, and the profiles of this device. */
#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"

#include <string.h>

static enum status print_posts(struct client *client, const msgpack_object *posts, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "appointment"},
		{.name = "post"},
		{.name = "body_name", .elastic = true},
		{.name = "organisation_name", .elastic = true},
		{.name = "from"},
		{.name = "to"},
	};

	return grid_print_list(client->arena, &client->output, posts, columns,
			       sizeof(columns) / sizeof(columns[0]), err);
}

enum status command_whoami(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *posts;
	const msgpack_object *roles;
	struct span name, partnership, device, expires;
	FILE *file = client->output.file;
	enum status status = client_call(client, METHOD_whoami, NULL, &result, err);

	if (status != STATUS_OK) {
		return status;
	}
	posts = codec_get(result, "posts");
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	if (client->output.mode != OUTPUT_TABLE) {
		return print_posts(client, posts, err);
	}
	name = codec_get_text(result, "name");
	partnership = codec_get_text(result, "partnership");
	device = codec_get_text(result, "device");
	expires = codec_get_text(result, "certificate_expires");
	(void)fprintf(file, "%.*s (%s), account %lld, in %.*s\n", (int)name.length, (const char *)name.data,
		      client->greeting.person, (long long)codec_get_int(result, "account", 0),
		      (int)partnership.length, (const char *)partnership.data);
	(void)fprintf(file, "device \"%.*s\" (number %lld), its certificate is good until %.*s\n",
		      (int)device.length, (const char *)device.data,
		      (long long)codec_get_int(result, "credential", 0),
		      expires.length > 10 ? 10 : (int)expires.length, (const char *)expires.data);
	(void)fprintf(file, "profile \"%s\" on server %s port %u\n", client->profile.name,
		      client->profile.server, client->profile.port);
	roles = codec_get(result, "roles");
	(void)fputs("roles today: ", file);
	for (size_t i = 0; i < list_size(roles); i++) {
		struct span role = {NULL, 0};

		(void)codec_text(list_item(roles, i), &role);
		(void)fprintf(file, "%s%.*s", i > 0 ? ", " : "", (int)role.length,
			      role.data ? (const char *)role.data : "");
	}
	(void)fputs(list_size(roles) == 0 ? "none\n" : "\n", file);
	if (list_size(posts) > 0) {
		(void)fputc('\n', file);
	}
	return print_posts(client, posts, err);
}

enum status command_profile_list(struct client *client, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "profile"},
		{.name = "person", .elastic = true},
		{.name = "partnership", .elastic = true},
		{.name = "server"},
		{.name = "port", .right = true},
		{.name = "in_use"},
	};
	const char *const *names = NULL;
	char chosen[PROFILE_NAME] = "";
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	json_t *array = json_array();
	size_t count = 0;
	enum status status = grid && array ? STATUS_OK : error_memory(err);

	if (status == STATUS_OK) {
		status = profile_names(client->arena, &names, &count, err);
	}
	(void)profile_choose(client->arena, client->arguments->flags[FLAG_PROFILE], chosen, NULL);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		struct profile profile;
		struct error why = ERROR_INIT;
		bool in_use = strcmp(names[i], chosen) == 0;

		if (profile_load(client->arena, names[i], &profile, &why) != STATUS_OK) {
			(void)fprintf(stderr, "safer: the profile \"%s\" cannot be used: %s\n", names[i],
				      why.message);
			continue;
		}
		status = grid_add(grid,
				  (const char *[]){names[i], profile.person_name, profile.partnership,
						   profile.server,
						   arena_printf(client->arena, "%u", profile.port),
						   in_use ? "yes" : ""},
				  err);
		(void)json_array_append_new(
			array, json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "profile", names[i], "person",
					 profile.person_name, "partnership", profile.partnership, "server",
					 profile.server, "port", (int)profile.port, "in_use", in_use));
	}
	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		return json_print(array, &client->output, err);
	}
	json_decref(array);
	if (status == STATUS_OK && count == 0 && client->output.mode == OUTPUT_TABLE) {
		(void)fputs("no profile on this device; \"safer enrol\" makes one from an invitation\n",
			    stderr);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}
