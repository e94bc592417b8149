/* A small partnership in an installation, made by its administrator over the wire: a board, an operational group, the
 * authorities of the police and of the council, a scrutiny committee, and a person in each post. Members of the
 * directory enrol by their names (person_joins). */
#ifndef SAFER_TESTS_SUPPORT_PARTNERSHIP_H
#define SAFER_TESTS_SUPPORT_PARTNERSHIP_H

#include "tests/support/raw_peer.h"

#define CHAIR    "Clara Chair"    /* PE2, chair of the board B2 */
#define POLICE   "Paul Police"    /* PE3, of the operational group B3 for the police O1 */
#define COUNCIL  "Colin Council"  /* PE4, of the operational group B3 for the council O2 */
#define SCRUTINY "Sue Scrutiny"   /* PE5, of the scrutiny committee B6 */
#define OUTSIDER "Olive Outsider" /* PE6, in the directory without a post */

/* `administrator` has enrolled. Makes P1, a priority, and A1, an action of the police (B4), with POLICE as `officer`,
 * who enrols here. */
void partnership_make(struct person *administrator, struct person *officer);

/* An installation with the administrator Ann, Paul of the police and Colin of the council, as above. */
struct installation *partnership_of_two(struct person **ann, struct person **paul, struct person **colin);

/* A2, an action of the operational group, which the officers of both agencies sit on. */
#define SHARED "A2"
void partnership_share_action(struct person *officer);

/* Change-sets by hand: begin, items, send. Fields are "name=value|name=value", all of them texts, "@" lists of one. */
struct changes {
	struct buffer list;
	size_t count;
	const char *reason; /* NULL: none */
	uint8_t request[16];
};
void changes_begin(struct changes *changes); /* draws a request id */
void changes_create(struct changes *changes, const char *kind, const char *fields);
void changes_do(struct changes *changes, const char *verb, const char *id, int64_t base, const char *fields);
void changes_send(struct changes *changes, struct raw_peer *peer,
		  uint32_t id); /* keeps them: it can be repeated */
void changes_release(struct changes *changes);

/* One create or other item sent alone and answered; fails the test unless all is well. */
const struct raw_reply *change_one(struct raw_peer *peer, uint32_t id, const char *verb,
				   const char *kind_or_id, int64_t base, const char *fields);

#endif
