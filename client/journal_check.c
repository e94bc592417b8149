/* Checks the journal on this machine, trusting nothing but the pinned head and the verifier key of the profile:
 * signatures, growth, that each entry is in the tree, that its leaf has the hash, and that what the server shows as
 * values is what the leaf committed to. */
#include "client/commands.h"
#include "client/json.h"
#include "client/pin.h"
#include "protocol/commitment.h"

#include <string.h>

#define CHECK_DEFAULT 20
#define VALUE_BYTES   (16 * 1024 * 1024)

struct check {
	struct client *client;
	struct checkpoint head; /* the newest one that was proved to grow from the pinned one */
	int64_t entries;        /* in the tree, with a proof */
	int64_t whole;          /* of these: leaf bytes seen too */
	int64_t values;         /* commitments opened */
	int64_t unseen;         /* entries that are not shown to this person */
};

/* A head that came with an entry: the one at hand, or one that it must be proved to have grown from. */
static enum status accept_head(struct check *check, struct span note, struct error *err)
{
	struct client *client = check->client;
	const msgpack_object *result = NULL;
	struct checkpoint head;
	struct buffer *params = client_buffer(client);
	enum status status;

	status = checkpoint_open((const char *)note.data, note.length, client->profile.verifier, &head, err);
	if (status != STATUS_OK) {
		return status;
	}
	if (head.size == check->head.size && digest_equal(&head.root, &check->head.root)) {
		return STATUS_OK;
	}
	if (!params) {
		return error_memory(err);
	}
	codec_put_map(params, 1);
	codec_pair_int(params, "from", (int64_t)check->head.size);
	status = client_call(client, METHOD_journal_head, params, &result, err);
	if (status == STATUS_OK) {
		status = pin_check(&client->profile, &check->head, codec_get_text(result, "head"),
				   codec_get(result, "proof"), &check->head, err);
	}
	if (status == STATUS_OK &&
	    (head.size != check->head.size || !digest_equal(&head.root, &check->head.root))) {
		status = STATUS_UNREACHABLE; /* it grew again in between: ask for the entry anew */
	}
	return status;
}

static const msgpack_object *find_change(const msgpack_object *leaf, struct span id)
{
	const msgpack_object *changes = codec_get(leaf, "changes");

	for (size_t i = 0; i < list_size(changes); i++) {
		struct span found = codec_get_text(list_item(changes, i), "id");

		if (found.length == id.length && id.length > 0 &&
		    memcmp(found.data, id.data, id.length) == 0) {
			return list_item(changes, i);
		}
	}
	return NULL;
}

/* One value: hashed with its salt, it must give what the leaf committed to, among the fields of a change ("fields") or
 * among what was given up in a conflict ("settled"). */
static enum status check_opening(struct check *check, int64_t number, const msgpack_object *leaf,
				 const char *committed_in, const msgpack_object *opening, struct error *err)
{
	struct arena *arena = check->client->arena;
	const msgpack_object *change = find_change(leaf, codec_get_text(opening, "id"));
	const char *id = codec_get_string(arena, opening, "id");
	const char *field = codec_get_string(arena, opening, "field");
	const char *kind = codec_get_string(arena, change, "kind");
	struct span committed = {NULL, 0};
	struct span salt = {NULL, 0};
	struct digest digest;
	struct buffer value;
	bool fits = false;

	buffer_init(&value, VALUE_BYTES);
	codec_put_object(&value, codec_get(opening, "value"));
	if (change && id && field && kind && !value.failed &&
	    codec_bin(codec_get(codec_get(change, committed_in), field), &committed) &&
	    committed.length == DIGEST_BYTES && codec_bin(codec_get(opening, "salt"), &salt) &&
	    salt.length == SALT_BYTES) {
		commitment_make(salt.data, kind, id, field, buffer_span(&value), &digest);
		fits = memcmp(digest.bytes, committed.data, DIGEST_BYTES) == 0;
	}
	buffer_release(&value);
	if (!fits) {
		return error_set(err, STATUS_UNVERIFIED,
				 "journal entry %lld: the value that the server shows for %s of %s is not "
				 "the one that "
				 "was recorded",
				 (long long)number, field ? field : "a field", id ? id : "a record");
	}
	check->values++;
	return STATUS_OK;
}

static enum status check_leaf(struct check *check, int64_t number, struct span bytes,
			      const msgpack_object *result, struct error *err)
{
	const msgpack_object *openings = codec_get(result, "openings");
	const msgpack_object *settled = codec_get(result, "settled");
	const msgpack_object *leaf = NULL;
	enum status status = codec_decode(check->client->arena, bytes, &leaf, err);

	if (status != STATUS_OK || codec_get_int(leaf, "number", -1) != number) {
		return error_set(err, STATUS_UNVERIFIED,
				 "journal entry %lld: its leaf is not a leaf, or another's",
				 (long long)number);
	}
	for (size_t i = 0; i < list_size(openings) && status == STATUS_OK; i++) {
		status = check_opening(check, number, leaf, "fields", list_item(openings, i), err);
	}
	for (size_t i = 0; i < list_size(settled) && status == STATUS_OK; i++) {
		status = check_opening(check, number, leaf, "settled", list_item(settled, i), err);
	}
	if (status == STATUS_OK) {
		check->whole++;
	}
	return status;
}

