/* Hashes, randomness and the text forms of bytes, against the vectors of their standards. */
#include "common/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* FIPS 180-4, as published by NIST. */
static const struct {
	const char *message;
	const char *digest;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void digests_are_those_of_the_standard(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct digest digest;
		char text[2 * DIGEST_BYTES + 1];

		digest_bytes(vectors[i].message, strlen(vectors[i].message), &digest);
		hex_format(digest.bytes, DIGEST_BYTES, text);
		assert_string_equal(text, vectors[i].digest);
	}
}

static struct span span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static void pieces_are_one_message(void **state)
{
	struct span pieces[] = {span_of("a"), {NULL, 0}, span_of("bc")};
	struct digest whole;
	struct digest parts;

	(void)state;
	digest_bytes("abc", 3, &whole);
	digest_spans(pieces, 3, &parts);
	assert_true(digest_equal(&whole, &parts));
	digest_spans(NULL, 0, &parts);
	assert_false(digest_equal(&whole, &parts));
}

static void random_bytes_differ(void **state)
{
	uint8_t a[1000] = {0};
	uint8_t b[1000] = {0};

	(void)state;
	assert_true(random_bytes(a, sizeof(a)));
	assert_true(random_bytes(b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 992, b + 992, 8);
	assert_true(random_bytes(NULL, 0));
}

static void hex_is_read_as_it_is_written(void **state)
{
	uint8_t bytes[] = {0x00, 0x1f, 0xab, 0xff};
	uint8_t read[4];
	char text[9];

	(void)state;
	hex_format(bytes, sizeof(bytes), text);
	assert_string_equal(text, "001fabff");
	assert_true(hex_parse(text, 8, read, 4));
	assert_memory_equal(read, bytes, 4);
	assert_true(hex_parse("", 0, read, 0));
}

static void hex_of_another_length_or_case_is_refused(void **state)
{
	uint8_t read[4] = "....";

	(void)state;
	assert_false(hex_parse("001fab", 6, read, 4));
	assert_false(hex_parse("001fabf", 7, read, 4));
	assert_false(hex_parse("001fabff00", 10, read, 4));
	assert_false(hex_parse("001FABFF", 8, read, 4));
	assert_false(hex_parse("001fabfg", 8, read, 4));
	assert_false(hex_parse("001fab\0\0", 8, read, 4));
	assert_memory_equal(read, "....", 4);
}

/* RFC 4648 section 10 for base64; base32 by hand from the alphabet of Crockford. */
static const struct {
	const char *bytes;
	const char *base64;
	const char *base32;
} forms[] = {
	{"", "", ""},
	{"f", "Zg==", "CR"},
	{"fo", "Zm8=", "CSQG"},
	{"foo", "Zm9v", "CSQPY"},
	{"foob", "Zm9vYg==", "CSQPYRG"},
	{"fooba", "Zm9vYmE=", "CSQPYRK1"},
	{"foobar", "Zm9vYmFy", "CSQPYRK1E8"},
};

static void text_forms_are_those_of_their_authors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t bytes = strlen(forms[i].bytes);
		uint8_t read[8];
		size_t length;
		struct buffer out;

		buffer_init(&out, 100);
		assert_true(base64_append(&out, forms[i].bytes, bytes));
		assert_string_equal(buffer_text(&out), forms[i].base64);
		assert_true(base64_parse(forms[i].base64, strlen(forms[i].base64), read, bytes, &length));
		assert_int_equal(length, bytes);
		assert_memory_equal(read, forms[i].bytes, bytes);

		buffer_clear(&out);
		assert_true(base32_append(&out, forms[i].bytes, bytes));
		assert_string_equal(buffer_text(&out), forms[i].base32);
		assert_true(base32_parse(forms[i].base32, strlen(forms[i].base32), read, bytes, &length));
		assert_int_equal(length, bytes);
		assert_memory_equal(read, forms[i].bytes, bytes);
		buffer_release(&out);
	}
}

