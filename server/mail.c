/* The form of a message. */
#include "server/mail.h"

#include "common/calendar.h"
#include "common/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define LINE_COLUMNS  76
#define ENCODED_BYTES 42  /* of a word in base64, which may be 75 long */
#define WORD_BYTES    200 /* a longer word is broken anywhere: no line may have more than 998 bytes */

bool mail_address_is_plain(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-";
	size_t local = strspn(text, allowed);
	const char *host = text + local + 1;

	return local > 0 && local <= 64 && text[0] != '-' && text[local] == '@' && host[0] != '\0' &&
	       host[0] != '.' && host[0] != '-' && strlen(host) <= 250 &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		       strlen(host);
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

/* RFC 2047: words of base64, none of them ending inside a character. */
static void put_encoded(struct buffer *out, const char *text)
{
	size_t length = strlen(text);

	for (size_t at = 0; at < length;) {
		unsigned char coded[4 * ENCODED_BYTES / 3 + 4];
		size_t bytes = length - at < ENCODED_BYTES ? length - at : ENCODED_BYTES;

		while (at + bytes < length && bytes > 1 && ((unsigned char)text[at + bytes] & 0xC0) == 0x80) {
			bytes--;
		}
		(void)EVP_EncodeBlock(coded, (const unsigned char *)text + at, (int)bytes);
		(void)buffer_printf(out, "%s=?UTF-8?B?%s?=", at > 0 ? "\n " : "", (const char *)coded);
		at += bytes;
	}
}

static void put_subject(struct buffer *out, const char *subject)
{
	(void)buffer_append_text(out, "Subject: ");
	if (is_printable(subject) && strlen(subject) < 900 && strstr(subject, "=?") == NULL) {
		(void)buffer_append_text(out, subject);
	} else {
		put_encoded(out, subject);
	}
	(void)buffer_append_text(out, "\n");
}

/* "Wed, 02 Jul 2014 07:00:00 +0000" */
static void put_date(struct buffer *out, int64_t at)
{
	static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[TIME_TEXT]; /* 2014-07-02T07:00:00... */
	day_t day = day_of_time(at);
	unsigned month = 0;

	time_format(at, text);
	month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
	(void)buffer_printf(out, "Date: %s, %.2s %s %.4s %.8s +0000\n", days[((day % 7) + 7) % 7], text + 8,
			    months[(month + 11) % 12], text, text + 11);
}

void mail_put_headers(struct buffer *out, const struct mail *mail)
{
	(void)buffer_printf(out, "From: Safer <%s>\nTo: %s\n", mail->from, mail->to);
	put_subject(out, mail->subject);
	put_date(out, mail->at);
	(void)buffer_printf(out, "Message-ID: <%s>\n", mail->id);
	(void)buffer_append_text(out, "MIME-Version: 1.0\n"
				      "Content-Type: text/plain; charset=UTF-8\n"
				      "Content-Transfer-Encoding: 8bit\n"
				      "Auto-Submitted: auto-generated\n"
				      "\n");
}

static void put_indent(struct buffer *out, size_t indent)
{
	(void)buffer_printf(out, "%*s", (int)(indent > 0 ? indent : 1), "");
}

void mail_put_text(struct buffer *out, const char *first, size_t indent, const char *text)
{
	size_t column = indent;

	(void)buffer_append_text(out, first);
	while (*text != '\0') {
		size_t length = strcspn(text, " \n");
		size_t columns = 0;

		length = length > WORD_BYTES ? WORD_BYTES : length;
		while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
			length--;
		}
		columns = text_columns(text, length);
		if (column > indent && column + 1 + columns > LINE_COLUMNS) {
			(void)buffer_append_text(out, "\n");
			put_indent(out, indent);
			column = indent;
		}
		if (column > indent && length > 0) {
			(void)buffer_append_text(out, " ");
			column++;
		}
		(void)buffer_append(out, text, length);
		column += columns;
		text += length;
		text += strspn(text, " \n");
	}
	(void)buffer_append_text(out, "\n");
}