static enum status check_answer(struct check *check, int64_t number, const msgpack_object *result,
				struct error *err)
{
	struct span bytes = {NULL, 0};
	struct span hash = {NULL, 0};
	struct merkle_proof proof;
	struct digest leaf;
	bool have_leaf = codec_bin(codec_get(result, "leaf"), &bytes);
	enum status status = accept_head(check, codec_get_text(result, "head"), err);

	if (status != STATUS_OK) {
		return status;
	}
	if (have_leaf) {
		merkle_leaf(bytes, &leaf);
	} else if (codec_bin(codec_get(result, "hash"), &hash) && hash.length == DIGEST_BYTES) {
		/* Its bytes name what this person may not know of; the hash alone still proves its place. */
		memcpy(leaf.bytes, hash.data, DIGEST_BYTES);
	} else {
		return error_set(err, STATUS_FAILED,
				 "journal entry %lld came without its leaf and without its hash",
				 (long long)number);
	}
	if (!pin_read_proof(codec_get(result, "proof"), &proof) ||
	    !merkle_check_inclusion(&leaf, (uint64_t)number, check->head.size, &proof, &check->head.root)) {
		return error_set(
			err, STATUS_UNVERIFIED,
			"journal entry %lld is not in the tree that the server signed: it was altered, or "
			"slipped in",
			(long long)number);
	}
	check->entries++;
	return have_leaf ? check_leaf(check, number, bytes, result, err) : STATUS_OK;
}

static enum status check_entry(struct check *check, int64_t number, struct error *err)
{
	struct client *client = check->client;
	enum status status = STATUS_UNREACHABLE;

	for (int attempt = 0; attempt < 3 && status == STATUS_UNREACHABLE; attempt++) {
		struct buffer *params = client_buffer(client);
		const msgpack_object *result = NULL;

		if (!params) {
			return error_memory(err);
		}
		codec_put_map(params, 1);
		codec_pair_int(params, "entry", number);
		status = client_call(client, METHOD_journal_show, params, &result, err);
		if (status == STATUS_NOT_FOUND) {
			*err = (struct error)ERROR_INIT;
			check->unseen++;
			return STATUS_OK;
		}
		if (status == STATUS_UNREACHABLE) {
			return status;
		}
		if (status == STATUS_OK) {
			status = check_answer(check, number, result, err);
		}
	}
	if (status == STATUS_UNREACHABLE) {
		return error_set(err, STATUS_UNREACHABLE,
				 "the journal grows faster than it can be checked; try again");
	}
	return status;
}

/* Each entry gets an arena of its own, so that a long journal costs no more memory than its longest entry. */
static enum status check_all(struct check *check, int64_t count, struct error *err)
{
	struct client *client = check->client;
	int64_t size = (int64_t)check->head.size;
	enum status status = STATUS_OK;

	for (int64_t number = size - 1; number >= 0 && number >= size - count && status == STATUS_OK;
	     number--) {
		struct client view = *client;

		view.arena = arena_new();
		if (!view.arena) {
			return error_memory(err);
		}
		check->client = &view;
		status = check_entry(check, number, err);
		check->client = client;
		client->call = view.call;
		client->greeting.entries = view.greeting.entries;
		arena_free(view.arena);
	}
	client->details = NULL;
	return status;
}

static enum status tell(struct check *check, struct error *err)
{
	struct client *client = check->client;
	FILE *file = client->output.file;

	if (client->output.mode == OUTPUT_JSON) {
		return json_print(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "good", 1, "size",
					    (json_int_t)check->head.size, "entries",
					    (json_int_t)check->entries, "leaves", (json_int_t)check->whole,
					    "values", (json_int_t)check->values, "not_shown",
					    (json_int_t)check->unseen),
				  &client->output, err);
	}
	if (client->output.mode != OUTPUT_TABLE) {
		(void)fputs("good\n", file);
		return STATUS_OK;
	}
	(void)fprintf(
		file,
		"The journal checks out.\n"
		"  its head, of %llu entries, is signed by the key that this device was given at enrolment\n"
		"  it has grown from the head that this device had seen before; nothing was cut or "
		"rewritten\n"
		"  %lld entries are in its tree; the leaves of %lld of them were seen and have the right "
		"hash\n"
		"  %lld values are those that were recorded\n",
		(unsigned long long)check->head.size, (long long)check->entries, (long long)check->whole,
		(long long)check->values);
	if (check->unseen > 0) {
		(void)fprintf(
			file,
			"  %lld entries are not shown to you, so nothing can be said about them one by one\n",
			(long long)check->unseen);
	}
	return STATUS_OK;
}

enum status command_journal_check(struct client *client, struct error *err)
{
	struct check check = {.client = client};
	int64_t count = 0;
	enum status status;

	status =
		arguments_number(client->arguments, FLAG_LIMIT, 1, INT64_MAX / 2, CHECK_DEFAULT, &count, err);
	if (status == STATUS_OK && arguments_have(client->arguments, FLAG_ALL)) {
		count = INT64_MAX / 2;
	}
	/* Connecting has checked the newest head against the pinned one already, and pinned it. */
	if (status == STATUS_OK) {
		status = client_connect(client, err);
	}
	if (status == STATUS_OK) {
		status = pin_load(client->arena, &client->profile, &check.head, err);
	}
	if (status == STATUS_OK) {
		status = check_all(&check, count, err);
	}
	return status == STATUS_OK ? tell(&check, err) : status;
}
