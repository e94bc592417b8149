/* The store: everything that survives a power cut. Nothing outside this folder writes SQL.
 *
 * A struct store is one connection. Exactly one connection of the whole process writes (the writer's); readers stand
 * beside it and never wait for it. The log is moved as store_tidy() has it. Records and versions are MessagePack
 * bodies with a few indexed columns; what they mean is the schema's business.
 *
 * Every row of plan data begins with the number of its partnership. Spans and strings that come out lie in the
 * arena that was given. */
#ifndef SAFER_SERVER_STORE_STORE_H
#define SAFER_SERVER_STORE_STORE_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/digest.h"
#include "common/ids.h"
#include "common/status.h"

#include <stdint.h>

#define STORE_FILE "safer.db" /* in the data folder */

struct store;

enum store_role {
	STORE_WRITER,
	STORE_READER,
	STORE_MOVER, /* the store's own, beside the writer: see store_tidy() */
};

/* ---- life ---- */

/* Makes a new database at `path` with the newest schema. STATUS_REFUSED when the file exists. */
enum status store_create(const char *path, struct error *err);

/* Opens it. A writer migrates an older one first (after copying it beside itself); a newer or foreign file is
 * refused. Settings: WAL, synchronous=FULL, foreign keys, defensive, no mmap; readers never checkpoint. */
enum status store_open(const char *path, enum store_role role, struct store **out, struct error *err);
void store_close(struct store *store); /* NULL is fine */

/* A consistent copy of a live database, made through the backup API from a reader connection, then checked
 * (integrity_check, foreign_key_check). STATUS_REFUSED when `to` exists. */
enum status store_backup(struct store *reader, const char *to, struct error *err);

/* quick: PRAGMA quick_check; otherwise integrity_check and foreign_key_check. STATUS_UNVERIFIED with what was found. */
enum status store_check(struct store *store, bool quick, struct error *err);
/* Ends a check of this store, now and from now on: it answers STATUS_INTERRUPTED. The only call that any thread may make
 * while another uses the store. */
void store_interrupt(struct store *store);

/* ---- transactions ----
 * The writer: one transaction per group of requests, a savepoint per request. A failing statement may have rolled
 * back everything (SQLITE_FULL, IOERR, NOMEM): store_is_void() tells, and then the whole group is void. */
/* Every change needs a transaction: without one it is refused, and so is everything once the transaction is void. */
enum status store_begin(struct store *store,
			struct error *err); /* IMMEDIATE for a writer, a read snapshot otherwise */
enum status store_savepoint(struct store *store, struct error *err);
enum status store_release(struct store *store, struct error *err);
void store_revert(struct store *store); /* back to the savepoint, and drops it */
void store_rollback(struct store *store);

/* Another number in each snapshot since which anybody else has committed; without a statement. False when the store does
 * not tell. */
bool store_version(struct store *store, int64_t *out);
bool store_is_void(const struct store *store); /* inside begin..commit, but the transaction is gone */

/* The writer's, between transactions, after those who waited were answered. Once the log has become long, has what was
 * committed moved from it into the file: by a thread of the store's own, and what little is left at once. What fails is
 * logged, and tried again later: nothing is lost by it. */
void store_tidy(struct store *store);
void store_tidy_from(struct store *store, int pages); /* of 4 KiB: a log of so many is long; 8000 otherwise */

/* How large it is on the disk, and its log of writes that are not in it yet (the WAL), in bytes; 0 for a file that is
 * not there. And how many journal entries all partnerships have together. */
struct store_size {
	int64_t bytes;
	int64_t log_bytes;
	int64_t entries;
};
enum status store_size(struct store *store, struct store_size *out, struct error *err);

/* Durable when it returns STATUS_OK. After an I/O error at this point nobody can know what is on the disk: the
 * function logs and ends the process (status 75), and the client asks again with its request id. A full disk
 * rolls back and answers STATUS_UNREACHABLE. */
enum status store_commit(struct store *store, struct error *err);

/* ---- facts about the data folder ---- */
enum status store_fact_get(struct store *store, struct arena *arena, const char *name, const char **out,
			   struct error *err); /* *out NULL: none */
enum status store_fact_put(struct store *store, const char *name, const char *value, struct error *err);

/* A number that is another one after each change of what sessions are made of: records of the directory, accounts and
 * credentials. It is drawn, not counted, so that what was written under one that was undone is never taken for what is
 * written under the next. 0 in a store where nothing has changed yet. */
enum status store_directory_mark(struct store *store, uint64_t *out, struct error *err);
enum status store_directory_changed(struct store *store, struct error *err);

/* ---- partnerships ---- */
struct partnership {
	int64_t number;
	const char *name;   /* "South Warwickshire Community Safety Partnership" */
	const char *origin; /* the journal's name in its signed heads */
};
enum status store_partnership_add(struct store *store, const char *name, const char *origin, int64_t *number,
				  struct error *err);
