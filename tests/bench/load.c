/* safer-bench-load DIR: fills a data folder that `saferd init` made, for safer-bench.
 *
 * Nothing is written past the engine: each change goes through the same rights, rules, commitments and tree as one
 * that came over the wire; only the sockets are left out, and a thousand changes share a commit. */
#include "tests/bench/data.h"

#include "common/clock.h"
#include "common/digest.h"
#include "server/folder.h"
#include "server/identity/credentials.h"
#include "server/identity/founding.h"
#include "server/policy/policy.h"
#include "server/records/engine.h"
#include "server/schema/schema.h"
#include "server/session.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define GROUP      1000 /* changes in one commit */
#define CREATED_AT 100  /* actions created by one change-set */
#define PERSONS    (DATA_OFFICERS + DATA_SCRUTINY)
#define PRIORITIES 10
#define FIRST_SEAT 2 /* PE1, B1 and AP1 are the founding's */

struct load {
	struct folder folder;
	const char *path;
	struct arena *arena; /* of one partnership */
	int64_t partnership;
	struct session *officers[2];
	uint64_t requests;
	int64_t revisions[DATA_ACTIONS];
};

/* ---- the directory and the priorities, as a founding writes them ---- */

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct record_seed directory[] = {
	{"organisation",
	 FIELDS("name", "Police", "type", "police", "status", "responsible-authority", "owner", "B1"), NULL},
	{"organisation",
	 FIELDS("name", "Council", "type", "district-council", "status", "responsible-authority", "owner",
		"B1"),
	 NULL},
	{"body", FIELDS("name", "Operational Group", "type", "operational-group", "owner", "B1"), NULL},
	{"body", FIELDS("name", "Police authority", "type", "authority", "organisation", "O1", "owner", "B1"),
	 NULL},
	{"body",
	 FIELDS("name", "Council authority", "type", "authority", "organisation", "O2", "owner", "B1"), NULL},
	{"body", FIELDS("name", "Scrutiny Committee", "type", "scrutiny-committee", "owner", "B1"), NULL},
};
#define GROUP_BODY    "B2"
#define SCRUTINY_BODY "B5"

static const char *const authorities[] = {"B3", "B4"};
static const char *const organisations[] = {"O1", "O2"};

static enum status add(struct load *load, const struct record_seed *seed, struct error *err)
{
	return records_found(&load->folder.context, load->arena, load->partnership, "the loader", seed, 1,
			     err);
}

static enum status add_person(struct load *load, int seat, struct error *err)
{
	bool officer = seat < DATA_OFFICERS;
	const char *name = arena_printf(load->arena, "Person %d", seat);
	const char *id = arena_printf(load->arena, "PE%d", FIRST_SEAT + seat);
	const char *body = officer ? GROUP_BODY : SCRUTINY_BODY;
	const char *organisation = organisations[seat % 2];
	const struct record_seed person = {"person", FIELDS("name", name, "owner", "B1"), NULL};
	const struct record_seed post = {"appointment",
					 FIELDS("person", id, "body", body, "post", "member", "organisation",
						organisation, "from", "2014-04-01", "owner", "B1"),
					 "confirmed"};

	if (name == NULL || id == NULL) {
		return error_memory(err);
	}
	return add(load, &person, err) == STATUS_OK ? add(load, &post, err) : err->status;
}

static enum status add_priority(struct load *load, int number, struct error *err)
{
	const char *title = arena_printf(load->arena, "Priority %d: less of what people fear", number);
	const struct record_seed priority = {
		"priority", FIELDS("title", title, "standing", "priority", "year", "2014/15", "owner", "B2"),
		"adopted"};

	return title != NULL ? add(load, &priority, err) : error_memory(err);
}

static enum status add_directory(struct load *load, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < sizeof(directory) / sizeof(directory[0]); i++) {
		status = add(load, &directory[i], err);
	}
	for (int seat = 0; status == STATUS_OK && seat < PERSONS; seat++) {
		status = add_person(load, seat, err);
	}
	for (int number = 1; status == STATUS_OK && number <= PRIORITIES; number++) {
		status = add_priority(load, number, err);
	}
	return status;
}

/* ---- devices ---- */

static enum status write_device(struct load *load, int seat, EVP_PKEY *key, struct span certificate,
				struct error *err)
{
	char path[FOLDER_PATH];
	const unsigned char *at = certificate.data;
	X509 *x509 = d2i_X509(NULL, &at, (long)certificate.length);
	FILE *file = NULL;
	bool good = false;

