/* What an administrator does: accounts, invitations, devices. */
#include "client/commands.h"
#include "client/console.h"
#include "client/json.h"
#include "client/print.h"

#include <string.h>

static const char *day(struct client *client, const msgpack_object *map, const char *key)
{
	struct span at = codec_get_text(map, key);

	return arena_text(client->arena, at.data ? (const char *)at.data : "",
			  at.length > 10 ? 10 : at.length);
}

static const char *number(struct client *client, const msgpack_object *map, const char *key)
{
	return arena_printf(client->arena, "%lld", (long long)codec_get_int(map, key, 0));
}

static enum status print_accounts(struct client *client, const msgpack_object *accounts, struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "account", .right = true},
		{.name = "person"},
		{.name = "name", .elastic = true},
		{.name = "number", .right = true},
		{.name = "device", .elastic = true},
		{.name = "issued"},
		{.name = "expires"},
		{.name = "revoked"},
	};
	struct grid *grid = grid_new(client->arena, columns, sizeof(columns) / sizeof(columns[0]));
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < list_size(accounts) && status == STATUS_OK; i++) {
		const msgpack_object *account = list_item(accounts, i);
		const msgpack_object *devices = codec_get(account, "devices");
		const char *cells[8] = {
			number(client, account, "account"),
			codec_get_string(client->arena, account, "person"),
			codec_get_string(client->arena, account, "name"),
		};

		if (list_size(devices) == 0) {
			status = grid_add(grid, cells, err);
		}
		for (size_t d = 0; d < list_size(devices) && status == STATUS_OK; d++) {
			const msgpack_object *device = list_item(devices, d);

			cells[3] = number(client, device, "credential");
			cells[4] = codec_get_string(client->arena, device, "device");
			cells[5] = day(client, device, "issued");
			cells[6] = day(client, device, "expires");
			cells[7] = day(client, device, "revoked");
			status = grid_add(grid, cells, err);
		}
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

static enum status print_invitations(struct client *client, const msgpack_object *invitations,
				     struct error *err)
{
	static const struct grid_column columns[] = {
		{.name = "invitation"}, {.name = "person"},  {.name = "name", .elastic = true},
		{.name = "by"},         {.name = "expires"},
	};
	struct grid *grid = grid_new(client->arena, columns, 5);
	enum status status = grid ? STATUS_OK : error_memory(err);

	for (size_t i = 0; i < list_size(invitations) && status == STATUS_OK; i++) {
		const char *cells[5];

		for (size_t c = 0; c < 5; c++) {
			cells[c] =
				codec_get_string(client->arena, list_item(invitations, i), columns[c].name);
		}
		status = grid_add(grid, cells, err);
	}
	return status == STATUS_OK ? grid_print(grid, &client->output, err) : status;
}

enum status command_account_list(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	const msgpack_object *invitations;
	enum status status = client_call(client, METHOD_account_list, NULL, &result, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	invitations = codec_get(result, "invitations");
	status = print_accounts(client, codec_get(result, "accounts"), err);
	if (status == STATUS_OK && client->output.mode == OUTPUT_TABLE && list_size(invitations) > 0) {
		(void)fputs("\nOpen invitations:\n", client->output.file);
		status = print_invitations(client, invitations, err);
	}
	return status;
}

enum status command_invite(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	const char *invitation, *expires, *name;
	int64_t hours = 0;
	enum status status = arguments_number(client->arguments, FLAG_HOURS, 1, 8760, 0, &hours, err);

	if (status == STATUS_OK && !params) {
		status = error_memory(err);
	}
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(params, hours > 0 ? 2 : 1);
	codec_pair_text(params, "person", client->names[0]);
	if (hours > 0) {
		codec_pair_int(params, "hours", hours);
	}
	status = client_call(client, METHOD_invite, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	invitation = codec_get_string(client->arena, result, "invitation");
	expires = codec_get_string(client->arena, result, "expires");
	name = codec_get_string(client->arena, result, "name");
	if (client->output.mode != OUTPUT_TABLE) {
		(void)fprintf(client->output.file, "%s\n", invitation ? invitation : "");
		return STATUS_OK;
	}
	(void)fprintf(
		client->output.file,
		"Invitation for %s, good for one device until %.16s UTC:\n\n%s\n\n"
		"It is shown only now. Hand it over by another channel than e-mail to the same person: read "
		"it\n"
		"out, print it, or send it by a message that only %s can open. They run \"safer enrol\".\n",
		name ? name : "?", expires ? expires : "?", invitation ? invitation : "?",
		name ? name : "they");
	return STATUS_OK;
}

enum status command_invitation_withdraw(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const msgpack_object *result = NULL;
	enum status status;

	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 1);
	codec_pair_text(params, "invitation", client->names[0]);
	status = client_call(client, METHOD_invitation_withdraw, params, &result, err);
	if (status == STATUS_OK && client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	if (status == STATUS_OK) {
		(void)fprintf(client->output.file, "The invitation %s works no longer.\n", client->names[0]);
	}
	return status;
}

enum status command_device_revoke(struct client *client, struct error *err)
{
	struct buffer *params = client_buffer(client);
	const char *reason = client->arguments->flags[FLAG_REASON];
	const msgpack_object *result = NULL;
	const char *warning;
	struct span device;
	int64_t credential = 0;
	enum status status;

	if (!number_parse(client->names[0], 1, INT64_MAX, &credential)) {
		error_set(err, STATUS_INVALID, "\"%s\" is not the number of a device", client->names[0]);
		return error_hint(err, "\"safer whoami\" and \"safer account list\" show the numbers");
	}
	warning = arena_printf(client->arena, "Device %lld will be shut out at once, for good",
			       (long long)credential);
	if (!params || !warning) {
		return error_memory(err);
	}
	status = console_confirm(client, warning, client->names[0], err);
	if (status != STATUS_OK) {
		return status;
	}
	codec_put_map(params, reason ? 2 : 1);
	codec_pair_int(params, "credential", credential);
	if (reason) {
		codec_pair_text(params, "reason", reason);
	}
	status = client_call(client, METHOD_credential_revoke, params, &result, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	device = codec_get_text(result, "device");
	(void)fprintf(client->output.file, "Device %lld (\"%.*s\") is shut out.\n", (long long)credential,
		      (int)device.length, device.data ? (const char *)device.data : "");
	return STATUS_OK;
}
