/* The journal of a partnership: the append-only log of everything that changed it, and its Merkle tree.
 *
 * Only the writer appends, in the transaction of the change itself: a change without an entry cannot be committed.
 * The leaf's bytes are stored once and never encoded again; they hold commitments instead of values, so values and
 * salts can be given out or erased apart. leaf.h has the leaf's form. */
#ifndef SAFER_SERVER_JOURNAL_JOURNAL_H
#define SAFER_SERVER_JOURNAL_JOURNAL_H

#include "protocol/checkpoint.h"
#include "protocol/merkle.h"
#include "protocol/schema.h"
#include "server/store/store.h"

struct journal; /* the writer's: knows the right edge of each tree, and holds the signing key */

/* `key` is the Ed25519 private key, borrowed. */
enum status journal_new(EVP_PKEY *key, struct journal **out, struct error *err);
void journal_free(struct journal *journal);

struct journal_field {
	const char *name;
	struct span value; /* packed, canonical */
	uint8_t salt[16];  /* filled by journal_append */
};

struct journal_change {
	const char *kind;
	const char *id;
	int64_t revision;
	const char *verb;
	struct journal_field *fields;
	size_t field_count;
	struct journal_field *settled; /* values given up in a conflict, by field (records/settled.h) */
	size_t settled_count;
};

struct journal_entry {
	int64_t at;         /* microseconds */
	const char *what;   /* change, sign-in, refusal, enrolment, invitation, revocation, start */
	const char *person; /* id of the person's record; "" for the server itself */
	const char *by; /* that person's name as it was, for people to read; NULL or "": none. Committed, not
	                           written into the leaf. The versions of this entry have the same text in `by` ... */
	const char *
		post; /* the post that gave the right, such as "member of Board"; "" none. ... and in `post` */
	const char *body;    /* id of the body the post is in; "" none */
	int64_t credential;  /* number; 0 none */
	struct span request; /* the client's request id; empty none */
	const char *reason;  /* NULL: none. Committed, not written into the leaf */
	const char *note; /* what happened, for entries that change no record: ids and rule names only, never
	                           plan data; "" none */
	struct journal_change *changes;
	size_t change_count;
};

/* Appends one entry: draws the salts, writes leaf and tree nodes. *number is the entry's number (leaf index). Must
 * run inside the writer's transaction. */
enum status journal_append(struct journal *journal, struct store *store, struct arena *arena,
			   int64_t partnership, struct journal_entry *entry, int64_t *number,
			   struct error *err);

/* Signs the head of every partnership that grew since the last call. Once per group of requests, before commit. */
enum status journal_seal(struct journal *journal, struct store *store, struct error *err);

/* Forgets the right edges that are only in memory; after a rollback or revert, they are read again. */
void journal_forget(struct journal *journal);

/* ---- reading: any connection ---- */
enum status journal_head(struct store *store, struct arena *arena, int64_t partnership, const char **note,
			 int64_t *size, struct error *err);
enum status journal_prove_entry(struct store *store, int64_t partnership, int64_t number, int64_t size,
				struct merkle_proof *out, struct error *err);
enum status journal_prove_growth(struct store *store, int64_t partnership, int64_t old_size, int64_t new_size,
				 struct merkle_proof *out, struct error *err);

/* ---- checking ---- */
struct journal_report {
	int64_t partnerships, entries, nodes, versions, values;
	int64_t problems;
	char first_problem[300];
};

/* Re-reads every byte: leaves against the tree, nodes against their children, the signed head against the root,
 * every commitment against its salt and value, each record against its versions, versions against leaves (time,
 * person, verb), numbering without gaps, and no row that no leaf vouches for. Calls complain for each problem found.
 * `verifier` is the journal's public key. `schema` says which conflict group a field is in and which field is the
 * title; with NULL these two are not checked. Begin a transaction first, so that all is read of one moment.
 * STATUS_UNVERIFIED when there was any problem. */
enum status journal_check(struct store *store, EVP_PKEY *verifier, const struct schema *schema,
			  void (*complain)(void *payload, const char *problem), void *payload,
			  struct journal_report *report, struct error *err);

#endif
