/* Signed heads: the format to the letter, and that nothing in a note can be changed. */
#include "protocol/checkpoint.h"

#include "rows.h"

#include <openssl/ec.h>

#define ORIGIN "safer.example/journal"
#define ROOT   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* SHA-256 of nothing */
#define DASH   "\xe2\x80\x94 "

/* The first key of RFC 8032 section 7.1, and what another program makes of it. */
static const char seed[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char verifier[] = ORIGIN "+b7621771+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
static const char note[] =
	ORIGIN "\n1042\n" ROOT "\n\n" DASH ORIGIN
	       " t2IXcZvVMmxr74RuBs5c31TSaP5eJaCWpw8szadPOb3Agl4UcxiYWCJDIMVsQpDrW1ztlf0914"
	       "/7vl/1xnQHLycToAo=\n";

static EVP_PKEY *key_new(void)
{
	uint8_t bytes[32];
	EVP_PKEY *key;

	assert_true(hex_parse(seed, strlen(seed), bytes, sizeof(bytes)));
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof(bytes));
	assert_non_null(key);
	return key;
}

static struct checkpoint head(void)
{
	struct checkpoint checkpoint = {.origin = ORIGIN, .size = 1042};

	digest_bytes("", 0, &checkpoint.root);
	return checkpoint;
}

static void a_note_is_written_to_the_letter(void **state)
{
	const struct checkpoint checkpoint = head();
	EVP_PKEY *key = key_new();
	struct buffer out;

	(void)state;
	buffer_init(&out, CHECKPOINT_NOTE);
	assert_int_equal(checkpoint_sign(&checkpoint, key, &out, NULL), STATUS_OK);
	assert_string_equal(buffer_text(&out), note);
	buffer_release(&out);
	EVP_PKEY_free(key);
}

static void a_verifier_key_is_written_to_the_letter(void **state)
{
	EVP_PKEY *key = key_new();
	EVP_PKEY *public;
	uint8_t raw[32];
	size_t length = sizeof(raw);
	char text[CHECKPOINT_KEY];

	(void)state;
	assert_int_equal(checkpoint_key(ORIGIN, key, text, NULL), STATUS_OK);
	assert_string_equal(text, verifier);
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &length), 1);
	public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, length);
	assert_non_null(public);
	memset(text, 0, sizeof(text));
	assert_int_equal(checkpoint_key(ORIGIN, public, text, NULL), STATUS_OK);
	assert_string_equal(text, verifier);
	EVP_PKEY_free(public);
	EVP_PKEY_free(key);
}

static void a_note_opens_with_its_key(void **state)
{
	struct checkpoint opened = {.size = 0};
	const struct checkpoint wanted = head();

	(void)state;
	assert_int_equal(checkpoint_open(note, strlen(note), verifier, &opened, NULL), STATUS_OK);
	assert_string_equal(opened.origin, ORIGIN);
	assert_true(opened.size == 1042);
	assert_true(digest_equal(&opened.root, &wanted.root));
}

static void assert_unverified(const char *text, size_t length, const char *key)
{
	struct checkpoint opened = {.size = 77};
	struct error err = ERROR_INIT;

	assert_int_equal(checkpoint_open(text, length, key, &opened, &err), STATUS_UNVERIFIED);
	assert_true(opened.size == 77);
	assert_true(strlen(err.message) > 10);
}

static void no_bit_of_a_note_can_be_flipped(void **state)
{
	char changed[sizeof(note)];

	(void)state;
	memcpy(changed, note, sizeof(note));
	for (size_t i = 0; i < strlen(note); i++) {
		for (int bit = 0; bit < 8; bit++) {
			changed[i] = (char)(note[i] ^ 1 << bit);
			assert_unverified(changed, strlen(note), verifier);
		}
		changed[i] = note[i];
	}
}

static void no_end_of_a_note_can_be_cut_or_added_to(void **state)
{
	char longer[sizeof(note) + 1];

	(void)state;
	for (size_t length = 0; length < strlen(note); length++) {
		assert_unverified(note, length, verifier);
	}
	memcpy(longer, note, sizeof(note));
	for (int added = 0; added < 256; added++) {
		longer[sizeof(note) - 1] = (char)added;
		assert_unverified(longer, sizeof(note), verifier);
	}
}

