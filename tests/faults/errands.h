/* Errands: what the writers of the tests of crashes ask for, one after the other, and how to tell from the journal
 * afterwards that each was carried out once.
 *
 * A writer has an action of its own. Its errand number k is always the same request under the same id: an edit of the
 * action, or each fourth time a new note about it. A writer goes on to k + 1 only when k was answered, and repeats k as
 * long as it was not. So the journal must hold 0, 1, 2 ... of each writer, in this order, without a gap, without a
 * repetition, up to the last one that was answered, and at most one further. */
#ifndef SAFER_TESTS_FAULTS_ERRANDS_H
#define SAFER_TESTS_FAULTS_ERRANDS_H

#include "protocol/codec.h"
#include "protocol/schema.h"
#include "server/store/store.h"

#include <openssl/evp.h>

#define ERRAND_WRITERS 8

struct errand_writer {
	int64_t action;    /* the number of its action */
	int64_t revision;  /* of the action before the first errand */
	uint64_t answered; /* errands */
	int64_t entry;     /* of the last one that was answered */
};

struct errands {
	struct errand_writer writers[ERRAND_WRITERS];
};

/* The params of a writer's errand k. */
void errand_put(struct buffer *out, const struct errands *errands, size_t writer, uint64_t k);

/* Takes in the answer to errand `answered` of a writer. False when it says anything but what it must; `why` then. */
bool errand_answered(struct errands *errands, size_t writer, const msgpack_object *result, char why[200]);

struct errand_report {
	int64_t present;  /* errands in the journal */
	int64_t lost;     /* answered, and not there */
	int64_t doubled;  /* there twice */
	int64_t strange;  /* out of order, never asked for, at another entry or revision than was answered */
	int64_t problems; /* that journal_check found */
	char first[300];  /* of whatever is wrong; "" nothing */
};

/* Looks at the whole journal and the records of partnership 1, in a transaction of its own; with a key
 * journal_check as well. Anything but STATUS_OK: it could not be read. What is wrong is in the report. */
enum status errands_check(const struct errands *errands, struct store *store, EVP_PKEY *verifier,
			  const struct schema *schema, struct errand_report *report, struct error *err);

/* Looks only where the last answer of each writer said that its errand is. What was answered before it stands before it:
 * the journal cannot lose that without losing this. */
enum status errands_check_last(const struct errands *errands, struct store *store,
			       struct errand_report *report, struct error *err);

/* Whether all is well. */
bool errands_good(const struct errand_report *report);

#endif
