/* Which role follows from which post in which type of body. This table is the only way to a role. */
#include "server/policy/roles.h"

#include <string.h>

const struct role_row role_rows[ROLE_COUNT] = {
	{ROLE_BOARD, "board member", "sets priorities, reviews performance, answers referrals"},
	{ROLE_CHAIR, "chair", "acts for the board: confirms appointments, adopts, decides"},
	{ROLE_SECRETARY, "secretary", "keeps the board's meetings, papers and decisions"},
	{ROLE_OFFICER, "operational officer", "writes the plan and carries out actions"},
	{ROLE_AUTHORITY, "authority representative", "acts for a responsible or co-operating authority"},
	{ROLE_ANALYST, "analyst", "makes the strategic assessment and keeps the figures"},
	{ROLE_SCRUTINY, "scrutiny member", "reviews decisions and actions; edits nothing"},
	{ROLE_AUDITOR, "auditor", "reads everything; edits nothing"},
	{ROLE_ADMINISTRATOR, "administrator", "manages accounts and the directory; sees no plan data"},
};

const char roles_body_types[] = "board operational-group sub-group scrutiny-committee authority cabinet "
				"analysis-unit audit administration";
const char roles_posts[] = "chair vice-chair member secretary lead-officer representative analyst auditor "
			   "substitute invitee administrator";

static const struct {
	const char *type; /* of the body */
	const char *post;
	unsigned roles;
} post_rows[] = {
	{"board", "chair", ROLE_CHAIR | ROLE_BOARD},
	{"board", "vice-chair", ROLE_CHAIR | ROLE_BOARD},
	{"board", "member", ROLE_BOARD},
	{"board", "substitute", ROLE_BOARD},
	{"board", "secretary", ROLE_SECRETARY},
	{"board", "invitee", 0},
	{"operational-group", "chair", ROLE_OFFICER},
	{"operational-group", "member", ROLE_OFFICER},
	{"operational-group", "lead-officer", ROLE_OFFICER},
	{"operational-group", "secretary", ROLE_OFFICER},
	{"operational-group", "substitute", ROLE_OFFICER},
	{"operational-group", "analyst", ROLE_ANALYST},
	{"operational-group", "invitee", 0},
	{"sub-group", "chair", ROLE_OFFICER},
	{"sub-group", "member", ROLE_OFFICER},
	{"sub-group", "lead-officer", ROLE_OFFICER},
	{"sub-group", "substitute", ROLE_OFFICER},
	{"sub-group", "invitee", 0},
	{"scrutiny-committee", "chair", ROLE_SCRUTINY},
	{"scrutiny-committee", "vice-chair", ROLE_SCRUTINY},
	{"scrutiny-committee", "member", ROLE_SCRUTINY},
	{"scrutiny-committee", "substitute", ROLE_SCRUTINY},
	{"scrutiny-committee", "secretary", ROLE_SCRUTINY},
	{"authority", "representative", ROLE_AUTHORITY},
	{"authority", "lead-officer", ROLE_AUTHORITY},
	{"authority", "substitute", ROLE_AUTHORITY},
	{"cabinet", "chair", 0},
	{"cabinet", "member", 0},
	{"analysis-unit", "analyst", ROLE_ANALYST},
	{"analysis-unit", "lead-officer", ROLE_ANALYST},
	{"audit", "auditor", ROLE_AUDITOR},
	{"administration", "administrator", ROLE_ADMINISTRATOR},
};

bool roles_have_post(const char *body_type, const char *post, unsigned *roles)
{
	for (size_t i = 0; i < sizeof(post_rows) / sizeof(post_rows[0]); i++) {
		if (strcmp(post_rows[i].type, body_type) == 0 && strcmp(post_rows[i].post, post) == 0) {
			*roles = post_rows[i].roles;
			return true;
		}
	}
	return false;
}

unsigned roles_of_post(const char *body_type, const char *post)
{
	unsigned roles = 0;

	return roles_have_post(body_type, post, &roles) ? roles : 0;
}

void roles_describe(unsigned roles, char *out, size_t bytes)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const char *name = role_rows[i].name;
		size_t length = strlen(name);
		const char *join = "";

		if ((roles & role_rows[i].role) == 0) {
			continue;
		}
		roles &= ~role_rows[i].role;
		if (used > 0) {
			join = roles == 0 ? " or " : ", ";
		}
		if (used + strlen(join) + length + 1 > bytes) {
			return;
		}
		memcpy(out + used, join, strlen(join));
		used += strlen(join);
		memcpy(out + used, name, length + 1);
		used += length;
	}
}
