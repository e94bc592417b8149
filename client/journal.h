/* Entries of the journal, read. */
#ifndef SAFER_CLIENT_JOURNAL_H
#define SAFER_CLIENT_JOURNAL_H

#include "client/client.h"

/* One entry, by the number that was typed: the answer of journal.show. Asks for the schema. */
enum status journal_read(struct client *client, const char *number, const msgpack_object **result,
			 struct error *err);

#endif
