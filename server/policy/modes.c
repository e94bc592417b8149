/* The table of modes. */
#include "server/policy/modes.h"

#include "server/policy/roles.h"

#include <string.h>

const struct mode_row mode_rows[] = {
	{"everyone", ROLES_ALL, 0, "everybody with a post here, administrators too"},
	{"members", ROLES_CONTENT, 0,
	 "everybody with a post in the partnership or its scrutiny, but no administrator"},
	{"partners", ROLES_PARTNERS, 0, "the partnership's own members, without scrutiny"},
	{"registrars", ROLE_ADMINISTRATOR | ROLE_CHAIR | ROLE_SECRETARY, ROLE_AUTHORITY,
	 "administrators, the chair and the secretary; an authority for its own people"},
	{"analysts", ROLE_ANALYST, ROLE_AUTHORITY, "analysts; an authority for its own series"},
	{"planners", ROLE_OFFICER | ROLE_ANALYST, 0, "officers of the operational group, and analysts"},
	{"doers", 0, ROLE_OFFICER | ROLE_AUTHORITY,
	 "officers and representatives of the body that owns the record"},
	{"clerks", ROLE_CHAIR | ROLE_SECRETARY, ROLE_OFFICER,
	 "the chair and the secretary; officers for their own group's meetings and drafts"},
	{"deciders", ROLE_CHAIR | ROLE_SECRETARY, 0, "the chair and the secretary of the board"},
	{"nobody", 0, 0, "nobody: the server sets it"},
};
const size_t mode_row_count = sizeof(mode_rows) / sizeof(mode_rows[0]);

const struct mode_row *mode_find(const char *name)
{
	for (size_t i = 0; i < mode_row_count; i++) {
		if (strcmp(mode_rows[i].name, name) == 0) {
			return &mode_rows[i];
		}
	}
	return NULL;
}
