/* The daily digest of a person as a message: what needs them, and what others changed in what is theirs. It is made under
 * their rights at that moment, by the code that answers `inbox`. */
#ifndef SAFER_SERVER_REPORT_DIGEST_H
#define SAFER_SERVER_REPORT_DIGEST_H

#include "server/request.h"

struct digest_order {
	int64_t partnership;
	int64_t account;
	int64_t person; /* number of the record */
	int64_t since;  /* changes of entries after this one are told of */
};

/* Puts the whole message and gives the address it is to; an empty buffer when there is nothing to send: nothing needs the
 * person and nothing changed, or they hold no post, have no device that is good, or no address. */
enum status digest_write(struct context *context, struct arena *arena, const struct digest_order *order,
			 struct buffer *out, const char **to, struct error *err);

#endif
