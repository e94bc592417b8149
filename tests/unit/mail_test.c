/* Messages: what is an address, and that nothing gets into a header that was not meant to. */
#include "server/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void an_address_is_one_plain_address(void **state)
{
	static const char *const good[] = {"desk@example.org", "a.b+c@police.example", "x@localhost",
					   "o'neill@a-b.example"};
	static const char *const bad[] = {
		"",      "desk",    "@example.org",  "desk@",         "-t@example.org", "a b@example.org",
		"a@b c", "a@b,c@d", "a@b\nBcc: c@d", "a@b>c",         "\"a\"@b",        "Desk <a@b>",
		"a@-b",  "a@.b",    "a@b@c",         "ä@example.org", "a;b@c",          "(a)@b"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!mail_address_is_plain(good[i])) {
			fail_msg("\"%s\" is an address", good[i]);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (mail_address_is_plain(bad[i])) {
			fail_msg("\"%s\" is no address", bad[i]);
		}
	}
}

static const char *headers(struct buffer *out, const char *subject)
{
	buffer_init(out, 10000);
	mail_put_headers(out, &(struct mail){.from = "safer@example.org",
					     .to = "desk@example.org",
					     .subject = subject,
					     .id = "1@example.org",
					     .at = INT64_C(1404284400) * 1000000});
	return buffer_text(out);
}

static void headers_are_those_of_rfc_5322(void **state)
{
	struct buffer out;

	(void)state;
	assert_string_equal(headers(&out, "Three things"), "From: Safer <safer@example.org>\n"
							   "To: desk@example.org\n"
							   "Subject: Three things\n"
							   "Date: Wed, 02 Jul 2014 07:00:00 +0000\n"
							   "Message-ID: <1@example.org>\n"
							   "MIME-Version: 1.0\n"
							   "Content-Type: text/plain; charset=UTF-8\n"
							   "Content-Transfer-Encoding: 8bit\n"
							   "Auto-Submitted: auto-generated\n"
							   "\n");
	buffer_release(&out);
}

static void a_subject_brings_no_header_of_its_own(void **state)
{
	struct buffer out;
	const char *text = NULL;

	(void)state;
	text = headers(&out, "x\nBcc: everybody@example.org\n\nHello");
	assert_null(strstr(text, "Bcc"));
	assert_non_null(strstr(text, "Subject: =?UTF-8?B?"));
	buffer_release(&out);
	assert_null(strstr(headers(&out, "=?UTF-8?Q?x?="), "=?UTF-8?Q?"));
	buffer_release(&out);
}

static void a_long_subject_in_another_script_is_parted_between_characters(void **state)
{
	struct buffer out;
	const char *at = NULL;
	const char *text = NULL;

	(void)state;
	text = headers(&out,
		       "Partneriaeth Diogelwch Cymunedol Môn a Gwynedd ŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵŵ");
	at = strstr(text, "Subject: ");
	for (; strncmp(at, "Date", 4) != 0; at = strchr(at, '\n') + 1) {
		assert_true(strcspn(at, "\n") <= 90);
		assert_non_null(strstr(at, "?="));
	}
	buffer_release(&out);
}

static void a_text_is_broken_and_begins_with_a_space(void **state)
{
	char endless[3001];
	struct buffer out;

	(void)state;
	buffer_init(&out, 10000);
	mail_put_text(
		&out, "  A1  ", 6,
		"one two three four five six seven eight nine ten eleven twelve thirteen\n.\nFrom here");
	assert_string_equal(buffer_text(&out),
			    "  A1  one two three four five six seven eight nine ten eleven twelve\n"
			    "      thirteen . From here\n");
	buffer_clear(&out);
	memset(endless, 'x', 3000);
	endless[3000] = '\0';
	mail_put_text(&out, "  ", 2, endless);
	for (const char *at = buffer_text(&out); *at != '\0'; at = strchr(at, '\n') + 1) {
		assert_int_equal(at[0], ' ');
		assert_true(strcspn(at, "\n") < 998);
	}
	buffer_release(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_one_plain_address),
		cmocka_unit_test(headers_are_those_of_rfc_5322),
		cmocka_unit_test(a_subject_brings_no_header_of_its_own),
		cmocka_unit_test(a_long_subject_in_another_script_is_parted_between_characters),
		cmocka_unit_test(a_text_is_broken_and_begins_with_a_space),
	};

	return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
