/* The worked examples of docs/PROTOCOL.md, made by the code that speaks the protocol: whoever writes a client can compare
 * byte for byte. Times, salts and keys are fixed, so that the same bytes come out each time. */
#include "tools/generate.h"

#include "common/digest.h"
#include "protocol/checkpoint.h"
#include "protocol/commitment.h"
#include "protocol/invitation.h"
#include "protocol/merkle.h"
#include "protocol/message.h"
#include "server/journal/leaf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BYTES     26 /* of hexadecimal in a line that has no words beside it */
#define WORDS_COLUMN  12 /* bytes of hexadecimal before the words beside them */
#define EXAMPLE_BYTES 65536

/* An example that came out wrong must not be printed as if it were right. */
static void must(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "safer_generate: the example of %s cannot be made\n", what);
		exit(1);
	}
}

static void count_up(uint8_t *out, size_t bytes, uint8_t first)
{
	for (size_t i = 0; i < bytes; i++) {
		out[i] = (uint8_t)(first + i);
	}
}

/* Bytes in hexadecimal, and beside the first line of them what they say. */
static void print_bytes(const uint8_t *data, size_t length, const char *words)
{
	size_t width = words ? WORDS_COLUMN : ROW_BYTES;

	for (size_t at = 0; at < length || at == 0; at += width) {
		size_t count = length - at < width ? length - at : width;

		for (size_t i = 0; i < count; i++) {
			printf("%s%02x", i > 0 ? " " : "", data[at + i]);
		}
		if (words && at == 0) {
			printf("%*s%s", (int)(3 * (width - count)) + 2, "", words);
		}
		printf("\n");
	}
}

static void print_digest(const struct digest *digest)
{
	char text[2 * DIGEST_BYTES + 1];

	hex_format(digest->bytes, DIGEST_BYTES, text);
	printf("%s\n", text);
}

/* A message in the making: each step prints what it added. */
struct example {
	struct buffer bytes;
	size_t shown;
};

static void begin(struct example *example)
{
	buffer_init(&example->bytes, EXAMPLE_BYTES);
	example->shown = 0;
	printf("```\n");
}

static void show(struct example *example, const char *words)
{
	must(!example->bytes.failed, words);
	print_bytes(example->bytes.data + example->shown, example->bytes.length - example->shown, words);
	example->shown = example->bytes.length;
}

static void end(struct example *example)
{
	printf("```\n");
	buffer_release(&example->bytes);
}

/* ---- messages ---- */

void generate_example_hello(void)
{
	struct example example;

	begin(&example);
	message_put_request(&example.bytes, 1, "hello");
	show(&example, "[0, 1, \"hello\", [");
	codec_put_map(&example.bytes, 2);
	show(&example, "  a map of two pairs");
	codec_pair_int(&example.bytes, "protocol", 1);
	show(&example, "  \"protocol\": 1");
	codec_pair_int(&example.bytes, "head", 74);
	show(&example, "  \"head\": 74");
	end(&example);
}

void generate_example_change(void)
{
	struct example example;
	uint8_t request[16];

	count_up(request, sizeof(request), 0);
	begin(&example);
	message_put_request(&example.bytes, 2, "change");
	show(&example, "[0, 2, \"change\", [");
	codec_put_map(&example.bytes, 2);
	show(&example, "  a map of two pairs");
	codec_put_text(&example.bytes, "request");
	show(&example, "  \"request\":");
	codec_put_bin(&example.bytes, request, sizeof(request));
	show(&example, "    16 random bytes");
	codec_put_text(&example.bytes, "changes");
	show(&example, "  \"changes\":");
	codec_put_list(&example.bytes, 1);
	show(&example, "    a list of one item");
	codec_put_map(&example.bytes, 4);
	show(&example, "      a map of four pairs");
	codec_pair_text(&example.bytes, "do", "edit");
	show(&example, "      \"do\": \"edit\"");
	codec_pair_text(&example.bytes, "id", "A12");
	show(&example, "      \"id\": \"A12\"");
	codec_pair_int(&example.bytes, "base", 7);
	show(&example, "      \"base\": 7");
	codec_put_text(&example.bytes, "fields");
	show(&example, "      \"fields\":");
	codec_put_map(&example.bytes, 1);
	show(&example, "        a map of one pair");
	codec_pair_int(&example.bytes, "progress", 60);
	show(&example, "        \"progress\": 60");
	end(&example);
}

