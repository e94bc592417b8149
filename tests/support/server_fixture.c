/* Builds a server's inside in a temporary folder, and fills it with people and devices. */
#include "tests/support/server_fixture_inside.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "server/identity/authority.h"
#include "server/identity/founding.h"
#include "server/identity/invitations.h"
#include "server/identity/people.h"
#include "server/policy/policy.h"
#include "server/records/engine.h"
#include "server/schema/schema.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PARAMS_BYTES (4 << 20)

/* ---- failing ---- */

void fixture_must(enum status status, const struct error *err, const char *what)
{
	if (status != STATUS_OK) {
		fail_msg("%s: %s: %s", what, status_name(status), err->message);
	}
}

void fixture_assert_status(const struct server_fixture *server, enum status expected, const char *file,
			   int line)
{
	if (server->status != expected) {
		print_error("wanted %s, got %s: %s %s\n", status_name(expected), status_name(server->status),
			    server->err.message, server->err.hint);
		_fail(file, line);
	}
}

/* ---- life ---- */

static void path_of(const struct server_fixture *server, const char *name, char out[PATH_MAX])
{
	int length = snprintf(out, PATH_MAX, "%s/%s", server->folder, name);

	assert_true(length > 0 && length < PATH_MAX);
}

static void open_folder(struct server_fixture *server)
{
	struct fixture_inside *inside = server->inside;
	struct context *context = &server->context;
	struct error err = ERROR_INIT;
	char path[PATH_MAX];

	path_of(server, STORE_FILE, path);
	fixture_must(authority_load(server->folder, &context->authority, &err), &err, "authority_load");
	fixture_must(authority_journal_key_load(server->folder, &inside->journal_key, &err), &err,
		     "the journal's key");
	fixture_must(store_open(path, STORE_WRITER, &context->store, &err), &err, "store_open, writer");
	fixture_must(store_open(path, STORE_READER, &server->reader, &err), &err, "store_open, reader");
	fixture_must(journal_new(inside->journal_key, &context->journal, &err), &err, "journal_new");
	context->journal_public = inside->journal_key;
	context->schema = schema_server();
	context->settings = &server->settings;
	context->limits = &server->settings.limits;
	context->port = 7443;
}

static void close_folder(struct server_fixture *server)
{
	journal_free(server->context.journal);
	store_close(server->reader);
	store_close(server->context.store);
	EVP_PKEY_free(server->inside->journal_key);
	authority_free(server->context.authority);
	server->context.journal = NULL;
	server->context.store = NULL;
	server->context.authority = NULL;
	server->reader = NULL;
	server->inside->journal_key = NULL;
}

static void create_folder(struct server_fixture *server)
{
	struct error err = ERROR_INIT;
	char path[PATH_MAX];

	memcpy(server->folder, "/tmp/safer-test-XXXXXX", sizeof("/tmp/safer-test-XXXXXX"));
	assert_non_null(mkdtemp(server->folder));
	path_of(server, STORE_FILE, path);
	fixture_must(authority_create(server->folder, FIXTURE_PARTNERSHIP, &err), &err, "authority_create");
	fixture_must(authority_journal_key_create(server->folder, &err), &err, "the journal's key");
	fixture_must(store_create(path, &err), &err, "store_create");
}

static void remove_folder(const char *folder)
{
	char path[PATH_MAX];
	DIR *directory = opendir(folder);
	struct dirent *entry = NULL;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

		if (length > 0 && (size_t)length < sizeof(path) && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			unlink(path);
		}
	}
	if (directory != NULL) {
		closedir(directory);
	}
	rmdir(folder);
}

struct server_fixture *server_fixture_open(void)
{
	struct server_fixture *server = calloc(1, sizeof(*server));
	struct error err = ERROR_INIT;

	assert_non_null(server);
	server->inside = calloc(1, sizeof(*server->inside));
	assert_non_null(server->inside);
	server->inside->arena = arena_new();
	assert_non_null(server->inside->arena);
	buffer_init(&server->inside->params, PARAMS_BYTES);
	settings_default(&server->settings);
	server->now = FIXTURE_TIME;
	clock_freeze(server->now);
	fixture_must(schema_build(&err), &err, "schema_build");
	fixture_must(policy_build(schema_server(), &err), &err, "policy_build");
	create_folder(server);
	open_folder(server);
	server->partnership =
		fixture_found(server, FIXTURE_PARTNERSHIP, FIXTURE_ADMINISTRATOR, server->invitation);
	server->administrator = 1;
	return server;
}