	snprintf(path, sizeof(path), DATA_DEVICE_PATH, load->path, (int)load->partnership - 1, seat);
	file = fopen(path, "w");
	if (file != NULL && x509 != NULL) {
		good = PEM_write_X509(file, x509) == 1 &&
		       PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
	}
	if (file != NULL && fclose(file) != 0) {
		good = false;
	}
	X509_free(x509);
	return good ? STATUS_OK : error_set(err, STATUS_FAILED, "%s cannot be written", path);
}

static enum status add_device(struct load *load, int seat, struct digest *fingerprint, struct error *err)
{
	struct context *context = &load->folder.context;
	struct credential_wish wish = {.name = "a person", .device = "laptop"};
	struct credential_issued issued;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	enum status status = key != NULL ? STATUS_OK : error_set(err, STATUS_FAILED, "no key can be made");

	wish.key = key;
	if (status == STATUS_OK) {
		status = store_account_add(context->store, load->partnership, FIRST_SEAT + seat,
					   clock_machine(), &wish.account, err);
	}
	if (status == STATUS_OK) {
		status = credential_issue(context, load->arena, &wish, &issued, err);
	}
	if (status == STATUS_OK) {
		digest_bytes(issued.certificate.data, issued.certificate.length, fingerprint);
		status = write_device(load, seat, key, issued.certificate, err);
	}
	EVP_PKEY_free(key);
	return status;
}

static enum status add_devices(struct load *load, struct error *err)
{
	bool all = load->partnership == 1;