void generate_example_error(void)
{
	struct example example;
	struct error err = ERROR_INIT;

	error_set(&err, STATUS_NOT_FOUND, "There is no A99 that you may see.");
	begin(&example);
	message_put_error(&example.bytes, 2, &err, (struct span){NULL, 0});
	show(&example, NULL);
	end(&example);
}

/* ---- the invitation ---- */

void generate_example_invitation(void)
{
	static const struct {
		const char *words;
		size_t bytes;
	} parts[] = {
		{"fingerprint", INVITATION_FINGERPRINT},
		{"id", INVITATION_ID},
		{"secret", INVITATION_SECRET},
		{"port 7443", 2},
		{"\"csp.example.org\"", 15},
		{"NULs to a whole group", 0}, /* whatever is left before the check */
		{"CRC-32", 4},
	};
	struct invitation invitation = {.host = "csp.example.org", .port = 7443};
	char text[INVITATION_TEXT];
	char digits[INVITATION_TEXT];
	uint8_t data[INVITATION_TEXT];
	size_t count = 0;
	size_t length = 0;
	size_t at = 0;

	count_up(invitation.fingerprint, sizeof(invitation.fingerprint), 0x10);
	count_up(invitation.id, sizeof(invitation.id), 0xa0);
	count_up(invitation.secret, sizeof(invitation.secret), 0xe0);
	must(invitation_format(&invitation, text, NULL) == STATUS_OK, "an invitation");
	for (const char *next = text + strlen("SAFER1-"); *next; next++) {
		if (*next != '-') {
			digits[count++] = *next;
		}
	}
	must(base32_parse(digits, count, data, sizeof(data), &length), "an invitation");
	printf("```\n%s\n\n", text);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t bytes = parts[i].bytes > 0 ? parts[i].bytes : length - at - 4;

		if (bytes > 0) {
			print_bytes(data + at, bytes, parts[i].words);
		}
		at += bytes;
	}
	must(at == length, "an invitation");
	printf("```\n");
}

/* ---- the journal ---- */

static void put_leaf(struct buffer *out, struct digest *commitment)
{
	uint8_t value[] = {0x3c};
	struct journal_field field = {.name = "progress", .value = {value, sizeof(value)}};
	struct journal_change change = {.kind = "action",
					.id = "A12",
					.revision = 8,
					.verb = "edit",
					.fields = &field,
					.field_count = 1};
	uint8_t request[16];
	uint8_t by_salt[SALT_BYTES];
	uint8_t reason_salt[SALT_BYTES];
	struct journal_entry entry = {
		.at = INT64_C(1401696000000000),
		.what = "change",
		.person = "PE6",
		.by = "Mark Oakes, representative of Warwickshire Police",
		.post = "representative",
		.body = "B4",
		.credential = 6,
		.request = {request, sizeof(request)},
		.note = "",
		.changes = &change,
		.change_count = 1,
	};

	count_up(request, sizeof(request), 0);
	count_up(field.salt, sizeof(field.salt), 0);
	count_up(by_salt, sizeof(by_salt), 0x10);
	count_up(reason_salt, sizeof(reason_salt), 0x20);
	leaf_put(out, &entry, 1, by_salt, reason_salt);
	commitment_make(field.salt, change.kind, change.id, field.name, field.value, commitment);
	must(!out->failed, "a leaf");
}

void generate_example_commitment(void)
{
	static const uint8_t value[] = {0x3c};
	uint8_t length = SALT_BYTES;
	uint8_t salt[SALT_BYTES];
	struct digest digest;

	count_up(salt, sizeof(salt), 0);
	printf("```\n");
	print_bytes(&length, 1, "bytes of the salt");
	print_bytes(salt, sizeof(salt), "the salt");
	print_bytes((const uint8_t *)"action", 7, "\"action\" and a zero byte");
	print_bytes((const uint8_t *)"A12", 4, "\"A12\" and a zero byte");
	print_bytes((const uint8_t *)"progress", 9, "\"progress\" and a zero byte");
	print_bytes(value, sizeof(value), "60, packed");
	commitment_make(salt, "action", "A12", "progress", (struct span){value, sizeof(value)}, &digest);
	printf("\nSHA-256: ");
	print_digest(&digest);
	printf("```\n");
}

