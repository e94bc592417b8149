/* Messages as mail programs take them: RFC 5322, UTF-8, lines that end with a line feed (the program makes CR LF of it), as
 * `sendmail -t` reads them. Nothing that comes from a record gets into a header. */
#ifndef SAFER_SERVER_MAIL_H
#define SAFER_SERVER_MAIL_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether a text is one plain address, safe in a header and on a command line: desk@example.org. */
bool mail_address_is_plain(const char *text);

struct mail {
	const char *from, *to; /* plain addresses */
	const char *subject;   /* any text: it is encoded where it has to be */
	const char *id;        /* plain; the same message has the same one */
	int64_t at;            /* microseconds, UTC */
};

/* The headers and the empty line after them. */
void mail_put_headers(struct buffer *out, const struct mail *mail);

/* A text as lines of at most 76 columns or so, broken at spaces, each begun with `indent` spaces (at least one, so that no
 * line means anything to a mail program); `first` stands before the first instead. */
void mail_put_text(struct buffer *out, const char *first, size_t indent, const char *text);

#endif