void server_fixture_close(struct server_fixture *server)
{
	struct fixture_inside *inside = NULL;

	if (server == NULL) {
		return;
	}
	inside = server->inside;
	close_folder(server);
	remove_folder(server->folder);
	for (size_t i = 0; i < inside->device_count; i++) {
		X509_free(inside->devices[i]->certificate);
		free(inside->devices[i]);
	}
	for (size_t i = 0; i < inside->key_count; i++) {
		EVP_PKEY_free(inside->keys[i]);
	}
	if (server->request != NULL) {
		buffer_release(&server->request->reply);
		buffer_release(&server->request->details);
	}
	arena_free(inside->call);
	arena_free(inside->arena);
	buffer_release(&inside->params);
	free(inside);
	free(server);
	policy_release();
	schema_release();
	clock_freeze(0);
}

int server_fixture_setup(void **state)
{
	*state = server_fixture_open();
	return 0;
}

int server_fixture_teardown(void **state)
{
	server_fixture_close(*state);
	return 0;
}

void server_fixture_restart(struct server_fixture *server)
{
	close_folder(server);
	open_folder(server);
}

void fixture_wait(struct server_fixture *server, int64_t microseconds)
{
	server->now += microseconds;
	clock_freeze(server->now);
}

/* ---- transactions ---- */

struct arena *fixture_arena(struct server_fixture *server)
{
	return server->inside->arena;
}

void fixture_begin(struct server_fixture *server)
{
	struct error err = ERROR_INIT;

	fixture_must(store_begin(server->context.store, &err), &err, "store_begin");
}

void fixture_commit(struct server_fixture *server)
{
	struct error err = ERROR_INIT;

	fixture_must(journal_seal(server->context.journal, server->context.store, &err), &err,
		     "journal_seal");
	fixture_must(store_commit(server->context.store, &err), &err, "store_commit");
}

/* ---- people, bodies and posts ---- */

int64_t fixture_found(struct server_fixture *server, const char *partnership, const char *administrator,
		      char invitation[INVITATION_TEXT])
{
	struct error err = ERROR_INIT;
	struct partnership *all = NULL;
	size_t count = 0;
	const char *origin = NULL;

	fixture_must(store_partnership_list(server->reader, server->inside->arena, &all, &count, &err), &err,
		     "store_partnership_list");
	origin = arena_printf(server->inside->arena, "safer.test/p%zu", count + 1);
	assert_non_null(origin);
	fixture_begin(server);
	fixture_must(founding_make(&server->context, server->inside->arena, partnership, origin,
				   administrator, "localhost", 7443, invitation, &err),
		     &err, "founding_make");
	fixture_commit(server);
	fixture_must(store_partnership_list(server->reader, server->inside->arena, &all, &count, &err), &err,
		     "store_partnership_list");
	assert_true(count > 0);
	return all[count - 1].number;
}

void fixture_records(struct server_fixture *server, int64_t partnership, const struct record_seed *seeds,
		     size_t count)
{
	struct error err = ERROR_INIT;

	fixture_begin(server);
	fixture_must(records_found(&server->context, server->inside->arena, partnership, "a test", seeds,
				   count, &err),
		     &err, "records_found");
	fixture_commit(server);
}

static enum status last_number(void *payload, const struct record_row *row, struct error *err)
{
	int64_t *number = payload;

	(void)err;
	*number = row->number;
	return STATUS_OK;
}

static int64_t newest(struct server_fixture *server, const char *kind)
{
	struct error err = ERROR_INIT;
	int64_t number = 0;

	fixture_must(
		store_record_each(server->reader, server->partnership, kind, 0, last_number, &number, &err),
		&err, "store_record_each");
	return number;
}

static int64_t add_record(struct server_fixture *server, const struct record_seed *seed)
{
	fixture_records(server, server->partnership, seed, 1);
	return newest(server, seed->kind);
}

int64_t fixture_person(struct server_fixture *server, const char *name)
{
	const char *const fields[] = {"name", name, "owner", "B1", NULL};

	return add_record(server, &(struct record_seed){.kind = "person", .fields = fields});
}

int64_t fixture_body(struct server_fixture *server, const char *name, const char *type)
{
	const char *const fields[] = {"name", name, "type", type, "owner", "@1", NULL};

	return add_record(server, &(struct record_seed){.kind = "body", .fields = fields});
}