void generate_example_leaf(void)
{
	struct buffer leaf;
	struct digest commitment;
	struct digest hash;

	buffer_init(&leaf, EXAMPLE_BYTES);
	put_leaf(&leaf, &commitment);
	merkle_leaf(buffer_span(&leaf), &hash);
	printf("```\n");
	print_bytes(leaf.data, leaf.length, NULL);
	printf("\nleaf hash: ");
	print_digest(&hash);
	printf("```\n");
	buffer_release(&leaf);
}

/* Three leaves: the texts "zero" and "two", and between them the leaf above. */
struct small_tree {
	struct digest leaves[3];
	struct digest pair;
};

static void plant(struct small_tree *tree)
{
	struct buffer leaf;
	struct digest commitment;

	buffer_init(&leaf, EXAMPLE_BYTES);
	put_leaf(&leaf, &commitment);
	merkle_leaf((struct span){(const uint8_t *)"zero", 4}, &tree->leaves[0]);
	merkle_leaf(buffer_span(&leaf), &tree->leaves[1]);
	merkle_leaf((struct span){(const uint8_t *)"two", 3}, &tree->leaves[2]);
	merkle_node(&tree->leaves[0], &tree->leaves[1], &tree->pair);
	buffer_release(&leaf);
}

static enum status read_node(void *payload, uint32_t level, uint64_t index, struct digest *out,
			     struct error *err)
{
	const struct small_tree *tree = payload;

	if (level > 1 || index > (level == 0 ? 2 : 0)) {
		return error_set(err, STATUS_NOT_FOUND, "no such node");
	}
	*out = level == 0 ? tree->leaves[index] : tree->pair;
	return STATUS_OK;
}

static void print_proof(const char *words, const struct merkle_proof *proof)
{
	printf("%s\n", words);
	for (size_t i = 0; i < proof->count; i++) {
		printf("    ");
		print_digest(&proof->hashes[i]);
	}
}

void generate_example_tree(void)
{
	struct small_tree tree;
	struct merkle_proof inclusion;
	struct merkle_proof growth;
	struct digest root;

	plant(&tree);
	must(merkle_root(3, read_node, &tree, &root, NULL) == STATUS_OK &&
		     merkle_inclusion(1, 3, read_node, &tree, &inclusion, NULL) == STATUS_OK &&
		     merkle_consistency(2, 3, read_node, &tree, &growth, NULL) == STATUS_OK &&
		     merkle_check_inclusion(&tree.leaves[1], 1, 3, &inclusion, &root) &&
		     merkle_check_consistency(2, &tree.pair, 3, &root, &growth),
	     "a tree");
	printf("```\nroot of the first two leaves\n    ");
	print_digest(&tree.pair);
	printf("root of all three\n    ");
	print_digest(&root);
	print_proof("that leaf 1 is in the tree of three", &inclusion);
	print_proof("that the tree of two is the beginning of the tree of three", &growth);
	printf("```\n");
}

void generate_example_head(void)
{
	struct checkpoint head = {.origin = "csp.example.org/south-area-csp-1f2e3d4c", .size = 3};
	struct small_tree tree;
	struct buffer note;
	uint8_t seed[32];
	char key[CHECKPOINT_KEY];
	EVP_PKEY *private = NULL;

	count_up(seed, sizeof(seed), 0);
	plant(&tree);
	buffer_init(&note, CHECKPOINT_NOTE);
	private = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	must(private && merkle_root(3, read_node, &tree, &head.root, NULL) == STATUS_OK &&
		     checkpoint_key(head.origin, private, key, NULL) == STATUS_OK &&
		     checkpoint_sign(&head, private, &note, NULL) == STATUS_OK && !note.failed,
	     "a signed head");
	printf("```\n%s\n\n%.*s```\n", key, (int)note.length, (const char *)note.data);
	buffer_release(&note);
	EVP_PKEY_free(private);
}
