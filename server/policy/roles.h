/* The roles that posts give. A role is never given to an account: it follows from an appointment's post and the
 * type of its body, by the table in roles.c. */
#ifndef SAFER_SERVER_POLICY_ROLES_H
#define SAFER_SERVER_POLICY_ROLES_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ROLE_BOARD = 1 << 0,     /* member of the board (strategy group) */
	ROLE_CHAIR = 1 << 1,     /* chairs the board, or stands in for the chair */
	ROLE_SECRETARY = 1 << 2, /* keeps the records of a body */
	ROLE_OFFICER = 1 << 3,   /* officer of the operational group or a sub-group */
	ROLE_AUTHORITY = 1 << 4, /* representative of a responsible or co-operating authority */
	ROLE_ANALYST = 1 << 5,
	ROLE_SCRUTINY = 1 << 6,
	ROLE_AUDITOR = 1 << 7,
	ROLE_ADMINISTRATOR = 1 << 8,
};
#define ROLE_COUNT 9
#define ROLES_PARTNERS                                                                             \
	(ROLE_BOARD | ROLE_CHAIR | ROLE_SECRETARY | ROLE_OFFICER | ROLE_AUTHORITY | ROLE_ANALYST | \
	 ROLE_AUDITOR)
#define ROLES_CONTENT (ROLES_PARTNERS | ROLE_SCRUTINY)
#define ROLES_ALL     (ROLES_CONTENT | ROLE_ADMINISTRATOR)

struct role_row {
	unsigned role;
	const char *name; /* "operational officer" */
	const char *help;
};
extern const struct role_row role_rows[ROLE_COUNT];

/* The roles that a post in a body of a type gives; 0 when the table has no such post. */
unsigned roles_of_post(const char *body_type, const char *post);

/* Whether the table has that post in that type of body, and the roles that it gives (none for an invitee). */
bool roles_have_post(const char *body_type, const char *post, unsigned *roles);

/* "chair, secretary or analyst" */
void roles_describe(unsigned roles, char *out, size_t bytes);

/* The choices that the schema offers for body.type and appointment.post, words parted by spaces. */
extern const char roles_body_types[];
extern const char roles_posts[];

#endif
