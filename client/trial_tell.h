/* What a trial found (trial.c), and how it is told. */
#ifndef SAFER_CLIENT_TRIAL_TELL_H
#define SAFER_CLIENT_TRIAL_TELL_H

#include "client/kept.h"

struct fate {
	enum status status; /* STATUS_OK: it would be taken */
	const char *message, *rule, *hint;
	const char *waits;            /* the "@" name of a new record that would not be made; NULL */
	const msgpack_object *answer; /* of the server, for what would be taken */
	const msgpack_object *now;    /* fields as they are; NULL: a new record, or not to be read */
};

struct trial {
	const struct kept *kept;
	struct fate *fates;             /* one an item */
	bool *without;                  /* set aside */
	const msgpack_object **collide; /* what the server said of conflicts, all rounds together */
	size_t collide_count;
	size_t refused;
	const msgpack_object *result; /* of the last round; NULL: nothing was left to be tried */
	size_t untried; /* what is left when no more refusals are looked for: nobody knows what would come of it */
};

/* A row for each field of each item, with its present value and the one that it would have; `verdicts`: and what would
 * come of it. */
enum status trial_print_table(struct client *client, const struct trial *trial, bool verdicts,
			      struct error *err);
enum status trial_tell_people(struct client *client, const struct trial *trial, struct error *err);
/* Of rows of files, which are many and lie before the person already, only what has to be mended. */
void trial_tell_people_rows(struct client *client, const struct trial *trial);
enum status trial_tell_json(struct client *client, const struct trial *trial, struct error *err);

/* What would come of the whole: that of the first refusal, as the exit code repeats it for scripts. */
enum status trial_end(struct client *client, const struct trial *trial, struct error *err);

#endif
