/* How the server is, for an administrator who wonders: a page of it. What draws graphs reads the server's metrics. */
#include "client/commands.h"
#include "client/json.h"
#include "client/print.h"

#include <inttypes.h>
#include <string.h>

/* 850 is "850 us", 12300 "12.3 ms", 2500000 "2.5 s". */
static const char *duration(struct client *client, int64_t micros)
{
	if (micros < 1000) {
		return arena_printf(client->arena, "%" PRId64 " us", micros);
	}
	if (micros < 1000000) {
		return arena_printf(client->arena, "%" PRId64 ".%" PRId64 " ms", micros / 1000,
				    micros % 1000 / 100);
	}
	return arena_printf(client->arena, "%" PRId64 ".%" PRId64 " s", micros / 1000000,
			    micros % 1000000 / 100000);
}

static const char *size(struct client *client, int64_t bytes)
{
	if (bytes < 1024) {
		return arena_printf(client->arena, "%" PRId64 " bytes", bytes);
	}
	if (bytes < INT64_C(1048576)) {
		return arena_printf(client->arena, "%" PRId64 " KiB", bytes / 1024);
	}
	return arena_printf(client->arena, "%" PRId64 ".%" PRId64 " MiB", bytes / 1048576,
			    bytes % 1048576 * 10 / 1048576);
}

/* "2026-11-27 20:14 UTC" of "2026-11-27T20:14:42.620855Z" */
static const char *minute(struct client *client, const msgpack_object *map, const char *key)
{
	const char *time = codec_get_string(client->arena, map, key);

	if (!time || strlen(time) < 16) {
		return "?";
	}
	return arena_printf(client->arena, "%.10s %.5s UTC", time, time + 11);
}

/* ---- lists ---- */

struct column {
	struct grid_column grid;
	const char *key;
	enum { SHOWS_TEXT, SHOWS_NUMBER, SHOWS_TIME } shows;
};

static const char *cell(struct client *client, const msgpack_object *map, const struct column *column)
{
	int64_t number = codec_get_int(map, column->key, 0);

	switch (column->shows) {
	case SHOWS_NUMBER:
		return arena_printf(client->arena, "%" PRId64, number);
	case SHOWS_TIME:
		return duration(client, number);
	case SHOWS_TEXT:
		break;
	}
	return codec_get_string(client->arena, map, column->key);
}

#define COLUMNS_MOST 6

/* Rows without anything under `unless_zero` are left out; NULL: none are. */
static enum status print_list(struct client *client, const msgpack_object *list, const struct column *columns,
			      size_t count, const char *unless_zero, struct error *err)
{
	struct grid_column grid_columns[COLUMNS_MOST];
	struct grid *grid;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count; i++) {
		grid_columns[i] = columns[i].grid;
	}
	grid = grid_new(client->arena, grid_columns, count);
	if (!grid) {
		return error_memory(err);
	}
	for (size_t i = 0; i < list_size(list) && status == STATUS_OK; i++) {
		const msgpack_object *row = list_item(list, i);
		const char *cells[COLUMNS_MOST];

		if (unless_zero && codec_get_int(row, unless_zero, 0) == 0) {
			continue;
		}
		for (size_t c = 0; c < count; c++) {
			cells[c] = cell(client, row, &columns[c]);
		}
		status = grid_add(grid, cells, err);
	}
	if (status == STATUS_OK && grid_rows(grid) > 0) {
		status = grid_print(grid, &client->output, err);
	}
	return status;
}

static enum status print_methods(struct client *client, const msgpack_object *result, struct error *err)
{
	static const struct column columns[] = {
		{{.name = "method"}, "method", SHOWS_TEXT},
		{{.name = "requests", .right = true}, "requests", SHOWS_NUMBER},
		{{.name = "not_ok", .right = true}, "not_ok", SHOWS_NUMBER},
		{{.name = "median", .right = true}, "median", SHOWS_TIME},
		{{.name = "p99", .right = true}, "p99", SHOWS_TIME},
		{{.name = "most", .right = true}, "most", SHOWS_TIME},
	};

	return print_list(client, codec_get(result, "methods"), columns, 6, NULL, err);
}