enum status store_partnership_get(struct store *store, struct arena *arena, int64_t number,
				  struct partnership *out, struct error *err);
/* All of them, in order; *out is an array in the arena. */
enum status store_partnership_list(struct store *store, struct arena *arena, struct partnership **out,
				   size_t *count, struct error *err);

/* ---- records and their versions ---- */
struct record_row { /* one revision of one record */
	const char *kind;
	int64_t number;
	int64_t revision; /* from 1 */
	int64_t entry;    /* the journal entry that made this revision */
	int64_t at;       /* its time, microseconds */
	int64_t person;   /* number of the person's record who made it */
	const char
		*by; /* that person's name as it was, for people to read; the same text as the entry's `by` */
	const char *post; /* in which post, as it was; the same text as the entry's `post` */
	const char
		*verb; /* create, edit, remove or a transition; removed is set exactly when it is "remove" */
	int64_t place; /* of a version: which change of its entry it is, from 0 */
	int64_t created_entry, created_at, created_person;
	const char *created_by;
	const char *owner; /* the id in the field `owner`, or "" */
	const char *state; /* the field `state`, or "" */
	const char *title; /* folded title, or "" */
	bool removed;
	struct span body;   /* packed map of field name to value, in the schema's order */
	struct span groups; /* packed map of conflict group to the revision that last changed it */
	struct span
		salts; /* packed map of field name to salt, for the fields that this revision changed, and of
	                       "settled" to what was given up (records/settled.h); kept with versions only: empty
	                       when a present record is read */
};

enum status store_number_next(struct store *store, int64_t partnership, const char *kind, int64_t *out,
			      struct error *err);

/* The present revision. STATUS_NOT_FOUND when there is none. A removed record is found, with removed set. */
enum status store_record_get(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			     int64_t number, struct record_row *out, struct error *err);

/* Writes a new revision as both the present record and a version. The row's revision is the last one plus 1, or it
 * is refused (STATUS_FAILED). created_... is taken from the first revision. */
enum status store_record_put(struct store *store, int64_t partnership, const struct record_row *row,
			     struct error *err);

/* One old revision, or the newest one made by journal entry `entry` or before. STATUS_NOT_FOUND when none. */
enum status store_version_get(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			      int64_t number, int64_t revision, struct record_row *out, struct error *err);
enum status store_version_at(struct store *store, struct arena *arena, int64_t partnership, const char *kind,
			     int64_t number, int64_t entry, struct record_row *out, struct error *err);

/* Walks rows in order of number (records) or revision (versions of one record) or in order of change (versions of
 * one entry). The row and its spans live only during the call. Anything but STATUS_OK from visit ends the walk and
 * is returned; STATUS_INTERRUPTED ends it and counts as good. */
typedef enum status (*record_visitor)(void *payload, const struct record_row *row, struct error *err);
enum status store_record_each(struct store *store, int64_t partnership, const char *kind, int64_t after,
			      record_visitor visit, void *payload,
			      struct error *err); /* removed ones left out */
enum status store_record_each_at(struct store *store, int64_t partnership, const char *kind, int64_t entry,
				 record_visitor visit, void *payload,
				 struct error *err); /* as of that entry; removed left out */
enum status store_version_each(struct store *store, int64_t partnership, const char *kind, int64_t number,
			       record_visitor visit, void *payload, struct error *err);
enum status store_version_each_of_entry(struct store *store, int64_t partnership, int64_t entry,
					record_visitor visit, void *payload, struct error *err);

/* The number of a live record by its folded title; *count says how many have it, *number is the first. */
enum status store_record_find(struct store *store, int64_t partnership, const char *kind, const char *title,
			      int64_t *number, int64_t *count, struct error *err);

/* ---- the journal ---- */
struct leaf_row {
	int64_t number; /* from 0: the leaf's index in the tree */
	int64_t at;
	const char *what; /* change, sign-in, refusal, enrolment, invitation, revocation, start */
	int64_t person;   /* 0: nobody (the server itself) */
	struct span leaf; /* the exact bytes */
	const char *by;   /* who it was, by name, as the leaf commits to it; NULL: nobody, or erased */
	struct span by_salt;
	const char *reason; /* opened; NULL: none, or erased */
	struct span reason_salt;
};
enum status store_leaf_put(struct store *store, int64_t partnership, const struct leaf_row *row,
			   struct error *err);
enum status store_leaf_get(struct store *store, struct arena *arena, int64_t partnership, int64_t number,
			   struct leaf_row *out, struct error *err);
enum status store_leaf_count(struct store *store, int64_t partnership, int64_t *out,
			     struct error *err); /* the next number; no scan */
enum status store_leaf_at(struct store *store, int64_t partnership, int64_t time, int64_t *out,
			  struct error *err); /* number of the newest leaf at or before time; -1 none */
typedef enum status (*leaf_visitor)(void *payload, const struct leaf_row *row, struct error *err);
/* Leaves from `from` upwards, or, with descending, from `from` downwards. Same rules as record_visitor. */
enum status store_leaf_each(struct store *store, int64_t partnership, int64_t from, bool descending,
			    leaf_visitor visit, void *payload, struct error *err);

