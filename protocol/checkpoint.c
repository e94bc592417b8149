/* Signed heads: the few lines of text that pin a whole journal. The server signs one after each commit; clients keep
 * the last that they saw, and evidence files carry one. The format is C2SP's, byte for byte:
 *
 *   <origin>\n<size in decimal>\n<root in base64>\n\n— <origin> <base64 of key hash (4 bytes) and signature (64)>\n
 */
#include "protocol/checkpoint.h"

#include <string.h>

#define SIGNATURE_TYPE  0x01 /* Ed25519, in signed-note's list */
#define KEY_BYTES       32
#define SIGNATURE_BYTES 64
#define KEY_HASH_BYTES  4

/* Note readers elsewhere take notes up to a megabyte; ours gather a witness's line now and then. */
#define NOTE_BYTES_MAX 65536

static const char signature_mark[] = "\xe2\x80\x94 "; /* an em dash and a space */

/* A verifier key, taken apart. */
struct verifier {
	struct span name;
	uint8_t hash[KEY_HASH_BYTES];
	uint8_t key[KEY_BYTES];
};

static bool starts_with(struct span text, const char *start)
{
	return text.length >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

static bool same(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static struct span advance(struct span text, size_t bytes)
{
	return (struct span){text.data + bytes, text.length - bytes};
}

/* Takes the next line off a text, without its line feed. False when no line feed is left. */
static bool line_next(struct span *text, struct span *line)
{
	const uint8_t *end = text->length > 0 ? memchr(text->data, '\n', text->length) : NULL;

	if (!end) {
		return false;
	}
	*line = (struct span){text->data, (size_t)(end - text->data)};
	*text = advance(*text, line->length + 1);
	return true;
}

/* Signed-note wants names of keys without spaces and plus signs, as both end the name in a line. */
static bool origin_is_good(struct span origin)
{
	if (origin.length == 0 || origin.length >= CHECKPOINT_ORIGIN) {
		return false;
	}
	for (size_t i = 0; i < origin.length; i++) {
		if (origin.data[i] <= ' ' || origin.data[i] == '+' || origin.data[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

static enum status refuse_origin(const char *origin, struct error *err)
{
	return error_set(
		err, STATUS_INVALID,
		"\"%.140s\" cannot name a journal: a name is 1 to %d ASCII characters without spaces and "
		"plus signs",
		origin, CHECKPOINT_ORIGIN - 1);
}

/* Signed-note's key hash: the start of SHA-256(name || 0x0a || type || key). */
static void key_hash(struct span name, const uint8_t key[KEY_BYTES], uint8_t out[KEY_HASH_BYTES])
{
	static const uint8_t between[] = {'\n', SIGNATURE_TYPE};
	const struct span pieces[] = {name, {between, sizeof(between)}, {key, KEY_BYTES}};
	struct digest digest;

	digest_spans(pieces, 3, &digest);
	memcpy(out, digest.bytes, KEY_HASH_BYTES);
}

static enum status public_key(EVP_PKEY *key, uint8_t out[KEY_BYTES], struct error *err)
{
	size_t length = KEY_BYTES;

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(key, out, &length) != 1 || length != KEY_BYTES) {
		return error_set(err, STATUS_FAILED, "the key of the journal is not an Ed25519 key");
	}
	return STATUS_OK;
}

enum status checkpoint_key(const char *origin, EVP_PKEY *key, char out[CHECKPOINT_KEY], struct error *err)
{
	const struct span name = {(const uint8_t *)origin, strlen(origin)};
	enum status status;
	uint8_t typed[1 + KEY_BYTES] = {SIGNATURE_TYPE};
	uint8_t hash[KEY_HASH_BYTES];
	char hash_text[2 * KEY_HASH_BYTES + 1];
	struct buffer text;

	buffer_init(&text, CHECKPOINT_KEY - 1);
	if (!origin_is_good(name)) {
		return refuse_origin(origin, err);
	}
	status = public_key(key, typed + 1, err);
	if (status != STATUS_OK) {
		goto out;
	}
	key_hash(name, typed + 1, hash);
	hex_format(hash, sizeof(hash), hash_text);
	buffer_printf(&text, "%s+%s+", origin, hash_text);
	base64_append(&text, typed, sizeof(typed));
	if (text.failed) {
		status = error_memory(err);
		goto out;
	}
	memcpy(out, text.data, text.length);
	out[text.length] = '\0';
out:
	buffer_release(&text);
	return status;
}

static enum status sign(EVP_PKEY *key, struct span text, uint8_t out[SIGNATURE_BYTES], struct error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = SIGNATURE_BYTES;
	enum status status = STATUS_OK;

	if (!context) {
		return error_memory(err);
	}
	if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(context, out, &length, text.data, text.length) != 1 || length != SIGNATURE_BYTES) {
		status = error_set(err, STATUS_FAILED, "the journal's head could not be signed");
	}
	EVP_MD_CTX_free(context);
	return status;
}

enum status checkpoint_sign(const struct checkpoint *checkpoint, EVP_PKEY *key, struct buffer *out,
			    struct error *err)
{
	const struct span name = {(const uint8_t *)checkpoint->origin,
				  strnlen(checkpoint->origin, CHECKPOINT_ORIGIN)};
	enum status status;
	uint8_t public[KEY_BYTES];
	uint8_t signature[KEY_HASH_BYTES + SIGNATURE_BYTES];
	struct buffer note;

	buffer_init(&note, CHECKPOINT_NOTE - 1);
	if (!origin_is_good(name)) {
		return refuse_origin(checkpoint->origin, err);
	}
	status = public_key(key, public, err);
	if (status != STATUS_OK) {
		goto out;
	}
	buffer_printf(&note, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->size);
	base64_append(&note, checkpoint->root.bytes, DIGEST_BYTES);
	if (!buffer_append_text(&note, "\n")) {
		status = error_memory(err);
		goto out;
	}
	key_hash(name, public, signature);
	status = sign(key, buffer_span(&note), signature + KEY_HASH_BYTES, err);
	if (status != STATUS_OK) {
		goto out;
	}
	buffer_printf(&note, "\n%s%s ", signature_mark, checkpoint->origin);
	base64_append(&note, signature, sizeof(signature));
	buffer_append_text(&note, "\n");
	if (note.failed || !buffer_append(out, note.data, note.length)) {
		status = error_memory(err);
	}
out:
	buffer_release(&note);
	return status;
}

static bool verifier_parse(const char *text, struct verifier *out)
{
	const char *plus = strchr(text, '+');
	const char *second = plus ? strchr(plus + 1, '+') : NULL;
	uint8_t typed[1 + KEY_BYTES];
	uint8_t hash[KEY_HASH_BYTES];
	size_t length;

	if (!second) {
		return false;
	}
	out->name = (struct span){(const uint8_t *)text, (size_t)(plus - text)};
	if (!origin_is_good(out->name) ||
	    !hex_parse(plus + 1, (size_t)(second - plus - 1), out->hash, KEY_HASH_BYTES) ||
	    !base64_parse(second + 1, strlen(second + 1), typed, sizeof(typed), &length) ||
	    length != sizeof(typed) || typed[0] != SIGNATURE_TYPE) {
		return false;
	}
	memcpy(out->key, typed + 1, KEY_BYTES);
	key_hash(out->name, out->key, hash);
	return memcmp(hash, out->hash, KEY_HASH_BYTES) == 0;
}

static bool signature_is_good(const struct verifier *verifier, const uint8_t signature[SIGNATURE_BYTES],
			      struct span text)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verifier->key, KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, SIGNATURE_BYTES, text.data, text.length) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

/* Whether one of the signature lines is by the verifier's key and right. Lines of other keys, such as a witness's,
 * are passed over; a line that is none at all is refused. */
static bool signed_by(const struct verifier *verifier, struct span lines, struct span text)
{
	bool good = false;
	struct span line;

	while (line_next(&lines, &line)) {
		uint8_t signature[KEY_HASH_BYTES + SIGNATURE_BYTES];
		const uint8_t *space;
		struct span name;
		size_t length;

		if (!starts_with(line, signature_mark)) {
			return false;
		}
		line = advance(line, strlen(signature_mark));
		space = line.length > 0 ? memchr(line.data, ' ', line.length) : NULL;
		if (!space || space == line.data) {
			return false;
		}
		name = (struct span){line.data, (size_t)(space - line.data)};
		line = advance(line, name.length + 1);
		if (!same(name, verifier->name)) {
			continue;
		}
		if (!base64_parse((const char *)line.data, line.length, signature, sizeof(signature),
				  &length) ||
		    length != sizeof(signature) || memcmp(signature, verifier->hash, KEY_HASH_BYTES) != 0) {
			continue; /* the name's key of another type or time */
		}
		if (!signature_is_good(verifier, signature + KEY_HASH_BYTES, text)) {
			return false;
		}
		good = true;
	}
	return good && lines.length == 0;
}

static bool size_parse(struct span text, uint64_t *out)
{
	uint64_t size = 0;

	if (text.length == 0 || (text.length > 1 && text.data[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(size, 10, &size) ||
		    __builtin_add_overflow(size, (uint64_t)(text.data[i] - '0'), &size)) {
			return false;
		}
	}
	*out = size;
	return true;
}

/* The signed text: three lines, then any lines of extensions, which say nothing to us. */
static bool text_parse(struct span text, struct checkpoint *out)
{
	struct span origin;
	struct span size;
	struct span root;
	size_t length;

	if (!line_next(&text, &origin) || !line_next(&text, &size) || !line_next(&text, &root) ||
	    !origin_is_good(origin) || !size_parse(size, &out->size) ||
	    !base64_parse((const char *)root.data, root.length, out->root.bytes, DIGEST_BYTES, &length) ||
	    length != DIGEST_BYTES) {
		return false;
	}
	memcpy(out->origin, origin.data, origin.length);
	out->origin[origin.length] = '\0';
	return true;
}

/* Where the signatures begin: after the last empty line. */
static const uint8_t *signatures_find(struct span note)
{
	for (size_t i = note.length; i >= 2; i--) {
		if (note.data[i - 2] == '\n' && note.data[i - 1] == '\n') {
			return note.data + i;
		}
	}
	return NULL;
}

enum status checkpoint_open(const char *note, size_t length, const char *verifier_key, struct checkpoint *out,
			    struct error *err)
{
	const struct span whole = {(const uint8_t *)note, length};
	struct verifier verifier;
	struct checkpoint opened = {.size = 0};
	const uint8_t *signatures;
	struct span text;

	if (!verifier_parse(verifier_key, &verifier)) {
		return error_set(
			err, STATUS_UNVERIFIED,
			"the key that the journal's head is to be checked with is not a verifier key");
	}
	signatures = length <= NOTE_BYTES_MAX ? signatures_find(whole) : NULL;
	if (!signatures) {
		return error_set(err, STATUS_UNVERIFIED, "the journal's head is not a signed note");
	}
	text = (struct span){whole.data, (size_t)(signatures - whole.data) - 1}; /* without the empty line */
	if (!signed_by(&verifier, advance(whole, text.length + 1), text)) {
		return error_set(err, STATUS_UNVERIFIED,
				 "the journal's head is not signed by the key of %.*s",
				 (int)verifier.name.length, (const char *)verifier.name.data);
	}
	if (!text_parse(text, &opened) || strlen(opened.origin) != verifier.name.length ||
	    memcmp(opened.origin, verifier.name.data, verifier.name.length) != 0) {
		return error_set(err, STATUS_UNVERIFIED, "what is signed is not a head of the journal %.*s",
				 (int)verifier.name.length, (const char *)verifier.name.data);
	}
	*out = opened;
	return STATUS_OK;
}