	for (int seat = 0; seat < PERSONS; seat++) {
		struct digest fingerprint;

		if (!all && seat > 1 && seat != DATA_OFFICERS) {
			continue;
		}
		if (add_device(load, seat, &fingerprint, err) != STATUS_OK) {
			return err->status;
		}
		if (seat < 2 && session_load(load->folder.store, load->arena, &fingerprint,
					     &load->officers[seat], err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* ---- changes, as a request brings them ---- */

static void put_text(struct buffer *out, const char *key, uint64_t seed, size_t length)
{
	static const char letters[] = "etaoin shrdlucmfwypvbgkjqxz";
	char text[256];

	for (size_t i = 0; i < length; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		text[i] = i == 0 || i + 1 == length ? 'x' : letters[(seed >> 33) % (sizeof(letters) - 1)];
	}
	text[length] = '\0';
	codec_pair_text(out, key, text);
}

/* Twelve fields, about 500 bytes. */
static void put_new_action(struct buffer *out, int number)
{
	char text[64];

	codec_put_map(out, 3);
	codec_pair_text(out, "do", "create");
	codec_pair_text(out, "kind", "action");
	codec_put_text(out, "fields");
	codec_put_map(out, 11); /* the state is the server's */
	snprintf(text, sizeof(text), "Action %d: patrols where they are wanted", number);
	codec_pair_text(out, "title", text);
	snprintf(text, sizeof(text), "P%d", 1 + number % PRIORITIES);
	codec_pair_text(out, "priority", text);
	codec_pair_text(out, "lead", organisations[number % 2]);
	put_text(out, "description", (uint64_t)number, DATA_TEXT);
	codec_pair_text(out, "start", "2014-04-01");
	codec_pair_text(out, "due", "2015-03-31");
	codec_pair_text(out, "status", "on-track");
	codec_pair_int(out, "progress", number % 100);
	put_text(out, "resources", (uint64_t)number + 1, DATA_TEXT);
	put_text(out, "risks", (uint64_t)number + 2, DATA_TEXT);
	codec_pair_text(out, "owner", authorities[number % 2]);
}

static void put_edit(struct buffer *out, int number, int64_t base, uint64_t seed)
{
	char id[24];

	snprintf(id, sizeof(id), "A%d", number + 1);
	codec_put_map(out, 4);
	codec_pair_text(out, "do", "edit");
	codec_pair_text(out, "id", id);
	codec_pair_int(out, "base", base);
	codec_put_text(out, "fields");
	codec_put_map(out, 1);
	put_text(out, "description", seed, DATA_TEXT);
}

static void begin_change(struct load *load, struct buffer *out, size_t items)
{
	uint8_t request[16];

	memset(request, 0, sizeof(request));
	load->requests++;
	memcpy(request, &load->requests, sizeof(load->requests));
	buffer_clear(out);
	codec_put_map(out, 2);
	codec_put_text(out, "request");
	codec_put_bin(out, request, sizeof(request));
	codec_put_text(out, "changes");
	codec_put_list(out, items);
}

static enum status send_change(struct load *load, const struct buffer *params, struct session *session,
			       struct error *err)
{
	struct request request = {.context = &load->folder.context, .session = session};
	enum status status = STATUS_OK;

	request.arena = arena_new();
	buffer_init(&request.reply, 1 << 24);
	buffer_init(&request.details, 1 << 20);
	if (request.arena == NULL) {
		return error_memory(err);
	}
	session->now = clock_now();
	status = codec_decode(request.arena, buffer_span(params), &request.params, err);
	if (status == STATUS_OK) {
		status = engine_change(&request, err);
	}
	buffer_release(&request.reply);
	buffer_release(&request.details);
	arena_free(request.arena);
	return status;
}

static enum status commit(struct load *load, bool again, struct error *err)
{
	struct folder *folder = &load->folder;
	enum status status = journal_seal(folder->journal, folder->store, err);

	if (status == STATUS_OK) {
		status = store_commit(folder->store, err);
	}
	return status == STATUS_OK && again ? store_begin(folder->store, err) : status;
}

static enum status add_actions(struct load *load, struct buffer *params, struct error *err)
{
	for (int first = 0; first < DATA_ACTIONS; first += CREATED_AT) {
		begin_change(load, params, CREATED_AT);
		for (int i = 0; i < CREATED_AT; i++) {
			put_new_action(params, first + i);
			load->revisions[first + i] = 1;
		}
		if (send_change(load, params, load->officers[first / CREATED_AT % 2], err) != STATUS_OK) {
			return err->status;
		}
	}
	return commit(load, true, err);
}

static enum status add_edits(struct load *load, struct buffer *params, struct error *err)
{
	for (int edit = 0; edit < DATA_EDITS; edit++) {
		int number = edit % DATA_ACTIONS;

		begin_change(load, params, 1);
		put_edit(params, number, load->revisions[number]++, (uint64_t)edit + DATA_EDITS);
		if (send_change(load, params, load->officers[number % 2], err) != STATUS_OK) {
			return err->status;
		}
		if (edit % GROUP == GROUP - 1 && commit(load, true, err) != STATUS_OK) {
			return err->status;
		}
	}
	return STATUS_OK;
}

/* ---- a partnership ---- */

static enum status found(struct load *load, int64_t number, struct error *err)
{
	char invitation[INVITATION_TEXT];
	const char *name = arena_printf(load->arena, "Partnership %lld", (long long)number);
	const char *origin = arena_printf(load->arena, "bench.example/p%lld", (long long)number);

	if (name == NULL || origin == NULL) {
		return error_memory(err);
	}
	if (number == 1) {
		return STATUS_OK; /* `saferd init` has founded it */
	}
	return founding_make(&load->folder.context, load->arena, name, origin, "Ann Admin", "localhost", 7443,
			     invitation, err);
}

static enum status load_partnership(struct load *load, int64_t number, struct buffer *params,
				    struct error *err)
{
	enum status status = store_begin(load->folder.store, err);

	load->partnership = number;
	load->arena = arena_new();
	if (status == STATUS_OK && load->arena == NULL) {
		status = error_memory(err);
	}
	if (status != STATUS_OK || (status = found(load, number, err)) != STATUS_OK ||
	    (status = add_directory(load, err)) != STATUS_OK ||
	    (status = add_devices(load, err)) != STATUS_OK ||
	    (status = add_actions(load, params, err)) != STATUS_OK ||
	    (status = add_edits(load, params, err)) != STATUS_OK) {
		goto out;
	}
	status = commit(load, false, err);
out:
	arena_free(load->arena);
	return status;
}

int main(int argc, char **argv)
{
	struct load load = {.path = argc == 2 ? argv[1] : NULL};
	struct error err = ERROR_INIT;
	struct buffer params;
	char devices[FOLDER_PATH];
	int64_t started = clock_monotonic_ms();
	enum status status = STATUS_OK;

	if (load.path == NULL) {
		fprintf(stderr, "safer-bench-load: it takes the data folder to fill\n");
		return 2;
	}
	buffer_init(&params, 1 << 24);
	snprintf(devices, sizeof(devices), "%s/" DATA_DEVICES, load.path);
	mkdir(devices, 0700);
	status = folder_open(load.path, FOLDER_WRITE, &load.folder, &err);
	for (int64_t number = 1; status == STATUS_OK && number <= DATA_PARTNERSHIPS; number++) {
		status = load_partnership(&load, number, &params, &err);
	}
	if (status == STATUS_OK) {
		status = folder_write(load.path, DATA_COMPLETE, (struct span){NULL, 0}, &err);
	}
	folder_close(&load.folder);
	buffer_release(&params);
	if (status != STATUS_OK) {
		fprintf(stderr, "safer-bench-load: %s %s\n", err.message, err.hint);
		return 1;
	}
	fprintf(stderr, "loaded %d records and %d journal entries in %lld s\n",
		DATA_PARTNERSHIPS * DATA_ACTIONS, DATA_PARTNERSHIPS * DATA_EDITS,
		(long long)((clock_monotonic_ms() - started) / 1000));
	return 0;
}
