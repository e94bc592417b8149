/* The table of rights, after who does what in a partnership: the board decides, officers produce plans and actions,
 * each authority answers for its own part, analysts make the assessment, scrutiny reviews what was agreed and edits
 * nothing, administrators keep the directory and see no plan data. */
#include "server/policy/rights.h"

#include "server/policy/roles.h"

#define KEEPERS (ROLE_ADMINISTRATOR | ROLE_CHAIR | ROLE_SECRETARY)
#define CLERKS  (ROLE_CHAIR | ROLE_SECRETARY)
#define DOERS   (ROLE_OFFICER | ROLE_AUTHORITY)
#define TALKERS \
	(ROLES_PARTNERS & ~ROLE_AUDITOR) /* scrutiny and audit have formal ways to ask, and edit nothing */
#define ANY RELATION_ANY
#define OWN RELATION_OWN

const struct right_row right_rows[] = {
	/* rule, kinds, states, roles, relation, verbs */
	{"directory.read", "organisation body person appointment", "", ROLES_ALL, ANY, "see"},
	{"directory.keep", "organisation body person", "", KEEPERS, ANY, "create edit remove"},
	{"directory.own-people", "person", "", ROLE_AUTHORITY, OWN, "create edit"},
	{"appointment.propose", "appointment", "proposed", KEEPERS, ANY, "create edit remove decline"},
	{"appointment.nominate", "appointment", "proposed", ROLE_AUTHORITY, OWN, "create edit remove"},
	{"appointment.confirm", "appointment", "proposed", KEEPERS, ANY, "confirm"},
	{"appointment.end", "appointment", "confirmed", KEEPERS, ANY, "end"},

	{"partners.read",
	 "meeting assessment finding plan priority action milestone note indicator observation grant "
	 "decision comment",
	 "", ROLES_PARTNERS, ANY, "see"},
	{"partners.referred", "referral", "", ROLES_PARTNERS & ~ROLE_AUTHORITY, ANY, "see"},
	{"authority.referred", "referral", "submitted answered withdrawn", ROLE_AUTHORITY, ANY, "see"},
	{"authority.own-referrals", "referral", "", ROLE_AUTHORITY, OWN, "see"},
	{"scrutiny.read", "meeting finding action milestone note indicator observation grant comment", "",
	 ROLE_SCRUTINY, ANY, "see"},
	{"scrutiny.agreed", "assessment", "agreed", ROLE_SCRUTINY, ANY, "see"},
	{"scrutiny.adopted", "plan priority", "adopted superseded closed", ROLE_SCRUTINY, ANY, "see"},
	{"scrutiny.decided", "decision", "made", ROLE_SCRUTINY, ANY, "see"},
	{"scrutiny.referred", "referral", "submitted answered withdrawn", ROLE_SCRUTINY, ANY, "see"},

	{"meeting.keep", "meeting", "planned held", CLERKS, ANY, "create edit hold cancel"},
	{"meeting.keep-own", "meeting", "planned held", ROLE_OFFICER, OWN, "create edit hold cancel"},
	{"meeting.remove", "meeting", "planned", CLERKS, ANY, "remove"},

	{"assessment.write", "assessment", "draft", ROLE_ANALYST, ANY, "create edit remove submit"},
	{"assessment.agree", "assessment", "submitted", CLERKS, ANY, "return agree"},
	{"finding.write", "finding", "", ROLE_ANALYST, ANY, "create edit remove"},

	{"plan.write", "plan", "draft", ROLE_OFFICER, ANY, "create edit remove submit"},
	{"plan.adopt", "plan", "submitted", CLERKS, ANY, "return adopt"},
	{"plan.supersede", "plan", "adopted", CLERKS, ANY, "supersede"},
	{"priority.write", "priority", "draft", ROLE_OFFICER | ROLE_ANALYST, ANY,
	 "create edit remove submit"},
	{"priority.adopt", "priority", "submitted", CLERKS, ANY, "return adopt"},
	{"priority.close", "priority", "adopted", CLERKS, ANY, "close"},

	{"action.do", "action", "open", DOERS, OWN, "create edit remove"},
	{"action.plan", "action", "open", ROLE_OFFICER, ANY, "create"},
	{"action.verify", "action", "open", ROLE_OFFICER | CLERKS, ANY, "close"},
	{"action.reopen", "action", "closed", ROLE_OFFICER | CLERKS, ANY, "reopen"},
	{"milestone.do", "milestone", "", DOERS, OWN, "create edit remove"},
	{"milestone.plan", "milestone", "", ROLE_OFFICER, ANY, "create"},
	{"note.write", "note", "", DOERS, OWN, "create"},

	{"indicator.define", "indicator", "", ROLE_OFFICER | ROLE_ANALYST, ANY, "create edit remove"},
	{"observation.record", "observation", "", ROLE_ANALYST, ANY, "create edit remove"},
	{"observation.own-series", "observation", "", ROLE_AUTHORITY, OWN, "create edit"},

	{"grant.keep", "grant", "", CLERKS, ANY, "create edit remove"},

	{"decision.draft", "decision", "draft", CLERKS, ANY, "create edit remove submit"},
	{"decision.draft-own", "decision", "draft", ROLE_OFFICER, OWN, "create edit remove submit"},
	{"decision.return", "decision", "submitted", CLERKS, ANY, "return"},
	{"decision.make", "decision", "submitted", ROLE_CHAIR, ANY, "make"},

	{"referral.make", "referral", "draft", DOERS, OWN, "create edit remove submit withdraw"},
	{"referral.withdraw", "referral", "submitted", DOERS, OWN, "withdraw"},
	{"referral.answer", "referral", "submitted", CLERKS, ANY, "edit answer"},

	{"comment.write", "comment", "", TALKERS, OWN, "create"},
};
const size_t right_row_count = sizeof(right_rows) / sizeof(right_rows[0]);

const struct marking_row marking_rows[] = {
	{"open", ROLES_ALL, 0, "open: whoever may see the record otherwise"},
	{"restricted", ROLES_PARTNERS | ROLE_ADMINISTRATOR, 0, "restricted: not for scrutiny"},
	{"exempt", ROLE_BOARD | CLERKS, ROLE_OFFICER | ROLE_AUTHORITY | ROLE_ANALYST,
	 "exempt: the board, and the body that owns the record"},
};
const size_t marking_row_count = sizeof(marking_rows) / sizeof(marking_rows[0]);

const struct parent_row parent_rows[] = {
	{"finding", "assessment"},    {"action", "priority"}, {"milestone", "action"}, {"note", "action"},
	{"observation", "indicator"}, {"referral", "about"},  {"comment", "about"},
};
const size_t parent_row_count = sizeof(parent_rows) / sizeof(parent_rows[0]);
