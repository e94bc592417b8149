/* The leaf: the bytes of one journal entry, as they are hashed into the tree and given out for proof.
 *
 * A leaf is one MessagePack map in canonical form: shortest headers and integers, exactly these keys in this order.
 *
 *	v           1, the version of this form
 *	number      the entry's number, the leaf's index in the tree, from 0
 *	time        microseconds since 1970-01-01 UTC
 *	what        change, sign-in, refusal, enrolment, invitation, revocation, start
 *	person      id of the person's record, such as "PE3"; "" for the server itself
 *	post        the post that gave the right; "" none
 *	body        id of the body that the post is in; "" none
 *	credential  number of the credential; 0 none
 *	request     binary: the client's request id; empty none
 *	reason      binary of 32 bytes: commitment to the reason; nil when none was given
 *	by          binary of 32 bytes: commitment to the person's name as it was; nil none
 *	note        what happened, for entries that change no record; "" none
 *	changes     list of maps, in the order in which the records were changed:
 *	    kind      the record's kind
 *	    id        its id, such as "A12"
 *	    revision  the revision that the change made
 *	    verb      create, edit, remove or a transition
 *	    fields    map of the name of each field that changed to a binary of 32 bytes: commitment to its new value
 *	    settled   only where a conflict was settled: map of field to a binary of 32 bytes: commitment to what was
 *	              given up, a map of those of mine, theirs and revision that there are, in this order
 *
 * Commitments are those of protocol/commitment.h. A field's is over (kind, id, field) and the packed value, nil for a
 * field that was cleared; those of reason and by are over ("journal", the entry's number in decimal, "reason" or
 * "by") and the packed text. */
#ifndef SAFER_SERVER_JOURNAL_LEAF_H
#define SAFER_SERVER_JOURNAL_LEAF_H

#include "protocol/commitment.h"
#include "server/journal/journal.h"

#define LEAF_VERSION 1
#define LEAF_BYTES   (16 << 20) /* of the longest leaf: 2000 changes of 64 fields fit */

struct leaf_change {
	const char *kind;
	const char *id;
	int64_t revision;
	const char *verb;
	const msgpack_object *fields;  /* map of name to commitment */
	const msgpack_object *settled; /* the same for values given up; NULL: none */
};

struct leaf { /* one leaf, read back; all of it lies in the arena and in the bytes */
	int64_t number;
	int64_t time;
	const char *what;
	const char *person;
	const char *post;
	const char *body;
	int64_t credential;
	struct span request;
	bool has_reason;
	struct digest reason;
	bool has_by;
	struct digest by;
	const char *note;
	struct leaf_change *changes;
	size_t change_count;
};

/* Appends the leaf of an entry whose salts are drawn. Errors stay in out->failed. */
void leaf_put(struct buffer *out, const struct journal_entry *entry, int64_t number,
	      const uint8_t by_salt[SALT_BYTES], const uint8_t reason_salt[SALT_BYTES]);

/* STATUS_INVALID for bytes that are no leaf of this form. The bytes must live as long as the leaf. */
enum status leaf_decode(struct arena *arena, struct span bytes, struct leaf *out, struct error *err);

/* The commitment to a text that belongs to the entry itself: `field` is "reason" or "by". False without memory. */
bool leaf_commit_text(const uint8_t salt[SALT_BYTES], int64_t number, const char *field, const char *text,
		      struct digest *out);

/* The number in the id of a person's record; 0 for "", which is the server itself. */
int64_t leaf_person(const char *id);

#endif