/* Hashes of complete subtrees, from level 1 up: level 0 are the leaves, which are hashed when they are needed. */
enum status store_node_put(struct store *store, int64_t partnership, uint32_t level, uint64_t index,
			   const struct digest *hash, struct error *err);
enum status store_node_get(struct store *store, int64_t partnership, uint32_t level, uint64_t index,
			   struct digest *out, struct error *err);

/* The newest signed head. */
enum status store_head_put(struct store *store, int64_t partnership, int64_t size, const char *note,
			   struct error *err);
enum status store_head_get(struct store *store, struct arena *arena, int64_t partnership, int64_t *size,
			   const char **note, struct error *err);

/* ---- for the check of the journal: rows, all of them ---- */
/* Every present record of a partnership, removed ones too, in order of kind and number. */
enum status store_record_each_all(struct store *store, int64_t partnership, record_visitor visit,
				  void *payload, struct error *err);
struct store_counts {
	int64_t versions, nodes, heads;
}; /* rows of one partnership */
enum status store_counts(struct store *store, int64_t partnership, struct store_counts *out,
			 struct error *err);
/* How many rows of records, versions, leaves, nodes and heads belong to no partnership. */
enum status store_strays(struct store *store, int64_t *out, struct error *err);

/* ---- answers already given, by the client's request id ---- */
/* STATUS_NOT_FOUND: never seen. `params` is the digest of what was asked, to catch an id used twice. */
enum status store_answer_get(struct store *store, struct arena *arena, int64_t account, struct span request,
			     struct digest *params, struct span *answer, struct error *err);
enum status store_answer_put(struct store *store, int64_t account, struct span request,
			     const struct digest *params, struct span answer, int64_t at, struct error *err);

/* ---- accounts, credentials, invitations ---- */
struct account_row {
	int64_t number; /* of the account; unique in the whole store */
	int64_t partnership;
	int64_t person; /* number of the person's record */
	int64_t created_at;
};
enum status store_account_of_person(struct store *store, int64_t partnership, int64_t person,
				    struct account_row *out, struct error *err);
enum status store_account_get(struct store *store, int64_t number, struct account_row *out,
			      struct error *err);
enum status store_account_add(struct store *store, int64_t partnership, int64_t person, int64_t at,
			      int64_t *number, struct error *err);
enum status store_account_list(struct store *store, struct arena *arena, int64_t partnership,
			       struct account_row **out, size_t *count, struct error *err);

struct credential_row { /* one device's certificate */
	int64_t number;
	int64_t account;
	struct digest fingerprint; /* SHA-256 over the certificate's DER */
	struct digest key;         /* SHA-256 over the public key's SubjectPublicKeyInfo */
	const char *device;
	int64_t issued_at, expires_at;
	int64_t used_at;    /* first use; 0 never */
	int64_t revoked_at; /* 0: not */
	const char *revoked_why;
	int64_t replaces;      /* number of the credential that ends when this one is first used; 0 none */
	int64_t signed_in_day; /* the day_t of the last sign-in entry; INT32_MIN none */
};
enum status store_credential_add(struct store *store, const struct credential_row *row, int64_t *number,
				 struct error *err);
enum status store_credential_get(struct store *store, struct arena *arena, int64_t number,
				 struct credential_row *out, struct error *err);
enum status store_credential_find(struct store *store, struct arena *arena, const struct digest *fingerprint,
				  struct credential_row *out, struct error *err);
enum status store_credential_list(struct store *store, struct arena *arena, int64_t account,
				  struct credential_row **out, size_t *count, struct error *err);
enum status store_credential_revoke(struct store *store, int64_t number, int64_t at, const char *why,
				    struct error *err);
enum status store_credential_used(struct store *store, int64_t number, int64_t used_at, int64_t signed_in_day,
				  struct error *err);

struct invitation_row {
	uint8_t id[5];
	int64_t partnership;
	int64_t person;            /* number of the person's record */
	struct digest secret_hash; /* SHA-256 of the secret */
	int64_t created_at, expires_at;
	int64_t created_by; /* number of the person; 0: the server's console */
	int64_t tries;      /* wrong secrets so far */
	int64_t ended_at;   /* used or withdrawn; 0: open */
	int64_t credential; /* what it was turned into; 0: nothing */
};
enum status store_invitation_add(struct store *store, const struct invitation_row *row, struct error *err);
enum status store_invitation_get(struct store *store, const uint8_t id[5], struct invitation_row *out,
				 struct error *err);
enum status store_invitation_update(struct store *store, const struct invitation_row *row,
				    struct error *err); /* tries, ended_at, credential */
enum status store_invitation_list(struct store *store, struct arena *arena, int64_t partnership,
				  struct invitation_row **out, size_t *count,
				  struct error *err); /* open ones */

#endif