static int64_t appoint(struct server_fixture *server, int64_t person, int64_t body, const char *post,
		       bool for_today)
{
	char person_id[ID_TEXT];
	char body_id[ID_TEXT];
	char today[DATE_TEXT];
	const char *const fields[] = {
		"person",
		person_id,
		"body",
		body_id,
		"post",
		post,
		"from",
		today,
		"owner",
		body_id,
		for_today ? "to" : NULL,
		today,
		NULL,
	};

	id_format("PE", person, person_id);
	id_format("B", body, body_id);
	date_format(day_of_time(clock_now()), today);
	return add_record(
		server, &(struct record_seed){.kind = "appointment", .fields = fields, .state = "confirmed"});
}

int64_t fixture_appoint(struct server_fixture *server, int64_t person, int64_t body, const char *post)
{
	return appoint(server, person, body, post, false);
}

int64_t fixture_appoint_today(struct server_fixture *server, int64_t person, int64_t body, const char *post)
{
	return appoint(server, person, body, post, true);
}

struct fixture_device *fixture_member(struct server_fixture *server, const char *name, const char *body_type,
				      const char *post)
{
	int64_t person = fixture_person(server, name);
	const char *body = arena_printf(server->inside->arena, "%s of %s", body_type, name);

	assert_non_null(body);
	fixture_appoint(server, person, fixture_body(server, body, body_type), post);
	return fixture_device(server, person);
}

/* ---- devices ---- */

EVP_PKEY *fixture_key(struct server_fixture *server)
{
	struct fixture_inside *inside = server->inside;

	assert_true(inside->key_count < DEVICES_MAX);
	inside->keys[inside->key_count] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(inside->keys[inside->key_count]);
	return inside->keys[inside->key_count++];
}

struct span fixture_certificate_request(struct server_fixture *server, EVP_PKEY *key)
{
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	struct span out;
	int length = 0;

	assert_non_null(request);
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	assert_true(X509_REQ_sign(request, key, NULL) > 0);
	length = i2d_X509_REQ(request, &der);
	assert_true(length > 0);
	out = (struct span){arena_copy(server->inside->arena, der, (size_t)length), (size_t)length};
	assert_non_null(out.data);
	OPENSSL_free(der);
	X509_REQ_free(request);
	return out;
}

struct fixture_device *fixture_enrol(struct server_fixture *server, const char *invitation)
{
	struct fixture_inside *inside = server->inside;
	struct fixture_device *device = calloc(1, sizeof(*device));
	struct credential_row row;
	struct invitation parsed;
	struct span bytes = {NULL, 0};
	const unsigned char *at = NULL;
	struct error err = ERROR_INIT;

	assert_non_null(device);
	assert_true(inside->device_count < DEVICES_MAX);
	inside->devices[inside->device_count++] = device;
	device->key = fixture_key(server);
	fixture_must(invitation_parse(invitation, &parsed, &err), &err, "invitation_parse");
	bytes = fixture_certificate_request(server, device->key);
	fixture_ask(server);
	fixture_int(server, "protocol", 1);
	fixture_bin(server, "invitation", parsed.id, sizeof(parsed.id));
	fixture_bin(server, "secret", parsed.secret, sizeof(parsed.secret));
	fixture_bin(server, "request", bytes.data, bytes.length);
	fixture_text(server, "device", "laptop");
	fixture_call(server, NULL, METHOD_enrol, handle_enrol);
	assert_status(server, STATUS_OK);
	assert_true(codec_bin(codec_get(server->result, "certificate"), &bytes));
	at = bytes.data;
	device->certificate = d2i_X509(NULL, &at, (long)bytes.length);
	assert_non_null(device->certificate);
	authority_digest_certificate(device->certificate, &device->fingerprint);
	fixture_must(store_credential_find(server->reader, inside->arena, &device->fingerprint, &row, &err),
		     &err, "store_credential_find");
	device->credential = row.number;
	device->account = row.account;
	return device;
}

struct fixture_device *fixture_administrator(struct server_fixture *server)
{
	if (server->inside->administrator == NULL) {
		server->inside->administrator = fixture_enrol(server, server->invitation);
	}
	return server->inside->administrator;
}

struct fixture_device *fixture_device(struct server_fixture *server, int64_t person)
{
	char invitation[INVITATION_TEXT];
	struct error err = ERROR_INIT;
	int64_t expires_at = 0;

	fixture_begin(server);
	fixture_must(invitation_make(&server->context, server->inside->arena, server->partnership, person,
				     NULL, 1, "localhost", 7443, invitation, &expires_at, &err),
		     &err, "invitation_make");
	fixture_commit(server);
	return fixture_enrol(server, invitation);
}