static void no_byte_of_a_verifier_key_can_be_changed(void **state)
{
	char changed[sizeof(verifier)];

	(void)state;
	memcpy(changed, verifier, sizeof(verifier));
	for (size_t i = 0; i < strlen(verifier); i++) {
		changed[i] = verifier[i] == 'A' ? 'B' : 'A';
		assert_unverified(note, strlen(note), changed);
		changed[i] = verifier[i];
	}
	for (size_t length = 0; length < strlen(verifier); length++) {
		memcpy(changed, verifier, sizeof(verifier));
		changed[length] = '\0';
		assert_unverified(note, strlen(note), changed);
	}
}

/* ---- notes of other makers ---- */

/* Signs any text as checkpoint_sign does its own. */
static void sign_text(const char *text, struct buffer *out)
{
	EVP_PKEY *key = key_new();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[68] = {0xb7, 0x62, 0x17, 0x71};
	size_t length = 64;

	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, signature + 4, &length, (const uint8_t *)text, strlen(text)),
			 1);
	buffer_init(out, 4096);
	buffer_printf(out, "%s\n" DASH ORIGIN " ", text);
	base64_append(out, signature, sizeof(signature));
	buffer_append_text(out, "\n");
	assert_false(out->failed);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

struct row {
	const char *name;
	const char *text;
	enum status status;
};

static const struct row rows[] = {
	{"opens a head with lines of extensions", ORIGIN "\n1042\n" ROOT "\nan extension\n", STATUS_OK},
	{"opens the head of an empty journal", ORIGIN "\n0\n" ROOT "\n", STATUS_OK},
	{"opens the largest size", ORIGIN "\n18446744073709551615\n" ROOT "\n", STATUS_OK},
	{"refuses another origin", "other.example/journal\n1042\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a longer origin", ORIGIN "2\n1042\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses no origin", "\n1042\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a size with a leading zero", ORIGIN "\n01042\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a negative size", ORIGIN "\n-1\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a size over 64 bits", ORIGIN "\n18446744073709551616\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses no size", ORIGIN "\n\n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a size with a space", ORIGIN "\n1042 \n" ROOT "\n", STATUS_UNVERIFIED},
	{"refuses a short root", ORIGIN "\n1042\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n",
	 STATUS_UNVERIFIED},
	{"refuses a root that is not base64", ORIGIN "\n1042\n!!!!\n", STATUS_UNVERIFIED},
	{"refuses no root", ORIGIN "\n1042\n", STATUS_UNVERIFIED},
	{"refuses carriage returns", ORIGIN "\r\n1042\r\n" ROOT "\r\n", STATUS_UNVERIFIED},
};

static void opens_or_not(void **state)
{
	const struct row *row = *state;
	struct checkpoint opened;
	struct buffer signed_note;

	sign_text(row->text, &signed_note);
	assert_int_equal(
		checkpoint_open((const char *)signed_note.data, signed_note.length, verifier, &opened, NULL),
		row->status);
	buffer_release(&signed_note);
}

static void a_signature_of_somebody_else_beside_ours_is_passed_over(void **state)
{
	static const char witness[] =
		DASH "witness.example x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2"
		     "pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	struct checkpoint opened;
	char both[sizeof(note) + sizeof(witness)];
	const size_t signed_bytes = (size_t)(strstr(note, "\n\n") - note) + 2;
	const size_t total = strlen(note) + strlen(witness);

	(void)state;
	memcpy(both, note, strlen(note));
	memcpy(both + strlen(note), witness, strlen(witness));
	assert_int_equal(checkpoint_open(both, total, verifier, &opened, NULL), STATUS_OK);

	memcpy(both, note, signed_bytes);
	memcpy(both + signed_bytes, witness, strlen(witness));
	memcpy(both + signed_bytes + strlen(witness), note + signed_bytes, strlen(note) - signed_bytes);
	assert_int_equal(checkpoint_open(both, total, verifier, &opened, NULL), STATUS_OK);

	/* A witness alone proves nothing to whoever does not know it. */
	assert_unverified(both, signed_bytes + strlen(witness), verifier);
}

static void a_note_of_the_reference_implementation_has_a_good_signature(void **state)
{
	static const char key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	static const char text[] =
		"If you think cryptography is the answer to your problem,\n"
		"then you don't know what your problem is.\n"
		"\n" DASH "PeterNeumann "
		"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
		"Zb6KE6RyyBwJnAM=\n";
	struct checkpoint opened;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(checkpoint_open(text, strlen(text), key, &opened, &err), STATUS_UNVERIFIED);
	assert_non_null(strstr(err.message, "what is signed is not a head")); /* so it is signed */
}

