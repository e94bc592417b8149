/* Ids: those of records, short and for people, a kind's prefix and a number, such as A12 or SA3; and those of requests. */
#ifndef SAFER_COMMON_IDS_H
#define SAFER_COMMON_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_PREFIX_MAX 3  /* letters */
#define ID_TEXT       24 /* bytes of the longest id with its NUL */

struct id {
	char prefix[ID_PREFIX_MAX + 1]; /* upper case letters */
	int64_t number;                 /* from 1 */
};

/* Takes 1 to 3 letters of any case and a number without leading zeros, and nothing else. */
bool id_parse(const char *text, size_t length, struct id *out);
void id_format(const char *prefix, int64_t number, char out[ID_TEXT]);

#define REQUEST_ID 16 /* bytes of a request's id */

/* An id for a request that nobody else will ever give: the time and 74 random bits, as RFC 9562 section 5.7 has it (UUID
 * version 7), so that new ids come after old ones. False when the machine has no random bytes to give. */
bool request_id_new(uint8_t out[REQUEST_ID]);

#endif