static enum status print_threads(struct client *client, const msgpack_object *result, struct error *err)
{
	static const struct column columns[] = {
		{{.name = "queue"}, "thread", SHOWS_TEXT},
		{{.name = "waiting", .right = true}, "waiting", SHOWS_NUMBER},
		{{.name = "most", .right = true}, "most", SHOWS_NUMBER},
		{{.name = "jobs", .right = true}, "jobs", SHOWS_NUMBER},
		{{.name = "median wait", .right = true}, "median", SHOWS_TIME},
		{{.name = "p99 wait", .right = true}, "p99", SHOWS_TIME},
	};

	return print_list(client, codec_get(result, "threads"), columns, 6, NULL, err);
}

static bool any_limit(const msgpack_object *limits)
{
	for (size_t i = 0; i < list_size(limits); i++) {
		if (codec_get_int(list_item(limits, i), "times", 0) > 0) {
			return true;
		}
	}
	return false;
}

static enum status print_limits(struct client *client, const msgpack_object *result, struct error *err)
{
	static const struct column columns[] = {
		{{.name = "limit"}, "limit", SHOWS_TEXT},
		{{.name = "value", .right = true}, "value", SHOWS_NUMBER},
		{{.name = "reached", .right = true}, "times", SHOWS_NUMBER},
	};
	const msgpack_object *limits = codec_get(result, "limits");

	if (!any_limit(limits)) {
		(void)fputs("No limit has turned anybody away.\n", client->output.file);
		return STATUS_OK;
	}
	(void)fputs("Limits that turned somebody away:\n", client->output.file);
	return print_list(client, limits, columns, 3, "times", err);
}

/* ---- the head of the page ---- */

static void print_line(struct client *client, const char *name, const char *text)
{
	(void)fprintf(client->output.file, "%-13s%s\n", name, text ? text : "?");
}

static void print_figures(struct client *client, const msgpack_object *result)
{
	const msgpack_object *figures = codec_get(result, "figures");
	const msgpack_object *groups = codec_get(result, "groups");
	const char *version = codec_get_string(client->arena, result, "version");
	int64_t count = codec_get_int(groups, "groups", 0);
	int64_t tenths = count > 0 ? codec_get_int(groups, "jobs", 0) * 10 / count : 0;

#define OF(key) codec_get_int(figures, key, 0)
	print_line(client, "server",
		   arena_printf(client->arena, "saferd %s, up since %s", version ? version : "?",
				minute(client, result, "since")));
	print_line(client, "connections",
		   arena_printf(client->arena,
				"%" PRId64 " now, %" PRId64 " at most, limit %" PRId64 "; %" PRId64
				" since the start, %" PRId64 " failed handshakes",
				OF("connections"), OF("connections_peak"), OF("connections_limit"),
				OF("connections_taken"), OF("handshakes_failed")));
	print_line(client, "watches",
		   arena_printf(client->arena, "%" PRId64 ", %" PRId64 " of them behind", OF("watches"),
				OF("watches_behind")));
	print_line(client, "journal",
		   arena_printf(client->arena, "%" PRId64 " entries", OF("journal_entries")));
	print_line(client, "store",
		   arena_printf(client->arena, "%s, and %s in its log (WAL)", size(client, OF("store_bytes")),
				size(client, OF("wal_bytes"))));
	print_line(client, "commits",
		   count == 0 ? "none yet"
			      : arena_printf(client->arena,
					     "%" PRId64 ", of %" PRId64 ".%" PRId64
					     " jobs on average and %" PRId64 " at most; median %s, p99 %s",
					     count, tenths / 10, tenths % 10,
					     codec_get_int(groups, "jobs_most", 0),
					     duration(client, codec_get_int(groups, "median", 0)),
					     duration(client, codec_get_int(groups, "p99", 0))));
#undef OF
}

enum status command_admin_status(struct client *client, struct error *err)
{
	const msgpack_object *result = NULL;
	enum status status = client_call(client, METHOD_admin_status, NULL, &result, err);

	if (status != STATUS_OK) {
		return status;
	}
	if (client->output.mode == OUTPUT_JSON) {
		return json_print_object(result, &client->output, err);
	}
	if (client->output.mode != OUTPUT_TABLE) {
		return print_methods(client, result, err);
	}
	print_figures(client, result);
	(void)fputc('\n', client->output.file);
	status = print_threads(client, result, err);
	if (status == STATUS_OK) {
		(void)fputc('\n', client->output.file);
		status = print_methods(client, result, err);
	}
	if (status == STATUS_OK) {
		(void)fputc('\n', client->output.file);
		status = print_limits(client, result, err);
	}
	return status;
}