/* ---- what cannot be signed ---- */

static const struct row origins[] = {
	{"signs for no name", "", STATUS_INVALID},
	{"signs for no name with a space", "safer example", STATUS_INVALID},
	{"signs for no name with a plus sign", "safer+example", STATUS_INVALID},
	{"signs for no name with a line feed", "safer\nexample", STATUS_INVALID},
	{"signs for no name beyond ASCII",
	 "s\xc3\xa4"
	 "fer",
	 STATUS_INVALID},
};

static void signs_or_not(void **state)
{
	const struct row *row = *state;
	struct checkpoint checkpoint = head();
	EVP_PKEY *key = key_new();
	struct error err = ERROR_INIT;
	struct buffer out;
	char text[CHECKPOINT_KEY] = "";

	memset(checkpoint.origin, 0, sizeof(checkpoint.origin));
	memcpy(checkpoint.origin, row->text, strlen(row->text));
	buffer_init(&out, CHECKPOINT_NOTE);
	assert_int_equal(checkpoint_sign(&checkpoint, key, &out, &err), row->status);
	assert_int_equal(out.length, 0);
	assert_int_equal(checkpoint_key(row->text, key, text, &err), row->status);
	assert_string_equal(text, "");
	buffer_release(&out);
	EVP_PKEY_free(key);
}

static void the_longest_name_is_signed_for(void **state)
{
	struct checkpoint checkpoint = head();
	struct checkpoint opened;
	EVP_PKEY *key = key_new();
	char text[CHECKPOINT_KEY];
	struct buffer out;

	(void)state;
	memset(checkpoint.origin, 'x', CHECKPOINT_ORIGIN - 1);
	checkpoint.origin[CHECKPOINT_ORIGIN - 1] = '\0';
	checkpoint.size = UINT64_MAX;
	buffer_init(&out, CHECKPOINT_NOTE);
	assert_int_equal(checkpoint_sign(&checkpoint, key, &out, NULL), STATUS_OK);
	assert_int_equal(checkpoint_key(checkpoint.origin, key, text, NULL), STATUS_OK);
	assert_int_equal(checkpoint_open((const char *)out.data, out.length, text, &opened, NULL), STATUS_OK);
	assert_true(opened.size == UINT64_MAX);
	buffer_release(&out);
	EVP_PKEY_free(key);
}

static void a_key_of_another_kind_signs_nothing(void **state)
{
	const struct checkpoint checkpoint = head();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char text[CHECKPOINT_KEY];
	struct buffer out;

	(void)state;
	assert_non_null(key);
	buffer_init(&out, CHECKPOINT_NOTE);
	assert_int_equal(checkpoint_sign(&checkpoint, key, &out, NULL), STATUS_FAILED);
	assert_int_equal(checkpoint_key(ORIGIN, key, text, NULL), STATUS_FAILED);
	buffer_release(&out);
	EVP_PKEY_free(key);
}

int main(void)
{
	struct rows tests = {.count = 0};

	rows_add(&tests, "writes a note to the letter", a_note_is_written_to_the_letter, NULL);
	rows_add(&tests, "writes a verifier key to the letter", a_verifier_key_is_written_to_the_letter,
		 NULL);
	rows_add(&tests, "opens a note with its key", a_note_opens_with_its_key, NULL);
	rows_add(&tests, "refuses a note with any one bit flipped", no_bit_of_a_note_can_be_flipped, NULL);
	rows_add(&tests, "refuses a note that was cut or added to", no_end_of_a_note_can_be_cut_or_added_to,
		 NULL);
	rows_add(&tests, "refuses a verifier key with any one byte changed",
		 no_byte_of_a_verifier_key_can_be_changed, NULL);
	rows_add_table(&tests, rows, opens_or_not);
	rows_add(&tests, "passes over somebody else's signature beside ours",
		 a_signature_of_somebody_else_beside_ours_is_passed_over, NULL);
	rows_add(&tests, "finds the signature of the reference implementation's note good",
		 a_note_of_the_reference_implementation_has_a_good_signature, NULL);
	rows_add_table(&tests, origins, signs_or_not);
	rows_add(&tests, "signs for the longest name", the_longest_name_is_signed_for, NULL);
	rows_add(&tests, "signs nothing with a key of another kind", a_key_of_another_kind_signs_nothing,
		 NULL);
	return rows_run(&tests, "checkpoint");
}
