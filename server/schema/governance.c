/* Governance: who the partnership is. Organisations, bodies, people, appointments and meetings.
 *
 * The first four are the directory: what an administrator works with, and no plan data. */
#include "server/policy/roles.h"
#include "server/schema/rows.h"

#define SI_2007 "SI 2007/1830 "

static const struct field organisation_fields[] = {
	LINE("name", 120, "everyone", "registrars", "its full name", .required = true, .column = true),
	LINE("short_name", 40, "everyone", "registrars", "what people call it"),
	CHOICE("type",
	       "district-council county-council unitary-council police police-authority "
	       "police-and-crime-commissioner fire health probation government court voluntary business "
	       "other",
	       "everyone", "registrars", "what sort of organisation it is", .required = true, .column = true),
	CHOICE("status", "responsible-authority co-operating-body invited none", "everyone", "registrars",
	       "its standing in the partnership", .group = "status", .required = true, .column = true,
	       .source = "Crime and Disorder Act 1998, s.5"),
	DAY("status_from", "everyone", "registrars", "the day its standing began", .group = "status",
	    .column = true),
	DAY("status_to", "everyone", "registrars", "the last day of its standing", .group = "status"),
	LINE("status_basis", 200, "everyone", "registrars", "the law or agreement that gave it",
	     .group = "status"),
	LINES("notes", 2000, "everyone", "registrars", "anything else"),
	COMMON_ROWS("everyone", "registrars"),
};

static const struct field body_fields[] = {
	LINE("name", 120, "everyone", "registrars", "its full name", .required = true, .column = true),
	LINE("short_name", 40, "everyone", "registrars", "what people call it", .column = true),
	CHOICE("type", roles_body_types, "everyone", "registrars",
	       "what sort of body it is; rights depend on it", .required = true, .column = true),
	REF("organisation", "organisation", "everyone", "registrars", "the organisation that the body is of",
	    .column = true),
	REF("parent", "body", "everyone", "registrars", "the body that it answers to"),
	LINES("purpose", 2000, "everyone", "registrars", "what it is for"),
	LINE("meets", 120, "everyone", "registrars", "the months it meets in"),
	LINES("duties", 4000, "everyone", "registrars", "what it does at its meetings, and in which month"),
	LINE("membership", 400, "everyone", "registrars", "who sits on it"),
	WHOLE("quorum", 1, 100, "everyone", "registrars", "how many members must be there for a decision"),
	DAY("since", "everyone", "registrars", "when it was set up"),
	COMMON_ROWS("everyone", "registrars"),
};

static const struct field person_fields[] = {
	LINE("name", 120, "everyone", "registrars", "how the person is called in minutes", .required = true,
	     .column = true),
	LINE("job", 120, "everyone", "registrars", "rank or office, such as Superintendent", .column = true),
	REF("organisation", "organisation", "everyone", "registrars",
	    "the organisation the person works for or sits on", .column = true),
	LINE("email", 120, "everyone", "registrars", "where to write to"),
	COMMON_ROWS("everyone", "registrars"),
};

static const struct field appointment_fields[] = {
	LINE("title", 300, "everyone", "nobody", "the appointment in words", .column = true),
	REF("person", "person", "everyone", "registrars", "who is appointed", .required = true,
	    .group = "appointment"),
	REF("body", "body", "everyone", "registrars", "to which body", .required = true,
	    .group = "appointment"),
	CHOICE("post", roles_posts, "everyone", "registrars", "in which post", .required = true,
	       .group = "appointment"),
	REF("organisation", "organisation", "everyone", "registrars", "for which organisation",
	    .group = "appointment"),
	DAY("from", "everyone", "registrars", "the first day", .required = true, .group = "appointment",
	    .column = true),
	DAY("to", "everyone", "registrars", "the last day; nothing: until it is ended",
	    .group = "appointment", .column = true),
	LINES("notes", 1000, "everyone", "registrars", "anything else"),
	COMMON_ROWS("everyone", "registrars"),
};
static const struct transition appointment_transitions[] = {
	{"confirm", "proposed", "confirmed", true,
	 "a second person agrees; from now on the post gives its rights"},
	{"decline", "proposed", "ended", false, "it is not to be"},
	{"end", "confirmed", "ended", false, "the post is given up or taken away; its rights end at once"},
};

static const struct field meeting_fields[] = {
	LINE("title", 160, "members", "clerks", "what the meeting is called", .required = true,
	     .column = true),
	REF("body", "body", "members", "clerks", "whose meeting it is", .required = true, .column = true),
	DAY("date", "members", "clerks", "when", .required = true, .column = true),
	LINE("place", 160, "members", "clerks", "where"),
	CHOICE("type", "ordinary annual half-yearly special public", "members", "clerks",
	       "what sort of meeting", .column = true),
	LINES("purpose", 4000, "members", "clerks", "what it is for; its agenda"),
	REFS("present", "person", 200, "members", "clerks", "who was there", .group = "minutes"),
	LINES("minutes", 20000, "members", "clerks", "what was said", .group = "minutes"),
	LINES("publicity", 2000, "members", "clerks", "how it was made known, before and after",
	      .source = SI_2007 "reg.12(4)"),
	COMMON_ROWS("members", "clerks"),
};
static const struct transition meeting_transitions[] = {
	{"hold", "planned", "held", false, "the meeting took place"},
	{"cancel", "planned", "cancelled", false, "the meeting will not take place"},
};

CHAPTER(governance,
	{.name = "organisation",
	 .plural = "organisations",
	 .prefix = "O",
	 .chapter = "governance",
	 .title = "name",
	 .unique_title = true,
	 .directory = true,
	 .help = "a council, force, service or other organisation, and its standing in the partnership",
	 .states = "",
	 KIND_FIELDS(organisation_fields)},
	{.name = "body",
	 .plural = "bodies",
	 .prefix = "B",
	 .chapter = "governance",
	 .title = "name",
	 .unique_title = true,
	 .directory = true,
	 .help = "a board, group, committee or authority that people are appointed to",
	 .states = "",
	 KIND_FIELDS(body_fields)},
	{.name = "person",
	 .plural = "people",
	 .prefix = "PE",
	 .chapter = "governance",
	 .title = "name",
	 .directory = true,
	 .help = "a human being; rights come from appointments, never from this record",
	 .states = "",
	 KIND_FIELDS(person_fields)},
	{.name = "appointment",
	 .plural = "appointments",
	 .prefix = "AP",
	 .chapter = "governance",
	 .title = "title",
	 .directory = true,
	 .help = "a person holds a post in a body, from a day to a day: the only source of rights",
	 .states = "proposed confirmed ended",
	 KIND_FIELDS(appointment_fields),
	 KIND_TRANSITIONS(appointment_transitions)},
	{.name = "meeting",
	 .plural = "meetings",
	 .prefix = "M",
	 .chapter = "governance",
	 .title = "title",
	 .help = "a meeting of a body",
	 .states = "planned held cancelled",
	 KIND_FIELDS(meeting_fields),
	 KIND_TRANSITIONS(meeting_transitions)})