static void random_bytes_of_every_length_come_back(void **state)
{
	uint8_t bytes[64];
	uint8_t read[64];
	size_t length;

	(void)state;
	for (size_t count = 0; count <= sizeof(bytes); count++) {
		struct buffer out;

		assert_true(random_bytes(bytes, count));
		buffer_init(&out, 200);
		assert_true(base64_append(&out, bytes, count));
		assert_true(base64_parse(buffer_text(&out), out.length, read, count, &length));
		assert_int_equal(length, count);
		assert_memory_equal(read, bytes, count);
		buffer_clear(&out);
		assert_true(base32_append(&out, bytes, count));
		assert_true(base32_parse(buffer_text(&out), out.length, read, count, &length));
		assert_int_equal(length, count);
		assert_memory_equal(read, bytes, count);
		buffer_release(&out);
	}
}

static void a_code_read_aloud_is_understood(void **state)
{
	uint8_t read[8];
	size_t length;

	(void)state;
	assert_true(base32_parse("csqp-YRKI-e8", 12, read, sizeof(read), &length));
	assert_int_equal(length, 6);
	assert_memory_equal(read, "foobar", 6);
	assert_true(base32_parse("oO-oO", 5, read, sizeof(read), &length));
	assert_memory_equal(read, "\0\0", 2);
}

static void is_refused_as_base64(void **state)
{
	const char *text = *state;
	uint8_t read[8] = "........";
	size_t length = 77;

	assert_false(base64_parse(text, strlen(text), read, sizeof(read), &length));
	assert_int_equal(length, 77);
	assert_memory_equal(read, "........", 8);
}

static void is_refused_as_base32(void **state)
{
	const char *text = *state;
	uint8_t read[8] = "........";
	size_t length = 77;

	assert_false(base32_parse(text, strlen(text), read, sizeof(read), &length));
	assert_int_equal(length, 77);
	assert_memory_equal(read, "........", 8);
}

static void what_does_not_fit_is_refused(void **state)
{
	uint8_t read[5] = {0};
	size_t length;

	(void)state;
	assert_false(base64_parse("Zm9vYmFy", 8, read, 5, &length));
	assert_true(base64_parse("Zm9vYmE=", 8, read, 5, &length));
	assert_false(base32_parse("CSQPYRK1E8", 10, read, 5, &length));
	assert_true(base32_parse("CSQPYRK1", 8, read, 5, &length));
}

#define NOT_BASE64(why, text)                                                    \
	{                                                                        \
		"refuses as base64 " why, is_refused_as_base64, NULL, NULL, text \
	}
#define NOT_BASE32(why, text)                                                    \
	{                                                                        \
		"refuses as base32 " why, is_refused_as_base32, NULL, NULL, text \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(pieces_are_one_message),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(hex_is_read_as_it_is_written),
		cmocka_unit_test(hex_of_another_length_or_case_is_refused),
		cmocka_unit_test(text_forms_are_those_of_their_authors),
		cmocka_unit_test(random_bytes_of_every_length_come_back),
		cmocka_unit_test(a_code_read_aloud_is_understood),
		cmocka_unit_test(what_does_not_fit_is_refused),
		NOT_BASE64("no padding", "Zg"),
		NOT_BASE64("too little padding", "Zg="),
		NOT_BASE64("too much padding", "Z==="),
		NOT_BASE64("padding alone", "===="),
		NOT_BASE64("padding in the middle", "Zg==Zg=="),
		NOT_BASE64("bits that fill no byte", "Zh=="),
		NOT_BASE64("a line break", "Zm9v\n"),
		NOT_BASE64("the alphabet of addresses", "Zm-_"),
		NOT_BASE32("the letter U", "CU"),
		NOT_BASE32("a digit too many", "C"),
		NOT_BASE32("bits that fill no byte", "CS"),
		NOT_BASE32("a space", "CR CR"),
		NOT_BASE32("three digits", "CSQ"),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
